package tokenizer

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// checkStream compares a text token by token with the text as a whole. Neither must have a part of a code point.
func checkStream(tok *Tokenizer, ids []int32) error {
	for _, o := range []DecodeOptions{{}, {SkipSpecial: true}, {CleanUp: true}, {SkipSpecial: true, CleanUp: true}} {
		want := tok.Decode(ids, o)
		s := tok.Stream(o)
		for range 2 { // a stream begins anew after Rest
			var got strings.Builder
			for i, id := range ids {
				part := s.Next(id)
				if !utf8.ValidString(part) && utf8.ValidString(want) {
					return fmt.Errorf("%+v: token %d of %v gives %q", o, i, ids, part)
				}
				got.WriteString(part)
			}
			got.WriteString(s.Rest())
			if got.String() != want {
				return fmt.Errorf("%+v: %v gives %q, want %q", o, ids, got.String(), want)
			}
		}
	}
	return nil
}

// allTokenizers are those of the golden set and of testdata; of a SentencePiece model without a configuration, as LoadSentencePiece reads it.
func allTokenizers(t *testing.T) map[string]*Tokenizer {
	out := map[string]*Tokenizer{}
	groups := []string{"testdata", filepath.Join("testdata", "bpe"), filepath.Join("testdata", "sentencepiece"), filepath.Join("..", "..", "testdata", "golden", "tokenizers")}
	for _, dir := range groups {
		folders, err := os.ReadDir(dir)
		must(t, err)
		for _, f := range folders {
			name := filepath.Join(dir, f.Name())
			if !f.IsDir() || slices.Contains(groups, name) {
				continue
			}
			tok, err := Load(os.DirFS(name))
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			out[name] = tok
		}
	}
	return out
}

func TestStream(t *testing.T) {
	toks := allTokenizers(t)
	if len(toks) < 40 {
		t.Fatalf("%d tokenizers", len(toks))
	}
	texts := readTexts(t, filepath.Join("testdata", "bpe", "texts.jsonl"))
	rng := rand.New(rand.NewPCG(1, 2))
	for name, tok := range toks {
		for _, text := range texts[:40] {
			e, err := tok.Encode(text, Options{})
			if err != nil {
				continue // a text with a character that a vocabulary without unknown token lacks
			}
			if err := checkStream(tok, e.IDs); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		for range 50 {
			ids := make([]int32, rng.IntN(24))
			few := 1 + rng.Int32N(tok.MaxID()+2)
			for i := range ids {
				ids[i] = rng.Int32N(few)
			}
			if err := checkStream(tok, ids); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// TestStreamDecoders compares decoders in orders that no fixture has.
func TestStreamDecoders(t *testing.T) {
	steps := []string{
		`{"type":"Fuse"}`, `{"type":"ByteFallback"}`, `{"type":"ByteLevel"}`, `{"type":"BPEDecoder","suffix":"b"}`, `{"type":"CTC","pad_token":"a","word_delimiter_token":"c","cleanup":true}`,
		`{"type":"Metaspace","replacement":"▁","prepend_scheme":"always"}`, `{"type":"WordPiece","prefix":"a","cleanup":true}`, replaceStep("ab", "ba"), replaceStep("aab", ""), replaceStep(" ", "▁"),
		`{"type":"Replace","pattern":{"Regex":"[ab]c"},"content":"é"}`, `{"type":"Strip","content":"a","start":2,"stop":1}`, `{"type":"Strip","content":"é","start":1,"stop":2}`,
		`{"type":"Strip","content":"ab","start":1,"stop":9223372036854775807}`, `{"type":"Sequence","decoders":[{"type":"Fuse"},{"type":"Strip","content":"b","start":1,"stop":0}]}`,
	}
	vocab := `"vocab":{"[PAD]":0,"[UNK]":1,"[CLS]":2,"[SEP]":3,"a":4,"b":5,"ab":6,"aab":7,"c":8,"▁a":9,"<0xC3>":10,"<0xA9>":11,"é":12,"Ã":13,"©":14," ":15," .":16,"'":17,"":18,"ð":19,"aabaab":20}`
	rng := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		var pick []string
		for range 1 + rng.IntN(4) {
			pick = append(pick, steps[rng.IntN(len(steps))])
		}
		sequence := `{"type":"Sequence","decoders":[` + strings.Join(pick, ",") + `]}`
		tok, err := Load(tiny(tinyDecoder, sequence, `"vocab":{"[PAD]":0,"[UNK]":1,"[CLS]":2,"[SEP]":3,"a":4,"##b":5,"c":6}`, vocab))
		if err != nil {
			if strings.Contains(err.Error(), "64 times") {
				continue
			}
			t.Fatal(err)
		}
		for range 40 {
			ids := make([]int32, rng.IntN(12))
			for i := range ids {
				ids[i] = rng.Int32N(21)
			}
			if err := checkStream(tok, ids); err != nil {
				t.Fatalf("%s: %v", sequence, err)
			}
		}
	}
}

// TestStreamHeld streams through decoders that keep much back: a token must not move all of it.
func TestStreamHeld(t *testing.T) {
	vocab := `"vocab":{"[PAD]":0,"[UNK]":1,"[CLS]":2,"[SEP]":3,"a":4}`
	const count, kept = 1 << 20, 1 << 18
	for step, want := range map[string]int{
		`{"type":"Strip","content":"a","start":0,"stop":262144}`:       count - kept,
		`{"type":"Strip","content":"a","start":262144,"stop":0}`:       count - kept,
		replaceStep(strings.Repeat("a", kept-1)+"b", ""):               count,
		replaceStep(strings.Repeat("a", kept), strings.Repeat("b", 3)): count / kept * 3,
	} {
		tok, err := Load(tiny(tinyDecoder, `{"type":"Sequence","decoders":[{"type":"Fuse"},`+step+`]}`, `"vocab":{"[PAD]":0,"[UNK]":1,"[CLS]":2,"[SEP]":3,"a":4,"##b":5,"c":6}`, vocab))
		must(t, err)
		start := time.Now()
		s, size := tok.Stream(DecodeOptions{}), 0
		for range count {
			size += len(s.Next(4))
		}
		size += len(s.Rest())
		if took := time.Since(start); size != want || took > 10*time.Second {
			t.Errorf("%.60s: %d bytes in %v, want %d", step, size, took, want)
		}
	}
}

// TestStreamIsPrompt checks that text comes with its tokens and not at the end.
func TestStreamIsPrompt(t *testing.T) {
	for _, c := range []struct {
		name string
		held int // bytes that may be waiting
	}{{"gpt2", 3}, {"t5", 0}, {"wordpiece-uncased", 0}, {"spm-bpe", 3}, {"marian", 1}} {
		tok, err := loadGolden(t, c.name)
		must(t, err)
		e, err := tok.Encode("It is a file, in the list of files 😀.", Options{NoSpecial: true})
		must(t, err)
		s := tok.Stream(DecodeOptions{})
		given := ""
		for i, id := range e.IDs {
			given += s.Next(id)
			if want := tok.Decode(e.IDs[:i+1], DecodeOptions{}); len(given) < len(strings.TrimRight(want, "\ufffd"))-c.held {
				t.Errorf("%s: after %d tokens %q of %q", c.name, i+1, given, want)
			}
		}
	}
}

// loadGolden loads a tokenizer of the golden set.
func loadGolden(t *testing.T, name string) (*Tokenizer, error) {
	folder := os.DirFS(filepath.Join("..", "..", "testdata", "golden", "tokenizers", name))
	tok, err := Load(folder)
	if err != nil {
		tok, err = LoadSentencePiece(folder, "tokenizer.model")
	}
	return tok, err
}
