package driver

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestError(t *testing.T) {
	err := fmt.Errorf("cuda: %w", &Error{Code: IllegalAddress, Call: "launch norm_row_f32", Detail: "global read of 4 bytes"})
	assert.ErrorIs(t, err, &Error{Code: IllegalAddress})
	assert.NotErrorIs(t, err, &Error{Code: OutOfMemory})
	assert.EqualError(t, err, "cuda: launch norm_row_f32: CUDA_ERROR_ILLEGAL_ADDRESS (700): global read of 4 bytes")
	var e *Error
	assert.True(t, errors.As(err, &e) && e.Code.Sticky())

	assert.EqualError(t, &Error{Code: InvalidPTX, Call: "load", Log: "line 3: no\n"}, "load: CUDA_ERROR_INVALID_PTX (218)\nline 3: no")
	assert.EqualError(t, &Error{Code: 12345}, "CUresult 12345 (12345)")
	assert.False(t, OutOfMemory.Sticky())
}

// Cells of 8 bytes hold each kind of parameter in their low bytes.
func TestArgs(t *testing.T) {
	assert.Equal(t, Arg(0xffffffff), I32(-1))
	assert.Equal(t, Arg(0x3f800000), F32(1))
	assert.Equal(t, Arg(1<<40), Addr(1<<40))
	assert.Equal(t, 86, Info{Major: 8, Minor: 6}.SM())
}
