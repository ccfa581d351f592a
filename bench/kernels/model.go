package main

import "github.com/rapt-go/rapt/cuda/sim"

// A model is a GPU by its published peaks.
type model struct {
	name   string
	sms    int
	tensor float64 // FLOP/s of F16 or BF16 with F32 sums, dense
	f32    float64 // FLOP/s without tensor cores
	memory float64 // bytes/s of DRAM
}

// NVIDIA's data sheets.
var models = []model{
	{"T4", sim.T4.SMs, 65e12, 8.1e12, 320e9},
	{"A100", sim.A100.SMs, 312e12, 19.5e12, 2039e9},
	{"4090", sim.RTX4090.SMs, 165e12, 82.6e12, 1008e9},
	{"H100", sim.H100.SMs, 989e12, 67e12, 3350e9},
}

// time is a bound in seconds: blocks in waves over the SMs, each at its SM's share of the peak, or all bytes at that of
// the memory. A launch that leaves SMs idle is as slow as its largest share.
func (d *model) time(m *measurement) float64 {
	peak := d.f32
	if m.tensor {
		peak = d.tensor
	}
	waves := (m.blocks + int64(d.sms) - 1) / int64(d.sms)
	compute := float64(m.flops) / float64(max(m.blocks, 1)) * float64(waves) / (peak / float64(d.sms))
	return max(compute, float64(m.dram)/d.memory)
}
