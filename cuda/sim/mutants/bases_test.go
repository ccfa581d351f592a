package mutants

import (
	"fmt"
	"math"
	"slices"
)

// A base is a kernel of testdata and what it is launched with: sizes that are no multiples of the
// tiles, and whole numbers, whose sums are exact in f32, wherever the result is a sum.
type base struct {
	name string
	set  func(r *rig)
}

var bases = []base{
	{"reduce", setReduce}, {"transpose", setTranspose}, {"gemm", setGemm}, {"mma", setMMA}, {"norm", setNorm},
	{"attention", setAttention}, {"histogram", setHistogram}, {"scan", setScan}, {"saxpy", setSaxpy}, {"compact", setCompact},
	{"splitk", setSplitK}, {"ticket", setTicket}, {"embed", setEmbed}, {"paged", setPaged}, {"pipeline", setPipeline}, {"best", setBest},
	{"tree", setTree}, {"pack", setPack},
}

func setReduce(r *rig) {
	const n, blocks = 1000, 3
	r.grid(blocks, 1)
	r.block(128, 1)
	x, part := r.whole(n, 8), make([]float64, blocks)
	for i, v := range x {
		part[i/128%blocks] += v
	}
	r.out(f32, part, nil)
	r.in(f32, x)
	r.ints(n)
}

func setTranspose(r *rig) {
	const rows, cols = 70, 45
	r.grid(2, 3)
	r.block(32, 8)
	x, y := r.whole(rows*cols, 1000), make([]float64, rows*cols)
	for i := range rows {
		for j := range cols {
			y[j*rows+i] = x[i*cols+j]
		}
	}
	r.out(f32, y, nil)
	r.in(f32, x)
	r.ints(rows, cols)
}

// product is a[m][k] times b, whose element of k and n is at kStride·k + nStride·n.
func product(a, b []float64, m, n, k, kStride, nStride int) []float64 {
	c := make([]float64, m*n)
	for i := range m {
		for j := range n {
			for l := range k {
				c[i*n+j] += a[i*k+l] * b[l*kStride+j*nStride]
			}
		}
	}
	return c
}

func setGemm(r *rig) {
	const m, n, k = 20, 35, 37
	r.grid(3, 2)
	r.block(16, 16)
	a, b := r.whole(m*k, 8), r.whole(k*n, 8)
	r.out(f32, product(a, b, m, n, k, n, 1), nil)
	r.in(f32, a)
	r.in(f32, b)
	r.ints(m, n, k)
}

func setMMA(r *rig) {
	const m, n, k = 70, 40, 72
	r.grid(2, 2)
	r.block(128, 1)
	a, b := r.whole(m*k, 8), r.whole(n*k, 8)
	r.out(f32, product(a, b, m, n, k, 1, k), nil)
	r.in(bf16, a)
	r.in(bf16, b)
	r.ints(m, n, k)
}

const (
	unit = 0x1p-24 // of rounding to f32
	// slack covers the terms of second order that the bounds leave out, of 1000 roundings at most.
	slack = 1 + 1000*unit
)

// setNorm has the error of the result as its bound: sums of x are exact. The mean is rounded once;
// each difference inherits that; the sum of squares is of 2·4 terms of a lane, then of 32, so that no
// term goes through more than 8 + 5 roundings and those of its square and of the division.
func setNorm(r *rig) {
	const rows, cols, eps = 5, 200, 0.5
	r.grid(3, 1)
	r.block(64, 1)
	x, gain, bias := r.whole(rows*cols, 8), r.whole(cols, 4), r.whole(cols, 4)
	y, bound := make([]float64, rows*cols), make([]float64, rows*cols)
	for i := range rows {
		row := x[i*cols:][:cols]
		mean, squares, inherited := 0.0, 0.0, 0.0
		for _, v := range row {
			mean += v
		}
		mean /= cols // of an exact sum, so that what is 0 is 0 here too
		off := func(d float64) float64 { return unit * (math.Abs(mean) + math.Abs(d)) }
		for _, v := range row {
			squares += (v - mean) * (v - mean) / cols
			inherited += 2 * math.Abs(v-mean) * off(v-mean) / cols
		}
		scale := 1 / math.Sqrt(squares+eps)
		relative := (inherited+15*unit*squares)/(squares+eps)/2 + 3*unit // and the sum with eps, root, reciprocal
		for j, v := range row {
			d := v - mean
			at := i*cols + j
			y[at] = d*scale*gain[j] + bias[j]
			bound[at] = slack * (math.Abs(gain[j])*scale*(off(d)+math.Abs(d)*(relative+unit)) + unit*math.Abs(y[at]))
		}
	}
	r.out(f32, y, bound)
	r.in(f32, x)
	r.in(f32, gain)
	r.in(f32, bias)
	r.ints(rows, cols)
	r.float(eps)
}

// setAttention has this bound: products of q and k are exact; a score s is rounded once, its
// difference from the largest again, both at most 2·most, which is a relative error of ln 2 times
// that in a weight; ex2.approx adds 2 ulp, 4 units, and so for every tile, whose shrinking multiplies
// the weights before. Then there are a rounding per key and tile in the sum of values, 5 and one per
// tile in the sum of weights, and one of the division.
func setAttention(r *rig) {
	const seqs, queries, width = 2, 37, 32
	lengths := []float64{5, queries}
	scale := float32(math.Log2E / 8)
	r.grid((queries+1)/2, seqs)
	r.block(64, 1)
	q, k, v := r.whole(seqs*queries*width, 2), r.whole(seqs*queries*width, 2), r.whole(seqs*queries*width, 8)
	y, bound := make([]float64, len(q)), make([]float64, len(q))
	for i := range seqs * queries {
		first, n := i/queries*queries, int(lengths[i/queries])
		scores := product(q[i*width:], k[first*width:], 1, n, width, 1, width)
		most := 0.0
		for j := range scores {
			scores[j] *= float64(scale)
			most = max(most, math.Abs(scores[j]))
		}
		top, sum := slices.Max(scores), 0.0
		for j, s := range scores {
			p := math.Exp2(s - top)
			sum += p
			for d := range width {
				y[i*width+d] += p * v[(first+j)*width+d]
			}
		}
		tiles := float64((n + 31) / 32)
		weight := tiles * (math.Ln2*(2*most+2*most) + 4 + 1)
		for d := range width {
			y[i*width+d] /= sum
			bound[i*width+d] = slack * unit * (2*weight + float64(n) + tiles + 5 + tiles + 1) * 8
		}
	}
	r.out(f32, y, bound)
	r.in(f32, q)
	r.in(f32, k)
	r.in(f32, v)
	r.in(s32, lengths)
	r.ints(queries)
	r.float(scale)
}

func setHistogram(r *rig) {
	const n = 1000
	r.grid(3, 1)
	r.block(96, 1)
	x, before := make([]float64, n), r.whole(64, 9)
	after := slices.Clone(before)
	for i := range x {
		x[i] = float64(r.rng.IntN(64))
		after[int(x[i])]++
	}
	r.inout(s32, before, after)
	r.in(u8, x)
	r.ints(n)
}

func setScan(r *rig) {
	const n = 300
	r.grid(3, 1)
	r.block(128, 1)
	x := r.whole(n, 1000)
	y := slices.Clone(x)
	for i := range y {
		if i%128 > 0 {
			y[i] += y[i-1]
		}
	}
	r.out(s32, y, nil)
	r.in(s32, x)
	r.ints(n)
}

func setSaxpy(r *rig) {
	const n, alpha = 1003, 3
	r.grid(2, 1)
	r.block(64, 1)
	x, y := r.whole(n, 100), r.whole(n, 100)
	want := slices.Clone(y)
	for i := range want {
		want[i] += alpha * x[i]
	}
	r.inout(f32, y, want)
	r.in(f32, x)
	r.ints(n)
	r.float(alpha)
}

// setCompact compares the elements in ascending order.
func setCompact(r *rig) {
	const n, limit = 500, -3
	r.grid(8, 1)
	r.block(64, 1)
	x := r.whole(n, 8)
	want := slices.DeleteFunc(slices.Sorted(slices.Values(x)), func(v float64) bool { return v <= limit })
	y := r.space(4 * n)
	r.args = append(r.args, y)
	r.checks = append(r.checks, func() error {
		got := r.values(s32, y, len(want))
		if slices.Sort(got); !slices.Equal(got, want) {
			return fmt.Errorf("the elements are %v, expected %v in any order", got, want)
		}
		return nil
	})
	r.inout(s32, []float64{0}, []float64{float64(len(want))})
	r.in(s32, x)
	r.ints(n, limit)
}

func setSplitK(r *rig) {
	const m, k, part = 3, 300, 100
	r.grid(m, 3)
	r.block(64, 1)
	a, x, before := r.whole(m*k, 8), r.whole(k, 8), r.whole(m, 8)
	want := product(a, x, m, 1, k, 1, 1)
	for i := range want {
		want[i] += before[i]
	}
	r.inout(f32, before, want)
	r.in(f32, a)
	r.in(f32, x)
	r.ints(k, part)
}

func setTicket(r *rig) {
	const n, blocks = 1000, 5
	r.grid(blocks, 1)
	r.block(64, 1)
	x, sum := r.whole(n, 8), 0.0
	for _, v := range x {
		sum += v
	}
	r.out(f32, []float64{sum}, nil)
	r.args = append(r.args, r.space(4*blocks))
	r.inout(s32, []float64{0}, []float64{0})
	r.in(f32, x)
	r.ints(n)
}

func setEmbed(r *rig) {
	const rows, places, vocabulary, width = 7, 3, 10, 128
	r.grid((rows+1)/2, 1)
	r.block(64, 1)
	words, where, ids := r.whole(vocabulary*width, 100), r.whole(places*width, 100), make([]float64, rows)
	y := make([]float64, rows*width)
	for i := range ids {
		ids[i] = float64(r.rng.IntN(vocabulary))
		for j := range width {
			y[i*width+j] = words[int(ids[i])*width+j] + where[i%places*width+j]
		}
	}
	r.out(f32, y, nil)
	r.in(f32, words)
	r.in(f32, where)
	r.in(s32, ids)
	r.ints(rows, places, vocabulary)
}

// setPaged leaves in the table what pointed to pages that have been freed.
func setPaged(r *rig) {
	const seqs, n, page = 2, 96, 32
	lengths := []float64{2 * page, n - 5}
	r.grid(seqs, 1)
	r.block(page, 1)
	y, table := make([]float64, seqs*n), make([]float64, seqs*n/page)
	for i := range table {
		x := r.whole(page, 100)
		addr := r.array(f32, x)
		table[i] = float64(addr)
		first, length := i*page%n, int(lengths[i*page/n])
		if first >= length {
			if err := r.memory.Free(addr); err != nil {
				r.t.Fatal(err)
			}
			continue
		}
		copy(y[i*page:], x[:min(page, length-first)])
	}
	r.out(f32, y, nil)
	r.in(u64, table)
	r.in(s32, lengths)
	r.ints(n, n/page)
}

func setPipeline(r *rig) {
	const n = 192
	r.grid(1, 1)
	r.block(64, 1)
	x, y := r.whole(n, 1000), make([]float64, n)
	for i := range x {
		y[i^31] = 2 * x[i]
	}
	r.out(s32, y, nil)
	r.in(s32, x)
	r.ints(n)
}

func setBest(r *rig) {
	const rows, cols = 40, 9
	r.grid(2, 1)
	r.block(32, 1)
	x, y := r.whole(rows*cols, 1000), make([]float64, 0, rows*4)
	for i := range rows {
		row := slices.Sorted(slices.Values(x[i*cols:][:cols]))
		slices.Reverse(row)
		y = append(y, row[:4]...)
	}
	r.out(s32, y, nil)
	r.in(s32, x)
	r.ints(rows, cols)
}

// setTree has node i's children at 2i+1 and 2i+2.
func setTree(r *rig) {
	const n = 40
	r.grid(2, 1)
	r.block(32, 1)
	value, children := r.whole(n, 1000), make([]float64, 2*n)
	sums := slices.Clone(value)
	for i := range children {
		if children[i] = float64(i + 1); i+1 >= n {
			children[i] = -1
		}
	}
	for i := n - 1; i > 0; i-- {
		sums[(i-1)/2] += sums[i]
	}
	r.out(s32, sums, nil)
	r.in(s32, children)
	r.in(s32, value)
	r.ints(n)
}

// setPack has products of 12 bits, of which 8 are left.
func setPack(r *rig) {
	const n, alpha = 150, 3
	r.grid(2, 1)
	r.block(64, 1)
	x, y := r.whole(n, 1000), make([]float64, n)
	for i, v := range x {
		_, exponent := math.Frexp(v * alpha)
		unit := math.Ldexp(1, exponent-8)
		y[i] = math.RoundToEven(v*alpha/unit) * unit
	}
	r.out(bf16, y, nil)
	r.in(f32, x)
	r.ints(n)
	r.float(alpha)
}
