package auto_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	cpu "github.com/rapt-go/rapt/cpu_fallback"
	"github.com/rapt-go/rapt/gpu"
	"github.com/rapt-go/rapt/gpu/auto"
)

func open(t *testing.T, o auto.Options) (gpu.Backend, string) {
	b, why, err := auto.Open(o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, b.Close()) })
	return b, why
}

// Without a wish it is the CPU, and why tells what was passed over.
func TestOpenDefault(t *testing.T) {
	t.Setenv("RAPT_CPU", "")
	for _, name := range []string{"", "auto"} {
		b, why := open(t, auto.Options{Backend: name})
		require.IsType(t, &cpu.Backend{}, b)
		require.Contains(t, why, "cuda: ")
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
		b, _, err := auto.Open(auto.Options{Threads: n})
		require.ErrorIs(t, err, gpu.ErrUnsupported)
		require.ErrorContains(t, err, "threads")
		require.Nil(t, b)
	}
}

// Each tier by its name; any other is refused, and Devices says what to do about it.
func TestOpenTiers(t *testing.T) {
	for _, tier := range cpu.Tiers() {
		t.Setenv("RAPT_CPU", tier)
		b, _ := open(t, auto.Options{})
		require.Contains(t, b.Info().Name, tier)
	}
	t.Setenv("RAPT_CPU", "abacus")
	for _, name := range []string{"", "cpu"} {
		b, _, err := auto.Open(auto.Options{Backend: name})
		require.ErrorIs(t, err, gpu.ErrUnsupported)
		require.ErrorContains(t, err, "RAPT_CPU=abacus")
		require.True(t, b == nil, "not a backend of a nil pointer")
	}
	d := auto.Devices()[0]
	require.False(t, d.Available)
	require.Contains(t, d.Reason, "RAPT_CPU=abacus")
	require.Contains(t, d.Remedy, "RAPT_CPU")
}

// A backend that this machine has not is an error, never another backend.
func TestOpenAbsent(t *testing.T) {
	for _, name := range []string{"cuda", "cuda:0", "cuda:7", "cuda:15", "sim", "sim:sm_80", "sim:sm_90a", "sim:sm_120"} {
		b, why, err := auto.Open(auto.Options{Backend: name})
		require.ErrorIs(t, err, gpu.ErrNoDevice)
		require.NotErrorIs(t, err, auto.ErrName)
		require.ErrorContains(t, err, "backend "+name+": ")
		require.ErrorContains(t, err, "--backend cpu", "the remedy")
		require.Empty(t, why)
		require.Nil(t, b)
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
		require.Equal(t, b.Info().Name, d.Name)
		require.Positive(t, d.Memory)
	}
	require.Equal(t, []string{"cpu", "cuda", "sim"}, names)
	c := auto.Devices()[0]
	require.Positive(t, c.Threads)
	require.Equal(t, cpu.Tiers(), c.Tiers)
}
