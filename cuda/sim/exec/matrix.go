package exec

import (
	"encoding/binary"
	"math/bits"

	"github.com/rapt-go/rapt/cuda/ptx"
	"github.com/rapt-go/rapt/cuda/sim/arith"
)

// This file is ldmatrix, stmatrix and movmatrix (§9.7.14.5.15 to .17): 8×8 matrices of 16-bit elements,
// of which a lane holds two neighbours in a register. Row r of matrix i is at the address of lane
// 8i + r.

// matrixInst makes the instruction one that the whole warp has to execute.
func (d *decoder) matrixInst(f func(w *warp, in *inst)) {
	d.inst.kind = kBlock
	d.inst.block = func(w *warp, in *inst, m uint32) bool {
		p := w.cur
		if m != full {
			if w.live&^p.lanes() != 0 && p.lanes() == m {
				return w.merge(p, in, m, w.live)
			}
			w.stop(in, PartialWarp, bits.TrailingZeros32(m), nil, "lanes %08x of the warp execute it, expected all 32", m)
		}
		f(w, in)
		p.pc++
		return false
	}
}

// matrixAccess decodes the address of ldmatrix and stmatrix.
func (d *decoder) matrixAccess(o ptx.Operand, write bool) *memAccess {
	in := d.src
	if in.Shape() != ptx.ModM8N8 || in.Type(0) != ptx.B16 {
		d.refuse("shape .%v of type .%v", in.Shape(), in.Type(0))
	}
	a := &memAccess{space: in.Space(), size: 4, total: 16, write: write}
	d.memory(o, a)
	d.touches(a)
	return a
}

// rows are the addresses of the rows in shared memory.
func (w *warp) rows(in *inst, a *memAccess, n int) *lanes64 {
	addr := w.addresses(a)
	if a.space != ptx.Generic {
		return addr
	}
	for l := range 8 * n {
		space, off := spaceOf(addr[l])
		if space != ptx.SharedSpace {
			w.fatalIssue(in, WrongSpace, l, &issue{space: space, addr: addr[l], bytes: 16, otherID: -1}, "a row that is not in shared memory")
		}
		addr[l] = off
	}
	return addr
}

func decodeLdmatrix(d *decoder) {
	in := d.src
	a := d.matrixAccess(in.Args[1], false)
	trans := in.Has(ptx.ModTrans)
	var regs []slot
	for _, o := range list(in.Args[0]) {
		regs = append(regs, d.dst(o, ptx.B32))
	}
	d.matrixInst(func(w *warp, in *inst) {
		addr := w.rows(in, a, len(regs))
		for i, r := range regs {
			w.counts[in.id].countBanks(addr, 0xff<<(8*i), 16)
			w.loadMatrix(in, addr, 8*i, &w.r32[r.idx], trans)
		}
	})
}

// loadMatrix loads the matrix whose rows are at the addresses of 8 lanes. All lanes read every row:
// which element goes where is the instruction's.
func (w *warp) loadMatrix(in *inst, addr *lanes64, first int, d *lanes32, trans bool) {
	for row := range 8 {
		l := first + row
		b := (*[16]byte)(w.sharedAt(in, l, addr[l], 16))
		w.readTogether(in, addr[l], 16)
		if !trans {
			to := (*[4]uint32)(d[4*row:])
			to[0], to[1] = binary.LittleEndian.Uint32(b[:4]), binary.LittleEndian.Uint32(b[4:8])
			to[2], to[3] = binary.LittleEndian.Uint32(b[8:12]), binary.LittleEndian.Uint32(b[12:])
			continue
		}
		// Element (row, col) goes to lane 4·col + row/2, half row mod 2.
		for col := range 8 {
			v := uint32(binary.LittleEndian.Uint16(b[2*col:]))
			if row&1 != 0 {
				v = d[4*col+row/2] | v<<16
			}
			d[4*col+row/2] = v
		}
	}
}

func decodeStmatrix(d *decoder) {
	in := d.src
	a := d.matrixAccess(in.Args[0], true)
	trans := in.Has(ptx.ModTrans)
	var regs []slot
	for _, o := range list(in.Args[1]) {
		regs = append(regs, d.val(o, ptx.B32))
	}
	d.matrixInst(func(w *warp, in *inst) {
		addr := w.rows(in, a, len(regs))
		for i, r := range regs {
			w.counts[in.id].countBanks(addr, 0xff<<(8*i), 16)
			w.storeMatrix(in, addr, 8*i, &w.r32[r.idx], trans)
		}
	})
}

func (w *warp) storeMatrix(in *inst, addr *lanes64, first int, s *lanes32, trans bool) {
	for row := range 8 {
		l := first + row
		b := w.bytes[:16]
		for col := range 8 {
			x := s[4*row+col/2] >> (16 * (col & 1))
			if trans {
				x = s[4*col+row/2] >> (16 * (row & 1))
			}
			binary.LittleEndian.PutUint16(b[2*col:], uint16(x))
		}
		old := w.sharedAt(in, l, addr[l], 16)
		w.writeShared(in, manyLanes, addr[l], old, b, 0)
		copy(old, b)
	}
}

func decodeMovmatrix(d *decoder) {
	in := d.src
	if in.Shape() != ptx.ModM8N8 || in.Type(0) != ptx.B16 {
		d.refuse("shape .%v of type .%v", in.Shape(), in.Type(0))
	}
	a := d.val(in.Args[1], ptx.B32)
	dst := d.dst(in.Args[0], ptx.B32)
	d.matrixInst(func(w *warp, _ *inst) {
		src, out := w.r32[a.idx], &w.r32[dst.idx]
		for l := range out {
			out[l] = 0
			for half := range 2 {
				row, col := arith.MatrixElement(l, half, true)
				out[l] |= src[4*row+col/2] >> (16 * (col & 1)) & 0xffff << (16 * half)
			}
		}
	})
}
