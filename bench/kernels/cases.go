package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rapt-go/rapt/gpu"
)

// A row is an operation at a representative size.
type row struct {
	name, shape string
	dt          gpu.DType
	build       func(r *rig) gpu.Op
}

const (
	width, ffn, heads = 768, 3072, 12 // BERT-base
	tokens            = 128
	words, moreWords  = 30522, 50257 // vocabularies of BERT and GPT-2
)

// floats are the types that operations take.
var floats = []gpu.DType{gpu.BF16, gpu.F16, gpu.F32}

// rows are the operations of the table, by kind.
func rows() []row {
	return slices.Concat(gemmRows(), attentionRows(), matrixRows(), elementRows(), pickRows(), warpRows())
}

// most is the budget of a row's bytes ÷ ideal.
func (x *row) most() float64 {
	const nearly = 1.05
	switch {
	case strings.HasSuffix(x.name, "with distances") && x.dt == gpu.F32:
		return 1.95 // a block reads the distance of each of its scores, from a cache
	case strings.HasSuffix(x.name, "with distances"):
		return 1.20 // a column of the table of distances is a sector for each of its elements
	case x.name == "Put adding":
		return 1.60 // a warp for each 128 columns of a row reads the places of all rows: that is what makes the order of sums that of rows
	case strings.HasSuffix(x.shape, fmt.Sprint(moreWords)):
		// Of 50257 columns a block holds 32768; the others it reads again, TopK from its operand and Warp from its result of four bytes.
		const others = float64(moreWords-32768) / moreWords
		ways := ways[x.name] * others
		if strings.HasPrefix(x.name, "Warp ") {
			ways *= 4 / (4 + float64(x.dt.Size()))
		}
		return nearly + ways
	}
	return nearly
}

// ways are how often a row is gone through again: for each of up to three digits of eight bits and for what is found; for each of three
// digits of a filter, and for the mean of typical_p; for the largest; to cut, which reads and writes.
var ways = map[string]float64{"TopK 10": 3 + 1, "Warp greedy": 1 + 2, "Warp top_k, top_p": 3 + 3 + 2, "Warp typical_p": 1 + 3 + 2}

// matrix is a size as the table writes it.
func matrix(rows, cols int) string { return fmt.Sprintf("%d×%d", rows, cols) }

func sum(v []int) (n int) {
	for _, x := range v {
		n += x
	}
	return n
}

func lengths(v []int) string {
	s := ""
	for i, n := range v {
		if i > 0 {
			s += "+"
		}
		s += fmt.Sprint(n)
	}
	return s
}
