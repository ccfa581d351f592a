package tokenizer

// Reading the file of a SentencePiece model.

import (
	"fmt"
	"math"
	"strings"
	"unicode/utf8"
)

// pieceKind is the type of a piece, by its number in the file.
type pieceKind uint8

const (
	pieceNormal  pieceKind = iota + 1
	pieceUnknown           // the one that stands for what no piece covers
	pieceControl           // as </s>: never found in a text, decodes to nothing
	pieceUser              // always found as a whole
	pieceUnused
	pieceByte // <0x00> to <0xFF>
)

type spmPiece struct {
	text  string
	score float32
	kind  pieceKind
}

// spmFile is a model as its file has it: the fields of sentencepiece_model.proto that encoding and decoding need.
type spmFile struct {
	pieces       []spmPiece
	trainer      spmTrainer
	normalizer   spmRules
	denormalizer spmRules
}

type spmTrainer struct {
	modelType    int32
	byteFallback bool
	suffix       bool // treat_whitespace_as_suffix
	unkID        int32
	unkSurface   string
	unkPiece     string
}

type spmRules struct {
	charsmap            []byte
	dummy, trim, escape bool // add_dummy_prefix, remove_extra_whitespaces, escape_whitespaces
}

// The model types.
const (
	typeUnigram = iota + 1
	typeBPE
	typeWord
	typeChar
)

var spmKinds = [...]string{typeUnigram: "Unigram", typeBPE: "BPE", typeWord: "Word", typeChar: "Char"}

// readSpm reads a model and checks it as SentencePiece does.
func readSpm(data []byte) (*spmFile, error) {
	m := &spmFile{
		trainer:      spmTrainer{modelType: typeUnigram, unkSurface: " \u2047 ", unkPiece: "<unk>"},
		normalizer:   spmRules{dummy: true, trim: true, escape: true},
		denormalizer: spmRules{dummy: true, trim: true, escape: true},
	}
	err := eachField(data, func(f field) error {
		switch f.number {
		case 1:
			return m.readPiece(f)
		case 2:
			return f.message("trainer_spec", m.trainer.read)
		case 3:
			return f.message("normalizer_spec", m.normalizer.read)
		case 5:
			return f.message("denormalizer_spec", m.denormalizer.read)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("not a SentencePiece model: %w", err)
	}
	return m, m.check()
}

// message reads the fields of a message within another.
func (f field) message(name string, read func(field) error) error {
	if err := f.is(wireBytes, name); err != nil {
		return err
	}
	if err := eachField(f.bytes, read); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

func (m *spmFile) readPiece(f field) error {
	if len(m.pieces) >= maxWords {
		return fmt.Errorf("pieces: more than %d", maxWords)
	}
	p := spmPiece{kind: pieceNormal}
	err := f.message(fmt.Sprintf("pieces[%d]", len(m.pieces)), func(f field) error {
		switch f.number {
		case 1:
			return f.setString(&p.text, "piece")
		case 2:
			return f.setFloat(&p.score, "score")
		case 3:
			if f.wire == wireVarint && (f.value < uint64(pieceNormal) || f.value > uint64(pieceByte)) {
				return fmt.Errorf("type: unknown number %d", f.value)
			}
			p.kind = pieceKind(f.value)
			return f.is(wireVarint, "type")
		}
		return nil
	})
	m.pieces = append(m.pieces, p)
	return err
}

func (t *spmTrainer) read(f field) error {
	switch f.number {
	case 3:
		return f.setInt(&t.modelType, "model_type")
	case 24:
		return f.setBool(&t.suffix, "treat_whitespace_as_suffix")
	case 35:
		return f.setBool(&t.byteFallback, "byte_fallback")
	case 40:
		return f.setInt(&t.unkID, "unk_id")
	case 44:
		return f.setString(&t.unkSurface, "unk_surface")
	case 45:
		return f.setString(&t.unkPiece, "unk_piece")
	}
	return nil
}

func (r *spmRules) read(f field) error {
	switch f.number {
	case 2:
		r.charsmap = f.bytes
		return f.is(wireBytes, "precompiled_charsmap")
	case 3:
		return f.setBool(&r.dummy, "add_dummy_prefix")
	case 4:
		return f.setBool(&r.trim, "remove_extra_whitespaces")
	case 5:
		return f.setBool(&r.escape, "escape_whitespaces")
	}
	return nil
}

// check reports what SentencePiece refuses, and what this package bounds.
func (m *spmFile) check() error {
	if m.trainer.modelType < typeUnigram || m.trainer.modelType > typeChar {
		return fmt.Errorf("trainer_spec.model_type: unknown number %d", m.trainer.modelType)
	}
	if len(m.denormalizer.charsmap) > 0 {
		return fmt.Errorf("denormalizer_spec.precompiled_charsmap is %w", ErrUnsupported)
	}
	if len(m.pieces) == 0 {
		return fmt.Errorf("no pieces")
	}
	var bytes [256]bool
	unknown, count, size := false, 0, 0
	for i := range m.pieces {
		p := &m.pieces[i]
		if size += len(p.text); size > maxContents {
			return fmt.Errorf("pieces: more than %d bytes together", maxContents)
		}
		if p.text == "\x00" && m.trainer.byteFallback {
			p.kind = pieceUnused
		}
		if err := m.checkPiece(p, &unknown); err != nil {
			return fmt.Errorf("pieces[%d]: %w", i, err)
		}
		if p.kind == pieceByte {
			b, ok := pieceToByte(p.text)
			if !ok {
				return fmt.Errorf("pieces[%d]: %q is no byte", i, p.text)
			}
			if !bytes[b] {
				bytes[b] = true
				count++
			}
		}
	}
	if m.trainer.byteFallback && count != len(bytes) {
		return fmt.Errorf("pieces: %d bytes where byte_fallback needs 256", count)
	}
	if !m.trainer.byteFallback && !unknown {
		return fmt.Errorf("pieces: none is the unknown one")
	}
	return nil
}

func (m *spmFile) checkPiece(p *spmPiece, unknown *bool) error {
	switch {
	case p.text == "":
		return fmt.Errorf("piece: empty")
	case len(p.text) > maxWord:
		return fmt.Errorf("piece: %d bytes; at most %d", len(p.text), maxWord)
	case !utf8.ValidString(p.text):
		return fmt.Errorf("piece: %q is not UTF-8", p.text)
	case p.text == "\x00" && p.kind == pieceUnused:
	case strings.IndexByte(p.text, 0) >= 0:
		return fmt.Errorf("piece: %q has a zero byte", p.text)
	}
	if s := float64(p.score); math.IsNaN(s) || math.IsInf(s, 0) {
		return fmt.Errorf("score: %v", s)
	}
	switch p.kind {
	case pieceUnknown:
		if *unknown {
			return fmt.Errorf("a second unknown piece, %q", p.text)
		}
		*unknown = true
	case pieceByte:
		if !m.trainer.byteFallback {
			return fmt.Errorf("the byte %q, but byte_fallback is off", p.text)
		}
	}
	return nil
}

// pieceToByte is the byte that <0x41> stands for. Its digits are upper case.
func pieceToByte(s string) (byte, bool) {
	if len(s) != 6 || s[:3] != "<0x" || s[5] != '>' {
		return 0, false
	}
	high, ok1 := hexDigit(s[3])
	low, ok2 := hexDigit(s[4])
	return high<<4 | low, ok1 && ok2
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

const hexDigits = "0123456789ABCDEF"

// byteToPiece is the other way round.
func byteToPiece(b byte) string {
	return string([]byte{'<', '0', 'x', hexDigits[b>>4], hexDigits[b&15], '>'})
}
