// BERT and RoBERTa written plainly, one sequence and one number at a time, from transformers'
// modeling_bert.py and modeling_roberta.py: in float64 it is the truth of these tests, in float32 it says
// how far honest arithmetic strays from it.
package bert_test

import (
	"math"

	"github.com/rapt-go/rapt/gpu"
	"github.com/rapt-go/rapt/model"
	"github.com/rapt-go/rapt/model/bert"
)

type real interface{ float32 | float64 }

// A naive is a model of weights by the names of the checkpoint, without "bert." or "roberta.".
type naive[T real] struct {
	bert.Config
	weights map[string][]T
}

func newNaive[T real](c bert.Config, from source) naive[T] {
	m := naive[T]{c, map[string][]T{}}
	for name, x := range from.values {
		y := make([]T, len(x))
		for i, v := range x {
			y[i] = T(v)
		}
		m.weights[name] = y
	}
	return m
}

func gelu(x float64) float64 { return x * 0.5 * (1 + math.Erf(x/math.Sqrt2)) }

func (m naive[T]) act(x T) T {
	switch v := float64(x); m.Act {
	case gpu.GELU:
		return T(gelu(v))
	case gpu.ReLU:
		return max(x, 0)
	case gpu.Tanh:
		return T(math.Tanh(v))
	}
	panic("an activation that the tests do not use")
}

func tanh[T real](x T) T     { return T(math.Tanh(float64(x))) }
func identity[T real](x T) T { return x }

// linear is f(x·wᵀ + b) for every row of x; b may be nil.
func linear[T real](x [][]T, w, b []T, f func(T) T) [][]T {
	y := make([][]T, len(x))
	for i, row := range x {
		for j := range len(w) / len(row) {
			var sum T
			for k, v := range row {
				sum += v * w[j*len(row)+k]
			}
			y[i] = append(y[i], f(sum+b[j]))
		}
	}
	return y
}

func (m naive[T]) linear(x [][]T, name string, f func(T) T) [][]T {
	return linear(x, m.weights[name+".weight"], m.weights[name+".bias"], f)
}

// norm is the layer norm of x + residual; residual may be nil.
func (m naive[T]) norm(x, residual [][]T, name string) [][]T {
	gain, bias := m.weights[name+".weight"], m.weights[name+".bias"]
	y := make([][]T, len(x))
	for i := range x {
		n := T(len(x[i]))
		row, mean, variance := make([]T, len(x[i])), T(0), T(0)
		for k, v := range x[i] {
			row[k] = v
			if residual != nil {
				row[k] += residual[i][k]
			}
			mean += row[k]
		}
		mean /= n
		for _, v := range row {
			variance += (v - mean) * (v - mean)
		}
		std := T(math.Sqrt(float64(variance/n + T(m.Eps))))
		for k, v := range row {
			row[k] = (v-mean)/std*gain[k] + bias[k]
		}
		y[i] = row
	}
	return y
}

// hidden is every state of one sequence, from the embeddings to the last layer.
func (m naive[T]) hidden(in model.Input) [][][]T {
	words, positions, types := m.weights["embeddings.word_embeddings.weight"],
		m.weights["embeddings.position_embeddings.weight"], m.weights["embeddings.token_type_embeddings.weight"]
	x := make([][]T, len(in.IDs))
	for i, id := range in.IDs {
		kind, at := 0, i
		if m.Family == bert.RoBERTa { // the tokens so far that do not pad, itself among them
			at = m.Pad
			for _, before := range in.IDs[:i+1] {
				if int(before) != m.Pad && int(id) != m.Pad {
					at++
				}
			}
		}
		if in.Types != nil {
			kind = int(in.Types[i])
		}
		for k := range m.Hidden {
			x[i] = append(x[i], words[int(id)*m.Hidden+k]+types[kind*m.Hidden+k]+positions[at*m.Hidden+k])
		}
	}
	x = m.norm(x, nil, "embeddings.LayerNorm")
	all := [][][]T{x}
	for i := range m.Layers {
		x = m.layer(x, layerName(i))
		all = append(all, x)
	}
	return all
}

func (m naive[T]) layer(x [][]T, name string) [][]T {
	self := name + ".attention.self."
	q, k, v := m.linear(x, self+"query", identity), m.linear(x, self+"key", identity), m.linear(x, self+"value", identity)
	y := make([][]T, len(x))
	for i := range x {
		y[i] = make([]T, m.Hidden)
	}
	d := m.Hidden / m.Heads
	for h := range m.Heads {
		for i := range x {
			p, sum := make([]T, len(x)), T(0)
			for j := range x {
				for c := h * d; c < (h+1)*d; c++ {
					p[j] += q[i][c] * k[j][c]
				}
				p[j] = T(math.Exp(float64(p[j] / T(math.Sqrt(float64(d))))))
				sum += p[j]
			}
			for j := range x {
				for c := h * d; c < (h+1)*d; c++ {
					y[i][c] += p[j] / sum * v[j][c]
				}
			}
		}
	}
	x = m.norm(m.linear(y, name+".attention.output.dense", identity), x, name+".attention.output.LayerNorm")
	y = m.linear(m.linear(x, name+".intermediate.dense", m.act), name+".output.dense", identity)
	return m.norm(y, x, name+".output.LayerNorm")
}

// pooled is tanh of a linear layer of the first token.
func (m naive[T]) pooled(x [][]T) [][]T { return m.linear(x[:1], "pooler.dense", tanh) }

// maskedLogits is what BertForMaskedLM or RobertaForMaskedLM gives for every token.
func (m naive[T]) maskedLogits(x [][]T) [][]T {
	transform, norm, head := headNames(m.Config)
	act := m.act
	if m.Family == bert.RoBERTa {
		act = func(x T) T { return T(gelu(float64(x))) }
	}
	x = m.norm(m.linear(x, transform, act), nil, norm)
	decoder := m.weights["embeddings.word_embeddings.weight"]
	if !m.Tied {
		decoder = m.weights[head+".decoder.weight"]
	}
	return linear(x, decoder, m.weights[head+".bias"], identity)
}
