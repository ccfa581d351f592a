package task

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"strings"

	"github.com/rapt-go/rapt/gpu"
	"github.com/rapt-go/rapt/model"
	"github.com/rapt-go/rapt/model/tokenizer"
	"github.com/rapt-go/rapt/model/zoo"
)

// PooledBy makes vectors by p, whatever the checkpoint says.
func PooledBy(p Pooling) Option { return func(o *options) { o.pooling = p } }

// Normalized scales vectors to unit length, or not, whatever the checkpoint says.
func Normalized(on bool) Option { return func(o *options) { o.norm = &on } }

// An Embedder turns texts into vectors, as the checkpoint says: a folder of
// sentence-transformers has modules.json with pooling, dense layers and
// normalization; any other encoder gives the mean of its tokens, not normalized.
type Embedder struct {
	core[[]float32]
	sentence sentence
}

// OpenEmbedder opens a checkpoint to embed with.
func OpenEmbedder(dir string, opts ...Option) (*Embedder, error) {
	o := newOpened[model.Encoder](opts)
	root, err := folder(dir, o.fs)
	if err != nil {
		return nil, err
	}
	sen, err := readSentence(root, &o.options)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", root.Name(), err)
	}
	o.folder = sen.encoder
	if err := o.load(); err != nil {
		return nil, err
	}
	m, err := newSentenceModel(o.model, sen, o.backend, o.loadAs(o.backend))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", root.Name(), err), o.close())
	}
	o.model = m
	e := &Embedder{newCore(o, embedder(m)), *sen}
	if sen.maxLength > 0 && (e.limit == 0 || sen.maxLength < e.limit) {
		e.limit = sen.maxLength
	}
	return e, nil
}

// NewEmbedder embeds with a model of one's own, by the mean of its tokens unless
// [PooledBy] says otherwise; the option [On] is needed.
func NewEmbedder(m model.Encoder, t Tokenizer, opts ...Option) (*Embedder, error) {
	o := newOpened[model.Encoder](opts)
	if o.on == nil {
		return nil, errNeedsOn
	}
	sen, err := plainSentence(model.Folder{}, &o.options)
	if err != nil {
		return nil, err
	}
	sm, err := newSentenceModel(m, sen, o.on, o.loadAs(o.on))
	if err != nil {
		return nil, err
	}
	c, err := ownCore(sm, t, opts, embedder(sm))
	if err != nil {
		return nil, errors.Join(err, sm.closeSteps())
	}
	return &Embedder{c, *sen}, nil
}

func embedder(m *sentenceModel) func(*gpu.Stream, model.Batch, []item) ([][]float32, error) {
	return func(s *gpu.Stream, in model.Batch, _ []item) ([][]float32, error) {
		return perSequence(s, m.embed(s, in), in.Seqs.N, anyWidth)
	}
}

// Prompts returns the checkpoint's prompts by name, such as "query". The map is the
// caller's.
func (e *Embedder) Prompts() map[string]string { return maps.Clone(e.sentence.prompts) }

// Embed returns one vector for each text, after the checkpoint's default prompt if it
// has one. A text that is too long is cut, as sentence-transformers does.
func (e *Embedder) Embed(ctx context.Context, texts ...string) ([][]float32, error) {
	return e.embed(ctx, e.sentence.prompt(), texts)
}

// EmbedAs is Embed with the prompt of a name before every text.
func (e *Embedder) EmbedAs(ctx context.Context, prompt string, texts ...string) ([][]float32, error) {
	p, ok := e.sentence.prompts[prompt]
	if !ok {
		return nil, fmt.Errorf("%w: no prompt %q; the model has %q", model.ErrInput, prompt, sortedKeys(e.sentence.prompts))
	}
	return e.embed(ctx, p, texts)
}

func (e *Embedder) embed(ctx context.Context, prompt string, texts []string) ([][]float32, error) {
	items := make([]item, len(texts))
	err := each(ctx, len(texts), func(i int) error {
		t := prompt + texts[i]
		if e.sentence.lower {
			t = strings.ToLower(t)
		}
		enc, err := e.tok.Encode(t, tokenizer.Options{MaxLength: e.limit, NoOverflow: true})
		if err == nil {
			items[i], err = e.item(enc)
		}
		return textError(i, err)
	})
	if err != nil {
		return nil, err
	}
	return e.run(ctx, items)
}

// Cosine says how alike two vectors of one length are: the cosine of the angle between
// them, from -1 to 1; 0 if one is all zeros. It is NaN if their lengths differ.
func Cosine(a, b []float32) float64 {
	if len(a) != len(b) {
		return math.NaN()
	}
	var ab, aa, bb float64
	for i, x := range a {
		x, y := float64(x), float64(b[i])
		ab, aa, bb = ab+x*y, aa+x*x, bb+y*y
	}
	if aa == 0 || bb == 0 {
		return 0
	}
	return ab / math.Sqrt(aa) / math.Sqrt(bb)
}

// A sentenceModel is an encoder and the steps that make one vector of its tokens.
type sentenceModel struct {
	model.Encoder
	pools []Pooling
	steps []step
}

// newSentenceModel loads the steps that sen asks for. On error m alone stays open.
func newSentenceModel(m model.Encoder, sen *sentence, b gpu.Backend, as zoo.As) (*sentenceModel, error) {
	sm := &sentenceModel{Encoder: m, pools: sen.pools}
	width := len(sen.pools) * m.Width()
	for _, mod := range sen.modules {
		var st step
		var err error
		if mod.kind == "Dense" {
			st, width, err = loadDense(mod.folder, b, as, width)
		} else {
			st, err = newUnit(b, width)
		}
		if err != nil {
			return nil, errors.Join(fmt.Errorf("%s: %w", mod.kind, err), sm.closeSteps())
		}
		sm.steps = append(sm.steps, st)
	}
	return sm, nil
}

// A step changes vectors, [sequences, width].
type step interface {
	apply(s *gpu.Stream, x gpu.Tensor) gpu.Tensor
	close() error
}

func (m *sentenceModel) embed(s *gpu.Stream, in model.Batch) gpu.Tensor {
	h := m.Encode(s, in)
	x := s.Temp(gpu.F32, in.Seqs.N, len(m.pools)*h.Cols)
	for i, p := range m.pools {
		s.Do(&gpu.Pool{Dst: x.ColRange(i*h.Cols, (i+1)*h.Cols), X: h, Seqs: in.Seqs, Kind: p.kind()})
	}
	for _, st := range m.steps {
		x = st.apply(s, x)
	}
	return x
}

// Close frees the encoder and the steps.
func (m *sentenceModel) Close() error { return errors.Join(m.Encoder.Close(), m.closeSteps()) }

func (m *sentenceModel) closeSteps() (err error) {
	for _, st := range m.steps {
		err = errors.Join(err, st.close())
	}
	return err
}
