package exec

import (
	"math"

	"github.com/rapt-go/rapt/cuda/sim/arith"
)

// This file is mma of floating point factors: their fragments, decoded once for all instructions that
// multiply them, and the sums with f32 accumulators that take a row of D at a time. Package arith has
// the definition of every sum, element by element; the fast ones are equal to it to the bit.

// A factor is an operand A or B of an instruction.
type factor struct {
	kind    fragmentKind
	regs    []slot
	places  places
	columns bool // of B
}

// A fragmentKind is what a matrix is beside its registers. A has as many rows, and B columns.
type fragmentKind struct {
	t       arith.Type
	rows, k uint8
}

// A format is the significant bits of numbers behind their first, and the exponent of the least.
type format struct{ bits, least int }

func formatOf(t arith.Type) format {
	switch t {
	case arith.F16:
		return format{10, -24}
	case arith.BF16:
		return format{7, -133}
	case arith.TF32:
		return format{10, -136}
	case arith.E4M3:
		return format{3, -9}
	case arith.E5M2:
		return format{2, -16}
	}
	return format{23, -149}
}

// A fragment is a decoded factor, and the contents of the registers that it was decoded from.
type fragment struct {
	kind     fragmentKind
	regs     [4]lanes32
	elements []float32    // rows of A, columns of B
	halves   [][4]float64 // of B's rows
	scale    scale
}

// vector is row i of A, or column i of B.
func (f *fragment) vector(i int) []float32 {
	k := int(f.kind.k)
	return f.elements[i*k:][:k]
}

// fragments are the factors that a worker decoded last. An instruction's is one of them where its
// registers hold the same bits, whichever registers they are: in a product of tiles, each fragment meets
// several of the other side, and warps of a row or a column share theirs.
type fragments struct {
	list [16]fragment
	last int
}

func (c *fragments) get(w *warp, x *factor) *fragment {
	for i := range len(c.list) {
		at := (c.last + i) % len(c.list)
		if f := &c.list[at]; f.kind == x.kind && f.isIn(w, x.regs) {
			c.last = at
			return f
		}
	}
	c.last = (c.last + 1) % len(c.list)
	f := &c.list[c.last]
	f.decode(w, x)
	return f
}

func (f *fragment) isIn(w *warp, regs []slot) bool {
	for i, s := range regs {
		if f.regs[i&3] != w.r32[s.idx] {
			return false
		}
	}
	return true
}

func (f *fragment) decode(w *warp, x *factor) {
	f.kind = x.kind
	for i, s := range x.regs {
		f.regs[i] = w.r32[s.idx]
	}
	k := int(x.kind.k)
	f.elements = sized(f.elements, int(x.kind.rows)*k)
	gather(w, x.regs, x.places, x.kind.t, f.elements)
	f.scale = scaleOf(f.elements, formatOf(x.kind.t))
	if x.columns {
		f.halves = sized(f.halves, 2*k)
		for j := range 8 {
			to := f.halves[j>>2:]
			for i, v := range f.vector(j) {
				to[2*i][j&3] = float64(v)
			}
		}
	}
}

// gather puts a fragment's elements in order: rows of A, columns of B.
func gather(w *warp, regs []slot, p places, t arith.Type, to []float32) {
	if t == arith.BF16 || t == arith.F16 {
		gatherHalves(w, regs, p, t, to)
		return
	}
	var buffer [8]float32
	for r, s := range regs {
		for lane, v := range &w.r32[s.idx] {
			elements := arith.Decode(t, v, buffer[:0])
			for e, f := range elements {
				to[p[r*len(elements)+e][lane]] = f
			}
		}
	}
}

// gatherHalves is gather for elements of 16 bits. The two of a register are neighbours in a row of A
// and in a column of B alike.
func gatherHalves(w *warp, regs []slot, p places, t arith.Type, to []float32) {
	for r, s := range regs {
		at := &p[2*r]
		if t == arith.BF16 {
			for lane, v := range &w.r32[s.idx] {
				pair := to[at[lane]:][:2]
				pair[0], pair[1] = math.Float32frombits(v<<16), math.Float32frombits(v&0xffff0000)
			}
			continue
		}
		for lane, v := range &w.r32[s.idx] {
			pair := to[at[lane]:][:2]
			pair[0], pair[1] = math.Float32frombits(arith.F32FromF16(uint16(v))), math.Float32frombits(arith.F32FromF16(uint16(v>>16)))
		}
	}
}

func (x *mmaInst) runFloat(w *warp, _ *inst) {
	l, s := w.cta.launch, w.cta.worker.matrices()
	a, b := s.a.get(w, &x.fa), s.b.get(w, &x.fb)
	if x.rows && l.Numerics <= arith.InOrder {
		var t tile
		for i, r := range x.d {
			t[i&3] = &w.r32[r.idx]
			if c := x.c[i]; c.idx != r.idx {
				*t[i&3] = w.r32[c.idx]
			}
		}
		if l.Numerics == arith.InOrder {
			t.addInOrder(a, b)
		} else if !t.addExact(a, b) {
			t.addNearly(a, b, w.cta.worker.dot(mmaKey{x.dt, x.at}, l))
		}
		return
	}
	dot := w.cta.worker.dot(mmaKey{x.dt, x.at}, l)
	c := x.accumulators(w)
	for i := range x.m {
		for j := range x.n {
			p := &c[(i*x.n+j)&127]
			v := *p
			if x.ct != x.dt {
				v = convertAccumulator(v, x.ct)
			}
			*p = dot(v, a.vector(i), b.vector(j))
		}
	}
	x.result(w, c)
}

// A tile is 16×8 accumulators of f32 in their registers: lane 4g + t has elements 2t and 2t + 1
// of row g in the first two, and of row g + 8 in the others.
type tile [4]*lanes32

// byRows reports whether D is a tile that can be made of C in its place, row by row.
func (x *mmaInst) byRows() bool {
	if x.m != 16 || x.dt != arith.F32 || x.ct != arith.F32 || len(x.c) != 4 || len(x.d) != 4 {
		return false
	}
	for i, d := range x.d {
		for j := range x.d {
			if i != j && (d.idx == x.c[j].idx || d.idx == x.d[j].idx) {
				return false
			}
		}
	}
	return true
}

// row is the elements of even and of odd columns.
func (t *tile) row(i int) (even, odd *[4]uint32) {
	pair, lane := i>>3&1<<1, i&7<<2
	return (*[4]uint32)(t[pair][lane:]), (*[4]uint32)(t[pair+1][lane:])
}

// addExact makes of each accumulator the exact sum of it and the products, rounded once; or nothing, and
// reports false, where f64 may not be enough.
//
// Factors have few significant bits, so that products are exact in f64, and multiples of some 2^q, as
// are the accumulators. Where all terms together are below 2^(q+53), no sum in f64 is rounded.
func (t *tile) addExact(a, b *fragment) bool {
	if !exactSum(a.scale, b.scale, t.scale(), int(a.kind.k)) {
		return false
	}
	for i := range 16 {
		even, odd := t.row(i)
		addRow(even, odd, a.vector(i), b.halves)
	}
	return true
}

// addNearly is addExact where the numbers are of widely different size: what was asked of all elements at
// once is asked of each row, then of each element.
func (t *tile) addNearly(a, b *fragment, dot arith.DotFunc) {
	k := int(a.kind.k)
	var columns [8]scale
	var c [8]uint32
	for j := range columns {
		columns[j] = scaleOf(b.vector(j), formatOf(b.kind.t))
	}
	for i := range 16 {
		even, odd := t.row(i)
		row := a.vector(i)
		scale := scaleOf(row, formatOf(a.kind.t))
		if exactSum(scale, b.scale, scaleOfBits(append(append(c[:0], even[:]...), odd[:]...)), k) {
			addRow(even, odd, row, b.halves)
			continue
		}
		for j := range columns {
			p := &even[j>>1]
			if j&1 != 0 {
				p = &odd[j>>1]
			}
			*p = addOne(*p, row, b.vector(j), scale, columns[j], dot)
		}
	}
}

// addOne is addNearly for one element. A sum that may not be exact is off by less than
// (k + 1)·2⁻⁵³·(k·max|a|·max|b| + |c|): where both ends of that interval round to the same f32, so does
// the exact sum. What is left is dot's, and what is not finite.
func addOne(c uint32, row, column []float32, a, b scale, dot arith.DotFunc) uint32 {
	k := len(row)
	v := widen(c)
	sum := v
	for i, x := range row {
		sum += float64(x) * float64(column[i])
	}
	if exactSum(a, b, scaleOfBits([]uint32{c}), k) {
		return math.Float32bits(float32(sum))
	}
	e := float64(k+2) * 0x1p-52 * (float64(k)*a.most*b.most + math.Abs(v))
	if lo, hi := float32(sum-e), float32(sum+e); lo == hi && lo-lo == 0 && lo != 0 {
		return math.Float32bits(lo)
	}
	return dot(c, row, column)
}

func widen(x uint32) float64 { return float64(math.Float32frombits(x)) }

func narrow(x float64) uint32 { return math.Float32bits(float32(x)) }

// addRow adds to a row of accumulators the products of a row of A with the columns of B, in the order
// of k, and rounds at the end. The accumulator comes first, as in package arith: of zeros, the sign
// depends on it. To take a row of B by halves, each behind a check of its bounds, leaves registers for all
// eight sums.
func addRow(even, odd *[4]uint32, a []float32, b [][4]float64) {
	half := 0
	c0, c1, c2, c3 := widen(even[0]), widen(odd[0]), widen(even[1]), widen(odd[1])
	c4, c5, c6, c7 := widen(even[2]), widen(odd[2]), widen(even[3]), widen(odd[3])
	for _, v := range a {
		x, y := float64(v), &b[half]
		c0 += x * y[0]
		c1 += x * y[1]
		c2 += x * y[2]
		c3 += x * y[3]
		y = &b[half+1]
		c4 += x * y[0]
		c5 += x * y[1]
		c6 += x * y[2]
		c7 += x * y[3]
		half += 2
	}
	*even = [4]uint32{narrow(c0), narrow(c2), narrow(c4), narrow(c6)}
	*odd = [4]uint32{narrow(c1), narrow(c3), narrow(c5), narrow(c7)}
}

// addInOrder adds the products to each accumulator in the order of k, with every product and every sum
// rounded to f32. The products are exact in f64, so that they are rounded once.
func (t *tile) addInOrder(a, b *fragment) {
	for i := range 16 {
		even, odd := t.row(i)
		addRowInOrder(even, odd, a.vector(i), b.halves)
	}
}

func addRowInOrder(even, odd *[4]uint32, a []float32, b [][4]float64) {
	half := 0
	f, canon := math.Float32frombits, arith.CanonF32
	c0, c1, c2, c3 := f(even[0]), f(odd[0]), f(even[1]), f(odd[1])
	c4, c5, c6, c7 := f(even[2]), f(odd[2]), f(even[3]), f(odd[3])
	for _, v := range a {
		x, y := float64(v), &b[half]
		c0 += float32(x * y[0])
		c1 += float32(x * y[1])
		c2 += float32(x * y[2])
		c3 += float32(x * y[3])
		y = &b[half+1]
		c4 += float32(x * y[0])
		c5 += float32(x * y[1])
		c6 += float32(x * y[2])
		c7 += float32(x * y[3])
		half += 2
	}
	*even = [4]uint32{canon(c0), canon(c2), canon(c4), canon(c6)}
	*odd = [4]uint32{canon(c1), canon(c3), canon(c5), canon(c7)}
}

// A scale is the largest absolute value of some numbers, infinite or NaN where one is, and an exponent:
// all of them are multiples of 2^least.
type scale struct {
	most  float64
	least int
}

// exactSum reports whether f64 holds every sum of k products and an accumulator.
func exactSum(a, b, c scale, k int) bool {
	q := min(a.least+b.least, c.least)
	return float64(k)*a.most*b.most+c.most < math.Float64frombits(uint64(1023+53+q)<<52)
}

// scaleOf is the scale of an even count of numbers, with two minima and maxima at a time, which do not
// wait for one another.
func scaleOf(v []float32, f format) scale {
	const magnitude = 1<<31 - 1 // without the sign, the order of the bits is that of the values
	var most0, most1 uint32
	low0, low1 := ^uint32(0), ^uint32(0)
	for ; len(v) >= 2; v = v[2:] {
		x, y := math.Float32bits(v[0])&magnitude, math.Float32bits(v[1])&magnitude
		most0, most1 = max(most0, x), max(most1, y)
		low0, low1 = min(low0, x-1), min(low1, y-1) // zeros are the largest
	}
	return makeScale(max(most0, most1), min(low0, low1), f)
}

func scaleOfBits(v []uint32) scale {
	var most uint32
	low := ^uint32(0)
	for _, x := range v {
		b := x & (1<<31 - 1)
		most, low = max(most, b), min(low, b-1)
	}
	return makeScale(most, low, formatOf(arith.F32))
}

// scale is that of all accumulators. The registers are taken side by side, which the processor does at
// the same time.
func (t *tile) scale() scale {
	var most0, most1 uint32
	low0, low1 := ^uint32(0), ^uint32(0)
	c0, c1, c2, c3 := t[0], t[1], t[2], t[3]
	for l := range c0 {
		const magnitude = 1<<31 - 1
		x0, x1, x2, x3 := c0[l]&magnitude, c1[l]&magnitude, c2[l]&magnitude, c3[l]&magnitude
		most0, most1 = max(most0, x0, x2), max(most1, x1, x3)
		low0, low1 = min(low0, x0-1, x2-1), min(low1, x1-1, x3-1)
	}
	return makeScale(max(most0, most1), min(low0, low1), formatOf(arith.F32))
}

func makeScale(most, low uint32, f format) scale {
	s := scale{float64(math.Float32frombits(most)), max(int((low+1)>>23)-127-f.bits, f.least)}
	if low == ^uint32(0) { // nothing but zeros
		s.least = 255
	}
	return s
}
