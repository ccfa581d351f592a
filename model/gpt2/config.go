package gpt2

import (
	"fmt"
	"math"

	"github.com/rapt-go/rapt/gpu"
	"github.com/rapt-go/rapt/model"
	"github.com/rapt-go/rapt/model/nn"
)

// Config is what GPT-2's config.json says, with transformers' defaults for what it leaves out (configuration_gpt2.py).
type Config struct {
	Vocab     int     // vocab_size
	Hidden    int     // hidden_size, else n_embd
	Layers    int     // num_hidden_layers, else n_layer
	Heads     int     // num_attention_heads, else n_head
	FFN       int     // n_inner; 4·n_embd if null
	Positions int     // max_position_embeddings, else n_positions
	Act       gpu.Act // activation_function
	Eps       float32 // layer_norm_epsilon
	Scaled    bool    // scale_attn_weights: scores are divided by √(head size)
	ByLayer   bool    // scale_attn_by_inverse_layer_idx: scores of layer i are divided by i+1
	Tied      bool    // tie_word_embeddings
	EmbdDrop  float32 // embd_pdrop
	AttnDrop  float32 // attn_pdrop
	ResidDrop float32 // resid_pdrop
	Pad       *int32  // pad_token_id, which a classifier passes over at the end; nil if there is none
	Class     string  // the first of architectures, which may be empty
}

// Bounds of what a config.json may say: above every published model, and low enough that a hostile file is refused before
// anything is allocated.
const (
	mostLayers = 1 << 12
	mostWidth  = 1 << 24
)

// ReadConfig reads GPT-2's fields, some of which have two names: the one that all models share (attribute_map) counts if both
// are there, as in transformers. Whatever is wrong with them, the error lists. reorder_and_upcast_attn is not looked at: scores
// are computed in F32 always.
func ReadConfig(c *model.Config) (Config, error) {
	size := func(name string, def int) int { return c.Int(name, def, 1, mostWidth) }
	either := func(shared, own string) string {
		if c.Raw(shared) != nil {
			return shared
		}
		return own
	}
	embd, heads := either("hidden_size", "n_embd"), either("num_attention_heads", "n_head")
	g := Config{
		Vocab:     size("vocab_size", 50257),
		Hidden:    size(embd, 768),
		Layers:    c.Int(either("num_hidden_layers", "n_layer"), 12, 0, mostLayers),
		Heads:     size(heads, 12),
		Positions: size(either("max_position_embeddings", "n_positions"), 1024),
		Eps:       float32(c.Float("layer_norm_epsilon", 1e-5, 0, math.MaxFloat32)),
		Scaled:    c.Bool("scale_attn_weights", true),
		ByLayer:   c.Bool("scale_attn_by_inverse_layer_idx", false),
		Tied:      c.Bool("tie_word_embeddings", true),
		EmbdDrop:  float32(c.Float("embd_pdrop", 0.1, 0, 1)),
		AttnDrop:  float32(c.Float("attn_pdrop", 0.1, 0, 1)),
		ResidDrop: float32(c.Float("resid_pdrop", 0.1, 0, 1)),
		Class:     c.Class(),
	}
	g.FFN = size("n_inner", 4*g.Hidden)
	if c.Err() == nil && g.Hidden%g.Heads != 0 {
		c.Failf(embd, "is %d, not a multiple of %s, %d", g.Hidden, heads, g.Heads)
	}
	if pad := c.Int("pad_token_id", -1, math.MinInt32, math.MaxInt32); pad >= 0 {
		id := int32(pad)
		g.Pad = &id
	}
	name := c.Text("activation_function", "gelu_new")
	act, ok := nn.Activation(name)
	if !ok {
		c.Failf("activation_function", "is %q, which is no activation that is known", name)
	}
	g.Act = act
	if c.Bool("add_cross_attention", false) && c.Err() == nil {
		return g, fmt.Errorf("%s: add_cross_attention, a GPT-2 that reads an encoder: %w", c.File, model.ErrUnsupported)
	}
	return g, c.Err()
}
