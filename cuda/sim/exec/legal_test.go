package exec

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/rapt-go/rapt/cuda/ptx"
	"github.com/rapt-go/rapt/cuda/sim/mem"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestEveryLegalInstruction compiles and runs the instructions that ptxas accepts, one by one, with
// registers that hold nothing in particular: each is executed, with whatever findings, or refused by
// name.
func TestEveryLegalInstruction(t *testing.T) {
	f, err := os.Open("../../ptx/testdata/legality.json.gz")
	require.NoError(t, err)
	defer f.Close()
	z, err := gzip.NewReader(f)
	require.NoError(t, err)
	var d struct {
		Profiles [][2]string
		Prologue string
		Families map[string]struct{ Rows [][2]string }
	}
	require.NoError(t, json.NewDecoder(z).Decode(&d))
	step := 1
	if testing.Short() {
		step = 7
	}
	const registers = "mov.b64 %d0, sh; mov.b64 %d1, sh; mov.b64 %d2, sh; cvta.shared.u64 %d0, %d0; " +
		"mov.b32 %r0, 1; mov.b32 %r1, 64; mov.b32 %r2, 3; mov.b32 %r3, -1; mov.b32 %r4, -1;"
	ran, refused, n := 0, 0, 0
	for name, family := range d.Families {
		for _, row := range family.Rows {
			p := len(d.Profiles) - 1
			for p >= 0 && row[1][p] != '1' {
				p--
			}
			if n++; p < 0 || n%step != 0 {
				continue
			}
			src := fmt.Sprintf(".version %s\n.target %s\n.address_size 64\n%s\n%s\n%s\nret;\n}\n", d.Profiles[p][0], d.Profiles[p][1], d.Prologue, registers, row[0])
			m, err := ptx.Load("row.ptx", []byte(src))
			if err != nil {
				continue
			}
			prog, err := Compile(m)
			if err != nil {
				assert.True(t, errors.Is(err, ErrNotSimulated), "%s: %s: %v", name, row[0], err)
				refused++
				continue
			}
			runRow(t, prog, row[0])
			ran++
		}
	}
	t.Logf("%d instructions run, %d refused by name", ran, refused)
	assert.Greater(t, ran, 20*refused)
}

func runRow(t *testing.T, prog *Program, text string) {
	memory := mem.New(1<<20, 1)
	im, err := prog.Load(memory)
	require.NoError(t, err)
	k := prog.Kernels()[0]
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	_, err = im.Launch(ctx, &Launch{Kernel: k, Block: [3]int{64, 1, 1}, Params: make([]byte, k.ParamBytes()), Budget: 3000, Workers: 1})
	assert.NoError(t, err, text)
}
