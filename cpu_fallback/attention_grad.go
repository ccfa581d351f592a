package cpu

import (
	"math"

	"github.com/rapt-go/rapt/gpu"
)

// attentionGradScratch holds a block's scores and their gradient, for one query, and a
// row of sums.
func attentionGradScratch(width int) int { return 2*keyBlock + width }

// An attentionGradJob is a gpu.AttentionGrad. Sequences may share keys, and heads of Q
// share those of K. So a tile takes one head of K with all that read it, and
// adds sequence after sequence, query after query.
type attentionGradJob struct {
	heads
	t              *kernels
	dst, lse, ddst matrix
	dq, dk, dv     matrix
	dbias          matrix
}

func (q *queue) runAttentionGrad(op *gpu.AttentionGrad) error {
	var err error
	j := &q.attentionGrad
	defer clearJob(j)
	f := &op.Fwd
	*j = attentionGradJob{t: q.k, heads: openHeads(f, &err), dst: open[float32](&f.Dst, &err), lse: open[float32](&f.LSE, &err),
		ddst: open[float32](&op.DDst, &err), dq: open[float32](&op.DQ, &err), dk: open[float32](&op.DK, &err),
		dv: open[float32](&op.DV, &err), dbias: open[float32](&op.DBias, &err)}
	if err == nil {
		err = q.reserve(attentionGradScratch, j.heads.d)
	}
	if err != nil {
		return err
	}
	q.share(j, j.n/j.group, j.pairs, j.n*(expCost+j.heads.d+j.heads.dv))
	return nil
}

func (j *attentionGradJob) tile(kvHead int, s *scratch) {
	for head := kvHead * j.group; head < (kvHead+1)*j.group; head++ {
		for seq := range j.qs.n {
			j.sequence(seq, head, s)
		}
	}
}

// sequence adds the gradients of one head of one sequence.
func (j *attentionGradJob) sequence(seq, head int, s *scratch) {
	nq, nk := j.qs.len(seq), j.ks.len(seq)
	for q0 := 0; q0 < nq; q0 += queryBlock {
		rows := min(queryBlock, nq-q0)
		total := s.d[:rows] // Σ DDst·Dst of each query
		for i := range total {
			total[i] = j.total(j.qs.row(seq, q0+i), head)
		}
		for k0 := 0; k0 < nk; k0 += keyBlock {
			byDistance := s.d[queryBlock:][:queryBlock+keyBlock]
			clear(byDistance)
			for i := range rows {
				n := min(max(j.visible(q0+i, nq, nk)-k0, 0), keyBlock)
				if n > 0 {
					j.query(seq, head, q0+i, k0, n, total[i], s.f, byDistance[queryBlock-1-i:])
				}
			}
			// byDistance[e] belongs to key − query = k0 + e − (queryBlock−1) − (q0 + nk − nq).
			j.addBiasGrad(head, k0-(queryBlock-1)-(q0+nk-nq), byDistance)
		}
	}
}

// total is Σ DDst·Dst over a head: the mean of the gradient that a query's weights get.
func (j *attentionGradJob) total(row, head int) (sum float64) {
	w := j.heads.dv
	y := j.dst.part(row, head*w, (head+1)*w)
	for c, d := range j.ddst.part(row, head*w, (head+1)*w) {
		sum += float64(float64(d) * float64(y[c]))
	}
	return sum
}

// query adds what query i and n keys from k0 on give each other.
func (j *attentionGradJob) query(seq, head, i, k0, n int, total float64, f []float32, byDistance []float64) {
	row, kvHead := j.qs.row(seq, i), head/j.group
	lse := j.lse.row(row)[head]
	if lse == float32(math.Inf(-1)) {
		return
	}
	d, dv := j.heads.d, j.heads.dv
	q, dy := j.q.part(row, head*d, (head+1)*d), j.ddst.part(row, head*dv, (head+1)*dv)
	p, dp, sum := f[:n], f[keyBlock:][:n], f[2*keyBlock:][:d]
	clear(f[:2*keyBlock+d])
	for r := 0; r < n; {
		run, at := j.ks.run(k0+r, n-r), j.ks.row(seq, k0+r)
		j.t.dots(p[r:], 0, q, 0, j.k.data[at*j.k.stride+kvHead*d:], j.k.stride, 1, run, d)
		j.t.dots(dp[r:], 0, dy, 0, j.v.data[at*j.v.stride+kvHead*dv:], j.v.stride, 1, run, dv)
		r += run
	}
	scaleRow(p, j.scale)
	j.addBias(p, head, i+j.ks.len(seq)-j.qs.len(seq), k0)
	j.t.expSum(p, p, 1, lse)
	for r := range p {
		at, keep := j.ks.row(seq, k0+r), j.drop.Keep(j.dropElement(row, head, k0+r))
		ds := float64(p[r]) * (float64(keep)*float64(dp[r]) - total)
		byDistance[r] += ds
		if !j.dv.absent() {
			j.t.axpy(j.dv.part(at, kvHead*dv, (kvHead+1)*dv), dy, p[r]*keep)
		}
		scaled := float32(ds * float64(j.scale))
		if !j.dk.absent() {
			j.t.axpy(j.dk.part(at, kvHead*d, (kvHead+1)*d), q, scaled)
		}
		j.t.axpy(sum, j.k.part(at, kvHead*d, (kvHead+1)*d), scaled)
	}
	if !j.dq.absent() {
		addRow(j.dq.part(row, head*d, (head+1)*d), sum)
	}
}

// addBiasGrad adds the gradients of scores whose key is distance, distance+1, … places
// after the query; those far off share a row.
func (j *attentionGradJob) addBiasGrad(head, distance int, byDistance []float64) {
	if j.dbias.absent() {
		return
	}
	r := j.dbias.rows / 2
	for e := 0; e < len(byDistance); {
		at, sum := min(max(distance+e, -r), r), 0.0
		for ; e < len(byDistance) && min(max(distance+e, -r), r) == at; e++ {
			sum += byDistance[e]
		}
		j.dbias.data[(r+at)*j.dbias.stride+head] += float32(sum)
	}
}
