package arith

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestNothingPanics asks the selectors for everything, sensible or not, and calls what they give.
func TestNothingPanics(t *testing.T) {
	rng := newRand(t)
	option := func() bool { return rng.IntN(4) == 0 }
	supported := 0
	for op := range Op(60) {
		for typ := range Type(40) {
			for range 12 {
				o := Options{
					Round: Round(rng.IntN(11)), FTZ: option(), Sat: option(), SatFinite: option(), Relu: option(),
					NaN: option(), XorSign: option(), Abs: option(), Wrap: option(),
				}
				supported += callSelected(rng, op, typ, o)
			}
		}
	}
	assert.Greater(t, supported, 3000)
}

// callSelected calls what the selectors have for the operation, and counts it.
func callSelected(rng *rand.Rand, op Op, typ Type, o Options) (n int) {
	a, b, c := randomInt(rng), randomInt(rng), randomInt(rng)
	jitter := rng.Float64()*4 - 2
	if f, err := Unary(op, typ, o); err == nil {
		f(a)
		n++
	}
	if f, err := Binary(op, typ, o); err == nil {
		f(a, b)
		n++
	}
	if f, err := Ternary(op, typ, o); err == nil {
		f(a, b, c)
		n++
	}
	if f, err := Compare(Cmp(op), typ, o.FTZ); err == nil {
		f(a, b)
		n++
	}
	if f, err := Approx(ApproxOp(op), typ, o.FTZ); err == nil {
		f(a, jitter)
		n++
	}
	if f, err := Testp(TestpOp(op), typ); err == nil {
		f(a)
		n++
	}
	if f, err := Cvt(Type(op), typ, o); err == nil {
		f(a)
		n++
	}
	if f, err := CvtPair(Type(op), typ, o); err == nil {
		f(a, b)
		n++
	}
	if f, err := CvtPack(typ); err == nil {
		f(a, b, c)
		n++
	}
	if f, err := Slct(typ, o.FTZ); err == nil {
		f(a, b, c)
		n++
	}
	if l, err := MmaLayout(8+8*rng.IntN(3), 8, 1<<rng.IntN(10), Operand(rng.IntN(4)), typ); err == nil {
		l.At(31, l.Registers-1, l.PerRegister-1)
		n++
	}
	SetValue(typ, true)
	Decode(typ, uint32(a), nil)
	DecodeInt(typ, uint32(a), nil)
	Prmt(PrmtMode(op))(uint32(a), uint32(b), uint32(c))
	return n
}
