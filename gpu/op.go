package gpu

// An Op is a pointer to one of this package's operation structs: it can be run,
// recorded, timed, differentiated, or printed. The set is closed.
//
// Zero optional tensors are absent. Outputs come first. A zero Alpha or Scale
// means the usual one, so that a literal names only what is unusual. Vectors
// (Bias, Gain), statistics and losses are F32 whatever the DType of the
// activations; so are all sums inside an operation. Activations are F32, F16 or
// BF16.
//
// Outputs marked "saved" exist for gradients: callers leave them out, and a
// tape fills them in on the way to the backend.
//
// An output shares no memory with an input unless its operation says that it may
// be that input: then it is the same view, or apart from it.
//
// Reductions are split by rules that read only the reduced length, the head
// size and the sequence's own length, never the number of rows, sequences or
// workers. So a sequence's result is the same, to the bit, in every batch.
//
// NaN propagates: an output that depends on a NaN is NaN. A dropped element is
// multiplied by zero, so a NaN or an infinity that is dropped gives NaN too.
//
// Operations compute in F32 or better. Where an intermediate value is beyond F32's
// range, what depends on it is undefined; one below its normal numbers may be zero.
// An output beyond the range of its own type is infinite.
//
// Rows, ids and lengths in device memory must be in range; a backend that notices
// one that is not answers [ErrIndex], others leave the result undefined.
type Op interface{ op() }

// A Form says which operands of a Gemm are transposed.
type Form uint8

// The forms are closed under differentiation.
const (
	NT Form = iota // A[m,k]·B[n,k]ᵀ: a layer, its weight as checkpoints store it
	NN             // A[m,k]·B[k,n]:  the gradient of A
	TN             // A[k,m]ᵀ·B[k,n]: the gradient of B
	forms
)

// Gemm computes
//
//	P   = Alpha·A·B + Bias
//	Dst = drop(Act(P) ⊙ MulAct(Mul) ⊙ (Alpha·A·Up + UpBias)) + Add
//
// where absent factors are one and absent terms zero. Up makes a gated
// feed-forward layer of one reading of A. Dst may be Add, which accumulates, or
// Mul. B and Up may be in any [Format] when Form is NT. A may have a Stride
// smaller than its width (see [Tensor.Windows]).
type Gemm struct {
	Dst         Tensor // [m,n]; A's DType or F32
	Pre, UpPre  Tensor // [m,n], saved: P, and Up's factor
	A, B        Tensor // see Form
	Bias        Tensor // [1,n] F32
	Up, UpBias  Tensor // like B and Bias
	Mul, Add    Tensor // [m,n]
	Form        Form
	Act, MulAct Act
	Alpha       float32 // 0 means 1
	Drop        Drop    // of element row·n + column
}

// Norm computes, row by row, S = drop(X) + Residual and
//
//	Dst = (S − mean(S))/√(var(S) + Eps)·Gain + Bias
//
// the layer norm of Ba et al. 2016, var dividing by n; with RMS the mean is taken as zero
// (Zhang and Sennrich 2019). An absent Gain is one. Dst and Sum may be X or Residual.
type Norm struct {
	Dst         Tensor // [m,n]; X's DType or F32
	Sum         Tensor // [m,n], optional output, or saved: S
	Stat        Tensor // [m,2] F32, saved: mean and 1/√(var+Eps)
	X, Residual Tensor // [m,n]
	Gain, Bias  Tensor // [1,n] F32
	Eps         float32
	RMS         bool
	Drop        Drop // of X's element row·n + column
}

// Attention computes softmax(Scale·Q·Kᵀ + Bias)·V, head by head, sequence by
// sequence (Vaswani et al. 2017). Query i of q and key j of k in one sequence are
// i+(k−q) and j places from its start: the last query stands beside the last
// key. Causal hides keys after the query. A query that sees no key gives zeros,
// and an LSE of −∞; so does one whose scores are all −∞, which Bias can make them.
// With KVHeads < Heads, head h reads key head h/(Heads/KVHeads). Probabilities may
// be rounded to the DType of K and V before they multiply V, as matrix units ask for.
// Rows of Dst and LSE outside every sequence are left as they are.
type Attention struct {
	Dst            Tensor // [queries, Heads·dv]
	LSE            Tensor // [queries, Heads] F32, saved: log of the sum of exp
	Q              Tensor // [queries, Heads·d]
	K, V           Tensor // [slots, KVHeads·d], [slots, KVHeads·dv]; of one DType, maybe not Q's
	Bias           Tensor // [2r+1, Heads] F32: row r+clamp(j−i, −r, r) is added to every score, i and j being places
	QSeq, KSeq     Seqs
	Heads, KVHeads int     // KVHeads 0 means Heads
	Scale          float32 // 0 means 1/√d
	Causal         bool
	Drop           Drop // of probabilities; element (query row·Heads+head)·KSeq.Max+key
}

// Seqs says which rows belong to which sequence, in device memory: row r of
// sequence i is Start[i]+r, or, with Pages, Pages[i, r/PageRows]·PageRows + r%PageRows.
// Sequences of queries share no row. N and Max are known to the host. Launch
// geometry derives from them alone, so a captured graph stays valid while no Len
// exceeds Max. A Len of 0 is legal.
type Seqs struct {
	Start, Len Tensor // [1,N] I32; Start is absent with Pages
	Pages      Tensor // [N, ≥⌈Max/PageRows⌉] I32
	PageRows   int
	N, Max     int // sequences, and a bound on Len
}

// Embed computes Dst[i] = drop(Scale·Table[IDs[i]] + Pos[Positions[i]] + Type[Types[i]]).
type Embed struct {
	Dst                   Tensor  // [tokens, n]
	Table, Pos, Type      Tensor  // [·, n]; Pos and Type optional
	IDs, Positions, Types Tensor  // [1, tokens] I32
	Scale                 float32 // 0 means 1
	Drop                  Drop    // of element token·n + column
}

// Pointwise computes Dst = drop(F(X)·Y), or drop(F(X)) + Y if Plus. Y is optional.
// Dst may be X or Y.
type Pointwise struct {
	Dst, X, Y Tensor // [m,n]
	F         Act
	Plus      bool
	Drop      Drop // of element row·n + column
}

// Softmax computes, row by row, Dst = softmax(Scale·X), or its logarithm. A row
// of which all is −∞ gives zeros, and −∞ with Log. Dst may be X.
type Softmax struct {
	Dst, X Tensor  // [m,n]; Dst of X's DType or F32
	Scale  float32 // 0 means 1: the inverse of a temperature
	Log    bool
}

// Pool reduces the rows of each sequence of X to one row of Dst; without Seqs,
// all rows. No rows give zeros.
type Pool struct {
	Dst, X Tensor // [N, n], [rows, n]
	Seqs   Seqs
	Kind   PoolKind
	Add    bool // add to Dst
}

// A PoolKind says how Pool reduces rows.
type PoolKind uint8

// The reductions of Pool.
const (
	First PoolKind = iota
	Last
	Mean
	Sum
	Max
	poolKinds
)

// Put copies row i of Src to row At[i] of Dst, or adds it there if Add, in the
// order of i. Rows of a negative At are skipped. Without Add no row occurs twice.
// Rows of equal DType are copied bit for bit, others rounded to Dst's. Sums are taken
// in F32; those into F16 or BF16 may be rounded to that after each row added.
type Put struct {
	Dst, Src Tensor // [·,n], [m,n]
	At       Tensor // [1,m] I32
	Add      bool
}

// Take copies row At[i] of Src to row i of Dst; a negative At gives zeros. Rows of
// equal DType are copied bit for bit, others rounded to Dst's.
type Take struct {
	Dst, Src Tensor // [m,n], [·,n]
	At       Tensor // [1,m] I32
}

// Cast converts element by element to Dst's type, rounding to the nearest, ties
// to even.
type Cast struct {
	Dst, X Tensor // [m,n] F32, F16 or BF16
}

// TopK finds the K largest elements of each row, largest first, ties by lower
// index, K ≤ n being the width of Index. NaN counts as larger than any number.
type TopK struct {
	Value Tensor // [m,K] F32, optional
	Index Tensor // [m,K] I32
	X     Tensor // [m,n]
}

// Sample draws a column of each row, column j of row i with probability
// softmax(Scale·X[i])[j], by the Gumbel-max trick: the j of the largest
//
//	Scale·X[i,j] − log(−log u),  u = (Hash(key, j)>>8 + ½)/2²⁴
//
// the first of several. A score may be off by 2⁻²⁴/|log u|, which is what rounding u to
// F32 does (though never to one), and by 2⁻²¹·(1 + |Scale·X| + |log(−log u)|); of
// columns that are nearer, any may be drawn. The key of a row is Seed[i,0] +
// Seed[i,1]·2³² as unsigned words, so what a row draws depends on its own seed alone.
// A column of −∞ is drawn only if there is nothing else; a NaN is drawn for certain.
type Sample struct {
	Index Tensor  // [m,1] I32
	X     Tensor  // [m,n]
	Seed  Tensor  // [m,2] I32
	Scale float32 // 0 means 1: the inverse of a temperature
}

// CrossEntropy computes, row by row, what it costs to tell column t = Target[i] under softmax(X[i]), the
// negative logarithm of its probability:
//
//	LSE  = log Σ_j exp X[i,j]
//	Loss = LSE − X[i,t]
//
// A negative t costs 0. A row that is all −∞ has an LSE of −∞; a t whose X is −∞ costs +∞. NaN or +∞ in a
// row makes both NaN, but for the loss of a negative t.
type CrossEntropy struct {
	Loss   Tensor // [m,1] F32
	LSE    Tensor // [m,1] F32, saved
	X      Tensor // [m,n]
	Target Tensor // [m,1] I32
}

// Warp divides scores by a temperature and cuts off columns that a draw shall not reach: with y = X/temperature,
// Dst is y in the columns that are kept and −∞ in the others. A row of Params says what is done to a row, by the
// columns below; zero leaves a filter out. They come one after the other, in this order, each judging by p, the
// softmax of what those before it have kept (the logits warpers of transformers 5, generation/logits_process.py,
// with min_tokens_to_keep = 1). A column stays if
//
//	top_k           fewer than top_k columns are larger
//	top_p           the larger ones together have p < top_p (Holtzman et al. 2020); from 1 on all stay
//	min_p           p ≥ min_p·max p
//	typical_p       those of smaller |log p + H| together have p < typical_p (Meister et al. 2023); from 1 on all stay
//	epsilon_cutoff  p ≥ epsilon_cutoff
//	eta_cutoff      p ≥ min(eta_cutoff, √eta_cutoff·exp(−H)) (Hewitt et al. 2022)
//
// H being the entropy of p. The largest columns always stay, but for typical_p, which keeps those of the smallest
// |log p + H|. So equal columns are kept or cut together, where transformers goes by the order of its sort. With
// greedy there are no filters: the first of the largest columns stays alone.
//
// A row with a NaN or a y of +∞ is divided and nothing else, so that [Sample] draws that. y is rounded once; y that
// round to the same are equal. p is taken in F32: with u = y − max y of the whole row and E the mean under p, a
// sum of p may be off by 2⁻²⁰·(1 + E|u|), log p by 2⁻²⁰·(1 + |u| + E|u|), min_p's bound by 2⁻²⁰·(1 + |u|), |log p + H| by
// 2⁻²⁰·(2 + |u| + E u²). What is nearer to a bound than that may be kept or cut, with all that follows from it. (A term
// e^u is off by (4 + |u|)·2⁻²³ of itself, where u and exp are rounded; the rest are sums of those, and a step for the bound.)
type Warp struct {
	Dst    Tensor // [m,n] F32; may be X
	X      Tensor // [m,n]
	Params Tensor // [m,WarpParams] F32
}

// The columns of Warp.Params. A temperature of zero means one; nothing below zero or NaN is a filter.
const (
	WarpTemperature = iota
	WarpTopK
	WarpTopP
	WarpMinP
	WarpTypicalP
	WarpEpsilonCutoff
	WarpEtaCutoff
	WarpGreedy
	WarpParams // how many there are
)

// Scatter changes elements of Dst at pairs: with x = Dst[Row[i], Col[i]] and
// v = Value[i], x becomes what Kind says. No pair occurs twice; pairs with a
// negative Row are skipped. It is how logits are banned and penalized.
type Scatter struct {
	Dst      Tensor // [m,n], changed in place
	Row, Col Tensor // [1,k] I32
	Value    Tensor // [1,k] F32
	Kind     ScatterKind
}

// A ScatterKind says what Scatter does to an element.
type ScatterKind uint8

// The updates of Scatter.
const (
	ScatterSet     ScatterKind = iota // x = v
	ScatterAdd                        // x = x + v
	ScatterPenalty                    // x = x·v if x < 0, else x/v (Keskar et al. 2019)
	scatterKinds
)

// Fill sets every element of Dst, an F32, F16 or BF16 tensor.
type Fill struct {
	Dst   Tensor
	Value float32
}

// A gradient operation holds the forward one, its saved outputs filled in, and
// the gradient of Dst. It ADDS to its outputs, each optional, F32, and apart from
// every other operand.

// NormGrad is the gradient of Norm. DSum arrives at Fwd.Sum, if that was used too.
// Fwd.Stat is needed, and Fwd.Sum if there is a Residual or a Drop; else X serves.
// With h = (S−mean)·Stat and g = DDst·Gain,
//
//	dS = (g − mean(g) − h·mean(g·h))·Stat + DSum
//
// without mean(g) for RMS; DX is drop(dS), DResidual dS, DGain Σ DDst·h, DBias Σ DDst.
type NormGrad struct {
	DX, DResidual Tensor // [m,n]
	DGain, DBias  Tensor // [1,n]
	Fwd           Norm
	DDst, DSum    Tensor // [m,n]
}

// AttentionGrad is the gradient of Attention; Fwd.Dst and Fwd.LSE are needed. A query
// whose LSE is −∞ adds nothing.
type AttentionGrad struct {
	DQ, DK, DV, DBias Tensor // like Q, K, V, Bias
	Fwd               Attention
	DDst              Tensor // like Dst
}

// EmbedGrad is the gradient of Embed. Tokens are added in order.
type EmbedGrad struct {
	DTable, DPos, DType Tensor // like Table, Pos, Type
	Fwd                 Embed
	DDst                Tensor // like Dst
}

func (*Gemm) op()          {}
func (*Norm) op()          {}
func (*Attention) op()     {}
func (*Embed) op()         {}
func (*Pointwise) op()     {}
func (*Softmax) op()       {}
func (*Pool) op()          {}
func (*Put) op()           {}
func (*Take) op()          {}
func (*Cast) op()          {}
func (*TopK) op()          {}
func (*Sample) op()        {}
func (*CrossEntropy) op()  {}
func (*Warp) op()          {}
func (*Scatter) op()       {}
func (*Fill) op()          {}
func (*NormGrad) op()      {}
func (*AttentionGrad) op() {}
func (*EmbedGrad) op()     {}
