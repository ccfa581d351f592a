package generate

import (
	"fmt"
	"math"

	"github.com/rapt-go/rapt/model"
)

// check reports what is wrong with o for a prompt of so many tokens, before any work: an error names the option and its
// value.
func (o *Options) check(l model.Limits, prompt int) error {
	for _, check := range []func() error{o.checkNumbers, o.checkShares, o.checkSearch,
		func() error { return o.checkIDs(l.Vocab) }, o.checkForced, func() error { return o.checkLength(l, prompt) }} {
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
		if !(n.value >= 0 && n.value <= math.MaxFloat32) {
			return bad("%s is %v, not a number above 0, nor 0 for none", n.name, n.value)
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
		if !(n.value >= 0 && n.value <= 1) {
			return bad("%s is %v, not from 0 to 1", n.name, n.value)
		}
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
	lists := []struct {
		name string
		ids  []int32
	}{{"EOS", o.EOS}, {"Suppress", o.Suppress}, {"BeginSuppress", o.BeginSuppress}, {"ForcedEOS", o.ForcedEOS}}
	if o.ForcedBOS != nil {
		lists = append(lists, lists[0])
		lists[len(lists)-1].name, lists[len(lists)-1].ids = "ForcedBOS", []int32{*o.ForcedBOS}
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
	if o.ForcedBOS != nil && contains(o.Suppress, *o.ForcedBOS) {
		return bad("ForcedBOS is %d, which Suppress has too", *o.ForcedBOS)
	}
	if len(o.ForcedEOS) > 0 && len(without(append([]int32(nil), o.ForcedEOS...), o.Suppress)) == 0 {
		return bad("ForcedEOS is %d, all of which Suppress has too", o.ForcedEOS)
	}
	return nil
}

func (o *Options) checkLength(l model.Limits, prompt int) error {
	switch {
	case prompt <= 0:
		return bad("a prompt of no tokens")
	case o.MaxNewTokens > 0 && o.MinNewTokens > o.MaxNewTokens:
		return bad("MinNewTokens is %d, more than MaxNewTokens, %d", o.MinNewTokens, o.MaxNewTokens)
	case o.MaxNewTokens == 0 && o.MaxLength > 0 && o.MinNewTokens == 0 && o.MinLength > o.MaxLength:
		return bad("MinLength is %d, more than MaxLength, %d", o.MinLength, o.MaxLength)
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
