package task

import (
	"cmp"
	"math"
	"slices"

	"github.com/rapt-go/rapt/model"
)

// softmax returns exp(x)/Σ exp(x), in float64.
func softmax[F float32 | float64](x []F) []float64 {
	top := math.Inf(-1)
	for _, v := range x {
		top = math.Max(top, float64(v)) // NaN stays
	}
	p, sum := make([]float64, len(x)), 0.0
	for i, v := range x {
		p[i] = math.Exp(float64(v) - top)
		sum += p[i]
	}
	for i := range p {
		p[i] /= sum
	}
	return p
}

func sigmoid(x float32) float64 { return 1 / (1 + math.Exp(-float64(x))) }

// scores turns logits to what the pipelines of transformers call scores: a sigmoid
// for each label if several may hold or there is one, else a softmax.
func scores(k model.Classes, logits []float32) []float64 {
	if k.Problem == model.SingleLabel && len(logits) > 1 {
		return softmax(logits)
	}
	p := make([]float64, len(logits))
	for i, x := range logits {
		p[i] = sigmoid(x)
		if k.Problem == model.Regression {
			p[i] = float64(x)
		}
	}
	return p
}

// ranked returns the indices of scores, largest first, NaN last, equals in order.
func ranked(scores []float64) []int {
	order := make([]int, len(scores))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(scores[b], scores[a]) })
	return order
}
