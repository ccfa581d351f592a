package ptx

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestTargetOptions has the verdicts of ptxas 12.9 on files with options behind the architecture.
func TestTargetOptions(t *testing.T) {
	const kernel = "\n.address_size 64\n.visible .entry k(.param .u64 p) { ret; }\n"
	for _, c := range []struct {
		options, more string
		kind          error
		says          string
	}{
		{"", "", nil, ""},
		{"debug", "", ErrIllegal, "without a .section"},
		{"debug", ".file 1 \"a.cu\"", ErrIllegal, "without a .section"},
		{"debug", ".section .debug_loc { }", nil, ""},
		{"debug", ".section .debug_str { .b8 0 }", nil, ""},
		{"debug, debug", ".section .debug_loc { }", nil, ""},
		{"", ".section .debug_str { .b8 0 }", nil, ""},
		{"texmode_unified", "", nil, ""},
		{"texmode_independent", "", nil, ""},
		{"texmode_unified, texmode_independent", "", ErrIllegal, "texmode_independent together with texmode_unified"},
		{"map_f64_to_f32", "", ErrTarget, "map_f64_to_f32"},
		{"foo", "", ErrIllegal, "foo is not known"},
		{"sm_90", "", nil, ""},
	} {
		target := ".target sm_80"
		if c.options != "" {
			target += ", " + c.options
		}
		_, err := Load("a.ptx", []byte(".version 8.0\n"+target+kernel+c.more))
		if c.kind == nil {
			require.NoError(t, err, target+c.more)
			continue
		}
		require.ErrorIs(t, err, c.kind, target+c.more)
		assert.ErrorContains(t, err, c.says)
	}
}
