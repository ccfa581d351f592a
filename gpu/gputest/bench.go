package gputest

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/rapt-go/rapt/gpu"
)

// Bench times be on the cases that are enough work to time, and on the operations of
// BERT-base and MiniLM at the sizes of serving. Choose by name: -bench '/Gemm/m=512/n=768'.
// GFLOP/s and GB/s are of the work that [gpu.Cost] counts.
func Bench(b *testing.B, be gpu.Backend) {
	cases := slices.DeleteFunc(Cases(), func(c Case) bool {
		w := gpu.Cost(c.Build(shapesOnly()))
		return w.FLOPs < 1<<20 && w.Bytes < 1<<17
	})
	for _, c := range append(cases, benchCases()...) {
		b.Run(c.Name, func(b *testing.B) { bench(b, be, c) })
	}
}

func bench(b *testing.B, be gpu.Backend, c Case) {
	s := &suite{b: be}
	d, err := s.device()
	if err != nil {
		b.Fatal(err)
	}
	defer d.close()
	defer d.s.Close()
	op, err := d.place(c.Build(newEnv(roomy)))
	if err == nil {
		err = errors.Join(be.Supports(op), d.reset())
	}
	if errors.Is(err, gpu.ErrUnsupported) {
		b.Skip(err)
	}
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		d.s.Do(op)
	}
	if err := d.s.Sync(); err != nil {
		b.Fatal(err)
	}
	w, seconds := gpu.Cost(op), b.Elapsed().Seconds()/float64(b.N)
	if w.FLOPs > 0 {
		b.ReportMetric(float64(w.FLOPs)/seconds/1e9, "GFLOP/s")
	}
	b.ReportMetric(float64(w.Bytes)/seconds/1e9, "GB/s")
}

// benchCases are an encoder's operations at the sizes of serving.
func benchCases() (cases []Case) {
	for _, m := range []int{1, 32, 128, 512} {
		for _, s := range [][2]int{{2304, 768}, {768, 768}, {3072, 768}, {768, 3072}, {1152, 384}, {384, 384}, {1536, 384}, {384, 1536}} {
			for _, dt := range floatTypes {
				g := gemmCase{m: m, n: s[0], k: s[1], dt: dt, f: gpu.Native, with: withBias}
				if s[0] == 4*s[1] {
					g.name = "gelu"
					g.with = func(e *Env, op *gpu.Gemm) { withBias(e, op); op.Act = gpu.GELU }
				}
				cases = append(cases, g.named())
			}
		}
	}
	batch := slices.Repeat([]int{128}, 4)
	for _, dt := range floatTypes {
		for _, h := range [][2]int{{12, 64}, {12, 32}} {
			cases = append(cases,
				attentionCase{name: "bench", q: batch, heads: h[0], d: h[1], dt: dt}.named(),
				attentionCase{name: "bench", q: []int{512}, heads: h[0], d: h[1], dt: dt}.named(),
			)
			n := h[0] * h[1]
			cases = append(cases,
				normCase("bench", dt, 512, n, residual),
				Case{Name: fmt.Sprintf("Pointwise/gelu/m=512/n=%d/dt=%v", 4*n, dt), Build: func(e *Env) gpu.Op {
					return &gpu.Pointwise{Dst: e.Out(dt, 512, 4*n), X: e.Rand(dt, 512, 4*n), F: gpu.GELU}
				}},
				Case{Name: fmt.Sprintf("Pool/mean/m=512/n=%d/dt=%v", n, dt), Build: func(e *Env) gpu.Op {
					seqs, rows := e.Seqs(batch...)
					return &gpu.Pool{Dst: e.Out(dt, 4, n), X: e.Rand(dt, rows, n), Seqs: seqs, Kind: gpu.Mean}
				}},
			)
		}
	}
	return cases
}
