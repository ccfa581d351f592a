package tokenizer

// Sets of characters that a regular expression names.

import (
	"slices"
	"unicode"
)

// runeSet lists the first and the last code point of its ranges, in order, none touching the next.
type runeSet []rune

// newRuneSet puts ranges in any order in order.
func newRuneSet(ranges []rune) runeSet {
	type span struct{ lo, hi rune }
	var spans []span
	for i := 0; i < len(ranges); i += 2 {
		spans = append(spans, span{ranges[i], ranges[i+1]})
	}
	slices.SortFunc(spans, func(a, b span) int { return int(a.lo - b.lo) })
	var out runeSet
	for _, s := range spans {
		if n := len(out); n > 0 && s.lo <= out[n-1]+1 {
			out[n-1] = max(out[n-1], s.hi)
			continue
		}
		out = append(out, s.lo, s.hi)
	}
	return out
}

func (s runeSet) complement() runeSet {
	var out runeSet
	next := rune(0)
	for i := 0; i < len(s); i += 2 {
		if next < s[i] {
			out = append(out, next, s[i]-1)
		}
		next = s[i+1] + 1
	}
	if next <= unicode.MaxRune {
		out = append(out, next, unicode.MaxRune)
	}
	return out
}

func joinSets(sets ...[]rune) runeSet { return newRuneSet(slices.Concat(sets...)) }

// newline is what the dot leaves out and what $ stands before.
var newline = runeSet{'\n', '\n'}

// namedSets are the sets of \p{name} by their names: general categories, and the scripts that patterns name.
var namedSets = map[string][][]rune{
	"L": categoryL, "Letter": categoryL, "Lu": {classLu[:]}, "Ll": {classLl[:]}, "Lt": {classLt[:]}, "Lm": {classLm[:]}, "Lo": {classLo[:]},
	"M": {classM[:]}, "Mark": {classM[:]}, "Mn": {classMn[:]}, "Mc": {classMc[:]},
	"N": categoryN, "Number": categoryN, "Nd": {classNd[:]}, "Nl": {classNl[:]}, "No": {classNo[:]},
	"P": {classP[:]}, "Punctuation": {classP[:]}, "S": {classS[:]}, "Symbol": {classS[:]}, "Z": {classZ[:]}, "Separator": {classZ[:]},
	"Cc": {classCc[:]}, "Cf": {classCf[:]},
	"Arabic": {classArabic[:]}, "Cyrillic": {classCyrillic[:]}, "Devanagari": {classDevanagari[:]}, "Greek": {classGreek[:]},
	"Han": {classHan[:]}, "Hangul": {classHangul[:]}, "Hebrew": {classHebrew[:]}, "Hiragana": {classHiragana[:]},
	"Katakana": {classKatakana[:]}, "Latin": {classLatin[:]}, "Thai": {classThai[:]},
}

var (
	categoryL = [][]rune{classLu[:], classLl[:], classLt[:], classLm[:], classLo[:]}
	categoryN = [][]rune{classNd[:], classNl[:], classNo[:]}
)

// namedSet is the set of \p{name}.
func namedSet(name string) (runeSet, bool) {
	parts, ok := namedSets[name]
	return joinSets(parts...), ok
}
