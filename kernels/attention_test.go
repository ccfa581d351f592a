package kernels

import (
	"math"
	"math/bits"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rapt-go/rapt/cuda/driver"
	"github.com/rapt-go/rapt/cuda/sim"
	"github.com/rapt-go/rapt/cuda/sim/arith"
)

// An attending is a launch of attention: its operands, and what the parameters of cu/attention.h that are zero mean by themselves.
type attending struct {
	dst, lse, q, k, v, bias *matrix
	qstart, qlen            []int32
	kstart, klen            []int32
	heads, group, d, dv     int
	causal                  bool
	scale                   float64

	pages    []int32 // of each sequence `columns`
	columns  int
	pageRows int

	part                      driver.Arg
	few, slots, chunk, chunks int
	dropped                   bool // with a rate of ½ and a key of 2³² + 7
}

func (a *attending) launch(r *rig, name string, grid [3]int) {
	r.t.Helper()
	r.launch(name, grid, a.args(r)...)
}

func (a *attending) args(r *rig) []driver.Arg {
	r.t.Helper()
	magic, shift, radius, limit, kept := 0, 0, 0, 0, float32(1)
	if a.pageRows > 0 {
		shift = bits.Len(uint(a.pageRows - 1))
		magic = (1<<shift-a.pageRows)<<32/a.pageRows + 1
	}
	if a.bias != nil {
		radius = a.bias.rows / 2
	}
	if a.dropped {
		limit, kept = 1<<23, 2
	}
	most := 0
	for _, n := range a.klen {
		most = max(most, int(n))
	}
	wide := r.pad%8 == 0 && a.d%8 == 0 && a.dv%8 == 0
	return []driver.Arg{a.dst.arg(), a.lse.arg(), a.part, r.ints(0), a.q.arg(), a.k.arg(), a.v.arg(), a.bias.arg(),
		r.ints(a.qstart...), r.ints(a.qlen...), r.ints(a.kstart...), r.ints(a.klen...), r.optional(a.pages),
		number(a.heads), number(a.group), number(a.d), number(a.dv), number(a.q.rows), number(a.k.rows), number(a.pageRows), number(magic), number(shift), number(radius), number(most),
		number(a.few), number(a.slots), number(a.chunk), number(a.chunks),
		a.dst.ld(), a.lse.ld(), a.q.ld(), a.k.ld(), a.v.ld(), a.bias.ld(), number(a.columns),
		truth(a.causal), a.dst.code(), a.q.code(), a.k.code(), truth(wide), driver.F32(float32(a.scale * math.Log2E)),
		number(limit), driver.F32(kept), 7, 1}
}

// combine joins the parts of the launch before.
func (a *attending) combine(r *rig) {
	r.t.Helper()
	r.launch("attention_combine", [3]int{a.few, a.heads, len(a.qlen)}, a.combineArgs(r)...)
}

func (a *attending) combineArgs(r *rig) []driver.Arg {
	r.t.Helper()
	return []driver.Arg{a.dst.arg(), a.lse.arg(), a.part,
		r.ints(a.qstart...), r.ints(a.qlen...), r.ints(a.klen...), number(a.heads), number(a.dv), number(a.q.rows),
		number(a.few), number(a.slots), number(a.chunk), number(a.chunks), a.dst.ld(), a.lse.ld(), a.dst.code()}
}

// optional is the address of numbers, null without any.
func (r *rig) optional(v []int32) driver.Arg {
	if len(v) == 0 {
		return 0
	}
	return r.ints(v...)
}

// attend makes operands of packed sequences, a row apart.
func (r *rig) attend(d dtype, rng *rand.Rand, queries, keys []int, heads, width int) *attending {
	qstart, rows := starts(queries)
	kstart, slots := starts(keys)
	held := members(kstart, keys)
	return &attending{
		dst: r.result(d, rows, heads*width), q: r.matrix(d, rows, heads*width, rng, members(qstart, queries)...),
		k: r.matrix(d, slots, heads*width, rng, held...), v: r.matrix(d, slots, heads*width, rng, held...),
		qstart: qstart, qlen: narrow(queries), kstart: kstart, klen: narrow(keys),
		heads: heads, group: 1, d: width, dv: width, scale: 1 / math.Sqrt(float64(width)),
	}
}

// check compares a result with the formula in float64.
func (a *attending) check(r *rig, d dtype, label string) {
	r.t.Helper()
	r.check(a.dst, func(row int) (want, tolerance []float64) {
		for s, start := range a.qstart {
			if row < int(start) || row >= int(start+a.qlen[s]) {
				continue
			}
			seen := int(a.klen[s])
			if a.causal {
				seen = min(seen, max(0, row-int(start)+1+seen-int(a.qlen[s])))
			}
			for h := range a.heads {
				w, e := attentionRow(d, a.q.row(row), a.k, a.v, int(a.kstart[s]), seen, h*a.d, a.d, a.scale)
				want, tolerance = append(want, w...), append(tolerance, e...)
			}
		}
		return want, tolerance
	}, label)
}

// flashWidths are those of the kernels on tensor cores.
var flashWidths = map[int]string{16: "16_", 32: "32_", 64: "64_", 128: "128_", 256: "256_"}

// TestAttention compares packed sequences of all kinds of lengths with the formula: none, one, tiles that are just full, queries
// without keys. The general kernel gives the same bits as the other one, and those again for rows that lie at odd places.
func TestAttention(t *testing.T) {
	const heads = 2
	test := func(r *rig, m mode) {
		seed := m.Seed
		for _, d := range []dtype{f16, bf16} {
			for width, name := range flashWidths {
				name += d.name
				if !r.has("attention_flash" + name) {
					continue
				}
				queries, keys := []int{3, 0, 65, 5, 64, 1}, []int{1, 7, 64, 0, 63, 133}
				if width != 64 {
					queries, keys = []int{3, 18}, []int{34, 5}
				}
				rng := rand.New(rand.NewPCG(seed, uint64(width)))
				a := r.attend(d, rng, queries, keys, heads, width)
				a.causal = seed%2 == 0
				a.launch(r, "attention_flash"+name, [3]int{2, heads, len(queries)})
				a.check(r, d, name)
				if m.Jitter { // which moves the approximations of each instruction by themselves
					continue
				}
				b := *a
				b.dst = r.result(d, a.dst.rows, a.dst.cols)
				b.launch(r, "attention_general"+name, [3]int{2, heads, len(queries)})
				require.Equal(t, r.copyOut(a.dst.at, a.dst.size()), r.copyOut(b.dst.at, b.dst.size()), "bits of the general kernel, %s", name)
			}
		}
		for width, name := range map[int]string{32: "attention_simt32", 64: "attention_simt64", 128: "attention_simt128", 256: "attention_simt256"} {
			rng := rand.New(rand.NewPCG(seed, uint64(width)))
			a := r.attend(f32, rng, []int{3, 0, 18, 1}, []int{35, 7, 18, 0}, heads, width)
			a.causal = seed%2 == 0
			a.launch(r, name, [3]int{2, heads, len(a.qlen)})
			a.check(r, f32, name)
			few := strings.Replace(name, "simt", "few", 1)
			if !r.has(few) {
				continue
			}
			b := *a
			b.dst = r.result(f32, a.dst.rows, a.dst.cols)
			b.launch(r, few, [3]int{2, heads, len(a.qlen)})
			require.Equal(t, r.copyOut(a.dst.at, a.dst.size()), r.copyOut(b.dst.at, b.dst.size()), "bits of %s", few)
		}
	}
	for _, m := range modes(t) {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			test(open(t, m.Options), m)
		})
	}
}

// TestAttentionParts compares sequences of few queries and many keys, which are split, with the formula, and rounds of one chunk with
// one round of all: the same bits.
func TestAttentionParts(t *testing.T) {
	queries, keys := []int{2, 1, 16, 17}, []int{600, 256, 257, 300}
	const heads, width = 2, 32
	for _, k := range []struct {
		name string
		dtype
	}{{"attention_flash32_f16", f16}, {"attention_general32_bf16", bf16}, {"attention_simt32", f32}} {
		r := open(t, sim.Options{Seed: 4})
		rng := rand.New(rand.NewPCG(5, 6))
		a := r.attend(k.dtype, rng, queries, keys, heads, width)
		a.lse = r.result(f32, a.q.rows, heads)
		a.few, a.slots, a.chunks = 16, 3, 3
		a.part = driver.Addr(r.alloc(f32, len(queries)*heads*a.few*a.slots, width+2).at)
		a.launch(r, k.name, [3]int{3, heads, len(queries)})
		a.combine(r)
		a.check(r, k.dtype, k.name)

		b := *a
		b.dst, b.lse = r.result(k.dtype, a.dst.rows, a.dst.cols), r.result(f32, a.q.rows, heads)
		b.slots, b.chunks = 2, 1
		for b.chunk = range 3 {
			x := 1
			if b.chunk == 0 {
				x = 2 // for the seventeen queries
			}
			b.launch(r, k.name, [3]int{x, heads, len(queries)})
			b.combine(r)
		}
		require.Equal(t, r.copyOut(a.dst.at, a.dst.size()), r.copyOut(b.dst.at, b.dst.size()), k.name)
		require.Equal(t, r.copyOut(a.lse.at, a.lse.size()), r.copyOut(b.lse.at, b.lse.size()), k.name)
	}
}

// TestAttentionEdges gives scores of −∞, to one query all and to one the first tile of keys, and to one NaN.
func TestAttentionEdges(t *testing.T) {
	const queries, keys, width, huge = 3, 70, 32, 1e20 // huge² is beyond f32
	for _, numerics := range []arith.Model{arith.Exact, arith.InOrder, arith.Truncating} {
		r := open(t, sim.Options{Numerics: numerics})
		a := r.attend(bf16, rand.New(rand.NewPCG(3, 4)), []int{queries}, []int{keys}, 1, width)
		a.scale = 1 / math.Log2E
		for row, value := range []float64{-huge, -huge, math.NaN()} {
			r.set(a.q, row, func(col int) float64 {
				if col == row {
					return value
				}
				return 0
			})
		}
		for key := range keys {
			r.set(a.k, key, func(col int) float64 {
				if col == 0 || col == 1 && key < 64 {
					return huge
				}
				return 0
			})
		}
		a.launch(r, "attention_flash32_bf16", [3]int{1, 1, 1})
		got := r.copyOut(a.dst.at, a.dst.size())
		for col := range width {
			mean := 0.0
			for key := 64; key < keys; key++ {
				mean += a.v.row(key)[col] / (keys - 64)
			}
			require.Zero(t, bf16.get(got, col), "all scores are −∞")
			require.InDelta(t, mean, bf16.get(got, a.dst.step+col), 2*bf16.unit*math.Abs(mean), "scores of −∞ count for nothing")
			require.True(t, math.IsNaN(bf16.get(got, 2*a.dst.step+col)), "NaN")
		}
	}
}

// TestAttentionBudget holds what is counted of a launch against what the kernels are made for: of 256 queries and keys, in a matrix of
// two heads of 64 columns, every byte is moved once a block, and no bank is met twice.
func TestAttentionBudget(t *testing.T) {
	r := open(t, sim.Options{})
	r.pad = 16 // rows of whole sectors, of 32 bytes
	const n, heads, width = 256, 2, 64
	a := r.attend(bf16, rand.New(rand.NewPCG(1, 2)), []int{n}, []int{n}, heads, width)
	a.launch(r, "attention_flash64_bf16", [3]int{n / 64, heads, 1})
	c := r.Counters()[0].Total
	t.Logf("%d instructions of warps, SIMD %.2f, %d sectors of %d, %d wavefronts of %d, %d FLOPs by mma", c.Warp, c.SIMD(), c.Sectors, c.Ideal, c.Wavefronts, c.WavefrontsIdeal, c.MMAFLOPs)
	require.EqualValues(t, heads*4*n*n*width, c.MMAFLOPs)
	require.Zero(t, c.Conflicts(), "bank conflicts")
	const blocks = heads * n / 64
	moved := blocks * (2*64 + 2*n) * width * 2 / 32 // queries and results, keys and values
	require.LessOrEqual(t, c.Sectors, uint64(moved+8*4*4*blocks), "sectors: those, and numbers of the sequence for each warp")

	// One query of 1024 keys, in four parts: keys and values are read once, and the parts are small beside them.
	r = open(t, sim.Options{})
	r.pad = 16
	a = r.attend(bf16, rand.New(rand.NewPCG(1, 2)), []int{1}, []int{1024}, 1, width)
	a.few, a.slots, a.chunks = 1, 4, 4
	a.part = driver.Addr(r.alloc(f32, 4, width+2).at)
	a.launch(r, "attention_flash64_bf16", [3]int{4, 1, 1})
	a.combine(r)
	c = r.Counters()[0].Total
	t.Logf("parts: %d instructions of warps, %d sectors of %d, conflicts %d", c.Warp, c.Sectors, c.Ideal, c.Conflicts())
	require.LessOrEqual(t, float64(c.Sectors), 1.05*2*1024*width*2/32, "sectors")

	// Without tensor cores: no bank is met twice but where four rows of probabilities are written.
	r = open(t, sim.Options{})
	a = r.attend(f32, rand.New(rand.NewPCG(1, 2)), []int{64}, []int{128}, 1, width)
	a.launch(r, "attention_simt64", [3]int{1, 1, 1})
	c = r.Counters()[0].Total
	t.Logf("simt: %d instructions of warps, SIMD %.2f, %d sectors of %d, conflicts %d of %d", c.Warp, c.SIMD(), c.Sectors, c.Ideal, c.Conflicts(), c.Wavefronts)
	require.Zero(t, c.Conflicts(), "bank conflicts")
}

// starts lays sequences one behind the other, with a row between them that belongs to none.
func starts(lengths []int) (start []int32, rows int) {
	for _, n := range lengths {
		start = append(start, int32(rows))
		rows += n + 1
	}
	return start, rows - 1
}

// members are the rows that belong to sequences.
func members(start []int32, lengths []int) (rows []int) {
	for s, first := range start {
		for i := range lengths[s] {
			rows = append(rows, int(first)+i)
		}
	}
	return rows
}

func narrow(v []int) []int32 {
	w := make([]int32, len(v))
	for i, x := range v {
		w[i] = int32(x)
	}
	return w
}

// attentionRow is a query's result in float64 and how far a kernel may be from it. With e = 2⁻²³ (see gemmRow), n keys and d
// columns, a score in base 2 is off by δ = d·e·Σ|q·k|·scale, by e of itself for the scale, and by ½e for each of the two
// products with it that are subtracted: its own and the maximum's. So a weight is off by ln 2·2δ relatively, and by 2½ ulp for
// each exponential: its own and those that n/64 later tiles correct it by, each with a product. Sums are off by n·e, of the
// weights, and of the products with V, whose weights are rounded to the dtype. Numerator and denominator have these errors
// both. A last quotient, product and rounding.
func attentionRow(d dtype, q []float64, k, v *matrix, start, keys, column, width int, scale float64) (want, tolerance []float64) {
	const e = 0x1p-23
	want, tolerance = make([]float64, width), make([]float64, width)
	scores, top, delta := make([]float64, keys), math.Inf(-1), 0.0
	for j := range scores {
		size := 0.0
		for c := column; c < column+width; c++ {
			scores[j] += q[c] * k.row(start + j)[c] * scale
			size += math.Abs(q[c]*k.row(start + j)[c]) * scale
		}
		top = max(top, scores[j])
		delta = max(delta, (float64(width)+3)*e*size)
	}
	var sum float64
	for j := range scores {
		scores[j] = math.Exp(scores[j] - top)
		sum += scores[j]
	}
	relative := math.Expm1(2*delta) + float64(ceil(keys, 64))*(2.5*2*e+e) + float64(keys)*e
	for c := range want {
		var size float64
		for j, p := range scores {
			want[c] += p / sum * v.row(start + j)[column+c]
			size += p / sum * math.Abs(v.row(start + j)[column+c])
		}
		inner := (2*relative + d.unit + 3*e) * size
		// Weights below the least normal number of the dtype are rounded to multiples of tiny.
		for j := range scores {
			inner += d.tiny / sum * math.Abs(v.row(start + j)[column+c])
		}
		tolerance[c] = inner + d.unit*(math.Abs(want[c])+inner) + d.tiny
	}
	return want, tolerance
}
