package tokenizer

// Tokens of single bytes, for what a vocabulary has no other token for.

import "unicode/utf8"

// byteFallback joins tokens like <0x41> to what their bytes spell, U+FFFD for each if that is not UTF-8.
type byteFallback struct{}

func (byteFallback) decode(tokens []string) []string {
	var run []byte
	var out []string
	flush := func() {
		if utf8.Valid(run) {
			if len(run) > 0 {
				out = append(out, string(run))
			}
		} else {
			for range run {
				out = append(out, replacement)
			}
		}
		run = run[:0]
	}
	for _, s := range tokens {
		if b, ok := fallbackByte(s); ok {
			run = append(run, b)
			continue
		}
		flush()
		out = append(out, s)
	}
	flush()
	return out
}

// fallbackByte is what the library reads of a token: digits in either case, and a sign.
func fallbackByte(s string) (byte, bool) {
	if len(s) != 6 || s[:3] != "<0x" || s[5] != '>' {
		return 0, false
	}
	if s[3] == '+' {
		return hexDigit(upper(s[4]))
	}
	high, ok1 := hexDigit(upper(s[3]))
	low, ok2 := hexDigit(upper(s[4]))
	return high<<4 | low, ok1 && ok2
}

func upper(c byte) byte {
	if 'a' <= c && c <= 'z' {
		c -= 'a' - 'A'
	}
	return c
}
