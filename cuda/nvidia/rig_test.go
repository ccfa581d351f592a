//go:build cuda && linux && (amd64 || arm64)

package nvidia_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rapt-go/rapt/cuda"
	"github.com/rapt-go/rapt/cuda/driver"
	"github.com/rapt-go/rapt/cuda/nvidia"
	"github.com/rapt-go/rapt/cuda/nvidia/standin"
	"github.com/rapt-go/rapt/cuda/sim"
)

// add is a kernel that adds a number to words of memory, one a thread, through as much shared memory.
const add = `.version 7.0
.target sm_75
.address_size 64
.global .align 4 .u32 seven = 7;
.extern .shared .align 16 .b8 room[];
.visible .entry add(.param .u64 dst, .param .u32 x)
.maxntid 64, 1, 1
{
	.reg .b64 %rd<4>;
	.reg .b32 %r<8>;
	ld.param.u64 %rd1, [dst];
	ld.param.u32 %r1, [x];
	mov.u32 %r2, %tid.x;
	mov.u32 %r3, %ctaid.x;
	mov.u32 %r4, %ntid.x;
	mad.lo.u32 %r5, %r3, %r4, %r2;
	mul.wide.u32 %rd2, %r5, 4;
	add.u64 %rd3, %rd1, %rd2;
	ld.global.u32 %r6, [%rd3];
	add.u32 %r7, %r6, %r1;
	st.global.u32 [%rd3], %r7;
	ret;
}
.visible .entry nothing()
{
	ret;
}
`

// served is the driver over a stand-in of simulated GPUs.
func served(t testing.TB, o sim.Options, without ...string) (driver.Driver, *standin.Server) {
	t.Helper()
	d, err := sim.New(o)
	require.NoError(t, err)
	s := standin.Start(t, d, without...)
	v, err := nvidia.New(nvidia.Options{Library: s.Library})
	require.NoError(t, err)
	return v, s
}

// backend is a backend on the driver.
func backend(t testing.TB, o sim.Options) (*cuda.Backend, *standin.Server) {
	t.Helper()
	v, s := served(t, o)
	b, err := cuda.Open(v, 0, cuda.Workspace(1<<20))
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, b.Close())
		require.Zero(t, s.Live())
	})
	return b, s
}

// A rig is a device with one of everything.
type rig struct {
	index  int
	device driver.Device
	module driver.Module
	fn     driver.Func
	stream driver.Stream
	from   driver.Event
	to     driver.Event
	host   driver.Host
	mem    driver.Ptr
	graph  driver.Graph
}

const words = 64

// run goes through everything that the seam has, and returns at the first error; the device is left open.
func (r *rig) run(v driver.Driver) (err error) {
	if _, err := v.Devices(); err != nil {
		return err
	}
	if r.device, err = v.Open(r.index); err != nil {
		return err
	}
	d := r.device
	if _, err = d.Available(); err != nil {
		return err
	}
	if r.module, err = d.Load([]byte(add)); err != nil {
		return err
	}
	if r.fn, err = r.module.Func("add"); err != nil {
		return err
	}
	if _, n, err := r.module.Global("seven"); err != nil || n != 4 {
		return errors.Join(err, want(n, 4))
	}
	if r.stream, err = d.NewStream(); err != nil {
		return err
	}
	if r.from, err = d.NewEvent(); err != nil {
		return err
	}
	if r.to, err = d.NewEvent(); err != nil {
		return err
	}
	if r.host, err = d.Pin(4 * words); err != nil {
		return err
	}
	if r.mem, err = d.Alloc(8 * words); err != nil {
		return err
	}
	if err := r.work(); err != nil {
		return err
	}
	return errors.Join(r.graph.Close(), r.host.Free(), d.Free(r.mem), r.to.Close(), r.from.Close(), r.stream.Close(), r.module.Close())
}

// work queues some of everything and waits.
func (r *rig) work() (err error) {
	s, far := r.stream, r.mem+4*words
	for i := range words {
		binary.LittleEndian.PutUint32(r.host.Bytes()[4*i:], uint32(i))
	}
	small, large := driver.Config{Grid: [3]int{2, 1, 1}, Block: [3]int{32, 1, 1}}, driver.Config{Grid: [3]int{1, 1, 1}, Block: [3]int{64, 1, 1}, Shared: 64 << 10}
	for _, do := range []func() error{
		func() error { return s.Fill(r.mem, 1, 2*words) },
		func() error { return s.Record(r.from) },
		func() error { return s.CopyIn(r.mem, r.host, 0, 4*words) },
		func() error { return s.Copy(far, r.mem, 4*words) },
		func() error { return s.Launch(r.fn, small, []driver.Arg{driver.Addr(far), driver.I32(5)}) },
		func() error { return s.Launch(r.fn, large, []driver.Arg{driver.Addr(far), driver.I32(6)}) },
		func() error { return s.Record(r.to) },
		func() error { return s.Wait(r.from) },
		s.(driver.Capturer).Begin,
		func() error { return s.Launch(r.fn, small, []driver.Arg{driver.Addr(far), driver.I32(100)}) },
		func() error { r.graph, err = s.(driver.Capturer).End(); return err },
		func() error { return r.graph.Launch(s) },
		func() error { return r.graph.Launch(s) },
		func() error { return s.CopyOut(r.host, 0, 4*words, far) },
		s.Sync,
		func() error { done, err := r.to.Done(); return errors.Join(err, want(done, true)) },
		func() error { took, err := r.to.Since(r.from); return errors.Join(err, want(took > 0, true)) },
	} {
		if err := do(); err != nil {
			return err
		}
	}
	for i := range words {
		if err := want(int(binary.LittleEndian.Uint32(r.host.Bytes()[4*i:])), i+211); err != nil {
			return err
		}
	}
	return nil
}

func want(got, want any) error {
	if got != want {
		return fmt.Errorf("%v, expected %v", got, want)
	}
	return nil
}
