package zoo

import (
	"fmt"

	"github.com/rapt-go/rapt/model"
	"github.com/rapt-go/rapt/model/gpt2"
)

// planGPT2 is plan for a GPT-2.
func planGPT2[M model.Model](c *model.Config, modelType string) (func(w *model.Weights) model.Model, error) {
	g, err := gpt2.ReadConfig(c)
	if err != nil {
		return nil, err
	}
	var want M
	switch any(&want).(type) {
	case *model.Encoder:
		return func(w *model.Weights) model.Model { return gpt2.Load(g, w) }, nil
	case *model.Decoder:
		return func(w *model.Weights) model.Model { return gpt2.LoadLM(g, w) }, nil
	case *model.SequenceClassifier:
		k, err := classes(c, g.Class, "SequenceClassification")
		return func(w *model.Weights) model.Model { return gpt2.LoadSequenceClassifier(g, w, k) }, err
	}
	return nil, fmt.Errorf("%s is not a %s: %w", modelType, nameOf[M](), model.ErrUnsupported)
}
