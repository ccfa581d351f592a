// How names from a file appear in messages.

package safetensors

import (
	"strconv"
	"strings"
	"unicode"
)

// quote puts a name from a file between quotes, as it is if a terminal can show it and escaped otherwise. The middle of what no
// one could read is left out: a hostile header may hold a name of 100 MB.
func quote(s string) string {
	const most = 2048
	if len(s) > most {
		return quote(s[:most/2]) + " … " + quote(s[len(s)-most/2:])
	}
	if !printable(s) {
		return strconv.Quote(s)
	}
	return `"` + s + `"`
}

func printable(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) || r == unicode.ReplacementChar })
}
