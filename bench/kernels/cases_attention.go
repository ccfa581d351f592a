package main

import (
	"fmt"
	"strings"

	"github.com/rapt-go/rapt/gpu"
)

// attend is attention of width columns of heads of d.
func attend(what string, dt gpu.DType, d int, q, k []int, with func(r *rig, op *gpu.Attention)) row {
	shape := fmt.Sprintf("%d heads of %d, %s queries, %s keys", width/d, d, lengths(q), lengths(k))
	return row{strings.TrimSpace("Attention " + what), shape, dt, func(r *rig) gpu.Op {
		qs, ks := r.seqs(q...), r.seqs(k...)
		if what == "" {
			ks = qs
		}
		kv := r.random(dt, sum(k), 2*width)
		op := &gpu.Attention{Dst: r.s.Temp(dt, sum(q), width), Q: r.random(dt, sum(q), width), K: kv.ColRange(0, width), V: kv.ColRange(width, 2*width),
			QSeq: qs, KSeq: ks, Heads: width / d}
		if with != nil {
			with(r, op)
		}
		return op
	}}
}

func causal(_ *rig, op *gpu.Attention) { op.Causal = true }

func withDistances(r *rig, op *gpu.Attention) { op.Bias = r.random(gpu.F32, 257, op.Heads) }

func attentionRows() (all []row) {
	for _, dt := range floats {
		all = append(all,
			attend("", dt, 64, []int{128}, []int{128}, nil),
			attend("", dt, 32, []int{128}, []int{128}, nil),
			attend("", dt, 128, []int{256}, []int{256}, nil),
			attend("causal", dt, 64, []int{256}, []int{256}, causal),
			attend("with distances", dt, 64, []int{128}, []int{128}, withDistances),
			attend("of one query", dt, 64, []int{1, 1}, []int{1024, 300}, nil))
	}
	return all
}
