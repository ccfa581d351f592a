package arith

import (
	"math"
	"math/big"
)

// This file is the elementary functions to some 150 bits, from their series: the truth for the
// approximate instructions.

const bigPrec = 700 // sin and cos of 100π lose 450 bits to cancellation in their series

func bigFloat(x float64) *big.Float { return new(big.Float).SetPrec(bigPrec).SetFloat64(x) }

// series is Σ term_k, where term_{k+1} = term_k·x/(divisor of k), until the terms vanish.
func series(first, x *big.Float, divisor func(k int64) int64) *big.Float {
	sum, term := new(big.Float).Copy(first), new(big.Float).Copy(first)
	for k := int64(0); k < 5000; k++ {
		term.Mul(term, x)
		term.Quo(term, bigFloat(float64(divisor(k))))
		sum.Add(sum, term)
		if term.Sign() == 0 || term.MantExp(nil) < -600 {
			break
		}
	}
	return sum
}

func bigExp(x *big.Float) *big.Float {
	return series(bigFloat(1), x, func(k int64) int64 { return k + 1 })
}

func bigSin(x *big.Float) *big.Float {
	square := new(big.Float).Mul(x, x)
	return series(x, square.Neg(square), func(k int64) int64 { return (2*k + 2) * (2*k + 3) })
}

func bigCos(x *big.Float) *big.Float {
	square := new(big.Float).Mul(x, x)
	return series(bigFloat(1), square.Neg(square), func(k int64) int64 { return (2*k + 1) * (2*k + 2) })
}

// bigLn1 is ln((1+z)/(1−z)) = 2·(z + z³/3 + …) of a ratio near 1.
func bigLn1(x *big.Float) *big.Float {
	z := new(big.Float).Quo(new(big.Float).Sub(x, bigFloat(1)), new(big.Float).Add(x, bigFloat(1)))
	square, power, sum := new(big.Float).Mul(z, z), new(big.Float).Copy(z), new(big.Float).SetPrec(bigPrec)
	for k := 1; k < 3000; k += 2 {
		sum.Add(sum, new(big.Float).Quo(power, bigFloat(float64(k))))
		power.Mul(power, square)
		if power.Sign() == 0 || power.MantExp(nil) < -300 {
			break
		}
	}
	return sum.Mul(sum, bigFloat(2))
}

var bigLn2 = bigLn1(bigFloat(2))

func bigLog2(x float64) *big.Float {
	m, e := math.Frexp(x)
	if m < math.Sqrt2/2 {
		m, e = 2*m, e-1
	}
	y := new(big.Float).Quo(bigLn1(bigFloat(m)), bigLn2)
	return y.Add(y, bigFloat(float64(e)))
}

func bigExp2(x float64) *big.Float {
	n := math.Round(x)
	y := bigExp(new(big.Float).Mul(bigFloat(x-n), bigLn2))
	return y.SetMantExp(y, int(n))
}

func bigTanh(x float64) *big.Float {
	if math.Abs(x) > 200 {
		return bigFloat(math.Copysign(1, x)) // within 2⁻⁵⁰⁰
	}
	e := bigExp(bigFloat(2 * x))
	return new(big.Float).Quo(new(big.Float).Sub(e, bigFloat(1)), new(big.Float).Add(e, bigFloat(1)))
}

func bigRsqrt(x float64) *big.Float {
	return new(big.Float).Quo(bigFloat(1), new(big.Float).Sqrt(bigFloat(x)))
}

var bigFunctions = map[ApproxOp]func(x float64) *big.Float{
	ApproxRcp:   func(x float64) *big.Float { return new(big.Float).Quo(bigFloat(1), bigFloat(x)) },
	ApproxSqrt:  func(x float64) *big.Float { return new(big.Float).Sqrt(bigFloat(x)) },
	ApproxRsqrt: bigRsqrt,
	ApproxSin:   func(x float64) *big.Float { return bigSin(bigFloat(x)) },
	ApproxCos:   func(x float64) *big.Float { return bigCos(bigFloat(x)) },
	ApproxLg2:   bigLog2, ApproxEx2: bigExp2, ApproxTanh: bigTanh,
}

// dyadicOf is a big.Float as the oracle takes it.
func dyadicOf(x *big.Float) dyadic {
	mantissa := new(big.Float)
	exp := x.MantExp(mantissa)
	mantissa.SetMantExp(mantissa, bigPrec)
	m, _ := mantissa.Int(nil)
	return dyadic{x.Sign() < 0, m.Abs(m), exp - bigPrec}
}
