package kernels

import (
	"math/rand/v2"
	"testing"

	"github.com/rapt-go/rapt/cuda/driver"
	"github.com/rapt-go/rapt/cuda/sim/exec"
)

// TestAttentionMutants breaks the kernels of attention: each strategy, and of the templates another width and type.
func TestAttentionMutants(t *testing.T) { breakAll(t, attentionLaunches, attentionMutants) }

// attentionLaunches are one sequence of one head each.
var attentionLaunches = []mutantLaunch{
	{"attention_flash64_bf16", 2, func(r *rig, rng *rand.Rand) ([]*matrix, []driver.Arg) {
		a := r.attend(bf16, rng, []int{70}, []int{150}, 1, 64)
		a.causal, a.lse = true, r.result(f32, 70, 1)
		return []*matrix{a.dst, a.lse}, a.args(r)
	}},
	{"attention_flash128_bf16", 1, func(r *rig, rng *rand.Rand) ([]*matrix, []driver.Arg) {
		a := r.attend(bf16, rng, []int{20}, []int{100}, 1, 128) // two tiles that all queries see whole, and two others
		a.causal = true
		return []*matrix{a.dst}, a.args(r)
	}},
	{"attention_general64_bf16", 2, func(r *rig, rng *rand.Rand) ([]*matrix, []driver.Arg) {
		a := r.attend(bf16, rng, []int{70}, []int{150}, 1, 64)
		a.bias = r.matrix(f32, 41, 1, rng)
		a.pages, a.columns, a.pageRows = []int32{2, 0, 4, 1, 3}, 5, 30
		return []*matrix{a.dst}, a.args(r)
	}},
	{"attention_general32_f16", 1, func(r *rig, rng *rand.Rand) ([]*matrix, []driver.Arg) {
		r.pad = 3 // rows that lie anywhere
		a := r.attend(f16, rng, []int{20}, []int{100}, 1, 31)
		a.dropped = true
		return []*matrix{a.dst}, a.args(r)
	}},
	{"attention_simt64", 2, func(r *rig, rng *rand.Rand) ([]*matrix, []driver.Arg) {
		a := r.attend(f32, rng, []int{70}, []int{100}, 1, 64)
		a.causal, a.bias = true, r.matrix(f32, 41, 1, rng)
		return []*matrix{a.dst}, a.args(r)
	}},
	{"attention_few64", 1, func(r *rig, rng *rand.Rand) ([]*matrix, []driver.Arg) {
		a := r.attend(f32, rng, []int{10}, []int{70}, 1, 64)
		a.causal, a.lse = true, r.result(f32, 10, 1)
		return []*matrix{a.dst, a.lse}, a.args(r)
	}},
	{"attention_combine", 2, func(r *rig, rng *rand.Rand) ([]*matrix, []driver.Arg) {
		a := r.attend(f32, rng, []int{2}, []int{600}, 1, 64)
		a.few, a.slots, a.chunks = 2, 3, 3
		parts := r.alloc(f32, a.few*a.slots, a.dv+2)
		parts.step = parts.cols
		for i := range parts.rows {
			r.set(parts, i, func(int) float64 { return rng.Float64() })
		}
		a.part, a.lse = parts.arg(), r.result(f32, 2, 1)
		return []*matrix{a.dst, a.lse}, a.combineArgs(r)
	}},
}

var attentionMutants = []mutant{
	barrier("attention_flash64_bf16", 0),
	barrier("attention_flash64_bf16", 1),
	butterfly("attention_flash64_bf16", 0),
	butterfly("attention_flash64_bf16", 1),
	parameter("attention_flash64_bf16", "queries see what comes after", wrong, 35, "0"),
	another("attention_flash64_bf16", "keys for values", wrong, 6, 5),
	another("attention_flash64_bf16", "lengths of queries for those of keys", wrong, 11, 9),
	{"attention_flash64_bf16", "nobody waits for the next tile", exec.AsyncRead, `cp\.async\.wait_group\s+0;`, 1, ""},

	barrier("attention_flash128_bf16", 0),
	barrier("attention_flash128_bf16", 1),
	barrier("attention_flash128_bf16", 2),
	butterfly("attention_flash128_bf16", 0),
	butterfly("attention_flash128_bf16", 1),
	butterfly("attention_flash128_bf16", 4),
	butterfly("attention_flash128_bf16", 5),
	parameter("attention_flash128_bf16", "queries see what comes after", wrong, 35, "0"),
	parameter("attention_flash128_bf16", "eight columns less", wrong, 15, "120"),
	{"attention_flash128_bf16", "nobody waits for the queries", exec.AsyncRead, `cp\.async\.wait_group\s+0;`, 0, ""},
	{"attention_flash128_bf16", "nobody waits for the next tile", exec.AsyncRead, `cp\.async\.wait_group\s+0;`, 2, ""},

	barrier("attention_general64_bf16", 0),
	barrier("attention_general64_bf16", 2),
	butterfly("attention_general64_bf16", 0),
	longer("attention_general64_bf16", "a bias of more distances", exec.OutOfBounds, 22),
	parameter("attention_general64_bf16", "pages of a row more", wrong, 19, "29"),
	another("attention_general64_bf16", "no bias", wrong, 7, 1),

	barrier("attention_general32_f16", 0),
	barrier("attention_general32_f16", 3),
	butterfly("attention_general32_f16", 0),
	longer("attention_general32_f16", "keys further apart", exec.OutOfBounds, 31),
	longer("attention_general32_f16", "values a column wider", exec.UninitMemory, 16),
	parameter("attention_general32_f16", "dropout with another key", wrong, 43, "8"),
	parameter("attention_general32_f16", "all dropped are kept", wrong, 41, "0"),
	parameter("attention_general32_f16", "rows by 16 bytes", exec.Misaligned, 39, "1"),

	barrier("attention_simt64", 0),
	barrier("attention_simt64", 1),
	barrier("attention_simt64", 2),
	butterfly("attention_simt64", 0),
	longer("attention_simt64", "a bias of more distances", exec.OutOfBounds, 22),
	parameter("attention_simt64", "queries see what comes after", wrong, 35, "0"),
	parameter("attention_simt64", "a column less", wrong, 15, "60"),

	barrier("attention_few64", 0),
	barrier("attention_few64", 1),
	barrier("attention_few64", 2),
	butterfly("attention_few64", 0),
	butterfly("attention_few64", 1),
	parameter("attention_few64", "queries see what comes after", wrong, 35, "0"),
	another("attention_few64", "keys for values", wrong, 6, 5),
	{"attention_few64", "nobody waits for the keys", exec.AsyncRead, `cp\.async\.wait_group\s+1;`, 0, ""},
	{"attention_few64", "nobody waits for the values", exec.AsyncRead, `cp\.async\.wait_group\s+0;`, 0, ""},

	parameter("attention_combine", "two parts for three", wrong, 12, "2"),
	longer("attention_combine", "parts a row apart", exec.OutOfBounds, 10),
	parameter("attention_combine", "a column less", wrong, 7, "63"),
	another("attention_combine", "lengths of queries for those of keys", wrong, 5, 4),
}
