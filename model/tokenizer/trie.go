package tokenizer

// A set of words that answers with the longest one a text begins with.

import (
	"math/bits"
	"slices"
)

// trie maps byte strings to ids. Nodes stand in breadth-first order, so the children of a node stand together, in the order of their labels;
// node 0 is the root. Its size is bounded by the bytes of its words.
type trie struct {
	nodes []trieNode
	wide  [][4]uint64 // the labels of nodes with many children, as sets of bytes
}

// trieNode takes 16 bytes, so that a step along a word touches one cache line.
type trieNode struct {
	first int32  // the first child
	id    int32  // of the word that ends here; -1: none
	count uint16 // of children
	// labels holds the labels of up to narrow children, the lowest byte the first; of more, the index of a set in trie.wide.
	labels uint32
}

const narrow = 4

// newTrie builds the trie of words. The empty word is left out: nothing begins with it.
func newTrie(words map[string]int32) *trie {
	keys := make([]string, 0, len(words))
	for w := range words {
		if w != "" {
			keys = append(keys, w)
		}
	}
	slices.Sort(keys)
	type span struct{ lo, hi, depth int } // the keys that share a node's path
	queue := []span{{0, len(keys), 0}}
	t := &trie{}
	var labels []byte
	for i := 0; i < len(queue); i++ {
		s := queue[i]
		id := int32(-1)
		if s.lo < s.hi && len(keys[s.lo]) == s.depth {
			id = words[keys[s.lo]]
			s.lo++
		}
		first := len(queue)
		labels = labels[:0]
		for s.lo < s.hi {
			b := keys[s.lo][s.depth]
			end := s.lo + 1
			for end < s.hi && keys[end][s.depth] == b {
				end++
			}
			queue = append(queue, span{s.lo, end, s.depth + 1})
			labels = append(labels, b)
			s.lo = end
		}
		t.nodes = append(t.nodes, t.node(int32(first), id, labels))
	}
	return t
}

func (t *trie) node(first, id int32, labels []byte) trieNode {
	n := trieNode{first: first, id: id, count: uint16(len(labels))}
	if len(labels) > narrow {
		var set [4]uint64
		for _, b := range labels {
			set[b>>6] |= 1 << (b & 63)
		}
		n.labels = uint32(len(t.wide))
		t.wide = append(t.wide, set)
		return n
	}
	for i, b := range labels {
		n.labels |= uint32(b) << (8 * i)
	}
	return n
}

// child is the node that b leads to, or -1.
func (t *trie) child(node int32, b byte) int32 {
	n := &t.nodes[node]
	if n.count <= narrow {
		labels := n.labels
		for i := range int32(n.count) {
			if byte(labels) == b {
				return n.first + i
			}
			labels >>= 8
		}
		return -1
	}
	set := &t.wide[n.labels]
	word := set[b>>6]
	bit := uint64(1) << (b & 63)
	if word&bit == 0 {
		return -1
	}
	rank := bits.OnesCount64(word & (bit - 1)) // how many labels are less than b
	for _, w := range set[:b>>6] {
		rank += bits.OnesCount64(w)
	}
	return n.first + int32(rank)
}

// at is the node that path leads to from the root, or -1.
func (t *trie) at(path string) int32 {
	node := int32(0)
	for i := 0; i < len(path) && node >= 0; i++ {
		node = t.child(node, path[i])
	}
	return node
}

// longest finds the longest word whose path from node is a prefix of text, and how many bytes of text it takes; 0 if there is none.
func (t *trie) longest(node int32, text []byte) (id int32, size int) {
	for i, b := range text {
		if node = t.child(node, b); node < 0 {
			break
		}
		if k := t.nodes[node].id; k >= 0 {
			id, size = k, i+1
		}
	}
	return id, size
}

// starts are the bytes that a word begins with.
func (t *trie) starts() (out []byte) {
	for b := range 256 {
		if t.child(0, byte(b)) >= 0 {
			out = append(out, byte(b))
		}
	}
	return out
}
