//go:build cuda && (linux || windows) && (amd64 || arm64)

package nvidia

import (
	"fmt"
	"strings"
)

// The library's functions, by their names there: _v2 is what cuda.h calls by the name without.
const (
	cuInit = iota
	cuDriverGetVersion
	cuGetErrorName
	cuGetErrorString
	cuDeviceGetCount
	cuDeviceGet
	cuDeviceGetName
	cuDeviceGetUuid
	cuDeviceTotalMem
	cuDeviceGetAttribute
	cuCtxCreate
	cuCtxPopCurrent
	cuCtxSetCurrent
	cuCtxDestroy
	cuCtxSynchronize
	cuMemGetInfo
	cuMemAlloc
	cuMemFree
	cuMemHostAlloc
	cuMemFreeHost
	cuModuleLoadDataEx
	cuModuleUnload
	cuModuleGetFunction
	cuModuleGetGlobal
	cuFuncGetAttribute
	cuFuncSetAttribute
	cuStreamCreate
	cuStreamSynchronize
	cuStreamDestroy
	cuStreamWaitEvent
	cuMemcpyHtoDAsync
	cuMemcpyDtoHAsync
	cuMemcpyDtoDAsync
	cuMemsetD32Async
	cuLaunchKernel
	cuEventCreate
	cuEventRecord
	cuEventQuery
	cuEventElapsedTime
	cuEventDestroy
	cuStreamBeginCapture
	cuStreamEndCapture
	cuGraphInstantiate
	cuGraphDestroy
	cuGraphLaunch
	cuGraphExecDestroy
	functions
)

// symbols are the names, all in libraries since CUDA 11.0.
var symbols = [functions]string{
	cuInit: "cuInit", cuDriverGetVersion: "cuDriverGetVersion", cuGetErrorName: "cuGetErrorName", cuGetErrorString: "cuGetErrorString",
	cuDeviceGetCount: "cuDeviceGetCount", cuDeviceGet: "cuDeviceGet", cuDeviceGetName: "cuDeviceGetName", cuDeviceGetUuid: "cuDeviceGetUuid",
	cuDeviceTotalMem: "cuDeviceTotalMem_v2", cuDeviceGetAttribute: "cuDeviceGetAttribute",
	cuCtxCreate: "cuCtxCreate_v2", cuCtxPopCurrent: "cuCtxPopCurrent_v2", cuCtxSetCurrent: "cuCtxSetCurrent", cuCtxDestroy: "cuCtxDestroy_v2",
	cuCtxSynchronize: "cuCtxSynchronize",
	cuMemGetInfo:     "cuMemGetInfo_v2", cuMemAlloc: "cuMemAlloc_v2", cuMemFree: "cuMemFree_v2", cuMemHostAlloc: "cuMemHostAlloc", cuMemFreeHost: "cuMemFreeHost",
	cuModuleLoadDataEx: "cuModuleLoadDataEx", cuModuleUnload: "cuModuleUnload", cuModuleGetFunction: "cuModuleGetFunction",
	cuModuleGetGlobal: "cuModuleGetGlobal_v2", cuFuncGetAttribute: "cuFuncGetAttribute", cuFuncSetAttribute: "cuFuncSetAttribute",
	cuStreamCreate: "cuStreamCreate", cuStreamSynchronize: "cuStreamSynchronize", cuStreamDestroy: "cuStreamDestroy_v2", cuStreamWaitEvent: "cuStreamWaitEvent",
	cuMemcpyHtoDAsync: "cuMemcpyHtoDAsync_v2", cuMemcpyDtoHAsync: "cuMemcpyDtoHAsync_v2", cuMemcpyDtoDAsync: "cuMemcpyDtoDAsync_v2",
	cuMemsetD32Async: "cuMemsetD32Async", cuLaunchKernel: "cuLaunchKernel",
	cuEventCreate: "cuEventCreate", cuEventRecord: "cuEventRecord", cuEventQuery: "cuEventQuery", cuEventElapsedTime: "cuEventElapsedTime",
	cuEventDestroy:       "cuEventDestroy_v2",
	cuStreamBeginCapture: "cuStreamBeginCapture_v2", cuStreamEndCapture: "cuStreamEndCapture", cuGraphInstantiate: "cuGraphInstantiate_v2",
	cuGraphDestroy: "cuGraphDestroy", cuGraphLaunch: "cuGraphLaunch", cuGraphExecDestroy: "cuGraphExecDestroy",
}

// A lacking is the functions that a library has not.
type lacking []string

// Error names the first three: of a library that is another's it would be all of them.
func (l lacking) Error() string {
	const named = 3
	if len(l) <= named {
		return "it lacks " + strings.Join(l, ", ")
	}
	return fmt.Sprintf("it lacks %s and %d more", strings.Join(l[:named], ", "), len(l)-named)
}
