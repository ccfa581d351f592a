package bert_test

import (
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rapt-go/rapt/gpu"
	"github.com/rapt-go/rapt/model"
	"github.com/rapt-go/rapt/model/bert"
)

// large is a model whose sequences and widths pass the blocks of the CPU's kernels.
const large = `{"vocab_size":70,"hidden_size":72,"num_hidden_layers":1,"num_attention_heads":3,"intermediate_size":100,"max_position_embeddings":160}`

func bits(x []float32) []uint32 {
	y := make([]uint32, len(x))
	for i, v := range x {
		y[i] = math.Float32bits(v)
	}
	return y
}

// A sequence's result is the same to the bit alone, among others, in another order,
// and on any number of threads.
func TestBatchInvariance(t *testing.T) {
	for name, text := range map[string]string{"BERT": large, "RoBERTa": strings.Replace(large, "{", `{"model_type":"roberta",`, 1)} {
		t.Run(name, func(t *testing.T) { batchInvariance(t, config(t, text)) })
	}
}

func batchInvariance(t *testing.T, c bert.Config) {
	src := randomCheckpoint(c, 3)
	inputs := randomInputs(c, 4, 5, 1, 0, 140, 2)
	backwards := slices.Clone(inputs)
	slices.Reverse(backwards)
	one, two := openCPU(t, 1), openCPU(t, 2)
	onTwo := heads(t, c, src, two)
	for i, h := range heads(t, c, src, one) {
		t.Run(h.name, func(t *testing.T) {
			all := h.output(t, one, nil, inputs...)
			require.Equal(t, bits(all), bits(onTwo[i].output(t, two, nil, inputs...)), "on two threads")
			var alone, reversed []float32
			for _, in := range inputs {
				x := h.output(t, one, nil, in)
				alone, reversed = slices.Concat(alone, x), slices.Concat(x, reversed)
			}
			require.Equal(t, bits(all), bits(alone), "alone")
			require.Equal(t, bits(reversed), bits(h.output(t, one, nil, backwards...)), "in another order")
		})
	}
}

// Wanted rows have the bits that they have among all rows, in any order, repeated or not.
func TestWantedRows(t *testing.T) {
	c := config(t, large)
	b := openCPU(t, 2)
	inputs := randomInputs(c, 5, 30, 70)
	for _, h := range heads(t, c, randomCheckpoint(c, 3), b) {
		if h.seqs {
			continue
		}
		all := h.output(t, b, nil, inputs...)
		width := len(all) / 100
		for _, want := range [][]int32{{0}, {99}, {70, 3, 31, 3, 98, 29, 30}} {
			var expected []float32
			for _, r := range want {
				expected = append(expected, all[int(r)*width:][:width]...)
			}
			require.Equal(t, bits(expected), bits(h.output(t, b, want, inputs...)), "%s of %v", h.name, want)
		}
	}
}

// One model serves many streams at once.
func TestConcurrentForwards(t *testing.T) {
	c := config(t, configs["usual"])
	b := openCPU(t, 2)
	all := heads(t, c, randomCheckpoint(c, 6), b)
	inputs := randomInputs(c, 7, 20, 3, 40)
	var want [][]float32
	for _, h := range all {
		want = append(want, h.output(t, b, nil, inputs...))
	}
	var wait sync.WaitGroup
	for worker := range 4 {
		wait.Go(func() {
			s, err := gpu.NewStream(b)
			if err != nil {
				t.Error(err)
				return
			}
			defer s.Close()
			for i := range 2 * len(all) {
				k := (i + worker) % len(all)
				release := s.Frame()
				got, err := gpu.Read[float32](s, all[k].run(s, model.Pack(s, all[k].Limits(), inputs...)))
				release()
				if err != nil || !slices.Equal(bits(got), bits(want[k])) {
					t.Errorf("%s differs; %v", all[k].name, err)
				}
			}
		})
	}
	wait.Wait()
}

// A forward allocates nothing once its stream has met the largest batch.
func TestForwardDoesNotAllocate(t *testing.T) {
	for _, threads := range []int{1, 2} {
		c := config(t, configs["usual"])
		b := openCPU(t, threads)
		for _, h := range heads(t, c, randomCheckpoint(c, 8), b) {
			for _, want := range [][]int32{nil, {0, 5, 9}} {
				if want != nil && h.seqs {
					continue
				}
				s := openStream(t, b)
				in := model.Pack(s, h.Limits(), randomInputs(c, 9, 8, 1, 30)...)
				if want != nil {
					in.WantRows(s, want)
				}
				n := testing.AllocsPerRun(5, func() {
					defer s.Frame()()
					h.run(s, in)
				})
				require.NoError(t, s.Sync())
				require.Zero(t, n, "%s on %d threads, wanted %v", h.name, threads, want)
			}
		}
	}
}

// Close frees the weights once; what uses them afterwards is told.
func TestClose(t *testing.T) {
	c := config(t, configs["usual"])
	b := openCPU(t, 1)
	w := model.NewWeights(b, randomCheckpoint(c, 1), gpu.F32, gpu.Native)
	m := bert.LoadMaskedLM(c, w)
	require.NoError(t, w.Finish())
	require.Same(t, w, m.Weights())
	s := openStream(t, b)
	in := model.Pack(s, m.Limits(), randomInputs(c, 1, 4)...)
	m.MaskedLogits(s, in)
	require.NoError(t, s.Sync())
	require.NoError(t, m.Close())
	require.NoError(t, m.Close())
	m.MaskedLogits(s, in)
	require.ErrorIs(t, s.Sync(), gpu.ErrClosed)
}
