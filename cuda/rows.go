package cuda

// What the launchers of kernels/cu/rows.h and its like share.

import (
	"fmt"
	"math"

	"github.com/rapt-go/rapt/cuda/driver"
	"github.com/rapt-go/rapt/gpu"
)

const (
	spanCols  = 128  // of a row, what a warp takes at a time
	warpsEach = 4    // of a block of 128 threads
	warpCols  = 1024 // of a row, from which on a block shares it
)

// ceil is ⌈a/b⌉, of sizes that operands has found to fit.
func ceil(a, b int) int { return (a + b - 1) / b }

// spans is how many a matrix has.
func spans(t *gpu.Tensor) int { return t.Rows * ceil(t.Cols, spanCols) }

// spanGrid is a grid with a warp for each span of a matrix.
func spanGrid(t *gpu.Tensor) [3]int { return [3]int{ceil(spans(t), warpsEach), 1, 1} }

// rowGrid is a grid with a warp for each row.
func rowGrid(rows int) [3]int { return [3]int{ceil(rows, warpsEach), 1, 1} }

// countable checks that kernels can number the spans of an operand.
func countable(name string, t *gpu.Tensor) error {
	if t.Cols > 0 && t.Rows > math.MaxInt32/ceil(t.Cols, spanCols) {
		return fmt.Errorf("%s is %d×%d, 2³¹ or more spans of %d columns: %w", name, t.Rows, t.Cols, spanCols, gpu.ErrUnsupported)
	}
	return nil
}

// aligned reports whether bases and rows of all present operands are aligned to so many of their elements, so that
// kernels may access that many at a time.
func aligned(elements int, ts ...*gpu.Tensor) bool {
	for _, t := range ts {
		if b, ok := t.Buf.(*buffer); ok && !t.IsZero() {
			at := int(b.ptr) + t.Off*t.DType.Size()
			if at%(elements*t.DType.Size()) != 0 || t.Rows > 1 && t.Stride%elements != 0 {
				return false
			}
		}
	}
	return true
}

func boolArg(b bool) driver.Arg {
	if b {
		return driver.I32(1)
	}
	return driver.I32(0)
}

// or1 is what a zero Scale means.
func or1(x float32) driver.Arg {
	if x == 0 {
		x = 1
	}
	return driver.F32(x)
}

// dropArgs appends limit, kept and the key's two words, as gpu.Drop.Keep has them.
func dropArgs(args []driver.Arg, d *gpu.Drop) []driver.Arg {
	limit := int32(d.Rate * (1 << 24))
	return append(args, driver.I32(limit), driver.F32(1/(1-d.Rate)), driver.I32(int32(d.Key)), driver.I32(int32(d.Key>>32)))
}
