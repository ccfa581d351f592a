package tokenizer

// Byte-pair encoding (Sennrich et al., Neural Machine Translation of Rare Words with Subword Units, 2016), as models/bpe of tokenizers does it.

import (
	"math"
	"math/rand/v2"
	"runtime"
	"unicode/utf8"
)

// bpe joins the symbols of a word, which are its code points at first, two neighbours at a time: always those whose merge comes first in the
// list, of equal ones the leftmost.
type bpe struct {
	bpeOptions
	raw      bool                                  // the vocabulary is in bytes, the symbols are bytes: see byteLevel.raw
	words    map[string]int32                      // by their bytes if raw; nil then where nobody asks
	letters  [wordPlaces][utf8.RuneSelf << 1]int32 // the ids of symbols of one byte by their place in the word, -1: none
	unk      int32                                 // -1: symbols that are not in the vocabulary are left out
	fallback *[256]int32                           // the ids of bytes, of symbols that are not in the vocabulary; -1: none
	pairs    pairTable
	joined   []int32 // what each merge makes
	free     chan *bpeWorker
}

// bpeOptions are the fields of the same names in tokenizer.json.
type bpeOptions struct {
	prefix       string // continuing_subword_prefix, of all symbols but the first
	suffix       string // end_of_word_suffix, of the last symbol
	fuseUnk      bool
	ignoreMerges bool // a word that is in the vocabulary is one token
}

// The places of a symbol in a word.
const (
	firstPlace = 1 << iota
	lastPlace
	wordPlaces
)

// merge is two tokens, and the one that they make.
type merge struct{ left, right, joined int32 }

// newBPE makes a model; words must hold whatever merges speak of.
func newBPE(words map[string]int32, merges []merge, unk int32, fallback *[256]int32, o bpeOptions) *bpe {
	b := &bpe{bpeOptions: o, words: words, unk: unk, fallback: fallback, pairs: newPairTable(len(merges))}
	b.free = make(chan *bpeWorker, runtime.GOMAXPROCS(0))
	for rank, m := range merges {
		b.joined = append(b.joined, m.joined)
		b.pairs.set(m.left, m.right, int32(rank))
	}
	b.findLetters()
	return b
}

// findLetters fills letters: ASCII, or all bytes if raw.
func (b *bpe) findLetters() {
	var name []byte
	for place := range b.letters {
		for c := range b.letters[place] {
			b.letters[place][c] = -1
			if c >= utf8.RuneSelf && !b.raw {
				continue
			}
			name = b.symbol(name[:0], []byte{byte(c)}, place)
			if id, ok := b.words[string(name)]; ok {
				b.letters[place][c] = id
			}
		}
	}
}

// symbol appends the name of a symbol in the vocabulary.
func (b *bpe) symbol(dst, text []byte, place int) []byte {
	if place&firstPlace == 0 {
		dst = append(dst, b.prefix...)
	}
	dst = append(dst, text...)
	if place&lastPlace != 0 {
		dst = append(dst, b.suffix...)
	}
	return dst
}

// inBytes gives the model with a vocabulary in bytes for one in the alphabet of bytes; false if it could give other tokens.
func (b *bpe) inBytes() (*bpe, bool) {
	prefix, ok1 := appendBytes(nil, b.prefix)
	suffix, ok2 := appendBytes(nil, b.suffix)
	if !ok1 || !ok2 || b.fallback != nil {
		return nil, false
	}
	c := *b
	c.raw, c.prefix, c.suffix = true, string(prefix), string(suffix)
	c.words = make(map[string]int32, len(b.words))
	var raw []byte
	for w, id := range b.words {
		if raw, ok := appendBytes(raw[:0], w); ok {
			c.words[string(raw)] = id
		}
	}
	c.findLetters()
	if !c.ignoreMerges {
		c.words = nil // no symbol but the letters is looked up
	}
	if b.unk < 0 { // a symbol that is left out moves the offsets of others by its size, which is another one in the alphabet
		for place := range c.letters {
			for _, id := range c.letters[place] {
				if id < 0 {
					return nil, false
				}
			}
		}
	}
	return &c, true
}

func (*bpe) kind() string { return "BPE" }

func (b *bpe) tokenize(word []byte, dst []token) []token {
	w := b.worker()
	defer b.release(w)
	return w.tokenize(word, dst)
}

// worker gives a worker, one of those that others left where there is one: as many as can run at a time, so that what they remember stays bounded.
func (b *bpe) worker() *bpeWorker {
	select {
	case w := <-b.free:
		return w
	default:
		return &bpeWorker{bpe: b, cache: make([]cachedWord, 1<<cacheBits)}
	}
}

func (b *bpe) release(w *bpeWorker) {
	if cap(w.symbols) > maxKept {
		w.symbols, w.queue = nil, pairQueue{}
	}
	select {
	case b.free <- w:
	default:
	}
}

// pairTable maps pairs of ids to ranks: open addressing, at most half full.
type pairTable struct {
	slots []pairSlot
	shift int
	// factor is drawn at random, so that no file can be made to have all its pairs in one place.
	factor uint64
}

type pairSlot struct {
	pair uint64
	rank int32 // plus one; 0: free
}

func newPairTable(size int) pairTable {
	t := pairTable{shift: 63, factor: rand.Uint64() | 1}
	for 1<<(64-t.shift) < 2*size {
		t.shift--
	}
	t.slots = make([]pairSlot, 1<<(64-t.shift))
	return t
}

// slot is where a pair is, or would be.
func (t *pairTable) slot(left, right int32) *pairSlot {
	pair := uint64(uint32(left))<<32 | uint64(uint32(right))
	for i := pair * t.factor >> t.shift; ; i++ {
		s := &t.slots[i&uint64(len(t.slots)-1)]
		if s.rank == 0 || s.pair == pair {
			return s
		}
	}
}

// set gives a pair a rank; of equal pairs the last counts.
func (t *pairTable) set(left, right, rank int32) {
	*t.slot(left, right) = pairSlot{uint64(uint32(left))<<32 | uint64(uint32(right)), rank + 1}
}

// noRank is that of a pair that is no merge.
const noRank = math.MaxInt32

func (t *pairTable) rank(left, right int32) int32 {
	if r := t.slot(left, right).rank; r != 0 {
		return r - 1
	}
	return noRank
}
