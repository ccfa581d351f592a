package task_test

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/rapt-go/rapt/model/task"
)

// How alike sentences are: the cosine of their vectors.
func Example() {
	e, err := task.OpenEmbedder("../../testdata/golden/bert-embed")
	if err != nil {
		log.Fatal(err)
	}
	defer e.Close()
	v, err := e.Embed(context.Background(), "Swans rest on water.", "The swan sleeps on the lake.", "Taxes are due in May.")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.2f %.2f\n", task.Cosine(v[0], v[1]), task.Cosine(v[0], v[2]))
	// Output: 0.98 0.97
}

func ExampleClassifier() {
	c, err := task.OpenClassifier("../../testdata/golden/bert-classify")
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	got, err := c.Classify(context.Background(), task.Pair("A man sleeps.", "Somebody is awake."), task.Text{First: "Rather good, all in all."})
	if err != nil {
		log.Fatal(err)
	}
	for _, g := range got {
		fmt.Printf("%s %.2f\n", g.Labels[0].Name, g.Labels[0].Score)
	}
	// Output:
	// entailment 0.41
	// contradiction 0.44
}

func ExampleClassifier_ZeroShot() {
	c, err := task.OpenClassifier("../../testdata/golden/bert-classify")
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()
	got, err := c.ZeroShot(context.Background(), task.ZeroShot{Labels: []string{"sport", "politics"}}, "The match ended in a draw.")
	if err != nil {
		log.Fatal(err)
	}
	for _, l := range got[0] {
		fmt.Printf("%s %.2f\n", l.Name, l.Score)
	}
	// Output:
	// sport 0.50
	// politics 0.50
}

func ExampleTagger() {
	t, err := task.OpenTagger("../../testdata/golden/bert-ner")
	if err != nil {
		log.Fatal(err)
	}
	defer t.Close()
	got, err := t.Tag(context.Background(), task.FirstToken, "Zürich and São Paulo")
	if err != nil {
		log.Fatal(err)
	}
	for _, e := range got[0] {
		fmt.Printf("%s %q at %d to %d, %.2f\n", e.Label, e.Word, e.Start, e.End, e.Score)
	}
	// Output: LOC "Paulo" at 15 to 20, 0.31
}

func ExampleReader() {
	r, err := task.OpenReader("../../testdata/golden/bert-qa")
	if err != nil {
		log.Fatal(err)
	}
	defer r.Close()
	got, err := r.Answer(context.Background(), task.Reading{AlignToWords: true}, task.Question{
		Question: "Who built the mill?",
		Context:  "The mill was built by Jonas Ek in 1841 after the fire.",
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%q, at %d to %d\n", got[0][0].Text, got[0][0].Start, got[0][0].End)
	// Output: "by Jonas Ek in 1841 after", at 19 to 44
}

func ExampleFiller() {
	f, err := task.OpenFiller("../../testdata/golden/bert-cased-mlm", task.TopK(3))
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	got, err := f.Fill(context.Background(), "The [MASK] was cold.")
	if err != nil {
		log.Fatal(err)
	}
	for _, w := range got[0][0] { // text 0, mask 0
		fmt.Printf("%.2f %s\n", w.Score, w.Sequence)
	}
	// Output:
	// 0.16 Theist was cold.
	// 0.15 Theree was cold.
	// 0.06 Thever was cold.
}

func ExampleReranker() {
	r, err := task.OpenReranker("../../testdata/golden/bert-rerank")
	if err != nil {
		log.Fatal(err)
	}
	defer r.Close()
	texts := []string{"Swans rest on water.", "The tax form is due in May."}
	got, err := r.Rerank(context.Background(), "where do swans sleep", texts...)
	if err != nil {
		log.Fatal(err)
	}
	for _, x := range got {
		fmt.Printf("%.2f %s\n", x.Score, texts[x.Index])
	}
	// Output:
	// 0.43 Swans rest on water.
	// 0.42 The tax form is due in May.
}

func ExamplePairJudge() {
	j, err := task.OpenPairJudge("../../testdata/golden/bert")
	if err != nil {
		log.Fatal(err)
	}
	defer j.Close()
	got, err := j.Judge(context.Background(), task.Pair("He opened the box.", "It was empty."), task.Pair("He opened the box.", "Seven is prime."))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.2f\n", got)
	// Output: [0.36 0.37]
}

// A model in any file system, such as an embed.FS.
func ExampleFromFS() {
	e, err := task.OpenEmbedder("", task.FromFS(os.DirFS("../../testdata/golden/bert-embed")))
	if err != nil {
		log.Fatal(err)
	}
	defer e.Close()
	v, err := e.Embed(context.Background(), "Swans rest on water.")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(v[0]), "numbers")
	// Output: 64 numbers
}

func ExampleWithProgress() {
	e, err := task.OpenEmbedder("../../testdata/golden/bert-embed")
	if err != nil {
		log.Fatal(err)
	}
	defer e.Close()
	ctx := task.WithProgress(context.Background(), func(done, total int) {
		fmt.Printf("%d of %d\n", done, total)
	})
	if _, err := e.Embed(ctx, "Swans rest on water.", "Taxes are due in May."); err != nil {
		log.Fatal(err)
	}
	// Output:
	// 0 of 2
	// 1 of 2
	// 2 of 2
}

// How a text goes on, token by token.
func ExampleGenerator() {
	g, err := task.OpenGenerator("../../cmd/rapt/embedded/gpt2-kjv")
	if err != nil {
		log.Fatal(err)
	}
	defer g.Close()
	o := g.Defaults()
	o.MaxNewTokens = 12
	for p, err := range g.Stream(context.Background(), o, "And the LORD said unto Moses,") {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Print(p.Text)
	}
	// Output: Go, and go in unto the land of the children of
}

func ExampleGenerator_Generate() {
	g, err := task.OpenGenerator("../../cmd/rapt/embedded/gpt2-kjv")
	if err != nil {
		log.Fatal(err)
	}
	defer g.Close()
	o := g.Defaults()
	o.Beams, o.Return, o.MaxNewTokens, o.StopStrings = 4, 2, 20, []string{"\n"}
	out, err := g.Generate(context.Background(), o, "In the beginning")
	if err != nil {
		log.Fatal(err)
	}
	for _, x := range out[0] {
		fmt.Printf("%.2f %v %q\n", x.Score, x.Finish, x.Text)
	}
	// Output:
	// -0.61 stop " of the word of the LORD came unto me, saying,\n"
	// -0.87 length " of the word of the LORD came unto me, saying, This is the word of the LORD."
}

func ExampleScorer() {
	s, err := task.OpenScorer("../../cmd/rapt/embedded/gpt2-kjv")
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	got, err := s.Score(context.Background(), task.Scoring{}, "The LORD is my shepherd.", "The cat is my shepherd.")
	if err != nil {
		log.Fatal(err)
	}
	for _, x := range got {
		fmt.Printf("%.1f in %d tokens: perplexity %.0f\n", x.Sum, x.Scored, x.Perplexity)
	}
	// Output:
	// -14.3 in 5 tokens: perplexity 18
	// -33.1 in 6 tokens: perplexity 250
}

// Which label fits a text, by examples that stand before it.
func ExampleScorer_Choose() {
	s, err := task.OpenScorer("../../cmd/rapt/embedded/gpt2-kjv")
	if err != nil {
		log.Fatal(err)
	}
	defer s.Close()
	got, err := s.Choose(context.Background(), task.Choice{
		Prefix: "Pharaoh was king of Egypt.\nDavid was king of Israel.\nNebuchadnezzar was king of Babylon.\n",
		Labels: []string{" Judah.", " Egypt.", " bread."},
	}, "Hezekiah was king of", "And he said, I am hungry: give me")
	if err != nil {
		log.Fatal(err)
	}
	for _, labels := range got {
		for _, l := range labels {
			fmt.Printf("%s %.2f", l.Name, l.Score)
		}
		fmt.Println()
	}
	// Output:
	//  Judah. 0.80 Egypt. 0.18 bread. 0.02
	//  bread. 1.00 Judah. 0.00 Egypt. 0.00
}
