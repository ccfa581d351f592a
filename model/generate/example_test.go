package generate_test

import (
	"context"
	"fmt"
	"log"

	cpu "github.com/rapt-go/rapt/cpu_fallback"
	"github.com/rapt-go/rapt/model"
	"github.com/rapt-go/rapt/model/generate"
	"github.com/rapt-go/rapt/model/zoo"
)

// Tokens as they come, of a checkpoint and ids of one's own. Package task does the same with texts.
func ExampleEngine_Stream() {
	b, err := cpu.Open()
	if err != nil {
		log.Fatal(err)
	}
	defer b.Close()
	m, err := zoo.Load[model.Decoder]("../../testdata/golden/gpt2", b, zoo.Default(b))
	if err != nil {
		log.Fatal(err)
	}
	defer m.Close()
	e := generate.New(b, m, generate.Room{})
	defer e.Close()
	r := generate.Request{Prompt: []int32{46, 77, 355}} // "Once"
	r.MaxNewTokens = 6
	for t, err := range e.Stream(context.Background(), r) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(t.ID, t.Finish)
	}
	// Output:
	// 210 running
	// 343 running
	// 210 running
	// 353 running
	// 353 running
	// 343 length
}

// What several requests begin with is read once.
func ExampleEngine_Prefix() {
	b, err := cpu.Open()
	if err != nil {
		log.Fatal(err)
	}
	defer b.Close()
	m, err := zoo.Load[model.Decoder]("../../testdata/golden/gpt2", b, zoo.Default(b))
	if err != nil {
		log.Fatal(err)
	}
	defer m.Close()
	e := generate.New(b, m, generate.Room{})
	defer e.Close()
	ctx := context.Background()
	p, err := e.Prefix(ctx, []int32{357, 279, 331, 282, 86, 260}) // "The old tower"
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()
	for _, label := range [][]int32{{264, 274}, {41, 13}} {
		scores, err := e.Score(ctx, generate.Request{Prefix: p, Prompt: label}, 0)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%.3f\n", scores[0]+scores[1])
	}
	// Output:
	// -16.874
	// -14.741
}
