package tokenizer

// The rewriting rules of a SentencePiece model: precompiled_charsmap.

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"unicode/utf8"
)

// charsmap maps byte strings to texts. It is a double array (darts-clone) followed by the texts, each ended by a zero byte:
// a little-endian u32 with the size of the array in bytes, the array, the texts (normalizer.cc of SentencePiece).
//
// A unit of the array has a label in its low byte, bit 8 says that a key ends at it, bits 10 to 30 are an offset, shifted by 8 more if bit 9
// is set. The child of unit i by byte b is i ^ offset ^ b if that unit's label is b; the value of a key is in unit i ^ offset, which has bit 31.
type charsmap struct {
	units []uint32
	texts []byte
}

func unitOffset(u uint32) uint32 { return u >> 10 << (u & (1 << 9) >> 6) }

func unitLabel(u uint32) uint32 { return u & (1<<31 | 0xff) }

const unitHasValue = 1 << 8

func newCharsmap(data []byte) (*charsmap, error) {
	if len(data) < 4 {
		return nil, fmt.Errorf("%d bytes, which have no room for the size of a trie", len(data))
	}
	size := binary.LittleEndian.Uint32(data)
	if rest := uint64(len(data) - 4); uint64(size) >= rest {
		return nil, fmt.Errorf("a trie of %d bytes, but %d are left", size, rest)
	}
	if size < 1024 || size%1024 != 0 {
		return nil, fmt.Errorf("a trie of %d bytes, expected a multiple of 1024", size)
	}
	c := &charsmap{units: make([]uint32, size/4), texts: data[4+size:]}
	for i := range c.units {
		c.units[i] = binary.LittleEndian.Uint32(data[4+4*i:])
	}
	if c.texts[len(c.texts)-1] != 0 {
		return nil, fmt.Errorf("the texts do not end in a zero byte")
	}
	if !utf8.Valid(c.texts) {
		return nil, fmt.Errorf("the texts are not UTF-8")
	}
	if err := c.validate(); err != nil {
		return nil, err
	}
	return c, c.measure()
}

// validate checks that no search leaves the array and that every value is the place of a text.
func (c *charsmap) validate() error {
	size := uint32(len(c.units))
	for i, u := range c.units {
		at := uint32(i)
		switch label := unitLabel(u); {
		case label > 0xff && i > 0:
			if value := u &^ (1 << 31); value >= uint32(len(c.texts)) {
				return fmt.Errorf("unit %d of the trie: text at byte %d of %d", i, value, len(c.texts))
			}
			continue
		case i == 0 && (label != 0 || u&unitHasValue != 0 || unitOffset(u) == 0):
			return fmt.Errorf("unit 0 of the trie is no root")
		}
		if at^unitOffset(u)|0xff >= size {
			return fmt.Errorf("unit %d of the trie: offset %d in %d units", i, unitOffset(u), size)
		}
		if u&unitHasValue != 0 && unitLabel(c.units[at^unitOffset(u)]) <= 0xff {
			return fmt.Errorf("unit %d of the trie: no value where it should be", i)
		}
	}
	return nil
}

// maxKey bounds the bytes of a key, which a search may follow from each place of a text. The longest published keys are some code points.
const maxKey = 1 << 8

// measure checks that no key is too long, as one of units that lead back to themselves would be. What follows a unit depends on its base
// i ^ offset alone, and tries may share their ends.
func (c *charsmap) measure() error {
	first, children := c.children()
	known := make([]uint16, len(c.units)) // by base: one more than the bytes of the longest key from there; 0: not known
	var longest func(base uint32, depth int) int
	longest = func(base uint32, depth int) int {
		if known[base] > 0 || depth > maxKey {
			return max(int(known[base])-1, 0)
		}
		most := 0
		for _, i := range children[first[base]:first[base+1]] {
			if most = max(most, 1+longest(i^unitOffset(c.units[i]), depth+1)); depth+most > maxKey {
				return most
			}
		}
		known[base] = uint16(most + 1)
		return most
	}
	if longest(unitOffset(c.units[0]), 0) > maxKey {
		return fmt.Errorf("the trie has a key of more than %d bytes, or leads back to itself", maxKey)
	}
	return nil
}

// children gives the units in the order of the base that they are a child of: those of base b are units[first[b]:first[b+1]]. No key has a
// zero byte.
func (c *charsmap) children() (first, units []uint32) {
	first = make([]uint32, len(c.units)+1)
	each := func(f func(base, i uint32)) {
		for i, u := range c.units {
			if label := unitLabel(u); 0 < label && label <= 0xff {
				f(uint32(i)^label, uint32(i))
			}
		}
	}
	each(func(base, _ uint32) { first[base+1]++ })
	for b := range c.units {
		first[b+1] += first[b]
	}
	units, next := make([]uint32, first[len(c.units)]), slices.Clone(first)
	each(func(base, i uint32) {
		units[next[base]] = i
		next[base]++
	})
	return first, units
}

// find gives the text of a key that s begins with and the length of the key: the longest one, or the shortest. 0: there is none.
// The text is a part of c. A zero byte leads on from a unit that is not used, so a text of them would be followed to its end.
func (c *charsmap) find(s []byte, shortest bool) (text []byte, size int) {
	at := unitOffset(c.units[0])
	value := uint32(0)
	for i, b := range s[:min(len(s), maxKey)] {
		at ^= uint32(b)
		u := c.units[at]
		if unitLabel(u) != uint32(b) {
			break
		}
		at ^= unitOffset(u)
		if u&unitHasValue != 0 {
			value, size = c.units[at]&^(1<<31), i+1
			if shortest {
				break
			}
		}
	}
	if size == 0 {
		return nil, 0
	}
	text = c.texts[value:]
	return text[:bytes.IndexByte(text, 0)], size
}
