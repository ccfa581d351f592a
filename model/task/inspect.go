package task

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/rapt-go/rapt/model"
	"github.com/rapt-go/rapt/model/zoo"
)

// A Checkpoint is what [Inspect] finds.
type Checkpoint struct {
	zoo.Report
	Tokenizer string // its kind, such as "WordPiece"; empty if the folder has none
	Words     int    // of the tokenizer
}

// Inspect checks the configuration, the weights, and, if there is one, the tokenizer
// of the checkpoint at path dir, in this order, without loading the weights. Of the
// options, [FromFS] alone counts.
func Inspect(dir string, opts ...Option) (*Checkpoint, error) {
	o := newOpened[model.Encoder](opts)
	f, err := folder(dir, o.fs)
	if err != nil {
		return nil, err
	}
	r, err := zoo.Inspect(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.Name(), err)
	}
	c := &Checkpoint{Report: *r}
	t, err := loadTokenizer(f, r.Limits)
	switch {
	case err == nil:
		c.Tokenizer, c.Words = t.Kind(), t.Size()
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	return c, nil
}
