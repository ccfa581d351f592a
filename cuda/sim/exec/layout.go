package exec

import (
	"fmt"

	"github.com/rapt-go/rapt/cuda/ptx"
)

// Generic addresses of shared and local memory and of kernel parameters lie in windows that no
// allocation of package mem reaches. An address in a state space is the offset in its window, but for
// parameters and global memory, whose addresses are generic ones. Constant memory is a part of the device's, and starts at
// the lowest of the module's constants, so that 32 bits hold its addresses as they do on hardware.
const (
	sharedWindow = 0x0000_6000_0000_0000
	localWindow  = 0x0000_6100_0000_0000
	paramWindow  = 0x0000_6200_0000_0000
	windowSize   = 1 << 32
	frameWindow  = 0x0000_6400_0000_0000 // parameters of the device function that runs
	codeWindow   = 0x0000_6300_0000_0000

	// localBase is the address of the first byte of local memory, so that 0 is none.
	localBase = 0x1000

	// constStart is the address of the first constant.
	constStart = 0x100
)

// sharedLayout is where the shared variables of a kernel lie. Gaps between them, which hardware does
// not have, catch indices that run over an array's end; they are multiples of 128 bytes, a row of
// the banks, and of all alignments, so that bank conflicts are those of the layout without gaps.
type sharedLayout struct {
	static  int // bytes without gaps
	vars    map[*ptx.Var]int
	spans   []span
	dynamic int // where dynamic shared memory starts
}

// A span is a variable's bytes.
type span struct {
	start, end int
	name       string
}

func layoutShared(funcs []*function) sharedLayout {
	l := sharedLayout{vars: map[*ptx.Var]int{}}
	var vars []*ptx.Var
	seen := map[*ptx.Var]bool{}
	add := func(v *ptx.Var) {
		if v != nil && v.Space == ptx.SharedSpace && !seen[v] {
			seen[v] = true
			vars = append(vars, v)
		}
	}
	for _, f := range funcs {
		f.src.Walk(func(s ptx.Stmt) {
			switch s := s.(type) {
			case *ptx.Var:
				add(s)
			case *ptx.Inst:
				for _, a := range s.Args {
					add(symbol(a))
				}
			}
		})
	}
	gap, dynamicAlign := 128, 16
	for _, v := range vars {
		gap = max(gap, v.AlignOf())
		if v.Size() == 0 {
			dynamicAlign = max(dynamicAlign, v.AlignOf())
		}
	}
	shift := 0
	for _, v := range vars {
		if v.Size() == 0 {
			continue
		}
		l.static = align(l.static, v.AlignOf())
		at := l.static + shift
		l.vars[v] = at
		l.spans = append(l.spans, span{at, at + int(v.Size()), v.Name})
		l.static += int(v.Size())
		shift += gap
	}
	l.dynamic = align(l.static, dynamicAlign) + shift
	for _, v := range vars {
		if v.Size() == 0 {
			l.vars[v] = l.dynamic
		}
	}
	return l
}

func align(n, to int) int { return (n + to - 1) / to * to }

// symbol is the variable whose address an operand holds, nil without.
func symbol(o ptx.Operand) *ptx.Var {
	switch o := o.(type) {
	case *ptx.SymRef:
		return o.Var
	case *ptx.Addr:
		if o.Base != nil {
			return symbol(o.Base)
		}
	}
	return nil
}

// describe says what is at an offset of shared memory of which size bytes exist.
func (l *sharedLayout) describe(off, size int) string {
	for _, s := range l.spans {
		if off >= s.start && off < s.end {
			return fmt.Sprintf("byte %d of shared variable %s (%d bytes)", off-s.start, s.name, s.end-s.start)
		}
	}
	if off >= l.dynamic && off < size {
		return fmt.Sprintf("byte %d of dynamic shared memory (%d bytes)", off-l.dynamic, size-l.dynamic)
	}
	last := ""
	for _, s := range l.spans {
		if off >= s.end {
			last = fmt.Sprintf("byte %d past the end of shared variable %s (%d bytes)", off-s.end, s.name, s.end-s.start)
		}
	}
	if off >= size && size > l.dynamic {
		last = fmt.Sprintf("byte %d past the end of dynamic shared memory (%d bytes)", off-size, size-l.dynamic)
	}
	if last == "" {
		return fmt.Sprintf("no variable (the block has %d bytes of shared memory)", l.static+max(size-l.dynamic, 0))
	}
	return last
}
