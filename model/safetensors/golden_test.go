package safetensors

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestBrokenCheckpoints opens every folder of the golden error set. The errors of a few are for the layers above: the file itself is in order.
func TestBrokenCheckpoints(t *testing.T) {
	text, err := os.ReadFile(golden + "error/cases.json")
	require.NoError(t, err)
	var set struct {
		Cases []struct {
			Name, Fails string
			Must        []string `json:"error_must_name"`
		}
	}
	require.NoError(t, json.Unmarshal(text, &set))
	above := map[string]bool{"dtype_integer": true, "missing_tensors": true, "wrong_shape": true, "wrong_vocab": true}
	checked := 0
	for _, c := range set.Cases {
		t.Run(c.Name, func(t *testing.T) {
			dir := golden + "error/" + c.Name
			set, err := OpenDir(dir)
			_, errFS := OpenFS(os.DirFS(dir))
			if c.Fails != "weights" || above[c.Name] {
				assert.NoError(t, err)
				assert.NoError(t, errFS)
				assert.NoError(t, set.Close())
				return
			}
			checked++
			for _, want := range c.Must {
				assert.ErrorContains(t, err, want)
				assert.ErrorContains(t, errFS, want)
			}
			t.Log(err)
		})
	}
	assert.GreaterOrEqual(t, checked, 20)
}

// TestValues compares with what Python's safetensors 0.8.0 reads: the first, second and last element, as bits.
func TestValues(t *testing.T) {
	for _, c := range []struct {
		model, name string
		shape       []int
		bits        [3]uint32
	}{
		{"bert", "bert.embeddings.word_embeddings.weight", []int{500, 64}, [3]uint32{0xbce76aeb, 0xbc194deb, 0x3c9012eb}},
		{"bert", "cls.predictions.bias", []int{500}, [3]uint32{0x3d84d755, 0x3ca6ba0c, 0xbd6b8041}},
		{"bert-ner", "classifier.weight", []int{7, 64}, [3]uint32{0x3a7a6118, 0x3e909db2, 0x3ec1bc37}},
		{"roberta-classify", "classifier.dense.bias", []int{48}, [3]uint32{0x3eb055d6, 0xbe66a5fb, 0x3e20b8c4}},
		{"roberta-classify", "classifier.dense.weight", []int{48, 48}, [3]uint32{0x3e40193f, 0xbd83ce50, 0xbe0b41ed}},
	} {
		set, err := OpenDir(golden + c.model)
		require.NoError(t, err)
		x, ok := set.Lookup(c.name)
		require.True(t, ok, c.name)
		assert.Equal(t, c.shape, x.Shape)
		assert.Equal(t, F32, x.DType)
		assert.Equal(t, "model.safetensors", x.File)
		b := bytesOf(t, x)
		for i, at := range []int{0, 1, x.Len() - 1} {
			assert.Equal(t, c.bits[i], binary.LittleEndian.Uint32(b[4*at:]), "%s element %d", c.name, at)
		}
		require.NoError(t, set.Close())
	}
}

// TestBytesOfReference writes files anew that the reference implementation has written: PyTorch checkpoints, NumPy
// arrays and testdata/dtypes.safetensors, made by testdata/make.py. The bytes must be the same.
func TestBytesOfReference(t *testing.T) {
	paths, err := filepath.Glob(golden + "*/*.safetensors")
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(paths), 18)
	for _, path := range append(paths, "testdata/dtypes.safetensors", golden+"error/good/model.safetensors") {
		f, err := Open(path)
		require.NoError(t, err)
		tensors := f.Tensors()
		for i, j := 0, len(tensors)-1; i < j; i, j = i+1, j-1 { // the order in which tensors are given has no meaning
			tensors[i], tensors[j] = tensors[j], tensors[i]
		}
		var got bytes.Buffer
		require.NoError(t, Write(&got, f.Metadata(), tensors))
		want, err := os.ReadFile(path)
		require.NoError(t, err)
		assert.True(t, bytes.Equal(want, got.Bytes()), path)
		require.NoError(t, f.Close())
	}
}

// TestEveryDType reads what testdata/make.py made with the reference implementation.
func TestEveryDType(t *testing.T) {
	f, err := Open("testdata/dtypes.safetensors")
	require.NoError(t, err)
	defer f.Close()
	assert.Equal(t, map[string]string{"format": "p\"t\n"}, f.Metadata())
	for i, want := range []struct {
		name  string
		dtype DType
		shape []int
		size  int
	}{
		{"bool", BOOL, []int{2, 3}, 6}, {"u8", U8, []int{5}, 5}, {"i8", I8, []int{1, 1, 3}, 3},
		{"f8_e5m2", F8_E5M2, []int{4}, 4}, {"f8_e4m3", F8_E4M3, []int{2, 2}, 4}, {"f8_e8m0", F8_E8M0, []int{3}, 3},
		{"f8_e4m3fnuz", F8_E4M3FNUZ, []int{3}, 3}, {"f8_e5m2fnuz", F8_E5M2FNUZ, []int{3}, 3}, {"f4", F4, []int{2, 6}, 6},
		{"i16", I16, []int{3}, 6}, {"u16", U16, []int{3}, 6}, {"f16", F16, []int{3}, 6}, {"bf16", BF16, []int{3}, 6},
		{"i32", I32, []int{3}, 12}, {"u32", U32, []int{3}, 12}, {"f32", F32, []int{2, 3}, 24}, {"c64", C64, []int{2}, 16},
		{"f64", F64, []int{2}, 16}, {"i64", I64, []int{2}, 16}, {"u64", U64, []int{2}, 16},
		{"scalar", F32, []int{}, 4}, {"empty", F32, []int{3, 0, 2}, 0}, {"also empty", F32, []int{0}, 0}, {"", F32, []int{1}, 4},
		{`quote" back\slash /slash`, F32, []int{1}, 4}, {"\b\f\n\r\t\x00\x01\x1f\x7f", F32, []int{1}, 4},
		{"é 漢 😀 \u2028\u2029 <&>", F32, []int{1}, 4},
	} {
		x, ok := f.Lookup(want.name)
		require.True(t, ok, "%q", want.name)
		assert.Equal(t, want.dtype, x.DType, want.name)
		assert.Equal(t, want.shape, x.Shape, want.name)
		data := make([]byte, want.size)
		for j := range data {
			data[j] = byte(i + j)
		}
		assert.Equal(t, data, bytesOf(t, x), want.name)
		if x.DType != F4 {
			assert.Equal(t, want.size, x.Len()*x.DType.Size(), want.name)
		}
	}
	assert.Len(t, f.Tensors(), 27)
	assert.Zero(t, DType("F31").Size())
	assert.Zero(t, F4.Size())
}
