package generate

import (
	"slices"

	"github.com/rapt-go/rapt/model"
)

// A group is the beams of a search, each with its place in the cache.
type group struct {
	*beamSearch
	j       *job
	seqs    []sequence // of the running beams
	parents []sequence // of the step before

	ids    [][]int32 // candidates of each beam
	scores [][]float32
}

// newGroup starts the search of a job whose prompt is in the cache.
func newGroup(j *job) *group {
	g := &group{beamSearch: newBeamSearch(&j.Options, j.context(), j.most), j: j}
	g.seqs = append(g.seqs, sequence{j: j, place: j.seq, rules: g.rules(0)})
	j.seq = nil
	return g
}

// move makes sequences of the beams that run now. The last child of a parent takes its place in the cache, others share it.
func (g *group) move(c *model.Cache) {
	g.seqs, g.parents = g.parents[:0], g.seqs
	for i := range g.width() {
		b := g.beam(i)
		g.seqs = append(g.seqs, sequence{j: g.j, rules: b.rules, next: [1]int32{b.ID}})
	}
	for i := range slices.Backward(g.seqs) {
		q, p := &g.seqs[i], &g.parents[g.beam(i).Parent]
		if p.place != nil {
			q.place, p.place, p.index = p.place, nil, i
			continue
		}
		heir := g.seqs[p.index].place
		q.place = c.Fork(heir, heir.Len())
	}
	for i := range g.parents {
		g.parents[i].drop(c)
	}
}

// drop frees the places of all beams.
func (g *group) drop(c *model.Cache) {
	for i := range g.seqs {
		g.seqs[i].drop(c)
	}
}

func (q *sequence) drop(c *model.Cache) {
	if q.place != nil {
		c.Drop(q.place)
		q.place = nil
	}
}

// ranking is how the candidates of a job's beams are found.
func (j *job) ranking() choice {
	if j.Renormalize {
		return renormalized
	}
	return ranked
}
