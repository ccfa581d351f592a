package model

import (
	"errors"
	"fmt"
	"math/bits"

	"github.com/rapt-go/rapt/gpu"
)

// ErrCache is wrapped when a cache has no room for what it is to take.
var ErrCache = errors.New("cache is full")

// A CacheShape says what a Decoder keeps of every token.
type CacheShape struct {
	Layers int
	Width  int // of a layer's key and value, side by side
	DType  gpu.DType
}

// Bytes is what a token takes.
func (c CacheShape) Bytes() int { return c.Layers * c.Width * c.DType.Size() }

// A CacheSize is how much a cache holds.
type CacheSize struct {
	Tokens   int // of all sequences, rounded up to pages
	Length   int // tokens of a sequence, at most
	Rows     int // sequences of a step, at most
	PageRows int // tokens of a page: sequences share whole pages
}

// A Cache holds the keys and values of all layers in pages, as vLLM's does (Kwon et al. 2023). Sequences may share
// pages, which hold what their first tokens have in common. It belongs to one stream.
type Cache struct {
	KV   []gpu.Tensor // of each layer [pages·PageRows, Width]
	Size CacheSize

	free []int32 // pages
	uses []int32 // of each page: by so many sequences
	old  []*Sequence
	step gpu.Tensor // I32: what a step of decoding uploads, at addresses that stay
	host []int32    // what is uploaded
}

// A Sequence is the place of a sequence in a cache.
type Sequence struct {
	pages []int32
	n     int // tokens
}

// Len is the number of tokens whose keys and values the cache holds.
func (q *Sequence) Len() int { return q.n }

// A Feed is what a sequence is extended by.
type Feed struct {
	Seq *Sequence
	IDs []int32
}

// NewCache makes a cache in scratch of s.
func NewCache(s *gpu.Stream, shape CacheShape, size CacheSize) *Cache {
	pages := ceil(size.Tokens, size.PageRows)
	c := &Cache{Size: size, uses: make([]int32, pages), free: make([]int32, pages)}
	for i := range c.free {
		c.free[i] = int32(pages - 1 - i)
	}
	for range shape.Layers {
		c.KV = append(c.KV, s.Temp(shape.DType, pages*size.PageRows, shape.Width))
	}
	rows := c.seats(size.Rows)
	c.step = s.Temp(gpu.I32, 1, rows*(stepVectors+c.pagesOf(size.Length)))
	c.host = make([]int32, 0, c.step.Cols)
	return c
}

func ceil(n, by int) int { return (n + by - 1) / by }

// pagesOf is how many pages n tokens take.
func (c *Cache) pagesOf(n int) int { return ceil(n, c.Size.PageRows) }

// Free is the number of tokens that the free pages hold.
func (c *Cache) Free() int { return len(c.free) * c.Size.PageRows }

// lacks is how many tokens of free pages are wanting to extend q by n.
func (c *Cache) lacks(q *Sequence, n int) int {
	return max(0, c.pagesOf(q.n+n)-len(q.pages)-len(c.free)) * c.Size.PageRows
}

// New is a sequence without tokens.
func (c *Cache) New() *Sequence {
	k := len(c.old)
	if k == 0 {
		return &Sequence{pages: make([]int32, 0, c.pagesOf(c.Size.Length))}
	}
	q := c.old[k-1]
	c.old = c.old[:k-1]
	return q
}

// Fork is a sequence that shares the whole pages of q's first n tokens: [Sequence.Len] says how many tokens those are.
func (c *Cache) Fork(q *Sequence, n int) *Sequence {
	f := c.New()
	pages := min(n, q.n) / c.Size.PageRows
	f.pages, f.n = append(f.pages, q.pages[:pages]...), pages*c.Size.PageRows
	for _, p := range f.pages {
		c.uses[p]++
	}
	return f
}

// Truncate takes all tokens after the first n from q. What is left of a page that others share must not be extended:
// n is rounded down to a whole page then.
func (c *Cache) Truncate(q *Sequence, n int) {
	if n = max(0, min(n, q.n)); n%c.Size.PageRows > 0 && c.uses[q.pages[n/c.Size.PageRows]] > 1 {
		n -= n % c.Size.PageRows
	}
	keep := c.pagesOf(n)
	for _, p := range q.pages[keep:] {
		c.release(p)
	}
	q.pages, q.n = q.pages[:keep], n
}

// Drop takes q, which is used no more, from the cache.
func (c *Cache) Drop(q *Sequence) {
	c.Truncate(q, 0)
	c.old = append(c.old, q)
}

func (c *Cache) release(page int32) {
	if c.uses[page]--; c.uses[page] == 0 {
		c.free = append(c.free, page)
	}
}

// grow gives q the pages that n more tokens need.
func (c *Cache) grow(q *Sequence, n int) error {
	if q.n+n > c.Size.Length {
		return fmt.Errorf("%w: %d tokens, a sequence has at most %d", ErrCache, q.n+n, c.Size.Length)
	}
	if lacks := c.lacks(q, n); lacks > 0 {
		return fmt.Errorf("%w: no pages for %d of %d tokens", ErrCache, lacks, q.n+n)
	}
	for len(q.pages) < c.pagesOf(q.n+n) {
		p := c.free[len(c.free)-1]
		c.free = c.free[:len(c.free)-1]
		c.uses[p], q.pages = 1, append(q.pages, p)
	}
	q.n += n
	return nil
}

// slot is the row of KV of token i.
func (c *Cache) slot(q *Sequence, i int) int32 {
	return q.pages[i/c.Size.PageRows]*int32(c.Size.PageRows) + int32(i%c.Size.PageRows)
}

// stepVectors is how many numbers a step has of each sequence besides its pages: id, position, slot, start, length, keys.
const stepVectors = 6

// seats is the number of rows that a step of n sequences has where it is captured, so that few graphs serve:
// 1, 2, 4, 8, then as round says.
func (c *Cache) seats(n int) int {
	if n <= 8 {
		return 1 << bits.Len(uint(max(n, 1)-1))
	}
	return round(n)
}

// shortest is the least bound on keys, which doubles up to the longest sequence: what attention splits at (its chunk
// of keys on a GPU), so that bounds cost a launch of idle blocks at most.
const shortest = 256

// keyBound is what the longest sequence's keys are bounded by, one of few, so that graphs serve while sequences grow.
func (c *Cache) keyBound(longest int) int {
	b := shortest
	for b < longest {
		b *= 2
	}
	return min(b, c.pagesOf(c.Size.Length)*c.Size.PageRows)
}

// Step extends every sequence by one token: what repeats while text is generated. All outputs are wanted. On a
// stream that captures, sequences of no keys may follow, which bring their number to one of few; the memory of the batch
// stays where it is, so that Seqs.N and Keys.Max alone tell steps apart. It allocates nothing.
func (c *Cache) Step(s *gpu.Stream, l Limits, feeds []Feed) Batch {
	n, rows := len(feeds), len(feeds)
	if s.Captures() {
		rows = c.seats(n)
	}
	if n == 0 || n > c.Size.Rows {
		s.Fail(fmt.Errorf("%w: a step of %d sequences, not from 1 to %d", ErrInput, n, c.Size.Rows))
		return Batch{}
	}
	for i, f := range feeds {
		if len(f.IDs) != 1 {
			s.Fail(fmt.Errorf("%w: sequence %d: %d tokens in a step", ErrInput, i, len(f.IDs)))
			return Batch{}
		}
	}
	longest, err := c.feed(l, feeds)
	if err != nil {
		s.Fail(err)
		return Batch{}
	}
	most := c.pagesOf(c.keyBound(longest))
	h := c.host[:rows*(stepVectors+most)]
	clear(h)
	for i, f := range feeds {
		at := f.Seq.n - 1
		h[i], h[rows+i], h[2*rows+i] = f.IDs[0], int32(at+l.FirstPosition), c.slot(f.Seq, at)
		h[5*rows+i] = int32(f.Seq.n)
		copy(h[stepVectors*rows+i*most:], f.Seq.pages)
	}
	for i := range rows {
		h[3*rows+i], h[4*rows+i] = int32(i), 1
		if i >= n {
			h[rows+i], h[2*rows+i] = int32(l.FirstPosition), -1
		}
	}
	mem := c.step.ColRange(0, len(h))
	gpu.Write(s, mem, h)
	return c.batch(mem, rows, rows, most, 1, longest)
}

// Extend extends every sequence by one token or more. All outputs are wanted, until [Batch.WantRows] says which.
func (c *Cache) Extend(s *gpu.Stream, l Limits, feeds ...Feed) Batch {
	tokens, n := 0, len(feeds)
	for _, f := range feeds {
		tokens += len(f.IDs)
	}
	if n == 0 {
		s.Fail(fmt.Errorf("%w: a batch of no sequences", ErrInput))
	}
	longest, err := c.feed(l, feeds)
	if err != nil {
		s.Fail(err)
		return Batch{}
	}
	most := c.pagesOf(c.keyBound(longest))
	h := make([]int32, 3*tokens+n*(3+most))
	at, fed := 0, 0
	for i, f := range feeds {
		copy(h[at:], f.IDs)
		first := f.Seq.n - len(f.IDs)
		for j := range f.IDs {
			h[tokens+at+j], h[2*tokens+at+j] = int32(first+j+l.FirstPosition), c.slot(f.Seq, first+j)
		}
		v := h[3*tokens:]
		v[i], v[n+i], v[2*n+i] = int32(at), int32(len(f.IDs)), int32(f.Seq.n)
		copy(v[3*n+i*most:], f.Seq.pages)
		at += len(f.IDs)
		fed = max(fed, len(f.IDs))
	}
	mem := s.Temp(gpu.I32, 1, len(h))
	gpu.Write(s, mem, h)
	return c.batch(mem, tokens, n, most, fed, longest)
}

// feed checks all feeds, makes room for them, and returns how long the longest sequence is then.
func (c *Cache) feed(l Limits, feeds []Feed) (longest int, err error) {
	for i, f := range feeds {
		if err = c.check(l, f); err == nil {
			err = c.grow(f.Seq, len(f.IDs))
		}
		if err != nil {
			return 0, fmt.Errorf("sequence %d: %w", i, err)
		}
		longest = max(longest, f.Seq.n)
	}
	return longest, nil
}

func (c *Cache) check(l Limits, f Feed) error {
	if len(f.IDs) == 0 {
		return fmt.Errorf("%w: no tokens to extend it by", ErrInput)
	}
	if l.Length > 0 && f.Seq.n+len(f.IDs) > l.Length {
		return fmt.Errorf("%w: %d tokens, the model reads at most %d", ErrInput, f.Seq.n+len(f.IDs), l.Length)
	}
	return l.Check(Input{IDs: f.IDs})
}

// batch cuts mem into ids, positions and slots of tokens, starts, lengths, keys and pages of n sequences.
func (c *Cache) batch(mem gpu.Tensor, tokens, n, most, fed, longest int) Batch {
	rest := mem
	cut := func(k int) gpu.Tensor {
		v := rest.ColRange(0, k)
		rest = rest.ColRange(k, rest.Cols)
		return v
	}
	in := Batch{IDs: cut(tokens), Positions: cut(tokens), Slots: cut(tokens)}
	in.Seqs = gpu.Seqs{Start: cut(n), Len: cut(n), N: n, Max: fed}
	in.Keys = gpu.Seqs{Len: cut(n), PageRows: c.Size.PageRows, N: n, Max: c.keyBound(longest)}
	in.Keys.Pages = gpu.Tensor{Buf: rest.Buf, Off: rest.Off, Rows: n, Cols: most, Stride: most, DType: gpu.I32}
	return in
}
