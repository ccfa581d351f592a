//go:build cuda && (linux || windows) && (amd64 || arm64)

package nvidia

import (
	"fmt"
	"regexp"
	"strconv"
)

// A ptxSupport is the first CUDA version that compiles PTX of a version, and the first release of the driver with it.
type ptxSupport struct {
	ptx, cuda, release int
}

// By the table "Release notes" of NVIDIA's PTX ISA, and "CUDA driver versions" of the toolkit's release notes.
var ptxSupports = []ptxSupport{
	{70, 11000, 450}, {71, 11010, 455}, {72, 11020, 460}, {73, 11030, 465}, {74, 11040, 470}, {75, 11050, 495}, {76, 11060, 510}, {77, 11070, 515},
	{78, 11080, 520}, {80, 12000, 525}, {81, 12010, 530}, {82, 12020, 535}, {83, 12030, 545}, {84, 12040, 550}, {85, 12050, 555}, {86, 12070, 565},
	{87, 12080, 570}, {88, 12090, 575}, {90, 13000, 580},
}

// newerDriver is the remedy where a CUDA version is needed.
func newerDriver(cuda int) string {
	for _, p := range ptxSupports {
		if p.cuda >= cuda {
			return fmt.Sprintf("install NVIDIA's driver %d or newer", p.release)
		}
	}
	return "install a newer driver of NVIDIA's"
}

var versionLine = regexp.MustCompile(`(?m)^\s*\.version\s+(\d+)\.(\d+)`)

// tooNew says which PTX a driver has refused, and which one is needed.
func tooNew(ptx []byte, cuda int) string {
	m := versionLine.FindSubmatch(ptx)
	if m == nil {
		return ""
	}
	major, _ := strconv.Atoi(string(m[1]))
	minor, _ := strconv.Atoi(string(m[2]))
	remedy := newerDriver(0xffff)
	for _, p := range ptxSupports {
		if p.ptx >= 10*major+minor {
			remedy = newerDriver(p.cuda)
			break
		}
	}
	return fmt.Sprintf("the PTX is of version %d.%d, the driver serves CUDA %d.%d; %s", major, minor, cuda/1000, cuda%1000/10, remedy)
}
