package tokenizer

// One word at a time: symbols, merges, and the words seen before.

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"unicode/utf8"
)

// bpeWorker is what tokenizing words with a bpe needs. It serves one goroutine at a time.
type bpeWorker struct {
	*bpe
	cache   []cachedWord
	symbols []bpeNode
	queue   pairQueue
	name    []byte
}

// bpeNode is a symbol of a word, in a list of those that are left.
type bpeNode struct {
	id, size   int32 // size 0: joined to the one on its left
	prev, next int32 // -1: none
	rank       int32 // of the pair that it makes with the next
}

// cachedWord is a word and its tokens, in a cache line.
type cachedWord struct {
	word  [3]uint64 // filled up with zeros
	ids   [maxCached]int32
	ends  [maxCached]uint8
	size  uint8 // of the word; 0: none
	count uint8 // of tokens
}

const (
	// A worker remembers up to 16,384 words, of up to 24 bytes and 7 tokens: 1 MiB.
	cacheBits = 14
	maxCached = 7

	// maxScan is the longest word, in symbols, whose merges are found by looking at all pairs each time; above, a queue is faster.
	maxScan = 48

	// maxKept bounds the symbols that a worker keeps room for: 1 MiB with their queue.
	maxKept = 1 << 15
)

func (w *bpeWorker) tokenize(word []byte, dst []token) []token {
	if len(word) == 0 {
		return dst
	}
	if len(word) > 24 {
		return w.split(word, dst)
	}
	var buf [24]byte
	copy(buf[:], word)
	key := [3]uint64{binary.LittleEndian.Uint64(buf[:]), binary.LittleEndian.Uint64(buf[8:]), binary.LittleEndian.Uint64(buf[16:])}
	hash := (key[0] ^ bits.RotateLeft64(key[1]*0x9e3779b97f4a7c15, 31) ^ bits.RotateLeft64(key[2]*0xc2b2ae3d27d4eb4f, 17)) * 0x9e3779b97f4a7c15
	c := &w.cache[hash>>(64-cacheBits)]
	if c.word == key && int(c.size) == len(word) {
		lo := int32(0)
		for i := range c.count {
			hi := int32(c.ends[i])
			dst = append(dst, token{c.ids[i], lo, hi})
			lo = hi
		}
		return dst
	}
	start := len(dst)
	dst = w.split(word, dst)
	if found := dst[start:]; len(found) <= maxCached {
		c.word, c.size, c.count = key, uint8(len(word)), uint8(len(found))
		for i, k := range found {
			c.ids[i], c.ends[i] = k.id, uint8(k.hi)
		}
	}
	return dst
}

// split tokenizes a word that is not remembered.
func (w *bpeWorker) split(word []byte, dst []token) []token {
	if w.ignoreMerges {
		if id, ok := w.words[string(word)]; ok {
			return append(dst, token{id, 0, int32(len(word))})
		}
	}
	w.start(word)
	if len(w.symbols) <= maxScan {
		w.scan()
	} else {
		w.join()
	}
	at := int32(0)
	for _, s := range w.symbols {
		if s.size > 0 {
			dst = append(dst, token{s.id, at, at + s.size})
			at += s.size
		}
	}
	return dst
}

// start makes the symbols of a word. A token's place follows from the sizes of those before it, as in the library: a symbol that is left out
// moves those behind it.
func (w *bpeWorker) start(word []byte) {
	w.symbols = w.symbols[:0]
	unknown := int32(0) // the size of an unknown token that is yet to be added
	for at := 0; at < len(word); {
		size := 1
		if !w.raw && word[at] >= utf8.RuneSelf {
			_, size = utf8.DecodeRune(word[at:])
		}
		place := 0
		if at == 0 {
			place = firstPlace
		}
		if at+size == len(word) {
			place |= lastPlace
		}
		id := w.find(word[at:at+size], place)
		switch {
		case id >= 0:
			if unknown > 0 {
				w.add(w.unk, unknown)
				unknown = 0
			}
			w.add(id, int32(size))
		case w.fallback != nil && w.hasBytes(word[at:at+size]): // before an unknown token that is yet to be added, as in the library
			for _, c := range word[at : at+size] {
				w.add(w.fallback[c], 1)
			}
		case w.unk >= 0:
			if unknown > 0 && !w.fuseUnk {
				w.add(w.unk, unknown)
				unknown = 0
			}
			unknown += int32(size)
		}
		at += size
	}
	if unknown > 0 {
		w.add(w.unk, unknown)
	}
}

func (w *bpeWorker) add(id, size int32) {
	w.symbols = append(w.symbols, bpeNode{id: id, size: size})
}

// find gives the id of a symbol, -1 if it is not in the vocabulary.
func (w *bpeWorker) find(text []byte, place int) int32 {
	if len(text) == 1 && (w.raw || text[0] < utf8.RuneSelf) {
		return w.letters[place][text[0]]
	}
	if w.prefix != "" || w.suffix != "" {
		w.name = w.symbol(w.name[:0], text, place)
		text = w.name
	}
	if id, ok := w.words[string(text)]; ok {
		return id
	}
	return -1
}

func (w *bpeWorker) hasBytes(text []byte) bool {
	return !slices.ContainsFunc(text, func(c byte) bool { return w.fallback[c] < 0 })
}

// scan merges by looking at all pairs each time.
func (w *bpeWorker) scan() {
	s := w.symbols
	for i := 0; i+1 < len(s); i++ {
		s[i].rank = w.pairs.rank(s[i].id, s[i+1].id)
	}
	for len(s) > 1 {
		best, at := int32(noRank), 0
		for i := range s[:len(s)-1] {
			if s[i].rank < best {
				best, at = s[i].rank, i
			}
		}
		if best == noRank {
			break
		}
		s[at].id = w.joined[best]
		s[at].size += s[at+1].size
		s = slices.Delete(s, at+1, at+2)
		if at+1 < len(s) {
			s[at].rank = w.pairs.rank(s[at].id, s[at+1].id)
		}
		if at > 0 {
			s[at-1].rank = w.pairs.rank(s[at-1].id, s[at].id)
		}
	}
	w.symbols = s
}

// join merges by a queue of pairs.
func (w *bpeWorker) join() {
	s, q := w.symbols, &w.queue
	q.reset()
	for i := range s {
		s[i].prev, s[i].next = int32(i)-1, int32(i)+1
	}
	s[len(s)-1].next = -1
	for i := range s {
		w.pair(int32(i))
	}
	for {
		rank, at, ok := q.pop()
		if !ok {
			return
		}
		l := &s[at]
		if l.size == 0 || l.rank == noRank || w.joined[l.rank] != w.joined[rank] { // the pair is no more
			continue
		}
		r := &s[l.next]
		l.id, l.size, l.next = w.joined[rank], l.size+r.size, r.next
		r.size = 0
		if l.next >= 0 {
			s[l.next].prev = at
		}
		if l.prev >= 0 {
			w.pair(l.prev)
		}
		w.pair(at)
	}
}

// pair puts the pair that a symbol makes with the next into the queue.
func (w *bpeWorker) pair(at int32) {
	s := &w.symbols[at]
	s.rank = noRank
	if s.next < 0 {
		return
	}
	if s.rank = w.pairs.rank(s.id, w.symbols[s.next].id); s.rank != noRank {
		w.queue.push(s.rank, at)
	}
}
