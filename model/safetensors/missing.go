// What to say when a folder has no safetensors weights.

package safetensors

import (
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// convertPyTorch is a command that turns PyTorch weights, whole or in shards, into model.safetensors. It converts the state dict itself:
// loading it into a model class first would drop the heads that the class lacks. weights_only refuses pickles that run code;
// clone unties tensors that share memory, which the format cannot express.
const convertPyTorch = `python -c "import glob, torch, safetensors.torch as st; d = {}; ` +
	`[d.update(torch.load(f, map_location='cpu', weights_only=True)) for f in glob.glob('pytorch_model*.bin')]; ` +
	`st.save_file({k: v.clone().contiguous() for k, v in d.items()}, 'model.safetensors', {'format': 'pt'})"`

// noWeights is the error for a folder without model.safetensors and without an index. It names weights in other formats if there are some.
func (d folder) noWeights() error {
	missing := fmt.Errorf("%s: %w, nor does %s", d.path(weightsName), fs.ErrNotExist, indexName)
	for _, name := range []string{"pytorch_model.bin", "pytorch_model.bin.index.json"} {
		if found, _ := d.has(name); found {
			return fmt.Errorf("%w; the folder has PyTorch weights instead (%s): "+
				"download a revision that has %s, or convert them, in that folder, with: %s", missing, name, weightsName, convertPyTorch)
		}
	}
	for _, name := range []string{"tf_model.h5", "flax_model.msgpack"} {
		if found, _ := d.has(name); found {
			return fmt.Errorf("%w; the folder has weights in another format instead (%s): download a revision that has %s", missing, name, weightsName)
		}
	}
	if others, _ := fs.Glob(d.fsys, "*"+path.Ext(weightsName)); len(others) > 0 {
		const most = 5
		list := strings.Join(others[:min(len(others), most)], ", ")
		return fmt.Errorf("%w; the folder has %d files of other names (%s): a single file must be called %s, and shards need their index",
			missing, len(others), list, weightsName)
	}
	return missing
}
