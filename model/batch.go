package model

import (
	"errors"
	"fmt"

	"github.com/rapt-go/rapt/gpu"
)

// ErrInput is wrapped by what is wrong with a sequence given to a model.
var ErrInput = errors.New("bad input")

// An Input is one sequence of tokens. Types may be nil: then all are 0.
type Input struct{ IDs, Types []int32 }

// Check reports whether a model of these limits can read in.
func (l Limits) Check(in Input) error {
	if l.Length > 0 && len(in.IDs) > l.Length {
		return fmt.Errorf("%w: %d tokens, the model reads at most %d", ErrInput, len(in.IDs), l.Length)
	}
	if in.Types != nil && len(in.Types) != len(in.IDs) {
		return fmt.Errorf("%w: %d token types for %d tokens", ErrInput, len(in.Types), len(in.IDs))
	}
	for i, id := range in.IDs {
		if id < 0 || int(id) >= l.Vocab {
			return fmt.Errorf("%w: token %d is id %d, outside the vocabulary of %d", ErrInput, i, id, l.Vocab)
		}
	}
	for i, t := range in.Types {
		if t < 0 || t > 0 && int(t) >= l.Types {
			return fmt.Errorf("%w: token %d is of type %d, the model knows %d", ErrInput, i, t, l.Types)
		}
	}
	return nil
}

// A Batch is sequences laid end to end on a device, without padding.
type Batch struct {
	IDs, Positions, Types gpu.Tensor // [1, tokens] I32
	Seqs                  gpu.Seqs
	Want                  gpu.Tensor // [1, n] I32: the rows whose output is wanted, even none; absent, without memory, it means all

	// Trace, if not nil, is called with every layer's output: "hidden.0" enters the
	// first block, "hidden.1" is what that block gives, and so on. The tensor is
	// valid during the call.
	Trace func(name string, x gpu.Tensor)
}

// Pack checks sequences against the model's limits and uploads them as scratch of
// s. What is wrong with one becomes the stream's error, which names the sequence.
func Pack(s *gpu.Stream, l Limits, seqs ...Input) Batch {
	if len(seqs) == 0 {
		s.Fail(fmt.Errorf("%w: a batch of no sequences", ErrInput))
	}
	tokens, longest := 0, 0
	for i, in := range seqs {
		if err := l.Check(in); err != nil {
			s.Fail(fmt.Errorf("sequence %d: %w", i, err))
		}
		tokens, longest = tokens+len(in.IDs), max(longest, len(in.IDs))
	}
	// One copy to the device: ids, positions, types, starts, lengths.
	host := make([]int32, 3*tokens+2*len(seqs))
	ids, pos, types := host[:tokens], host[tokens:2*tokens], host[2*tokens:3*tokens]
	start, length := host[3*tokens:3*tokens+len(seqs)], host[3*tokens+len(seqs):]
	at := 0
	for i, in := range seqs {
		start[i], length[i] = int32(at), int32(len(in.IDs))
		copy(ids[at:], in.IDs)
		if len(in.Types) <= len(in.IDs) {
			copy(types[at:], in.Types)
		}
		for j := range in.IDs {
			pos[at+j] = int32(j + l.FirstPosition)
		}
		at += len(in.IDs)
	}
	mem := s.Temp(gpu.I32, 1, len(host))
	gpu.Write(s, mem, host)
	cut := func(n int) gpu.Tensor {
		v := mem.ColRange(0, n)
		mem = mem.ColRange(n, mem.Cols)
		return v
	}
	b := Batch{IDs: cut(tokens), Positions: cut(tokens), Types: cut(tokens)}
	b.Seqs = gpu.Seqs{Start: cut(len(seqs)), Len: cut(len(seqs)), N: len(seqs), Max: longest}
	return b
}

// WantRows makes rows, counted from the start of the batch, the wanted ones. There may be none.
func (b *Batch) WantRows(s *gpu.Stream, rows []int32) {
	b.Want = s.Temp(gpu.I32, 1, len(rows))
	gpu.Write(s, b.Want, rows)
}

// Wanted returns the wanted rows of x, which is x itself if all are.
func (b *Batch) Wanted(s *gpu.Stream, x gpu.Tensor) gpu.Tensor {
	if b.Want.Buf == nil {
		return x
	}
	y := s.Temp(x.DType, b.Want.Cols, x.Cols)
	if y.Rows == 0 {
		return y
	}
	s.Do(&gpu.Take{Dst: y, Src: x, At: b.Want})
	return y
}

// Traced calls Trace if there is one.
func (b *Batch) Traced(x gpu.Tensor, name string, args ...any) {
	if b.Trace != nil {
		b.Trace(fmt.Sprintf(name, args...), x)
	}
}
