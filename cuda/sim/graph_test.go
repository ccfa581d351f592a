package sim

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-go/rapt/cuda/driver"
)

// A graph with a branch runs as often as it is launched, in any order that its edges allow.
func TestGraph(t *testing.T) {
	for seed := range uint64(20) {
		r := open(t, Options{Seed: seed})
		f := r.kernel(saxpy, "saxpy")
		a, b := r.stream(), r.stream()
		fork, join := r.event(), r.event()
		const n = 64
		x, y, z := r.alloc(4*n), r.alloc(4*n), r.alloc(4*n)
		h := r.pin(4 * n)
		one := math.Float32bits(1)
		args := []driver.Arg{driver.Addr(y), driver.Addr(x), driver.I32(n), driver.F32(2)}
		r.ok(a.Fill(y, 0, n), a.Sync(), a.Begin(), a.Fill(x, one, n), a.Record(fork), b.Wait(fork), b.Launch(f, grid(1, n), args), b.Fill(z, one, n),
			b.Record(join), a.Copy(z, z, 0), a.Wait(join), a.Copy(z, y, 4*n), a.CopyOut(h, 0, 4*n, z))
		args[0] = 0 // it is not kept
		g, err := a.End()
		r.ok(err)
		assert.NotEqual(t, 2*one, toWords(h)[0])
		r.ok(g.Launch(a), g.Launch(a), a.Sync())
		assert.Equal(t, math.Float32bits(4), toWords(h)[n-1])
		// Launched on another stream it waits for its last launch.
		r.ok(g.Launch(a), g.Launch(b), b.Sync())
		assert.Equal(t, math.Float32bits(8), toWords(h)[n-1])
		assert.Empty(t, r.Findings())
		assert.Len(t, r.drv.streams, 2)
		r.ok(g.Close(), a.Sync(), r.Free(z))
		assert.Equal(t, driver.InvalidHandle, code(g.Launch(a)))
		assert.Equal(t, driver.InvalidHandle, code(g.Close()))
	}
}

// The branches of a graph race as streams do.
func TestGraphRace(t *testing.T) {
	for seed := range uint64(20) {
		r := open(t, Options{Seed: seed, Lenient: true})
		a, b := r.stream(), r.stream()
		fork, join, p := r.event(), r.event(), r.alloc(64)
		r.ok(a.Begin(), a.Record(fork), b.Wait(fork), b.Fill(p, 1, 4), a.Fill(p, 2, 4), b.Record(join), a.Wait(join))
		g, err := a.End()
		r.ok(err, g.Launch(a), a.Sync())
		require.Equal(t, []Kind{StreamRace}, kinds(r))
		assert.ErrorContains(t, r.Findings()[0], "a branch of a graph")
	}
}

func TestCaptureRules(t *testing.T) {
	v, err := New(Options{Devices: []driver.Info{A100, A100}})
	require.NoError(t, err)
	r, other := openOn(t, v, 0), openOn(t, v, 1)
	p, h := r.alloc(64), r.pin(64)
	m := r.load(sum)

	// Calls that a capture does not survive.
	for what, call := range map[string]func(s driver.Capturer) error{
		"Alloc":  func(driver.Capturer) error { _, err := r.Alloc(4); return err },
		"Free":   func(driver.Capturer) error { return r.Free(p) },
		"Pin":    func(driver.Capturer) error { _, err := r.Pin(4); return err },
		"unpin":  func(driver.Capturer) error { return h.Free() },
		"Load":   func(driver.Capturer) error { _, err := r.Load([]byte(sum)); return err },
		"unload": func(driver.Capturer) error { return m.Close() },
		"Sync":   func(s driver.Capturer) error { return s.Sync() },
	} {
		s := r.stream()
		r.ok(s.Begin(), s.Fill(p, 1, 4))
		assert.Equal(t, driver.CaptureUnsupported, code(call(s)), what)
		assert.Equal(t, driver.CaptureInvalidated, code(s.Fill(p, 1, 4)), what)
		_, err := s.End()
		assert.Equal(t, driver.CaptureInvalidated, code(err), what)
		r.ok(s.Fill(p, 1, 4), s.Sync(), s.Close())
	}

	a, b := r.stream(), r.stream()
	e, out := r.event(), r.event()
	_, err = a.End()
	assert.Equal(t, driver.IllegalState, code(err))
	r.ok(b.Record(out), a.Begin())
	assert.Equal(t, driver.IllegalState, code(a.Begin()))
	r.ok(a.Record(e))
	_, err = e.Done()
	assert.Equal(t, driver.CapturedEvent, code(err))
	_, err = e.Since(e)
	assert.Equal(t, driver.CapturedEvent, code(err))
	assert.Equal(t, driver.NotSupported, code(other.stream().Wait(e)))
	r.ok(b.Wait(e), b.Fill(p, 1, 4))
	_, err = a.End()
	assert.Equal(t, driver.CaptureUnjoined, code(err))
	assert.Equal(t, driver.CapturedEvent, code(b.Wait(e)))

	r.ok(a.Begin(), a.Record(e), b.Wait(e), b.Fill(p, 1, 4), b.Record(e), b.Fill(p, 2, 4), a.Wait(e))
	_, err = a.End()
	assert.Equal(t, driver.CaptureUnjoined, code(err))

	r.ok(a.Begin(), a.Record(e), b.Wait(e))
	_, err = b.End()
	assert.Equal(t, driver.CaptureUnmatched, code(err))
	_, err = a.End()
	assert.Equal(t, driver.CaptureInvalidated, code(err))

	r.ok(a.Begin())
	assert.Equal(t, driver.CaptureIsolation, code(a.Wait(out)))
	_, err = a.End()
	assert.Equal(t, driver.CaptureInvalidated, code(err))

	r.ok(a.Begin(), a.Record(e), b.Begin())
	assert.Equal(t, driver.CaptureMerge, code(b.Wait(e)))
	_, err = a.End()
	assert.Equal(t, driver.CaptureInvalidated, code(err))
	_, err = b.End()
	assert.Equal(t, driver.CaptureInvalidated, code(err))

	// A graph is checked again when it is launched.
	r.ok(a.Begin(), a.Fill(p, 1, 4), a.CopyIn(p, h, 0, 64))
	g, err := a.End()
	r.ok(err, a.Begin())
	assert.Equal(t, driver.NotSupported, code(g.Launch(a)))
	_, err = a.End()
	r.ok(err)
	assert.Equal(t, driver.InvalidContext, code(g.Launch(other.stream())))
	assert.Equal(t, driver.InvalidHandle, code(g.Launch(nil)))
	r.ok(g.Launch(a), a.Sync(), h.Free())
	assert.Equal(t, driver.InvalidValue, code(g.Launch(a)))

	// A stream that is closed under its capture.
	r.ok(a.Begin(), a.Record(e), b.Wait(e), b.Close())
	_, err = a.End()
	assert.Equal(t, driver.CaptureInvalidated, code(err))
	r.ok(a.Begin(), a.Close(), other.Close(), r.Close())
}
