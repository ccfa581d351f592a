package bert_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rapt-go/rapt/gpu"
	"github.com/rapt-go/rapt/model"
	"github.com/rapt-go/rapt/model/bert"
)

// configs are small models that differ in all that a config.json can say.
var configs = map[string]string{
	"usual":   `{"vocab_size":50,"hidden_size":24,"num_hidden_layers":2,"num_attention_heads":3,"intermediate_size":40,"max_position_embeddings":90}`,
	"odd":     `{"vocab_size":37,"hidden_size":15,"num_hidden_layers":3,"num_attention_heads":5,"intermediate_size":7,"max_position_embeddings":33,"type_vocab_size":4,"hidden_act":"tanh","layer_norm_eps":0.01}`,
	"untied":  `{"vocab_size":131,"hidden_size":32,"num_hidden_layers":1,"num_attention_heads":1,"intermediate_size":64,"max_position_embeddings":40,"type_vocab_size":1,"hidden_act":"relu","tie_word_embeddings":false}`,
	"shallow": `{"vocab_size":9,"hidden_size":8,"num_hidden_layers":0,"num_attention_heads":2,"intermediate_size":5,"max_position_embeddings":70}`,
	"roberta": `{"model_type":"roberta","vocab_size":50,"hidden_size":24,"num_hidden_layers":2,"num_attention_heads":3,"intermediate_size":40,"max_position_embeddings":42}`,
	"xlm-r":   `{"model_type":"xlm-roberta","vocab_size":11,"hidden_size":12,"num_hidden_layers":1,"num_attention_heads":2,"intermediate_size":20,"max_position_embeddings":30,"type_vocab_size":1,"hidden_act":"relu","pad_token_id":4,"tie_word_embeddings":false}`,
}

// Every layer's output and every head against the plain computation in float64.
func TestForward(t *testing.T) {
	for name, text := range configs {
		t.Run(name, func(t *testing.T) {
			c := config(t, text)
			src := randomCheckpoint(c, 1)
			inputs := randomInputs(c, 2, 7, 1, (&bert.Model{Config: c}).Limits().Length, 12)
			want, near := expect(newNaive[float64](c, src), inputs), expect(newNaive[float32](c, src), inputs)
			b := openCPU(t, 2)
			for _, h := range heads(t, c, src, b) {
				s := openStream(t, b)
				in := model.Pack(s, h.Limits(), inputs...)
				traced := 0
				in.Trace = func(name string, x gpu.Tensor) {
					same(t, s, x, name, want, near)
					traced++
				}
				same(t, s, h.run(s, in), h.name, want, near)
				require.Equal(t, c.Layers+1, traced)
			}
		})
	}
}

// expect runs the plain computation: rows of all sequences, by name.
func expect[T real](m naive[T], inputs []model.Input) map[string][][]T {
	all := map[string][][]T{}
	for _, in := range inputs {
		add := func(name string, x [][]T) { all[name] = append(all[name], x...) }
		states := m.hidden(in)
		for i, x := range states {
			add(fmt.Sprintf("hidden.%d", i), x)
		}
		last := states[len(states)-1]
		add("Encode", last)
		add("Pooled", m.pooled(last))
		add("MaskedLogits", m.maskedLogits(last))
		if m.Family == bert.BERT {
			add("NextSentence", m.linear(m.pooled(last), "cls.seq_relationship", identity))
			add("Classify", m.linear(m.pooled(last), "classifier", identity))
		} else {
			add("Classify", m.linear(m.linear(last[:1], "classifier.dense", tanh), "classifier.out_proj", identity))
		}
		add("ClassifyTokens", m.linear(last, "classifier", identity))
		add("Spans", m.linear(last, "qa_outputs", identity))
	}
	return all
}

// same compares by the rule of the golden fixtures, the plain float32 computation in
// the place of torch's: at most three times its largest error and twice its
// root mean square, and 2⁻²² of the largest value for where it was lucky.
func same(t *testing.T, s *gpu.Stream, x gpu.Tensor, name string, wants map[string][][]float64, nears map[string][][]float32) {
	t.Helper()
	got, err := gpu.Read[float32](s, x)
	require.NoError(t, err, name)
	want, near := wants[name], nears[name]
	require.NotEmpty(t, want, name)
	require.Equal(t, [2]int{len(want), len(want[0])}, [2]int{x.Rows, x.Cols}, name)
	var most, worst, sum, nearWorst, nearSum float64
	for i, row := range want {
		for k, w := range row {
			d, e := math.Abs(float64(got[i*x.Cols+k])-w), math.Abs(float64(near[i][k])-w)
			require.False(t, math.IsNaN(d), name)
			most, worst, sum, nearWorst, nearSum = max(most, math.Abs(w)), max(worst, d), sum+d*d, max(nearWorst, e), nearSum+e*e
		}
	}
	n := float64(len(got))
	require.LessOrEqual(t, worst, 3*nearWorst+0x1p-22*most, name)
	require.LessOrEqual(t, math.Sqrt(sum/n), 2*math.Sqrt(nearSum/n)+0x1p-22*most, name)
}

// What the tolerance is worth: a truth that is off by one small mistake fails it.
func TestForwardTolerance(t *testing.T) {
	c := config(t, configs["usual"])
	src := randomCheckpoint(c, 1)
	inputs := randomInputs(c, 2, 7, 12)
	right, near := expect(newNaive[float64](c, src), inputs), expect(newNaive[float32](c, src), inputs)
	for name, wrong := range map[string]func(*bert.Config){
		"epsilon":    func(c *bert.Config) { c.Eps = 1e-5 },
		"activation": func(c *bert.Config) { c.Act = gpu.ReLU },
		"heads":      func(c *bert.Config) { c.Heads = 4 },
	} {
		c := c
		wrong(&c)
		off := expect(newNaive[float64](c, src), inputs)
		for _, out := range []string{"Encode", "Pooled", "MaskedLogits", "Spans"} {
			var worst, allowed, most float64
			for i, row := range right[out] {
				for k, w := range row {
					worst = max(worst, math.Abs(off[out][i][k]-w))
					allowed, most = max(allowed, math.Abs(float64(near[out][i][k])-w)), max(most, math.Abs(w))
				}
			}
			require.Greater(t, worst, 3*allowed+0x1p-22*most, "%s in %s", name, out)
		}
	}
}
