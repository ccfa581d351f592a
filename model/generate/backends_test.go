package generate

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rapt-go/rapt/gpu"
	"github.com/rapt-go/rapt/gpu/auto"
)

// Equal seeds draw equal tokens on every backend, and greedy and beam searches find the same: a simulated GPU, whose steps are replayed
// graphs over padded batches, gives what the CPU does.
func TestBackends(t *testing.T) {
	if testing.Short() {
		t.Skip("a minute under the race detector")
	}
	want := map[int][]Output{}
	e := toyEngine(t, Room{})
	all := requests()[:6]
	for i := range all {
		all[i].MaxNewTokens = 6
		out, err := e.Generate(background, all[i])
		require.NoError(t, err)
		want[i] = out
	}
	for _, name := range []string{"sim:sm_75", "sim:sm_80"} {
		b, _, err := auto.Open(auto.Options{Backend: name})
		require.NoError(t, err)
		m := toyModelAs(t, b, toy, gpu.F32)
		e := New(b, m, Room{})
		for i, r := range all {
			got, err := e.Generate(background, r)
			require.NoError(t, err)
			require.Len(t, got, len(want[i]))
			for k := range got {
				require.Equal(t, want[i][k].IDs, got[k].IDs, "%s: request %d, sequence %d", name, i, k)
				require.InDelta(t, want[i][k].Score, got[k].Score, 7*scoreError) // of up to 6 tokens, and an end
			}
		}
		e.idle(t)
		require.NoError(t, e.Close())
		require.NoError(t, m.Close())
		require.NoError(t, b.Close())
	}
}
