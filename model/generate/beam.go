package generate

import (
	"cmp"
	"math"
	"slices"
)

// A beamSearch keeps the likeliest continuations of a prompt as transformers' _beam_search does (generation/utils.py), for
// a batch of one. It has no device: who runs the model gives it every beam's candidates, and moves caches as it says.
//
// It differs where transformers has too few candidates for its beams: transformers then goes on with copies of the first
// beam, or with banned tokens, at scores near −10⁹, which may even be returned. Here there are fewer beams.
type beamSearch struct {
	o     *Options
	most  int // new tokens
	keep  int // candidates
	beams []beam
	ended []Output // best first, Beams at most
	over  bool
	pool  []*rules
	next  []beam
	found []candidate
	stop  []int32 // what Stop is shown
}

// A beam is a running sequence.
type beam struct {
	Parent int   // the beam of the step before that it continues
	ID     int32 // by this token
	sum    float64
	rules  *rules
}

// A candidate continues a beam.
type candidate struct {
	beam int
	id   int32
	sum  float64
}

// newBeamSearch starts a search with one beam, prompt.
func newBeamSearch(o *Options, prompt []int32, most int) *beamSearch {
	b := &beamSearch{o: o, most: most, keep: o.candidates()}
	b.beams = append(b.beams, beam{rules: newRules(o, prompt, most)})
	return b
}

// candidates is how many tokens of each beam a step of a search wants, of a vocabulary that has as many: enough for every
// beam to go on though each end token were among them.
func (o *Options) candidates() int { return max(2, 1+len(o.EOS)) * o.beams() }

// width is the number of running beams, 0 when the search is over.
func (b *beamSearch) width() int {
	if b.over {
		return 0
	}
	return len(b.beams)
}

// beam is running beam i: what it continues, and by which token. At the start it continues nothing.
func (b *beamSearch) beam(i int) beam { return b.beams[i] }

// rules is what counts for the next token of running beam i.
func (b *beamSearch) rules(i int) *rules { return b.beams[i].rules }

// step takes the likeliest Options.candidates tokens of every running beam, or the whole vocabulary where that is smaller:
// ids[i] and logProbs[i] of beam i, in any order, log-probabilities that its rules have changed and that are normalized
// again only under Options.Renormalize. Of a beam with forced tokens they are not looked at, and may be empty. Those of −∞ or NaN are none.
// It reports whether the search goes on, with the beams that width and beam tell.
func (b *beamSearch) step(ids [][]int32, logProbs [][]float32) bool {
	b.gather(ids, logProbs)
	n := len(b.beams[0].rules.new()) + 1 // new tokens of each candidate
	length := math.Pow(float64(n), b.o.lengthPenalty())
	b.next = b.next[:0]
	for rank, c := range b.found {
		finish := b.finish(c, n)
		switch {
		case finish == Running && len(b.next) < b.o.beams():
			b.next = append(b.next, beam{Parent: c.beam, ID: c.id, sum: c.sum})
		case finish != Running && rank < b.o.beams(): // the others exist only so that enough go on
			b.end(c, c.sum/length, finish)
		}
	}
	b.move()
	b.over = len(b.beams) == 0 || b.settled(n)
	return !b.over
}

func (o *Options) beams() int { return max(o.Beams, 1) }

// gather finds the best candidates of all beams.
func (b *beamSearch) gather(ids [][]int32, logProbs [][]float32) {
	b.found = b.found[:0]
	for i, r := range b.beams {
		if forced := r.rules.forced(); len(forced) > 0 {
			each := 0.0
			if b.o.Renormalize {
				each = -math.Log(float64(len(forced)))
			}
			for _, id := range forced {
				b.found = append(b.found, candidate{i, id, r.sum + each})
			}
			continue
		}
		for k, id := range ids[i] {
			if p := float64(logProbs[i][k]); p > math.Inf(-1) {
				b.found = append(b.found, candidate{i, id, r.sum + p})
			}
		}
	}
	slices.SortFunc(b.found, func(x, y candidate) int {
		return cmp.Or(cmp.Compare(y.sum, x.sum), cmp.Compare(x.beam, y.beam), cmp.Compare(x.id, y.id))
	})
	b.found = b.found[:min(len(b.found), b.keep)]
}

// finish says whether and why a candidate of n new tokens ends.
func (b *beamSearch) finish(c candidate, n int) Finish {
	if slices.Contains(b.o.EOS, c.id) {
		return EndOfText
	}
	if b.o.Stop != nil {
		b.stop = append(append(b.stop[:0], b.beams[c.beam].rules.new()...), c.id)
		if b.o.Stop(b.stop) {
			return Stopped
		}
	}
	if n >= b.most {
		return Length
	}
	return Running
}

// end adds a finished sequence, if it is among the best.
func (b *beamSearch) end(c candidate, score float64, why Finish) {
	if len(b.ended) == b.o.beams() && score <= b.ended[len(b.ended)-1].Score {
		return
	}
	at, _ := slices.BinarySearchFunc(b.ended, score, func(o Output, s float64) int {
		if o.Score >= s { // behind its equals
			return -1
		}
		return 1
	})
	if len(b.ended) == b.o.beams() {
		b.ended = b.ended[:len(b.ended)-1]
	}
	ids := slices.Concat(b.beams[c.beam].rules.new(), []int32{c.id})
	b.ended = slices.Insert(b.ended, at, Output{IDs: ids, Score: score, Finish: why})
}

// move makes the chosen candidates the running beams. A parent's rules go to the last of its children; others get copies.
func (b *beamSearch) move() {
	for i := range slices.Backward(b.next) {
		if p := &b.beams[b.next[i].Parent]; p.rules != nil {
			b.next[i].rules, p.rules = p.rules, nil
		}
	}
	for _, old := range b.beams {
		if old.rules != nil {
			b.pool = append(b.pool, old.rules)
		}
	}
	for i := len(b.next) - 1; i >= 0; i-- {
		c := &b.next[i]
		if c.rules != nil {
			continue
		}
		last := i + 1
		for b.next[last].Parent != c.Parent {
			last++
		}
		c.rules = b.fork(b.next[last].rules)
	}
	for i := range b.next {
		b.next[i].rules.push(b.next[i].ID)
	}
	b.beams, b.next = b.next, b.beams
}

func (b *beamSearch) fork(from *rules) *rules {
	k := len(b.pool)
	if k == 0 {
		b.pool, k = append(b.pool, &rules{}), 1
	}
	r := b.pool[k-1]
	b.pool = b.pool[:k-1]
	r.fork(from)
	return r
}

// settled reports whether no beam of n new tokens can better what has ended (_check_early_stop_heuristic,
// _beam_search_has_unfinished_sequences).
func (b *beamSearch) settled(n int) bool {
	if len(b.ended) < b.o.beams() {
		return false
	}
	if b.o.EarlyStopping == EarlyTrue {
		return true
	}
	penalty := b.o.lengthPenalty()
	if b.o.EarlyStopping == EarlyNever && penalty > 0 {
		n = b.most
	}
	return b.beams[0].sum/math.Pow(float64(n), penalty) <= b.ended[len(b.ended)-1].Score
}

// results is the best n finished sequences, best first. There are fewer where rules left too few tokens, and none where
// they left no token at all at some step before any sequence had ended.
func (b *beamSearch) results(n int) []Output { return b.ended[:min(max(n, 1), len(b.ended))] }
