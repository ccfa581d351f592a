package cuda

import (
	"fmt"

	"github.com/rapt-go/rapt/gpu"
)

// faults are the operations of kernels/cu/fault.h, by their numbers there.
var faults = [...]string{1: "Embed", 2: "Pool", 3: "Put", 4: "Take", 5: "Scatter", 6: "Attention", 7: "CrossEntropy"}

// faultError is what a kernel's report means.
func faultError(code int) error {
	name := "a kernel"
	if code > 0 && code < len(faults) {
		name = faults[code]
	}
	return fmt.Errorf("cuda: %s: an id, row or length in device memory: %w", name, gpu.ErrIndex)
}
