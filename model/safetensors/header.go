// The header of a file: scanning it, and checking that its tensors tile the data.

package safetensors

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
)

const metadataKey = "__metadata__"

type header struct {
	tensors  []Tensor       // by offset; Off counts from the first byte of the data
	index    map[string]int // name → place in tensors
	metadata map[string]string
}

// parseHeader scans the text of a header in front of size bytes of data.
func parseHeader(text string, size int64) (*header, error) {
	h := &header{index: map[string]int{}}
	p := &scanner{s: text}
	seenMetadata := false
	err := p.document(func(name string) error {
		if name == metadataKey {
			if seenMetadata {
				return errors.New(metadataKey + " appears twice")
			}
			seenMetadata = true
			return h.scanMetadata(p)
		}
		if _, ok := h.index[name]; ok {
			return fmt.Errorf("tensor %s appears twice", quote(name))
		}
		t, err := scanTensor(p)
		if err != nil {
			return fmt.Errorf("tensor %s: %w", quote(name), err)
		}
		t.Name = name
		h.index[name] = 0
		h.tensors = append(h.tensors, t)
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(h.tensors, func(a, b Tensor) int {
		return cmp.Or(cmp.Compare(a.Off, b.Off), cmp.Compare(a.Size, b.Size), cmp.Compare(a.Name, b.Name))
	})
	for i, t := range h.tensors {
		h.index[t.Name] = i
	}
	return h, checkLayout(h.tensors, size)
}

// scanMetadata takes an object of strings, or null, which the reference implementation reads as absent.
func (h *header) scanMetadata(p *scanner) error {
	if p.peek() == 'n' {
		return p.skip()
	}
	h.metadata = map[string]string{}
	err := p.object(func(key string) error {
		if _, ok := h.metadata[key]; ok {
			return fmt.Errorf("key %s appears twice", quote(key))
		}
		value, err := p.str()
		if err != nil {
			return fmt.Errorf("key %s: %w", quote(key), err)
		}
		h.metadata[key] = value
		return nil
	})
	if err != nil {
		return fmt.Errorf("%s: %w", metadataKey, err)
	}
	return nil
}

// scanTensor takes one tensor's entry and checks what can be checked without the others.
func scanTensor(p *scanner) (Tensor, error) {
	var t Tensor
	var end int64
	var seen [3]bool
	keys := [3]string{"dtype", "shape", "data_offsets"}
	err := p.object(func(key string) (err error) {
		i := slices.Index(keys[:], key)
		if i < 0 {
			return fmt.Errorf("unknown key %s", quote(key))
		}
		if seen[i] {
			return fmt.Errorf("key %s appears twice", quote(key))
		}
		seen[i] = true
		switch key {
		case "dtype":
			var name string
			name, err = p.str()
			t.DType = DType(name)
		case "shape":
			t.Shape, err = scanShape(p)
		case "data_offsets":
			t.Off, end, err = scanOffsets(p)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		return nil
	})
	if err != nil {
		return t, err
	}
	if i := slices.Index(seen[:], false); i >= 0 {
		return t, fmt.Errorf("has no %q", keys[i])
	}
	if t.Size, err = byteSize(t.DType, t.Shape); err != nil {
		return t, err
	}
	if t.Off > end {
		return t, fmt.Errorf("data_offsets [%d, %d] end before they begin", t.Off, end)
	}
	if end-t.Off != t.Size {
		return t, fmt.Errorf("shape %v of %s takes %d bytes, but data_offsets [%d, %d] span %d", t.Shape, t.DType, t.Size, t.Off, end, end-t.Off)
	}
	return t, nil
}

func scanShape(p *scanner) ([]int, error) {
	var dims [maxRank]int
	rank := 0
	err := p.array(func() error {
		if rank == maxRank {
			return fmt.Errorf("more than %d dimensions", maxRank)
		}
		n, err := p.integer()
		if err != nil {
			return err
		}
		if dims[rank] = int(n); int64(dims[rank]) != n {
			return fmt.Errorf("dimension %d overflows this machine's int", n)
		}
		rank++
		return nil
	})
	return append([]int{}, dims[:rank]...), err
}

func scanOffsets(p *scanner) (begin, end int64, err error) {
	var offsets [2]int64
	n := 0
	err = p.array(func() (err error) {
		if n == len(offsets) {
			return errors.New("more than two numbers, expected [begin, end]")
		}
		offsets[n], err = p.integer()
		n++
		return err
	})
	if err == nil && n < len(offsets) {
		err = fmt.Errorf("%d numbers, expected [begin, end]", n)
	}
	return offsets[0], offsets[1], err
}

// checkLayout checks that tensors, sorted by offset, cover size bytes of data, each byte once. The end of the data comes first: in a truncated file
// everything else is in order, and a tensor that was moved past the end leaves a hole that only its neighbour would be blamed for.
func checkLayout(tensors []Tensor, size int64) error {
	var last int64
	for _, t := range tensors {
		last = max(last, t.Off+t.Size)
	}
	for _, t := range tensors {
		if t.Off+t.Size > size {
			return fmt.Errorf("tensor %s: data_offsets [%d, %d] reach past the data, which has %d bytes: the file is truncated, %d bytes are missing (or the header is wrong)",
				quote(t.Name), t.Off, t.Off+t.Size, size, last-size)
		}
	}
	var next int64
	for i, t := range tensors {
		if t.Off < next {
			before := tensors[i-1]
			return fmt.Errorf("tensor %s: data_offsets [%d, %d] overlap those of tensor %s, [%d, %d]",
				quote(t.Name), t.Off, t.Off+t.Size, quote(before.Name), before.Off, before.Off+before.Size)
		}
		if t.Off > next {
			return fmt.Errorf("tensor %s: begins at byte %d of the data, but the tensors before it end at byte %d: the format allows no holes",
				quote(t.Name), t.Off, next)
		}
		next = t.Off + t.Size
	}
	if next < size {
		return fmt.Errorf("the tensors end at byte %d of the data, which has %d bytes: %d bytes at its end belong to no tensor", next, size, size-next)
	}
	return nil
}
