package zoo_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	cpu "github.com/rapt-go/rapt/cpu_fallback"
)

// The folders of testdata, by the rule of TestGolden.
func TestGoldenMore(t *testing.T) {
	be, err := cpu.Open()
	require.NoError(t, err)
	defer be.Close()
	dirs := folders(t, "testdata")
	require.Len(t, dirs, 4)
	for _, dir := range dirs {
		require.Contains(t, supported, typeOf(t, dir))
		t.Run(dir, (&golden{dir: dir, be: be}).run)
	}
}
