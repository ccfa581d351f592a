// Attention of packed sequences on tensor cores: the kernels for aligned rows, without pages, bias and dropout.
#include "attention_flash.h"

// attention_flash<D>_<dtype>: see attention.h for the parameters.
//
// Widths      D is 16, 32, 64, 128 or, from sm_80 on, 256; 1 ≤ d, dv ≤ D, multiples of 8.
// Types       q, k, v of dtype, dst of dtype or f32.
// Alignment   wide; strides of q, k and v below 2²⁴.
// Launch      rows of a block: 64. No dynamic shared memory.
// scale       of the scores, times log₂ e; positive. pages, bias and drop_limit are null.
// Numerics    probabilities are rounded to dtype for the second product.
FLASH_WIDTHS(flash, false)
