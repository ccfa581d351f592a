//go:build cuda && linux && (amd64 || arm64)

package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rapt-go/rapt/cuda/driver"
	"github.com/rapt-go/rapt/cuda/nvidia/standin"
	"github.com/rapt-go/rapt/cuda/sim"
)

// The whole program through the binding of NVIDIA's library; that no GPU is behind it is in both outputs.
func TestStandIn(t *testing.T) {
	d, err := sim.New(sim.Options{Devices: []driver.Info{sim.T4, sim.A100}, Version: 12040})
	require.NoError(t, err)
	s := standin.Start(t, d)
	r, md := ran(t, options{backend: "cuda:1", library: s.Library})
	checked(t, r, md)
	assert.Equal(t, "nvidia, CUDA 12.4", r.Driver)
	assert.Equal(t, sim.A100.Name, r.Device.Name)
	assert.Zero(t, s.Live())
}
