package auto_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	cpu "github.com/rapt-go/rapt/cpu_fallback"
	"github.com/rapt-go/rapt/cuda"
	"github.com/rapt-go/rapt/gpu"
	"github.com/rapt-go/rapt/gpu/auto"
)

func open(t *testing.T, o auto.Options) (gpu.Backend, string) {
	b, why, err := auto.Open(o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, b.Close()) })
	return b, why
}

// gpus is whether this machine has GPUs that serve.
func gpus() bool {
	return slices.ContainsFunc(auto.Devices(), func(d auto.Device) bool { return d.Available && strings.HasPrefix(d.Backend, "cuda") })
}

// Without a wish it is a GPU. If there is none it is the CPU, and why tells what was passed over and what would help.
func TestOpenDefault(t *testing.T) {
	t.Setenv("RAPT_CPU", "")
	if gpus() {
		b, why := open(t, auto.Options{})
		require.IsType(t, &cuda.Backend{}, b)
		require.Empty(t, why)
		return
	}
	for _, name := range []string{"", "auto"} {
		b, why := open(t, auto.Options{Backend: name})
		require.IsType(t, &cpu.Backend{}, b)
		require.Regexp(t, "^cuda: .+; .+", why)
		s, err := gpu.NewStream(b)
		require.NoError(t, err)
		require.NoError(t, s.Close())
	}
}

func TestOpenCPU(t *testing.T) {
	t.Setenv("RAPT_CPU", "")
	b, why := open(t, auto.Options{Backend: "cpu"})
	require.Empty(t, why, "nothing was passed over")
	require.Equal(t, gpu.F32, b.Info().Default)
	usual, err := cpu.Open()
	require.NoError(t, err)
	defer usual.Close()
	require.Equal(t, usual.Threads(), b.(*cpu.Backend).Threads())
	for _, n := range []int{1, 3} {
		b, _ := open(t, auto.Options{Backend: "cpu", Threads: n})
		require.Equal(t, n, b.(*cpu.Backend).Threads())
	}
	for _, n := range []int{-1, 1 << 20} {
		b, _, err := auto.Open(auto.Options{Backend: "cpu", Threads: n})
		require.ErrorIs(t, err, gpu.ErrUnsupported)
		require.ErrorContains(t, err, "threads")
		require.Nil(t, b)
	}
}

// Each tier by its name; any other is refused, and Devices says what to do about it.
func TestOpenTiers(t *testing.T) {
	for _, tier := range cpu.Tiers() {
		t.Setenv("RAPT_CPU", tier)
		b, _ := open(t, auto.Options{Backend: "cpu"})
		require.Contains(t, b.Info().Name, tier)
	}
	t.Setenv("RAPT_CPU", "abacus")
	names := []string{"cpu"}
	if !gpus() {
		names = append(names, "")
	}
	for _, name := range names {
		b, _, err := auto.Open(auto.Options{Backend: name})
		require.ErrorIs(t, err, gpu.ErrUnsupported)
		require.ErrorContains(t, err, "RAPT_CPU=abacus")
		require.True(t, b == nil, "not a backend of a nil pointer")
	}
	all := auto.Devices()
	d := all[slices.IndexFunc(all, func(d auto.Device) bool { return d.Backend == "cpu" })]
	require.False(t, d.Available)
	require.Contains(t, d.Reason, "RAPT_CPU=abacus")
	require.Contains(t, d.Remedy, "RAPT_CPU")
}

// A backend that this machine has not is an error, never another backend.
func TestOpenAbsent(t *testing.T) {
	names := []string{"cuda:700", "cuda:9999", "sim:sm_90a", "sim:sm_120"}
	if !gpus() {
		names = append(names, "cuda", "cuda:0", "cuda:7")
	}
	for _, name := range names {
		b, why, err := auto.Open(auto.Options{Backend: name})
		require.ErrorIs(t, err, gpu.ErrNoDevice)
		require.NotErrorIs(t, err, auto.ErrName)
		require.ErrorContains(t, err, "backend "+name+": ")
		require.ErrorContains(t, err, "--backend cpu", "the remedy")
		require.Empty(t, why)
		require.Nil(t, b)
	}
}

// A simulated GPU is there on every machine, for those who ask for it by name.
func TestOpenSim(t *testing.T) {
	for name, want := range map[string]struct {
		name string
		dt   gpu.DType
	}{"sim": {"sim:sm_80", gpu.BF16}, "sim:sm_75": {"sim:sm_75", gpu.F16}, "sim:sm_90": {"sim:sm_90", gpu.BF16}} {
		b, why := open(t, auto.Options{Backend: name})
		require.Empty(t, why)
		require.Equal(t, want.name, b.Info().Name)
		require.Equal(t, want.dt, b.Info().Default)
	}
}

func TestOpenUnknown(t *testing.T) {
	for _, name := range []string{"gpu", "CPU", " cpu", "cpu:", "cpu:1", "auto:", "auto:cpu", ":", ":cpu", "cud", "metal\n",
		"cuda:", "cuda:x", "cuda:-1", "cuda:+1", "cuda:0:1", "cuda:0 ", "cuda:99999999999999999999", "cuda0",
		"sim:", "sim:80", "sim:sm_", "sim:sm_x", "sim:sm_080", "sim:sm_80:1", "sim80", "sim\n"} {
		b, _, err := auto.Open(auto.Options{Backend: name})
		require.ErrorIs(t, err, auto.ErrName, "%q", name)
		require.NotErrorIs(t, err, gpu.ErrNoDevice)
		require.ErrorContains(t, err, "want auto, cpu, cuda, cuda:N, sim or sim:sm_80")
		require.Nil(t, b)
	}
	_, _, err := auto.Open(auto.Options{Backend: "metal\n"})
	require.ErrorContains(t, err, `unknown backend "metal\n"`)
}

func TestDevices(t *testing.T) {
	t.Setenv("RAPT_CPU", "")
	var names []string
	absent := false
	for _, d := range auto.Devices() {
		names = append(names, d.Backend)
		if !d.Available {
			absent = true
			require.NotEmpty(t, d.Reason)
			require.NotEmpty(t, d.Remedy)
			require.Empty(t, d.Name)
			continue
		}
		require.False(t, absent, "the available ones come first")
		require.Empty(t, d.Reason+d.Remedy)
		b, _ := open(t, auto.Options{Backend: d.Backend})
		require.True(t, strings.HasPrefix(d.Name, b.Info().Name), d.Name)
		require.Positive(t, d.Memory)
	}
	require.Equal(t, []string{"cpu", "sim"}, names[:2])
	require.Regexp(t, "^cuda(:0)?$", names[2])
	c := auto.Devices()[0]
	require.Positive(t, c.Threads)
	require.Equal(t, cpu.Tiers(), c.Tiers)
}
