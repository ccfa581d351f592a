package generate

import "slices"

// rules is what the options say of a sequence's next token, kept up to date as the sequence grows: what transformers'
// logits processors (generation/logits_process.py) compute from all of its tokens at every step. A row of logits is changed in
// this order: where forced answers, all but its tokens are −∞; else logits of penalized tokens are penalized, and then those
// of banned ones −∞. A sequence belongs to one goroutine.
type rules struct {
	*plan
	ids    []int32 // prompt and new tokens
	prompt int

	seen     []uint64 // a set of ids: what is in distinct
	distinct []int32  // ids in the order in which they came

	// Of every position whose token ends an n-gram: the positions of a hash of the n-1 tokens before it are a list, newest
	// first. Both count from 1; 0 ends a list.
	head []int32 // by hash, of a power of two
	prev []int32 // by position
}

// plan is what the options say of all sequences of a request.
type plan struct {
	o     *Options
	first int                 // the length at which BeginSuppress counts
	last  int                 // the length at which ForcedEOS counts
	gram  int                 // NoRepeatNGram, if a sequence can be as long as that, and if it is above 1
	keeps bool                // what was seen
	never []int32             // banned always
	words map[int32][][]int32 // bad words of several tokens, by the last but one
	bos   []int32
	eos   []int32
}

// newRules is what o says of a sequence that starts with prompt and gets at most so many new tokens.
func newRules(o *Options, prompt []int32, most int) *rules {
	r := &rules{}
	r.reset(o, prompt, most)
	return r
}

// reset makes r that of another sequence, in the memory it has.
func (r *rules) reset(o *Options, prompt []int32, most int) {
	r.plan = newPlan(o, len(prompt), most)
	r.prompt = len(prompt)
	longest := len(prompt) + most
	r.ids = slices.Grow(r.ids[:0], longest)
	r.distinct, r.seen = r.distinct[:0], r.seen[:0]
	if r.keeps {
		r.distinct = slices.Grow(r.distinct, longest)
	}
	r.head, r.prev = r.head[:0], r.prev[:0]
	if r.gram > 0 {
		size := 2
		for size < 2*longest {
			size *= 2
		}
		r.head = slices.Grow(r.head, size)[:size]
		clear(r.head)
		r.prev = slices.Grow(r.prev, longest)
	}
	for _, id := range prompt {
		r.push(id)
	}
}

func newPlan(o *Options, prompt, most int) *plan {
	p := &plan{o: o, first: prompt, last: prompt + most - 1}
	// SuppressTokensAtBegin counts from the token after the forced one.
	if prompt == 1 && o.ForcedBOS != nil {
		p.first++
	}
	if n := o.NoRepeatNGram; n > 1 && n <= prompt+most {
		p.gram = n
	}
	p.keeps = o.penalizes() || o.NoRepeatNGram == 1
	p.never = append(p.never, o.Suppress...)
	for _, w := range o.BadWords {
		switch {
		case len(w) == 1 && !slices.Contains(o.EOS, w[0]): // NoBadWordsLogitsProcessor drops those of an end token alone
			p.never = append(p.never, w[0])
		case len(w) > 1:
			if p.words == nil {
				p.words = map[int32][][]int32{}
			}
			key := w[len(w)-2]
			p.words[key] = append(p.words[key], w)
		}
	}
	p.never = distinct(p.never)
	if o.ForcedBOS != nil {
		p.bos = []int32{*o.ForcedBOS}
	}
	p.eos = distinct(slices.Clone(o.ForcedEOS))
	// Suppression comes after what is forced.
	p.bos, p.eos = without(p.bos, o.Suppress), without(p.eos, o.Suppress)
	if p.first == p.last {
		p.eos = without(p.eos, o.BeginSuppress)
	}
	return p
}

// distinct sorts ids and takes repeated ones from them.
func distinct(ids []int32) []int32 {
	slices.Sort(ids)
	return slices.Compact(ids)
}

// without takes others from ids.
func without(ids, others []int32) []int32 {
	return slices.DeleteFunc(ids, func(id int32) bool { return slices.Contains(others, id) })
}

// penalizes reports whether repetition is penalized.
func (o *Options) penalizes() bool { return o.RepetitionPenalty != 0 && o.RepetitionPenalty != 1 }

// new is the tokens after the prompt.
func (r *rules) new() []int32 { return r.ids[r.prompt:] }

// push adds a token.
func (r *rules) push(id int32) {
	r.ids = append(r.ids, id)
	if r.keeps && r.see(id) {
		r.distinct = append(r.distinct, id)
	}
	if r.gram > 0 {
		at := len(r.ids) - 1
		r.prev = append(r.prev, 0)
		if before := at - r.gram + 1; before >= 0 {
			h := r.hash(r.ids[before:at])
			r.prev[at], r.head[h] = r.head[h], int32(at+1)
		}
	}
}

// see reports whether id is new.
func (r *rules) see(id int32) bool {
	w, bit := int(id>>6), uint64(1)<<(id&63)
	if w >= len(r.seen) {
		old := len(r.seen)
		r.seen = slices.Grow(r.seen, w+1-old)[:w+1]
		clear(r.seen[old:])
	}
	if r.seen[w]&bit != 0 {
		return false
	}
	r.seen[w] |= bit
	return true
}

// hash is FNV-1a over whole ids, of which the high bits count, folded to an index of head.
func (r *rules) hash(gram []int32) int {
	h := uint64(14695981039346656037)
	for _, id := range gram {
		h = (h ^ uint64(uint32(id))) * 1099511628211
	}
	return int((h ^ h>>32) & uint64(len(r.head)-1))
}

// penalized is the distinct ids whose logits are multiplied by RepetitionPenalty if negative, divided by it if not: all
// tokens so far, those of the prompt included. They are not to be changed, and good until the next push.
func (r *rules) penalized() []int32 {
	if !r.o.penalizes() {
		return nil
	}
	return r.distinct
}

// banned appends to dst the distinct ids, in increasing order, whose logits are −∞.
func (r *rules) banned(dst []int32) []int32 {
	at := len(dst)
	dst = append(dst, r.never...)
	if r.o.NoRepeatNGram == 1 {
		dst = append(dst, r.distinct...)
	}
	if r.gram > 0 {
		dst = r.repeating(dst)
	}
	if len(r.words) > 0 && len(r.ids) > 0 {
		for _, w := range r.words[r.ids[len(r.ids)-1]] {
			if k := len(w) - 1; k <= len(r.ids) && slices.Equal(r.ids[len(r.ids)-k:], w[:k]) {
				dst = append(dst, w[k])
			}
		}
	}
	if r.short() {
		dst = append(dst, r.o.EOS...)
	}
	if len(r.ids) == r.first {
		dst = append(dst, r.o.BeginSuppress...)
	}
	return dst[:at+len(distinct(dst[at:]))]
}

// repeating appends the followers of what the last gram-1 tokens were before.
func (r *rules) repeating(dst []int32) []int32 {
	k := r.gram - 1
	if len(r.ids) < k {
		return dst
	}
	tail := r.ids[len(r.ids)-k:]
	for at := r.head[r.hash(tail)]; at > 0; at = r.prev[at-1] {
		if end := int(at) - 1; slices.Equal(r.ids[end-k:end], tail) {
			dst = append(dst, r.ids[end])
		}
	}
	return dst
}

// short reports whether the sequence may not end yet. Where both are given MinNewTokens wins, as in
// _prepare_generated_length.
func (r *rules) short() bool {
	if r.o.MinNewTokens > 0 {
		return len(r.ids)-r.prompt < r.o.MinNewTokens
	}
	return len(r.ids) < r.o.MinLength
}

// forced is the only ids that may come next, in increasing order, of equal likelihood: logits are 0 there, −∞ elsewhere,
// and no other rule counts. It is empty if others may come. They are not to be changed.
func (r *rules) forced() []int32 {
	switch {
	case len(r.ids) == r.last && len(r.eos) > 0: // the later of the two processors
		return r.eos
	case len(r.ids) == 1:
		return r.bos
	}
	return nil
}

// fork makes r a copy of from, in the memory it has.
func (r *rules) fork(from *rules) {
	r.plan, r.prompt = from.plan, from.prompt
	r.ids = append(slices.Grow(r.ids[:0], cap(from.ids)), from.ids...)
	r.seen = append(r.seen[:0], from.seen...)
	r.distinct = append(slices.Grow(r.distinct[:0], cap(from.distinct)), from.distinct...)
	r.head = append(r.head[:0], from.head...)
	r.prev = append(slices.Grow(r.prev[:0], cap(from.prev)), from.prev...)
}
