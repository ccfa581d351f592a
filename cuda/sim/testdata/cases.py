"""Writes cases.json and cases/*.ptx: execution vectors whose values come from exact arithmetic here
(integers, fractions rounded once) and from the tables of the PTX ISA, not from the simulator.

    python3 cases.py
"""

import json
import math
import os
import random
import struct
from fractions import Fraction as Q

import cases_arith
import cases_flow
import cases_lib
import cases_matrix
import cases_more

HERE = os.path.dirname(os.path.abspath(__file__))
R = random.Random(20)
TESTS = []
M32, M64 = (1 << 32) - 1, (1 << 64) - 1

# Formats: bits of exponent and fraction.
FORMATS = {"f16": (5, 10), "bf16": (8, 7), "tf32": (8, 10), "f32": (8, 23), "f64": (11, 52)}
NAN = {"f16": 0x7FFF, "bf16": 0x7FFF, "f32": 0x7FFFFFFF}


def decode(fmt, bits):
    """A finite number as a fraction, else inf, -inf or nan."""
    e, f = FORMATS[fmt]
    frac, exp, sign = bits & ((1 << f) - 1), bits >> f & ((1 << e) - 1), bits >> (e + f) & 1
    if exp == (1 << e) - 1:
        return math.nan if frac else -math.inf if sign else math.inf
    bias = (1 << (e - 1)) - 1
    v = Q(frac + (1 << f if exp else 0)) * Q(2) ** (max(exp, 1) - bias - f)
    return -v if sign else v


def encode(fmt, x, mode="rn", zero_sign=0):
    """A fraction rounded once: rn to nearest even, rz, rm, rp, rna to nearest away."""
    e, f = FORMATS[fmt]
    top = ((1 << e) - 1) << f
    if x in (math.inf, -math.inf):
        return top | (x < 0) << (e + f)
    if x == 0:
        return zero_sign << (e + f)
    sign, a = x < 0, abs(x)
    bias = (1 << (e - 1)) - 1
    exp = a.numerator.bit_length() - a.denominator.bit_length()
    if Q(2) ** exp > a:
        exp -= 1
    exp = max(exp, 1 - bias)
    ulp = Q(2) ** (exp - f)
    n, rest = divmod(a, ulp)
    n = int(n)
    up = {"rn": rest * 2 > ulp or rest * 2 == ulp and n & 1, "rna": rest * 2 >= ulp, "rz": False,
          "rp": rest > 0 and not sign, "rm": rest > 0 and sign}[mode]
    n += bool(up)
    if n == 1 << (f + 1):
        n >>= 1
        exp += 1
    if exp > bias:
        inf = mode in ("rn", "rna") or mode == "rp" and not sign or mode == "rm" and sign
        return (top if inf else top - 1) | sign << (e + f)
    bits = n if n < 1 << f else (exp + bias) << f | n - (1 << f)
    return bits | sign << (e + f)


def s(x, bits=32):
    x &= (1 << bits) - 1
    return x - (1 << bits) if x >> (bits - 1) else x


def clamp(x, lo, hi):
    return max(lo, min(hi, x))


def test(name, ptx, block, out, out_type, inp=None, in_type="u32", **more):
    TESTS.append({"name": name, "ptx": "cases/" + ptx, "in": inp, "in_type": in_type, "out": out, "out_type": out_type, "block": block, **more})


def write(name, text):
    with open(os.path.join(HERE, "cases", name), "w") as f:
        f.write(text)


REGS = """	.reg .pred p, q, pp<8>;
	.reg .b16 h<8>;
	.reg .b32 t, r<32>;
	.reg .f32 f<24>;
	.reg .b64 in, out, d<12>;
	.reg .f64 g<12>;
"""


def kernel(name, body, target="sm_75", version="6.5", globals_="", **_):
    v, tg = version, target
    write(name + ".ptx", f""".version {v}
.target {tg}
.address_size 64
{globals_}.visible .entry k(.param .u64 input, .param .u64 output)
{{
{REGS}	ld.param.u64 in, [input];
	ld.param.u64 out, [output];
	mov.u32 t, %tid.x;
{indent(body)}	ret;
}}
""")
    return name + ".ptx"


def indent(body):
    return "".join("\t" + l.strip() + "\n" for l in body.strip().split("\n"))


# Registers of each word type: prefix and how it is loaded and stored.
WORDS = {"u8": ("r", 1), "i8": ("r", 1), "u16": ("h", 2), "i16": ("h", 2), "f16": ("h", 2), "u32": ("r", 4), "i32": ("r", 4), "f32": ("f", 4),
         "u64": ("d", 8), "i64": ("d", 8), "f64": ("g", 8)}


def lanes(name, code, rows, fn, in_type="u32", out_type="u32", outs=1, **more):
    """Each thread reads its row into {p}0, {p}1, ..., and stores o0 (o1): the operands of code."""
    n = len(rows[0])
    ip, isz = WORDS[in_type]
    op, osz = WORDS[out_type]
    body = [f"mad.wide.u32 in, t, {n * isz}, in;", f"mad.wide.u32 out, t, {outs * osz}, out;"]
    body += [f"ld.global.{memory(in_type)} {ip}{i}, [in+{i * isz}];" for i in range(n)]
    body.append(code)
    base = {"r": 20, "h": 6, "f": 20, "d": 8, "g": 8}[op]
    for i in range(outs):
        body.append(f"st.global.{memory(out_type)} [out+{i * osz}], {op}{base + i};")
    file = kernel(name, "\n".join(body), **more)
    out = []
    for row in rows:
        y = fn(*row)
        out += list(y) if outs > 1 else [y]
    mask = (1 << 8 * osz) - 1
    keep = {k: v for k, v in more.items() if k not in ("target", "version", "globals_")}
    test(name, file, len(rows), [y & mask for y in out], out_type, [x for row in rows for x in row], in_type, **keep)


def memory(t):
    return {"i": "s", "u": "u", "f": "b" if t == "f16" else "f"}[t[0]] + t[1:]


def u32s(n, width=1):
    special = [0, 1, 2, 3, 31, 32, 33, 0x7FFFFFFF, 0x80000000, 0x80000001, 0xFFFFFFFF, 0xFFFFFFFE, 0xFF, 0x8000, 0xFFFF]
    return [tuple(R.choice(special) if R.random() < 0.5 else R.getrandbits(32) for _ in range(width)) for _ in range(n)]


def u64s(n, width=1):
    special = [0, 1, 2, 63, 64, M32, M32 + 1, 1 << 63, (1 << 63) - 1, M64, M64 - 1]
    return [tuple(R.choice(special) if R.random() < 0.5 else R.getrandbits(64) for _ in range(width)) for _ in range(n)]


def floats(fmt, n, width=1, small=0.2):
    """Finite numbers: close exponents, so that sums round, and subnormals."""
    e, f = FORMATS[fmt]
    rows = []
    for _ in range(n):
        mid = R.randrange(f + 2, (1 << e) - f - 4) if e < 6 else R.randrange(3 * f // 2, (1 << e) - 3 * f // 2)
        row = []
        for _ in range(width):
            exp = 0 if R.random() < small else clamp(mid + R.randrange(-f, f), 0, (1 << e) - 2)
            row.append(R.getrandbits(1) << (e + f) | exp << f | R.getrandbits(f))
        rows.append(tuple(row))
    return rows


# Integers.
def integers():
    lanes("add_sat", "add.sat.s32 r20, r0, r1;", u32s(32, 2), lambda a, b: clamp(s(a) + s(b), -2**31, 2**31 - 1))
    lanes("sub_sat", "sub.sat.s32 r20, r0, r1;", u32s(32, 2), lambda a, b: clamp(s(a) - s(b), -2**31, 2**31 - 1))
    lanes("add_chain", "add.cc.u32 r20, r0, r2;\naddc.u32 r21, r1, r3;", u32s(32, 4),
          lambda a, b, c, d: [(x := (b << 32 | a) + (d << 32 | c)) & M32, x >> 32], outs=2)
    lanes("sub_chain", "sub.cc.u32 r20, r0, r2;\nsubc.u32 r21, r1, r3;", u32s(32, 4),
          lambda a, b, c, d: [(x := (b << 32 | a) - (d << 32 | c)) & M32, x >> 32], outs=2)
    lanes("mul_hi_s32", "mul.hi.s32 r20, r0, r1;", u32s(32, 2), lambda a, b: s(a) * s(b) >> 32)
    lanes("mul_hi_u64", "mul.hi.u64 d8, d0, d1;", u64s(32, 2), lambda a, b: a * b >> 64, "u64", "u64")
    lanes("mul_wide_s32", "mul.wide.s32 d8, r0, r1;", u32s(32, 2), lambda a, b: s(a) * s(b), "u32", "u64")
    lanes("mad_hi_s64", "mad.hi.s64 d8, d0, d1, d2;", u64s(32, 3), lambda a, b, c: (s(a, 64) * s(b, 64) >> 64) + c, "u64", "u64")
    lanes("mad_hi_sat", "mad.hi.sat.s32 r20, r0, r1, r2;", u32s(32, 3), lambda a, b, c: clamp((s(a) * s(b) >> 32) + s(c), -2**31, 2**31 - 1))
    lanes("mul24_lo", "mul24.lo.s32 r20, r0, r1;", u32s(32, 2), lambda a, b: s(a, 24) * s(b, 24))
    lanes("mul24_hi", "mul24.hi.u32 r20, r0, r1;", u32s(32, 2), lambda a, b: (a & 0xFFFFFF) * (b & 0xFFFFFF) >> 16)
    lanes("sad_s32", "sad.s32 r20, r0, r1, r2;", u32s(32, 3), lambda a, b, c: c + abs(s(a) - s(b)))
    nonzero = [(a, b or 7) for a, b in u32s(32, 2) if (a, b) != (1 << 31, M32)]
    lanes("div_s32", "div.s32 r20, r0, r1;", nonzero, lambda a, b: int(Q(s(a), s(b))))
    lanes("rem_s32", "rem.s32 r20, r0, r1;", nonzero, lambda a, b: s(a) - s(b) * int(Q(s(a), s(b))))
    lanes("div_u64", "div.u64 d8, d0, d1;", [(a, b or 3) for a, b in u64s(32, 2)], lambda a, b: a // b, "u64", "u64")
    lanes("abs_neg", "abs.s32 r20, r0;\nneg.s32 r21, r0;", u32s(32), lambda a: [abs(s(a)), -s(a) & M32], outs=2)
    lanes("min_max_s64", "min.s64 d8, d0, d1;\nmax.s64 d9, d0, d1;", u64s(32, 2), lambda a, b: [min(s(a, 64), s(b, 64)) & M64, max(s(a, 64), s(b, 64)) & M64], "u64", "u64", 2)
    lanes("popc_clz", "popc.b64 r20, d0;\nclz.b64 r21, d0;", u64s(32), lambda a: [a.bit_count(), 64 - a.bit_length()], "u64", "u32", 2)
    lanes("bfind", "bfind.u32 r20, r0;\nbfind.shiftamt.u32 r21, r0;", u32s(32), lambda a: [(a.bit_length() - 1) & M32, 32 - a.bit_length() if a else M32], outs=2)
    lanes("bfind_s32", "bfind.s32 r20, r0;", u32s(32), lambda a: (a if s(a) >= 0 else ~a & M32).bit_length() - 1)
    lanes("brev", "brev.b32 r20, r0;", u32s(32), lambda a: int(f"{a:032b}"[::-1], 2))
    places = [(a, R.randrange(40), R.randrange(40)) for a, in u32s(32)]

    def bfe(a, pos, n, signed=False):
        sign = 0 if not signed or n == 0 else a >> min(pos + n - 1, 31) & 1
        return sum((a >> (pos + i) & 1 if i < n and pos + i < 32 else sign) << i for i in range(32))
    lanes("bfe_u32", "bfe.u32 r20, r0, r1, r2;", places, bfe)
    lanes("bfe_s32", "bfe.s32 r20, r0, r1, r2;", places, lambda a, p, n: bfe(a, p, n, True))

    def bfi(a, b, pos, n):
        for i in range(n):
            if pos + i < 32:
                b = b & ~(1 << pos + i) | (a >> i & 1) << pos + i
        return b
    lanes("bfi", "bfi.b32 r20, r0, r1, r2, r3;", [(a, R.getrandbits(32), p, n) for a, p, n in places], bfi)
    byte = lambda x, i, signed: s(x >> 8 * i & 255, 8) if signed else x >> 8 * i & 255
    lanes("dp4a", "dp4a.s32.u32 r20, r0, r1, r2;", u32s(32, 3), lambda a, b, c: c + sum(byte(a, i, 1) * byte(b, i, 0) for i in range(4)))
    half = lambda x, i: s(x >> 16 * i & 65535, 16)
    lanes("dp2a_hi", "dp2a.hi.s32.s32 r20, r0, r1, r2;", u32s(32, 3), lambda a, b, c: c + sum(half(a, i) * byte(b, 2 + i, 1) for i in range(2)))
    lanes("bmsk", "bmsk.clamp.b32 r20, r0, r1;", [(R.randrange(40), R.randrange(40)) for _ in range(32)],
          lambda a, b: ((1 << min(b, 32)) - 1 << a) & M32 if a < 32 else 0, version="7.6")
    lanes("szext", "szext.wrap.s32 r20, r0, r1;", [(R.getrandbits(32), R.choice([1, 7, 8, 16, 31])) for _ in range(32)], lambda a, b: s(a, b), version="7.6")


def logic():
    lut = [0x80, 0xFE, 0x96, 0xCA, 0x1A]
    code = "\n".join(f"lop3.b32 r{20 + i}, r0, r1, r2, {l};" for i, l in enumerate(lut))

    def lop3(a, b, c):
        return [sum((l >> (4 * (a >> i & 1) + 2 * (b >> i & 1) + (c >> i & 1)) & 1) << i for i in range(32)) for l in lut]
    lanes("lop3", code, u32s(16, 3), lop3, outs=len(lut))
    shifts = [(a, R.getrandbits(32), R.choice([0, 1, 5, 31, 32, 33, 63, 64, 255])) for a, in u32s(32)]
    wide = lambda a, b: b << 32 | a
    lanes("shf_l_wrap", "shf.l.wrap.b32 r20, r0, r1, r2;", shifts, lambda a, b, c: wide(a, b) << (c & 31) >> 32)
    lanes("shf_r_clamp", "shf.r.clamp.b32 r20, r0, r1, r2;", shifts, lambda a, b, c: wide(a, b) >> min(c, 32))
    lanes("shifts", "shl.b32 r20, r0, r2;\nshr.u32 r21, r0, r2;\nshr.s32 r22, r0, r2;", shifts,
          lambda a, b, c: [a << c & M32, a >> c, s(a) >> min(c, 32) & M32], outs=3)
    lanes("cnot_not", "cnot.b32 r20, r0;\nnot.b32 r21, r0;", u32s(32), lambda a: [int(a == 0), ~a & M32], outs=2)

    def prmt(a, b, sel):
        src = [byte8(a, i) for i in range(4)] + [byte8(b, i) for i in range(4)]
        y = 0
        for i in range(4):
            n = sel >> 4 * i & 15
            y |= (src[n & 7] if n < 8 else 255 * (src[n & 7] >> 7)) << 8 * i
        return y
    byte8 = lambda x, i: x >> 8 * i & 255
    lanes("prmt", "prmt.b32 r20, r0, r1, r2;", u32s(32, 3), prmt)
    # ISA 9.7.8.7, the tables of the modes, bytes from the most significant one.
    modes = {"f4e": ["3210", "4321", "5432", "6543"], "b4e": ["5670", "6701", "7012", "0123"], "rc8": ["0000", "1111", "2222", "3333"],
             "ecl": ["3210", "3211", "3222", "3333"], "ecr": ["0000", "1110", "2210", "3210"], "rc16": ["1010", "3232", "1010", "3232"]}
    code = "\n".join(f"prmt.b32.{m} r{20 + i}, r0, r1, r2;" for i, m in enumerate(modes))

    def moded(a, b, c):
        return [prmt(a, b, int(table[c & 3], 16)) for table in modes.values()]
    lanes("prmt_modes", code, [(R.getrandbits(32), R.getrandbits(32), i % 4) for i in range(8)], moded, outs=6)


# Floating point.
def flt(name, op, fmt, width, fn, mode, rows=None, **more):
    """d = op of fractions, rounded once."""
    bits = {"f16": 16, "bf16": 16, "f32": 32, "f64": 64}[fmt]
    typ = {"f16": "f16", "bf16": "u16", "f32": "f32", "f64": "f64"}[fmt]
    p = WORDS[typ][0]
    base = {"h": 6, "f": 20, "g": 8}[p]
    rows = rows or floats(fmt, 64, width)
    lanes(name, f"{op} {p}{base}, " + ", ".join(f"{p}{i}" for i in range(width)) + ";", rows,
          lambda *r: encode(fmt, fn(*[decode(fmt, x) for x in r]), mode), typ, typ, **more)


def isqrt(x, fmt):
    """The square root to many more bits than the format has, with a sticky one."""
    n = x.numerator * x.denominator << 400
    r = math.isqrt(n)
    return Q(2 * r + (r * r != n), x.denominator << 201)


def floating():
    add, mul, fma = (lambda a, b: a + b), (lambda a, b: a * b), (lambda a, b, c: a * b + c)
    flt("add_rz_f32", "add.rz.f32", "f32", 2, add, "rz")
    flt("add_rm_f32", "add.rm.f32", "f32", 2, add, "rm")
    flt("sub_rp_f32", "sub.rp.f32", "f32", 2, lambda a, b: a - b, "rp")
    flt("mul_rn_f32", "mul.rn.f32", "f32", 2, mul, "rn")
    near = [(a, b, encode("f32", -decode("f32", a) * decode("f32", b))) for a, b in floats("f32", 64, 2, 0) if 60 < (a >> 23 & 255) < 190 and 60 < (b >> 23 & 255) < 190]
    flt("fma_rn_f32", "fma.rn.f32", "f32", 3, fma, "rn")
    flt("fma_rn_f32_cancel", "fma.rn.f32", "f32", 3, fma, "rn", near)
    flt("fma_rz_f32", "fma.rz.f32", "f32", 3, fma, "rz")
    nz = [(a, b) for a, b in floats("f32", 64, 2) if decode("f32", b)]
    flt("div_rn_f32", "div.rn.f32", "f32", 2, lambda a, b: a / b, "rn", nz)
    flt("div_rp_f32", "div.rp.f32", "f32", 2, lambda a, b: a / b, "rp", nz)
    flt("rcp_rn_f32", "rcp.rn.f32", "f32", 1, lambda a: 1 / a, "rn", [(b,) for _, b in nz])
    pos = [(a & 0x7FFFFFFF,) for a, in floats("f32", 64) if a & 0x7FFFFFFF]
    flt("sqrt_rn_f32", "sqrt.rn.f32", "f32", 1, lambda a: isqrt(a, "f32"), "rn", pos)
    flt("sqrt_rm_f32", "sqrt.rm.f32", "f32", 1, lambda a: isqrt(a, "f32"), "rm", pos)
    flt("add_rn_f64", "add.rn.f64", "f64", 2, add, "rn")
    flt("mul_rp_f64", "mul.rp.f64", "f64", 2, mul, "rp")
    flt("fma_rm_f64", "fma.rm.f64", "f64", 3, fma, "rm")
    flt("div_rz_f64", "div.rz.f64", "f64", 2, lambda a, b: a / b, "rz", [(a, b) for a, b in floats("f64", 64, 2) if decode("f64", b)])
    flt("sqrt_rn_f64", "sqrt.rn.f64", "f64", 1, lambda a: isqrt(a, "f64"), "rn", [(a & (1 << 63) - 1 or 1,) for a, in floats("f64", 64)])
    flt("add_rn_f16", "add.rn.f16", "f16", 2, add, "rn")
    flt("mul_rn_f16", "mul.rn.f16", "f16", 2, mul, "rn")
    flt("fma_rn_f16", "fma.rn.f16", "f16", 3, fma, "rn")
    flt("fma_relu_f16", "fma.rn.relu.f16", "f16", 3, lambda a, b, c: max(a * b + c, Q(0)), "rn", target="sm_80", version="7.0")
    flt("fma_rn_bf16", "fma.rn.bf16", "bf16", 3, fma, "rn", target="sm_80", version="7.0")
    flt("max_bf16", "max.bf16", "bf16", 2, max, "rn", target="sm_80", version="7.0")
    pairs = [(x, y, z) for (x, y, z) in zip(*[iter([R.choice([0x3C00, 0xBC00, 0x4248, 0x0001]) << 16 | R.getrandbits(14) for _ in range(96)])] * 3)]
    lanes("fma_f16x2", "fma.rn.f16x2 r20, r0, r1, r2;", pairs, lambda a, b, c: sum(
        encode("f16", decode("f16", a >> i & 65535) * decode("f16", b >> i & 65535) + decode("f16", c >> i & 65535)) << i for i in (0, 16)))
    inf, ninf, nan, one, mzero = 0x7F800000, 0xFF800000, 0x7FC12345, 0x3F800000, 0x80000000
    sp = [(a, b) for a in (inf, ninf, nan, one, 0, mzero) for b in (inf, ninf, nan, one, mzero)]
    def fmin(a, b):
        x, y = decode("f32", a), decode("f32", b)
        if x != x and y != y:
            return NAN["f32"]
        if x != x or y != y:
            return b if x != x else a
        if x == y:
            return a | b if a != b else a  # -0 is below +0
        return a if x < y else b
    lanes("min_f32", "min.f32 f20, f0, f1;\nmov.b32 r20, f20;", sp, fmin, "f32", "u32")
    lanes("min_nan_f32", "min.NaN.f32 f20, f0, f1;\nmov.b32 r20, f20;", sp,
          lambda a, b: NAN["f32"] if nan in (a, b) else fmin(a, b), "f32", "u32", target="sm_80", version="7.0")
    def add_special(a, b):
        x, y = decode("f32", a), decode("f32", b)
        if x != x or y != y or {x, y} == {math.inf, -math.inf}:
            return NAN["f32"]
        if math.inf in (x, y) or -math.inf in (x, y):
            return inf if math.inf in (x, y) else ninf
        return encode("f32", x + y, "rn", 1 if a == b == mzero else 0)
    lanes("add_special", "add.f32 f20, f0, f1;\nmov.b32 r20, f20;", sp, add_special, "f32", "u32")
    sat = [(a,) for a in (inf, ninf, nan, one, mzero, 0x40000000, 0x3F000000, 0xBF000000, 0x3F800001)]
    lanes("add_sat_f32", "add.sat.f32 f20, f0, 0f00000000;\nmov.b32 r20, f20;", sat,
          lambda a: 0 if a == nan or a >> 31 else min(a, one), "f32", "u32")
    lanes("copysign", "copysign.f32 f20, f0, f1;\nmov.b32 r20, f20;", sp, lambda a, b: b & 0x7FFFFFFF | a & mzero, "f32", "u32")
    lanes("testp", "testp.subnormal.f32 p, f0;\ntestp.notanumber.f32 q, f0;\nselp.u32 r20, 1, 0, p;\nselp.u32 r21, 1, 0, q;",
          [(a,) for a in (0, 1, 0x7FFFFF, 0x800000, 0x80000001, inf, nan, one)], lambda a: [int(0 < a & 0x7FFFFFFF < 0x800000), int(a == nan)], "f32", "u32", 2)
    # ISA 9.7.3: ex2.approx.f32 within 2 ulp of the correctly rounded result, lg2 within 2^-22 relative off (0.5, 2),
    # rsqrt and rcp within 2^-22.4 and 1 ulp.
    xs = [encode("f32", Q(R.randrange(-60000, 60000), 512)) for _ in range(64)]
    approx("ex2_approx", "ex2.approx.f32", xs, lambda x: 2.0 ** x, 0, lambda y: 2.5 * 2.0 ** (max(math.frexp(y)[1] - 1, -126) - 23))
    ps = [encode("f32", Q(R.randrange(1, 1 << 24), R.randrange(1, 1 << 16))) for _ in range(64)]
    approx("rsqrt_approx", "rsqrt.approx.f32", ps, lambda x: x ** -0.5, 2**-22.4)
    approx("rcp_approx", "rcp.approx.f32", ps, lambda x: 1 / x, 2**-22)
    approx("lg2_approx", "lg2.approx.f32", [p for p in ps if not 0x3F000000 <= p <= 0x40000000], math.log2, 2**-22)
    approx("tanh_approx", "tanh.approx.f32", [encode("f32", Q(R.randrange(-4096, 4096), 700)) for _ in range(64)], math.tanh, 2**-11 * 1.0001, version="7.0")


def approx(name, op, xs, fn, rel, abs_=lambda y: 0, version="6.5"):
    """The kernel compares with the value and the bound in f64 itself, and stores 1 if it is within."""
    words = []
    for x in xs:
        y = fn(float(decode("f32", x)))
        bound = abs(y) * rel + abs_(y) + abs(y) * 2**-50
        words += [x] + [struct.unpack("<Q", struct.pack("<d", v))[0] for v in (y, bound)]
    body = f"""mad.wide.u32 in, t, 24, in;
mad.wide.u32 out, t, 4, out;
ld.global.f32 f0, [in];
ld.global.f64 g0, [in+8];
ld.global.f64 g1, [in+16];
{op} f1, f0;
cvt.f64.f32 g2, f1;
sub.rn.f64 g2, g2, g0;
abs.f64 g2, g2;
setp.le.f64 p, g2, g1;
selp.u32 r0, 1, 0, p;
st.global.u32 [out], r0;"""
    test(name, kernel(name, body, version=version), len(xs), [1] * len(xs), "u32", words, "u64")


# Conversions.
def conversions():
    halves = [(encode("f32", Q(n, 2)),) for n in range(-9, 10)] + [(encode("f32", Q(n, 1000)),) for n in (2499, 2501, -2499, -2501, 499, -499)]
    even = lambda x: math.floor(x) if x - math.floor(x) < Q(1, 2) or x - math.floor(x) == Q(1, 2) and math.floor(x) % 2 == 0 else math.floor(x) + 1
    code = "\n".join(f"cvt.r{m}i.s32.f32 r{20 + i}, f0;" for i, m in enumerate("nzmp"))
    lanes("cvt_round_s32", code, halves, lambda a: [f(decode("f32", a)) & M32 for f in (even, math.trunc, math.floor, math.ceil)], "f32", "u32", 4)
    lanes("cvt_rni_f32", "cvt.rni.f32.f32 f20, f0;", halves, lambda a: encode("f32", Q(even(decode("f32", a))), "rn", a >> 31), "f32", "f32")
    big = [encode("f32", Q(x)) for x in (0, 1, -1, 2**31, -2**31, 2**32, -2**32, 3 * 10**9, 2**40, 255, 256, -129)] + [0x7F800000, 0xFF800000]
    fin = lambda a: decode("f32", a)
    # ISA 9.7.9.22: out of range clamps to the ends of the destination; NaN is 0 for f32 sources.
    def to_int(lo, hi):
        return lambda a: int(clamp(fin(a), lo, hi)) if abs(fin(a)) != math.inf else (hi if fin(a) > 0 else lo)
    lanes("cvt_rzi_s32", "cvt.rzi.s32.f32 r20, f0;", [(b,) for b in big], to_int(-2**31, 2**31 - 1), "f32", "u32")
    lanes("cvt_rzi_u32", "cvt.rzi.u32.f32 r20, f0;", [(b,) for b in big] + [(0x7FC00000,)], lambda a: 0 if a == 0x7FC00000 else to_int(0, M32)(a), "f32", "u32")
    lanes("cvt_rmi_s64_f64", "cvt.rmi.s64.f64 d8, g0;", [(encode("f64", Q(x)),) for x in (Q(-1, 2), Q(5, 2), 2**62 + 1024, -2**63, 2**63, 2**70, Q(-7, 2))],
          lambda a: clamp(math.floor(decode("f64", a)), -2**63, 2**63 - 1), "f64", "u64")
    lanes("cvt_sat_u8", "cvt.sat.u8.s32 r20, r0;", u32s(32), lambda a: clamp(s(a), 0, 255))
    lanes("cvt_sat_s16", "cvt.sat.s16.u32 r20, r0;", u32s(32), lambda a: min(a, 32767))
    lanes("cvt_s8", "cvt.s32.s8 r20, r0;", u32s(32), lambda a: s(a, 8))
    ints = u64s(32) + [((1 << 24) + 1,), ((1 << 25) + 2,), ((1 << 53) + 1,), ((1 << 54) + 6,), (0x8000008000000000,)]
    lanes("cvt_rn_f32_u64", "cvt.rn.f32.u64 f20, d0;", ints, lambda a: encode("f32", Q(a)), "u64", "f32")
    lanes("cvt_rp_f32_s64", "cvt.rp.f32.s64 f20, d0;", ints, lambda a: encode("f32", Q(s(a, 64)), "rp"), "u64", "f32")
    lanes("cvt_rz_f64_u64", "cvt.rz.f64.u64 g8, d0;", ints, lambda a: encode("f64", Q(a), "rz"), "u64", "f64")
    f32 = [(encode("f32", Q(2) ** R.randrange(-26, 17) * (1 + Q(R.choice([0, 1, 2, 3, 4094, 4096, 4097, 8191, 4096 * 3, R.getrandbits(23)]), 1 << R.choice([13, 23]))) * R.choice([1, -1])),) for _ in range(64)]
    lanes("cvt_rn_f16_f32", "cvt.rn.f16.f32 h6, f0;", f32, lambda a: encode("f16", fin(a)), "f32", "f16")
    lanes("cvt_rz_f16_f32", "cvt.rz.f16.f32 h6, f0;", f32, lambda a: encode("f16", fin(a), "rz"), "f32", "f16")
    lanes("cvt_f32_f16", "cvt.f32.f16 f20, h0;", [(x,) for x in (0, 1, 0x3FF, 0x400, 0x3C00, 0x7BFF, 0x8001, 0xFBFF, 0x3555)], lambda a: encode("f32", decode("f16", a)), "f16", "f32")
    lanes("cvt_rn_f32_f64", "cvt.rn.f32.f64 f20, g0;", [(a,) for a, in floats("f64", 48) if 700 < (a >> 52 & 2047) < 1350] + [(encode("f64", Q(2) ** -127 * Q(k, 7)),) for k in range(1, 15)],
          lambda a: encode("f32", decode("f64", a)), "f64", "f32")
    more = dict(target="sm_80", version="7.0")
    lanes("cvt_rn_bf16_f32", "cvt.rn.bf16.f32 h6, f0;", floats("f32", 64), lambda a: encode("bf16", fin(a)), "f32", "u16", **more)
    two = [(a, b) for (a,), (b,) in zip(floats("f32", 32), floats("f32", 32))]
    lanes("cvt_bf16x2", "cvt.rn.bf16x2.f32 r20, f0, f1;", two, lambda a, b: encode("bf16", fin(a)) << 16 | encode("bf16", fin(b)), "f32", "u32", **more)
    mid = [(a, b) for (a,), (b,) in zip(f32, f32[::-1])]
    lanes("cvt_f16x2_relu", "cvt.rn.relu.f16x2.f32 r20, f0, f1;", mid, lambda a, b: encode("f16", max(fin(a), Q(0))) << 16 | encode("f16", max(fin(b), Q(0))), "f32", "u32", **more)
    lanes("cvt_rna_tf32", "cvt.rna.tf32.f32 r20, f0;\nand.b32 r20, r20, 0xffffe000;", floats("f32", 64, 1, 0), lambda a: encode("tf32", fin(a), "rna") << 13, "f32", "u32", **more)
    # E4M3 has no infinity: 0x7E is 448, the largest, to which satfinite goes (ISA 5.2.3).
    def e4m3(x):
        sign, a = x < 0, abs(x)
        if a == 0:
            return sign << 7
        steps = [Q(m, 512) for m in range(8)] + [Q(8 + m, 8) * Q(2) ** (e - 7) for e in range(1, 16) for m in range(8)][:-1]
        i = min(range(len(steps)), key=lambda i: (abs(steps[i] - a), i & 1))
        return sign << 7 | i
    vals = [(encode("f32", Q(R.randrange(-8000, 8000), 16)), encode("f32", Q(R.randrange(-300, 300), 4096))) for _ in range(32)]
    lanes("cvt_e4m3x2", "cvt.rn.satfinite.e4m3x2.f32 h6, f0, f1;", vals, lambda a, b: e4m3(fin(a)) << 8 | e4m3(fin(b)), "f32", "u16", target="sm_89", version="8.1")


def comparisons():
    inf, nan, one = 0x7F800000, 0x7FC00000, 0x3F800000
    sp = [(a, b) for a in (inf, nan, one, 0x80000000) for b in (inf, nan, one, 0)]
    ops = {"lt": lambda x, y: x < y, "ge": lambda x, y: x >= y, "ne": lambda x, y: x == x and y == y and x != y, "ltu": lambda x, y: x != x or y != y or x < y,
           "equ": lambda x, y: x != x or y != y or x == y, "num": lambda x, y: x == x and y == y, "nan": lambda x, y: x != x or y != y}
    code = "\n".join(f"setp.{o}.f32 p, f0, f1;\nselp.u32 r{20 + i}, 1, 0, p;" for i, o in enumerate(ops))
    lanes("setp_f32", code, sp, lambda a, b: [int(f(decode("f32", a), decode("f32", b))) for f in ops.values()], "f32", "u32", len(ops))
    lanes("set_slct", "set.lt.u32.s32 r20, r0, r1;\nset.hi.f32.u32 f1, r0, r1;\nmov.b32 r21, f1;\nslct.u32.s32 r22, r0, r1, r2;", u32s(32, 3),
          lambda a, b, c: [M32 if s(a) < s(b) else 0, 0x3F800000 if a > b else 0, a if s(c) >= 0 else b], outs=3)
    lanes("setp_bool", "setp.gt.s32 q, r2, 0;\nsetp.lt.and.u32 p|q, r0, r1, q;\nselp.u32 r20, 1, 0, p;\nselp.u32 r21, 1, 0, q;", u32s(32, 3),
          lambda a, b, c: [int(a < b and s(c) > 0), int(not a < b and s(c) > 0)], outs=2)


# Memory.
def memory_cases():
    w = [R.getrandbits(32) for _ in range(128)]
    out = [0] * 128
    for t in range(32):
        out[4 * t:4 * t + 4] = w[4 * t:4 * t + 4][::-1]
    test("vector_v4", kernel("vector_v4", """mad.wide.u32 in, t, 16, in;
mad.wide.u32 out, t, 16, out;
ld.global.v4.u32 {r0, r1, r2, r3}, [in];
st.global.v4.u32 [out], {r3, r2, r1, r0};"""), 32, out, "u32", w)
    b = [R.getrandbits(8) for _ in range(64)]
    test("load_s8", kernel("load_s8", """mad.wide.u32 d0, t, 1, in;
mad.wide.u32 out, t, 4, out;
ld.global.s8 r0, [d0];
st.global.s32 [out], r0;"""), 64, [s(x, 8) & M32 for x in b], "u32", b, "u8")
    test("shared_transpose", kernel("shared_transpose", """.shared .align 4 .b32 tile[272];
mad.wide.u32 in, t, 4, in;
mad.wide.u32 out, t, 4, out;
ld.global.u32 r0, [in];
and.b32 r1, t, 15;
shr.u32 r2, t, 4;
mad.lo.u32 r3, r2, 17, r1;
shl.b32 r3, r3, 2;
mov.u32 r4, tile;
add.u32 r3, r3, r4;
st.shared.u32 [r3], r0;
bar.sync 0;
mad.lo.u32 r3, r1, 17, r2;
shl.b32 r3, r3, 2;
add.u32 r3, r3, r4;
ld.shared.u32 r0, [r3];
st.global.u32 [out], r0;"""), 256, [1000 + 16 * (i % 16) + i // 16 for i in range(256)], "u32", [1000 + i for i in range(256)])
    test("dynamic_shared", kernel("dynamic_shared", """mov.u32 r4, dyn;
mad.lo.u32 r3, t, 8, r4;
mad.wide.u32 out, t, 8, out;
mul.wide.u32 d0, t, t;
st.shared.u64 [r3], d0;
bar.sync 0;
xor.b32 r5, t, 33;
mad.lo.u32 r3, r5, 8, r4;
ld.shared.u64 d1, [r3];
st.global.u64 [out], d1;""", globals_=".extern .shared .align 8 .b8 dyn[];\n"), 64, [(i ^ 33) ** 2 for i in range(64)], "u64", dynamic_shared=512)
    test("local_array", kernel("local_array", """.local .align 4 .b32 a[8];
mov.u32 r0, 0;
mov.u64 d0, a;
LOOP:
mad.lo.u32 r1, r0, r0, t;
mad.wide.u32 d1, r0, 4, d0;
st.local.u32 [d1], r1;
add.u32 r0, r0, 1;
setp.lt.u32 p, r0, 8;
@p bra LOOP;
and.b32 r2, t, 7;
mad.wide.u32 d1, r2, 4, d0;
ld.local.u32 r3, [d1];
mad.wide.u32 out, t, 4, out;
st.global.u32 [out], r3;"""), 40, [(i & 7) ** 2 + i for i in range(40)], "u32")
    table = [R.getrandbits(16) for _ in range(16)]
    test("constant_table", kernel("constant_table", """and.b32 r0, t, 15;
mov.u64 d0, table;
mad.wide.u32 d0, r0, 2, d0;
ld.const.u16 h0, [d0];
mad.wide.u32 out, t, 2, out;
st.global.u16 [out], h0;""", globals_=f".const .align 2 .u16 table[16] = {{{', '.join(map(str, table))}}};\n"), 48, [table[i & 15] for i in range(48)], "u16")
    test("generic_address", kernel("generic_address", """.shared .align 4 .b32 x[64];
mov.u64 d0, x;
cvta.shared.u64 d0, d0;
mad.wide.u32 d0, t, 4, d0;
add.u32 r0, t, 7;
st.u32 [d0], r0;
isspacep.shared p, d0;
selp.u32 r1, 100, 0, p;
ld.u32 r2, [d0];
add.u32 r1, r1, r2;
mad.wide.u32 out, t, 4, out;
st.u32 [out], r1;"""), 64, [107 + i for i in range(64)], "u32")


def atomics():
    test("atom_add", kernel("atom_add", """setp.lt.u32 p, t, 100;
@p red.global.add.u32 [out], t;
atom.global.add.u64 d0, [out+8], 3;
@p atom.global.or.b32 r0, [out+16], t;
@p atom.global.max.s32 r0, [out+20], t;"""), 128, [sum(range(100)), 0, 384, 0, 127, 99], "u32")
    test("atom_inc_wrap", kernel("atom_inc_wrap", "atom.global.inc.u32 r0, [out], 9;\natom.global.dec.u32 r1, [out+4], 6;"), 64, [64 % 10, (0 - 64) % 7], "u32")
    test("atom_cas_lock", kernel("atom_cas_lock", """LOOP:
ld.volatile.global.u32 r0, [out];
mad.lo.u32 r1, r0, 2, 0;
add.u32 r1, r0, 2;
atom.global.cas.b32 r2, [out], r0, r1;
setp.ne.u32 p, r2, r0;
@p bra LOOP;"""), 96, [192], "u32")
    test("atom_shared_min", kernel("atom_shared_min", """.shared .align 4 .b32 m;
setp.eq.u32 p, t, 0;
@p st.shared.u32 [m], 0xffffffff;
bar.sync 0;
mad.lo.u32 r0, t, 37, 11;
and.b32 r0, r0, 127;
add.u32 r0, r0, 5;
red.shared.min.u32 [m], r0;
bar.sync 0;
@p ld.shared.u32 r1, [m];
@p st.global.u32 [out], r1;"""), 100, [min((37 * i + 11 & 127) + 5 for i in range(100))], "u32")
    test("atom_add_f32", kernel("atom_add_f32", "cvt.rn.f32.u32 f0, t;\nred.global.add.f32 [out], f0;"), 64, [encode("f32", Q(2016))], "f32")
    test("atom_exch_b64", kernel("atom_exch_b64", """mad.wide.u32 d3, t, 8, out;
cvt.u64.u32 d0, t;
st.global.u64 [d3], d0;
shl.b64 d0, d0, 40;
atom.global.exch.b64 d1, [d3], d0;
add.u64 d1, d1, d0;
st.global.u64 [d3], d1;"""), 33, [i + (i << 40) for i in range(33)], "u64")


# Warps.
def warps():
    w = [R.getrandbits(32) for _ in range(32)]
    lane = """mad.wide.u32 in, t, 4, in;
mad.wide.u32 out, t, 8, out;
ld.global.u32 r0, [in];
"""
    # ISA 9.7.9.6: source lanes and the predicate by the instruction's pseudocode.
    def shfl(mode, b, c):
        res = []
        for l in range(32):
            seg, cl = c >> 8 & 31, c & 31
            top, low = (l & seg) | (cl & ~seg & 31), l & seg
            j = {"up": l - b, "down": l + b, "bfly": l ^ b, "idx": low | (b & ~seg & 31)}[mode]
            p = j >= top if mode == "up" else j <= top
            res += [w[j if p else l], int(p)]
        return res
    for mode, b, c in (("up", 3, 0), ("down", 5, 31), ("bfly", 9, 31), ("idx", 6, 0x181F), ("up", 2, 0x1800), ("down", 1, 0x1C1F)):
        name = f"shfl_{mode}_{c:x}"
        test(name, kernel(name, lane + f"shfl.sync.{mode}.b32 r1|p, r0, {b}, {c}, 0xffffffff;\nselp.u32 r2, 1, 0, p;\nst.global.v2.u32 [out], {{r1, r2}};"),
             32, shfl(mode, b, c), "u32", w)
    mask = sum((i % 3 == 0) << i for i in range(32))
    test("vote", kernel("vote", """rem.u32 r0, t, 3;
setp.eq.u32 p, r0, 0;
vote.sync.ballot.b32 r1, p, 0xffffffff;
vote.sync.any.pred q, p, 0xffffffff;
selp.u32 r2, 1, 0, q;
vote.sync.all.pred q, p, 0xffffffff;
selp.u32 r3, 1, 0, q;
vote.sync.uni.pred q, q, 0xffffffff;
selp.u32 r4, 1, 0, q;
mad.wide.u32 out, t, 16, out;
st.global.v4.u32 [out], {r1, r2, r3, r4};"""), 32, [mask, 1, 0, 1] * 32, "u32")
    m = [R.randrange(5) for _ in range(32)]
    test("match_any", kernel("match_any", lane + """match.any.sync.b32 r1, r0, 0xffffffff;
match.all.sync.b32 r2|p, 7, 0xffffffff;
st.global.v2.u32 [out], {r1, r2};"""), 32, [x for v in m for x in (sum((y == v) << i for i, y in enumerate(m)), M32)], "u32", m)
    test("redux", kernel("redux", lane + """redux.sync.add.s32 r1, r0, 0xffffffff;
redux.sync.min.s32 r2, r0, 0xffffffff;
st.global.v2.u32 [out], {r1, r2};""", "sm_80", "7.0"), 32, [sum(w) & M32, min(s(x) for x in w) & M32] * 32, "u32", w)
    test("activemask", kernel("activemask", """mad.wide.u32 out, t, 4, out;
mov.u32 r0, 0;
and.b32 r1, t, 1;
setp.eq.u32 p, r1, 0;
@p bra EVEN;
activemask.b32 r0;
EVEN:
mov.u32 r2, %lanemask_lt;
add.u32 r0, r0, r2;
st.global.u32 [out], r0;"""), 32, [((0xAAAAAAAA if i & 1 else 0) + (1 << i) - 1) & M32 for i in range(32)], "u32")
    test("bar_red", kernel("bar_red", """rem.u32 r0, t, 5;
setp.eq.u32 p, r0, 1;
bar.red.popc.u32 r1, 0, p;
bar.red.and.pred q, 0, p;
selp.u32 r2, 1, 0, q;
bar.red.or.pred q, 0, p;
selp.u32 r3, 1, 0, q;
mad.wide.u32 out, t, 12, out;
st.global.u32 [out], r1;
st.global.u32 [out+4], r2;
st.global.u32 [out+8], r3;"""), 96, [sum(i % 5 == 1 for i in range(96)), 0, 1] * 96, "u32")


# Control.
def control():
    def collatz(n):
        k = 0
        while n != 1:
            n = 3 * n + 1 if n & 1 else n >> 1
            k += 1
        return k
    test("collatz", kernel("collatz", """add.u32 r0, t, 1;
mov.u32 r1, 0;
LOOP:
setp.eq.u32 p, r0, 1;
@p bra DONE;
and.b32 r2, r0, 1;
setp.eq.u32 q, r2, 0;
@q bra EVEN;
mad.lo.u32 r0, r0, 3, 1;
bra NEXT;
EVEN:
shr.u32 r0, r0, 1;
NEXT:
add.u32 r1, r1, 1;
bra LOOP;
DONE:
mad.wide.u32 out, t, 4, out;
st.global.u32 [out], r1;"""), 64, [collatz(i + 1) for i in range(64)], "u32")
    test("brx_idx", kernel("brx_idx", """and.b32 r0, t, 3;
ts: .branchtargets L0, L1, L2, L3;
brx.idx r0, ts;
L0:
mov.u32 r1, 10;
bra END;
L1:
mul.lo.u32 r1, t, t;
bra END;
L2:
not.b32 r1, t;
bra END;
L3:
add.u32 r1, t, 1000;
END:
mad.wide.u32 out, t, 4, out;
st.global.u32 [out], r1;"""), 40, [[10, i * i, ~i & M32, i + 1000][i & 3] for i in range(40)], "u32")
    func = """.func (.param .b32 y) fact (.param .b32 x)
{
	.reg .pred p;
	.reg .b32 r<4>;
	ld.param.u32 r0, [x];
	mov.u32 r1, 1;
	setp.lt.u32 p, r0, 2;
	@p bra DONE;
	sub.u32 r2, r0, 1;
	{
		.param .b32 a;
		.param .b32 b;
		st.param.b32 [a], r2;
		call.uni (b), fact, (a);
		ld.param.b32 r3, [b];
	}
	mul.lo.u32 r1, r0, r3;
DONE:
	st.param.b32 [y], r1;
	ret;
}
"""
    test("recursion", kernel("recursion", """.param .b32 a;
.param .b32 b;
rem.u32 r0, t, 13;
st.param.b32 [a], r0;
call (b), fact, (a);
ld.param.b32 r1, [b];
mad.wide.u32 out, t, 4, out;
st.global.u32 [out], r1;""", globals_=func), 39, [math.factorial(i % 13) for i in range(39)], "u32")
    test("early_exit", kernel("early_exit", """mad.wide.u32 out, t, 4, out;
st.global.u32 [out], 1;
rem.u32 r0, t, 7;
setp.eq.u32 p, r0, 2;
@p exit;
st.global.u32 [out], t;"""), 50, [1 if i % 7 == 2 else i for i in range(50)], "u32")
    test("specials", kernel("specials", """mov.u32 r0, %ntid.x;
mov.u32 r1, %laneid;
mov.u32 r2, %nctaid.x;
mov.u32 r3, %ctaid.x;
mad.wide.u32 out, t, 16, out;
st.global.v4.u32 [out], {r0, r1, r2, r3};"""), 70, [x for i in range(70) for x in (70, i % 32, 1, 0)], "u32")


# Matrices: the layouts of ISA 9.7.14.5, element by element, with integers that every format holds.
def matrices():
    def mma(name, op, m, n, k, in_fmt, out_fmt, a_at, b_at, c_at, na, nb, nc, per, target, version="7.0"):
        """per: elements of a register. Row and column of element i of a lane come from the ISA's formulas."""
        A = [[R.randrange(-8, 9) for _ in range(k)] for _ in range(m)]
        B = [[R.randrange(-8, 9) for _ in range(n)] for _ in range(k)]
        C = [[R.randrange(-64, 65) for _ in range(n)] for _ in range(m)]
        D = [[C[i][j] + sum(A[i][l] * B[l][j] for l in range(k)) for j in range(n)] for i in range(m)]
        width = 32 // per
        enc = (lambda x: x & ((1 << width) - 1)) if in_fmt == "s8" else lambda x: encode(in_fmt, Q(x)) << (13 if in_fmt == "tf32" else 0)
        out = (lambda x: x & M32) if out_fmt == "s32" else lambda x: encode(out_fmt, Q(x))
        per_c = 2 if out_fmt == "f16" else 1

        def frag(mat, at, count, per, enc, lane):
            vals = []
            for i in range(count):
                r, c = at(lane, i)
                vals.append(enc(mat[r][c]))
            return [sum(vals[j * per + i] << (32 // per * i) for i in range(per)) for j in range(count // per)]
        words, res = [], []
        for lane in range(32):
            words += frag(A, a_at, na * per, per, enc, lane) + frag(B, b_at, nb * per, per, enc, lane) + frag(C, c_at, nc * per_c, per_c, out, lane)
            res += frag(D, c_at, nc * per_c, per_c, out, lane)
        total = na + nb + nc
        p = "f" if out_fmt == "f32" else "r"
        body = [f"mad.wide.u32 in, t, {4 * total}, in;", f"mad.wide.u32 out, t, {4 * nc}, out;"]
        names = [f"r{i}" for i in range(na + nb)] + [f"{p}{10 + i}" for i in range(nc)]
        body += [f"ld.global.{'f32' if x[0] == 'f' else 'u32'} {x}, [in+{4 * i}];" for i, x in enumerate(names)]
        v = lambda l: "{" + ", ".join(l) + "}"
        d = [f"{p}{16 + i}" for i in range(nc)]
        body.append(f"{op} {v(d)}, {v(names[:na])}, {v(names[na:na + nb])}, {v(names[na + nb:])};")
        body += [f"st.global.{'f32' if p == 'f' else 'u32'} [out+{4 * i}], {x};" for i, x in enumerate(d)]
        test(name, kernel(name, "\n".join(body), target, version), 32, res, "f32" if p == "f" else "u32", words)

    g, q = (lambda l: l >> 2), (lambda l: l & 3)
    c16 = lambda l, i: (g(l) + 8 * (i >> 1), 2 * q(l) + (i & 1))
    a16 = lambda l, i: (g(l) + 8 * (i >> 1 & 1), 2 * q(l) + (i & 1) + 8 * (i >> 2))
    b16 = lambda l, i: (2 * q(l) + (i & 1) + 8 * (i >> 1), g(l))
    mma("mma_m16n8k16_f16", "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32", 16, 8, 16, "f16", "f32", a16, b16, c16, 4, 2, 4, 2, "sm_80")
    mma("mma_m16n8k16_bf16", "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32", 16, 8, 16, "bf16", "f32", a16, b16, c16, 4, 2, 4, 2, "sm_80")
    mma("mma_m16n8k8_f16", "mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32", 16, 8, 8, "f16", "f32", a16, b16, c16, 2, 1, 4, 2, "sm_75", "6.5")
    mma("mma_m16n8k16_f16_f16", "mma.sync.aligned.m16n8k16.row.col.f16.f16.f16.f16", 16, 8, 16, "f16", "f16", a16, b16, c16, 4, 2, 2, 2, "sm_80")
    a32 = lambda l, i: (g(l) + 8 * (i & 1), q(l) + 4 * (i >> 1))
    b32 = lambda l, i: (q(l) + 4 * i, g(l))
    mma("mma_m16n8k8_tf32", "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32", 16, 8, 8, "tf32", "f32", a32, b32, c16, 4, 2, 4, 1, "sm_80")
    a8 = lambda l, i: (g(l) + 8 * (i >> 2 & 1), 4 * q(l) + (i & 3) + 16 * (i >> 3))
    b8 = lambda l, i: (4 * q(l) + (i & 3) + 16 * (i >> 2), g(l))
    mma("mma_m16n8k32_s8", "mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32", 16, 8, 32, "s8", "s32", a8, b8, c16, 4, 2, 4, 4, "sm_80")
    mma("mma_m8n8k16_s8", "mma.sync.aligned.m8n8k16.row.col.s32.s8.s8.s32", 8, 8, 16, "s8", "s32",
        lambda l, i: (g(l), 4 * q(l) + i), lambda l, i: (4 * q(l) + i, g(l)), lambda l, i: (g(l), 2 * q(l) + i), 1, 1, 2, 4, "sm_75", "6.5")

    # ldmatrix, ISA 9.7.14.5.15: lane l gets row l/4, elements 2(l%4) and the next, of each matrix; the rows of
    # matrix j are at the addresses of lanes 8j to 8j+7. Transposed, it gets column l/4.
    halves = [R.getrandbits(16) for _ in range(256)]
    for trans in (False, True):
        res = []
        for l in range(32):
            for j in range(4):
                e = lambda r, c: halves[64 * j + 8 * r + c]
                lo, hi = (e(2 * q(l), g(l)), e(2 * q(l) + 1, g(l))) if trans else (e(g(l), 2 * q(l)), e(g(l), 2 * q(l) + 1))
                res.append(hi << 16 | lo)
        name = "ldmatrix_x4" + "_trans" * trans
        test(name, kernel(name, f""".shared .align 16 .b8 tile[512];
mad.wide.u32 in, t, 16, in;
mad.wide.u32 out, t, 16, out;
ld.global.v4.u32 {{r0, r1, r2, r3}}, [in];
mov.u32 r4, tile;
mad.lo.u32 r4, t, 16, r4;
st.shared.v4.u32 [r4], {{r0, r1, r2, r3}};
bar.sync 0;
ldmatrix.sync.aligned.m8n8.x4{'.trans' * trans}.shared.b16 {{r5, r6, r7, r8}}, [r4];
st.global.v4.u32 [out], {{r5, r6, r7, r8}};"""), 32, res, "u32", halves, "u16")


def asynchronous():
    w = [R.getrandbits(32) for _ in range(256)]
    test("cp_async", kernel("cp_async", """.shared .align 16 .b32 tile[256];
mov.u32 r0, tile;
mad.lo.u32 r1, t, 16, r0;
mad.wide.u32 in, t, 16, in;
cp.async.cg.shared.global [r1], [in], 16;
cp.async.commit_group;
cp.async.wait_group 0;
bar.sync 0;
xor.b32 r2, t, 21;
mad.lo.u32 r2, r2, 16, r0;
ld.shared.v4.u32 {r4, r5, r6, r7}, [r2];
mad.wide.u32 out, t, 16, out;
st.global.v4.u32 [out], {r4, r5, r6, r7};""", "sm_80", "7.0"), 64, [w[4 * (i ^ 21) + j] for i in range(64) for j in range(4)], "u32", w)
    test("cp_async_zfill", kernel("cp_async_zfill", """.shared .align 16 .b32 tile[128];
mov.u32 r0, tile;
mad.lo.u32 r1, t, 16, r0;
mad.wide.u32 in, t, 16, in;
and.b32 r2, t, 3;
shl.b32 r2, r2, 2;
cp.async.ca.shared.global [r1], [in], 16, r2;
cp.async.wait_all;
ld.shared.v4.u32 {r4, r5, r6, r7}, [r1];
mad.wide.u32 out, t, 16, out;
st.global.v4.u32 [out], {r4, r5, r6, r7};""", "sm_80", "7.0"), 32, [w[4 * i + j] if j < i % 4 else 0 for i in range(32) for j in range(4)], "u32", w[:128])


def loading():
    test("loads_only", kernel("loads_only", "nanosleep.u32 20;\nprefetch.global.L2 [in];\ntrap;"), 1, None, "u32", executes=False)
    test("refused_wgmma", kernel("refused_wgmma", "wgmma.fence.sync.aligned;", "sm_90a", "8.0"), 128, [0], "u32", refused=True)
    test("refused_video", kernel("refused_video", "vadd.s32.s32.s32 r0, r1.b0, r2.h1;"), 1, [0], "u32", refused=True)
    test("refused_texture", kernel("refused_texture", "tex.2d.v4.f32.s32 {f0, f1, f2, f3}, [tx, {r0, r1}];", globals_=".global .texref tx;\n"), 1, [0], "u32", refused=True)


os.makedirs(os.path.join(HERE, "cases"), exist_ok=True)
for old in os.listdir(os.path.join(HERE, "cases")):
    os.remove(os.path.join(HERE, "cases", old))
for part in (integers, logic, floating, conversions, comparisons, memory_cases, atomics, warps, control, matrices, asynchronous, loading):
    part()
for part in (cases_arith, cases_flow, cases_matrix, cases_more):
    part.run()
TESTS += cases_lib.TESTS
with open(os.path.join(HERE, "cases.json"), "w") as f:
    f.write('{"tests": [\n' + ",\n".join(json.dumps(t, separators=(",", ":")) for t in TESTS) + "\n]}\n")
print(len(TESTS), "cases")
