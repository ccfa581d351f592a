package ptx

import "strconv"

// scope holds the names of one pair of braces.
type scope struct {
	names  map[string]any // *Var, *RegDecl, *Label, *BranchTargets, *CallTargets, *Prototype
	ranges map[string]*regRange
	lowest map[string]int64 // of the numbers behind a prefix among single names, to find clashes with ranges
	regs   map[string]*Reg  // made so far
}

type regRange struct {
	decl  *RegDecl
	count int64
	pos   Pos
}

func (c *checker) declare(pos Pos, name string, what any) {
	s := c.scopes[len(c.scopes)-1]
	if s.names == nil {
		s.names, s.lowest = map[string]any{}, map[string]int64{}
	}
	_, dup := s.names[name]
	if r := s.inRange(name); r != nil {
		dup = true
	}
	if dup {
		c.fail(pos, ErrName, "%s is declared again in the same scope", clip(name))
		return
	}
	s.names[name] = what
	splitNumber(name, func(prefix string, n int64) bool {
		if low, ok := s.lowest[prefix]; !ok || n < low {
			s.lowest[prefix] = n
		}
		return false
	})
}

func (c *checker) declareVar(v *Var) {
	c.variable(v)
	if v.Init != nil {
		c.initial(v)
	}
	if v.Space == RegSpace {
		v.Reg = c.newReg(v.Name, v.Type, v.Vec, v.Pos)
	}
	c.declare(v.Pos, v.Name, v)
}

func (c *checker) declareReg(d *RegDecl, n *RegName) {
	if n.Count == 0 {
		c.declare(n.Pos, n.Name, d)
		return
	}
	s := c.scopes[len(c.scopes)-1]
	if s.ranges == nil {
		s.ranges = map[string]*regRange{}
	}
	low, clash := s.lowest[n.Name]
	if s.ranges[n.Name] != nil || clash && low < n.Count {
		c.fail(n.Pos, ErrName, "%s<%d> declares a register again in the same scope", clip(n.Name), n.Count)
		return
	}
	s.ranges[n.Name] = &regRange{d, n.Count, n.Pos}
}

// splitNumber offers f each way to read the name as prefix and number, until f is satisfied.
func splitNumber(name string, f func(prefix string, n int64) bool) {
	for i := len(name) - 1; i > 0 && name[i] >= '0' && name[i] <= '9' && len(name)-i < 11; i-- {
		if name[i] == '0' && i < len(name)-1 {
			continue
		}
		if n, err := strconv.ParseInt(name[i:], 10, 64); err == nil && f(name[:i], n) {
			return
		}
	}
}

func (s *scope) inRange(name string) (found *regRange) {
	if s.ranges == nil {
		return nil
	}
	splitNumber(name, func(prefix string, n int64) bool {
		if r := s.ranges[prefix]; r != nil && n < r.count {
			found = r
		}
		return found != nil
	})
	return found
}

func (c *checker) newReg(name string, t Type, vec int, pos Pos) *Reg {
	r := &Reg{Name: name, Type: t, Vec: max(vec, 1), Index: len(c.fn.Regs), Decl: pos}
	c.fn.Regs = append(c.fn.Regs, r)
	return r
}

// lookup finds a name from the innermost scope outwards, then in the module: *Reg, *Var, *Func, *Label, ... or nil.
func (c *checker) lookup(name string) any {
	for i := len(c.scopes) - 1; i >= 0; i-- {
		s := c.scopes[i]
		if r := s.regs[name]; r != nil {
			return r
		}
		var decl *RegDecl
		var pos Pos
		switch x := s.names[name].(type) {
		case nil:
			r := s.inRange(name)
			if r == nil {
				continue
			}
			decl, pos = r.decl, r.pos
		case *RegDecl:
			decl, pos = x, x.Pos
		case *Var:
			if x.Reg != nil {
				return x.Reg
			}
			return x
		default:
			return x
		}
		r := c.newReg(name, decl.Type, decl.Vec, pos)
		if s.regs == nil {
			s.regs = map[string]*Reg{}
		}
		s.regs[name] = r
		return r
	}
	if v := c.vars[name]; v != nil {
		return v
	}
	if f := c.funcs[name]; f != nil {
		return f
	}
	return nil
}

func (c *checker) label(name string) *Label {
	for i := len(c.scopes) - 1; i >= 0; i-- {
		if l, ok := c.scopes[i].names[name].(*Label); ok {
			return l
		}
	}
	return nil
}
