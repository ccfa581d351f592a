package kernels

import (
	"math/rand/v2"
	"slices"

	"github.com/rapt-go/rapt/cuda/driver"
	"github.com/rapt-go/rapt/cuda/sim/exec"
)

const zero, one, huge = "0f00000000", "0f3F800000", "1000000"

var mutants = slices.Concat(
	normMutants("norm_row_f32", exec.UninitMemory), normMutants("norm_row_any", exec.OutOfBounds),
	normMutants("norm_block_f32", exec.OutOfBounds, 1, 2, 3), normMutants("norm_block_any", exec.OutOfBounds, 1, 2, 3),
	softmaxMutants("softmax_row_any"), softmaxMutants("softmax_block_any", 1, 2, 3),
	elementMutants, rowMutants, pickMutants,
)

func normMutants(kernel string, tooFar exec.Kind, barriers ...int) []mutant {
	list := []mutant{
		butterfly(kernel, 0), butterfly(kernel, 1),
		longer(kernel, "a column too many", tooFar, 8),
		another(kernel, "bias for gain", wrong, 5, 6),
		another(kernel, "x for residual", wrong, 4, 3),
		parameter(kernel, "eps left out", wrong, 15, zero),
		parameter(kernel, "RMS", wrong, 14, "1"),
		{kernel, "root left out", wrong, `sqrt\.rn\.f32`, 0, "mov.f32"},
	}
	if barriers == nil {
		list = append(list, parameter(kernel, "rows not bounded", exec.OutOfBounds, 7, huge))
	}
	for _, nth := range barriers {
		list = append(list, barrier(kernel, nth))
	}
	return list
}

func softmaxMutants(kernel string, barriers ...int) []mutant {
	list := []mutant{
		butterfly(kernel, 1),
		longer(kernel, "a column too many", exec.OutOfBounds, 3),
		parameter(kernel, "scale left out", wrong, 10, one),
		parameter(kernel, "logarithm", wrong, 9, "1"),
	}
	for _, nth := range barriers {
		list = append(list, barrier(kernel, nth))
	}
	return list
}

var elementMutants = []mutant{
	parameter("cast_spans_any", "rows not bounded", exec.OutOfBounds, 2, huge),
	longer("cast_spans_any", "a column too many", exec.UninitMemory, 3),
	another("cast_spans_any", "one type for both", exec.OutOfBounds, 6, 7),
	parameter("fill_spans_any", "rows not bounded", exec.OutOfBounds, 1, huge),
	longer("fill_spans_any", "a column too many", exec.OutOfBounds, 2),
	parameter("fill_spans_any", "zeros", wrong, 6, zero),
	parameter("pointwise_spans_any", "rows not bounded", exec.OutOfBounds, 3, huge),
	longer("pointwise_spans_any", "a column too many", exec.UninitMemory, 4),
	another("pointwise_spans_any", "x for y", exec.UninitMemory, 2, 1),
	parameter("pointwise_spans_any", "sum for product", wrong, 13, "1"),
	parameter("pointwise_spans_any", "nothing dropped", wrong, 14, "0"),
	another("pointwise_spans_any", "one word of the key for both", wrong, 17, 16),
	parameter("scatter_pairs_any", "pairs not bounded", exec.OutOfBounds, 5, huge),
	parameter("scatter_pairs_any", "rows not bounded", exec.OutOfBounds, 6, huge),
	parameter("scatter_pairs_any", "columns not bounded", exec.OutOfBounds, 7, huge),
	parameter("scatter_pairs_any", "set for penalty", wrong, 10, "0"),
}

var rowMutants = []mutant{
	parameter("embed_rows_any", "rows not bounded", exec.OutOfBounds, 8, huge),
	parameter("embed_rows_any", "ids not bounded", exec.OutOfBounds, 10, huge),
	parameter("embed_rows_any", "types not bounded", exec.OutOfBounds, 12, huge),
	longer("embed_rows_any", "a column too many", exec.OutOfBounds, 9),
	another("embed_rows_any", "positions for ids", wrong, 5, 6),
	parameter("embed_rows_any", "scale left out", wrong, 22, one),
	parameter("embed_rows_any", "nothing dropped", wrong, 23, "0"),
	parameter("put_rows_any", "rows not bounded", exec.OutOfBounds, 4, huge),
	parameter("put_rows_any", "places not bounded", exec.OutOfBounds, 6, huge),
	longer("put_rows_any", "a column too many", exec.UninitMemory, 5),
	parameter("put_add_any", "rows not bounded", exec.OutOfBounds, 4, huge),
	parameter("put_add_any", "places not bounded", exec.OutOfBounds, 6, huge),
	{"put_add_any", "every row is the first", exec.GlobalRace, `vote\.sync\.ballot\.b32\s+(%\w+), .*;`, 0, "mov.u32 $1, 0;"},
	{"put_add_any", "the first row alone", wrong, `vote\.sync\.ballot\.b32\s+(%\w+), .*;`, 1, "mov.u32 $1, 0;"},
	parameter("take_rows_any", "rows not bounded", exec.OutOfBounds, 4, huge),
	parameter("take_rows_any", "places not bounded", exec.OutOfBounds, 6, huge),
	longer("take_rows_any", "a column too many", exec.OutOfBounds, 5),
	barrier("pool_sequences_any", 0),
	parameter("pool_sequences_any", "rows not bounded", exec.OutOfBounds, 8, huge),
	parameter("pool_sequences_any", "pages not bounded", exec.OutOfBounds, 10, huge),
	parameter("pool_sequences_any", "sum for mean", wrong, 17, "3"),
}

var pickMutants = []mutant{
	barrier("sample_rows_any", 0), butterfly("sample_rows_any", 1),
	another("sample_rows_any", "x at the stride of seeds", exec.OutOfBounds, 6, 5),
	longer("sample_rows_any", "a column too many", exec.UninitMemory, 3),
	parameter("sample_rows_any", "scale left out", wrong, 8, one),
	barrier("topk_first_any", 0), butterfly("topk_first_any", 0), butterfly("topk_first_any", 1),
	longer("topk_first_any", "a column too many", exec.UninitMemory, 3),
	another("topk_first_any", "x at the stride of indices", exec.UninitMemory, 7, 6),
	barrier("topk_rows_any", 1), barrier("topk_rows_any", 2), barrier("topk_rows_any", 3), barrier("topk_rows_any", 4),
	barrier("topk_rows_any", 5), barrier("topk_rows_any", 6), barrier("topk_rows_any", 7),
	{"topk_rows_any", "counts without their own", exec.SharedRace, `red\.shared\.add\.u32 (\[[^]]+\]), 1;`, 0, "{ .reg .u32 t; ld.shared.u32 t, $1; add.u32 t, t, 1; st.shared.u32 $1, t; }"},
	{"topk_rows_any", "one place for several", exec.SharedRace, `atom\.shared\.add\.u32 (%\w+), (\[[^]]+\]), 1;`, 0, "mov.u32 $1, 0;"},
	longer("topk_rows_any", "a column too many", exec.UninitMemory, 3),
	butterfly("cross_entropy_block_any", 1), barrier("cross_entropy_block_any", 1), barrier("cross_entropy_block_any", 2), barrier("cross_entropy_block_any", 3),
	another("cross_entropy_block_any", "x at the stride of targets", exec.Misaligned, 8, 9),
	longer("cross_entropy_block_any", "a column too many", exec.OutOfBounds, 5),
	another("cross_entropy_block_any", "lse for loss", wrong, 0, 1),
	barrier("warp_rows_any", 1), barrier("warp_rows_any", 2), barrier("warp_rows_any", 3), barrier("warp_rows_any", 4), barrier("warp_rows_any", 5), barrier("warp_rows_any", 7), barrier("warp_rows_any", 8), barrier("warp_rows_any", 9), barrier("warp_rows_any", 10), barrier("warp_rows_any", 11),
	{"warp_rows_any", "weights without their own", exec.SharedRace, `atom\.shared\.add\.u32 (%\w+), (\[[^]]+\]), (%\w+);`, 0, "{ .reg .u32 t; ld.shared.u32 $1, $2; add.u32 t, $1, $3; st.shared.u32 $2, t; }"},
	{"warp_rows_any", "upper words of weights left out", wrong, `red\.shared\.add\.u32 (\[[^]]+\]), (%\w+);`, 0, ""},
	longer("warp_rows_any", "a column too many", exec.UninitMemory, 3),
	another("warp_rows_any", "parameters at the wrong stride", exec.UninitMemory, 6, 8),
	butterfly("warp_rows_any", 5),
	{"warp_rows_any", "weights of half a warp", exec.SharedRace, `shfl\.sync\.up\.b32\s+(%\w+), %\w+, 16, 0, -1;`, 0, "mov.b32 $1, 0;"},
}

var mutantLaunches = []mutantLaunch{
	{"norm_row_f32", 2, normLaunch(f32, 5, 135, false)},
	{"norm_row_any", 2, normLaunch(bf16, 5, 135, true)},
	{"norm_block_f32", 1, normLaunch(f32, 1, 1027, false)},
	{"norm_block_any", 1, normLaunch(bf16, 1, 1027, true)},
	{"softmax_row_any", 1, softmaxLaunch(2, 135)},
	{"softmax_block_any", 2, softmaxLaunch(2, 1027)},
	{"cast_spans_any", 3, func(r *rig, rng *rand.Rand) ([]*matrix, []driver.Arg) {
		x, dst := r.matrix(f32, 5, 135, rng), r.result(f16, 5, 135)
		return []*matrix{dst}, []driver.Arg{dst.arg(), x.arg(), number(5), number(135), dst.ld(), x.ld(), f16.code(), f32.code(), 1}
	}},
	{"fill_spans_any", 3, func(r *rig, _ *rand.Rand) ([]*matrix, []driver.Arg) {
		dst := r.result(f16, 5, 135)
		return []*matrix{dst}, []driver.Arg{dst.arg(), number(5), number(135), dst.ld(), f16.code(), 1, driver.F32(3)}
	}},
	{"pointwise_spans_any", 3, func(r *rig, rng *rand.Rand) ([]*matrix, []driver.Arg) {
		x, y, dst := r.matrix(f32, 5, 135, rng), r.matrix(f16, 5, 135, rng), r.result(f32, 5, 135)
		return []*matrix{dst}, []driver.Arg{dst.arg(), x.arg(), y.arg(), number(5), number(135), dst.ld(), x.ld(), y.ld(), f32.code(), f32.code(), f16.code(), 1,
			number(geluErf), 0, number(1 << 22), driver.F32(4.0 / 3), number(7), number(8)}
	}},
	{"scatter_pairs_any", 1, func(r *rig, rng *rand.Rand) ([]*matrix, []driver.Arg) {
		dst, value := filled(r, 3, 9, rng), r.matrix(f32, 1, 5, rng)
		return []*matrix{dst}, []driver.Arg{dst.arg(), 0, r.ints(0, 1, 3, 2, -1), r.ints(8, 0, 0, 9, 0), value.arg(), number(5), number(3), number(9), dst.ld(), 0, 2}
	}},
	{"embed_rows_any", 2, func(r *rig, rng *rand.Rand) ([]*matrix, []driver.Arg) {
		table, pos, typ, dst := r.matrix(f16, 4, 135, rng), r.matrix(f32, 6, 135, rng), r.matrix(f16, 2, 135, rng), r.result(f16, 5, 135)
		return []*matrix{dst}, []driver.Arg{dst.arg(), 0, table.arg(), pos.arg(), typ.arg(), r.ints(3, 0, 4, 1, 2), r.ints(0, 1, 2, 3, 5), r.ints(0, 1, 0, 2, 0),
			number(5), number(135), number(4), number(6), number(2), dst.ld(), table.ld(), pos.ld(), typ.ld(), f16.code(), f16.code(), f32.code(), f16.code(), 1,
			driver.F32(3), number(1 << 22), driver.F32(4.0 / 3), number(7), number(8)}
	}},
	{"put_rows_any", 1, placesLaunch(3, 4, -1)},
	{"put_add_any", 2, placesLaunch(1, 4, 1)},
	{"take_rows_any", 1, placesLaunch(3, 4, -1)},
	{"pool_sequences_any", 6, func(r *rig, rng *rand.Rand) ([]*matrix, []driver.Arg) {
		x, dst := r.matrix(f16, 12, 135, rng), r.result(f16, 3, 135)
		return []*matrix{dst}, []driver.Arg{dst.arg(), 0, x.arg(), 0, r.ints(7, 3, 9), r.ints(1, 0, 4, 2, 0, 1), number(3), number(135), number(12), number(4), number(2),
			dst.ld(), x.ld(), number(2), f16.code(), f16.code(), 1, 2, 0}
	}},
	{"sample_rows_any", 2, func(r *rig, rng *rand.Rand) ([]*matrix, []driver.Arg) {
		x, index := r.matrix(f16, 2, 700, rng), r.result(f32, 2, 1)
		return []*matrix{index}, []driver.Arg{index.arg(), x.arg(), r.ints(5, 6, 7, 8), number(700), index.ld(), x.ld(), number(2), f16.code(), driver.F32(4)}
	}},
	{"cross_entropy_block_any", 2, func(r *rig, rng *rand.Rand) ([]*matrix, []driver.Arg) {
		x, loss, lse := r.matrix(f16, 2, 1301, rng), r.result(f32, 2, 1), r.result(f32, 2, 1)
		return []*matrix{loss, lse}, []driver.Arg{loss.arg(), lse.arg(), 0, x.arg(), r.ints(3, 1300), number(1301), loss.ld(), lse.ld(), x.ld(), number(1), f16.code(), 1}
	}},
	{"warp_rows_any", 3, func(r *rig, rng *rand.Rand) ([]*matrix, []driver.Arg) {
		x, params, dst := r.matrix(f16, 3, 700, rng), r.alloc(f32, 3, 8), r.result(f32, 3, 700)
		for row, p := range [][]float64{{0.8, 40, 0.9, 0.01, 0, 0, 0, 0}, {1, 0, 0, 0, 0.7, 0.003, 0.01, 0}, {0, 0, 0, 0, 0, 0, 0, 1}} {
			r.set(params, row, func(col int) float64 { return p[col] })
		}
		return []*matrix{dst}, []driver.Arg{dst.arg(), x.arg(), params.arg(), number(700), dst.ld(), x.ld(), params.ld(), f16.code(), 1}
	}},
	{"topk_first_any", 2, topKLaunch(3000, 1)},
	{"topk_rows_any", 2, topKLaunch(1200, 1100)},
}

// filled is a result that holds something.
func filled(r *rig, rows, cols int, rng *rand.Rand) *matrix {
	m := r.result(f32, rows, cols)
	for row := range rows {
		r.set(m, row, func(int) float64 { return rng.NormFloat64() })
	}
	return m
}

type launchArgs = func(r *rig, rng *rand.Rand) (out []*matrix, args []driver.Arg)

func normLaunch(d dtype, rows, cols int, anyType bool) launchArgs {
	return func(r *rig, rng *rand.Rand) ([]*matrix, []driver.Arg) {
		x, residual, gain, bias := r.matrix(d, rows, cols, rng), r.matrix(d, rows, cols, rng), r.matrix(f32, 1, cols, rng), r.matrix(f32, 1, cols, rng)
		dst, sum, stat := r.result(f32, rows, cols), r.result(d, rows, cols), r.result(f32, rows, 2)
		args := []driver.Arg{dst.arg(), sum.arg(), stat.arg(), x.arg(), residual.arg(), gain.arg(), bias.arg(), number(rows), number(cols),
			dst.ld(), sum.ld(), stat.ld(), x.ld(), residual.ld(), 0, driver.F32(0.1)}
		if anyType {
			args = append(args, f32.code(), d.code(), d.code(), d.code(), 1, number(1<<22), driver.F32(4.0/3), number(7), number(8))
		}
		return []*matrix{dst, sum, stat}, args
	}
}

func softmaxLaunch(rows, cols int) launchArgs {
	return func(r *rig, rng *rand.Rand) ([]*matrix, []driver.Arg) {
		x, dst := r.matrix(f16, rows, cols, rng), r.result(f32, rows, cols)
		return []*matrix{dst}, []driver.Arg{dst.arg(), x.arg(), number(rows), number(cols), dst.ld(), x.ld(), f32.code(), f16.code(), 1, 0, driver.F32(2)}
	}
}

func topKLaunch(cols, k int) launchArgs {
	return func(r *rig, rng *rand.Rand) ([]*matrix, []driver.Arg) {
		x, value, index := r.matrix(f16, 2, cols, rng), r.result(f32, 2, k), r.result(f32, 2, k)
		return []*matrix{value, index}, []driver.Arg{value.arg(), index.arg(), x.arg(), number(cols), number(k), value.ld(), index.ld(), x.ld(), f16.code(), 1}
	}
}

// placesLaunch puts rows to, or takes them from, places of which there are four.
func placesLaunch(at ...int32) launchArgs {
	return func(r *rig, rng *rand.Rand) ([]*matrix, []driver.Arg) {
		const places = 4
		rows := len(at)
		dst, src := filled(r, places, 135, rng), r.matrix(f16, places, 135, rng)
		return []*matrix{dst}, []driver.Arg{dst.arg(), 0, src.arg(), r.ints(at...), number(rows), number(135), number(places), dst.ld(), src.ld(), f32.code(), f16.code(), 1}
	}
}
