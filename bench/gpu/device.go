package main

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rapt-go/rapt/cuda/driver"
	"github.com/rapt-go/rapt/cuda/nvidia"
	"github.com/rapt-go/rapt/cuda/sim"
)

var backendName = regexp.MustCompile(`^(?:cuda(?::([0-9]{1,4}))?|sim:(sm_[0-9]+))$`)

// driverOf is the driver of a backend's name, and the number of its device.
func driverOf(o options) (driver.Driver, int, error) {
	m := backendName.FindStringSubmatch(o.backend)
	switch {
	case m == nil:
		return nil, 0, fmt.Errorf("-backend %q: expected cuda, cuda:N or sim:sm_80", o.backend)
	case m[2] != "":
		info, err := sim.Profile(m[2])
		if err != nil {
			return nil, 0, fmt.Errorf("-backend %s: %w", o.backend, err)
		}
		v, err := sim.New(sim.Options{Devices: []driver.Info{info}})
		return v, 0, err
	}
	i, _ := strconv.Atoi(m[1]) // its form has been checked
	v, err := nvidia.New(nvidia.Options{Library: o.library})
	var missing *nvidia.Unavailable
	if errors.As(err, &missing) {
		return nil, 0, fmt.Errorf("-backend %s: %w; %s", o.backend, err, missing.Remedy)
	}
	return v, i, err
}

// simulated reports whether a device is one of package sim's, which has no times: directly, or behind a stand-in for
// NVIDIA's library, which hands on everything but the driver's name. Package sim marks its UUIDs.
func simulated(v driver.Driver, info driver.Info) bool {
	return v.Name() == "sim" || strings.HasPrefix(string(info.UUID[:]), "rapt-sim")
}

// copyBandwidth is how many bytes/s of device memory a copy of n bytes in it reads and writes.
func copyBandwidth(v driver.Driver, i, n, repeats int) (rate float64, err error) {
	d, err := v.Open(i)
	if err != nil {
		return 0, fmt.Errorf("open device %d of driver %s: %w", i, v.Name(), err)
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	s, err := d.NewStream()
	if err != nil {
		return 0, err
	}
	dst, err := d.Alloc(n)
	if err != nil {
		return 0, err
	}
	src, err := d.Alloc(n)
	if err != nil {
		return 0, err
	}
	var marks []driver.Event
	mark := func() error {
		e, err := d.NewEvent()
		marks = append(marks, e)
		return errors.Join(err, s.Record(e))
	}
	fail := errors.Join(s.Fill(src, 1, n/4), s.Copy(dst, src, n), mark()) // memory that nobody has written may not be there yet
	for range repeats {
		fail = errors.Join(fail, s.Copy(dst, src, n), mark())
	}
	if fail = errors.Join(fail, s.Sync()); fail != nil {
		return 0, fail
	}
	times := make([]time.Duration, repeats)
	for j := range times {
		if times[j], err = marks[j+1].Since(marks[j]); err != nil {
			return 0, err
		}
	}
	return 2 * float64(n) / median(times).Seconds(), nil
}

// median is the middle one, at least a nanosecond, so that rates are finite.
func median(times []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(times))
	return max(sorted[len(sorted)/2], 1)
}
