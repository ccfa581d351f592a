//go:build !cuda || !(linux || windows) || !(amd64 || arm64)

package nvidia

import (
	"runtime"

	"github.com/rapt-go/rapt/cuda/driver"
)

// New fails with an [Unavailable]: this build has no driver.
func New(Options) (driver.Driver, error) {
	if !supported {
		return nil, &Unavailable{Reason: "NVIDIA has no driver for " + runtime.GOOS + "/" + runtime.GOARCH}
	}
	return nil, &Unavailable{Reason: "built without the cuda tag", Remedy: "go build -tags cuda"}
}

const supported = (runtime.GOOS == "linux" || runtime.GOOS == "windows") && (runtime.GOARCH == "amd64" || runtime.GOARCH == "arm64")
