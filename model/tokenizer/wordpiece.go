package tokenizer

// WordPiece: the model that takes the longest piece each time.

import "unicode/utf8"

// wordPiece splits a word greedily into the longest known pieces, left to right: the first as it stands, those after it with a prefix
// (“##”) in the vocabulary. A word with a rest that no piece begins, or with too many code points, is one unknown token.
// Wu et al., Google's Neural Machine Translation System, 2016; Devlin et al., BERT, 2018.
type wordPiece struct {
	trie     *trie
	rest     int32 // the node after the prefix, -1 if no piece has it
	unk      int32
	maxRunes int
}

func newWordPiece(vocab map[string]int32, unk int32, prefix string, maxRunes int) *wordPiece {
	t := newTrie(vocab)
	return &wordPiece{trie: t, rest: t.at(prefix), unk: unk, maxRunes: maxRunes}
}

func (*wordPiece) kind() string { return "WordPiece" }

func (w *wordPiece) tokenize(word []byte, dst []token) []token {
	unknown := token{id: w.unk, hi: int32(len(word))}
	if len(word) > w.maxRunes && utf8.RuneCount(word) > w.maxRunes {
		return append(dst, unknown)
	}
	start := len(dst)
	for at, node := 0, int32(0); at < len(word); node = w.rest {
		if node < 0 {
			return append(dst[:start], unknown)
		}
		id, size := w.trie.longest(node, word[at:])
		if size == 0 {
			return append(dst[:start], unknown)
		}
		dst = append(dst, token{id: id, lo: int32(at), hi: int32(at + size)})
		at += size
	}
	return dst
}
