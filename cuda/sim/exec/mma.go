package exec

import (
	"math"

	"github.com/rapt-go/rapt/cuda/ptx"
	"github.com/rapt-go/rapt/cuda/sim/arith"
)

// This file is mma (§9.7.14.5): D = A·B + C by a whole warp. Which element is where is package arith's
// layout; how the products are added, its model.

// An mmaInst is a decoded mma.
type mmaInst struct {
	m, n, k    int
	a, b, c, d []slot
	at, bt     arith.Type
	ct, dt     arith.Type
	la, lb     *arith.Layout
	lc, ld     *arith.Layout
	pa, pb     places
	pc, pd     places
	fa, fb     factor // of floating point
	satFinite  bool
	and        bool // of single-bit mma: AND, not XOR
	rows       bool // see byRows
}

func decodeMma(d *decoder) {
	in := d.src
	x := &mmaInst{satFinite: in.Has(ptx.ModSatfinite), and: in.Operation() == ptx.ModAnd}
	x.m, x.n, x.k = in.Shape().Shape()
	if in.Shape() == ptx.ModM8N8K4 && in.Type(1) == ptx.F16 {
		decodeMma884(d)
		return
	}
	if len(in.Types) != 4 || len(in.Args) != 4 {
		d.refuse("%d types and %d operands", len(in.Types), len(in.Args))
		return
	}
	x.dt, x.at, x.bt, x.ct = d.arithType(in.Type(0)), d.arithType(in.Type(1)), d.arithType(in.Type(2)), d.arithType(in.Type(3))
	if d.refused {
		return
	}
	layout := func(o arith.Operand, t arith.Type) *arith.Layout {
		l, err := arith.MmaLayout(x.m, x.n, x.k, o, t)
		d.check(err)
		return l
	}
	x.la, x.lb = layout(arith.MatrixA, x.at), layout(arith.MatrixB, x.bt)
	x.lc, x.ld = layout(arith.MatrixC, x.ct), layout(arith.MatrixC, x.dt)
	if d.refused {
		return
	}
	x.pa, x.pb, x.pc, x.pd = placesOf(x.la, false), placesOf(x.lb, true), placesOf(x.lc, false), placesOf(x.ld, false)
	regs := func(o ptx.Operand, l *arith.Layout) (slots []slot) {
		t := ptx.B32
		if l != nil && in.Type(0) == ptx.F64 {
			t = ptx.B64
		}
		for _, e := range list(o) {
			slots = append(slots, d.val(e, t))
		}
		if len(slots) != l.Registers {
			d.refuse("%d registers, expected %d", len(slots), l.Registers)
		}
		return slots
	}
	x.a, x.b, x.c = regs(in.Args[1], x.la), regs(in.Args[2], x.lb), regs(in.Args[3], x.lc)
	for _, o := range list(in.Args[0]) {
		x.d = append(x.d, d.dst(o, in.Type(0)))
	}
	flops := uint64(2 * x.m * x.n * x.k)
	run, err := x.runner()
	d.check(err)
	d.matrixInst(func(w *warp, in *inst) {
		w.counts[in.id].MMAFLOPs += flops
		run(w, in)
	})
}

// mmaScratch is the matrices of an instruction. The fragments are kept for the next ones.
type mmaScratch struct {
	a, b   fragments
	ai, bi []int32 // rows of A, columns of B
	c      [16 * 8]uint32
}

// matrices is made by the first instruction: it is large for a launch that has none.
func (w *worker) matrices() *mmaScratch {
	if w.mma == nil {
		w.mma = new(mmaScratch)
	}
	return w.mma
}

func (x *mmaInst) runner() (func(w *warp, in *inst), error) {
	switch x.at {
	case arith.F64:
		return x.runF64, nil
	case arith.B1:
		return x.runBits, nil
	case arith.U8, arith.S8, arith.U4, arith.S4:
		return x.runInt, nil
	}
	// Errors of the models are those of Exact.
	if _, err := arith.DotFloat(x.dt, arith.Exact, arith.TensorCore{}); err != nil {
		return nil, err
	}
	x.rows = x.byRows()
	x.fa = factor{kind: fragmentKind{x.at, uint8(x.m), uint8(x.k)}, regs: x.a, places: x.pa}
	x.fb = factor{kind: fragmentKind{x.bt, uint8(x.n), uint8(x.k)}, regs: x.b, places: x.pb, columns: true}
	return x.runFloat, nil
}

// places are, for each register, where the elements of each lane are in the matrix in order.
type places [][32]uint16

// placesOf reads a layout; where transposed, the matrix is ordered by columns.
func placesOf(l *arith.Layout, transposed bool) places {
	p := make(places, l.Registers*l.PerRegister)
	for lane := range 32 {
		for r := range l.Registers {
			for e := range l.PerRegister {
				row, col := l.At(lane, r, e)
				at := row*l.Cols + col
				if transposed {
					at = col*l.Rows + row
				}
				p[r*l.PerRegister+e][lane] = uint16(at)
			}
		}
	}
	return p
}

// accumulators reads C.
func (x *mmaInst) accumulators(w *warp) *[16 * 8]uint32 {
	c := &w.cta.worker.matrices().c
	for r, s := range x.c {
		reg := &w.r32[s.idx]
		if x.ct == arith.F16 {
			lo, hi := &x.pc[2*r], &x.pc[2*r+1]
			for l, v := range reg {
				c[lo[l]&127], c[hi[l]&127] = v&0xffff, v>>16
			}
			continue
		}
		at := &x.pc[r]
		for l, v := range reg {
			c[at[l]&127] = v
		}
	}
	return c
}

// result writes D.
func (x *mmaInst) result(w *warp, c *[16 * 8]uint32) {
	for r, s := range x.d {
		reg := &w.r32[s.idx]
		if x.dt == arith.F16 {
			lo, hi := &x.pd[2*r], &x.pd[2*r+1]
			for l := range reg {
				reg[l] = c[lo[l]&127]&0xffff | c[hi[l]&127]<<16
			}
			continue
		}
		at := &x.pd[r]
		for l := range reg {
			reg[l] = c[at[l]&127]
		}
	}
}

func sized[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// mmaKey is what the sum of a model depends on: the types of the accumulator and of the factors.
type mmaKey struct{ accumulator, factor arith.Type }

// dot is the sum of the launch's model.
func (w *worker) dot(x mmaKey, l *Launch) arith.DotFunc {
	if f := w.dots[x]; f != nil {
		return f
	}
	f, err := arith.DotFloat(x.accumulator, l.Numerics, arith.TensorCoreOf(l.SM, x.factor))
	if err != nil { // a model that is none
		f, _ = arith.DotFloat(x.accumulator, arith.Exact, arith.TensorCore{})
	}
	if w.dots == nil {
		w.dots = map[mmaKey]arith.DotFunc{}
	}
	w.dots[x] = f
	return f
}

// convertAccumulator is C in the type of D where they differ: f16 and f32.
func convertAccumulator(v uint32, from arith.Type) uint32 {
	if from == arith.F16 {
		return arith.F32FromF16(uint16(v))
	}
	return uint32(arith.F16FromF32(v))
}

func (x *mmaInst) runInt(w *warp, _ *inst) {
	s := w.cta.worker.matrices()
	s.ai, s.bi = sized(s.ai, x.m*x.k), sized(s.bi, x.n*x.k)
	gatherInt(w, x.a, x.pa, x.at, s.ai)
	gatherInt(w, x.b, x.pb, x.bt, s.bi)
	c := x.accumulators(w)
	for i := range x.m {
		for j := range x.n {
			p := &c[(i*x.n+j)&127]
			*p = uint32(arith.DotInt(int32(*p), s.ai[i*x.k:(i+1)*x.k], s.bi[j*x.k:(j+1)*x.k], x.satFinite))
		}
	}
	x.result(w, c)
}

func gatherInt(w *warp, regs []slot, p places, t arith.Type, to []int32) {
	var buffer [8]int32
	for r, s := range regs {
		for lane, v := range &w.r32[s.idx] {
			elements := arith.DecodeInt(t, v, buffer[:0])
			for e, f := range elements {
				to[p[r*len(elements)+e][lane]] = f
			}
		}
	}
}

// runBits is mma of single bits: registers of 32 neighbours in k, of which lane 4g + t, register r of
// A has those from 32t (+ 128 in the upper half) of row g (+ 8), and of B those of column g.
func (x *mmaInst) runBits(w *warp, _ *inst) {
	c := x.accumulators(w)
	bit := func(l *arith.Layout, regs []slot, transposed bool) [][]uint32 {
		rows := l.Rows
		if transposed {
			rows = l.Cols
		}
		words := make([][]uint32, rows)
		for i := range words {
			words[i] = make([]uint32, x.k/32)
		}
		for lane := range 32 {
			for r := range l.Registers {
				row, col := l.At(lane, r, 0)
				if transposed {
					row, col = col, row
				}
				words[row][col/32] = w.r32[regs[r].idx][lane]
			}
		}
		return words
	}
	a, b := bit(x.la, x.a, false), bit(x.lb, x.b, true)
	for i := range x.m {
		for j := range x.n {
			p := &c[(i*x.n+j)&127]
			for k, v := range a[i] {
				*p = uint32(arith.DotBits(int32(*p), v, b[j][k], x.and))
			}
		}
	}
	x.result(w, c)
}

func (x *mmaInst) runF64(w *warp, _ *inst) {
	collect := func(l *arith.Layout, regs []slot, transposed bool) []float64 {
		to := make([]float64, l.Rows*l.Cols)
		for lane := range 32 {
			for r := range l.Registers {
				row, col := l.At(lane, r, 0)
				at := row*l.Cols + col
				if transposed {
					at = col*l.Rows + row
				}
				to[at] = math.Float64frombits(w.r64[regs[r].idx][lane])
			}
		}
		return to
	}
	a, b, c := collect(x.la, x.a, false), collect(x.lb, x.b, true), collect(x.lc, x.c, false)
	for lane := range 32 {
		for r := range x.ld.Registers {
			i, j := x.ld.At(lane, r, 0)
			v := arith.DotF64(c[i*x.n+j], a[i*x.k:(i+1)*x.k], b[j*x.k:(j+1)*x.k])
			w.r64[x.d[r].idx][lane] = math.Float64bits(v)
		}
	}
}
