// Package embedded holds the model that the command rapt uses when it is given none: a
// small BERT that knows the King James Bible. Its README says how it was made.
package embedded

import (
	"embed"
	"io/fs"
)

//go:embed bert-kjv/config.json bert-kjv/model.safetensors bert-kjv/tokenizer.json bert-kjv/tokenizer_config.json
//go:embed bert-kjv/expected.json
var files embed.FS

// Name is what the model is called.
const Name = "bert-kjv"

// FS is the model's folder, with expected.json beside the usual files: texts, and what
// PyTorch says of them.
func FS() fs.FS {
	sub, err := fs.Sub(files, Name)
	if err != nil {
		panic(err) // Name is a valid path
	}
	return sub
}
