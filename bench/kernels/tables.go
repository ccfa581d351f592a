package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/rapt-go/rapt/cuda/sim"
	"github.com/rapt-go/rapt/gpu"
)

const target = "sm_80"

// tables writes all tables.
func tables(w io.Writer) error {
	r, err := open(target)
	if err != nil {
		return err
	}
	defer r.close()
	fmt.Fprintf(w, "### Counters\n\nOne launch of each operation on a simulated %s.\n\n", target)
	fmt.Fprintln(w, "| operation | size | type | kernels | blocks | SIMD | bytes ÷ ideal | bank conflicts | model T4 | A100 | 4090 | H100 |")
	fmt.Fprintln(w, "|---|---|---|---|---:|---:|---:|---:|---:|---:|---:|---:|")
	for _, x := range rows() {
		m, err := r.measure(x)
		if err != nil {
			return fmt.Errorf("%s, %s, %v: %w", x.name, x.shape, x.dt, err)
		}
		fmt.Fprintf(w, "| %s | %s | %v | %s | %d | %.2f | %.2f | %d |", x.name, x.shape, x.dt, strings.Join(m.kernels, ", "), m.blocks, m.simd(), m.ratio(), m.conflicts)
		for _, d := range models {
			fmt.Fprintf(w, " %.1f |", 1e6*d.time(m))
		}
		fmt.Fprintln(w)
	}
	if err := layerTable(w, r); err != nil {
		return err
	}
	return assemblerTable(w)
}

// A measurement is what one operation counted.
type measurement struct {
	kernels    []string
	blocks     int64
	warp, lane uint64
	bytes      int64 // of sectors that its accesses touched
	ideal      int64
	dram       int64 // of distinct sectors
	conflicts  uint64
	flops      int64
	tensor     bool // matrix instructions did the products
}

func (m *measurement) simd() float64  { return float64(m.lane) / float64(32*m.warp) }
func (m *measurement) ratio() float64 { return float64(m.bytes) / float64(m.ideal) }

// measure runs an operation.
func (r *rig) measure(x row) (*measurement, error) {
	defer r.s.Frame()()
	op := x.build(r)
	counters, err := r.count(func() { r.s.Do(op) })
	if err != nil {
		return nil, err
	}
	m := &measurement{flops: gpu.Cost(op).FLOPs, ideal: ideal(op, counters)}
	for _, c := range counters {
		m.add(&c)
	}
	return m, nil
}

func (m *measurement) add(c *sim.Counters) {
	m.kernels = append(m.kernels, c.Kernel.Name())
	m.blocks = max(m.blocks, c.Blocks)
	m.warp, m.lane = m.warp+c.Total.Warp, m.lane+c.Total.Lane
	m.bytes += int64(c.Total.Sectors) * 32
	m.dram += c.DRAMRead + c.DRAMWrite
	m.conflicts += c.Total.Conflicts()
	m.tensor = m.tensor || c.Total.MMAFLOPs > 0
}

// ideal is what an operation must move: every operand once, what tiles of a product or of queries read, once for each
// tile, rows that are looked up or named, and gain and bias of a norm once for each row, which the first-level cache holds.
func ideal(op gpu.Op, counters []sim.Counters) int64 {
	n := float64(gpu.Cost(op).Bytes)
	if len(counters) == 0 {
		return int64(n)
	}
	times := func(t *gpu.Tensor, readings float64) { n += float64(t.Len()*t.DType.Size()) * (readings - 1) }
	grid := counters[0].Grid
	switch op := op.(type) {
	case *gpu.Norm:
		times(&op.Gain, float64(op.X.Rows))
		times(&op.Bias, float64(op.X.Rows))
	case *gpu.Take:
		times(&op.Src, float64(op.Dst.Rows)/float64(op.Src.Rows))
	case *gpu.Put: // rows that are not named stay as they are
		written := float64(op.Src.Rows) / float64(op.Dst.Rows)
		if op.Add {
			written *= 2
		}
		times(&op.Dst, written)
	case *gpu.Scatter: // single elements are sectors of their own, read and written
		times(&op.Dst, 2*32*float64(op.Row.Cols)/float64(op.Dst.Len()*op.Dst.DType.Size()))
	case *gpu.Gemm:
		times(&op.A, float64(grid[1]))
		times(&op.B, float64(grid[0]))
		times(&op.Up, float64(grid[0]))
	case *gpu.Attention:
		tiles := float64(grid[0])
		if op.Causal { // the first tile of queries sees one of keys, the last all
			tiles = (tiles + 1) / 2
		}
		if op.QSeq.N == 1 {
			times(&op.K, tiles)
			times(&op.V, tiles)
		}
	}
	return int64(n)
}
