// Command kernels writes the tables of kernels/README.md: what the simulator counts when an operation runs, beside what
// it must move at least, and what NVIDIA's assembler says of the kernels (kernels/testdata/ptxas.json, by make ptxas). Times
// in them are bounds of a model. None was measured.
//
//	go run ./bench/kernels            # print
//	go run ./bench/kernels -w FILE    # write between the marks of FILE
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
)

const (
	begin = "<!-- tables: go run ./bench/kernels -w kernels/README.md -->\n"
	end   = "<!-- end of tables -->\n"
)

func main() {
	file := flag.String("w", "", "`FILE` to write the tables into")
	flag.Parse()
	if err := run(*file); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(file string) error {
	var out bytes.Buffer
	if err := tables(&out); err != nil {
		return err
	}
	if file == "" {
		_, err := os.Stdout.Write(out.Bytes())
		return err
	}
	old, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	before, rest, found := bytes.Cut(old, []byte(begin))
	_, after, closed := bytes.Cut(rest, []byte(end))
	if !found || !closed {
		return fmt.Errorf("%s: no marks of tables, %q and %q", file, begin, end)
	}
	return os.WriteFile(file, bytes.Join([][]byte{before, []byte(begin), out.Bytes(), []byte(end), after}, nil), 0o666)
}
