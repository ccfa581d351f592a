package sim

import (
	"slices"

	"github.com/rapt-go/rapt/cuda/sim/exec"
)

// Counters are what was counted in all launches of a kernel of one module. Grid and Block in them are
// those of the first launch.
type Counters struct {
	*exec.Counters
	Kernel    *exec.Kernel
	Launches  int
	Occupancy Occupancy // the lowest

	fn *Func
}

// count adds a launch.
func (d *Device) count(l *launched, r *exec.Result) {
	o := l.fn.Occupancy(l.config)
	i := slices.IndexFunc(d.counters, func(c *Counters) bool { return c.fn == l.fn })
	if i < 0 {
		d.counters = append(d.counters, &Counters{Counters: r.Counters, Kernel: l.fn.kernel, Launches: 1, Occupancy: o, fn: l.fn})
		return
	}
	c := d.counters[i]
	c.Launches++
	if o.Blocks < c.Occupancy.Blocks {
		c.Occupancy = o
	}
	c.Add(r.Counters)
}

// Counters is what was counted so far, of the kernels in the order of their first launch. Launches
// that have not run are not in it: wait for their streams first.
func (d *Device) Counters() []Counters {
	d.drv.mu.Lock()
	defer d.drv.mu.Unlock()
	list := make([]Counters, len(d.counters))
	for i, c := range d.counters {
		list[i] = *c
		sum := *c.Counters
		sum.Inst = slices.Clone(sum.Inst)
		list[i].Counters = &sum
	}
	return list
}

// ResetCounters forgets what was counted.
func (d *Device) ResetCounters() {
	d.drv.mu.Lock()
	defer d.drv.mu.Unlock()
	d.counters = nil
}
