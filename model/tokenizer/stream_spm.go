package tokenizer

// Decoding pieces of SentencePiece one by one.

import (
	"strings"
	"unicode/utf8"
)

// spmStream is spmModel.decode. It keeps back the bytes of a code point that is not complete.
type spmStream struct {
	whole
	m               *spmModel
	run             []byte
	first, stripped bool // as in decode
	some            bool // there is text
	out             textSink
}

func (s *spmStream) text(part string, last bool) {
	piece, ok := s.token(part, last)
	if !ok {
		return
	}
	id, ok := s.m.ids[piece]
	if !ok {
		id = s.m.unk
	}
	if id >= 0 && s.m.pieces[id].kind == pieceByte {
		v, _ := pieceToByte(piece)
		s.run = append(s.run, v)
		s.bytes(false)
		return
	}
	s.bytes(true)
	if s.stripped || s.some {
		s.first = false
	}
	var b strings.Builder
	s.stripped = s.m.decodePiece(&b, piece, id, s.first)
	s.pass(b.String())
}

// bytes passes complete code points of the run on, or all of it.
func (s *spmStream) bytes(all bool) {
	n := 0
	for n < len(s.run) && (all || utf8.FullRune(s.run[n:])) {
		_, size := utf8.DecodeRune(s.run[n:])
		n += size
	}
	var b strings.Builder
	writeBytes(&b, s.run[:n])
	s.run = s.run[:copy(s.run, s.run[n:])]
	s.pass(b.String())
}

func (s *spmStream) pass(text string) {
	if text != "" {
		s.some = true
		s.out.text(text, false)
	}
}

// finish ends a text, and another may begin.
func (s *spmStream) finish() {
	s.bytes(true)
	s.first, s.stripped, s.some = true, false, false
}

func (s *spmStream) end() {
	s.finish()
	s.out.text("", true)
	s.out.end()
}

// marianStream is marianDecoder.decode: pieces up to each special token are a text.
type marianStream struct {
	whole
	special map[string]bool
	pieces  *spmStream
	out     textSink
}

func newMarianStream(d marianDecoder, out textSink) *marianStream {
	out = newReplaceStream(space, " ", &trimStream{out: out})
	return &marianStream{special: d.special, pieces: &spmStream{m: d.spm, out: out, first: true}, out: out}
}

func (m *marianStream) text(part string, last bool) {
	s, ok := m.token(part, last)
	switch {
	case !ok:
	case m.special[s]:
		m.pieces.finish()
		m.out.text(s+" ", false)
	default:
		m.pieces.text(s, true)
	}
}

func (m *marianStream) end() { m.pieces.end() }

// trimStream takes white space off the ends of a token: at the end it keeps it back.
type trimStream struct {
	begun bool
	held  []byte
	out   textSink
}

func (t *trimStream) text(part string, last bool) {
	if !t.begun {
		part = strings.TrimLeftFunc(part, isStripped)
	}
	if part != "" {
		t.begun = true
		text := strings.TrimRightFunc(part, isStripped)
		if text != "" {
			t.out.text(string(t.held)+text, false)
			t.held = t.held[:0]
		}
		t.held = append(t.held, part[len(text):]...)
	}
	if last {
		t.out.text("", true)
		t.begun, t.held = false, t.held[:0]
	}
}

func (t *trimStream) end() { t.out.end() }
