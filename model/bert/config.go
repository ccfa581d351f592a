package bert

import (
	"fmt"
	"math"

	"github.com/rapt-go/rapt/gpu"
	"github.com/rapt-go/rapt/model"
	"github.com/rapt-go/rapt/model/nn"
)

// Config is what config.json says, with transformers' defaults for what it leaves out
// (configuration_bert.py and configuration_roberta.py).
type Config struct {
	Family    Family  // by model_type; BERT if that is none of another family
	Vocab     int     // vocab_size
	Hidden    int     // hidden_size
	Layers    int     // num_hidden_layers
	Heads     int     // num_attention_heads
	FFN       int     // intermediate_size
	Positions int     // max_position_embeddings
	Types     int     // type_vocab_size
	Pad       int     // pad_token_id of RoBERTa, whose positions start after it; 0 of BERT, which has no use for it
	Act       gpu.Act // hidden_act
	Eps       float32 // layer_norm_eps
	Dropout   float32 // hidden_dropout_prob
	AttnDrop  float32 // attention_probs_dropout_prob
	Tied      bool    // tie_word_embeddings
	Class     string  // the first of architectures, which may be empty
}

// Bounds of what a config.json may say: above every published model, and low
// enough that a hostile file is refused before anything is allocated.
const (
	mostLayers = 1 << 12
	mostWidth  = 1 << 24
)

// ReadConfig reads the fields of an encoder. Whatever is wrong with them, the error lists.
func ReadConfig(c *model.Config) (Config, error) {
	family, vocab := familyOf(c.Text("model_type", "bert"))
	size := func(name string, def int) int { return c.Int(name, def, 1, mostWidth) }
	b := Config{
		Family:    family,
		Vocab:     size("vocab_size", vocab),
		Hidden:    size("hidden_size", 768),
		Layers:    c.Int("num_hidden_layers", 12, 0, mostLayers),
		Heads:     size("num_attention_heads", 12),
		FFN:       size("intermediate_size", 3072),
		Positions: size("max_position_embeddings", 512),
		Types:     size("type_vocab_size", 2),
		Eps:       float32(c.Float("layer_norm_eps", 1e-12, 0, math.MaxFloat32)),
		Dropout:   float32(c.Float("hidden_dropout_prob", 0.1, 0, 1)),
		AttnDrop:  float32(c.Float("attention_probs_dropout_prob", 0.1, 0, 1)),
		Tied:      c.Bool("tie_word_embeddings", true),
		Class:     c.Class(),
	}
	if c.Err() == nil && b.Hidden%b.Heads != 0 {
		c.Failf("hidden_size", "is %d, not a multiple of num_attention_heads, %d", b.Hidden, b.Heads)
	}
	if family == RoBERTa {
		b.Pad = c.Int("pad_token_id", 1, 0, mostWidth)
		if most := min(b.Vocab, b.Positions-1) - 1; c.Err() == nil && b.Pad > most {
			c.Failf("pad_token_id", "is %d, above %d, with vocab_size %d and max_position_embeddings %d: no position would be left", b.Pad, most, b.Vocab, b.Positions)
		}
	}
	name := c.Text("hidden_act", "gelu")
	act, ok := nn.Activation(name)
	if !ok {
		c.Failf("hidden_act", "is %q, which is no activation that is known", name)
	}
	b.Act = act
	if err := c.Err(); err != nil {
		return b, err
	}
	return b, unsupported(c, family)
}

// unsupported refuses what would change the result and is not implemented.
func unsupported(c *model.Config, f Family) error {
	if p := c.Text("position_embedding_type", "absolute"); p != "absolute" {
		return fmt.Errorf("%s: position_embedding_type %q: %w", c.File, p, model.ErrUnsupported)
	}
	if c.Bool("is_decoder", false) {
		return fmt.Errorf("%s: is_decoder, a %v that generates: %w", c.File, f, model.ErrUnsupported)
	}
	return c.Err()
}
