package main

// Lines that are JSON objects. encoding/json would match keys in any case, keep the
// last of two equal ones and take null for anything; here each is an error.

import (
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
)

// keys are the keys that a line may have.
func (s schema) keys() []string {
	return slices.DeleteFunc([]string{s.first, s.second, s.list}, func(k string) bool { return k == "" })
}

// parseJSON reads a record from an object with the keys of s.
func (s schema) parseJSON(line string) (record, error) {
	values, err := s.object(line)
	if err != nil {
		return record{}, err
	}
	r := record{}
	for _, key := range s.keys() {
		raw, ok := values[key]
		switch {
		case !ok && key == s.second && !s.needSecond:
		case !ok:
			err = fmt.Errorf("key %q is missing", key)
		case key == s.first:
			r.first, err = decodeText(key, raw)
		case key == s.second:
			r.paired = true
			r.second, err = decodeText(key, raw)
		default:
			r.list, err = decodeList(key, raw)
		}
		if err != nil {
			return record{}, err
		}
	}
	return r, nil
}

// object reads an object whose keys are known and differ.
func (s schema) object(line string) (map[string]json.RawMessage, error) {
	dec := json.NewDecoder(strings.NewReader(line))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil, fmt.Errorf("want a JSON object with %s", quoted(s.keys()))
	}
	values := map[string]json.RawMessage{}
	for dec.More() {
		t, err := dec.Token()
		if err != nil {
			return nil, notJSON(err)
		}
		key, _ := t.(string) // a Decoder inside an object gives strings as keys
		if !slices.Contains(s.keys(), key) {
			return nil, fmt.Errorf("unknown key %q: want %s", key, quoted(s.keys()))
		}
		if _, twice := values[key]; twice {
			return nil, fmt.Errorf("key %q is there twice", key)
		}
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return nil, fmt.Errorf("key %q: %w", key, notJSON(err))
		}
		values[key] = raw
	}
	if _, err := dec.Token(); err != nil {
		return nil, notJSON(err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, fmt.Errorf("something follows the JSON object")
	}
	return values, nil
}

func notJSON(err error) error {
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("not JSON: %w", err)
}

// decode reads a value that begins with the byte of its kind.
func decode[T any](key string, raw json.RawMessage, begin byte, kind string) (T, error) {
	var x T
	if len(raw) == 0 || raw[0] != begin {
		return x, fmt.Errorf("key %q is %s: want %s", key, short(raw), kind)
	}
	return x, json.Unmarshal(raw, &x)
}

// Escapes of surrogates, which come in pairs. Of half a pair encoding/json makes a
// U+FFFD, and so would change the text.
var (
	wholePair = regexp.MustCompile(`\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}`)
	halfPair  = regexp.MustCompile(`\\u[dD][89a-fA-F][0-9a-fA-F]{2}`)
)

func decodeText(key string, raw json.RawMessage) (string, error) {
	text, err := decode[string](key, raw, '"', "a string")
	if err == nil && strings.Contains(text, "\uFFFD") && halfPair.Match(wholePair.ReplaceAll(raw, nil)) {
		err = fmt.Errorf("key %q has half of a surrogate pair, which is no text", key)
	}
	return text, err
}

func decodeList(key string, raw json.RawMessage) ([]string, error) {
	items, err := decode[[]json.RawMessage](key, raw, '[', "a list of strings")
	if err != nil {
		return nil, err
	}
	list := make([]string, len(items))
	for i, item := range items {
		if list[i], err = decodeText(fmt.Sprintf("%s[%d]", key, i), item); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// short is a value, short enough for a message.
func short(raw json.RawMessage) string {
	const most = 40
	if r := []rune(string(raw)); len(r) > most {
		return string(r[:most]) + "…"
	}
	return string(raw)
}

func quoted(keys []string) string {
	q := make([]string, len(keys))
	for i, k := range keys {
		q[i] = fmt.Sprintf("%q", k)
	}
	return strings.Join(q, ", ")
}
