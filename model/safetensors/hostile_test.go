package safetensors

import (
	"encoding/binary"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// entry is one tensor of a header.
func entry(name, dtype, shape, offsets string) string {
	return fmt.Sprintf(`%q:{"dtype":%q,"shape":%s,"data_offsets":%s}`, name, dtype, shape, offsets)
}

func TestHeaderErrors(t *testing.T) {
	a := entry("a", "F32", "[1]", "[0,4]")
	long := strings.Repeat("n", 5000)
	for name, c := range map[string]struct {
		header string
		data   int
		want   []string // beside the file's name
	}{
		"array":             {"[]", 0, []string{"found [", "expected an object"}},
		"number":            {"7", 0, []string{"found 7", "expected an object"}},
		"spaces":            {"    ", 0, []string{"ends at byte 4"}},
		"after the end":     {"{" + a + "}x", 4, []string{"found x", "nothing more"}},
		"zeros as padding":  {"{" + a + "}\x00\x00", 4, []string{"byte ", "nothing more"}},
		"second object":     {"{" + a + "}{}", 4, []string{"nothing more"}},
		"comma at the end":  {"{" + a + ",}", 4, []string{"expected a string"}},
		"no colon":          {`{"a"}`, 0, []string{"expected ':'"}},
		"open string":       {`{"a`, 0, []string{"end of a string"}},
		"open escape":       {`{"a\`, 0, []string{"end of a string"}},
		"bad escape":        {`{"\x":1}`, 0, []string{"byte 1"}},
		"half a pair":       {`{"\\\ud83d":1}`, 0, []string{"byte 4", "half a surrogate pair"}},
		"wrong pair":        {`{"\ud83d\u0041":1}`, 0, []string{"half a surrogate pair"}},
		"second half":       {`{"\ude00":1}`, 0, []string{"half a surrogate pair"}},
		"control character": {"{\"a\x01\":1}", 0, []string{"control character 0x01"}},
		"deep":              {`{"a":` + strings.Repeat("[", 1_000_000), 0, []string{`tensor "a"`, "expected an object"}},
		"deep shape":        {entryIn(`{"shape":` + strings.Repeat("[", 1_000_000) + "}"), 0, []string{`tensor "a"`, "shape"}},
		"deep metadata":     {`{"__metadata__":{"k":` + strings.Repeat("[", 1_000_000), 0, []string{"__metadata__", `"k"`}},

		"same tensor":              {"{" + a + "," + a + "}", 4, []string{`tensor "a"`, "twice"}},
		"same tensor, escaped":     {"{" + a + `,"\u0061":{}}`, 4, []string{`tensor "a"`, "twice"}},
		"metadata twice":           {`{"__metadata__":{},"__metadata__":{}}`, 0, []string{"__metadata__", "twice"}},
		"key of metadata twice":    {`{"__metadata__":{"k":"1","k":"2"}}`, 0, []string{"__metadata__", `"k"`, "twice"}},
		"metadata is a number":     {`{"__metadata__":3}`, 0, []string{"__metadata__", "found 3"}},
		"metadata holds a number":  {`{"__metadata__":{"k":3}}`, 0, []string{"__metadata__", `"k"`, "found 3", "a string"}},
		"metadata holds an object": {`{"__metadata__":{"k":{}}}`, 0, []string{"__metadata__", `"k"`, "a string"}},

		"entry is a string": {entryIn(`"F32"`), 0, []string{`tensor "a"`, "expected an object"}},
		"entry is a list":   {entryIn(`["F32",[1],[0,4]]`), 4, []string{`tensor "a"`, "expected an object"}},
		"entry is null":     {entryIn(`null`), 0, []string{`tensor "a"`, "found null"}},
		"unknown key":       {entryIn(`{"dtype":"F32","strides":[1]}`), 0, []string{`tensor "a"`, `unknown key "strides"`}},
		"wrong case":        {entryIn(`{"DType":"F32"}`), 0, []string{`unknown key "DType"`}},
		"key twice":         {entryIn(`{"dtype":"F32","dtype":"F32"}`), 0, []string{`tensor "a"`, `"dtype"`, "twice"}},
		"no dtype":          {entryIn(`{"shape":[1],"data_offsets":[0,4]}`), 4, []string{`tensor "a"`, `no "dtype"`}},
		"no shape":          {entryIn(`{"dtype":"F32","data_offsets":[0,4]}`), 4, []string{`tensor "a"`, `no "shape"`}},
		"no offsets":        {entryIn(`{"shape":[1],"dtype":"F32"}`), 4, []string{`tensor "a"`, `no "data_offsets"`}},

		"unknown dtype":    {"{" + entry("a", "F31", "[1]", "[0,4]") + "}", 4, []string{`tensor "a"`, "F31", "BOOL, F4", "BF16"}},
		"dtype in lower":   {"{" + entry("a", "f32", "[1]", "[0,4]") + "}", 4, []string{`"f32"`}},
		"dtype is number":  {entryIn(`{"dtype":32}`), 0, []string{"dtype", "found 32"}},
		"negative shape":   {"{" + entry("a", "F32", "[-1]", "[0,4]") + "}", 4, []string{`tensor "a"`, "shape", "-1"}},
		"minus zero":       {"{" + entry("a", "F32", "[-0]", "[0,0]") + "}", 0, []string{"-0"}},
		"fraction":         {"{" + entry("a", "F32", "[1.0]", "[0,4]") + "}", 4, []string{"shape", "1.0"}},
		"exponent":         {"{" + entry("a", "F32", "[1e0]", "[0,4]") + "}", 4, []string{"shape", "1e0"}},
		"leading zero":     {"{" + entry("a", "F32", "[01]", "[0,4]") + "}", 4, []string{"shape", "01"}},
		"number as text":   {"{" + entry("a", "F32", `["1"]`, "[0,4]") + "}", 4, []string{"shape", `found "1`}},
		"2^63":             {"{" + entry("a", "F32", "[9223372036854775808]", "[0,4]") + "}", 4, []string{"9223372036854775808"}},
		"2^64+1":           {"{" + entry("a", "F32", "[18446744073709551617]", "[0,4]") + "}", 4, []string{"18446744073709551617"}},
		"product":          {"{" + entry("a", "U8", "[4294967296,4294967296]", "[0,0]") + "}", 0, []string{`tensor "a"`, "overflow"}},
		"product to zero":  {"{" + entry("a", "U8", "[4294967296,4294967296,0]", "[0,0]") + "}", 0, []string{"overflow"}},
		"zero, product":    {"{" + entry("a", "U8", "[0,4294967296,4294967296]", "[0,0]") + "}", 0, []string{"overflow"}},
		"size in bytes":    {"{" + entry("a", "F64", "[1152921504606846976]", "[0,0]") + "}", 0, []string{"overflow"}},
		"half a byte":      {"{" + entry("a", "F4", "[3]", "[0,2]") + "}", 2, []string{`tensor "a"`, "whole bytes"}},
		"65 dimensions":    {"{" + entry("a", "U8", "["+strings.Repeat("1,", 64)+"1]", "[0,1]") + "}", 1, []string{"64 dimensions"}},
		"one offset":       {"{" + entry("a", "F32", "[1]", "[0]") + "}", 4, []string{"data_offsets", "1 numbers"}},
		"three offsets":    {"{" + entry("a", "F32", "[1]", "[0,4,8]") + "}", 4, []string{"data_offsets", "more than two"}},
		"negative offset":  {"{" + entry("a", "F32", "[1]", "[-4,0]") + "}", 4, []string{`tensor "a"`, "data_offsets", "-4"}},
		"backward":         {"{" + entry("a", "F32", "[1]", "[4,0]") + "}", 4, []string{`tensor "a"`, "[4, 0]"}},
		"range not size":   {"{" + entry("a", "F32", "[2]", "[0,4]") + "}", 4, []string{`tensor "a"`, "[2] of F32 takes 8", "span 4"}},
		"scalar not size":  {"{" + entry("a", "F32", "[]", "[0,8]") + "}", 8, []string{"takes 4", "span 8"}},
		"truncated":        {"{" + a + "," + entry("b", "F32", "[2]", "[4,12]") + "}", 9, []string{`tensor "b"`, "truncated", "3 bytes are missing"}},
		"truncated by two": {"{" + a + "," + entry("b", "U8", "[9]", "[4,13]") + "}", 2, []string{`tensor "a"`, "truncated", "11 bytes are missing"}},
		"end of int64":     {"{" + entry("a", "U8", "[1]", "[9223372036854775806,9223372036854775807]") + "}", 1, []string{`tensor "a"`, "truncated"}},
		"overlap":          {"{" + a + "," + entry("b", "F32", "[1]", "[3,7]") + "}", 7, []string{`tensor "b"`, `tensor "a"`, "overlap", "[3, 7]", "[0, 4]"}},
		"same range":       {"{" + a + "," + entry("b", "F32", "[1]", "[0,4]") + "}", 4, []string{`"a"`, `"b"`, "overlap"}},
		"empty inside":     {"{" + a + "," + entry("b", "F32", "[0]", "[2,2]") + "}", 4, []string{`"a"`, `"b"`, "overlap"}},
		"hole":             {"{" + a + "," + entry("b", "F32", "[1]", "[8,12]") + "}", 12, []string{`tensor "b"`, "byte 8", "byte 4", "hole"}},
		"hole in front":    {"{" + entry("a", "F32", "[1]", "[4,8]") + "}", 8, []string{`tensor "a"`, "hole"}},
		"bytes behind":     {"{" + a + "}", 7, []string{"end at byte 4", "3 bytes"}},
		"only data":        {"{}", 1, []string{"1 bytes"}},

		"backslash in name": {`{"dir\\name":{}}`, 0, []string{`tensor "dir\name"`}},
		"unprintable name":  {`{"a\u001b[31m":{}}`, 0, []string{`"a\x1b[31m"`}},
		"very long name":    {`{"` + long + `":{}}`, 0, []string{"nnn\" … \"nnn"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := read(file(c.header, make([]byte, c.data)...))
			require.Error(t, err)
			for _, want := range append(c.want, "dir/x.safetensors: header: ") {
				assert.ErrorContains(t, err, want)
			}
			assert.Less(t, len(err.Error()), 3000)
			assert.NotContains(t, err.Error(), "\x1b")
		})
	}
}

func entryIn(value string) string { return `{"a":` + value + "}" }

// TestLegal holds what looks odd and is allowed; the reference implementation takes each.
func TestLegal(t *testing.T) {
	a := entry("a", "F32", "[1]", "[0,4]")
	for name, c := range map[string]struct {
		header string
		data   int
	}{
		"nothing":             {"{}", 0},
		"padding":             {"{" + a + "}\n\t\r  ", 4},
		"space in front":      {" {" + a + "}", 4},
		"space everywhere":    {"{ \"a\" : { \"dtype\" : \"F32\" , \"shape\" : [ 1 , 1 ] , \"data_offsets\" : [ 0 , 4 ] } }", 4},
		"keys in any order":   {`{"a":{"data_offsets":[0,4],"shape":[1],"dtype":"F32"}}`, 4},
		"tensors in any":      {"{" + entry("z", "U8", "[3]", "[4,7]") + "," + a + "}", 7},
		"scalar":              {"{" + entry("a", "F32", "[]", "[0,4]") + "}", 4},
		"empty":               {"{" + entry("e", "F32", "[0]", "[0,0]") + "," + a + "," + entry("g", "F32", "[2,0]", "[4,4]") + "}", 4},
		"zero dimension":      {"{" + entry("a", "F32", "[1024,0,1024]", "[0,0]") + "}", 0},
		"64 dimensions":       {"{" + entry("a", "U8", "["+strings.Repeat("1,", 63)+"1]", "[0,1]") + "}", 1},
		"six bits":            {"{" + entry("a", "F6_E2M3", "[8]", "[0,6]") + "," + entry("b", "F6_E3M2", "[4]", "[6,9]") + "}", 9},
		"escaped name":        {`{"\\u\n\ud83d\ude00\ufffd\u00E9":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}`, 1},
		"no name":             {"{" + entry("", "F32", "[1]", "[0,4]") + "}", 4},
		"metadata of nothing": {`{"__metadata__":{}}`, 0},
		"metadata of null":    {`{"__metadata__":null}`, 0},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := read(file(c.header, make([]byte, c.data)...))
			require.NoError(t, err)
			checkTiling(t, f, int64(8+len(c.header)), int64(c.data))
		})
	}
}

func TestNotAFile(t *testing.T) {
	length := func(n uint64, rest int) []byte {
		return append(binary.LittleEndian.AppendUint64(nil, n), make([]byte, rest)...)
	}
	for name, c := range map[string]struct {
		data []byte
		want []string
	}{
		"nothing":          {nil, []string{"0 bytes", "truncated", "expected at least the 8"}},
		"seven bytes":      {make([]byte, 7), []string{"7 bytes"}},
		"no header":        {length(0, 100), []string{"header", "length is 0"}},
		"header is cut":    {length(200, 50), []string{"header", "200 bytes", "only 50", "truncated", "150 bytes"}},
		"above the limit":  {length(maxHeader+1, 50), []string{"header", "100000001", "100000000"}},
		"at the limit":     {length(maxHeader, 50), []string{"header", "truncated"}},
		"2^40":             {length(1<<40, 50), []string{"header", "1099511627776"}},
		"2^63":             {length(1<<63, 50), []string{"header", "9223372036854775808"}},
		"2^64-1":           {length(1<<64-1, 50), []string{"header", "18446744073709551615"}},
		"pointer":          {[]byte("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"), []string{"Git LFS", "git lfs pull"}},
		"not UTF-8":        {file("{\"a\xff\":{}}"), []string{"header", "UTF-8"}},
		"surrogate, coded": {file("{\"\xed\xa0\x80\":{}}"), []string{"header", "UTF-8"}},
	} {
		t.Run(name, func(t *testing.T) {
			var err error
			allocated := allocates(func() { _, err = read(c.data) })
			require.Error(t, err)
			for _, want := range append(c.want, "dir/x.safetensors: ") {
				assert.ErrorContains(t, err, want)
			}
			assert.Less(t, allocated, uint64(1<<20), "bytes allocated for a file of %d", len(c.data))
		})
	}
}

// TestMemory opens a large header of the smallest possible tensors. Per tensor it has about 55 bytes, and Tensor, its entry in the index
// and the growth of both take about ten times that.
func TestMemory(t *testing.T) {
	var b strings.Builder
	b.WriteString("{")
	for i := range 20_000 {
		if i > 0 {
			b.WriteString(",")
		}
		b.WriteString(entry(fmt.Sprint(i), "U8", "[0]", "[0,0]"))
	}
	b.WriteString("}")
	data := file(b.String())
	var err error
	allocated := allocates(func() { _, err = read(data) })
	require.NoError(t, err)
	assert.Less(t, allocated, uint64(allocationFactor*len(data)))
}

// allocationFactor bounds the bytes allocated per byte of a header: the text, twice if it has escapes; a Tensor of about 110 bytes
// and an index entry of about 30 per 50 bytes of header, times about 3 for growing.
const allocationFactor = 16

func allocates(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// checkTiling checks that tensors cover the data between begin and begin+size in order, each with the size that its shape and dtype need.
func checkTiling(t *testing.T, f *File, begin, size int64) {
	t.Helper()
	next := begin
	names := map[string]bool{}
	for _, x := range f.Tensors() {
		require.Equal(t, next, x.Off, x.Name)
		require.GreaterOrEqual(t, x.Size, int64(0))
		n := int64(1)
		for _, d := range x.Shape {
			require.GreaterOrEqual(t, d, 0)
			n *= int64(d)
		}
		require.Equal(t, n, int64(x.Len()))
		if s := x.DType.Size(); s > 0 {
			require.Equal(t, n*int64(s), x.Size, x.Name)
		}
		require.False(t, names[x.Name], x.Name)
		names[x.Name] = true
		found, ok := f.Lookup(x.Name)
		require.True(t, ok)
		require.Equal(t, x, found)
		next += x.Size
	}
	require.Equal(t, begin+size, next)
}
