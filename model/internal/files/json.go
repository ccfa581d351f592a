package files

// Errors of encoding/json, in terms of the file.

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
)

// Decode is json.Unmarshal. An error of syntax says where it is and under which key of an object, one of kind which field has it: not
// which Go type was to take it.
func Decode(data []byte, v any) error {
	err := json.Unmarshal(data, v)
	var kind *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax):
		if key := broken(data); key != "" {
			return fmt.Errorf("%q: not JSON: %w%s", short(key), err, Place(data))
		}
		return fmt.Errorf("not JSON: %w%s", err, Place(data))
	case errors.As(err, &kind) && kind.Field != "":
		return fmt.Errorf("%s: found %s, expected %s", kind.Field, short(kind.Value), expected(kind.Type))
	case errors.As(err, &kind):
		return fmt.Errorf("found %s, expected %s", short(kind.Value), expected(kind.Type))
	}
	return err
}

// expected names what decodes into a type.
func expected(t reflect.Type) string {
	switch k := t.Kind(); {
	case k == reflect.Bool:
		return "true or false"
	case k == reflect.String:
		return "a string"
	case k >= reflect.Int && k <= reflect.Uint64:
		return fmt.Sprintf("an integer of %d bits", t.Bits())
	case k == reflect.Float32 || k == reflect.Float64:
		return "a number"
	case k == reflect.Slice || k == reflect.Array:
		return "a list"
	}
	return "an object"
}

// Place says where a text stops being JSON, to follow the message of an error: “ at byte 56 (line 3, column 14)”, where a column is a
// byte too. It is empty if the text is JSON.
func Place(data []byte) string {
	for _, mark := range []string{"\xef\xbb\xbf", "\xff\xfe", "\xfe\xff"} {
		if bytes.HasPrefix(data, []byte(mark)) {
			return " at byte 0: a byte order mark, which JSON does not allow; save the file as UTF-8 without it"
		}
	}
	var syntax *json.SyntaxError
	var raw json.RawMessage
	if !errors.As(json.Unmarshal(data, &raw), &syntax) {
		return ""
	}
	at := int(syntax.Offset) // how many bytes were read: the last is at fault, but at the end of the text
	if at > 0 && !strings.HasPrefix(syntax.Error(), "unexpected end") {
		at--
	}
	before := data[:min(at, len(data))]
	return fmt.Sprintf(" at byte %d (line %d, column %d)", at, bytes.Count(before, []byte("\n"))+1, len(before)-bytes.LastIndexByte(before, '\n'))
}

// broken is the key of an object whose value is not JSON; empty if there is none.
func broken(data []byte) string {
	d := json.NewDecoder(bytes.NewReader(data))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return ""
	}
	for d.More() {
		t, err := d.Token()
		key, ok := t.(string)
		if err != nil || !ok {
			return ""
		}
		var value json.RawMessage
		if d.Decode(&value) != nil {
			return key
		}
	}
	return ""
}

// short cuts what a file would make a message of.
func short(s string) string {
	const most = 40
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}
