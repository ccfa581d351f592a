package exec

import "math/bits"

// get is the value of a slot in a lane, zero-extended; of a predicate 0 or 1.
func (w *warp) get(s slot, lane int) uint64 {
	switch s.class {
	case c64:
		return w.r64[s.idx][lane]
	case cPred:
		return uint64(w.pred(s) >> lane & 1)
	}
	return uint64(w.r32[s.idx][lane])
}

// pred is a predicate as a mask.
func (w *warp) pred(s slot) uint32 {
	p := w.p[s.idx]
	if s.not {
		return ^p
	}
	return p
}

// setPred sets a predicate in the lanes m.
func (w *warp) setPred(s slot, v, m uint32) { w.p[s.idx] = w.p[s.idx]&^m | v&m }

// set gives a slot a value in a lane; what is above the register's width is cut off.
func (w *warp) set(s slot, lane int, v uint64) {
	switch s.class {
	case c64:
		w.r64[s.idx][lane] = v
	case c32:
		w.r32[s.idx][lane] = uint32(v) & (full >> (32 - s.bits))
	default:
		w.setPred(s, uint32(v)<<lane, 1<<lane)
	}
}

// read is all lanes of a slot: the register itself, or buf.
func (w *warp) read(s slot, buf *lanes64) *lanes64 {
	switch s.class {
	case c64:
		return &w.r64[s.idx]
	case c32:
		for l, v := range &w.r32[s.idx] {
			buf[l] = uint64(v)
		}
	default:
		p := w.pred(s)
		for l := range buf {
			buf[l] = uint64(p >> l & 1)
		}
	}
	return buf
}

// write sets the lanes m of a slot.
func (w *warp) write(s slot, v *lanes64, m uint32) {
	switch s.class {
	case c64:
		r := &w.r64[s.idx]
		if m == full {
			*r = *v
			return
		}
		blend(r, v, m)
	case c32:
		r := &w.r32[s.idx]
		mask := full >> (32 - s.bits)
		for ; m != 0; m &= m - 1 {
			l := bits.TrailingZeros32(m) & 31
			r[l] = uint32(v[l]) & mask
		}
	default:
		var p uint32
		for l := range v {
			p |= uint32(v[l]&1) << l
		}
		w.setPred(s, p, m)
	}
}

// The runners apply a function to the lanes of the operands.

func run1(f func(a uint64) uint64, d, a slot) func(*warp, *inst, uint32) {
	return func(w *warp, _ *inst, m uint32) {
		x, out := w.read(a, &w.buf[0]), &w.buf[3]
		for rest := m; rest != 0; rest &= rest - 1 {
			l := bits.TrailingZeros32(rest) & 31
			out[l] = f(x[l])
		}
		w.write(d, out, m)
	}
}

func run2(f func(a, b uint64) uint64, d, a, b slot) func(*warp, *inst, uint32) {
	return func(w *warp, _ *inst, m uint32) {
		x, y, out := w.read(a, &w.buf[0]), w.read(b, &w.buf[1]), &w.buf[3]
		for rest := m; rest != 0; rest &= rest - 1 {
			l := bits.TrailingZeros32(rest) & 31
			out[l] = f(x[l], y[l])
		}
		w.write(d, out, m)
	}
}

func run3(f func(a, b, c uint64) uint64, d, a, b, c slot) func(*warp, *inst, uint32) {
	return func(w *warp, _ *inst, m uint32) {
		x, y, z, out := w.read(a, &w.buf[0]), w.read(b, &w.buf[1]), w.read(c, &w.buf[2]), &w.buf[3]
		for rest := m; rest != 0; rest &= rest - 1 {
			l := bits.TrailingZeros32(rest) & 31
			out[l] = f(x[l], y[l], z[l])
		}
		w.write(d, out, m)
	}
}
