//go:build cuda && ((linux && !cgo) || windows) && (amd64 || arm64)

package nvidia

import (
	"runtime"
	"unsafe"

	"github.com/ebitengine/purego"

	"github.com/rapt-go/rapt/cuda/driver"
)

// A library is NVIDIA's, called by addresses.
type library struct {
	functions [functions]uintptr
}

// open loads a library. The error is the system's, or a lacking. A library stays loaded.
func open(file string) (*library, error) {
	h, err := openLibrary(file)
	if err != nil {
		return nil, err
	}
	l := &library{}
	var missing lacking
	for i, name := range symbols {
		if l.functions[i] = symbol(h, name); l.functions[i] == 0 {
			missing = append(missing, name)
		}
	}
	if missing != nil {
		closeLibrary(h)
		return nil, missing
	}
	return l, nil
}

// call calls a function. Arguments made of pointers by a conversion in the call live until it returns.
//
//go:uintptrescapes
func call(function uintptr, args ...uintptr) driver.Code {
	r, _, _ := purego.SyscallN(function, args...)
	return driver.Code(int32(r))
}

func (l *library) init() driver.Code { return call(l.functions[cuInit], 0) }

func (l *library) version() (int, driver.Code) {
	var v int32
	c := call(l.functions[cuDriverGetVersion], uintptr(unsafe.Pointer(&v)))
	return int(v), c
}

func (l *library) text(c driver.Code) (name, description string) {
	get := func(f int) string {
		var p *byte
		if call(l.functions[f], uintptr(c), uintptr(unsafe.Pointer(&p))) != 0 || p == nil {
			return ""
		}
		n := 0
		for *(*byte)(unsafe.Add(unsafe.Pointer(p), n)) != 0 {
			n++
		}
		return string(unsafe.Slice(p, n))
	}
	return get(cuGetErrorName), get(cuGetErrorString)
}

func (l *library) devices() (int, driver.Code) {
	var n int32
	c := call(l.functions[cuDeviceGetCount], uintptr(unsafe.Pointer(&n)))
	return int(n), c
}

func (l *library) device(i int) (ordinal int32, c driver.Code) {
	c = call(l.functions[cuDeviceGet], uintptr(unsafe.Pointer(&ordinal)), uintptr(i))
	return ordinal, c
}

func (l *library) deviceName(ordinal int32) (string, driver.Code) {
	name := make([]byte, 256)
	c := call(l.functions[cuDeviceGetName], uintptr(unsafe.Pointer(&name[0])), uintptr(len(name)), uintptr(ordinal))
	return text(name), c
}

func (l *library) deviceUUID(ordinal int32) (id [16]byte, c driver.Code) {
	c = call(l.functions[cuDeviceGetUuid], uintptr(unsafe.Pointer(&id)), uintptr(ordinal))
	return id, c
}

func (l *library) deviceMemory(ordinal int32) (n int64, c driver.Code) {
	c = call(l.functions[cuDeviceTotalMem], uintptr(unsafe.Pointer(&n)), uintptr(ordinal))
	return n, c
}

func (l *library) attribute(a int, ordinal int32) (int, driver.Code) {
	var v int32
	c := call(l.functions[cuDeviceGetAttribute], uintptr(unsafe.Pointer(&v)), uintptr(a), uintptr(ordinal))
	return int(v), c
}

func (l *library) newContext(ordinal int32) (h handle, c driver.Code) {
	c = call(l.functions[cuCtxCreate], uintptr(unsafe.Pointer(&h)), 0, uintptr(ordinal))
	return h, c
}

func (l *library) popContext() driver.Code {
	var h handle
	return call(l.functions[cuCtxPopCurrent], uintptr(unsafe.Pointer(&h)))
}

func (l *library) setContext(h []uintptr) driver.Code {
	return call(l.functions[cuCtxSetCurrent], h...)
}

func (l *library) closeContext(h handle) driver.Code {
	return call(l.functions[cuCtxDestroy], uintptr(h))
}

func (l *library) sync() driver.Code { return call(l.functions[cuCtxSynchronize]) }

func (l *library) available() (int64, driver.Code) {
	var free, total int64
	c := call(l.functions[cuMemGetInfo], uintptr(unsafe.Pointer(&free)), uintptr(unsafe.Pointer(&total)))
	return free, c
}

func (l *library) alloc(n int) (p driver.Ptr, c driver.Code) {
	c = call(l.functions[cuMemAlloc], uintptr(unsafe.Pointer(&p)), uintptr(n))
	return p, c
}

func (l *library) free(p driver.Ptr) driver.Code { return call(l.functions[cuMemFree], uintptr(p)) }

func (l *library) pin(n int) (p uintptr, c driver.Code) {
	c = call(l.functions[cuMemHostAlloc], uintptr(unsafe.Pointer(&p)), uintptr(n), hostPortable)
	return p, c
}

func (l *library) unpin(p uintptr) driver.Code { return call(l.functions[cuMemFreeHost], p) }

func (l *library) load(ptx, log []byte) (h handle, c driver.Code) {
	options := [2]int32{jitErrorLog, jitErrorLogBytes}
	values := [2]unsafe.Pointer{unsafe.Pointer(&log[0])}
	*(*uintptr)(unsafe.Pointer(&values[1])) = uintptr(len(log))
	c = call(l.functions[cuModuleLoadDataEx], uintptr(unsafe.Pointer(&h)), uintptr(unsafe.Pointer(&ptx[0])),
		uintptr(len(options)), uintptr(unsafe.Pointer(&options)), uintptr(unsafe.Pointer(&values)))
	return h, c
}

func (l *library) unload(m handle) driver.Code { return call(l.functions[cuModuleUnload], uintptr(m)) }

func (l *library) function(m handle, name string) (h handle, c driver.Code) {
	s := append([]byte(name), 0)
	c = call(l.functions[cuModuleGetFunction], uintptr(unsafe.Pointer(&h)), uintptr(m), uintptr(unsafe.Pointer(&s[0])))
	return h, c
}

func (l *library) global(m handle, name string) (p driver.Ptr, n int, c driver.Code) {
	s := append([]byte(name), 0)
	c = call(l.functions[cuModuleGetGlobal], uintptr(unsafe.Pointer(&p)), uintptr(unsafe.Pointer(&n)), uintptr(m), uintptr(unsafe.Pointer(&s[0])))
	return p, n, c
}

func (l *library) functionAttribute(a int, f handle) (int, driver.Code) {
	var v int32
	c := call(l.functions[cuFuncGetAttribute], uintptr(unsafe.Pointer(&v)), uintptr(a), uintptr(f))
	return int(v), c
}

func (l *library) setFunctionAttribute(f handle, a, value int) driver.Code {
	return call(l.functions[cuFuncSetAttribute], uintptr(f), uintptr(a), uintptr(value))
}

func (l *library) newStream() (h handle, c driver.Code) {
	c = call(l.functions[cuStreamCreate], uintptr(unsafe.Pointer(&h)), streamNonBlocking)
	return h, c
}

func (l *library) syncStream(h handle) driver.Code {
	return call(l.functions[cuStreamSynchronize], uintptr(h))
}

func (l *library) closeStream(h handle) driver.Code {
	return call(l.functions[cuStreamDestroy], uintptr(h))
}

func (l *library) copyIn(dst driver.Ptr, src uintptr, n int, s handle) driver.Code {
	return call(l.functions[cuMemcpyHtoDAsync], uintptr(dst), src, uintptr(n), uintptr(s))
}

func (l *library) copyOut(dst uintptr, src driver.Ptr, n int, s handle) driver.Code {
	return call(l.functions[cuMemcpyDtoHAsync], dst, uintptr(src), uintptr(n), uintptr(s))
}

func (l *library) copy(dst, src driver.Ptr, n int, s handle) driver.Code {
	return call(l.functions[cuMemcpyDtoDAsync], uintptr(dst), uintptr(src), uintptr(n), uintptr(s))
}

func (l *library) fill(dst driver.Ptr, word uint32, words int, s handle) driver.Code {
	return call(l.functions[cuMemsetD32Async], uintptr(dst), uintptr(word), uintptr(words), uintptr(s))
}

// launch gives the same slice of arguments again and again, which are made of pointers that p keeps.
func (l *library) launch(f handle, g *driver.Config, s handle, p *params, _ int) driver.Code {
	a := append(p.arguments[:0], uintptr(f), uintptr(g.Grid[0]), uintptr(g.Grid[1]), uintptr(g.Grid[2]),
		uintptr(g.Block[0]), uintptr(g.Block[1]), uintptr(g.Block[2]), uintptr(g.Shared), uintptr(s), uintptr(unsafe.Pointer(&p.pointers[0])), 0)
	c := call(l.functions[cuLaunchKernel], a...)
	runtime.KeepAlive(p)
	return c
}

func (l *library) newEvent() (h handle, c driver.Code) {
	c = call(l.functions[cuEventCreate], uintptr(unsafe.Pointer(&h)), 0)
	return h, c
}

func (l *library) record(e, s handle) driver.Code {
	return call(l.functions[cuEventRecord], uintptr(e), uintptr(s))
}

func (l *library) wait(s, e handle) driver.Code {
	return call(l.functions[cuStreamWaitEvent], uintptr(s), uintptr(e), 0)
}

func (l *library) query(e handle) driver.Code { return call(l.functions[cuEventQuery], uintptr(e)) }

func (l *library) elapsed(from, to handle) (ms float32, c driver.Code) {
	c = call(l.functions[cuEventElapsedTime], uintptr(unsafe.Pointer(&ms)), uintptr(from), uintptr(to))
	return ms, c
}

func (l *library) closeEvent(e handle) driver.Code {
	return call(l.functions[cuEventDestroy], uintptr(e))
}

func (l *library) begin(s handle) driver.Code {
	return call(l.functions[cuStreamBeginCapture], uintptr(s), captureRelaxed)
}

func (l *library) end(s handle) (g handle, c driver.Code) {
	c = call(l.functions[cuStreamEndCapture], uintptr(s), uintptr(unsafe.Pointer(&g)))
	return g, c
}

func (l *library) instantiate(g handle) (exec handle, c driver.Code) {
	c = call(l.functions[cuGraphInstantiate], uintptr(unsafe.Pointer(&exec)), uintptr(g), 0, 0, 0)
	return exec, c
}

func (l *library) closeGraph(g handle) driver.Code {
	return call(l.functions[cuGraphDestroy], uintptr(g))
}

func (l *library) launchGraph(exec, s handle) driver.Code {
	return call(l.functions[cuGraphLaunch], uintptr(exec), uintptr(s))
}

func (l *library) closeExec(exec handle) driver.Code {
	return call(l.functions[cuGraphExecDestroy], uintptr(exec))
}
