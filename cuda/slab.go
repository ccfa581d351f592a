package cuda

import (
	"fmt"
	"slices"

	"github.com/rapt-go/rapt/cuda/driver"
)

// Weights that are small, such as the two vectors of each norm, lie together in slabs: a model has hundreds of them, and
// an allocation of a driver takes as long as the upload of many.
const (
	usualSlab  = 4 << 20
	weightUnit = 256 // bytes that a weight's address is aligned to, as an allocation's
)

// Slabs is how many bytes of small weights are allocated at once, instead of 4 MiB. With 0 each weight is allocated by
// itself, so that a simulator sees where each ends.
func Slabs(bytes int) Option { return func(b *Backend) { b.slabBytes = bytes } }

// A slab is an allocation that weights share.
type slab struct {
	ptr  driver.Ptr
	used int
	live int // weights in it
}

// allocWeight is alloc for memory that is written once, in a slab if it is an eighth of one at most.
func (b *Backend) allocWeight(bytes int) (*buffer, error) {
	if bytes <= 0 || bytes > b.slabBytes/8 {
		return b.alloc(bytes)
	}
	if err := b.opened(); err != nil {
		return nil, err
	}
	b.capturing.RLock()
	defer b.capturing.RUnlock()
	b.mu.Lock()
	defer b.mu.Unlock()
	i := slices.IndexFunc(b.slabs, func(s *slab) bool { return bytes <= b.slabBytes-s.used })
	if i < 0 {
		p, err := b.device.Alloc(b.slabBytes)
		if err != nil {
			return nil, fmt.Errorf("cuda: a slab for weights: %w", b.translated(err))
		}
		i = len(b.slabs)
		b.slabs = append(b.slabs, &slab{ptr: p})
	}
	s := b.slabs[i]
	buf := &buffer{b: b, ptr: s.ptr + driver.Ptr(s.used), size: bytes, slab: s}
	s.used = min((s.used+bytes+weightUnit-1)/weightUnit*weightUnit, b.slabBytes)
	s.live++
	return buf, nil
}

// leave takes a weight out of its slab, and frees that after the last.
func (b *Backend) leave(s *slab) error {
	b.mu.Lock()
	s.live--
	last := s.live == 0
	if last {
		b.slabs = slices.DeleteFunc(b.slabs, func(x *slab) bool { return x == s })
	}
	b.mu.Unlock()
	if !last {
		return nil
	}
	return b.device.Free(s.ptr)
}
