package cuda

import (
	"fmt"
	"math"
	"math/bits"

	"github.com/rapt-go/rapt/cuda/driver"
	"github.com/rapt-go/rapt/gpu"
)

// What kernels/cu/attention.h says of attention: see there for the parameters.
const (
	widestHead = 256
	fewQueries = 16  // of a sequence whose keys may be split
	keyChunk   = 256 // keys of a part
	partStat   = 2   // numbers of a part besides its columns
)

// An attentionKernel serves heads of up to width columns, rows queries to a block.
type attentionKernel struct {
	width, rows          int
	simt, few            string // any types; the same for up to 16 queries
	f16, bf16            string // of one type, aligned to 16 bytes, without pages, bias and dropout
	generalF16, generalB string
}

var attentionKernels = [...]attentionKernel{
	{16, 64, "attention_simt32", "attention_few32", "attention_flash16_f16", "attention_flash16_bf16", "attention_general16_f16", "attention_general16_bf16"},
	{32, 64, "attention_simt32", "attention_few32", "attention_flash32_f16", "attention_flash32_bf16", "attention_general32_f16", "attention_general32_bf16"},
	{64, 64, "attention_simt64", "attention_few64", "attention_flash64_f16", "attention_flash64_bf16", "attention_general64_f16", "attention_general64_bf16"},
	{128, 64, "attention_simt128", "attention_few128", "attention_flash128_f16", "attention_flash128_bf16", "attention_general128_f16", "attention_general128_bf16"},
	{256, 64, "attention_simt256", "attention_simt256", "attention_flash256_f16", "attention_flash256_bf16", "attention_general256_f16", "attention_general256_bf16"},
}

// A heads is what an attention's zero fields mean, and the widths of a head.
type heads struct {
	kv, d, dv int
	scale     float64
}

func headsOf(op *gpu.Attention) heads {
	h := heads{kv: op.KVHeads, scale: float64(op.Scale)}
	if h.kv == 0 {
		h.kv = op.Heads
	}
	h.d, h.dv = op.Q.Cols/op.Heads, op.V.Cols/h.kv
	if h.scale == 0 {
		h.scale = 1 / math.Sqrt(float64(h.d))
	}
	return h
}

func (b *Backend) supportsAttention(op *gpu.Attention) error {
	if err := b.runnable([8]string{"Dst", "Q", "K", "V"}, &op.Dst, &op.Q, &op.K, &op.V); err != nil {
		return err
	}
	if op.Heads < 1 || op.KVHeads < 0 {
		return fmt.Errorf("%d heads over %d of keys: %w", op.Heads, op.KVHeads, gpu.ErrUnsupported)
	}
	if op.Heads > mostBlocksDown {
		return fmt.Errorf("%d heads, the most is %d: %w", op.Heads, mostBlocksDown, gpu.ErrUnsupported)
	}
	if max(op.QSeq.Max, op.KSeq.Max, op.KSeq.PageRows) > math.MaxInt32 {
		return fmt.Errorf("sequences of up to %d queries and %d keys, pages of %d, 2³¹ or more: %w", op.QSeq.Max, op.KSeq.Max, op.KSeq.PageRows, gpu.ErrUnsupported)
	}
	h := headsOf(op)
	if max(h.d, h.dv) > widestHead {
		return fmt.Errorf("heads of %d and %d columns, more than %d: %w", h.d, h.dv, widestHead, gpu.ErrUnsupported)
	}
	if least := 4 * op.Heads * min(fewQueries, op.QSeq.Max) * 2 * (h.dv + partStat); splits(op) && least > b.workspace {
		return fmt.Errorf("parts of %d heads of %d columns take %d bytes of workspace, there are %d: %w", op.Heads, h.dv, least, b.workspace, gpu.ErrUnsupported)
	}
	return nil
}

// splits reports whether a sequence may be one of few queries and many keys. Where queries and keys are the same
// rows none is.
func splits(op *gpu.Attention) bool {
	a, k := &op.QSeq.Len, &op.KSeq.Len
	return op.KSeq.Max > keyChunk && (a.Buf != k.Buf || a.Off != k.Off)
}

// runAttention launches once, and where keys may be split once more to join the parts. If parts of all sequences do not
// fit the workspace it takes as many at a time as do, and of a single sequence as many chunks.
func (q *queue) runAttention(op *gpu.Attention) error {
	if op.Dst.Len() == 0 || op.QSeq.N == 0 || op.QSeq.Max == 0 {
		return nil
	}
	h := headsOf(op)
	name, rows, wide := q.attentionKernel(op, h)
	r := attentionRound{sequences: min(op.QSeq.N, mostGridZ), few: min(fewQueries, op.QSeq.Max)}
	all := 0 // chunks
	if splits(op) {
		all = ceil(op.KSeq.Max, keyChunk)
		slot := 4 * op.Heads * r.few * (h.dv + partStat)
		if r.slots = all; q.workspaceBytes/slot >= all {
			r.sequences = min(r.sequences, q.workspaceBytes/slot/all)
			r.chunks = all
		} else {
			r.sequences, r.slots = 1, q.workspaceBytes/slot
			r.chunks = r.slots - 1
		}
	}
	tiles := ceil(op.QSeq.Max, rows)
	for r.first = 0; r.first < op.QSeq.N; r.first += r.sequences {
		n := min(r.sequences, op.QSeq.N-r.first)
		for r.chunk = 0; r.chunk == 0 || r.chunk < all; r.chunk += max(r.chunks, 1) {
			x := min(r.chunks, all-r.chunk)
			if r.chunk == 0 {
				x = max(x, tiles)
			}
			if err := q.launch(name, [3]int{x, op.Heads, n}, q.attentionArgs(op, h, &r, wide)); err != nil {
				return err
			}
			if all == 0 {
				continue
			}
			if err := q.launch("attention_combine", [3]int{r.few, op.Heads, n}, q.combineArgs(op, h, &r)); err != nil {
				return err
			}
		}
	}
	return nil
}

// mostGridZ is the most blocks of a grid along its third side.
const mostGridZ = 65535

// An attentionRound is the sequences of a launch, and of those that are split the chunks of keys. slots is chunks, and one for what
// came before where it takes more rounds.
type attentionRound struct {
	first, sequences int
	few, slots       int
	chunk, chunks    int
}

// attentionKernel picks the kernel by types, width and what op asks for. Matrix units serve operands of one type of 16 bits,
// the fastest kernel those that lie well and need no more than it has; it and the general one give the same bits.
func (q *queue) attentionKernel(op *gpu.Attention, h heads) (name string, rows int, wide bool) {
	i := 0
	for attentionKernels[i].width < max(h.d, h.dv) {
		i++
	}
	k := &attentionKernels[i]
	if op.Q.DType == gpu.F32 || op.Q.DType != op.K.DType || q.b.sm < 80 && k.width > 128 {
		// Accumulators of a thread bound the queries of a block: 32 columns of results each.
		name, rows = k.simt, min(64, 4096/max(k.width, 32))
		if op.QSeq.Max <= fewQueries {
			name, rows = k.few, fewQueries
		}
		return name, rows, h.d%4 == 0 && h.dv%4 == 0 && aligned(4, &op.Dst, &op.Q, &op.K, &op.V)
	}
	wide = h.d%8 == 0 && h.dv%8 == 0 && aligned(8, &op.Dst, &op.Q, &op.K, &op.V)
	plain := wide && max(op.Q.Stride, op.K.Stride, op.V.Stride) < 1<<24 && op.KSeq.Pages.IsZero() && op.Bias.IsZero() && op.Drop.Rate == 0 && h.scale > 0 && !math.IsInf(h.scale, 0)
	switch {
	case plain && op.Q.DType == gpu.F16:
		name = k.f16
	case plain:
		name = k.bf16
	case op.Q.DType == gpu.F16:
		name = k.generalF16
	default:
		name = k.generalB
	}
	return name, k.rows, wide
}

func (q *queue) attentionArgs(op *gpu.Attention, h heads, r *attentionRound, wide bool) []driver.Arg {
	magic, shift := divisor(op.KSeq.PageRows)
	args := append(q.args[:0], addr(&op.Dst), addr(&op.LSE), q.partArg(r), q.faultArg(),
		addr(&op.Q), addr(&op.K), addr(&op.V), addr(&op.Bias),
		from(&op.QSeq.Start, r.first), from(&op.QSeq.Len, r.first), from(&op.KSeq.Start, r.first), from(&op.KSeq.Len, r.first), from(&op.KSeq.Pages, r.first*op.KSeq.Pages.Stride),
		i32(op.Heads), i32(op.Heads/h.kv), i32(h.d), i32(h.dv), i32(op.Q.Rows), i32(op.K.Rows), i32(op.KSeq.PageRows), magic, i32(shift),
		i32(op.Bias.Rows/2), i32(op.KSeq.Max), i32(r.few), i32(r.slots), i32(r.chunk), i32(r.chunks),
		i32(op.Dst.Stride), i32(op.LSE.Stride), i32(op.Q.Stride), i32(op.K.Stride), i32(op.V.Stride), i32(op.Bias.Stride), i32(op.KSeq.Pages.Stride),
		boolArg(op.Causal), dtypeArg(&op.Dst), dtypeArg(&op.Q), dtypeArg(&op.K), boolArg(wide), driver.F32(float32(h.scale*math.Log2E)))
	return dropArgs(args, &op.Drop)
}

// divisor is what kernels divide numbers below 2³¹ by n with: a factor, of which the upper word of the product counts, and
// a shift (Granlund and Montgomery 1994).
func divisor(n int) (magic driver.Arg, shift int) {
	if n <= 0 {
		return 0, 0
	}
	shift = bits.Len(uint(n - 1))
	return driver.Arg(uint32((1<<shift-uint64(n))<<32/uint64(n) + 1)), shift
}

func (q *queue) combineArgs(op *gpu.Attention, h heads, r *attentionRound) []driver.Arg {
	return append(q.args[:0], addr(&op.Dst), addr(&op.LSE), q.partArg(r),
		from(&op.QSeq.Start, r.first), from(&op.QSeq.Len, r.first), from(&op.KSeq.Len, r.first),
		i32(op.Heads), i32(h.dv), i32(op.Q.Rows), i32(r.few), i32(r.slots), i32(r.chunk), i32(r.chunks),
		i32(op.Dst.Stride), i32(op.LSE.Stride), dtypeArg(&op.Dst))
}

// partArg is where parts go, null where no sequence is split.
func (q *queue) partArg(r *attentionRound) driver.Arg {
	if r.slots == 0 {
		return 0
	}
	return driver.Addr(q.workspace)
}

// from is the address of element i of a tensor of words, zero if it is absent.
func from(t *gpu.Tensor, i int) driver.Arg {
	a := addr(t)
	if a == 0 {
		return 0
	}
	return a + driver.Arg(4*i)
}
