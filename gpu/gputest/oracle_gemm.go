package gputest

import "github.com/rapt-go/rapt/gpu"

// A term is a value on its way to an element, with what its tolerance derives from.
type term[T real] struct {
	v          T
	mag, slack float64
}

// gemm's magnitudes: a product has |Alpha|·Σ|a·b| + |Bias|, which activation and
// factors carry on by the product rule.
func gemm[T real](op *gpu.Gemm) {
	a, b := load[T](op.A), load[T](op.B)
	if op.Form == gpu.TN {
		a = transposed(a, op.A.Cols)
	}
	if op.Form != gpu.NT {
		b = transposed(b, op.B.Cols)
	}
	up := load[T](op.Up)
	lostB, lostUp := lost(op.B.Format, b), lost(op.Up.Format, up)
	for i := range op.Dst.Rows {
		for j := range op.Dst.Cols {
			p := product(op, a[i], b[j], opt[T](op.Bias, 0, j, 0), lostB[j])
			store(op.Pre, i, j, p.v, p.mag, p.slack)
			y := p.act(op.Act)
			if !op.Mul.IsZero() {
				m := at[T](op.Mul, i, j)
				y = y.times(term[T]{v: m, mag: abs(m)}.act(op.MulAct))
			}
			if !op.Up.IsZero() {
				u := product(op, a[i], up[j], opt[T](op.UpBias, 0, j, 0), lostUp[j])
				store(op.UpPre, i, j, u.v, u.mag, u.slack)
				y = y.times(u)
			}
			k, add := keep[T](op.Drop, i*op.Dst.Cols+j), opt[T](op.Add, i, j, 0)
			store(op.Dst, i, j, y.v*k+add, y.mag*float64(k)+abs(add), y.slack*float64(k))
		}
	}
}

func (x term[T]) act(a gpu.Act) term[T] {
	y := act(a, x.v)
	return term[T]{y, actMag(a, x.v, y, x.mag), slope(a, abs(x.v)+x.slack) * x.slack}
}

func (x term[T]) times(y term[T]) term[T] {
	return term[T]{
		v:     x.v * y.v,
		mag:   x.mag*abs(y.v) + abs(x.v)*y.mag,
		slack: x.slack*abs(y.v) + abs(x.v)*y.slack + x.slack*y.slack,
	}
}

// product is Alpha·Σ a·b + bias. lost, if any, is what b's format may change each element by.
func product[T real](op *gpu.Gemm, a, b []T, bias T, lost []float64) term[T] {
	alpha := or1[T](op.Alpha)
	var s T
	var mag, slack float64
	for l, x := range a {
		p := x * b[l]
		s += p
		mag += abs(p)
	}
	for l, d := range lost {
		slack += abs(a[l]) * d
	}
	return term[T]{alpha*s + bias, abs(alpha)*mag + abs(bias), abs(alpha) * slack}
}

// lost is what a format may change each element of each row of w by, or nil rows
// where it changes nothing.
func lost[T real](f gpu.Format, w [][]T) [][]float64 {
	d := make([][]float64, len(w))
	for i, row := range w {
		switch f {
		case gpu.Fast:
			d[i] = make([]float64, len(row))
			for j, x := range row {
				d[i][j] = 3 * 0x1p-16 * abs(x)
			}
		case gpu.Q8:
			d[i] = halfStep(row, len(row), 127)
		case gpu.Q4:
			d[i] = halfStep(row, 32, 7)
		}
	}
	return d
}

// halfStep is half the distance of the multiples that represent each group of row,
// the largest in size being levels steps from zero.
func halfStep[T real](row []T, group, levels int) []float64 {
	d := make([]float64, len(row))
	for lo := 0; lo < len(row); lo += group {
		hi, top := min(lo+group, len(row)), 0.0
		for _, x := range row[lo:hi] {
			top = max(top, abs(x))
		}
		for j := lo; j < hi; j++ {
			d[j] = top / float64(levels) / 2
		}
	}
	return d
}
