//go:build cuda && cgo && linux && (amd64 || arm64)

// Every function of libcuda.so.1 that gorgonia.org/cu calls, and those that package nvidia calls beside it, as a jump through a pointer. So a program links without that
// library and starts on machines that have none; rapt_cuda_load fills the pointers.
//
// The functions are hidden: Go links programs with -rdynamic, and libcuda.so.1 itself, loaded later, must not find
// these in the place of its own.
#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

#include "trampolines.h"

#define FUNCTIONS \
	X(cuArray3DCreate_v2) X(cuArray3DGetDescriptor_v2) X(cuArrayCreate_v2) X(cuArrayDestroy) X(cuArrayGetDescriptor_v2) X(cuCtxCreate_v2) \
	X(cuCtxDestroy_v2) X(cuCtxDisablePeerAccess) X(cuCtxEnablePeerAccess) X(cuCtxGetApiVersion) X(cuCtxGetCacheConfig) X(cuCtxGetCurrent) \
	X(cuCtxGetDevice) X(cuCtxGetFlags) X(cuCtxGetLimit) X(cuCtxGetSharedMemConfig) X(cuCtxGetStreamPriorityRange) X(cuCtxPopCurrent_v2) \
	X(cuCtxPushCurrent_v2) X(cuCtxResetPersistingL2Cache) X(cuCtxSetCacheConfig) X(cuCtxSetCurrent) X(cuCtxSetLimit) X(cuCtxSetSharedMemConfig) \
	X(cuCtxSynchronize) X(cuDeviceCanAccessPeer) X(cuDeviceGet) X(cuDeviceGetAttribute) X(cuDeviceGetCount) X(cuDeviceGetName) X(cuDeviceGetP2PAttribute) \
	X(cuDeviceGetUuid) X(cuDevicePrimaryCtxGetState) X(cuDevicePrimaryCtxRelease_v2) X(cuDevicePrimaryCtxReset_v2) X(cuDevicePrimaryCtxRetain) \
	X(cuDevicePrimaryCtxSetFlags_v2) X(cuDeviceTotalMem_v2) X(cuDriverGetVersion) X(cuEventCreate) X(cuEventDestroy_v2) X(cuEventElapsedTime) \
	X(cuEventQuery) X(cuEventRecord) X(cuEventSynchronize) X(cuFuncGetAttribute) X(cuFuncSetCacheConfig) X(cuFuncSetSharedMemConfig) \
	X(cuGraphAddChildGraphNode) X(cuGraphAddDependencies) X(cuGraphAddEmptyNode) X(cuGraphAddHostNode) X(cuGraphAddKernelNode_v2) X(cuGraphAddMemcpyNode) \
	X(cuGraphAddMemsetNode) X(cuGraphClone) X(cuGraphCreate) X(cuGraphDestroy) X(cuGraphDestroyNode) X(cuGraphExecDestroy) X(cuGraphGetEdges) \
	X(cuLaunchKernel) X(cuLinkAddData_v2) X(cuLinkAddFile_v2) X(cuLinkComplete) X(cuLinkCreate_v2) X(cuLinkDestroy) X(cuMemAdvise) X(cuMemAllocManaged) \
	X(cuMemAllocPitch_v2) X(cuMemAlloc_v2) X(cuMemFreeHost) X(cuMemFree_v2) X(cuMemGetAddressRange_v2) X(cuMemGetInfo_v2) X(cuMemPrefetchAsync) \
	X(cuMemcpy) X(cuMemcpy2DAsync_v2) X(cuMemcpy2DUnaligned_v2) X(cuMemcpy2D_v2) X(cuMemcpy3DAsync_v2) X(cuMemcpy3DPeer) X(cuMemcpy3DPeerAsync) \
	X(cuMemcpy3D_v2) X(cuMemcpyAsync) X(cuMemcpyAtoA_v2) X(cuMemcpyAtoD_v2) X(cuMemcpyAtoHAsync_v2) X(cuMemcpyAtoH_v2) X(cuMemcpyDtoA_v2) \
	X(cuMemcpyDtoDAsync_v2) X(cuMemcpyDtoD_v2) X(cuMemcpyDtoHAsync_v2) X(cuMemcpyDtoH_v2) X(cuMemcpyHtoAAsync_v2) X(cuMemcpyHtoA_v2) \
	X(cuMemcpyHtoDAsync_v2) X(cuMemcpyHtoD_v2) X(cuMemcpyPeer) X(cuMemcpyPeerAsync) X(cuMemsetD16Async) X(cuMemsetD16_v2) X(cuMemsetD2D16Async) \
	X(cuMemsetD2D16_v2) X(cuMemsetD2D32Async) X(cuMemsetD2D32_v2) X(cuMemsetD2D8Async) X(cuMemsetD2D8_v2) X(cuMemsetD32Async) X(cuMemsetD32_v2) \
	X(cuMemsetD8Async) X(cuMemsetD8_v2) X(cuModuleGetFunction) X(cuModuleGetGlobal_v2) X(cuModuleGetSurfRef) X(cuModuleGetTexRef) X(cuModuleLoad) \
	X(cuModuleLoadData) X(cuModuleLoadDataEx) X(cuModuleLoadFatBinary) X(cuModuleUnload) X(cuOccupancyMaxActiveBlocksPerMultiprocessor) \
	X(cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags) X(cuPointerGetAttribute) X(cuPointerSetAttribute) X(cuStreamAttachMemAsync) X(cuStreamCreate) \
	X(cuStreamCreateWithPriority) X(cuStreamDestroy_v2) X(cuStreamGetFlags) X(cuStreamGetPriority) X(cuStreamQuery) X(cuStreamSynchronize) \
	X(cuStreamWaitEvent) X(cuStreamWaitValue32_v2) X(cuStreamWriteValue32_v2) X(cuSurfRefGetArray) X(cuSurfRefSetArray) X(cuTexRefGetAddressMode) \
	X(cuTexRefGetAddress_v2) X(cuTexRefGetArray) X(cuTexRefGetBorderColor) X(cuTexRefGetFilterMode) X(cuTexRefGetFlags) X(cuTexRefGetFormat) \
	X(cuTexRefGetMaxAnisotropy) X(cuTexRefSetAddress2D_v3) X(cuTexRefSetAddressMode) X(cuTexRefSetAddress_v2) X(cuTexRefSetArray) \
	X(cuTexRefSetBorderColor) X(cuTexRefSetFilterMode) X(cuTexRefSetFlags) X(cuTexRefSetFormat) X(cuTexRefSetMaxAnisotropy) \
	X(cuTexRefSetMipmapFilterMode) X(cuTexRefSetMipmapLevelBias) X(cuTexRefSetMipmapLevelClamp) \
	X(cuGetErrorName) X(cuGetErrorString) X(cuMemHostAlloc) X(cuFuncSetAttribute) X(cuStreamBeginCapture_v2) X(cuStreamEndCapture) \
	X(cuGraphInstantiate_v2) X(cuGraphLaunch)

enum { NOT_INITIALIZED = 3, SYMBOL_NOT_FOUND = 302 }; // CUDA_ERROR_

static int before(void) { return NOT_INITIALIZED; }
static int missing(void) { return SYMBOL_NOT_FOUND; }

#if defined(__x86_64__)
#define JUMP(name) "endbr64\n\tjmp *rapt_" #name "(%rip)\n"
#elif defined(__aarch64__)
#define JUMP(name) "hint 34\n\tadrp x16, rapt_" #name "\n\tldr x16, [x16, :lo12:rapt_" #name "]\n\tbr x16\n"
#endif

#define X(name) \
	__attribute__((visibility("hidden"), used)) int (*rapt_##name)(void) = before; \
	__asm__(".pushsection .text\n.globl " #name "\n.hidden " #name "\n.type " #name ", %function\n.balign 16\n" #name ":\n\t" JUMP(name) \
		".size " #name ", . - " #name "\n.popsection\n");
FUNCTIONS
#undef X

// cuInit is called when package cu is initialised, which ends the process if it fails. Whether there is a driver is found out by
// rapt_cuda_load and rapt_cuda_init, when somebody wants it.
__attribute__((visibility("hidden"))) int cuInit(unsigned flags) { return 0; }

static int (*init)(unsigned);

int rapt_cuda_init(void) { return init ? init(0) : NOT_INITIALIZED; }

// The problem is the caller's to free: dlerror's own text lives until the next call of this thread, which another goroutine may make.
void *rapt_cuda_load(const char *file, char **problem) {
	void *library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
	if (library == NULL) *problem = strdup(dlerror());
	return library;
}

void *rapt_cuda_symbol(void *library, const char *name) { return dlsym(library, name); }

// A library that is connected already is left alone, for other threads may be calling it.
void rapt_cuda_fill(void *library) {
	static void *filled;
	void *p;
	if (library == filled) return;
	filled = library;
	init = (int (*)(unsigned))dlsym(library, "cuInit");
#define X(name) rapt_##name = (p = dlsym(library, #name)) != NULL ? (int (*)(void))p : missing;
	FUNCTIONS
}

void rapt_cuda_unload(void *library) { dlclose(library); }
