package arith

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A cute is a layout of CuTe (cute/atom/mma_traits_sm80.hpp): (thread, value) to an index, by the
// shape and the strides of the value's digits, the lowest first; a thread is (4, 8) with the strides
// given. Indices are column-major: of A m + M·k, of B n + N·k, of C m + M·n.
type cute struct {
	thread        [2]int
	shape, stride []int
}

func (c cute) at(lane, value int) int {
	index := lane%4*c.thread[0] + lane/4*c.thread[1]
	for i, n := range c.shape {
		index += value % n * c.stride[i]
		value /= n
	}
	return index
}

func (c cute) values() int {
	n := 1
	for _, x := range c.shape {
		n *= x
	}
	return n
}

// The layouts that several instructions share, by CuTe's names.
var (
	sm80_8x4     = cute{[2]int{8, 1}, []int{1}, []int{0}}
	sm80_8x8Row  = cute{[2]int{16, 1}, []int{2}, []int{8}}
	sm80_8x16Row = cute{[2]int{32, 1}, []int{4}, []int{8}}
	sm80_16x8Row = cute{[2]int{32, 1}, []int{2, 2}, []int{16, 8}}
)

// TestMmaLayoutCuTe compares every fragment that CuTe describes.
func TestMmaLayoutCuTe(t *testing.T) {
	for _, x := range []struct {
		m, k        int
		ab, accType Type
		a, b, c     cute
	}{
		{16, 8, F16, F16, sm80_16x8Row, sm80_8x8Row, sm80_16x8Row},
		{16, 8, BF16, F32, sm80_16x8Row, sm80_8x8Row, sm80_16x8Row},
		{16, 16, F16, F32, cute{[2]int{32, 1}, []int{2, 2, 2}, []int{16, 8, 128}}, cute{[2]int{16, 1}, []int{2, 2}, []int{8, 64}}, sm80_16x8Row},
		{16, 16, BF16, F32, cute{[2]int{32, 1}, []int{2, 2, 2}, []int{16, 8, 128}}, cute{[2]int{16, 1}, []int{2, 2}, []int{8, 64}}, sm80_16x8Row},
		{16, 4, TF32, F32, cute{[2]int{16, 1}, []int{2}, []int{8}}, sm80_8x4, sm80_16x8Row},
		{16, 8, TF32, F32, cute{[2]int{16, 1}, []int{2, 2}, []int{8, 64}}, cute{[2]int{8, 1}, []int{2}, []int{32}}, sm80_16x8Row},
		{8, 4, F64, F64, sm80_8x4, sm80_8x4, sm80_8x8Row},
		{8, 16, S8, S32, sm80_8x16Row, sm80_8x16Row, sm80_8x8Row},
		{16, 16, S8, S32, cute{[2]int{64, 1}, []int{4, 2}, []int{16, 8}}, sm80_8x16Row, sm80_16x8Row},
		{16, 32, U8, S32, cute{[2]int{64, 1}, []int{4, 2, 2}, []int{16, 8, 256}}, cute{[2]int{32, 1}, []int{4, 2}, []int{8, 128}}, sm80_16x8Row},
		{8, 128, B1, S32, cute{[2]int{256, 1}, []int{32}, []int{8}}, cute{[2]int{256, 1}, []int{32}, []int{8}}, sm80_8x8Row},
		{16, 128, B1, S32, cute{[2]int{512, 1}, []int{32, 2}, []int{16, 8}}, cute{[2]int{256, 1}, []int{32}, []int{8}}, sm80_16x8Row},
		{16, 256, B1, S32, cute{[2]int{512, 1}, []int{32, 2, 2}, []int{16, 8, 2048}}, cute{[2]int{256, 1}, []int{32, 2}, []int{8, 1024}}, sm80_16x8Row},
	} {
		name := fmt.Sprintf("m%dn8k%d.%v", x.m, x.k, x.ab)
		for operand, want := range map[Operand]cute{MatrixA: x.a, MatrixB: x.b, MatrixC: x.c} {
			typ := x.ab
			if operand == MatrixC {
				typ = x.accType
			}
			l, err := MmaLayout(x.m, 8, x.k, operand, typ)
			require.NoError(t, err, name)
			require.Equal(t, want.values(), l.Registers*l.PerRegister, "%s operand %d", name, operand)
			for lane := range 32 {
				for v := range want.values() {
					row, col := l.At(lane, v/l.PerRegister, v%l.PerRegister)
					index := row + l.Rows*col
					if operand == MatrixB { // rows are k, columns n
						index = col + l.Cols*row
					}
					require.Equal(t, want.at(lane, v), index, "%s operand %d lane %d value %d", name, operand, lane, v)
				}
			}
			assertComplete(t, l, name)
		}
	}
}

// assertComplete checks that a fragment holds each element once.
func assertComplete(t *testing.T, l *Layout, name string) {
	t.Helper()
	seen := map[uint16]bool{}
	for _, i := range l.Index {
		require.Less(t, int(i), l.Rows*l.Cols, name)
		seen[i] = true
	}
	assert.Len(t, seen, l.Rows*l.Cols, name)
	assert.Len(t, l.Index, l.Rows*l.Cols, name)
}

// TestMmaLayoutISA has the formulas of the ISA for shapes that CuTe does not describe (§9.7.14.5.8
// to .13), for element i of a thread, and of all for some of those that it does.
func TestMmaLayoutISA(t *testing.T) {
	type place func(g, t, i int) (row, col int)
	below := func(g int, second bool) int {
		if second {
			return g + 8
		}
		return g
	}
	for _, x := range []struct {
		m, k int
		typ  Type
		a, b place
	}{
		{8, 32, S4, func(g, t, i int) (int, int) { return g, t*8 + i }, func(g, t, i int) (int, int) { return t*8 + i, g }},
		{16, 32, U4,
			func(g, t, i int) (int, int) { return below(g, i >= 8), t*8 + i&7 },
			func(g, t, i int) (int, int) { return t*8 + i&7, g }},
		{16, 64, S4,
			func(g, t, i int) (int, int) {
				col := t*8 + i&7
				if i >= 16 {
					col += 32
				}
				return below(g, !(i < 8 || i >= 16 && i < 24)), col
			},
			func(g, t, i int) (int, int) {
				if i < 8 {
					return t*8 + i&7, g
				}
				return t*8 + i&7 + 32, g
			}},
		{16, 4, F64,
			func(g, t, i int) (int, int) { return below(g, i == 1), t },
			func(g, t, i int) (int, int) { return t, g }},
		{16, 8, F64,
			func(g, t, i int) (int, int) {
				col := t
				if i >= 2 {
					col += 4
				}
				return below(g, i%2 == 1), col
			},
			func(g, t, i int) (int, int) { return t + 4*i, g }},
		{16, 16, F64,
			func(g, t, i int) (int, int) {
				if i%2 == 0 {
					return g, i*2 + t
				}
				return g + 8, i*2 - 2 + t
			},
			func(g, t, i int) (int, int) { return i*4 + t, g }},
		{16, 16, E4M3,
			func(g, t, i int) (int, int) { return below(g, i >= 4), t*4 + i&3 },
			func(g, t, i int) (int, int) { return t*4 + i&3, g }},
		{16, 32, E5M2,
			func(g, t, i int) (int, int) {
				col := t*4 + i&3
				if i >= 8 {
					col += 16
				}
				return below(g, !(i < 4 || i >= 8 && i < 12)), col
			},
			func(g, t, i int) (int, int) {
				if i < 4 {
					return t*4 + i&3, g
				}
				return t*4 + i&3 + 16, g
			}},
	} {
		for operand, want := range map[Operand]place{MatrixA: x.a, MatrixB: x.b} {
			name := fmt.Sprintf("m%dn8k%d.%v operand %d", x.m, x.k, x.typ, operand)
			l, err := MmaLayout(x.m, 8, x.k, operand, x.typ)
			require.NoError(t, err, name)
			for lane := range 32 {
				for i := range l.Registers * l.PerRegister {
					row, col := l.At(lane, i/l.PerRegister, i%l.PerRegister)
					wantRow, wantCol := want(lane>>2, lane%4, i)
					require.Equal(t, [2]int{wantRow, wantCol}, [2]int{row, col}, "%s lane %d element %d", name, lane, i)
				}
			}
			assertComplete(t, l, name)
		}
	}
}

func TestMmaLayoutRefuses(t *testing.T) {
	for _, x := range []struct {
		m, n, k int
		operand Operand
		typ     Type
	}{
		{16, 16, 16, MatrixA, F16}, {32, 8, 16, MatrixA, F16}, {16, 8, 32, MatrixA, F16}, {16, 8, 12, MatrixA, F16},
		{8, 8, 4, MatrixA, F16}, {8, 8, 8, MatrixB, TF32}, {16, 8, 64, MatrixA, S8}, {8, 8, 32, MatrixA, S8},
		{16, 8, 16, MatrixC, S8}, {16, 8, 16, 3, F16}, {16, 8, 16, MatrixA, 0}, {16, 8, 16, MatrixA, F16x2},
		{16, 8, 0, MatrixA, F16}, {16, 8, -16, MatrixA, F16}, {16, 8, 16, MatrixA, U16},
	} {
		_, err := MmaLayout(x.m, x.n, x.k, x.operand, x.typ)
		assert.ErrorIs(t, err, ErrUnsupported, "%+v", x)
	}
}

// TestMatrixElement is Figure 104 of the ISA: thread 0 has elements 0 and 1 of row 0, thread 1 has 2
// and 3, thread 4 the first of row 1, thread 31 the last of row 7; and CuTe's SM75_U32x1_LDSM_N and
// SM75_U16x2_LDSM_T, of which the second is the first with rows and columns exchanged.
func TestMatrixElement(t *testing.T) {
	for lane, want := range map[int][2][2]int{
		0: {{0, 0}, {0, 1}}, 1: {{0, 2}, {0, 3}}, 3: {{0, 6}, {0, 7}}, 4: {{1, 0}, {1, 1}}, 5: {{1, 2}, {1, 3}},
		28: {{7, 0}, {7, 1}}, 31: {{7, 6}, {7, 7}},
	} {
		for half, place := range want {
			row, col := MatrixElement(lane, half, false)
			assert.Equal(t, place, [2]int{row, col}, "lane %d half %d", lane, half)
			row, col = MatrixElement(lane, half, true)
			assert.Equal(t, [2]int{place[1], place[0]}, [2]int{row, col}, "lane %d half %d transposed", lane, half)
		}
	}
	seen := map[[2]int]bool{}
	for lane := range 32 {
		for half := range 2 {
			row, col := MatrixElement(lane, half, true)
			seen[[2]int{row, col}] = true
		}
	}
	assert.Len(t, seen, 64)
	// What ldmatrix loads is what mma.m16n8k16 wants as A, and with .trans as B.
	a, err := MmaLayout(16, 8, 16, MatrixA, F16)
	require.NoError(t, err)
	b, err := MmaLayout(16, 8, 16, MatrixB, F16)
	require.NoError(t, err)
	for lane := range 32 {
		for half := range 2 {
			row, col := MatrixElement(lane, half, false)
			aRow, aCol := a.At(lane, 0, half)
			assert.Equal(t, [2]int{row, col}, [2]int{aRow, aCol})
			row, col = MatrixElement(lane, half, true)
			bRow, bCol := b.At(lane, 0, half)
			assert.Equal(t, [2]int{row, col}, [2]int{bRow, bCol})
		}
	}
}
