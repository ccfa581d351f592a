package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// assembled is kernels/testdata/ptxas.json.
type assembled struct {
	PTX     map[string]string
	Kernels []kernel
}

type kernel struct {
	Kernel            string
	Arch              int
	Registers, Shared int
	Spilled, Stack    int
	Blocks            int
	Limit             string
	Loop              map[string]int
	Tensor            float64 // cycles
}

// readAssembled finds the file from the module's root, or from a package two folders below.
func readAssembled() (*assembled, error) {
	const name = "kernels/testdata/ptxas.json"
	data, err := os.ReadFile(name)
	if os.IsNotExist(err) {
		data, err = os.ReadFile(filepath.Join("..", "..", name))
	}
	if err != nil {
		return nil, fmt.Errorf("%w: run make ptxas in the module's root", err)
	}
	a := &assembled{}
	return a, json.Unmarshal(data, a)
}

// assemblerTable writes a line for each kernel.
func assemblerTable(w io.Writer) error {
	a, err := readAssembled()
	if err != nil {
		return err
	}
	fmt.Fprint(w, "\n### Assembler\n\nptxas 12.0.76; the innermost loop with the most HMMA, or the longest, on sm_80, and the most instructions for an HMMA on any "+
		"architecture from there on: an HMMA of sm_75 is half of theirs. The kernels that these began as had 16 : 99 with 3.9 int for an HMMA (mma64) and 64 : 480 with 1.7 int and 3.3 fp32 (flash64). Of the kernels named general and "+
		"full the loops hold the code of every feature, of which a launch runs few.\n\n"+
		"| kernel | architectures | registers | blocks of an SM | spills, stack | HMMA : all | int ÷ HMMA | fp32 ÷ HMMA |\n|---|---|---|---|---:|---:|---:|---:|\n")
	for i := 0; i < len(a.Kernels); {
		k := &a.Kernels[i]
		var archs, registers, blocks []string
		spilled, integers, floats := 0, 0.0, 0.0
		for ; i < len(a.Kernels) && a.Kernels[i].Kernel == k.Kernel; i++ {
			x := &a.Kernels[i]
			archs, registers, blocks = append(archs, fmt.Sprint(x.Arch)), append(registers, fmt.Sprint(x.Registers)), append(blocks, fmt.Sprint(x.Blocks))
			spilled += x.Spilled + x.Stack
			if x.Arch < 80 && i+1 < len(a.Kernels) && a.Kernels[i+1].Kernel == k.Kernel {
				continue
			}
			if k.Arch < 80 {
				k = x
			}
			hmma := float64(max(x.Loop["tensor"], 1))
			integers, floats = max(integers, float64(x.Loop["integer"])/hmma), max(floats, float64(x.Loop["float"])/hmma)
		}
		hmma, all := k.Loop["tensor"], 0
		for _, n := range k.Loop {
			all += n
		}
		loop := fmt.Sprintf("0 : %d | | |", all)
		if hmma > 0 {
			loop = fmt.Sprintf("%d : %d | %.1f | %.1f |", hmma, all, integers, floats)
		}
		fmt.Fprintf(w, "| %s | %s | %s | %s | %d | %s\n", k.Kernel, strings.Join(archs, "/"), strings.Join(registers, "/"), strings.Join(blocks, "/"), spilled, loop)
	}
	return nil
}
