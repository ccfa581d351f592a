"""Writes dtypes.safetensors with the reference implementation: every dtype, scalars, empty tensors, names that need escapes.

python make.py OUT, with safetensors 0.8.0. Tensor i holds the bytes i, i+1, i+2, ...
"""
import ctypes
import sys

from safetensors import TensorSpec, serialize_file

TENSORS = [
    ("bool", "bool", [2, 3], 6),
    ("u8", "uint8", [5], 5),
    ("i8", "int8", [1, 1, 3], 3),
    ("f8_e5m2", "float8_e5m2", [4], 4),
    ("f8_e4m3", "float8_e4m3fn", [2, 2], 4),
    ("f8_e8m0", "float8_e8m0fnu", [3], 3),
    ("f8_e4m3fnuz", "float8_e4m3fnuz", [3], 3),
    ("f8_e5m2fnuz", "float8_e5m2fnuz", [3], 3),
    ("f4", "float4_e2m1fn_x2", [2, 3], 6),
    ("i16", "int16", [3], 6),
    ("u16", "uint16", [3], 6),
    ("f16", "float16", [3], 6),
    ("bf16", "bfloat16", [3], 6),
    ("i32", "int32", [3], 12),
    ("u32", "uint32", [3], 12),
    ("f32", "float32", [2, 3], 24),
    ("c64", "complex64", [2], 16),
    ("f64", "float64", [2], 16),
    ("i64", "int64", [2], 16),
    ("u64", "uint64", [2], 16),
    ("scalar", "float32", [], 4),
    ("empty", "float32", [3, 0, 2], 0),
    ("also empty", "float32", [0], 0),
    ("", "float32", [1], 4),
    ("quote\" back\\slash /slash", "float32", [1], 4),
    ("\b\f\n\r\t\x00\x01\x1f\x7f", "float32", [1], 4),
    ("é 漢 😀 \u2028\u2029 <&>", "float32", [1], 4),
]

keep, specs = [], {}
for i, (name, dtype, shape, size) in enumerate(TENSORS):
    data = bytes((i + j) % 256 for j in range(size))
    buf = ctypes.create_string_buffer(data, max(size, 1))
    keep.append(buf)
    specs[name] = TensorSpec(dtype=dtype, shape=shape, data_ptr=ctypes.addressof(buf), data_len=size)
serialize_file(specs, sys.argv[1], metadata={"format": "p\"t\n"})
