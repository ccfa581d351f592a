package kernels

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rapt-go/rapt/cuda/driver"
	"github.com/rapt-go/rapt/cuda/sim"
	"github.com/rapt-go/rapt/cuda/sim/arith"
)

// TestAttention compares packed sequences of all kinds of lengths with the formula in float64: none, one, tiles that are just
// full, queries without keys.
func TestAttention(t *testing.T) {
	queries, keys := []int{3, 0, 65, 5, 64, 1}, []int{1, 7, 64, 0, 63, 133}
	const heads = 2
	each(t, func(r *rig, seed uint64) {
		for _, d := range []dtype{f16, bf16} {
			for _, width := range []int{32, 64} {
				name := map[int]string{32: "attention_flash32_", 64: "attention_flash64_"}[width] + d.name
				if !r.has(name) {
					continue
				}
				rng := rand.New(rand.NewPCG(seed, uint64(width)))
				qstart, rows := starts(queries)
				kstart, slots := starts(keys)
				dst, q := r.result(d, rows, heads*width), r.matrix(d, rows, heads*width, rng, members(qstart, queries)...)
				held := members(kstart, keys)
				k, v := r.matrix(d, slots, heads*width, rng, held...), r.matrix(d, slots, heads*width, rng, held...)
				scale := 1 / math.Sqrt(float64(width))
				r.launch(name, [3]int{2, heads, len(queries)}, dst.arg(), q.arg(), k.arg(), v.arg(),
					r.ints(qstart...), r.ints(narrow(queries)...), r.ints(kstart...), r.ints(narrow(keys)...),
					dst.ld(), q.ld(), k.ld(), v.ld(), driver.F32(float32(scale*math.Log2E)))
				r.check(dst, func(row int) (want, tolerance []float64) {
					for s, start := range qstart {
						if row < int(start) || row >= int(start)+queries[s] {
							continue
						}
						for h := range heads {
							w, e := attentionRow(d, q.row(row), k, v, int(kstart[s]), keys[s], h*width, width, scale)
							want, tolerance = append(want, w...), append(tolerance, e...)
						}
					}
					return want, tolerance
				}, name)
			}
		}
	})
}

// TestAttentionEdges gives scores of −∞, to one query all and to one the first tile of keys, and to one NaN.
func TestAttentionEdges(t *testing.T) {
	const queries, keys, width, huge = 3, 70, 32, 1e20 // huge² is beyond f32
	for _, numerics := range []arith.Model{arith.Exact, arith.InOrder, arith.Truncating} {
		r := open(t, sim.Options{Numerics: numerics})
		rng := rand.New(rand.NewPCG(3, 4))
		dst, q := r.result(bf16, queries, width), r.matrix(bf16, queries, width, rng)
		k, v := r.matrix(bf16, keys, width, rng), r.matrix(bf16, keys, width, rng)
		for row, value := range []float64{-huge, -huge, math.NaN()} {
			r.set(q, row, func(col int) float64 {
				if col == row {
					return value
				}
				return 0
			})
		}
		for key := range keys {
			r.set(k, key, func(col int) float64 {
				if col == 0 || col == 1 && key < 64 {
					return huge
				}
				return 0
			})
		}
		start := r.ints(0)
		r.launch("attention_flash32_bf16", [3]int{1, 1, 1}, dst.arg(), q.arg(), k.arg(), v.arg(), start, r.ints(queries), start, r.ints(keys),
			dst.ld(), q.ld(), k.ld(), v.ld(), driver.F32(1))
		got := r.copyOut(dst.at, dst.size())
		for col := range width {
			mean := 0.0
			for key := 64; key < keys; key++ {
				mean += v.row(key)[col] / (keys - 64)
			}
			require.Zero(t, bf16.get(got, col), "all scores are −∞")
			require.InDelta(t, mean, bf16.get(got, dst.step+col), 2*bf16.unit*math.Abs(mean), "scores of −∞ count for nothing")
			require.True(t, math.IsNaN(bf16.get(got, 2*dst.step+col)), "NaN")
		}
	}
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
