//go:build cuda && linux && (amd64 || arm64)

package nvidia_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-go/rapt/cuda/driver"
	"github.com/rapt-go/rapt/cuda/nvidia"
	"github.com/rapt-go/rapt/cuda/nvidia/standin"
	"github.com/rapt-go/rapt/cuda/sim"
)

// Everything that the seam has, and what the driver says of itself and of its devices.
func TestSeam(t *testing.T) {
	for _, info := range []driver.Info{sim.T4, sim.A100, sim.H100} {
		v, s := served(t, sim.Options{Devices: []driver.Info{info, sim.L4}, Version: 12040})
		assert.Equal(t, "nvidia, CUDA 12.4", v.Name())
		assert.Equal(t, 12040, v.Version())
		infos, err := v.Devices()
		require.NoError(t, err)
		require.Len(t, infos, 2)
		info.UUID = infos[0].UUID
		assert.NotZero(t, info.UUID)
		assert.Equal(t, info, infos[0])
		var r rig
		require.NoError(t, r.run(v))
		assert.Equal(t, info, r.device.Info())
		assert.Equal(t, "add", r.fn.Name())
		assert.Equal(t, 64, r.fn.Attrs().MaxThreads)
		require.NoError(t, r.device.Close())
		assert.Zero(t, s.Live())
		_, err = v.Open(2)
		assert.ErrorIs(t, err, &driver.Error{Code: driver.InvalidDevice})
	}
}

// A driver of CUDA 11.0 does not know the youngest attribute.
func TestOldestDriver(t *testing.T) {
	v, _ := served(t, sim.Options{Version: 11000})
	infos, err := v.Devices()
	require.NoError(t, err)
	assert.Equal(t, 1024, infos[0].SharedReserved)
}

func TestUnavailable(t *testing.T) {
	unavailable := func(library string) *nvidia.Unavailable {
		d, err := nvidia.New(nvidia.Options{Library: library})
		require.Nil(t, d)
		var u *nvidia.Unavailable
		require.True(t, errors.As(err, &u), "%v", err)
		return u
	}
	start := func(o sim.Options, without ...string) *standin.Server {
		d, err := sim.New(o)
		require.NoError(t, err)
		return standin.Start(t, d, without...)
	}

	u := unavailable("/nonexistent/libcuda.so.1")
	assert.ErrorContains(t, u, "NVIDIA's driver does not load: /nonexistent/libcuda.so.1: ")
	assert.Equal(t, "install the driver of an NVIDIA GPU", u.Remedy)
	garbage := filepath.Join(t.TempDir(), "libcuda.so.1")
	require.NoError(t, os.WriteFile(garbage, []byte("no library"), 0o600))
	assert.ErrorContains(t, unavailable(garbage), "does not load: "+garbage+": ")

	u = unavailable(start(sim.Options{}, "cuGraphLaunch", "cuMemHostAlloc").Library)
	assert.ErrorContains(t, u, "is too old or broken: it lacks cuMemHostAlloc, cuGraphLaunch")
	assert.Equal(t, "install NVIDIA's driver 450 or newer", u.Remedy)
	u = unavailable(start(sim.Options{}, "cuInit", "cuCtxSynchronize", "cuGraphLaunch", "cuMemHostAlloc", "cuGraphExecDestroy").Library)
	assert.ErrorContains(t, u, "it lacks cuInit, cuCtxSynchronize, cuMemHostAlloc and 2 more")

	u = unavailable(start(sim.Options{Version: 10020}).Library)
	assert.EqualError(t, u, "NVIDIA's driver is too old: it serves CUDA 10.2, CUDA 11.0 is needed")
	assert.Equal(t, "install NVIDIA's driver 450 or newer", u.Remedy)

	u = unavailable(start(sim.Options{Devices: []driver.Info{}}).Library)
	assert.ErrorContains(t, u, "NVIDIA's driver finds no GPU: cuInit: CUDA_ERROR_NO_DEVICE (100)")
	assert.ErrorIs(t, u, &driver.Error{Code: driver.NoDevice})
	assert.Contains(t, u.Remedy, "nvidia-smi")

	s := start(sim.Options{})
	for c, remedy := range map[driver.Code]string{driver.StubLibrary: "stubs", 802: "fabric manager", 803: "module", 804: "cuda-compat", 304: "/dev/nvidia", 999: "nvidia_uvm", 7: "nvidia-smi"} {
		s.Fail(func(call string) driver.Code {
			if call == "cuInit" {
				return c
			}
			return 0
		})
		u := unavailable(s.Library)
		assert.ErrorIs(t, u, &driver.Error{Code: c})
		assert.ErrorContains(t, u, "description of ")
		assert.Contains(t, u.Remedy, remedy)
	}
}

// What the compiler of a driver says, and what the remedy against an old one is.
func TestLoadErrors(t *testing.T) {
	v, s := served(t, sim.Options{Version: 11040})
	d, err := v.Open(0)
	require.NoError(t, err)
	for name, c := range map[string]struct {
		ptx  string
		code driver.Code
		says string
	}{
		"nothing": {" \n", driver.InvalidImage, "found nothing"},
		"binary":  {"\x7fELF\x00", driver.NoBinaryForGPU, "found a binary"},
		"newer":   {".version 8.3\n.target sm_80\n.address_size 64\n", driver.UnsupportedPTXVersion, "the PTX is of version 8.3, the driver serves CUDA 11.4; install NVIDIA's driver 545 or newer"},
		"newest":  {".version 99.0\n.target sm_80\n", driver.UnsupportedPTXVersion, "install a newer driver of NVIDIA's"},
		"wrong":   {".version 7.0\n.target sm_80\n.address_size 64\n.entry k() { frobnicate; }", driver.InvalidPTX, "frobnicate"},
	} {
		_, err := d.Load([]byte(c.ptx))
		assert.ErrorIs(t, err, &driver.Error{Code: c.code}, name)
		assert.ErrorContains(t, err, "cuModuleLoadDataEx: ")
		assert.ErrorContains(t, err, c.says)
	}
	m, err := d.Load([]byte(add))
	require.NoError(t, err)
	_, err = m.Func("sub")
	assert.ErrorContains(t, err, "cuModuleGetFunction of sub: CUDA_ERROR_NOT_FOUND (500)")
	_, _, err = m.Global("eight")
	assert.ErrorContains(t, err, "cuModuleGetGlobal of eight: CUDA_ERROR_NOT_FOUND (500)")
	require.NoError(t, d.Close())
	require.Zero(t, s.Live())
}

// What the driver would not notice, or not survive, does not reach it.
func TestRefused(t *testing.T) {
	v, s := served(t, sim.Options{Devices: []driver.Info{sim.A100, sim.A100}})
	var r, other rig
	require.NoError(t, r.run(v))
	var err error
	other.device, err = v.Open(1)
	require.NoError(t, err)
	d := other.device
	stream, err := d.NewStream()
	require.NoError(t, err)
	event, err := d.NewEvent()
	require.NoError(t, err)
	host, err := d.Pin(16)
	require.NoError(t, err)
	module, err := d.Load([]byte(add))
	require.NoError(t, err)
	fn, err := module.Func("add")
	require.NoError(t, err)
	mem, err := d.Alloc(1 << 10)
	require.NoError(t, err)
	ok := driver.Config{Grid: [3]int{1, 1, 1}, Block: [3]int{1, 1, 1}}
	two := []driver.Arg{driver.Addr(mem), 1}
	check := func(code driver.Code, what string, err error) {
		t.Helper()
		assert.ErrorIs(t, err, &driver.Error{Code: code}, what)
	}
	before := s.Calls()
	check(driver.InvalidHandle, "a closed function", r.stream.Launch(r.fn, ok, two))
	check(driver.InvalidHandle, "a function of another device", stream.Launch(r.fn, ok, two))
	check(driver.InvalidHandle, "no function", stream.Launch(nil, ok, two))
	check(driver.InvalidValue, "too few arguments", stream.Launch(fn, ok, two[:1]))
	check(driver.InvalidValue, "too many arguments", stream.Launch(fn, ok, append(two, 1)))
	check(driver.InvalidValue, "no blocks", stream.Launch(fn, driver.Config{Grid: [3]int{0, 1, 1}, Block: ok.Block}, two))
	check(driver.InvalidValue, "blocks beyond an int", stream.Launch(fn, driver.Config{Grid: [3]int{1 << 32, 1, 1}, Block: ok.Block}, two))
	check(driver.InvalidValue, "less than no shared memory", stream.Launch(fn, driver.Config{Grid: ok.Grid, Block: ok.Block, Shared: -1}, two))
	check(driver.InvalidHandle, "a closed event", stream.Record(r.to))
	check(driver.InvalidHandle, "no event", stream.Wait(nil))
	check(driver.InvalidValue, "no host memory", stream.CopyIn(mem, nil, 0, 4))
	check(driver.InvalidHandle, "freed host memory", stream.CopyIn(mem, r.host, 0, 4))
	check(driver.InvalidValue, "over the end", stream.CopyOut(host, 13, 4, mem))
	check(driver.InvalidValue, "before the start", stream.CopyOut(host, -1, 4, mem))
	check(driver.InvalidValue, "a negative size", stream.CopyIn(mem, host, 0, -4))
	check(driver.InvalidValue, "a negative size", stream.Copy(mem, mem, -4))
	check(driver.InvalidValue, "a negative size", stream.Fill(mem, 0, -4))
	check(driver.InvalidHandle, "a closed graph", r.graph.Launch(r.stream))
	check(driver.InvalidHandle, "closed twice", r.stream.Close())
	check(driver.InvalidHandle, "closed twice", r.to.Close())
	check(driver.InvalidHandle, "closed twice", r.host.Free())
	check(driver.InvalidHandle, "closed twice", r.graph.Close())
	check(driver.InvalidHandle, "closed twice", r.module.Close())
	_, err = r.module.Func("add")
	check(driver.InvalidHandle, "a closed module", err)
	_, err = r.to.Done()
	check(driver.InvalidHandle, "a closed event", err)
	_, err = event.Since(r.to)
	check(driver.InvalidHandle, "an event of another device", err)
	_, err = d.Alloc(0)
	check(driver.InvalidValue, "no bytes", err)
	_, err = d.Pin(-1)
	check(driver.InvalidValue, "no bytes", err)
	after := s.Calls()
	for _, free := range []string{"cuGetErrorName", "cuGetErrorString", "cuCtxSetCurrent"} {
		delete(before, free)
		delete(after, free)
	}
	assert.Equal(t, before, after, "nothing was asked of the driver")

	require.NoError(t, d.Close())
	require.NoError(t, r.device.Close())
	before = s.Calls()
	check(driver.InvalidContext, "closed twice", d.Close())
	_, err = d.NewStream()
	check(driver.InvalidContext, "a closed device", err)
	_, err = d.Available()
	check(driver.InvalidContext, "a closed device", err)
	check(driver.InvalidContext, "a closed device", d.Free(mem))
	check(driver.InvalidHandle, "a closed device's", stream.Sync())
	check(driver.InvalidHandle, "a closed device's", stream.Close())
	check(driver.InvalidHandle, "a closed device's", module.Close())
	check(driver.InvalidHandle, "a closed device's", event.Close())
	check(driver.InvalidHandle, "a closed device's", host.Free())
	assert.Nil(t, host.Bytes())
	after = s.Calls()
	for _, free := range []string{"cuGetErrorName", "cuGetErrorString"} {
		delete(before, free)
		delete(after, free)
	}
	assert.Equal(t, before, after, "nothing was asked of the driver")
	assert.Zero(t, s.Live())
}

// Drivers that New makes of one library share their events and host memory, however it is called.
func TestTwoDrivers(t *testing.T) {
	v, s := served(t, sim.Options{})
	w, err := nvidia.New(nvidia.Options{Library: s.Library})
	require.NoError(t, err)
	var one, other rig
	for driver, r := range map[driver.Driver]*rig{v: &one, w: &other} {
		r.device, err = driver.Open(0)
		require.NoError(t, err)
		r.stream, err = r.device.NewStream()
		require.NoError(t, err)
		r.from, err = r.device.NewEvent()
		require.NoError(t, err)
		r.host, err = r.device.Pin(4)
		require.NoError(t, err)
		r.mem, err = r.device.Alloc(4)
		require.NoError(t, err)
	}
	require.NoError(t, one.stream.Record(one.from))
	require.NoError(t, other.stream.Wait(one.from))
	require.NoError(t, other.stream.CopyIn(other.mem, one.host, 0, 4))
	require.NoError(t, other.device.Close())
	require.NoError(t, one.device.Close())
	require.Zero(t, s.Live())
}
