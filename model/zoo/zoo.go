// Package zoo opens any supported checkpoint as what it is wanted for. Which
// architectures there are is one explicit switch.
package zoo

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/rapt-go/rapt/gpu"
	"github.com/rapt-go/rapt/model"
	"github.com/rapt-go/rapt/model/bert"
	"github.com/rapt-go/rapt/model/safetensors"
)

// Types lists the model_types that are supported.
func Types() []string { return []string{"bert", "camembert", "gpt2", "roberta", "xlm-roberta"} }

// As says how weights are loaded.
type As struct {
	DType  gpu.DType
	Format gpu.Format
}

// Default is how a backend likes its weights best, at full precision.
func Default(b gpu.Backend) As { return As{b.Info().Default, gpu.Native} }

// Load opens the checkpoint in the folder at path dir as an M, one of the
// interfaces of package model, such as [model.Encoder] or [model.MaskedLM]. The
// caller closes it.
func Load[M model.Model](dir string, b gpu.Backend, as As) (M, error) {
	f, err := model.Dir(dir)
	if err != nil {
		var none M
		return none, err
	}
	return LoadFolder[M](f, b, as)
}

// LoadFolder is Load for any folder, such as an embedded one.
func LoadFolder[M model.Model](f model.Folder, b gpu.Backend, as As) (M, error) {
	var none M
	m, err := load[M](f, b, as)
	if err != nil {
		return none, fmt.Errorf("%s: %w", f.Name(), err)
	}
	return m, nil
}

func load[M model.Model](f model.Folder, b gpu.Backend, as As) (none M, _ error) {
	c, t, err := readConfig(f)
	if err != nil {
		return none, err
	}
	p, err := plan[M](c, t)
	if err != nil {
		return none, err
	}
	set, err := f.Weights()
	if err != nil {
		return none, err
	}
	defer set.Close()
	if err := hasHead[M](c, t, set); err != nil {
		return none, err
	}
	w := model.NewWeights(b, set, as.DType, as.Format)
	m := p(w)
	if err := w.Finish(); err != nil {
		return none, err
	}
	return m.(M), nil
}

// readConfig reads config.json and its model_type.
func readConfig(f model.Folder) (*model.Config, string, error) {
	c, err := model.ReadConfig(f, "config.json")
	if err != nil {
		return nil, "", err
	}
	t := c.ModelType()
	if err := c.Err(); err != nil {
		return nil, "", err
	}
	return c, t, nil
}

// plan reads the rest of the configuration, and returns what loads the model as an M.
func plan[M model.Model](c *model.Config, modelType string) (func(w *model.Weights) model.Model, error) {
	switch modelType {
	case "bert", "camembert", "roberta", "xlm-roberta":
		return planBERT[M](c, modelType)
	case "gpt2":
		return planGPT2[M](c, modelType)
	}
	return nil, fmt.Errorf("%s: model_type %.60q: %w; supported are %s", c.File, modelType, model.ErrUnsupported, strings.Join(Types(), ", "))
}

// planBERT is plan for a BERT or RoBERTa.
func planBERT[M model.Model](c *model.Config, modelType string) (func(w *model.Weights) model.Model, error) {
	b, err := bert.ReadConfig(c)
	if err != nil {
		return nil, err
	}
	var want M
	switch any(&want).(type) {
	case *model.Encoder:
		return func(w *model.Weights) model.Model { return bert.Load(b, w, false) }, nil
	case *model.MaskedLM:
		return func(w *model.Weights) model.Model { return bert.LoadMaskedLM(b, w) }, nil
	case *model.PairJudge:
		if b.Family != bert.BERT {
			return nil, fmt.Errorf("%s is not a %s, since %v was not trained on next sentences: %w", modelType, nameOf[M](), b.Family, model.ErrUnsupported)
		}
		return func(w *model.Weights) model.Model { return bert.LoadNextSentence(b, w) }, nil
	case *model.SequenceClassifier:
		k, err := classes(c, b.Class, "SequenceClassification")
		return func(w *model.Weights) model.Model { return bert.LoadSequenceClassifier(b, w, k) }, err
	case *model.TokenClassifier:
		k, err := classes(c, b.Class, "TokenClassification")
		return func(w *model.Weights) model.Model { return bert.LoadTokenClassifier(b, w, k) }, err
	case *model.SpanReader:
		return func(w *model.Weights) model.Model { return bert.LoadSpanReader(b, w) }, nil
	}
	return nil, fmt.Errorf("%s is not a %s: %w", modelType, nameOf[M](), model.ErrUnsupported)
}

// hasHead refuses a checkpoint that was not made to be an M and has nothing of its head. One that
// was made for it, and lacks tensors, is broken: what loads it lists them.
func hasHead[M model.Model](c *model.Config, modelType string, set *safetensors.Set) error {
	var want M
	for _, h := range heads(c, modelType) {
		if h.is(&want) && !h.made && !slices.ContainsFunc(set.Tensors(), h.belongs) {
			return fmt.Errorf("%s, %.60q, is not a %s, whose tensor %s it lacks: %w", modelType, c.Class(), nameOf[M](), h.tensor, model.ErrUnsupported)
		}
	}
	return nil
}

// nameOf is M's name without its package.
func nameOf[M any]() string {
	name := reflect.TypeFor[M]().String()
	return name[strings.LastIndexByte(name, '.')+1:]
}

// classes reads the labels of a checkpoint whose classifier is of a kind. BERT's
// classifiers of sequences and of tokens have tensors of the same names, so only
// the class tells them apart.
func classes(c *model.Config, class, kind string) (model.Classes, error) {
	if class != "" && !strings.HasSuffix(class, "For"+kind) {
		return model.Classes{}, fmt.Errorf("%s: architectures is %.60q, not one for %s: %w", c.File, class, kind, model.ErrUnsupported)
	}
	k := c.Classes()
	return k, c.Err()
}
