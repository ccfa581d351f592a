//go:build cuda && cgo && linux && (amd64 || arm64)

package nvidia

// What gorgonia.org/cu does not bind, or not with the result: by its types in C, which cuda.h is not needed for.

/*
#include <stdint.h>

int cuDriverGetVersion(int *version);
int cuGetErrorName(int code, const char **name);
int cuGetErrorString(int code, const char **description);
int cuMemHostAlloc(uintptr_t *p, size_t bytes, unsigned flags);
int cuFuncSetAttribute(uintptr_t function, int attribute, int value);
int cuStreamBeginCapture_v2(uintptr_t stream, int mode);
int cuStreamEndCapture(uintptr_t stream, uintptr_t *graph);
int cuGraphInstantiate_v2(uintptr_t *exec, uintptr_t graph, uintptr_t *node, char *log, size_t bytes);
int cuGraphLaunch(uintptr_t exec, uintptr_t stream);
*/
import "C"

import (
	"reflect"
	"unsafe"

	"gorgonia.org/cu"

	"github.com/rapt-go/rapt/cuda/driver"
	_ "github.com/rapt-go/rapt/cuda/nvidia/internal/header" // says what to do where cu does not compile
	"github.com/rapt-go/rapt/cuda/nvidia/libcuda"
)

const usualLibrary = "libcuda.so.1"

// A library is NVIDIA's. A process has one, of which the last to be opened counts.
type library struct{}

// open loads a library. The error is the system's, or a lacking.
func open(file string) (*library, error) {
	missing, err := libcuda.Load(file, symbols[:])
	if err != nil {
		return nil, err
	}
	if missing != nil {
		return nil, lacking(missing)
	}
	return &library{}, nil
}

// result is the code in an error of cu, whose type is not exported.
func result(err error) driver.Code {
	if err == nil {
		return 0
	}
	if v := reflect.ValueOf(err); v.CanInt() {
		return driver.Code(v.Int())
	}
	return driver.Unknown
}

// Types of cu are what the driver gave and nothing else, in structs that cannot be made from outside.

func contextOf(h handle) cu.CUContext    { return *(*cu.CUContext)(unsafe.Pointer(&h)) }
func streamOf(h handle) cu.Stream        { return *(*cu.Stream)(unsafe.Pointer(&h)) }
func eventOf(h handle) cu.Event          { return *(*cu.Event)(unsafe.Pointer(&h)) }
func moduleOf(h handle) cu.Module        { return *(*cu.Module)(unsafe.Pointer(&h)) }
func functionOf(h handle) cu.Function    { return *(*cu.Function)(unsafe.Pointer(&h)) }
func graphOf(h handle) cu.Graph          { return *(*cu.Graph)(unsafe.Pointer(&h)) }
func execOf(h handle) cu.ExecGraph       { return *(*cu.ExecGraph)(unsafe.Pointer(&h)) }
func hostOf(p uintptr) unsafe.Pointer    { return *(*unsafe.Pointer)(unsafe.Pointer(&p)) }
func handleOf[T any](of *T) handle       { return *(*handle)(unsafe.Pointer(of)) }
func deviceOf(p driver.Ptr) cu.DevicePtr { return cu.DevicePtr(p) }

func (l *library) init() driver.Code { return driver.Code(libcuda.Init()) }

// version is not cu's, which is -1 for any failure.
func (l *library) version() (int, driver.Code) {
	var v C.int
	c := C.cuDriverGetVersion(&v)
	return int(v), driver.Code(c)
}

func (l *library) text(c driver.Code) (name, description string) {
	var n, d *C.char
	if C.cuGetErrorName(C.int(c), &n) == 0 {
		name = C.GoString(n)
	}
	if C.cuGetErrorString(C.int(c), &d) == 0 {
		description = C.GoString(d)
	}
	return name, description
}

func (l *library) devices() (int, driver.Code) {
	n, err := cu.NumDevices()
	return n, result(err)
}

func (l *library) device(i int) (ordinal int32, c driver.Code) {
	d, err := cu.GetDevice(i)
	return int32(d), result(err)
}

func (l *library) deviceName(ordinal int32) (string, driver.Code) {
	s, err := cu.Device(ordinal).Name()
	return s, result(err)
}

func (l *library) deviceUUID(ordinal int32) ([16]byte, driver.Code) {
	id, err := cu.Device(ordinal).UUID()
	return id, result(err)
}

func (l *library) deviceMemory(ordinal int32) (int64, driver.Code) {
	n, err := cu.Device(ordinal).TotalMem()
	return n, result(err)
}

func (l *library) attribute(a int, ordinal int32) (int, driver.Code) {
	n, err := cu.Device(ordinal).Attribute(cu.DeviceAttribute(a))
	return n, result(err)
}

func (l *library) newContext(ordinal int32) (handle, driver.Code) {
	x, err := cu.Device(ordinal).MakeContext(0)
	return handleOf(&x), result(err)
}

func (l *library) popContext() driver.Code {
	_, err := cu.PopCurrentCtx()
	return result(err)
}

func (l *library) setContext(h []uintptr) driver.Code {
	return result(cu.SetCurrentContext(contextOf(handle(h[0]))))
}

func (l *library) closeContext(h handle) driver.Code {
	x := contextOf(h)
	return result(x.Destroy())
}

func (l *library) sync() driver.Code { return result(cu.Synchronize()) }

func (l *library) available() (int64, driver.Code) {
	free, _, err := cu.MemInfo()
	return free, result(err)
}

func (l *library) alloc(n int) (driver.Ptr, driver.Code) {
	p, err := cu.MemAlloc(int64(n))
	return driver.Ptr(p), result(err)
}

func (l *library) free(p driver.Ptr) driver.Code { return result(cu.MemFree(deviceOf(p))) }

func (l *library) pin(n int) (uintptr, driver.Code) {
	var p C.uintptr_t
	c := C.cuMemHostAlloc(&p, C.size_t(n), hostPortable)
	return uintptr(p), driver.Code(c)
}

func (l *library) unpin(p uintptr) driver.Code { return result(cu.MemFreeHost(hostOf(p))) }

func (l *library) load(ptx, log []byte) (handle, driver.Code) {
	m, err := cu.LoadDataEx(string(ptx[:len(ptx)-1]), &cu.JITErrorLogBuffer{Buffer: log})
	return handleOf(&m), result(err)
}

func (l *library) unload(m handle) driver.Code { return result(moduleOf(m).Unload()) }

func (l *library) function(m handle, name string) (handle, driver.Code) {
	f, err := moduleOf(m).Function(name)
	return handleOf(&f), result(err)
}

func (l *library) global(m handle, name string) (driver.Ptr, int, driver.Code) {
	p, n, err := moduleOf(m).Global(name)
	return driver.Ptr(p), int(n), result(err)
}

func (l *library) functionAttribute(a int, f handle) (int, driver.Code) {
	n, err := functionOf(f).Attribute(cu.FunctionAttribute(a))
	return n, result(err)
}

func (l *library) setFunctionAttribute(f handle, a, value int) driver.Code {
	return driver.Code(C.cuFuncSetAttribute(C.uintptr_t(f), C.int(a), C.int(value)))
}

func (l *library) newStream() (handle, driver.Code) {
	s, err := cu.MakeStream(streamNonBlocking)
	return handleOf(&s), result(err)
}

func (l *library) syncStream(h handle) driver.Code { return result(streamOf(h).Synchronize()) }

func (l *library) closeStream(h handle) driver.Code {
	s := streamOf(h)
	return result(s.Destroy())
}

func (l *library) copyIn(dst driver.Ptr, src uintptr, n int, s handle) driver.Code {
	return result(cu.MemcpyHtoDAsync(deviceOf(dst), hostOf(src), int64(n), streamOf(s)))
}

func (l *library) copyOut(dst uintptr, src driver.Ptr, n int, s handle) driver.Code {
	return result(cu.MemcpyDtoHAsync(hostOf(dst), deviceOf(src), int64(n), streamOf(s)))
}

func (l *library) copy(dst, src driver.Ptr, n int, s handle) driver.Code {
	return result(cu.MemcpyDtoDAsync(deviceOf(dst), deviceOf(src), int64(n), streamOf(s)))
}

func (l *library) fill(dst driver.Ptr, word uint32, words int, s handle) driver.Code {
	return result(cu.MemsetD32Async(deviceOf(dst), uint(word), int64(words), streamOf(s)))
}

func (l *library) launch(f handle, g *driver.Config, s handle, p *params, n int) driver.Code {
	return result(functionOf(f).Launch(g.Grid[0], g.Grid[1], g.Grid[2], g.Block[0], g.Block[1], g.Block[2], g.Shared, streamOf(s), p.pointers[:n]))
}

func (l *library) newEvent() (handle, driver.Code) {
	e, err := cu.MakeEvent(cu.DefaultEvent)
	return handleOf(&e), result(err)
}

func (l *library) record(e, s handle) driver.Code { return result(eventOf(e).Record(streamOf(s))) }

func (l *library) wait(s, e handle) driver.Code { return result(streamOf(s).Wait(eventOf(e), 0)) }

func (l *library) query(e handle) driver.Code { return result(eventOf(e).Query()) }

func (l *library) elapsed(from, to handle) (float32, driver.Code) {
	ms, err := eventOf(from).Elapsed(eventOf(to))
	return float32(ms), result(err)
}

func (l *library) closeEvent(h handle) driver.Code {
	e := eventOf(h)
	return result(cu.DestroyEvent(&e))
}

func (l *library) begin(s handle) driver.Code {
	return driver.Code(C.cuStreamBeginCapture_v2(C.uintptr_t(s), captureRelaxed))
}

func (l *library) end(s handle) (handle, driver.Code) {
	var g C.uintptr_t
	c := C.cuStreamEndCapture(C.uintptr_t(s), &g)
	return handle(g), driver.Code(c)
}

func (l *library) instantiate(g handle) (handle, driver.Code) {
	var x C.uintptr_t
	c := C.cuGraphInstantiate_v2(&x, C.uintptr_t(g), nil, nil, 0)
	return handle(x), driver.Code(c)
}

func (l *library) closeGraph(g handle) driver.Code { return result(graphOf(g).Destroy()) }

func (l *library) launchGraph(x, s handle) driver.Code {
	return driver.Code(C.cuGraphLaunch(C.uintptr_t(x), C.uintptr_t(s)))
}

func (l *library) closeExec(x handle) driver.Code { return result(execOf(x).Destroy()) }
