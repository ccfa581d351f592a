package generate

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func ptr[T any](x T) *T { return &x }

// naiveBans is what transformers' processors ban after ids, each computed from the whole sequence as its class does.
func naiveBans(o *Options, ids []int32, prompt int) map[int32]bool {
	banned := map[int32]bool{}
	ban := func(ids ...int32) {
		for _, id := range ids {
			banned[id] = true
		}
	}
	// NoRepeatNGramLogitsProcessor: every window whose first tokens are the last ones bans its own last.
	if n := o.NoRepeatNGram; n > 0 && len(ids) >= n {
		for i := 0; i+n <= len(ids); i++ {
			if slices.Equal(ids[i:i+n-1], ids[len(ids)+1-n:]) {
				ban(ids[i+n-1])
			}
		}
	}
	// NoBadWordsLogitsProcessor
	for _, w := range o.BadWords {
		if len(w) == 1 && slices.Contains(o.EOS, w[0]) {
			continue
		}
		if k := len(w) - 1; k <= len(ids) && slices.Equal(ids[len(ids)-k:], w[:k]) {
			ban(w[k])
		}
	}
	// MinLengthLogitsProcessor, with min_length as _prepare_generated_length leaves it, and MinNewTokensLengthLogitsProcessor
	least := o.MinLength
	if o.MinNewTokens > 0 {
		least = o.MinNewTokens + prompt
	}
	if len(ids) < least {
		ban(o.EOS...)
	}
	ban(o.Suppress...)
	// SuppressTokensAtBeginLogitsProcessor
	begin := prompt
	if !(prompt > 1 || o.ForcedBOS == nil) {
		begin++
	}
	if len(ids) == begin {
		ban(o.BeginSuppress...)
	}
	return banned
}

// Sequences of few words, which repeat themselves, under random rules; forked now and then, and in memory that was used.
func TestRules(t *testing.T) {
	const words, most = 5, 40
	rng := rand.New(rand.NewPCG(1, 2))
	list := func(n int) (ids []int32) {
		for range rng.IntN(n + 1) {
			ids = append(ids, rng.Int32N(words))
		}
		return ids
	}
	r, f := &rules{}, &rules{}
	for range 300 {
		o := &Options{EOS: list(2), NoRepeatNGram: rng.IntN(6), MinLength: rng.IntN(9), MinNewTokens: rng.IntN(2) * rng.IntN(9),
			Suppress: list(2), BeginSuppress: list(2), RepetitionPenalty: float64(rng.IntN(3))}
		for range rng.IntN(6) {
			o.BadWords = append(o.BadWords, append(list(4), rng.Int32N(words)))
		}
		if rng.IntN(2) == 0 {
			o.ForcedBOS = ptr(rng.Int32N(words))
		}
		ids := append(list(6), 3)
		prompt := len(ids)
		r.reset(o, ids, most)
		for len(r.new()) < most {
			require.Equal(t, ids, r.ids)
			got := r.banned([]int32{-7})
			require.Equal(t, int32(-7), got[0], "what is in front stays")
			want := naiveBans(o, ids, prompt)
			assert.Len(t, got[1:], len(want), "%+v after %v", *o, ids)
			for _, id := range got[1:] {
				assert.True(t, want[id], "%d of %+v after %v", id, *o, ids)
			}
			require.True(t, slices.IsSorted(got[1:]))
			if o.RepetitionPenalty == 2 {
				assert.ElementsMatch(t, distinct(slices.Clone(ids)), r.penalized())
			} else {
				assert.Empty(t, r.penalized())
			}
			if rng.IntN(8) == 0 { // go on with a copy, and spoil the original
				f.fork(r)
				for range min(4, most-len(r.new())) {
					r.push(rng.Int32N(words))
				}
				r, f = f, r
			}
			id := rng.Int32N(words)
			r.push(id)
			ids = append(ids, id)
		}
	}
}

// When tokens are forced, and which: ForcedBOSTokenLogitsProcessor looks for a length of 1, ForcedEOSTokenLogitsProcessor
// for one below max_length and comes later, suppression comes after both.
func TestForced(t *testing.T) {
	for name, c := range map[string]struct {
		o      Options
		prompt int
		most   int
		want   [][]int32 // at each new token
	}{
		"none":                          {Options{}, 1, 2, [][]int32{nil, nil}},
		"first":                         {Options{ForcedBOS: ptr[int32](4)}, 1, 2, [][]int32{{4}, nil}},
		"a prompt is no start":          {Options{ForcedBOS: ptr[int32](4)}, 2, 2, [][]int32{nil, nil}},
		"last":                          {Options{ForcedEOS: []int32{5}}, 2, 3, [][]int32{nil, nil, {5}}},
		"several, in order, once":       {Options{ForcedEOS: []int32{6, 5, 6}}, 2, 2, [][]int32{nil, {5, 6}}},
		"one but for what is forbidden": {Options{ForcedEOS: []int32{6, 5}, Suppress: []int32{5}}, 2, 2, [][]int32{nil, {6}}},
		"both at once":                  {Options{ForcedBOS: ptr[int32](4), ForcedEOS: []int32{5}}, 1, 1, [][]int32{{5}}},
		"first and last":                {Options{ForcedBOS: ptr[int32](4), ForcedEOS: []int32{5}}, 1, 3, [][]int32{{4}, nil, {5}}},
		"only token, at the start":      {Options{ForcedEOS: []int32{5, 6}, BeginSuppress: []int32{5}}, 2, 1, [][]int32{{6}}},
		"not at the start":              {Options{ForcedEOS: []int32{5, 6}, BeginSuppress: []int32{5}}, 2, 2, [][]int32{nil, {5, 6}}},
		"the start is after the forced": {Options{ForcedBOS: ptr[int32](4), BeginSuppress: []int32{4}}, 1, 2, [][]int32{{4}, nil}},
	} {
		r := newRules(&c.o, make([]int32, c.prompt), c.most)
		for i, want := range c.want {
			assert.ElementsMatch(t, want, r.forced(), "%s: token %d", name, i)
			r.push(9)
		}
	}
}

// Once a sequence has begun its rules take no memory, nor do they where a sequence like it was before.
func TestRulesAllocate(t *testing.T) {
	o := &Options{NoRepeatNGram: 3, RepetitionPenalty: 1.5, BadWords: [][]int32{{1}, {2, 3}, {4, 2, 5}}, MinNewTokens: 4, EOS: []int32{7},
		Suppress: []int32{8}, BeginSuppress: []int32{9}}
	const most = 200
	prompt := []int32{100, 5, 6, 5, 6}
	r, f := newRules(o, prompt, most), &rules{}
	f.fork(r)
	dst := make([]int32, 0, 128)
	id := int32(0)
	assert.Zero(t, testing.AllocsPerRun(most/2, func() {
		r.push(id * 7 % 100)
		id++
		dst = r.banned(dst[:0])
		r.penalized()
		r.forced()
	}))
	assert.Zero(t, testing.AllocsPerRun(10, func() { f.fork(r) }))
}

func BenchmarkRules(b *testing.B) {
	for name, o := range map[string]*Options{
		"rules=none": {}, "rules=ngram": {NoRepeatNGram: 3}, "rules=penalty": {RepetitionPenalty: 1.2},
	} {
		b.Run(name, func(b *testing.B) {
			const most = 1000
			b.ReportAllocs()
			prompt := []int32{1, 2, 3}
			r, dst := newRules(o, prompt, most), make([]int32, 0, most)
			rng := rand.New(rand.NewPCG(1, 2))
			for b.Loop() {
				if len(r.new()) == most {
					b.StopTimer()
					r.reset(o, prompt, most)
					b.StartTimer()
				}
				dst = r.banned(dst[:0])
				r.push(rng.Int32N(50))
			}
		})
	}
}
