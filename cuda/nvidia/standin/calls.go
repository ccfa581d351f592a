package standin

import (
	"fmt"
	"time"

	"github.com/rapt-go/rapt/cuda/driver"
)

// table is the functions, by their names in the library.
var table = map[string]func(*Server, *request) (*answer, error){
	"cuInit":               func(s *Server, _ *request) (*answer, error) { return nil, s.start() },
	"cuDriverGetVersion":   func(s *Server, _ *request) (*answer, error) { return out(uint64(s.driver.Version())), nil },
	"cuDeviceGetCount":     count,
	"cuDeviceGet":          func(s *Server, q *request) (*answer, error) { _, err := s.info(q.int(0)); return out(q.in[0]), err },
	"cuDeviceGetName":      deviceName,
	"cuDeviceGetUuid":      deviceUUID,
	"cuDeviceTotalMem_v2":  deviceMemory,
	"cuDeviceGetAttribute": attribute,
	"cuGetErrorName":       errorName,
	"cuGetErrorString":     errorString,

	"cuCtxCreate_v2":     newContext,
	"cuCtxPopCurrent_v2": func(*Server, *request) (*answer, error) { return nil, nil },
	"cuCtxSetCurrent":    func(s *Server, q *request) (*answer, error) { _, err := find[*context](s, q.in[0]); return nil, err },
	"cuCtxDestroy_v2":    destroyContext,
	"cuCtxSynchronize":   syncContext,

	"cuMemGetInfo_v2": memoryInfo,
	"cuMemAlloc_v2":   alloc,
	"cuMemFree_v2":    free,
	"cuMemHostAlloc":  pin,
	"cuMemFreeHost":   unpin,

	"cuModuleLoadDataEx":   load,
	"cuModuleUnload":       func(s *Server, q *request) (*answer, error) { return nil, destroy[*module](s, q, q.in[0]) },
	"cuModuleGetFunction":  getFunction,
	"cuModuleGetGlobal_v2": getGlobal,
	"cuFuncGetAttribute":   functionAttribute,
	"cuFuncSetAttribute":   setFunctionAttribute,
	"cuLaunchKernel":       launch,

	"cuStreamCreate": newStream,
	"cuStreamSynchronize": func(s *Server, q *request) (*answer, error) {
		return s.landing(onStream(s, q, q.in[0], driver.Stream.Sync))
	},
	"cuStreamDestroy_v2":      func(s *Server, q *request) (*answer, error) { return nil, destroy[*stream](s, q, q.in[0]) },
	"cuMemcpyHtoDAsync_v2":    copyIn,
	"cuMemcpyDtoHAsync_v2":    copyOut,
	"cuMemcpyDtoDAsync_v2":    copyDevice,
	"cuMemsetD32Async":        fill,
	"cuStreamWaitEvent":       wait,
	"cuEventCreate":           newEvent,
	"cuEventRecord":           record,
	"cuEventQuery":            query,
	"cuEventElapsedTime":      elapsed,
	"cuEventDestroy_v2":       func(s *Server, q *request) (*answer, error) { return nil, destroy[*event](s, q, q.in[0]) },
	"cuStreamBeginCapture_v2": begin,
	"cuStreamEndCapture":      end,
	"cuGraphInstantiate_v2":   instantiate,
	"cuGraphDestroy":          destroyGraph,
	"cuGraphLaunch":           launchGraph,
	"cuGraphExecDestroy":      func(s *Server, q *request) (*answer, error) { return nil, destroy[*instance](s, q, q.in[0]) },
}

// start fails as the driver would without devices.
func (s *Server) start() error {
	_, err := s.driver.Devices()
	return err
}

func count(s *Server, _ *request) (*answer, error) {
	infos, err := s.driver.Devices()
	return out(uint64(len(infos))), err
}

func (s *Server) info(i int) (driver.Info, error) {
	infos, err := s.driver.Devices()
	if err != nil {
		return driver.Info{}, err
	}
	if i < 0 || i >= len(infos) {
		return driver.Info{}, code(driver.InvalidDevice)
	}
	return infos[i], nil
}

func deviceName(s *Server, q *request) (*answer, error) {
	info, err := s.info(q.int(0))
	return &answer{text: append([]byte(info.Name), 0)}, err
}

func deviceUUID(s *Server, q *request) (*answer, error) {
	info, err := s.info(q.int(0))
	return &answer{text: info.UUID[:]}, err
}

func deviceMemory(s *Server, q *request) (*answer, error) {
	info, err := s.info(q.int(0))
	return out(uint64(info.Memory)), err
}

// attribute knows CUdevice_attribute as cuda.h numbers it.
func attribute(s *Server, q *request) (*answer, error) {
	info, err := s.info(q.int(1))
	if err != nil {
		return nil, err
	}
	n, ok := map[int]int{
		1: info.ThreadsPerBlock, 2: info.MaxBlock[0], 3: info.MaxBlock[1], 4: info.MaxBlock[2],
		5: info.MaxGrid[0], 6: info.MaxGrid[1], 7: info.MaxGrid[2], 10: driver.WarpSize, 13: info.ClockKHz, 16: info.SMs,
		36: info.MemoryClockKHz, 37: info.MemoryBusBits, 38: int(info.L2), 39: info.ThreadsPerSM, 75: info.Major, 76: info.Minor,
		81: info.SharedPerSM, 82: info.RegistersPerSM, 97: info.SharedPerBlock, 106: info.BlocksPerSM, 111: info.SharedReserved,
	}[q.int(0)]
	if !ok || q.int(0) == 106 && s.driver.Version() < 11000 || q.int(0) == 111 && s.driver.Version() < 11010 {
		return nil, code(driver.InvalidValue)
	}
	return out(uint64(n)), nil
}

func errorName(_ *Server, q *request) (*answer, error) {
	return &answer{text: append([]byte(driver.Code(q.in[0]).String()), 0)}, nil
}

func errorString(_ *Server, q *request) (*answer, error) {
	return &answer{text: append(fmt.Appendf(nil, "description of %d", q.in[0]), 0)}, nil
}

func memoryInfo(s *Server, q *request) (*answer, error) {
	c, err := s.current(q)
	if err != nil {
		return nil, err
	}
	n, err := c.device.Available()
	return out(uint64(n), uint64(c.device.Info().Memory)), err
}

func alloc(s *Server, q *request) (*answer, error) {
	c, err := s.current(q)
	if err != nil {
		return nil, err
	}
	p, err := c.device.Alloc(q.int(0))
	return out(uint64(p)), err
}

func free(s *Server, q *request) (*answer, error) {
	c, err := s.current(q)
	if err != nil {
		return nil, err
	}
	return nil, c.device.Free(driver.Ptr(q.in[0]))
}

func newEvent(s *Server, q *request) (*answer, error) {
	c, err := s.current(q)
	if err != nil {
		return nil, err
	}
	e, err := c.device.NewEvent()
	if err != nil {
		return nil, err
	}
	return out(s.add(&event{owned{c}, e})), nil
}

func record(s *Server, q *request) (*answer, error) {
	e, err := mine[*event](s, q, q.in[0])
	if err != nil {
		return nil, err
	}
	return nil, onStream(s, q, q.in[1], func(on driver.Stream) error { return on.Record(e.event) })
}

// wait takes events of all contexts.
func wait(s *Server, q *request) (*answer, error) {
	e, err := find[*event](s, q.in[1])
	if err != nil {
		return nil, err
	}
	return nil, onStream(s, q, q.in[0], func(on driver.Stream) error { return on.Wait(e.event) })
}

func query(s *Server, q *request) (*answer, error) {
	e, err := mine[*event](s, q, q.in[0])
	if err != nil {
		return nil, err
	}
	done, err := e.event.Done()
	if err == nil && !done {
		err = code(driver.NotReady)
	}
	return s.landing(err)
}

func elapsed(s *Server, q *request) (*answer, error) {
	from, err := mine[*event](s, q, q.in[0])
	if err != nil {
		return nil, err
	}
	to, err := mine[*event](s, q, q.in[1])
	if err != nil {
		return nil, err
	}
	d, err := to.event.Since(from.event)
	return out(float(float64(d) / float64(time.Millisecond))), err
}
