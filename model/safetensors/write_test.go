package safetensors

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestRoundTrip writes random tensors and reads them back.
func TestRoundTrip(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		metadata, tensors, data := randomTensors(rng)
		var b bytes.Buffer
		require.NoError(t, Write(&b, metadata, tensors))
		f, err := read(b.Bytes())
		require.NoError(t, err)
		assert.Equal(t, metadata, f.Metadata())
		require.Len(t, f.Tensors(), len(tensors))
		for _, want := range tensors {
			got, ok := f.Lookup(want.Name)
			require.True(t, ok, "%q", want.Name)
			assert.Equal(t, want.DType, got.DType)
			assert.Equal(t, want.Shape, got.Shape)
			assert.Equal(t, data[want.Name], bytesOf(t, got))
			if s := got.DType.Size(); s > 0 {
				assert.Zero(t, got.Off%int64(s), "%s is not aligned", want.Name)
			}
		}
		var again bytes.Buffer
		rng.Shuffle(len(tensors), func(i, j int) { tensors[i], tensors[j] = tensors[j], tensors[i] })
		require.NoError(t, Write(&again, metadata, tensors))
		assert.Equal(t, b.Bytes(), again.Bytes(), "order matters")
	}
}

func randomTensors(rng *rand.Rand) (metadata map[string]string, tensors []Tensor, data map[string][]byte) {
	word := func() string {
		letters := []rune("ab.0_\"\\/\n\x00\x1f\x7fé漢😀\u2028")
		var b strings.Builder
		for range rng.IntN(8) {
			b.WriteRune(letters[rng.IntN(len(letters))])
		}
		return b.String()
	}
	if rng.IntN(2) == 0 {
		metadata = map[string]string{}
		for range rng.IntN(4) {
			metadata[word()] = word()
		}
	}
	data = map[string][]byte{}
	for i := range rng.IntN(12) {
		x := Tensor{Name: word() + fmt.Sprint(i), DType: dtypes[rng.IntN(len(dtypes))].DType, Shape: []int{}, Off: int64(rng.IntN(20))}
		for range rng.IntN(4) {
			x.Shape = append(x.Shape, rng.IntN(5))
		}
		if x.DType.Size() == 0 {
			x.Shape = append(x.Shape, 4) // four times 4 or 6 bits are whole bytes
		}
		var err error
		if x.Size, err = byteSize(x.DType, x.Shape); err != nil {
			panic(err)
		}
		b := make([]byte, x.Off+x.Size+3)
		for i := range b {
			b[i] = byte(rng.Uint32())
		}
		x.Src = bytes.NewReader(b)
		data[x.Name] = b[x.Off : x.Off+x.Size]
		tensors = append(tensors, x)
	}
	return metadata, tensors, data
}

func TestWriteErrors(t *testing.T) {
	good := tensor("a", F32, []int{1}, make([]byte, 4))
	with := func(change func(*Tensor)) []Tensor {
		x := good
		x.Name = "b"
		change(&x)
		return []Tensor{good, x}
	}
	for name, c := range map[string]struct {
		tensors []Tensor
		want    string
	}{
		"name twice":      {with(func(x *Tensor) { x.Name = "a" }), `tensor "a": appears twice`},
		"other dtype":     {with(func(x *Tensor) { x.Name, x.DType = "a", U32 }), `tensor "a": appears twice`},
		"reserved":        {with(func(x *Tensor) { x.Name = metadataKey }), "reserved"},
		"not UTF-8":       {with(func(x *Tensor) { x.Name = "\xff" }), "UTF-8"},
		"dtype":           {with(func(x *Tensor) { x.DType = "F31" }), `unknown dtype "F31"`},
		"negative":        {with(func(x *Tensor) { x.Shape = []int{-1} }), "negative"},
		"two negative":    {with(func(x *Tensor) { x.Shape = []int{-1, -1} }), "negative"},
		"overflow":        {with(func(x *Tensor) { x.Shape = []int{math.MaxInt, 4} }), "overflow"},
		"size":            {with(func(x *Tensor) { x.Size = 8 }), "takes 4 bytes, but the size is given as 8"},
		"no source":       {with(func(x *Tensor) { x.Src = nil }), "Src"},
		"negative offset": {with(func(x *Tensor) { x.Off = -1 }), "offset -1"},
		"far offset":      {with(func(x *Tensor) { x.Off = math.MaxInt64 }), "outside of any file"},
	} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			assert.ErrorContains(t, Write(&b, nil, c.tensors), c.want)
			assert.Zero(t, b.Len(), "nothing is written before the checks")
		})
	}
	var b bytes.Buffer
	short := with(func(x *Tensor) { x.Off = 2 })
	err := Write(&b, nil, short)
	assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
	assert.ErrorContains(t, err, `tensor "b": copying its data, after 2 of 4 bytes`)
	assert.ErrorContains(t, Write(&b, map[string]string{"k": "\xff"}, nil), "UTF-8")
	assert.ErrorContains(t, Write(&b, map[string]string{"k": strings.Repeat("v", maxHeader)}, nil), "header")
}

type failing struct{ err error }

func (f failing) ReadAt([]byte, int64) (int, error) { return 0, f.err }

// TestSaveKeepsTheOld fails half-way: the file that was there stays, and nothing else does.
func TestSaveKeepsTheOld(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "model.safetensors")
	require.NoError(t, os.WriteFile(path, []byte("what the user had"), 0o640))
	broken := errors.New("the disk is gone")
	first := tensor("a", F64, []int{1 << 18}, make([]byte, 1<<21)) // more than Save buffers
	second := Tensor{Name: "b", DType: U8, Shape: []int{1}, Size: 1, Src: failing{broken}}
	err := Save(path, nil, []Tensor{first, second})
	assert.ErrorIs(t, err, broken)
	assert.ErrorContains(t, err, path)
	assert.ErrorContains(t, err, `"b"`)
	assert.Equal(t, []string{"model.safetensors"}, list(t, dir))
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, "what the user had", string(b))

	require.NoError(t, Save(path, nil, []Tensor{first}))
	assert.Equal(t, []string{"model.safetensors"}, list(t, dir))
	info, err := os.Stat(path)
	require.NoError(t, err)
	if info.Mode().Perm()&0o400 != 0 { // Windows has no other permissions to keep
		assert.Equal(t, fs.FileMode(0o640)&info.Mode().Perm(), info.Mode().Perm())
	}
	f, err := Open(path)
	require.NoError(t, err)
	require.NoError(t, f.Close())

	assert.ErrorContains(t, Save(dir, nil, nil), "is not a regular file")
	assert.ErrorIs(t, Save(filepath.Join(dir, "nowhere", "x"), nil, nil), fs.ErrNotExist)
}

func list(t *testing.T, dir string) (names []string) {
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		names = append(names, e.Name())
	}
	slices.Sort(names)
	return names
}
