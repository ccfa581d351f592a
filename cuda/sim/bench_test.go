package sim

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rapt-go/rapt/cuda/driver"
)

// BenchmarkLaunch is what a launch costs beside its instructions: kernels of one warp that does
// nothing, with a Sync after 64.
func BenchmarkLaunch(b *testing.B) {
	for _, streams := range []int{1, 2} {
		b.Run(map[int]string{1: "streams=1", 2: "streams=2"}[streams], func(b *testing.B) {
			v, err := New(Options{})
			require.NoError(b, err)
			d, err := v.Open(0)
			require.NoError(b, err)
			defer d.Close()
			m, err := d.Load([]byte(entry("7.0", "sm_80", "")))
			require.NoError(b, err)
			f, err := m.Func("k")
			require.NoError(b, err)
			s := make([]driver.Stream, streams)
			for i := range s {
				s[i], err = d.NewStream()
				require.NoError(b, err)
			}
			args := []driver.Arg{0}
			for i := 0; b.Loop(); i++ {
				s := s[i%streams]
				require.NoError(b, s.Launch(f, grid(1, 32), args))
				if i%64 >= 64-streams {
					require.NoError(b, s.Sync())
				}
			}
		})
	}
}
