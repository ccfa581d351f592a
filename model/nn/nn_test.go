package nn_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	cpu "github.com/rapt-go/rapt/cpu_fallback"
	"github.com/rapt-go/rapt/gpu"
	"github.com/rapt-go/rapt/model"
	"github.com/rapt-go/rapt/model/nn"
	"github.com/rapt-go/rapt/model/safetensors"
)

// A rig is a stream and a source of operands, which float32 holds exactly.
type rig struct {
	testing.TB
	b   gpu.Backend
	s   *gpu.Stream
	rnd *rand.Rand
}

func newRig(t testing.TB) *rig {
	b, err := cpu.Open()
	require.NoError(t, err)
	s, err := gpu.NewStream(b)
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, s.Close())
		require.NoError(t, b.Close())
	})
	return &rig{t, b, s, rand.New(rand.NewPCG(1, 2))}
}

func (r *rig) random(n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = float64(float32(r.rnd.NormFloat64()))
	}
	return x
}

func (r *rig) tensor(rows, cols int, x []float64) gpu.Tensor {
	t := r.s.Temp(gpu.F32, rows, cols)
	gpu.Write(r.s, t, as[float32](x))
	return t
}

func (r *rig) read(x gpu.Tensor) []float32 {
	v, err := gpu.Read[float32](r.s, x)
	require.NoError(r, err)
	return v
}

type real interface{ float32 | float64 }

func as[T real](x []float64) []T {
	y := make([]T, len(x))
	for i, v := range x {
		y[i] = T(v)
	}
	return y
}

// same compares with what a naive computation gives in float64. The tolerance is the
// one of the golden fixtures: three times the error of the naive computation in float32,
// of its mean square twice, and 2⁻²² of the largest value for where that was lucky.
func (r *rig) same(got []float32, want []float64, naive []float32) {
	r.Helper()
	require.Len(r, got, len(want))
	require.Len(r, naive, len(want))
	var most, norm, worst, sum, naiveWorst, naiveSum float64
	for i, w := range want {
		require.False(r, math.IsNaN(float64(got[i])))
		d, e := math.Abs(float64(got[i])-w), math.Abs(float64(naive[i])-w)
		most, norm = max(most, math.Abs(w)), norm+w*w
		worst, sum, naiveWorst, naiveSum = max(worst, d), sum+d*d, max(naiveWorst, e), naiveSum+e*e
	}
	require.NotZero(r, norm)
	n := float64(len(want))
	require.LessOrEqual(r, worst, 3*naiveWorst+0x1p-22*most)
	require.LessOrEqual(r, math.Sqrt(sum/n), 2*math.Sqrt(naiveSum/n)+0x1p-22*most)
}

// linear is act(x·wᵀ + b), x of rows of k, w of rows of k.
func linear[T real](x, w, b []T, k int, act func(float64) float64) (y []T) {
	for i := 0; i < len(x); i += k {
		for j := range len(w) / k {
			var sum T
			for c := range k {
				sum += x[i+c] * w[j*k+c]
			}
			y = append(y, T(act(float64(sum+b[j]))))
		}
	}
	return y
}

// norm is the layer norm of rows of n.
func norm[T real](x, gain, bias []T, n int, eps T) (y []T) {
	for i := 0; i < len(x); i += n {
		var mean, variance T
		for _, v := range x[i:][:n] {
			mean += v
		}
		mean /= T(n)
		for _, v := range x[i:][:n] {
			variance += (v - mean) * (v - mean)
		}
		variance /= T(n)
		for c, v := range x[i:][:n] {
			y = append(y, (v-mean)/T(math.Sqrt(float64(variance+eps)))*gain[c]+bias[c])
		}
	}
	return y
}

func plus[T real](x, y []T) []T {
	z := make([]T, len(x))
	for i := range x {
		z[i] = x[i] + y[i]
	}
	return z
}

// attend is self-attention of sequences of the given lengths; rows of qkv are queries,
// keys and values of n.
func attend[T real](qkv []T, lens []int, n, heads int) []T {
	y := make([]T, len(qkv)/3)
	d, at := n/heads, 0
	for _, length := range lens {
		for h := range heads {
			for i := range length {
				q := qkv[(at+i)*3*n+h*d:]
				p, sum := make([]T, length), T(0)
				for j := range p {
					k := qkv[(at+j)*3*n+n+h*d:]
					for c := range d {
						p[j] += q[c] * k[c]
					}
					p[j] = T(math.Exp(float64(p[j] / T(math.Sqrt(float64(d))))))
					sum += p[j]
				}
				for j := range p {
					v := qkv[(at+j)*3*n+2*n+h*d:]
					for c := range d {
						y[(at+i)*n+h*d+c] += p[j] / sum * v[c]
					}
				}
			}
		}
		at += length
	}
	return y
}

func identity(x float64) float64 { return x }

func TestLinear(t *testing.T) {
	r := newRig(t)
	for _, c := range []struct{ m, n, k int }{{1, 1, 1}, {5, 7, 3}, {33, 19, 130}} {
		x, w, b := r.random(c.m*c.k), r.random(c.n*c.k), r.random(c.n)
		for _, act := range []string{"linear", "tanh", "gelu"} {
			l := nn.Linear{Weight: r.tensor(c.n, c.k, w), Bias: r.tensor(1, c.n, b)}
			l.Act, _ = nn.Activation(act)
			want, naive := linear(x, w, b, c.k, act2fn[act]), linear(as[float32](x), as[float32](w), as[float32](b), c.k, act2fn[act])
			y := l.Forward(r.s, r.tensor(c.m, c.k, x))
			require.Equal(t, [2]int{c.m, c.n}, [2]int{y.Rows, y.Cols})
			r.same(r.read(y), want, naive)
			r.same(r.read(l.Logits(r.s, r.tensor(c.m, c.k, x))), want, naive)
		}
		l := nn.Linear{Weight: r.tensor(c.n, c.k, w)} // without a bias
		none := make([]float64, c.n)
		r.same(r.read(l.Forward(r.s, r.tensor(c.m, c.k, x))), linear(x, w, none, c.k, identity),
			linear(as[float32](x), as[float32](w), as[float32](none), c.k, identity))
	}
}

func TestNorm(t *testing.T) {
	r := newRig(t)
	for _, c := range []struct {
		m, n int
		eps  float64
	}{{1, 2, 1e-12}, {7, 30, 1e-5}, {3, 257, 0.5}} {
		eps := float64(float32(c.eps))
		x, y, gain, bias := r.random(c.m*c.n), r.random(c.m*c.n), r.random(c.n), r.random(c.n)
		l := nn.Norm{Gain: r.tensor(1, c.n, gain), Bias: r.tensor(1, c.n, bias), Eps: float32(eps)}
		narrow := func(x []float32) []float32 {
			return norm(x, as[float32](gain), as[float32](bias), c.n, float32(eps))
		}
		want, naive := norm(x, gain, bias, c.n, eps), narrow(as[float32](x))
		tx := r.tensor(c.m, c.n, x)
		r.same(r.read(l.Forward(r.s, r.s.Like(tx), tx)), want, naive)
		r.same(r.read(l.Forward(r.s, tx, tx)), want, naive)

		want, naive = norm(plus(x, y), gain, bias, c.n, eps), narrow(plus(as[float32](x), as[float32](y)))
		for _, into := range []int{0, 1, 2} {
			tx, ty := r.tensor(c.m, c.n, x), r.tensor(c.m, c.n, y)
			dst := [...]gpu.Tensor{r.s.Like(tx), tx, ty}[into]
			require.Equal(t, dst, l.Add(r.s, dst, tx, ty))
			r.same(r.read(dst), want, naive)
		}
	}
}

func TestEmbedding(t *testing.T) {
	r := newRig(t)
	const n, vocab, positions, types = 5, 11, 6, 2
	words, pos, typ := r.random(vocab*n), r.random(positions*n), r.random(types*n)
	e := nn.Embedding{Words: r.tensor(vocab, n, words), Positions: r.tensor(positions, n, pos), Types: r.tensor(types, n, typ)}
	in := []model.Input{{IDs: []int32{10, 3}, Types: []int32{1, 0}}, {}, {IDs: []int32{0, 0, 7, 1}}}
	b := model.Pack(r.s, model.Limits{Vocab: vocab, Length: positions, Types: types, FirstPosition: 2}, in...)
	sums := func(typed float64) (want []float64, naive []float32) {
		for _, in := range in {
			for i, id := range in.IDs {
				for c := range n {
					w, p, k := words[int(id)*n+c], pos[(2+i)*n+c], 0.0
					if in.Types != nil {
						k = typ[int(in.Types[i])*n+c] * typed
					} else {
						k = typ[c] * typed
					}
					want, naive = append(want, w+p+k), append(naive, float32(w)+float32(p)+float32(k))
				}
			}
		}
		return want, naive
	}
	want, naive := sums(1)
	r.same(r.read(e.Forward(r.s, b)), want, naive)
	e.Types = gpu.Tensor{}
	want, naive = sums(0)
	b.Types = gpu.Tensor{}
	r.same(r.read(e.Forward(r.s, b)), want, naive)
}

func TestAttention(t *testing.T) {
	r := newRig(t)
	for _, c := range []struct {
		n, heads int
		lens     []int
	}{{4, 1, []int{1}}, {12, 3, []int{5, 0, 1, 9}}, {32, 4, []int{70, 3}}} {
		rows := 0
		for _, l := range c.lens {
			rows += l
		}
		x := r.random(rows * c.n)
		w, b, o, ob := r.random(3*c.n*c.n), r.random(3*c.n), r.random(c.n*c.n), r.random(c.n)
		for i := range w {
			w[i] = float64(float32(w[i] / math.Sqrt(float64(c.n))))
		}
		l := nn.Attention{Heads: c.heads,
			QKV: nn.Linear{Weight: r.tensor(3*c.n, c.n, w), Bias: r.tensor(1, 3*c.n, b)},
			Out: nn.Linear{Weight: r.tensor(c.n, c.n, o), Bias: r.tensor(1, c.n, ob)}}
		var inputs []model.Input
		for _, n := range c.lens {
			inputs = append(inputs, model.Input{IDs: make([]int32, n)})
		}
		batch := model.Pack(r.s, model.Limits{Vocab: 1}, inputs...)
		got := r.read(l.Self(r.s, r.tensor(rows, c.n, x), batch.Seqs))
		want := linear(attend(linear(x, w, b, c.n, identity), c.lens, c.n, c.heads), o, ob, c.n, identity)
		qkv := linear(as[float32](x), as[float32](w), as[float32](b), c.n, identity)
		r.same(got, want, linear(attend(qkv, c.lens, c.n, c.heads), as[float32](o), as[float32](ob), c.n, identity))
	}
}

func TestFFN(t *testing.T) {
	r := newRig(t)
	const m, n, inner = 9, 14, 50
	x, u, ub, d, db := r.random(m*n), r.random(inner*n), r.random(inner), r.random(n*inner), r.random(n)
	l := nn.FFN{Up: nn.Linear{Weight: r.tensor(inner, n, u), Bias: r.tensor(1, inner, ub), Act: gpu.SiLU},
		Down: nn.Linear{Weight: r.tensor(n, inner, d), Bias: r.tensor(1, n, db)}}
	silu := act2fn["silu"]
	r.same(r.read(l.Forward(r.s, r.tensor(m, n, x))),
		linear(linear(x, u, ub, n, silu), d, db, inner, identity),
		linear(linear(as[float32](x), as[float32](u), as[float32](ub), n, silu), as[float32](d), as[float32](db), inner, identity))
}

// Layers read what PyTorch's modules are stored as.
func TestLoad(t *testing.T) {
	r := newRig(t)
	src := source{}
	weight, bias, gain, shift := r.random(6), r.random(2), r.random(4), r.random(4)
	src.put("a.weight", weight, 2, 3)
	src.put("a.bias", bias, 2)
	src.put("n.gamma", gain, 4)
	src.put("n.beta", shift, 4)
	w := model.NewWeights(r.b, src, gpu.F32, gpu.Plain)
	l, n := nn.LoadLinear(w.At("a"), 2, 3), nn.LoadNorm(w.At("n"), 4, 0.25)
	require.NoError(t, w.Finish())
	require.Equal(t, as[float32](weight), r.read(l.Weight))
	require.Equal(t, as[float32](bias), r.read(l.Bias))
	require.Equal(t, [2]int{2, 3}, [2]int{l.Weight.Rows, l.Weight.Cols})
	require.Equal(t, as[float32](gain), r.read(n.Gain))
	require.Equal(t, as[float32](shift), r.read(n.Bias))
	require.Equal(t, float32(0.25), n.Eps)
	require.NoError(t, w.Close())

	w = model.NewWeights(r.b, src, gpu.F32, gpu.Plain)
	nn.LoadLinear(w.At("b"), 2, 3)
	require.EqualError(t, w.Finish(), "bad weights: b.weight is missing, [2 3] wanted\nbad weights: b.bias is missing, [2] wanted")
}

// A source is tensors in memory.
type source map[string]safetensors.Tensor

func (s source) put(name string, x []float64, shape ...int) {
	var b []byte
	for _, v := range x {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(float32(v)))
	}
	s[name] = safetensors.Tensor{Name: name, DType: safetensors.F32, Shape: shape, Src: bytes.NewReader(b), Size: int64(len(b))}
}

func (s source) Lookup(name string) (safetensors.Tensor, bool) {
	t, ok := s[name]
	return t, ok
}

func (s source) Tensors() (all []safetensors.Tensor) {
	for _, t := range s {
		all = append(all, t)
	}
	return all
}

// Dropout is the stream's business: without training there is none.
func TestDropoutOnlyInTraining(t *testing.T) {
	r := newRig(t)
	l := nn.Linear{Weight: r.tensor(40, 3, r.random(120)), Drop: 0.5}
	x := r.tensor(10, 3, r.random(30))
	plain := r.read(nn.Linear{Weight: l.Weight}.Forward(r.s, x))
	require.Equal(t, plain, r.read(l.Forward(r.s, x)))
	r.s.Train(7)
	dropped, twice := 0, 0
	for i, y := range r.read(l.Forward(r.s, x)) {
		switch {
		case y == 0:
			dropped++
		case y == 2*plain[i]:
			twice++
		}
	}
	require.Equal(t, len(plain), dropped+twice)
	require.NotZero(t, dropped)
	require.NotZero(t, twice)
}
