package generate

import (
	"fmt"
	"math"
	"slices"

	"github.com/rapt-go/rapt/model"
)

// Temperature and RepetitionPenalty are from Least to Most, the shares are at least Least, if they are not zero: F32, in which
// devices compute, has no number below 1e-45, and logits over a temperature below 1e-30 leave its range. No draw reaches a
// probability below 1e-30.
const (
	Least = 1e-30
	Most  = 1e30
)

// CheckOptions reports what is wrong with o whatever the prompt is. One that asks for more sequences than there is room for
// wraps [model.ErrCache].
func (e *Engine) CheckOptions(o *Options) error {
	if n := max(o.Beams, o.Return); n > e.room.Rows {
		return fmt.Errorf("%w: %d sequences at once, there is room for %d", model.ErrCache, n, e.room.Rows)
	}
	return o.checkAlone(e.limits.Vocab)
}

// check reports what is wrong with o for a prompt of so many tokens, before any work: an error names the option and its
// value.
func (o *Options) check(l model.Limits, prompt int) error {
	if err := o.checkAlone(l.Vocab); err != nil {
		return err
	}
	return o.checkLength(l, prompt)
}

// checkAlone reports what does not depend on the prompt.
func (o *Options) checkAlone(vocab int) error {
	for _, check := range []func() error{o.checkNumbers, o.checkShares, o.checkSearch, o.checkBounds,
		func() error { return o.checkIDs(vocab) }, o.checkForced} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func bad(format string, args ...any) error {
	return fmt.Errorf("%w: %w", model.ErrInput, fmt.Errorf(format, args...))
}

func (o *Options) checkNumbers() error {
	for _, n := range []struct {
		name  string
		value int
	}{
		{"MaxNewTokens", o.MaxNewTokens}, {"MaxLength", o.MaxLength}, {"MinNewTokens", o.MinNewTokens}, {"MinLength", o.MinLength},
		{"TopK", o.TopK}, {"Beams", o.Beams}, {"Return", o.Return}, {"NoRepeatNGram", o.NoRepeatNGram},
	} {
		if n.value < 0 || n.value > math.MaxInt32 {
			return bad("%s is %d, not from 0 to %d", n.name, n.value, math.MaxInt32)
		}
	}
	for _, n := range []struct {
		name  string
		value float64
	}{{"Temperature", o.Temperature}, {"RepetitionPenalty", o.RepetitionPenalty}} {
		if n.value != 0 && !(n.value >= Least && n.value <= Most) {
			return bad("%s is %v, not from %v to %v, nor 0 for none: quotients would leave F32's range", n.name, n.value, Least, Most)
		}
	}
	if p := o.lengthPenalty(); !(math.Abs(p) <= math.MaxFloat32) {
		return bad("LengthPenalty is %v, not a finite number", p)
	}
	return nil
}

func (o *Options) checkShares() error {
	for _, n := range []struct {
		name  string
		value float64
	}{
		{"TopP", o.TopP}, {"MinP", o.MinP}, {"TypicalP", o.TypicalP}, {"EpsilonCutoff", o.EpsilonCutoff}, {"EtaCutoff", o.EtaCutoff},
	} {
		if n.value != 0 && !(n.value >= Least && n.value <= 1) {
			return bad("%s is %v, not from %v to 1, nor 0 for none", n.name, n.value, Least)
		}
	}
	// EpsilonLogitsWarper and EtaLogitsWarper refuse it, where generation_config.json means none by it.
	switch {
	case o.EpsilonCutoff == 1:
		return bad("EpsilonCutoff is 1, not below 1")
	case o.EtaCutoff == 1:
		return bad("EtaCutoff is 1, not below 1")
	}
	return nil
}

func (o *Options) checkSearch() error {
	switch {
	case o.Beams > 1 && o.Sampling:
		return fmt.Errorf("sampling with %d beams: %w", o.Beams, model.ErrUnsupported)
	case o.Beams > 1 && o.Return > o.Beams:
		return bad("Return is %d, more than Beams, %d", o.Return, o.Beams)
	case o.Return > 1 && o.Beams <= 1 && !o.Sampling:
		return bad("Return is %d without Sampling and Beams: all sequences would be equal", o.Return)
	case o.EarlyStopping > EarlyNever:
		return bad("EarlyStopping is %d, not one of its %d rules", o.EarlyStopping, EarlyNever+1)
	}
	for i, f := range o.Processors {
		if f == nil {
			return bad("Processors[%d] is nil", i)
		}
	}
	return nil
}

func (o *Options) checkIDs(vocab int) error {
	type list struct {
		name string
		ids  []int32
	}
	lists := []list{{"EOS", o.EOS}, {"Suppress", o.Suppress}, {"BeginSuppress", o.BeginSuppress}, {"ForcedEOS", o.ForcedEOS}}
	if o.ForcedBOS != nil {
		lists = append(lists, list{"ForcedBOS", []int32{*o.ForcedBOS}})
	}
	within := func(name string, ids []int32) error {
		for _, id := range ids {
			if id < 0 || int(id) >= vocab {
				return bad("%s has id %d, outside the vocabulary of %d", name, id, vocab)
			}
		}
		return nil
	}
	for _, l := range lists {
		if err := within(l.name, l.ids); err != nil {
			return err
		}
	}
	for i, w := range o.BadWords {
		if len(w) == 0 {
			return bad("BadWords[%d] is empty", i)
		}
		if err := within(fmt.Sprintf("BadWords[%d]", i), w); err != nil {
			return err
		}
	}
	return nil
}

// checkForced refuses to force what is suppressed, which leaves no token.
func (o *Options) checkForced() error {
	if o.ForcedBOS != nil && slices.Contains(o.Suppress, *o.ForcedBOS) {
		return bad("ForcedBOS is %d, which Suppress has too", *o.ForcedBOS)
	}
	if len(o.ForcedEOS) > 0 && len(without(append([]int32(nil), o.ForcedEOS...), o.Suppress)) == 0 {
		return bad("ForcedEOS is %d, all of which Suppress has too", o.ForcedEOS)
	}
	return nil
}

// checkBounds refuses a least length above the greatest.
func (o *Options) checkBounds() error {
	switch {
	case o.MaxNewTokens > 0 && o.MinNewTokens > o.MaxNewTokens:
		return bad("MinNewTokens is %d, more than MaxNewTokens, %d", o.MinNewTokens, o.MaxNewTokens)
	case o.MaxNewTokens == 0 && o.MaxLength > 0 && o.MinNewTokens == 0 && o.MinLength > o.MaxLength:
		return bad("MinLength is %d, more than MaxLength, %d", o.MinLength, o.MaxLength)
	}
	return nil
}

func (o *Options) checkLength(l model.Limits, prompt int) error {
	switch {
	case prompt <= 0:
		return bad("a prompt of no tokens")
	case o.MaxNewTokens == 0 && o.MaxLength > 0 && prompt >= o.MaxLength:
		return bad("a prompt of %d tokens leaves none to write: MaxLength is %d", prompt, o.MaxLength)
	case prompt >= longest(l):
		return bad("a prompt of %d tokens leaves none to write: the model reads at most %d", prompt, longest(l))
	}
	if most := o.most(l, prompt); len(o.ForcedEOS) > 0 {
		if p := newPlan(o, prompt, most); len(p.eos) == 0 {
			return bad("ForcedEOS is %d, all of which BeginSuppress has too, and only one token is to be written", o.ForcedEOS)
		}
	}
	return nil
}

// most is how many new tokens a prompt of so many tokens gets at most: the sequence is never longer than the model reads.
func (o *Options) most(l model.Limits, prompt int) int {
	n := longest(l) - prompt
	switch {
	case o.MaxNewTokens > 0:
		n = min(n, o.MaxNewTokens)
	case o.MaxLength > 0:
		n = min(n, o.MaxLength-prompt)
	}
	return max(n, 0)
}
