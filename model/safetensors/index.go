// The index of a sharded checkpoint.

package safetensors

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/rapt-go/rapt/model/internal/files"
)

// index reads model.safetensors.index.json: tensor name → name of a shard in the same folder.
func (d folder) index() (map[string]string, error) {
	data, err := files.Read(d.fsys, indexName, maxHeader) // an index says less about each tensor than a header does
	if err != nil {
		return nil, fmt.Errorf("%s: %w", d.path(indexName), err)
	}
	index, err := parseIndex(string(data))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", d.path(indexName), err)
	}
	return index, nil
}

// parseIndex takes the "weight_map" of an index; other keys say nothing about where tensors are.
func parseIndex(text string) (map[string]string, error) {
	var index map[string]string
	p := &scanner{s: text}
	err := p.document(func(key string) error {
		if key != "weight_map" {
			return p.skip()
		}
		if index != nil {
			return errors.New("weight_map appears twice")
		}
		index = map[string]string{}
		return p.object(func(name string) error {
			if _, ok := index[name]; ok {
				return fmt.Errorf("weight_map: tensor %s appears twice", quote(name))
			}
			shard, err := p.str()
			if err == nil {
				err = checkShardName(shard)
			}
			if err != nil {
				return fmt.Errorf("weight_map: tensor %s: %w", quote(name), err)
			}
			index[name] = shard
			return nil
		})
	})
	if err == nil && len(index) == 0 {
		err = errors.New("has no weight_map that places a tensor")
	}
	return index, err
}

// checkShardName refuses whatever could name a file outside of the checkpoint's folder, on any operating system: a checkpoint that
// was copied from a stranger must not choose which files of this machine are read.
func checkShardName(name string) error {
	if strings.ContainsAny(name, `/\:`) || name == "." || !filepath.IsLocal(name) || !printable(name) {
		return fmt.Errorf("shard %s is refused: expected the name of a file in the same folder", quote(name))
	}
	return nil
}
