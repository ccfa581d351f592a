package gputest

import (
	"encoding/binary"
	"errors"
	"math"
	"reflect"
	"slices"
	"testing"

	"github.com/rapt-go/rapt/gpu"
)

// The oracle passes its own suite as a backend, in either type: the suite asks for
// nothing that plain code does not do.
func TestOracle(t *testing.T) {
	t.Parallel()
	Run(t, naive[float64]{}, Small(), Allocates())
}

func TestNaive(t *testing.T) {
	t.Parallel()
	Run(t, naive[float32]{}, Small(), Allocates())
}

func TestOracleGrad(t *testing.T) {
	t.Parallel()
	Grad(t, naive[float64]{})
}

func TestNamesDiffer(t *testing.T) {
	seen := map[string]bool{}
	small := 0
	for _, c := range Cases() {
		if seen[c.Name] {
			t.Error(c.Name)
		}
		if seen[c.Name] = true; c.Small() {
			small++
		}
	}
	if small < len(seen)/2 {
		t.Errorf("only %d of %d cases are small", small, len(seen))
	}
}

// Every kind of operation has a case.
func TestEveryOpHasACase(t *testing.T) {
	kinds := map[reflect.Type]bool{}
	for _, c := range Cases() {
		kinds[reflect.TypeOf(c.Build(shapesOnly()))] = true
	}
	for _, op := range gpu.Ops() {
		if !kinds[reflect.TypeOf(op)] {
			t.Errorf("%T has none", op)
		}
	}
}

// Known halves: https://en.wikipedia.org/wiki/Half-precision_floating-point_format.
func TestHalf(t *testing.T) {
	for bits, v := range map[uint16]float64{
		0x0001: 0x1p-24, 0x03ff: 0x3ffp-24, 0x0400: 0x1p-14, 0x3555: 0.333251953125, 0x3bff: 0.99951171875,
		0x3c00: 1, 0x3c01: 1.0009765625, 0x7bff: 65504, 0xc000: -2, 0x7c00: math.Inf(1), 0xfc00: math.Inf(-1),
	} {
		if fromHalf(bits) != v || toHalf(v) != bits {
			t.Errorf("%#04x is %v, and %v is %#04x", bits, fromHalf(bits), v, toHalf(v))
		}
	}
	for h := range 1 << 16 {
		if v := fromHalf(uint16(h)); !math.IsNaN(v) && toHalf(v) != uint16(h) {
			t.Fatalf("%#x is %v, which is %#x", h, v, toHalf(v))
		}
	}
	for v, bits := range map[float64]uint16{65519.9: 0x7bff, 65520: 0x7c00, 0x1p-25: 0, 0x1.001p-25: 1, 1 + 0x1p-11: 0x3c00, 1 + 0x3p-11: 0x3c02} {
		if toHalf(v) != bits {
			t.Errorf("%v is %#04x, not %#04x", v, toHalf(v), bits)
		}
	}
	var b [2]byte
	for v, bits := range map[float64]uint16{1: 0x3f80, math.Pi: 0x4049, 1 + 0x1p-8: 0x3f80, 1 + 0x3p-8: 0x3f82, math.MaxFloat32: 0x7f80, -0x1p-133: 0x8001} {
		encode(gpu.BF16, b[:], v)
		if got := binary.LittleEndian.Uint16(b[:]); got != bits {
			t.Errorf("%v is %#04x, not %#04x", v, got, bits)
		}
	}
}

// The numbers below come from ONNX Runtime 1.32 on a CPU, in float32; operators
// Gelu, Mish, Tanh, Sigmoid, LayerNormalization, RMSNormalization, Softmax, LogSoftmax
// and Attention. They have its rounding errors.
const ortError = 4e-7

func TestActsAgreeWithONNXRuntime(t *testing.T) {
	x := []float64{-6, -3, -1.5, -0.75, -0.1, 0, 0.1, 0.5, 1, 2.25, 3.5, 7}
	for a, want := range map[gpu.Act][]float64{
		gpu.GELU:     {0, -0.0040496885776519775, -0.10021081566810608, -0.16997051239013672, -0.04601721838116646, 0.0, 0.05398278310894966, 0.3457312285900116, 0.8413447141647339, 2.2224950790405273, 3.499185800552368, 7.0},
		gpu.GELUTanh: {0, -0.0036375224590301514, -0.10042843222618103, -0.17003944516181946, -0.046017251908779144, 0.0, 0.053982753306627274, 0.3457140028476715, 0.8411920070648193, 2.2227985858917236, 3.4993836879730225, 7.0},
		gpu.Mish:     {-0.014854080975055695, -0.14564745128154755, -0.29809969663619995, -0.27649471163749695, -0.056788574904203415, 0.0, 0.06317941844463348, 0.37524524331092834, 0.8650984764099121, 2.2094569206237793, 3.493990659713745, 6.999989032745361},
		gpu.Tanh:     {-0.9999876022338867, -0.9950547218322754, -0.9051482081413269, -0.6351490020751953, -0.099667988717556, 0.0, 0.099667988717556, 0.46211716532707214, 0.7615941762924194, 0.9780261516571045, 0.9981779456138611, 0.9999983310699463},
		gpu.Sigmoid:  {0.0024726390838623047, 0.04742586612701416, 0.18242555856704712, 0.3208213150501251, 0.4750208258628845, 0.5, 0.5249791741371155, 0.6224592924118042, 0.7310585975646973, 0.9046505689620972, 0.9706878066062927, 0.9990889430046082},
	} {
		for i := range x {
			near(t, []float64{want[i]}, []float64{act(a, x[i])}, 2*ortError)
			if a == gpu.Sigmoid {
				near(t, []float64{want[i] * x[i]}, []float64{act(gpu.SiLU, x[i])}, 7*ortError)
				near(t, []float64{want[i] * x[i] / 1.702}, []float64{act(gpu.QuickGELU, x[i]/1.702)}, 7*ortError)
			}
		}
	}
	near(t, []float64{0, 4, 6, 0, 36}, []float64{act(gpu.ReLU, -2.0), act(gpu.ReLU2, 2.0), act(gpu.ReLU6, 7.0), act(gpu.ReLU6, -1.0), act(gpu.ReLU2, 6.0)}, 0)
}

// Every function's derivative is its slope.
func TestActGradients(t *testing.T) {
	for a := range gpu.NoActGrad {
		for x := -8.0; x < 8; x += 0.37 {
			const h = 1e-5
			want := (act(a, x+h) - act(a, x-h)) / (2 * h)
			near(t, []float64{want}, []float64{act(a.Grad(), x)}, 1e-8)
		}
	}
}

// host runs op in float64 over host memory.
func host(t *testing.T, op gpu.Op) {
	t.Helper()
	if err := errors.Join(gpu.Check(op, gpu.Vocabulary), evaluate[float64](op)); err != nil {
		t.Fatal(err)
	}
}

func values(e *Env, cols int, v ...float64) gpu.Tensor {
	return e.Make(gpu.F32, len(v)/cols, cols, func(i, j int) float64 { return v[i*cols+j] })
}

// near reports elements of got that are further from want than off.
func near(t *testing.T, want, got []float64, off float64) {
	t.Helper()
	for i, w := range want {
		if !(math.Abs(got[i]-w) <= off) {
			t.Errorf("element %d is %v, not %v", i, got[i], w)
		}
	}
}

// contents are t's elements, row after row.
func contents(t gpu.Tensor) []float64 { return slices.Concat(load[float64](t)...) }

var (
	ortRows = []float64{0.5, -1.25, 3, 0.75, -2, 100.5, 101, 99.25, 100, 102}
	ortGain = []float64{1, 0.5, 2, -1, 0.25}
)

func TestNormAgreesWithONNXRuntime(t *testing.T) {
	e := newEnv(roomy)
	op := &gpu.Norm{Dst: e.Out(gpu.F32, 2, 5), Stat: e.Out(gpu.F32, 2, 2), X: values(e, 5, ortRows...), Gain: values(e, 5, ortGain...), Bias: values(e, 5, 0, 0.1, -0.2, 0.3, 0.4), Eps: 1e-3}
	host(t, op)
	near(t, []float64{0.17217512428760529, -0.3160898685455322, 3.0139353275299072, -0.015654385089874268, 0.08434560894966125,
		-0.05388839170336723, 0.3424813151359558, -3.0020320415496826, 0.8927394151687622, 0.7906661629676819}, contents(op.Dst), 1e-5) // rows of mean 100
	near(t, []float64{0.2, 0.573917031288147, 100.55000305175781, 1.0777020454406738}, contents(op.Stat), 1e-5)
	op.RMS, op.Bias = true, gpu.Tensor{}
	host(t, op)
	near(t, []float64{0.28508663177490234, -0.35635828971862793, 3.421039581298828, -0.4276299476623535, -0.28508663177490234,
		0.9994602203369141, 0.5022163391113281, 1.9740582704544067, -0.9944878220558167, 0.25359439849853516}, contents(op.Dst), 2*ortError)
}

func TestSoftmaxAgreesWithONNXRuntime(t *testing.T) {
	e := newEnv(roomy)
	op := &gpu.Softmax{Dst: e.Out(gpu.F32, 2, 5), X: values(e, 5, ortRows...)}
	host(t, op)
	near(t, []float64{0.06792380660772324, 0.01180338766425848, 0.8274813294410706, 0.08721589297056198, 0.0055755251087248325,
		0.1246347427368164, 0.2054879516363144, 0.03570844978094101, 0.07559479027986526, 0.5585741400718689}, contents(op.Dst), ortError)
	op.Log = true
	host(t, op)
	near(t, []float64{-2.689368724822998, -4.439368724822998, -0.18936869502067566, -2.439368724822998, -5.189368724822998,
		-2.0823678970336914, -1.5823678970336914, -3.3323678970336914, -2.5823678970336914, -0.5823679566383362}, contents(op.Dst), 2*ortError)
}

// Four heads of two columns over two key heads, causal.
func TestAttentionAgreesWithONNXRuntime(t *testing.T) {
	e := newEnv(roomy)
	seqs := gpu.Seqs{Start: e.Ints(0), Len: e.Ints(3), N: 1, Max: 3}
	op := &gpu.Attention{
		Dst: e.Out(gpu.F32, 3, 8), Heads: 4, KVHeads: 2, Causal: true, QSeq: seqs, KSeq: seqs,
		Q: values(e, 8, 0.125, -0.125, 1.25, 1.0, -2.375, -0.25, 0.375, 1.0, 0.625, 0.125, -0.75, -1.25, -1.25, -0.75, -0.125, 1.375, -0.5, 0.375, -0.625, 0.0, -0.5, -0.375, -0.625, 0.375),
		K: values(e, 4, 0.875, 0.125, -1.0, -0.25, -0.75, -0.875, -0.125, 0.5, -0.5, 0.25, 0.25, 0.375),
		V: values(e, 4, -0.625, -0.125, 1.375, 0.75, 0.75, 1.5, 0.25, -0.375, -1.25, 1.5, 1.5, 2.0),
	}
	host(t, op)
	near(t, []float64{-0.625, -0.125, -0.625, -0.125, 1.375, 0.75, 1.375, 0.75,
		-0.20063716173171997, 0.37651970982551575, 0.5456830263137817, 1.258534550666809, 1.1087709665298462, 0.48377102613449097, 0.6353908181190491, 0.010390818119049072,
		-0.4214579164981842, 1.0981076955795288, -0.28284382820129395, 1.167471170425415, 1.09139084815979, 0.7518733739852905, 1.0371116399765015, 0.7168129086494446}, contents(op.Dst), 2*ortError)
}

// A product of each form, and all that surrounds it, by hand.
func TestGemmByHand(t *testing.T) {
	e := newEnv(roomy)
	a, b := []float64{1, 2, 3, 4}, []float64{5, 6, 7, 8}
	for form, want := range map[gpu.Form][]float64{gpu.NT: {17, 23, 39, 53}, gpu.NN: {19, 22, 43, 50}, gpu.TN: {26, 30, 38, 44}} {
		op := &gpu.Gemm{Dst: e.Out(gpu.F32, 2, 2), A: values(e, 2, a...), B: values(e, 2, b...), Form: form}
		host(t, op)
		near(t, want, contents(op.Dst), 0)
	}
	op := &gpu.Gemm{
		Dst: e.Out(gpu.F32, 2, 2), Pre: e.Out(gpu.F32, 2, 2), UpPre: e.Out(gpu.F32, 2, 2), A: values(e, 2, a...), B: values(e, 2, b...), Up: values(e, 2, 1, 0, 0, 1),
		Bias: values(e, 2, -20, 1), UpBias: values(e, 2, 0, -2), Mul: values(e, 2, 1, 2, 3, -4), Add: values(e, 2, 10, 20, 30, 40),
		Act: gpu.ReLU, MulAct: gpu.ReLU2, Alpha: 2,
	}
	host(t, op)
	near(t, []float64{14, 47, 58, 107}, contents(op.Pre), 0)
	near(t, []float64{2, 2, 6, 6}, contents(op.UpPre), 0)
	near(t, []float64{14*1*2 + 10, 47*4*2 + 20, 58*9*6 + 30, 40}, contents(op.Dst), 0)
}

// compare is what finds errors, so it must.
func TestCompare(t *testing.T) {
	e := newEnv(roomy)
	op := &gpu.Norm{Dst: e.Strided(gpu.F32, 3, 5, 8), X: e.Rand(gpu.F32, 3, 5), Eps: 1e-5}
	exact, naive, err := bothOracles(op, e.mem)
	if err != nil {
		t.Fatal(err)
	}
	at := func(i, j int) int { return 4 * (op.Dst.Off + i*op.Dst.Stride + j) }
	check := func(change func(b []byte)) error {
		got := slices.Clone(naive[0].data)
		change(got)
		return compare(got, exact[0], naive[0])
	}
	if err := errors.Join(check(func([]byte) {}), check(func(b []byte) { b[at(2, 4)] ^= 1 })); err != nil {
		t.Errorf("the naive values, or one an ulp away: %v", err)
	}
	for name, change := range map[string]func(b []byte){
		"gap":    func(b []byte) { b[at(0, 5)]++ },
		"before": func(b []byte) { b[at(0, 0)-1]++ },
		"after":  func(b []byte) { b[at(2, 5)+3]++ },
		"value":  func(b []byte) { b[at(1, 2)+1]++ }, // 2⁻¹⁵ of it
		"nan":    func(b []byte) { encode(gpu.F32, b[at(1, 2):], math.NaN()) },
		"inf":    func(b []byte) { encode(gpu.F32, b[at(1, 2):], math.Inf(1)) },
		"never":  func(b []byte) { copy(b, e.mem[0].data) },
	} {
		if check(change) == nil {
			t.Errorf("%s: a change that is not noticed", name)
		}
	}
}
