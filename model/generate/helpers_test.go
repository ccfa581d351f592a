package generate

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	cpu "github.com/rapt-go/rapt/cpu_fallback"
	"github.com/rapt-go/rapt/gpu"
	"github.com/rapt-go/rapt/model"
	"github.com/rapt-go/rapt/model/gpt2"
	"github.com/rapt-go/rapt/model/safetensors"
)

// toy is a decoder of random weights.
var toy = gpt2.Config{Vocab: 97, Hidden: 32, Layers: 2, Heads: 4, FFN: 64, Positions: 128, Act: gpu.GELUTanh, Eps: 1e-5, Scaled: true, Tied: true}

// toyModel is toy, or another configuration, on a backend.
func toyModel(t testing.TB, b gpu.Backend, c gpt2.Config) *gpt2.LM {
	m := toyModelAs(t, b, c, b.Info().Default)
	t.Cleanup(func() { require.NoError(t, m.Close()) })
	return m
}

// toyModelAs is a model for the caller to close.
func toyModelAs(t testing.TB, b gpu.Backend, c gpt2.Config, dt gpu.DType) *gpt2.LM {
	rnd := rand.New(rand.NewPCG(7, 11))
	var tensors []safetensors.Tensor
	put := func(name string, mean, spread float64, shape ...int) {
		n := 1
		for _, d := range shape {
			n *= d
		}
		var data []byte
		for range n {
			data = binary.LittleEndian.AppendUint32(data, math.Float32bits(float32(mean+spread*rnd.NormFloat64())))
		}
		tensors = append(tensors, safetensors.Tensor{Name: name, DType: safetensors.F32, Shape: shape, Src: bytes.NewReader(data), Size: int64(len(data))})
	}
	linear := func(name string, n, k int) {
		put(name+".weight", 0, 1.5/math.Sqrt(float64(k)), k, n)
		put(name+".bias", 0, 0.3, n)
	}
	norm := func(name string) {
		put(name+".weight", 1, 0.3, c.Hidden)
		put(name+".bias", 0, 0.3, c.Hidden)
	}
	put("wte.weight", 0, 0.5, c.Vocab, c.Hidden)
	put("wpe.weight", 0, 0.5, c.Positions, c.Hidden)
	for i := range c.Layers {
		p := fmt.Sprintf("h.%d.", i)
		norm(p + "ln_1")
		norm(p + "ln_2")
		linear(p+"attn.c_attn", 3*c.Hidden, c.Hidden)
		linear(p+"attn.c_proj", c.Hidden, c.Hidden)
		linear(p+"mlp.c_fc", c.FFN, c.Hidden)
		linear(p+"mlp.c_proj", c.Hidden, c.FFN)
	}
	norm("ln_f")
	var file bytes.Buffer
	require.NoError(t, safetensors.Write(&file, nil, tensors))
	set, err := model.FS(fstest.MapFS{"model.safetensors": {Data: file.Bytes()}}).Weights()
	require.NoError(t, err)
	defer set.Close()
	w := model.NewWeights(b, set, dt, gpu.Native)
	m := gpt2.LoadLM(c, w)
	require.NoError(t, w.Finish())
	return m
}

func openCPU(t testing.TB) gpu.Backend {
	b, err := cpu.Open()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, b.Close()) })
	return b
}

// toyEngine is an engine over toy.
func toyEngine(t testing.TB, room Room) *Engine {
	b := openCPU(t)
	e := New(b, toyModel(t, b, toy), room)
	t.Cleanup(func() { e.Close() })
	return e
}

// prompt is n ids that seed tells.
func prompt(seed, n int) []int32 {
	rnd := rand.New(rand.NewPCG(uint64(seed), 1))
	ids := make([]int32, n)
	for i := range ids {
		ids[i] = rnd.Int32N(int32(toy.Vocab))
	}
	return ids
}

// whole is the logits of what follows each of ids, by one pass without a cache.
func whole(t testing.TB, m *gpt2.LM, b gpu.Backend, ids []int32) [][]float32 {
	s, err := gpu.NewStream(b)
	require.NoError(t, err)
	defer s.Close()
	v, err := gpu.Read[float32](s, m.Decode(s, model.Pack(s, m.Limits(), model.Input{IDs: ids}), nil))
	require.NoError(t, err)
	return slices.Collect(slices.Chunk(v, m.Vocab))
}

// logProb is log softmax(x)[id].
func logProb(x []float32, id int32) float64 {
	top := slices.Max(x)
	sum := 0.0
	for _, v := range x {
		sum += math.Exp(float64(v - top))
	}
	return float64(x[id]-top) - math.Log(sum)
}

var errFailing = errors.New("the device is gone")

// failing is a backend whose queues fail at the operation that after counts down to, and from then on.
type failing struct {
	gpu.Backend
	after atomic.Int64
}

type failingQueue struct {
	gpu.Queue
	b *failing
}

func (b *failing) NewQueue() (gpu.Queue, error) {
	q, err := b.Backend.NewQueue()
	return failingQueue{q, b}, err
}

func (q failingQueue) Run(op gpu.Op) error {
	if q.b.after.Load() > 0 {
		if q.b.after.Add(-1) < 1 {
			q.b.after.Store(1)
			return errFailing
		}
	}
	return q.Queue.Run(op)
}

// scoreError bounds how far a log-probability of toy may be from that of another order of the same sums: its logits are below 8 and of two layers,
// each of which may move the last bits of a sum of 32 or 64 terms by their number, 2⁻²⁴·8·2·64.
var scoreError = math.Ldexp(8*2*64, -24)
