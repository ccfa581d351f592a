package exec

import (
	"fmt"
	"math"
	"math/bits"
	"slices"

	"github.com/rapt-go/rapt/cuda/ptx"
	"github.com/rapt-go/rapt/cuda/sim/mem"
)

// Load places the variables of the module's .global and .const spaces in a device's memory, with their
// initial values or zeros.
func (p *Program) Load(m *mem.Memory) (*Image, error) {
	im := &Image{constBase: math.MaxUint64, program: p, memory: m, vars: map[*ptx.Var]*mem.Allocation{}, names: map[string]*mem.Allocation{}}
	for _, v := range p.module.Vars {
		if v.Space != ptx.GlobalSpace && v.Space != ptx.ConstSpace || v.Linkage == ptx.Extern {
			continue
		}
		a, err := m.AllocNamed(v.Name, max(v.Size(), 1), int64(v.AlignOf()))
		if err != nil {
			im.Unload()
			return nil, fmt.Errorf("exec: variable %s: %w", v.Name, err)
		}
		clear(a.Data)
		a.SetInit(0, a.Size)
		if v.Space == ptx.ConstSpace {
			a.ReadOnly = true
			im.constBase = min(im.constBase, a.Base-constStart)
		}
		im.vars[v], im.names[v.Name] = a, a
	}
	for _, v := range p.module.Vars {
		// A declaration is the definition of the same name, if the module has one.
		if a := im.names[v.Name]; a != nil && im.vars[v] == nil && v.Space != ptx.SharedSpace {
			im.vars[v] = a
		}
	}
	for _, v := range p.module.Vars {
		if a := im.vars[v]; a != nil && v.Init != nil {
			if err := im.initialise(v, v.Init, a.Data); err != nil {
				im.Unload()
				return nil, fmt.Errorf("%s:%d:%d: %s: %w", p.module.Name, v.Init.Pos.Line, v.Init.Pos.Col, v.Name, err)
			}
		}
	}
	if err := im.checkDeclared(); err != nil {
		im.Unload()
		return nil, err
	}
	return im, nil
}

// checkDeclared refuses variables that are declared and used, and defined nowhere.
func (im *Image) checkDeclared() error {
	for _, k := range im.program.kernels {
		for _, f := range k.funcs {
			for _, c := range f.const64 {
				if c.sym != nil && im.vars[c.sym] == nil {
					return fmt.Errorf("%s:%d:%d: %w", im.program.module.Name, c.sym.Pos.Line, c.sym.Pos.Col, undefinedVar(c.sym))
				}
			}
		}
	}
	return nil
}

func undefinedVar(v *ptx.Var) error {
	return fmt.Errorf("%s is declared .extern and nowhere defined", v.Name)
}

// initialise writes an initializer into the bytes of a variable; nested lists are rows of an array.
func (im *Image) initialise(v *ptx.Var, in *ptx.Init, data []byte) error {
	size, dims := v.Type.Size(), v.Dims
	if v.Vec > 1 {
		dims = append(slices.Clone(dims), int64(v.Vec)) // a vector is a row of its elements
	}
	var fill func(in *ptx.Init, dims []int64, data []byte) error
	fill = func(in *ptx.Init, dims []int64, data []byte) error {
		if in.Value != nil {
			if len(data) < size {
				return fmt.Errorf("too many initial values")
			}
			x, err := im.initialValue(v, in)
			if err != nil {
				return err
			}
			putElement(data, size, x)
			return nil
		}
		step := size
		if len(dims) > 1 {
			for _, n := range dims[1:] {
				step *= int(n)
			}
		}
		if len(in.List) > 0 && in.List[0].Value != nil {
			step = size
		}
		for i, e := range in.List {
			if (i+1)*step > len(data) {
				return fmt.Errorf("too many initial values")
			}
			if err := fill(e, dims[min(1, len(dims)):], data[i*step:(i+1)*step]); err != nil {
				return err
			}
		}
		return nil
	}
	return fill(in, dims, data)
}

func (im *Image) initialValue(v *ptx.Var, in *ptx.Init) (uint64, error) {
	switch o := in.Value.(type) {
	case *ptx.Imm:
		x := o.Bits
		switch {
		case v.Type == ptx.F64 && o.Kind != ptx.ImmF64 && o.Kind != ptx.ImmF32:
			x = math.Float64bits(float64(int64(o.Bits)))
		case v.Type == ptx.F32 && o.Kind != ptx.ImmF64 && o.Kind != ptx.ImmF32:
			x = uint64(math.Float32bits(float32(int64(o.Bits))))
		case v.Type == ptx.F32 || v.Type == ptx.F64:
			x = immBits(o, v.Type)
		case v.Type == ptx.B32: // as a float of the size; an integer is what it is
			x = immBits(o, ptx.F32)
		case v.Type == ptx.B64:
			x = immBits(o, ptx.F64)
		}
		return x, nil
	case *ptx.SymRef:
		if a := im.vars[o.Var]; a != nil {
			x := a.Base + uint64(o.Offset)
			if o.Var.Space == ptx.ConstSpace && !in.Generic {
				x -= im.constBase
			}
			return masked(x, in.Mask), nil
		}
		if o.Func != nil {
			return masked(im.program.codeAddress(o.Func), in.Mask), nil
		}
		if o.Var != nil && o.Var.Linkage == ptx.Extern {
			return 0, undefinedVar(o.Var)
		}
	}
	return 0, fmt.Errorf("%w: this initial value", ErrNotSimulated)
}

// masked is the part of an address that a mask selects, all of it without one.
func masked(x, mask uint64) uint64 {
	if mask == 0 {
		return x
	}
	return x & mask >> bits.TrailingZeros64(mask)
}

// Global is the address and size of a variable of the module.
func (im *Image) Global(name string) (addr uint64, size int64, ok bool) {
	a := im.names[name]
	if a == nil {
		return 0, 0, false
	}
	return a.Base, a.Size, true
}

// Unload frees the variables.
func (im *Image) Unload() {
	for _, a := range im.names {
		_ = im.memory.Free(a.Base) // only fails where it was freed behind our back
	}
	im.names, im.vars = nil, nil
}
