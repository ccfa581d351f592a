"""Matrices of every shape and type, asynchronous copies, address spaces and what threads tell each other."""
from cases_lib import *

g, q = (lambda l: l >> 2), (lambda l: l & 3)
c16 = lambda l, i: (g(l) + 8 * (i >> 1), 2 * q(l) + (i & 1))


def small(fmt, e, f, v):
    """The code of a value that an 8-bit float holds exactly."""
    if v == 0: return 0
    sg, a = int(v < 0), abs(v)
    k = a.numerator.bit_length() - a.denominator.bit_length()
    k -= Q(2) ** k > a
    m = a / Q(2) ** k * (1 << f) - (1 << f)
    assert m == int(m)
    return sg << e + f | k + (1 << e - 1) - 1 << f | int(m)


# bits of an element, how it is written, what values
KINDS = {"f16": (16, lambda v: enc("f16", v)), "bf16": (16, lambda v: enc("bf16", v)), "tf32": (32, lambda v: enc("tf32", v) << 13), "s8": (8, lambda v: int(v) & 255), "u8": (8, int), "s4": (4, lambda v: int(v) & 15),
         "u4": (4, int), "b1": (1, int), "e4m3": (8, lambda v: small("e4m3", 4, 3, v)), "e5m2": (8, lambda v: small("e5m2", 5, 2, v)), "f64": (64, lambda v: enc("f64", v))}
RANGE = {"f16": (-9, 9), "bf16": (-9, 9), "tf32": (-30, 30), "s8": (-128, 127), "u8": (0, 255), "s4": (-8, 7), "u4": (0, 15), "b1": (0, 1), "e4m3": (-8, 8), "e5m2": (-4, 4), "f64": (-99, 99)}


def mma(shape, d, a, b, c, mods="", post="", sm=80, ver=70, layout="row.col", target=None, op=None):
    m, n, k = map(int, shape.replace("m", " ").replace("n", " ").replace("k", " ").split())
    draw = lambda t: Q(R.randint(*RANGE[t]))
    A = [[draw(a) for _ in range(k)] for _ in range(m)]
    B = [[draw(b) for _ in range(n)] for _ in range(k)]
    big = "satfinite" in mods
    crng = (lambda: Q(R.choice([2**31 - 5, -2**31 + 3, R.randint(-99, 99)]))) if big else (lambda: Q(R.randint(-99, 99)))
    C = [[crng() for _ in range(n)] for _ in range(m)]
    pop = (lambda x, y: x != y) if "xor" in post else (lambda x, y: x * y)
    D = [[C[i][j] + sum(int(pop(A[i][l], B[l][j])) if b == "b1" else A[i][l] * B[l][j] for l in range(k)) for j in range(n)] for i in range(m)]
    bits = KINDS[a][0]
    per = max(1, 32 // bits)  # elements of a register
    # the ISA's figures: a register of a row holds per neighbours, four lanes a row; then rows + 8, then columns + 4 per
    if bits == 64:
        at = lambda l, i: (g(l) + 8 * (i & 1) * (m == 16), q(l) + 4 * (i >> 1 if m == 16 else i))
        bt = lambda l, i: (q(l) + 4 * i, g(l))
    else:
        def at(l, i):
            r, e = divmod(i, per)
            if m == 8:
                return g(l), per * q(l) + e + 4 * per * r
            return g(l) + 8 * (r & 1), per * q(l) + e + 4 * per * (r >> 1)
        bt = lambda l, i: (per * q(l) + i % per + 4 * per * (i // per), g(l))
    ct = c16 if m == 16 else (lambda l, i: (g(l), 2 * q(l) + i))
    na, nb, nc = m * k // 32 // per, n * k // 32 // per, m * n // 32
    wide = {"s32": 32, "f32": 32, "f16": 16, "f64": 64}
    cenc = {"s32": lambda v: int(v) & M32, "f32": lambda v: enc("f32", v), "f16": lambda v: enc("f16", v), "f64": lambda v: enc("f64", v)}
    if big:
        D = [[clamp(v, -2**31, 2**31 - 1) for v in r] for r in D]

    def frag(M, pos, lane, cnt, bits, e):
        vs = [e(M[pos(lane, i)[0]][pos(lane, i)[1]]) for i in range(cnt)]
        per = max(1, 32 // bits)
        return [sum(vs[j + i] << bits * i for i in range(per)) for j in range(0, cnt, per)]
    inp, out = [], []
    for l in range(32):
        inp += frag(A, at, l, na * per, bits, KINDS[a][1]) + frag(B, bt, l, nb * per, KINDS[b][0], KINDS[b][1]) + frag(C, ct, l, nc, wide[c], cenc[c])
        out += frag(D, ct, l, nc, wide[d], cenc[d])
    word = 8 if bits == 64 else 4
    P, T = ("%g", "f64") if bits == 64 else ("%r", "b32")
    ncr, ndr = len(frag(C, ct, 0, nc, wide[c], cenc[c])), len(frag(D, ct, 0, nc, wide[d], cenc[d]))
    tot = na + nb + ncr
    fc = "%f" if d == "f32" else P
    cr = [f"{'%f' if c == 'f32' else P}{na + nb + i}" for i in range(ncr)]
    dr = [f"{fc}{tot + i}" for i in range(ndr)]
    body = [f"	mad.wide.u32 %in, %t, {word * tot}, %in; mad.wide.u32 %out, %t, {word * ndr}, %out;"]
    regs = [f"{P}{i}" for i in range(na + nb)] + cr
    decl = ".reg .f64 %g<40>;" if False else ""
    body += [f"	ld.global.{'f32' if x[1] == 'f' else T} {x}, [%in+{word * i}];" for i, x in enumerate(regs)]
    v = lambda x: "{" + ", ".join(x) + "}"
    body.append(f"	mma.sync.aligned.{shape}.{layout}{mods}.{d}.{a}.{b}.{c}{post}\n		{v(dr)},\n		{v(regs[:na])},\n		{v(regs[na:na + nb])},\n		{v(cr)};")
    body += [f"	st.global.{'f32' if x[1] == 'f' else T} [%out+{word * i}], {x};" for i, x in enumerate(dr)]
    name = f"mma_{shape}_{d}_{a}_{b}{mods.replace('.', '_')}{post.replace('.', '_')}_{c}"
    text = kern("\n".join(body), sm=sm, ver=ver, target=target).replace("%g<16>", "%g<40>")
    add(name, text, 32, out, "f32" if d == "f32" else "f64" if bits == 64 else "u32", inp, "u64" if bits == 64 else "u32")


def mma884(d, c, la, lb):
    """ISA 9.7.14.5.1: four multiplications at once, of lanes 4i..4i+3 and 16+4i..16+4i+3."""
    inp, out = [[] for _ in range(32)], [[] for _ in range(32)]
    for h in range(4):
        A = [[Q(R.randint(-6, 6)) for _ in range(4)] for _ in range(8)]
        B = [[Q(R.randint(-6, 6)) for _ in range(8)] for _ in range(4)]
        C = [[Q(R.randint(-30, 30)) for _ in range(8)] for _ in range(8)]
        D = [[C[i][j] + sum(A[i][l] * B[l][j] for l in range(4)) for j in range(8)] for i in range(8)]
        for lane in [4 * h + i for i in range(4)] + [16 + 4 * h + i for i in range(4)]:
            hi = 4 * (lane >= 16)
            # .row: row = lane%4 (+4), col i; .col: row = i%4 + 4*..., col = lane%4
            av = [A[lane % 4 + hi][i] if la == "row" else A[i + hi][lane % 4] for i in range(4)]
            bv = [B[lane % 4][i + hi] if lb == "row" else B[i][lane % 4 + hi] for i in range(4)]
            pack = lambda v: [enc("f16", v[j]) | enc("f16", v[j + 1]) << 16 for j in range(0, len(v), 2)]

            def pos(i, f):
                if f == "f16":
                    return lane % 4 + hi, i
                return (lane & 1) + (i & 2) + hi, (i & 4) + (lane & 2) + (i & 1)
            cv = [C[pos(i, c)[0]][pos(i, c)[1]] for i in range(8)]
            dv = [D[pos(i, d)[0]][pos(i, d)[1]] for i in range(8)]
            inp[lane] = pack(av) + pack(bv) + (pack(cv) if c == "f16" else [enc("f32", x) for x in cv])
            out[lane] = pack(dv) if d == "f16" else [enc("f32", x) for x in dv]
    n = len(inp[0])
    nd = len(out[0])
    P = "%r" if c == "f16" else "%f"
    Pd = "%r" if d == "f16" else "%f"
    regs = [f"%r{i}" for i in range(4)] + [f"{P}{4 + i}" for i in range(n - 4)]
    dr = [f"{Pd}{20 + i}" for i in range(nd)]
    v = lambda x: "{" + ",".join(x) + "}"
    body = [f"	mad.wide.u32 %in, %t, {4 * n}, %in; mad.wide.u32 %out, %t, {4 * nd}, %out;"] + [f"	ld.global.b32 {x}, [%in+{4 * i}];" for i, x in enumerate(regs)]
    body += [f"	mma.sync.aligned.m8n8k4.{la}.{lb}.{d}.f16.f16.{c} {v(dr)}, {v(regs[:2])}, {v(regs[2:4])}, {v(regs[4:])};"] + [f"	st.global.b32 [%out+{4 * i}], {x};" for i, x in enumerate(dr)]
    add(f"mma_m8n8k4_{la}_{lb}_{d}_{c}", kern("\n".join(body), sm=70, ver=64), 32, sum(out, []), "u32", sum(inp, []))


def matrices():
    for shape, sm, ver in (("m16n8k8", 75, 65), ("m16n8k16", 80, 70)):
        mma(shape, "f32", "f16", "f16", "f32", sm=sm, ver=ver)
        mma(shape, "f16", "f16", "f16", "f16", sm=sm, ver=ver)
    for shape in ("m16n8k8", "m16n8k16"):
        mma(shape, "f32", "bf16", "bf16", "f32")
    for shape in ("m16n8k4", "m16n8k8"):
        mma(shape, "f32", "tf32", "tf32", "f32")
    for shape, sm, ver, ts in (("m8n8k16", 75, 65, ("s8", "u8")), ("m16n8k16", 80, 70, ("s8", "u8")), ("m16n8k32", 80, 70, ("s8", "u8")), ("m8n8k32", 75, 65, ("s4", "u4")), ("m16n8k32", 80, 70, ("s4", "u4")), ("m16n8k64", 80, 70, ("s4", "u4"))):
        for a in ts:
            for b in ts[:1] if a == ts[1] else ts:
                mma(shape, "s32", a, b, "s32", mods="" if a == b else ".satfinite", sm=sm, ver=ver)
    for shape in ("m8n8k128", "m16n8k128", "m16n8k256"):
        mma(shape, "s32", "b1", "b1", "s32", post=".xor.popc", sm=75 if shape[1] == "8" else 80, ver=70, )
        mma(shape, "s32", "b1", "b1", "s32", post=".and.popc", sm=80, ver=71)
    for shape, sm, ver in (("m8n8k4", 80, 70), ("m16n8k4", 90, 78), ("m16n8k16", 90, 78)):
        mma(shape, "f64", "f64", "f64", "f64", mods="" , sm=sm, ver=ver, layout="row.col")
    for a in ("e4m3", "e5m2"):
        for b in ("e4m3", "e5m2"):
            mma("m16n8k32", "f32", a, b, "f32", sm=89, ver=84)
            mma("m16n8k16", "f32", a, b, "f32", sm=89, ver=87)
    mma("m16n8k32", "f16", "e4m3", "e5m2", "f16", sm=89, ver=87)
    mma("m16n8k16", "f16", "e5m2", "e4m3", "f16", sm=89, ver=87)
    for la in ("row", "col"):
        for lb in ("row", "col"):
            for d, c in (("f16", "f16"), ("f32", "f32"), ("f32", "f16")) if la != lb else (("f16", "f16"),):
                mma884(d, c, la, lb)
    h = [R.getrandbits(16) for _ in range(256)]
    for num in (1, 2, 4):
        for tr in ("", ".trans"):
            for scattered in (0, 1):
                # the row of matrix j: lane 8j+r points at it; scattered rows are 48 bytes apart in a permuted order
                order = list(range(8 * num))
                if scattered:
                    R.shuffle(order)
                e = lambda j, r, c: h[8 * order[8 * j + r] + c]
                out = []
                for l in range(32):
                    for j in range(num):
                        lo, hi = ((2 * q(l), g(l)), (2 * q(l) + 1, g(l))) if tr else ((g(l), 2 * q(l)), (g(l), 2 * q(l) + 1))
                        out.append(e(j, *lo) | e(j, *hi) << 16)
                perm = order + [0] * (32 - len(order))
                regs = ", ".join(f"%r{10 + i}" for i in range(num))
                st = {1: "st.global.b32 [%out], %r10;", 2: "st.global.v2.b32 [%out], {%r10, %r11};", 4: "st.global.v4.b32 [%out], {%r10, %r11, %r12, %r13};"}[num]
                sh = R.choice([".shared", ""]) if scattered else ".shared"
                ad = "%r5" if sh else "%d5"
                add(f"ldmatrix_x{num}{tr.replace('.', '_')}_{scattered}", kern(f"""	.shared .align 16 .b8 tile[1536];
	mad.wide.u32 %d1, %t, 16, %in; ld.global.v4.u32 {{%r1, %r2, %r3, %r4}}, [%d1]; mad.wide.u32 %d2, %t, 4, %in; ld.global.u32 %r6, [%d2+512];
	mov.u32 %r7, tile; mad.lo.u32 %r8, %t, 48, %r7; st.shared.v4.u32 [%r8], {{%r1, %r2, %r3, %r4}}; bar.warp.sync -1;
	mad.lo.u32 %r5, %r6, 48, %r7; cvt.u64.u32 %d5, %r5; cvta.shared.u64 %d5, %d5;
	ldmatrix.sync.aligned.m8n8.x{num}{tr}{sh}.b16 {{{regs}}}, [{ad}];
	mad.wide.u32 %out, %t, {4 * num}, %out; {st}""", sm=75, ver=65), 32, out, "u32", [h[2 * i] | h[2 * i + 1] << 16 for i in range(128)] + perm, "u32")
                if num < 4 or not scattered:
                    # stmatrix: the inverse
                    regv = [[R.getrandbits(32) for _ in range(num)] for _ in range(32)]
                    mem = [0] * (64 * num)
                    for l in range(32):
                        for j in range(num):
                            for half in (0, 1):
                                r, c = (2 * q(l) + half, g(l)) if tr else (g(l), 2 * q(l) + half)
                                mem[8 * order[8 * j + r] + c] = regv[l][j] >> 16 * half & M16
                    lds = "; ".join(f"ld.global.u32 %r{10 + j}, [%d1+{4 * j}]" for j in range(num))
                    add(f"stmatrix_x{num}{tr.replace('.', '_')}_{scattered}", kern(f"""	.shared .align 16 .b8 tile[512];
	mad.wide.u32 %d1, %t, {4 * num}, %in; {lds}; mad.wide.u32 %d2, %t, 4, %in; ld.global.u32 %r6, [%d2+{128 * num}];
	mov.u32 %r7, tile; mad.lo.u32 %r5, %r6, 16, %r7;
	stmatrix.sync.aligned.m8n8.x{num}{tr}.shared.b16 [%r5], {{{regs}}}; bar.warp.sync -1;
	setp.lt.u32 %p1, %t, {8 * num}; @!%p1 ret; mad.lo.u32 %r8, %t, 16, %r7; ld.shared.v4.u32 {{%r1, %r2, %r3, %r4}}, [%r8]; mad.wide.u32 %out, %t, 16, %out; st.global.v4.u32 [%out], {{%r1, %r2, %r3, %r4}};""", sm=90, ver=78), 32, mem, "u16", sum(regv, []) + perm)
    regv = [R.getrandbits(32) for _ in range(32)]
    m = lambda r, c: regv[4 * r + c // 2] >> 16 * (c & 1) & M16
    add("movmatrix", kern("	mad.wide.u32 %in, %t, 4, %in; ld.global.u32 %r1, [%in];\n	movmatrix.sync.aligned.m8n8.trans.b16 %r2, %r1;\n	mad.wide.u32 %out, %t, 4, %out; st.global.u32 [%out], %r2;", sm=75, ver=78), 32, [m(2 * q(l), g(l)) | m(2 * q(l) + 1, g(l)) << 16 for l in range(32)], "u32", regv)


def copies():
    w = [R.getrandbits(32) for _ in range(1024)]
    for n, cop in ((4, "ca"), (8, "ca"), (16, "ca"), (16, "cg")):
        k = n // 4
        for form in ("", "zfill", "imm", "pred", "hint"):
            if form == "pred" and n == 4: continue
            arg = {"": "", "zfill": ", %r5", "imm": f", {n // 2}", "pred": ", %p1", "hint": ""}[form]
            pre = {"": "", "hint": ".L2::128B" if n > 4 else ".L2::64B"}.get(form, "")
            size = {"": lambda i: n, "hint": lambda i: n, "zfill": lambda i: i % (n + 1), "imm": lambda i: n // 2, "pred": lambda i: 0 if i & 1 else n}[form]
            out = []
            for i in range(64):
                j = i ^ 9
                by = b"".join(x.to_bytes(4, "little") for x in w[k * j:k * j + k])[:size(j)].ljust(n, b"\0")
                out += [int.from_bytes(by[4 * x:4 * x + 4], "little") for x in range(k)]
            ldst = "\n".join(f"	ld.shared.u32 %r{20 + x}, [%r9+{4 * x}]; st.global.u32 [%out+{4 * x}], %r{20 + x};" for x in range(k))
            add(f"cp_async_{cop}{n}_{form}".rstrip("_"), kern(f"""	.shared .align 16 .b8 sbuf[{64 * n}];
	mov.u32 %r1, sbuf; mad.lo.u32 %r2, %t, {n}, %r1; mad.wide.u32 %in, %t, {n}, %in; rem.u32 %r5, %t, {n + 1}; and.b32 %r6, %t, 1; setp.ne.u32 %p1, %r6, 0;
	cp.async.{cop}.shared.global{pre} [%r2], [%in], {n}{arg};
	cp.async.commit_group; cp.async.wait_group 0; bar.sync 0;
	xor.b32 %r8, %t, 9; mad.lo.u32 %r9, %r8, {n}, %r1; mad.wide.u32 %out, %t, {n}, %out;
{ldst}""", sm=80, ver=75), 64, out, "u32", w[:64 * k])
    add("cp_async_pipeline", kern("""	.shared .align 16 .b32 ring[192];
	mov.u32 %r1, ring; mad.lo.u32 %r2, %t, 4, %r1; mad.wide.u32 %d1, %t, 4, %in; mov.u32 %r10, 0; mov.u32 %r11, 0;
	cp.async.ca.shared.global [%r2], [%d1], 4; cp.async.commit_group;
	cp.async.ca.shared.global [%r2+256], [%d1+256], 4; cp.async.commit_group;
$loop:
	cp.async.wait_group 1; bar.sync 0;
	rem.u32 %r3, %r10, 3; xor.b32 %r4, %t, 63; mad.lo.u32 %r4, %r4, 4, %r1; mad.lo.u32 %r4, %r3, 256, %r4; ld.shared.u32 %r5, [%r4]; mad.lo.u32 %r11, %r11, 3, %r5;
	add.u32 %r6, %r10, 2; setp.ge.u32 %p1, %r6, 8; rem.u32 %r7, %r6, 3; mad.lo.u32 %r8, %r7, 256, %r2; mul.wide.u32 %d2, %r6, 256; add.u64 %d2, %d1, %d2;
	@!%p1 cp.async.ca.shared.global [%r8], [%d2], 4;
	cp.async.commit_group; add.u32 %r10, %r10, 1; setp.lt.u32 %p2, %r10, 8; @%p2 bra $loop;
	mad.wide.u32 %out, %t, 4, %out; st.global.u32 [%out], %r11;""", sm=80, ver=70), 64, [sum(w[64 * k + (i ^ 63)] * 3 ** (7 - k) for k in range(8)) & M32 for i in range(64)], "u32", w[:512])
    add("cp_async_mbarrier", kern("""	.shared .align 8 .b64 mb; .shared .align 16 .b32 buf[64];
	setp.eq.u32 %p1, %t, 0; @%p1 mbarrier.init.shared.b64 [mb], 64; bar.sync 0;
	mov.u32 %r1, buf; mad.lo.u32 %r2, %t, 4, %r1; mad.wide.u32 %d1, %t, 4, %in;
	cp.async.ca.shared.global [%r2], [%d1], 4; cp.async.mbarrier.arrive.noinc.shared.b64 [mb];
W:	mbarrier.test_wait.parity.shared.b64 %p2, [mb], 0; @!%p2 bra W;
	xor.b32 %r3, %t, 40; mad.lo.u32 %r3, %r3, 4, %r1; ld.shared.u32 %r4, [%r3]; mad.wide.u32 %out, %t, 4, %out; st.global.u32 [%out], %r4;""", sm=80, ver=71), 64, [w[i ^ 40] for i in range(64)], "u32", w[:64])
    add("mbarrier_phases", kern("""	.shared .align 8 .b64 mb; .shared .b32 buf[64];
	setp.eq.u32 %p1, %t, 0; @%p1 mbarrier.init.shared.b64 [mb], 64; bar.sync 0; mov.u32 %r1, buf; mad.lo.u32 %r2, %t, 4, %r1; mov.u32 %r9, 0; mov.u32 %r5, %t;
$it:	st.shared.u32 [%r2], %r5; mbarrier.arrive.shared.b64 %d1, [mb];
$w:	mbarrier.test_wait.shared.b64 %p2, [mb], %d1; @!%p2 bra $w;
	add.u32 %r3, %t, 1; and.b32 %r3, %r3, 63; mad.lo.u32 %r3, %r3, 4, %r1; ld.shared.u32 %r5, [%r3]; bar.sync 0; add.u32 %r9, %r9, 1; setp.lt.u32 %p3, %r9, 5; @%p3 bra $it;
	mad.wide.u32 %out, %t, 4, %out; st.global.u32 [%out], %r5;""", sm=80, ver=70), 64, [(i + 5) & 63 for i in range(64)], "u32")


def spaces32():
    add("const_addr32", kern("	mov.u32 %r1, tab; and.b32 %r2, %t, 3; mad.lo.u32 %r1, %r2, 4, %r1; ld.const.u32 %r3, [%r1]; mad.wide.u32 %out, %t, 4, %out; st.global.u32 [%out], %r3;", globals_=".const .u32 tab[4] = {9, 8, 7, 6};"), 8, [9, 8, 7, 6] * 2, "u32")
    add("local_addr32", kern("	.local .u32 loc[4]; mov.u32 %r1, loc; st.local.u32 [%r1+4], %t; ld.local.u32 %r2, [%r1+4]; mad.wide.u32 %out, %t, 4, %out; st.global.u32 [%out], %r2;"), 8, list(range(8)), "u32")
    add("shared_addr64", kern("	.shared .u32 loc[32]; mov.u64 %d1, loc; mad.wide.u32 %d1, %t, 4, %d1; st.shared.u32 [%d1], %t; ld.shared.u32 %r2, [%d1]; mad.wide.u32 %out, %t, 4, %out; st.global.u32 [%out], %r2;"), 8, list(range(8)), "u32")
    add("param_addr", kern("	mov.b64 %d1, pin; ld.param.u64 %d2, [%d1+8]; ld.param.u32 %r1, [pout]; ld.param.u32 %r2, [pout+4]; mov.b64 %d3, {%r1, %r2}; setp.eq.u64 %p1, %d2, %d3; selp.u32 %r3, 1, 0, %p1; ld.param.v2.u32 {%r4, %r5}, [pin]; mov.b64 %d4, {%r4, %r5}; setp.eq.and.u64 %p2, %d4, %in, %p1; selp.u32 %r6, 2, 0, %p2; add.u32 %r3, %r3, %r6; st.global.u32 [%out], %r3;"), 1, [3], "u32")
    add("label_shadow", kern("	mov.u32 %r1, 0;\n{ L: add.u32 %r1, %r1, 1; setp.lt.u32 %p1, %r1, 3; @%p1 bra L; }\n{ L: add.u32 %r1, %r1, 10; setp.lt.u32 %p1, %r1, 40; @%p1 bra L; }\n	mad.wide.u32 %out, %t, 4, %out; st.global.u32 [%out], %r1;"), 4, [43] * 4, "u32")
    add("reg_shadow", kern("	mov.u32 %r1, 5;\n{ .reg .u64 %r1; .reg .f32 %t2<3>; mov.u64 %r1, 7; { .reg .u16 %r1; mov.u16 %r1, 9; } add.u64 %r1, %r1, 1; cvt.u32.u64 %r2, %r1; }\n	add.u32 %r1, %r1, %r2; mad.wide.u32 %out, %t, 4, %out; st.global.u32 [%out], %r1;"), 4, [13] * 4, "u32")
    add("uninit_partial_select", kern("	.reg .u32 u; setp.gt.u32 %p1, %t, 2; @%p1 mov.u32 u, 5; mov.u32 %r1, 0; @%p1 mov.u32 %r1, u; mad.wide.u32 %out, %t, 4, %out; st.global.u32 [%out], %r1;"), 8, [0] * 3 + [5] * 5, "u32")
    add("selp_uninit", kern("	.reg .u32 u; setp.gt.u32 %p1, %t, 2; @%p1 mov.u32 u, 5; selp.u32 %r1, u, 0, %p1; mad.wide.u32 %out, %t, 4, %out; st.global.u32 [%out], %r1;"), 8, [0] * 3 + [5] * 5, "u32")
    add("shared_uninit_pad", kern("	.shared .align 16 .b8 rec[128]; mov.u32 %r1, rec; mad.lo.u32 %r1, %t, 16, %r1; st.shared.u8 [%r1], %t; ld.shared.u8 %r2, [%r1]; mad.wide.u32 %out, %t, 4, %out; st.global.u32 [%out], %r2;".replace("st.shared.u8 [%r1], %t", "st.shared.u8 [%r1], %t")), 8, list(range(8)), "u32")
    add("benign_same_value_race", kern("	.shared .u32 flag; setp.gt.u32 %p1, %t, 40; @%p1 st.volatile.shared.u32 [flag], 1; setp.eq.u32 %p2, %t, 0; bar.sync 0; ld.volatile.shared.u32 %r1, [flag]; mad.wide.u32 %out, %t, 4, %out; st.global.u32 [%out], %r1;"), 64, [1] * 64, "u32")
    add("same_value_global", kern("	st.global.u32 [%out], 7;"), 96, [7], "u32")
    add("flag_spin_relaxed", kern("""	.shared .u32 flag, data; setp.eq.u32 %p1, %t, 0; @%p1 st.shared.u32 [flag], 0; bar.sync 0; setp.lt.u32 %p2, %t, 32; @%p2 bra cons;
	setp.eq.u32 %p3, %t, 32; @%p3 st.shared.u32 [data], 99; @%p3 st.release.cta.shared.u32 [flag], 1; bra fin;
cons:	ld.acquire.cta.shared.u32 %r1, [flag]; setp.eq.u32 %p4, %r1, 0; @%p4 bra cons;
	ld.shared.u32 %r2, [data]; mad.wide.u32 %out, %t, 4, %out; st.global.u32 [%out], %r2;
fin:""", sm=70), 64, [99] * 32, "u32")
    add("flag_spin_volatile", kern("""	setp.lt.u32 %p2, %t, 32; @%p2 bra cons;
	setp.eq.u32 %p3, %t, 32; @%p3 st.global.u32 [%out+4], 99; membar.gl; @%p3 st.volatile.global.u32 [%out], 1; bra fin;
cons:	ld.volatile.global.u32 %r1, [%out]; setp.eq.u32 %p4, %r1, 0; @%p4 bra cons; membar.gl;
	ld.global.u32 %r2, [%out+4]; mad.wide.u32 %out, %t, 4, %out; st.global.u32 [%out+8], %r2;
fin:"""), 64, [1, 99] + [99] * 32, "u32")
    add("fence_flag", kern("""	setp.lt.u32 %p2, %t, 32; @%p2 bra cons;
	setp.eq.u32 %p3, %t, 32; @%p3 st.global.u32 [%out+4], 99; fence.acq_rel.gpu; @%p3 st.relaxed.gpu.global.u32 [%out], 1; bra fin;
cons:	ld.relaxed.gpu.global.u32 %r1, [%out]; setp.eq.u32 %p4, %r1, 0; @%p4 bra cons; fence.acq_rel.gpu;
	ld.global.u32 %r2, [%out+4]; mad.wide.u32 %out, %t, 4, %out; st.global.u32 [%out+8], %r2;
fin:"""), 64, [1, 99] + [99] * 32, "u32")
    add("atomic_then_read", kern("""	atom.global.add.u32 %r1, [%out], 1; membar.gl; setp.ne.u32 %p1, %r1, 63; @%p1 ret; ld.global.cg.u32 %r2, [%out]; st.global.u32 [%out+4], %r2;"""), 64, [64, 64], "u32")
    add("atomic_last_block_sum", kern("""	mul.lo.u32 %r5, %t, 3; mad.wide.u32 %d1, %t, 4, %out; st.global.u32 [%d1+8], %r5; membar.gl; atom.global.inc.u32 %r1, [%out], 63; setp.ne.u32 %p1, %r1, 63; @%p1 ret; membar.gl; mov.u32 %r6, 0; mov.u32 %r7, 0; add.u64 %d2, %out, 8;
L: ld.volatile.global.u32 %r8, [%d2]; add.u32 %r6, %r6, %r8; add.u64 %d2, %d2, 4; add.u32 %r7, %r7, 1; setp.lt.u32 %p2, %r7, 64; @%p2 bra L; st.global.u32 [%out+4], %r6;"""), 64, [0, 3 * 2016] + [3 * i for i in range(64)], "u32")
    add("shared_warp_volatile_reduce", kern("""	.shared .u32 s[64]; mov.u32 %r1, s; mad.lo.u32 %r2, %t, 4, %r1; st.shared.u32 [%r2], %t; bar.sync 0; setp.ge.u32 %p1, %t, 32; @%p1 bra fin;
	ld.shared.u32 %r3, [%r2]; ld.shared.u32 %r4, [%r2+128]; add.u32 %r3, %r3, %r4; st.shared.u32 [%r2], %r3; bar.warp.sync -1;
	setp.ge.u32 %p2, %t, 16; @%p2 bra j1; ld.shared.u32 %r4, [%r2+64]; add.u32 %r3, %r3, %r4; st.shared.u32 [%r2], %r3;
j1: bar.warp.sync -1; setp.ne.u32 %p3, %t, 0; @%p3 bra fin; mov.u32 %r5, 0; mov.u32 %r6, 0;
L: ld.shared.u32 %r7, [%r1]; add.u32 %r5, %r5, %r7; add.u32 %r1, %r1, 4; add.u32 %r6, %r6, 1; setp.lt.u32 %p4, %r6, 16; @%p4 bra L; st.global.u32 [%out], %r5;
fin:"""), 64, [2016], "u32")
    add("overread_guarded", kern("	setp.lt.u32 %p1, %t, 5; mov.u32 %r1, 0; mad.wide.u32 %in, %t, 4, %in; @%p1 ld.global.u32 %r1, [%in]; @%p1 st.global.u32 [%out], %r1;".replace("@%p1 st.global.u32 [%out], %r1;", "mad.wide.u32 %out, %t, 4, %out; @%p1 st.global.u32 [%out], %r1;")), 64, [4, 5, 6, 7, 8], "u32", [4, 5, 6, 7, 8])
    add("block1", kern("	st.global.u32 [%out], 0x2A;"), 1, [42], "u32")
    add("block1024", kern("	mad.wide.u32 %out, %t, 2, %out; cvt.u16.u32 %h1, %t; st.global.u16 [%out], %h1;"), 1024, list(range(1024)), "u16")
    add("block33", kern("	mad.wide.u32 %out, %t, 2, %out; cvt.u16.u32 %h1, %t; st.global.u16 [%out], %h1;"), 33, list(range(33)), "u16")
    add("dyn_shared_big", kern("	mov.u32 %r1, d; mad.lo.u32 %r1, %t, 512, %r1; st.shared.u32 [%r1+508], %t; ld.shared.u32 %r2, [%r1+508]; mad.wide.u32 %out, %t, 4, %out; st.global.u32 [%out], %r2;", globals_=".extern .shared .align 128 .b8 d[];", sm=80, ver=70), 128, list(range(128)), "u32", dynamic_shared=65536)
    add("dyn_shared_size", kern("	mov.u32 %r1, %dynamic_smem_size; mov.u32 %r2, d; st.shared.u32 [%r2], %r1; ld.shared.u32 %r3, [d]; st.global.u32 [%out], %r3;", globals_=".extern .shared .align 4 .u32 d[];"), 1, [48], "u32", dynamic_shared=48)
    add("trap_not_reached", kern("	setp.gt.u32 %p1, %t, 100; @%p1 trap; @%p1 brkpt; mad.wide.u32 %out, %t, 4, %out; st.global.u32 [%out], %t;"), 32, list(range(32)), "u32")
    add("nanosleep_prefetch", kern("	nanosleep.u32 100; prefetch.global.L1 [%in]; prefetchu.L1 [%in]; prefetch.global.L2 [%out]; membar.sys; fence.sc.sys; pmevent 3; mad.wide.u32 %out, %t, 4, %out; st.global.u32 [%out], %t;", sm=70, ver=63), 32, list(range(32)), "u32", [0])
    add("clock_monotone", kern("	mov.u64 %d1, %clock64; mov.u32 %r1, %clock_hi; mov.u64 %d2, %clock64; setp.ge.u64 %p1, %d2, %d1; selp.u32 %r2, 1, 0, %p1; mad.wide.u32 %out, %t, 4, %out; st.global.u32 [%out], %r2;"), 32, [1] * 32, "u32")
    add("createpolicy", kern("	createpolicy.fractional.L2::evict_first.b64 %d1, 0.5; mad.wide.u32 %in, %t, 4, %in; ld.global.L2::cache_hint.u32 %r1, [%in], %d1; mad.wide.u32 %out, %t, 4, %out; st.global.L2::cache_hint.u32 [%out], %r1, %d1;", sm=80, ver=74), 32, list(range(5, 37)), "u32", list(range(5, 37)))


def run():
    matrices(); copies(); spaces32()
