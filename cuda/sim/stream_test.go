package sim

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-go/rapt/cuda/driver"
)

// kinds are the kinds of the findings.
func kinds(r *rig) (list []Kind) {
	for _, f := range r.Findings() {
		list = append(list, f.Kind)
	}
	return list
}

// The order of two streams is not fixed, but for events and Sync.
func TestOrders(t *testing.T) {
	last := map[uint32]int{}
	for seed := range uint64(60) {
		r := open(t, Options{Seed: seed, Off: StreamRaces})
		a, b, c := r.stream(), r.stream(), r.stream()
		p, h := r.alloc(4), r.pin(4)
		e, f := r.event(), r.event()
		r.ok(a.Fill(p, 1, 1), a.Record(e), b.Fill(p, 2, 1), b.Record(f), c.Wait(e), c.Wait(f), c.CopyOut(h, 0, 4, p), c.Sync())
		last[toWords(h)[0]]++
	}
	assert.Len(t, last, 2, "%v", last)

	for seed := range uint64(20) {
		r := open(t, Options{Seed: seed})
		a, b := r.stream(), r.stream()
		p, h, e := r.alloc(4), r.pin(4), r.event()
		r.ok(a.Fill(p, 1, 1), a.Record(e), b.Wait(e), b.Fill(p, 2, 1))
		// The place of the last record before the wait counts.
		r.ok(b.Record(e), a.Wait(e), a.Fill(p, 3, 1), a.Sync(), b.CopyOut(h, 0, 4, p), b.Sync())
		assert.EqualValues(t, 3, toWords(h)[0])
		assert.Empty(t, r.Findings())
	}
}

func TestEvents(t *testing.T) {
	for seed := range uint64(6) {
		r := open(t, Options{Seed: seed})
		s, p := r.stream(), r.alloc(1<<20)
		from, to := r.event(), r.event()
		done, err := from.Done() // never recorded
		r.ok(err, s.Wait(from))
		assert.True(t, done)
		_, err = to.Since(from)
		assert.Equal(t, driver.InvalidHandle, code(err))
		r.ok(s.Record(from), s.Fill(p, 1, 1<<18), s.Fill(p, 2, 1<<18), s.Record(to))
		if seed == 0 {
			_, err = to.Since(from)
			assert.Equal(t, driver.NotReady, code(err))
		}
		for n := 0; ; n++ {
			require.Less(t, n, 100)
			done, err := to.Done()
			r.ok(err)
			if done {
				break
			}
		}
		d, err := to.Since(from)
		r.ok(err)
		assert.Equal(t, 2*(1024+1000)*time.Nanosecond, d)
		r.ok(r.Free(p)) // Done is a wait
		assert.Empty(t, r.Findings())
	}
}

// Devices are ordered by events as streams are.
func TestTwoDevices(t *testing.T) {
	for seed := range uint64(20) {
		v, err := New(Options{Seed: seed, Devices: []driver.Info{A100, H100}})
		require.NoError(t, err)
		r, o := openOn(t, v, 0), openOn(t, v, 1)
		a, b, h, back := r.stream(), o.stream(), r.pin(4), r.pin(4)
		p, q, e := r.alloc(4), o.alloc(4), r.event()
		r.ok(a.Fill(p, 7, 1), a.CopyOut(h, 0, 4, p), a.Record(e), b.Wait(e), b.CopyIn(q, h, 0, 4), b.CopyOut(back, 0, 4, q), b.Sync())
		assert.EqualValues(t, 7, toWords(back)[0])
		// A lost device does not touch the other, nor does it hold up who waits for it.
		r.ok(a.Launch(r.kernel(entry("7.0", "sm_80", "\ttrap;\n"), "k"), grid(1, 1), []driver.Arg{0}))
		if err := a.Record(e); err != nil { // it has run already
			assert.Equal(t, driver.LaunchFailed, code(err))
		}
		r.ok(b.Wait(e), b.Fill(q, 1, 1), b.Sync())
		assert.Equal(t, driver.LaunchFailed, code(a.Sync()))
		r.ok(b.Sync())
		// Host memory goes with its device, when the other has what it was asked to copy from it.
		h = o.words(9)
		r = openOn(t, v, 0)
		a, p, back = r.stream(), r.alloc(4), r.pin(4)
		r.ok(a.CopyIn(p, h, 0, 4), o.Close(), a.CopyOut(back, 0, 4, p), a.Sync())
		assert.EqualValues(t, 9, toWords(back)[0])
	}
}

// Streams that touch the same bytes without order are reported whatever order they ran in; those that
// touch others, or are ordered, are not.
func TestStreamRaces(t *testing.T) {
	for seed := range uint64(20) {
		for _, c := range []struct {
			what string
			want bool
			run  func(r *rig, a, b driver.Stream, p driver.Ptr, h driver.Host) error
		}{
			{"write, write", true, func(r *rig, a, b driver.Stream, p driver.Ptr, h driver.Host) error {
				r.ok(a.Fill(p, 1, 8))
				return b.Fill(p+28, 2, 8)
			}},
			{"write, read", true, func(r *rig, a, b driver.Stream, p driver.Ptr, h driver.Host) error {
				r.ok(a.Fill(p, 1, 8))
				return b.CopyOut(h, 0, 4, p)
			}},
			{"read, write", true, func(r *rig, a, b driver.Stream, p driver.Ptr, h driver.Host) error {
				r.ok(a.Copy(p+256, p, 64))
				return b.CopyIn(p+60, h, 0, 8)
			}},
			{"neighbours", false, func(r *rig, a, b driver.Stream, p driver.Ptr, h driver.Host) error {
				r.ok(a.Fill(p, 1, 8))
				return b.Fill(p+32, 2, 8)
			}},
			{"read, read", false, func(r *rig, a, b driver.Stream, p driver.Ptr, h driver.Host) error {
				r.ok(a.Copy(p+256, p, 64))
				return b.Copy(p+512, p, 64)
			}},
			{"the same host bytes", true, func(r *rig, a, b driver.Stream, p driver.Ptr, h driver.Host) error {
				r.ok(a.CopyOut(h, 0, 8, p))
				return b.CopyIn(p+256, h, 4, 8)
			}},
			{"an event between", false, func(r *rig, a, b driver.Stream, p driver.Ptr, h driver.Host) error {
				e := r.event()
				r.ok(a.Fill(p, 1, 8), a.Record(e), b.Wait(e))
				return b.Fill(p, 2, 8)
			}},
			{"an event too early", true, func(r *rig, a, b driver.Stream, p driver.Ptr, h driver.Host) error {
				e := r.event()
				r.ok(a.Record(e), a.Fill(p, 1, 8), b.Wait(e))
				return b.Fill(p, 2, 8)
			}},
			{"Sync between", false, func(r *rig, a, b driver.Stream, p driver.Ptr, h driver.Host) error {
				r.ok(a.Fill(p, 1, 8), a.Sync())
				return b.Fill(p, 2, 8)
			}},
			{"Sync between, beside older work", false, func(r *rig, a, b driver.Stream, p driver.Ptr, h driver.Host) error {
				r.ok(r.stream().Fill(p+512, 1, 8), a.Fill(p, 1, 8), a.Sync())
				return b.Fill(p, 2, 8)
			}},
			{"older work than Sync", true, func(r *rig, a, b driver.Stream, p driver.Ptr, h driver.Host) error {
				r.ok(b.Fill(p, 2, 8), a.Fill(p, 1, 8), a.Sync())
				return nil
			}},
			{"a third stream between", false, func(r *rig, a, b driver.Stream, p driver.Ptr, h driver.Host) error {
				c, e, f := r.stream(), r.event(), r.event()
				r.ok(a.Fill(p, 1, 8), a.Record(e), c.Wait(e), c.Record(f), b.Wait(f))
				return b.Fill(p, 2, 8)
			}},
		} {
			r := open(t, Options{Seed: seed, Lenient: true})
			a, b, s := r.stream(), r.stream(), r.stream()
			p, h := r.alloc(1024), r.pin(64)
			r.ok(s.Fill(p, 0, 256), s.Sync(), c.run(r, a, b, p, h), a.Sync(), b.Sync())
			if c.want {
				assert.Contains(t, kinds(r), StreamRace, "seed %d: %s", seed, c.what)
			} else {
				assert.Empty(t, kinds(r), "seed %d: %s", seed, c.what)
			}
		}
	}
}

// Kernels race with what is queued on other streams, to the byte, but for atomic operations.
func TestKernelRaces(t *testing.T) {
	for seed := range uint64(20) {
		for _, c := range []struct {
			what        string
			body, other string // nothing: a copy of words 4 to 6
			want        bool
		}{
			{"reads what a copy reads", "\tld.global.u32 %r0, [%rd0+16];\n\tst.global.u32 [%rd0+32], %r0;\n", "", false},
			{"writes beside a copy", "\tst.global.u32 [%rd0+12], 1;\n\tst.global.u32 [%rd0+28], 1;\n", "", false},
			{"writes what a copy reads", "\tst.global.u8 [%rd0+27], 1;\n", "", true},
			{"adds what a copy reads", "\tred.global.add.u32 [%rd0+16], 1;\n", "", true},
			{"writes what a kernel reads", "\tst.global.u32 [%rd0], 1;\n", "\tld.global.u32 %r0, [%rd0];\n\tst.global.u32 [%rd0+4], %r0;\n", true},
			{"adds what a kernel adds", "\tred.global.add.u32 [%rd0], 1;\n", "\tatom.global.add.u32 %r0, [%rd0], 1;\n", false},
			{"adds what a kernel writes", "\tred.global.add.u32 [%rd0], 1;\n", "\tst.global.u32 [%rd0], 1;\n", true},
		} {
			r := open(t, Options{Seed: seed, Lenient: true})
			a, b, s, p := r.stream(), r.stream(), r.stream(), r.alloc(1024)
			args := []driver.Arg{driver.Addr(p)}
			f := r.kernel(entry("7.0", "sm_80", c.body), "k")
			r.ok(s.Fill(p, 0, 256), s.Sync(), a.Launch(f, grid(1, 1), args))
			if c.other == "" {
				r.ok(b.Copy(p+512, p+16, 12))
			} else {
				r.ok(b.Launch(r.kernel(entry("7.0", "sm_80", c.other), "k"), grid(1, 1), args))
			}
			r.ok(a.Sync(), b.Sync())
			if c.want {
				assert.Equal(t, []Kind{StreamRace}, kinds(r), "seed %d: %s", seed, c.what)
			} else {
				assert.Empty(t, kinds(r), "seed %d: %s", seed, c.what)
			}
			// In one stream nothing races.
			r = open(t, Options{Seed: seed})
			u := r.stream()
			p = r.alloc(1024)
			f = r.kernel(entry("7.0", "sm_80", c.body), "k")
			r.ok(u.Fill(p, 0, 256), u.Launch(f, grid(1, 1), []driver.Arg{driver.Addr(p)}), u.Copy(p+512, p+16, 16), u.Sync())
		}
	}
}

// What a finding says.
func TestFindingText(t *testing.T) {
	r := open(t, Options{})
	a, b, p := r.stream(), r.stream(), r.alloc(64)
	r.ok(a.Fill(p, 1, 16), b.Fill(p+32, 1, 4), a.Sync())
	err := b.Sync()
	require.Equal(t, driver.LaunchFailed, code(err))
	text := fmt.Sprintf(`sync: CUDA_ERROR_LAUNCH_FAILED (719): fill of 4 words: race between streams: it writes bytes 32 to 47 of allocation #1 (64 bytes at %#x), which the other writes, with nothing that orders the two
	on stream 2
	conflicts with fill of 16 words on stream 1`, uint64(p))
	assert.EqualError(t, err, text)
}

func TestHostBuffers(t *testing.T) {
	run := func(seed uint64, f func(r *rig, s driver.Stream, p driver.Ptr, h driver.Host)) *rig {
		r := open(t, Options{Seed: seed, Lenient: true})
		s, p, h := r.stream(), r.alloc(64), r.pin(64)
		f(r, s, p, h)
		r.ok(s.Sync())
		return r
	}
	changed := func(r *rig, s driver.Stream, p driver.Ptr, h driver.Host) {
		r.ok(s.CopyIn(p, h, 0, 32))
		h.Bytes()[31] = 1
	}
	beside := func(r *rig, s driver.Stream, p driver.Ptr, h driver.Host) {
		r.ok(s.CopyIn(p, h, 0, 32))
		h.Bytes()[32] = 1
	}
	written := func(r *rig, s driver.Stream, p driver.Ptr, h driver.Host) {
		r.ok(s.Fill(p, 0, 16), s.CopyOut(h, 0, 32, p))
		h.Bytes()[31] = 1
	}
	roundTrip := func(r *rig, s driver.Stream, p driver.Ptr, h driver.Host) {
		copy(h.Bytes(), "from the host")
		r.ok(s.CopyIn(p, h, 0, 64), s.CopyOut(h, 0, 64, p), s.CopyIn(p, h, 0, 64), s.CopyOut(h, 0, 32, p), s.CopyOut(h, 16, 32, p+16), s.Sync())
		assert.Equal(t, "from the host", string(h.Bytes()[:13]))
	}
	for seed := range uint64(21) {
		if paceOf(seed) == late { // the others may have copied before the change
			assert.Equal(t, []Kind{HostChanged}, kinds(run(seed, changed)))
			assert.Equal(t, []Kind{HostWritten}, kinds(run(seed, written)))
		}
		assert.Empty(t, kinds(run(seed, beside)))
		assert.Empty(t, kinds(run(seed, roundTrip)))
	}
	// What was queued late reads as poison until it is waited for.
	r := open(t, Options{})
	s, p, h := r.stream(), r.alloc(64), r.pin(64)
	r.ok(s.Fill(p, 5, 16), s.CopyOut(h, 0, 4, p))
	assert.EqualValues(t, uint32(0xcdcdcdcd), toWords(h)[0])
	r.ok(s.Sync())
	assert.EqualValues(t, 5, toWords(h)[0])

	r = open(t, Options{Off: HostBuffers, Lenient: true})
	s, p, h = r.stream(), r.alloc(64), r.pin(64)
	changed(r, s, p, h)
	written(r, s, p, h)
	r.ok(s.Sync())
	assert.Empty(t, r.Findings())
}

func TestUninitCopy(t *testing.T) {
	r := open(t, Options{})
	s, p, q, h := r.stream(), r.alloc(64), r.alloc(64), r.pin(64)
	r.ok(s.Fill(p, 0, 8), s.CopyOut(h, 0, 32, p), s.Copy(q, p, 64), s.CopyOut(h, 0, 32, q), s.Sync())
	r.ok(s.CopyOut(h, 0, 33, q))
	err := s.Sync()
	assert.Equal(t, driver.LaunchFailed, code(err))
	assert.ErrorContains(t, err, "nothing wrote byte 32 of allocation #2")
	r = open(t, Options{Off: UninitCopies})
	s = r.stream()
	r.ok(s.CopyOut(r.pin(64), 0, 32, r.alloc(64)), s.Sync())
}

// Whatever the seed, freeing under work that nobody has waited for is a finding.
func TestFreedInUse(t *testing.T) {
	for seed := range uint64(6) {
		for what, free := range map[string]func(r *rig, m driver.Module, p driver.Ptr, h driver.Host) error{
			"memory": func(r *rig, m driver.Module, p driver.Ptr, h driver.Host) error { return r.Free(p) },
			"host":   func(r *rig, m driver.Module, p driver.Ptr, h driver.Host) error { return h.Free() },
			"module": func(r *rig, m driver.Module, p driver.Ptr, h driver.Host) error { return m.Close() },
		} {
			queue := func(r *rig) (driver.Stream, driver.Module, driver.Ptr, driver.Host) {
				s, p, h, m := r.stream(), r.alloc(1024), r.pin(1024), r.load(sum)
				f, err := m.Func("sum")
				r.ok(err, s.CopyIn(p, h, 0, 1024), s.Launch(f, grid(1, 256), []driver.Arg{driver.Addr(r.alloc(4)), driver.Addr(p)}))
				return s, m, p, h
			}
			r := open(t, Options{Seed: seed})
			_, m, p, h := queue(r)
			err := free(r, m, p, h)
			assert.Equal(t, driver.LaunchFailed, code(err), what)
			assert.Equal(t, []Kind{FreedInUse}, kinds(r))

			r = open(t, Options{Seed: seed})
			s, m, p, h := queue(r)
			r.ok(s.Sync(), free(r, m, p, h), s.Sync())

			// Without the check, Free waits as cuMemFree does.
			r = open(t, Options{Seed: seed, Off: Frees})
			s, m, p, h = queue(r)
			r.ok(free(r, m, p, h), s.Sync())
			assert.Empty(t, r.Findings())
		}
	}
}

// Variables of a module are memory of the device, which goes with the module.
func TestGlobal(t *testing.T) {
	r := open(t, Options{})
	s, h := r.stream(), r.pin(8)
	m := r.load(".version 7.0\n.target sm_80\n.address_size 64\n.global .u32 x[3] = {1, 2};\n.const .u32 c = 7;\n")
	x, n, err := m.Global("x")
	r.ok(err)
	assert.Equal(t, 12, n)
	c, _, err := m.Global("c")
	r.ok(err, s.CopyOut(h, 0, 4, x+4), s.CopyOut(h, 4, 4, c), s.Sync())
	assert.Equal(t, []uint32{2, 7}, toWords(h))
	r.ok(s.CopyIn(c, h, 0, 4), s.CopyOut(h, 4, 4, c), s.Sync())
	assert.Equal(t, []uint32{2, 2}, toWords(h))
	assert.Equal(t, driver.InvalidValue, code(r.Free(x)))
	r.ok(s.Fill(x, 0, 3))
	assert.Equal(t, driver.LaunchFailed, code(m.Close()))
	assert.Equal(t, []Kind{FreedInUse}, kinds(r))
}

// What is remembered for races has a bound.
func TestRemember(t *testing.T) {
	var r order
	s := &stream{}
	first := &op{stream: s}
	r.remember(first) // it has not run, and stays
	for range maxRecent + 100 {
		r.remember(&op{stream: s, done: true})
	}
	assert.Len(t, r.recent, maxRecent)
	assert.Same(t, first, r.recent[0])
}

// A stream does not hold more than hardware's does, and closing it loses nothing.
func TestQueue(t *testing.T) {
	r := open(t, Options{})
	s, u, p, h, e := r.stream(), r.stream(), r.alloc(4), r.pin(4), r.event()
	const n = 3 * maxQueued
	for i := range n {
		r.ok(s.Fill(p, uint32(i), 1))
		assert.LessOrEqual(t, len(s.(*stream).queue), maxQueued)
	}
	r.ok(s.Record(e), s.Close())
	assert.Len(t, r.drv.streams, 2)
	r.ok(u.Wait(e), u.CopyOut(h, 0, 4, p), u.Sync())
	assert.EqualValues(t, n-1, toWords(h)[0])
	assert.Len(t, r.drv.streams, 1)
	// Its timeline is used again, and what the host knows is forgotten.
	assert.Len(t, r.drv.order.unused, 1)
	assert.Empty(t, r.drv.order.recent)
	r.stream()
	assert.Empty(t, r.drv.order.unused)
}
