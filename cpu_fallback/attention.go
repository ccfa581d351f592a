package cpu

import (
	"math"

	"github.com/rapt-go/rapt/gpu"
)

// A tile of attention is up to queryBlock queries of one head of one sequence. It goes over
// the sequence's keys keyBlock at a time, with a running maximum and sum of each
// query (Milakov and Gimelshein 2018; Dao et al. 2022), so that no matrix of all
// scores exists. Blocks start at the sequence's own first key, so what a query gets does
// not depend on its neighbours.
const (
	queryBlock = 64
	keyBlock   = 64
	usualHead  = 512 // columns of a head that the scratch has room for from the start
)

// attentionScratch holds the scores and sums of a tile, and its block of V in panels, for heads
// of so many columns.
func attentionScratch(width int) int { return queryBlock*(keyBlock+width+1) + keyBlock*width }

// heads is what the forward operation and the gradient derive from the operands.
type heads struct {
	q, k, v, bias matrix
	qs, ks        sequences
	pairs         int // of a query and a key in one sequence
	n, group      int // heads of Q, and how many share one of K
	d, dv         int
	scale         float32
	causal        bool
	drop          gpu.Drop
}

func openHeads(op *gpu.Attention, err *error) heads {
	kv := op.KVHeads
	if kv == 0 {
		kv = op.Heads
	}
	h := heads{q: open[float32](&op.Q, err), k: open[float32](&op.K, err), v: open[float32](&op.V, err), bias: open[float32](&op.Bias, err),
		qs: openSeqs(&op.QSeq, err), ks: openSeqs(&op.KSeq, err),
		n: op.Heads, group: op.Heads / kv, d: op.Q.Cols / op.Heads, dv: op.V.Cols / kv,
		scale: op.Scale, causal: op.Causal, drop: op.Drop}
	if h.scale == 0 {
		h.scale = float32(1 / math.Sqrt(float64(h.d)))
	}
	if *err == nil {
		*err = firstError(h.qs.check("QSeq", h.q.rows), h.ks.check("KSeq", h.k.rows))
	}
	if *err == nil {
		for i := range h.qs.n {
			h.pairs += h.qs.len(i) * h.ks.len(i)
		}
	}
	return h
}

// visible is how many keys query i of a sequence sees, nq and nk being its lengths.
func (h *heads) visible(i, nq, nk int) int {
	if !h.causal {
		return nk
	}
	return min(max(i+nk-nq+1, 0), nk)
}

// addBias adds to the scores of a query at place p and the keys from place k on.
func (h *heads) addBias(scores []float32, head, p, k int) {
	if h.bias.absent() {
		return
	}
	r := h.bias.rows / 2
	for j := range scores {
		at := r + min(max(k+j-p, -r), r)
		scores[j] += h.bias.data[at*h.bias.stride+head]
	}
}

// dropElement is the number, for Drop, of a query row and a key.
func (h *heads) dropElement(row, head, key int) int { return (row*h.n+head)*h.ks.max + key }

// An attentionJob is a gpu.Attention.
type attentionJob struct {
	heads
	t        *kernels
	dst, lse matrix
	blocks   int // of queries in the longest sequence
}

func (q *queue) runAttention(op *gpu.Attention) error {
	var err error
	j := &q.attention
	defer clearJob(j)
	*j = attentionJob{t: q.k, heads: openHeads(op, &err), dst: open[float32](&op.Dst, &err), lse: open[float32](&op.LSE, &err)}
	if err != nil {
		return err
	}
	if err := q.reserve(attentionScratch, j.dv); err != nil {
		return err
	}
	j.blocks = (j.qs.longest + queryBlock - 1) / queryBlock
	q.share(j, j.qs.n*j.n*j.blocks, j.pairs, j.n*(expCost+(j.d+j.dv)/4))
	return nil
}

// A block is a tile at work.
type block struct {
	seq, head int
	q0, rows  int       // its queries
	nq, nk    int       // lengths of the sequence
	row0      int       // of Q and Dst: the first query's
	scores    []float32 // [rows, keyBlock]; then their exp
	out       []float32 // [rows, dv]: Σ exp(score − top)·V
	top       []float32 // the largest score of each query
	sum       []float64 // Σ exp(score − top)
	v         []float32 // panels, or a row of sums
}

func (j *attentionJob) tile(t int, s *scratch) {
	b := block{seq: t / (j.n * j.blocks), head: t / j.blocks % j.n, q0: t % j.blocks * queryBlock}
	b.nq, b.nk = j.qs.len(b.seq), j.ks.len(b.seq)
	if b.rows = min(queryBlock, b.nq-b.q0); b.rows <= 0 {
		return
	}
	b.row0 = j.qs.row(b.seq, b.q0)
	b.cut(s, j.dv)
	seen := j.visible(b.q0+b.rows-1, b.nq, b.nk)
	for k0 := 0; k0 < seen; k0 += keyBlock {
		n := min(keyBlock, seen-k0)
		j.score(&b, k0, n)
		for i := range b.rows {
			j.weigh(&b, i, k0, n)
		}
		j.gather(&b, k0, n)
	}
	for i := range b.rows {
		j.finish(&b, i)
	}
}

// cut divides the scratch.
func (b *block) cut(s *scratch, dv int) {
	f := s.f
	take := func(n int) (x []float32) { x, f = f[:n:n], f[n:]; return x }
	b.scores, b.out, b.top = take(queryBlock*keyBlock), take(b.rows*dv), take(b.rows)
	b.v, b.sum = f, s.d[:b.rows]
	clear(b.out)
	clear(b.sum)
	for i := range b.top {
		b.top[i] = float32(math.Inf(-1))
	}
}

// score computes Q·Kᵀ of the block and n keys from k0 on.
func (j *attentionJob) score(b *block, k0, n int) {
	q := j.q.data[b.row0*j.q.stride+b.head*j.d:]
	kCol := b.head / j.group * j.d
	clear(b.scores[:b.rows*keyBlock])
	for r := 0; r < n; {
		run := j.ks.run(k0+r, n-r)
		k := j.k.data[j.ks.row(b.seq, k0+r)*j.k.stride+kCol:]
		j.t.dots(b.scores[r:], keyBlock, q, j.q.stride, k, j.k.stride, b.rows, run, j.d)
		r += run
	}
}

// weigh turns the scores of query i into exp(score − top), where top may have risen: then
// the sums so far shrink. Keys that the query does not see weigh nothing, and are not
// touched by gather.
func (j *attentionJob) weigh(b *block, i, k0, n int) {
	seen := j.seen(b, i, k0, n)
	if seen == 0 {
		return
	}
	p := b.scores[i*keyBlock:][:seen]
	scaleRow(p, j.scale)
	j.addBias(p, b.head, b.q0+i+b.nk-b.nq, k0)
	if high := j.t.highest(p, 1); high > b.top[i] {
		if b.sum[i] != 0 {
			shrink := exp(float64(b.top[i]) - float64(high))
			b.sum[i] *= shrink
			scaleRow(b.out[i*j.dv:][:j.dv], float32(shrink))
		}
		b.top[i] = high
	}
	b.sum[i] += j.t.expSum(p, p, 1, finite(b.top[i]))
	if j.drop.Rate > 0 {
		dropRow(p, j.drop, j.dropElement(b.row0+i, b.head, k0))
	}
}

// fewRows is how many queries do not repay laying V out for gemm.
const fewRows = 3

// gather adds exp(score − top)·V for n keys from k0 on.
func (j *attentionJob) gather(b *block, k0, n int) {
	vCol := b.head / j.group * j.dv
	if b.rows <= fewRows {
		for i := range b.rows {
			sum := b.v[:j.dv]
			clear(sum)
			for r, p := range b.scores[i*keyBlock:][:j.seen(b, i, k0, n)] {
				j.t.axpy(sum, j.v.part(j.ks.row(b.seq, k0+r), vCol, vCol+j.dv), p)
			}
			addRow(b.out[i*j.dv:][:j.dv], sum)
		}
		return
	}
	for r := range n {
		j.t.pack(b.v, j.v.part(j.ks.row(b.seq, k0+r), vCol, vCol+j.dv), r, n)
	}
	for i := 0; i < b.rows; { // as many queries at once as see the same keys
		seen, rows := j.seen(b, i, k0, n), 1
		for i+rows < b.rows && j.seen(b, i+rows, k0, n) == seen {
			rows++
		}
		j.t.gemm(b.out[i*j.dv:], j.dv, b.scores[i*keyBlock:], keyBlock, b.v, n*j.t.panel, rows, j.dv, seen)
		i += rows
	}
}

// seen is how many of n keys from k0 on the block's query i sees.
func (j *attentionJob) seen(b *block, i, k0, n int) int {
	return min(max(j.visible(b.q0+i, b.nq, b.nk)-k0, 0), n)
}

// finish divides by the sum. A query that saw only −∞, or nothing, has sum zero.
func (j *attentionJob) finish(b *block, i int) {
	row, sum := b.row0+i, b.sum[i]
	y := j.dst.part(row, b.head*j.dv, (b.head+1)*j.dv)
	if sum == 0 {
		clear(y)
	} else {
		for c, v := range b.out[i*j.dv:][:j.dv] {
			y[c] = float32(float64(v) / sum)
		}
	}
	if !j.lse.absent() {
		j.lse.row(row)[b.head] = float32(float64(b.top[i]) + math.Log(sum))
	}
}
