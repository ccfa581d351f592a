package exec

import (
	"fmt"
	"math/bits"
	"slices"
	"strings"
)

// turnLength is how many instructions a warp executes before the next one has its turn: enough that
// a turn's overhead does not count, few enough that spinning on another warp costs little.
const turnLength = 1 << 13

// A cta is a block while it runs.
type cta struct {
	worker  *worker
	launch  *Launch
	index   int
	block   [3]int
	threads int
	warps   []*warp
	order   []*warp // the order of their turns
	running int     // warps that are not at their end

	shared  shared
	bars    [16]barrier
	cluster clusterBarrier
	mbars   map[uint64]*mbarrier
	race    raceState

	used     uint64   // instructions executed
	acquired blockSet // blocks that this one is ordered behind
}

// thread is the index of thread n of the block.
func (c *cta) thread(n int) [3]int {
	b := c.launch.Block
	return [3]int{n % b[0], n / b[0] % b[1], n / b[0] / b[1]}
}

// start prepares the block with the given index in the grid.
func (c *cta) start(index int) {
	g := c.launch.Grid
	c.index, c.block = index, [3]int{index % g[0], index / g[0] % g[1], index / g[0] / g[1]}
	c.shared.reset()
	c.race.reset(len(c.warps))
	c.bars = [16]barrier{}
	c.cluster = clusterBarrier{}
	c.acquired, c.mbars, c.used = nil, nil, 0
	for i, w := range c.warps {
		lanes := full
		if left := c.threads - 32*i; left < 32 {
			lanes = 1<<left - 1
		}
		w.start(lanes)
	}
	c.running = len(c.warps)
	rng := c.worker.rng(uint64(index))
	rng.Shuffle(len(c.order), func(i, j int) { c.order[i], c.order[j] = c.order[j], c.order[i] })
}

// step runs the block until it is done, has executed about n instructions, or seems to wait for
// another block.
func (c *cta) step(n int) (done bool) {
	idle := 0 // rounds in which all warps only polled
	for n > 0 && idle < 2 {
		progress, polling := false, true
		for _, w := range c.order {
			for i := 0; i < len(w.paths); i++ {
				p := w.paths[i]
				if p.state != ready {
					continue
				}
				progress = true
				before := w.used
				w.polls = false
				w.run(p, turnLength)
				n -= int(w.used - before)
				c.used += w.used - before
				polling = polling && w.polls && w.turn <= 0
				c.watch(w, p)
			}
		}
		if !slices.ContainsFunc(c.warps, func(w *warp) bool { return len(w.paths) > 0 }) {
			return true
		}
		if !progress {
			c.deadlock()
		}
		if idle++; !polling {
			idle = 0
		}
		if c.worker.stopped() {
			panic(aborted{})
		}
	}
	return false
}

// watch looks at a path after its turn: whether the warp runs away, or spins while other lanes of it
// wait for the spinning ones.
func (c *cta) watch(w *warp, p *path) {
	if p.mask == 0 {
		return
	}
	if w.used > c.launch.Budget || c.used > blockBudget*c.launch.Budget { // also where the turn ended at a barrier
		in := &w.fn.code[p.pc]
		w.fatal(in, Timeout, bits.TrailingZeros32(p.mask), "the warp has executed %d instructions and is still running", w.used)
	}
	if w.turn <= 0 && w.polls && p.lanes() != p.mask {
		w.split(p)
	}
}

// blockBudget is how many warps' budgets a block has.
const blockBudget = 4

// A barrier is one of the 16 barriers of a block (§9.7.13.1).
type barrier struct {
	arrived  []uint32 // lanes of each warp
	count    int      // threads that have arrived, in whole warps where the instruction is aligned
	expected int      // by operand; 0: all threads that have not exited
	waiting  []*path
	owners   []*warp // of waiting
	first    *inst
	firstBy  *warp
	and      bool // of the predicates of bar.red
	or       bool
	pop      int
	clocks   []uint32 // see raceState
}

// arrive adds lanes of a warp that have come to the barrier; true when it is complete.
func (c *cta) arrive(w *warp, in *inst, id, expected int, m uint32, aligned bool) bool {
	b := &c.bars[id]
	if b.arrived == nil {
		b.arrived = make([]uint32, len(c.warps))
	}
	if b.first == nil {
		b.first, b.firstBy, b.expected, b.and = in, w, expected, true
	} else if b.expected != expected {
		w.stop(in, DivergentBarrier, bits.TrailingZeros32(m), b.firstBy.access(b.first, -1),
			"barrier %d is used with %s here and %s there", id, threadsText(expected), threadsText(b.expected))
	}
	b.arrived[w.id] |= m
	if aligned {
		b.count += 32
	} else {
		b.count += bits.OnesCount32(m)
	}
	c.race.arrive(b, w)
	return c.complete(b)
}

func threadsText(n int) string {
	if n == 0 {
		return "all threads"
	}
	return fmt.Sprintf("%d threads", n)
}

// complete reports whether all have come. A partial warp counts as a whole one.
func (c *cta) complete(b *barrier) bool {
	if b.first == nil {
		return false
	}
	if b.expected > 0 {
		return b.count >= b.expected
	}
	for i, w := range c.warps {
		if w.live&^b.arrived[i] != 0 {
			return false
		}
	}
	return true
}

// open lets all go on that wait at the barrier.
func (c *cta) open(b *barrier) {
	c.race.open(b, c.warps)
	for i, p := range b.waiting {
		w := b.owners[i]
		p.at.finish(w, p, b)
		p.state = ready
		p.pc++
	}
	*b = barrier{arrived: b.arrived, waiting: b.waiting[:0], owners: b.owners[:0], clocks: b.clocks}
	clear(b.arrived)
}

// finish gives bar.red its result.
func (in *inst) finish(w *warp, p *path, b *barrier) {
	if in.result == nil {
		return
	}
	f := w.frame
	w.enter(p.frames[len(p.frames)-1])
	in.result(w, p, b)
	w.enter(f)
}

// exited is told that lanes of a warp have ended: barriers for all threads may be complete now.
func (c *cta) exited(w *warp) {
	for i := range c.bars {
		b := &c.bars[i]
		if b.first != nil && b.expected == 0 && len(b.waiting) > 0 && c.complete(b) {
			c.open(b)
		}
	}
	if len(w.paths) > 1 {
		w.wake()
	}
}

// deadlock reports that all that is left of the block waits.
func (c *cta) deadlock() {
	var at []string
	var first *warp
	var path *path
	var other *Access
	for _, w := range c.warps {
		for _, p := range w.paths {
			if first == nil {
				first, path = w, p
			} else if other == nil && p.at != path.at {
				other = w.access(p.at, bits.TrailingZeros32(p.m))
			}
			if len(at) < 8 {
				pos := p.at.src.Pos
				at = append(at, fmt.Sprintf("warp %d lanes %08x at %s, line %d", w.id, p.m, p.at.src.Op, pos.Line))
			}
		}
	}
	kind := Deadlock
	for _, w := range c.warps {
		for _, p := range w.paths {
			if p.state == atMerge || p.state == atWarpSync {
				kind = WarpSync
				first, path = w, p
			}
		}
	}
	first.cur = path
	first.enter(path.frames[len(path.frames)-1])
	first.stop(path.at, kind, bits.TrailingZeros32(path.m), other, "nothing in the block can go on: %s", strings.Join(at, "; "))
}
