package ptx

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestTable: every row is read, every operation has rows, every suffix is used by one, and no row stands twice.
func TestTable(t *testing.T) {
	seen := map[string]bool{}
	used := map[Mod]bool{}
	for op := OpNone + 1; op < numOps; op++ {
		if op == OpCall { // its operands are checked in code
			continue
		}
		assert.NotEmpty(t, FormsOf(op), "%v", op)
		for _, f := range tables()[op] {
			assert.False(t, seen[f.Text], "%s stands twice", f.Text)
			seen[f.Text] = true
			assert.LessOrEqual(t, len(f.items), 64, "%s: match keeps a bit for each", f.Text)
			for _, it := range f.items {
				for _, a := range it.alts {
					used[a.mod] = true
				}
			}
		}
	}
	for m := Mod(numTypes); m < numMods; m++ {
		assert.True(t, used[m], "no row has .%v", m)
		assert.Equal(t, m, modByName[m.String()])
	}
}

// TestRowsAreInstructions: the suffixes of each row, written out with its first choices, match that row.
func TestRowsAreInstructions(t *testing.T) {
	for op := range tables() {
		for _, f := range tables()[op] {
			var all, least []Mod
			for _, it := range f.items {
				all = append(all, it.alts[0].mod)
				if !it.optional {
					least = append(least, it.alts[0].mod)
				}
			}
			for _, mods := range [][]Mod{all, least} {
				_, ok := f.match(mods)
				require.True(t, ok, "%s: %v", f.Text, mods)
			}
		}
	}
}

// TestNeeds reads what rows ask for, with sm_90a for that chip alone and sm_100f for its family.
func TestNeeds(t *testing.T) {
	n, err := parseNeed(strings.Fields("8.6 90a|100f"))
	require.NoError(t, err)
	assert.Equal(t, Version{8, 6}, n.version)
	for target, want := range map[string]bool{"sm_90a": true, "sm_90": false, "sm_100a": true, "sm_100f": true, "sm_100": false, "sm_103a": true, "sm_120a": false} {
		x, ok := ParseTarget(target)
		require.True(t, ok)
		assert.Equal(t, want, n.target(x), target)
	}
	for _, bad := range []string{"sm_", "sm_9x", "sm_-1", "compute_80", "sm_80b"} {
		_, ok := ParseTarget(bad)
		assert.False(t, ok, bad)
	}
}

func TestPlain(t *testing.T) {
	for row, want := range map[string]string{
		"ret{.uni}":                "ret{.uni}",
		"atom.exch.b32 d_, [a], b": "atom.exch.b32 d, [a], b",
		"mbarrier.arrive.shared::cluster.b64 _, [a] ; 8.0 90": "mbarrier.arrive.shared::cluster.b64 _, [a]; from 8.0 90",
		"mov.pred d, a^*":          "mov.pred d, a",
		"x {d*4:f32_}, {a*1:b32!}": "x {d*4:f32}, {a*1:b32}",
		"fence.acq_rel.gpu":        "fence.acq_rel.gpu",
	} {
		assert.Equal(t, want, plain(row))
	}
}
