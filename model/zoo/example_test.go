package zoo_test

import (
	"fmt"
	"log"

	cpu "github.com/rapt-go/rapt/cpu_fallback"
	"github.com/rapt-go/rapt/gpu"
	"github.com/rapt-go/rapt/model"
	"github.com/rapt-go/rapt/model/zoo"
)

// Hidden states of two sequences of tokens, which need not be equally long.
func ExampleLoad() {
	b, err := cpu.Open()
	if err != nil {
		log.Fatal(err)
	}
	defer b.Close()
	m, err := zoo.Load[model.Encoder]("../../testdata/golden/bert", b, zoo.Default(b))
	if err != nil {
		log.Fatal(err)
	}
	defer m.Close()

	s, err := gpu.NewStream(b)
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	batch := model.Pack(s, m.Limits(),
		model.Input{IDs: []int32{2, 41, 57, 3}},
		model.Input{IDs: []int32{2, 9, 3}, Types: []int32{0, 1, 1}})
	states, err := gpu.Read[float32](s, m.Encode(s, batch))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d rows of %d numbers\n", len(states)/m.Width(), m.Width())
	// Output: 7 rows of 64 numbers
}
