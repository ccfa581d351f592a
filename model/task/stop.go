package task

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rapt-go/rapt/model"
	"github.com/rapt-go/rapt/model/tokenizer"
)

// A stopper ends a sequence with the token that completes one of some strings, as transformers' StopStringCriteria does
// (generation/stopping_criteria.py): the string may begin in an earlier token, the prompt's among them, and the token may go
// on behind it. It looks at no more tokens than the longest string has bytes, but for those without text.
type stopper struct {
	tok     Tokenizer
	strings []string
	longest int // bytes
	prompt  []int32
}

// newStopper makes the stopper of a prompt; without strings there is none.
func newStopper(t Tokenizer, texts []string, prompt []int32) *stopper {
	if len(texts) == 0 {
		return nil
	}
	s := &stopper{tok: t, strings: texts, prompt: prompt}
	for _, x := range texts {
		s.longest = max(s.longest, len(x))
	}
	return s
}

// check reports a string that every text has.
func (d *Decoding) check() error {
	if i := slices.Index(d.StopStrings, ""); i >= 0 {
		return fmt.Errorf("%w: StopStrings[%d] is empty", model.ErrInput, i)
	}
	return nil
}

// stop reports whether the last of ids, which follow the prompt, completes a string.
func (s *stopper) stop(ids []int32) bool {
	for n := s.longest + around; ; n *= 2 {
		last := slices.Concat(tail(s.prompt, max(0, n-len(ids))), tail(ids, n))
		before := s.tok.Decode(last[:len(last)-1], tokenizer.DecodeOptions{})
		if len(before) < s.longest && len(last) < len(s.prompt)+len(ids) {
			continue
		}
		return s.completes(before, s.tok.Decode(last, tokenizer.DecodeOptions{}))
	}
}

// completes reports whether a string ends in what text has and before has not.
func (s *stopper) completes(before, text string) bool {
	old := common([]byte(before), []byte(text))
	return slices.ContainsFunc(s.strings, func(x string) bool {
		return strings.Contains(text[max(0, old-len(x)+1):], x)
	})
}
