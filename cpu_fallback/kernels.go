package cpu

import "github.com/rapt-go/rapt/gpu"

// A product adds to acc[i·ldAcc+j], for i < rows and j < cols, the sum of
// a[i·lda+l]·B[l,j] in the order of l < k, taken from zero. The columns of B lie in b as the
// product says; ldb is the distance of two panels.
type product func(acc []float32, ldAcc int, a []float32, lda int, b []float32, ldb int, rows, cols, k int)

// A kernels is one tier: the inner loops that an instruction set can speed up, and
// the layout of Native weights that they want. Operations run on the table of their
// backend and know no other.
//
// Every sum is taken in an order that its length alone determines. gemm, dots and axpy
// serve the same operations, so they give the same bits.
type kernels struct {
	name string

	// panel is how many columns of B lie in one panel of a Native weight, [k, panel]; the last
	// one is padded with zeros. It divides gemmCols, so that a tile of a product starts with a
	// panel.
	panel int

	// gemm reads B in panels: B[l,j] is b[j/panel·ldb + l·panel + j%panel].
	gemm product

	// dots reads columns: B[l,j] is b[j·ldb+l]. They are the rows of a Plain weight
	// and of K.
	dots product

	// axpy adds a·x to dst, which is as long.
	axpy func(dst, x []float32, a float32)

	// act computes dst = f(x); dst may be x.
	act func(f gpu.Act, dst, x []float32)

	// highest is the largest of scale·x that is a number, −∞ if none is.
	highest func(x []float32, scale float32) float32

	// expSum computes dst = exp(scale·x − shift), and returns the sum of dst before
	// it was rounded; dst may be x.
	expSum func(dst, x []float32, scale, shift float32) float64

	// moments returns the mean of x, or zero if it is taken as that, and the mean of
	// (x − mean)².
	moments func(x []float32, zero bool) (mean, variance float64)

	// normalize computes dst = (x − mean)·factor·gain + bias; an empty gain is one,
	// an empty bias zero, and dst may be x.
	normalize func(dst, x, gain, bias []float32, mean, factor float64)
}

// portable is the tier of every machine.
var portable = kernels{
	name:      "portable",
	panel:     1,
	gemm:      dots,
	dots:      dots,
	axpy:      axpy,
	act:       act,
	highest:   highest,
	expSum:    expSum,
	moments:   moments,
	normalize: normalize,
}

// Tiers names the instruction sets that this build has kernels for and this machine
// can run, the fastest first. RAPT_CPU chooses one of them.
func Tiers() []string { return []string{portable.name} }
