package gputest

import (
	"slices"

	"github.com/rapt-go/rapt/gpu"
)

// Cases returns the suite's cases, every operation's. Names are paths: operation, what is
// special, shape, dt= and fmt=.
func Cases() []Case {
	forward := slices.Concat(
		gemmShapes(), gemmFeatures(), gemmFormats(),
		normCases(), attentionShapes(), attentionFeatures(), attentionEdges(), embedCases(),
		pointwiseCases(), softmaxCases(), poolCases(), rowCases(), castCases(),
		topKCases(), sampleCases(), crossEntropyCases(), warpCases(), scatterCases(), fillCases(),
	)
	all := forward
	for _, c := range forward {
		if c.Grad {
			all = append(all, gradCase(c, everything))
		}
	}
	return append(all, gradEdges()...)
}

// floatTypes are the types of activations.
var floatTypes = [...]gpu.DType{gpu.F32, gpu.F16, gpu.BF16}

// tails are sizes at and around those of vectors, tiles and blocks.
var tails = [...]int{1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 47, 48, 49, 63, 64, 65}
