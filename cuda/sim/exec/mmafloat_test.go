package exec

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rapt-go/rapt/cuda/sim/arith"
)

// Two kinds of numbers: their products' sums often lie in the middle between two f32, where a single small
// accumulator decides.
const (
	ones = 6 + iota
	ties
)

// halves is random halves of registers: of any bits, or numbers of one kind.
func halves(rng *rand.Rand, t arith.Type, kind int) uint32 {
	v := float32(rng.NormFloat64())
	switch kind {
	case 0:
		return rng.Uint32()
	case 1: // few bits: ties, cancellation and zeros of both signs
		v = float32(math.Copysign(float64(rng.IntN(4)), float64(v)))
	case 2: // subnormal ones as well
		v = float32(math.Ldexp(float64(v), rng.IntN(40)-30))
	case 3:
		if rng.IntN(200) == 0 {
			v = float32(math.Inf(rng.IntN(2) - 1))
		}
	case 4:
		v = float32(math.Copysign(0, float64(v)))
	case ones:
		v = float32(rng.IntN(3) - 1)
	case ties:
		v = []float32{0, 0, 1, -1, 0x1p-24, -0x1p-24}[rng.IntN(6)]
	}
	if t == arith.BF16 {
		return math.Float32bits(v) >> 16
	}
	return uint32(arith.F16FromF32(math.Float32bits(v)))
}

// TestMmaSums holds mma, whose sums are made row by row and from fragments that were decoded before,
// against package arith's element by element, to the bit and in all models: of numbers near one
// another, of widely different size, and of those that are none.
func TestMmaSums(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for _, x := range []*mmaInst{
		{m: 16, n: 8, k: 16, at: arith.BF16, bt: arith.BF16, ct: arith.F32, dt: arith.F32},
		{m: 16, n: 8, k: 8, at: arith.F16, bt: arith.F16, ct: arith.F32, dt: arith.F32},
		{m: 16, n: 8, k: 8, at: arith.TF32, bt: arith.TF32, ct: arith.F32, dt: arith.F32},
		{m: 16, n: 8, k: 32, at: arith.E4M3, bt: arith.E5M2, ct: arith.F32, dt: arith.F32},
		{m: 16, n: 8, k: 16, at: arith.F16, bt: arith.F16, ct: arith.F16, dt: arith.F16},
		{m: 16, n: 8, k: 16, at: arith.F16, bt: arith.F16, ct: arith.F16, dt: arith.F32},
	} {
		for _, model := range []arith.Model{arith.Exact, arith.InOrder, arith.Truncating} {
			checkMmaSums(t, rng, x, model, apart)
			if x.ct == x.dt {
				checkMmaSums(t, rng, x, model, inPlace)
				checkMmaSums(t, rng, x, model, reversed)
			}
		}
	}
}

// What the registers of D are: others than those of C, the same, or the same in reverse.
const (
	apart = iota
	inPlace
	reversed
)

// An mmaRig is a warp that executes an mma. Its operands are in registers with these layouts.
type mmaRig struct {
	x          *mmaInst
	w          *warp
	a, b, c, d *arith.Layout
	dot        arith.DotFunc
	run        func(w *warp, in *inst)
}

func newMmaRig(t *testing.T, x *mmaInst, model arith.Model, d int) *mmaRig {
	const sm = 80
	r := &mmaRig{x: x, w: &warp{cta: &cta{launch: &Launch{Numerics: model, SM: sm}, worker: &worker{}}}}
	var err error
	r.dot, err = arith.DotFloat(x.dt, model, arith.TensorCoreOf(sm, x.at))
	if err != nil { // no such tensor core is known
		r.dot, err = arith.DotFloat(x.dt, arith.Exact, arith.TensorCore{})
	}
	require.NoError(t, err)
	operand := func(o arith.Operand, et arith.Type) (*arith.Layout, []slot) {
		l, err := arith.MmaLayout(x.m, x.n, x.k, o, et)
		require.NoError(t, err)
		var regs []slot
		for range l.Registers {
			regs = append(regs, slot{idx: int32(len(r.w.r32))})
			r.w.r32 = append(r.w.r32, lanes32{})
		}
		return l, regs
	}
	r.a, x.a = operand(arith.MatrixA, x.at)
	r.b, x.b = operand(arith.MatrixB, x.bt)
	r.c, x.c = operand(arith.MatrixC, x.ct)
	r.d, x.d = operand(arith.MatrixC, x.dt)
	switch d {
	case inPlace:
		x.d = x.c
	case reversed:
		x.d = slices.Clone(x.c)
		slices.Reverse(x.d)
	}
	x.pa, x.pb, x.pc, x.pd = placesOf(r.a, false), placesOf(r.b, true), placesOf(r.c, false), placesOf(r.d, false)
	r.run, err = x.runner()
	require.NoError(t, err)
	return r
}

// fill gives registers random elements.
func (r *mmaRig) fill(rng *rand.Rand, regs []slot, t arith.Type, kind int) {
	for _, s := range regs {
		for l := range 32 {
			v := halves(rng, t, kind)&0xffff | halves(rng, t, kind)<<16
			if t == arith.F32 || t == arith.TF32 {
				v = halves(rng, arith.BF16, kind) << 16
				switch {
				case kind == ties && t == arith.F32 && rng.IntN(100) == 0:
					v = math.Float32bits(0x1p-90) | v&(1<<31)
				case kind < 4 && rng.IntN(4) > 0 && v<<1 < 0xff<<24:
					v |= uint32(rng.IntN(1 << 16))
				}
			}
			r.w.r32[s.idx][l] = v
		}
	}
}

// matrix is the elements in registers, row by row.
func (r *mmaRig) matrix(l *arith.Layout, regs []slot, t arith.Type) []uint32 {
	m := make([]uint32, l.Rows*l.Cols)
	for lane := range 32 {
		for i, s := range regs {
			for e := range l.PerRegister {
				row, col := l.At(lane, i, e)
				m[row*l.Cols+col] = r.w.r32[s.idx][lane] >> (e * t.Bits()) & (1<<t.Bits() - 1)
			}
		}
	}
	return m
}

func checkMmaSums(t *testing.T, rng *rand.Rand, x *mmaInst, model arith.Model, d int) {
	r := newMmaRig(t, x, model, d)
	for round := range 100 {
		kinds := [3]int{ones, ties, ties}
		if round%3 > 0 {
			kinds = [3]int{rng.IntN(ones), rng.IntN(ones), rng.IntN(ones)}
		}
		if round%3 == 0 || rng.IntN(3) > 0 {
			r.fill(rng, x.a, x.at, kinds[0])
		}
		if round%3 == 0 || rng.IntN(3) > 0 {
			r.fill(rng, x.b, x.bt, kinds[1])
		}
		r.fill(rng, x.c, x.ct, kinds[2])
		a, b, c := r.matrix(r.a, x.a, x.at), r.matrix(r.b, x.b, x.bt), r.matrix(r.c, x.c, x.ct)
		r.run(r.w, nil)
		got := r.matrix(r.d, x.d, x.dt)
		for i := range x.m {
			for j := range x.n {
				var row, column []float32
				for k := range x.k {
					row = append(row, arith.Decode(x.at, a[i*x.k+k], nil)[0])
					column = append(column, arith.Decode(x.bt, b[k*x.n+j], nil)[0])
				}
				v := c[i*x.n+j]
				if x.ct != x.dt {
					v = arith.F32FromF16(uint16(v))
				}
				if want := r.dot(v, row, column); got[i*x.n+j] != want {
					require.Equal(t, want, got[i*x.n+j], "model %d of %v, round %d, (%d, %d)", model, x.at, round, i, j)
				}
			}
		}
	}
}
