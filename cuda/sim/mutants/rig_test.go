package mutants

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"regexp"
	"testing"

	"github.com/rapt-go/rapt/cuda/ptx"
	"github.com/rapt-go/rapt/cuda/sim/arith"
	"github.com/rapt-go/rapt/cuda/sim/exec"
	"github.com/rapt-go/rapt/cuda/sim/mem"
	"github.com/stretchr/testify/require"
)

// A rig is a launch of one kernel: its operands in a device's memory, and what it has to leave there.
type rig struct {
	t      *testing.T
	rng    *rand.Rand
	memory *mem.Memory
	launch exec.Launch
	args   []uint64
	checks []func() error
}

var (
	comments = regexp.MustCompile(`//.*`)
	spaces   = regexp.MustCompile(`[ \t]+`)
	empty    = regexp.MustCompile(`(?m)^ ?\n|^ | $`)
)

// source is the PTX of a base without comments and empty lines, with single spaces.
func source(t *testing.T, name string) string {
	b, err := os.ReadFile("testdata/" + name + ".ptx")
	require.NoError(t, err)
	return empty.ReplaceAllString(spaces.ReplaceAllString(comments.ReplaceAllString(string(b), ""), " "), "")
}

// run launches the only kernel of a module with the operands of a base.
func run(t *testing.T, b *base, src string, l exec.Launch) (*rig, *exec.Result) {
	t.Helper()
	m, err := ptx.Load(b.name+".ptx", []byte(src))
	require.NoError(t, err)
	p, err := exec.Compile(m)
	require.NoError(t, err)
	r := &rig{t: t, rng: rand.New(rand.NewPCG(l.Seed, 1)), memory: mem.New(1<<30, l.Seed), launch: l}
	image, err := p.Load(r.memory)
	require.NoError(t, err)
	r.launch.Kernel = p.Kernels()[0]
	b.set(r)
	r.launch.Params, err = r.launch.Kernel.PackArgs(r.args)
	require.NoError(t, err)
	res, err := image.Launch(context.Background(), &r.launch)
	require.NoError(t, err)
	return r, res
}

// wrong is the first operand that is not what it has to be, nil without.
func (r *rig) wrong() error {
	for _, check := range r.checks {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func (r *rig) grid(x, y int)  { r.launch.Grid = [3]int{x, y, 1} }
func (r *rig) block(x, y int) { r.launch.Block = [3]int{x, y, 1} }

// whole is n numbers that are whole, from −most to most.
func (r *rig) whole(n, most int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = float64(r.rng.IntN(2*most+1) - most)
	}
	return x
}

// Element types of operands.
type element struct {
	size int
	put  func([]byte, float64)
	get  func([]byte) float64
}

var (
	f32 = element{4, func(b []byte, x float64) { binary.LittleEndian.PutUint32(b, math.Float32bits(float32(x))) },
		func(b []byte) float64 { return float64(math.Float32frombits(binary.LittleEndian.Uint32(b))) }}
	// bf16 is for numbers that have no more than its 8 bits.
	bf16 = element{2, func(b []byte, x float64) {
		binary.LittleEndian.PutUint16(b, uint16(math.Float32bits(float32(x))>>16))
	}, func(b []byte) float64 {
		return float64(math.Float32frombits(uint32(binary.LittleEndian.Uint16(b)) << 16))
	}}
	s32 = element{4, func(b []byte, x float64) { binary.LittleEndian.PutUint32(b, uint32(int32(x))) },
		func(b []byte) float64 { return float64(int32(binary.LittleEndian.Uint32(b))) }}
	u8  = element{1, func(b []byte, x float64) { b[0] = byte(x) }, nil}
	u64 = element{8, func(b []byte, x float64) { binary.LittleEndian.PutUint64(b, uint64(x)) }, nil}
)

// array is a new allocation.
func (r *rig) array(e element, x []float64) uint64 {
	b := make([]byte, len(x)*e.size)
	for i, v := range x {
		e.put(b[i*e.size:], v)
	}
	addr := r.space(len(b))
	require.NoError(r.t, r.memory.Write(addr, b))
	return addr
}

func (r *rig) space(n int) uint64 {
	addr, err := r.memory.Alloc(int64(n))
	require.NoError(r.t, err)
	return addr
}

// in adds an argument that points to x.
func (r *rig) in(e element, x []float64) { r.args = append(r.args, r.array(e, x)) }

// ints and float add scalar arguments.
func (r *rig) ints(v ...int) {
	for _, x := range v {
		r.args = append(r.args, uint64(uint32(x)))
	}
}
func (r *rig) float(x float32) { r.args = append(r.args, uint64(math.Float32bits(x))) }

// out adds an argument for results that have to be within the bounds of want (nil is equal to it).
// Nothing has been written there before the launch.
func (r *rig) out(e element, want, bounds []float64) {
	r.args = append(r.args, r.space(len(want)*e.size))
	r.expect(e, want, bounds)
}

// inout is out for an operand that has values before.
func (r *rig) inout(e element, before, want []float64) {
	r.in(e, before)
	r.expect(e, want, nil)
}

// expect says what the last argument has to point to after the launch.
func (r *rig) expect(e element, want, bounds []float64) {
	addr, arg := r.args[len(r.args)-1], len(r.args)-1
	r.checks = append(r.checks, func() error {
		if at, bad := r.memory.FirstUninit(addr, int64(len(want)*e.size)); bad {
			return fmt.Errorf("argument %d: element %d was not written", arg, (at-addr)/uint64(e.size))
		}
		for i, x := range r.values(e, addr, len(want)) {
			bound := 0.0
			if bounds != nil {
				bound = bounds[i]
			}
			if !(math.Abs(x-want[i]) <= bound) {
				return fmt.Errorf("argument %d: element %d is %v, expected %v ± %g", arg, i, x, want[i], bound)
			}
		}
		return nil
	})
}

func (r *rig) values(e element, addr uint64, n int) []float64 {
	b := make([]byte, n*e.size)
	require.NoError(r.t, r.memory.Read(b, addr))
	x := make([]float64, n)
	for i := range x {
		x[i] = e.get(b[i*e.size:])
	}
	return x
}

var models = []arith.Model{arith.Exact, arith.InOrder, arith.Truncating}
