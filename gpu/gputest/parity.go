package gputest

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/rapt-go/rapt/gpu"
)

// Small reports whether c is little work: at most 2¹⁹ operations and 2¹⁷ bytes.
func (c Case) Small() bool {
	w := gpu.Cost(c.Build(shapesOnly()))
	return w.FLOPs <= 1<<19 && w.Bytes <= 1<<17
}

// parity runs c in every layout. The outputs of the first are compared with the
// oracle's, those of a repeat and of other layouts with the first's.
func (s *suite) parity(t *testing.T, c Case) {
	if s.small && !c.Small() {
		return
	}
	e := newEnv(roomy)
	op := c.Build(e)
	if err := gpu.Check(op, gpu.Vocabulary); err != nil {
		t.Fatalf("the case is wrong: %v", err)
	}
	first, err := s.run(op, e.mem, 2)
	if s.skip(t, c.Name, err) {
		return
	}
	if err != nil {
		t.Fatalf("%s: %v", gpu.Describe(op), err)
	}
	exact, naive, err := bothOracles(op, e.mem)
	if err != nil {
		t.Fatal(err)
	}
	for i, data := range first {
		if data != nil && exact[i] != nil {
			if err := compare(data, exact[i], naive[i]); err != nil {
				t.Errorf("%s: %s: %v", gpu.Describe(op), nameOf(op, e.mem[i]), err)
			}
		}
	}
	for l := roomy + 1; l < layouts; l++ {
		s.elsewhere(t, c, l, exact, first)
	}
}

// elsewhere runs c in layout l: the outputs must be as in the first layout, and
// nothing else written.
func (s *suite) elsewhere(t *testing.T, c Case, l layout, exact []*memory, first [][]byte) {
	e := newEnv(l)
	op := c.Build(e)
	got, err := s.run(op, e.mem, 1)
	if err != nil {
		t.Fatalf("%s: %v", gpu.Describe(op), err)
	}
	for i, data := range got {
		if data == nil || exact[i] == nil {
			continue
		}
		m, r := e.mem[i], exact[i].result
		size, shift := m.dt.Size(), exact[i].front-m.front
		for at := range len(data) / size {
			b, want := data[at*size:][:size], m.data[at*size:][:size]
			switch written := at+shift < len(r.wrote) && r.wrote[at+shift]; {
			case written && !bytes.Equal(b, first[i][(at+shift)*size:][:size]):
				t.Fatalf("%s: %s depends on where it lies, or on what lies around operands", gpu.Describe(op), nameOf(op, m))
			case !written && !bytes.Equal(b, want):
				t.Fatalf("%s: %s: element %d, outside every output, was % x and is % x", gpu.Describe(op), nameOf(op, m), at-m.front, want, b)
			}
		}
	}
}

// bothOracles evaluates op in both types, at the same time.
func bothOracles(op gpu.Op, mem []*memory) (exact, naive []*memory, err error) {
	var wait sync.WaitGroup
	var err2 error
	wait.Go(func() { naive, err2 = onHost[float32](op, mem) })
	exact, err = onHost[float64](op, mem)
	wait.Wait()
	return exact, naive, errors.Join(err, err2)
}

// run runs op on the backend from the same memory so many times, which must agree,
// and returns what its memories then hold.
func (s *suite) run(op gpu.Op, mem []*memory, times int) (got [][]byte, err error) {
	d, err := s.device()
	if err != nil {
		return nil, err
	}
	defer func() {
		if e := d.close(); err == nil {
			err = e
		}
	}()
	placed, err := d.place(op)
	if err != nil {
		return nil, err
	}
	if err := supported(d, placed); err != nil {
		return nil, err
	}
	for i := range times {
		again, err := d.once(placed, mem)
		if err != nil {
			return nil, err
		}
		if i > 0 && !slices.EqualFunc(got, again, bytes.Equal) {
			return nil, errors.New("the result differs from one run to the next")
		}
		got = again
	}
	return got, nil
}

// once runs op, placed, from mem, and returns what the memories then hold.
func (d *device) once(op gpu.Op, mem []*memory) (got [][]byte, err error) {
	if err := d.reset(); err != nil {
		return nil, err
	}
	d.s.Do(op)
	if err := d.s.Sync(); err != nil {
		return nil, fmt.Errorf("what Supports accepts fails: %v", err) // wraps nothing: it may not be skipped
	}
	for _, m := range mem {
		data, err := d.content(m)
		if err != nil {
			return nil, err
		}
		got = append(got, data)
	}
	return got, nil
}

// supported returns what the backend has against op, after checking that Supports
// and Run are of one mind.
func supported(d *device, op gpu.Op) error {
	err := d.b.Supports(op)
	if err == nil {
		return nil
	}
	if !errors.Is(err, gpu.ErrUnsupported) {
		return fmt.Errorf("an answer of Supports is no ErrUnsupported: %v", err)
	}
	if got := d.q.Run(gpu.Clone(op)); !errors.Is(got, gpu.ErrUnsupported) {
		return fmt.Errorf("to Supports it is %q, to Run %v", err, got)
	}
	return err
}

// nameOf is the name of the operand in m, an output's if several share it.
func nameOf(op gpu.Op, m *memory) (name string) {
	gpu.Walk(op, func(n string, t *gpu.Tensor) {
		if name == "" && asMemory(t.Buf) == m {
			name = n
		}
	})
	return name
}
