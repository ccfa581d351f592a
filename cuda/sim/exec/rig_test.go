package exec

import (
	"context"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/rapt-go/rapt/cuda/ptx"
	"github.com/rapt-go/rapt/cuda/sim/mem"
	"github.com/stretchr/testify/require"
)

// A rig is a module on a device.
type rig struct {
	t      *testing.T
	memory *mem.Memory
	image  *Image
	kernel *Kernel
	launch Launch
}

// newRig compiles a module; the kernel is its first.
func newRig(t *testing.T, src string) *rig {
	t.Helper()
	m, err := ptx.Load("test.ptx", []byte(src))
	require.NoError(t, err)
	p, err := Compile(m)
	require.NoError(t, err)
	r := &rig{t: t, memory: mem.New(1<<30, 1)}
	r.image, err = p.Load(r.memory)
	require.NoError(t, err)
	if len(p.Kernels()) > 0 {
		r.kernel = p.Kernels()[0]
	}
	r.launch.Kernel = r.kernel
	return r
}

// words allocates device memory with the given words.
func (r *rig) words(v ...uint32) uint64 {
	b := make([]byte, 4*len(v))
	for i, x := range v {
		binary.LittleEndian.PutUint32(b[4*i:], x)
	}
	addr := r.space(len(b))
	require.NoError(r.t, r.memory.Write(addr, b))
	return addr
}

func (r *rig) bytes(b []byte) uint64 {
	addr := r.space(len(b))
	require.NoError(r.t, r.memory.Write(addr, b))
	return addr
}

// space allocates n bytes that nothing has written.
func (r *rig) space(n int) uint64 {
	addr, err := r.memory.Alloc(int64(n))
	require.NoError(r.t, err)
	return addr
}

func (r *rig) read(addr uint64, n int) []uint32 {
	b := make([]byte, 4*n)
	require.NoError(r.t, r.memory.Read(b, addr))
	v := make([]uint32, n)
	for i := range v {
		v[i] = binary.LittleEndian.Uint32(b[4*i:])
	}
	return v
}

// run launches the kernel.
func (r *rig) run(grid, block int, args ...uint64) *Result {
	r.t.Helper()
	l := r.launch
	if l.Grid[0] == 0 {
		l.Grid = [3]int{grid, 1, 1}
	}
	if l.Block[0] == 0 {
		l.Block = [3]int{block, 1, 1}
	}
	var err error
	l.Params, err = l.Kernel.PackArgs(args)
	require.NoError(r.t, err)
	res, err := r.image.Launch(context.Background(), &l)
	require.NoError(r.t, err)
	return res
}

// clean is run for kernels in which nothing must be found.
func (r *rig) clean(grid, block int, args ...uint64) *Result {
	r.t.Helper()
	res := r.run(grid, block, args...)
	require.NoError(r.t, res.Err())
	return res
}

// header is what a test's PTX starts with.
const header = ".version 8.0\n.target sm_90\n.address_size 64\n"

// kernel wraps a body in an entry k with pointer parameters, loaded into %a0, %a1, …, the thread
// number in %t and a few registers.
func kernel(params int, body string) string {
	var b strings.Builder
	b.WriteString(header + ".visible .entry k(")
	for i := range params {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, ".param .u64 p%d", i)
	}
	b.WriteString(")\n{\n\t.reg .pred %p<20>;\n\t.reg .b16 %h<20>;\n\t.reg .b32 %r<100>, %t;\n\t.reg .f32 %f<50>;\n\t.reg .b64 %rd<50>, %a<8>, %o;\n\t.reg .f64 %fd<20>;\n")
	for i := range params {
		fmt.Fprintf(&b, "\tld.param.u64 %%a%d, [p%d];\n", i, i)
	}
	b.WriteString("\tmov.u32 %t, %tid.x;\n\tmul.wide.u32 %o, %t, 4;\n")
	b.WriteString(body)
	b.WriteString("\n\tret;\n}\n")
	return b.String()
}

// lineOf is the line of the first occurrence of text in a module.
func lineOf(t *testing.T, src, text string) int {
	t.Helper()
	i := strings.Index(src, text)
	require.GreaterOrEqual(t, i, 0, text)
	return 1 + strings.Count(src[:i], "\n")
}
