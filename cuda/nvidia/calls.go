//go:build cuda && (linux || windows) && (amd64 || arm64)

package nvidia

import "github.com/rapt-go/rapt/cuda/driver"

// A handle is a pointer that the driver gave: a context, stream, event, module, function or graph.
type handle uintptr

// calls are the driver's calls that the package needs, by their parameters in cuda.h. Methods on contexts, and those that
// come after them, need a current context. Code 0 is success.
type calls interface {
	init() driver.Code
	version() (int, driver.Code)
	text(driver.Code) (name, description string)

	devices() (int, driver.Code)
	device(i int) (ordinal int32, c driver.Code)
	deviceName(ordinal int32) (string, driver.Code)
	deviceUUID(ordinal int32) ([16]byte, driver.Code)
	deviceMemory(ordinal int32) (int64, driver.Code)
	attribute(a int, ordinal int32) (int, driver.Code)

	newContext(ordinal int32) (handle, driver.Code) // current afterwards
	popContext() driver.Code
	setContext(argument []uintptr) driver.Code // in a slice that a call need not make
	closeContext(handle) driver.Code
	sync() driver.Code

	available() (int64, driver.Code)
	alloc(bytes int) (driver.Ptr, driver.Code)
	free(driver.Ptr) driver.Code
	pin(bytes int) (uintptr, driver.Code)
	unpin(uintptr) driver.Code

	load(ptx, log []byte) (handle, driver.Code) // ptx ends with a zero byte
	unload(module handle) driver.Code
	function(module handle, name string) (handle, driver.Code)
	global(module handle, name string) (driver.Ptr, int, driver.Code)
	functionAttribute(a int, function handle) (int, driver.Code)
	setFunctionAttribute(function handle, a, value int) driver.Code

	newStream() (handle, driver.Code)
	syncStream(handle) driver.Code
	closeStream(handle) driver.Code
	copyIn(dst driver.Ptr, src uintptr, n int, stream handle) driver.Code
	copyOut(dst uintptr, src driver.Ptr, n int, stream handle) driver.Code
	copy(dst, src driver.Ptr, n int, stream handle) driver.Code
	fill(dst driver.Ptr, word uint32, words int, stream handle) driver.Code
	launch(function handle, c *driver.Config, stream handle, p *params, n int) driver.Code

	newEvent() (handle, driver.Code)
	record(event, stream handle) driver.Code
	wait(stream, event handle) driver.Code
	query(event handle) driver.Code
	elapsed(from, to handle) (ms float32, c driver.Code)
	closeEvent(handle) driver.Code

	begin(stream handle) driver.Code
	end(stream handle) (graph handle, c driver.Code)
	instantiate(graph handle) (exec handle, c driver.Code)
	closeGraph(graph handle) driver.Code
	launchGraph(exec, stream handle) driver.Code
	closeExec(exec handle) driver.Code
}

var _ calls = (*library)(nil)

// Constants of cuda.h.
const (
	streamNonBlocking  = 1 // CU_STREAM_NON_BLOCKING: does not wait for the default stream
	hostPortable       = 1 // CU_MEMHOSTALLOC_PORTABLE: page-locked for all contexts
	captureRelaxed     = 2 // CU_STREAM_CAPTURE_MODE_RELAXED: begin and end may be on different threads
	jitErrorLog        = 5 // CU_JIT_ERROR_LOG_BUFFER
	jitErrorLogBytes   = 6 // CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES
	funcMaxThreads     = 0 // CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK
	funcShared         = 1 // CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES
	funcLocal          = 3 // CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES
	funcRegisters      = 4 // CU_FUNC_ATTRIBUTE_NUM_REGS
	funcDynamicAllowed = 8 // CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES
)
