package sim

import (
	"fmt"
	"strings"

	"github.com/rapt-go/rapt/cuda/driver"
	"github.com/rapt-go/rapt/cuda/ptx"
)

// This file is what the devices are: the table "Technical specifications per compute capability" of
// NVIDIA's CUDA C++ programming guide, and of each product the data sheet.

const (
	kib = 1 << 10
	mib = 1 << 20
	gib = 1 << 30
)

// The devices. Another amount of memory, or another limit, is a changed copy.
var (
	T4      = product("Tesla T4", sm75, 40, 15*gib, 4*mib, 1590, 5001, 256)
	A100    = product("NVIDIA A100-SXM4-80GB", sm80, 108, 80*gib, 40*mib, 1410, 1593, 5120)
	A10     = product("NVIDIA A10", sm86, 72, 24*gib, 6*mib, 1695, 6251, 384)
	RTX3090 = product("NVIDIA GeForce RTX 3090", sm86, 82, 24*gib, 6*mib, 1695, 9751, 384)
	L4      = product("NVIDIA L4", sm89, 58, 24*gib, 48*mib, 2040, 6251, 192)
	RTX4090 = product("NVIDIA GeForce RTX 4090", sm89, 128, 24*gib, 72*mib, 2520, 10501, 384)
	H100    = product("NVIDIA H100 80GB HBM3", sm90, 132, 80*gib, 50*mib, 1980, 2619, 5120)
)

// What the compute capabilities have; the rest is the same on all of them.
var (
	sm75 = capability(7, 5, 64, 64, 0, 1024, 16)
	sm80 = capability(8, 0, 163, 164, 1, 2048, 32)
	sm86 = capability(8, 6, 99, 100, 1, 1536, 16)
	sm89 = capability(8, 9, 99, 100, 1, 1536, 24)
	sm90 = capability(9, 0, 227, 228, 1, 2048, 32)
)

// capability takes shared memory in KiB: of a block, of an SM, and what the driver keeps of each block's.
func capability(major, minor, block, sm, reserved, threads, blocks int) driver.Info {
	return driver.Info{Major: major, Minor: minor, SharedPerBlock: block * kib, SharedPerSM: sm * kib, SharedReserved: reserved * kib,
		RegistersPerSM: 64 * kib, ThreadsPerBlock: 1024, ThreadsPerSM: threads, BlocksPerSM: blocks,
		MaxGrid: [3]int{1<<31 - 1, 65535, 65535}, MaxBlock: [3]int{1024, 1024, 64}}
}

func product(name string, d driver.Info, sms int, memory, l2 int64, mhz, memoryMHz, bits int) driver.Info {
	d.Name, d.SMs, d.Memory, d.L2 = name, sms, memory, l2
	d.ClockKHz, d.MemoryClockKHz, d.MemoryBusBits = 1000*mhz, 1000*memoryMHz, bits
	return d
}

// profiles are the devices by short names, the ones that a compute capability stands for first.
var profiles = []struct {
	name string
	info *driver.Info
}{
	{"t4", &T4}, {"a100", &A100}, {"rtx3090", &RTX3090}, {"a10", &A10}, {"rtx4090", &RTX4090}, {"l4", &L4}, {"h100", &H100},
}

// Profile is a device by its name, such as "a100", or by its compute capability, such as "sm_80".
func Profile(name string) (driver.Info, error) {
	var names []string
	for _, p := range profiles {
		if sm := fmt.Sprintf("sm_%d", p.info.SM()); strings.EqualFold(name, p.name) || name == sm {
			return *p.info, nil
		}
		names = append(names, p.name)
	}
	return driver.Info{}, fmt.Errorf("sim: no device %q, expected sm_75, sm_80, sm_86, sm_89, sm_90 or one of %s", name, strings.Join(names, ", "))
}

// ptxVersions is the newest PTX that the driver of a CUDA version compiles: the ISA's table of
// releases. A version between two is served as the one before it.
var ptxVersions = []struct {
	cuda int
	ptx  ptx.Version
}{
	{9000, isa(6, 0)}, {9010, isa(6, 1)}, {9020, isa(6, 2)}, {10000, isa(6, 3)}, {10010, isa(6, 4)}, {10020, isa(6, 5)},
	{11000, isa(7, 0)}, {11010, isa(7, 1)}, {11020, isa(7, 2)}, {11030, isa(7, 3)}, {11040, isa(7, 4)}, {11050, isa(7, 5)},
	{11060, isa(7, 6)}, {11070, isa(7, 7)}, {11080, isa(7, 8)},
	{12000, isa(8, 0)}, {12010, isa(8, 1)}, {12020, isa(8, 2)}, {12030, isa(8, 3)}, {12040, isa(8, 4)}, {12050, isa(8, 5)},
	{12070, isa(8, 6)}, {12080, isa(8, 7)}, {12090, isa(8, 8)},
}

// The CUDA versions of the table.
const (
	oldestCUDA = 9000
	newestCUDA = 12090
)

func isa(major, minor uint8) ptx.Version { return ptx.Version{Major: major, Minor: minor} }

// ptxOf is the newest PTX for a CUDA version; false for one outside of the table.
func ptxOf(cuda int) (newest ptx.Version, ok bool) {
	if cuda > newestCUDA {
		return newest, false
	}
	for _, r := range ptxVersions {
		if r.cuda <= cuda {
			newest, ok = r.ptx, true
		}
	}
	return newest, ok
}
