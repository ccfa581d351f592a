//go:build cuda && linux && (amd64 || arm64)

package nvidia_test

import (
	"encoding/binary"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-go/rapt/cuda/driver"
	"github.com/rapt-go/rapt/cuda/nvidia"
	"github.com/rapt-go/rapt/cuda/nvidia/standin"
	"github.com/rapt-go/rapt/cuda/sim"
)

// Many goroutines, on two devices with streams of their own, moved between threads as often as possible: a call on the
// wrong context would fail, for each device has a value of its own.
func TestThreads(t *testing.T) {
	v, s := served(t, sim.Options{Devices: []driver.Info{sim.A100, sim.L4}})
	var devices []driver.Device
	for i := range 2 {
		d, err := v.Open(i)
		require.NoError(t, err)
		devices = append(devices, d)
	}
	var wg sync.WaitGroup
	fail := make(chan error, 16)
	for k := range 8 {
		wg.Go(func() { fail <- count(devices[k%2], k) })
	}
	wg.Wait()
	for range 8 {
		require.NoError(t, <-fail)
	}
	for _, d := range devices {
		require.NoError(t, d.Close())
	}
	require.Zero(t, s.Live())
}

// count adds up on a device, each step on another thread if the scheduler can.
func count(d driver.Device, k int) error {
	m, err := d.Load([]byte(add))
	if err != nil {
		return err
	}
	f, err := m.Func("add")
	if err != nil {
		return err
	}
	p, err := d.Alloc(4 * words)
	if err != nil {
		return err
	}
	h, err := d.Pin(4 * words)
	if err != nil {
		return err
	}
	s, err := d.NewStream()
	if err != nil {
		return err
	}
	c := driver.Config{Grid: [3]int{1, 1, 1}, Block: [3]int{words, 1, 1}}
	if err := s.Fill(p, uint32(k), words); err != nil {
		return err
	}
	const steps = 20
	for range steps {
		done := make(chan error)
		go func() {
			runtime.LockOSThread() // ends its thread, so that the next is another
			done <- s.Launch(f, c, []driver.Arg{driver.Addr(p), 3})
		}()
		if err := <-done; err != nil {
			return err
		}
	}
	if err := s.CopyOut(h, 0, 4*words, p); err != nil {
		return err
	}
	if err := s.Sync(); err != nil {
		return err
	}
	return want(int(binary.LittleEndian.Uint32(h.Bytes()[4*(words-1):])), k+3*steps)
}

// A device closes under goroutines that use it, and while work is queued: they get errors.
func TestCloseUnderWork(t *testing.T) {
	v, s := served(t, sim.Options{})
	for range 20 {
		d, err := v.Open(0)
		require.NoError(t, err)
		var started, wg sync.WaitGroup
		for range 4 {
			started.Add(1)
			wg.Go(func() {
				stream, err := d.NewStream()
				started.Done()
				for i := 0; err == nil; i++ {
					p, fail := d.Alloc(64)
					if fail != nil {
						err = fail
						break
					}
					if err = stream.Fill(p, 0, 16); err == nil && i%4 == 0 {
						err = stream.Sync()
					}
				}
				assert.Regexp(t, "was closed", err)
			})
		}
		started.Wait()
		require.NoError(t, d.Close())
		wg.Wait()
		require.Zero(t, s.Live())
	}
}

// Graphs whose recording ends while the device closes are the device's all the same, and closed with it.
func TestCloseWhileRecording(t *testing.T) {
	v, err := nvidia.New(nvidia.Options{Library: standin.Empty(t)})
	require.NoError(t, err)
	for range 500 {
		d, err := v.Open(0)
		require.NoError(t, err)
		var graphs []driver.Graph
		var wg sync.WaitGroup
		started := make(chan struct{})
		s, err := d.NewStream()
		require.NoError(t, err)
		wg.Go(func() {
			for c := s.(driver.Capturer); c.Begin() == nil; {
				g, err := c.End()
				if err != nil {
					break
				}
				if graphs = append(graphs, g); len(graphs) == 1 {
					close(started)
				}
			}
		})
		<-started
		require.NoError(t, d.Close())
		wg.Wait()
		for _, g := range graphs {
			require.ErrorIs(t, g.Close(), &driver.Error{Code: driver.InvalidHandle})
		}
	}
}

// The system keeps the reason why a library does not load by thread, so that goroutines must not lose it or see another's.
func TestReasonsByThread(t *testing.T) {
	var wg sync.WaitGroup
	for k := range 8 {
		wg.Go(func() {
			file := fmt.Sprintf("/nonexistent/%d/libcuda.so.1", k)
			for range 200 {
				_, err := nvidia.New(nvidia.Options{Library: file})
				if !assert.Error(t, err) || !assert.Regexp(t, file+": .", err.Error()) {
					return
				}
			}
		})
	}
	wg.Wait()
}

// Ten thousand times everything, without growth, against a driver that does nothing.
func TestNoGrowth(t *testing.T) {
	v, err := nvidia.New(nvidia.Options{Library: standin.Empty(t)})
	require.NoError(t, err)
	once := func() {
		d, err := v.Open(0)
		require.NoError(t, err)
		m, err := d.Load([]byte(add))
		require.NoError(t, err)
		s, err := d.NewStream()
		require.NoError(t, err)
		e, err := d.NewEvent()
		require.NoError(t, err)
		require.NoError(t, s.(driver.Capturer).Begin())
		g, err := s.(driver.Capturer).End()
		require.NoError(t, err)
		_, err = d.Pin(1 << 16)
		require.NoError(t, err)
		require.NoError(t, e.Close())
		require.NoError(t, g.Close())
		require.NoError(t, m.Close())
		require.NoError(t, d.Close())
	}
	n := 10000
	if testing.Short() {
		n = 1000
	}
	for range n / 10 {
		once()
	}
	before := resident(t)
	for range n {
		once()
	}
	// What is pinned alone would be 640 MiB.
	assert.Less(t, resident(t)-before, 16<<20)
}

// resident is the process's memory after a collection, in bytes.
func resident(t *testing.T) int {
	runtime.GC()
	b, err := os.ReadFile("/proc/self/status")
	require.NoError(t, err)
	_, rest, found := strings.Cut(string(b), "VmRSS:")
	require.True(t, found)
	var n int
	_, err = fmt.Sscanf(rest, "%d kB", &n)
	require.NoError(t, err)
	return n << 10
}

// launcher is what a launch on the driver that does nothing needs.
func launcher(tb testing.TB) (driver.Stream, driver.Func, []driver.Arg) {
	v, err := nvidia.New(nvidia.Options{Library: standin.Empty(tb)})
	require.NoError(tb, err)
	d, err := v.Open(0)
	require.NoError(tb, err)
	tb.Cleanup(func() { d.Close() })
	m, err := d.Load([]byte(add))
	require.NoError(tb, err)
	f, err := m.Func("add")
	require.NoError(tb, err)
	s, err := d.NewStream()
	require.NoError(tb, err)
	return s, f, []driver.Arg{1, 2}
}

var once = driver.Config{Grid: [3]int{1, 1, 1}, Block: [3]int{1, 1, 1}}

func TestLaunchAllocations(t *testing.T) {
	s, f, args := launcher(t)
	n := testing.AllocsPerRun(100, func() {
		if err := s.Launch(f, once, args); err != nil {
			t.Error(err)
		}
	})
	assert.Zero(t, n)
}

func BenchmarkLaunch(b *testing.B) {
	s, f, args := launcher(b)
	b.ReportAllocs()
	for b.Loop() {
		if err := s.Launch(f, once, args); err != nil {
			b.Fatal(err)
		}
	}
}
