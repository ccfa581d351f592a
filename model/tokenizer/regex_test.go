package tokenizer

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// randomRegex gives an expression that means the same to Go and to Oniguruma.
func randomRegex(rng *rand.Rand, depth int) string {
	atoms := []string{"a", "b", "é", "[ab]", "[^a]", ".", `\n`, "(?i:a)"}
	pick := func(list []string) string { return list[rng.IntN(len(list))] }
	switch {
	case depth == 0 || rng.IntN(3) == 0:
		return pick(atoms)
	case rng.IntN(3) == 0:
		return "(?:" + randomRegex(rng, depth-1) + ")" + pick([]string{"*", "+", "?", "{2}", "{1,2}", "*?", "+?", "??", "{0,2}", "{2,}"})
	case rng.IntN(2) == 0:
		return "(?:" + randomRegex(rng, depth-1) + "|" + randomRegex(rng, depth-1) + ")"
	default:
		return randomRegex(rng, depth-1) + randomRegex(rng, depth-1)
	}
}

func allMatches(d *dfa, text string, memo bool) (out [][]int) {
	m := d.over([]byte(text))
	if memo {
		m.tried = newTried(d, len(text))
	}
	for lo, hi, ok := m.next(); ok; lo, hi, ok = m.next() {
		out = append(out, []int{lo, hi})
	}
	return out
}

func randomText(rng *rand.Rand) string {
	var b strings.Builder
	for range rng.IntN(14) {
		b.WriteString([]string{"a", "b", "A", "é", "\n", "c"}[rng.IntN(6)])
	}
	return b.String()
}

// TestRegex compares matches with those of Go's engine.
func TestRegex(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	compared, empty := 0, 0
	for range 3000 {
		expr := randomRegex(rng, 4)
		left := 1 << 12
		d, err := compileRegex(expr, &left)
		if err != nil {
			continue // a repeat of what may be nothing
		}
		compared++
		if d.empty() {
			empty++
		}
		std := regexp.MustCompile(expr)
		for range 20 {
			text := randomText(rng) + "a" // in a text of nothing Go's engine finds nothing, the library does not
			want := fmt.Sprint(std.FindAllStringIndex(text, -1))
			for _, memo := range []bool{false, true} {
				if got := fmt.Sprint(allMatches(d, text, memo)); got != want {
					t.Fatalf("%q in %q (memo %v): %s, want %s", expr, text, memo, got, want)
				}
			}
		}
	}
	if compared < 1000 || empty < 100 {
		t.Errorf("%d expressions compared, %d of them that match nothing at all", compared, empty)
	}
}

// backtrack is the definition of a match: the first way that leads on, tried in order.
func backtrack(n *node, text []rune, at int, next func(int) bool) bool {
	has := at < len(text) && inSet(n.set, text[min(at, len(text)-1)])
	switch n.kind {
	case nodeSet:
		return has && next(at+1)
	case nodeLook:
		return (has || at == len(text) && n.end) && next(at)
	case nodeCat:
		if len(n.parts) == 0 {
			return next(at)
		}
		return backtrack(n.parts[0], text, at, func(i int) bool { return backtrack(&node{kind: nodeCat, parts: n.parts[1:]}, text, i, next) })
	case nodeAlt:
		return slices.ContainsFunc(n.parts, func(p *node) bool { return backtrack(p, text, at, next) })
	}
	more := func() bool {
		if n.max == 0 {
			return false
		}
		return backtrack(n.parts[0], text, at, func(i int) bool {
			rest := *n
			rest.min, rest.max = max(n.min-1, 0), n.max-1
			return backtrack(&rest, text, i, next)
		})
	}
	if n.min > 0 {
		return more()
	}
	if n.lazy {
		return next(at) || more()
	}
	return more() || next(at)
}

// TestRegexLook compares possessive repeats and looks ahead with their definitions by trial.
func TestRegexLook(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	looks := []string{"(?!a)", "(?=a)", "(?![ab])", "(?=[ab]|$)", "(?!\\n|b)", "$", "\\z", "a++", "[ab]?+", "b*+", "[^a]++"}
	for range 1500 {
		expr := randomRegex(rng, 3) + looks[rng.IntN(len(looks))] + randomRegex(rng, 1)
		if rng.IntN(2) == 0 {
			expr = randomRegex(rng, 2) + looks[rng.IntN(len(looks))] + "|" + expr
		}
		left := 1 << 12
		d, err := compileRegex(expr, &left)
		if err != nil {
			continue
		}
		root, err := parseRegex(expr, &left)
		must(t, err)
		for range 20 {
			text := []rune(randomText(rng))
			for at := range len(text) + 1 {
				want := -1
				backtrack(root, text, at, func(end int) bool { want = end; return true })
				got, _ := d.match([]byte(string(text[at:])), 0)
				if got >= 0 {
					got = at + len([]rune(string([]byte(string(text[at:]))[:got])))
				}
				if got != want {
					t.Fatalf("%q in %q at %d: end %d, want %d", expr, string(text), at, got, want)
				}
			}
		}
	}
}

func TestRegexErrors(t *testing.T) {
	for expr, want := range map[string]string{
		"(a": "unmatched (", "a)": "unmatched )", "[a": "middle", "(?<=a)b": "group", `\bx`: `\b`, `a(?!bc)`: "more than one", `[[:alpha:]]`: "[:", `[a&&b]`: "&&",
		`\p{Klingon}x`: `\p{Klingon}`, `\p{Greek`: `\p{Greek`, "(?i:ss)": "ss in any case", "(?i:é)": "beyond ASCII", "(?:ab)++": "possessive", "a{2}?": "? after", "a{9999}": "{9999}", `\x80`: `\x80`, "(?:a?)*b": "may be nothing",
		strings.Repeat("(", 40) + "a" + strings.Repeat(")", 40): "levels", "a\xff": "UTF-8", "a{1000}{1000}": "instructions", "(?:(?:a|b)*a(?:a|b){14})": "states", "*a": "*", "[b-a]": "range", `a{`: "brace",
	} {
		left := 1 << 14
		_, err := compileRegex(expr, &left)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: error %v does not name %q", expr, err, want)
		}
	}
}

// TestRegexClasses has sets that divide 512 characters into a class for each: set i has those whose bit i is 1.
func TestRegexClasses(t *testing.T) {
	var sets []string
	for bit := range 9 {
		var b strings.Builder
		for c := range rune(512) {
			if c>>bit&1 != 0 {
				b.WriteRune('一' + c)
			}
		}
		sets = append(sets, "["+b.String()+"]")
	}
	left := 1 << 14
	if _, err := compileRegex(strings.Join(sets, ""), &left); err == nil || !strings.Contains(err.Error(), "512 classes") {
		t.Errorf("error %v", err)
	}
	d, err := compileRegex(strings.Join(sets[:8], ""), &left) // 256 classes, one of them all other characters
	must(t, err)
	for c := range rune(512) {
		for bit := range 8 {
			text := []rune(strings.Repeat(string('一'+rune(255)), 8)) // which all sets have
			text[bit] = '一' + c
			if got, want := len(allMatches(d, string(text), false)), int(c>>bit&1); got != want {
				t.Fatalf("%q: %d matches, want %d", string(text), got, want)
			}
		}
	}
}

// TestRegexEmpty compares matches of nothing with those of the library: what Replace with “_” gives.
func TestRegexEmpty(t *testing.T) {
	for _, c := range [][3]string{
		{"a*", "", ""}, {"a*", "aab a", "_b_ _"}, {"a*", "aéb", "_é_b_"}, {"a*b|a|", "aab a", "_ _"}, {"a*b|a|", "aéb", "_é_"}, {"a*b|a|", "aaa", "___"},
		{"(?:a+b)?|a", "aab a", "_ _a_"}, {"(?:a+b)?|a", "aéb", "_a_é_b_"}, {"(?:a+b)?|a", "aaa", "_a_a_a_"}, {"(?=b)", "aab a", "aa_b a"}, {"(?=b)", "\n", "\n"},
		{"x?$", "aab a", "aab a_"}, {"x?$", "\n", "_\n_"}, {"a*?", "aab a", "_a_a_b_ _a_"}, {"(?!a)", "aab a", "aa_b_ a_"}, {"(?!a)", "aaa", "aaa_"}, {`\z`, "\n", "\n_"}, {"$", "", ""},
		{"$", "aaa", "aaa_"}, {`\s*`, "aab a", "_a_a_b_a_"}, {`\s*`, "\n", "_"},
	} {
		left := 1 << 10
		d, err := compileRegex(c[0], &left)
		must(t, err)
		if got := (replace{pattern{dfa: d}, "_"}).decode([]string{c[1]})[0]; got != c[2] {
			t.Errorf("%q in %q: %q, want %q", c[0], c[1], got, c[2])
		}
		var n normalized
		n.reset([]byte(c[1]), 0)
		must(t, replace{pattern{dfa: d}, "_"}.normalize(&n))
		if string(n.text) != c[2] {
			t.Errorf("%q normalizes %q to %q, want %q", c[0], c[1], n.text, c[2])
		}
	}
	left := 1 << 10
	d, err := compileRegex(`\s*`, &left)
	must(t, err)
	for how, want := range map[delimiter]string{ // of the library, too
		isolated: "a a b _ a", removed: "a a b a", mergedWithNext: "a a b _a", mergedWithPrevious: "a a b_ a", contiguous: "a a b _ a",
	} {
		var n normalized
		n.reset([]byte("aab a"), 0)
		var got []string
		for _, p := range (patternSplit{pattern{dfa: d}, false, how}).split(nil, &n, piece{0, 5}) {
			got = append(got, strings.ReplaceAll(string(n.text[p.lo:p.hi]), " ", "_"))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%d: %q, want %q", how, got, want)
		}
	}
}

// TestRegexNames matches what names of sets have and what they have not.
func TestRegexNames(t *testing.T) {
	for expr, c := range map[string][2]string{
		`\p{Hiragana}`: {"あ", "アa"}, `\p{Katakana}`: {"ア", "あ"}, `\p{Hangul}`: {"각", "あ"}, `\p{Latin}`: {"aéª", "1α"}, `\p{Greek}`: {"αΩ", "aд"}, `\p{Cyrillic}`: {"д", "α"},
		`\p{Arabic}`: {"م", "ש"}, `\p{Hebrew}`: {"ש", "م"}, `\p{Thai}`: {"ก", "अ"}, `\p{Devanagari}`: {"अ", "ก"}, `\p{Han}`: {"日", "あ"},
		`\p{Mn}`: {"\u0301", "\u0903"}, `\p{Mc}`: {"\u0903", "\u0301"}, `\p{Z}`: {" \u2028\u3000", "\n"}, `\p{Cc}`: {"\n\x00", " \u200d"}, `\p{Cf}`: {"\u200d", "\n"},
	} {
		left := 1 << 10
		d, err := compileRegex(expr+"+", &left)
		must(t, err)
		if got := allMatches(d, c[0]+c[1], false); len(got) != 1 || got[0][0] != 0 || got[0][1] != len(c[0]) {
			t.Errorf("%s in %q: %v", expr, c[0]+c[1], got)
		}
	}
}

// TestRegexLinear matches what takes a time in the square of the text if each place is tried to the end.
func TestRegexLinear(t *testing.T) {
	text := strings.Repeat("a", 1<<18)
	if testing.Short() {
		text = text[:1<<16]
	}
	for expr, count := range map[string]int{"a+b": 0, "a+b|a": len(text), "(?:a|aa)+c|aa": len(text) / 2, "a+(?!a|$)": 0, "a*b|a|": len(text), "(?:a+b)?|a": len(text) + 1, "(?:a{100}b)?": len(text) + 1, "a{120}b|a": len(text)} {
		left := 1 << 10
		d, err := compileRegex(expr, &left)
		must(t, err)
		start := time.Now()
		if got := len(allMatches(d, text, false)); got != count {
			t.Errorf("%s: %d matches, want %d", expr, got, count)
		}
		if took := time.Since(start); took > 20*time.Second { // minutes in the square
			t.Errorf("%s: %v", expr, took)
		}
	}
}
