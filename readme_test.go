package rapt_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestReadmeExamples fails where the README's examples, in order, are not the bodies of those that are compiled and run, but
// for the models' folders.
func TestReadmeExamples(t *testing.T) {
	const file = "model/task/example_test.go"
	set := token.NewFileSet()
	parsed, err := parser.ParseFile(set, file, nil, parser.ParseComments)
	require.NoError(t, err)
	source, err := os.ReadFile(file)
	require.NoError(t, err)
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	folders := strings.NewReplacer("\n\t", "\n", "../../testdata/golden/bert-embed", "all-MiniLM-L6-v2", "../../cmd/rapt/embedded/", "")
	after := string(readme)
	for _, name := range []string{"Example", "ExampleGenerator"} {
		example, ok := parsed.Scope.Lookup(name).Decl.(*ast.FuncDecl)
		require.True(t, ok)
		body := string(source[set.Position(example.Body.Lbrace).Offset+1 : set.Position(example.Body.Rbrace).Offset])
		body, _, _ = strings.Cut(body, "// Output:")
		_, after, _ = strings.Cut(after, "```go\n")
		var got string
		got, after, _ = strings.Cut(after, "```")
		assert.Equal(t, strings.TrimSpace(folders.Replace(body)), strings.TrimSpace(got))
	}
}

// TestReadmeCommands fails where the README no longer begins with the two commands that set everything up.
func TestReadmeCommands(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	assert.Contains(t, string(readme), "\n    go run ./cmd/rapt demo\n    go test ./...\n")
}
