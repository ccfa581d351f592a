package ptx

import (
	"errors"
	"fmt"
	"strings"
)

// What is wrong with a file, for errors.Is. Every *Error wraps one of them.
var (
	// ErrSyntax: the text is not PTX.
	ErrSyntax = errors.New("syntax error")
	// ErrName: an undeclared or redeclared register, symbol or label.
	ErrName = errors.New("name error")
	// ErrIllegal: the ISA allows no such instruction or declaration.
	ErrIllegal = errors.New("illegal")
	// ErrVersion: legal, but only from a later .version.
	ErrVersion = errors.New("needs a later .version")
	// ErrTarget: legal, but only on another .target.
	ErrTarget = errors.New("needs another .target")
	// ErrUnsupported: PTX of a family that this package does not claim. It may be legal.
	ErrUnsupported = errors.New("not supported")
)

// Error is one complaint about a place in a file.
type Error struct {
	File  string
	Pos   Pos
	Kind  error // one of the sentinels above
	Msg   string
	depth int   // how many operands fitted, to pick the nearest row
	also  error // the second sentinel where both version and target are too low
}

// Error gives file:line:column: kind: message.
func (e *Error) Error() string {
	return fmt.Sprintf("%s:%d:%d: %v: %s", e.File, e.Pos.Line, e.Pos.Col, e.Kind, e.Msg)
}

// Unwrap gives the sentinels.
func (e *Error) Unwrap() []error {
	if e.also != nil {
		return []error{e.Kind, e.also}
	}
	return []error{e.Kind}
}

// maxErrors bounds what one file can say.
const maxErrors = 20

// ErrorList is all that was wrong with a file, at most the first 20, in source order within each pass.
type ErrorList []*Error

// Error gives one line for each complaint.
func (l ErrorList) Error() string {
	s := make([]string, len(l))
	for i, e := range l {
		s[i] = e.Error()
	}
	return strings.Join(s, "\n")
}

// Unwrap gives the complaints.
func (l ErrorList) Unwrap() []error {
	s := make([]error, len(l))
	for i, e := range l {
		s[i] = e
	}
	return s
}

func (l ErrorList) err() error {
	if len(l) == 0 {
		return nil
	}
	return l
}
