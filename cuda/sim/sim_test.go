package sim

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-go/rapt/cuda/driver"
)

// saxpy is y[i] = a·x[i] + y[i] for i < n.
const saxpy = `.version 7.0
.target sm_75
.address_size 64
.visible .entry saxpy(.param .u64 y, .param .u64 x, .param .u32 n, .param .f32 a)
{
	.reg .pred %p<2>; .reg .b32 %r<6>; .reg .f32 %f<4>; .reg .b64 %rd<6>;
	ld.param.u64 %rd0, [y];
	ld.param.u64 %rd1, [x];
	ld.param.u32 %r0, [n];
	ld.param.f32 %f0, [a];
	mov.u32 %r1, %ctaid.x;
	mov.u32 %r2, %ntid.x;
	mov.u32 %r3, %tid.x;
	mad.lo.u32 %r4, %r1, %r2, %r3;
	setp.ge.u32 %p0, %r4, %r0;
	@%p0 bra DONE;
	mad.wide.u32 %rd0, %r4, 4, %rd0;
	mad.wide.u32 %rd1, %r4, 4, %rd1;
	ld.global.f32 %f1, [%rd0];
	ld.global.f32 %f2, [%rd1];
	fma.rn.f32 %f3, %f0, %f2, %f1;
	st.global.f32 [%rd0], %f3;
DONE:
	ret;
}
`

// sum writes the sum of 256 words for each block: warps by shuffles, then the warps' sums.
const sum = `.version 7.0
.target sm_75
.address_size 64
.visible .entry sum(.param .u64 out, .param .u64 in)
.maxntid 256, 1, 1
{
	.reg .pred %p<2>; .reg .b32 %r<12>; .reg .b64 %rd<6>;
	.shared .align 4 .b32 part[8];
	ld.param.u64 %rd0, [out];
	ld.param.u64 %rd1, [in];
	mov.u32 %r0, %tid.x;
	mov.u32 %r1, %ctaid.x;
	mad.lo.u32 %r2, %r1, 256, %r0;
	mad.wide.u32 %rd1, %r2, 4, %rd1;
	ld.global.u32 %r3, [%rd1];
	mov.u32 %r4, 16;
WARP:
	shfl.sync.bfly.b32 %r5, %r3, %r4, 31, 0xffffffff;
	add.u32 %r3, %r3, %r5;
	shr.u32 %r4, %r4, 1;
	setp.ne.u32 %p0, %r4, 0;
	@%p0 bra WARP;
	shr.u32 %r6, %r0, 5;
	shl.b32 %r6, %r6, 2;
	mov.u32 %r7, part;
	add.u32 %r6, %r6, %r7;
	and.b32 %r8, %r0, 31;
	setp.eq.u32 %p0, %r8, 0;
	@%p0 st.shared.u32 [%r6], %r3;
	bar.sync 0;
	setp.ne.u32 %p1, %r0, 0;
	@%p1 bra DONE;
	mov.u32 %r9, 0;
	mov.u32 %r4, 0;
BLOCK:
	ld.shared.u32 %r5, [%r7];
	add.u32 %r9, %r9, %r5;
	add.u32 %r7, %r7, 4;
	add.u32 %r4, %r4, 1;
	setp.lt.u32 %p0, %r4, 8;
	@%p0 bra BLOCK;
	mad.wide.u32 %rd0, %r1, 4, %rd0;
	st.global.u32 [%rd0], %r9;
DONE:
	ret;
}
`

// transpose is out (c, r) = in (r, c) in tiles of 16 by 16, in dynamic shared memory of 16·17 words.
const transpose = `.version 7.0
.target sm_75
.address_size 64
.extern .shared .align 4 .b32 tile[];
.visible .entry transpose(.param .u64 out, .param .u64 in, .param .u32 r, .param .u32 c)
{
	.reg .b32 %r<20>; .reg .b64 %rd<6>;
	ld.param.u64 %rd0, [out];
	ld.param.u64 %rd1, [in];
	ld.param.u32 %r0, [r];
	ld.param.u32 %r1, [c];
	mov.u32 %r2, %tid.x;
	mov.u32 %r3, %tid.y;
	mov.u32 %r4, %ctaid.x;
	mov.u32 %r5, %ctaid.y;
	shl.b32 %r4, %r4, 4;
	shl.b32 %r5, %r5, 4;
	add.u32 %r6, %r5, %r3;
	add.u32 %r7, %r4, %r2;
	mad.lo.u32 %r8, %r6, %r1, %r7;
	mad.wide.u32 %rd1, %r8, 4, %rd1;
	ld.global.u32 %r9, [%rd1];
	mov.u32 %r10, tile;
	mad.lo.u32 %r11, %r3, 17, %r2;
	mad.lo.u32 %r11, %r11, 4, %r10;
	st.shared.u32 [%r11], %r9;
	bar.sync 0;
	mad.lo.u32 %r12, %r2, 17, %r3;
	mad.lo.u32 %r12, %r12, 4, %r10;
	ld.shared.u32 %r13, [%r12];
	add.u32 %r14, %r4, %r3;
	add.u32 %r15, %r5, %r2;
	mad.lo.u32 %r16, %r14, %r0, %r15;
	mad.wide.u32 %rd0, %r16, 4, %rd0;
	st.global.u32 [%rd0], %r13;
	ret;
}
`

// A rig is a device with what tests do again and again. Everything in it fails the test.
type rig struct {
	t *testing.T
	*Device
}

func open(t *testing.T, o Options) *rig {
	t.Helper()
	v, err := New(o)
	require.NoError(t, err)
	return openOn(t, v, 0)
}

func openOn(t *testing.T, v *Driver, i int) *rig {
	t.Helper()
	d, err := v.Open(i)
	require.NoError(t, err)
	t.Cleanup(func() { _ = d.Close() })
	return &rig{t, d.(*Device)}
}

func (r *rig) stream() driver.Capturer {
	r.t.Helper()
	s, err := r.NewStream()
	require.NoError(r.t, err)
	return s.(driver.Capturer)
}

func (r *rig) event() driver.Event {
	r.t.Helper()
	e, err := r.NewEvent()
	require.NoError(r.t, err)
	return e
}

func (r *rig) alloc(n int) driver.Ptr {
	r.t.Helper()
	p, err := r.Alloc(n)
	require.NoError(r.t, err)
	return p
}

func (r *rig) pin(n int) driver.Host {
	r.t.Helper()
	h, err := r.Pin(n)
	require.NoError(r.t, err)
	return h
}

// words is pinned memory that holds words of 32 bits.
func (r *rig) words(v ...uint32) driver.Host {
	r.t.Helper()
	h := r.pin(4 * len(v))
	for i, x := range v {
		binary.LittleEndian.PutUint32(h.Bytes()[4*i:], x)
	}
	return h
}

func toWords(h driver.Host) []uint32 {
	v := make([]uint32, len(h.Bytes())/4)
	for i := range v {
		v[i] = binary.LittleEndian.Uint32(h.Bytes()[4*i:])
	}
	return v
}

func (r *rig) load(src string) driver.Module {
	r.t.Helper()
	m, err := r.Load([]byte(src))
	require.NoError(r.t, err)
	return m
}

// kernel is the function of that name in a module of its own.
func (r *rig) kernel(src, name string) driver.Func {
	r.t.Helper()
	f, err := r.load(src).Func(name)
	require.NoError(r.t, err)
	return f
}

func (r *rig) ok(errs ...error) {
	r.t.Helper()
	for _, err := range errs {
		require.NoError(r.t, err)
	}
}

func grid(blocks, threads int) driver.Config {
	return driver.Config{Grid: [3]int{blocks, 1, 1}, Block: [3]int{threads, 1, 1}}
}

// code is the driver's code of an error, 0 for none.
func code(err error) driver.Code {
	var e *driver.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return 0
}

// Three kernels through the driver's interfaces alone, on two streams with events, for seeds of each
// pace and on each device.
func TestEndToEnd(t *testing.T) {
	for seed := range uint64(21) {
		info := *profiles[seed%uint64(len(profiles))].info
		r := open(t, Options{Seed: seed, Devices: []driver.Info{info}, Workers: 1 + int(seed%3)})
		rng := rand.New(rand.NewPCG(seed, 1))
		testSaxpy(r, rng)
		testSum(r, rng)
		testTranspose(r, rng)
		assert.Empty(t, r.Findings())
		require.NoError(t, r.Close())
	}
}

func testSaxpy(r *rig, rng *rand.Rand) {
	const n = 1000
	x, y := make([]uint32, n), make([]uint32, n)
	want := make([]uint32, n)
	for i := range x {
		a, b := float32(rng.NormFloat64()), float32(rng.NormFloat64())
		x[i], y[i] = math.Float32bits(a), math.Float32bits(b)
		// 2.5·a needs 26 bits, which f64 holds, as it does the sum of numbers of like size.
		want[i] = math.Float32bits(float32(2.5*float64(a) + float64(b)))
	}
	f := r.kernel(saxpy, "saxpy")
	in, work := r.stream(), r.stream()
	ready := r.event()
	dx, dy := r.alloc(4*n), r.alloc(4*n)
	out := r.pin(4 * n)
	r.ok(in.CopyIn(dx, r.words(x...), 0, 4*n), in.CopyIn(dy, r.words(y...), 0, 4*n), in.Record(ready), work.Wait(ready),
		work.Launch(f, grid(8, 128), []driver.Arg{driver.Addr(dy), driver.Addr(dx), driver.I32(n), driver.F32(2.5)}),
		work.CopyOut(out, 0, 4*n, dy), work.Sync())
	assert.Equal(r.t, want, toWords(out))
	r.ok(r.Free(dx), r.Free(dy), in.Close(), work.Close(), ready.Close())
}

func testSum(r *rig, rng *rand.Rand) {
	const blocks = 5
	in, want := make([]uint32, 256*blocks), make([]uint32, blocks)
	for i := range in {
		in[i] = rng.Uint32()
		want[i/256] += in[i]
	}
	s := r.stream()
	din, dout := r.alloc(4*len(in)), r.alloc(4*blocks)
	out := r.pin(4 * blocks)
	r.ok(s.CopyIn(din, r.words(in...), 0, 4*len(in)),
		s.Launch(r.kernel(sum, "sum"), grid(blocks, 256), []driver.Arg{driver.Addr(dout), driver.Addr(din)}),
		s.CopyOut(out, 0, 4*blocks, dout), s.Sync())
	assert.Equal(r.t, want, toWords(out))
}

func testTranspose(r *rig, rng *rand.Rand) {
	const rows, cols = 48, 32
	in, want := make([]uint32, rows*cols), make([]uint32, rows*cols)
	for i := range in {
		in[i] = rng.Uint32()
		want[i%cols*rows+i/cols] = in[i]
	}
	s := r.stream()
	din, dout := r.alloc(4*len(in)), r.alloc(4*len(in))
	out := r.pin(4 * len(in))
	r.ok(s.CopyIn(din, r.words(in...), 0, 4*len(in)),
		s.Launch(r.kernel(transpose, "transpose"), driver.Config{Grid: [3]int{cols / 16, rows / 16, 1}, Block: [3]int{16, 16, 1}, Shared: 16 * 17 * 4},
			[]driver.Arg{driver.Addr(dout), driver.Addr(din), driver.I32(rows), driver.I32(cols)}),
		s.CopyOut(out, 0, 4*len(in), dout), s.Sync())
	assert.Equal(r.t, want, toWords(out))
}

// A program with one goroutine does the same thing twice: order, addresses and clock.
func TestReproducible(t *testing.T) {
	trace := func(seed uint64) string {
		r := open(t, Options{Seed: seed})
		f := r.kernel(saxpy, "saxpy")
		first, last := r.event(), r.event()
		s := []driver.Stream{r.stream(), r.stream(), r.stream()}
		r.ok(s[0].Record(first))
		text := ""
		for i := range 12 {
			p := r.alloc(400)
			r.ok(s[i%3].Fill(p, 0, 100), s[i%3].Launch(f, grid(1, 128), []driver.Arg{driver.Addr(p), driver.Addr(p), driver.I32(100), driver.F32(1)}))
			text += fmt.Sprintf("%#x ", p)
		}
		r.ok(s[0].Record(last))
		for i := range s {
			r.ok(s[i].Sync())
		}
		d, err := last.Since(first)
		r.ok(err)
		return text + d.String()
	}
	seen := map[string]bool{}
	for seed := range uint64(6) {
		a := trace(seed)
		assert.Equal(t, a, trace(seed))
		seen[a] = true
	}
	assert.Len(t, seen, 6)
}

// Nothing runs on when a device is closed, with work queued on it or not.
func TestNoGoroutines(t *testing.T) {
	before := runtime.NumGoroutine()
	for seed := range uint64(3) {
		v, err := New(Options{Seed: seed})
		require.NoError(t, err)
		d, err := v.Open(0)
		require.NoError(t, err)
		s, err := d.NewStream()
		require.NoError(t, err)
		p, err := d.Alloc(1 << 10)
		require.NoError(t, err)
		require.NoError(t, s.Fill(p, 1, 256))
		require.NoError(t, d.Close())
		assert.Empty(t, v.streams)
		assert.Empty(t, v.open)
	}
	// A goroutine that has reported its end may be counted for a moment more, here and in the count before.
	for i := 0; i < 5000 && runtime.NumGoroutine() > before; i++ {
		time.Sleep(time.Millisecond)
	}
	assert.LessOrEqual(t, runtime.NumGoroutine(), before)
}

// Everything but host buffers may be used from several goroutines.
func TestConcurrentCalls(t *testing.T) {
	for seed := range uint64(3) {
		r := open(t, Options{Seed: seed})
		f := r.kernel(saxpy, "saxpy")
		done := make(chan error)
		const n = 256
		for g := range 4 {
			go func() {
				done <- func() error {
					s, err := r.NewStream()
					if err != nil {
						return err
					}
					defer s.Close()
					for i := range 10 {
						h, err := r.Pin(4 * n)
						if err != nil {
							return err
						}
						p, err := r.Alloc(4 * n)
						if err != nil {
							return err
						}
						one := math.Float32bits(1)
						args := []driver.Arg{driver.Addr(p), driver.Addr(p), driver.I32(n), driver.F32(float32(g*10 + i))}
						err = errors.Join(s.Fill(p, one, n), s.Launch(f, grid(2, 128), args), s.CopyOut(h, 0, 4*n, p), s.CopyIn(p, h, 0, 4*n), s.Sync())
						if err != nil {
							return err
						}
						if got := toWords(h)[n-1]; got != math.Float32bits(float32(g*10+i+1)) {
							return fmt.Errorf("%#x", got)
						}
						if err := errors.Join(h.Free(), r.Free(p)); err != nil {
							return err
						}
					}
					return nil
				}()
			}()
		}
		for range 4 {
			require.NoError(t, <-done)
		}
	}
}
