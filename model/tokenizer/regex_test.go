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
	m := matches{d: d, text: []byte(text)}
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
	compared := 0
	for range 3000 {
		expr := randomRegex(rng, 4)
		left := 1 << 12
		d, err := compileRegex(expr, &left)
		if err != nil {
			continue // it matches nothing at all
		}
		compared++
		std := regexp.MustCompile(expr)
		for range 20 {
			text := randomText(rng)
			want := fmt.Sprint(std.FindAllStringIndex(text, -1))
			for _, memo := range []bool{false, true} {
				if got := fmt.Sprint(allMatches(d, text, memo)); got != want {
					t.Fatalf("%q in %q (memo %v): %s, want %s", expr, text, memo, got, want)
				}
			}
		}
	}
	if compared < 1000 {
		t.Errorf("%d expressions compared", compared)
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
		root, err := parseRegex(expr)
		must(t, err)
		for range 20 {
			text := []rune(randomText(rng))
			for at := range text {
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
		"(a": "unmatched (", "a)": "unmatched )", "[a": "middle", "a*": "nothing", "(?<=a)b": "group", `\bx`: `\b`, `a(?!bc)`: "more than one", `[[:alpha:]]`: "[:", `[a&&b]`: "&&",
		`\p{Greek}x`: `\p{Greek}`, "(?i:ss)": "ss in any case", "(?i:é)": "beyond ASCII", "(?:ab)++": "possessive", "a{2}?": "? after", "a{9999}": "{9999}", `\x80`: `\x80`, "(?:a?)*b": "may be nothing",
		strings.Repeat("(", 40) + "a" + strings.Repeat(")", 40): "levels", "a\xff": "UTF-8", "a{1000}{1000}": "instructions", "(?:(?:a|b)*a(?:a|b){14})": "states", "*a": "*", "[b-a]": "range", `a{`: "brace",
	} {
		left := 1 << 14
		_, err := compileRegex(expr, &left)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: error %v does not name %q", expr, err, want)
		}
	}
}

// TestRegexLinear matches what takes a time in the square of the text if each place is tried to the end.
func TestRegexLinear(t *testing.T) {
	text := strings.Repeat("a", 1<<20)
	for expr, count := range map[string]int{"a+b": 0, "a+b|a": len(text), "(?:a|aa)+c|aa": len(text) / 2, "a+(?!a|$)": 0} {
		left := 1 << 10
		d, err := compileRegex(expr, &left)
		must(t, err)
		start := time.Now()
		if got := len(allMatches(d, text, false)); got != count {
			t.Errorf("%s: %d matches, want %d", expr, got, count)
		}
		if took := time.Since(start); took > 20*time.Second { // half a minute for each 1000 characters in the square
			t.Errorf("%s: %v", expr, took)
		}
	}
}
