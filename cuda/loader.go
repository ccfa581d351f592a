package cuda

import (
	"fmt"
	"sync"

	"github.com/rapt-go/rapt/cuda/driver"
	"github.com/rapt-go/rapt/gpu"
	"github.com/rapt-go/rapt/kernels"
)

// A loader compiles kernels for its device when they are first asked for, a source at a time.
type loader struct {
	device driver.Device
	sm     int

	mu      sync.RWMutex
	modules map[string]driver.Module // by stem
	found   map[string]*kernel       // by name
}

// A kernel is an entry point ready to launch.
type kernel struct {
	kernels.Kernel
	fn driver.Func
}

// find returns a kernel by its name. Once it is loaded it takes no memory of the heap.
func (l *loader) find(name string) (*kernel, error) {
	l.mu.RLock()
	k := l.found[name]
	l.mu.RUnlock()
	if k != nil {
		return k, nil
	}
	return l.load(name)
}

func (l *loader) load(name string) (*kernel, error) {
	info, ok := kernels.Find(name, l.sm)
	if !ok {
		return nil, fmt.Errorf("no kernel %s for compute capability %d.%d: %w", name, l.sm/10, l.sm%10, gpu.ErrUnsupported)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if k := l.found[name]; k != nil {
		return k, nil
	}
	m := l.modules[info.Stem]
	if m == nil {
		ptx, err := kernels.PTX(info.Stem, l.sm)
		if err != nil {
			return nil, err
		}
		if m, err = l.device.Load(ptx); err != nil {
			return nil, fmt.Errorf("load the kernels of %s: %w", info.Stem, err)
		}
		if l.modules == nil {
			l.modules, l.found = map[string]driver.Module{}, map[string]*kernel{}
		}
		l.modules[info.Stem] = m
	}
	fn, err := m.Func(name)
	if err != nil {
		return nil, fmt.Errorf("kernel %s: %w", name, err)
	}
	k := &kernel{info, fn}
	l.found[name] = k
	return k, nil
}
