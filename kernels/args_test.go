package kernels

import "github.com/rapt-go/rapt/cuda/driver"

// What parameters of kernels are made of.

func number(n int) driver.Arg { return driver.I32(int32(n)) }

func truth(b bool) driver.Arg {
	if b {
		return driver.I32(1)
	}
	return driver.I32(0)
}

// code is the number of the type in gpu.DType.
func (d dtype) code() driver.Arg {
	return number(map[dtype]int{f32: 0, f16: 1, bf16: 2}[d])
}
