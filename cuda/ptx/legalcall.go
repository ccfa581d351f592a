package ptx

import "fmt"

// call checks ISA 9.7.12.5: call{.uni} (results), function, (parameters), targets.
func (l *legality) call(in *Inst) *Error {
	for _, m := range in.Mods {
		if m != ModUni || len(in.Mods) > 1 {
			return l.illegal(in.Pos, "%s: legal: call{.uni} (results), function, (parameters), targets", clip(in.Opcode()))
		}
	}
	c := in.Call
	var results, params []*Var
	switch f := c.Callee.(type) {
	case *SymRef:
		if f.Func == nil {
			return l.expected(f, "a function")
		}
		if f.Func.Entry {
			return l.illegal(f.Pos, "found the kernel %s, expected a .func", f.Func.Name)
		}
		if c.Table != nil {
			return l.expected(c.Table, "nothing behind a direct call")
		}
		results, params = f.Func.Results, f.Func.Params
	case *RegRef:
		if t := f.Reg.Type; !t.IsInt() && !t.IsBits() || f.Elem >= 0 {
			return l.expected(f, "a register that holds a function's address")
		}
		table, ok := c.Table.(*LabelRef)
		switch {
		case ok && table.Proto != nil:
			results, params = table.Proto.Results, table.Proto.Params
		case ok && table.Calls != nil && len(table.Calls.Targets) > 0:
			results, params = table.Calls.Targets[0].Func.Results, table.Calls.Targets[0].Func.Params
		default:
			return l.illegal(in.Pos, "an indirect call needs the label of a .callprototype or .calltargets")
		}
	default:
		return l.expected(c.Callee, "a function or a register with its address")
	}
	if e := l.passed(in, "results", results, c.Results); e != nil {
		return e
	}
	return l.passed(in, "parameters", params, c.Args)
}

// passed compares what a call passes with what the function declares, by number, space and size.
func (l *legality) passed(in *Inst, what string, want []*Var, have []Operand) *Error {
	if len(want) != len(have) {
		return l.illegal(in.Pos, "call: found %d %s, expected %d", len(have), what, len(want))
	}
	for i, v := range want {
		switch o := have[i].(type) {
		case *SymRef:
			if o.Var == nil || v.Space != ParamSpace || o.Var.Space != ParamSpace {
				return l.expected(o, fmt.Sprintf("%s in .%v", v.Name, v.Space))
			}
			if o.Var.Size() != v.Size() && v.Size() != 0 {
				return l.illegal(o.Pos, "found %s of %d bytes, expected %d", o.Name(), o.Var.Size(), v.Size())
			}
		case *RegRef:
			spec := argSpec{}
			if o.Reg.Vec != max(v.Vec, 1) || !accepts(v.Type, o.Reg.Type, &spec) {
				return l.expected(o, fmt.Sprintf("a register of type .%v", v.Type))
			}
		case *Imm:
			if what == "results" || !immediateOf(v.Type, o.Kind) {
				return l.expected(o, fmt.Sprintf("a register of type .%v", v.Type))
			}
		case *Sink:
			if what != "results" {
				return l.expected(o, "a parameter")
			}
		default:
			return l.expected(o, "a register or a .param variable")
		}
	}
	return nil
}
