package sim

import (
	"fmt"
	"math/bits"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-go/rapt/cuda/driver"
)

// entry is a module with one entry k of a pointer, with a body.
func entry(version, target, body string) string {
	return fmt.Sprintf(".version %s\n.target %s\n.address_size 64\n.visible .entry k(.param .u64 p)\n{\n\t.reg .pred %%p<4>; .reg .b32 %%r<8>; .reg .b64 %%rd<4>;\n\tld.param.u64 %%rd0, [p];\n%s\tret;\n}\n", version, target, body)
}

func TestDriver(t *testing.T) {
	v, err := New(Options{Devices: []driver.Info{}})
	require.NoError(t, err)
	_, err = v.Devices()
	assert.Equal(t, driver.NoDevice, code(err))
	_, err = v.Open(0)
	assert.Equal(t, driver.InvalidDevice, code(err))

	v, err = New(Options{Devices: []driver.Info{T4, H100}, Version: 12040})
	require.NoError(t, err)
	assert.Equal(t, 12040, v.Version())
	assert.Equal(t, "sim", v.Name())
	list, err := v.Devices()
	require.NoError(t, err)
	assert.Equal(t, "Tesla T4", list[0].Name)
	assert.Equal(t, 90, list[1].SM())
	assert.NotEqual(t, list[0].UUID, list[1].UUID)
	_, err = v.Open(2)
	assert.Equal(t, driver.InvalidDevice, code(err))
	assert.EqualError(t, err, "open: CUDA_ERROR_INVALID_DEVICE (101): device 2 of 2")

	for _, o := range []Options{{Version: 8000}, {Version: 13000}, {Devices: []driver.Info{{Name: "none"}}}} {
		_, err = New(o)
		assert.Error(t, err)
	}
}

// The limits of table "Technical specifications per compute capability" of the programming guide.
func TestProfiles(t *testing.T) {
	for _, want := range []struct {
		name                            string
		sm, block, perSM, threads, most int
	}{
		{"sm_75", 75, 64, 64, 1024, 16}, {"sm_80", 80, 163, 164, 2048, 32}, {"sm_86", 86, 99, 100, 1536, 16},
		{"sm_89", 89, 99, 100, 1536, 24}, {"sm_90", 90, 227, 228, 2048, 32},
	} {
		d, err := Profile(want.name)
		require.NoError(t, err)
		assert.Equal(t, want.sm, d.SM())
		assert.Equal(t, []int{want.block << 10, want.perSM << 10, want.threads, want.most, 65536, 1024},
			[]int{d.SharedPerBlock, d.SharedPerSM, d.ThreadsPerSM, d.BlocksPerSM, d.RegistersPerSM, d.ThreadsPerBlock}, want.name)
		assert.Equal(t, d.SharedPerSM, d.SharedPerBlock+d.SharedReserved, want.name)
	}
	d, err := Profile("RTX4090")
	require.NoError(t, err)
	assert.Equal(t, 128, d.SMs)
	_, err = Profile("voodoo2")
	assert.ErrorContains(t, err, "voodoo2")
}

func TestLoad(t *testing.T) {
	legal := entry("7.0", "sm_80", "")
	for _, c := range []struct {
		what, src string
		version   int
		info      driver.Info
		code      driver.Code
		log       string
	}{
		{"nothing", " \n", 0, A100, driver.InvalidImage, ""},
		{"a cubin", "\x7fELF...", 0, A100, driver.NoBinaryForGPU, ""},
		{"a fat binary", "\x50\xed\x55\xba...", 0, A100, driver.NoBinaryForGPU, ""},
		{"text", "int main() {}", 0, A100, driver.InvalidPTX, "module1.ptx:1:1"},
		{"PTX 8.5 on CUDA 12.4", entry("8.5", "sm_80", ""), 12040, A100, driver.UnsupportedPTXVersion, "8.5"},
		{"PTX 8.4 on CUDA 12.4", entry("8.4", "sm_80", ""), 12040, A100, 0, ""},
		{"PTX 7.0 on CUDA 11.0", legal, 11000, A100, 0, ""},
		{"PTX 7.0 on CUDA 10.2", legal, 10020, A100, driver.UnsupportedPTXVersion, "up to 6.5"},
		{"PTX 9.0", entry("9.0", "sm_80", ""), 0, A100, driver.UnsupportedPTXVersion, "9.0"},
		{"sm_80 on a T4", legal, 0, T4, driver.InvalidPTX, ".target sm_80, which does not run on sm_75"},
		{"sm_80 on an H100", legal, 0, H100, 0, ""},
		{"sm_90a on an H100", entry("8.0", "sm_90a", ""), 0, H100, 0, ""},
		{"sm_90a on sm_100", entry("8.0", "sm_90a", ""), 0, capable(10, 0), driver.InvalidPTX, "sm_90a"},
		{"sm_100f on sm_103", entry("8.8", "sm_100f", ""), 0, capable(10, 3), 0, ""},
		{"sm_100f on sm_120", entry("8.8", "sm_100f", ""), 0, capable(12, 0), driver.InvalidPTX, "sm_100f"},
		{"an illegal instruction", entry("7.0", "sm_80", "\tadd.f99 %r0, %r0, %r0;\n"), 0, A100, driver.InvalidPTX, "module1.ptx:8:2"},
		{"an instruction of a later device", entry("7.0", "sm_75", "\tredux.sync.add.s32 %r0, 1, -1;\n"), 0, A100, driver.InvalidPTX, "sm_80"},
		{"a texture", entry("7.0", "sm_80", "\ttex.1d.v4.f32.s32 {%r0, %r1, %r2, %r3}, [%rd0, {%r0}];\n"), 0, A100, driver.NotSupported, "texture"},
		{"512 KiB of local memory", entry("7.0", "sm_80", "\t.local .b8 x[524288];\n\tst.local.u8 [x], 0;\n"), 0, A100, 0, ""},
		{"too much local memory", entry("7.0", "sm_80", "\t.local .b8 x[524288]; .local .b8 y[1];\n\tst.local.u8 [x], 0;\n"), 0, A100, driver.InvalidPTX,
			"module1.ptx:8:35: y: the local memory of k is more than 524288 bytes"},
		{"too large an argument", ".version 7.0\n.target sm_80\n.address_size 64\n.func f(.param .b8 x[1073741824]) { ret; }\n.entry k() { ret; }", 0, A100, driver.InvalidPTX,
			"x: the local memory of f is more"},
		{"49 KiB of shared memory", entry("7.0", "sm_80", "\t.shared .b8 x[50176];\n\tst.shared.u8 [x], 0;\n"), 0, A100, driver.InvalidPTX, "50176"},
		{"no directive .version", ".extern .global .u32 x;\n", 0, A100, driver.InvalidPTX, ""},
		{"a declared variable that is not used", strings.Replace(legal, ".visible", ".extern .global .u32 x;\n.visible", 1), 0, A100, 0, ""},
		{"an undefined variable", strings.Replace(entry("7.0", "sm_80", "\tld.global.u32 %r0, [x];\n"), ".visible", ".extern .global .u32 x;\n.visible", 1), 0, A100,
			driver.InvalidPTX, "x is declared .extern and nowhere defined"},
		{"an undefined variable in an initial value", strings.Replace(legal, ".visible", ".extern .global .u32 x;\n.global .u64 p = x;\n.visible", 1), 0, A100,
			driver.InvalidPTX, "x is declared .extern and nowhere defined"},
	} {
		r := open(t, Options{Version: c.version, Devices: []driver.Info{c.info}})
		_, err := r.Load([]byte(c.src))
		require.Equal(t, c.code, code(err), "%s: %v", c.what, err)
		if c.code != 0 {
			assert.ErrorContains(t, err, c.log, c.what)
		}
		assert.Equal(t, c.code, code(err))
		_, err = r.Available() // none of these is sticky
		assert.NoError(t, err)
	}
	r := open(t, Options{Devices: []driver.Info{small(A100, 1<<20)}})
	_, err := r.Load([]byte(".version 7.0\n.target sm_80\n.address_size 64\n.global .b8 x[2097152];\n"))
	assert.Equal(t, driver.OutOfMemory, code(err))
}

// capable is an H100 of another compute capability.
func capable(major, minor int) driver.Info {
	info := H100
	info.Major, info.Minor = major, minor
	return info
}

// small is a device with little memory.
func small(d driver.Info, memory int64) driver.Info {
	d.Memory = memory
	return d
}

func TestMemory(t *testing.T) {
	r := open(t, Options{Devices: []driver.Info{small(A100, 1<<20)}})
	free, err := r.Available()
	r.ok(err)
	assert.EqualValues(t, 1<<20, free)
	for n, want := range map[int]driver.Code{0: driver.InvalidValue, -1: driver.InvalidValue, 1<<20 + 1: driver.OutOfMemory} {
		_, err := r.Alloc(n)
		assert.Equal(t, want, code(err), n)
		_, err = r.Pin(min(n, 0))
		assert.Equal(t, driver.InvalidValue, code(err))
	}
	p := r.alloc(1 << 19)
	assert.Zero(t, p%512)
	free, err = r.Available()
	r.ok(err)
	assert.EqualValues(t, 1<<19, free)
	assert.Equal(t, driver.InvalidValue, code(r.Free(p+1)))
	r.ok(r.Free(p), r.Free(0))
	err = r.Free(p)
	assert.Equal(t, driver.InvalidValue, code(err))
	assert.ErrorContains(t, err, "freed allocation #1")
	r.alloc(1 << 20)

	// A device of 80 GB costs nothing, and has no more than this machine gives.
	r = open(t, Options{HostMemory: 1 << 20})
	assert.EqualValues(t, uint64(80<<30), r.Info().Memory)
	free, err = r.Available()
	r.ok(err)
	assert.EqualValues(t, 1<<20, free)
	other := openOn(t, r.drv, 0)
	r.alloc(1 << 19)
	free, err = other.Available()
	r.ok(err)
	assert.EqualValues(t, 1<<19, free)
	_, err = other.Alloc(1<<19 + 1)
	assert.Equal(t, driver.OutOfMemory, code(err))
	_, err = r.Pin(1 << 21)
	assert.Equal(t, driver.OutOfMemory, code(err))
}

func TestCopyErrors(t *testing.T) {
	v, err := New(Options{Devices: []driver.Info{A100, A100}})
	require.NoError(t, err)
	r, other := openOn(t, v, 0), openOn(t, v, 1)
	s := r.stream()
	p, h := r.alloc(64), r.pin(64)
	for _, c := range []struct {
		what string
		err  error
	}{
		{"past the end", s.CopyIn(p, h, 0, 65)},
		{"past the end of the device's", s.CopyIn(p+1, h, 0, 64)},
		{"a negative size", s.CopyIn(p, h, 0, -1)},
		{"a negative offset", s.CopyOut(h, -1, 4, p)},
		{"a null pointer", s.CopyOut(h, 0, 4, 0)},
		{"memory of another device", s.CopyIn(other.alloc(64), h, 0, 64)},
		{"no memory of the driver", s.CopyIn(p, nil, 0, 64)},
		{"ranges that overlap", s.Copy(p, p+8, 16)},
		{"a fill that is not aligned", s.Fill(p+2, 0, 1)},
		{"a fill past the end", s.Fill(p, 0, 17)},
		{"a fill of a count that overflows", s.Fill(p, 0, 1<<(bits.UintSize-2)+1)},
		{"a negative fill", s.Fill(p, 0, -1)},
	} {
		assert.Equal(t, driver.InvalidValue, code(c.err), "%s: %v", c.what, c.err)
	}
	assert.ErrorContains(t, s.CopyIn(other.alloc(64), h, 0, 64), "device 1")
	r.ok(s.Copy(p, p+8, 8), s.Copy(p, p, 0), s.Fill(p, 7, 0), s.CopyOut(h, 64, 0, 0))
	r.ok(s.CopyIn(p, other.pin(64), 0, 64), s.Sync()) // host memory is every device's
	r.ok(h.Free())
	assert.Nil(t, h.Bytes())
	assert.Equal(t, driver.InvalidValue, code(h.Free()))
	assert.Equal(t, driver.InvalidValue, code(s.CopyIn(p, h, 0, 4)))
}

func TestHandles(t *testing.T) {
	v, err := New(Options{Devices: []driver.Info{A100, A100}})
	require.NoError(t, err)
	r, other := openOn(t, v, 0), openOn(t, v, 1)
	foreign := open(t, Options{})
	s, e := r.stream(), r.event()
	m := r.load(sum)
	f, err := m.Func("sum")
	r.ok(err)
	args := []driver.Arg{0, 0}
	_, err = m.Func("nothing")
	assert.Equal(t, driver.NotFound, code(err))
	_, _, err = m.Global("nothing")
	assert.Equal(t, driver.NotFound, code(err))
	assert.Equal(t, "sum", f.Name())
	for _, err := range []error{
		other.stream().Launch(f, grid(1, 256), args), s.Launch(nil, grid(1, 256), args), s.Record(nil), s.Wait(nil),
		other.stream().Record(e), s.Record(foreign.event()), s.Wait(foreign.event()), foreign.stream().Launch(f, grid(1, 256), args),
	} {
		assert.Equal(t, driver.InvalidHandle, code(err), "%v", err)
	}
	r.ok(e.Close(), m.Close())
	for _, err := range []error{s.Record(e), s.Wait(e), e.Close(), m.Close(), s.Launch(f, grid(1, 256), args)} {
		assert.Equal(t, driver.InvalidHandle, code(err), "%v", err)
	}
	_, err = e.Done()
	assert.Equal(t, driver.InvalidHandle, code(err))
	_, err = m.Func("sum")
	assert.Equal(t, driver.InvalidHandle, code(err))
	_, _, err = m.Global("sum")
	assert.Equal(t, driver.InvalidHandle, code(err))
	_, err = e.Since(e)
	assert.Equal(t, driver.InvalidHandle, code(err))
	r.ok(s.Close())
	for _, err := range []error{s.Sync(), s.Close(), s.Fill(0, 0, 0), s.Begin()} {
		assert.Equal(t, driver.InvalidHandle, code(err), "%v", err)
	}

	s, e, h := r.stream(), r.event(), r.pin(4)
	kept := h.Bytes()
	r.ok(r.Close())
	assert.Equal(t, []byte{poison, poison, poison, poison}, kept)
	_, err1 := r.Alloc(4)
	_, err2 := r.NewStream()
	_, err3 := r.NewEvent()
	_, err4 := r.Pin(4)
	_, err5 := r.Load([]byte(sum))
	_, err6 := r.Available()
	_, err7 := e.Done()
	for _, err := range []error{err1, err2, err3, err4, err5, err6, err7, s.Sync(), s.Fill(0, 0, 0), r.Free(1), r.Close()} {
		assert.Equal(t, driver.InvalidContext, code(err), "%v", err)
	}
	assert.Equal(t, driver.InvalidValue, code(h.Free()))
	assert.Equal(t, driver.InvalidHandle, code(s.Close()))
	assert.Equal(t, driver.InvalidHandle, code(e.Close()))
	assert.Equal(t, driver.InvalidHandle, code(other.stream().Wait(e)))
}

func TestLaunchErrors(t *testing.T) {
	directive := func(d, body string) string {
		return strings.Replace(entry("7.0", "sm_75", body), "(.param .u64 p)\n", "(.param .u64 p)\n"+d+"\n", 1)
	}
	// 300 registers that are alive at once.
	var many strings.Builder
	many.WriteString("\t.reg .b32 %x<300>;\n")
	for i := range 300 {
		fmt.Fprintf(&many, "\tld.global.u32 %%x%d, [%%rd0+%d];\n", i, 4*i)
	}
	for i := range 300 {
		fmt.Fprintf(&many, "\tst.global.u32 [%%rd0+%d], %%x%d;\n", 4*(299-i), i)
	}
	r := open(t, Options{Devices: []driver.Info{T4}})
	s := r.stream()
	plain := r.kernel(entry("7.0", "sm_75", ""), "k")
	shared := r.kernel(entry("7.0", "sm_75", "\t.shared .b8 x[1024];\n\tst.shared.u8 [x], 0;\n"), "k")
	bounded := r.kernel(directive(".maxntid 8, 8, 1", ""), "k")
	required := r.kernel(directive(".reqntid 8, 8, 1", ""), "k")
	fat := r.kernel(entry("7.0", "sm_75", many.String()), "k")
	capped := r.kernel(directive(".maxntid 512, 1, 1", many.String()), "k")
	limited := r.kernel(directive(".maxnreg 32", many.String()), "k")
	assert.Equal(t, driver.Attrs{Registers: 16, MaxThreads: 1024}, plain.Attrs())
	assert.Equal(t, driver.Attrs{Registers: 16, Shared: 1024, MaxThreads: 1024}, shared.Attrs())
	assert.Equal(t, 64, bounded.Attrs().MaxThreads)
	assert.Equal(t, 255, fat.Attrs().Registers)
	assert.Equal(t, 128, capped.Attrs().Registers) // 64 Ki over 512 threads
	assert.Equal(t, 32, limited.Attrs().Registers)
	one := [3]int{1, 1, 1}
	arg := []driver.Arg{driver.Addr(r.alloc(4))}
	for _, c := range []struct {
		f    driver.Func
		c    driver.Config
		args []driver.Arg
		want driver.Code
	}{
		{plain, driver.Config{Grid: one, Block: [3]int{1024, 1, 1}, Shared: 64 << 10}, arg, 0},
		{plain, driver.Config{Grid: [3]int{1, 65535, 1}, Block: [3]int{1, 1, 1}}, arg, 0},
		{plain, driver.Config{Grid: [3]int{0, 1, 1}, Block: one}, arg, driver.InvalidValue},
		{plain, driver.Config{Grid: [3]int{1, 65536, 1}, Block: one}, arg, driver.InvalidValue},
		{plain, driver.Config{Grid: [3]int{one[0] << 31, 1, 1}, Block: one}, arg, driver.InvalidValue},
		{plain, driver.Config{Grid: one, Block: [3]int{1, 0, 1}}, arg, driver.InvalidValue},
		{plain, driver.Config{Grid: one, Block: [3]int{1, 1, 65}}, arg, driver.InvalidValue},
		{plain, driver.Config{Grid: one, Block: [3]int{32, 33, 1}}, arg, driver.InvalidValue},
		{plain, driver.Config{Grid: one, Block: one, Shared: -1}, arg, driver.InvalidValue},
		{plain, driver.Config{Grid: one, Block: one, Shared: 64<<10 + 1}, arg, driver.InvalidValue},
		{shared, driver.Config{Grid: one, Block: one, Shared: 63 << 10}, arg, 0},
		{shared, driver.Config{Grid: one, Block: one, Shared: 63<<10 + 1}, arg, driver.InvalidValue},
		{plain, grid(1, 1), nil, driver.InvalidValue},
		{plain, grid(1, 1), []driver.Arg{1, 2}, driver.InvalidValue},
		{bounded, grid(1, 64), arg, 0},
		{bounded, grid(1, 65), arg, driver.InvalidValue},
		{required, grid(1, 64), arg, driver.InvalidValue},
		{required, driver.Config{Grid: one, Block: [3]int{8, 8, 1}}, arg, 0},
		{fat, grid(1, 257), arg, driver.LaunchOutOfResources},
	} {
		err := s.Launch(c.f, c.c, c.args)
		assert.Equal(t, c.want, code(err), "%+v: %v", c.c, err)
	}
	r.ok(s.Sync())
}

// What a kernel does wrong comes with a later call, and then with every call.
func TestSticky(t *testing.T) {
	const again = ".func again\n{\n\tcall again;\n\tret;\n}\n"
	for _, c := range []struct {
		what, body string
		code       driver.Code
	}{
		{"out of bounds", "\tst.global.u32 [%rd0+4096], 1;\n", driver.IllegalAddress},
		{"misaligned", "\tst.global.u32 [%rd0+2], 1;\n", driver.MisalignedAddress},
		{"wrong space", "\tmov.u64 %rd1, c;\n\tcvta.const.u64 %rd1, %rd1;\n\tst.u32 [%rd1], 1;\n", driver.InvalidAddressSpace},
		{"endless", "L:\n\tbra L;\n", driver.LaunchTimeout},
		{"endless recursion", "\tcall.uni again;\n", driver.HardwareStackError},
		{"a branch past the table", "\tmov.u32 %r0, 2;\n\tT: .branchtargets A, B;\n\tbrx.idx %r0, T;\nA:\nB:\n", driver.IllegalInstruction},
		{"trap", "\ttrap;\n", driver.LaunchFailed},
		{"a race", "\tmov.u32 %r0, %tid.x;\n\t.shared .b32 x;\n\tst.shared.u32 [x], %r0;\n", driver.LaunchFailed},
		{"uninitialised", "\tld.global.u32 %r0, [%rd0+8];\n\tred.global.add.u32 [%rd0], %r0;\n", driver.LaunchFailed},
	} {
		for seed := range uint64(3) {
			r := open(t, Options{Seed: seed, Budget: 1000})
			f := r.kernel(strings.Replace(entry("7.0", "sm_80", c.body), ".visible .entry", ".const .u32 c;\n"+again+".visible .entry", 1), "k")
			s, e, p := r.stream(), r.event(), r.alloc(64)
			r.ok(s.Launch(f, grid(1, 64), []driver.Arg{driver.Addr(p)}))
			err := s.Sync()
			require.Equal(t, c.code, code(err), "%s: %v", c.what, err)
			assert.ErrorContains(t, err, "kernel k", c.what)
			assert.NotEmpty(t, r.Findings())
			_, err1 := r.Alloc(4)
			_, err2 := r.NewStream()
			_, err3 := e.Done()
			_, err4 := r.Load([]byte(sum))
			_, err5 := r.Available()
			for _, err := range []error{err1, err2, err3, err4, err5, s.Sync(), s.Fill(p, 0, 1), s.Record(e), s.Wait(e), r.Free(p), e.Close(), s.Close()} {
				assert.Equal(t, c.code, code(err), "%s: %v", c.what, err)
			}
			assert.NoError(t, r.Close()) // it was told before
		}
	}
	// What was queued behind it does not run.
	r := open(t, Options{})
	s := r.stream()
	f, args := r.kernel(entry("7.0", "sm_80", "\ttrap;\n"), "k"), []driver.Arg{0}
	r.ok(s.Launch(f, grid(1, 1), args), s.Launch(f, grid(1, 1), args))
	assert.Equal(t, driver.LaunchFailed, code(s.Sync()))
	assert.Len(t, r.Findings(), 1)
	assert.Equal(t, 1, r.Counters()[0].Launches)
	// Close tells what nobody has asked for.
	r = open(t, Options{})
	s = r.stream()
	r.ok(s.Launch(r.kernel(entry("7.0", "sm_80", "\ttrap;\n"), "k"), grid(1, 1), []driver.Arg{0}))
	err := r.Close()
	assert.Equal(t, driver.LaunchFailed, code(err))
	assert.Equal(t, driver.InvalidContext, code(r.Close()))
}

// Lenient goes on where hardware does.
func TestLenient(t *testing.T) {
	r := open(t, Options{Lenient: true})
	s, p := r.stream(), r.alloc(64)
	race := r.kernel(entry("7.0", "sm_80", "\tmov.u32 %r0, %tid.x;\n\t.shared .b32 x;\n\tst.shared.u32 [x], %r0;\n"), "k")
	r.ok(s.Launch(race, grid(1, 64), []driver.Arg{driver.Addr(p)}), s.Sync())
	require.Len(t, r.Findings(), 1)
	assert.Equal(t, InKernel, r.Findings()[0].Kind)
	assert.False(t, r.Findings()[0].Fatal())
	bounds := r.kernel(entry("7.0", "sm_80", "\tst.global.u32 [%rd0+4096], 1;\n"), "k")
	r.ok(s.Launch(bounds, grid(1, 64), []driver.Arg{driver.Addr(p)}))
	assert.Equal(t, driver.IllegalAddress, code(s.Sync()))

	// With the checker off there is nothing to find.
	for _, c := range []struct {
		off  Checks
		body string
	}{
		{SharedRaces, "\tmov.u32 %r0, %tid.x;\n\t.shared .b32 x;\n\tst.shared.u32 [x], %r0;\n"},
		{GlobalRaces, "\tmov.u32 %r0, %ctaid.x;\n\tst.global.u32 [%rd0], %r0;\n"},
		{Uninitialised, "\tld.global.u32 %r0, [%rd0+4];\n\tsetp.eq.u32 %p0, %r0, 0;\n@%p0 bra OUT;\nOUT:\n"},
	} {
		for _, off := range []Checks{0, c.off} {
			r := open(t, Options{Lenient: true, Off: off, Workers: 1}) // what races there races here, if blocks run at once
			s := r.stream()
			r.ok(s.Launch(r.kernel(entry("7.0", "sm_80", c.body), "k"), grid(2, 64), []driver.Arg{driver.Addr(r.alloc(64))}), s.Sync())
			assert.Equal(t, off == 0, len(r.Findings()) > 0, c.body)
		}
	}
}
