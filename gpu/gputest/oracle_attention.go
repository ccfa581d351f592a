package gputest

import (
	"math"

	"github.com/rapt-go/rapt/gpu"
)

// row is the row of s's r-th element of sequence seq.
func row(s *gpu.Seqs, seq, r int) int {
	if s.Pages.IsZero() {
		return index(s.Start, 0, seq) + r
	}
	return index(s.Pages, seq, r/s.PageRows)*s.PageRows + r%s.PageRows
}

// A heads is an attention with what its zero fields mean.
type heads[T real] struct {
	*gpu.Attention
	q, k, v      [][]T
	d, dv, group int // widths of a head, and how many share a key head
	scale        T
}

func newHeads[T real](op *gpu.Attention) *heads[T] {
	kv := op.KVHeads
	if kv == 0 {
		kv = op.Heads
	}
	x := &heads[T]{Attention: op, q: load[T](op.Q), k: load[T](op.K), v: load[T](op.V)}
	x.d, x.dv, x.group = op.Q.Cols/op.Heads, op.V.Cols/kv, op.Heads/kv
	if x.scale = T(op.Scale); op.Scale == 0 {
		x.scale = 1 / sqrt(T(x.d))
	}
	return x
}

// A query is one row of Q within a sequence, and the keys that it sees, for one head.
type query[T real] struct {
	seq, place, row, head int // place from the sequence's start, as keys count
	score                 []T
	mag                   float64 // the largest score's: Scale·Σ|q·k| + |Bias|
}

// each calls f for every query and head.
func (x *heads[T]) each(f func(q *query[T])) {
	for seq := range x.QSeq.N {
		nq, nk := index(x.QSeq.Len, 0, seq), index(x.KSeq.Len, 0, seq)
		for i := range nq {
			for h := range x.Heads {
				q := &query[T]{seq: seq, place: i + nk - nq, row: row(&x.QSeq, seq, i), head: h}
				seen := nk
				if x.Causal {
					seen = min(nk, max(0, q.place+1))
				}
				x.scores(q, seen)
				f(q)
			}
		}
	}
}

func (x *heads[T]) scores(q *query[T], seen int) {
	q.score = make([]T, seen)
	for j := range seen {
		var s T
		var mag float64
		qs, ks := x.q[q.row][q.head*x.d:][:x.d], x.key(q, j)
		for c := range x.d {
			s += qs[c] * ks[c]
			mag += abs(qs[c] * ks[c])
		}
		b := opt[T](x.Bias, x.bias(q, j), q.head, 0)
		q.score[j] = x.scale*s + b
		if m := abs(x.scale)*mag + abs(b); !math.IsInf(m, 0) {
			q.mag = max(q.mag, m)
		}
	}
}

// bias is the row of Bias for key j.
func (x *heads[T]) bias(q *query[T], j int) int {
	r := x.Bias.Rows / 2
	return r + min(max(j-q.place, -r), r)
}

func (x *heads[T]) key(q *query[T], j int) []T {
	return x.k[row(&x.KSeq, q.seq, j)][q.head/x.group*x.d:][:x.d]
}

func (x *heads[T]) value(q *query[T], j int) []T {
	return x.v[row(&x.KSeq, q.seq, j)][q.head/x.group*x.dv:][:x.dv]
}

// keep is what dropout multiplies the probability of key j by.
func (x *heads[T]) keep(q *query[T], j int) T {
	return keep[T](x.Drop, (q.row*x.Heads+q.head)*x.KSeq.Max+j)
}

// attention's magnitudes: with m that of the largest score, an error of which is a
// relative one of each probability and of their sum, (1 + 2m)·Σ p·|v| for Dst and
// 1 + m + |LSE| for LSE.
func attention[T real](op *gpu.Attention) {
	x := newHeads[T](op)
	lossy := 0.0
	if op.K.DType != gpu.F32 {
		lossy = roundoff(op.K.DType)
	}
	x.each(func(q *query[T]) {
		top, z := softened(q.score)
		if lse := float64(top) + math.Log(float64(z)); z != 0 {
			store(op.LSE, q.row, q.head, T(lse), 1+q.mag+math.Abs(lse), 0)
		} else {
			store(op.LSE, q.row, q.head, T(math.Inf(-1)), 0, 0)
		}
		for c := range x.dv {
			var o T
			var mag float64
			for j, p := range q.score {
				if z != 0 {
					t := p / z * x.keep(q, j) * x.value(q, j)[c]
					o += t
					mag += abs(t)
				}
			}
			store(op.Dst, q.row, q.head*x.dv+c, o, (1+2*q.mag)*mag, lossy*mag)
		}
	})
}

// softened replaces s by exp(s − max s), and returns the maximum and the sum: zeros
// if all is −∞.
func softened[T real](s []T) (top, z T) {
	top = T(math.Inf(-1))
	for _, v := range s {
		top = max(top, v)
	}
	for j, v := range s {
		if s[j] = exp(v - top); math.IsInf(float64(top), -1) {
			s[j] = 0
		}
		z += s[j]
	}
	return top, z
}

// attentionGrad's magnitudes: a probability exp(score − LSE) has a relative error of
// 1 + m + |LSE|, m being the score's; the other factors have those of their terms.
func attentionGrad[T real](op *gpu.AttentionGrad) {
	f := &op.Fwd
	x := newHeads[T](f)
	dq, dk, dv, db := newSum[T](op.DQ), newSum[T](op.DK), newSum[T](op.DV), newSum[T](op.DBias)
	x.each(func(q *query[T]) {
		lse := at[T](f.LSE, q.row, q.head)
		if math.IsInf(float64(lse), -1) {
			return
		}
		rel := 1 + q.mag + abs(lse)
		var total T // Σ DDst·Dst
		var totalMag float64
		do := make([]T, x.dv)
		for c := range do {
			do[c] = at[T](op.DDst, q.row, q.head*x.dv+c)
			t := do[c] * at[T](f.Dst, q.row, q.head*x.dv+c)
			total, totalMag = total+t, totalMag+abs(t)
		}
		for j, s := range q.score {
			p, keep, r := exp(s-lse), x.keep(q, j), row(&x.KSeq, q.seq, j)
			v, k, hk := x.value(q, j), x.key(q, j), q.head/x.group
			var dp T
			var dpMag float64
			for c := range do {
				dp += keep * do[c] * v[c]
				dpMag += abs(keep * do[c] * v[c])
				dv.add(r, hk*x.dv+c, p*keep*do[c], rel*abs(p*keep*do[c]))
			}
			ds, mag := p*(dp-total), rel*abs(p)*(dpMag+totalMag)
			if !f.Bias.IsZero() {
				db.add(x.bias(q, j), q.head, ds, mag)
			}
			for c := range x.d {
				qc := x.q[q.row][q.head*x.d+c]
				dq.add(q.row, q.head*x.d+c, x.scale*ds*k[c], abs(x.scale*k[c])*mag)
				dk.add(r, hk*x.d+c, x.scale*ds*qc, abs(x.scale*qc)*mag)
			}
		}
	})
	for _, o := range []*sum[T]{dq, dk, dv, db} {
		o.store()
	}
}
