package tokenizer

// Grapheme clusters: what a reader sees as one character (Unicode Standard Annex 29, extended clusters).

import (
	"sync"
	"unicode/utf8"
)

// graphemeClass is what the rules distinguish; 0 is everything else.
type graphemeClass uint8

const (
	cr graphemeClass = iota + 1
	lf
	control
	extend     // joins what stands before it, also between the consonants of an Indic conjunct
	extendOnly // joins, but ends a conjunct
	linker     // joins, and joins a consonant after it
	joiner     // U+200D
	spacing
	prepended
	consonant // of a script with conjuncts
	pictograph
	regional
	jamoL
	jamoV
	jamoT
	syllableLV
	syllableLVT
)

type graphemeRange struct {
	lo, hi rune
	class  graphemeClass
}

// graphemeTable holds the class of every code point: pages of 256, equal empty ones shared.
type graphemeTable struct {
	page    [(utf8.MaxRune + 1) >> 8]uint16
	classes [][256]graphemeClass
}

func (t *graphemeTable) of(r rune) graphemeClass { return t.classes[t.page[r>>8]][r&0xff] }

func (t *graphemeTable) set(r rune, c graphemeClass) {
	p := &t.page[r>>8]
	if *p == 0 {
		*p = uint16(len(t.classes))
		t.classes = append(t.classes, [256]graphemeClass{})
	}
	t.classes[*p][r&0xff] = c
}

// graphemeClasses builds the table on first use.
var graphemeClasses = sync.OnceValue(func() *graphemeTable {
	t := &graphemeTable{classes: make([][256]graphemeClass, 1, 256)}
	for _, g := range graphemeRanges {
		for r := g.lo; r <= g.hi; r++ {
			t.set(r, g.class)
		}
	}
	for r := rune(hangulBase); r < hangulEnd; r++ {
		t.set(r, syllableLVT)
		if (r-hangulBase)%hangulTCount == 0 { // the first of those with the same first two letters has no third
			t.set(r, syllableLV)
		}
	}
	return t
})

// end is where the cluster that begins at a byte of text ends.
func (t *graphemeTable) end(text []byte, at int) int {
	r, size := utf8.DecodeRune(text[at:])
	before := t.of(r)
	s := clusterState{pictograph: before == pictograph, conjunct: before == consonant, regionals: before == regional}
	for at += size; at < len(text); at += size {
		r, size = utf8.DecodeRune(text[at:])
		after := t.of(r)
		if s.breaks(before, after) {
			break
		}
		s.add(after)
		before = after
	}
	return at
}

// clusterState is what the rules about more than two code points need of a cluster so far.
type clusterState struct {
	pictograph bool // ends in a pictograph and what extends it,
	joined     bool // or in those and a joiner
	conjunct   bool // ends in a consonant and what extends it,
	linked     bool // with a linker
	regionals  bool // ends in an odd number of regional indicators
}

// breaks reports a boundary between two classes. The numbers are those of the rules.
func (s *clusterState) breaks(before, after graphemeClass) bool {
	switch {
	case before == cr && after == lf: // GB3
		return false
	case before >= cr && before <= control, after >= cr && after <= control: // GB4, GB5
		return true
	case before == jamoL && (after == jamoL || after == jamoV || after == syllableLV || after == syllableLVT), // GB6
		(before == syllableLV || before == jamoV) && (after == jamoV || after == jamoT), // GB7
		(before == syllableLVT || before == jamoT) && after == jamoT:                    // GB8
		return false
	case after >= extend && after <= spacing, before == prepended: // GB9, GB9a, GB9b
		return false
	case after == consonant: // GB9c
		return !(s.conjunct && s.linked)
	case before == joiner && after == pictograph: // GB11
		return !s.joined
	case before == regional && after == regional: // GB12, GB13
		return !s.regionals
	}
	return true
}

func (s *clusterState) add(c graphemeClass) {
	switch c {
	case extend, joiner:
	case linker:
		s.linked = s.conjunct
	case consonant:
		s.conjunct, s.linked = true, false
	default:
		s.conjunct, s.linked = false, false
	}
	s.joined = c == joiner && s.pictograph
	s.pictograph = c == pictograph || s.pictograph && (c == extend || c == extendOnly || c == linker)
	s.regionals = c == regional && !s.regionals
}
