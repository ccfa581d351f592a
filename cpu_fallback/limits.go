package cpu

import (
	"math/bits"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"time"
)

const (
	guessedMemory = 16 << 30 // of a system that does not say
	addressable   = 3 << 29  // in 32 bits: Windows gives a process 2 GiB, where a heap may leave holes
	smallAlloc    = 1 << 20  // not worth asking for
	answerAge     = time.Second
)

// A meter knows how much memory is left. Asking the system takes as long as an operation,
// so it keeps the answer for a while, less what was taken since. Fresh memory counts as the
// system's until it is written to, which an answer cannot foresee.
type meter struct {
	mu    sync.Mutex
	asked time.Time
	left  int64
}

// take reports whether n bytes are left, and counts them as used. If an old answer says no,
// it asks anew; if a new one does, it first gives back what Free has left to the garbage
// collector.
func (m *meter) take(n int) (left int64, ok bool) {
	if 0 <= n && n <= smallAlloc {
		return 0, true
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, prepare := range []func(){m.refresh, m.ask, func() { debug.FreeOSMemory(); m.ask() }} {
		if prepare(); 0 <= n && int64(n) <= m.left {
			m.left -= int64(n)
			return m.left, true
		}
	}
	return m.left, false
}

// read is how many bytes are left.
func (m *meter) read() int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.refresh()
	return m.left
}

func (m *meter) refresh() {
	if time.Since(m.asked) > answerAge {
		m.ask()
	}
}

func (m *meter) ask() {
	m.left, m.asked = availableMemory(), time.Now()
	if bits.UintSize == 32 {
		m.left = min(m.left, max(addressable-heapInUse(), 0))
	}
}

// heapInUse is the memory of the Go runtime, without what it can use again.
func heapInUse() int64 {
	s := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/free:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(s)
	return int64(s[0].Value.Uint64() - s[1].Value.Uint64() - s[2].Value.Uint64())
}
