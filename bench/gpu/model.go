package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/rapt-go/rapt/gpu"
	"github.com/rapt-go/rapt/model"
	"github.com/rapt-go/rapt/model/bert"
	"github.com/rapt-go/rapt/model/safetensors"
)

// models times a layer and whole forwards of a BERT of noise: by the device's clock the sum of the operations, and by
// the host's what a caller waits for, from packing the batch to the last hidden state, layers replayed from a graph.
func (r *rig) models(to *report) error {
	for _, dt := range []gpu.DType{r.be.Info().Default, gpu.F32} {
		if err := r.model(to, dt); err != nil {
			return fmt.Errorf("BERT in %v: %w", dt, err)
		}
	}
	return nil
}

func (r *rig) model(to *report, dt gpu.DType) (err error) {
	c := bert.Config{Vocab: r.vocab, Hidden: r.width, Layers: r.layers, Heads: r.width / r.headWidth, FFN: 4 * r.width, Positions: 512, Types: 2, Act: gpu.GELU, Eps: 1e-12}
	w := model.NewWeights(r.be, checkpoint(c), dt, gpu.Native)
	m := bert.Load(c, w, true)
	if err := w.Finish(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	plain, err := gpu.NewStream(r.be)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, plain.Close()) }()
	for _, b := range r.batches {
		inputs := make([]model.Input, b[0])
		for i := range inputs {
			inputs[i].IDs = make([]int32, b[1])
			for j := range inputs[i].IDs {
				inputs[i].IDs[j] = int32((i*b[1] + j) * 7919 % r.vocab)
			}
		}
		if err := r.batch(to, m, dt, plain, inputs); err != nil {
			return fmt.Errorf("batch of %d×%d: %w", b[0], b[1], err)
		}
	}
	return nil
}

// batch times one batch.
func (r *rig) batch(to *report, m *bert.Model, dt gpu.DType, plain *gpu.Stream, inputs []model.Input) error {
	defer r.s.Frame()()
	shape := fmt.Sprintf("%d×%d", len(inputs), len(inputs[0].IDs))
	in := model.Pack(r.s, m.Limits(), inputs...)
	x := r.random(dt, in.IDs.Cols, m.Hidden)
	framed := func(do func()) func() { return func() { defer r.s.Frame()(); do() } }
	layer, err := r.measure(framed(func() { m.Layers[0].Forward(r.s, x, in.Seqs) }))
	if err != nil {
		return err
	}
	all, err := r.measure(framed(func() { m.Encode(r.s, in) }))
	if err != nil {
		return err
	}
	all.work.Bytes -= unread(m.Vocab, in.IDs.Cols, m.Hidden, dt) + unread(m.Positions, in.Seqs.Max, m.Hidden, dt)
	times := make([]time.Duration, r.repeats)
	const warm = 3 // a graph is captured the second time
	for i := range warm + r.repeats {
		start := time.Now()
		release := plain.Frame()
		m.Encode(plain, model.Pack(plain, m.Limits(), inputs...))
		release()
		if err := plain.Sync(); err != nil {
			return err
		}
		if i >= warm {
			times[i-warm] = time.Since(start)
		}
	}
	whole := to.row(fmt.Sprintf("forward of %d layers", m.Config.Layers), shape, key{dt, false}, all)
	waited := median(times)
	whole.HostMicros = round(micros(waited))
	whole.TokensPerSecond = round(float64(in.IDs.Cols) / waited.Seconds())
	to.Models = append(to.Models, to.row("layer", shape, key{dt, false}, layer), whole)
	return nil
}

// A source is a checkpoint by its tensors' shapes.
type source map[string]safetensors.Tensor

func (s source) Lookup(name string) (safetensors.Tensor, bool) {
	t, ok := s[name]
	return t, ok
}

func (s source) Tensors() (all []safetensors.Tensor) {
	for _, t := range s {
		all = append(all, t)
	}
	return all
}

// checkpoint is an encoder of noise.
func checkpoint(c bert.Config) source {
	s := source{}
	put := func(name string, shape ...int) {
		n := 4
		for _, d := range shape {
			n *= d
		}
		s["bert."+name] = safetensors.Tensor{Name: "bert." + name, DType: safetensors.F32, Shape: shape, File: "noise", Src: noise{}, Size: int64(n)}
	}
	pair := func(name string, shape ...int) {
		put(name+".weight", shape...)
		put(name+".bias", shape[0])
	}
	h := c.Hidden
	put("embeddings.word_embeddings.weight", c.Vocab, h)
	put("embeddings.position_embeddings.weight", c.Positions, h)
	put("embeddings.token_type_embeddings.weight", c.Types, h)
	pair("embeddings.LayerNorm", h)
	for i := range c.Layers {
		layer := func(name string, shape ...int) {
			pair(strings.Join([]string{"encoder.layer", fmt.Sprint(i), name}, "."), shape...)
		}
		for _, part := range []string{"query", "key", "value"} {
			layer("attention.self."+part, h, h)
		}
		layer("attention.output.dense", h, h)
		layer("attention.output.LayerNorm", h)
		layer("intermediate.dense", c.FFN, h)
		layer("output.dense", h, c.FFN)
		layer("output.LayerNorm", h)
	}
	pair("pooler.dense", h, h)
	return s
}
