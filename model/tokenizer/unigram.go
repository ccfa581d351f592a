package tokenizer

// Unigram: the model that divides a word into its most probable pieces.

import (
	"hash/maphash"
	"math"
	"slices"
	"sync"
	"unicode/utf8"
)

// pieceTrie is a trie with a table for the first byte, where most searches end or branch widely.
type pieceTrie struct {
	*trie
	roots [256]int32
}

// newPieceTrie also gives the size of the longest word, and no less than that of a code point.
func newPieceTrie(words map[string]int32) (t *pieceTrie, longest int) {
	t, longest = &pieceTrie{trie: newTrie(words)}, utf8.UTFMax
	for w := range words {
		longest = max(longest, len(w))
	}
	for b := range t.roots {
		t.roots[b] = t.child(0, byte(b))
	}
	return t, longest
}

// unigram finds the pieces of a text with the highest sum of scores (Kudo, Subword Regularization, 2018), by the algorithm that both
// SentencePiece and the library "tokenizers" use: scores add up from the left, and of equal sums the one found first stays.
// SentencePiece has float32 scores, the library float64, and each rounds its sums.
type unigram[F float32 | float64] struct {
	trie    *pieceTrie // what may be in a text
	scores  []F        // by id
	unk     int32      // the id of a code point that no piece of its own length covers; -1: the model has none
	unknown F          // its score
	longest int        // bytes of the longest piece, or code point
	// reset is the magnitude at which a sum becomes the origin of those after it, so that long texts keep their precision; 0: never.
	reset F
}

// unkPenalty is how much less than the least piece an unknown code point scores.
const unkPenalty = 10

// pathEnd is the best path to a place: its last piece and its sum.
type pathEnd[F float32 | float64] struct {
	score F
	id    int32
	size  int32 // bytes of the last piece; 0: no path ends here yet
}

// pathScratch holds the ends of paths from a place on through which every path goes.
type pathScratch[F float32 | float64] struct {
	ends []pathEnd[F] // up to last; what lies after it is of older texts
	last int
	base int
}

// path appends the pieces of the best path, one for each unknown code point, and reports whether there are such.
func (u *unigram[F]) path(s *pathScratch[F], text []byte, dst []token) (_ []token, unknown bool) {
	s.grow(1)
	s.ends[0], s.last, s.base = pathEnd[F]{}, 0, 0
	for at := 0; at < len(text); {
		if s.last > 0 && at == s.base+s.last { // nothing reaches further
			dst = s.flush(dst)
		}
		size := 1
		if text[at] >= utf8.RuneSelf {
			_, size = utf8.DecodeRune(text[at:])
		}
		if u.reset > 0 {
			s.rebase(at, u.reset)
		}
		here := at - s.base
		s.grow(here + u.longest + 1)
		sum := s.ends[here].score
		single := false
		node := u.trie.roots[text[at]]
		for i, rest := 1, text[at:]; node >= 0; i++ {
			if id := u.trie.nodes[node].id; id >= 0 {
				s.reach(here+i, pathEnd[F]{sum + u.scores[id], id, int32(i)})
				single, unknown = single || i == size, unknown || id == u.unk
			}
			if i == len(rest) {
				break
			}
			node = u.trie.child(node, rest[i])
		}
		if !single {
			unknown = true
			s.reach(here+size, pathEnd[F]{sum + u.unknown, u.unk, int32(size)})
		}
		at += size
	}
	if s.last > 0 {
		dst = s.flush(dst)
	}
	return dst, unknown
}

// grow makes room for so many ends.
func (s *pathScratch[F]) grow(count int) {
	if len(s.ends) < count {
		s.ends = slices.Grow(s.ends, count-len(s.ends))
		s.ends = s.ends[:cap(s.ends)]
	}
}

// reach offers a path to a place, for which there must be room.
func (s *pathScratch[F]) reach(i int, e pathEnd[F]) {
	for s.last < i {
		s.last++
		s.ends[s.last].size = 0
	}
	if old := &s.ends[i]; old.size == 0 || e.score > old.score {
		*old = e
	}
}

// rebase makes the sum at a place the origin if it is large.
func (s *pathScratch[F]) rebase(at int, limit F) {
	i := at - s.base
	offset := s.ends[i].score
	if offset >= -limit && offset <= limit {
		return
	}
	for k := i; k <= s.last; k++ {
		if k == i || s.ends[k].size > 0 {
			s.ends[k].score -= offset
		}
	}
}

// flush appends the pieces up to the last place, from which the path goes on.
func (s *pathScratch[F]) flush(dst []token) []token {
	start := len(dst)
	for i := s.last; i > 0; {
		e := s.ends[i]
		dst = append(dst, token{id: e.id, lo: int32(s.base+i) - e.size, hi: int32(s.base + i)})
		i -= int(e.size)
	}
	slices.Reverse(dst[start:])
	s.ends[0].score = s.ends[s.last].score
	s.base += s.last
	s.last = 0
	return dst
}

// unigramModel is the Unigram of the library: unknown code points in a row are one token, or the tokens of their bytes.
type unigramModel struct {
	unigram[float64]
	words map[string]int32
	bytes *[256]int32 // byte fallback: the ids of <0x00> to <0xFF>, -1 for one that is missing; nil: off
	seed  maphash.Seed
	pool  sync.Pool
}

type unigramScratch struct {
	path  pathScratch[float64]
	raw   []token
	known []knownWord
}

// knownWord is a word and its tokens. Most words of a text were in it before, or in the one before it.
type knownWord struct {
	text   [23]byte
	size   uint8 // 0: none
	count  uint8
	tokens [4]token
}

// knownWords is a power of two; so many take 150 KB.
const knownWords = 1 << 11

// entry is the one place of a word, by its hash.
func (s *unigramScratch) entry(hash uint64) *knownWord {
	if s.known == nil {
		s.known = make([]knownWord, knownWords)
	}
	return &s.known[hash%knownWords]
}

func (k *knownWord) has(word []byte) bool {
	return k.size > 0 && string(k.text[:k.size]) == string(word)
}

// set takes a word that has room, in the place of another.
func (k *knownWord) set(word []byte, tokens []token) {
	if len(word) <= len(k.text) && len(tokens) <= len(k.tokens) {
		k.size, k.count = uint8(copy(k.text[:], word)), uint8(copy(k.tokens[:], tokens))
	}
}

// scoredWord is a piece of the vocabulary, in the order of ids.
type scoredWord struct {
	text  string
	score float64
}

// newUnigram makes a model of a vocabulary. Of equal words the last counts.
func newUnigram(vocab []scoredWord, unk int32, byteFallback bool) *unigramModel {
	u := &unigramModel{words: make(map[string]int32, len(vocab)), seed: maphash.MakeSeed()}
	u.unk, u.scores = unk, make([]float64, len(vocab))
	least := math.Inf(1)
	for id, w := range vocab {
		u.words[w.text] = int32(id)
		u.scores[id] = w.score
		least = min(least, w.score)
	}
	u.unknown = least - unkPenalty
	u.trie, u.longest = newPieceTrie(u.words)
	if byteFallback {
		u.bytes = new([256]int32)
		for b := range u.bytes {
			id, ok := u.words[byteToPiece(byte(b))]
			if !ok {
				id = -1
			}
			u.bytes[b] = id
		}
	}
	u.pool.New = func() any { return new(unigramScratch) }
	return u
}

func (*unigramModel) kind() string { return "Unigram" }

func (u *unigramModel) tokenize(word []byte, dst []token) []token {
	s := u.pool.Get().(*unigramScratch)
	start := len(dst)
	e := s.entry(maphash.Bytes(u.seed, word))
	if !e.has(word) {
		dst = u.search(s, word, dst)
		e.set(word, dst[start:])
	} else {
		dst = append(dst, e.tokens[:e.count]...)
	}
	u.pool.Put(s)
	return dst
}

// search appends the tokens of a word.
func (u *unigramModel) search(s *unigramScratch, word []byte, dst []token) []token {
	start := len(dst)
	dst, unknown := u.path(&s.path, word, dst)
	if unknown && u.unk >= 0 {
		s.raw = append(s.raw[:0], dst[start:]...)
		dst = u.fuse(word, s.raw, dst[:start])
	}
	return dst
}

// fuse appends tokens, of which unknown ones in a row become one. What they then spell may be a word, by chance.
func (u *unigramModel) fuse(word []byte, raw, dst []token) []token {
	for i := 0; i < len(raw); i++ {
		k := raw[i]
		if k.id == u.unk {
			for i+1 < len(raw) && raw[i+1].id == u.unk {
				i++
				k.hi = raw[i].hi
			}
			if id, ok := u.words[string(word[k.lo:k.hi])]; ok {
				k.id = id
			} else if u.allBytes(word[k.lo:k.hi]) {
				for _, b := range word[k.lo:k.hi] {
					dst = append(dst, token{u.bytes[b], k.lo, k.hi})
				}
				continue
			}
		}
		dst = append(dst, k)
	}
	return dst
}

// allBytes reports whether byte fallback has a token for each byte.
func (u *unigramModel) allBytes(text []byte) bool {
	if u.bytes == nil {
		return false
	}
	for _, b := range text {
		if u.bytes[b] < 0 {
			return false
		}
	}
	return true
}
