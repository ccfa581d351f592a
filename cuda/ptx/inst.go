package ptx

// What a decoder asks of an instruction. All of it is a scan over a handful of modifiers.

// Has tells whether the instruction carries the modifier.
func (in *Inst) Has(m Mod) bool {
	for _, x := range in.Mods {
		if x == m {
			return true
		}
	}
	return false
}

// Type is the i-th type suffix, or NoType.
func (in *Inst) Type(i int) Type {
	if i < len(in.Types) {
		return in.Types[i]
	}
	return NoType
}

// first is the first modifier of the closed range, or 0.
func (in *Inst) first(lo, hi Mod) Mod {
	for _, x := range in.Mods {
		if x >= lo && x <= hi {
			return x
		}
	}
	return 0
}

// Rounding is ModRN to ModRPI, or 0.
func (in *Inst) Rounding() Mod { return in.first(ModRN, ModRPI) }

// Compare is the comparison operator ModEQ to ModNaN, ModLo or ModHi of set and setp, or 0.
func (in *Inst) Compare() Mod {
	for _, x := range in.Mods {
		if x >= ModEQ && x <= ModNaN || (in.Op == OpSet || in.Op == OpSetp) && (x == ModLo || x == ModHi) {
			return x
		}
	}
	return 0
}

// Operation is ModAnd to ModBallot: what atom, red, redux, vote do, how set and setp combine, or 0.
func (in *Inst) Operation() Mod { return in.first(ModAnd, ModBallot) }

// Half is ModLo, ModHi or ModWide of mul and mad, or 0.
func (in *Inst) Half() Mod { return in.first(ModHi, ModWide) }

// Space is the first state space suffix, or Generic.
func (in *Inst) Space() Space {
	for _, x := range in.Mods {
		if s := x.Space(); s != Generic {
			return s
		}
	}
	return Generic
}

// Vec is the number of elements of a vector access: 1, 2, 4 or 8.
func (in *Inst) Vec() int {
	switch in.first(ModV2, ModV8) {
	case ModV2:
		return 2
	case ModV4:
		return 4
	case ModV8:
		return 8
	}
	return 1
}

// Order is ModWeak to ModMmio: the memory ordering, or 0 (then weak for ld and st, relaxed for atom and red).
func (in *Inst) Order() Mod { return in.first(ModWeak, ModMmio) }

// Scope is ModCTA to ModSys, or 0.
func (in *Inst) Scope() Mod { return in.first(ModCTA, ModSys) }

// Cache is the cache operator ModCA to ModWT, or 0.
func (in *Inst) Cache() Mod { return in.first(ModCA, ModWT) }

// Shape is the matrix shape ModM8N8 to ModM16N8K256 (see [Mod.Shape]), or 0.
func (in *Inst) Shape() Mod { return in.first(ModM8N8, ModM16N8K256) }

// Layouts are the ModRow and ModCol suffixes in order, 0 where absent.
func (in *Inst) Layouts() (a, b Mod) {
	for _, x := range in.Mods {
		if x != ModRow && x != ModCol {
			continue
		}
		if a == 0 {
			a = x
		} else if b == 0 {
			b = x
		}
	}
	return a, b
}

// Num is the number of matrices of ldmatrix and stmatrix (.x1, .x2, .x4), or 0.
func (in *Inst) Num() int {
	switch in.first(ModX1, ModX4) {
	case ModX1:
		return 1
	case ModX2:
		return 2
	case ModX4:
		return 4
	}
	return 0
}

// Walk calls f for each statement of the body in source order, those of nested blocks included (the block itself first).
func (fn *Func) Walk(f func(Stmt)) {
	if fn.Body != nil {
		fn.Body.walk(f)
	}
}

func (b *Block) walk(f func(Stmt)) {
	for _, s := range b.Stmts {
		f(s)
		if inner, ok := s.(*Block); ok {
			inner.walk(f)
		}
	}
}

// Name is the name of the variable or function.
func (o *SymRef) Name() string {
	switch {
	case o.Var != nil:
		return o.Var.Name
	case o.Func != nil:
		return o.Func.Name
	}
	return ""
}
