package main

// Text that is written as it comes. Prompts go through the model together; what belongs to later ones waits for its turn.

import (
	"context"
	"strings"

	"github.com/rapt-go/rapt/model/generate"
	"github.com/rapt-go/rapt/model/task"
)

// A pieceOf is a token of an output.
type pieceOf struct {
	Index   int    `json:"index"` // of the output, those of earlier prompts counted
	ID      int32  `json:"id"`
	Text    string `json:"text"`
	LogProb score  `json:"logprob"`
}

// pieces is what a prompt's outputs consist of, while they come.
type pieces struct {
	come chan task.Piece
	err  error // once come is closed
}

// A streaming is a run of generate that streams.
type streaming struct {
	*generateRun
	ctx    context.Context
	before int // outputs of earlier prompts
}

// ask starts a prompt. What nobody reads yet waits in the task.
func (s *streaming) ask(ctx context.Context, g *task.Generator, rec record) (*pieces, error) {
	p := &pieces{come: make(chan task.Piece)}
	go func() {
		defer close(p.come)
		for x, err := range g.Stream(ctx, s.how, rec.first) {
			if err != nil {
				p.err = err
				return
			}
			select {
			case p.come <- x:
			case <-ctx.Done():
				p.err = ctx.Err()
				return
			}
		}
	}()
	return p, nil
}

// write writes the pieces of a prompt until there are no more.
func (s *streaming) write(o *output, rec record, p *pieces) error {
	outputs := max(s.how.Return, 1)
	take := s.object
	t := &typist{o: o, prompt: rec.first, outputs: outputs}
	if !o.json {
		t.begin(s.before == 0)
		take = t.take
	}
	for {
		x, ok, err := s.next(o, p)
		if !ok {
			if !o.json {
				t.end()
			}
			s.before += outputs
			if err != nil {
				_ = o.flush()
				return s.located(rec, err)
			}
			return o.flush()
		}
		if err := take(o, x); err != nil {
			return err
		}
	}
}

// next waits for a piece. What is written is there to see meanwhile.
func (s *streaming) next(o *output, p *pieces) (x task.Piece, ok bool, err error) {
	select {
	case x, ok = <-p.come:
	default:
		if err := o.flush(); err != nil {
			return x, false, err
		}
		select {
		case x, ok = <-p.come:
		case <-s.ctx.Done():
			return x, false, s.ctx.Err()
		}
	}
	if !ok {
		err = p.err
	}
	return x, ok, err
}

func (s *streaming) object(o *output, x task.Piece) error {
	return o.object(pieceOf{s.before + x.Index, x.ID, x.Text, score(x.LogProb)})
}

// A typist writes the outputs of a prompt one after another, though they come together.
type typist struct {
	o       *output
	prompt  string
	outputs int
	at      int            // the output at work
	later   map[int]string // of others
	ended   map[int]bool
}

func (t *typist) begin(first bool) {
	t.later, t.ended = map[int]string{}, map[int]bool{}
	if !first {
		t.o.buf.WriteByte('\n')
	}
	t.o.buf.WriteString(readable(t.prompt))
}

func (t *typist) take(_ *output, x task.Piece) error {
	t.later[x.Index] += readable(x.Text)
	t.ended[x.Index] = x.Finish != generate.Running
	for t.at < t.outputs {
		t.o.buf.WriteString(t.later[t.at])
		delete(t.later, t.at)
		if !t.ended[t.at] {
			return nil
		}
		if t.at++; t.at < t.outputs {
			t.o.buf.WriteString("\n\n" + readable(t.prompt))
		}
	}
	return nil
}

// end ends the last line.
func (t *typist) end() { t.o.buf.WriteByte('\n') }

// readable is printable, but for lines and tabs, which stay.
func readable(s string) string {
	var b strings.Builder
	for len(s) > 0 {
		i := strings.IndexAny(s, "\n\t")
		if i < 0 {
			i = len(s)
		}
		b.WriteString(printable(s[:i]))
		s = s[i:]
		if s != "" {
			b.WriteByte(s[0])
			s = s[1:]
		}
	}
	return b.String()
}
