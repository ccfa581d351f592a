package cpu

// What the system leaves this process: memory and processors, by /proc/meminfo and
// the control groups (cgroups, version 1 and 2) that the process is in.

import (
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// availableMemory is how many bytes the process may still take.
func availableMemory() int64 {
	have := int64(math.MaxInt64)
	if kib, ok := field("/proc/meminfo", "MemAvailable:"); ok {
		have = kib << 10
	}
	visitCgroups("memory", func(dir string) {
		limit, ok := number(dir, "memory.max", "memory.limit_in_bytes")
		if !ok {
			return
		}
		used, _ := number(dir, "memory.current", "memory.usage_in_bytes")
		for _, cached := range []string{"active_file", "inactive_file"} { // given back under pressure
			n, _ := field(filepath.Join(dir, "memory.stat"), cached)
			used -= n
		}
		have = min(have, max(limit-max(used, 0), 0))
	})
	if have == math.MaxInt64 {
		return guessedMemory
	}
	return have
}

// processorQuota is how many processors the process may keep busy, rounded up.
func processorQuota() int {
	quota := math.MaxInt
	visitCgroups("cpu", func(dir string) {
		var share, period float64
		if b, err := os.ReadFile(filepath.Join(dir, "cpu.max")); err == nil {
			if f := strings.Fields(string(b)); len(f) == 2 {
				share, _ = strconv.ParseFloat(f[0], 64) // "max" leaves zero
				period, _ = strconv.ParseFloat(f[1], 64)
			}
		} else {
			s, _ := number(dir, "cpu.cfs_quota_us")
			p, _ := number(dir, "cpu.cfs_period_us")
			share, period = float64(s), float64(p)
		}
		if share > 0 && period > 0 {
			quota = min(quota, int(math.Ceil(share/period)))
		}
	})
	return quota
}

// visitCgroups calls f with the directory of each cgroup of the process that
// controls the named resource, from the innermost to the root.
func visitCgroups(controller string, f func(dir string)) {
	b, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return
	}
	for line := range strings.Lines(string(b)) { // "4:memory:/path", or in version 2 "0::/path"
		part := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(part) != 3 {
			continue
		}
		root := "/sys/fs/cgroup"
		if part[1] != "" {
			if !strings.Contains(","+part[1]+",", ","+controller+",") {
				continue
			}
			root = filepath.Join(root, controller)
		}
		for p := filepath.Clean("/" + part[2]); ; p = filepath.Dir(p) {
			f(filepath.Join(root, p))
			if p == "/" {
				break
			}
		}
	}
}

// number is the content of the first of the files that exists in dir and holds one.
func number(dir string, files ...string) (int64, bool) {
	for _, name := range files {
		if b, err := os.ReadFile(filepath.Join(dir, name)); err == nil {
			if n, err := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64); err == nil {
				return n, true
			}
		}
	}
	return 0, false
}

// field is the number after name at the start of a line of the file.
func field(file, name string) (int64, bool) {
	b, err := os.ReadFile(file)
	if err != nil {
		return 0, false
	}
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); len(f) >= 2 && f[0] == name {
			n, err := strconv.ParseInt(f[1], 10, 64)
			return n, err == nil
		}
	}
	return 0, false
}
