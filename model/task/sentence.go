package task

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/rapt-go/rapt/gpu"
	"github.com/rapt-go/rapt/model"
)

// A Pooling makes one vector of a sequence's hidden states.
type Pooling string

// The poolings, by the names that sentence-transformers gives them.
const (
	MeanPooling Pooling = "mean"
	CLSPooling  Pooling = "cls" // the first token
	MaxPooling  Pooling = "max"
	LastPooling Pooling = "lasttoken"
)

func (p Pooling) kind() gpu.PoolKind {
	switch p {
	case CLSPooling:
		return gpu.First
	case MaxPooling:
		return gpu.Max
	case LastPooling:
		return gpu.Last
	}
	return gpu.Mean
}

// ParsePooling is the pooling of a name.
func ParsePooling(name string) (Pooling, error) {
	p := Pooling(name)
	switch p {
	case MeanPooling, CLSPooling, MaxPooling, LastPooling:
		return p, nil
	}
	return "", fmt.Errorf("pooling %q: %w; want mean, cls, max or lasttoken", name, model.ErrUnsupported)
}

// A sentence is what a folder of sentence-transformers says: which encoder, and
// what makes a vector of its hidden states.
type sentence struct {
	encoder   model.Folder
	apart     bool // the encoder has a folder of its own, below the one with modules.json
	maxLength int  // tokens; 0 means what the model reads
	lower     bool
	pools     []Pooling
	modules   []module // after pooling
	settings
}

// A module is an entry of modules.json.
type module struct {
	kind   string // its class, without package
	class  string
	path   string
	folder model.Folder
}

const modulesFile = "modules.json"

// readModules reads modules.json.
func readModules(f model.Folder) ([]module, error) {
	data, err := f.ReadFile(modulesFile, 1<<20)
	if err != nil {
		return nil, err
	}
	var list []struct{ Type, Path string }
	if err := json.Unmarshal(data, &list); err != nil {
		return nil, fmt.Errorf("%s: %w", modulesFile, err)
	}
	modules := make([]module, len(list))
	for i, m := range list {
		sub, err := f.Sub(m.Path)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", modulesFile, err)
		}
		modules[i] = module{m.Type[strings.LastIndexByte(m.Type, '.')+1:], m.Type, m.Path, sub}
	}
	return modules, nil
}

// plainSentence is the mean of the tokens of any encoder, or what the options say.
func plainSentence(f model.Folder, o *options) (*sentence, error) {
	s := &sentence{encoder: f, pools: []Pooling{MeanPooling}}
	return s, s.override(o)
}

// override obeys the options that stand above the checkpoint.
func (s *sentence) override(o *options) error {
	if o.pooling != "" {
		p, err := ParsePooling(string(o.pooling))
		if err != nil {
			return err
		}
		s.pools = []Pooling{p}
	}
	if o.norm == nil {
		return nil
	}
	s.modules = slices.DeleteFunc(s.modules, func(m module) bool { return m.kind == "Normalize" })
	if *o.norm {
		s.modules = append(s.modules, module{kind: "Normalize"})
	}
	return nil
}

// readSentence reads modules.json and what it names; without one the folder is a
// plain encoder.
func readSentence(f model.Folder, o *options) (*sentence, error) {
	if !f.Has(modulesFile) {
		return plainSentence(f, o)
	}
	modules, err := readModules(f)
	if err != nil {
		return nil, err
	}
	s := &sentence{}
	for i, m := range modules {
		if err := s.module(i, m); err != nil {
			return nil, fmt.Errorf("%s: module %d, %s: %w", modulesFile, i, m.class, err)
		}
	}
	if len(s.pools) == 0 {
		return nil, fmt.Errorf(modulesFile+": no Transformer and Pooling: %w", model.ErrUnsupported)
	}
	if err := s.override(o); err != nil {
		return nil, err
	}
	s.settings, err = readSettings(f)
	return s, err
}

// transformer is the kind of the module that is an encoder.
const transformer = "Transformer"

// module reads one entry of modules.json. The first is a Transformer, the second a
// Pooling; others follow.
func (s *sentence) module(i int, m module) (err error) {
	switch {
	case i == 0 && m.kind == transformer:
		s.encoder, s.apart = m.folder, m.path != "" && m.path != "."
		err = s.readTransformer(m.folder)
	case i == 1 && m.kind == "Pooling":
		s.pools, err = readPooling(m.folder)
	case i > 1 && (m.kind == "Dense" || m.kind == "Normalize"):
		s.modules = append(s.modules, m)
	case i > 1 && m.kind == "Dropout": // does nothing but in training
	default:
		err = model.ErrUnsupported
	}
	return err
}

func (s *sentence) readTransformer(f model.Folder) error {
	const file = "sentence_bert_config.json"
	if !f.Has(file) {
		return nil
	}
	c, err := model.ReadConfig(f, file)
	if err != nil {
		return err
	}
	s.maxLength = c.Int("max_seq_length", 0, 1, math.MaxInt32)
	s.lower = c.Bool("do_lower_case", false)
	return c.Err()
}

// readPooling reads the modes, whose vectors are laid end to end.
func readPooling(f model.Folder) ([]Pooling, error) {
	c, err := model.ReadConfig(f, "config.json")
	if err != nil {
		return nil, err
	}
	if !c.Bool("include_prompt", true) {
		return nil, fmt.Errorf("include_prompt is false: %w", model.ErrUnsupported)
	}
	names := poolingModes(c)
	if err := c.Err(); err != nil {
		return nil, err
	}
	var pools []Pooling
	for _, name := range names {
		p, err := ParsePooling(name)
		if err != nil {
			return nil, err
		}
		pools = append(pools, p)
	}
	return pools, nil
}

// poolingModes is pooling_mode, one or a list, or the older fields in the order that
// sentence-transformers gives them; the mean if none is true.
func poolingModes(c *model.Config) []string {
	if raw := c.Raw("pooling_mode"); len(raw) > 0 && raw[0] == '[' {
		names := c.Texts("pooling_mode")
		if len(names) == 0 {
			c.Failf("pooling_mode", "is an empty list")
		}
		return names
	}
	if name := c.Text("pooling_mode", ""); name != "" {
		return []string{name}
	}
	var names []string
	for _, mode := range [...]struct{ field, name string }{
		{"pooling_mode_cls_token", "cls"},
		{"pooling_mode_max_tokens", "max"},
		{"pooling_mode_mean_tokens", "mean"},
		{"pooling_mode_mean_sqrt_len_tokens", "mean_sqrt_len_tokens"},
		{"pooling_mode_weightedmean_tokens", "weightedmean"},
		{"pooling_mode_lasttoken", "lasttoken"},
	} {
		if c.Bool(mode.field, false) {
			names = append(names, mode.name)
		}
	}
	if names == nil {
		return []string{"mean"}
	}
	return names
}
