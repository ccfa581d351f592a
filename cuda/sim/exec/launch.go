package exec

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/rapt-go/rapt/cuda/ptx"
	"github.com/rapt-go/rapt/cuda/sim/arith"
	"github.com/rapt-go/rapt/cuda/sim/mem"
)

// Checks are checkers that can be switched off.
type Checks uint8

// The checkers.
const (
	CheckRaces       Checks = 1 << iota // shared memory
	CheckGlobalRaces                    // between blocks
	CheckUninit                         // memory
)

// A Launch is a grid to run. The zero value of a field is what its comment says first.
type Launch struct {
	Kernel      *Kernel
	Grid, Block [3]int      // a zero counts as 1
	Shared      int         // dynamic shared memory in bytes
	Params      []byte      // see [Kernel.PackArgs]
	SM          int         // the module's target; the compute capability as in sm_80
	SMs         int         // 108; multiprocessors of the device
	Seed        uint64      // of the order of blocks and warps
	Numerics    arith.Model // of floating point matrix instructions
	Jitter      bool        // approximate functions move inside of their bound,
	JitterSeed  uint64      // all of a device's launches alike
	Workers     int         // GOMAXPROCS; how many blocks run at once
	Budget      uint64      // 2^26; instructions of a warp, or four times as many of a block, before it has run away
	Stack       int         // 64 KiB; local memory of a thread for calls: the variables of the functions and 32 bytes each, the entry's own variables apart
	GridID      uint64
	MaxFindings int  // 20
	Touch       bool // fill in Result.Touched
	Heat        bool // fill in Result.Heat
	Off         Checks
}

// A Result is what came of a launch.
type Result struct {
	Findings []*Finding // what stops hardware first, then in the order of blocks
	Counters *Counters
	Touched  []Touch // with Launch.Touch, unless CheckGlobalRaces is off
	Heat     []Heat  // with Launch.Heat
}

// Err is the first finding, nil without.
func (r *Result) Err() error {
	if len(r.Findings) == 0 {
		return nil
	}
	return r.Findings[0]
}

func (l *Launch) defaults() (*Launch, error) {
	c := *l
	k := c.Kernel
	if k == nil {
		return nil, fmt.Errorf("exec: launch without a kernel")
	}
	for i := range 3 {
		c.Grid[i], c.Block[i] = max(c.Grid[i], 1), max(c.Block[i], 1)
		if l.Grid[i] < 0 || l.Block[i] < 0 {
			return nil, fmt.Errorf("exec: launch of %s: grid %v block %v", k.Name(), l.Grid, l.Block)
		}
	}
	if n := c.Block[0] * c.Block[1] * c.Block[2]; n > 1024 || c.Block[0] > 1024 || c.Block[1] > 1024 {
		return nil, fmt.Errorf("exec: launch of %s: block %v has %d threads, at most 1024", k.Name(), c.Block, n)
	}
	if c.Grid[0] > 1<<31-1 || c.Grid[1] > 65535 || c.Grid[2] > 65535 {
		return nil, fmt.Errorf("exec: launch of %s: grid %v", k.Name(), c.Grid)
	}
	if len(c.Params) != k.nParams {
		return nil, fmt.Errorf("exec: launch of %s: %d bytes of parameters, expected %d", k.Name(), len(c.Params), k.nParams)
	}
	if c.Shared < 0 || c.Shared > 1<<28 {
		return nil, fmt.Errorf("exec: launch of %s: %d bytes of dynamic shared memory", k.Name(), c.Shared)
	}
	or := func(p *int, v int) {
		if *p <= 0 {
			*p = v
		}
	}
	or(&c.SM, k.program.module.Target.SM)
	or(&c.SMs, 108)
	or(&c.Workers, runtime.GOMAXPROCS(0))
	or(&c.Stack, 64<<10)
	or(&c.MaxFindings, 20)
	if c.Budget == 0 {
		c.Budget = 1 << 26
	}
	return &c, nil
}

// An Image is a program whose variables lie in a device's memory.
type Image struct {
	program *Program
	memory  *mem.Memory
	vars    map[*ptx.Var]*mem.Allocation
	names   map[string]*mem.Allocation
	// constBase is the generic address of constant memory's address 0.
	constBase uint64

	pages [5]sync.Pool // of *page, empty, by globalState.shift: cells have 16 bytes at most
}

// A run is a launch in progress.
type run struct {
	launch *Launch
	image  *Image
	next   atomic.Int64
	total  int64
	stop   atomic.Bool
	order  permutation
	global globalState

	mu       sync.Mutex
	findings map[findingKey]*Finding
	counts   []Count
	broken   error // of this package
}

// fail ends the launch for an error that is not the kernel's.
func (r *run) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.broken = err
	r.stop.Store(true)
}

// Launch runs a grid to its end. The error is a launch that could not start, or that of ctx; what the
// kernel did wrong is in the result. Launches may run at the same time.
func (im *Image) Launch(ctx context.Context, l *Launch) (*Result, error) {
	c, err := l.defaults()
	if err != nil {
		return nil, err
	}
	if c.Kernel.program != im.program {
		return nil, fmt.Errorf("exec: launch of %s: the kernel is of another program", c.Kernel.Name())
	}
	r := &run{launch: c, image: im, findings: map[findingKey]*Finding{}, counts: make([]Count, len(c.Kernel.insts))}
	r.total = int64(c.Grid[0]) * int64(c.Grid[1]) * int64(c.Grid[2])
	r.order = newPermutation(uint64(r.total), c.Seed)
	r.global.init(r)
	done := context.AfterFunc(ctx, func() { r.stop.Store(true) })
	defer done()
	var wg sync.WaitGroup
	for range min(int64(c.Workers), r.total) {
		wg.Go(func() { newWorker(r).work() })
	}
	wg.Wait()
	if err := errors.Join(r.broken, ctx.Err()); err != nil {
		return nil, err
	}
	res := &Result{Counters: r.counters()}
	if c.Touch {
		res.Touched = r.global.touched()
	}
	if c.Heat {
		res.Heat = r.global.heat()
	}
	r.global.recycle()
	for _, f := range r.findings {
		res.Findings = append(res.Findings, f)
	}
	slices.SortFunc(res.Findings, compareFindings)
	return res, nil
}

// A worker runs blocks one after another. It starts a second one only while the first spins, since
// a block may wait for another.
type worker struct {
	run       *run
	image     *Image
	counts    []Count
	free      []*cta
	suspended []*cta
	seen      map[findingKey]int
	dots      map[mmaKey]arith.DotFunc
	mma       *mmaScratch // nil until it is used
	refs      []*shadow   // the allocation that each instruction accessed last
}

func newWorker(r *run) *worker {
	return &worker{run: r, image: r.image, counts: make([]Count, len(r.counts)), seen: map[findingKey]int{}, refs: make([]*shadow, len(r.counts))}
}

// patience is how many instructions a block executes before another one is given a chance.
const patience = 1 << 22

// aborted is the panic that ends a block: a finding was fatal, or the launch is stopped.
type aborted struct{}

func (w *worker) work() {
	defer w.finish()
	for !w.stopped() {
		c := w.take()
		if c == nil {
			return
		}
		done, ok := w.advance(c)
		switch {
		case !ok:
			return
		case done:
			w.free = append(w.free, c)
		default:
			w.suspended = append(w.suspended, c)
		}
	}
}

// take is the next block to run: a new one before those that were suspended, which wait for it.
func (w *worker) take() *cta {
	if i := w.run.next.Add(1) - 1; i < w.run.total {
		c := w.newCTA()
		c.start(int(w.run.order.at(uint64(i))))
		return c
	}
	if len(w.suspended) == 0 {
		return nil
	}
	c := w.suspended[0]
	w.suspended = w.suspended[1:]
	return c
}

// advance runs a block for a while; ok is false when the launch has been ended.
func (w *worker) advance(c *cta) (done, ok bool) {
	defer func() {
		if p := recover(); p != nil {
			if _, mine := p.(aborted); !mine {
				w.run.fail(fmt.Errorf("exec: launch of %s: internal error: %v\n%s", c.launch.Kernel.Name(), p, debug.Stack()))
			}
			w.run.stop.Store(true)
		}
	}()
	return c.step(patience), true
}

func (w *worker) stopped() bool { return w.run.stop.Load() }

func (w *worker) rng(stream uint64) *rand.Rand {
	return rand.New(rand.NewPCG(w.run.launch.Seed, stream))
}

func (w *worker) newCTA() *cta {
	if n := len(w.free); n > 0 {
		c := w.free[n-1]
		w.free = w.free[:n-1]
		return c
	}
	l := w.run.launch
	c := &cta{worker: w, launch: l, threads: l.Block[0] * l.Block[1] * l.Block[2]}
	c.shared.init(l)
	c.race.init(c)
	for i := range (c.threads + 31) / 32 {
		wp := &warp{cta: c, id: i, counts: w.counts}
		c.warps = append(c.warps, wp)
	}
	c.order = slices.Clone(c.warps)
	return c
}

// finish adds the worker's counts and findings to the run's.
func (w *worker) finish() {
	w.run.mu.Lock()
	defer w.run.mu.Unlock()
	for i := range w.counts {
		w.run.counts[i].add(&w.counts[i])
	}
	for k, n := range w.seen {
		w.run.findings[k].Times += n
	}
}

// resolve is the value of a constant that depends on where the module was loaded.
func (w *worker) resolve(c constant) uint64 {
	switch {
	case c.sym != nil:
		x := w.image.vars[c.sym].Base + c.value
		if c.sym.Space == ptx.ConstSpace {
			x -= w.image.constBase
		}
		return x
	case c.fn != nil:
		return w.image.program.codeAddress(c.fn)
	}
	return c.value
}

// A permutation is a random order of 0 to n−1 that needs no table: a Feistel network over the next
// power of four, walked until it falls below n.
type permutation struct {
	n    uint64
	half uint
	key  [4]uint64
}

func newPermutation(n, seed uint64) permutation {
	p := permutation{n: n, half: 1}
	for n > 1<<(2*p.half) {
		p.half++
	}
	rng := rand.New(rand.NewPCG(seed, 0x626c6f636b))
	for i := range p.key {
		p.key[i] = rng.Uint64()
	}
	return p
}

func (p *permutation) at(i uint64) uint64 {
	mask := uint64(1)<<p.half - 1
	for {
		l, r := i>>p.half, i&mask
		for _, k := range p.key {
			l, r = r, l^((r^k)*0x9e3779b97f4a7c15>>32&mask)
		}
		if i = l<<p.half | r; i < p.n {
			return i
		}
	}
}
