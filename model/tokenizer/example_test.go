package tokenizer_test

import (
	"fmt"
	"os"

	"github.com/rapt-go/rapt/model/tokenizer"
)

func Example() {
	tok, err := tokenizer.Load(os.DirFS("../../testdata/golden/tokenizers/wordpiece-uncased"))
	if err != nil {
		fmt.Println(err)
		return
	}
	text := "The Café command's output"
	e, err := tok.Encode(text, tokenizer.Options{MaxLength: 16})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(e.IDs)
	for i, token := range e.Tokens() {
		if s := e.Offsets[i]; !e.Special(i) {
			fmt.Printf("%s %q\n", token, text[s.Start:s.End])
		}
	}
	fmt.Println(tok.Decode(e.IDs, tokenizer.DecodeOptions{SkipSpecial: true}))
	// Output:
	// [2 437 45 329 351 305 834 525 11 61 703 869 318 3]
	// the "The"
	// c "C"
	// ##a "a"
	// ##f "f"
	// ##e "é"
	// comm "comm"
	// ##and "and"
	// ' "'"
	// s "s"
	// out "out"
	// ##pu "pu"
	// ##t "t"
	// the cafe command ' s output
}

// A text that is too long comes in windows that overlap.
func ExampleTokenizer_EncodePair() {
	tok, err := tokenizer.Load(os.DirFS("../../testdata/golden/tokenizers/wordpiece-uncased"))
	if err != nil {
		fmt.Println(err)
		return
	}
	e, err := tok.EncodePair("what is it?", "It is a file in the list of files.", tokenizer.Options{MaxLength: 14, Stride: 2, Strategy: tokenizer.OnlySecond})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, w := range append([]tokenizer.Encoding{e}, e.Overflow...) {
		fmt.Println(w.Tokens())
	}
	// Output:
	// [[CLS] what is it ? [SEP] it is a file in the li [SEP]]
	// [[CLS] what is it ? [SEP] the li ##st of file ##s . [SEP]]
}

// A model gives tokens one by one. A character may take several of them: its text comes with the last.
func ExampleTokenizer_Stream() {
	tok, err := tokenizer.Load(os.DirFS("../../testdata/golden/tokenizers/gpt2"))
	if err != nil {
		fmt.Println(err)
		return
	}
	e, err := tok.Encode("the café 😀 is", tokenizer.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	s := tok.Stream(tokenizer.DecodeOptions{SkipSpecial: true})
	for _, id := range e.IDs {
		token, _ := tok.Token(id)
		fmt.Printf("%s %q\n", token, s.Next(id))
	}
	fmt.Printf("%q\n", s.Rest())
	// Output:
	// the "the"
	// Ġc " c"
	// a "a"
	// f "f"
	// Ã© "é"
	// Ġ " "
	// ð ""
	// Ł ""
	// ĺ ""
	// Ģ "😀"
	// Ġis " is"
	// ""
}
