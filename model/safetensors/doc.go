// Package safetensors reads the safetensors format, single files and sharded sets, and writes single files.
//
// A safetensors file is three things in a row:
//
//	8 bytes    n, the length of the header, little-endian
//	n bytes    a JSON object in UTF-8, padded with spaces: tensor name → {"dtype", "shape", "data_offsets": [begin, end]},
//	           and optionally "__metadata__" → an object of strings
//	the rest   the data: rows in C order, numbers little-endian; offsets count from its first byte
//
// A large checkpoint is split into shards, which are such files, and model.safetensors.index.json says which shard holds which tensor.
//
// Nothing in a file is trusted. Opening reads the header alone, checks all of it, and takes memory in proportion to the header's
// length, never to a number written inside it. What passes has these properties: names are unique; every range lies in the file and is as
// long as its dtype and shape say; the product of any of a tensor's dimensions fits an int.
//
// The package is as strict as the reference implementation, which refuses files whose tensors overlap, leave holes between them or
// leave bytes at the end: no writer makes such files, and bytes that belong to nothing are where a broken offset shows, or
// where something hides. It is stricter where leniency could only hide a mistake: names and keys given twice, which the format
// forbids, keys it does not know in a tensor's entry, more than 64 dimensions.
//
// Format: https://github.com/huggingface/safetensors (README.md, "Format"; safetensors/src/tensor.rs is the reference implementation).
package safetensors
