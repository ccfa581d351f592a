package tokenizer

// Decoding token by token, as a model gives them.

import (
	"strings"
	"unicode/utf8"
)

// TextStream decodes ids one at a time. What [TextStream.Next] and [TextStream.Rest] give, one after the other, is what [Tokenizer.Decode] gives for all ids
// together. Text comes as soon as no later token can change it: never a part of a code point, and later than the token itself where the
// tokenizer's decoder looks ahead (a run of byte-fallback tokens comes when it ends, the last word of a BPEDecoder with the next one).
// A decoder that replaces a regular expression in the whole text, which no published tokenizer does, gives all text at the end.
//
// It takes time in proportion to the ids and keeps no text that it gave. One stream serves one goroutine.
type TextStream struct {
	t     *Tokenizer
	o     DecodeOptions
	first textSink
	out   collector
}

// Stream begins a text. Many streams of a Tokenizer may run at a time.
func (t *Tokenizer) Stream(o DecodeOptions) *TextStream {
	s := &TextStream{t: t, o: o}
	s.begin()
	return s
}

func (s *TextStream) begin() {
	var last textSink = &s.out
	if s.o.CleanUp {
		for i := len(cleanUpPairs) - 2; i >= 0; i -= 2 {
			last = newReplaceStream(cleanUpPairs[i], cleanUpPairs[i+1], last)
		}
		last = &fuseStream{last}
	}
	s.first = newTextSink(s.t.decoder, last)
}

// Next takes an id and gives the text that is certain since; none for an id without a token.
func (s *TextStream) Next(id int32) string {
	e, ok := s.t.tokens[id]
	if !ok || s.o.SkipSpecial && e.special {
		return ""
	}
	s.first.text(e.text, true)
	return s.out.take()
}

// Rest ends the text and gives what is left of it. The next id begins another text.
func (s *TextStream) Rest() string {
	s.first.end()
	text := s.out.take()
	s.begin()
	return text
}

// textSink takes tokens. A decoder is one that gives what it makes of them to the next.
type textSink interface {
	text(part string, last bool) // a part of a token, in whole code points; last: it is the end of the token
	end()                        // there are no more
}

// collector is the last textSink.
type collector struct{ raw []byte }

func (c *collector) text(part string, _ bool) { c.raw = append(c.raw, part...) }
func (*collector) end()                       {}

func (c *collector) take() string {
	text := string(c.raw)
	c.raw = c.raw[:0]
	return text
}

// newTextSink gives a decoder token by token; nil is one that sets spaces between tokens.
func newTextSink(d decoder, out textSink) textSink {
	switch d := d.(type) {
	case nil:
		return &mapStream{out: out, f: func(i int, s string) string {
			if i > 0 {
				s = " " + s
			}
			return s
		}}
	case decoders:
		for i := len(d) - 1; i >= 0; i-- {
			out = newTextSink(d[i], out)
		}
		return out
	case wordPieceDecoder:
		return &mapStream{out: out, f: d.token}
	case metaspace:
		return &mapStream{out: out, f: d.token}
	case replace:
		if d.pattern.literal != "" {
			return newReplaceStream(d.pattern.literal, d.content, out)
		}
		return &mapStream{out: out, f: func(_ int, s string) string { return d.decode([]string{s})[0] }}
	case fuse:
		return &fuseStream{out}
	case stripDecoder:
		return &stripStream{stripDecoder: d, out: out, left: d.start}
	case byteDecoder:
		return &byteStream{out: out}
	case byteFallback:
		return &fallbackStream{out: out}
	case bpeDecoder:
		return &bpeStream{suffix: string(d), out: out}
	case ctcDecoder:
		return &ctcStream{ctcDecoder: d, out: out, first: true}
	case *spmModel:
		return &spmStream{m: d, out: out, first: true}
	case marianDecoder:
		return newMarianStream(d, out)
	}
	return &heldStream{d: d, out: out}
}

// whole puts parts of a token together.
type whole struct{ parts []byte }

// token gives the token that ends with a part.
func (w *whole) token(part string, last bool) (string, bool) {
	if last && len(w.parts) == 0 {
		return part, true
	}
	w.parts = append(w.parts, part...)
	if !last {
		return "", false
	}
	s := string(w.parts)
	w.parts = w.parts[:0]
	return s, true
}

// mapStream makes another token of each, by its number.
type mapStream struct {
	whole
	f     func(i int, token string) string
	count int
	out   textSink
}

func (m *mapStream) text(part string, last bool) {
	if s, ok := m.token(part, last); ok {
		m.out.text(m.f(m.count, s), true)
		m.count++
	}
}

func (m *mapStream) end() { m.out.end() }

// heldStream keeps all tokens to the end.
type heldStream struct {
	whole
	d      decoder
	tokens []string
	out    textSink
}

func (h *heldStream) text(part string, last bool) {
	if s, ok := h.token(part, last); ok {
		h.tokens = append(h.tokens, s)
	}
}

func (h *heldStream) end() {
	for _, s := range h.d.decode(h.tokens) {
		h.out.text(s, true)
	}
	h.out.end()
}

// fuseStream makes one token of all.
type fuseStream struct{ out textSink }

func (f *fuseStream) text(part string, _ bool) { f.out.text(part, false) }

func (f *fuseStream) end() {
	f.out.text("", true)
	f.out.end()
}

// replaceStream puts content in the place of a literal, also where parts of it meet (Knuth, Morris and Pratt, Fast Pattern Matching in Strings, 1977).
type replaceStream struct {
	literal, content string
	fail             []int // by how much of the literal was seen: how much of it that ends in
	seen             int   // bytes of the literal, which are not passed on yet
	raw              []byte
	out              textSink
}

func newReplaceStream(literal, content string, out textSink) *replaceStream {
	r := &replaceStream{literal: literal, content: content, fail: make([]int, len(literal)), out: out}
	for i, k := 1, 0; i < len(literal); i++ {
		for k > 0 && literal[i] != literal[k] {
			k = r.fail[k-1]
		}
		if literal[i] == literal[k] {
			k++
		}
		r.fail[i] = k
	}
	return r
}

func (r *replaceStream) text(part string, last bool) {
	r.raw = r.raw[:0]
	for i := range len(part) {
		c := part[i]
		for r.seen > 0 && r.literal[r.seen] != c {
			shorter := r.fail[r.seen-1]
			r.raw = append(r.raw, r.literal[:r.seen-shorter]...)
			r.seen = shorter
		}
		if r.literal[r.seen] == c {
			r.seen++
		} else {
			r.raw = append(r.raw, c)
		}
		if r.seen == len(r.literal) {
			r.raw = append(r.raw, r.content...)
			r.seen = 0
		}
	}
	if last {
		r.raw = append(r.raw, r.literal[:r.seen]...)
		r.seen = 0
	}
	if last || len(r.raw) > 0 {
		r.out.text(string(r.raw), last)
	}
}

func (r *replaceStream) end() { r.out.end() }

// stripStream keeps back what may be the last characters of a token.
type stripStream struct {
	stripDecoder
	left  int // how many characters the beginning may lose still
	raw   []byte
	given int // bytes of raw that are stripped or passed on
	out   textSink
}

func (s *stripStream) text(part string, last bool) {
	s.raw = append(s.raw, part...)
	for ; s.left > 0; s.left-- {
		rest := string(s.raw[s.given:min(s.given+len(s.content), len(s.raw))])
		if rest == s.content {
			s.given += len(rest)
		} else if !last && strings.HasPrefix(s.content, rest) {
			return
		} else {
			s.left = 1
		}
	}
	rest := s.raw[s.given:]
	if last {
		text := stripDecoder{content: s.content, stop: s.stop}.decode([]string{string(rest)})[0]
		s.raw, s.given, s.left = s.raw[:0], 0, s.start
		s.out.text(text, true)
		return
	}
	keep := len(rest)
	if s.stop <= keep/len(s.content) {
		keep = max(s.stop, 0) * len(s.content)
	}
	pass := len(rest) - keep
	for pass > 0 && pass < len(rest) && !utf8.RuneStart(rest[pass]) {
		pass--
	}
	if pass > 0 {
		s.out.text(string(rest[:pass]), false)
		s.given += pass
	}
	if s.given > len(s.raw)/2 { // so each byte is moved once, however much is kept back
		s.raw, s.given = s.raw[:copy(s.raw, s.raw[s.given:])], 0
	}
}

func (s *stripStream) end() { s.out.end() }

// byteStream keeps back the bytes of a code point that is not complete.
type byteStream struct {
	whole
	raw []byte // left from the tokens before
	buf []byte
	out textSink
}

func (b *byteStream) text(part string, last bool) {
	if s, ok := b.token(part, last); ok {
		b.raw = appendToken(b.raw, s)
		b.pass(false)
	}
}

func (b *byteStream) pass(last bool) {
	var left int
	b.buf, left = appendLossy(b.buf[:0], b.raw, last)
	b.raw = b.raw[:copy(b.raw, b.raw[len(b.raw)-left:])]
	if last || len(b.buf) > 0 {
		b.out.text(string(b.buf), last)
	}
}

func (b *byteStream) end() {
	b.pass(true)
	b.out.end()
}

// fallbackStream keeps back a run of byte tokens: whether it is UTF-8 shows at its end.
type fallbackStream struct {
	whole
	run []string
	out textSink
}

func (f *fallbackStream) text(part string, last bool) {
	s, ok := f.token(part, last)
	if !ok {
		return
	}
	if _, ok := fallbackByte(s); ok {
		f.run = append(f.run, s)
		return
	}
	f.flush()
	f.out.text(s, true)
}

func (f *fallbackStream) flush() {
	for _, s := range (byteFallback{}).decode(f.run) {
		f.out.text(s, true)
	}
	f.run = f.run[:0]
}

func (f *fallbackStream) end() {
	f.flush()
	f.out.end()
}

// bpeStream keeps back one token, which may be the last.
type bpeStream struct {
	whole
	suffix string
	before string
	some   bool
	out    textSink
}

func (b *bpeStream) text(part string, last bool) {
	if s, ok := b.token(part, last); ok {
		b.pass(" ")
		b.before, b.some = s, true
	}
}

func (b *bpeStream) pass(space string) {
	if b.some {
		b.out.text(strings.ReplaceAll(b.before, b.suffix, space), true)
	}
}

func (b *bpeStream) end() {
	b.pass("")
	b.out.end()
}

// ctcStream leaves out a token that equals the one before it.
type ctcStream struct {
	ctcDecoder
	whole  whole
	before string
	first  bool
	out    textSink
}

func (c *ctcStream) text(part string, last bool) {
	s, ok := c.whole.token(part, last)
	if !ok {
		return
	}
	same := !c.first && s == c.before
	c.before, c.first = s, false
	if !same {
		if s = c.token(s); s != "" {
			c.out.text(s, true)
		}
	}
}

func (c *ctcStream) end() { c.out.end() }
