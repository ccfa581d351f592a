package sim

import (
	"fmt"
	"slices"

	"github.com/rapt-go/rapt/cuda/sim/mem"
)

// This file is what is ordered before what: streams, events and the host's waits as vector clocks, and
// the races between streams that show by them. It does not depend on the order in which operations run.
//
// The host counts as one thread: goroutines that share a device are taken to be ordered.

// A clock has, for each timeline, the number of its last operation that has come before.
type clock []uint64

// knows reports whether operation seq of a timeline comes before.
func (c clock) knows(timeline int, seq uint64) bool {
	return timeline < len(c) && c[timeline] >= seq
}

// merge adds what d knows.
func (c *clock) merge(d clock) {
	for len(*c) < len(d) {
		*c = append(*c, 0)
	}
	for i, n := range d {
		(*c)[i] = max((*c)[i], n)
	}
}

// tick makes seq the last operation of a timeline.
func (c *clock) tick(timeline int, seq uint64) {
	for len(*c) <= timeline {
		*c = append(*c, 0)
	}
	(*c)[timeline] = seq
}

// order is the clocks of a driver. A stream has a timeline; those of closed streams are used again
// when the host knows all of them, since then reuse orders nothing that was not ordered.
type order struct {
	host   clock
	last   []uint64 // number of the last operation, by timeline
	ended  []int    // timelines without a stream that the host does not know all of
	unused []int    // timelines without a stream that it knows
	epoch  uint64   // grows with every wait of the host
	recent []*op    // operations that can still race with others
}

// maxRecent bounds the operations that are remembered. What is forgotten is not found to race.
const maxRecent = 1 << 13

func (r *order) timeline() int {
	if n := len(r.unused); n > 0 {
		t := r.unused[n-1]
		r.unused = r.unused[:n-1]
		return t
	}
	r.last = append(r.last, 0)
	return len(r.last) - 1
}

// remember adds a queued operation.
func (r *order) remember(o *op) {
	if len(r.recent) >= maxRecent {
		if i := slices.IndexFunc(r.recent, func(o *op) bool { return o.done }); i >= 0 {
			r.recent = slices.Delete(r.recent, i, i+1)
		}
	}
	o.epoch = r.epoch
	r.recent = append(r.recent, o)
}

// wait makes the host know what a clock knows. What it knows comes before everything that is queued
// from now on, so that it matters only as long as something older is still to run.
func (r *order) wait(c clock) {
	r.host.merge(c)
	r.epoch++
	oldest := r.epoch
	for _, o := range r.recent {
		if !o.done {
			oldest = min(oldest, o.epoch)
		}
	}
	r.recent = slices.DeleteFunc(r.recent, func(o *op) bool {
		if o.known == 0 && r.host.knows(o.stream.timeline, o.seq) {
			o.known = r.epoch
		}
		return o.known != 0 && o.known <= oldest
	})
	r.ended = slices.DeleteFunc(r.ended, func(t int) bool {
		known := r.host.knows(t, r.last[t])
		if known {
			r.unused = append(r.unused, t)
		}
		return known
	})
}

// users are the operations that were given certain objects and that the host has not waited for.
func (r *order) users(certain func(object any) bool) (users []*op) {
	for _, o := range r.recent {
		if o.known == 0 && slices.ContainsFunc(o.objects, certain) {
			users = append(users, o)
		}
	}
	return users
}

// A span is the bytes from lo to hi of an object, hi excluded.
type span struct{ lo, hi int64 }

// The ways to touch bytes. Strong accesses, such as atomic ones, do not race with each other.
const (
	weakRead = iota
	weakWrite
	strongRead
	strongWrite
	accesses
)

// conflicts has the ways that race with each way.
var conflicts = [accesses][]int{
	weakRead:    {weakWrite, strongWrite},
	weakWrite:   {weakRead, weakWrite, strongRead, strongWrite},
	strongRead:  {weakWrite},
	strongWrite: {weakRead, weakWrite},
}

var verbs = [accesses]string{"reads", "writes", "reads atomically", "writes atomically"}

// A touch is the bytes of an object that an operation touched, by the ways.
type touch struct {
	object any // *mem.Allocation or *host
	spans  [accesses][]span
}

// touches collects the touches of an operation.
type touches []*touch

// add appends bytes, which come in ascending order for each way and object.
func (ts *touches) add(object any, way int, lo, hi int64) {
	i := slices.IndexFunc(*ts, func(t *touch) bool { return t.object == object })
	if i < 0 {
		i = len(*ts)
		*ts = append(*ts, &touch{object: object})
	}
	s := &(*ts)[i].spans[way]
	if n := len(*s); n > 0 && (*s)[n-1].hi == lo {
		(*s)[n-1].hi = hi
		return
	}
	*s = append(*s, span{lo, hi})
}

// overlap is the first bytes that two ascending lists have in common.
func overlap(a, b []span) (span, bool) {
	for len(a) > 0 && len(b) > 0 {
		s := span{max(a[0].lo, b[0].lo), min(a[0].hi, b[0].hi)}
		if s.lo < s.hi {
			return s, true
		}
		if a[0].hi < b[0].hi {
			a = a[1:]
		} else {
			b = b[1:]
		}
	}
	return span{}, false
}

// race is the first race of an operation that has run with those before it; nil without.
func (r *order) race(o *op) *Finding {
	for _, p := range r.recent {
		if p == o || !p.done || p.stream.timeline == o.stream.timeline || o.clock.knows(p.stream.timeline, p.seq) {
			continue
		}
		for _, t := range o.touches {
			for _, u := range p.touches {
				if t.object != u.object {
					continue
				}
				if f := t.conflict(u); f != nil {
					f.Call, f.On, f.Other = o.task.call, o.stream.String(), p.where()
					return f
				}
			}
		}
	}
	return nil
}

func (t *touch) conflict(u *touch) *Finding {
	for mine, list := range conflicts {
		for _, theirs := range list {
			if s, ok := overlap(t.spans[mine], u.spans[theirs]); ok {
				return &Finding{Kind: StreamRace, Msg: fmt.Sprintf("it %s bytes %d to %d of %s, which the other %s, with nothing that orders the two",
					verbs[mine], s.lo, s.hi-1, objectName(t.object), verbs[theirs])}
			}
		}
	}
	return nil
}

func objectName(object any) string {
	switch o := object.(type) {
	case *mem.Allocation:
		return o.String()
	case *host:
		return fmt.Sprintf("host memory #%d (%d bytes)", o.number, o.size)
	}
	return "memory"
}
