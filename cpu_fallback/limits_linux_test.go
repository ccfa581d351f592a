package cpu

import (
	"math"
	"testing"
	"testing/fstest"
)

// system is a file system of the given files.
func system(files map[string]string) fstest.MapFS {
	m := fstest.MapFS{}
	for name, content := range files {
		m[name] = &fstest.MapFile{Data: []byte(content)}
	}
	return m
}

const meminfo = "MemTotal:       8000000 kB\nMemFree:          900000 kB\nMemAvailable:    4000000 kB\n"

func TestLimits(t *testing.T) {
	for _, c := range []struct {
		name   string
		files  map[string]string
		memory int64
		quota  int
	}{
		{"nothing", nil, guessedMemory, math.MaxInt},
		{"no cgroup", map[string]string{"proc/meminfo": meminfo}, 4000000 << 10, math.MaxInt},
		{"version 2, its own root", map[string]string{
			"proc/meminfo": meminfo, "proc/self/cgroup": "0::/\n",
			"sys/fs/cgroup/memory.max": "1000000\n", "sys/fs/cgroup/memory.current": "700000\n",
			"sys/fs/cgroup/memory.stat": "anon 400000\nactive_file 50000\ninactive_file 250000\n",
			"sys/fs/cgroup/cpu.max":     "150000 100000\n",
		}, 600000, 2},
		{"version 2, nested: the tightest counts", map[string]string{
			"proc/meminfo": meminfo, "proc/self/cgroup": "0::/user/job\n",
			"sys/fs/cgroup/user/job/memory.max": "max\n", "sys/fs/cgroup/user/job/cpu.max": "max 100000\n",
			"sys/fs/cgroup/user/memory.max": "5000\n", "sys/fs/cgroup/user/memory.current": "9000\n", "sys/fs/cgroup/user/cpu.max": "300000 100000\n",
			"sys/fs/cgroup/cpu.max": "800000 100000\n",
		}, 0, 3},
		{"version 1", map[string]string{
			"proc/meminfo": meminfo, "proc/self/cgroup": "12:pids:/x\n4:memory:/box\n3:cpuacct,cpu:/box\n0::/other\n",
			"sys/fs/cgroup/memory/box/memory.limit_in_bytes": "2000\n", "sys/fs/cgroup/memory/box/memory.usage_in_bytes": "500\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
			"sys/fs/cgroup/cpu/box/cpu.cfs_quota_us":     "50000\n", "sys/fs/cgroup/cpu/box/cpu.cfs_period_us": "100000\n",
			"sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n", "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
		}, 1500, 1},
		{"nonsense", map[string]string{
			"proc/meminfo": "MemAvailable: lots\n", "proc/self/cgroup": "rubbish\n0::/../..\n\n",
			"sys/fs/cgroup/memory.max": "", "sys/fs/cgroup/cpu.max": "1e300 1e-300\n",
		}, guessedMemory, math.MaxInt},
	} {
		if got := memoryLeft(system(c.files)); got != c.memory {
			t.Errorf("%s: %d bytes are left, not %d", c.name, got, c.memory)
		}
		if got := processorsLeft(system(c.files)); got != c.quota {
			t.Errorf("%s: %d processors, not %d", c.name, got, c.quota)
		}
	}
}
