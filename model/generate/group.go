package generate

import (
	"slices"

	"github.com/rapt-go/rapt/model"
)

// A group is the beams of a search, each with its place in the cache.
type group struct {
	*beamSearch
	j       *job
	lines   []line // of the running beams
	parents []line // of the step before
}

// newGroup starts the search of a job whose prompt is in the cache.
func newGroup(j *job) *group {
	g := &group{beamSearch: newBeamSearch(&j.Options, j.context(), j.most), j: j}
	g.lines = append(g.lines, line{j: j, seq: j.seq, rules: g.rules(0)})
	j.seq = nil
	return g
}

// move makes lines of the beams that run now. The last child of a parent takes its place in the cache, others share it.
func (g *group) move(c *model.Cache) {
	g.lines, g.parents = g.parents[:0], g.lines
	for i := range g.width() {
		b := g.beam(i)
		g.lines = append(g.lines, line{j: g.j, rules: b.rules, next: [1]int32{b.ID}})
	}
	for i := range slices.Backward(g.lines) {
		l, p := &g.lines[i], &g.parents[g.beam(i).Parent]
		if p.seq != nil {
			l.seq, p.seq, p.index = p.seq, nil, i
			continue
		}
		heir := g.lines[p.index].seq
		l.seq = c.Fork(heir, heir.Len())
	}
	for i := range g.parents {
		g.parents[i].drop(c)
	}
}

// drop frees the places of all beams.
func (g *group) drop(c *model.Cache) {
	for i := range g.lines {
		g.lines[i].drop(c)
	}
}

func (l *line) drop(c *model.Cache) {
	if l.seq != nil {
		c.Drop(l.seq)
		l.seq = nil
	}
}

// ranking is how the candidates of a job's beams are found.
func (j *job) ranking() choice {
	if j.Renormalize {
		return renormalized
	}
	return ranked
}

// beamLines is those of all beams of jobs, and how many ids of each a step wants.
func (w *worker) beamLines(jobs []*job) (lines []*line, k int) {
	for _, j := range jobs {
		for i := range j.group.lines {
			lines = append(lines, &j.group.lines[i])
		}
		k = max(k, j.Options.candidates())
	}
	return lines, min(k, w.e.limits.Vocab)
}

// advance gives searches the candidates of their beams, and ends those that are over.
func (w *worker) advance(jobs []*job, p picks) {
	if w.s.Err() != nil {
		return
	}
	at := 0
	for _, j := range jobs {
		g := j.group
		var ids [][]int32
		var scores [][]float32
		for range g.lines {
			i, s := p.list(at)
			ids, scores, at = append(ids, i), append(scores, s), at+1
		}
		if g.step(ids, scores) {
			g.move(w.cache)
			continue
		}
		if j.out = g.results(j.Return); len(j.out) == 0 {
			w.finish(j, errNoToken)
			continue
		}
		j.sayAll()
		w.finish(j, nil)
	}
}
