"""Numbers of every format as exact fractions, and PTX files written the way that compilers and people write them."""
import json, math, os, random, re, struct, zlib
from fractions import Fraction as Q

R = random.Random(7001)
TESTS = []
ROWS = 8  # of a case: what keeps the files small
OUT = os.path.dirname(os.path.abspath(__file__))
M16, M32, M64 = (1 << 16) - 1, (1 << 32) - 1, (1 << 64) - 1
FMT = {"f16": (5, 10), "bf16": (8, 7), "tf32": (8, 10), "f32": (8, 23), "f64": (11, 52), "e5m2": (5, 2)}
BITS = {"f16": 16, "bf16": 16, "f32": 32, "f64": 64, "tf32": 32}
NAN, INF = math.nan, math.inf


def sign(fmt, b): return b >> (sum(FMT[fmt])) & 1


def val(fmt, b):
    e, f = FMT[fmt]
    frac, exp = b & (1 << f) - 1, b >> f & (1 << e) - 1
    if exp == (1 << e) - 1:
        return NAN if frac else -INF if sign(fmt, b) else INF
    x = Q(frac + (exp > 0) * (1 << f)) * Q(2) ** (max(exp, 1) - (1 << e - 1) + 1 - f)
    return -x if sign(fmt, b) else x


def enc(fmt, x, rnd="rn", z=0, satfinite=False):
    """The bits of x rounded once; z is the sign of a zero."""
    e, f = FMT[fmt]
    if x != x:
        return {"f16": 0x7FFF, "bf16": 0x7FFF, "f32": 0x7FFFFFFF, "f64": 0x7FF8 << 48, "tf32": 0x3FFFF}[fmt]
    top = (1 << e) - 1 << f
    if abs(x) == INF:
        return top | (x < 0) << e + f
    if x == 0:
        return z << e + f
    s, a = int(x < 0), abs(x)
    bias = (1 << e - 1) - 1
    k = a.numerator.bit_length() - a.denominator.bit_length()
    k -= Q(2) ** k > a
    k = max(k, 1 - bias)
    n, rest = divmod(a, Q(2) ** (k - f))
    rest /= Q(2) ** (k - f)
    n = int(n)
    n += {"rn": rest > Q(1, 2) or rest == Q(1, 2) and n & 1, "rna": rest >= Q(1, 2), "rz": 0, "rp": rest > 0 and not s, "rm": rest > 0 and s}[rnd]
    if n >> f + 1:
        n >>= 1; k += 1
    if k > bias:
        over = rnd in ("rn", "rna") or rnd == "rp" and not s or rnd == "rm" and s
        return (top if over else top - 1) | s << e + f
    return (n if n >> f == 0 else (k + bias << f) | n - (1 << f)) | s << e + f


def sub(fmt, b):
    e, f = FMT[fmt]
    return b >> f & (1 << e) - 1 == 0 and b & (1 << f) - 1 != 0


def flush(fmt, b):
    return b & 1 << sum(FMT[fmt]) if sub(fmt, b) else b


def isnan(fmt, b): return val(fmt, b) != val(fmt, b)


def zsum(sa, sb, rnd): return sa if sa == sb else int(rnd == "rm")


def f_add(fmt, rnd, a, b):
    x, y = val(fmt, a), val(fmt, b)
    if x != x or y != y or abs(x) == INF and x == -y:
        return enc(fmt, NAN)
    if abs(x) == INF or abs(y) == INF:
        return enc(fmt, x if abs(x) == INF else y)
    if x == 0 == y:
        return enc(fmt, Q(0), rnd, zsum(sign(fmt, a), sign(fmt, b), rnd))
    return enc(fmt, x + y, rnd, int(rnd == "rm"))


def f_sub(fmt, rnd, a, b):
    return f_add(fmt, rnd, a, b if isnan(fmt, b) else b ^ 1 << sum(FMT[fmt]))


def f_mul(fmt, rnd, a, b):
    x, y, z = val(fmt, a), val(fmt, b), sign(fmt, a) ^ sign(fmt, b)
    if x != x or y != y or {abs(x), abs(y)} == {0, INF}:
        return enc(fmt, NAN)
    if abs(x) == INF or abs(y) == INF:
        return enc(fmt, -INF if z else INF)
    return enc(fmt, x * y, rnd, z)


def f_fma(fmt, rnd, a, b, c):
    x, y, w, z = val(fmt, a), val(fmt, b), val(fmt, c), sign(fmt, a) ^ sign(fmt, b)
    if x != x or y != y or w != w or {abs(x), abs(y)} == {0, INF}:
        return enc(fmt, NAN)
    if abs(x) == INF or abs(y) == INF:
        p = -INF if z else INF
        return enc(fmt, NAN if w == -p else p)
    if abs(w) == INF:
        return c
    p = x * y
    if p == 0 == w:
        return enc(fmt, Q(0), rnd, zsum(z, sign(fmt, c), rnd))
    return enc(fmt, p + w, rnd, int(rnd == "rm"))


def f_div(fmt, rnd, a, b):
    x, y, z = val(fmt, a), val(fmt, b), sign(fmt, a) ^ sign(fmt, b)
    if x != x or y != y or x == 0 == y or abs(x) == INF == abs(y):
        return enc(fmt, NAN)
    if abs(x) == INF or y == 0:
        return enc(fmt, -INF if z else INF)
    if abs(y) == INF or x == 0:
        return enc(fmt, Q(0), rnd, z)
    return enc(fmt, x / y, rnd, z)


def f_rcp(fmt, rnd, b): return f_div(fmt, rnd, enc(fmt, Q(1)), b)


def f_sqrt(fmt, rnd, a):
    x = val(fmt, a)
    if x != x or x < 0:
        return enc(fmt, NAN)
    if x == INF or x == 0:
        return a
    n = x.numerator * x.denominator << 600
    r = math.isqrt(n)
    return enc(fmt, Q(2 * r + (r * r != n), x.denominator << 301), rnd)


def f_minmax(fmt, mx, nan, a, b):
    na, nb = isnan(fmt, a), isnan(fmt, b)
    if na and nb or nan and (na or nb):
        return enc(fmt, NAN)
    if na or nb:
        return b if na else a
    ka, kb = [(val(fmt, v), -sign(fmt, v)) for v in (a, b)]
    return (a if ka >= kb else b) if mx else (a if ka <= kb else b)


# Words to try.
def fspecials(fmt):
    e, f = FMT[fmt]
    top, one = (1 << e) - 1 << f, (1 << e - 1) - 1 << f
    pos = [0, 1, (1 << f) - 1, 1 << f, one, one + 1, one - 1, top - 1, top, one + (1 << f), one - (1 << f)]
    return pos + [p | 1 << e + f for p in pos] + [top | 1 << f - 1, top | 1, top | 1 << e + f | 5]


def fwords(fmt, n, width, special=0.35):
    e, f = FMT[fmt]
    sp = fspecials(fmt)
    rows = []
    for _ in range(n):
        mid = R.randrange(1, (1 << e) - 1)
        row = []
        for _ in range(width):
            if R.random() < special:
                row.append(R.choice(sp))
            else:
                x = min(max(mid + R.randrange(-f - 2, f + 3), 0), (1 << e) - 2)
                row.append(R.getrandbits(1) << e + f | x << f | R.choice([R.getrandbits(f), R.getrandbits(f), 0, (1 << f) - 1, 1 << R.randrange(f)]))
        rows.append(tuple(row))
    return rows


def iwords(bits, n, width):
    sp = [0, 1, 2, 3, bits - 1, bits, bits + 1, (1 << bits) - 1, (1 << bits) - 2, 1 << bits - 1, (1 << bits - 1) - 1, (1 << bits - 1) + 1, 0x7F, 0x80, 0xFF]
    return [tuple(R.choice(sp) if R.random() < .45 else R.getrandbits(R.choice([bits, bits, bits // 2])) for _ in range(width)) for _ in range(n)]


def s(x, bits=32):
    x &= (1 << bits) - 1
    return x - (1 << bits) if x >> bits - 1 else x


def clamp(x, lo, hi): return max(lo, min(hi, x))


# Files.
SMS = [("sm_60", 60, 50), ("sm_61", 61, 50), ("sm_70", 70, 60), ("sm_72", 72, 61), ("sm_75", 75, 63), ("sm_80", 80, 70), ("sm_86", 86, 71), ("sm_87", 87, 74), ("sm_89", 89, 78),
       ("sm_90", 90, 78), ("sm_90a", 90, 80), ("sm_100", 100, 86), ("sm_100a", 100, 86)]
VERSIONS = [60, 61, 62, 63, 64, 65, 70, 71, 72, 73, 74, 75, 76, 77, 78, 80, 81, 82, 83, 84, 85, 86, 87, 88]


def pick(sm=70, ver=60, maxsm=100, maxver=88):
    """A target and a version that have what was asked for."""
    ok = [(n, v) for n, k, v0 in SMS for v in VERSIONS if sm <= k <= maxsm and max(ver, v0) <= v <= maxver]
    n, v = R.choice(ok)
    return f"{v // 10}.{v % 10}", n


def add(name, text, block, out, out_type, inp=None, in_type="u32", **more):
    name = "isa_" + name
    assert all(t["name"] != name for t in TESTS), name
    ver, tgt = re.search(r"\.version\s+(\S+)", text)[1], re.search(r"\.target\s+(\w+)", text)[1]
    with open(os.path.join(OUT, "cases", name + ".ptx"), "w") as f:
        f.write(text)
    TESTS.append({"name": name, "ptx": f"cases/{name}.ptx", "version": ver, "target": tgt, "in": inp, "in_type": in_type, "out": out, "out_type": out_type, "block": block, **more})


def wsize(t): return int(t.lstrip("uifsb")) // 8


# What a type is loaded as, and kept in.
MEM = {"f16": "b16", "bf16": "b16", "f16x2": "b32", "bf16x2": "b32", "tf32": "b32", "e4m3x2": "b16", "e5m2x2": "b16"}
TSZ = {"f16x2": 4, "bf16x2": 4, "bf16": 2, "tf32": 4, "e4m3x2": 2, "e5m2x2": 2}


def tsz(t): return TSZ.get(t) or int(t[1:]) // 8


def regtype(t):
    if t in MEM:
        return MEM[t]
    return "b16" if t in ("u8", "s8", "b8") else t


NAMES = ["alpha", "_x1", "$tmp", "%val", "acc_0", "Zed", "%_q", "lhs", "rhs", "$$", "w$1", "%a.b", "res", "kk", "%f32x", "ptr0", "x", "y", "z9", "%Rr"]
NAMES = [n for n in NAMES if "." not in n]


def lanes(name, code, ins, outs, rows, fn, want=None, scratch="", globals_="", sm=70, ver=60, maxsm=100, maxver=88, target=None, style=None, **more):
    """A thread for each row. code has {a} {b} {c} {e} for the operands and {o} {p} {q} {r} for the results."""
    if zlib.crc32(name.encode()) % 3 == 0:  # two thirds are enough
        return
    rows = rows[-ROWS:]  # edges come last
    version, tgt = target or pick(sm, ver, maxsm, maxver)
    style = style if style is not None else R.randrange(4)
    iw, ow = max(map(tsz, ins)), max(map(tsz, outs))
    letters = dict(zip("abceghij", ins)), dict(zip("opqrtuvwyz"[:len(outs)], outs))
    reg, decl = {}, []
    if style == 1:  # as nvcc numbers them
        prefix = {"b16": "%rs", "u16": "%rs", "s16": "%rs", "b32": "%r", "u32": "%r", "s32": "%r", "f32": "%f", "b64": "%rd", "u64": "%rd", "s64": "%rd", "f64": "%fd"}
        count = {"%rd": 8, "%r": 4}
        for d in letters:
            for k, t in d.items():
                p = prefix[regtype(t)]
                reg[k] = f"{p}{count.setdefault(p, 1)}"
                count[p] += 1
        decl = [f"\t.reg .{t} \t{p}<{count[p]}>;" for p, t in (("%rs", "b16"), ("%r", "b32"), ("%f", "f32"), ("%rd", "b64"), ("%fd", "f64")) if p in count]
        A, B, T = "%rd1", "%rd2", "%r1"
        addr = ["%rd3", "%rd4", "%rd5", "%rd6"]
    else:
        names = R.sample(NAMES, len(NAMES))
        for d in letters:
            for k, t in d.items():
                reg[k] = names.pop() + ("" if style != 3 else "_" + k)
                decl.append(f".reg .{regtype(t)} {reg[k]};")
        A, B, T = ["%in", "%out", "%t"] if style == 2 else ["src", "dst", "tid"]
        addr = ["ad1", "ad2", "ad3", "ad4"]
        decl.append(f".reg .u64 {A}, {B}, {', '.join(addr)}; .reg .u32 {T};")
    pn = R.choice([("_Z1kPKvPv_param_0", "_Z1kPKvPv_param_1"), ("in", "out"), ("p.0", "p.1")][:2])
    kn = R.choice(["_Z1kPKvPv", "main_", "$kernel", "k"])
    lines = [f"ld.param.u64 {A}, [{pn[0]}];", f"ld.param.u64 {B}, [{pn[1]}];"]
    space = ".global"
    if style in (0, 1):
        lines += [f"cvta.to.global.u64 {addr[0]}, {A};", f"cvta.to.global.u64 {addr[1]}, {B};"]
    elif style == 2:
        lines += [f"mov.b64 {addr[0]}, {A};", f"mov.u64 {addr[1]}, {B};"]
    else:
        space = ""
        lines += [f"add.s64 {addr[0]}, {A}, 0;", f"add.u64 {addr[1]}, {B}, 0;"]
    lines += [f"mov.u32 {T}, %tid.x;", f"mad.wide.u32 {addr[2]}, {T}, {iw * len(ins)}, {addr[0]};"]
    lines += [f"mul.wide.u32 {addr[3]}, {T}, {ow * len(outs)};", f"add.s64 {addr[3]}, {addr[1]}, {addr[3]};"]
    vol = R.choice(["", "", ".volatile"]) if style != 1 else ""
    same = len(ins) in (2, 4) and len(set(ins)) == 1 and tsz(ins[0]) in (2, 4, 8) and (len(ins) * iw <= 16)
    if same and style in (0, 2):
        t = MEM.get(ins[0], ins[0])
        lines.append(f"ld{space}.v{len(ins)}.{t} {{{','.join(reg[k] for k in letters[0])}}}, [{addr[2]}];")
    else:
        for i, (k, t) in enumerate(letters[0].items()):
            lines.append(f"ld{vol}{space}.{MEM.get(t, t)} {reg[k]}, [{addr[2]}{'+' + str(iw * i) if i or style == 3 else ''}];")
    body = code.format(**reg, T=T)
    lines += ["{", *body.strip().split("\n"), "}"] if style != 1 or "%r" in scratch or ".reg" in body else body.strip().split("\n")
    for i, (k, t) in enumerate(letters[1].items()):
        lines.append(f"st{vol}{space}.{MEM.get(t, t)} [{addr[3]}{'+' + str(ow * i) if i else ''}], {reg[k]};")
    ind = "\t" if style != 2 else "  "
    head = R.choice(["//\n// Generated by NVIDIA NVVM Compiler\n//\n// Compiler Build ID: CL-35404655\n//\n\n", "", "/* hand written */ "])
    vis = R.choice([".visible ", "", ".weak "])
    text = f"{head}.version {version}\n.target {tgt}\n.address_size 64\n{globals_}\n"
    text += f"{vis}.entry {kn}(\n{ind}.param .u64 {pn[0]},\n{ind}.param .u64 {pn[1]}\n)\n{{\n"
    text += "\n".join(ind + d.strip() for d in decl + ([scratch] if scratch else [])) + "\n"
    text += "\n".join(ind + l.strip() for l in lines) + f"\n{ind}ret;\n}}\n"
    out = []
    for row in rows:
        y = fn(*row)
        y = list(y) if isinstance(y, (list, tuple)) else [y]
        assert len(y) == len(outs), name
        out += [int(v) & (1 << 8 * tsz(t)) - 1 for v, t in zip(y, outs)]
    ot = want or f"u{8 * ow}"
    if len({tsz(t) for t in outs}) > 1:
        assert ot[0] == "u"
    add(name, text, len(rows), out, ot, [x for row in rows for x in row], f"u{8 * iw}", **more)


def kern(body, decl="", globals_="", sm=70, ver=60, maxsm=100, maxver=88, target=None, name="k", attrs="", tail="ret;"):
    """A kernel of two addresses %in and %out and the thread's number %t."""
    version, tgt = target or pick(sm, ver, maxsm, maxver)
    return f""".version {version}
.target {tgt}
.address_size 64

{globals_}
.visible .entry {name}(.param .u64 pin, .param .u64 pout)
{attrs}
{{
	.reg .pred %p<16>;
	.reg .b16 %h<32>;
	.reg .b32 %r<64>;
	.reg .f32 %f<64>;
	.reg .b64 %d<32>;
	.reg .f64 %g<16>;
	.reg .b32 %t;
	.reg .b64 %in, %out;
	{decl}
	ld.param.u64 %in, [pin];
	ld.param.u64 %out, [pout];
	mov.u32 %t, %tid.x;
{body}
	{tail}
}}
"""

