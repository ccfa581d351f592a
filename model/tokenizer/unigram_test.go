package tokenizer

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestScores compares scores with those that tokenizers 0.23.3 writes after it has read them, of which some are not the nearest numbers.
func TestScores(t *testing.T) {
	for text, want := range map[string]float64{
		"-3.6293606758117676":            -3.629360675811768, // not the nearest
		"-7.2627739906311035":            -7.262773990631104, // not the nearest
		"-9.5":                           -9.5,
		"0":                              0,
		"-0":                             math.Copysign(0, -1),
		"12":                             12,
		"-1e-5":                          -1e-05,
		"1E+2":                           100,
		"-0.1234567890123456789012345":   -0.12345678901234568,
		"123456789012345678901234567890": 1.2345678901234568e+29,
		"18446744073709551616.75":        1.8446744073709552e+19,
		"1.7976931348623157e308":         1.7976931348623157e+308,
		"5e-324":                         5e-324,
		"2.2250738585072011e-308":        2.2250738585072014e-308, // not the nearest
		"1e-400":                         0,
		"0e999999999999":                 0,
		"-12345678901234567890.5e-25":    -1.2345678901234565e-06, // not the nearest
		"184467440737095516159.3":        1.844674407370955e+20,
		"0.000000000000000000000012345":  1.2345e-23,
		"9007199254740993":               9007199254740992,
		"-4.9406564584124654e-324":       -5e-324,
	} {
		var w scoredWord
		require.NoError(t, json.Unmarshal([]byte(`[ "a\u00e9" , `+text+` ]`), &w), text)
		assert.Equal(t, math.Float64bits(want), math.Float64bits(w.score), "%s: %v, want %v", text, w.score, want)
		assert.Equal(t, "aé", w.text)
	}
	for _, text := range []string{`["a",1e999]`, `["a",1e99999999999999999999]`, `["a","1"]`, `["a",{"b":1}]`, `["a"]`, `[1,1]`, `{"a":1}`, `"a,1"`, `null`, `["a",1,2]`, `["a",true]`} {
		var w []scoredWord
		assert.Error(t, json.Unmarshal([]byte("["+text+"]"), &w), text)
	}
}
