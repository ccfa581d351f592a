package zoo_test

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/rapt-go/rapt/gpu"
	"github.com/rapt-go/rapt/model"
	"github.com/rapt-go/rapt/model/generate"
	"github.com/rapt-go/rapt/model/tokenizer"
	"github.com/rapt-go/rapt/model/zoo"
)

// beamTolerance is what the fixtures' README grants scores that transformers summed in float32.
const beamTolerance = 1e-4

type generateCase struct {
	Name      string
	IDs       []int32
	Options   map[string]json.RawMessage
	Generated [][]int32
	Scores    []float64
	Stable    bool
}

type sampleCase struct {
	Name     string
	IDs      []int32
	Options  map[string]json.RawMessage
	TorchMax float64 `json:"torch_f32_max"`
}

// generations checks what the fixture says of generation: all cases at once, which meet in batches, and, if alone, each by itself.
func (g *golden) generations(t *testing.T, alone bool) {
	m := load[model.Decoder](t, g, zoo.As{DType: gpu.F32, Format: gpu.Native})
	defer m.Close()
	e := generate.New(g.be, m, generate.Room{})
	defer e.Close()
	g.samples(t, e)
	var requests []generate.Request
	for _, c := range g.cases.Generate {
		requests = append(requests, generate.Request{Prompt: c.IDs, Options: g.options(t, c.Options)})
	}
	for i, batched := range together(t, e, requests) {
		g.generated(t, g.cases.Generate[i], batched)
		if !alone {
			continue
		}
		out, err := e.Generate(context.Background(), requests[i])
		require.NoError(t, err)
		require.Equal(t, batched, out, "%s in a batch with the others", g.cases.Generate[i].Name)
	}
	if alone {
		g.joined(t, e, requests)
	}
}

// joined checks the cases when they join the first one halfway.
func (g *golden) joined(t *testing.T, e *generate.Engine, requests []generate.Request) {
	want := g.cases.Generate[0].Generated[0]
	var others [][]generate.Output
	var ids []int32
	var wait sync.WaitGroup
	joins := sync.OnceFunc(func() { wait.Go(func() { others = together(t, e, requests[1:]) }) })
	for tok, err := range e.Stream(context.Background(), requests[0]) {
		require.NoError(t, err)
		if tok.Index > 0 {
			continue
		}
		if ids = append(ids, tok.ID); len(ids) >= len(want)/2 {
			joins()
		}
	}
	joins()
	wait.Wait()
	if g.cases.Generate[0].Stable {
		require.Equal(t, want, ids)
	}
	for i, out := range others {
		g.generated(t, g.cases.Generate[i+1], out)
	}
}

// together runs all requests at once.
func together(t *testing.T, e *generate.Engine, requests []generate.Request) [][]generate.Output {
	out, errs := make([][]generate.Output, len(requests)), make([]error, len(requests))
	var all sync.WaitGroup
	for i, r := range requests {
		all.Go(func() { out[i], errs[i] = e.Generate(context.Background(), r) })
	}
	all.Wait()
	require.NoError(t, errors.Join(errs...))
	return out
}

// options is what generation_config.json says, or config.json in its absence, but for what the case changes.
func (g *golden) options(t *testing.T, changes map[string]json.RawMessage) generate.Options {
	fields := map[string]json.RawMessage{}
	path := filepath.Join(g.dir, "generation_config.json")
	if _, err := os.Stat(path); err != nil {
		path = filepath.Join(g.dir, "config.json")
	}
	readJSON(t, path, &fields)
	maps.Copy(fields, changes)
	return g.read(t, fields)
}

// read is the options of a generation_config.json.
func (g *golden) read(t *testing.T, fields map[string]json.RawMessage) generate.Options {
	data, err := json.Marshal(fields)
	require.NoError(t, err)
	c, err := generate.ReadConfig(model.FS(fstest.MapFS{"generation_config.json": {Data: data}}))
	require.NoError(t, err)
	if len(c.StopStrings) > 0 {
		tok, err := tokenizer.Load(os.DirFS(g.dir))
		require.NoError(t, err)
		c.Stop = func(ids []int32) bool {
			text := tok.Decode(ids, tokenizer.DecodeOptions{})
			return slices.ContainsFunc(c.StopStrings, func(s string) bool { return strings.Contains(text, s) })
		}
	}
	return c.Options
}

// generated compares one case.
func (g *golden) generated(t *testing.T, want generateCase, got []generate.Output) {
	if want.Stable {
		require.Len(t, got, len(want.Generated), want.Name)
	}
	for i := range got {
		if want.Stable {
			require.Equal(t, want.Generated[i], got[i].IDs, want.Name)
		}
		if want.Scores != nil {
			require.InDelta(t, want.Scores[i], got[i].Score, beamTolerance, want.Name)
		}
	}
}

// samples compares the distributions of the next token after the rules.
func (g *golden) samples(t *testing.T, e *generate.Engine) {
	for _, c := range g.cases.Sample {
		o := g.read(t, c.Options) // what the folder says is left out
		if _, ok := c.Options["top_k"]; !ok {
			o.TopK = 0
		}
		o.Sampling = true
		got, err := e.Next(context.Background(), generate.Request{Prompt: c.IDs, Options: o})
		require.NoError(t, err)
		want := g.floats(t, c.Name)
		require.Len(t, got, len(want))
		worst := 0.0
		for i, w := range want {
			if math.IsInf(float64(w), -1) || math.IsInf(float64(got[i]), -1) {
				require.Equal(t, w, got[i], "%s: id %d", c.Name, i)
				continue
			}
			worst = max(worst, math.Abs(float64(w)-float64(got[i])))
		}
		g.within(t, c.Name, deviation{worst, 0}, 1, deviation{kMax * c.TorchMax, 0})
		g.compared = append(g.compared, c.Name)
	}
}
