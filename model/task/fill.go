package task

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/rapt-go/rapt/gpu"
	"github.com/rapt-go/rapt/model"
	"github.com/rapt-go/rapt/model/tokenizer"
)

// A Fill is one word for a mask.
type Fill struct {
	ID       int32
	Token    string
	Score    float64 // softmax over the vocabulary
	Sequence string  // the text with this mask filled; where there are several, the others and special tokens stay, but those that pad
}

// A Filler finds words for masks.
type Filler struct {
	core[guess]
	mask, pad int32
	topK      int
}

// A guess is the likeliest words of a text's masks, mask after mask.
type guess struct {
	ids    []int32
	scores []float32
}

// TopK is how many words a [Filler] gives for each mask, if the vocabulary has so many;
// 5 without it.
func TopK(k int) Option { return func(o *options) { o.topK = k } }

// OpenFiller opens a checkpoint for masked words.
func OpenFiller(dir string, opts ...Option) (*Filler, error) {
	o, err := open[model.MaskedLM](dir, opts)
	if err != nil {
		return nil, err
	}
	f, err := newFiller(o.model, o.tok, &o.options)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", o.folder.Name(), err), o.close())
	}
	f.core = newCore(o, filler(o.model, f.topK))
	return f, nil
}

// NewFiller fills masks with a model of one's own; the option [On] is needed.
func NewFiller(m model.MaskedLM, t Tokenizer, opts ...Option) (*Filler, error) {
	o := newOpened[model.MaskedLM](opts)
	f, err := newFiller(m, t, &o.options)
	if err != nil {
		return nil, err
	}
	if f.core, err = ownCore(m, t, opts, filler(m, f.topK)); err != nil {
		return nil, err
	}
	return f, nil
}

func newFiller(m model.MaskedLM, t Tokenizer, o *options) (*Filler, error) {
	f := &Filler{mask: t.Special().Mask, pad: t.Special().Pad, topK: min(cmp.Or(o.topK, 5), m.Limits().Vocab)}
	if f.mask < 0 {
		return nil, fmt.Errorf("the tokenizer has no mask token: %w", model.ErrUnsupported)
	}
	if f.topK < 1 {
		return nil, fmt.Errorf("%w: the %d likeliest words: want at least 1", model.ErrInput, f.topK)
	}
	return f, nil
}

// filler finds the k likeliest words of each wanted row on the device, so that the
// scores of a whole vocabulary stay there.
func filler(m model.MaskedLM, k int) func(*gpu.Stream, model.Batch, []item) ([]guess, error) {
	return func(s *gpu.Stream, in model.Batch, items []item) ([]guess, error) {
		logits := m.MaskedLogits(s, in)
		masks := 0
		for _, it := range items {
			masks += len(it.want)
		}
		if err := shaped(s, logits, masks, anyWidth); err != nil {
			return nil, err
		}
		s.Do(&gpu.Softmax{Dst: logits, X: logits})
		value, index := s.Temp(gpu.F32, logits.Rows, k), s.Temp(gpu.I32, logits.Rows, k)
		s.Do(&gpu.TopK{Value: value, Index: index, X: logits})
		scores, err := gpu.Read[float32](s, value)
		if err != nil {
			return nil, err
		}
		ids, err := gpu.Read[int32](s, index)
		if err != nil {
			return nil, err
		}
		out := make([]guess, len(items))
		for i, it := range items {
			n := len(it.want) * k
			out[i] = guess{ids[:n:n], scores[:n:n]}
			ids, scores = ids[n:], scores[n:]
		}
		return out, nil
	}
}

// Mask is the text of the mask token, "[MASK]" in BERT.
func (f *Filler) Mask() string {
	text, _ := f.tok.Token(f.mask)
	return text
}

// Fill returns, for each mask of each text, the likeliest words. A text without a
// mask is an error; masks that [Truncate] cuts off are left out.
func (f *Filler) Fill(ctx context.Context, texts ...string) ([][][]Fill, error) {
	encodings, items, err := f.encodeAll(ctx, singles(texts))
	if err != nil {
		return nil, err
	}
	for i := range items {
		for j, id := range items[i].IDs {
			if id == f.mask {
				items[i].want = append(items[i].want, int32(j))
			}
		}
		if items[i].want == nil {
			return nil, textError(i, f.noMask(texts[i], len(items[i].IDs)))
		}
	}
	guesses, err := f.run(ctx, items)
	if err != nil {
		return nil, err
	}
	out := make([][][]Fill, len(texts))
	for i, g := range guesses {
		out[i] = f.fills(encodings[i].IDs, items[i].want, g)
	}
	return out, nil
}

// noMask says that there is no mask in the tokens of a text, which truncation may have
// cut to so many.
func (f *Filler) noMask(text string, tokens int) error {
	whole, err := f.tok.Encode(text, tokenizer.Options{NoOverflow: true})
	if err == nil && slices.Contains(whole.IDs, f.mask) {
		return fmt.Errorf("%w: no %s in the %d tokens that truncation left of %d: it cut the mask off", model.ErrInput, f.Mask(), tokens, len(whole.IDs))
	}
	return fmt.Errorf("%w: no %s in it", model.ErrInput, f.Mask())
}

// fills is the words of one text's masks.
func (f *Filler) fills(ids, masks []int32, g guess) [][]Fill {
	out := make([][]Fill, len(masks))
	for i, at := range masks {
		for j := i * f.topK; j < (i+1)*f.topK; j++ {
			filled := slices.Clone(ids)
			filled[at] = g.ids[j]
			filled = slices.DeleteFunc(filled, func(id int32) bool { return id == f.pad })
			out[i] = append(out[i], Fill{
				ID:       g.ids[j],
				Token:    f.tok.Decode(g.ids[j:j+1], tokenizer.DecodeOptions{}),
				Score:    float64(g.scores[j]),
				Sequence: f.tok.Decode(filled, tokenizer.DecodeOptions{SkipSpecial: len(masks) == 1}),
			})
		}
	}
	return out
}
