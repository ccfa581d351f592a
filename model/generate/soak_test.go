package generate

import (
	"context"
	"flag"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var soak = flag.Duration("soak", time.Second, "how long TestSoak runs")

// Requests of all kinds join, leave and are cancelled at random, more of them than there is room for. At the end nothing is left, and
// every one that came to its end gave what it gives alone. Memory stays flat: what is live after a tenth of the time is within
// a quarter of what is live at the end.
func TestSoak(t *testing.T) {
	e := toyEngine(t, Room{Rows: 8, Tokens: 400})
	all := requests()
	want := make([][]Output, len(all))
	for i, r := range all {
		out, err := e.Generate(background, r)
		require.NoError(t, err)
		want[i] = out
	}
	prefix, err := e.Prefix(background, prompt(1, 30))
	require.NoError(t, err)
	var ended, left, cancelled, prefixes atomic.Int64
	stop := time.Now().Add(*soak)
	var wait sync.WaitGroup
	for i := range 16 {
		rnd := rand.New(rand.NewPCG(uint64(i), 0))
		wait.Go(func() {
			for time.Now().Before(stop) {
				k := rnd.IntN(len(all))
				switch rnd.IntN(5) {
				case 0: // leaves the loop
					n := rnd.IntN(10)
					for _, err := range e.Stream(background, all[k]) {
						if err != nil {
							t.Error(err)
						}
						if n--; n < 0 {
							break
						}
					}
					left.Add(1)
				case 1: // is cancelled
					ctx, cancel := context.WithTimeout(background, time.Duration(rnd.IntN(3000))*time.Microsecond)
					e.Generate(ctx, all[k])
					cancel()
					cancelled.Add(1)
				case 2: // a prefix of its own, or a shared one
					p := prefix
					if rnd.IntN(2) == 0 {
						own, err := e.Prefix(background, prompt(2, 20))
						if err != nil {
							t.Error(err)
						}
						p = own
					}
					if _, err := e.Score(background, Request{Prefix: p, Prompt: prompt(k, 1+rnd.IntN(60))}, 0); err != nil {
						t.Error(err)
					}
					if p != prefix {
						p.Close()
					}
					prefixes.Add(1)
				default:
					out, err := e.Generate(background, all[k])
					if err != nil {
						t.Error(err)
					}
					require.Equal(t, want[k], out)
					ended.Add(1)
				}
			}
		})
	}
	live := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	time.Sleep(*soak / 10)
	early := live()
	wait.Wait()
	prefix.Close()
	e.idle(t)
	late := live()
	t.Logf("%d ended, %d left early, %d cancelled, %d scored; %d kB live at first, %d at the end", ended.Load(), left.Load(), cancelled.Load(), prefixes.Load(), early>>10, late>>10)
	require.Less(t, float64(late), 1.25*float64(early))
}
