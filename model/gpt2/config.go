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
	Hidden    int     // n_embd
	Layers    int     // n_layer
	Heads     int     // n_head
	FFN       int     // n_inner; 4·n_embd if null
	Positions int     // n_positions
	Act       gpu.Act // activation_function
	Eps       float32 // layer_norm_epsilon
	Scaled    bool    // scale_attn_weights: scores are divided by √(head size)
	ByLayer   bool    // scale_attn_by_inverse_layer_idx: scores of layer i are divided by i+1
	Tied      bool    // tie_word_embeddings
	EmbdDrop  float32 // embd_pdrop
	AttnDrop  float32 // attn_pdrop
	ResidDrop float32 // resid_pdrop
	Class     string  // the first of architectures, which may be empty
}

// Bounds of what a config.json may say: above every published model, and low enough that a hostile file is refused before
// anything is allocated.
const (
	mostLayers = 1 << 12
	mostWidth  = 1 << 24
)

// ReadConfig reads GPT-2's fields. Whatever is wrong with them, the error lists. reorder_and_upcast_attn is not looked at:
// scores are computed in F32 always.
func ReadConfig(c *model.Config) (Config, error) {
	size := func(name string, def int) int { return c.Int(name, def, 1, mostWidth) }
	g := Config{
		Vocab:     size("vocab_size", 50257),
		Hidden:    size("n_embd", 768),
		Layers:    c.Int("n_layer", 12, 0, mostLayers),
		Heads:     size("n_head", 12),
		Positions: size("n_positions", 1024),
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
		c.Failf("n_embd", "is %d, not a multiple of n_head, %d", g.Hidden, g.Heads)
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
