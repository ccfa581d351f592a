package zoo

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/rapt-go/rapt/gpu"
	"github.com/rapt-go/rapt/model"
	"github.com/rapt-go/rapt/model/safetensors"
)

// A Report says what a checkpoint is, without loading it.
type Report struct {
	ModelType  string
	Class      string                     // of architectures
	Config     map[string]json.RawMessage // config.json
	Parameters int64                      // tied tensors counted once
	Bytes      int64                      // of the tensors in the files
	Memory     Memory                     // of the weights once loaded
	Limits     model.Limits
	Width      int      // of a hidden state
	Tasks      []string // commands of rapt that it can do
	Unused     []string // tensors that no task asks for
	Tensors    []safetensors.Tensor
}

// Memory is bytes of weights, by what matrices are loaded as: vectors stay F32, and so do
// tables beside int8. A tied table is there twice, since products want another layout.
type Memory struct{ F32, BF16, Int8 int64 }

// Inspect reads a folder's configuration and checks that its tensors are all there,
// of the right shapes and types, for every task that the checkpoint is made for.
// Data are not read.
func Inspect(f model.Folder) (*Report, error) {
	c, t, err := readConfig(f)
	if err != nil {
		return nil, err
	}
	load, err := plan[model.Encoder](c, t)
	if err != nil {
		return nil, err
	}
	set, err := f.Weights()
	if err != nil {
		return nil, err
	}
	defer set.Close()
	r := &Report{ModelType: t, Class: c.Class(), Config: c.Fields(), Tensors: set.Tensors()}
	w := model.NewWeights(nil, set, gpu.F32, gpu.Native)
	m := load(w)
	r.Limits, r.Width = m.Limits(), m.(model.Encoder).Width()
	if err := w.Err(); err != nil {
		return nil, err
	}
	r.Tasks, r.Unused = []string{"embed"}, w.Unused()
	encoder := w.Size()
	size := encoder
	for _, h := range heads(c, t) {
		has := func(t safetensors.Tensor) bool {
			_, unused := slices.BinarySearch(r.Unused, t.Name)
			return unused && h.belongs(t)
		}
		if !h.made && !slices.ContainsFunc(r.Tensors, has) {
			continue
		}
		w, err := h.check(c, t, set)
		if err != nil && h.made {
			return nil, err
		}
		if err == nil {
			r.Tasks = append(r.Tasks, h.tasks...)
			r.Unused = intersect(r.Unused, w.Unused())
			size = size.Plus(w.Size()).Minus(encoder)
		}
	}
	r.Parameters = size.Elements()
	for _, t := range r.Tensors {
		r.Bytes += t.Size
	}
	matrix := size.Matrix + size.Tied
	r.Memory = Memory{F32: 4 * (matrix + size.Table + size.Vector),
		BF16: 2*(matrix+size.Table) + 4*size.Vector,
		Int8: matrix + 4*size.Rows + 4*(size.Table+size.Vector)}
	return r, nil
}

// A candidate is a head that a checkpoint may have.
type candidate struct {
	plan   func(c *model.Config, modelType string) (func(w *model.Weights) model.Model, error)
	is     func(m any) bool // whether m points to an interface that the model with this head is
	tensor string           // one that it has
	tasks  []string         // what it is for
	made   bool             // the checkpoint's class is made for it: it must be whole
}

// heads lists what a checkpoint of a model_type may have.
func heads(c *model.Config, modelType string) []candidate {
	switch modelType {
	case "bert":
		return bertHeads(c, "cls.predictions.transform.dense.weight", "classifier.weight")
	case "camembert", "roberta", "xlm-roberta":
		return bertHeads(c, "lm_head.dense.weight", "classifier.out_proj.weight")
	case "gpt2":
		return gpt2Heads(c)
	}
	return nil
}

// bertHeads lists the heads of a BERT or RoBERTa, of which one or two are made, by the class that
// config.json names. Two of their tensors have other names in the one than in the other.
func bertHeads(c *model.Config, masked, sequences string) []candidate {
	class := c.Class()
	is := func(kinds ...string) bool {
		return slices.ContainsFunc(kinds, func(k string) bool { return strings.HasSuffix(class, "For"+k) })
	}
	classify := []string{"classify"}
	if is("SequenceClassification") && len(c.Classes().Labels) == 1 {
		classify = append(classify, "rerank")
	}
	return []candidate{
		candidateFor[model.MaskedLM](masked, is("MaskedLM", "PreTraining"), "fill-mask"),
		candidateFor[model.PairJudge]("cls.seq_relationship.weight", is("NextSentencePrediction", "PreTraining"), "next-sentence"),
		candidateFor[model.SequenceClassifier](sequences, is("SequenceClassification"), classify...),
		candidateFor[model.TokenClassifier]("classifier.weight", is("TokenClassification"), "tag"),
		candidateFor[model.SpanReader]("qa_outputs.weight", is("QuestionAnswering"), "answer"),
	}
}

func candidateFor[M model.Model](tensor string, made bool, tasks ...string) candidate {
	is := func(m any) bool { _, ok := m.(*M); return ok }
	return candidate{plan[M], is, tensor, tasks, made}
}

// belongs reports whether a tensor is the one that says that the head is there.
func (h candidate) belongs(t safetensors.Tensor) bool {
	return t.Name == h.tensor || strings.HasSuffix(t.Name, "."+h.tensor)
}

// check checks the model with this head.
func (h candidate) check(c *model.Config, t string, src model.Source) (*model.Weights, error) {
	load, err := h.plan(c, t)
	if err != nil {
		return nil, err
	}
	w := model.NewWeights(nil, src, gpu.F32, gpu.Native)
	load(w)
	return w, w.Err()
}

// intersect is what two sorted lists have in common.
func intersect(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(x string) bool { _, found := slices.BinarySearch(b, x); return !found })
}
