//go:build cuda && (linux || windows) && (amd64 || arm64)

package nvidia

import (
	"fmt"

	"github.com/rapt-go/rapt/cuda/driver"
)

// An attribute is where an Info has what cuDeviceGetAttribute tells by a number of CUdevice_attribute.
type attribute struct {
	number int
	of     func(*driver.Info) *int

	// Those that are younger than CUDA 11.0 have a value for drivers which do not know them.
	optional bool
	usual    int
}

var attributes = []attribute{
	{number: 75, of: func(i *driver.Info) *int { return &i.Major }},
	{number: 76, of: func(i *driver.Info) *int { return &i.Minor }},
	{number: 16, of: func(i *driver.Info) *int { return &i.SMs }},
	{number: 97, of: func(i *driver.Info) *int { return &i.SharedPerBlock }}, // with opt-in
	{number: 81, of: func(i *driver.Info) *int { return &i.SharedPerSM }},
	{number: 111, of: func(i *driver.Info) *int { return &i.SharedReserved }, optional: true, usual: 1024}, // since 11.1; 0 only before compute capability 8.0
	{number: 82, of: func(i *driver.Info) *int { return &i.RegistersPerSM }},
	{number: 1, of: func(i *driver.Info) *int { return &i.ThreadsPerBlock }},
	{number: 39, of: func(i *driver.Info) *int { return &i.ThreadsPerSM }},
	{number: 106, of: func(i *driver.Info) *int { return &i.BlocksPerSM }, optional: true, usual: 16}, // the least of compute capabilities 7.5 to 9.0
	{number: 5, of: func(i *driver.Info) *int { return &i.MaxGrid[0] }},
	{number: 6, of: func(i *driver.Info) *int { return &i.MaxGrid[1] }},
	{number: 7, of: func(i *driver.Info) *int { return &i.MaxGrid[2] }},
	{number: 2, of: func(i *driver.Info) *int { return &i.MaxBlock[0] }},
	{number: 3, of: func(i *driver.Info) *int { return &i.MaxBlock[1] }},
	{number: 4, of: func(i *driver.Info) *int { return &i.MaxBlock[2] }},
	{number: 13, of: func(i *driver.Info) *int { return &i.ClockKHz }},
	{number: 36, of: func(i *driver.Info) *int { return &i.MemoryClockKHz }},
	{number: 37, of: func(i *driver.Info) *int { return &i.MemoryBusBits }},
}

const attributeL2 = 38

// describe asks for everything about device i.
func (v *nvidia) describe(i int) (ordinal int32, info driver.Info, err error) {
	var c driver.Code
	if ordinal, c = v.lib.device(i); c != 0 {
		return 0, info, v.fail(c, fmt.Sprintf("cuDeviceGet of device %d", i), "")
	}
	if info.Name, c = v.lib.deviceName(ordinal); c != 0 {
		return 0, info, v.fail(c, fmt.Sprintf("cuDeviceGetName of device %d", i), "")
	}
	if info.UUID, c = v.lib.deviceUUID(ordinal); c != 0 {
		return 0, info, v.fail(c, fmt.Sprintf("cuDeviceGetUuid of device %d", i), "")
	}
	if info.Memory, c = v.lib.deviceMemory(ordinal); c != 0 {
		return 0, info, v.fail(c, fmt.Sprintf("cuDeviceTotalMem of device %d", i), "")
	}
	ask := func(a attribute) int {
		n, code := v.lib.attribute(a.number, ordinal)
		switch {
		case code == driver.InvalidValue && a.optional:
			n = a.usual
		case code != 0 && err == nil:
			err = v.fail(code, fmt.Sprintf("cuDeviceGetAttribute %d of device %d", a.number, i), "")
		}
		return n
	}
	for _, a := range attributes {
		*a.of(&info) = ask(a)
	}
	info.L2 = int64(ask(attribute{number: attributeL2}))
	return ordinal, info, err
}

// text is the bytes before the first zero byte.
func text(b []byte) string {
	for i, c := range b {
		if c == 0 {
			return string(b[:i])
		}
	}
	return string(b)
}
