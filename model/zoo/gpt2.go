package zoo

import (
	"fmt"
	"strings"

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

// gpt2Heads lists the heads of a GPT-2. The head that writes may have no tensor of its own.
func gpt2Heads(c *model.Config) []candidate {
	class := c.Class()
	writes := strings.HasSuffix(class, "LMHeadModel") || strings.HasSuffix(class, "DoubleHeadsModel") ||
		class == "" && c.Bool("tie_word_embeddings", true)
	classify := []string{"classify"}
	if len(c.Classes().Labels) == 1 {
		classify = append(classify, "rerank")
	}
	return []candidate{
		candidateFor[model.Decoder]("lm_head.weight", writes, "generate", "score"),
		candidateFor[model.SequenceClassifier]("score.weight", strings.HasSuffix(class, "ForSequenceClassification"), classify...),
	}
}
