package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/rapt-go/rapt/cuda/driver"
	"github.com/rapt-go/rapt/gpu"
)

// notTimes heads both outputs of a simulated device.
const notTimes = "These figures are NOT times of a GPU: the device is simulated in software. They only show that the benchmark runs."

// A report is all that a run found.
type report struct {
	Warning    string   `json:"warning,omitempty"`
	OfAGPU     bool     `json:"times_of_a_gpu"`
	Date       string   `json:"date"`
	Go         string   `json:"go"`
	Host       string   `json:"host"`
	Driver     string   `json:"driver"`
	CUDA       string   `json:"cuda"`
	Device     device   `json:"device"`
	Repeats    int      `json:"repeats"`
	Small      bool     `json:"small"`
	Peaks      peaks    `json:"peaks"`
	Operations []row    `json:"operations"`
	Models     []row    `json:"models"`
	Left       []string `json:"unsupported,omitempty"`
}

type device struct {
	Backend    string `json:"backend"`
	Name       string `json:"name"`
	UUID       string `json:"uuid"`
	Capability string `json:"compute_capability"`
	SMs        int    `json:"sms"`
	Memory     int64  `json:"memory_bytes"`
	ClockMHz   int    `json:"clock_mhz_at_most"`
	MemoryMHz  int    `json:"memory_clock_mhz_at_most"`
	BusBits    int    `json:"memory_bus_bits"`
	Now        string `json:"nvidia_smi,omitempty"` // behind the large products
}

// peaks is what the device does at most.
type peaks struct {
	CopyGBps  float64    `json:"copy_gb_per_s"` // read and written
	Products  []product  `json:"products"`
	Published *published `json:"published,omitempty"`
}

// A product is the best of large products.
type product struct {
	Name   string  `json:"name"`
	DType  string  `json:"dtype"`
	TFLOPs float64 `json:"tflop_per_s"`
	key    key
}

// A key is a precision: a type, and whether F32 may be multiplied as TF32.
type key struct {
	dt   gpu.DType
	fast bool
}

// published is what NVIDIA's data sheet says: dense products of F16 with sums in F32, F32 without tensor cores, memory.
type published struct {
	Device string  `json:"device"`
	Matrix float64 `json:"matrix_tflop_per_s"`
	F32    float64 `json:"f32_tflop_per_s"`
	GBps   float64 `json:"memory_gb_per_s"`
}

// By parts of names, the longer ones first.
var sheets = []published{
	{"A100-SXM4-80GB", 312, 19.5, 2039}, {"A100 80GB PCIe", 312, 19.5, 1935}, {"A100-SXM4-40GB", 312, 19.5, 1555}, {"A100-PCIE-40GB", 312, 19.5, 1555},
	{"H100 80GB HBM3", 989, 67, 3350}, {"H100 PCIe", 756, 51, 2000}, {"H200", 989, 67, 4800}, {"RTX 4090", 165, 82.6, 1008}, {"A10G", 70, 31.2, 600},
	{"L40S", 362, 91.6, 864}, {"L4", 121, 30.3, 300}, {"Tesla T4", 65, 8.1, 320},
}

// A row is a measurement. Of peak is the time that the work takes at the measured peaks, of the larger of its bytes and
// its products, as a part of the time that it took.
type row struct {
	Operation       string  `json:"operation"`
	Shape           string  `json:"shape"`
	DType           string  `json:"dtype"`
	Micros          float64 `json:"device_us"`
	GBps            float64 `json:"gb_per_s"`
	TFLOPs          float64 `json:"tflop_per_s"`
	OfPeak          float64 `json:"percent_of_measured_peak"`
	Bound           string  `json:"bound"`
	Operations      int     `json:"operations"`
	HostMicros      float64 `json:"host_us,omitempty"`
	TokensPerSecond float64 `json:"tokens_per_s,omitempty"`
}

func newReport(v driver.Driver, info driver.Info, o options) *report {
	r := &report{OfAGPU: !simulated(v, info), Date: time.Now().UTC().Format(time.RFC3339), Go: runtime.Version(),
		Host: fmt.Sprintf("%s/%s, %d threads", runtime.GOOS, runtime.GOARCH, runtime.NumCPU()), Driver: v.Name(),
		CUDA: fmt.Sprintf("%d.%d", v.Version()/1000, v.Version()%1000/10), Repeats: o.repeats, Small: o.small}
	if !r.OfAGPU {
		r.Warning = notTimes
	}
	r.Device = device{Backend: o.backend, Name: info.Name, UUID: uuid(info.UUID), Capability: fmt.Sprintf("%d.%d", info.Major, info.Minor), SMs: info.SMs,
		Memory: info.Memory, ClockMHz: info.ClockKHz / 1000, MemoryMHz: info.MemoryClockKHz / 1000, BusBits: info.MemoryBusBits}
	for i := range sheets {
		if r.OfAGPU && strings.Contains(info.Name, sheets[i].Device) {
			r.Peaks.Published = &sheets[i]
			break
		}
	}
	return r
}

// uuid is as nvidia-smi takes it.
func uuid(b [16]byte) string {
	return fmt.Sprintf("GPU-%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// clocks is what nvidia-smi says of a GPU now; empty where it says nothing.
func clocks(r *report) string {
	if !r.OfAGPU {
		return ""
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	const fields = "driver_version,pstate,clocks.sm,clocks.mem,clocks.max.sm,power.limit,temperature.gpu,clocks_throttle_reasons.active"
	out, err := exec.CommandContext(ctx, "nvidia-smi", "-i", r.Device.UUID, "--query-gpu="+fields, "--format=csv,noheader").Output()
	if err != nil {
		return ""
	}
	return fields + ": " + strings.TrimSpace(string(out))
}

// row is a measurement beside the peaks.
func (r *report) row(name, shape string, k key, m sample) row {
	seconds := m.time.Seconds()
	out := row{Operation: name, Shape: shape, DType: k.dt.String(), Operations: m.ops, Micros: round(micros(m.time)),
		GBps: round(float64(m.work.Bytes) / seconds / 1e9), TFLOPs: round(float64(m.work.FLOPs) / seconds / 1e12), Bound: "memory"}
	best := float64(m.work.Bytes) / 1e9 / r.Peaks.CopyGBps
	for _, p := range r.Peaks.Products {
		if p.key != k {
			continue
		}
		if t := float64(m.work.FLOPs) / 1e12 / p.TFLOPs; t > best {
			best, out.Bound = t, p.Name
		}
	}
	out.OfPeak = round(100 * best / seconds)
	return out
}

func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

// round leaves four digits.
func round(x float64) float64 {
	y, _ := strconv.ParseFloat(strconv.FormatFloat(x, 'g', 4, 64), 64)
	return y
}

func (r *report) json() ([]byte, error) {
	data, err := json.MarshalIndent(r, "", "  ")
	return append(data, '\n'), err
}

func (r *report) markdown() []byte {
	var w bytes.Buffer
	fmt.Fprintf(&w, "## %s\n\n", r.Device.Name)
	if r.Warning != "" {
		fmt.Fprintf(&w, "**%s**\n\n", r.Warning)
	}
	fmt.Fprintf(&w, "%s, compute capability %s, %d SMs at up to %d MHz, memory of %d bits at up to %d MHz. Driver %s, CUDA %s. %s, %s. %s. Medians of %d.\n\n",
		r.Device.Backend, r.Device.Capability, r.Device.SMs, r.Device.ClockMHz, r.Device.BusBits, r.Device.MemoryMHz, r.Driver, r.CUDA, r.Go, r.Host, r.Date, r.Repeats)
	if r.Device.Now != "" {
		fmt.Fprintf(&w, "nvidia-smi after the large products: %s.\n\n", r.Device.Now)
	}
	fmt.Fprintf(&w, "Measured peaks: a copy in device memory, %.4g GB/s read and written", r.Peaks.CopyGBps)
	for _, p := range r.Peaks.Products {
		fmt.Fprintf(&w, "; %s, a large product of %s, %.4g TFLOP/s", p.Name, p.DType, p.TFLOPs)
	}
	w.WriteString(".")
	if p := r.Peaks.Published; p != nil {
		fmt.Fprintf(&w, " Published for %s: %.4g GB/s, %.4g TFLOP/s of matrix units, %.4g of F32.", p.Device, p.GBps, p.Matrix, p.F32)
	}
	w.WriteString("\n\nA time is of the device's clock; GB/s and TFLOP/s are of the work that must be done at least; the peak is that which bounds it, and for a model the " +
		"larger of its bytes and its products as a whole.\n\n### Operations\n\n")
	w.WriteString("| operation | shape | dtype | µs | GB/s | TFLOP/s | % of measured peak | bound |\n|---|---|---|---:|---:|---:|---:|---|\n")
	for _, x := range r.Operations {
		fmt.Fprintf(&w, "| %s | %s | %s | %.4g | %.4g | %.4g | %.4g | %s |\n", x.Operation, x.Shape, x.DType, x.Micros, x.GBps, x.TFLOPs, x.OfPeak, x.Bound)
	}
	w.WriteString("\n### BERT\n\nThe host's time is a caller's: from packing the batch until the last hidden state is there, layers replayed from a graph.\n\n")
	w.WriteString("| | batch | dtype | operations | µs | GB/s | TFLOP/s | % of measured peak | bound | host µs | tokens/s |\n|---|---|---|---:|---:|---:|---:|---:|---|---:|---:|\n")
	for _, x := range r.Models {
		host, tokens := "", ""
		if x.HostMicros > 0 {
			host, tokens = fmt.Sprintf("%.4g", x.HostMicros), fmt.Sprintf("%.0f", x.TokensPerSecond)
		}
		fmt.Fprintf(&w, "| %s | %s | %s | %d | %.4g | %.4g | %.4g | %.4g | %s | %s | %s |\n",
			x.Operation, x.Shape, x.DType, x.Operations, x.Micros, x.GBps, x.TFLOPs, x.OfPeak, x.Bound, host, tokens)
	}
	for i, l := range r.Left {
		if i == 0 {
			w.WriteString("\nNot supported by this GPU:\n\n")
		}
		fmt.Fprintf(&w, "- %s\n", l)
	}
	return w.Bytes()
}
