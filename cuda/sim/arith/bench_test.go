package arith

import (
	"math"
	"math/rand/v2"
	"testing"
)

// BenchmarkLanes is one instruction on the 32 lanes of a warp, as an inner loop of a simulator does
// it; ns/op is for the warp.
func BenchmarkLanes(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2))
	var d, x, y, z [32]uint32
	for i := range x {
		x[i], y[i], z[i] = math.Float32bits(rng.Float32()), math.Float32bits(rng.Float32()), math.Float32bits(rng.Float32())
	}
	run := func(name string, f func()) {
		b.Run("op="+name, func(b *testing.B) {
			for b.Loop() {
				f()
			}
		})
	}
	run("add.f32", func() {
		for i := range d {
			d[i] = AddF32(x[i], y[i])
		}
	})
	run("fma.f32", func() { FmaF32Lanes(&d, &x, &y, &z) })
	run("cvt.rn.f16.f32", func() {
		for i := range d {
			d[i] = uint32(F16FromF32(x[i]))
		}
	})
	for _, s := range []struct {
		name string
		op   Op
		t    Type
		o    Options
	}{
		{"mad.lo.s32", MadLo, S32, Options{}}, {"fma.rn.f32 selected", Fma, F32, Options{}},
		{"fma.rz.f32", Fma, F32, Options{Round: RZ}}, {"fma.rn.f16x2", Fma, F16x2, Options{}}, {"fma.rn.f64", Fma, F64, Options{}},
	} {
		f, err := Ternary(s.op, s.t, s.o)
		if err != nil {
			b.Fatal(err)
		}
		run(s.name, func() {
			for i := range d {
				d[i] = uint32(f(uint64(x[i]), uint64(y[i]), uint64(z[i])))
			}
		})
	}
	ex2, err := Approx(ApproxEx2, F32, true)
	if err != nil {
		b.Fatal(err)
	}
	run("ex2.approx.ftz.f32", func() {
		for i := range d {
			d[i] = uint32(ex2(uint64(x[i]), 0))
		}
	})
}

// BenchmarkDot is one element of an m16n8k16, of which an mma has 128.
func BenchmarkDot(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2))
	x, y := elements(rng, F16, 16, 4), elements(rng, F16, 16, 4)
	for name, m := range map[string]Model{"exact": Exact, "in order": InOrder, "truncating": Truncating} {
		f, err := DotFloat(F32, m, TensorCoreOf(80, F16))
		if err != nil {
			b.Fatal(err)
		}
		b.Run("model="+name, func(b *testing.B) {
			for b.Loop() {
				f(0x3f800000, x, y)
			}
		})
	}
}
