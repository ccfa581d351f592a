package exec

import (
	"bytes"
	"fmt"
	"math/bits"
	"slices"

	"github.com/rapt-go/rapt/cuda/ptx"
)

// This file is the parameters of the kernel, and those of functions with what is passed to the calls in
// them, which are bytes of the frame: each knows whether it was stored.

// paramAt is n bytes of the parameters of the kernel, or of the function that runs, at a generic address.
func (w *warp) paramAt(in *inst, lane int, addr uint64, n int) []byte {
	params := w.cta.launch.Params
	if addr&uint64(n-1) != 0 {
		w.misaligned(in, ptx.ParamSpace, lane, addr, n)
	}
	off := addr - paramWindow
	if addr>>32 == frameWindow>>32 {
		size := w.fn.paramBytes
		params, off = w.frame.params[lane*size:(lane+1)*size], addr-frameWindow
	}
	if off >= uint64(len(params)) || uint64(len(params))-off < uint64(n) {
		w.fatalIssue(in, OutOfBounds, lane, &issue{space: ptx.ParamSpace, addr: addr, bytes: n, otherID: -1},
			"%d bytes at %#x, there are %d bytes of parameters", n, addr, len(params))
	}
	if addr>>32 == frameWindow>>32 {
		w.readParam(in, w.frame, lane, int(off), n)
	}
	return params[off : off+uint64(n)]
}

// readParam is the bookkeeping of a read of n bytes of a function's parameters, arguments or results.
func (w *warp) readParam(in *inst, f *frame, lane, off, n int) {
	at := lane*f.fn.paramBytes + off
	stored := f.stored[at : at+n]
	i := bytes.IndexByte(stored, 0)
	if i < 0 {
		return
	}
	v, first := f.fn.paramOf(off + i)
	what := "an argument or a result of a call"
	if v != nil && slices.Contains(f.fn.src.Params, v) {
		what = "a parameter"
	}
	w.foundUnset(in, lane, frameWindow+uint64(off), n, unsetIn(stored), unsetLoad{space: ptx.ParamSpace, what: what,
		object: func(_ int, addr uint64) string {
			if v == nil {
				return "padding between the parameters of " + f.fn.src.Name
			}
			return fmt.Sprintf("byte %d of %s (%d bytes) of function %s", int(addr-frameWindow)-first, v.Name, v.Size(), f.fn.src.Name)
		}})
}

// paramOf is the parameter, argument or result that has a byte of the function's frame, and the offset of
// its first one; nil for padding.
func (fn *function) paramOf(off int) (*ptx.Var, int) {
	for v, at := range fn.params {
		if off >= at && off < at+int(v.Size()) {
			return v, at
		}
	}
	return nil, 0
}

func (w *warp) loadParam(in *inst, m uint32) {
	a := in.mem
	size := w.fn.paramBytes
	for ; m != 0; m &= m - 1 {
		l := bits.TrailingZeros32(m) & 31
		at := l*size + a.param
		w.readParam(in, w.frame, l, a.param, a.total)
		w.unpack(a, l, w.frame.params[at:at+a.total])
	}
}

func (w *warp) storeParam(in *inst, m uint32) {
	a := in.mem
	size := w.fn.paramBytes
	for ; m != 0; m &= m - 1 {
		l := bits.TrailingZeros32(m) & 31
		at := l*size + a.param
		copy(w.frame.params[at:at+a.total], w.pack(a, l))
		stored := w.frame.stored[at : at+a.total]
		for i := range stored {
			stored[i] = 1
		}
		w.undefinedBytes(in, l, func(off, n int) {
			clear(stored[off : off+n])
			o := w.originOf(a.regs[off/a.size].def, l)
			for i := off; i < off+n; i++ {
				w.frame.passOrigin(paramByte{a.param + i, l}, o)
			}
		})
	}
}

// A paramByte is a byte of a lane's parameters.
type paramByte struct{ off, lane int }

// passOrigin remembers which load an undefined byte of the parameters comes from; nil is none.
func (f *frame) passOrigin(b paramByte, o *origin) {
	if o == nil || o.load == nil {
		delete(f.passed, b)
		return
	}
	if f.passed == nil {
		f.passed = map[paramByte]origin{}
	}
	f.passed[b] = *o
}
