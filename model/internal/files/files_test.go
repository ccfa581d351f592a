package files

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRead(t *testing.T) {
	pointer := "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n"
	fsys := fstest.MapFS{
		"five": {Data: []byte("12345")}, "none": {}, "dir/x": {}, "pipe": {Mode: fs.ModeNamedPipe}, "zero": {Mode: fs.ModeDevice | fs.ModeCharDevice},
		"pointer": {Data: []byte(pointer)},
	}
	for name, want := range map[string]string{"five": "12345", "none": ""} {
		data, err := Read(fsys, name, 5)
		require.NoError(t, err)
		assert.Equal(t, want, string(data))
	}
	for name, want := range map[string]string{
		"five": "5 bytes, more than the 4 that such a file may have",
		"dir":  "not a regular file",
		"pipe": "not a regular file",
		"zero": "not a regular file",
		"gone": "file does not exist",
	} {
		_, err := Read(fsys, name, 4)
		assert.EqualError(t, err, want)
	}
	_, err := Read(fsys, "gone", 4)
	assert.ErrorIs(t, err, fs.ErrNotExist)
	_, err = Read(fsys, "pointer", 1000)
	assert.ErrorIs(t, err, ErrPointer)
	assert.ErrorContains(t, err, "git lfs pull")
}

// liar says of every file that it is empty, as /proc does.
type liar struct{ fstest.MapFS }

func (l liar) Stat(name string) (fs.FileInfo, error) {
	return fstest.MapFS{name: {}}.Stat(name)
}

func TestReadEnforcesLimit(t *testing.T) {
	fsys := liar{fstest.MapFS{"x": {Data: []byte("12345")}}}
	_, err := Read(fsys, "x", 4)
	require.EqualError(t, err, "said to have 0 bytes, it has more than the 4 that such a file may have")
	data, err := Read(fsys, "x", 5)
	require.NoError(t, err)
	require.Equal(t, "12345", string(data))
}

func TestDecode(t *testing.T) {
	type inner struct {
		Flag  bool
		Count int32
	}
	type outer struct {
		Text  string           `json:"text"`
		Size  *float64         `json:"size"`
		Inner inner            `json:"inner"`
		List  []inner          `json:"list"`
		Words map[string]int32 `json:"words"`
	}
	for src, want := range map[string]string{
		`{"text":1}`:                  "text: found number, expected a string",
		`{"size":"1"}`:                "size: found string, expected a number",
		`{"inner":{"Flag":[]}}`:       "inner.Flag: found array, expected true or false",
		`{"inner":[]}`:                "inner: found array, expected an object",
		`{"list":{}}`:                 "list: found object, expected a list",
		`{"words":{"a":1.5}}`:         "words: found number 1.5, expected an integer of 32 bits",
		`{"words":{"a":4000000000}}`:  "words: found number 4000000000, expected an integer of 32 bits",
		`3`:                           "found number, expected an object",
		"":                            "not JSON: unexpected end of JSON input at byte 0 (line 1, column 1)",
		"{\n \"text\":\"a\",\n":       "not JSON: unexpected end of JSON input at byte 15 (line 3, column 1)",
		"{\n \"text\":\n  \"a\";}":    "not JSON: invalid character ';' after object key:value pair at byte 16 (line 3, column 6)",
		`{"size":3,"inner":{"Flag":}`: `"inner": not JSON: invalid character '}' looking for beginning of value at byte 26 (line 1, column 27)`,
		`{"size":3} x`:                "not JSON: invalid character 'x' after top-level value at byte 11 (line 1, column 12)",
		"\xef\xbb\xbf{}":              "not JSON: invalid character 'ï' looking for beginning of value at byte 0: a byte order mark, which JSON does not allow; save the file as UTF-8 without it",
		"\xff\xfe{\x00}\x00":          "not JSON: invalid character 'ÿ' looking for beginning of value at byte 0: a byte order mark, which JSON does not allow; save the file as UTF-8 without it",
		`{"words":{"a":1` + strings.Repeat("0", 99) + "}}": "words: found number 1" + strings.Repeat("0", 32) + "…, expected an integer of 32 bits",
	} {
		var v outer
		assert.EqualError(t, Decode([]byte(src), &v), want)
	}
	var v outer
	require.NoError(t, Decode([]byte(`{"text":"a","size":2,"words":{"b":3}}`), &v))
	assert.Equal(t, "a", v.Text)
	assert.Equal(t, map[string]int32{"b": 3}, v.Words)
	assert.Empty(t, Place([]byte(`{"text":1}`)))
}
