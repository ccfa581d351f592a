package exec

import (
	"math/bits"
	"slices"

	"github.com/rapt-go/rapt/cuda/ptx"
)

// This file is the flow graph of a function: where diverged lanes meet again, which registers are
// surely written before they are read, and how many are alive at once.

// A graph has the basic blocks of a function and one virtual exit, its last node.
type graph struct {
	fn    *function
	start []int // first instruction of each block, and the length of the code
	succ  [][]int
	pred  [][]int
	exit  int
}

func buildGraph(fn *function) *graph {
	g := &graph{fn: fn}
	code := fn.code
	g.exitEarly()
	leader := make([]bool, len(code)+1)
	leader[0] = true
	for i := range code {
		in := &code[i]
		switch in.kind {
		case kBranch:
			leader[in.target], leader[i+1] = true, true
		case kBrx:
			for _, t := range in.targets {
				leader[t] = true
			}
			leader[i+1] = true
		case kExit, kRet:
			leader[i+1] = true
		case kBlock:
			leader[i+1] = leader[i+1] || in.src.Op == ptx.OpTrap
		}
	}
	blockOf := make([]int, len(code)+1)
	for i := range code {
		if leader[i] {
			g.start = append(g.start, i)
		}
		blockOf[i] = len(g.start) - 1
	}
	n := len(g.start)
	g.exit = n
	g.start = append(g.start, len(code))
	g.succ, g.pred = make([][]int, n+1), make([][]int, n+1)
	for b := range n {
		last := &code[g.start[b+1]-1]
		for _, s := range successors(last, g.start[b+1]) {
			g.succ[b] = append(g.succ[b], blockOf[s])
		}
	}
	for b, list := range g.succ {
		slices.Sort(list)
		g.succ[b] = slices.Compact(list)
		for _, s := range g.succ[b] {
			g.pred[s] = append(g.pred[s], b)
		}
	}
	return g
}

// successors are the instructions that can follow; next is the one behind. Lanes that exit or return
// are gone and follow nothing.
func successors(in *inst, next int) []int {
	var list []int
	switch in.kind {
	case kBranch:
		list = append(list, int(in.target))
	case kBrx:
		for _, t := range in.targets {
			list = append(list, int(t))
		}
	case kExit, kRet:
	default:
		if in.src.Op != ptx.OpTrap {
			return []int{next}
		}
	}
	if in.guard >= 0 {
		list = append(list, next)
	}
	return list
}

// exitEarly turns branches to a lone ret or exit into that, as ptxas does: lanes that are done do not
// wait for the others at the end, where barriers would miss them.
func (g *graph) exitEarly() {
	code := g.fn.code
	for i := range code {
		in := &code[i]
		if in.kind != kBranch {
			continue
		}
		if t := &code[in.target]; (t.kind == kExit || t.kind == kRet) && t.guard < 0 {
			in.kind = t.kind
		}
	}
}

// reconverge sets the rpc of all branches to the start of the branch's immediate post-dominator.
//
// Paths that only lead to another exit than the last one of the text (a trap, an early return with
// work before it) do not count: the lanes that go there end there, and the others meet without them.
func (g *graph) reconverge() {
	succ := g.pruned()
	ipdom := g.postDominators(succ)
	for b := range g.exit {
		in := &g.fn.code[g.start[b+1]-1]
		if in.kind != kBranch && in.kind != kBrx {
			continue
		}
		if r := ipdom[b]; r >= 0 && r != g.exit {
			in.rpc = int32(g.start[r])
		}
	}
}

// pruned is the successors without edges into dead ends, and with the virtual exit.
func (g *graph) pruned() [][]int {
	n := g.exit
	succ := make([][]int, n+1)
	main := -1
	for b := range n {
		in := &g.fn.code[g.start[b+1]-1]
		trap := in.src != nil && in.src.Op == ptx.OpTrap
		implicit := in.src == nil && len(g.pred[b]) == 0
		if len(g.succ[b]) == 0 && !trap && !implicit {
			main = b
		}
	}
	alive := make([]bool, n+1)
	if main >= 0 {
		g.reach(alive, g.pred, main)
	}
	for b := range n {
		all := g.succ[b]
		var kept []int
		for _, s := range all {
			if !alive[b] || alive[s] {
				kept = append(kept, s)
			}
		}
		succ[b] = kept
		if len(kept) == 0 {
			succ[b] = []int{n}
		}
	}
	// Endless loops get an edge to the exit, so that every node has a post-dominator.
	for {
		ends := make([]bool, n+1)
		pred := invert(succ)
		g.reach(ends, pred, n)
		stuck := slices.Index(ends[:n], false)
		if stuck < 0 {
			return succ
		}
		// The last block of the loop in the order of the text is where a compiler puts its latch.
		for b := n - 1; b >= 0; b-- {
			if !ends[b] {
				succ[b] = append(succ[b], n)
				break
			}
		}
	}
}

func invert(succ [][]int) [][]int {
	pred := make([][]int, len(succ))
	for b, list := range succ {
		for _, s := range list {
			pred[s] = append(pred[s], b)
		}
	}
	return pred
}

// reach marks what can be reached from a node over edges.
func (g *graph) reach(seen []bool, edges [][]int, from int) {
	seen[from] = true
	todo := []int{from}
	for len(todo) > 0 {
		b := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for _, s := range edges[b] {
			if !seen[s] {
				seen[s] = true
				todo = append(todo, s)
			}
		}
	}
}

// postDominators is the immediate post-dominator of each node, −1 for the exit (Cooper, Harvey and
// Kennedy, A Simple, Fast Dominance Algorithm, 2001, on the inverted graph).
func (g *graph) postDominators(succ [][]int) []int {
	n := len(succ)
	pred := invert(succ)
	order := make([]int, 0, n) // postorder from the exit
	number := make([]int, n)
	type visit struct{ node, next int }
	seen := make([]bool, n)
	stack := []visit{{n - 1, 0}}
	seen[n-1] = true
	for len(stack) > 0 {
		v := &stack[len(stack)-1]
		if v.next < len(pred[v.node]) {
			p := pred[v.node][v.next]
			v.next++
			if !seen[p] {
				seen[p] = true
				stack = append(stack, visit{p, 0})
			}
			continue
		}
		number[v.node] = len(order)
		order = append(order, v.node)
		stack = stack[:len(stack)-1]
	}
	idom := make([]int, n)
	for i := range idom {
		idom[i] = -1
	}
	idom[n-1] = n - 1
	for changed := true; changed; {
		changed = false
		for _, b := range slices.Backward(order[:len(order)-1]) {
			best := -1
			for _, s := range succ[b] {
				if idom[s] < 0 {
					continue
				}
				if best < 0 {
					best = s
					continue
				}
				x, y := s, best
				for x != y {
					for number[x] < number[y] {
						x = idom[x]
					}
					for number[y] < number[x] {
						y = idom[y]
					}
				}
				best = x
			}
			if best != idom[b] {
				idom[b], changed = best, true
			}
		}
	}
	idom[n-1] = -1
	return idom
}

// A bitset is a set of registers by their place in frame.def.
type bitset []uint64

func newBitset(n int) bitset       { return make(bitset, (n+63)/64) }
func (s bitset) has(i int32) bool  { return s[i>>6]>>(i&63)&1 != 0 }
func (s bitset) add(i int32)       { s[i>>6] |= 1 << (i & 63) }
func (s bitset) remove(i int32)    { s[i>>6] &^= 1 << (i & 63) }
func (s bitset) copyFrom(t bitset) { copy(s, t) }
func (s bitset) fill() {
	for i := range s {
		s[i] = ^uint64(0)
	}
}
func (s bitset) equal(t bitset) bool { return slices.Equal(s, t) }
func (s bitset) union(t bitset) {
	for i, x := range t {
		s[i] |= x
	}
}
func (s bitset) intersect(t bitset) {
	for i, x := range t {
		s[i] &= x
	}
}

// definitions finds the instructions that may read a register before it was written, by the sets of
// registers that are written on all ways to each block. Only those check at run time, only for what
// they may read unwritten, and only such registers are followed. It replaces what instructions say
// that they read and write, which function.flow keeps.
func (g *graph) definitions() {
	written := g.written()
	fn := g.fn
	fn.followed = newBitset(fn.nDef)
	reduced := make([]flow, len(fn.code))
	known := newBitset(fn.nDef)
	for b := range g.exit {
		g.enter(b, written, known)
		for i := g.start[b]; i < g.start[b+1]; i++ {
			x := &fn.code[i]
			reduced[i] = x.unsure(known)
			for _, list := range [][]int32{reduced[i].uses, reduced[i].copies} {
				for _, u := range list {
					fn.followed.add(u)
				}
			}
			x.define(known)
			fn.flow[i] = x.registers()
		}
	}
	for i := range fn.code {
		f := &reduced[i]
		if f.defs = filter(fn.flow[i].defs, fn.followed.has); len(f.uses)+len(f.copies)+len(f.defs) == 0 {
			fn.code[i].flow = nil
			continue
		}
		kept := *f
		fn.code[i].flow = &kept
	}
}

// written is the registers that are surely written at the end of each block.
func (g *graph) written() []bitset {
	out := make([]bitset, g.exit)
	for b := range out {
		out[b] = newBitset(g.fn.nDef)
		out[b].fill()
	}
	in := newBitset(g.fn.nDef)
	for changed := true; changed; {
		changed = false
		for b := range out {
			g.enter(b, out, in)
			for i := g.start[b]; i < g.start[b+1]; i++ {
				g.fn.code[i].define(in)
			}
			if !in.equal(out[b]) {
				out[b].copyFrom(in)
				changed = true
			}
		}
	}
	return out
}

// enter makes in the registers that are surely written at the start of a block, all where nothing leads to it.
func (g *graph) enter(b int, out []bitset, in bitset) {
	in.fill()
	if b == 0 {
		clear(in)
		for _, id := range g.fn.formals {
			in.add(id)
		}
	}
	for _, p := range g.pred[b] {
		in.intersect(out[p])
	}
}

// registers is the flow without constants.
func (f *flow) registers() flow {
	register := func(u int32) bool { return u >= 0 }
	return flow{filter(f.uses, register), filter(f.copies, register), filter(f.defs, register)}
}

// unsure is what the instruction reads that is not surely written.
func (in *inst) unsure(written bitset) flow {
	open := func(u int32) bool { return u >= 0 && !written.has(u) }
	f := flow{uses: filter(in.uses, open), copies: filter(in.copies, open)}
	if len(f.copies) > 0 && (len(in.controls) > 0 || in.spread == spreadLanes || in.spread == spreadStore) {
		f.copies = filter(in.copies, func(u int32) bool { return u >= 0 }) // it asks for each of them
	}
	return f
}

// filter is the registers of a list that f holds for: the list itself where it holds for all.
func filter(list []int32, f func(int32) bool) []int32 {
	n := 0
	for _, u := range list {
		if f(u) {
			n++
		}
	}
	switch n {
	case 0:
		return nil
	case len(list):
		return list
	}
	kept := make([]int32, 0, n)
	for _, u := range list {
		if f(u) {
			kept = append(kept, u)
		}
	}
	return kept
}

// define adds what the instruction surely writes.
func (in *inst) define(s bitset) {
	for _, c := range in.copies {
		if c >= 0 && !s.has(c) {
			for _, d := range in.defs {
				s.remove(d)
			}
			return
		}
	}
	if in.guard >= 0 {
		return
	}
	for _, d := range in.defs {
		s.add(d)
	}
}

// pressure is the most 32-bit registers that are alive at one place, by backward liveness. Guarded
// writes keep the old value alive.
func (g *graph) pressure() int {
	weight := make([]int, g.fn.nDef)
	for _, s := range g.fn.slots {
		if s.class != cPred && s.def >= 0 {
			weight[s.def] = 1 + int(s.class)
		}
	}
	n := g.exit
	liveIn := make([]bitset, n+1)
	for b := range liveIn {
		liveIn[b] = newBitset(g.fn.nDef)
	}
	live := newBitset(g.fn.nDef)
	most := 0
	step := func(b int) {
		clear(live)
		for _, s := range g.succ[b] {
			live.union(liveIn[s])
		}
		for i := g.start[b+1] - 1; i >= g.start[b]; i-- {
			x := &g.fn.code[i]
			if x.guard < 0 {
				for _, d := range x.defs {
					live.remove(d)
				}
			}
			for _, list := range [][]int32{x.uses, x.copies} {
				for _, u := range list {
					if u >= 0 {
						live.add(u)
					}
				}
			}
			total := 0
			for w, word := range live {
				for ; word != 0; word &= word - 1 {
					total += weight[w*64+bits.TrailingZeros64(word)]
				}
			}
			most = max(most, total)
		}
	}
	for changed := true; changed; {
		changed = false
		for b := n - 1; b >= 0; b-- {
			step(b)
			if !live.equal(liveIn[b]) {
				liveIn[b].copyFrom(live)
				changed = true
			}
		}
	}
	return most
}
