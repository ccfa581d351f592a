package tokenizer

// Patterns of tokenizer.json: literal strings and regular expressions.

import (
	"encoding/json"
	"fmt"

	"github.com/rapt-go/rapt/model/internal/files"
)

// maxPattern bounds the bytes of a regular expression; the longest published ones have some 500.
const maxPattern = 1 << 12

// parsePattern reads {"String": "…"} or {"Regex": "…"}. An expression that this package cannot read is no other engine's: matching takes linear time.
func parsePattern(s section, raw json.RawMessage) (pattern, error) {
	var f struct{ String, Regex *string }
	if err := files.Decode(raw, &f); err != nil {
		return pattern{}, fmt.Errorf("%s.pattern: %w", s.path, err)
	}
	switch {
	case f.String != nil && *f.String != "":
		return pattern{literal: *f.String}, nil
	case f.Regex != nil && *f.Regex != "":
		if len(*f.Regex) > maxPattern {
			return pattern{}, fmt.Errorf("%s: a pattern of %d bytes; at most %d", s.path, len(*f.Regex), maxPattern)
		}
		d, err := compileRegex(*f.Regex, &s.left.instructions)
		if err != nil {
			return pattern{}, fmt.Errorf("%s: pattern %q: %w: %w", s.path, *f.Regex, err, ErrUnsupported)
		}
		return pattern{dfa: d}, nil
	}
	return pattern{}, fmt.Errorf("%s: no pattern, or an empty one", s.path)
}
