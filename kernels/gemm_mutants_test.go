package kernels

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/rapt-go/rapt/cuda/driver"
	"github.com/rapt-go/rapt/cuda/sim/exec"
)

// TestGemmMutants breaks the kernels of products.
func TestGemmMutants(t *testing.T) {
	var launches []mutantLaunch
	var list []mutant
	for _, k := range gemmTable {
		if k.Target > 75 || !strings.HasSuffix(k.Name, "_f16") { // those of f16 are the same source as those of bf16
			launches = append(launches, gemmLaunch(k))
			list = append(list, gemmMutants(k)...)
		}
	}
	breakAll(t, launches, list)
}

// gemmLaunch is a product of a tile and a part of one, by enough steps that all places in shared memory are used again.
func gemmLaunch(k Kernel) mutantLaunch {
	s := gemmShape{m: k.Tile + 3, n: k.Tile - 2, k: 136, act: silu, bias: true, add: true, alpha: 0.5}
	switch {
	case k.Tile == 16:
		s.k = 648
	case k.Stem == "gemm_simt":
		s.k = 40
	}
	return mutantLaunch{k.Name, 2, func(r *rig, rng *rand.Rand) ([]*matrix, []driver.Arg) {
		d := f32
		if k.Stem == "gemm" {
			d = bf16
		}
		g := s.make(r, d, rng.Uint64())
		if k.Stem == "gemm_fast" {
			g.b = r.pairs(g.b)
		}
		s.result(r, g, d)
		args := g.args()
		if k.Params > len(args) {
			args = append(args, 0)
		}
		return []*matrix{g.dst}, args
	}}
}

// Parameters of GEMM_PARAMETERS by number.
const (
	paramBias, paramAdd, paramM, paramN, paramK = 5, 9, 10, 11, 12
	paramAct, paramAlpha                        = 21, 30
)

// gemmMutants breaks each kernel in three places at least, and one of each source in all.
func gemmMutants(k Kernel) []mutant {
	list := []mutant{
		parameter(k.Name, "rows not bounded", exec.OutOfBounds, paramM, huge),
		parameter(k.Name, "columns not bounded", exec.OutOfBounds, paramN, huge),
		barrier(k.Name, 0),
	}
	switch k.Name {
	case "gemm_fast64_f32", "gemm_few16_f32", "gemm_mma64_bf16", "gemm_simt64_f32":
	default:
		return list
	}
	list = append(list,
		parameter(k.Name, "alpha left out", wrong, paramAlpha, one),
		parameter(k.Name, "activation left out", wrong, paramAct, "0"),
		another(k.Name, "no bias", wrong, paramBias, 1),
		another(k.Name, "nothing added", wrong, paramAdd, 1))
	if k.Stem == "gemm_simt" {
		return append(list,
			barrier(k.Name, 1),
			longer(k.Name, "one of k too many", exec.OutOfBounds, paramK),
			mutant{k.Name, "product for sum", wrong, `fma\.rn\.f32\s+(%f\d+), (%f\d+), (%f\d+), %f\d+;`, 40, "mul.rn.f32 $1, $2, $3;"})
	}
	list = append(list,
		mutant{k.Name, "a wait leaves too many groups", exec.AsyncRead, `cp\.async\.wait_group \d;`, 0, "cp.async.wait_group 5;"},
		mutant{k.Name, "no commit", exec.AsyncRead, `cp\.async\.commit_group;`, 1, ""},
		mutant{k.Name, "chunks of a row at one place", exec.AsyncOverwrite, `xor\.b32(\s+%r\d+, %r\d+), %r\d+;`, 0, "or.b32$1, 0;"},
		mutant{k.Name, "a row outside copied", exec.OutOfBounds, `setp\.ne\.b32 p, %r\d+, 0;`, 1, "setp.eq.b32 p, 0, 0;"})
	if k.Stem == "gemm" {
		list = append(list,
			mutant{k.Name, "halves of b swapped", wrong, `\}, \{(%r\d+),(%r\d+)\}, \{`, 0, "}, {$2,$1}, {"},
			mutant{k.Name, "quarters of a fragment swapped", wrong, `x4\.shared\.b16 \{(%r\d+), (%r\d+), `, 0, "x4.shared.b16 {$2, $1, "})
	}
	return list
}
