package gputest

import "github.com/rapt-go/rapt/gpu"

// norm's magnitudes: S has |drop(X)| + |Residual|; the mean the mean of those; Dst
// the row's largest of those by which mean and subtraction are rounded, times
// |Gain|/√(var+Eps), plus |Bias|.
func norm[T real](op *gpu.Norm) {
	n := op.X.Cols
	for i := range op.X.Rows {
		s, top, total := make([]T, n), 0.0, 0.0
		var mean, v T
		for j := range s {
			x, r := at[T](op.X, i, j)*keep[T](op.Drop, i*n+j), opt[T](op.Residual, i, j, 0)
			s[j] = x + r
			top, total = max(top, abs(x)+abs(r)), total+abs(x)+abs(r)
			mean += s[j]
		}
		mean /= T(n)
		if op.RMS {
			mean, total = 0, 0
		}
		for _, x := range s {
			v += (x - mean) * (x - mean)
		}
		r := 1 / sqrt(v/T(n)+T(op.Eps))
		store(op.Stat, i, 0, mean, total/float64(n), 0)
		store(op.Stat, i, 1, r, 2*abs(r), 0)
		for j, x := range s {
			store(op.Sum, i, j, x, top, 0)
			g, b := opt[T](op.Gain, 0, j, 1), opt[T](op.Bias, 0, j, 0)
			store(op.Dst, i, j, (x-mean)*r*g+b, abs(r*g)*top+abs(b), 0)
		}
	}
}

// normGrad's magnitudes are those of its terms, h having (|S| + |mean|)·r at most in the row.
func normGrad[T real](op *gpu.NormGrad) {
	f, s := &op.Fwd, op.Fwd.Sum
	if s.IsZero() {
		s = f.X
	}
	n := s.Cols
	dx, dr, dg, db := newSum[T](op.DX), newSum[T](op.DResidual), newSum[T](op.DGain), newSum[T](op.DBias)
	for i := range s.Rows {
		mean, r := at[T](f.Stat, i, 0), at[T](f.Stat, i, 1)
		h, g := make([]T, n), make([]T, n)
		var mg, mgh T
		var top, magG, magGH float64
		for j := range n {
			x := at[T](s, i, j)
			h[j], g[j] = (x-mean)*r, at[T](op.DDst, i, j)*opt[T](f.Gain, 0, j, 1)
			top = max(top, (abs(x)+abs(mean))*abs(r))
			mg, mgh = mg+g[j], mgh+g[j]*h[j]
			magG += abs(g[j]) / float64(n)
		}
		mg, mgh, magGH = mg/T(n), mgh/T(n), magG*top
		if f.RMS {
			mg = 0
		}
		for j := range n {
			d, ds := at[T](op.DDst, i, j), opt[T](op.DSum, i, j, 0)
			v := (g[j]-mg-h[j]*mgh)*r + ds
			mag := (abs(g[j])+magG+2*top*magGH)*abs(r) + abs(ds)
			k := keep[T](f.Drop, i*n+j)
			dx.add(i, j, v*k, mag*float64(k))
			dr.add(i, j, v, mag)
			dg.add(0, j, d*h[j], abs(d)*top)
			db.add(0, j, d, abs(d))
		}
	}
	for _, o := range []*sum[T]{dx, dr, dg, db} {
		o.store()
	}
}
