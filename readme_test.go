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

// TestReadmeExample fails where the README's example is not the body of the one that is compiled and
// run, but for the model's folder.
func TestReadmeExample(t *testing.T) {
	const file = "model/task/example_test.go"
	set := token.NewFileSet()
	parsed, err := parser.ParseFile(set, file, nil, parser.ParseComments)
	require.NoError(t, err)
	example, ok := parsed.Scope.Lookup("Example").Decl.(*ast.FuncDecl)
	require.True(t, ok)
	source, err := os.ReadFile(file)
	require.NoError(t, err)
	body := string(source[set.Position(example.Body.Lbrace).Offset+1 : set.Position(example.Body.Rbrace).Offset])
	body, _, _ = strings.Cut(body, "// Output:")
	want := strings.ReplaceAll(strings.ReplaceAll(body, "\n\t", "\n"), "../../testdata/golden/bert-embed", "all-MiniLM-L6-v2")

	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	_, after, _ := strings.Cut(string(readme), "```go\n")
	got, _, _ := strings.Cut(after, "```")
	assert.Equal(t, strings.TrimSpace(want), strings.TrimSpace(got))
}

// TestReadmeCommands fails where the README no longer begins with the two commands that set everything up.
func TestReadmeCommands(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	assert.Contains(t, string(readme), "\n    go run ./cmd/rapt demo\n    go test ./...\n")
}
