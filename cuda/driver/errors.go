package driver

import (
	"fmt"
	"strings"
)

// A Code is a CUresult of the driver API (cuda.h).
type Code int

// The codes that a caller tells apart, or that a simulator gives.
const (
	InvalidValue          Code = 1
	OutOfMemory           Code = 2
	NotInitialized        Code = 3
	Deinitialized         Code = 4
	StubLibrary           Code = 34
	NoDevice              Code = 100
	InvalidDevice         Code = 101
	InvalidImage          Code = 200
	InvalidContext        Code = 201
	NoBinaryForGPU        Code = 209
	InvalidPTX            Code = 218
	UnsupportedPTXVersion Code = 222
	InvalidHandle         Code = 400
	IllegalState          Code = 401
	NotFound              Code = 500
	NotReady              Code = 600
	IllegalAddress        Code = 700
	LaunchOutOfResources  Code = 701
	LaunchTimeout         Code = 702
	Assert                Code = 710
	HardwareStackError    Code = 714
	IllegalInstruction    Code = 715
	MisalignedAddress     Code = 716
	InvalidAddressSpace   Code = 717
	InvalidPC             Code = 718
	LaunchFailed          Code = 719
	NotPermitted          Code = 800
	NotSupported          Code = 801
	CaptureUnsupported    Code = 900
	CaptureInvalidated    Code = 901
	CaptureMerge          Code = 902
	CaptureUnmatched      Code = 903
	CaptureUnjoined       Code = 904
	CaptureIsolation      Code = 905
	CaptureImplicit       Code = 906
	CapturedEvent         Code = 907
	Unknown               Code = 999
)

var codes = map[Code]string{
	0:                     "CUDA_SUCCESS",
	InvalidValue:          "CUDA_ERROR_INVALID_VALUE",
	OutOfMemory:           "CUDA_ERROR_OUT_OF_MEMORY",
	NotInitialized:        "CUDA_ERROR_NOT_INITIALIZED",
	Deinitialized:         "CUDA_ERROR_DEINITIALIZED",
	StubLibrary:           "CUDA_ERROR_STUB_LIBRARY",
	NoDevice:              "CUDA_ERROR_NO_DEVICE",
	InvalidDevice:         "CUDA_ERROR_INVALID_DEVICE",
	InvalidImage:          "CUDA_ERROR_INVALID_IMAGE",
	InvalidContext:        "CUDA_ERROR_INVALID_CONTEXT",
	NoBinaryForGPU:        "CUDA_ERROR_NO_BINARY_FOR_GPU",
	InvalidPTX:            "CUDA_ERROR_INVALID_PTX",
	UnsupportedPTXVersion: "CUDA_ERROR_UNSUPPORTED_PTX_VERSION",
	InvalidHandle:         "CUDA_ERROR_INVALID_HANDLE",
	IllegalState:          "CUDA_ERROR_ILLEGAL_STATE",
	NotFound:              "CUDA_ERROR_NOT_FOUND",
	NotReady:              "CUDA_ERROR_NOT_READY",
	IllegalAddress:        "CUDA_ERROR_ILLEGAL_ADDRESS",
	LaunchOutOfResources:  "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES",
	LaunchTimeout:         "CUDA_ERROR_LAUNCH_TIMEOUT",
	Assert:                "CUDA_ERROR_ASSERT",
	HardwareStackError:    "CUDA_ERROR_HARDWARE_STACK_ERROR",
	IllegalInstruction:    "CUDA_ERROR_ILLEGAL_INSTRUCTION",
	MisalignedAddress:     "CUDA_ERROR_MISALIGNED_ADDRESS",
	InvalidAddressSpace:   "CUDA_ERROR_INVALID_ADDRESS_SPACE",
	InvalidPC:             "CUDA_ERROR_INVALID_PC",
	LaunchFailed:          "CUDA_ERROR_LAUNCH_FAILED",
	NotPermitted:          "CUDA_ERROR_NOT_PERMITTED",
	NotSupported:          "CUDA_ERROR_NOT_SUPPORTED",
	CaptureUnsupported:    "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED",
	CaptureInvalidated:    "CUDA_ERROR_STREAM_CAPTURE_INVALIDATED",
	CaptureMerge:          "CUDA_ERROR_STREAM_CAPTURE_MERGE",
	CaptureUnmatched:      "CUDA_ERROR_STREAM_CAPTURE_UNMATCHED",
	CaptureUnjoined:       "CUDA_ERROR_STREAM_CAPTURE_UNJOINED",
	CaptureIsolation:      "CUDA_ERROR_STREAM_CAPTURE_ISOLATION",
	CaptureImplicit:       "CUDA_ERROR_STREAM_CAPTURE_IMPLICIT",
	CapturedEvent:         "CUDA_ERROR_CAPTURED_EVENT",
	Unknown:               "CUDA_ERROR_UNKNOWN",
}

func (c Code) String() string {
	if s, ok := codes[c]; ok {
		return s
	}
	return fmt.Sprintf("CUresult %d", int(c))
}

// Sticky reports whether the device is lost after an error of this code: every later
// call on its context fails with it.
func (c Code) Sticky() bool {
	switch c {
	case IllegalAddress, LaunchTimeout, Assert, HardwareStackError, IllegalInstruction,
		MisalignedAddress, InvalidAddressSpace, InvalidPC, LaunchFailed:
		return true
	}
	return false
}

// An Error is a failed call. errors.Is finds one by its code alone:
//
//	errors.Is(err, &driver.Error{Code: driver.OutOfMemory})
type Error struct {
	Code   Code
	Call   string // what was tried, such as "launch gemm_bf16"
	Detail string // what is known besides: of a simulator its finding
	Log    string // of the compiler, if Load failed
}

func (e *Error) Error() string {
	s := fmt.Sprintf("%v (%d)", e.Code, int(e.Code))
	if e.Call != "" {
		s = e.Call + ": " + s
	}
	if e.Detail != "" {
		s += ": " + e.Detail
	}
	if log := strings.TrimSpace(e.Log); log != "" {
		s += "\n" + log
	}
	return s
}

// Is reports whether target is an Error of the same code.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}
