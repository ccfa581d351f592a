package task

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/rapt-go/rapt/gpu"
	"github.com/rapt-go/rapt/model"
	"github.com/rapt-go/rapt/model/safetensors"
	"github.com/rapt-go/rapt/model/tokenizer"
	"github.com/rapt-go/rapt/model/zoo"
)

// A Checkpoint is what [Inspect] finds. Of a folder of sentence-transformers its
// configuration is the encoder's, and its tensors are those of dense layers too, whose
// names and files have the module's folder before them.
type Checkpoint struct {
	zoo.Report
	Tokenizer string // its kind, such as "WordPiece"; empty if the folder has none
	Words     int    // of the tokenizer
}

// Inspect checks the configuration, the weights, and, if there is one, the tokenizer
// of the checkpoint at path dir, in this order, without loading the weights. Of a
// folder of sentence-transformers it checks all modules; one that cannot embed but has
// another task is described without. Of the options, [FromFS] alone counts.
func Inspect(dir string, opts ...Option) (*Checkpoint, error) {
	root, err := folder(dir, newOpened[model.Encoder](opts).fs)
	if err != nil {
		return nil, err
	}
	sen, cannot := readSentence(root, &options{})
	if cannot != nil {
		cannot = fmt.Errorf("%s: %w", root.Name(), cannot)
		if !errors.Is(cannot, model.ErrUnsupported) || !root.Has("config.json") {
			return nil, cannot
		}
		sen = &sentence{encoder: root}
	}
	c, err := inspectSentence(root, sen)
	switch {
	case cannot != nil:
		if err != nil {
			return nil, cannot
		}
		c.Tasks = slices.DeleteFunc(c.Tasks, func(t string) bool { return t == "embed" })
		if len(c.Tasks) == 0 {
			return nil, cannot
		}
	case err != nil:
		return nil, err
	case sen.apart: // the other tasks read the root
		c.Tasks = []string{"embed"}
	}
	t, err := loadTokenizer(sen.encoder, c.Limits)
	switch {
	case err == nil:
		c.Tokenizer, c.Words = t.Kind(), t.Size()
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	return c, nil
}

// inspectSentence checks all but the tokenizer.
func inspectSentence(root model.Folder, sen *sentence) (*Checkpoint, error) {
	r, err := zoo.Inspect(sen.encoder)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", sen.encoder.Name(), err)
	}
	c := &Checkpoint{Report: *r}
	if err := c.addModules(sen); err != nil {
		return nil, fmt.Errorf("%s: %w", root.Name(), err)
	}
	return c, nil
}

// addModules checks the steps after pooling, and adds their weights.
func (c *Checkpoint) addModules(sen *sentence) error {
	width := len(sen.pools) * c.Width
	for _, m := range sen.modules {
		if m.kind != "Dense" {
			continue
		}
		var err error
		if width, err = c.addDense(m, width); err != nil {
			return fmt.Errorf("%s in %s: %w", m.kind, m.path, err)
		}
	}
	return nil
}

// addDense checks a Dense module for vectors of a width, and says how wide it makes them.
func (c *Checkpoint) addDense(m module, width int) (int, error) {
	set, err := m.folder.Weights()
	if err != nil {
		return 0, err
	}
	defer set.Close()
	w := model.NewWeights(nil, set, gpu.F32, gpu.Native)
	if _, width, err = newDense(m.folder, w, width); err != nil {
		return 0, err
	}
	size := w.Size()
	c.Parameters += size.Elements()
	c.Memory.F32 += 4 * size.Elements()
	c.Memory.BF16 += 2*size.Matrix + 4*size.Vector
	c.Memory.Int8 += size.Matrix + 4*size.Rows + 4*size.Vector
	for _, t := range set.Tensors() {
		c.Bytes += t.Size
		c.Tensors = append(c.Tensors, within(m.path, t))
	}
	for _, name := range w.Unused() {
		c.Unused = append(c.Unused, m.path+"/"+name)
	}
	return width, nil
}

// within is a tensor of a module as one of the checkpoint.
func within(path string, t safetensors.Tensor) safetensors.Tensor {
	t.Name, t.File = path+"/"+t.Name, path+"/"+t.File
	return t
}

// OpenTokenizer reads the tokenizer of the checkpoint at path dir, which needs to hold
// nothing else: the one that [OpenEmbedder] uses, where modules.json names the encoder's
// folder. Of the options, [FromFS] alone counts.
func OpenTokenizer(dir string, opts ...Option) (*tokenizer.Tokenizer, error) {
	f, err := folder(dir, newOpened[model.Encoder](opts).fs)
	if err != nil {
		return nil, err
	}
	if f.Has(modulesFile) {
		modules, err := readModules(f)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name(), err)
		}
		if len(modules) > 0 && modules[0].kind == transformer {
			f = modules[0].folder
		}
	}
	t, err := tokenizer.Load(f.FS)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.Name(), err)
	}
	return t, nil
}
