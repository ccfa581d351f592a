package kernels

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"flag"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-go/rapt/cuda/driver"
	"github.com/rapt-go/rapt/cuda/sim"
)

var (
	clang  = flag.String("clang", "", "compare cu/math.h compiled for the host by this compiler")
	record = flag.Bool("record", false, "with -clang: write testdata/twins.txt.gz")
)

const (
	recorded   = 2000
	compared   = 1_000_000
	recordPath = "testdata/twins.txt.gz"
)

// functions are those of cu/math.h, what they compute in float64, and their bounds there, in units of 2⁻²⁴.
var functions = []function{
	{"exp2", math.Exp2, units(4)},
	{"exp", math.Exp, units(3)},
	{"expm1", math.Expm1, units(6)},
	{"log", math.Log, units(3)},
	{"tanh", math.Tanh, units(6)},
	{"sigmoid", logistic, units(6)},
	{"normal", normalCDF, units(16)},
	{"gelu", func(x float64) float64 { return x * normalCDF(x) }, units(24)},
	{"gelu_tanh", func(x float64) float64 { return x * logistic(tanhArgument(x)) }, func(x float64) float64 { return 8 + 6*math.Abs(tanhArgument(x)) }},
	{"quick_gelu", func(x float64) float64 { return x * logistic(quick(x)) }, func(x float64) float64 { return 8 + 2*math.Abs(quick(x)) }},
	{"relu", relu, units(0)},
	{"relu2", func(x float64) float64 { return relu(x) * relu(x) }, units(1)},
	{"relu6", func(x float64) float64 { return min(relu(x), 6) }, units(0)},
	{"silu", func(x float64) float64 { return x * logistic(x) }, units(8)},
	{"mish", func(x float64) float64 { return x * mishTanh(x) }, units(10)},
	sum("gelu_grad", 20, 0, nil, normalCDF, func(x float64) float64 { return x * math.Exp(-x*x/2) / math.Sqrt(2*math.Pi) }),
	geluTanhGrad(),
	sum("quick_gelu_grad", 14, 2, quick, func(x float64) float64 { return logistic(quick(x)) },
		func(x float64) float64 { return quick(x) * logisticSlope(quick(x)) }),
	{"relu_grad", func(x float64) float64 { return step(x, x > 0) }, units(0)},
	{"relu2_grad", func(x float64) float64 { return 2 * relu(x) }, units(0)},
	{"relu6_grad", func(x float64) float64 { return step(x, x > 0 && x < 6) }, units(0)},
	sum("silu_grad", 14, 0, nil, logistic, func(x float64) float64 { return x * logisticSlope(x) }),
	{"tanh_grad", func(x float64) float64 { return 4 * logisticSlope(2*x) }, units(10)},
	{"sigmoid_grad", logisticSlope, units(10)},
	sum("mish_grad", 22, 0, nil, mishTanh, func(x float64) float64 {
		c := math.Cosh(softplus(x))
		return x * logistic(x) / (c * c)
	}),
}

type function = struct {
	name  string
	exact func(x float64) float64
	bound func(x float64) float64
}

// sum is a function of two terms, whose bound, n and the argument times of, is of their magnitudes.
func sum(name string, n, of float64, argument, a, b func(float64) float64) function {
	second := func(x float64) float64 { // what is infinite times zero here is beyond f32's range there
		if y := b(x); !math.IsNaN(y) || math.IsNaN(x) {
			return y
		}
		return 0
	}
	return function{name, func(x float64) float64 { return a(x) + second(x) }, func(x float64) float64 {
		units := n
		if of > 0 {
			units += of * math.Abs(argument(x))
		}
		return units * (math.Abs(a(x)) + math.Abs(second(x))) / math.Abs(a(x)+second(x))
	}}
}

func geluTanhGrad() function {
	factor := func(x float64) float64 { return x * math.Sqrt(8/math.Pi) * (1 + 3*0.044715*x*x) }
	f := sum("gelu_tanh_grad", 20, 6, tanhArgument, func(x float64) float64 { return logistic(tanhArgument(x)) },
		func(x float64) float64 { return factor(x) * logisticSlope(tanhArgument(x)) })
	bound := f.bound
	f.bound = func(x float64) float64 { return bound(x) + 0x1p-149*math.Abs(factor(x)/f.exact(x))/0x1p-24 }
	return f
}

func relu(x float64) float64          { return max(x, 0) }
func quick(x float64) float64         { return 1.702 * x }
func softplus(x float64) float64      { return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }
func mishTanh(x float64) float64      { return math.Tanh(softplus(x)) }
func logisticSlope(x float64) float64 { return logistic(x) * logistic(-x) }

// step is 1 or 0, or NaN.
func step(x float64, on bool) float64 {
	switch {
	case math.IsNaN(x):
		return x
	case on:
		return 1
	}
	return 0
}

func units(n float64) func(float64) float64 { return func(float64) float64 { return n } }

func logistic(x float64) float64     { return 1 / (1 + math.Exp(-x)) }
func normalCDF(x float64) float64    { return math.Erfc(-x/math.Sqrt2) / 2 }
func tanhArgument(x float64) float64 { return 2 * math.Sqrt(2/math.Pi) * (x + 0.044715*x*x*x) }

// TestTwins compares the functions on the simulator with what the host's compiler made of the same source, to the bit, as
// recorded, and with float64.
func TestTwins(t *testing.T) {
	b, err := os.ReadFile("cu/math.h")
	require.NoError(t, err)
	list := regexp.MustCompile(`\bF\((\w+)\)`).FindAllStringSubmatch(string(b), -1)[1:] // the first is the macro's comment
	require.Len(t, list, len(functions), "functions of MATH_FUNCTIONS")
	x, host := readRecord(t)
	require.Len(t, x, recorded)
	for i, f := range functions {
		require.Equal(t, list[i][1], f.name)
		got := simulate(t, f.name, x)
		sameBits(t, f.name, x, host[i], got)
		accurate(t, f.name, f.exact, f.bound, x, got)
	}
}

// TestTwinsHost compares a million numbers with -clang, and records with -record.
func TestTwinsHost(t *testing.T) {
	if *clang == "" {
		t.Skip("needs -clang; TestTwins compares with its recorded results")
	}
	program := filepath.Join(t.TempDir(), "twins")
	out, err := exec.Command(*clang, "-O2", "-std=c++17", "-ffp-contract=off", "-Wall", "-Wextra", "-Werror", "-I", "cu",
		"testdata/twins.cc", "-o", program, "-lm").CombinedOutput()
	require.NoError(t, err, string(out))
	x := numbers(compared)
	var host [][]float32
	for _, f := range functions {
		y := runHost(t, program, f.name, x)
		got := simulate(t, f.name, x)
		sameBits(t, f.name, x, y, got)
		worst := accurate(t, f.name, f.exact, f.bound, x, got)
		t.Logf("%-9s %d numbers have the same bits; the largest error is %.2f of its bound", f.name, len(x), worst)
		host = append(host, y[:recorded])
	}
	if *record && !t.Failed() {
		writeRecord(t, x[:recorded], host)
	}
}

// numbers are edges, then numbers of all sizes that functions tell apart, then any bits.
func numbers(n int) []float32 {
	rng := rand.New(rand.NewPCG(1, 2))
	x := []float32{0, 1, 2, 0.5, 0.34657, 0.34658, 5, 9.01, 9.02, 10, 13, 14.4, 15, 16, 19, 20, 21, 60, 87.3, 87.4, 88.72, 88.73, 89, 103.9, 104,
		105, 126, 127, 128, 129, 149, 150, 152, 160, 0x1p-126, 0x1p-149, 0x1p-24, 0x1p24, math.MaxFloat32, float32(math.Inf(1)), float32(math.NaN())}
	for _, v := range x {
		x = append(x, -v)
	}
	for len(x) < n {
		v := float32(rng.NormFloat64() * math.Exp(4*rng.Float64()-1))
		if len(x)%4 == 0 {
			v = math.Float32frombits(rng.Uint32())
		}
		x = append(x, v)
	}
	return x
}

// simulate is a function of every number, by the simulator.
func simulate(t *testing.T, name string, x []float32) []float32 {
	t.Helper()
	r := open(t, sim.Options{})
	code, err := os.ReadFile("testdata/twins.sm_75.ptx")
	require.NoError(t, err)
	m, err := r.Load(code)
	require.NoError(t, err)
	f, err := m.Func("twin_" + name)
	require.NoError(t, err)
	in, err := r.Alloc(4 * len(x))
	require.NoError(t, err)
	out, err := r.Alloc(4 * len(x))
	require.NoError(t, err)
	r.copyIn(in, toBytes(x))
	require.NoError(t, r.stream.Launch(f, driver.Config{Grid: [3]int{ceil(len(x), 128), 1, 1}, Block: [3]int{128, 1, 1}},
		[]driver.Arg{driver.Addr(out), driver.Addr(in), driver.I32(int32(len(x)))}))
	return toFloats(r.copyOut(out, 4*len(x)))
}

func runHost(t *testing.T, program, name string, x []float32) []float32 {
	t.Helper()
	cmd := exec.Command(program, name)
	cmd.Stdin = bytes.NewReader(toBytes(x))
	out, err := cmd.Output()
	require.NoError(t, err)
	require.Len(t, out, 4*len(x))
	return toFloats(out)
}

// sameBits fails where results differ, but for the bits of NaN, which the host's instructions choose otherwise.
func sameBits(t *testing.T, name string, x, want, got []float32) {
	t.Helper()
	require.Len(t, got, len(want))
	for i, w := range want {
		if math.Float32bits(w) != math.Float32bits(got[i]) && (w == w || got[i] == got[i]) {
			require.FailNow(t, "other bits", "%s(%g = %#x) is %g on the host and %g on the simulator", name, x[i], math.Float32bits(x[i]), w, got[i])
		}
	}
}

// accurate holds results against float64 and gives the largest error as a fraction of the bound, which subnormal numbers on
// the way raise by the least of them, times x where it is a factor.
func accurate(t *testing.T, name string, exact, bound func(float64) float64, x, got []float32) (worst float64) {
	t.Helper()
	const u, least = 0x1p-24, 0x1p-149
	failures := 0
	for i, v := range x {
		want, y := exact(float64(v)), float64(got[i])
		switch {
		case math.IsNaN(want):
			assert.True(t, math.IsNaN(y), "%s(%g) is %g, not NaN", name, v, y)
			continue
		case float64(float32(want)) == y:
			continue // the nearest, infinities too
		}
		fraction := math.Abs(y-want) / (math.Abs(want)*u*bound(float64(v)) + least*max(1, math.Abs(float64(v))))
		worst = max(worst, fraction)
		if !(fraction <= 1) && failures < 5 {
			failures++
			assert.Fail(t, "inaccurate", "%s(%g) is %g, not %g: %.2f of the bound", name, v, y, want, fraction)
		}
	}
	return worst
}

// A record is a line for each number, the bits of it and of the functions of it.
func writeRecord(t *testing.T, x []float32, host [][]float32) {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	require.NoError(t, err)
	for i := range x {
		line := []string{fmt.Sprintf("%08x", math.Float32bits(x[i]))}
		for _, y := range host {
			line = append(line, fmt.Sprintf("%08x", math.Float32bits(y[i])))
		}
		_, err := fmt.Fprintln(w, strings.Join(line, " "))
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	require.NoError(t, os.WriteFile(recordPath, b.Bytes(), 0o644))
}

func readRecord(t *testing.T) (x []float32, host [][]float32) {
	f, err := os.Open(recordPath)
	require.NoError(t, err)
	defer f.Close()
	z, err := gzip.NewReader(f)
	require.NoError(t, err)
	text, err := io.ReadAll(z)
	require.NoError(t, err)
	host = make([][]float32, len(functions))
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		require.Len(t, words, 1+len(functions))
		for i, word := range words {
			var bits uint32
			_, err := fmt.Sscanf(word, "%x", &bits)
			require.NoError(t, err)
			if i == 0 {
				x = append(x, math.Float32frombits(bits))
			} else {
				host[i-1] = append(host[i-1], math.Float32frombits(bits))
			}
		}
	}
	return x, host
}

func toBytes(x []float32) []byte {
	b := make([]byte, 0, 4*len(x))
	for _, v := range x {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return b
}

func toFloats(b []byte) []float32 {
	x := make([]float32, len(b)/4)
	for i := range x {
		x[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return x
}
