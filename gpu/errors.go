package gpu

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
)

// What an operation or backend can fail with; an error wraps one of these.
var (
	ErrUnsupported = errors.New("operation not supported")
	ErrShape       = errors.New("shape mismatch")
	ErrIndex       = errors.New("index out of range") // an id, row or length in device memory
	ErrMemory      = errors.New("out of device memory")
	ErrNoDevice    = errors.New("no device")
	ErrClosed      = errors.New("closed")
)

// An OpError says which operation failed, with its operands.
type OpError struct {
	Op      Op // a copy
	Backend string
	Err     error
}

func (e *OpError) Error() string {
	return fmt.Sprintf("gpu: %s: %s: %v", e.Backend, Describe(e.Op), e.Err)
}

// Unwrap returns what went wrong.
func (e *OpError) Unwrap() error { return e.Err }

// Describe prints an operation's name and operands: "Gemm Dst f32[7×32] A f32[7×64] …".
func Describe(op Op) string {
	if op == nil {
		return "unknown operation"
	}
	var b strings.Builder
	b.WriteString(reflect.TypeOf(op).Elem().Name())
	Walk(op, func(name string, t *Tensor) { fmt.Fprintf(&b, " %s %v", name, *t) })
	return b.String()
}

var tensorType = reflect.TypeFor[Tensor]()

// Walk calls f for every present tensor of op, outputs first. It is for
// printing, checking and counting, not for the hot path.
func Walk(op Op, f func(name string, t *Tensor)) { walk(reflect.ValueOf(op).Elem(), "", f) }

func walk(v reflect.Value, prefix string, f func(string, *Tensor)) {
	for i := range v.NumField() {
		name, x := prefix+v.Type().Field(i).Name, v.Field(i)
		switch {
		case x.Type() == tensorType:
			if t := x.Addr().Interface().(*Tensor); !t.IsZero() {
				f(name, t)
			}
		case x.Kind() == reflect.Struct:
			walk(x, name+".", f)
		}
	}
}
