package model_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/rapt-go/rapt/model"
)

const file = "config.json"

func readConfig(text string) (*model.Config, error) {
	return model.ReadConfig(model.FS(fstest.MapFS{file: {Data: []byte(text)}}), file)
}

// Every accessor: what it makes of a field, or how it refuses it. The field is x.
func TestConfigFields(t *testing.T) {
	integer := func(c *model.Config) any { return c.Int("x", 7, -2, 100) }
	number := func(c *model.Config) any { return c.Float("x", 0.5, 0, 1e6) }
	truth := func(c *model.Config) any { return c.Bool("x", true) }
	text := func(c *model.Config) any { return c.Text("x", "usual") }
	texts := func(c *model.Config) any { return c.Texts("x") }
	ints := func(c *model.Config) any { return c.Ints("x", -1, 99) }
	lists := func(c *model.Config) any { return c.IntLists("x", -1, 99) }
	object := func(c *model.Config) any {
		if o := c.Object("x"); o != nil {
			return o.Int("y", 1, 0, 9)
		}
		return nil
	}
	for _, c := range []struct {
		get   func(c *model.Config) any
		json  string // of x; empty: absent
		want  any
		error string
	}{
		{integer, "", 7, ""},
		{integer, "null", 7, ""},
		{integer, "-2", -2, ""},
		{integer, "100", 100, ""},
		{integer, "-0", 0, ""},
		{integer, "-3", 7, "is -3, not from -2 to 100"},
		{integer, "101", 7, "is 101, not from -2 to 100"},
		{integer, "18446744073709551617", 7, "is 18446744073709551617, not from -2 to 100"},
		{integer, "-99999999999999999999", 7, "is -99999999999999999999, not from -2 to 100"},
		{integer, "1e1", 7, "is 1e1, not an integer"}, // a float in Python too, which PyTorch refuses as a size
		{integer, "1e3", 7, "is 1e3, not an integer"},
		{integer, "12.0", 7, "is 12.0, not an integer"},
		{integer, `"12"`, 7, `is "12", not an integer`},
		{integer, "true", 7, "is true, not an integer"},
		{integer, "[12]", 7, "is [12], not an integer"},
		{integer, "{}", 7, "is {}, not an integer"},

		{number, "", 0.5, ""},
		{number, "null", 0.5, ""},
		{number, "0", 0.0, ""},
		{number, "1e-12", 1e-12, ""},
		{number, "1E+3", 1000.0, ""},
		{number, "1e6", 1e6, ""},
		{number, "-1e-9", 0.5, "is -1e-9, not from 0 to 1e+06"},
		{number, "1000001", 0.5, "is 1000001, not from 0 to 1e+06"},
		{number, "1e999", 0.5, "is 1e999, not a number"},
		{number, `"0.1"`, 0.5, `is "0.1", not a number`},
		{number, "false", 0.5, "is false, not a number"},
		{number, "[]", 0.5, "is [], not a number"},

		{truth, "", true, ""},
		{truth, "null", true, ""},
		{truth, "false", false, ""},
		{truth, "0", true, "is 0, not true or false"},
		{truth, `"false"`, true, `is "false", not true or false`},

		{text, "", "usual", ""},
		{text, "null", "usual", ""},
		{text, `""`, "", ""},
		{text, `"g\u00e9lu"`, "gélu", ""},
		{text, "1", "usual", "is 1, not a string"},
		{text, `["a"]`, "usual", `is ["a"], not a string`},

		{texts, "", []string(nil), ""},
		{texts, "null", []string(nil), ""},
		{texts, "[]", []string{}, ""},
		{texts, `["a","b"]`, []string{"a", "b"}, ""},
		{texts, `"a"`, []string(nil), `is "a", not a list of strings`},
		{texts, `["a",2]`, []string(nil), `is ["a",2], not a list of strings`},

		{ints, "", []int(nil), ""},
		{ints, "null", []int(nil), ""},
		{ints, "[]", []int{}, ""},
		{ints, "7", []int{7}, ""},
		{ints, "[7, -1 ,99]", []int{7, -1, 99}, ""},
		{ints, "[7,100]", []int(nil), "has 100, not from -1 to 99"},
		{ints, "-2", []int(nil), "has -2, not from -1 to 99"},
		{ints, "[18446744073709551617]", []int(nil), "has 18446744073709551617, not from -1 to 99"},
		{ints, "[null]", []int(nil), "is [null], not an integer or a list of integers"},
		{ints, "[1.0]", []int(nil), "is [1.0], not an integer or a list of integers"},
		{ints, `"7"`, []int(nil), `is "7", not an integer or a list of integers`},
		{ints, "[[7]]", []int(nil), "is [[7]], not an integer or a list of integers"},
		{lists, "", [][]int(nil), ""},
		{lists, "null", [][]int(nil), ""},
		{lists, "[]", [][]int(nil), ""},
		{lists, "[[7],[],[1,2]]", [][]int{{7}, {}, {1, 2}}, ""},
		{lists, "[7]", [][]int(nil), "is [7], not a list of lists of integers"},
		{lists, "7", [][]int(nil), "is 7, not a list of lists of integers"},
		{lists, "[[7],null]", [][]int(nil), "is [[7],null], not a list of lists of integers"},
		{lists, "[[7],[null]]", [][]int(nil), "is [[7],[null]], not a list of lists of integers"},
		{lists, "[[7],[100]]", [][]int(nil), "has 100, not from -1 to 99"},

		{object, "", nil, ""},
		{object, "null", nil, ""},
		{object, "{}", 1, ""},
		{object, `{"y":5}`, 5, ""},
		{object, "[]", nil, "is [], not an object"},
		{object, `"y"`, nil, `is "y", not an object`},
	} {
		src := "{}"
		if c.json != "" {
			src = fmt.Sprintf(`{"x":%s}`, c.json)
		}
		cfg, err := readConfig(src)
		require.NoError(t, err, src)
		require.NoError(t, cfg.Err(), src)
		require.Equal(t, c.want, c.get(cfg), src)
		if c.error == "" {
			require.NoError(t, cfg.Err(), src)
		} else {
			require.EqualError(t, cfg.Err(), "config.json: x "+c.error, src)
		}
	}
}

func TestConfigNested(t *testing.T) {
	c, err := readConfig(`{"inner":{"deeper":{"n":"x"}}}`)
	require.NoError(t, err)
	deeper := c.Object("inner").Object("deeper")
	require.Equal(t, 3, deeper.Int("n", 3, 0, 9))
	require.EqualError(t, deeper.Err(), `config.json: inner: deeper: n is "x", not an integer`)
	require.NoError(t, c.Err())
}

// Whatever is wrong with the fields comes at once, each with its file and name.
func TestConfigListsAllErrors(t *testing.T) {
	c, err := readConfig(`{"a":"1","b":-1,"c":"yes","d":3,"e":{},"f":[]}`)
	require.NoError(t, err)
	c.Int("a", 0, 0, 1)
	c.Float("b", 0, 0, 1)
	c.Bool("c", false)
	c.Text("d", "")
	c.Texts("e")
	c.Object("f")
	cause := errors.New("because")
	c.Failf("g", "is wrong: %w", cause)
	require.ErrorIs(t, c.Err(), cause)
	require.Equal(t, strings.Join([]string{
		`config.json: a is "1", not an integer`,
		`config.json: b is -1, not from 0 to 1`,
		`config.json: c is "yes", not true or false`,
		`config.json: d is 3, not a string`,
		`config.json: e is {}, not a list of strings`,
		`config.json: f is [], not an object`,
		`config.json: g is wrong: because`,
	}, "\n"), c.Err().Error())
}

// A value in a message is short, on one line, and nothing that a terminal obeys.
func TestConfigShowsValues(t *testing.T) {
	for src, shown := range map[string]string{
		"[\n1,\t2\r]":                             "[ 1, 2 ]",
		"\"\x7f\u009b31m\u202e\"":                 `"  31m "`,
		`"` + strings.Repeat("é", 50) + `"`:       `"` + strings.Repeat("é", 29) + "…", // 1+2·29 = 59 bytes: the 60th is half a letter
		`"` + strings.Repeat("x", 1<<20) + `"`:    `"` + strings.Repeat("x", 59) + "…",
		`"` + strings.Repeat("x", 58) + `"`:       `"` + strings.Repeat("x", 58) + `"`,
		"{\"a\":" + strings.Repeat(" ", 9) + "1}": `{"a":         1}`,
	} {
		c, err := readConfig(`{"x":` + src + `}`)
		require.NoError(t, err)
		c.Int("x", 0, 0, 1)
		require.EqualError(t, c.Err(), "config.json: x is "+shown+", not an integer")
	}
}

func TestConfigOfDuplicates(t *testing.T) {
	c, err := readConfig(`{"x":"no","y":1,"x":2}`)
	require.NoError(t, err)
	require.Equal(t, 2, c.Int("x", 0, 0, 9), "the last one counts, as in Python")
	require.NoError(t, c.Err())
	require.Equal(t, map[string]json.RawMessage{"x": json.RawMessage("2"), "y": json.RawMessage("1")}, c.Fields())
	c.Fields()["x"] = nil
	require.JSONEq(t, "2", string(c.Raw("x")), "Fields is a copy")
	require.Nil(t, c.Raw("z"))
}

func TestReadConfigRefuses(t *testing.T) {
	for src, want := range map[string]string{
		"":                  "config.json: not a JSON object: unexpected EOF",
		"  \n":              "config.json: not a JSON object: unexpected EOF",
		"[]":                "config.json: not a JSON object",
		`"x"`:               "config.json: not a JSON object",
		"null":              "config.json: not a JSON object",
		"\xef\xbb\xbf{}":    "config.json: not a JSON object: invalid character",
		"{":                 "config.json: not JSON: unexpected EOF",
		`{"x"`:              "unexpected EOF",
		`{"x":`:             `config.json: "x": not JSON: unexpected EOF`,
		`{"x":1`:            "config.json: not JSON: unexpected EOF",
		`{"x":1,`:           "unexpected EOF",
		`{"x":1,}`:          "config.json: not JSON",
		`{"x":1 "y":2}`:     "config.json: not JSON",
		`{"x":NaN}`:         `config.json: "x": not JSON: invalid character 'N'`,
		`{"x":[1,]}`:        `config.json: "x": not JSON`,
		`{"x":01}`:          "config.json: ",
		`{x:1}`:             "config.json: not JSON",
		`{"x":1]`:           "config.json: not JSON",
		"{\"\\u001b[31m\":": `config.json: "\x1b[31m": not JSON`,
		"{}x":               "config.json: something follows the JSON object",
		"{}{}":              "config.json: something follows the JSON object",
		"{}\x00":            "config.json: something follows the JSON object",
		`{"x":` + strings.Repeat("[", 20000) + strings.Repeat("]", 20000) + "}": `config.json: "x": not JSON: invalid character '[' exceeded max depth`,
	} {
		c, err := readConfig(src)
		require.ErrorContains(t, err, want, "%.40q", src)
		require.False(t, errors.Is(err, io.EOF), "%.40q", src)
		require.Nil(t, c)
	}
	_, err := readConfig(" {}\n\n")
	require.NoError(t, err)
}

// A file too large is refused by its size: it is not read.
func TestReadConfigOfHugeFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, file)
	require.NoError(t, os.WriteFile(path, []byte("{}"), 0o666))
	require.NoError(t, os.Truncate(path, 16<<20+1))
	f, err := model.Dir(dir)
	require.NoError(t, err)
	_, err = model.ReadConfig(f, file)
	require.EqualError(t, err, "config.json: 16777217 bytes, more than the 16777216 that such a file may have")
}

func TestConfigModelType(t *testing.T) {
	for src, want := range map[string][2]string{
		`{"model_type":"bert"}`: {"bert", ""},
		`{}`:                    {"", "config.json: model_type is absent: the file does not say which architecture it is of"},
		`{"model_type":null}`:   {"", "config.json: model_type is absent: the file does not say which architecture it is of"},
		`{"model_type":""}`:     {"", "config.json: model_type is absent: the file does not say which architecture it is of"},
		`{"model_type":["a"]}`:  {"", `config.json: model_type is ["a"], not a string`},
	} {
		c, err := readConfig(src)
		require.NoError(t, err)
		require.Equal(t, want[0], c.ModelType())
		if want[1] == "" {
			require.NoError(t, c.Err())
		} else {
			require.EqualError(t, c.Err(), want[1])
		}
	}
}

func TestConfigClass(t *testing.T) {
	for src, want := range map[string]string{
		`{}`:                            "",
		`{"architectures":null}`:        "",
		`{"architectures":[]}`:          "",
		`{"architectures":["A","B"]}`:   "A",
		`{"architectures":"BertModel"}`: "", // and an error
	} {
		c, err := readConfig(src)
		require.NoError(t, err)
		require.Equal(t, want, c.Class(), src)
		require.Equal(t, strings.Contains(src, "BertModel"), c.Err() != nil, src)
	}
}

func TestConfigClasses(t *testing.T) {
	k := func(p model.Problem, labels ...string) model.Classes {
		return model.Classes{Labels: labels, Problem: p}
	}
	for _, c := range []struct {
		json, error string
		want        model.Classes
	}{
		{`{}`, "", k(model.SingleLabel, "LABEL_0", "LABEL_1")},
		{`{"id2label":null,"num_labels":3}`, "", k(model.SingleLabel, "LABEL_0", "LABEL_1", "LABEL_2")},
		{`{"num_labels":1,"problem_type":"regression"}`, "", k(model.Regression, "LABEL_0")},
		{`{"num_labels":0}`, "num_labels is 0, not from 1 to 1048576", model.Classes{}},
		{`{"num_labels":1048577}`, "num_labels is 1048577, not from 1 to 1048576", model.Classes{}},
		{`{"num_labels":"2"}`, `num_labels is "2", not an integer`, model.Classes{}},
		{`{"id2label":{"1":"b","0":"a"},"num_labels":5}`, "", k(model.SingleLabel, "a", "b")},
		{`{"id2label":{"10":"k","0":"a","1":"b","2":"c","3":"d","4":"e","5":"f","6":"g","7":"h","8":"i","9":"j"}}`, "",
			k(model.SingleLabel, "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k")},
		{`{"id2label":{"0":"a","0":"b"}}`, "", k(model.SingleLabel, "b")},
		{`{"id2label":{}}`, "id2label is {}, without a label", model.Classes{}},
		{`{"id2label":{"0":"a","2":"c"}}`, "id2label has 2 labels and none for 1", model.Classes{}},
		{`{"id2label":{"1":"a"}}`, "id2label has 1 labels and none for 0", model.Classes{}},
		{`{"id2label":{"00":"a"}}`, "id2label has 1 labels and none for 0", model.Classes{}},
		{`{"id2label":{"-1":"a"}}`, "id2label has 1 labels and none for 0", model.Classes{}},
		{`{"id2label":{"0":1}}`, `id2label is {"0":1}, not an object of strings`, model.Classes{}},
		{`{"id2label":["a","b"]}`, `id2label is ["a","b"], not an object of strings`, model.Classes{}},
		{`{"problem_type":null}`, "", k(model.SingleLabel, "LABEL_0", "LABEL_1")},
		{`{"problem_type":"single_label_classification"}`, "", k(model.SingleLabel, "LABEL_0", "LABEL_1")},
		{`{"problem_type":"multi_label_classification"}`, "", k(model.MultiLabel, "LABEL_0", "LABEL_1")},
		{`{"problem_type":"ranking"}`, `problem_type is "ranking", not one of regression, single_label_classification, multi_label_classification`, model.Classes{}},
		{`{"problem_type":3}`, "problem_type is 3, not a string", model.Classes{}},
	} {
		cfg, err := readConfig(c.json)
		require.NoError(t, err)
		got := cfg.Classes()
		if c.error != "" {
			require.EqualError(t, cfg.Err(), "config.json: "+c.error)
			continue
		}
		require.NoError(t, cfg.Err(), c.json)
		require.Equal(t, c.want, got, c.json)
	}
}
