"""Single-instruction probes of PTX: instruction x type x modifiers x operands, legal and illegal.

Written from the instruction index of the PTX ISA alone, never from this package's table, so that the two can disagree. A family
is a list of lines `opcode slots | operands`: a slot is a comma-separated list of suffixes of which one is taken ("-": none);
$name stands for a list below. Operands are types of registers (T, U: the first and second type suffix; W: twice as wide as T), or
literal text. Every family also gets its operands replaced by ones of each other kind, in each position.
"""
import itertools
import random
import re

INT = "u16 u32 u64 s16 s32 s64"
BITS = "b16 b32 b64"
FLT = "f16 f16x2 bf16 bf16x2 f32 f64"
ODD = "u8 s8 b8 b128 pred tf32 e4m3 e4m3x2 f32x2 u16x2 s16x2 b1"
LISTS = {
    "int": INT, "bits": BITS, "flt": FLT, "odd": ODD,
    "all": f"{INT} {BITS} {FLT} {ODD}",
    "mem": f"{INT} {BITS} u8 s8 b8 b128 f32 f64 f16 f16x2 bf16 pred",
    "rnd": "- rn rz rm rp rna", "irnd": "rni rzi rmi rpi", "ftz": "- ftz", "sat": "- sat", "relu": "- relu", "nan": "- NaN",
    "cmp": "eq ne lt le gt ge lo ls hi hs equ neu ltu leu gtu geu num nan",
    "space": "- global shared local const param shared::cta shared::cluster param::entry param::func",
    "scope": "- cta cluster gpu sys", "vec": "- v2 v4 v8",
    "order": "- weak volatile relaxed acquire release acq_rel sc mmio",
    "ldcache": "- ca cg cs lu cv", "stcache": "- wb cg cs wt", "anycache": "- ca cg cs lu cv wb wt nc",
    "evict": "- L1::evict_normal L1::evict_first L1::evict_last L1::evict_unchanged L1::no_allocate",
    "pre": "- L2::64B L2::128B L2::256B",
    "atomop": "and or xor add inc dec min max exch cas sub",
}

REGS = {  # class: name of eight registers
    "pred": "%p", "b8": "%b", "b16": "%h", "b32": "%r", "b64": "%d", "b128": "%q", "u16": "%uh", "s16": "%sh", "u32": "%u", "s32": "%s",
    "u64": "%ud", "s64": "%sd", "f16": "%hf", "f16x2": "%hx", "f32": "%f", "f64": "%fd",
}
CANON = {"u8": "b16", "s8": "b16", "bf16": "b16", "bf16x2": "b32", "f16x2": "b32", "f16": "b16", "tf32": "b32", "e4m3x2": "b16", "e5m2x2": "b16",
         "e4m3": "b16", "e2m1x2": "b8", "e2m3x2": "b16", "e3m2x2": "b16", "ue8m0x2": "b16", "u16": "b16", "s16": "b16", "u32": "b32", "s32": "b32", "u64": "b64", "s64": "b64",
         "u16x2": "b32", "s16x2": "b32", "f32x2": "b64", "b1": "b32", "": "b32"}
WIDE = {"u16": "b32", "s16": "b32", "u32": "b64", "s32": "b64", "b16": "b32", "b32": "b64"}

PROLOGUE = """.global .align 16 .b8 gv[256];
.const .align 16 .b8 cv[256];
.visible .entry k(.param .u64 p0, .param .u32 p1, .param .align 16 .b8 p2[64])
{
.reg .pred %p<8>; .reg .b8 %b<8>; .reg .b16 %h<8>; .reg .b32 %r<16>; .reg .b64 %d<8>; .reg .u16 %uh<8>; .reg .s16 %sh<8>;
.reg .u32 %u<8>; .reg .s32 %s<8>; .reg .u64 %ud<8>; .reg .s64 %sd<8>; .reg .f16 %hf<8>; .reg .f16x2 %hx<8>; .reg .f32 %f<16>; .reg .f64 %fd<8>;
.reg .v2 .f32 %v2f; .reg .v4 .b32 %v4r;
.shared .align 16 .b8 sh[256]; .local .align 16 .b8 lv[256];
LBL:
"""
EPILOGUE = "ret;\n}\n"
B128 = ".reg .b128 %q<8>;"  # in front of rows that need it: not every version has it


def reg(t, i):
    c = t if t in REGS else CANON.get(t, "b32")
    return f"{REGS[c]}{i}"


OTHER = (["%p1", "!%p1", "%b1", "%h1", "%r1", "%d1", "%u1", "%s1", "%uh1", "%sh1", "%ud1", "%sd1", "%hf1", "%hx1", "%f1", "%fd1", "%q1", "%v2f.x", "%v2f", "%v4r.w"]
         + ["0", "1", "-1", "7", "32", "255", "65536", "4294967295", "0x1ffffffff", "0x123456789abcdef0", "1U", "-2147483648"]
         + ["1.0", "-0.5", "0f3f800000", "0d3ff0000000000000", "%tid.x", "%laneid", "%clock64", "%lanemask_lt", "%ctaid", "WARP_SZ"]
         + ["sh", "gv", "lv", "cv", "p0", "gv+4", "LBL", "_", "_", "-%r1", "{%r1,%r2}", "{%f1,%f2}", "{%r1}", "[%d1]", "[%r1]", "[sh]", "%r1|%p1", "%p1|%p2"])
ADDR = ["[%d1]", "[%r1]", "[%ud1]", "[%sd1]", "[%u1]", "[%h1]", "[%f1]", "[%fd1]", "[%p1]", "[%d1+4]", "[%d1+-4]", "[%d1-4]", "[%d1+4096]", "[%d1+8589934592]",
        "[gv]", "[gv+4]", "[gv+-4]", "[sh]", "[sh+16]", "[lv]", "[cv]", "[cv+8]", "[p0]", "[p1]", "[p2+8]", "[16]", "[0]", "[-8]", "[%d1+%d2]", "[%d1+1.0]", "gv", "%d1", "gv[2]", "sh[1]", "cv[0]",
        "[%tid.x]", "[k]", "[LBL]", "[1.0]"]


def expand(slot):
    out = []
    for s in slot.split(","):
        out += LISTS[s[1:]].split() if s.startswith("$") else [s]
    return list(dict.fromkeys(out))


class Line:
    def __init__(self, text):
        self.limit = 400
        if text.startswith("#"):
            n, text = text[1:].split(" ", 1)
            self.limit = int(n)
        head, _, ops = text.partition("|")
        self.op, *slots = head.split()
        self.slots = [expand(s) for s in slots]
        self.operands = [o.strip() for o in ops.split(";")] if ops.strip() else [""]

    def opcode(self, pick):
        return ".".join([self.op] + [m for m in pick if m != "-"])

    def args(self, pick, template):
        types = [m for m in pick if m in REGS or m in CANON]
        t = types[0] if types else "b32"
        u = types[1] if len(types) > 1 else t
        v = next((int(m[1]) for m in pick if m in ("v2", "v4", "v8")), 1)
        x = {"x1": 1, "x2": 2, "x4": 4}.get(next((m for m in pick if m in ("x1", "x2", "x4")), ""), 1)
        out = []
        for i, o in enumerate(template.split()):
            if o == "T":
                out.append(reg(t, i))
            elif o == "U":
                out.append(reg(u, i))
            elif o == "L":
                out.append(reg(types[-1] if types else "b32", i))
            elif o == "W":
                out.append(reg(WIDE.get(t, t), i))
            elif o == "V":
                out.append(reg(t, i) if v == 1 else "{" + ",".join(reg(t, j) for j in range(v)) + "}")
            elif o == "X":
                out.append("{" + ",".join(f"%r{j}" for j in range(x)) + "}")
            elif re.fullmatch(r"\d[a-z]\w*", o):  # 4f32: a list of four
                out.append("{" + ",".join(reg(o[1:], j) for j in range(int(o[0]))) + "}")
            elif o in REGS or o in CANON:
                out.append(reg(o, i))
            else:
                out.append(o)
        return out

    def picks(self, rng):
        n = 1
        for s in self.slots:
            n *= len(s)
        if n <= self.limit:
            yield from itertools.product(*self.slots)
            return
        seen = set()
        for j, s in enumerate(self.slots):  # each suffix beside the first of each other slot
            for m in s:
                p = tuple(m if i == j else r[0] for i, r in enumerate(self.slots))
                if p not in seen:
                    seen.add(p)
                    yield p
        for _ in range(self.limit * 4):
            if len(seen) >= self.limit:
                return
            p = tuple(rng.choice(s) for s in self.slots)
            if p not in seen:
                seen.add(p)
                yield p


def show(op, args):
    return (op + " " + ", ".join(args)).strip() + ";"


def odd_modifiers(line, rng, good):
    """Orders, repetitions, omissions and additions of suffixes."""
    extra = ["ftz", "sat", "rn", "rz", "approx", "cc", "wide", "hi", "v2", "global", "relaxed", "gpu", "f32", "s32", "b32", "sync", "aligned", "relu", "uni", "foo", "ca",
             "satfinite", "xorsign.abs", "NaN", "full", "noftz"]
    for mods in good:
        for i in range(len(mods)):
            yield mods[:i] + mods[i + 1:]
        for i in range(len(mods) - 1):
            yield mods[:i] + [mods[i + 1], mods[i]] + mods[i + 2:]
        for i in range(len(mods)):
            yield mods[:i + 1] + mods[i:]
        for e in rng.sample(extra, 8):
            i = rng.randrange(len(mods) + 1)
            yield mods[:i] + [e] + mods[i:]


def rows(line, rng, likely):
    """All probes of a line. likely(text list) tells which of them some ptxas accepts: their operands and suffixes get varied."""
    base = []
    for pick in line.picks(rng):
        for t in line.operands:
            base.append((pick, t, show(line.opcode(pick), line.args(pick, t))))
    ok = likely([b[2] for b in base])
    out = [b[2] for b in base]
    accepted = [b for b, k in zip(base, ok) if k]
    sample = rng.sample(accepted, min(len(accepted), 6))
    for pick, t, _ in sample:
        args = line.args(pick, t)
        op = line.opcode(pick)
        for i, a in enumerate(args):
            other = ADDR + ["%r1"] if a.startswith("[") else OTHER
            for o in rng.sample(other, min(len(other), 22)):
                out.append(show(op, args[:i] + [o] + args[i + 1:]))
            if a.startswith("{"):
                e = a[1:-1].split(",")
                for alt in (e[:-1], e + e[:1], ["_"] + e[1:], ["1"] + e[1:], ["%p1"] + e[1:], ["%fd1"] + e[1:], ["%d1"] + e[1:], ["%f1"] + e[1:], ["%h1"] + e[1:], ["1.0"] + e[1:], ["_"] * len(e)):
                    out.append(show(op, args[:i] + ["{" + ",".join(alt) + "}"] + args[i + 1:]))
                out.append(show(op, args[:i] + e[:1] + args[i + 1:]))
        out.append(show(op, args[:-1]))
        out.append(show(op, args + ["%r1"]))
        out.append(show(op, args + ["1"]))
        if len(args) > 1:
            out.append(show(op, [args[1], args[0]] + args[2:]))
        out.append("@%p1 " + show(op, args))
        out.append("@!%p1 " + show(op, args))
        out.append("@%r1 " + show(op, args))
    mods = [[m for m in pick if m != "-"] for pick, t, _ in sample]
    if sample:
        for m in odd_modifiers(line, rng, mods[:4]):
            args = line.args(sample[0][0], sample[0][1])
            out.append(show(".".join([line.op] + m), args))
    return list(dict.fromkeys(out))
