package tokenizer

// What LlamaTokenizer makes of a SentencePiece model.

import (
	"cmp"
	"fmt"
	"slices"
	"unicode/utf8"
)

// llama builds what LlamaTokenizer of transformers 5 makes of a model: byte-pair encoding with the merges that give each piece, byte fallback,
// and a special token around the text where the configuration says so.
func (b *builder) llama(m *spmFile, c *config) error {
	if m.trainer.modelType != typeBPE {
		return fmt.Errorf("trainer_spec.model_type: %s, expected BPE for a LlamaTokenizer", spmKinds[m.trainer.modelType])
	}
	words := make(map[string]int32, len(m.pieces))
	for i, p := range m.pieces {
		words[p.text] = int32(i)
	}
	b.takePieces(m.pieces)
	b.words, b.t.ids = words, words
	merges, err := pieceMerges(words)
	if err != nil {
		return err
	}
	var fallback [256]int32
	for i := range fallback {
		id, ok := words[byteToPiece(byte(i))]
		if !ok {
			id = -1
		}
		fallback[i] = id
	}
	b.t.model = newBPE(words, merges, -1, &fallback, bpeOptions{fuseUnk: true})
	scheme := prependFirst
	if c.Legacy != nil && *c.Legacy {
		scheme = prependAlways
	}
	b.t.pre = metaspace{replacement: space, scheme: scheme, whole: true}
	b.t.decoder = decoders{replace{pattern{literal: space}, " "}, byteFallback{}, fuse{}, stripDecoder{" ", 1, 0}}
	for _, role := range []struct {
		token **named
		name  string
	}{{&c.BOS, "<s>"}, {&c.EOS, "</s>"}, {&c.Unk, "<unk>"}} {
		if *role.token == nil {
			*role.token = &named{Content: role.name}
		}
	}
	if err := b.addConvention(&convention{names: map[string]string{"bos": "<s>", "eos": "</s>", "unk": "<unk>", "pad": "<pad>"}}, m, c); err != nil {
		return err
	}
	b.unk = b.t.role(c.Unk)
	b.t.post = b.llamaFrame(c)
	return nil
}

// llamaFrame puts the tokens that add_bos_token and add_eos_token ask for around each text.
func (b *builder) llamaFrame(c *config) postProcessor {
	var before, after []templatePart
	if c.AddBOS {
		before = append(before, specialPart(0, b.t.ids[c.BOS.Content]))
	}
	if c.AddEOS {
		after = append(after, specialPart(0, b.t.ids[c.EOS.Content]))
	}
	single := slices.Concat(before, []templatePart{textPart(0, 0)}, after)
	second := slices.Concat(before, []templatePart{textPart(1, 1)}, after)
	for i := range second {
		second[i].kind = 1
	}
	return postProcessor{single: single, pair: slices.Concat(single, second)}
}

// maxPieceMerges bounds the ways to make all pieces; a vocabulary of 256,000 has some 600,000.
const maxPieceMerges = 1 << 22

// pieceMerges gives every way to make a piece of two others: the piece with the lower id first, then the one whose left part, and then whose right
// part, has fewer code points.
func pieceMerges(words map[string]int32) ([]merge, error) {
	type way struct {
		merge
		leftSize, rightSize int // in code points
	}
	trie := newTrie(words)
	var ways []way
	for w, id := range words {
		node := int32(0)
		for i := 0; i < len(w)-1; i++ {
			if node = trie.child(node, w[i]); node < 0 {
				break
			}
			left := trie.nodes[node].id
			if left < 0 || !utf8.RuneStart(w[i+1]) {
				continue
			}
			right, ok := words[w[i+1:]]
			if !ok {
				continue
			}
			if len(ways) == maxPieceMerges {
				return nil, fmt.Errorf("pieces: more than %d ways to make them of others", maxPieceMerges)
			}
			ways = append(ways, way{merge{left, right, id}, utf8.RuneCountInString(w[:i+1]), utf8.RuneCountInString(w[i+1:])})
		}
	}
	slices.SortFunc(ways, func(x, y way) int {
		return cmp.Or(cmp.Compare(x.joined, y.joined), cmp.Compare(x.leftSize, y.leftSize), cmp.Compare(x.rightSize, y.rightSize))
	})
	out := make([]merge, len(ways))
	for i, w := range ways {
		out[i] = w.merge
	}
	return out, nil
}
