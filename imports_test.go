package rapt_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const module = "github.com/rapt-go/rapt"

// arrows is the structure of the module: each package, by its folder, and what it may import. What
// those may import it may import too. A package that is not here fails the test: give it a place.
var arrows = map[string][]string{
	".":                           {},
	"gpu":                         {},
	"gpu/gputest":                 {"gpu"},
	"gpu/gputest/mutants":         {},
	"gpu/auto":                    {"cpu_fallback", "cuda", "cuda/sim", "cuda/nvidia"},
	"internal/half":               {},
	"internal/weights":            {"gpu", "internal/half"},
	"cpu_fallback":                {"internal/weights"},
	"cuda":                        {"kernels", "cuda/driver", "internal/weights"},
	"kernels":                     {},
	"cuda/driver":                 {},
	"cuda/nvidia":                 {"cuda/driver", "cuda/nvidia/libcuda", "cuda/nvidia/internal/header"},
	"cuda/nvidia/internal/header": {},
	"cuda/nvidia/libcuda":         {},
	"cuda/nvidia/standin":         {"cuda/driver", "cuda/ptx"},
	"cuda/ptx":                    {},
	"cuda/sim/arith":              {},
	"cuda/sim":                    {"cuda/sim/exec"},
	"cuda/sim/mem":                {},
	"cuda/sim/mutants":            {},
	"cuda/sim/report":             {"cuda/sim"},
	"cuda/sim/exec":               {"cuda/driver", "cuda/ptx", "cuda/sim/arith", "cuda/sim/mem"},
	"model/internal/files":        {},
	"model/safetensors":           {"model/internal/files"},
	"model/tokenizer":             {"model/internal/files"},
	"model":                       {"gpu", "model/safetensors"},
	"model/nn":                    {"model"},
	"model/bert":                  {"model/nn"},
	"model/gpt2":                  {"model/nn"},
	"model/generate":              {"model"},
	"model/zoo":                   {"model/bert", "model/gpt2"},
	"model/task":                  {"model/tokenizer", "model/generate", "gpu/auto", "model/zoo"},
	"bench/kernels":               {"cuda", "cuda/sim"},
	"bench/gpu":                   {"cuda/nvidia", "cuda", "cuda/sim", "model/bert"},
	"cmd/rapt":                    {"model/task", "cmd/rapt/embedded", "cuda/sim/report"},
	"cmd/rapt/embedded":           {},
}

// libraries is what a package may import from outside the module and the standard library.
var libraries = map[string][]string{
	"model/safetensors": {"golang.org/x/exp/mmap"},
	"model/tokenizer":   {"golang.org/x/text/unicode/norm"},
	"cuda/nvidia":       {"github.com/ebitengine/purego", "gorgonia.org/cu"},
	"cmd/rapt":          {"github.com/spf13/cobra", "github.com/schollz/progressbar/v3", "golang.org/x/term"},
}

// testLibraries is what tests may import besides.
var testLibraries = []string{"github.com/stretchr/testify/assert", "github.com/stretchr/testify/require"}

// cgo is the packages that may import "C".
var cgo = []string{"cuda/nvidia", "cuda/nvidia/internal/header", "cuda/nvidia/libcuda"}

// TestImports fails on an import that the structure forbids. Tests may import any package of the
// module.
func TestImports(t *testing.T) {
	seen := map[string]bool{}
	for file := range goFiles(t) {
		folder := path.Dir(file)
		if _, ok := arrows[folder]; !ok {
			assert.True(t, seen[folder], "%s: a package without a place in arrows", folder)
			seen[folder] = true
			continue
		}
		seen[folder] = true
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		require.NoError(t, err)
		test := strings.HasSuffix(file, "_test.go")
		for _, spec := range parsed.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			require.NoError(t, err)
			assert.True(t, allowed(folder, imported, test), "%s imports %s", file, imported)
		}
	}
	for folder := range arrows {
		assert.True(t, seen[folder], "arrows has %s, where no package is", folder)
	}
}

// goFiles is the module's Go files, but for those that the go command does not see.
func goFiles(t *testing.T) map[string]bool {
	files := map[string]bool{}
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		base := d.Name()
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != "." && (base == "testdata" || base[0] == '.' || base[0] == '_'):
			return fs.SkipDir
		case !d.IsDir() && strings.HasSuffix(base, ".go") && base[0] != '_' && base[0] != '.':
			files[filepath.ToSlash(name)] = true
		}
		return nil
	})
	require.NoError(t, err)
	require.NotEmpty(t, files)
	return files
}

func allowed(folder, imported string, test bool) bool {
	if imported == "C" {
		return slices.Contains(cgo, folder)
	}
	if imported == module || strings.HasPrefix(imported, module+"/") {
		to := strings.TrimPrefix(strings.TrimPrefix(imported, module), "/")
		return test || to == folder || reaches(folder, to)
	}
	if first, _, _ := strings.Cut(imported, "/"); !strings.Contains(first, ".") {
		return true // the standard library
	}
	return slices.Contains(libraries[folder], imported) || test && slices.Contains(testLibraries, imported)
}

// reaches reports whether arrows lead from one package to another.
func reaches(from, to string) bool {
	return slices.ContainsFunc(arrows[from], func(next string) bool { return next == to || reaches(next, to) })
}

// TestArrows fails on a cycle or on an arrow to a package without a place.
func TestArrows(t *testing.T) {
	for _, from := range slices.Sorted(maps.Keys(arrows)) {
		for _, to := range arrows[from] {
			assert.Contains(t, arrows, to, "arrow from %s", from)
			assert.False(t, to == from || leads(to, from, len(arrows)), "%s and %s import each other", from, to)
		}
	}
}

// leads is reaches within so many steps, which ends where there are cycles.
func leads(from, to string, steps int) bool {
	return steps > 0 && slices.ContainsFunc(arrows[from], func(next string) bool { return next == to || leads(next, to, steps-1) })
}
