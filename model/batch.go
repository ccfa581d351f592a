package model

import (
	"errors"
	"fmt"
	"math/bits"

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
	Unpadded              gpu.Tensor // [1, sequences] I32: their lengths without Limits.EndPad at their ends, at least 1; absent if that is nil
	Want                  gpu.Tensor // [1, n] I32: the rows whose output is wanted, even none; absent, without memory, it means all

	Slots gpu.Tensor // [1, tokens] I32, with a cache: its rows that take each token's key and value; none if negative
	Keys  gpu.Seqs   // with a cache: the keys of each sequence, those of its tokens here among them

	// Trace, if not nil, is called with every layer's output: "hidden.0" enters the
	// first block, "hidden.1" is what that block gives, and so on. The tensor is
	// valid during the call.
	Trace func(name string, x gpu.Tensor)

	pad padding
}

// A padding is how much more than its sequences a batch has uploaded.
type padding struct{ tokens, seqs, max int }

// Padded is the batch with what pads it, on a stream that captures: sequences of zeros behind the others, which bring
// the numbers of tokens and of sequences, and Max, to one of few. Layers that run on all of it can be replayed for
// other batches; the first rows of what they give are the batch's. Elsewhere it is the batch itself.
func (b Batch) Padded() Batch {
	for _, t := range []*gpu.Tensor{&b.IDs, &b.Positions, &b.Types} {
		t.Cols += b.pad.tokens
		t.Stride = t.Cols
	}
	for _, t := range []*gpu.Tensor{&b.Seqs.Start, &b.Seqs.Len} {
		t.Cols += b.pad.seqs
		t.Stride = t.Cols
	}
	b.Seqs.N, b.Seqs.Max = b.Seqs.N+b.pad.seqs, b.Seqs.Max+b.pad.max
	b.pad = padding{}
	return b
}

// paddingOf rounds the sizes of a batch up: less than an eighth more tokens, and as many sequences as hold them and an
// eighth more. Lengths go up to whole tiles of an attention.
func paddingOf(tokens, seqs, longest int) padding {
	const tile = 64
	p := padding{tokens: round(tokens) - tokens, max: (longest+tile-1)/tile*tile - longest}
	if p.tokens > 0 {
		p.seqs = (p.tokens + longest + p.max - 1) / (longest + p.max)
	}
	p.seqs = round(seqs+p.seqs) - seqs
	return p
}

// round rounds n up to a number with three bits behind its first, and at least to a multiple of 8.
func round(n int) int {
	step := max(1<<bits.Len(uint(n))>>4, 8)
	return (n + step - 1) / step * step
}

// Pack checks sequences against the model's limits and uploads them as scratch of
// s, with padding behind them if s captures: see [Batch.Padded]. What is wrong with one becomes the stream's error,
// which names the sequence.
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
	var pad padding
	if s.Captures() && tokens > 0 {
		pad = paddingOf(tokens, len(seqs), longest)
	}
	// One copy to the device: ids, positions, types, starts, lengths.
	rows, n := tokens+pad.tokens, len(seqs)+pad.seqs
	host := make([]int32, 3*rows+2*n, 3*rows+2*n+len(seqs))
	ids, pos, types := host[:rows], host[rows:2*rows], host[2*rows:3*rows]
	start, length := host[3*rows:3*rows+n], host[3*rows+n:]
	if l.EndPad != nil {
		for _, in := range seqs {
			host = append(host, unpadded(in.IDs, *l.EndPad))
		}
	}
	at := 0
	for i, in := range seqs {
		start[i], length[i] = int32(at), int32(len(in.IDs))
		copy(ids[at:], in.IDs)
		if len(in.Types) <= len(in.IDs) {
			copy(types[at:], in.Types)
		}
		l.positions(pos[at:], in.IDs)
		at += len(in.IDs)
	}
	for i := len(seqs); i < n; i++ {
		start[i], length[i] = int32(at), int32(min(rows-at, longest+pad.max))
		for j := range length[i] {
			pos[at+int(j)] = int32(l.FirstPosition)
		}
		at += int(length[i])
	}
	mem := s.Temp(gpu.I32, 1, len(host))
	gpu.Write(s, mem, host)
	cut := func(n, all int) gpu.Tensor {
		v := mem.ColRange(0, n)
		mem = mem.ColRange(all, mem.Cols)
		return v
	}
	b := Batch{IDs: cut(tokens, rows), Positions: cut(tokens, rows), Types: cut(tokens, rows), pad: pad}
	b.Seqs = gpu.Seqs{Start: cut(len(seqs), n), Len: cut(len(seqs), n), N: len(seqs), Max: longest}
	if l.EndPad != nil {
		b.Unpadded = mem
	}
	return b
}

// positions sets those of a sequence's tokens: transformers' create_position_ids_from_input_ids, if pads are skipped.
func (l Limits) positions(pos, ids []int32) {
	next := int32(l.FirstPosition)
	for i, id := range ids {
		if l.SkipsPad && id == int32(l.FirstPosition)-1 {
			pos[i] = id
			continue
		}
		pos[i] = next
		next++
	}
}

// unpadded is the number of ids without pads at their end; 1 if there is nothing else, as transformers takes the first then.
func unpadded(ids []int32, pad int32) int32 {
	n := len(ids)
	for n > 0 && ids[n-1] == pad {
		n--
	}
	return int32(min(max(n, 1), len(ids)))
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
