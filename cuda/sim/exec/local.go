package exec

import (
	"bytes"
	"fmt"

	"github.com/rapt-go/rapt/cuda/ptx"
)

// localMemory is the local memory of a warp: of each lane a stack of frames, from localBase up.
type localMemory struct {
	data, init []byte // [lane][size]
	size       int    // of a lane
	top        int    // of the frames in use
}

func (m *localMemory) reset() {
	clear(m.init)
	m.top = 0
}

// grow makes room for n bytes of every lane.
func (m *localMemory) grow(n int) {
	if n <= m.size {
		return
	}
	size := max(n, 2*m.size)
	data, init := make([]byte, 32*size), make([]byte, 32*size)
	for l := range 32 {
		copy(data[l*size:], m.data[l*m.size:(l+1)*m.size])
		copy(init[l*size:], m.init[l*m.size:(l+1)*m.size])
	}
	m.data, m.init, m.size = data, init, size
}

// localAt is n bytes of a lane's local memory and whether they are initialised; it ends the launch
// where no frame has them.
func (w *warp) localAt(in *inst, lane int, addr uint64, n int) (data, init []byte) {
	if addr&uint64(n-1) != 0 {
		w.misaligned(in, ptx.LocalSpace, lane, addr, n)
	}
	m := &w.local
	off := addr - localBase
	if off >= uint64(m.top) || uint64(m.top)-off < uint64(n) {
		w.fatalIssue(in, OutOfBounds, lane, &issue{space: ptx.LocalSpace, addr: addr, bytes: n, otherID: -1,
			object: func() string { return fmt.Sprintf("local memory has %d bytes from %#x", m.top, localBase) }},
			"%d bytes at %#x of local memory", n, addr)
	}
	at := uint64(lane*m.size) + off
	return m.data[at : at+uint64(n)], m.init[at : at+uint64(n)]
}

func (w *warp) readLocal(in *inst, lane int, addr uint64, init []byte) {
	if bytes.IndexByte(init, 0) >= 0 {
		w.foundUnset(in, lane, addr, len(init), unsetIn(init), unsetLoad{space: ptx.LocalSpace, what: "local memory",
			object: func(_ int, addr uint64) string {
				return fmt.Sprintf("byte %d of the thread's local memory", addr-localBase)
			}})
	}
}
