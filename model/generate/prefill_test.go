package generate

import (
	"context"
	"math"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A prompt of several pieces, more of them than a round takes, gives what a pass over all of it at once gives, alone and beside others, and
// with a prefix that ends anywhere.
func TestPieces(t *testing.T) {
	if testing.Short() {
		t.Skip("minutes under the race detector, for which TestSoak does the same")
	}
	b := openCPU(t)
	c := long()
	m := toyModel(t, b, c)
	e := New(b, m, Room{Tokens: 1 << 14})
	defer e.Close()
	ids := prompt(1, 3*pieceTokens+7)
	o := Options{MaxNewTokens: 5}
	alone, err := e.Generate(background, Request{Prompt: ids, Options: o})
	require.NoError(t, err)
	logits := whole(t, m, b, slices.Concat(ids, alone[0].IDs))
	for i, id := range alone[0].IDs {
		x := logits[len(ids)+i-1]
		require.Equal(t, int32(slices.Index(x, slices.Max(x))), id)
	}
	var wait sync.WaitGroup
	for i := range 2 * roundTokens / pieceTokens / 3 {
		wait.Go(func() {
			_, err := e.Generate(background, Request{Prompt: prompt(i+2, 2*pieceTokens+i), Options: o})
			require.NoError(t, err)
		})
	}
	for range 3 {
		wait.Go(func() {
			got, err := e.Generate(background, Request{Prompt: ids, Options: o})
			require.NoError(t, err)
			require.Equal(t, alone, got)
		})
	}
	wait.Wait()
	for _, n := range []int{1, pieceTokens - 1, pieceTokens, pieceTokens + 1, len(ids)} {
		p, err := e.Prefix(background, ids[:n])
		require.NoError(t, err)
		got, err := e.Generate(background, Request{Prefix: p, Prompt: ids[n:], Options: o})
		require.NoError(t, err)
		require.Equal(t, alone[0].IDs, got[0].IDs, "a prefix of %d", n)
		p.Close()
	}
	want, err := e.Score(background, Request{Prompt: ids}, 1)
	require.NoError(t, err)
	for range 2 * scoreRound / scorePiece {
		wait.Go(func() {
			got, err := e.Score(background, Request{Prompt: ids}, 1)
			require.NoError(t, err)
			require.Equal(t, want, got)
		})
	}
	wait.Wait()
	sum := 0.0
	for i, s := range want {
		sum = max(sum, math.Abs(s-logProb(logits[i], ids[i+1])))
	}
	require.LessOrEqual(t, sum, scoreError)
	e.idle(t)
}

// While others write, a round reads a piece, and prompts take turns: a short one does not wait for a long one.
func TestTurns(t *testing.T) {
	b := openCPU(t)
	m := toyModel(t, b, long())
	w := startWriting(t, b, m, 1, Options{MaxNewTokens: 500})
	w.e.room.Rows, w.e.room.Tokens = 8, 1<<14
	w.cache.Size.Rows = 8
	add := func(seed, n int) *job {
		j := newJob(background, writing, Request{Prompt: prompt(seed, n), Options: Options{MaxNewTokens: 1}})
		require.NoError(t, j.prepare(w.e))
		w.e.pending = append(w.e.pending, j)
		return j
	}
	long, short := add(1, 10*pieceTokens), add(2, pieceTokens+1)
	written := func() int { return len(w.rows[0].out.IDs) }
	at := written()
	for i := range 5 {
		w.tick()
		require.Equal(t, at+i+1, written(), "every round writes")
	}
	require.True(t, short.over)
	require.Equal(t, 3*pieceTokens, long.fed)
}

// Prefixes whose calls were cancelled leave nothing.
func TestPrefixCancelled(t *testing.T) {
	e := toyEngine(t, Room{})
	for i := range 200 {
		ctx, cancel := context.WithTimeout(background, time.Duration(i)*10*time.Microsecond)
		if p, err := e.Prefix(ctx, prompt(i, 20)); err == nil {
			p.Close()
		} else {
			require.ErrorIs(t, err, context.DeadlineExceeded)
		}
		cancel()
	}
	e.idle(t)
	e.ask(t, func(w *worker) bool {
		require.Empty(t, w.kept)
		return true
	})
}

// Prefixes that nobody shares give way to what needs their room, and are read again.
func TestPrefixesGiveWay(t *testing.T) {
	e := toyEngine(t, Room{Tokens: 128})
	var prefixes []*Prefix
	var want [][]Output
	o := Options{MaxNewTokens: 8}
	for i := range 6 {
		ids := prompt(i, 40)
		out, err := e.Generate(background, Request{Prompt: ids, Options: o})
		require.NoError(t, err)
		p, err := e.Prefix(background, ids[:35])
		require.NoError(t, err)
		prefixes, want = append(prefixes, p), append(want, out)
	}
	var wait sync.WaitGroup
	for k := range 60 {
		wait.Go(func() {
			i := k % len(prefixes)
			got, err := e.Generate(background, Request{Prefix: prefixes[i], Prompt: prompt(i, 40)[35:], Options: o})
			require.NoError(t, err)
			require.Equal(t, want[i][0].IDs, got[0].IDs)
		})
	}
	wait.Wait()
	// One that fills the whole cache, and a request that does with it.
	ids := prompt(9, 120)
	p, err := e.Prefix(background, ids)
	require.NoError(t, err)
	for range 2 {
		_, err = e.Generate(background, Request{Prefix: p, Options: o})
		require.NoError(t, err)
	}
	p.Close()
	for _, p := range prefixes {
		p.Close()
	}
	e.idle(t)
	e.ask(t, func(w *worker) bool {
		require.Empty(t, w.kept)
		return true
	})
}
