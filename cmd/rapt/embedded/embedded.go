// Package embedded holds the models that the command rapt uses when it is given none: a
// small BERT and a small GPT-2 that know the King James Bible. Their READMEs say how they
// were made.
package embedded

import (
	"embed"
	"io/fs"
)

//go:embed bert-kjv/config.json bert-kjv/model.safetensors bert-kjv/tokenizer.json bert-kjv/tokenizer_config.json
//go:embed bert-kjv/expected.json
//go:embed gpt2-kjv/config.json gpt2-kjv/generation_config.json gpt2-kjv/model.safetensors gpt2-kjv/tokenizer.json
//go:embed gpt2-kjv/tokenizer_config.json gpt2-kjv/expected.json
var files embed.FS

// A Model is the name of an embedded model.
type Model string

// The models.
const (
	BERT Model = "bert-kjv"
	GPT2 Model = "gpt2-kjv"
)

// FS is the model's folder, with expected.json beside the usual files: texts, and what
// PyTorch says of them.
func (m Model) FS() fs.FS {
	sub, err := fs.Sub(files, string(m))
	if err != nil {
		panic(err) // the constants are valid paths
	}
	return sub
}
