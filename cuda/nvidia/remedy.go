package nvidia

import "github.com/rapt-go/rapt/cuda/driver"

// Codes of CUresult that package driver does not tell apart.
const (
	deviceUnavailable    driver.Code = 46
	operatingSystem      driver.Code = 304
	systemNotReady       driver.Code = 802
	driverMismatch       driver.Code = 803
	compatNotSupported   driver.Code = 804
	eccUncorrectable     driver.Code = 214
	deviceNotLicensed    driver.Code = 102
	devicesUnavailableIn driver.Code = 36
)

// Remedy is what helps against a failure to open a device, by its code.
func Remedy(c driver.Code) string {
	switch c {
	case driver.NoDevice:
		return "see whether nvidia-smi lists the GPU and CUDA_VISIBLE_DEVICES does not hide it; in a container, give it the GPU (docker run --gpus all)"
	case driver.InvalidDevice:
		return "rapt devices lists the GPUs; CUDA_VISIBLE_DEVICES may hide some"
	case driver.StubLibrary:
		return "take the toolkit's stubs folder out of LD_LIBRARY_PATH"
	case driver.OutOfMemory:
		return "free memory of the GPU: nvidia-smi lists what uses it"
	case deviceUnavailable, devicesUnavailableIn:
		return "another process has the GPU for itself: nvidia-smi -q -d COMPUTE shows the mode"
	case operatingSystem, driver.NotPermitted:
		return "see whether this user may open /dev/nvidia*"
	case systemNotReady:
		return "start NVIDIA's fabric manager"
	case driverMismatch:
		return "the kernel module is of another version than the library: load the new module, or restart the machine"
	case compatNotSupported:
		return "take the folder of cuda-compat out of LD_LIBRARY_PATH"
	case eccUncorrectable:
		return "the GPU's memory has failed: nvidia-smi -q -d ECC"
	case deviceNotLicensed:
		return "the virtual GPU has no licence"
	case driver.Unknown:
		return "see whether the module nvidia_uvm is loaded (nvidia-modprobe -u) and this user may open /dev/nvidia*"
	}
	return "see what nvidia-smi and the system's log say"
}
