//go:build !cuda

package nvidia_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rapt-go/rapt/cuda/nvidia"
)

func TestWithoutTag(t *testing.T) {
	d, err := nvidia.New(nvidia.Options{})
	require.Nil(t, d)
	var missing *nvidia.Unavailable
	require.True(t, errors.As(err, &missing))
	require.Contains(t, []string{"built without the cuda tag: go build -tags cuda", err.Error() + ": "}, missing.Reason+": "+missing.Remedy)
}
