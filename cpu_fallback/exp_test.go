package cpu

import (
	"math"
	"testing"

	"github.com/rapt-go/rapt/gpu"
)

// everyFloat calls f with floats of all magnitudes and both signs, about 2²⁰ of them, and
// with zeros and the largest.
func everyFloat(f func(x float32)) {
	for b := uint32(0); b < 255<<23; b += 4093 {
		f(math.Float32frombits(b))
		f(math.Float32frombits(b | 1<<31))
	}
	f(math.MaxFloat32)
	f(-math.MaxFloat32)
}

// ulps is how far y is from exact, in units of the last place of the float32 nearest to that.
func ulps(y float32, exact float64) float64 {
	near := math.Abs(float64(float32(exact)))
	step := max(math.Ldexp(1, int(math.Floor(math.Log2(near)))-23), math.SmallestNonzeroFloat32)
	if near == 0 {
		step = math.SmallestNonzeroFloat32
	}
	return math.Abs(float64(y)-exact) / step
}

// Functions that add terms of both signs lose what their terms' errors are: they are held
// to ulps of the larger term, by TestGradientsAgainstDifferences below and gputest.
func TestFunctionsAgainstMath(t *testing.T) {
	logistic := func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
	for f, exact := range map[gpu.Act]func(x float64) float64{
		gpu.GELU:      func(x float64) float64 { return x * math.Erfc(-x/math.Sqrt2) / 2 },
		gpu.GELUTanh:  func(x float64) float64 { return x * logistic(2*math.Sqrt(2/math.Pi)*(x+0.044715*x*x*x)) },
		gpu.QuickGELU: func(x float64) float64 { return x * logistic(1.702*x) },
		gpu.SiLU:      func(x float64) float64 { return x * logistic(x) },
		gpu.Tanh:      math.Tanh,
		gpu.Sigmoid:   logistic,
		gpu.Mish:      func(x float64) float64 { return x * math.Tanh(math.Log1p(math.Exp(min(x, 100)))) },
		gpu.TanhGrad:  func(x float64) float64 { c := math.Cosh(x); return 1 / c / c },
	} {
		worst, at := 0.0, float32(0)
		everyFloat(func(x float32) {
			if u := ulps(acts[f](x), exact(float64(x))); !(u <= worst) {
				worst, at = u, x
			}
		})
		// Half an ulp of rounding and what exp.go claims; the tail of GELU doubles that.
		if !(worst <= 0.75) {
			t.Errorf("%v(%v) is %v, not %v: off by %.3g ulp", f, at, acts[f](at), exact(float64(at)), worst)
		}
	}
}

func TestExpSum(t *testing.T) {
	worst := 0.0
	everyFloat(func(x float32) {
		var y [1]float32
		portable.expSum(y[:], []float32{x}, 1, 0)
		if exact := math.Exp(float64(x)); exact <= math.MaxFloat32 {
			worst = max(worst, ulps(y[0], exact))
		} else if !math.IsInf(float64(y[0]), 1) {
			t.Errorf("exp(%v) = %v", x, y[0])
		}
	})
	if worst > 0.6 {
		t.Errorf("exp is off by %.3g ulp", worst)
	}
}

func TestGradientsAgainstDifferences(t *testing.T) {
	for f := range gpu.NoActGrad {
		for i := range 1001 {
			x := float64(i-500)/50 + 0.01 // more than h off the corners of the rectifiers
			const h = 1.0 / 128
			hi, lo := float32(x+h), float32(x-h)
			var y [2]float32
			act(f, y[:], []float32{hi, lo})
			want := (float64(y[0]) - float64(y[1])) / (float64(hi) - float64(lo))
			var got [1]float32
			act(f.Grad(), got[:], []float32{float32(x)})
			// The difference errs by h²/6 of a third derivative, below 4 for all, and by two roundings.
			if err := math.Abs(float64(got[0]) - want); err > h*h+(math.Abs(float64(y[0]))+1)*0x1p-23/h {
				t.Errorf("%v(%v) is %v, not %v", f.Grad(), x, got[0], want)
			}
		}
	}
}

func TestFunctionsAtInfinity(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	for f, want := range map[gpu.Act][2]float32{ // at −∞ and +∞, by the formulas as IEEE 754 evaluates them
		gpu.NoAct: {-inf, inf}, gpu.GELU: {nan, inf}, gpu.GELUTanh: {nan, inf}, gpu.QuickGELU: {nan, inf},
		gpu.ReLU: {0, inf}, gpu.ReLU2: {0, inf}, gpu.ReLU6: {0, 6}, gpu.SiLU: {nan, inf}, gpu.Tanh: {-1, 1},
		gpu.Sigmoid: {0, 1}, gpu.Mish: {nan, inf}, gpu.NoActGrad: {1, 1}, gpu.GELUGrad: {nan, nan}, gpu.ReLUGrad: {0, 1},
		gpu.ReLU2Grad: {0, inf}, gpu.ReLU6Grad: {0, 0}, gpu.TanhGrad: {0, 0}, gpu.SigmoidGrad: {0, 0},
	} {
		var got [2]float32
		act(f, got[:], []float32{-inf, inf})
		for i := range got {
			if got[i] != want[i] && !(got[i] != got[i] && want[i] != want[i]) {
				t.Errorf("%v at infinities: %v, not %v", f, got, want)
			}
		}
	}
	for f := range gpu.Acts {
		y := []float32{nan}
		if act(f, y, y); y[0] == y[0] {
			t.Errorf("%v of NaN is %v", f, y[0])
		}
	}
}
