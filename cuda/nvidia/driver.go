//go:build cuda && (linux || windows) && (amd64 || arm64)

package nvidia

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/rapt-go/rapt/cuda/driver"
)

// A nvidia is the driver of a machine.
type nvidia struct {
	lib  *library
	name string
	cuda int
}

// same reports whether two are the same library, which each New opens for itself.
func (l *library) same(other *library) bool { return l == other || *l == *other }

// New loads the library and initialises the driver. The error is an [Unavailable].
func New(o Options) (driver.Driver, error) {
	file := o.Library
	if file == "" {
		file = usualLibrary
	}
	lib, err := open(file)
	var missing lacking
	switch {
	case errors.As(err, &missing):
		return nil, &Unavailable{Reason: fmt.Sprintf("NVIDIA's driver, %s, is too old or broken", file), Remedy: newerDriver(oldestCUDA), Err: err}
	case err != nil:
		if !strings.Contains(err.Error(), file) {
			err = fmt.Errorf("%s: %w", file, err)
		}
		return nil, &Unavailable{Reason: "NVIDIA's driver does not load", Remedy: "install the driver of an NVIDIA GPU", Err: err}
	}
	v := &nvidia{lib: lib}
	if c := lib.init(); c != 0 {
		return nil, v.unavailable(c, "cuInit")
	}
	var c driver.Code
	if v.cuda, c = lib.version(); c != 0 {
		return nil, v.unavailable(c, "cuDriverGetVersion")
	}
	v.name = fmt.Sprintf("nvidia, CUDA %d.%d", v.cuda/1000, v.cuda%1000/10)
	if o.Library == "" {
		if release, err := os.ReadFile("/sys/module/nvidia/version"); err == nil {
			v.name = fmt.Sprintf("nvidia %s, CUDA %d.%d", bytes.TrimSpace(release), v.cuda/1000, v.cuda%1000/10)
		}
	}
	if v.cuda < oldestCUDA {
		return nil, &Unavailable{Reason: fmt.Sprintf("NVIDIA's driver is too old: it serves CUDA %d.%d, CUDA %d.%d is needed",
			v.cuda/1000, v.cuda%1000/10, oldestCUDA/1000, oldestCUDA%1000/10), Remedy: newerDriver(oldestCUDA)}
	}
	return v, nil
}

// oldestCUDA is the first that compiles PTX 7.0, in which kernels are, and that has every symbol.
const oldestCUDA = 11000

// unavailable is a failure before there is a device.
func (v *nvidia) unavailable(c driver.Code, call string) error {
	return &Unavailable{Reason: reason(c), Remedy: Remedy(c), Err: v.fail(c, call, "")}
}

// reason is what a failure to start means.
func reason(c driver.Code) string {
	switch c {
	case driver.NoDevice:
		return "NVIDIA's driver finds no GPU"
	case driver.StubLibrary:
		return "the library is the CUDA toolkit's stub, which only links"
	}
	return "NVIDIA's driver does not start"
}

// Name is "nvidia", the driver's release where the system tells, and the CUDA version.
func (v *nvidia) Name() string { return v.name }

// Version is the CUDA version.
func (v *nvidia) Version() int { return v.cuda }

// Devices describes the devices.
func (v *nvidia) Devices() ([]driver.Info, error) {
	n, c := v.lib.devices()
	if c == 0 && n == 0 {
		c = driver.NoDevice
	}
	if c != 0 {
		return nil, v.fail(c, "cuDeviceGetCount", "")
	}
	infos := make([]driver.Info, n)
	for i := range infos {
		var err error
		if _, infos[i], err = v.describe(i); err != nil {
			return nil, err
		}
	}
	return infos, nil
}

// Open makes a context on device i.
func (v *nvidia) Open(i int) (driver.Device, error) {
	n, c := v.lib.devices()
	switch {
	case c != 0:
		return nil, v.fail(c, "cuDeviceGetCount", "")
	case i < 0 || i >= n:
		return nil, v.fail(driver.InvalidDevice, "open", fmt.Sprintf("device %d of %d", i, n))
	}
	ordinal, info, err := v.describe(i)
	if err != nil {
		return nil, err
	}
	return v.newDevice(ordinal, info)
}

// fail makes the error of a call. Where there is no detail, it is the driver's description of the code.
func (v *nvidia) fail(c driver.Code, call, detail string) error {
	name, description := v.lib.text(c)
	if detail == "" {
		detail = description
	}
	if name != "" && name != c.String() { // package driver has no name for it
		detail = name + ", " + detail
	}
	return &driver.Error{Code: c, Call: call, Detail: detail}
}
