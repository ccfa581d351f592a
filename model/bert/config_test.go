package bert_test

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"runtime/metrics"
	"strings"
	"testing"
	"testing/fstest"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/rapt-go/rapt/gpu"
	"github.com/rapt-go/rapt/model"
	"github.com/rapt-go/rapt/model/bert"
)

// What a file leaves out is as in transformers' configuration_bert.py, configuration_roberta.py,
// configuration_xlm_roberta.py and configuration_camembert.py.
func TestConfigDefaults(t *testing.T) {
	require.Equal(t, bert.Config{Vocab: 30522, Hidden: 768, Layers: 12, Heads: 12, FFN: 3072, Positions: 512, Types: 2,
		Act: gpu.GELU, Eps: 1e-12, Dropout: 0.1, AttnDrop: 0.1, Tied: true}, config(t, `{}`))
	require.Equal(t, bert.Config{Vocab: 1, Hidden: 6, Layers: 0, Heads: 3, FFN: 5, Positions: 7, Types: 8,
		Act: gpu.SiLU, Eps: 0.5, Dropout: 0, AttnDrop: 1, Class: "BertModel"},
		config(t, `{"vocab_size":1,"hidden_size":6,"num_hidden_layers":0,"num_attention_heads":3,"intermediate_size":5,"max_position_embeddings":7,
		"type_vocab_size":8,"hidden_act":"swish","layer_norm_eps":0.5,"hidden_dropout_prob":0,"attention_probs_dropout_prob":1,
		"tie_word_embeddings":false,"architectures":["BertModel","Other"],"position_embedding_type":"absolute","is_decoder":false,"anything":[]}`))
}

func TestConfigOfRoBERTa(t *testing.T) {
	for modelType, vocab := range map[string]int{"roberta": 50265, "xlm-roberta": 30522, "camembert": 30522} {
		want := config(t, `{}`)
		want.Family, want.Vocab, want.Pad = bert.RoBERTa, vocab, 1
		require.Equal(t, want, config(t, `{"model_type":"`+modelType+`"}`))
	}
	c := config(t, `{"model_type":"roberta","pad_token_id":7,"vocab_size":8,"max_position_embeddings":9}`)
	require.Equal(t, 7, c.Pad)
	require.Equal(t, model.Limits{Vocab: 8, Length: 1, Types: 2, FirstPosition: 8, SkipsPad: true}, (&bert.Model{Config: c}).Limits())
	require.Equal(t, model.Limits{Vocab: 8, Length: 9, Types: 2}, (&bert.Model{Config: config(t, `{"pad_token_id":70,"vocab_size":8,"max_position_embeddings":9}`)}).Limits())
	for text, want := range map[string]string{
		`{"model_type":"roberta","pad_token_id":-1}`:                                "pad_token_id is -1, not from 0 to 16777216",
		`{"model_type":"roberta","pad_token_id":"<pad>"}`:                           `pad_token_id is "<pad>", not an integer`,
		`{"model_type":"roberta","pad_token_id":8,"vocab_size":8}`:                  "pad_token_id is 8, above 7",
		`{"model_type":"xlm-roberta","pad_token_id":8,"max_position_embeddings":9}`: "pad_token_id is 8, above 7",
		`{"model_type":"camembert","max_position_embeddings":1}`:                    "pad_token_id is 1, above -1",
		`{"model_type":"roberta","is_decoder":true}`:                                "is_decoder, a RoBERTa that generates: not supported",
	} {
		_, err := readConfig(text)
		require.ErrorContains(t, err, "config.json: "+want, text)
	}
}

func TestConfigRefuses(t *testing.T) {
	for text, want := range map[string]string{
		`{"vocab_size":0}`:                           "vocab_size is 0, not from 1 to 16777216",
		`{"hidden_size":16777217}`:                   "hidden_size is 16777217, not from 1 to 16777216",
		`{"num_hidden_layers":-1}`:                   "num_hidden_layers is -1, not from 0 to 4096",
		`{"num_hidden_layers":4097}`:                 "num_hidden_layers is 4097, not from 0 to 4096",
		`{"num_attention_heads":0}`:                  "num_attention_heads is 0, not from 1 to 16777216",
		`{"intermediate_size":1e3}`:                  "intermediate_size is 1e3, not an integer",
		`{"max_position_embeddings":"512"}`:          `max_position_embeddings is "512", not an integer`,
		`{"type_vocab_size":-2}`:                     "type_vocab_size is -2, not from 1 to 16777216",
		`{"layer_norm_eps":-1e-12}`:                  "layer_norm_eps is -1e-12, not from 0 to",
		`{"layer_norm_eps":1e300}`:                   "layer_norm_eps is 1e300, not from 0 to 3.4028234663852886e+38",
		`{"hidden_dropout_prob":1.5}`:                "hidden_dropout_prob is 1.5, not from 0 to 1",
		`{"attention_probs_dropout_prob":-0.1}`:      "attention_probs_dropout_prob is -0.1, not from 0 to 1",
		`{"tie_word_embeddings":1}`:                  "tie_word_embeddings is 1, not true or false",
		`{"architectures":"BertModel"}`:              `architectures is "BertModel", not a list of strings`,
		`{"hidden_size":30,"num_attention_heads":4}`: "hidden_size is 30, not a multiple of num_attention_heads, 4",
		`{"hidden_act":"gelu_42"}`:                   `hidden_act is "gelu_42", which is no activation that is known`,
		`{"hidden_act":7}`:                           "hidden_act is 7, not a string",
		`{"position_embedding_type":3}`:              "position_embedding_type is 3, not a string",
		`{"is_decoder":"yes"}`:                       `is_decoder is "yes", not true or false`,
	} {
		_, err := readConfig(text)
		require.ErrorContains(t, err, "config.json: "+want, text)
	}
	for text, want := range map[string]string{
		`{"position_embedding_type":"relative_key"}`: `config.json: position_embedding_type "relative_key": not supported`,
		`{"is_decoder":true}`:                        "config.json: is_decoder, a BERT that generates: not supported",
	} {
		_, err := readConfig(text)
		require.EqualError(t, err, want)
		require.ErrorIs(t, err, model.ErrUnsupported)
	}
	_, err := readConfig(`{"vocab_size":0,"hidden_act":"x","layer_norm_eps":"y","num_hidden_layers":null,"type_vocab_size":[]}`)
	require.Len(t, strings.Split(err.Error(), "\n"), 4, "all of them at once")
}

// numbers are the sizes of a config.json, with their defaults and least values.
var numbers = []struct {
	field      string
	def, least int
	get        func(c bert.Config) int
}{
	{"vocab_size", 30522, 1, func(c bert.Config) int { return c.Vocab }},
	{"hidden_size", 768, 1, func(c bert.Config) int { return c.Hidden }},
	{"num_hidden_layers", 12, 0, func(c bert.Config) int { return c.Layers }},
	{"num_attention_heads", 12, 1, func(c bert.Config) int { return c.Heads }},
	{"intermediate_size", 3072, 1, func(c bert.Config) int { return c.FFN }},
	{"max_position_embeddings", 512, 1, func(c bert.Config) int { return c.Positions }},
	{"type_vocab_size", 2, 1, func(c bert.Config) int { return c.Types }},
}

// FuzzConfig reads arbitrary bytes as config.json: an error that names the file, or the
// file's own numbers, within bounds; and memory in proportion to the file.
func FuzzConfig(f *testing.F) {
	root := filepath.Join("..", "..", "testdata", "golden")
	for _, pattern := range []string{"*", "error/*"} {
		paths, err := filepath.Glob(filepath.Join(root, pattern, "config.json"))
		require.NoError(f, err)
		require.NotEmpty(f, paths)
		for _, path := range paths {
			data, err := os.ReadFile(path)
			require.NoError(f, err)
			f.Add(data)
		}
	}
	for _, text := range []string{
		``, `{}`, `[]`, `{"a":1,}`, `{}{}`, `{"vocab_size":1e3}`, `{"vocab_size":1,"vocab_size":2}`, `{"vocab_size":18446744073709551616}`,
		`{"id2label":{"0":"a","1":"b"},"num_labels":3,"problem_type":"regression"}`, `{"id2label":{"0":"a","2":"b"}}`, `{"num_labels":7}`,
		`{"hidden_act":"\u001b]0;\ud800\u0007"}`, `{"layer_norm_eps":1e300,"hidden_dropout_prob":-0}`, `{"architectures":["\u202e",null]}`,
		`{"sentence_transformers":{"activation_fn":{"x":null}}}`, `{"is_decoder":false,"position_embedding_type":"absolute","tie_word_embeddings":null}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		before := allocated()
		folder := model.FS(fstest.MapFS{"config.json": {Data: data}})
		file, err := model.ReadConfig(folder, "config.json")
		var c bert.Config
		if err == nil {
			c, err = bert.ReadConfig(file)
		}
		// A field of six bytes, "a":1, costs a place in two maps, a key, a value and the
		// decoder's tokens; the rest is what the fuzzer itself allocates meanwhile.
		require.Less(t, allocated()-before, uint64(100*len(data)+1<<20))
		checkMessage(t, err, data)
		if file == nil {
			return
		}
		require.True(t, json.Valid(data))
		var truth map[string]any
		d := json.NewDecoder(strings.NewReader(string(data)))
		d.UseNumber()
		require.NoError(t, d.Decode(&truth))
		require.Len(t, file.Fields(), len(truth))
		if err == nil {
			checkConfig(t, c, truth)
		}
		checkFields(t, folder, file)
	})
}

func allocated() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// checkMessage checks that an error names the file and may be printed on a terminal.
func checkMessage(t *testing.T, err error, data []byte) {
	if err == nil {
		return
	}
	text := err.Error()
	require.Contains(t, text, "config.json: ")
	require.True(t, utf8.ValidString(text), "%q", text)
	require.Equal(t, -1, strings.IndexFunc(text, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }), "%q", text)
	require.Less(t, len(text), 4096+16*len(data))
}

// checkConfig compares what was accepted with the file as encoding/json reads it.
func checkConfig(t *testing.T, c bert.Config, truth map[string]any) {
	for _, n := range numbers {
		want := n.def
		if n.field == "vocab_size" && truth["model_type"] == "roberta" {
			want = 50265
		}
		if v, ok := truth[n.field].(json.Number); ok {
			exact, err := v.Int64()
			require.NoError(t, err)
			want = int(exact)
		} else {
			require.Nil(t, truth[n.field])
		}
		require.Equal(t, want, n.get(c), n.field)
		require.True(t, n.least <= want && want <= 1<<24, n.field)
	}
	require.LessOrEqual(t, c.Layers, 4096)
	require.Zero(t, c.Hidden%c.Heads)
	require.Less(t, c.Act, gpu.NoActGrad)
	require.True(t, c.Eps >= 0 && c.Eps <= math.MaxFloat32)
	require.True(t, c.Dropout >= 0 && c.Dropout <= 1 && c.AttnDrop >= 0 && c.AttnDrop <= 1)
	tied, ok := truth["tie_word_embeddings"].(bool)
	require.Equal(t, tied || !ok, c.Tied)
	require.NotEqual(t, true, truth["is_decoder"])
	require.Equal(t, truth["model_type"] == "roberta" || truth["model_type"] == "xlm-roberta" || truth["model_type"] == "camembert", c.Family == bert.RoBERTa)
	if c.Family == bert.RoBERTa {
		require.Less(t, c.Pad, min(c.Vocab, c.Positions-1))
	}
	require.Contains(t, []any{nil, "absolute"}, truth["position_embedding_type"])
}

// checkFields reads the fields as everything that a field can be.
func checkFields(t *testing.T, folder model.Folder, file *model.Config) {
	fields := 0
	for name := range file.Fields() {
		if fields++; fields > 50 {
			break
		}
		c, err := model.ReadConfig(folder, "config.json")
		require.NoError(t, err)
		n := c.Int(name, -1, 3, 9)
		require.True(t, n == -1 || n >= 3 && n <= 9)
		x := c.Float(name, -1, 3, 9)
		require.True(t, x == -1 || x >= 3 && x <= 9)
		c.Bool(name, true)
		c.Text(name, "")
		c.Texts(name)
		if o := c.Object(name); o != nil {
			for inner := range o.Fields() {
				o.Int(inner, 0, 0, 1)
			}
		}
		if c.Raw(name) != nil { // it can be two of the five at most, an integer and a number
			require.Error(t, c.Err())
		} else {
			require.NoError(t, c.Err())
		}
	}
	c, err := model.ReadConfig(folder, "config.json")
	require.NoError(t, err)
	k := c.Classes()
	if c.Err() == nil {
		require.NotEmpty(t, k.Labels)
		require.LessOrEqual(t, k.Problem, model.Regression)
	}
	c.ModelType()
	c.Class()
}
