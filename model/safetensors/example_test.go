package safetensors_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"log"

	"github.com/rapt-go/rapt/model/safetensors"
)

// Writing a matrix and reading it back.
func Example() {
	var data bytes.Buffer
	binary.Write(&data, binary.LittleEndian, []float32{1, 2, 3, 4, 5, 6})
	weight := safetensors.Tensor{
		Name:  "encoder.weight",
		DType: safetensors.F32,
		Shape: []int{2, 3},
		Src:   bytes.NewReader(data.Bytes()),
		Size:  int64(data.Len()),
	}
	var file bytes.Buffer
	if err := safetensors.Write(&file, map[string]string{"format": "pt"}, []safetensors.Tensor{weight}); err != nil {
		log.Fatal(err)
	}

	f, err := safetensors.Read("model.safetensors", bytes.NewReader(file.Bytes()), int64(file.Len()))
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	t, _ := f.Lookup("encoder.weight")
	values := make([]float32, t.Len())
	if err := binary.Read(io.NewSectionReader(t.Src, t.Off, t.Size), binary.LittleEndian, values); err != nil {
		log.Fatal(err)
	}
	fmt.Println(t.DType, t.Shape, values)
	// Output: F32 [2 3] [1 2 3 4 5 6]
}

// The error for a broken file names it, the tensor, what was expected and what was found.
func ExampleRead() {
	header := `{"bias":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}`
	file := append(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header...)
	file = append(file, make([]byte, 8)...)
	_, err := safetensors.Read("model.safetensors", bytes.NewReader(file), int64(len(file)))
	fmt.Println(err)
	// Output: model.safetensors: header: tensor "bias": shape [3] of F32 takes 12 bytes, but data_offsets [0, 8] span 8
}
