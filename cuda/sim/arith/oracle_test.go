package arith

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// This file is the truth that the floating point tests compare with: integers of any size and a
// rounding written from the definition, on a table of the formats' parameters of its own.

// An ieee is a format by its precision and exponent range (IEEE 754-2019, table 3.5; bf16 and tf32
// have the exponents of f32).
type ieee struct {
	precision, minExp, maxExp int
	width                     uint
	nan                       uint64
}

var ieees = map[Type]ieee{
	F16:  {11, -14, 15, 16, 0x7fff},
	BF16: {8, -126, 127, 16, 0x7fff},
	F32:  {24, -126, 127, 32, 0x7fffffff},
	F64:  {53, -1022, 1023, 64, 0xfff8000000000000},
}

// A dyadic is the exact value ±m·2^e.
type dyadic struct {
	neg bool
	m   *big.Int
	e   int
}

// value decodes a finite value; ok is false for infinities and NaN.
func (s ieee) value(a uint64) (d dyadic, ok bool) {
	stored := uint(s.precision - 1)
	field := int(a >> stored & (1<<(s.width-1-stored) - 1))
	fraction := a & (1<<stored - 1)
	if field == s.maxExp-s.minExp+2 {
		return d, false
	}
	d = dyadic{neg: a>>(s.width-1)&1 != 0, m: new(big.Int).SetUint64(fraction), e: s.minExp - int(stored)}
	if field > 0 {
		d.m.SetUint64(fraction | 1<<stored)
		d.e = s.minExp + field - 1 - int(stored)
	}
	return d, true
}

var bigOne = big.NewInt(1)

func (a dyadic) zero() bool { return a.m.Sign() == 0 }

func (a dyadic) signed() *big.Int {
	if a.neg {
		return new(big.Int).Neg(a.m)
	}
	return a.m
}

func (a dyadic) plus(b dyadic) dyadic {
	if a.e < b.e {
		a, b = b, a
	}
	x := new(big.Int).Lsh(a.signed(), uint(a.e-b.e))
	x.Add(x, b.signed())
	return dyadic{x.Sign() < 0, x.Abs(x), b.e}
}

func (a dyadic) times(b dyadic) dyadic {
	return dyadic{a.neg != b.neg, new(big.Int).Mul(a.m, b.m), a.e + b.e}
}

// over is a ÷ b to 200 bits more than they have, with a last bit for the remainder.
func (a dyadic) over(b dyadic) dyadic {
	q, r := new(big.Int).QuoRem(new(big.Int).Lsh(a.m, 200), b.m, new(big.Int))
	return dyadic{a.neg != b.neg, sticky(q, r.Sign() != 0), a.e - b.e - 201}
}

func (a dyadic) root() dyadic {
	shift := uint(200)
	if (a.e-200)%2 != 0 {
		shift++
	}
	x := new(big.Int).Lsh(a.m, shift)
	q := new(big.Int).Sqrt(x)
	inexact := new(big.Int).Mul(q, q).Cmp(x) != 0
	return dyadic{false, sticky(q, inexact), (a.e-int(shift))/2 - 1}
}

func sticky(q *big.Int, inexact bool) *big.Int {
	q.Lsh(q, 1)
	if inexact {
		q.SetBit(q, 0, 1)
	}
	return q
}

// roundInt is ±m·2^e rounded to an integer, by the definition of the mode.
func (a dyadic) roundInt(r Round) *big.Int {
	if a.e >= 0 {
		return new(big.Int).Lsh(a.m, uint(a.e))
	}
	n := new(big.Int).Rsh(a.m, uint(-a.e))
	rest := new(big.Int).Sub(a.m, new(big.Int).Lsh(n, uint(-a.e)))
	half := rest.Cmp(new(big.Int).Lsh(big.NewInt(1), uint(-a.e-1)))
	var up bool
	switch r {
	case RN:
		up = half > 0 || half == 0 && n.Bit(0) == 1
	case RNA:
		up = half >= 0
	case RM:
		up = a.neg && rest.Sign() != 0
	case RP:
		up = !a.neg && rest.Sign() != 0
	}
	if up {
		n.Add(n, big.NewInt(1))
	}
	return n
}

// round is the bits of a non-zero value in the format.
func (s ieee) round(a dyadic, r Round) uint64 {
	stored := uint(s.precision - 1)
	var sign uint64
	if a.neg {
		sign = 1 << (s.width - 1)
	}
	infinity := uint64(s.maxExp-s.minExp+2) << stored
	quantum := max(a.m.BitLen()-1+a.e, s.minExp) - (s.precision - 1)
	n := dyadic{a.neg, a.m, a.e - quantum}.roundInt(r)
	if n.BitLen() > s.precision {
		n.Rsh(n, 1)
		quantum++
	}
	switch {
	case quantum+s.precision-1 <= s.maxExp && n.BitLen() < s.precision: // subnormal
		return sign | n.Uint64()
	case quantum+s.precision-1 <= s.maxExp:
		return sign | uint64(quantum+s.precision-1-s.minExp+1)<<stored | n.Uint64()&(1<<stored-1)
	case r == RZ, r == RM && !a.neg, r == RP && a.neg:
		return sign | infinity - 1
	}
	return sign | infinity
}

// float is the value in f64, where infinities and NaN keep their kind.
func (s ieee) float(a uint64) float64 {
	d, ok := s.value(a)
	if !ok {
		if a&(1<<uint(s.precision-1)-1) != 0 {
			return math.NaN()
		}
		return math.Inf(1 - 2*int(a>>(s.width-1)&1))
	}
	x, _ := new(big.Float).SetMantExp(new(big.Float).SetInt(d.m), d.e).Float64()
	if d.neg {
		return -x
	}
	return x
}

// fromFloat is the bits of an infinity, a NaN or a zero.
func (s ieee) fromFloat(x float64) uint64 {
	sign := uint64(0)
	if math.Signbit(x) {
		sign = 1 << (s.width - 1)
	}
	switch {
	case x != x:
		return s.nan
	case x == 0:
		return sign
	}
	return sign | uint64(s.maxExp-s.minExp+2)<<uint(s.precision-1)
}

func (s ieee) isNaN(a uint64) bool {
	d := s.float(a)
	return d != d
}

// random is a value of the format: any bits, or near a boundary of it, or near a small integer.
func (s ieee) random(rng *rand.Rand) uint64 {
	stored, mask := uint(s.precision-1), ^uint64(0)>>(64-s.width)
	sign := rng.Uint64() << (s.width - 1)
	infinity := uint64(s.maxExp-s.minExp+2) << stored
	one := uint64(-s.minExp+1) << stored
	switch rng.IntN(8) {
	case 0: // boundaries
		edges := []uint64{0, 1 << stored, infinity, one, one + 1<<stored, infinity - 1<<stored}
		return (sign | (edges[rng.IntN(len(edges))]+rng.Uint64N(5)-2)&(mask>>1)) & mask
	case 1: // subnormal
		return (sign | rng.Uint64()&(1<<stored-1)) & mask
	case 2: // few bits, near 1: ties and cancellation
		return (sign | (one + (rng.Uint64N(16)-8)<<stored | rng.Uint64N(8)<<(stored-3))) & mask
	case 3, 4: // near 1
		return (sign | (one+(rng.Uint64N(64)-32)<<stored&^(1<<stored-1)|rng.Uint64()&(1<<stored-1))&(mask>>1)) & mask
	}
	return rng.Uint64() & mask
}

var allRounds = []Round{RN, RZ, RM, RP}

func newRand(t *testing.T) *rand.Rand {
	t.Helper()
	return rand.New(rand.NewPCG(20, uint64(len(t.Name()))))
}

// TestOracle compares the truth itself with big.Float, which rounds f32 and f64 to nearest.
func TestOracle(t *testing.T) {
	rng := newRand(t)
	for range 20_000 {
		d := dyadic{rng.IntN(2) == 0, new(big.Int).SetUint64(rng.Uint64()>>rng.IntN(60) | 1), rng.IntN(300) - 200}
		x := new(big.Float).SetMantExp(new(big.Float).SetInt(d.signed()), d.e)
		f32, _ := x.Float32()
		require.Equal(t, uint64(math.Float32bits(f32)), ieees[F32].round(d, RN), "%v", x)
		d.e *= 5
		x.SetMantExp(new(big.Float).SetInt(d.signed()), d.e)
		f64, _ := x.Float64()
		require.Equal(t, math.Float64bits(f64), ieees[F64].round(d, RN), "%v", x)
	}
	for typ, s := range ieees {
		for range 1000 {
			a := s.random(rng)
			if d, ok := s.value(a); ok && !d.zero() {
				for _, r := range allRounds {
					assert.Equal(t, a, s.round(d, r), "%v %v", typ, r)
				}
			}
		}
	}
}
