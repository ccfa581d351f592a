package model_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/rapt-go/rapt/gpu"
	"github.com/rapt-go/rapt/model"
	"github.com/rapt-go/rapt/model/safetensors"
)

// values reads a plain tensor.
func values(t *testing.T, c *counter, x gpu.Tensor) []float32 {
	v, err := gpu.Read[float32](c.stream(t), x)
	require.NoError(t, err)
	return v
}

func plain(c *counter, src model.Source) *model.Weights {
	return model.NewWeights(c, src, gpu.F32, gpu.Plain)
}

// Where a name's prefix is searched, and which is taken.
func TestWeightsRoot(t *testing.T) {
	const anchor = "emb.weight"
	for _, c := range []struct {
		names []string
		want  string
	}{
		{[]string{"bert.emb.weight"}, "bert."},
		{[]string{"emb.weight"}, ""},
		{[]string{"emb.weight", "bert.emb.weight"}, "bert."},
		{[]string{"a.b.emb.weight", "longer.x.emb.weight"}, "a.b."},
		{[]string{"model.bert.emb.weight"}, "model.bert."},
		{[]string{"xemb.weight", "emb.weight.x"}, "bert."}, // none has the name
		{[]string{"bert.emb.gamma"}, "bert."},
		{nil, "bert."},
	} {
		var tensors []safetensors.Tensor
		for _, n := range c.names {
			tensors = append(tensors, tensor(n, "F32", []int{1}))
		}
		w := model.NewWeights(nil, checkpoint(t, tensors...), gpu.F32, gpu.Plain)
		require.Equal(t, c.want, w.Root(anchor, "bert.", ""), "%v", c.names)
	}
}

// Names are what At and Under put together, under the old spelling too.
func TestWeightsNames(t *testing.T) {
	c := newCounter(t)
	w := plain(c, checkpoint(t,
		tensor("bert.layer.3.norm.gamma", "F32", []int{2}, 1, 2),
		tensor("bert.layer.3.norm.beta", "F32", []int{2}, 3, 4),
		tensor("cls.predictions.bias", "F32", []int{3}, 5, 6, 7),
		tensor("both.weight", "F32", []int{1}, 8),
		tensor("both.gamma", "F32", []int{1}, 9)))
	norm := w.Under("bert.").At("layer.%d", 3).At("norm")
	require.True(t, norm.Has("weight"))
	require.False(t, norm.Has("gain"))
	require.Equal(t, []float32{1, 2}, values(t, c, norm.Vector(2, "weight")))
	require.Equal(t, []float32{3, 4}, values(t, c, norm.Vector(2, "bias")))
	require.Equal(t, []float32{5, 6, 7}, values(t, c, w.At("cls.predictions").Vector(3, "bias")))
	require.Equal(t, []float32{8}, values(t, c, w.At("both").Vector(1, "weight")), "the name as it stands goes first")
	require.Equal(t, []string{"both.gamma"}, w.Unused())
	require.NoError(t, w.Finish())
	require.NoError(t, w.Close())
}

// Stacked matrices and vectors lie in the order of their names, wherever the
// checkpoint keeps them.
func TestWeightsStacked(t *testing.T) {
	c := newCounter(t)
	index := `{"weight_map":{"q.weight":"2.safetensors","k.weight":"1.safetensors","v.weight":"2.safetensors","q.bias":"1.safetensors","k.bias":"2.safetensors"}}`
	w := plain(c, open(t, fstest.MapFS{
		"model.safetensors.index.json": {Data: []byte(index)},
		"1.safetensors":                encoded(t, tensor("k.weight", "F16", []int{1, 2}, 3, 4), tensor("q.bias", "F32", []int{2}, 10, 11)),
		"2.safetensors": encoded(t, tensor("q.weight", "F32", []int{1, 2}, 1, 2), tensor("v.weight", "F64", []int{1, 2}, 5, 6),
			tensor("k.bias", "BF16", []int{2}, 12, 13)),
	}))
	m := w.Matrix(3, 2, "q.weight", "k.weight", "v.weight")
	require.Equal(t, [3]int{3, 2, 2}, [3]int{m.Rows, m.Cols, m.Stride})
	require.Equal(t, []float32{1, 2, 3, 4, 5, 6}, values(t, c, m))
	v := w.Vector(4, "q.bias", "k.bias")
	require.Equal(t, [3]int{1, 4, 4}, [3]int{v.Rows, v.Cols, v.Stride})
	require.Equal(t, []float32{10, 11, 12, 13}, values(t, c, v))
	require.NoError(t, w.Finish())
	require.Empty(t, w.Unused())
}

// Floating-point types give equal values; integers are no weights.
func TestWeightsTypes(t *testing.T) {
	numbers := []float32{0, 1, -1.5, 0.0625, 240, -0.0078125} // exact in all of them
	for _, dt := range []safetensors.DType{"F64", "F32", "F16", "BF16"} {
		c := newCounter(t)
		w := plain(c, checkpoint(t, tensor("a", dt, []int{2, 3}, numbers...), tensor("b", dt, []int{6}, numbers...)))
		require.Equal(t, numbers, values(t, c, w.Matrix(2, 3, "a")), dt)
		require.Equal(t, numbers, values(t, c, w.Table(2, 3, "a")), dt)
		require.Equal(t, numbers, values(t, c, w.Vector(6, "b")), dt)
		require.NoError(t, w.Finish(), dt)
	}
	for _, dt := range []safetensors.DType{"I64", "I32", "I16", "I8", "U8", "BOOL", "F8_E4M3", "C64"} {
		c := newCounter(t)
		w := plain(c, checkpoint(t, tensor("a", dt, []int{2})))
		w.Vector(2, "a")
		require.ErrorIs(t, w.Err(), model.ErrWeights)
		require.EqualError(t, w.Finish(), fmt.Sprintf("bad weights: model.safetensors: a is of type %s, not one of F64, F32, F16, BF16", dt))
	}
}

// Everything missing or misshapen is listed at once; from the first failure on
// nothing is loaded, and Finish frees what was.
func TestWeightsListAllErrors(t *testing.T) {
	c := newCounter(t)
	w := plain(c, checkpoint(t,
		tensor("good", "F32", []int{2, 3}), tensor("flat", "F32", []int{6}), tensor("tall", "F32", []int{3, 2}), tensor("short", "F32", []int{2}),
		tensor("whole", "I64", []int{4}), tensor("late", "F32", []int{5}), tensor("scalar", "F32", nil)))
	e := w.At("e")
	require.NotNil(t, w.Matrix(2, 3, "good").Buf)
	require.Len(t, c.live, 1)
	absent := e.Matrix(4, 3, "q.weight", "k.weight")
	require.Equal(t, gpu.Tensor{Rows: 4, Cols: 3, Stride: 3, DType: gpu.F32}, absent, "a tensor that failed has its shape and no memory")
	w.Matrix(2, 3, "flat")
	w.Table(2, 3, "tall")
	short := w.Vector(4, "short")
	require.Equal(t, gpu.Tensor{Rows: 1, Cols: 4, Stride: 4, DType: gpu.F32}, short)
	w.Vector(4, "whole")
	w.Vector(1, "scalar")
	require.Nil(t, w.Vector(5, "late").Buf)
	require.Equal(t, 1, c.prepared)
	want := []string{
		"bad weights: e.q.weight is missing, [2 3] wanted",
		"bad weights: e.k.weight is missing, [2 3] wanted",
		"bad weights: model.safetensors: flat is [6], not [2 3] as config.json says",
		"bad weights: model.safetensors: tall is [3 2], not [2 3] as config.json says",
		"bad weights: model.safetensors: short is [2], not [4] as config.json says",
		"bad weights: model.safetensors: whole is of type I64, not one of F64, F32, F16, BF16",
		"bad weights: model.safetensors: scalar is [], not [1] as config.json says",
	}
	require.Equal(t, strings.Join(want, "\n"), w.Err().Error())
	require.ErrorIs(t, w.Err(), model.ErrWeights)
	require.Len(t, c.live, 1)
	require.Equal(t, strings.Join(want, "\n"), w.Finish().Error())
	require.Empty(t, c.live)
	require.Empty(t, w.Unused(), "what was looked at is not unused")
}

func TestWeightsErrorsNameShards(t *testing.T) {
	w := model.NewWeights(nil, open(t, fstest.MapFS{
		"model.safetensors.index.json":     {Data: []byte(`{"weight_map":{"a":"model-00002-of-00002.safetensors"}}`)},
		"model-00002-of-00002.safetensors": encoded(t, tensor("a", "F32", []int{1})),
	}), gpu.F32, gpu.Plain)
	w.Vector(2, "a")
	require.EqualError(t, w.Err(), "bad weights: model-00002-of-00002.safetensors: a is [1], not [2] as config.json says")
}

func TestWeightsErrorsAreCapped(t *testing.T) {
	w := model.NewWeights(nil, checkpoint(t), gpu.F32, gpu.Plain)
	for i := range 40 {
		w.Vector(1, fmt.Sprintf("t%d", i))
	}
	require.NotContains(t, w.Err().Error(), "more")
	for i := range 5 {
		w.Vector(1, fmt.Sprintf("u%d", i))
	}
	lines := strings.Split(w.Err().Error(), "\n")
	require.Len(t, lines, 41)
	require.Equal(t, "bad weights: t39 is missing, [1] wanted", lines[39])
	require.Equal(t, "and 5 more", lines[40])
	require.Equal(t, lines, strings.Split(w.Finish().Error(), "\n"), "to ask twice changes nothing")
}

// A backend that has no room leaves nothing behind.
func TestWeightsOfFailingBackend(t *testing.T) {
	c := newCounter(t)
	c.failAt = 3
	w := plain(c, checkpoint(t, tensor("l.a", "F32", []int{1}), tensor("l.b", "F32", []int{1}), tensor("l.c", "F32", []int{1, 1})))
	l := w.At("l")
	l.Vector(1, "a")
	l.Vector(1, "b")
	l.Matrix(1, 1, "c")
	require.Len(t, c.live, 2)
	require.EqualError(t, w.Err(), "l.c: "+gpu.ErrMemory.Error())
	c.failFree = gpu.ErrClosed
	err := w.Finish()
	require.ErrorIs(t, err, gpu.ErrMemory)
	require.ErrorIs(t, err, gpu.ErrClosed, "what freeing failed with is told too")
	require.Empty(t, c.live)
}

// Weights come out in the order they were loaded, each under a name of its own, and
// Close frees each once.
func TestWeightsAll(t *testing.T) {
	c := newCounter(t)
	w := plain(c, checkpoint(t, tensor("z", "F32", []int{2, 2}), tensor("b.x", "F32", []int{2}), tensor("b.y", "F32", []int{2}), tensor("extra", "I64", []int{9})))
	table := w.Table(2, 2, "z")
	xy := w.At("b").Vector(4, "x", "y")
	tied := w.Tied(2, 2, "z")
	again := w.Tied(2, 2, "z")
	var names []string
	var tensors []gpu.Tensor
	for n, x := range w.All() {
		names, tensors = append(names, n), append(tensors, x)
	}
	require.Equal(t, []string{"z", "b.x", "z (tied)", "z (tied) (tied)"}, names)
	for i, want := range []gpu.Tensor{table, xy, tied, again} {
		require.Equal(t, want.Buf, tensors[i].Buf)
	}
	for n := range w.All() { // stops when asked to
		require.Equal(t, "z", n)
		break
	}
	require.Equal(t, []string{"extra"}, w.Unused())
	require.Len(t, c.live, 4)
	require.NoError(t, w.Close())
	require.Empty(t, c.live)
	require.Empty(t, slices.Collect(func(yield func(string) bool) {
		for n := range w.All() {
			if !yield(n) {
				return
			}
		}
	}))
	require.NoError(t, w.Close(), "the second time there is nothing to free")
}

func TestWeightsClosePassesErrorsOn(t *testing.T) {
	c := newCounter(t)
	w := plain(c, checkpoint(t, tensor("a", "F32", []int{1}), tensor("b", "F32", []int{1})))
	w.Vector(1, "a")
	w.Vector(1, "b")
	c.failFree = gpu.ErrClosed
	require.ErrorIs(t, w.Close(), gpu.ErrClosed)
	require.Empty(t, c.live, "one failure does not keep the others")
}

// Tensors are the same if every bit of their data is, across pieces and files.
func TestWeightsSame(t *testing.T) {
	const n = 1<<18 + 3 // of float32: a little more than a mebibyte
	last := make([]float32, n)
	last[n-1] = 1
	src := checkpoint(t, tensor("a", "F32", []int{n}), tensor("copy", "F32", []int{n}), tensor("last", "F32", []int{n}, last...),
		tensor("row", "F32", []int{1, n}), tensor("half", "F16", []int{n}), tensor("whole", "I32", []int{n}))
	c := newCounter(t)
	for name, want := range map[string]bool{"a": true, "copy": true, "last": false, "row": false, "half": false, "whole": false, "none": false} {
		w := plain(c, src)
		require.Equal(t, want, w.Same(name, w, "a"), name)
		require.Equal(t, want, !slices.Contains(w.Unused(), name) && name != "none", "%s is used if it is the same", name)
		require.False(t, w.Same("a", w.At("none"), "a"))
	}
	checked := model.NewWeights(nil, src, gpu.F32, gpu.Plain)
	require.True(t, checked.Same("last", checked, "a"), "without a backend no data are read")
}

// Without a backend weights are checked and counted.
func TestWeightsWithoutBackend(t *testing.T) {
	src := checkpoint(t, tensor("w", "F32", []int{4, 3}), tensor("q", "F16", []int{2, 3}), tensor("k", "F16", []int{2, 3}),
		tensor("v", "F32", []int{5}), tensor("left", "F32", []int{7}))
	w := model.NewWeights(nil, src, gpu.F32, gpu.Native)
	require.Equal(t, gpu.Tensor{Rows: 4, Cols: 3, Stride: 3, DType: gpu.F32}, w.Table(4, 3, "w"))
	require.Equal(t, gpu.Tensor{Rows: 4, Cols: 3, Stride: 3, DType: gpu.F32, Format: gpu.Native}, w.Matrix(4, 3, "q", "k"))
	w.Vector(5, "v")
	w.Tied(4, 3, "w")
	size := model.Size{Matrix: 12, Rows: 8, Table: 12, Vector: 5, Tied: 12}
	require.Equal(t, size, w.Size(), "a tied tensor is a table, and rows to multiply by")
	require.EqualValues(t, 29, w.Size().Elements())
	require.Equal(t, size, size.Plus(model.Size{1, 2, 3, 4, 5}).Minus(model.Size{1, 2, 3, 4, 5}))
	require.Equal(t, []string{"left"}, w.Unused())
	for range w.All() {
		t.Error("something was loaded")
	}
	w.Vector(4, "v")
	require.ErrorIs(t, w.Finish(), model.ErrWeights)
	require.NoError(t, w.Close())
}
