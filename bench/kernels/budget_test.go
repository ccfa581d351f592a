package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-go/rapt/gpu"
)

// Budgets on what kernels count, for every row of the table: a change that makes a kernel read twice fails here.
func TestCounters(t *testing.T) {
	r, err := open(target)
	require.NoError(t, err)
	defer func() { require.NoError(t, r.close()) }()
	seen := map[string]bool{}
	for _, x := range rows() {
		t.Run(strings.Join([]string{x.name, x.shape, x.dt.String()}, "/"), func(t *testing.T) {
			m, err := r.measure(x)
			require.NoError(t, err)
			kind, _, _ := strings.Cut(x.name, " ")
			seen[kind+" "+x.dt.String()] = true
			assert.LessOrEqual(t, m.ratio(), x.most(), "bytes ÷ ideal")
			if m.tensor {
				assert.Zero(t, m.conflicts, "bank conflicts")
			}
		})
	}
	for _, kind := range []string{"Gemm", "Attention", "Norm", "Embed", "Softmax", "Pointwise", "Pool", "Put", "Take", "Cast", "Fill", "Scatter", "TopK", "Sample",
		"CrossEntropy", "Warp"} {
		for _, dt := range floats {
			assert.True(t, seen[kind+" "+dt.String()], "%s in %v", kind, dt)
		}
	}
}

// A BERT layer is seven launches.
func TestLaunches(t *testing.T) {
	r, err := open(target)
	require.NoError(t, err)
	defer func() { require.NoError(t, r.close()) }()
	l := r.layer(gpu.BF16)
	x := r.random(gpu.BF16, 8, width)
	seqs := r.seqs(5, 3)
	counters, err := r.count(func() { l.fused(r.s, x, seqs) })
	require.NoError(t, err)
	_, launches := total(counters)
	assert.Equal(t, 7, launches)
}

// fed bounds the instructions of integers and of floats that go with one of tensor cores in the hot loops: 1.5 and 2.5, and for
// these what they need more of:
//
//   - mma16, which products of few rows get, copies as much as the larger tiles for an eighth of the arithmetic: memory bounds it;
//   - fast splits A, and adds three products, so that a number of A takes integers that those of 16 bits do not;
//   - a score costs attention the same softmax whatever the width of a head: a scale, an exponential, a share of maximum, sum and rounding are
//     3.5 floats, and there are two scores a lane for 1, 2 and 4 instructions of tensor cores with heads of 16, 32 and 64.
var fed = map[string]struct{ integer, float float64 }{
	"gemm_mma64_bf16": {1.5, 0}, "gemm_mma64_f16": {1.5, 0}, "gemm_mma128_bf16": {1.5, 0}, "gemm_mma128_f16": {1.5, 0},
	"gemm_mma16_bf16": {4.2, 0}, "gemm_mma16_f16": {4.2, 0}, "gemm_fast64_f32": {2.4, 0.7}, "gemm_fast16_f32": {6.5, 1.4},
	"attention_flash64_bf16": {1.5, 2.5}, "attention_flash64_f16": {1.5, 2.5}, "attention_flash128_bf16": {1.5, 2.5}, "attention_flash128_f16": {1.5, 2.5},
	"attention_flash16_bf16": {2.9, 7.5}, "attention_flash16_f16": {2.9, 7.5}, "attention_flash32_bf16": {1.9, 4}, "attention_flash32_f16": {1.9, 4},
	"attention_flash256_bf16": {1.5, 2.6}, "attention_flash256_f16": {1.5, 2.6},
}

// What ptxas said is of the PTX that is embedded, nothing spills, and tensor cores are fed. sm_75's instructions of them do half
// as much and are left out.
func TestAssembler(t *testing.T) {
	a, err := readAssembled()
	require.NoError(t, err)
	files, err := filepath.Glob("../../kernels/ptx/*.ptx")
	require.NoError(t, err)
	require.Len(t, a.PTX, len(files), "make ptxas")
	for _, f := range files {
		data, err := os.ReadFile(f)
		require.NoError(t, err)
		sum := sha256.Sum256(data)
		require.Equal(t, hex.EncodeToString(sum[:]), a.PTX[filepath.Base(f)], "%s has changed since: make ptxas", f)
	}
	checked := 0
	for _, k := range a.Kernels {
		assert.Zero(t, k.Spilled+k.Stack, "%s on sm_%d: spills and stack", k.Kernel, k.Arch)
		assert.Positive(t, k.Blocks, "%s on sm_%d does not fit an SM", k.Kernel, k.Arch)
		if most, ok := fed[k.Kernel]; ok && k.Arch >= 80 {
			checked++
			hmma := float64(k.Loop["tensor"])
			assert.Positive(t, hmma, "%s on sm_%d: no tensor cores", k.Kernel, k.Arch)
			assert.LessOrEqual(t, float64(k.Loop["integer"]), most.integer*hmma, "%s on sm_%d: integers", k.Kernel, k.Arch)
			assert.LessOrEqual(t, float64(k.Loop["float"]), most.float*hmma, "%s on sm_%d: floats", k.Kernel, k.Arch)
		}
	}
	assert.Equal(t, 4*len(fed), checked, "on sm_80, 86, 89 and 90")
}

// The table in kernels/README.md is between its marks, and has every operation.
func TestReadme(t *testing.T) {
	data, err := os.ReadFile("../../kernels/README.md")
	require.NoError(t, err)
	_, rest, found := bytes.Cut(data, []byte(begin))
	table, _, closed := bytes.Cut(rest, []byte(end))
	require.True(t, found && closed)
	for _, x := range rows() {
		require.Contains(t, string(table), "| "+x.name+" | "+x.shape+" | "+x.dt.String()+" |", "make kernels-table")
	}
}
