package tokenizer

// SentencePiece (https://github.com/google/sentencepiece) read from its model file: encoding and decoding as that library does them.

import (
	"bytes"
	"fmt"
	"io/fs"
	"math"
	"strings"
	"sync"
	"unicode/utf8"
)

// space is what SentencePiece writes for a space, U+2581.
const space = "▁"

// spmModel cuts a normalized text into pieces, and joins pieces.
type spmModel struct {
	name   string
	pieces []spmPiece
	ids    map[string]int32 // of a piece that is twice there, the id of the reserved one
	unk    int32            // -1: none, and byte fallback
	bytes  *[256]int32      // byte fallback: the id of every byte; nil: off
	split  spmSplitter
	pool   sync.Pool

	unkSurface string
	stripOne   bool // a space at the beginning of a decoded text is the one that was put there
	stripAll   bool // as are all
}

// spmSplitter appends the pieces of a text, unknown ones included.
type spmSplitter interface {
	pieces(s *spmScratch, text []byte, dst []token) []token
}

// spmScratch is what splitting a text needs.
type spmScratch struct {
	path    pathScratch[float32]
	raw     []token
	symbols []bpeSymbol
	agenda  []bpePair
}

// LoadSentencePiece reads one SentencePiece model, as tokenizer.model or spiece.model. The tokenizer gives what the SentencePiece library gives:
// it adds no special tokens and knows none of those that a checkpoint adds; offsets, decoding and what a text of an unknown token is follow
// that library too. A text is one word. [Load] and [LoadPlain] give what the checkpoint's own tokenizer gives.
func LoadSentencePiece(fsys fs.FS, name string) (*Tokenizer, error) {
	m, err := readSpmFile(fsys, name)
	if err != nil {
		return nil, err
	}
	b := newBuilder()
	if err := b.sentencePiece(m); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return b.finish(&config{})
}

func readSpmFile(fsys fs.FS, name string) (*spmFile, error) {
	data, err := read(fsys, name)
	if err != nil {
		return nil, err
	}
	m, err := readSpm(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return m, nil
}

// sentencePiece sets all steps to those of a model.
func (b *builder) sentencePiece(m *spmFile) error {
	model, err := newSpmModel(m)
	if err != nil {
		return err
	}
	b.takePieces(m.pieces)
	for i, p := range m.pieces {
		if p.kind == pieceControl {
			e := b.t.tokens[int32(i)]
			e.special = true
			b.t.tokens[int32(i)] = e
		}
	}
	if b.t.normalizer, err = newSpmNormalizer(m); err != nil {
		return err
	}
	b.unk = model.unk
	if model.unk >= 0 {
		b.t.unknown = model.unk
	}
	b.t.model, b.t.decoder = model, model
	return nil
}

// takePieces makes pieces the vocabulary, in the order of their ids. Of equal pieces, a reserved one has its text to itself.
func (b *builder) takePieces(pieces []spmPiece) {
	b.next = int64(len(pieces))
	b.t.ids, b.t.tokens = spmIDs(pieces), make(map[int32]entry, len(pieces))
	b.words = b.t.ids
	for id, p := range pieces {
		b.t.tokens[int32(id)] = entry{text: p.text, word: p.text}
	}
	b.t.maxID = int32(len(pieces) - 1)
}

func spmIDs(pieces []spmPiece) map[string]int32 {
	ids := make(map[string]int32, len(pieces))
	for _, reserved := range []bool{false, true} {
		for id, p := range pieces {
			if p.reserved() == reserved && p.text != "\x00" {
				ids[p.text] = int32(id)
			}
		}
	}
	return ids
}

// reserved tells pieces that no text contains.
func (p spmPiece) reserved() bool {
	return p.kind == pieceControl || p.kind == pieceUnknown || p.kind == pieceByte
}

func newSpmModel(m *spmFile) (*spmModel, error) {
	s := &spmModel{
		name: spmKinds[m.trainer.modelType], pieces: m.pieces, ids: spmIDs(m.pieces), unk: -1, unkSurface: m.trainer.unkSurface,
		stripOne: m.normalizer.dummy || m.normalizer.trim, stripAll: m.normalizer.trim,
	}
	s.pool.New = func() any { return new(spmScratch) }
	words := map[string]int32{} // what may be in a text
	for i, p := range m.pieces {
		id := int32(i)
		switch {
		case p.kind == pieceUnknown:
			s.unk = id
		case p.kind == pieceUnused && p.text == "\x00":
		case !p.reserved():
			if old, ok := words[p.text]; ok {
				return nil, fmt.Errorf("pieces[%d]: %q is that of pieces[%d]", i, p.text, old)
			}
			words[p.text] = id
		}
	}
	if m.trainer.byteFallback {
		s.bytes = new([256]int32)
		for b := range s.bytes {
			s.bytes[b] = s.ids[byteToPiece(byte(b))]
		}
	}
	switch m.trainer.modelType {
	case typeUnigram:
		s.split = newSpmUnigram(m.pieces, words, s.unk)
	case typeBPE:
		s.split = newSpmBPE(m.pieces, words, s.unk, userPieces(m.pieces))
	case typeWord:
		s.split = spmWords{usedPieces(m.pieces, words), s.unk}
	case typeChar:
		s.split = spmChars{usedPieces(m.pieces, words), s.unk, userPieces(m.pieces)}
	}
	return s, nil
}

// userPieces are those that every text is cut at, nil if there are none.
func userPieces(pieces []spmPiece) *trie {
	words := map[string]int32{}
	for id, p := range pieces {
		if p.kind == pieceUser {
			words[p.text] = int32(id)
		}
	}
	if len(words) == 0 {
		return nil
	}
	return newTrie(words)
}

// usedPieces leaves out the unused ones.
func usedPieces(pieces []spmPiece, words map[string]int32) map[string]int32 {
	used := make(map[string]int32, len(words))
	for w, id := range words {
		if pieces[id].kind != pieceUnused {
			used[w] = id
		}
	}
	return used
}

func (m *spmModel) kind() string { return m.name }

func (m *spmModel) tokenize(text []byte, dst []token) []token {
	s := m.pool.Get().(*spmScratch)
	s.raw = m.split.pieces(s, text, s.raw[:0])
	known := true // the token before
	for _, k := range s.raw {
		switch {
		case k.id != m.unk:
			dst = append(dst, k)
		case m.bytes != nil:
			// The last byte stands for the whole, those before it for nothing.
			for _, b := range text[k.lo:k.hi] {
				dst = append(dst, token{m.bytes[b], k.lo, k.lo})
			}
			dst[len(dst)-1].hi = k.hi
		case known:
			dst = append(dst, k)
		default:
			dst[len(dst)-1].hi = k.hi
		}
		known = k.id != m.unk
	}
	m.pool.Put(s)
	return dst
}

// newSpmUnigram gives pieces of the user a score that beats any way around them.
func newSpmUnigram(pieces []spmPiece, words map[string]int32, unk int32) *spmUnigramSplitter {
	u := &spmUnigramSplitter{}
	u.unk, u.scores, u.reset = unk, make([]float32, len(pieces)), 100_000
	least := float32(math.MaxFloat32)
	for id, p := range pieces {
		u.scores[id] = p.score
		switch p.kind {
		case pieceNormal:
			least = min(least, p.score)
		case pieceUser:
			u.scores[id] = float32(0.1 * float64(len(p.text)-1))
		}
	}
	u.unknown = least - unkPenalty
	u.trie, u.longest = newPieceTrie(usedPieces(pieces, words))
	return u
}

type spmUnigramSplitter struct{ unigram[float32] }

func (u *spmUnigramSplitter) pieces(s *spmScratch, text []byte, dst []token) []token {
	dst, _ = u.path(&s.path, text, dst)
	return dst
}

// spmWords takes what lies between spaces as pieces, the space before it included.
type spmWords struct {
	words map[string]int32
	unk   int32
}

func (w spmWords) pieces(_ *spmScratch, text []byte, dst []token) []token {
	for at := 0; at < len(text); {
		end := len(text)
		if k := bytes.Index(text[at+1:], []byte(space)); k >= 0 {
			end = at + 1 + k
		}
		id, ok := w.words[string(text[at:end])]
		if !ok {
			id = w.unk
		}
		dst = append(dst, token{id, int32(at), int32(end)})
		at = end
	}
	return dst
}

// spmChars takes code points and the pieces of the user.
type spmChars struct {
	words map[string]int32
	unk   int32
	user  *trie
}

func (c spmChars) pieces(_ *spmScratch, text []byte, dst []token) []token {
	for at := 0; at < len(text); {
		size, _ := nextSymbol(c.user, text[at:])
		id, ok := c.words[string(text[at:at+size])]
		if !ok {
			id = c.unk
		}
		dst = append(dst, token{id, int32(at), int32(at + size)})
		at += size
	}
	return dst
}

// nextSymbol is the size of the longest piece of the user that a text begins with, else of its first code point.
func nextSymbol(user *trie, text []byte) (size int, found bool) {
	if user != nil {
		if _, size = user.longest(0, text); size > 0 {
			return size, true
		}
	}
	_, size = utf8.DecodeRune(text)
	return size, false
}

// decode joins pieces.
func (m *spmModel) decode(tokens []string) []string {
	var b strings.Builder
	var run []byte                 // of pieces that are bytes
	first, stripped := true, false // at the beginning, where a space may go; the piece before gave one
	for _, piece := range tokens {
		id, ok := m.ids[piece]
		if !ok {
			id = m.unk
		}
		if id >= 0 && m.pieces[id].kind == pieceByte {
			v, _ := pieceToByte(piece)
			run = append(run, v)
			continue
		}
		writeBytes(&b, run)
		run = run[:0]
		if stripped || b.Len() > 0 {
			first = false
		}
		stripped = m.decodePiece(&b, piece, id, first)
	}
	writeBytes(&b, run)
	return []string{b.String()}
}

// writeBytes writes bytes, U+FFFD for each that is not part of a code point.
func writeBytes(b *strings.Builder, run []byte) {
	for len(run) > 0 {
		r, size := utf8.DecodeRune(run)
		b.WriteRune(r)
		run = run[size:]
	}
}

// decodePiece writes a piece and reports whether it took the one space at the beginning off it.
func (m *spmModel) decodePiece(b *strings.Builder, piece string, id int32, first bool) bool {
	switch {
	case id == m.unk:
		if id >= 0 && m.pieces[id].text == piece {
			piece = m.unkSurface
		}
		b.WriteString(piece)
		return false
	case m.pieces[id].kind == pieceControl:
		return false
	}
	stripped := false
	if first && m.stripOne {
		piece, stripped = strings.CutPrefix(piece, space)
	}
	b.WriteString(strings.ReplaceAll(piece, space, " "))
	return stripped && !m.stripAll
}
