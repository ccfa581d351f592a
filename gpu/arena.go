package gpu

import (
	"fmt"
	"math"
)

// An Arena hands out consecutive pieces of slabs, which it keeps: once it has
// seen the largest step it allocates no more, and a step repeated gets the same
// addresses, as a captured graph needs.
type Arena struct {
	b     Backend
	slabs []Buffer
	at    ArenaMark
}

// An ArenaMark is a position to release to.
type ArenaMark struct{ slab, used int }

const slabBytes = 1 << 20 // the smallest slab; each next one is at least twice the last

// NewArena returns an empty arena.
func NewArena(b Backend) *Arena { return &Arena{b: b} }

// Tensor returns undefined memory whose rows start on 16-byte boundaries, so
// that kernels may read whole vectors of a vocabulary of 50,257 too. On error it
// has its shape and no memory.
func (a *Arena) Tensor(dt DType, rows, cols int) (Tensor, error) {
	t := Tensor{Rows: rows, Cols: cols, Stride: cols, DType: dt}
	size := dt.Size()
	if size == 0 || rows < 0 || cols < 0 {
		return t, fmt.Errorf("gpu: scratch %v: %w", t, ErrShape)
	}
	if per := 16 / size; rows > 1 {
		t.Stride = min(cols, math.MaxInt-per) // beyond any memory, and safe to round up
		t.Stride = (t.Stride + per - 1) / per * per
	}
	if t.Stride > 0 && rows > (math.MaxInt/2-255)/size/t.Stride {
		return t, fmt.Errorf("gpu: scratch %v: %w", t, ErrMemory)
	}
	n := (rows*t.Stride*size + 255) &^ 255
	mark := a.at
	for ; a.at.slab < len(a.slabs); a.at = (ArenaMark{a.at.slab + 1, 0}) {
		if b := a.slabs[a.at.slab]; a.at.used+n <= b.Size() {
			t.Buf, t.Off = b, a.at.used/size
			a.at.used += n
			return t, nil
		}
	}
	slab := max(n, slabBytes)
	if k := len(a.slabs); k > 0 {
		slab = max(n, 2*a.slabs[k-1].Size())
	}
	b, err := a.b.Alloc(slab)
	if err != nil {
		a.at = mark
		return t, err
	}
	a.slabs = append(a.slabs, b)
	t.Buf, a.at.used = b, n
	return t, nil
}

// Mark returns the position of what has been handed out.
func (a *Arena) Mark() ArenaMark { return a.at }

// Release takes back everything handed out since m, or, if m is from later on, hands out what was then.
func (a *Arena) Release(m ArenaMark) { a.at = m }

// Close frees the slabs.
func (a *Arena) Close() (err error) {
	for _, b := range a.slabs {
		if e := a.b.Free(b); err == nil {
			err = e
		}
	}
	a.slabs, a.at = nil, ArenaMark{}
	return err
}
