package mem

import (
	"encoding/binary"
	"fmt"
)

// This file is the copies that the host orders.

// A Fault is a host copy outside of any one allocation.
type Fault struct {
	Op    string
	Addr  uint64
	Bytes int64
	Text  string // what is at the first byte that does not belong to the copy's allocation
	Freed bool
}

func (f *Fault) Error() string {
	return fmt.Sprintf("mem: %s of %d bytes at %#x: %s", f.Op, f.Bytes, f.Addr, f.Text)
}

// span is the allocation that holds all of n bytes at addr, and the offset of addr in it.
func (m *Memory) span(op string, addr uint64, n int64) (*Allocation, int64, error) {
	a := m.Find(addr)
	if a == nil {
		return nil, 0, &Fault{op, addr, n, m.Describe(addr), m.Freed(addr)}
	}
	off := int64(addr - a.Base)
	if n < 0 || n > a.Size-off {
		return nil, 0, &Fault{op, addr, n, fmt.Sprintf("it starts at byte %d of %v", off, a), false}
	}
	return a, off, nil
}

// Write copies from the host and marks the bytes as initialised.
func (m *Memory) Write(addr uint64, b []byte) error {
	if len(b) == 0 {
		return nil
	}
	a, off, err := m.span("write", addr, int64(len(b)))
	if err != nil {
		return err
	}
	copy(a.Data[off:], b)
	a.SetInit(off, int64(len(b)))
	return nil
}

// Read copies to the host. Bytes that were never written read as 0xCD.
func (m *Memory) Read(b []byte, addr uint64) error {
	if len(b) == 0 {
		return nil
	}
	a, off, err := m.span("read", addr, int64(len(b)))
	if err != nil {
		return err
	}
	copy(b, a.Data[off:])
	return nil
}

// FirstUninit is the first of n bytes at addr that was never written; false without. It is false
// also for a range that no allocation holds.
func (m *Memory) FirstUninit(addr uint64, n int64) (uint64, bool) {
	a, off, err := m.span("read", addr, n)
	if err != nil || a.Whole() {
		return 0, false
	}
	for i, x := range a.Init[off : off+n] {
		if x == 0 {
			return addr + uint64(i), true
		}
	}
	return 0, false
}

// Copy copies n bytes from src to dst, which may overlap, and whether they are initialised.
func (m *Memory) Copy(dst, src uint64, n int64) error {
	if n == 0 {
		return nil
	}
	s, from, err := m.span("copy from", src, n)
	if err != nil {
		return err
	}
	d, to, err := m.span("copy to", dst, n)
	if err != nil {
		return err
	}
	copy(d.Data[to:to+n], s.Data[from:])
	if s.Whole() {
		d.SetInit(to, n)
		return nil
	}
	d.whole.Store(false)
	copy(d.Init[to:to+n], s.Init[from:])
	return nil
}

// Fill writes a 32-bit word over and over.
func (m *Memory) Fill(addr uint64, word uint32, words int64) error {
	if words == 0 {
		return nil
	}
	a, off, err := m.span("fill", addr, 4*words)
	if err != nil {
		return err
	}
	for i := off; i < off+4*words; i += 4 {
		binary.LittleEndian.PutUint32(a.Data[i:], word)
	}
	a.SetInit(off, 4*words)
	return nil
}
