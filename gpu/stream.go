package gpu

import "fmt"

// A Stream issues operations to a queue. The first error sticks: later calls do
// nothing, and Err reports it. Tensors made after an error have their shape and
// no memory, so a model runs to its end without looking. A Stream belongs to
// one goroutine at a time.
type Stream struct {
	b     Backend
	info  Info
	q     Queue
	arena *Arena
	err   error
	drop  uint64
	graph map[replayKey]capture

	// One copy of each operation. Do takes a pointer that does not escape, copies
	// into its slot, and hands the slot to the queue: no allocation.
	slot struct {
		gemm          Gemm
		norm          Norm
		attention     Attention
		embed         Embed
		pointwise     Pointwise
		softmax       Softmax
		pool          Pool
		put           Put
		take          Take
		cast          Cast
		topK          TopK
		sample        Sample
		crossEntropy  CrossEntropy
		warp          Warp
		scatter       Scatter
		fill          Fill
		normGrad      NormGrad
		attentionGrad AttentionGrad
		embedGrad     EmbedGrad
	}
}

// NewStream makes a queue and a stream over it. Each wrap puts something
// between the two, the last nearest the stream.
func NewStream(b Backend, wrap ...func(Queue) Queue) (*Stream, error) {
	q, err := b.NewQueue()
	if err != nil {
		return nil, err
	}
	for _, w := range wrap {
		q = w(q)
	}
	return &Stream{b: b, info: b.Info(), q: q, arena: NewArena(b)}, nil
}

// Backend is the backend the stream runs on.
func (s *Stream) Backend() Backend { return s.b }

// Err is the first error, or nil. Work still queued may yet fail: see Sync.
func (s *Stream) Err() error { return s.err }

// Fail makes err the stream's error, if it is the first.
func (s *Stream) Fail(err error) {
	if s.err == nil {
		s.err = err
	}
}

// Do checks op and enqueues it. op is copied: the literal stays on the caller's
// stack, and no call allocates.
func (s *Stream) Do(op Op) {
	if s.err != nil {
		return
	}
	// Nothing below may let op itself escape; TestDoAllocates fails if it does.
	switch op := op.(type) {
	case *Gemm:
		do(s, &s.slot.gemm, op)
	case *Norm:
		do(s, &s.slot.norm, op)
	case *Attention:
		do(s, &s.slot.attention, op)
	case *Embed:
		do(s, &s.slot.embed, op)
	case *Pointwise:
		do(s, &s.slot.pointwise, op)
	case *Softmax:
		do(s, &s.slot.softmax, op)
	case *Pool:
		do(s, &s.slot.pool, op)
	case *Put:
		do(s, &s.slot.put, op)
	case *Take:
		do(s, &s.slot.take, op)
	case *Cast:
		do(s, &s.slot.cast, op)
	case *TopK:
		do(s, &s.slot.topK, op)
	case *Sample:
		do(s, &s.slot.sample, op)
	case *CrossEntropy:
		do(s, &s.slot.crossEntropy, op)
	case *Warp:
		do(s, &s.slot.warp, op)
	case *Scatter:
		do(s, &s.slot.scatter, op)
	case *Fill:
		do(s, &s.slot.fill, op)
	case *NormGrad:
		do(s, &s.slot.normGrad, op)
	case *AttentionGrad:
		do(s, &s.slot.attentionGrad, op)
	case *EmbedGrad:
		do(s, &s.slot.embedGrad, op)
	default: // a struct that embeds one of ours
		s.err = errForeign
	}
}

// Neither may name the operation: an operation that is printed is one that the caller must allocate.
var (
	errForeign = fmt.Errorf("gpu: an operation that is none of this package's: %w", ErrUnsupported)
	errNil     = fmt.Errorf("gpu: a nil operation: %w", ErrShape)
)

func do[T any, P interface {
	*T
	Op
}](s *Stream, slot, op P) {
	if op == nil {
		s.err = errNil
		return
	}
	*slot = *op
	err := Check(slot, s.info.Vocabulary)
	if err == nil {
		err = s.q.Run(slot)
	}
	if err != nil {
		s.err = &OpError{Clone(slot), s.info.Name, err}
	}
	var zero T
	*slot = zero // so that a queue which kept the pointer is found out
}

// Temp returns scratch, valid until its frame is released.
func (s *Stream) Temp(dt DType, rows, cols int) Tensor {
	t, err := s.arena.Tensor(dt, rows, cols)
	if err != nil {
		s.Fail(err)
	}
	return t
}

// Like returns scratch of t's type and shape.
func (s *Stream) Like(t Tensor) Tensor { return s.Temp(t.DType, t.Rows, t.Cols) }

// Reuse returns t itself, which the caller no longer needs, to be written over;
// or fresh scratch if the queue keeps what it has seen.
func (s *Stream) Reuse(t Tensor) Tensor {
	if s.keeps() {
		return s.Like(t)
	}
	return t
}

// Frame opens a scope: scratch taken since is free again on release.
func (s *Stream) Frame() (release func()) {
	m := s.arena.Mark()
	return func() {
		if !s.keeps() {
			s.arena.Release(m)
		}
	}
}

func (s *Stream) keeps() bool {
	k, ok := s.q.(Keeper)
	return ok && k.Keeps()
}

type replayKey struct {
	key  any
	mark ArenaMark // a graph holds addresses of the scratch it was captured with
}

// mostGraphs bounds what Replay keeps, so that keys without end, such as the shapes of ragged batches, take no memory
// without end.
const mostGraphs = 256

// Captures reports whether Replay captures, so that work which repeats to the letter is cheaper. While the stream trains
// none does: every pass drops other elements.
func (s *Stream) Captures() bool {
	_, ok := s.q.(Capturer)
	return ok && s.drop == 0
}

// A capture is a graph, nil until it is made, and the mark behind the scratch that it holds, which a
// replay takes as record did.
type capture struct {
	graph Graph
	end   ArenaMark
}

// Replay runs record. Where Captures says so, it runs it the first time it
// meets key, captures it the second, and from then on replays the capture.
// key must determine all that record does, the model included: the operations,
// their operands, their geometry. What differs from run to run must be in device
// memory, written before Replay. So one step of decoding serves while its cache
// grows, until Seqs.Max must grow. record may only issue operations and take scratch.
// A few hundred keys are kept.
func (s *Stream) Replay(key any, record func()) {
	if !s.Captures() || s.err != nil {
		record()
		return
	}
	k := replayKey{key, s.arena.Mark()}
	made, met := s.graph[k]
	if !met { // eagerly, so that the arena grows and kernels load outside a capture
		if len(s.graph) == mostGraphs {
			s.forget()
		}
		if s.graph == nil {
			s.graph = map[replayKey]capture{}
		}
		s.graph[k] = capture{}
		record()
		return
	}
	if made.graph == nil {
		g, err := s.q.(Capturer).Capture(func() error { record(); return s.err })
		if err != nil {
			s.Fail(err)
			return
		}
		made = capture{g, s.arena.Mark()}
		s.graph[k] = made
	}
	s.arena.Release(made.end)
	s.Fail(made.graph.Launch())
}

// forget closes all graphs, when what was launched of them is done.
func (s *Stream) forget() {
	if len(s.graph) > 0 {
		s.Sync()
	}
	for _, made := range s.graph {
		if made.graph != nil {
			s.Fail(made.graph.Close())
		}
	}
	s.graph = nil
}

// Dropout returns a Drop with a fresh key while the stream trains, and none
// otherwise, so that a model is written once for both.
func (s *Stream) Dropout(rate float32) Drop {
	if s.drop == 0 || rate == 0 {
		return Drop{}
	}
	s.drop += 2
	k := s.drop * 0x9e3779b97f4a7c15 // splitmix64
	k = (k ^ k>>30) * 0xbf58476d1ce4e5b9
	k = (k ^ k>>27) * 0x94d049bb133111eb
	return Drop{Rate: rate, Key: k ^ k>>31}
}

// Train turns dropout on; keys derive from the low 32 bits of seed.
func (s *Stream) Train(seed uint64) { s.drop = seed<<32 | 1 }

// Sync waits for queued work and returns the stream's error.
func (s *Stream) Sync() error {
	if s.err == nil {
		s.err = s.q.Sync()
	}
	return s.err
}

// Close waits, then frees the queue and all scratch. It returns the stream's error.
func (s *Stream) Close() error {
	s.Sync()
	s.forget()
	s.Fail(s.q.Close())
	s.Fail(s.arena.Close())
	return s.err
}
