package exec

import (
	"math/bits"

	"github.com/rapt-go/rapt/cuda/ptx"
)

// This file is loads of bytes that nothing has written, which give undefined values; see undefined.go.

// An unsetLoad is a load that has found bytes that nothing had written. For what it is asked about
// lanes without such bytes, to which a shuffle brought the value of another, the address is that of a lane with.
type unsetLoad struct {
	space  ptx.Space
	addr   lanes64 // of the first such byte of each lane
	what   string  // the memory, after "loaded from"
	object func(lane int, addr uint64) string
	passed uint32 // lanes in which some of the bytes were written with such bytes from elsewhere
}

// isNew reports whether the bytes that a lane found are of the block's or the thread's own memory, and nothing
// was ever stored in them.
func (u *unsetLoad) isNew(lane int) bool { return u.space != ptx.GlobalSpace && u.passed>>lane&1 == 0 }

// unsetBytes is what the load that is executed has found so far.
type unsetBytes struct {
	unsetLoad
	lanes uint32
	bytes lanes32 // bit i for byte i of the access
}

// foundUnset takes note of bytes of a lane's access to n bytes at an address that nothing has written, bit i of
// which for byte i, or reports them where the instruction is none that passes them on. object describes
// the byte at an address.
func (w *warp) foundUnset(in *inst, lane int, addr uint64, n int, bytes uint32, from unsetLoad) {
	if bytes == 0 || w.cta.launch.Off&CheckUninit != 0 {
		return
	}
	first := addr + uint64(bits.TrailingZeros32(bytes))
	if !in.lazy {
		if lane >= manyLanes {
			lane = -1
		}
		w.reportIssue(in, UninitMemory, lane, &issue{space: from.space, addr: first, bytes: n, otherID: -1,
			object: func() string { return from.object(lane, first) }}, "a read of %s that nothing has written", from.what)
		return
	}
	u := &w.unset
	if u.lanes == 0 {
		from.passed = u.passed
		u.unsetLoad, u.bytes = from, lanes32{}
	}
	if u.bytes[lane] == 0 {
		u.addr[lane] = first
	}
	u.lanes |= 1 << lane
	u.bytes[lane] |= bytes
}

// unsetIn is foundUnset's bytes by a mark of each, which is 0 where it was not written.
func unsetIn(marks []byte) (bytes uint32) {
	for i, x := range marks {
		if x == 0 {
			bytes |= 1 << i
		}
	}
	return bytes
}

// sharedBytes lets the lanes of a load that read the same address as the one before find what that found.
func (u *unsetBytes) sharedBytes(addr *lanes64, m uint32) {
	last := -1
	lanesOf(m, func(l int) {
		if last >= 0 && addr[l] == addr[last] && u.lanes>>last&1 != 0 && u.lanes>>l&1 == 0 {
			u.lanes |= 1 << l
			u.bytes[l], u.addr[l] = u.bytes[last], u.addr[last]
			u.passed |= u.passed >> last & 1 << l
		}
		last = l
	})
}

// loadUnset makes what the load has read from bytes that nothing has written undefined.
func (w *warp) loadUnset(in *inst) {
	w.watch()
	a, u, f := in.mem, &w.unset, w.frame
	load := new(unsetLoad)
	*load = u.unsetLoad
	first := bits.TrailingZeros32(u.lanes)
	lanesOf(^u.lanes, func(l int) { load.addr[l] = load.addr[first] })
	if f.origins == nil {
		f.origins = map[int32][]origin{}
	}
	for i, r := range a.regs {
		var undefined lanes64
		var bad uint32
		lanesOf(u.lanes, func(l int) {
			if undefined[l] = undefinedElement(u.bytes[l]>>(i*a.size), a.size, a.signed); undefined[l] != 0 {
				bad |= 1 << l
			}
		})
		if bad == 0 {
			continue
		}
		w.def[r.def] &^= bad
		w.setUndefined(r.def, bad, &undefined)
		f.origins[r.def] = addOrigin(f.origins[r.def], origin{reg: r.def, in: in, lanes: bad, load: load})
		if a.space == functionParam && len(f.passed) > 0 {
			lanesOf(bad, func(l int) {
				if o, ok := f.passed[paramByte{a.param + bits.TrailingZeros32(u.bytes[l]>>(i*a.size)) + i*a.size, l}]; ok {
					o.lanes = 1 << l // the load before it was passed
					f.origins[r.def] = addOrigin(f.origins[r.def], o)
				}
			})
		}
	}
	u.lanes, u.passed = 0, 0
}

// undefinedElement is the bits of a register that come from undefined bytes of an element.
func undefinedElement(bytes uint32, size int, signed bool) (undefined uint64) {
	for b := range size {
		if bytes>>b&1 != 0 {
			undefined |= 0xff << (8 * b)
		}
	}
	if signed && bytes>>(size-1)&1 != 0 {
		undefined |= ^widthMask(8 * size)
	}
	return undefined
}

// forget makes n bytes that were written copies of unwritten ones.
func (s *shared) forget(off uint64, n int) {
	if s.unset == nil {
		s.unset = make([]byte, len(s.write)<<s.shift)
	}
	for i := off; i < off+uint64(n); i++ {
		if c := i >> s.shift; s.write[c]&cellUnset == 0 {
			s.write[c] |= cellUnset
			clear(s.unset[c<<s.shift : (c+1)<<s.shift])
		}
		s.unset[i] = 1
	}
}

// unsetIn is foundUnset's bytes of a cell that has some, the lowest bit for its first.
func (s *shared) unsetIn(c uint64) (bytes uint32) {
	for i := range 1 << s.shift {
		if s.write[c]&cellUnset == 0 || s.unset[c<<s.shift+uint64(i)] != 0 {
			bytes |= 1 << i
		}
	}
	return bytes
}
