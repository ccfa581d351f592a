package tokenizer

// Byte-pair encoding as SentencePiece does it.

import (
	"math"
)

// spmBPE joins neighbouring symbols, which are code points and pieces of the user at first, as long as what they spell is a piece: always the
// two whose piece has the highest score, of equal ones the leftmost (bpe_model.cc).
type spmBPE struct {
	trie   *trie      // all pieces that may be in a text
	list   []spmPiece // by id
	unk    int32
	user   *trie
	unused bool // some pieces are
	// words tells that no piece has a ▁ after something else: merges never reach across the beginning of a word.
	words bool
}

// bpeSymbol is a range of the text. Joined to the one on its left it is empty.
type bpeSymbol struct {
	lo, hi     int32
	prev, next int32 // -1: none
	node       int32 // of the trie, that the symbol's text leads to; -1: none
	frozen     bool
}

// bpePair is two neighbours that could be joined. It is out of date if they do not have that size together any more.
type bpePair struct {
	order       uint64 // the least comes first: score, then place
	left, right int32
	size        int32
}

func newSpmBPE(pieces []spmPiece, words map[string]int32, unk int32, user *trie) *spmBPE {
	b := &spmBPE{trie: newTrie(words), list: pieces, unk: unk, user: user, words: true}
	for w, id := range words {
		b.unused = b.unused || pieces[id].kind == pieceUnused
		b.words = b.words && !spaceInside(w)
	}
	return b
}

// spaceInside reports a ▁ that does not stand at the beginning, or after others there.
func spaceInside(w string) bool {
	for i := 0; i < len(w); {
		if len(w)-i >= len(space) && w[i:i+len(space)] == space {
			i += len(space)
			continue
		}
		for ; i < len(w); i++ {
			if len(w)-i >= len(space) && w[i:i+len(space)] == space {
				return true
			}
		}
	}
	return false
}

func (b *spmBPE) pieces(s *spmScratch, text []byte, dst []token) []token {
	if !b.words || b.unused {
		return b.join(s, text, 0, dst)
	}
	for at := 0; at < len(text); {
		end := wordEnd(text, at)
		dst = b.join(s, text[at:end], int32(at), dst)
		at = end
	}
	return dst
}

// wordEnd is where the next word begins: at a ▁ after something else.
func wordEnd(text []byte, at int) int {
	isSpace := func(i int) bool { return i+len(space) <= len(text) && string(text[i:i+len(space)]) == space }
	for at < len(text) && isSpace(at) {
		at += len(space)
	}
	for at < len(text) && !isSpace(at) {
		at++
	}
	return at
}

// join appends the pieces of a text that begins at byte base of the whole.
func (b *spmBPE) join(s *spmScratch, text []byte, base int32, dst []token) []token {
	b.symbols(s, text)
	s.agenda = s.agenda[:0]
	var merges map[string]int // where a merged piece that is unused was joined
	if b.unused {
		merges = map[string]int{}
	}
	for i := 1; i < len(s.symbols); i++ {
		b.offer(s, text, int32(i-1), int32(i), merges, true)
	}
	for i := len(s.agenda)/2 - 1; i >= 0; i-- {
		sinkPair(s.agenda, i)
	}
	for len(s.agenda) > 0 {
		top := s.agenda[0]
		last := len(s.agenda) - 1
		s.agenda[0] = s.agenda[last]
		s.agenda = s.agenda[:last]
		sinkPair(s.agenda, 0)
		left, right := &s.symbols[top.left], &s.symbols[top.right]
		if left.lo == left.hi || right.lo == right.hi || left.hi-left.lo+right.hi-right.lo != top.size {
			continue
		}
		left.node = b.walk(left.node, text[right.lo:right.hi])
		left.hi, left.next = right.hi, right.next
		if right.next >= 0 {
			s.symbols[right.next].prev = top.left
		}
		right.lo = right.hi
		b.offer(s, text, left.prev, top.left, merges, false)
		b.offer(s, text, top.left, left.next, merges, false)
	}
	for i := int32(0); i >= 0 && int(i) < len(s.symbols); i = s.symbols[i].next {
		k := s.symbols[i]
		dst = b.emit(dst, text, k.lo, k.hi, base, merges, 0)
	}
	return dst
}

// symbols cuts a text into its first symbols.
func (b *spmBPE) symbols(s *spmScratch, text []byte) {
	s.symbols = s.symbols[:0]
	for at := 0; at < len(text); {
		size, found := nextSymbol(b.user, text[at:])
		i := int32(len(s.symbols))
		s.symbols = append(s.symbols, bpeSymbol{
			lo: int32(at), hi: int32(at + size), prev: i - 1, next: i + 1, node: b.walk(0, text[at:at+size]), frozen: found,
		})
		at += size
	}
	if len(s.symbols) > 0 {
		s.symbols[len(s.symbols)-1].next = -1
	}
}

// walk follows bytes from a node; -1 stays -1.
func (b *spmBPE) walk(node int32, bytes []byte) int32 {
	for _, c := range bytes {
		if node < 0 {
			return -1
		}
		node = b.trie.child(node, c)
	}
	return node
}

// offer puts two neighbours on the agenda if they spell a piece.
func (b *spmBPE) offer(s *spmScratch, text []byte, left, right int32, merges map[string]int, unordered bool) {
	if left < 0 || right < 0 {
		return
	}
	l, r := &s.symbols[left], &s.symbols[right]
	if l.frozen || r.frozen {
		return
	}
	node := b.walk(l.node, text[r.lo:r.hi])
	if node < 0 || b.trie.nodes[node].id < 0 {
		return
	}
	p := &b.list[b.trie.nodes[node].id]
	s.agenda = append(s.agenda, bpePair{pairOrder(p.score, left), left, right, r.hi - l.lo})
	if !unordered {
		risePair(s.agenda)
	}
	if p.kind == pieceUnused {
		merges[p.text] = int(l.hi - l.lo)
	}
}

// pairOrder sorts by score, the highest first, then by place. The bits of a negative float sort the wrong way round.
func pairOrder(score float32, left int32) uint64 {
	bits := math.Float32bits(score)
	if bits>>31 == 0 {
		bits = ^bits &^ (1 << 31)
	}
	return uint64(bits)<<32 | uint64(left)
}

// sinkPair restores the heap of which only the entry i may be too large.
func sinkPair(heap []bpePair, i int) {
	for {
		k := 2*i + 1
		if k >= len(heap) {
			return
		}
		if k+1 < len(heap) && heap[k+1].order < heap[k].order {
			k++
		}
		if heap[i].order <= heap[k].order {
			return
		}
		heap[i], heap[k] = heap[k], heap[i]
		i = k
	}
}

// risePair restores the heap of which only the last entry may be too small.
func risePair(heap []bpePair) {
	for i := len(heap) - 1; i > 0; {
		k := (i - 1) / 2
		if heap[k].order <= heap[i].order {
			return
		}
		heap[i], heap[k] = heap[k], heap[i]
		i = k
	}
}

// maxResegment is how deep pieces that are unused are taken apart.
const maxResegment = 100

// emit appends a symbol, taken apart again as far as it is an unused piece.
func (b *spmBPE) emit(dst []token, text []byte, lo, hi, base int32, merges map[string]int, depth int) []token {
	id := b.unk
	if node := b.walk(0, text[lo:hi]); node >= 0 && b.trie.nodes[node].id >= 0 {
		id = b.trie.nodes[node].id
	}
	if depth <= maxResegment && id >= 0 && b.list[id].kind == pieceUnused {
		if k, ok := merges[string(text[lo:hi])]; ok {
			dst = b.emit(dst, text, lo, lo+int32(k), base, merges, depth+1)
			return b.emit(dst, text, lo+int32(k), hi, base, merges, depth+1)
		}
		id = b.unk
	}
	return append(dst, token{id, base + lo, base + hi})
}
