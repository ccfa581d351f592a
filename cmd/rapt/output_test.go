package main

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/rapt-go/rapt/model/safetensors"
)

func TestNumbers(t *testing.T) {
	inf := math.Inf(1)
	data, err := json.Marshal([]any{score(0.1), score(math.NaN()), score(inf), score(-inf), score(1e-30), score(1e30), single(0.1), single(math.NaN()),
		vector{0.1, float32(inf), -1e-10, 0}, vector(nil)})
	require.NoError(t, err)
	require.Equal(t, `[0.1,null,null,null,1e-30,1e+30,0.1,null,[0.1,null,-1e-10,0],[]]`, string(data))
	require.Equal(t, "0.1 NaN -1e-10", vector{0.1, float32(math.NaN()), -1e-10}.String())
}

func TestColumns(t *testing.T) {
	var b bytes.Buffer
	o := (&common{app: &app{stdout: &b}}).output(nil)
	require.NoError(t, o.columns("a\tb", "c\\d\r\n", ""))
	require.NoError(t, o.object(map[string]string{"text": "<a & b>"}))
	require.Empty(t, b.String(), "nothing is written before it is flushed")
	require.NoError(t, o.flush())
	require.Equal(t, "a\\tb\tc\\\\d\\r\\n\t\n{\"text\":\"<a & b>\"}\n", b.String())
}

// TestPrintable escapes what a terminal obeys, and nothing that scripts are written with.
func TestPrintable(t *testing.T) {
	for in, want := range map[string]string{
		"\x1b[31mred\a":          `\x1b[31mred\a`,
		"\x00\x7f\u009b\u0085":   `\x00\x7f\u009b\u0085`,
		"a\tb\r\nc":              `a\tb\r\nc`,
		"\u202egnp\u2066.\u200f": `\u202egnp\u2066.\u200f`,
		"\u2028\u2029":           `\u2028\u2029`,
		"bad \xff\x9b byte":      `bad \xff\x9b byte`,
		"":                       "",
		`plain \ "é" 東京\u3000 😀`: `plain \ "é" 東京\u3000 😀`,
		"می\u200cخواهم 👩\u200d🚀 a\u00a0b \ufffd": "می\u200cخواهم 👩\u200d🚀 a\u00a0b \ufffd",
	} {
		require.Equal(t, want, printable(in))
	}
	require.Equal(t, "a\n"+`\x1b`+"\nb", printableLines("a\n\x1b\nb"))
}

// TestHostileNames has the names in a model's files reach a terminal escaped.
func TestHostileNames(t *testing.T) {
	const esc = "\x1b]0;owned\a\u202e"
	safe := func(r ran) {
		t.Helper()
		for _, s := range []string{"\x1b", "\a", "\u202e"} {
			require.NotContains(t, r.stdout+r.stderr, s)
		}
		require.Contains(t, r.stdout+r.stderr, `x1b]0;owned`)
	}
	labels := map[string]string{"0": esc + "0", "1": esc + "1", "2": esc + "2"}
	model := changed(t, "bert-classify", "id2label", labels)
	r := rapt(t, "", "classify", "--model", model, "a")
	require.Equal(t, exitDone, r.code, r.stderr)
	safe(r)
	got := ok[classification](t, "", "classify", "--model", model, "a")[0]
	require.Contains(t, got.Labels[0].Label, esc, "JSON is faithful")

	r = rapt(t, "", "inspect", changed(t, "bert-classify", esc, "\u009b\u202e value"))
	require.Equal(t, exitDone, r.code, r.stderr)
	safe(r)
	require.NotContains(t, r.stdout, "\u009b")
	safe(rapt(t, "", "inspect", changed(t, "bert-classify", "model_type", esc)))
	r = rapt(t, "", "inspect", changed(t, "bert-embed", "architectures", []string{esc}))
	require.Equal(t, exitDone, r.code, r.stderr)
	safe(r)

	dir := changed(t, "bert-embed", "architectures", []string{"BertModel"})
	set, err := safetensors.OpenDir(dir)
	require.NoError(t, err)
	var file bytes.Buffer
	require.NoError(t, safetensors.Write(&file, nil, append(set.Tensors(), safetensors.Tensor{Name: esc, DType: "F32", Shape: []int{0}, Src: bytes.NewReader(nil)})))
	require.NoError(t, set.Close())
	require.NoError(t, os.WriteFile(filepath.Join(dir, "model.safetensors"), file.Bytes(), 0o600))
	r = rapt(t, "", "inspect", "--tensors", dir)
	require.Equal(t, exitDone, r.code, r.stderr)
	safe(r)
	require.Equal(t, 2, strings.Count(r.stdout, `\x1b]0;owned\a\u202e`), "among the unused and the tensors")
}

// TestHumanOutput pins the columns that the help describes.
func TestHumanOutput(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"fill-mask", "--top-k", "1", "In the [MASK]."}, `^0\.\d{4}\t\w+\t1\tin the \w+\.\n$`},
		{[]string{"next-sentence", "a\tb", "c"}, `^0\.\d{4}\ta\\tb\tc\n$`},
		{[]string{"embed", "a"}, `^a\t(-?\d\S* ){127}-?\d\S*\n$`},
		{[]string{"classify", "--model", golden("bert-classify"), "--top-k", "1", "a"}, `^0\.\d{4}\t\w+\ta\n$`},
		{[]string{"classify", "--model", golden("bert-classify"), "--top-k", "1", "--pair", "b", "a"}, `^0\.\d{4}\t\w+\ta\tb\n$`},
		{[]string{"rerank", "--model", golden("bert-rerank"), "a", "b"}, `^0\.\d{4}\t0\tb\ta\n$`},
		{[]string{"rerank", "--model", golden("bert-rerank"), "--raw", "a", "b"}, `^-0\.\d{4}\t0\tb\ta\n$`},
		{[]string{"tag", "--model", golden("bert-ner"), "--aggregation", "first", "Zürich and São Paulo"}, `^0\.3097\tLOC\t15\t20\tPaulo\tZürich and São Paulo\n$`},
		{[]string{"answer", "--model", golden("bert-qa"), "When?", "On Friday."}, `^0\.\d{4}\t\d+\t\d+\t[^\t]+\tWhen\?\n$`},
		{[]string{"tokenize", "in the"}, `^\[CLS\] in the \[SEP\]\t\d+ \d+ \d+ \d+\n$`},
		{[]string{"tokenize", "--no-special", "--max-length", "1", "in the"}, `^in\t\d+\nthe\t\d+\n$`},
		{[]string{"devices"}, `^BACKEND +AVAILABLE +NAME +FREE MEMORY +DETAILS\ncpu +yes +cpu `},
		{[]string{"inspect"}, `^model +bert BertForPreTraining\ntasks +embed, fill-mask, next-sentence\nparameters +1,617,522\n`},
	} {
		r := rapt(t, "", c.args...)
		require.Equal(t, exitDone, r.code, r.stderr)
		require.Regexp(t, c.want, r.stdout, "%q", c.args)
	}
}
