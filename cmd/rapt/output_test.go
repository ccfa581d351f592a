package main

import (
	"bytes"
	"encoding/json"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
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
