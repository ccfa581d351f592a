package arith

import (
	"fmt"
	"math"
	"math/bits"
)

// This file is the numerics of mma (§9.7.14.5): what one element of D = A·B + C is. The ISA leaves
// the order and the precision of the accumulation open ("performed with at least single precision",
// "accumulation order is unspecified"), hence several models.

// A Model is how the products of a row and a column are summed.
type Model uint8

const (
	// Exact rounds the exact sum of c and all products once, to nearest.
	Exact Model = iota
	// InOrder adds the products to c in the order of k, each sum rounded to nearest. The products
	// themselves are rounded to f32, which is exact but for bf16 and tf32 products out of range.
	InOrder
	// Truncating is what tensor cores were found to do: see [TensorCore].
	Truncating
)

// A TensorCore is the model of NVIDIA's tensor cores by Xie, Wang, Yang and Yang, MMA-Sim:
// Bit-Accurate Reference Model of Tensor Cores and Matrix Cores (arXiv 2511.10909, 2025), who found it
// bitwise equal to the hardware; see also Fasi, Higham, Mikaitis and Pranesh, Numerical behavior of
// NVIDIA tensor cores (PeerJ CS 7:e330, 2021).
//
// c and Block products at a time are aligned to the largest exponent among them, where a product's is
// the sum of its factors', a subnormal element's is MinExponent and a zero term's −108 − Fraction.
// Each term keeps Fraction bits below that exponent, and the rest is cut off. Their sum is exact; an
// f32 result is cut off to 24 bits, an f16 one rounded to nearest, and is the c of the next block.
type TensorCore struct {
	Block       int // products summed at once
	Fraction    int // bits kept below the largest exponent
	MinExponent int // the exponent of subnormal elements
}

// TensorCoreOf is the parameters of the model for a compute capability (70, 75, 80…) and the type of
// A and B: F16, BF16 or TF32. For others it is the zero value, which [DotFloat] refuses.
func TensorCoreOf(sm int, t Type) TensorCore {
	if t != F16 && t != BF16 && t != TF32 {
		return TensorCore{}
	}
	core := TensorCore{Block: 4, Fraction: 23, MinExponent: 1 - formats[t].bias}
	switch {
	case sm >= 90:
		core.Block, core.Fraction = 16, 25
	case sm >= 75:
		core.Block, core.Fraction = 8, 24
	}
	if t == TF32 { // a block is of so many bytes
		core.Block /= 2
	}
	return core
}

// maxBlock is the largest Block of a [TensorCore].
const maxBlock = 32

// Decode appends the elements of a register, lowest first: two of F16 or BF16, one of TF32 (of which
// only the upper 19 bits count) or F32, four of E4M3 or E5M2. Any other type appends nothing.
func Decode(t Type, reg uint32, dst []float32) []float32 {
	switch t {
	case F16:
		return append(dst, math.Float32frombits(F32FromF16(uint16(reg))), math.Float32frombits(F32FromF16(uint16(reg>>16))))
	case BF16:
		return append(dst, math.Float32frombits(reg<<16), math.Float32frombits(reg&0xffff0000))
	case TF32:
		return append(dst, math.Float32frombits(reg&0xffffe000))
	case F32:
		return append(dst, math.Float32frombits(reg))
	case E4M3, E5M2:
		for i := 0; i < 32; i += 8 {
			dst = append(dst, float32(formats[t].toFloat64(uint64(reg>>i&255))))
		}
	}
	return dst
}

// DecodeInt appends the elements of a register, lowest first: four of S8 or U8, eight of S4 or U4,
// one of S32 or U32. Any other type appends nothing.
func DecodeInt(t Type, reg uint32, dst []int32) []int32 {
	if t < U4 || t > B32 || t.Bits() == 16 {
		return dst
	}
	for i := 0; i < 32; i += t.Bits() {
		dst = append(dst, int32(t.extend(uint64(reg)>>i)))
	}
	return dst
}

// DotInt is c + Σ a[k]·b[k] of an integer mma: modulo 2³² or, with satFinite, clamped to
// MININT..MAXINT. b has the length of a.
func DotInt(c int32, a, b []int32, satFinite bool) int32 {
	sum := int64(c)
	b = b[:len(a)]
	for k, x := range a {
		sum += int64(x) * int64(b[k])
	}
	if satFinite {
		return int32(clampS32(sum))
	}
	return int32(sum)
}

// DotBits is one register's share of a single-bit mma: c plus the number of ones in a XOR b or,
// where and, in a AND b.
func DotBits(c int32, a, b uint32, and bool) int32 {
	if and {
		return c + int32(bits.OnesCount32(a&b))
	}
	return c + int32(bits.OnesCount32(a^b))
}

// DotF64 is c + Σ a[k]·b[k] of mma.f64: fused multiply-adds in the order of k, to nearest. b has the
// length of a.
func DotF64(c float64, a, b []float64) float64 {
	b = b[:len(a)]
	for k, x := range a {
		c = math.FMA(x, b[k], c)
	}
	return c
}

// A DotFunc is c + Σ a[k]·b[k] with c and the result in bits of the accumulator's type. b has the
// length of a.
type DotFunc func(c uint32, a, b []float32) uint32

// DotFloat selects the dot product of a floating point mma: the accumulator is F32 or F16. core
// counts for [Truncating] only. Elements must be those of at most 11 significant bits that [Decode]
// gives, so that products are exact in f64.
func DotFloat(accumulator Type, m Model, core TensorCore) (DotFunc, error) {
	switch {
	case accumulator != F32 && accumulator != F16,
		m > Truncating, m == Truncating && (core.Block < 1 || core.Block > maxBlock || core.Fraction < 1 || core.Fraction > 40):
		return nil, fmt.Errorf("%w: mma with accumulator %v, model %d, %+v", ErrUnsupported, accumulator, m, core)
	case m == Truncating && accumulator == F32:
		return core.dotF32, nil
	case m == Truncating:
		return core.dotF16, nil
	case m == InOrder && accumulator == F32:
		return dotInOrderF32, nil
	case m == InOrder:
		return dotInOrderF16, nil
	case accumulator == F32:
		return func(c uint32, a, b []float32) uint32 {
			return CanonF32(float32(dotExact(float64(math.Float32frombits(c)), a, b)))
		}, nil
	}
	h := halves[F16]
	return func(c uint32, a, b []float32) uint32 { return uint32(h.from(dotExact(h.to(uint64(c)), a, b))) }, nil
}

func dotInOrderF32(c uint32, a, b []float32) uint32 {
	b = b[:len(a)]
	s := math.Float32frombits(c)
	for k, x := range a {
		s += float32(x * b[k]) // the conversion forbids fusing
	}
	return CanonF32(s)
}

func dotInOrderF16(c uint32, a, b []float32) uint32 {
	h := halves[F16]
	b = b[:len(a)]
	s := uint64(c)
	for k, x := range a {
		s = h.from(oddSum(float64(x)*float64(b[k]), h.to(s)))
	}
	return uint32(s)
}

// dotExact is the sum rounded to odd. Every product is exact in f64, and mostly every sum is; where
// one is not, expansion takes over.
func dotExact(c float64, a, b []float32) float64 {
	b = b[:len(a)]
	sum := c
	for k, x := range a {
		p := float64(x) * float64(b[k])
		s := sum + p
		back := s - sum
		if (sum-(s-back))+(p-back) != 0 {
			return expansion(c, a, b)
		}
		sum = s
	}
	return sum
}

// expansion is dotExact by a list of partial sums that do not overlap (Shewchuk, Adaptive precision
// floating-point arithmetic, 1997).
func expansion(c float64, a, b []float32) float64 {
	plain := c
	var buffer [40]float64
	partials := append(buffer[:0], c)
	for k, x := range a {
		term := float64(x) * float64(b[k])
		plain += term
		n := 0
		for _, p := range partials {
			s := term + p
			back := s - term
			if err := (term - (s - back)) + (p - back); err != 0 {
				partials[n] = err
				n++
			}
			term = s
		}
		partials = append(partials[:n], term)
	}
	if plain-plain != 0 { // infinite or NaN: there is no overflow in f64
		return plain
	}
	n := len(partials) - 1
	s := partials[n]
	for n--; n >= 0; n-- {
		p := partials[n]
		t := s + p
		if t-s != p { // not exact: what is below p cannot change the sign of the error
			return oddSum(s, p)
		}
		s = t
	}
	if s == 0 && plain != 0 {
		return 0
	}
	return s
}

func (core TensorCore) dotF32(c uint32, a, b []float32) uint32 {
	d := float64(math.Float32frombits(c))
	for len(a) > 0 {
		n := min(core.Block, len(a))
		d = truncateF32(core.sum(d, -126, a[:n], b[:n]))
		a, b = a[n:], b[n:]
	}
	return CanonF32(float32(d))
}

func (core TensorCore) dotF16(c uint32, a, b []float32) uint32 {
	h := halves[F16]
	d := uint64(c)
	for len(a) > 0 {
		n := min(core.Block, len(a))
		d = h.from(core.sum(h.to(d), -14, a[:n], b[:n]))
		a, b = a[n:], b[n:]
	}
	return uint32(d & 0xffff)
}

// sum is c and the products of a block, each cut off. least is the exponent of a subnormal c.
func (core TensorCore) sum(c float64, least int, a, b []float32) float64 {
	var products [maxBlock]float64
	zero := -108 - core.Fraction
	plain, top := c, zero
	if c != 0 {
		top = exponent(float32(c), least)
	}
	for k, x := range a {
		y := b[k]
		products[k] = float64(x) * float64(y)
		plain += products[k]
		if products[k] == 0 {
			top = max(top, zero)
		} else {
			top = max(top, exponent(x, core.MinExponent)+exponent(y, core.MinExponent))
		}
	}
	if plain-plain != 0 {
		return plain
	}
	// Exponents lie between −252 and 254, so that the power of two and its inverse are normal and
	// nothing that they scale leaves the range of f64. A term is below 2^(Fraction + 2), and the sum
	// of a block of them an exact integer.
	scale := core.Fraction - top
	up := math.Float64frombits(uint64(1023+scale) << 52)
	down := math.Float64frombits(uint64(1023-scale) << 52)
	sum := math.Trunc(c * up)
	for _, p := range products[:len(a)] {
		sum += math.Trunc(p * up)
	}
	return sum * down
}

// exponent is that of the leading bit, or least for values below 2^least.
func exponent(x float32, least int) int {
	return max(int(math.Float32bits(x)>>23&255)-127, least)
}

// truncateF32 rounds to an f32 toward zero. What is beyond the range becomes infinite.
func truncateF32(x float64) float64 {
	y := float32(x)
	if math.Abs(float64(y)) > math.Abs(x) && !math.IsInf(float64(y), 0) {
		y = math.Float32frombits(math.Float32bits(y) - 1)
	}
	return float64(y)
}
