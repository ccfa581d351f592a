package sim

import (
	"slices"
)

// This file decides which queued operation runs when.

// A pace is how far the device runs ahead of the calls that wait for it.
type pace uint8

const (
	late   pace = iota // nothing runs before a call needs it
	eager              // everything runs as soon as it is queued
	random             // something in between
)

// paceOf is the pace of a seed: late ones with eager and random ones between, late for 0.
func paceOf(seed uint64) pace { return pace(seed % 3) }

// maxQueued is how much a stream holds before a call to it waits, as on hardware.
const maxQueued = 1024

// An op is a queued operation: a task, a record of an event or a wait for one.
type op struct {
	task    *task
	stream  *stream
	number  uint64 // on the driver, of tasks that run
	seq     uint64 // in the stream's timeline
	clock   clock  // what comes before, and itself
	epoch   uint64 // of the host when it was queued
	known   uint64 // epoch in which the host has waited for it, 0 before
	objects []any  // what it was given: *mem.Allocation, *host, *Module
	done    bool
	watched bool // another stream may race with it
	touches touches

	record *record // that is done by running it
	wait   *record // that is done before it runs

	hostCopy
}

// where says which operation it is.
func (o *op) where() string {
	return o.task.call + " on " + o.stream.String()
}

// A record is a place in a stream, as of one Record of an event.
type record struct {
	stream *stream
	clock  clock
	done   bool
	at     int64 // Driver.now when it was done
}

// enqueue appends an operation to its stream, and lets the device run ahead.
func (v *Driver) enqueue(s *stream, o *op) {
	v.order.last[s.timeline]++
	o.stream, o.seq = s, v.order.last[s.timeline]
	s.clock.merge(v.order.host)
	if o.wait != nil {
		s.clock.merge(o.wait.clock)
	}
	s.clock.tick(s.timeline, o.seq)
	o.clock = slices.Clone(s.clock)
	if o.record != nil {
		o.record.clock = o.clock
	}
	s.queue = append(s.queue, o)
	if o.task != nil {
		v.order.remember(o)
	}
}

// runAhead runs what the pace runs before anything waits for it.
func (v *Driver) runAhead(s *stream) {
	for len(s.queue) > maxQueued {
		v.advance(s)
	}
	for !v.running && (v.pace == eager || v.pace == random && v.rng.IntN(2) == 0) {
		next := v.choose(nil)
		if next == nil {
			return
		}
		v.step(next)
	}
}

// advance runs one operation on the way to emptying a stream, or waits until another goroutine has.
func (v *Driver) advance(s *stream) {
	if v.running {
		v.idle.Wait()
		return
	}
	v.step(v.choose(s))
}

// drainStream runs operations until a stream is empty.
func (v *Driver) drainStream(s *stream) {
	for len(s.queue) > 0 || s.busy {
		v.advance(s)
	}
}

// finish runs operations until some are done.
func (v *Driver) finish(ops []*op) {
	for _, o := range ops {
		for !o.done {
			v.advance(o.stream)
		}
	}
}

// choose is a stream whose first operation runs next. Late, it is what s waits for; otherwise any
// stream of those that can go on. nil if none can.
func (v *Driver) choose(s *stream) *stream {
	if v.pace == late && s != nil {
		for !s.ready() {
			s = s.queue[0].wait.stream
		}
		return s
	}
	var ready []*stream
	for _, s := range v.streams {
		if len(s.queue) > 0 && s.ready() {
			ready = append(ready, s)
		}
	}
	if len(ready) == 0 {
		return nil
	}
	return ready[v.rng.IntN(len(ready))]
}

// ready reports whether the first operation of a queue can run.
func (s *stream) ready() bool {
	w := s.queue[0].wait
	return w == nil || w.done
}

// step runs the first operation of a stream, and gives up the lock while it does.
func (v *Driver) step(s *stream) {
	o := s.queue[0]
	s.queue[0] = nil
	s.queue = s.queue[1:]
	var out outcome
	if o.task != nil && s.dev.lost == nil {
		v.ops++
		o.number = v.ops
		o.watched = len(v.streams) > 1 && v.opts.Off&StreamRaces == 0
		v.running, v.current, s.busy = true, o, true
		v.mu.Unlock()
		out = o.task.run(o)
		v.mu.Lock()
		v.running, v.current, s.busy = false, nil, false
		v.idle.Broadcast()
	}
	v.complete(o, out)
}

// complete does what follows from an operation that has run.
func (v *Driver) complete(o *op, out outcome) {
	d := o.stream.dev
	o.done = true
	v.now += out.cost
	if o.record != nil {
		o.record.done, o.record.at = true, v.now
	}
	if o.task != nil {
		o.release()
		for _, f := range out.findings {
			f.On = o.stream.String()
			d.report(f)
		}
		if out.result != nil {
			d.count(o.task.launch, out.result)
		}
		if v.opts.Off&StreamRaces == 0 && d.lost == nil {
			if f := v.order.race(o); f != nil {
				d.report(f)
			}
		}
	}
	v.retire()
}

// retire forgets closed streams that have nothing left to do.
func (v *Driver) retire() {
	v.streams = slices.DeleteFunc(v.streams, func(s *stream) bool {
		gone := s.closed && len(s.queue) == 0 && !s.busy
		if gone {
			v.order.ended = append(v.order.ended, s.timeline)
		}
		return gone
	})
}
