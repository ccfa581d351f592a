package task

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/rapt-go/rapt/model"
)

const settingsFile = "config_sentence_transformers.json"

// settings is what sentence-transformers keeps beside a model of either kind, in
// config_sentence_transformers.json.
type settings struct {
	prompts       map[string]string
	defaultPrompt string // a name in prompts, or empty
	activation    string // of a cross-encoder: a class of torch.nn
}

func readSettings(f model.Folder) (s settings, _ error) {
	s.prompts = map[string]string{}
	if !f.Has(settingsFile) {
		return s, nil
	}
	c, err := model.ReadConfig(f, settingsFile)
	if err != nil {
		return s, err
	}
	if raw := c.Raw("prompts"); raw != nil {
		if err := json.Unmarshal(raw, &s.prompts); err != nil {
			return s, fmt.Errorf("%s: prompts: %w", settingsFile, err)
		}
	}
	s.activation = c.Text("activation_fn", "")
	s.defaultPrompt = c.Text("default_prompt_name", "")
	if _, ok := s.prompts[s.defaultPrompt]; !ok && s.defaultPrompt != "" {
		c.Failf("default_prompt_name", "is %q; the prompts are %q", s.defaultPrompt, sortedKeys(s.prompts))
	}
	return s, c.Err()
}

// prompt is what stands before a text if the caller names none.
func (s settings) prompt() string { return s.prompts[s.defaultPrompt] }

func sortedKeys(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }
