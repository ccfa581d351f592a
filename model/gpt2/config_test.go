package gpt2_test

import (
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/rapt-go/rapt/gpu"
	"github.com/rapt-go/rapt/model"
	"github.com/rapt-go/rapt/model/gpt2"
)

func readConfig(text string) (gpt2.Config, error) {
	c, err := model.ReadConfig(model.FS(fstest.MapFS{"config.json": {Data: []byte(text)}}), "config.json")
	if err != nil {
		return gpt2.Config{}, err
	}
	return gpt2.ReadConfig(c)
}

// The defaults are those of transformers' configuration_gpt2.py.
func TestDefaults(t *testing.T) {
	c, err := readConfig(`{"n_inner":null}`)
	require.NoError(t, err)
	require.Equal(t, gpt2.Config{Vocab: 50257, Hidden: 768, Layers: 12, Heads: 12, FFN: 3072, Positions: 1024, Act: gpu.GELUTanh, Eps: 1e-5,
		Scaled: true, Tied: true, EmbdDrop: 0.1, AttnDrop: 0.1, ResidDrop: 0.1}, c)
}

func TestConfig(t *testing.T) {
	c, err := readConfig(`{"vocab_size":10,"n_embd":8,"n_layer":3,"n_head":2,"n_inner":5,"n_positions":7,"activation_function":"relu","layer_norm_epsilon":0.5,
		"scale_attn_weights":false,"scale_attn_by_inverse_layer_idx":true,"reorder_and_upcast_attn":true,"tie_word_embeddings":false,
		"embd_pdrop":0.2,"attn_pdrop":0.3,"resid_pdrop":0.4,"architectures":["GPT2LMHeadModel"]}`)
	require.NoError(t, err)
	require.Equal(t, gpt2.Config{Vocab: 10, Hidden: 8, Layers: 3, Heads: 2, FFN: 5, Positions: 7, Act: gpu.ReLU, Eps: 0.5, ByLayer: true,
		EmbdDrop: 0.2, AttnDrop: 0.3, ResidDrop: 0.4, Class: "GPT2LMHeadModel"}, c)
}

// TestConfigNames has what transformers 5.24.0 reads, whatever the order of fields.
func TestConfigNames(t *testing.T) {
	const shared = `"hidden_size":48,"num_hidden_layers":3,"num_attention_heads":4,"max_position_embeddings":64`
	const own = `"n_embd":96,"n_layer":5,"n_head":6,"n_positions":7`
	for _, text := range []string{`{` + shared + `}`, `{` + shared + `,` + own + `}`, `{` + own + `,` + shared + `}`} {
		c, err := readConfig(text)
		require.NoError(t, err)
		require.Equal(t, []int{48, 3, 4, 64, 192}, []int{c.Hidden, c.Layers, c.Heads, c.Positions, c.FFN}, text)
	}
	c, err := readConfig(`{"hidden_size":null,"n_embd":96}`)
	require.NoError(t, err)
	require.Equal(t, 96, c.Hidden, "null is nothing")
}

func TestConfigRefuses(t *testing.T) {
	for text, want := range map[string]string{
		`{"n_embd":10,"n_head":4}`:                   "config.json: n_embd is 10, not a multiple of n_head, 4",
		`{"hidden_size":10,"num_attention_heads":4}`: "config.json: hidden_size is 10, not a multiple of num_attention_heads, 4",
		`{"hidden_size":"x","n_embd":8}`:             `config.json: hidden_size is "x", not an integer`,
		`{"n_head":0}`:                               "config.json: n_head is 0, not from 1 to 16777216",
		`{"activation_function":"sine"}`:             `config.json: activation_function is "sine", which is no activation that is known`,
		`{"n_positions":"many"}`:                     `config.json: n_positions is "many", not an integer`,
		`{"n_layer":5000,"embd_pdrop":1.5}`:          "config.json: n_layer is 5000, not from 0 to 4096\nconfig.json: embd_pdrop is 1.5, not from 0 to 1",
		`{"add_cross_attention":true}`:               "config.json: add_cross_attention, a GPT-2 that reads an encoder: not supported",
		`{"n_embd":16777216,"n_inner":null}`:         "config.json: n_embd is 16777216, not a multiple of n_head, 12",
	} {
		_, err := readConfig(text)
		require.EqualError(t, err, want)
	}
}
