package tokenizer

// The pairs of a long word in the order of their merges.

import "slices"

// pairQueue gives pairs by rank, those of a rank by place. Merges of a rank go from left to right and make pairs of higher ranks, from left to
// right too: so most pairs only join a list of their rank, and a word takes a time in proportion to its length. Pairs that come out of that order
// cost the logarithm of their number.
type pairQueue struct {
	rank   int32           // under way
	places []int32         // those that are left of it
	slot   int32           // the list that places is of
	late   heap            // rank<<32 + place of pairs that belong before the end of places
	ranks  heap            // rank<<32 + list of the lists that are to come
	lists  [][]int32       // of places
	slots  map[int32]int32 // the lists of ranks to come
	spare  []int32         // lists that are free

	lastRank, lastSlot int32 // the list that a pair was put into last; -1: none
}

func (q *pairQueue) reset() {
	q.rank, q.slot, q.lastRank = -1, -1, -1
	if q.slots == nil {
		q.slots = map[int32]int32{}
	}
}

func (q *pairQueue) push(rank, at int32) {
	if rank <= q.rank {
		q.late.push(uint64(rank)<<32 | uint64(at))
		return
	}
	if rank != q.lastRank {
		slot, ok := q.slots[rank]
		if !ok {
			slot = q.newList()
			q.slots[rank] = slot
			q.ranks.push(uint64(rank)<<32 | uint64(slot))
		}
		q.lastRank, q.lastSlot = rank, slot
	}
	q.lists[q.lastSlot] = append(q.lists[q.lastSlot], at)
}

func (q *pairQueue) newList() int32 {
	if n := len(q.spare); n > 0 {
		slot := q.spare[n-1]
		q.spare = q.spare[:n-1]
		return slot
	}
	q.lists = append(q.lists, nil)
	return int32(len(q.lists) - 1)
}

// pop gives the next pair; none are left if it is not ok. Then the queue is as new.
func (q *pairQueue) pop() (rank, at int32, ok bool) {
	for {
		switch {
		case len(q.late) > 0 && (len(q.places) == 0 || q.late[0] < uint64(q.rank)<<32|uint64(q.places[0])):
			k := q.late.pop()
			return int32(k >> 32), int32(uint32(k)), true
		case len(q.places) > 0:
			at, q.places = q.places[0], q.places[1:]
			return q.rank, at, true
		}
		if q.slot >= 0 {
			q.spare, q.slot = append(q.spare, q.slot), -1
		}
		if len(q.ranks) == 0 {
			return 0, 0, false
		}
		k := q.ranks.pop()
		q.rank, q.slot = int32(k>>32), int32(uint32(k))
		delete(q.slots, q.rank)
		q.lastRank = -1
		q.places = q.lists[q.slot]
		q.lists[q.slot] = q.places[:0]
		if !slices.IsSorted(q.places) {
			slices.Sort(q.places)
		}
	}
}

// heap is a heap of four children each, the least on top.
type heap []uint64

func (h *heap) push(v uint64) {
	q := append(*h, v)
	i := len(q) - 1
	for i > 0 {
		up := (i - 1) / 4
		if q[up] <= v {
			break
		}
		q[i] = q[up]
		i = up
	}
	q[i] = v
	*h = q
}

func (h *heap) pop() uint64 {
	q := *h
	top, v := q[0], q[len(q)-1]
	q = q[:len(q)-1]
	*h = q
	for i := 0; len(q) > 0; {
		least, at := v, -1
		for k := 4*i + 1; k < min(4*i+5, len(q)); k++ {
			if q[k] < least {
				least, at = q[k], k
			}
		}
		if q[i] = least; at < 0 {
			break
		}
		i = at
	}
	return top
}
