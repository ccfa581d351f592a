package kernels

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// held is how many columns of a row the blocks of TopK and Warp hold.
const held = 32768

// TestTopK compares with a stable sort: rows of more than one round and of more than are held, ties across the border of a round, NaN
// and infinities, one of a row.
func TestTopK(t *testing.T) {
	each(t, func(r *rig, seed uint64) {
		for _, c := range []struct{ cols, k, values int }{{2500, 2300, 7}, {1100, 1025, 1e6}, {3000, 50, 300}, {33, 1, 2}, {9000, 1, 40}, {33, 33, 2}, {34000, 1200, 100}} {
			if c.cols > held && seed != 3 {
				continue
			}
			rng := rand.New(rand.NewPCG(seed, uint64(c.k)))
			const rows = 2
			x := r.matrix(f32, rows, c.cols, rng)
			for row := range rows {
				r.set(x, row, func(col int) float64 {
					switch rng.IntN(100) {
					case 0:
						return math.NaN()
					case 1:
						return math.Inf(rng.IntN(2)*2 - 1)
					}
					return float64(rng.IntN(c.values)) - float64(c.values)/2
				})
			}
			value, index := r.result(f32, rows, c.k), r.result(f32, rows, c.k)
			name := "topk_rows_any"
			if c.k == 1 {
				name = "topk_first_any"
			}
			r.launch(name, [3]int{rows, 1, 1}, value.arg(), index.arg(), x.arg(), number(c.cols), number(c.k), value.ld(), index.ld(), x.ld(), f32.code(), truth(seed%2 == 0))
			indices, values := r.copyOut(index.at, index.size()), r.copyOut(value.at, value.size())
			for row := range rows {
				for i, want := range order(x.row(row))[:c.k] {
					require.EqualValues(r.t, want, binary.LittleEndian.Uint32(indices[4*(row*index.step+i):]), "%+v: row %d, place %d", c, row, i)
					got := f32.get(values, row*value.step+i)
					require.True(r.t, got == x.row(row)[want] || math.IsNaN(got) && math.IsNaN(x.row(row)[want]), "%+v: row %d, value %d", c, row, i)
				}
			}
		}
	})
}

// order is the columns of a row, the largest first, of equal ones the first first, NaN before all.
func order(x []float64) []int {
	columns := make([]int, len(x))
	for i := range columns {
		columns[i] = i
	}
	slices.SortStableFunc(columns, func(a, b int) int {
		switch {
		case math.IsNaN(x[a]) && math.IsNaN(x[b]):
			return 0
		case math.IsNaN(x[a]) || x[a] > x[b]:
			return -1
		case math.IsNaN(x[b]) || x[a] < x[b]:
			return 1
		}
		return 0
	})
	return columns
}
