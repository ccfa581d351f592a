"""Arithmetic: every instruction, type, rounding and saturation, at the edges of each."""
from cases_lib import *

N = 16


def integer():
    for b in (16, 32, 64):
        m = (1 << b) - 1
        for sg in "us":
            t = f"{sg}{b}"
            S = (lambda x, b=b: s(x, b)) if sg == "s" else (lambda x: x)
            rows = iwords(b, N, 2)
            nz = [(x, y) for x, y in iwords(b, N + 8, 2) if y and not (sg == "s" and x == 1 << b - 1 and y == m)] + [(1 << b - 1, 1), (m, 2), (1, m - 1), ((1 << b - 1) + 1, m)]
            lanes(f"add_sub_mullo_{t}", f"add.{t} {{o}}, {{a}}, {{b}};\nsub.{t} {{p}}, {{a}}, {{b}};\nmul.lo.{t} {{q}}, {{a}}, {{b}};\nmul.hi.{t} {{r}}, {{a}}, {{b}};",
                  [t] * 2, [t] * 4, rows, lambda x, y: (x + y, x - y, x * y, S(x) * S(y) >> b))
            lanes(f"div_rem_{t}", f"div.{t} {{o}}, {{a}}, {{b}};\nrem.{t} {{p}}, {{a}}, {{b}};", [t] * 2, [t] * 2, nz,
                  lambda x, y: (int(Q(S(x), S(y))), S(x) - S(y) * int(Q(S(x), S(y)))))
            lanes(f"min_max_{t}", f"min.{t} {{o}}, {{a}}, {{b}};\nmax.{t} {{p}}, {{b}}, {{a}};", [t] * 2, [t] * 2, rows, lambda x, y: (min(S(x), S(y)), max(S(x), S(y))))
            lanes(f"sad_mad_{t}", f"sad.{t} {{o}}, {{a}}, {{b}}, {{c}};\nmad.lo.{t} {{p}}, {{a}}, {{b}}, {{c}};\nmad.hi.{t} {{q}}, {{a}}, {{b}}, {{c}};", [t] * 3, [t] * 3, iwords(b, N, 3),
                  lambda x, y, z: (z + abs(S(x) - S(y)), x * y + z, (S(x) * S(y) >> b) + z))
            if b < 64:
                lanes(f"mul_mad_wide_{t}", f"mul.wide.{t} {{o}}, {{a}}, {{b}};\nmad.wide.{t} {{p}}, {{a}}, {{b}}, {{c}};", [t, t, f"{sg}{2 * b}"], [f"{sg}{2 * b}"] * 2,
                      [(x, y, R.getrandbits(2 * b)) for x, y in rows], lambda x, y, z: (S(x) * S(y), S(x) * S(y) + z))
            if sg == "s":
                lanes(f"abs_neg_{t}", f"abs.{t} {{o}}, {{a}};\nneg.{t} {{p}}, {{a}};", [t], [t] * 2, iwords(b, N, 1), lambda x: (abs(S(x)), -x))
            lanes(f"shifts_{t}", f"shr.{t} {{o}}, {{a}}, {{b}};\nshl.b{b} {{p}}, {{a}}, {{b}};", [t, "u32"], [t] * 2,
                  [(x, R.choice([0, 1, b - 1, b, b + 1, 31, 32, 33, 63, 64, 65, 255, 256, 1 << 31, M32])) for x, in iwords(b, N, 1)],
                  lambda x, n: (S(x) >> min(n, b), x << n if n < b else 0))
    lanes("immediates", "add.u32 {o}, {a}, -1;\nmul.lo.s32 {p}, {a}, 0377;\nsub.s32 {q}, 0b101, {a};\nand.b32 {r}, {a}, ~0xF0;", ["u32"], ["u32"] * 4, iwords(32, N, 1),
          lambda x: (x - 1, x * 255, 5 - x, x & ~0xF0))
    lanes("const_expr", "add.u32 {o}, {a}, (1<<4)|3;\nxor.b32 {p}, {a}, (5>3) ? 0x11U : 7;\nsub.u32 {q}, {a}, 2*(3+4) % 5;\nor.b32 {r}, {a}, !0;", ["u32"], ["u32"] * 4, iwords(32, N, 1),
          lambda x: (x + 19, x ^ 0x11, x - 4, x | 1))
    lanes("const_expr64", "add.u64 {o}, {a}, -(3);\nxor.b64 {p}, {a}, 0xFFFFFFFF00000000;\nadd.s64 {q}, {a}, (s64)-1/2;\nadd.u64 {r}, {a}, (.u64) 7 - 9;".replace("(s64)-1/2", "-9/2").replace("(.u64) 7", "7"), ["u64"], ["u64"] * 4, iwords(64, N, 1),
          lambda x: (x - 3, x ^ 0xFFFFFFFF00000000, x - 4, x - 2))
    for b, sm in ((32, 60), (64, 60)):
        m = (1 << b) - 1
        lanes(f"carry_3limb_{b}", f"add.cc.u{b} {{o}}, {{a}}, {{g}};\naddc.cc.s{b} {{p}}, {{b}}, {{h}};\naddc.u{b} {{q}}, {{c}}, {{i}};\naddc.u{b} {{r}}, 0, 0;".replace("addc.u%d {r}, 0, 0;" % b, "addc.cc.u%d {r}, 0, 0;" % b).replace(f"addc.u{b} {{q}}", f"addc.cc.u{b} {{q}}"),
              [f"u{b}"] * 7, [f"u{b}"] * 4, iwords(b, N, 7), lambda a0, a1, a2, _, b0, b1, b2: ((t := a0 + (a1 << b) + (a2 << 2 * b) + b0 + (b1 << b) + (b2 << 2 * b)), t >> b, t >> 2 * b, t >> 3 * b), sm=sm)
        lanes(f"borrow_3limb_{b}", f"sub.cc.u{b} {{o}}, {{a}}, {{g}};\nsubc.cc.u{b} {{p}}, {{b}}, {{h}};\nsubc.cc.s{b} {{q}}, {{c}}, {{i}};\nsubc.u{b} {{r}}, 0, 0;",
              [f"u{b}"] * 7, [f"u{b}"] * 4, iwords(b, N, 7), lambda a0, a1, a2, _, b0, b1, b2: ((t := a0 + (a1 << b) + (a2 << 2 * b) - b0 - (b1 << b) - (b2 << 2 * b)), t >> b, t >> 2 * b, t >> 3 * b))
        lanes(f"mad_carry_{b}", f"mad.lo.cc.u{b} {{o}}, {{a}}, {{b}}, {{c}};\nmadc.hi.cc.u{b} {{p}}, {{a}}, {{b}}, {{e}};\naddc.u{b} {{q}}, 0, 0;", [f"u{b}"] * 4, [f"u{b}"] * 3, iwords(b, N, 4) + [(m,) * 4],
              lambda x, y, z, w: ((t := x * y + z + (w << b)), t >> b, t >> 2 * b))
        lanes(f"madc_lo_hi_s{b}", f"add.cc.u{b} {{p}}, {{a}}, {{b}};\nmadc.lo.cc.s{b} {{o}}, {{a}}, {{b}}, {{c}};\nmadc.hi.s{b} {{q}}, {{a}}, {{b}}, {{c}};", [f"s{b}"] * 3, [f"s{b}"] * 3, iwords(b, N, 3),
              lambda x, y, z: ((c := x + y >> b, l := (x * y & m) + z + c, h := (s(x, b) * s(y, b) >> b) + z + (l >> b)), [l, x + y, h])[1])
    lanes("mul24_mad24", "mul24.lo.u32 {o}, {a}, {b};\nmul24.hi.s32 {p}, {a}, {b};\nmad24.lo.s32 {q}, {a}, {b}, {c};\nmad24.hi.u32 {r}, {a}, {b}, {c};\nmad24.hi.sat.s32 {t}, {a}, {b}, {c};", ["u32"] * 3, ["u32"] * 5, iwords(32, N, 3),
          lambda x, y, z: ((x & 0xFFFFFF) * (y & 0xFFFFFF), s(x, 24) * s(y, 24) >> 16, s(x, 24) * s(y, 24) + z, ((x & 0xFFFFFF) * (y & 0xFFFFFF) >> 16) + z, clamp((s(x, 24) * s(y, 24) >> 16) + s(z), -2**31, 2**31 - 1)))
    lanes("sats_s32", "add.sat.s32 {o}, {a}, {b};\nsub.sat.s32 {p}, {a}, {b};\nmad.hi.sat.s32 {q}, {a}, {b}, {c};", ["s32"] * 3, ["s32"] * 3, iwords(32, N, 3),
          lambda x, y, z: (clamp(s(x) + s(y), -2**31, 2**31 - 1), clamp(s(x) - s(y), -2**31, 2**31 - 1), clamp((s(x) * s(y) >> 32) + s(z), -2**31, 2**31 - 1)))
    lanes("minmax_16x2", "min.s16x2 {o}, {a}, {b};\nmax.u16x2 {p}, {a}, {b};\nadd.s16x2 {q}, {a}, {b};\nmax.relu.s16x2 {r}, {a}, {b};", ["b32"] * 2, ["b32"] * 4, iwords(32, N, 2),
          lambda x, y: [sum((f(x >> k & M16, y >> k & M16) & M16) << k for k in (0, 16)) for f in (lambda a, b: min(s(a, 16), s(b, 16)), max, lambda a, b: a + b, lambda a, b: max(s(a, 16), s(b, 16), 0))], sm=90, ver=80)
    lanes("minmax_relu_s32", "min.relu.s32 {o}, {a}, {b};\nmax.relu.s32 {p}, {a}, {b};", ["s32"] * 2, ["s32"] * 2, iwords(32, N, 2), lambda x, y: (max(0, min(s(x), s(y))), max(0, s(x), s(y))), sm=90, ver=80)


def bitfield():
    def bfe(x, p, n, b, sg):
        p, n = p & 255, n & 255
        sb = 0 if not sg or n == 0 else x >> min(p + n - 1, b - 1) & 1
        return sum((x >> p + i & 1 if i < n and p + i < b else sb) << i for i in range(b))
    for b in (32, 64):
        pl = [(x, R.choice([0, 1, 5, b - 1, b, 31, 33, 70, 255, 256, 300]), R.choice([0, 1, 7, b - 1, b, 33, 64, 255, 257])) for x, in iwords(b, 40, 1)]
        for sg in "us":
            lanes(f"bfe_{sg}{b}_edges", f"bfe.{sg}{b} {{o}}, {{a}}, {{b}}, {{c}};", [f"{sg}{b}", "u32", "u32"], [f"{sg}{b}"], pl, lambda x, p, n: bfe(x, p, n, b, sg == "s"))
            lanes(f"bfind_{sg}{b}", f"bfind.{sg}{b} {{o}}, {{a}};\nbfind.shiftamt.{sg}{b} {{p}}, {{a}};", [f"{sg}{b}"], ["u32"] * 2, iwords(b, N, 1) + [(0,), ((1 << b) - 1,)],
                  lambda x: ((k := ((x if sg == "u" or s(x, b) >= 0 else ~x & (1 << b) - 1).bit_length() - 1)), b - 1 - k if k >= 0 else M32))

        def bfi(x, y, p, n):
            p, n = p & 255, n & 255
            for i in range(n):
                if p + i < b:
                    y = y & ~(1 << p + i) | (x >> i & 1) << p + i
            return y
        lanes(f"bfi_b{b}_edges", f"bfi.b{b} {{o}}, {{a}}, {{b}}, {{c}}, {{e}};", [f"b{b}"] * 2 + ["u32"] * 2, [f"b{b}"], [(x, R.getrandbits(b), p, n) for x, p, n in pl], bfi)
        lanes(f"counts_b{b}", f"popc.b{b} {{o}}, {{a}};\nclz.b{b} {{p}}, {{a}};", [f"b{b}"], ["u32"] * 2, iwords(b, N, 1) + [(0,)], lambda x: (x.bit_count(), b - x.bit_length()))
        lanes(f"brev_not_cnot_b{b}", f"brev.b{b} {{o}}, {{a}};\nnot.b{b} {{p}}, {{a}};\ncnot.b{b} {{q}}, {{a}};", [f"b{b}"], [f"b{b}"] * 3, iwords(b, N, 1) + [(0,)], lambda x: (int(f"{x:0{b}b}"[::-1], 2), ~x, x == 0))
        lanes(f"logic_b{b}", f"and.b{b} {{o}}, {{a}}, {{b}};\nor.b{b} {{p}}, {{a}}, {{b}};\nxor.b{b} {{q}}, {{a}}, {{b}};", [f"b{b}"] * 2, [f"b{b}"] * 3, iwords(b, N, 2), lambda x, y: (x & y, x | y, x ^ y))
    lanes("logic_b16", "and.b16 {o}, {a}, {b};\nor.b16 {p}, {a}, 0xF0F;\nxor.b16 {q}, {a}, {b};\nnot.b16 {r}, {a};\ncnot.b16 {t}, {a};", ["b16"] * 2, ["b16"] * 5, iwords(16, N, 2), lambda x, y: (x & y, x | 0xF0F, x ^ y, ~x, x == 0))
    w = lambda a, b: b << 32 | a
    sh = [(x, y, R.choice([0, 1, 31, 32, 33, 63, 64, 1 << 31, M32])) for x, y in iwords(32, 32, 2)]
    lanes("shf_all", "shf.l.clamp.b32 {o}, {a}, {b}, {c};\nshf.l.wrap.b32 {p}, {a}, {b}, {c};\nshf.r.clamp.b32 {q}, {a}, {b}, {c};\nshf.r.wrap.b32 {r}, {a}, {b}, {c};", ["b32"] * 3, ["b32"] * 4, sh,
          lambda a, b, c: (w(a, b) << min(c, 32) >> 32, w(a, b) << (c & 31) >> 32, w(a, b) >> min(c, 32), w(a, b) >> (c & 31)))
    def fns(mask, base, off):
        if off == 0:
            return base if mask >> base & 1 else M32
        pos, n = base, abs(off)
        step = 1 if off > 0 else -1
        cnt = 0
        while 0 <= pos < 32:
            if mask >> pos & 1:
                cnt += 1
                if cnt == n:
                    return pos
            pos += step
        return M32
    lanes("fns", "fns.b32 {o}, {a}, {b}, {c};", ["b32", "b32", "s32"], ["b32"], [(x, R.randrange(32), R.randrange(-6, 7) & M32) for x, in iwords(32, 32, 1)], lambda m, b, o: fns(m, b, s(o)))
    lanes("bmsk_szext", "bmsk.clamp.b32 {o}, {a}, {b};\nbmsk.wrap.b32 {p}, {a}, {b};\nszext.clamp.u32 {q}, {c}, {b};\nszext.clamp.s32 {r}, {c}, {b};\nszext.wrap.u32 {t}, {c}, {b};", ["b32"] * 3, ["b32"] * 5,
          [(R.choice([0, 1, 31, 32, 33, 200, M32]), R.choice([0, 1, 8, 31, 32, 33, 255, M32]), R.getrandbits(32)) for _ in range(40)],
          lambda a, b, c: ((((1 << min(b, 32)) - 1) << min(a, 32)), ((1 << (b & 31)) - 1) << (a & 31), c & (1 << min(b, 32)) - 1, s(c, b) if 0 < b < 32 else c if b else 0, c & (1 << (b & 31)) - 1), ver=76)
    by = lambda x, i, sg: s(x >> 8 * i, 8) if sg else x >> 8 * i & 255
    hw = lambda x, i, sg: s(x >> 16 * i, 16) if sg else x >> 16 * i & M16
    for t in "us":
        for u in "us":
            lanes(f"dp_{t}{u}", f"dp4a.{t}32.{u}32 {{o}}, {{a}}, {{b}}, {{c}};\ndp2a.lo.{t}32.{u}32 {{p}}, {{a}}, {{b}}, {{c}};\ndp2a.hi.{t}32.{u}32 {{q}}, {{a}}, {{b}}, {{c}};", ["b32"] * 2 + ["s32" if "s" in t + u else "u32"], ["b32"] * 3, iwords(32, N, 3),
                  lambda a, b, c: [c + sum(by(a, i, t == "s") * by(b, i, u == "s") for i in range(4))] + [c + sum(hw(a, i, t == "s") * by(b, 2 * h + i, u == "s") for i in range(2)) for h in (0, 1)], sm=61)
    for lut in (0, 0x01, 0x17, 0x2D, 0xE8, 0xD8, 0xFF, 0x6A):
        f = lambda a, b, c: sum((lut >> (4 * (a >> i & 1) + 2 * (b >> i & 1) + (c >> i & 1)) & 1) << i for i in range(32))
        lanes(f"lop3_{lut:02x}", f"lop3.b32 {{o}}, {{a}}, {{b}}, {{c}}, 0x{lut:X};\nlop3.b32 {{p}}, {{a}}, 0xFF00FF, {{c}}, {lut};", ["b32"] * 3, ["b32"] * 2, iwords(32, 8, 3), lambda a, b, c: (f(a, b, c), f(a, 0xFF00FF, c)))
    g = lambda a, b, c: sum((0x96 >> (4 * (a >> i & 1) + 2 * (b >> i & 1) + (c >> i & 1)) & 1) << i for i in range(32))
    lanes("lop3_bool", ".reg .pred v0, v1, v2;\nsetp.gt.s32 v0, {c}, 0;\nlop3.or.b32 {o}|v1, {a}, {b}, {c}, 0x96, v0;\nlop3.and.b32 _|v2, {a}, {b}, {c}, 0x96, !v0;\nselp.u32 {p}, 1, 0, v1;\nselp.u32 {q}, 1, 0, v2;", ["b32"] * 3, ["b32"] * 3,
          iwords(32, 20, 3) + [(5, 5, 0), (1, 2, 3)], lambda a, b, c: (g(a, b, c), (g(a, b, c) != 0) or s(c) > 0, (g(a, b, c) != 0) and not s(c) > 0), ver=82)
    by8 = lambda a, b, i: (b << 32 | a) >> 8 * i & 255
    pr = lambda a, b, sel: sum((by8(a, b, n & 7) if n < 8 else 255 * (by8(a, b, n & 7) >> 7)) << 8 * i for i, n in enumerate(sel >> 4 * j & 15 for j in range(4)))
    lanes("prmt_imm", "prmt.b32 {o}, {a}, {b}, 0x7531;\nprmt.b32 {p}, {a}, 0, 0x4140;\nprmt.b32 {q}, {a}, {b}, 0xFA8C;\nprmt.b32 {r}, 0x12345678, {b}, {a};", ["b32"] * 2, ["b32"] * 4, iwords(32, N, 2),
          lambda a, b: (pr(a, b, 0x7531), pr(a, 0, 0x4140), pr(a, b, 0xFA8C), pr(0x12345678, b, a)))
    rc = {"rc8": lambda i, c: c, "rc16": lambda i, c: (c & 1) * 2 + (i & 1), "f4e": lambda i, c: c + i, "b4e": lambda i, c: (c - i) % 8, "ecl": lambda i, c: max(i, c), "ecr": lambda i, c: min(i, c)}
    for m, f in rc.items():
        lanes(f"prmt_{m}_hi", f"prmt.b32.{m} {{o}}, {{a}}, {{b}}, {{c}};", ["b32"] * 3, ["b32"], [(x, y, R.choice([0, 1, 2, 3, 4, 7, 0x100, M32, R.getrandbits(32)])) for x, y in iwords(32, 20, 2)],
              lambda a, b, c: sum(by8(a, b, f(i, c & 3)) << 8 * i for i in range(4)))


def floats():
    fsz = {"f32": "f32", "f64": "f64", "f16": "f16", "bf16": "bf16"}

    def go(name, op, fmt, width, fn, ftz=False, want=None, rows=None, nonan=False, **more):
        bits = BITS[fmt]

        def run(*r):
            r = [flush(fmt, x) if ftz else x for x in r]
            y = fn(*r)
            return flush(fmt, y) if ftz else y
        rows = rows or fwords(fmt, 28, width)
        # whether a result is tiny is found before or after rounding, so leave results at the border
        rows = [r for r in rows if not (nonan or fmt == "f64") or not isnan(fmt, run(*r))]
        if ftz:
            bd = 1 << FMT[fmt][1]
            rows = [r for r in rows if run(*r) & ~(1 << bits - 1) != bd]
        lanes(name, f"{op} {{o}}, " + ", ".join("{%s}" % k for k in "abceg"[:width]) + ";", [fmt] * width, [fmt], rows, run, want, **more)

    for rnd in ("rn", "rz", "rm", "rp"):
        for fmt in ("f32", "f64"):
            for ftz in ((False, True) if fmt == "f32" else (False,)):
                z = ".ftz" * ftz
                n = f"{rnd}{'_ftz' * ftz}_{fmt}"
                go(f"add_{n}", f"add.{rnd}{z}.{fmt}", fmt, 2, lambda a, b: f_add(fmt, rnd, a, b), ftz)
                go(f"sub_{n}", f"sub.{rnd}{z}.{fmt}", fmt, 2, lambda a, b: f_sub(fmt, rnd, a, b), ftz)
                go(f"mul_{n}", f"mul.{rnd}{z}.{fmt}", fmt, 2, lambda a, b: f_mul(fmt, rnd, a, b), ftz)
                go(f"fma_{n}", f"{'fma' if rnd != 'rz' else 'mad'}.{rnd}{z}.{fmt}", fmt, 3, lambda a, b, c: f_fma(fmt, rnd, a, b, c), ftz)
                go(f"div_{n}", f"div.{rnd}{z}.{fmt}", fmt, 2, lambda a, b: f_div(fmt, rnd, a, b), ftz)
                go(f"rcp_{n}", f"rcp.{rnd}{z}.{fmt}", fmt, 1, lambda a: f_rcp(fmt, rnd, a), ftz)
                go(f"sqrt_{n}", f"sqrt.{rnd}{z}.{fmt}", fmt, 1, lambda a: f_sqrt(fmt, rnd, a), ftz)
    def sat(fmt, y):
        v = val(fmt, y)
        return 0 if v != v or v <= 0 else enc(fmt, Q(1)) if v >= 1 else y
    near1 = [tuple(enc("f32", Q(R.randrange(-300, 300), 100)) for _ in range(3)) for _ in range(20)]
    for rnd in ("rn", "rp"):
        go(f"fma_sat_{rnd}_f32", f"fma.{rnd}.sat.f32", "f32", 3, lambda a, b, c: sat("f32", f_fma("f32", rnd, a, b, c)), want="f32", rows=near1 + fwords("f32", 20, 3, .7))
        go(f"add_sat_ftz_{rnd}_f32", f"add.{rnd}.ftz.sat.f32", "f32", 2, lambda a, b: sat("f32", f_add("f32", rnd, a, b)), True, want="f32", rows=[r[:2] for r in near1] + fwords("f32", 20, 2, .7))
    go("mul_sat_f32", "mul.sat.f32", "f32", 2, lambda a, b: sat("f32", f_mul("f32", "rn", a, b)), want="f32", rows=[r[:2] for r in near1] + fwords("f32", 20, 2, .7))
    h1 = [tuple(enc("f16", Q(R.randrange(-300, 300), 100)) for _ in range(3)) for _ in range(20)]
    for op, w, f in (("add", 2, f_add), ("sub", 2, f_sub), ("mul", 2, f_mul), ("fma", 3, f_fma)):
        for fmt, sm, ver in (("f16", 60, 60), ("bf16", 80 if op == "fma" else 90, 70 if op == "fma" else 78)):
            for mod in ("", ".ftz", ".sat", ".ftz.sat", ".relu"):
                if fmt == "bf16" and mod not in ("", ".relu") or mod == ".relu" and op != "fma":
                    continue
                r = ".rn" if op == "fma" or R.random() < .5 else ""
                post = (lambda y: sat(fmt, y)) if "sat" in mod else (lambda y: (y if isnan(fmt, y) or val(fmt, y) > 0 else 0)) if mod == ".relu" else (lambda y: y)
                smm = max(sm, 80) if mod == ".relu" else sm
                vv = max(ver, 70) if mod == ".relu" else ver
                go(f"{op}{mod.replace('.', '_')}_{fmt}", f"{op}{r}{mod}.{fmt}", fmt, w, lambda *x: post(f(fmt, "rn", *x)), "ftz" in mod, want="u16" if mod in ("", ".ftz") else "f16" if fmt == "f16" else "u16",
                   rows=fwords(fmt, 40, w) + [x[:w] for x in (h1 if fmt == "f16" else [])], sm=smm, ver=vv)
                two = fwords(fmt, 24, 2 * w)
                fz = (lambda y: flush(fmt, y)) if "ftz" in mod else (lambda y: y)
                bord = 1 << FMT[fmt][1]

                def x2(*v):
                    return sum(post(fz(f(fmt, "rn", *[fz(k >> sh & M16) for k in v]))) << sh for sh in (0, 16))
                rows = [tuple(a | b << 16 for a, b in zip(t[:w], t[w:])) for t in two]
                if "ftz" in mod:
                    rows = [r_ for r_ in rows if all(f(fmt, "rn", *[fz(k >> sh & M16) for k in r_]) & 0x7FFF != bord for sh in (0, 16))]
                lanes(f"{op}{mod.replace('.', '_')}_{fmt}x2", f"{op}{r}{mod}.{fmt}x2 {{o}}, " + ", ".join("{%s}" % k for k in "abc"[:w]) + ";", [fmt + "x2"] * w, [fmt + "x2"], rows, x2, sm=smm, ver=vv)
    for mx in (0, 1):
        o = ("min", "max")[mx]
        for fmt, sm, ver in (("f32", 60, 60), ("f64", 60, 60), ("f16", 80, 70), ("bf16", 80, 70)):
            for nan in ((0, 1) if fmt != "f64" else (0,)):
                for ftz in ((0, 1) if fmt in ("f32", "f16") else (0,)):
                    q = f"{'.ftz' * ftz}{'.NaN' * nan}"
                    go(f"{o}{q.replace('.', '_')}_{fmt}", f"{o}{q}.{fmt}", fmt, 2, lambda a, b: f_minmax(fmt, mx, nan, a, b), ftz, rows=fwords(fmt, 48, 2, .75) if fmt != "f64" else [r for r in fwords(fmt, 60, 2, .75)], sm=80 if nan else sm, ver=70 if nan else ver)
        for fmt in ("f16", "bf16"):
            for nan in (0, 1):
                lanes(f"{o}{'_nan' * nan}_{fmt}x2", f"{o}{'.NaN' * nan}.{fmt}x2 {{o}}, {{a}}, {{b}};", [fmt + "x2"] * 2, [fmt + "x2"], [(a | c << 16, b | d << 16) for a, b, c, d in fwords(fmt, 40, 4, .7)],
                      lambda a, b: sum(f_minmax(fmt, mx, nan, a >> k & M16, b >> k & M16) << k for k in (0, 16)), sm=80, ver=70)
        def xs(fmt, a, b):
            top = 1 << BITS[fmt] - 1
            y = f_minmax(fmt, mx, 0, a & ~top, b & ~top)
            return y if isnan(fmt, y) else y & ~top | (a ^ b) & top
        go(f"{o}_xorsign_f32", f"{o}.xorsign.abs.f32", "f32", 2, lambda a, b: xs("f32", a, b), rows=[r for r in fwords("f32", 40, 2, .5) if not any(isnan("f32", x) for x in r)], sm=86, ver=72)
        go(f"{o}_xorsign_f16", f"{o}.NaN.xorsign.abs.f16", "f16", 2, lambda a, b: xs("f16", a, b), rows=[r for r in fwords("f16", 40, 2, .5) if not any(isnan("f16", x) for x in r)], sm=86, ver=72)
        go(f"{o}3_f32", f"{o}.f32", "f32", 3, lambda a, b, c: f_minmax("f32", mx, 0, f_minmax("f32", mx, 0, a, b), c), sm=100, ver=88, rows=fwords("f32", 40, 3, .7))
    for fmt, sm, ver in (("f32", 60, 60), ("f64", 60, 60), ("f16", 70, 65), ("bf16", 80, 70)):
        t = {"f32": ["f32"], "f64": ["f64"], "f16": ["f16"], "bf16": ["bf16"]}[fmt]
        rows = [r for r in fwords(fmt, 40, 1, .8) if not isnan(fmt, r[0])]
        top = 1 << BITS[fmt] - 1
        lanes(f"abs_neg_{fmt}", f"abs.{fmt} {{o}}, {{a}};\nneg.{fmt} {{p}}, {{a}};", t, t * 2, rows, lambda a: (a & ~top, a ^ top), sm=sm, ver=ver)
    lanes("abs_neg_ftz_f32", "abs.ftz.f32 {o}, {a};\nneg.ftz.f32 {p}, {a};", ["f32"], ["f32"] * 2, [r for r in fwords("f32", 40, 1, .8) if not isnan("f32", r[0])], lambda a: ((b := flush("f32", a)) & 0x7FFFFFFF, b ^ 1 << 31))
    for fmt in ("f32", "f64"):
        top = 1 << BITS[fmt] - 1
        lanes(f"copysign_{fmt}_all", f"copysign.{fmt} {{o}}, {{a}}, {{b}};", [fmt] * 2, [fmt], [r for r in fwords(fmt, 30, 2, .6) if not isnan(fmt, r[1])], lambda a, b: b & ~top | a & top)
        e, f = FMT[fmt]
        tests = {"finite": lambda a: abs(val(fmt, a)) < INF, "infinite": lambda a: abs(val(fmt, a)) == INF, "number": lambda a: not isnan(fmt, a), "notanumber": lambda a: isnan(fmt, a),
                 "normal": lambda a: not sub(fmt, a) and abs(val(fmt, a)) < INF, "subnormal": lambda a: sub(fmt, a)}
        code = ".reg .pred %pp;\n" + "\n".join(f"testp.{n}.{fmt} %pp, {{a}};\nselp.b32 {{{o}}}, 1, 0, %pp;" for n, o in zip(tests, "opqrtu"))
        lanes(f"testp_{fmt}_all", code, [fmt], ["u32"] * 6, fwords(fmt, 40, 1, .8), lambda a: [int(t(a)) for t in tests.values()], style=0)
    lanes("mixed_add_f32_f16", "add.rn.f32.f16 {o}, {a}, {b};\nsub.f32.f16 {p}, {a}, {b};\nfma.rz.f32.f16 {q}, {a}, {c}, {b};", ["f16", "f32", "f16"], ["f32"] * 3, [(a, b, c) for (a, c), (b,) in zip(fwords("f16", 30, 2), fwords("f32", 30, 1))],
          lambda a, b, c: ((x := enc("f32", val("f16", a), "rn", sign("f16", a)), w := enc("f32", val("f16", c), "rn", sign("f16", c))), [f_add("f32", "rn", x, b), f_sub("f32", "rn", x, b), f_fma("f32", "rz", x, w, b)])[1], sm=100, ver=86, target=("8.6", "sm_100a"))
    # approximate operations at their exact points, ISA 9.7.3
    pow2 = [(enc("f32", Q(2) ** k),) for k in range(-126, 127, 7)]
    sp = [0, 0x80000000, 0x7F800000, 0xFF800000, 0x7FC00000, 1, 0x80000001]
    n7 = 0x7FFFFFFF
    lanes("approx_special", "rcp.approx.ftz.f32 {o}, {a};\nrsqrt.approx.ftz.f32 {p}, {a};\nlg2.approx.ftz.f32 {q}, {a};\nex2.approx.ftz.f32 {r}, {a};\nsqrt.approx.ftz.f32 {t}, {a};", ["f32"], ["f32"] * 5, [(x,) for x in sp],
          lambda a: {0: (0x7F800000, 0x7F800000, 0xFF800000, 0x3F800000, 0), 0x80000000: (0xFF800000, 0xFF800000, 0xFF800000, 0x3F800000, 0x80000000), 0x7F800000: (0, 0, 0x7F800000, 0x7F800000, 0x7F800000), 0xFF800000: (0x80000000, n7, n7, 0, n7)}.get(flush("f32", a), (n7,) * 5), want="f32")
    lanes("sin_cos_special", "sin.approx.f32 {o}, {a};\ncos.approx.f32 {p}, {a};", ["f32"], ["f32"] * 2, [(x,) for x in sp[:5]], lambda a: {0: (0, 0x3F800000), 0x80000000: (0x80000000, 0x3F800000)}.get(a, (n7, n7)), want="f32")
    lanes("div_approx_special", "div.approx.ftz.f32 {o}, {a}, {b};\ndiv.full.f32 {p}, {a}, {b};", ["f32"] * 2, ["f32"] * 2, [(0, 0x3F800000), (0x3F800000, 0), (0x7F800000, 0x40000000), (0, 0), (0xBF800000, 0), (0x3F800000, 0x7F800000), (0x7FC00000, 0x3F800000)],
          lambda a, b: [f_div("f32", "rn", a, b)] * 2, want="f32")
    lanes("hex_float_imm", "add.f32 {o}, {a}, 0f3F800000;\nmul.f32 {p}, {a}, 0F40490FDB;\nfma.rn.f32 {q}, {a}, 2.5, -1.0e-1;\nadd.f32 {r}, {a}, 1;".replace("add.f32 {r}, {a}, 1;", "add.f32 {r}, {a}, 1.;"), ["f32"], ["f32"] * 4, fwords("f32", 20, 1),
          lambda a: (f_add("f32", "rn", a, 0x3F800000), f_mul("f32", "rn", a, 0x40490FDB), f_fma("f32", "rn", a, enc("f32", Q(5, 2)), enc("f32", Q(-0.1))), f_add("f32", "rn", a, 0x3F800000)))
    lanes("hex_float_imm64", "add.f64 {o}, {a}, 0d3FF0000000000000;\nmul.f64 {p}, {a}, 0D400921FB54442D18;\nfma.rn.f64 {q}, {a}, 1e10, -.5;", ["f64"], ["f64"] * 3, [r for r in fwords("f64", 20, 1) if not isnan("f64", r[0])],
          lambda a: (f_add("f64", "rn", a, 0x3FF << 52), f_mul("f64", "rn", a, 0x400921FB54442D18), f_fma("f64", "rn", a, enc("f64", Q(10**10)), enc("f64", Q(-1, 2)))))


def convert():
    rng = {t: ((-(1 << int(t[1:]) - 1), (1 << int(t[1:]) - 1) - 1) if t[0] == "s" else (0, (1 << int(t[1:])) - 1)) for t in "u8 s8 u16 s16 u32 s32 u64 s64".split()}
    S = lambda t, x: s(x, int(t[1:])) if t[0] == "s" else x & (1 << int(t[1:])) - 1
    for src in rng:
        # narrow destinations in wide registers: stored extended to 64 bits
        dst = [d for d in rng if d != src]
        R.shuffle(dst)
        code, outs, fns = [], [], []
        for d, o in zip(dst[:4], "opqr"):
            st = ".sat" if R.random() < .6 and (rng[d][0] > rng[src][0] or rng[d][1] < rng[src][1]) and int(d[1:]) <= int(src[1:]) else ""
            code.append(f"cvt{st}.{d}.{src} {{{o}}}, {{a}};")
            big = f"{d[0]}{max(32, int(d[1:]))}"
            outs.append(big)
            fns.append((d, st))
        b = max(32, int(src[1:])) if int(src[1:]) > 8 else 32
        rt = f"{src[0]}{b}" if int(src[1:]) != 16 else src
        lanes(f"cvt_int_{src}", "\n".join(code), [rt], outs, iwords(int(rt[1:]), N, 1),
              lambda x: [(clamp(S(src, x), *rng[d]) if st else S(d, S(src, x))) for d, st in fns])
    rint = {"rni": lambda v: (fl := math.floor(v)) + (v - fl > Q(1, 2) or v - fl == Q(1, 2) and fl & 1), "rzi": math.trunc, "rmi": math.floor, "rpi": math.ceil}
    nanint = lambda d, fmt: 0
    for fmt, ft in (("f32", "f32"), ("f64", "f64"), ("f16", "f16"), ("bf16", "bf16")):
        for d in rng:
            if fmt == "bf16" and d in ("u8", "s8", "u16", "s16", "u64", "s64") and d not in ("s16", "u64"):
                continue
            r = R.choice(list(rint))
            ftz = ".ftz" if fmt == "f32" and R.random() < .4 else ""
            st = ".sat" if R.random() < .3 and fmt != "bf16" else ""
            lo, hi = rng[d]

            def fn(a):
                v = val(fmt, flush(fmt, a) if ftz else a)
                return clamp(rint[r](v), lo, hi) if abs(v) < INF else hi if v > 0 else lo
            e, f = FMT[fmt]
            rows = [x for x in fwords(fmt, 16, 1, .6) if not isnan(fmt, x[0])] + [(enc(fmt, Q(k, 4)),) for k in R.sample(range(-40, 40), 14)] + [(enc(fmt, Q(h + dlt)),) for h in (lo, hi) for dlt in (-1, 0, 1, Q(1, 2))]
            lanes(f"cvt_{r}_{d}_{fmt}", f"cvt.{r}{ftz}{st}.{d}.{fmt} {{o}}, {{a}};", [fmt], [d if fmt == "bf16" else f"{d[0]}{max(32, int(d[1:]))}"], rows, fn, sm=90 if fmt == "bf16" else 70, ver=78 if fmt == "bf16" else 60)
            if R.random() < .5 and fmt != "bf16" or fmt == "bf16" and d in ("s32", "u64"):
                rnd = R.choice(["rn", "rz", "rm", "rp"])
                lanes(f"cvt_{rnd}_{fmt}_{d}", f"cvt.{rnd}.{fmt}.{d} {{o}}, {{a}};", [f"{d[0]}{max(32, int(d[1:]))}" if d[1:] != "16" else d], [fmt], iwords(max(32, int(d[1:])) if d[1:] != "16" else 16, 30, 1), lambda x: enc(fmt, Q(S(d, x)), rnd), sm=90 if fmt == "bf16" else 70, ver=78 if fmt == "bf16" else 60)
    lanes("cvt_nan_int", "cvt.rni.s32.f32 {o}, {a};\ncvt.rzi.u32.f32 {p}, {a};\ncvt.rzi.u16.f32 {q}, {a};\ncvt.rmi.s8.f32 {r}, {a};", ["f32"], ["s32", "u32", "u32", "s32"], [(0x7FC00000,), (0xFFC00001,), (0x7F800001,)], lambda a: (0, 0, 0, 0))
    conv = lambda dst, src, a, rnd: enc(dst, val(src, a), rnd, sign(src, a))
    for dst, src, rnds in (("f16", "f32", ["rn", "rz", "rm", "rp"]), ("f16", "f64", ["rn", "rz", "rm", "rp"]), ("f32", "f64", ["rn", "rz", "rm", "rp"]), ("bf16", "f32", ["rn", "rz"])):
        for rnd in rnds:
            rows = [x for x in fwords(src, 20, 1, .6)] + [(enc(src, val(dst, w), "rn", sign(dst, w)),) for w, in fwords(dst, 10, 1) if not isnan(dst, w)]
            e, f = FMT[dst]
            for w, in fwords(dst, 16, 1, .2):
                v, v2 = val(dst, w), val(dst, w + 1)
                if abs(v) < INF and abs(v2) < INF:
                    m = (v + v2) / 2
                    rows += [(enc(src, m),), (enc(src, m) + 1,), (enc(src, m) - 1,)] if m else []
            lanes(f"cvt_{rnd}_{dst}_{src}", f"cvt.{rnd}.{dst}.{src} {{o}}, {{a}};", [src], [dst], rows, lambda a: conv(dst, src, a, rnd), sm=80 if dst == "bf16" else 60, ver=70 if dst == "bf16" else 60)
    for dst, src in (("f32", "f16"), ("f64", "f16"), ("f64", "f32"), ("f32", "bf16")):
        rows = [x for x in fwords(src, 40, 1, .6) if dst == "f32" or not isnan(src, x[0])]
        lanes(f"cvt_{dst}_{src}", f"cvt.{dst}.{src} {{o}}, {{a}};", [src], [dst], rows, lambda a: conv(dst, src, a, "rn"), want="f32" if dst == "f32" else None, sm=90 if src == "bf16" else 60, ver=78 if src == "bf16" else 60)
    lanes("cvt_ftz_sat", "cvt.ftz.f32.f32 {o}, {a};\ncvt.sat.f32.f32 {p}, {a};\ncvt.rmi.ftz.f32.f32 {q}, {a};\ncvt.rpi.sat.f32.f32 {r}, {a};", ["f32"], ["f32"] * 4, [x for x in fwords("f32", 30, 1, .6) if not isnan("f32", x[0])] + [(enc("f32", Q(k, 4)),) for k in range(-6, 7)],
          lambda a: ((z := flush("f32", a), v := val("f32", a), c := lambda x: x if abs(x) == INF else Q(math.ceil(x))), [z, enc("f32", clamp(v, Q(0), Q(1)) if abs(v) != INF else Q(v > 0)), enc("f32", val("f32", z) if abs(v) == INF else Q(math.floor(val("f32", z))), "rn", sign("f32", a)), enc("f32", Q(clamp(c(v), 0, 1)))])[1], want="f32")
    lanes("cvt_round_f64", "cvt.rni.f64.f64 {o}, {a};\ncvt.rzi.f64.f64 {p}, {a};\ncvt.rmi.f64.f64 {q}, {a};\ncvt.rpi.f64.f64 {r}, {a};", ["f64"], ["f64"] * 4, [x for x in fwords("f64", 20, 1, .6) if abs(val("f64", x[0])) < INF] + [(enc("f64", Q(k, 4)),) for k in range(-10, 11)],
          lambda a: [enc("f64", Q(r(val("f64", a))), "rn", sign("f64", a)) for r in rint.values()])
    lanes("cvt_round_f16", "cvt.rni.f16.f16 {o}, {a};\ncvt.rzi.f16.f16 {p}, {a};\ncvt.rmi.f16.f16 {q}, {a};\ncvt.rpi.f16.f16 {r}, {a};", ["f16"], ["f16"] * 4, [x for x in fwords("f16", 20, 1, .6) if abs(val("f16", x[0])) < INF] + [(enc("f16", Q(k, 4)),) for k in range(-10, 11)],
          lambda a: [enc("f16", Q(r(val("f16", a))), "rn", sign("f16", a)) for r in rint.values()])
    for fmt in ("f16", "bf16"):
        for rnd in ("rn", "rz"):
            for relu in (0, 1):
                rl = lambda y: (y if isnan(fmt, y) or not sign(fmt, y) else 0) if relu else y
                lanes(f"cvt_{rnd}{'_relu' * relu}_{fmt}x2_f32", f"cvt.{rnd}{'.relu' * relu}.{fmt}x2.f32 {{o}}, {{a}}, {{b}};", ["f32"] * 2, [fmt + "x2"], fwords("f32", 24, 2, .5) + [tuple(enc("f32", Q(R.randrange(-9999, 9999), 997)) for _ in "ab") for _ in range(16)],
                      lambda a, b: rl(conv(fmt, "f32", a, rnd)) << 16 | rl(conv(fmt, "f32", b, rnd)), sm=80, ver=70)
    # tf32 keeps the top 19 bits: only these are looked at
    for rnd, sm, ver in (("rna", 80, 70), ("rn", 90, 78), ("rz", 90, 78)):
        lanes(f"cvt_{rnd}_tf32", f"cvt.{rnd}.tf32.f32 {{o}}, {{a}};\nand.b32 {{o}}, {{o}}, 0xFFFFE000;", ["f32"], ["b32"], [x for x in fwords("f32", 40, 1, .3) if abs(val("f32", x[0])) < INF and not sub("f32", x[0])], lambda a: conv("tf32", "f32", a, rnd) << 13, sm=sm, ver=ver)

    def tiny(x, e, f, bias, top, sgn, satnan):
        """Encodes in a format of 1+e+f bits, to nearest even, saturating at top (a magnitude code)."""
        if x != x:
            return satnan
        a = abs(x)
        codes = [(Q(c & (1 << f) - 1) / (1 << f) + (c >> f > 0)) * Q(2) ** (max(c >> f, 1) - bias) for c in range(top + 1)]
        if a >= codes[-1]:
            return top | sgn << e + f
        i = max(k for k in range(top + 1) if codes[k] <= a)
        d, d2 = a - codes[i], codes[i + 1] - a
        return (i + (d > d2 or d == d2 and i & 1)) | sgn << e + f
    for name, (e, f, bias, top) in {"e4m3": (4, 3, 7, 0x7E), "e5m2": (5, 2, 15, 0x7B)}.items():
        T = lambda fm, v: tiny(val(fm, v), e, f, bias, top, sign(fm, v), 0x7F)
        rows = [tuple(enc("f32", Q(R.randrange(-9000, 9000), R.choice([16, 256, 4096, 1 << 20]))) for _ in "ab") for _ in range(40)] + [(0x7F800000, 0xFF800000), (0x7FC00000, 0), (0x80000000, 0x7F7FFFFF)]
        lanes(f"cvt_{name}x2_f32_more", f"cvt.rn.satfinite.{name}x2.f32 {{o}}, {{a}}, {{b}};", ["f32"] * 2, ["b16"], rows, lambda a, b: T("f32", a) << 8 | T("f32", b), sm=89, ver=81)
        lanes(f"cvt_{name}x2_f16x2", f"cvt.rn.satfinite.{name}x2.f16x2 {{o}}, {{a}};", ["f16x2"], ["b16"], [(a | b << 16,) for a, b in fwords("f16", 40, 2, .4)], lambda a: T("f16", a >> 16) << 8 | T("f16", a & M16), sm=89, ver=81)
        lanes(f"cvt_relu_{name}x2_f32", f"cvt.rn.satfinite.relu.{name}x2.f32 {{o}}, {{a}}, {{b}};", ["f32"] * 2, ["b16"], [r for r in rows if 0x7FC00000 not in r], lambda a, b: sum((0 if sign("f32", v) else T("f32", v)) << k for v, k in ((a, 8), (b, 0))), sm=89, ver=81)

        def wide(c):
            sg, m = c >> 7, c & 127
            if name == "e4m3":
                if m == 0x7F: return 0x7FFF
            elif m >= 0x7C:
                return (0x7C00 | sg << 15) if m == 0x7C else 0x7FFF
            return enc("f16", (Q(m & (1 << f) - 1) / (1 << f) + (m >> f > 0)) * Q(2) ** (max(m >> f, 1) - bias) * (-1 if sg else 1), "rn", sg)
        lanes(f"cvt_f16x2_{name}x2", f"cvt.rn.f16x2.{name}x2 {{o}}, {{a}};", ["b16"], ["f16x2"], [(R.getrandbits(16),) for _ in range(60)] + [(0x7F80,), (0x7CFF,), (0x017E,)], lambda a: wide(a >> 8) << 16 | wide(a & 255), sm=89, ver=81)
    cl = lambda x, lo, hi: clamp(s(x), lo, hi)
    lanes("cvt_pack16", "cvt.pack.sat.u16.s32 {o}, {a}, {b};\ncvt.pack.sat.s16.s32 {p}, {a}, {b};", ["s32"] * 2, ["b32"] * 2, iwords(32, N, 2), lambda a, b: (cl(a, 0, M16) << 16 | cl(b, 0, M16), (cl(a, -32768, 32767) & M16) << 16 | cl(b, -32768, 32767) & M16), sm=72, ver=65)
    lanes("cvt_pack8", "cvt.pack.sat.u8.s32.b32 {o}, {a}, {b}, {c};\ncvt.pack.sat.s8.s32.b32 {p}, {a}, {b}, {c};", ["s32"] * 3, ["b32"] * 2, iwords(32, N, 3),
          lambda a, b, c: (((c & M16) << 16) | cl(a, 0, 255) << 8 | cl(b, 0, 255), ((c & M16) << 16) | (cl(a, -128, 127) & 255) << 8 | cl(b, -128, 127) & 255), sm=72, ver=65)
    lanes("cvt_pack4", "cvt.pack.sat.u4.s32.b32 {o}, {a}, {b}, {c};\ncvt.pack.sat.s2.s32.b32 {p}, {a}, {b}, {c};", ["s32"] * 3, ["b32"] * 2, iwords(32, N, 3),
          lambda a, b, c: (((c & 0xFFFFFF) << 8) | cl(a, 0, 15) << 4 | cl(b, 0, 15), ((c & 0xFFFFFFF) << 4) | (cl(a, -2, 1) & 3) << 2 | cl(b, -2, 1) & 3), sm=75, ver=65)


def compare():
    FC = {"eq": lambda x, y: x == y, "ne": lambda x, y: x == x and y == y and x != y, "lt": lambda x, y: x < y, "le": lambda x, y: x <= y, "gt": lambda x, y: x > y, "ge": lambda x, y: x >= y}
    U = lambda f: lambda x, y: x != x or y != y or f(x, y)
    FC.update({k + "u": U(FC[k]) for k in list(FC)})
    FC.update({"num": lambda x, y: x == x and y == y, "nan": lambda x, y: x != x or y != y})
    IC = {"eq": lambda x, y: x == y, "ne": lambda x, y: x != y, "lt": lambda x, y: x < y, "le": lambda x, y: x <= y, "gt": lambda x, y: x > y, "ge": lambda x, y: x >= y}
    UC = {"lo": IC["lt"], "ls": IC["le"], "hi": IC["gt"], "hs": IC["ge"]}
    BO = {"and": lambda a, b: a & b, "or": lambda a, b: a | b, "xor": lambda a, b: a ^ b}
    keys = list(FC)
    for fmt, sm, ver in (("f32", 60, 60), ("f64", 60, 60), ("f16", 60, 60), ("bf16", 90, 78)):
        for half in (keys[:7], keys[7:]):
            code = ".reg .pred qq;\n" + "\n".join(f"setp.{o}.{fmt} qq, {{a}}, {{b}};\nselp.u32 {{{l}}}, 1, 0, qq;" for o, l in zip(half, "opqrtuv"))
            lanes(f"setp_{half[0]}_{fmt}", code, [fmt] * 2, ["u32"] * 7, fwords(fmt, 30, 2, .85), lambda a, b: [int(bool(FC[o](val(fmt, a), val(fmt, b)))) for o in half], sm=sm, ver=ver, style=R.choice([0, 2, 3]))
        bo, o = R.choice(list(BO)), R.choice(keys)
        neg = R.choice(["", "!"])
        code = f".reg .pred <3>qq;\n".replace("<3>qq", "q_0, q_1, c_0") + f"setp.ne.s32 c_0, {{c}}, 0;\nsetp.{o}.{bo}.{fmt} q_0|q_1, {{a}}, {{b}}, {neg}c_0;\nselp.u32 {{o}}, 1, 0, q_0;\nselp.u32 {{p}}, 1, 0, q_1;"
        f = lambda a, b, c: ((t := int(bool(FC[o](val(fmt, a), val(fmt, b))))), BO[bo](t, (c != 0) ^ (neg == "!")), BO[bo](1 - t, (c != 0) ^ (neg == "!")))[1:]
        if fmt in ("f32", "f64"): lanes(f"setp_pq_{fmt}", code, [fmt, fmt, "s32"], ["u32"] * 2, [(a, b, R.getrandbits(1)) for a, b in fwords(fmt, 40, 2, .8)], f, sm=sm, ver=ver, style=R.choice([0, 2, 3]))
        if fmt in ("f32", "f16"):
            rows = [(flip, b) for flip, b in fwords(fmt, 40, 2, .9)]
            ks = ["eq", "lt", "geu", "ne"]
            code = ".reg .pred qq;\n" + "\n".join(f"setp.{o}.ftz.{fmt} qq, {{a}}, {{b}};\nselp.u32 {{{l}}}, 1, 0, qq;" for o, l in zip(ks, "opqr"))
            lanes(f"setp_ftz_{fmt}", code, [fmt] * 2, ["u32"] * 4, rows + [(1, 0), (0, 1), (1, 2), (1, 1 << BITS[fmt] - 1)], lambda a, b: [int(bool(FC[o](val(fmt, flush(fmt, a)), val(fmt, flush(fmt, b))))) for o in ks], style=0)
        for d in ("u32", "s32", "f32"):
            o = R.choice(keys)
            bo = R.choice([None, "and", "or", "xor"])
            one = 0x3F800000 if d == "f32" else M32
            if bo:
                code = f".reg .pred kk9;\nsetp.lt.s32 kk9, {{c}}, 5;\nset.{o}.{bo}.{d}.{fmt} {{o}}, {{a}}, {{b}}, kk9;"
                g = lambda a, b, c: one if BO[bo](int(bool(FC[o](val(fmt, a), val(fmt, b)))), int(s(c) < 5)) else 0
            else:
                code = f"set.{o}.{d}.{fmt} {{o}}, {{a}}, {{b}};"
                g = lambda a, b, c: one if FC[o](val(fmt, a), val(fmt, b)) else 0
            lanes(f"set_{o}_{d}_{fmt}", code, [fmt, fmt, "s32"], [d], [(a, b, R.randrange(10)) for a, b in fwords(fmt, 30, 2, .8)], g, sm=sm, ver=ver, style=0) if fmt not in ("bf16", "f16") else None
    for b in (16, 32, 64):
        for k, ops in (("s", IC), ("u", {**IC, **UC}), ("b", {"eq": IC["eq"], "ne": IC["ne"]})):
            t = f"{k}{b}"
            S = (lambda x: s(x, b)) if k == "s" else (lambda x: x)
            os_ = list(ops)
            os_ = R.sample(os_, min(6, len(os_)))
            code = ".reg .pred qq;\n" + "\n".join(f"setp.{o}.{t} qq, {{a}}, {{b}};\nselp.u32 {{{l}}}, 1, 0, qq;" for o, l in zip(os_, "opqrtu"))
            rows = [(x, R.choice([x, y])) for x, y in iwords(b, 30, 2)]
            lanes(f"setp_{t}", code, [t] * 2, ["u32"] * len(os_), rows, lambda x, y: [int(ops[o](S(x), S(y))) for o in os_], style=R.choice([0, 2, 3]))
            o = R.choice(os_)
            lanes(f"set_{t}", f"set.{o}.u32.{t} {{o}}, {{a}}, {{b}};\nset.{o}.s32.{t} {{p}}, {{a}}, {{b}};\nset.{o}.f32.{t} {{q}}, {{a}}, {{b}};", [t] * 2, ["u32", "s32", "f32"], rows,
                  lambda x, y: [M32 * ops[o](S(x), S(y))] * 2 + [0x3F800000 * ops[o](S(x), S(y))], want="u32")
    for fmt, sm, ver in (("f16", 60, 60), ("bf16", 90, 78)):
        o, o2 = R.sample(keys, 2)
        cc = lambda o, a, b, k: int(bool(FC[o](val(fmt, a >> k & M16), val(fmt, b >> k & M16))))
        rows = [(a | c << 16, b | e << 16, R.getrandbits(1)) for a, b, c, e in fwords(fmt, 40, 4, .8)]
        lanes(f"setp_{fmt}x2", f".reg .pred l0, l1, c0;\nsetp.{o}.{fmt}x2 l0|l1, {{a}}, {{b}};\nselp.u32 {{o}}, 1, 0, l0;\nselp.u32 {{p}}, 1, 0, l1;\nsetp.eq.u32 c0, {{c}}, 1;\nsetp.{o2}.or.{fmt}x2 l0|l1, {{a}}, {{b}}, !c0;\nselp.u32 {{q}}, 1, 0, l0;\nselp.u32 {{r}}, 1, 0, l1;",
              [fmt + "x2"] * 2 + ["u32"], ["u32"] * 4, rows, lambda a, b, c: [cc(o, a, b, 0), cc(o, a, b, 16), cc(o2, a, b, 0) | (c != 1), cc(o2, a, b, 16) | (c != 1)], sm=sm, ver=ver, style=0)
        one = enc(fmt, Q(1))
        lanes(f"set_{fmt}x2", f"set.{o}.{fmt}x2.{fmt}x2 {{o}}, {{a}}, {{b}};", [fmt + "x2"] * 2, [fmt + "x2"], [r[:2] for r in rows], lambda a, b: sum(cc(o, a, b, k) * one << k for k in (0, 16)), sm=sm, ver=ver)
        lanes(f"set_u32_{fmt}", f"set.{o2}.u32.{fmt} {{o}}, {{a}}, {{b}};\nset.{o}.{fmt}.{fmt} {{p}}, {{a}}, {{b}};", [fmt] * 2, ["u32", fmt], [(a & M16, b & M16) for a, b, _ in rows], lambda a, b: (M32 * cc(o2, a, b, 0), one * cc(o, a, b, 0)), sm=sm, ver=max(ver, 65))
        lanes(f"set_u16_{fmt}", f"set.{o2}.u16.{fmt} {{o}}, {{a}}, {{b}};\nset.{o}.s16.{fmt} {{p}}, {{a}}, {{b}};\n", [fmt] * 2, ["u16", "s16"], [(a & M16, b & M16) for a, b, _ in rows], lambda a, b: (M16 * cc(o2, a, b, 0), M16 * cc(o, a, b, 0)), sm=sm, ver=max(ver, 65))
    for t in "b16 u16 s16 b32 u32 s32 f32 b64 u64 s64 f64".split():
        b = int(t[1:])
        lanes(f"selp_slct_{t}", f".reg .pred qq;\nsetp.gt.s32 qq, {{c}}, 0;\nselp.{t} {{o}}, {{a}}, {{b}}, qq;\nselp.{t} {{p}}, {{a}}, {{b}}, !qq;\nslct.{t}.s32 {{q}}, {{a}}, {{b}}, {{c}};\nslct.{t}.f32 {{r}}, {{a}}, {{b}}, {{e}};" .replace("slct.%s.f32" % t, R.choice(["slct.%s.f32", "slct.ftz.%s.f32"]) % t),
              [t, t, "s32", "f32"], [t] * 4, [(x, y, R.choice([0, 1, M32, 1 << 31, 5]), R.choice([0, 1 << 31, 0x3F800000, 0xBF800000, 0x7FC00000, 0xFF800000])) for x, y in iwords(b, N, 2)],
              lambda x, y, c, e: (x if s(c) > 0 else y, y if s(c) > 0 else x, x if s(c) >= 0 else y, x if val("f32", e) >= 0 else y))


def run():
    integer(); bitfield(); floats(); convert(); compare()
