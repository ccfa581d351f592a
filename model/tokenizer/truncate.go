package tokenizer

// Cutting what is too long into windows.

import (
	"fmt"
	"unicode/utf8"
)

// Strategy says which text of a pair gives way. One text alone gives way under LongestFirst and OnlyFirst.
type Strategy int

// The strategies.
const (
	LongestFirst Strategy = iota // the longer one until both are equal, then both
	OnlyFirst
	OnlySecond
)

// String gives the name that Hugging Face uses.
func (s Strategy) String() string {
	switch s {
	case LongestFirst:
		return "longest_first"
	case OnlyFirst:
		return "only_first"
	case OnlySecond:
		return "only_second"
	}
	return fmt.Sprintf("Strategy(%d)", int(s))
}

// Options say how to encode. The zero value adds special tokens and cuts nothing.
type Options struct {
	NoSpecial bool // adds no special tokens
	MaxLength int  // at most so many tokens, special ones counted; 0: no limit. Overflow may exceed it, see NoOverflow
	Stride    int  // how many tokens a window shares with the one before it
	Strategy  Strategy
	Left      bool // cuts the beginning instead of the end
	// NoOverflow leaves out the windows after the first. Where both texts of a pair are cut, there is one for each pair of their windows.
	// Where MaxLength leaves no room for a text beside special tokens (or beside the other text), the first window has none of it, and a
	// further one has all of it, longer than MaxLength: the library does so too, and the text is not lost.
	NoOverflow bool
}

// maxOverflow bounds what the further windows of an input take together: 24 bytes for each token, and for each window as much as 32 of them,
// so 400 MB.
const maxOverflow, windowCost = 1 << 24, 32

// window is a range of the tokens of a sequence, and the place of its first one.
type window struct {
	lo, hi int
	start  place
}

// place is one of a text, in bytes and in code points.
type place struct{ bytes, runes int32 }

// to is the place at a byte, counted on from p, or anew if it lies before.
func (p place) to(text string, bytes int32) place {
	if bytes < p.bytes {
		p = place{}
	}
	return place{bytes, p.runes + int32(utf8.RuneCountInString(text[p.bytes:bytes]))}
}

// locate sets where windows start, so that none has to count from the beginning of a long text.
func locate(ws []window, q *sequence) {
	var at place
	for i := range ws {
		w := &ws[i]
		if ws[0].lo > ws[len(ws)-1].lo { // cut from the left: the last window is the first of the text
			w = &ws[len(ws)-1-i]
		}
		if w.lo < w.hi {
			at = at.to(q.text, q.spans[w.lo].Start)
			w.start = at
		}
	}
}

// cut sets the windows of each text: the first is the one kept.
func (l *layout) cut() (err error) {
	o := l.o
	if o.MaxLength < 0 || o.Stride < 0 {
		return fmt.Errorf("MaxLength %d and Stride %d must not be negative", o.MaxLength, o.Stride)
	}
	sizes := [2]int{}
	for i := range l.seqs {
		sizes[i] = len(l.seqs[i].ids)
	}
	limits := sizes
	if o.MaxLength > 0 {
		if limits, err = o.limits(sizes, len(l.seqs) > 1, added(l.parts)); err != nil {
			return err
		}
	}
	for i := range l.seqs {
		if l.windows[i], err = o.windows(l.windows[i][:0], sizes[i], limits[i]); err != nil {
			return err
		}
		if len(l.windows[i]) > 1 {
			locate(l.windows[i], &l.seqs[i])
		}
	}
	return nil
}

// limits gives how many tokens of each text a window may hold.
func (o Options) limits(sizes [2]int, pair bool, added int) (limits [2]int, err error) {
	room := o.MaxLength
	if !o.NoSpecial {
		room -= added
	}
	switch {
	case room < 0:
		return limits, fmt.Errorf("MaxLength %d leaves no room for %d special tokens", o.MaxLength, added)
	case o.Stride > o.MaxLength:
		return limits, fmt.Errorf("a Stride of %d is more than MaxLength %d", o.Stride, o.MaxLength)
	}
	total := sizes[0] + sizes[1]
	if total <= room {
		return sizes, nil
	}
	if room == 0 {
		return limits, nil
	}
	over := total - room
	switch o.Strategy {
	case LongestFirst:
		if !pair {
			return [2]int{room, 0}, nil
		}
		return shorten(sizes, room), nil
	case OnlyFirst, OnlySecond:
		k := 0
		if o.Strategy == OnlySecond {
			if k = 1; !pair {
				return limits, fmt.Errorf("strategy %v, but there is one text only, of %d tokens for %d", o.Strategy, total, room)
			}
		}
		if sizes[k] <= over {
			return limits, fmt.Errorf("strategy %v: a text of %d tokens cannot give way to another of %d within MaxLength %d (%d for text)",
				o.Strategy, sizes[k], sizes[1-k], o.MaxLength, room)
		}
		sizes[k] -= over
		return sizes, nil
	}
	return limits, fmt.Errorf("unknown strategy %v", o.Strategy)
}

// shorten cuts the longer of two texts to what the shorter leaves, or both to half the room, the odd token to the longer.
func shorten(sizes [2]int, room int) [2]int {
	short, long := 0, 1
	if sizes[0] > sizes[1] {
		short, long = 1, 0
	}
	n := sizes[short]
	out := [2]int{}
	out[short], out[long] = n, max(n, room-n)
	if out[short]+out[long] > room {
		out[short] = room / 2
		out[long] = room - room/2
	}
	return out
}

// windows appends the windows of size tokens, limit each. With a limit of 0 the first is empty, and the whole is the one after it.
func (o Options) windows(dst []window, size, limit int) ([]window, error) {
	switch {
	case limit >= size:
		return append(dst, window{hi: size}), nil
	case limit == 0:
		dst = append(dst, window{})
		if !o.NoOverflow {
			dst = append(dst, window{hi: size})
		}
		return dst, nil
	case o.Stride >= limit:
		return nil, fmt.Errorf("a Stride of %d must be less than the %d tokens that MaxLength %d leaves for a text of %d", o.Stride, limit, o.MaxLength, size)
	}
	for at := 0; ; at += limit - o.Stride {
		end := min(at+limit, size)
		w := window{lo: at, hi: end}
		if o.Left {
			w = window{lo: size - end, hi: size - at}
		}
		dst = append(dst, w)
		if end == size || o.NoOverflow {
			return dst, nil
		}
	}
}
