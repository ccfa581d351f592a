package generate

import (
	"math"
	"math/bits"
	"slices"

	"github.com/rapt-go/rapt/gpu"
	"github.com/rapt-go/rapt/model"
)

// A sequence is one that is written: a sample, or a beam.
type sequence struct {
	j     *job
	index int             // of a sample; of a beam of the step before, the child that took its place
	place *model.Sequence // in the cache
	next  [1]int32        // the token that is not in the cache yet
	rules *rules
	bad   error // what was wrong with its logits
}

// slow reports whether the sequence's logits must pass through the host.
func (q *sequence) slow() bool { return len(q.rules.forced()) > 0 || len(q.j.Processors) > 0 }

// A choice is how tokens are chosen.
type choice uint8

const (
	greedy choice = iota
	sampled
	ranked       // the likeliest of each beam
	renormalized // the same, of log-probabilities once more
)

// A program is all that the operations of a step depend on, but for what is in device memory.
type program struct {
	rows, keys      int
	choice          choice
	k               int // ids of a row
	penalties, bans int // pairs that there is room for
	slow            bool
}

// A prepared is a program and what issues it.
type prepared struct {
	program
	record func()
}

// A chooser turns logits into ids on the device. It belongs to one stream.
type chooser struct {
	s        *gpu.Stream
	m        model.Decoder
	limits   model.Limits
	cache    *model.Cache
	programs map[program]*prepared

	// Of the step at work. What lies in scratch has the same address in every step of one program.
	in            model.Batch
	seqs          []*sequence
	params, seeds gpu.Tensor // [rows, WarpParams] F32, [rows, 2] I32
	penalty, ban  pairs
	out           gpu.Tensor // I32 [1, 2·rows·k]: ids, then bits of losses or log-probabilities

	feeds  []model.Feed // scratch of the host
	host   []int32
	got    []int32
	scores []float32
	list   pairList
}

func newChooser(s *gpu.Stream, m model.Decoder, c *model.Cache) *chooser {
	return &chooser{s: s, m: m, limits: m.Limits(), cache: c, programs: map[program]*prepared{}}
}

// pairs are operands of a Scatter.
type pairs struct{ row, col, value gpu.Tensor } // [1,·]

// step feeds every sequence its next token and returns what follows: k ids of each.
func (c *chooser) step(seqs []*sequence, how choice, k int) picks {
	c.feeds = c.feeds[:0]
	for _, q := range seqs {
		c.feeds = append(c.feeds, model.Feed{Seq: q.place, IDs: q.next[:]})
	}
	c.in = c.cache.Step(c.s, c.limits, c.feeds)
	p := c.prepare(seqs, program{rows: c.in.Seqs.N, keys: c.in.Keys.Max, choice: how, k: k})
	if p.slow {
		p.record()
	} else {
		c.s.Replay(p, p.record)
	}
	return c.read(p)
}

// now chooses from logits, of which each sequence has a row.
func (c *chooser) now(logits gpu.Tensor, seqs []*sequence, how choice, k int) picks {
	p := c.prepare(seqs, program{rows: logits.Rows, choice: how, k: k})
	c.choose(p, logits)
	return c.read(p)
}

// prepare uploads what the program reads besides the batch.
func (c *chooser) prepare(seqs []*sequence, p program) *prepared {
	c.seqs = seqs
	h := c.settings(c.host[:0], seqs, &p)
	edits := len(h)
	h = c.edits(h, seqs, &p)
	c.host = h
	ready, ok := c.programs[p]
	if !ok {
		ready = &prepared{program: p}
		ready.record = func() { c.choose(ready, c.m.Decode(c.s, c.in, c.cache)) }
		c.programs[p] = ready
	}
	mem := c.s.Temp(gpu.I32, 1, len(h))
	gpu.Write(c.s, mem, h)
	c.params = floats(shaped(mem.ColRange(0, p.rows*gpu.WarpParams), gpu.WarpParams))
	c.seeds = shaped(mem.ColRange(p.rows*gpu.WarpParams, edits), 2)
	rest := mem.ColRange(edits, len(h))
	c.penalty, rest = cutPairs(rest, p.penalties)
	c.ban, _ = cutPairs(rest, p.bans)
	c.out = c.s.Temp(gpu.I32, 1, 2*p.rows*p.k)
	return ready
}

// shaped is the matrix of n columns whose rows a vector holds.
func shaped(t gpu.Tensor, n int) gpu.Tensor {
	t.Rows, t.Cols, t.Stride = t.Cols/n, n, n
	return t
}

// floats is t's memory as numbers of F32.
func floats(t gpu.Tensor) gpu.Tensor { t.DType = gpu.F32; return t }

func cutPairs(t gpu.Tensor, n int) (pairs, gpu.Tensor) {
	return pairs{t.ColRange(0, n), t.ColRange(n, 2*n), floats(t.ColRange(2*n, 3*n))}, t.ColRange(3*n, t.Cols)
}

// settings appends parameters and seeds of all rows, and says whether there are draws.
func (c *chooser) settings(h []int32, seqs []*sequence, p *program) []int32 {
	at := len(h)
	h = slices.Grow(h, p.rows*(gpu.WarpParams+2))[:at+p.rows*(gpu.WarpParams+2)]
	clear(h[at:])
	seeds := h[at+p.rows*gpu.WarpParams:]
	for i, q := range seqs {
		p.slow = p.slow || q.slow()
		w := h[at+i*gpu.WarpParams:][:gpu.WarpParams]
		o := &q.j.Options
		if !o.Sampling {
			w[gpu.WarpGreedy] = bitsOf(1)
			continue
		}
		if p.choice == greedy {
			p.choice = sampled
		}
		w[gpu.WarpTemperature], w[gpu.WarpTopK], w[gpu.WarpTopP] = bitsOf(o.Temperature), bitsOf(float64(o.TopK)), bitsOf(o.TopP)
		w[gpu.WarpMinP], w[gpu.WarpTypicalP] = bitsOf(o.MinP), bitsOf(o.TypicalP)
		w[gpu.WarpEpsilonCutoff], w[gpu.WarpEtaCutoff] = bitsOf(o.EpsilonCutoff), bitsOf(o.EtaCutoff)
		seeds[2*i], seeds[2*i+1] = q.seed()
	}
	return h
}

func bitsOf(x float64) int32 { return int32(math.Float32bits(float32(x))) }

// edits appends the pairs that the sequences' rules penalize and ban, and says how many.
func (c *chooser) edits(h []int32, seqs []*sequence, p *program) []int32 {
	c.list.clear()
	for i, q := range seqs {
		c.list.col = append(c.list.col, q.rules.penalized()...)
		c.list.fill(int32(i), bitsOf(q.j.RepetitionPenalty))
	}
	h, p.penalties = c.list.appendTo(h)
	c.list.clear()
	for i, q := range seqs {
		n := len(c.list.col)
		c.list.col = q.rules.banned(c.list.col)
		if len(c.list.col)-n == c.limits.Vocab && len(q.rules.forced()) == 0 {
			q.bad = errNoToken
		}
		c.list.fill(int32(i), bitsOf(math.Inf(-1)))
	}
	h, p.bans = c.list.appendTo(h)
	return h
}

// A pairList is pairs to be uploaded.
type pairList struct{ row, col, value []int32 }

func (l *pairList) clear() { l.row, l.col, l.value = l.row[:0], l.col[:0], l.value[:0] }

// fill gives the columns that were added a row and a value.
func (l *pairList) fill(row, value int32) {
	for len(l.row) < len(l.col) {
		l.row, l.value = append(l.row, row), append(l.value, value)
	}
}

// appendTo appends rows, columns and values, and says for how many pairs there is room: a power of two, so that few programs
// serve, or none. Pairs that are not used have a row of -1.
func (l *pairList) appendTo(h []int32) ([]int32, int) {
	if len(l.col) == 0 {
		return h, 0
	}
	room := 1 << bits.Len(uint(len(l.col)-1))
	at := len(h)
	h = slices.Grow(h, 3*room)[:at+3*room]
	clear(h[at:])
	row := h[at : at+room]
	for i := copy(row, l.row); i < room; i++ {
		row[i] = -1
	}
	copy(h[at+room:], l.col)
	copy(h[at+2*room:], l.value)
	return h, room
}

// choose issues what turns logits into ids.
func (c *chooser) choose(p *prepared, logits gpu.Tensor) {
	n := p.rows * p.k
	index, value := shaped(c.out.ColRange(0, n), p.k), floats(shaped(c.out.ColRange(n, 2*n), p.k))
	x := c.ruled(p, logits)
	switch p.choice {
	case renormalized:
		c.s.Do(&gpu.Softmax{Dst: x, X: x, Log: true})
		fallthrough
	case ranked:
		c.s.Do(&gpu.TopK{Value: value, Index: index, X: x})
		return
	case greedy:
		c.s.Do(&gpu.TopK{Index: index, X: x})
	case sampled:
		c.s.Do(&gpu.Sample{Index: index, X: c.warped(x), Seed: c.seeds})
	}
	c.s.Do(&gpu.CrossEntropy{Loss: value, X: logits, Target: index})
}

// ruled is logits, or log-probabilities for a ranking, as rules and processors change them. logits stay as they are.
func (c *chooser) ruled(p *prepared, logits gpu.Tensor) gpu.Tensor {
	x := logits
	if p.choice >= ranked {
		x = c.s.Like(logits)
		c.s.Do(&gpu.Softmax{Dst: x, X: logits, Log: true})
	} else if p.penalties > 0 || p.bans > 0 || p.slow {
		x = c.s.Like(logits)
		c.s.Do(&gpu.Pointwise{Dst: x, X: logits})
	}
	if e := &c.penalty; p.penalties > 0 {
		c.s.Do(&gpu.Scatter{Dst: x, Row: e.row, Col: e.col, Value: e.value, Kind: gpu.ScatterPenalty})
	}
	if e := &c.ban; p.bans > 0 {
		c.s.Do(&gpu.Scatter{Dst: x, Row: e.row, Col: e.col, Value: e.value, Kind: gpu.ScatterSet})
	}
	if p.slow {
		c.process(x)
	}
	return x
}

// warped is x over the temperature, −∞ where nothing is drawn.
func (c *chooser) warped(x gpu.Tensor) gpu.Tensor {
	w := c.s.Like(x)
	c.s.Do(&gpu.Warp{Dst: w, X: x, Params: c.params})
	return w
}

// distribution is the log-probability of every id that may follow a sequence.
func (c *chooser) distribution(logits gpu.Tensor, q *sequence) []float32 {
	p := c.prepare([]*sequence{q}, program{rows: 1, choice: greedy, k: 1})
	x := c.ruled(p, logits)
	if q.j.Sampling {
		x = c.warped(x)
	}
	y := c.s.Like(x)
	c.s.Do(&gpu.Softmax{Dst: y, X: x, Log: true})
	v, _ := gpu.Read[float32](c.s, y) // an error stays with the stream
	return v
}

// process changes rows of x as their sequences' processors and forced tokens say.
func (c *chooser) process(x gpu.Tensor) {
	for i, q := range c.seqs {
		if !q.slow() {
			continue
		}
		t := x.RowRange(i, i+1)
		row, err := gpu.Read[float32](c.s, t)
		if err != nil {
			return
		}
		if forced := q.rules.forced(); len(forced) > 0 {
			for j := range row {
				row[j] = -inf
			}
			for _, id := range forced {
				row[id] = 0
			}
		}
		for _, f := range q.j.Processors {
			f(q.rules.ids, row)
		}
		if !slices.ContainsFunc(row, func(x float32) bool { return x > -inf }) {
			q.bad = errNoToken
		}
		gpu.Write(c.s, t, row)
	}
}

// read downloads what was chosen.
func (c *chooser) read(p *prepared) picks {
	n := 2 * p.rows * p.k
	c.got = slices.Grow(c.got[:0], n)[:n]
	gpu.ReadInto(c.s, c.got, c.out)
	c.scores = c.scores[:0]
	for _, b := range c.got[n/2:] {
		c.scores = append(c.scores, math.Float32frombits(uint32(b)))
	}
	return picks{c.got[:n/2], c.scores, p.k}
}

// picks is k ids of each row, and a number of each.
type picks struct {
	ids    []int32
	scores []float32 // of a choice of one its loss
	k      int
}

// of is what was chosen for row i, and its log-probability.
func (p picks) of(i int) (id int32, logProb float64) {
	return p.ids[i], -float64(p.scores[i])
}

// list is the likeliest ids of row i, and their scores.
func (p picks) list(i int) (ids []int32, scores []float32) {
	return p.ids[i*p.k:][:p.k], p.scores[i*p.k:][:p.k]
}
