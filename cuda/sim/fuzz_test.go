package sim

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rapt-go/rapt/cuda/driver"
)

var kernelName = regexp.MustCompile(`\.entry\s+([\w$%]+)`)

// FuzzLoad loads any bytes as PTX on an H100 and, if they load, launches what kernels there are, for a
// few instructions: each call ends with an answer or with a driver.Error, whatever the kernel does.
func FuzzLoad(f *testing.F) {
	for _, pattern := range []string{"testdata/cases/*.ptx", "../ptx/testdata/*.ptx"} {
		paths, err := filepath.Glob(pattern)
		require.NoError(f, err)
		require.NotEmpty(f, paths)
		for _, path := range paths {
			source, err := os.ReadFile(path)
			require.NoError(f, err)
			f.Add(source)
		}
	}
	f.Fuzz(func(t *testing.T, source []byte) {
		h100, err := Profile("H100")
		require.NoError(t, err)
		d, err := New(Options{Devices: []driver.Info{h100}, Budget: 2000, HostMemory: 64 << 20, Workers: 1})
		require.NoError(t, err)
		device, err := d.Open(0)
		require.NoError(t, err)
		defer device.Close()
		module, err := device.Load(source)
		if err != nil {
			require.ErrorAs(t, err, new(*driver.Error))
			return
		}
		buffer, err := device.Alloc(4096)
		require.NoError(t, err)
		stream, err := device.NewStream()
		require.NoError(t, err)
		for _, name := range kernelName.FindAllSubmatch(source, -1) {
			kernel, err := module.Func(string(name[1]))
			if err != nil {
				continue // in a comment, say
			}
			_ = stream.Launch(kernel, driver.Config{Grid: [3]int{2, 1, 1}, Block: [3]int{33, 1, 1}, Shared: 1024}, []driver.Arg{driver.Addr(buffer), driver.Addr(buffer)})
			if err := stream.Sync(); err != nil {
				require.ErrorAs(t, err, new(*driver.Error))
			}
		}
	})
}
