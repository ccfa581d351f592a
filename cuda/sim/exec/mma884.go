package exec

import (
	"math"

	"github.com/rapt-go/rapt/cuda/ptx"
	"github.com/rapt-go/rapt/cuda/sim/arith"
)

// This file is mma.m8n8k4 with f16 factors (§9.7.14.5.1), which is of another kind than the rest: four
// products at once, each by eight lanes, 4q to 4q + 3 and 16 above those.
//
// With r = lane mod 4 and h = 4 for the upper lanes, element i of a lane is (r + h, i) of A in rows, or
// (i + h, r) in columns; (r, i + h) of B in rows, or (i, r + h) in columns; (r + h, i) of an f16
// accumulator and ((lane & 1) + (i & 2) + h, (i & 4) + (lane & 2) + (i & 1)) of an f32 one.
type mma884 struct {
	a, b, c, d   []slot
	aCols, bCols bool
	wideC, wideD bool // f32, not f16
	dot          arith.Type
}

func decodeMma884(d *decoder) {
	in := d.src
	la, lb := in.Layouts()
	x := &mma884{aCols: la == ptx.ModCol, bCols: lb == ptx.ModCol, wideD: in.Type(0) == ptx.F32, wideC: in.Type(3) == ptx.F32, dot: arith.F16}
	if x.wideD {
		x.dot = arith.F32
	}
	for i, to := range []*[]slot{&x.a, &x.b, &x.c} {
		for _, o := range list(in.Args[1+i]) {
			*to = append(*to, d.val(o, ptx.B32))
		}
	}
	for _, o := range list(in.Args[0]) {
		x.d = append(x.d, d.dst(o, ptx.B32))
	}
	d.matrixInst(func(w *warp, in *inst) {
		w.counts[in.id].MMAFLOPs += 4 * 2 * 8 * 8 * 4
		for q := range 4 {
			x.run(w, 4*q)
		}
	})
}

// accumulator is the place of element i of a lane.
func (x *mma884) accumulator(wide bool, lane, i int) (row, col int) {
	h := lane >> 4 << 2
	if wide {
		return lane&1 + i&2 + h, i&4 + lane&2 + i&1
	}
	return lane&3 + h, i
}

// run is the product of lanes first to first + 3 and first + 16 to first + 19.
func (x *mma884) run(w *warp, first int) {
	var a [8][4]float32
	var b [8][4]float32 // columns
	var c [8][8]uint32
	for n := range 8 {
		lane := first + n&3 + n>>2*16
		r, h := lane&3, lane>>4<<2
		for i := range 4 {
			va := arith.F32FromF16(uint16(w.r32[x.a[i/2].idx][lane] >> (16 * (i & 1))))
			vb := arith.F32FromF16(uint16(w.r32[x.b[i/2].idx][lane] >> (16 * (i & 1))))
			if x.aCols {
				a[i+h][r] = math.Float32frombits(va)
			} else {
				a[r+h][i] = math.Float32frombits(va)
			}
			if x.bCols {
				b[r+h][i] = math.Float32frombits(vb)
			} else {
				b[i+h][r] = math.Float32frombits(vb)
			}
		}
		for i := range 8 {
			row, col := x.accumulator(x.wideC, lane, i)
			if x.wideC {
				c[row][col] = w.r32[x.c[i].idx][lane]
			} else {
				c[row][col] = w.r32[x.c[i/2].idx][lane] >> (16 * (i & 1)) & 0xffff
			}
		}
	}
	dot := w.cta.worker.dot884(x)
	for n := range 8 {
		lane := first + n&3 + n>>2*16
		for i := range 8 {
			row, col := x.accumulator(x.wideD, lane, i)
			v := c[row][col]
			if x.wideD && !x.wideC {
				v = convertAccumulator(v, arith.F16)
			}
			v = dot(v, a[row][:], b[col][:])
			if x.wideD {
				w.r32[x.d[i].idx][lane] = v
			} else if reg := &w.r32[x.d[i/2].idx][lane]; i&1 == 0 {
				*reg = v & 0xffff
			} else {
				*reg |= v << 16
			}
		}
	}
}

func (w *worker) dot884(x *mma884) arith.DotFunc {
	return w.dot(mmaKey{x.dot, arith.F16}, w.run.launch)
}
