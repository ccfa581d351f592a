//go:build cuda && linux && (amd64 || arm64)

package nvidia_test

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-go/rapt/cuda"
	"github.com/rapt-go/rapt/cuda/driver"
	"github.com/rapt-go/rapt/cuda/nvidia"
	"github.com/rapt-go/rapt/cuda/nvidia/standin"
	"github.com/rapt-go/rapt/cuda/sim"
	"github.com/rapt-go/rapt/gpu"
)

// Codes that any call may return, also because of work that was queued before.
var faults = []driver.Code{driver.InvalidValue, driver.OutOfMemory, driver.NotInitialized, driver.Deinitialized, driver.InvalidContext, driver.InvalidHandle,
	driver.NotReady, driver.IllegalAddress, driver.LaunchFailed, driver.NotPermitted, driver.NotSupported, driver.CaptureInvalidated, driver.Unknown, 46}

// nth fails the nth call of a function from now on.
func nth(s *standin.Server, function string, n int, c driver.Code) {
	s.Fail(func(call string) driver.Code {
		if call != function {
			return 0
		}
		if n--; n == 0 {
			return c
		}
		return 0
	})
}

// public is a function's name in the documentation.
func public(function string) string {
	return regexp.MustCompile(`_v\d$`).ReplaceAllString(function, "")
}

// Each call of a run through the whole seam fails once with each code. The error names the function and has the code; the
// device closes, and leaves nothing behind.
func TestFaults(t *testing.T) {
	v, s := served(t, sim.Options{})
	before := s.Calls()
	var r rig
	require.NoError(t, r.run(v))
	require.NoError(t, r.device.Close())
	runs := 0
	for function, n := range s.Calls() {
		n -= before[function]
		if strings.HasPrefix(function, "cuGetError") || n == 0 {
			continue
		}
		codes := faults
		if testing.Short() {
			codes = faults[1:2]
		}
		for i, c := range codes {
			runs++
			left := s.Live()
			nth(s, function, 1+i%n, c)
			var r rig
			err := r.run(v)
			if r.device != nil {
				err = errors.Join(err, r.device.Close())
			}
			s.Fail(nil)
			if function != "cuCtxDestroy_v2" { // which has refused to free it all
				require.Equal(t, left, s.Live(), "%s fails with %v: something is left", function, c)
			}
			if function == "cuEventQuery" && c == driver.NotReady {
				require.EqualError(t, err, "false, expected true", "which says that the event is not done")
				continue
			}
			if function == "cuDeviceGetAttribute" && c == driver.InvalidValue && err == nil {
				continue // a younger attribute
			}
			var e *driver.Error
			require.True(t, errors.As(err, &e), "%s fails with %v: %v", function, c, err)
			require.Equal(t, c, e.Code, "%s: %v", function, err)
			require.Contains(t, err.Error(), public(function))
			require.Contains(t, err.Error(), "description of ")
		}
	}
	t.Logf("%d runs", runs)
}

// The error of an error is no error: without descriptions, messages are shorter.
func TestWithoutDescriptions(t *testing.T) {
	v, s := served(t, sim.Options{})
	s.Fail(func(string) driver.Code { return driver.OutOfMemory })
	_, err := v.Open(0)
	assert.EqualError(t, err, "cuDeviceGetCount: CUDA_ERROR_OUT_OF_MEMORY (2)")
}

// The same through the backend, which works again where the context is not lost.
func TestBackendFaults(t *testing.T) {
	v, s := served(t, sim.Options{})
	run := func() (b *cuda.Backend, err error) {
		if b, err = cuda.Open(v, 0, cuda.Workspace(1<<10)); err != nil {
			return nil, err
		}
		var q gpu.Queue
		stream, err := gpu.NewStream(b, func(own gpu.Queue) gpu.Queue { q = own; return own })
		if err != nil {
			return b, err
		}
		x := stream.Temp(gpu.F32, 1, 8)
		fill := func() error { stream.Do(&gpu.Fill{Dst: x, Value: 3}); return stream.Err() }
		err = fill()
		var g gpu.Graph
		if err == nil {
			g, err = q.(gpu.Capturer).Capture(fill)
		}
		if err == nil {
			err = errors.Join(g.Launch(), g.Close())
		}
		if err == nil {
			var got []float32
			if got, err = gpu.Read[float32](stream, x); err == nil && got[7] != 3 {
				err = errors.New("wrong")
			}
		}
		return b, errors.Join(err, stream.Close())
	}
	before := s.Calls()
	b, err := run()
	require.NoError(t, err)
	require.NoError(t, b.Close())
	require.Zero(t, s.Live())
	for function, n := range s.Calls() {
		n -= before[function]
		if strings.HasPrefix(function, "cuGetError") || function == "cuMemGetInfo_v2" || n == 0 {
			continue // a backend whose free memory is not known says 0
		}
		for _, c := range []driver.Code{driver.OutOfMemory, driver.LaunchFailed, driver.Unknown} {
			for _, i := range []int{1, n/2 + 1, n} {
				left := s.Live()
				nth(s, function, i, c)
				b, err := run()
				if b != nil {
					err = errors.Join(err, b.Close())
				}
				s.Fail(nil)
				if function != "cuCtxDestroy_v2" {
					require.Equal(t, left, s.Live(), "%s %d", function, i)
				}
				require.ErrorIs(t, err, &driver.Error{Code: c}, "%s %d", function, i)
				require.ErrorContains(t, err, public(function))
			}
		}
	}
}

// A device that is lost answers every call with the same code, and closes without saying it again.
func TestLost(t *testing.T) {
	v, s := served(t, sim.Options{})
	d, err := v.Open(0)
	require.NoError(t, err)
	stream, err := d.NewStream()
	require.NoError(t, err)
	lost := &driver.Error{Code: driver.IllegalAddress}
	s.Fail(func(call string) driver.Code {
		if strings.HasPrefix(call, "cuGetError") || strings.HasPrefix(call, "cuCtxSet") {
			return 0
		}
		return driver.IllegalAddress
	})
	require.ErrorIs(t, stream.Sync(), lost)
	_, err = d.Alloc(4)
	require.ErrorIs(t, err, lost)
	require.NoError(t, d.Close())

	s.Fail(nil)
	d, err = v.Open(0)
	require.NoError(t, err, "another context lives")
	s.Fail(func(call string) driver.Code {
		if call == "cuCtxSynchronize" {
			return driver.IllegalAddress
		}
		return 0
	})
	require.ErrorIs(t, d.Close(), lost, "nobody has been told")
	s.Fail(nil)
	d, err = v.Open(0)
	require.NoError(t, err)
	_, err = d.Pin(4)
	require.NoError(t, err)
	s.Fail(func(call string) driver.Code {
		if strings.HasPrefix(call, "cuGetError") || strings.HasPrefix(call, "cuCtxSet") {
			return 0
		}
		return driver.IllegalAddress
	})
	err = d.Close()
	require.ErrorIs(t, err, lost)
	require.NotContains(t, err.Error(), "\n", "once is enough")
	s.Fail(nil)
	_, err = nvidia.New(nvidia.Options{Library: s.Library})
	require.NoError(t, err)
}
