package sim

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-go/rapt/cuda/driver"
	"github.com/rapt-go/rapt/cuda/ptx"
	"github.com/rapt-go/rapt/cuda/sim/arith"
)

// A vector is one case of a file of execution vectors: a PTX file with one entry, which takes the
// addresses of its input and of its output, and what it has to write.
type vector struct {
	Name          string
	PTX           string // relative to the JSON file
	In, Out       []word
	InType        string `json:"in_type"`
	OutType       string `json:"out_type"`
	Executes      *bool  // false: it has only to load
	Block         int
	DynamicShared int  `json:"dynamic_shared"`
	Refused       bool // of our own file: it has to be refused
}

// A word is an integer of up to 64 bits; a float is given by its bits.
type word uint64

func (w *word) UnmarshalJSON(b []byte) error {
	s := string(b)
	u, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		i, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			return fmt.Errorf("word %s: expected an integer of 64 bits", s)
		}
		u = uint64(i)
	}
	*w = word(u)
	return nil
}

// wordSize is the bytes of a type such as u8 or f16.
func wordSize(typ string) (int, error) {
	if len(typ) >= 2 && strings.Contains("uif", typ[:1]) {
		switch bits := typ[1:]; {
		case bits == "8" && typ[0] != 'f':
			return 1, nil
		case bits == "16":
			return 2, nil
		case bits == "32":
			return 4, nil
		case bits == "64":
			return 8, nil
		}
	}
	return 0, fmt.Errorf("type %q, expected u8 to u64, i8 to i64, f16, f32 or f64", typ)
}

func packWords(words []word, size int) []byte {
	var b []byte
	for _, w := range words {
		b = append(b, binary.LittleEndian.AppendUint64(nil, uint64(w))[:size]...)
	}
	return b
}

func unpackWord(b []byte, size int) uint64 {
	var full [8]byte
	copy(full[:], b[:size])
	return binary.LittleEndian.Uint64(full[:])
}

// sameWord compares floats as numbers, everything else by bits.
func sameWord(typ string, a, b uint64) bool {
	if a == b {
		return true
	}
	number := func(x uint64) float64 {
		switch typ {
		case "f16":
			sign, exp, frac := x>>15, int(x>>10&31), x&1023
			v := math.Ldexp(float64(frac+1024), exp-25)
			if exp == 0 {
				v = math.Ldexp(float64(frac), -24)
			} else if exp == 31 {
				v = math.Inf(1)
				if frac != 0 {
					v = math.NaN()
				}
			}
			if sign != 0 {
				v = -v
			}
			return v
		case "f32":
			return float64(math.Float32frombits(uint32(x)))
		}
		return math.Float64frombits(x)
	}
	if typ[0] != 'f' {
		return false
	}
	x, y := number(a), number(b)
	return x == y || x != x && y != y
}

// smallest is the smallest device that a target allows. Targets after sm_90 get an H100 by that name.
func smallest(target ptx.Target) driver.Info {
	for _, p := range profiles {
		if sm := p.info.SM(); sm == target.SM || sm > target.SM && target.Suffix == 0 {
			return *p.info
		}
	}
	return capable(target.SM/10, target.SM%10)
}

var targetLine = regexp.MustCompile(`(?m)^\s*\.target\s+(sm_\w+)`)

// errRefused is a file with instructions that are not simulated.
var errRefused = errors.New("refused as unsupported")

// run loads and runs the case, and compares what it wrote.
func (v *vector) run(folder string, o Options) error {
	src, err := os.ReadFile(filepath.Join(folder, v.PTX))
	if err != nil {
		return err
	}
	info := A100
	if m := targetLine.FindSubmatch(src); m != nil {
		if target, ok := ptx.ParseTarget(string(m[1])); ok {
			info = smallest(target)
		}
	}
	o.Devices = []driver.Info{info}
	sim, err := New(o)
	if err != nil {
		return err
	}
	d, err := sim.Open(0)
	if err != nil {
		return err
	}
	defer d.Close()
	m, err := d.Load(src)
	var refusal *driver.Error
	if errors.As(err, &refusal) && refusal.Code == driver.NotSupported {
		return fmt.Errorf("%w: %s", errRefused, refusal.Log)
	}
	if err != nil || v.Executes != nil && !*v.Executes {
		return err
	}
	return v.execute(d.(*Device), m.(*Module))
}

// execute runs the only entry.
func (v *vector) execute(d *Device, m *Module) error {
	if len(m.funcs) != 1 {
		return fmt.Errorf("%d entries, expected one", len(m.funcs))
	}
	size, err := wordSize(v.OutType)
	if err != nil || len(v.Out) == 0 {
		return fmt.Errorf("out: %d words, %w", len(v.Out), err)
	}
	s, err := d.NewStream()
	if err != nil {
		return err
	}
	out, err := d.place(s, make([]byte, size*len(v.Out)))
	if err != nil {
		return err
	}
	in := out
	if v.In != nil {
		n, err := wordSize(v.InType)
		if err != nil {
			return err
		}
		if in, err = d.place(s, packWords(v.In, n)); err != nil {
			return err
		}
	}
	for _, f := range m.funcs {
		c := driver.Config{Grid: [3]int{1, 1, 1}, Block: [3]int{max(v.Block, 1), 1, 1}, Shared: v.DynamicShared}
		if err := s.Launch(f, c, []driver.Arg{driver.Addr(in), driver.Addr(out)}); err != nil {
			return err
		}
	}
	h, err := d.Pin(size * len(v.Out))
	if err != nil {
		return err
	}
	if err := s.CopyOut(h, 0, size*len(v.Out), out); err != nil {
		return err
	}
	if err := s.Sync(); err != nil {
		return err
	}
	for i, want := range v.Out {
		b := packWords([]word{want}, size)
		if got, want := unpackWord(h.Bytes()[i*size:], size), unpackWord(b, size); !sameWord(v.OutType, got, want) {
			return fmt.Errorf("word %d of %d: %#x, expected %#x", i, len(v.Out), got, want)
		}
	}
	return nil
}

// place is device memory with the given bytes.
func (d *Device) place(s driver.Stream, b []byte) (driver.Ptr, error) {
	p, err := d.Alloc(max(len(b), 1))
	if err != nil {
		return 0, err
	}
	h, err := d.Pin(max(len(b), 1))
	if err != nil {
		return 0, err
	}
	copy(h.Bytes(), b)
	return p, s.CopyIn(p, h, 0, len(b))
}

// TestCases runs every case of testdata/cases.json, or of the file that RAPT_PTX_CASES names, by an
// absolute path or one from the root of the module.
func TestCases(t *testing.T) {
	file := filepath.Join("testdata", "cases.json")
	own := true
	if name := os.Getenv("RAPT_PTX_CASES"); name != "" {
		own = false
		if file = name; !filepath.IsAbs(name) {
			file = filepath.Join("..", "..", name)
		}
	}
	b, err := os.ReadFile(file)
	require.NoError(t, err)
	var list struct{ Tests []*vector }
	require.NoError(t, json.Unmarshal(b, &list))
	passed, refused, failed := 0, 0, 0
	for _, v := range list.Tests {
		err := v.run(filepath.Dir(file), Options{})
		if own {
			assert.Equal(t, v.Refused, errors.Is(err, errRefused), v.Name)
			// Matrices have sums that every model rounds alike, approximate instructions compare with
			// their bound, so that nothing else may change the results either.
			for seed, model := range []arith.Model{arith.InOrder, arith.Truncating} {
				if err == nil {
					err = v.run(filepath.Dir(file), Options{Seed: uint64(seed + 1), Numerics: model, Jitter: true, Workers: 1})
				}
			}
		}
		switch {
		case err == nil:
			passed++
		case errors.Is(err, errRefused):
			refused++
			if !own || testing.Verbose() {
				fmt.Printf("%s: %s\n", v.Name, oneLine(err))
			}
		default:
			failed++
			fmt.Printf("%s: %s\n", v.Name, oneLine(err))
		}
	}
	fmt.Printf("cases: %d run, %d passed, %d refused as unsupported, %d failed\n", len(list.Tests), passed, refused, failed)
	assert.NotEmpty(t, list.Tests)
	assert.Zero(t, failed)
}

func oneLine(err error) string {
	return strings.Join(strings.Fields(err.Error()), " ")
}
