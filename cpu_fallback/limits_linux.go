package cpu

// What the system leaves this process: memory and processors, by /proc/meminfo and
// the control groups (cgroups, version 1 and 2) that the process is in.

import (
	"io/fs"
	"math"
	"os"
	"path"
	"strconv"
	"strings"
)

// availableMemory is how many bytes the process may still take.
func availableMemory() int64 { return memoryLeft(os.DirFS("/")) }

func memoryLeft(root fs.FS) int64 {
	left := int64(math.MaxInt64)
	if kib, ok := field(root, "proc/meminfo", "MemAvailable:"); ok {
		left = kib << 10
	}
	visitCgroups(root, "memory", func(dir string) {
		limit, ok := number(root, dir, "memory.max", "memory.limit_in_bytes")
		if !ok {
			return
		}
		used, _ := number(root, dir, "memory.current", "memory.usage_in_bytes")
		for _, cached := range []string{"active_file", "inactive_file"} { // given back under pressure
			n, _ := field(root, path.Join(dir, "memory.stat"), cached)
			used -= n
		}
		left = min(left, max(limit-max(used, 0), 0))
	})
	if left == math.MaxInt64 {
		return guessedMemory
	}
	return left
}

// processorQuota is how many processors the process may keep busy, rounded up.
func processorQuota() int { return processorsLeft(os.DirFS("/")) }

func processorsLeft(root fs.FS) int {
	quota := math.MaxInt
	visitCgroups(root, "cpu", func(dir string) {
		var share, period float64
		if b, err := fs.ReadFile(root, path.Join(dir, "cpu.max")); err == nil {
			if f := strings.Fields(string(b)); len(f) == 2 {
				share, _ = strconv.ParseFloat(f[0], 64) // "max" leaves zero
				period, _ = strconv.ParseFloat(f[1], 64)
			}
		} else {
			s, _ := number(root, dir, "cpu.cfs_quota_us") // −1 without a quota
			p, _ := number(root, dir, "cpu.cfs_period_us")
			share, period = float64(s), float64(p)
		}
		if share > 0 && period > 0 && share/period < math.MaxInt32 {
			quota = min(quota, int(math.Ceil(share/period)))
		}
	})
	return quota
}

// visitCgroups calls f with the directory of each cgroup of the process that
// controls the named resource, from the innermost to the root.
func visitCgroups(root fs.FS, controller string, f func(dir string)) {
	b, err := fs.ReadFile(root, "proc/self/cgroup")
	if err != nil {
		return
	}
	for line := range strings.Lines(string(b)) { // "4:memory:/path", or in version 2 "0::/path"
		part := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(part) != 3 {
			continue
		}
		mount := "sys/fs/cgroup"
		if part[1] != "" {
			if !strings.Contains(","+part[1]+",", ","+controller+",") {
				continue
			}
			mount = path.Join(mount, controller)
		}
		for p := path.Clean("/" + part[2]); ; p = path.Dir(p) {
			f(path.Join(mount, p))
			if p == "/" {
				break
			}
		}
	}
}

// number is the content of the first of the files that exists in dir and holds one.
func number(root fs.FS, dir string, files ...string) (int64, bool) {
	for _, name := range files {
		if b, err := fs.ReadFile(root, path.Join(dir, name)); err == nil {
			if n, err := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64); err == nil {
				return n, true
			}
		}
	}
	return 0, false
}

// field is the number after name at the start of a line of the file.
func field(root fs.FS, file, name string) (int64, bool) {
	b, err := fs.ReadFile(root, file)
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
