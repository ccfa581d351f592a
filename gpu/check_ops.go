package gpu

// What Check asks of each operation.

func (c *checker) gemm(op *Gemm) {
	m, k, n, kb := op.A.Rows, op.A.Cols, op.B.Rows, op.B.Cols
	switch op.Form {
	case NT:
	case NN:
		n, kb = op.B.Cols, op.B.Rows
	case TN:
		m, k, n, kb = op.A.Cols, op.A.Rows, op.B.Cols, op.B.Rows
	default:
		c.fail("Form is %d: %w", op.Form, ErrUnsupported)
	}
	if k != kb {
		c.fail("A has %d to sum over, B has %d: %w", k, kb, ErrShape)
	}
	c.in("A", &op.A, -1, -1, floats)
	c.weight("B", &op.B, op.Form)
	if !op.Up.IsZero() {
		if op.Form != NT {
			c.fail("gated weight with Form %d: %w", op.Form, ErrUnsupported)
		}
		if op.Up.Rows != n || op.Up.Cols != k || op.Up.DType != op.B.DType || op.Up.Format != op.B.Format {
			c.fail("Up is %v %v, not like B, %v %v: %w", op.Up, op.Up.Format, op.B, op.B.Format, ErrShape)
		}
		c.weight("Up", &op.Up, op.Form)
	} else if !op.UpBias.IsZero() || !op.UpPre.IsZero() {
		c.fail("UpBias or UpPre without Up: %w", ErrShape)
	}
	c.out("Dst", &op.Dst, m, n, f32|only(op.A.DType))
	c.optOut("Pre", &op.Pre, m, n, floats)
	c.optOut("UpPre", &op.UpPre, m, n, floats)
	c.opt("Bias", &op.Bias, 1, n, f32)
	c.opt("UpBias", &op.UpBias, 1, n, f32)
	c.opt("Mul", &op.Mul, m, n, floats)
	c.opt("Add", &op.Add, m, n, floats)
	c.act("Act", op.Act)
	c.act("MulAct", op.MulAct)
	c.drop(op.Drop)
	c.apart("Dst", &op.Dst, &op.A, &op.B, &op.Up, &op.Bias, &op.UpBias, &op.Pre, &op.UpPre)
	c.apartOrSame("Dst", &op.Dst, &op.Mul, &op.Add)
	c.apart("Pre", &op.Pre, &op.A, &op.B, &op.Up, &op.Bias, &op.UpBias, &op.Mul, &op.Add, &op.UpPre)
	c.apart("UpPre", &op.UpPre, &op.A, &op.B, &op.Up, &op.Bias, &op.UpBias, &op.Mul, &op.Add)
}

// weight checks the right operand of a Gemm, which alone may be prepared.
func (c *checker) weight(name string, t *Tensor, form Form) {
	switch {
	case t.Format == Plain:
		c.in(name, t, -1, -1, floats)
	case t.Format >= formats || t.Buf == nil && t.Len() > 0:
		c.fail("%s is part of a prepared weight, or of no known format, %v: %w", name, t.Format, ErrUnsupported)
	case form != NT:
		c.fail("Form %d of a prepared weight %s, %v: %w", form, name, t.Format, ErrUnsupported)
	}
}

func (c *checker) norm(op *Norm) {
	m, n := op.X.Rows, op.X.Cols
	c.in("X", &op.X, -1, -1, floats)
	c.out("Dst", &op.Dst, m, n, f32|only(op.X.DType))
	c.optOut("Sum", &op.Sum, m, n, floats)
	c.optOut("Stat", &op.Stat, m, 2, f32)
	c.opt("Residual", &op.Residual, m, n, floats)
	c.opt("Gain", &op.Gain, 1, n, f32)
	c.opt("Bias", &op.Bias, 1, n, f32)
	c.drop(op.Drop)
	if !(op.Eps >= 0) {
		c.fail("Eps is %v: %w", op.Eps, ErrUnsupported)
	}
	c.apartOrSame("Dst", &op.Dst, &op.X, &op.Residual)
	c.apart("Dst", &op.Dst, &op.Sum, &op.Stat, &op.Gain, &op.Bias)
	c.apartOrSame("Sum", &op.Sum, &op.X, &op.Residual)
	c.apart("Sum", &op.Sum, &op.Stat, &op.Gain, &op.Bias)
	c.apart("Stat", &op.Stat, &op.X, &op.Residual, &op.Gain, &op.Bias)
}

func (c *checker) attention(op *Attention) {
	kv := op.KVHeads
	if kv == 0 {
		kv = op.Heads
	}
	if op.Heads < 1 || kv < 1 || op.Heads%kv != 0 || op.Q.Cols%op.Heads != 0 || op.V.Cols%kv != 0 {
		c.fail("%d heads over Q %v, %d over K %v and V %v: %w", op.Heads, op.Q, kv, op.K, op.V, ErrShape)
		return
	}
	if op.QSeq.N != op.KSeq.N {
		c.fail("%d sequences of queries, %d of keys: %w", op.QSeq.N, op.KSeq.N, ErrShape)
	}
	if !op.QSeq.Pages.IsZero() {
		c.fail("queries in pages: %w", ErrUnsupported)
	}
	c.in("Q", &op.Q, -1, -1, floats)
	c.in("K", &op.K, -1, kv*(op.Q.Cols/op.Heads), floats)
	c.in("V", &op.V, op.K.Rows, -1, floats)
	if op.K.DType != op.V.DType {
		c.fail("K is %v and V %v: %w", op.K, op.V, ErrUnsupported)
	}
	c.out("Dst", &op.Dst, op.Q.Rows, op.V.Cols/kv*op.Heads, f32|only(op.Q.DType))
	c.optOut("LSE", &op.LSE, op.Q.Rows, op.Heads, f32)
	if !op.Bias.IsZero() && op.Bias.Rows%2 == 0 {
		c.fail("Bias has %d rows, not an odd number: %w", op.Bias.Rows, ErrShape)
	}
	c.opt("Bias", &op.Bias, -1, op.Heads, f32)
	c.seqs(&querySeqs, &op.QSeq)
	c.seqs(&keySeqs, &op.KSeq)
	c.drop(op.Drop)
	c.apart("Dst", &op.Dst, &op.Q, &op.K, &op.V, &op.Bias, &op.LSE)
	c.apart("LSE", &op.LSE, &op.Q, &op.K, &op.V, &op.Bias)
}

func (c *checker) embed(op *Embed) {
	tokens, n := op.IDs.Cols, op.Table.Cols
	c.in("IDs", &op.IDs, min(tokens, 1), -1, i32)
	c.in("Table", &op.Table, -1, -1, floats)
	c.out("Dst", &op.Dst, op.Dst.Rows, op.Dst.Cols, floats)
	if op.Dst.Rows != tokens || op.Dst.Cols != n {
		c.fail("Dst is %v, for %d tokens of a table of %d: %w", op.Dst, tokens, n, ErrShape)
	}
	c.lookup("Pos", "Positions", &op.Pos, &op.Positions, tokens, n)
	c.lookup("Type", "Types", &op.Type, &op.Types, tokens, n)
	c.drop(op.Drop)
	c.apart("Dst", &op.Dst, &op.Table, &op.Pos, &op.Type, &op.IDs, &op.Positions, &op.Types)
}

// lookup checks an optional table and its indices. Indices alone are not an error:
// a batch has positions, a model may have no use for them.
func (c *checker) lookup(table, index string, t, at *Tensor, tokens, n int) {
	if t.IsZero() {
		return
	}
	c.in(table, t, -1, n, floats)
	c.in(index, at, min(tokens, 1), tokens, i32)
}

func (c *checker) pointwise(op *Pointwise) {
	m, n := op.X.Rows, op.X.Cols
	c.in("X", &op.X, -1, -1, floats)
	c.out("Dst", &op.Dst, m, n, floats)
	c.opt("Y", &op.Y, m, n, floats)
	c.act("F", op.F)
	c.drop(op.Drop)
	c.apartOrSame("Dst", &op.Dst, &op.X, &op.Y)
}

func (c *checker) softmax(op *Softmax) {
	c.in("X", &op.X, -1, -1, floats)
	c.out("Dst", &op.Dst, op.X.Rows, op.X.Cols, f32|only(op.X.DType))
	c.apartOrSame("Dst", &op.Dst, &op.X)
}

func (c *checker) pool(op *Pool) {
	rows := min(op.X.Cols, 1)
	if op.Seqs.N > 0 || !op.Seqs.Len.IsZero() {
		rows = op.Seqs.N
	}
	if op.Kind >= poolKinds {
		c.fail("Kind is %d: %w", op.Kind, ErrUnsupported)
	}
	c.in("X", &op.X, -1, -1, floats)
	c.out("Dst", &op.Dst, rows, op.X.Cols, floats)
	c.seqs(&poolSeqs, &op.Seqs)
	c.apart("Dst", &op.Dst, &op.X)
}

func (c *checker) put(op *Put) {
	c.in("Src", &op.Src, -1, -1, floats|i32)
	c.out("Dst", &op.Dst, -1, op.Src.Cols, floats|i32)
	c.in("At", &op.At, min(op.Src.Rows, 1), op.Src.Rows, i32)
	if op.Add {
		c.in("Dst", &op.Dst, -1, -1, floats)
	}
	c.convertible(&op.Dst, &op.Src)
	c.apart("Dst", &op.Dst, &op.Src, &op.At)
}

func (c *checker) take(op *Take) {
	c.in("Src", &op.Src, -1, -1, floats|i32)
	c.out("Dst", &op.Dst, op.Dst.Rows, op.Src.Cols, floats|i32)
	c.in("At", &op.At, min(op.Dst.Rows, 1), op.Dst.Rows, i32)
	c.convertible(&op.Dst, &op.Src)
	c.apart("Dst", &op.Dst, &op.Src, &op.At)
}

// convertible checks that rows of src may go to dst: of the same type, or floats.
func (c *checker) convertible(dst, src *Tensor) {
	if dst.DType != src.DType && (only(dst.DType)|only(src.DType))&^floats != 0 {
		c.fail("rows of %v to %v: %w", src.DType, dst.DType, ErrUnsupported)
	}
}

func (c *checker) cast(op *Cast) {
	c.in("X", &op.X, -1, -1, floats)
	c.out("Dst", &op.Dst, op.X.Rows, op.X.Cols, floats)
	c.apart("Dst", &op.Dst, &op.X)
}

func (c *checker) topK(op *TopK) {
	m, k := op.X.Rows, op.Index.Cols
	if k > op.X.Cols {
		c.fail("the %d largest of %d: %w", k, op.X.Cols, ErrShape)
	}
	c.in("X", &op.X, -1, -1, floats)
	c.out("Index", &op.Index, m, k, i32)
	c.optOut("Value", &op.Value, m, k, f32)
	c.apart("Index", &op.Index, &op.X, &op.Value)
	c.apart("Value", &op.Value, &op.X)
}

func (c *checker) sample(op *Sample) {
	m := op.X.Rows
	c.in("X", &op.X, -1, -1, floats)
	c.out("Index", &op.Index, m, min(op.X.Cols, 1), i32)
	c.in("Seed", &op.Seed, m, 2*min(op.X.Cols, 1), i32)
	c.apart("Index", &op.Index, &op.X, &op.Seed)
}

func (c *checker) crossEntropy(op *CrossEntropy) {
	m, one := op.X.Rows, min(op.X.Cols, 1)
	c.in("X", &op.X, -1, -1, floats)
	c.out("Loss", &op.Loss, m, one, f32)
	c.optOut("LSE", &op.LSE, m, one, f32)
	c.in("Target", &op.Target, m, one, i32)
	c.apart("Loss", &op.Loss, &op.X, &op.Target, &op.LSE)
	c.apart("LSE", &op.LSE, &op.X, &op.Target)
}

func (c *checker) warp(op *Warp) {
	m := op.X.Rows
	c.in("X", &op.X, -1, -1, floats)
	c.out("Dst", &op.Dst, m, op.X.Cols, f32)
	c.in("Params", &op.Params, m, WarpParams*min(op.X.Cols, 1), f32)
	c.apartOrSame("Dst", &op.Dst, &op.X)
	c.apart("Dst", &op.Dst, &op.Params)
}

func (c *checker) scatter(op *Scatter) {
	k := op.Row.Cols
	if op.Kind >= scatterKinds {
		c.fail("Kind is %d: %w", op.Kind, ErrUnsupported)
	}
	c.out("Dst", &op.Dst, op.Dst.Rows, op.Dst.Cols, floats)
	c.in("Row", &op.Row, min(k, 1), k, i32)
	c.in("Col", &op.Col, min(k, 1), k, i32)
	c.in("Value", &op.Value, min(k, 1), k, f32)
	c.apart("Dst", &op.Dst, &op.Row, &op.Col, &op.Value)
}

func (c *checker) normGrad(op *NormGrad) {
	f := &op.Fwd
	s := &f.Sum
	if s.IsZero() {
		if !f.Residual.IsZero() || f.Drop.Rate > 0 {
			c.fail("Fwd.Sum is absent, with a residual or dropout: %w", ErrShape)
		}
		s = &f.X
	}
	m, n := s.Rows, s.Cols
	c.in("Fwd.Sum", s, -1, -1, floats)
	c.in("Fwd.Stat", &f.Stat, m, 2*min(n, 1), f32)
	c.opt("Fwd.Gain", &f.Gain, 1, n, f32)
	c.in("DDst", &op.DDst, m, n, f32)
	c.opt("DSum", &op.DSum, m, n, f32)
	c.drop(f.Drop)
	outs := [...]*Tensor{&op.DX, &op.DResidual, &op.DGain, &op.DBias}
	for i, name := range [...]string{"DX", "DResidual", "DGain", "DBias"} {
		rows := m
		if i >= 2 {
			rows = 1
		}
		c.optOut(name, outs[i], rows, n, f32)
		c.apart(name, outs[i], s, &f.Stat, &f.Gain, &op.DDst, &op.DSum)
		c.apart(name, outs[i], outs[i+1:]...)
	}
}

func (c *checker) attentionGrad(op *AttentionGrad) {
	f := &op.Fwd
	c.attention(f)
	if c.err != nil {
		return
	}
	c.in("Fwd.LSE", &f.LSE, f.Q.Rows, f.Heads*min(f.Q.Cols, 1), f32)
	c.in("DDst", &op.DDst, f.Dst.Rows, f.Dst.Cols, f32)
	fwd := [...]*Tensor{&f.Q, &f.K, &f.V, &f.Bias}
	outs := [...]*Tensor{&op.DQ, &op.DK, &op.DV, &op.DBias}
	for i, name := range [...]string{"DQ", "DK", "DV", "DBias"} {
		c.optOut(name, outs[i], fwd[i].Rows, fwd[i].Cols, f32)
		c.apart(name, outs[i], &f.Q, &f.K, &f.V, &f.Bias, &f.Dst, &f.LSE, &op.DDst)
		c.apart(name, outs[i], outs[i+1:]...)
	}
}

func (c *checker) embedGrad(op *EmbedGrad) {
	f := &op.Fwd
	tokens, n := op.DDst.Rows, op.DDst.Cols
	c.in("DDst", &op.DDst, -1, -1, f32)
	tables := [...]*Tensor{&f.Table, &f.Pos, &f.Type}
	ids := [...]*Tensor{&f.IDs, &f.Positions, &f.Types}
	idNames := [...]string{"Fwd.IDs", "Fwd.Positions", "Fwd.Types"}
	outs := [...]*Tensor{&op.DTable, &op.DPos, &op.DType}
	for i, name := range [...]string{"DTable", "DPos", "DType"} {
		if outs[i].IsZero() {
			continue
		}
		c.in(idNames[i], ids[i], min(tokens, 1), tokens, i32)
		c.optOut(name, outs[i], tables[i].Rows, n, f32)
		c.apart(name, outs[i], &op.DDst, ids[i])
		c.apart(name, outs[i], outs[i+1:]...)
	}
	c.drop(f.Drop)
}
