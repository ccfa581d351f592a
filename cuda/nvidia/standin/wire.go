package standin

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"net"

	"github.com/rapt-go/rapt/cuda/driver"
)

// A request is a call: its integers, and its bytes if it has any.
type request struct {
	name    string
	context uint64 // current on the calling thread, 0 for none
	in      []uint64
	blob    []byte
}

// int is an integer of the call.
func (q *request) int(i int) int { return int(q.in[i]) }

// An answer is what a call returns.
type answer struct {
	code   driver.Code
	out    []uint64
	text   []byte
	landed []*landing
}

func (s *Server) serve(c net.Conn) {
	defer c.Close()
	r := bufio.NewReader(c)
	for {
		q, err := read(r)
		if err != nil {
			return
		}
		if _, err := c.Write(s.answer(q).encode()); err != nil {
			return
		}
	}
}

// byteOrder is that of amd64 and arm64.
var byteOrder = binary.LittleEndian

func read(r io.Reader) (*request, error) {
	var head struct {
		Name    [32]byte
		Context uint64
		Ints    uint32
	}
	if err := binary.Read(r, byteOrder, &head); err != nil {
		return nil, err
	}
	name, _, _ := bytes.Cut(head.Name[:], []byte{0})
	q := &request{name: string(name), context: head.Context, in: make([]uint64, head.Ints)}
	var n uint64
	if err := errors.Join(binary.Read(r, byteOrder, q.in), binary.Read(r, byteOrder, &n)); err != nil {
		return nil, err
	}
	q.blob = make([]byte, n)
	_, err := io.ReadFull(r, q.blob)
	return q, err
}

func (a *answer) encode() []byte {
	b := byteOrder.AppendUint32(nil, uint32(a.code))
	b = byteOrder.AppendUint32(b, uint32(len(a.out)))
	for _, v := range a.out {
		b = byteOrder.AppendUint64(b, v)
	}
	b = byteOrder.AppendUint64(b, uint64(len(a.text)))
	b = append(b, a.text...)
	b = byteOrder.AppendUint32(b, uint32(len(a.landed)))
	for _, l := range a.landed {
		b = byteOrder.AppendUint64(b, l.addr)
		b = byteOrder.AppendUint64(b, uint64(l.n))
		b = append(b, l.host.host.Bytes()[l.off:][:l.n]...)
	}
	return b
}

// answer answers one call. All are answered one at a time.
func (s *Server) answer(q *request) *answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls[q.name]++
	if s.fail != nil {
		if c := s.fail(q.name); c != 0 {
			return &answer{code: c}
		}
	}
	f, ok := table[q.name]
	if !ok {
		return &answer{code: driver.NotSupported}
	}
	a, err := f(s, q)
	if a == nil {
		a = &answer{}
	}
	var e *driver.Error
	switch {
	case errors.As(err, &e):
		a.code = e.Code
		if e.Log != "" {
			a.text = append([]byte(e.Log), 0)
		}
	case err != nil:
		a.code = driver.Unknown
	}
	return a
}

// out is an answer of integers.
func out(v ...uint64) *answer { return &answer{out: v} }

// code is a failure that the server finds itself.
func code(c driver.Code) error { return &driver.Error{Code: c} }

func float(x float64) uint64 { return uint64(math.Float32bits(float32(x))) }
