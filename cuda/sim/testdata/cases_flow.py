"""Memory, atomics, warps, barriers and control flow, as compilers and people write them."""
from cases_lib import *


def memory():
    # Loads of every type into registers at least as wide, sign-extended, and stores that cut.
    raw = [R.getrandbits(64) for _ in range(32)]
    for t in "u8 s8 b8 u16 s16 b16 u32 s32 b32".split():
        b = int(t[1:])
        body = f"""	mad.wide.u32 %in, %t, 8, %in;
	mad.wide.u32 %out, %t, 24, %out;
	ld.global.{t} %r1, [%in+4];
	ld.{t} %d1, [%in+{8 - b // 8}];
	cvt.u64.u32 %d2, %r1;
	st.global.u64 [%out], %d1;
	st.u64 [%out+8], %d2;
	mov.u64 %d3, 0;
	st.u64 [%out+16], %d3;
	st.{t} [%out+18], %r1;""" if b <= 16 else f"""	mad.wide.u32 %in, %t, 8, %in;
	mad.wide.u32 %out, %t, 24, %out;
	ld.global.{t} %r1, [%in+4];
	ld.{t} %d1, [%in];
	cvt.u64.u32 %d2, %r1;
	st.global.u64 [%out], %d1;
	st.u64 [%out+8], %d2;
	st.u64 [%out+16], 0;
	st.{t} [%out+20], %d1;"""
        out = []
        for x in raw:
            X = lambda v, w: (s(v, b) if t[0] == "s" else v & (1 << b) - 1) & (1 << w) - 1
            if b <= 16:
                out += [X(x >> 64 - b, 64), X(x >> 32, 32), (x >> 32 & (1 << b) - 1) << 16]
            else:
                out += [X(x, 64), X(x >> 32, 32), (x & M32) << 32]
        add(f"ld_st_{t}", kern(body), 32, out, "u64", raw, "u64")
    # vectors with odd widths
    by = [R.getrandbits(8) for _ in range(256)]
    add("ld_v4_u8", kern("""	mad.wide.u32 %in, %t, 4, %in;
	mad.wide.u32 %out, %t, 8, %out;
	ld.global.v4.s8 {%h1,%h2,%h3,%h4}, [%in];
	st.global.v4.b16 [%out], {%h4, %h3, %h2, %h1};"""), 64, [s(by[4 * i + 3 - j], 8) & M16 for i in range(64) for j in range(4)], "u16", by, "u8")
    add("st_v4_u8_v2", kern("""	.reg .u32 x<4>;
	mad.wide.u32 %in, %t, 4, %in; mad.wide.u32 %out, %t, 4, %out;
	ld.global.v2.u8 {x0, x1}, [%in]; ld.global.v2.u8 {x2, x3}, [%in+2];
	st.global.v4.u8 [%out], {x3, x0, x2, x1};"""), 64, [by[4 * i + j] for i in range(64) for j in (3, 0, 2, 1)], "u8", by, "u8")
    q = [R.getrandbits(64) for _ in range(64)]
    add("ld_v2_f64_volatile", kern("""	mad.wide.u32 %in, %t, 16, %in; mad.wide.u32 %out, %t, 16, %out;
	ld.volatile.global.v2.f64 {%g1, %g2}, [%in];
	st.volatile.global.v2.f64 [%out], {%g2, %g1};"""), 32, [q[2 * i + 1 - j] for i in range(32) for j in (0, 1)], "u64", q, "u64")
    w = [R.getrandbits(32) for _ in range(256)]
    add("vec_reg", kern("""	.reg .v4 .b32 vq; .reg .v2 .f32 vp;
	mad.wide.u32 %in, %t, 16, %in; mad.wide.u32 %out, %t, 16, %out;
	ld.global.v4.b32 vq, [%in];
	mov.b32 vp.x, vq.w; mov.b32 vp.y, vq.z;
	mov.b32 %r1, vq.x; xor.b32 vq.x, %r1, vq.y;
	st.global.v2.f32 [%out], vp;
	st.global.b32 [%out+8], vq.x; st.global.b32 [%out+12], vq.r;"""), 32, [y for i in range(32) for y in (w[4 * i + 3], w[4 * i + 2], w[4 * i] ^ w[4 * i + 1], w[4 * i] ^ w[4 * i + 1])], "u32", w[:128])
    for cop, ver, sm in ((".ca", 60, 60), (".cg", 60, 60), (".cs", 60, 60), (".lu", 60, 60), (".cv", 60, 60), (".nc", 60, 60), (".relaxed.gpu", 60, 70), (".acquire.sys", 60, 70), (".weak", 60, 70), (".L1::no_allocate", 74, 70), (".L2::128B", 74, 75)):
        scoped = cop.startswith((".relaxed", ".acquire", ".weak"))
        ld = f"ld{cop}.global.u32" if scoped else f"ld.global{cop}.u32"
        st = {".ca": "st.global.wb.u32", ".cg": "st.global.cg.u32", ".cs": "st.global.cs.u32", ".lu": "st.global.wt.u32", ".relaxed.gpu": "st.relaxed.gpu.global.u32", ".acquire.sys": "st.release.sys.global.u32", ".weak": "st.weak.global.u32"}.get(cop, "st.global.u32")
        add("ld" + cop.replace(".", "_").replace("::", "_"), kern(f"	mad.wide.u32 %in, %t, 4, %in; mad.wide.u32 %out, %t, 4, %out;\n	{ld} %r1, [%in];\n	add.u32 %r1, %r1, %t;\n	{st} [%out], %r1;", sm=sm, ver=ver), 64, [(w[i] + i) & M32 for i in range(64)], "u32", w[:64])
    add("ldu", kern("	ldu.global.u32 %r1, [%in+8];\n	mad.wide.u32 %out, %t, 4, %out;\n	st.global.u32 [%out], %r1;"), 40, [w[2]] * 40, "u32", w[:4])
    # tables
    prim = [2, 3, 5, 7, 11, 13, 17, 19]
    add("const_tables", kern("""	and.b32 %r1, %t, 7; mul.lo.u32 %r2, %r1, 4;
	mov.u32 %r3, tab; add.u32 %r3, %r3, %r2;
	ld.const.u32 %r4, [%r3];
	mov.u64 %d1, mat; mad.wide.u32 %d1, %r1, 2, %d1;
	ld.const.s16 %r5, [%d1];
	mad.lo.s32 %r4, %r4, 1000, %r5;
	shr.u32 %r6, %r1, 2; mov.u64 %d2, names; cvt.u64.u32 %d3, %r1; add.u64 %d2, %d2, %d3;
	cvta.const.u64 %d2, %d2;
	ld.u8 %r7, [%d2];
	add.u32 %r4, %r4, %r7;
	ld.const.f32 %f1, [fl+8]; cvt.rzi.s32.f32 %r8, %f1; add.s32 %r4, %r4, %r8;
	mad.wide.u32 %out, %t, 4, %out; st.global.u32 [%out], %r4;""",
        globals_=""".const .align 4 .u32 tab[8] = {2, 3, 5, 7, 11, 0xD, 021, 0b10011};
.const .s16 mat[2][4] = { {-1, -2, -3, -4}, {100, 200} };
.const .b8 names[] = {65, 66, 67, 68, 69, 70, 71, 72};
.const .f32 fl[4] = {1.0, 0f40000000, -3.5e2};"""), 32, [prim[i & 7] * 1000 + [-1, -2, -3, -4, 100, 200, 0, 0][i & 7] + 65 + (i & 7) - 350 for i in range(32)], "u32")
    add("global_tables", kern("""	and.b32 %r1, %t, 3;
	mad.wide.u32 %out, %t, 8, %out;
	mov.u64 %d1, ptrs; mad.wide.u32 %d1, %r1, 8, %d1;
	ld.global.u64 %d2, [%d1];
	ld.u32 %r2, [%d2];
	ld.global.b32 %r3, [one+4];
	add.u32 %r2, %r2, %r3;
	st.global.u32 [%out], %r2;
	mov.u64 %d3, one+8; ld.global.u32 %r4, [%d3+-8]; st.global.u32 [%out+4], %r4;""",
        globals_=""".global .align 8 .u32 one[4] = {10, 20, 30, 40};
.global .u32 two = 77;
.global .u64 ptrs[4] = {generic(one), generic(two), generic(one)+12, generic(one)+4};"""), 16, [y for i in range(16) for y in ([10, 77, 40, 20][i & 3] + 20, 10)], "u32")
    add("global_zero_written", kern("""	mov.u64 %d1, scratch; mad.wide.u32 %d2, %t, 4, %d1;
	ld.global.u32 %r1, [%d2]; add.u32 %r1, %r1, %t; st.global.u32 [%d2], %r1;
	bar.sync 0;
	xor.b32 %r2, %t, 1; mad.wide.u32 %d3, %r2, 4, %d1; ld.global.u32 %r3, [%d3];
	mad.wide.u32 %out, %t, 4, %out; st.global.u32 [%out], %r3;""", globals_=".visible .global .align 16 .b8 scratch[512];"), 128, [i ^ 1 for i in range(128)], "u32")
    add("global_init_struct", kern("""	ld.global.u8 %r1, [rec]; ld.global.u32 %r2, [rec+4]; ld.global.f32 %f1, [rec+8]; cvt.rni.u32.f32 %r3, %f1;
	st.global.v4.u32 [%out], {%r1, %r2, %r3, 9};""", globals_=".global .align 8 .b8 rec[16] = {7, 0, 0, 0, 0x78, 0x56, 0x34, 0x12, 0, 0, 128, 64, 0, 0, 0, 0};"), 1, [7, 0x12345678, 4, 9], "u32")
    add("local_arrays", kern("""	.local .align 8 .b8 stk[64]; .local .u32 lone;
	mov.u64 %d1, stk; cvta.local.u64 %d2, %d1;
	mov.u32 %r1, 0;
$L_1:
	mul.lo.u32 %r2, %r1, %r1; add.u32 %r2, %r2, %t;
	mad.wide.u32 %d3, %r1, 4, %d1;
	st.local.u32 [%d3], %r2;
	add.u32 %r1, %r1, 1;
	setp.lt.u32 %p1, %r1, 16;
@%p1	bra $L_1;
	st.local.u32 [lone], %t;
	and.b32 %r3, %t, 15; mad.wide.u32 %d4, %r3, 4, %d2;
	ld.u32 %r4, [%d4];
	ld.local.u32 %r5, [lone];
	ld.local.v2.u32 {%r6, %r7}, [stk+56];
	add.u32 %r4, %r4, %r5; add.u32 %r4, %r4, %r7;
	mad.wide.u32 %out, %t, 4, %out; st.global.u32 [%out], %r4;"""), 64, [(i & 15) ** 2 + i + i + 225 + i for i in range(64)], "u32")
    add("generic_spaces", kern("""	.shared .align 8 .u32 buf[64];
	.local .u32 priv[4];
	mov.u32 %r1, buf; cvt.u64.u32 %d1, %r1; cvta.shared.u64 %d1, %d1;
	mad.wide.u32 %d1, %t, 4, %d1; st.u32 [%d1], %t;
	mov.u64 %d2, priv; cvta.local.u64 %d2, %d2; mul.lo.u32 %r2, %t, 3; st.u32 [%d2+4], %r2;
	setp.eq.u32 %p1, %t, 5;
	and.b32 %r3, %t, 1; setp.ne.u32 %p2, %r3, 0;
	selp.b64 %d3, %d1, %d2, %p2; @!%p2 add.u64 %d3, %d3, 4;
	bar.sync 0;
	ld.u32 %r4, [%d3];
	isspacep.shared %p3, %d3; isspacep.local %p4, %d3; isspacep.global %p5, %out;
	selp.u32 %r5, 1, 0, %p3; selp.u32 %r6, 2, 0, %p4; selp.u32 %r7, 4, 0, %p5;
	or.b32 %r5, %r5, %r6; or.b32 %r5, %r5, %r7;
	cvta.to.shared.u64 %d4, %d1; cvt.u32.u64 %r8, %d4; mov.u32 %r9, buf; sub.u32 %r8, %r8, %r9;
	mad.wide.u32 %out, %t, 12, %out; st.u32 [%out], %r4; st.u32 [%out+4], %r5; st.u32 [%out+8], %r8;"""), 64, [y for i in range(64) for y in (i if i & 1 else 3 * i, 5 if i & 1 else 6, 4 * i)], "u32")
    add("dynamic_shared_two", kern("""	mov.u32 %r1, stat; mov.u32 %r2, dyn;
	mad.lo.u32 %r3, %t, 4, %r2; mad.lo.u32 %r4, %t, 2, %r1;
	cvt.u16.u32 %h1, %t; st.shared.u16 [%r4], %h1;
	mul.lo.u32 %r5, %t, 7; st.shared.u32 [%r3], %r5;
	barrier.sync 0;
	mov.u32 %r6, %ntid.x; sub.u32 %r6, %r6, 1; sub.u32 %r6, %r6, %t;
	mad.lo.u32 %r7, %r6, 4, %r2; mad.lo.u32 %r8, %r6, 2, %r1;
	ld.shared.u32 %r9, [%r7]; ld.shared.u16 %r10, [%r8];
	mad.lo.u32 %r9, %r9, 1000, %r10;
	mad.wide.u32 %out, %t, 4, %out; st.global.u32 [%out], %r9;""", globals_=".extern .shared .align 16 .b8 dyn[];\n.shared .align 2 .b16 stat[256];"), 256, [(255 - i) * 7000 + 255 - i for i in range(256)], "u32", dynamic_shared=1024)
    add("shared_scopes", kern("""	{
	.shared .u32 a[32];
	mov.u32 %r1, a; mad.lo.u32 %r1, %t, 4, %r1; st.shared.u32 [%r1], %t;
	{ .reg .u32 %r1; .shared .u32 a[32]; mov.u32 %r1, a; mad.lo.u32 %r1, %t, 4, %r1; add.u32 %r2, %t, 100; st.shared.u32 [%r1], %r2; mov.u32 %r3, %r1; }
	}
	bar.sync 0; xor.b32 %r4, %t, 31; sub.u32 %r5, %r1, %r3;
	ld.shared.u32 %r6, [%r1]; ld.shared.u32 %r7, [%r3]; setp.ne.u32 %p1, %r5, 0; selp.u32 %r5, 1, 0, %p1;
	mad.lo.u32 %r6, %r6, 1000, %r7; add.u32 %r6, %r6, %r5;
	mad.wide.u32 %out, %t, 4, %out; st.global.u32 [%out], %r6;"""), 32, [i * 1000 + i + 101 for i in range(32)], "u32")
    add("mov_pack", kern("""	mad.wide.u32 %in, %t, 8, %in; mad.wide.u32 %out, %t, 8, %out;
	ld.global.b64 %d1, [%in];
	mov.b64 {%r1, %r2}, %d1; mov.b64 {%h1, %h2, %h3, %h4}, %d1; mov.b32 {_, %h5}, %r1;
	mov.b32 %r3, {%h4, %h5}; mov.b64 %d2, {%r3, %r2}; mov.b64 %d3, {%h2, %h1, %h4, %h3};
	xor.b64 %d2, %d2, %d3; st.global.b64 [%out], %d2;""", ver=71), 32, [((q[i] >> 48) | (q[i] >> 16 & M16) << 16 | (q[i] >> 32 << 32)) ^ ((q[i] >> 16 & 0x0000FFFF0000FFFF) | (q[i] & 0x0000FFFF0000FFFF) << 16) for i in range(32)], "u64", q[:32], "u64")
    add("mov_b16_b8", kern("""	.reg .b8 e<4>;
	mad.wide.u32 %in, %t, 4, %in; mad.wide.u32 %out, %t, 4, %out;
	ld.global.b32 %r1, [%in]; mov.b32 {e0, e1, e2, e3}, %r1; mov.b32 %r2, {e3, e2, e1, e0}; st.global.b32 [%out], %r2;"""), 32, [int.from_bytes(w[i].to_bytes(4, "little"), "big") for i in range(32)], "u32", w[:32])
    add("addr_forms", kern("""	mov.u64 %d1, %out; st.global.u32 [%d1 + 4], 5; st.global.u32 [ %d1+(2*4) ], -6; add.u64 %d2, %d1, 16; st.global.u32 [%d2+-4], 0x7; st.global.u32 [%d1], 1U;
	st.global.f32 [%d1+16], 0f3F800000; st.global.u8 [%d1+20], 300; st.global.f32 [%d1+24], 1.5; st.global.f64 [%d1+32], -2.0; st.global.v2.u32 [%d1+40], {1, 2};"""), 1,
        [1, 5, (-6) & M32, 7, 0x3F800000, 300 & 255, 0x3FC00000, 0, 0, 0xC0000000, 1, 2], "u32")
    add("specials_all", kern("""	mov.u32 %r1, %tid.y; mov.u32 %r2, %ntid.z; mov.u32 %r3, %nctaid.y; mov.u32 %r4, WARP_SZ; mov.u32 %r5, %warpid; mov.u32 %r6, %lanemask_lt; mov.u32 %r7, %lanemask_ge; mov.b32 %r8, %lanemask_eq;
	mov.u32 %r9, %nwarpid; mov.u32 %r10, %smid; mov.u64 %d1, %clock64; mov.u32 %r11, %clock; mov.u64 %d2, %globaltimer; mov.u32 %r12, %lanemask_le; mov.u32 %r13, %lanemask_gt;
	mad.lo.u32 %r1, %r2, 1000, %r1; mad.lo.u32 %r3, %r4, 1000, %r3;
	mad.wide.u32 %out, %t, 28, %out;
	st.global.u32 [%out], %r1; st.global.u32 [%out+4], %r3; st.global.u32 [%out+8], %r6; st.global.u32 [%out+12], %r7; st.global.u32 [%out+16], %r8; st.global.u32 [%out+20], %r12; st.global.u32 [%out+24], %r13;"""), 48,
        [y for i in range(48) for l in [i & 31] for y in (1000, 32001, (1 << l) - 1, M32 << l & M32, 1 << l, (2 << l) - 1, M32 << l + 1 & M32)], "u32")
    add("special_types", kern("""	mov.b32 %r21, %laneid; cvt.u64.u32 %d1, %t; cvt.rn.f32.u32 %f1, %r21; mov.s32 %r1, %tid.x; add.u32 %r5, %r1, %t; mul.wide.u32 %d2, %t, 4; mov.u32 %r22, %ctaid.x; mov.u32 %r23, %ntid.x; mad.lo.s32 %r6, %r22, %r23, %t;
	mov.u32 %r7, %r23; cvt.u32.u64 %r8, %d1; cvt.rzi.u32.f32 %r9, %f1; cvt.u32.u64 %r10, %d2;
	mad.wide.u32 %out, %t, 24, %out; st.global.v2.u32 [%out], {%r5, %r6}; st.global.v2.u32 [%out+8], {%r7, %r8}; st.global.v2.u32 [%out+16], {%r9, %r10};""".replace("mov.u16 %h1, %ntid.x;", "mov.u32 %r11, %ntid.x; cvt.u16.u32 %h1, %r11;")), 40, [y for i in range(40) for y in (2 * i, i, 40, i, i & 31, 4 * i)], "u32")


def atomics():
    ops = {"add": lambda a, b, w: a + b, "min": lambda a, b, w: min(a, b), "max": lambda a, b, w: max(a, b), "and": lambda a, b, w: a & b, "or": lambda a, b, w: a | b, "xor": lambda a, b, w: a ^ b,
           "exch": lambda a, b, w: b, "inc": lambda a, b, w: 0 if a >= b else a + 1, "dec": lambda a, b, w: b if a == 0 or a > b else a - 1}
    types = {"add": "u32 s32 u64", "min": "u32 s32 u64 s64", "max": "u32 s32 u64 s64", "and": "b32 b64", "or": "b32 b64", "xor": "b32 b64", "exch": "b32 b64", "inc": "u32", "dec": "u32"}
    for op, ts in types.items():
        for t in ts.split():
            b = int(t[1:])
            for space in ("global", "shared", ""):
                if R.random() < .6 and op != "inc":
                    continue
                # one location for a thread: results are the old values
                rows = [(x, R.choice([x, y])) for x, y in iwords(b, 32, 2)] + [(0, 0), (5, 5), (6, 5), (0, 7)]
                S = (lambda x: s(x, b)) if t[0] == "s" else (lambda x: x)
                g = ops[op]
                res = [(x, g(S(x), S(y), b)) for x, y in rows]
                R_, A = ("%r", "%r") if b == 32 else ("%d", "%d")
                k = b // 8
                sem, scope = R.choice([("", ""), (".relaxed", ".gpu"), (".acq_rel", ".cta"), (".acquire", ".sys"), ("", ".cta"), (".release", ".gpu")])
                sem += scope
                pre = f"""	mad.wide.u32 %in, %t, {2 * k}, %in; mad.wide.u32 %out, %t, {2 * k}, %out;
	ld.global.b{b} {R_}1, [%in]; ld.global.b{b} {R_}2, [%in+{k}];
"""
                if space == "global":
                    body = pre + f"	st.global.b{b} [%out], {R_}1;\n	atom{sem}.global.{op}.{t} {R_}3, [%out], {R_}2;\n	st.global.b{b} [%out+{k}], {R_}3;"
                elif space == "shared":
                    body = f"	.shared .align 8 .b{b} cells[64];\n" + pre + f"	mov.u32 %r20, cells; mad.lo.u32 %r20, %t, {k}, %r20; st.shared.b{b} [%r20], {R_}1;\n	atom{sem}.shared.{op}.{t} {R_}3, [%r20], {R_}2;\n	ld.shared.b{b} {R_}4, [%r20]; st.global.b{b} [%out], {R_}4; st.global.b{b} [%out+{k}], {R_}3;"
                else:
                    body = f"	.shared .align 8 .b{b} cells[64];\n" + pre + f"	mov.u64 %d20, cells; cvta.shared.u64 %d20, %d20; mad.wide.u32 %d20, %t, {k}, %d20; st.b{b} [%d20], {R_}1;\n	atom{sem}.{op}.{t} {R_}3, [%d20], {R_}2;\n	ld.b{b} {R_}4, [%d20]; st.b{b} [%out], {R_}4; st.b{b} [%out+{k}], {R_}3;"
                add(f"atom_{space or 'generic'}_{op}_{t}", kern(body), len(rows), [v & (1 << b) - 1 for x, y in res for v in (y, x)], f"u{b}", [v for r in rows for v in r], f"u{b}")
                if op not in ("exch",):
                    # all threads at one place
                    n = 40
                    ws = [R.getrandbits(b) if op not in ("inc", "dec") else 11 for _ in range(n)]
                    init = {"and": (1 << b) - 1, "min": (1 << b - 1) - 1}.get(op, 0)
                    acc = init
                    for v in ws:
                        acc = g(S(acc), S(v), b) & (1 << b) - 1
                    cell = "[%out]" if space != "shared" else "[cell]"
                    dcl = f"	.shared .b{b} cell;\n" if space == "shared" else ""
                    fin = f"	bar.sync 0; setp.eq.u32 %p2, %t, 1; @!%p2 ret; ld.shared.b{b} {R_}5, [cell]; st.global.b{b} [%out], {R_}5;" if space == "shared" else ""
                    sp = f".{space}" if space else ""
                    add(f"red_{space or 'generic'}_{op}_{t}", kern(dcl + f"""	mad.wide.u32 %in, %t, {k}, %in; ld.global.b{b} {R_}1, [%in];
	setp.eq.s32 %p1, %t, 0; @%p1 st{sp}.b{b} {cell}, {init}; bar.sync 0;
	red{sp}.{op}.{t} {cell}, {R_}1;
""" + fin), n, [acc], f"u{b}", ws, f"u{b}")
    rows = [(x, R.choice([x, y]), z) for b in (32,) for x, y, z in iwords(32, 32, 3)]
    for b, sm in ((16, 70), (32, 60), (64, 60)):
        rows = [(x, R.choice([x, y]), z) for x, y, z in iwords(b, 32, 3)]
        P = {16: "%h", 32: "%r", 64: "%d"}[b]
        k = b // 8
        add(f"atom_cas_b{b}", kern(f"""	mad.wide.u32 %in, %t, {3 * k}, %in; mad.wide.u32 %out, %t, {2 * k}, %out;
	ld.global.b{b} {P}1, [%in]; ld.global.b{b} {P}2, [%in+{k}]; ld.global.b{b} {P}3, [%in+{2 * k}];
	st.global.b{b} [%out], {P}1; atom.global.cas.b{b} {P}4, [%out], {P}2, {P}3; st.global.b{b} [%out+{k}], {P}4;""", sm=sm, ver=63), 32, [v for x, y, z in rows for v in (z if x == y else x, x)], f"u{b}", [v for r in rows for v in r], f"u{b}")
    fl = [(a, b) for a, b in fwords("f32", 40, 2, .3) if not isnan("f32", f_add("f32", "rn", a, b))]
    body = """	mad.wide.u32 %in, %t, 8, %in; mad.wide.u32 %out, %t, 8, %out;
	ld.global.f32 %f1, [%in]; ld.global.f32 %f2, [%in+4]; st.global.f32 [%out], %f1; atom.global.add.f32 %f3, [%out], %f2; st.global.f32 [%out+4], %f3;"""
    # atom.global.add.f32 flushes subnormals, ISA 9.7.13.5
    keep = [(a, b) for a, b in fl if f_add("f32", "rn", flush("f32", a), flush("f32", b)) & 0x7FFFFFFF != 0x800000]
    add("atom_add_f32_global", kern(body), len(keep), [v for a, b in keep for v in (flush("f32", f_add("f32", "rn", flush("f32", a), flush("f32", b))), a)], "f32", [v for r in keep for v in r])
    add("atom_add_f32_shared", kern("	.shared .f32 c[64];\n	mov.u32 %r1, c; mad.lo.u32 %r1, %t, 4, %r1;\n" + body.replace("st.global.f32 [%out], %f1; atom.global.add.f32 %f3, [%out], %f2;", "st.shared.f32 [%r1], %f1; atom.shared.add.f32 %f3, [%r1], %f2; ld.shared.f32 %f4, [%r1]; st.global.f32 [%out], %f4;")), len(fl), [v for a, b in fl for v in (f_add("f32", "rn", a, b), a)], "f32", [v for r in fl for v in r])
    dl = [(a, b) for a, b in fwords("f64", 40, 2, .3) if not isnan("f64", f_add("f64", "rn", a, b)) and not isnan("f64", a)]
    add("atom_add_f64", kern("""	mad.wide.u32 %in, %t, 16, %in; mad.wide.u32 %out, %t, 16, %out;
	ld.global.f64 %g1, [%in]; ld.global.f64 %g2, [%in+8]; st.global.f64 [%out], %g1; atom.add.f64 %g3, [%out], %g2; st.global.f64 [%out+8], %g3;"""), len(dl), [v for a, b in dl for v in (f_add("f64", "rn", a, b), a)], "f64", [v for r in dl for v in r], "u64")
    for fmt, sm, ver in (("f16", 70, 63), ("bf16", 90, 78)):
        hl = [r for r in fwords(fmt, 40, 2, .3) if not isnan(fmt, f_add(fmt, "rn", *r)) and not isnan(fmt, r[0])]
        add(f"atom_add_noftz_{fmt}", kern(f"""	mad.wide.u32 %in, %t, 4, %in; mad.wide.u32 %out, %t, 4, %out;
	ld.global.v2.b16 {{%h1, %h2}}, [%in]; st.global.b16 [%out], %h1; atom.global.add.noftz.{fmt} %h3, [%out], %h2; st.global.b16 [%out+2], %h3;""", sm=sm, ver=ver), len(hl), [v for a, b in hl for v in (f_add(fmt, "rn", a, b), a)], "u16", [v for r in hl for v in r], "u16")
        add(f"red_add_noftz_{fmt}x2", kern(f"""	mad.wide.u32 %in, %t, 8, %in; mad.wide.u32 %out, %t, 4, %out;
	ld.global.v2.b32 {{%r1, %r2}}, [%in]; st.global.b32 [%out], %r1; red.global.add.noftz.{fmt}x2 [%out], %r2;""", sm=max(sm, 60), ver=ver), len(hl) // 2, [f_add(fmt, "rn", hl[2 * i + j][0], hl[2 * i + j][1]) for i in range(len(hl) // 2) for j in (0, 1)], "u16",
            [hl[2 * i + j][k] for i in range(len(hl) // 2) for k in (0, 1) for j in (0, 1)], "u16")
    fv = [tuple(enc("f32", Q(R.randrange(-999, 999), 8)) for _ in range(8)) for _ in range(16)]
    add("atom_v4_f32", kern("""	mad.wide.u32 %in, %t, 32, %in; mad.wide.u32 %out, %t, 32, %out;
	ld.global.v4.f32 {%f1,%f2,%f3,%f4}, [%in]; ld.global.v4.f32 {%f5,%f6,%f7,%f8}, [%in+16]; st.global.v4.f32 [%out], {%f1,%f2,%f3,%f4};
	atom.global.v4.f32.add {%f9,%f10,%f11,%f12}, [%out], {%f5,%f6,%f7,%f8}; st.global.v4.f32 [%out+16], {%f9,%f10,%f11,%f12};""", target=("8.1", "sm_90")), 16, [v for r in fv for v in [f_add("f32", "rn", r[i], r[i + 4]) for i in range(4)] + list(r[:4])], "f32", [v for r in fv for v in r])
    add("red_v2_f32", kern("""	mad.wide.u32 %in, %t, 32, %in; mad.wide.u32 %out, %t, 8, %out;
	ld.global.v2.f32 {%f1,%f2}, [%in]; ld.global.v2.f32 {%f5,%f6}, [%in+16]; st.global.v2.f32 [%out], {%f1,%f2};
	red.relaxed.gpu.global.add.v2.f32 [%out], {%f5,%f6};""".replace("add.v2.f32", "v2.f32.add"), target=("8.1", "sm_90")), 16, [f_add("f32", "rn", r[i], r[i + 4]) for r in fv for i in range(2)], "f32", [v for r in fv for v in r])
    add("atom_ticket", kern("""	.shared .u32 ctr;
	setp.eq.u32 %p1, %t, 0; @%p1 st.shared.u32 [ctr], 0; bar.sync 0;
	atom.shared.add.u32 %r1, [ctr], 1;
	mad.wide.u32 %out, %r1, 4, %out; mov.u32 %r2, 1; st.global.u32 [%out], %r2;"""), 200, [1] * 200, "u32")
    add("atom_inc_wrap_all", kern("""	atom.global.inc.u32 %r1, [%out], 9;"""), 96, [6], "u32")
    add("spin_lock", kern("""	.shared .u32 lock, sum;
	setp.eq.u32 %p1, %t, 0; @%p1 st.shared.u32 [lock], 0; @%p1 st.shared.u32 [sum], 0; bar.sync 0;
	mov.u32 %r5, 0;
again:
	atom.acquire.cta.shared.cas.b32 %r1, [lock], 0, 1;
	setp.ne.u32 %p2, %r1, 0; @%p2 bra again;
	ld.shared.u32 %r2, [sum]; add.u32 %r2, %r2, %t; st.shared.u32 [sum], %r2;
	membar.cta;
	atom.release.cta.shared.exch.b32 %r3, [lock], 0;
	bar.sync 0; @!%p1 bra fin; ld.shared.u32 %r4, [sum]; st.global.u32 [%out], %r4;
fin:"""), 64, [64 * 63 // 2], "u32")


def shfl_ref(mode, val_, b, c, lane, n, active):
    cl, seg = c & 31, c >> 8 & 31
    mx, mn = (lane & seg) | (cl & ~seg & 31), lane & seg
    b &= 31
    if mode == "up":
        j = lane - b; p = j >= mx
    elif mode == "down":
        j = lane + b; p = j <= mx
    elif mode == "bfly":
        j = lane ^ b; p = j <= mx
    else:
        j = mn | (b & ~seg & 31); p = j <= mx
    if not p:
        j = lane
    return val_(j), int(p)


def warps():
    w = [R.getrandbits(32) for _ in range(64)]
    for mode in ("up", "down", "bfly", "idx"):
        for k in range(4):
            width = R.choice([1, 2, 4, 8, 16, 32])
            seg = 32 - width << 8
            c = seg | (0 if mode == "up" else 31)
            if k == 3:
                c = R.choice([seg | R.randrange(32), 31 if mode != "up" else 0, seg | 3])
            b = [R.choice([0, 1, 2, 3, 5, 8, 16, 31]) for _ in range(32)] if mode == "idx" or k == 2 else [R.choice([1, 2, 3, 4, 16, 33])] * 32
            inp = [v for i in range(64) for v in (w[i], b[i & 31])]
            mem, cc = ("0xffffffff", hex(c)) if k else ("%r9", "%r8")
            body = f"""	mad.wide.u32 %in, %t, 8, %in; mad.wide.u32 %out, %t, 8, %out;
	ld.global.v2.u32 {{%r1, %r2}}, [%in]; mov.u32 %r9, -1; mov.u32 %r8, {c};
	shfl.sync.{mode}.b32 %r3|%p1, %r1, %r2, {cc}, {mem};
	selp.u32 %r4, 1, 0, %p1; st.global.v2.u32 [%out], {{%r3, %r4}};"""
            ref = [shfl_ref(mode, lambda j, i=i: w[(i & 32) + j], b[i & 31], c, i & 31, 32, None) for i in range(64)]
            # lanes out of a segment of idx and others: the source has to be within the warp
            add(f"shfl_{mode}_{k}", kern(body), 64, [v for r in ref for v in r], "u32", inp)
    add("shfl_f32_nopred", kern("""	cvt.rn.f32.u32 %f1, %t;
	shfl.sync.bfly.b32 %f2, %f1, 16, 31, -1; add.f32 %f1, %f1, %f2;
	shfl.sync.bfly.b32 %f2, %f1, 8, 0x1f, -1; add.f32 %f1, %f1, %f2;
	shfl.sync.bfly.b32 %f2, %f1, 4, 31, -1; add.f32 %f1, %f1, %f2;
	shfl.sync.bfly.b32 %f2, %f1, 2, 31, -1; add.f32 %f1, %f1, %f2;
	shfl.sync.bfly.b32 %f2, %f1, 1, 31, -1; add.f32 %f1, %f1, %f2;
	mad.wide.u32 %out, %t, 4, %out; st.global.f32 [%out], %f1;"""), 64, [enc("f32", Q(496 + (i >> 5) * 1024)) for i in range(64)], "f32")
    add("shfl_partial_mask", kern("""	and.b32 %r1, %t, 31; setp.ge.u32 %p1, %r1, 16; mul.lo.u32 %r5, %t, 10; mov.u32 %r6, 77;
	@%p1 bra hi;
	shfl.sync.down.b32 %r6|%p2, %r5, 4, 0x101f, 0x0000ffff;
	bra done;
hi:	shfl.sync.up.b32 %r6|%p2, %r5, 3, 0x1000, 0xffff0000;
done:	selp.u32 %r7, 1, 0, %p2; mad.wide.u32 %out, %t, 8, %out; st.global.v2.u32 [%out], {%r6, %r7};"""), 32,
        [v for i in range(32) for v in ((i + 4) * 10 if i < 12 else i * 10 if i < 16 else (i - 3) * 10 if i >= 19 else i * 10, int(i < 12 or i >= 19))], "u32")
    add("shfl_block20", kern("""	mul.lo.u32 %r5, %t, 3; sub.u32 %r2, 19, %t;
	shfl.sync.idx.b32 %r6|%p2, %r5, %r2, 31, 0xfffff;
	selp.u32 %r7, 1, 0, %p2; mad.wide.u32 %out, %t, 8, %out; st.global.v2.u32 [%out], {%r6, %r7};"""), 20, [v for i in range(20) for v in (3 * (19 - i), 1)], "u32")
    add("shfl_block20_full_mask", kern("""	mul.lo.u32 %r5, %t, 3; sub.u32 %r2, 19, %t;
	shfl.sync.idx.b32 %r6|%p2, %r5, %r2, 31, 0xffffffff;
	mad.wide.u32 %out, %t, 4, %out; st.global.u32 [%out], %r6;"""), 20, [3 * (19 - i) for i in range(20)], "u32")
    add("shfl_old", kern("""	mul.lo.u32 %r5, %t, 3; shfl.up.b32 %r6|%p1, %r5, 1, 0; @!%p1 mov.u32 %r6, 1000; shfl.bfly.b32 %r7, %r6, 1, 31;
	vote.ballot.b32 %r8, %p1; vote.any.pred %p3, !%p1; selp.u32 %r9, 1, 0, %p3; add.u32 %r8, %r8, %r9;
	mad.wide.u32 %out, %t, 8, %out; st.global.v2.u32 [%out], {%r7, %r8};""", target=("6.2", "sm_61")), 32, [v for i in range(32) for v in (1000 if i == 1 else 3 * ((i ^ 1) - 1), M32)], "u32")
    x = [R.choice([0, 1]) for _ in range(96)]
    add("votes", kern("""	mad.wide.u32 %in, %t, 4, %in; ld.global.u32 %r1, [%in]; setp.ne.u32 %p1, %r1, 0;
	vote.sync.all.pred %p2, %p1, -1; vote.sync.any.pred %p3, %p1, 0xFFFFFFFF; vote.sync.uni.pred %p4, !%p1, -1; vote.sync.ballot.b32 %r2, %p1, -1; vote.sync.ballot.b32 %r3, !%p1, -1;
	selp.u32 %r4, 1, 0, %p2; selp.u32 %r5, 2, 0, %p3; selp.u32 %r6, 4, 0, %p4; or.b32 %r4, %r4, %r5; or.b32 %r4, %r4, %r6;
	mad.wide.u32 %out, %t, 12, %out; st.global.u32 [%out], %r4; st.global.u32 [%out+4], %r2; st.global.u32 [%out+8], %r3;"""), 96,
        [v for i in range(96) for ws in [(x[:32], [0] * 32, [1] * 32)[i // 32]] for v in (all(ws) | any(ws) << 1 | (len(set(ws)) == 1) << 2, sum(b << k for k, b in enumerate(ws)), sum((1 - b) << k for k, b in enumerate(ws)))], "u32", x[:32] + [0] * 32 + [1] * 32)
    v = [R.choice([3, 9, 11, 1 << 31]) for _ in range(32)]
    v2 = [R.choice([3 << 40, 9, 9 << 33, 0]) for _ in range(32)]
    add("match_any_partial", kern("""	mad.wide.u32 %in, %t, 4, %in; ld.global.u32 %r1, [%in]; mov.u32 %r2, 0;
	setp.lt.u32 %p1, %t, 20; @!%p1 bra skip; match.any.sync.b32 %r2, %r1, 0x000FFFFF;
skip:	mad.wide.u32 %out, %t, 4, %out; st.global.u32 [%out], %r2;"""), 32, [sum((v[j] == v[i]) << j for j in range(20)) if i < 20 else 0 for i in range(32)], "u32", v)
    add("match_any_b64", kern("""	mad.wide.u32 %in, %t, 8, %in; ld.global.u64 %d1, [%in]; match.any.sync.b64 %r2, %d1, -1; mad.wide.u32 %out, %t, 4, %out; st.global.u32 [%out], %r2;"""), 32, [sum((v2[j] == v2[i]) << j for j in range(32)) for i in range(32)], "u32", v2, "u64")
    add("match_all", kern("""	mov.u32 %r1, 7; setp.gt.u32 %p1, %t, 31; @%p1 add.u32 %r1, %r1, %t; match.all.sync.b32 %r2|%p2, %r1, -1; selp.u32 %r3, 1, 0, %p2;
	cvt.u64.u32 %d1, %r1; match.all.sync.b64 %r4|%p3, %d1, -1; selp.u32 %r5, 2, 0, %p3; add.u32 %r3, %r3, %r5;
	mad.wide.u32 %out, %t, 12, %out; st.global.u32 [%out], %r2; st.global.u32 [%out+4], %r3; st.global.u32 [%out+8], %r4;"""), 64, [y for i in range(64) for y in ((M32, 3, M32) if i < 32 else (0, 0, 0))], "u32")
    for op, t, f in (("add", "u32", lambda l: sum(l)), ("min", "s32", lambda l: min(map(s, l))), ("max", "s32", lambda l: max(map(s, l))), ("min", "u32", min), ("max", "u32", max), ("add", "s32", lambda l: sum(l))):
        add(f"redux_{op}_{t}", kern(f"""	mad.wide.u32 %in, %t, 4, %in; ld.global.u32 %r1, [%in]; setp.lt.u32 %p1, %t, 11; mov.u32 %r2, 0xFFFFF800; @%p1 mov.u32 %r2, 0x7FF;
	@%p1 bra low; redux.sync.{op}.{t} %r3, %r1, %r2; bra.uni end;
low:	redux.sync.{op}.{t} %r3, %r1, 0x7FF;
end:	mad.wide.u32 %out, %t, 4, %out; st.global.u32 [%out], %r3;""", sm=80, ver=70), 32, [int(f(w[:11] if i < 11 else w[11:32])) & M32 for i in range(32)], "u32", w[:32])
    import functools
    for op, f in (("and", lambda a, b: a & b), ("or", lambda a, b: a | b), ("xor", lambda a, b: a ^ b)):
        ww = [y | 0xF000 if op == "and" else y & 0xFFFF0F0F for y in w]
        add(f"redux_{op}", kern(f"	mad.wide.u32 %in, %t, 4, %in; ld.global.u32 %r1, [%in];\n	redux.sync.{op}.b32 %r3, %r1, 0xffffffff;\n	mad.wide.u32 %out, %t, 4, %out; st.global.u32 [%out], %r3;", sm=80, ver=70), 64, [functools.reduce(f, ww[i & 32:(i & 32) + 32]) for i in range(64)], "u32", ww)
    fr = [enc("f32", Q(R.randrange(-999, 999), 7)) for _ in range(32)]
    add("redux_f32", kern("	mad.wide.u32 %in, %t, 4, %in; ld.global.f32 %f1, [%in];\n	redux.sync.min.f32 %f2, %f1, -1; redux.sync.max.abs.NaN.f32 %f3, %f1, -1;\n	mad.wide.u32 %out, %t, 8, %out; st.global.v2.f32 [%out], {%f2, %f3};", target=("8.6", "sm_100a")), 32,
        [min(fr, key=lambda b: val("f32", b)), max((b & 0x7FFFFFFF for b in fr), key=lambda b: val("f32", b))] * 32, "f32", fr)
    add("elect", kern("	elect.sync _|%p1, -1; selp.u32 %r1, 1, 0, %p1; vote.sync.ballot.b32 %r2, %p1, -1; popc.b32 %r2, %r2; mad.wide.u32 %out, %t, 4, %out; st.global.u32 [%out], %r2;", target=("8.0", "sm_90")), 64, [1] * 64, "u32")
    add("activemask_div", kern("	and.b32 %r1, %t, 1; setp.eq.u32 %p1, %r1, 0; mov.u32 %r2, 0; @%p1 activemask.b32 %r2;\n	mad.wide.u32 %out, %t, 4, %out; st.global.u32 [%out], %r2;", ver=62), 32, [0x55555555 if i % 2 == 0 else 0 for i in range(32)], "u32")
    add("warp_sync_exchange", kern("""	.shared .u32 sm[64];
	mov.u32 %r1, sm; mad.lo.u32 %r2, %t, 4, %r1; st.shared.u32 [%r2], %t; bar.warp.sync -1; xor.b32 %r3, %t, 7; mad.lo.u32 %r3, %r3, 4, %r1; ld.shared.u32 %r4, [%r3]; bar.warp.sync 0xffffffff; st.shared.u32 [%r2], %r4; bar.warp.sync -1; ld.shared.u32 %r5, [%r3];
	mad.wide.u32 %out, %t, 8, %out; st.global.v2.u32 [%out], {%r4, %r5};"""), 64, [y for i in range(64) for y in (i ^ 7, i)], "u32")


def barriers():
    add("bar_producer_consumer", kern("""	.shared .u32 buf[32];
	setp.ge.u32 %p1, %t, 32; and.b32 %r1, %t, 31; mov.u32 %r2, buf; mad.lo.u32 %r2, %r1, 4, %r2;
	@%p1 bra consumer;
	mul.lo.u32 %r3, %t, %t; st.shared.u32 [%r2], %r3; bar.arrive 1, 64;
	bar.sync 2, 64; ld.shared.u32 %r4, [%r2]; mad.wide.u32 %out, %t, 4, %out; st.global.u32 [%out], %r4; ret;
consumer:
	bar.sync 1, 64; ld.shared.u32 %r4, [%r2]; bar.warp.sync -1; add.u32 %r5, %r4, 5; st.shared.u32 [%r2], %r5; mad.wide.u32 %out, %t, 4, %out; st.global.u32 [%out], %r4; bar.arrive 2, 64;"""), 64, [i * i + 5 for i in range(32)] + [i * i for i in range(32)], "u32")
    add("bar_named_pairs", kern("""	.shared .u32 buf[128];
	shr.u32 %r1, %t, 6; add.u32 %r1, %r1, 3; mov.u32 %r2, buf; mad.lo.u32 %r3, %t, 4, %r2; st.shared.u32 [%r3], %t;
	bar.sync %r1, 64;
	xor.b32 %r4, %t, 33; mad.lo.u32 %r4, %r4, 4, %r2; ld.shared.u32 %r5, [%r4]; mad.wide.u32 %out, %t, 4, %out; st.global.u32 [%out], %r5;"""), 128, [i ^ 33 for i in range(128)], "u32")
    add("bar_red_all", kern("""	rem.u32 %r1, %t, 3; setp.eq.u32 %p1, %r1, 0; bar.red.popc.u32 %r2, 0, %p1; bar.red.popc.u32 %r3, 1, 96, !%p1; setp.lt.u32 %p2, %t, 200; bar.red.and.pred %p3, 0, %p2; barrier.red.or.pred %p4, 2, !%p2;
	selp.u32 %r4, 1, 0, %p3; selp.u32 %r5, 1, 0, %p4; mad.wide.u32 %out, %t, 16, %out; st.global.v4.u32 [%out], {%r2, %r3, %r4, %r5};"""), 96, [32, 64, 1, 0] * 96, "u32")
    add("barrier_divergent", kern("""	and.b32 %r1, %t, 1; setp.eq.u32 %p1, %r1, 0; @%p1 bra even;
	mov.u32 %r2, 10; barrier.sync 0; bra join;
even:	mov.u32 %r2, 20; barrier.sync 0;
join:	mad.wide.u32 %out, %t, 4, %out; st.global.u32 [%out], %r2;"""), 64, [10 if i & 1 else 20 for i in range(64)], "u32")
    add("bar_early_exit", kern("""	setp.ge.u32 %p1, %t, 64; @%p1 exit;
	.shared .u32 z[64];
	mov.u32 %r1, z; mad.lo.u32 %r2, %t, 4, %r1; st.shared.u32 [%r2], %t; barrier.sync.aligned 0, 64; xor.b32 %r3, %t, 63; mad.lo.u32 %r3, %r3, 4, %r1; ld.shared.u32 %r4, [%r3]; mad.wide.u32 %out, %t, 4, %out; st.global.u32 [%out], %r4;"""), 128, [i ^ 63 for i in range(64)] + [0] * 64, "u32")
    add("bar_exited_warps", kern("""	setp.ge.u32 %p1, %t, 64; @%p1 ret;
	.shared .u32 z[64];
	mov.u32 %r1, z; mad.lo.u32 %r2, %t, 4, %r1; st.shared.u32 [%r2], %t; bar.sync 0; xor.b32 %r3, %t, 63; mad.lo.u32 %r3, %r3, 4, %r1; ld.shared.u32 %r4, [%r3]; mad.wide.u32 %out, %t, 4, %out; st.global.u32 [%out], %r4;"""), 128, [i ^ 63 for i in range(64)] + [0] * 64, "u32")
    n = 1024
    add("block_scan", kern("""	.shared .u32 part[32];
	add.u32 %r1, %t, 1; and.b32 %r2, %t, 31; shr.u32 %r3, %t, 5; mov.u32 %r4, 1;
L1:	shfl.sync.up.b32 %r5|%p1, %r1, %r4, 0, -1; @%p1 add.u32 %r1, %r1, %r5; shl.b32 %r4, %r4, 1; setp.lt.u32 %p2, %r4, 32; @%p2 bra L1;
	mov.u32 %r6, part; mad.lo.u32 %r7, %r3, 4, %r6; setp.eq.u32 %p3, %r2, 31; @%p3 st.shared.u32 [%r7], %r1; bar.sync 0;
	setp.ne.u32 %p4, %r3, 0; @%p4 bra L3;
	mad.lo.u32 %r8, %r2, 4, %r6; ld.shared.u32 %r9, [%r8]; mov.u32 %r4, 1;
L2:	shfl.sync.up.b32 %r5|%p1, %r9, %r4, 0, -1; @%p1 add.u32 %r9, %r9, %r5; shl.b32 %r4, %r4, 1; setp.lt.u32 %p2, %r4, 32; @%p2 bra L2;
	st.shared.u32 [%r8], %r9;
L3:	bar.sync 0; setp.eq.u32 %p5, %r3, 0; @%p5 bra L4; ld.shared.u32 %r10, [%r7+-4]; add.u32 %r1, %r1, %r10;
L4:	mad.wide.u32 %out, %t, 4, %out; st.global.u32 [%out], %r1;"""), n, [(i + 1) * (i + 2) // 2 for i in range(n)], "u32")


def control():
    def fn_case(name, globals_, body, block, out, inp=None, **kw):
        add(name, kern(body, globals_=globals_, **kw), block, out, "u32", inp)
    w = [R.getrandbits(32) for _ in range(64)]
    fn_case("func_struct", """.func (.param .align 8 .b8 ret[16]) mix(.param .align 8 .b8 a[16], .param .b32 k)
{
	.reg .b32 x<6>; .reg .b64 y;
	ld.param.u32 x0, [a]; ld.param.v2.u32 {x1, x2}, [a+8]; ld.param.b32 x3, [k];
	add.u32 x0, x0, x3; xor.b32 x1, x1, x3; st.param.b32 [ret], x0; st.param.b32 [ret+4], x2; st.param.v2.b32 [ret+8], {x1, x3};
	ret;
}""", """	mad.wide.u32 %in, %t, 16, %in; mad.wide.u32 %out, %t, 16, %out; ld.global.v4.u32 {%r1,%r2,%r3,%r4}, [%in];
	{
	.param .align 8 .b8 P0[16]; .param .b32 P1; .param .align 8 .b8 Rv[16];
	st.param.b32 [P0], %r1; st.param.b32 [P0+4], %r2; st.param.v2.b32 [P0+8], {%r3, %r4}; st.param.b32 [P1], %t;
	call.uni (Rv), mix, (P0, P1);
	ld.param.v4.b32 {%r5, %r6, %r7, %r8}, [Rv+0];
	}
	st.global.v4.b32 [%out], {%r5, %r6, %r7, %r8};""".replace("ld.param.v4.b32 {%r5, %r6, %r7, %r8}, [Rv+0];", "ld.param.v2.b32 {%r5, %r6}, [Rv+0]; ld.param.v2.b32 {%r7, %r8}, [Rv+8];"), 16, [y for i in range(16) for y in ((w[4 * i] + i) & M32, w[4 * i + 3], w[4 * i + 2] ^ i, i)], w)
    fn_case("func_regs", """.func (.reg .u32 rv) twice (.reg .u32 a, .reg .u32 b) { mad.lo.u32 rv, a, 2, b; ret; }
.func nothing () { ret; }""", """	call (%r1), twice, (%t, 5); call nothing; call.uni (%r2), twice, (%r1, %t); mad.wide.u32 %out, %t, 4, %out; st.global.u32 [%out], %r2;""", 40, [2 * (2 * i + 5) + i for i in range(40)])
    fn_case("func_pred_call", """.visible .func (.param .u32 r) sq(.param .u32 a) { .reg .u32 x; ld.param.u32 x, [a]; mul.lo.u32 x, x, x; st.param.u32 [r], x; ret; }""",
            """	and.b32 %r1, %t, 1; setp.eq.u32 %p1, %r1, 1; mov.u32 %r2, 9;
	@!%p1 bra skip;
	{ .param .u32 a; .param .u32 r; st.param.u32 [a], %t; call (r), sq, (a); ld.param.u32 %r2, [r]; }
skip:	mad.wide.u32 %out, %t, 4, %out; st.global.u32 [%out], %r2;""", 64, [i * i if i & 1 else 9 for i in range(64)])
    fn_case("func_indirect", """.func (.param .u32 r) f_add(.param .u32 a, .param .u32 b) { .reg .u32 x, y; ld.param.u32 x, [a]; ld.param.u32 y, [b]; add.u32 x, x, y; st.param.u32 [r], x; ret; }
.func (.param .u32 r) f_mul(.param .u32 a, .param .u32 b) { .reg .u32 x, y; ld.param.u32 x, [a]; ld.param.u32 y, [b]; mul.lo.u32 x, x, y; st.param.u32 [r], x; ret; }
.func (.param .u32 r) f_sub(.param .u32 a, .param .u32 b) { .reg .u32 x, y; ld.param.u32 x, [a]; ld.param.u32 y, [b]; sub.u32 x, x, y; st.param.u32 [r], x; ret; }
.global .u64 jt[3] = {f_add, f_mul, f_sub};""", """	rem.u32 %r1, %t, 3; mov.u64 %d1, jt; mad.wide.u32 %d1, %r1, 8, %d1; ld.global.u64 %d2, [%d1];
	{ .param .u32 a; .param .u32 b; .param .u32 r; st.param.u32 [a], %t; st.param.u32 [b], 7;
proto: .callprototype (.param .u32 _) _ (.param .u32 _, .param .u32 _);
	call (r), %d2, (a, b), proto; ld.param.u32 %r2, [r]; }
	mad.wide.u32 %out, %t, 4, %out; st.global.u32 [%out], %r2;""", 48, [(i + 7, i * 7, (i - 7) & M32)[i % 3] for i in range(48)])
    fn_case("func_mov_addr", """.func (.param .b64 r) inc64(.param .b64 a);
.func (.param .b64 r) inc64(.param .b64 a) { .reg .b64 %rd<2>; ld.param.b64 %rd1, [a]; add.s64 %rd1, %rd1, 1; st.param.b64 [r], %rd1; ret; }""", """	mov.u64 %d1, inc64; cvt.u64.u32 %d3, %t;
	{ .reg .b32 temp_param_reg; .param .b64 param0; st.param.b64 [param0+0], %d3; .param .b64 retval0;
	prototype_0 : .callprototype (.param .b64 _) _ (.param .b64 _);
	call (retval0), %d1, (param0), prototype_0;
	ld.param.b64 %d2, [retval0+0]; }
	cvt.u32.u64 %r1, %d2; mad.wide.u32 %out, %t, 4, %out; st.global.u32 [%out], %r1;""", 32, [i + 1 for i in range(32)])
    fn_case("func_recursive", """.visible .func (.param .b32 func_retval0) fact(.param .b32 fact_param_0)
{
	.reg .pred %p<2>;
	.reg .b32 %r<6>;
	ld.param.u32 %r1, [fact_param_0];
	setp.lt.u32 %p1, %r1, 2;
	mov.u32 %r5, 1;
	@%p1 bra $L__BB0_2;
	add.s32 %r2, %r1, -1;
	{ // callseq 0, 0
	.param .b32 param0;
	st.param.b32 [param0+0], %r2;
	.param .b32 retval0;
	call.uni (retval0), fact, (param0);
	ld.param.b32 %r3, [retval0+0];
	} // callseq 0
	mul.lo.s32 %r5, %r3, %r1;
$L__BB0_2:
	st.param.b32 [func_retval0+0], %r5;
	ret;
}""", """	rem.u32 %r1, %t, 13; { .param .b32 param0; .param .b32 retval0; st.param.b32 [param0+0], %r1; call.uni (retval0), fact, (param0); ld.param.b32 %r2, [retval0]; } mad.wide.u32 %out, %t, 4, %out; st.global.u32 [%out], %r2;""", 64, [math.factorial(i % 13) for i in range(64)])
    fn_case("func_pointer_arg", """.func store2(.param .b64 p, .param .b32 v) { .reg .b64 a; .reg .b32 x; ld.param.b64 a, [p]; ld.param.b32 x, [v]; st.u32 [a], x; st.u32 [a+4], 1; ret; }""",
            """	.local .align 8 .b8 __local_depot0[8]; .reg .b64 %SP, %SPL; mov.u64 %SPL, __local_depot0; cvta.local.u64 %SP, %SPL;
	{ .param .b64 p; .param .b32 v; st.param.b64 [p], %SP; st.param.b32 [v], %t; call store2, (p, v); }
	ld.local.v2.u32 {%r1, %r2}, [%SPL]; add.u32 %r1, %r1, %r2; mad.wide.u32 %out, %t, 4, %out; st.global.u32 [%out], %r1;""", 32, [i + 1 for i in range(32)])
    fn_case("func_types", """.func (.param .f64 r) widen(.param .f32 a, .param .b32 b, .param .b32 c, .param .u64 d) { .reg .f32 x; .reg .u16 y; .reg .s32 z; .reg .u64 q; .reg .f64 g<5>; ld.param.f32 x, [a]; ld.param.u16 y, [b]; ld.param.s8 z, [c]; ld.param.u64 q, [d];
	cvt.f64.f32 g0, x; cvt.rn.f64.u16 g1, y; cvt.rn.f64.s32 g2, z; cvt.rn.f64.u64 g3, q; add.f64 g0, g0, g1; add.f64 g0, g0, g2; add.f64 g0, g0, g3; st.param.f64 [r], g0; ret; }""",
            """	cvt.rn.f32.u32 %f1, %t; cvt.u16.u32 %h1, %t; cvt.u64.u32 %d1, %t; neg.s32 %r1, %t;
	{ .param .f32 a; .param .b32 b; .param .b32 c; .param .u64 d; .param .f64 r; st.param.f32 [a], %f1; st.param.b16 [b], %h1; st.param.b8 [c], %r1; st.param.u64 [d], %d1; call (r), widen, (a, b, c, d); ld.param.f64 %g1, [r]; }
	cvt.rzi.u32.f64 %r2, %g1; mad.wide.u32 %out, %t, 4, %out; st.global.u32 [%out], %r2;""", 32, [2 * i for i in range(32)])
    fn_case("brx_nested", "", """	rem.u32 %r1, %t, 5; mov.u32 %r2, 0;
loop:
ts:	.branchtargets A, B, C, D, fin;
	brx.idx %r1, ts;
A:	add.u32 %r2, %r2, 1;
B:	add.u32 %r2, %r2, 10; mov.u32 %r1, 4; bra loop;
C:	add.u32 %r2, %r2, 100; mov.u32 %r1, 0; bra loop;
D:	add.u32 %r2, %r2, 1000; mov.u32 %r1, 2; bra loop;
fin:	mad.wide.u32 %out, %t, 4, %out; st.global.u32 [%out], %r2;""", 64, [[11, 10, 111, 1111, 0][i % 5] for i in range(64)])
    fn_case("brx_uni", "", """	$tgt: .branchtargets $a, $b; mov.u32 %r1, 1; brx.idx.uni %r1, $tgt; $a: mov.u32 %r2, 5; bra.uni $e; $b: mov.u32 %r2, 6; $e: mad.wide.u32 %out, %t, 4, %out; st.global.u32 [%out], %r2;""".replace("; $", ";\n$"), 32, [6] * 32)
    def collatz(n):
        k = 0
        while n != 1:
            n = n // 2 if n % 2 == 0 else 3 * n + 1
            k += 1
        return k
    fn_case("loop_break_continue", "", """	mov.u32 %r1, 0; mov.u32 %r2, 0;
$BB0_1: // head
	setp.ge.u32 %p1, %r1, 50; @%p1 bra $BB0_9;
	add.u32 %r1, %r1, 1;
	and.b32 %r3, %r1, 3; setp.eq.u32 %p2, %r3, 0; @%p2 bra $BB0_1;
	setp.gt.u32 %p3, %r1, %t; @%p3 bra $BB0_9;
	mov.u32 %r4, 0;
$BB0_3:	add.u32 %r2, %r2, %r1; add.u32 %r4, %r4, 1; setp.ge.u32 %p4, %r4, %r3; @!%p4 bra $BB0_3;
	bra.uni $BB0_1;
$BB0_9:	mad.wide.u32 %out, %t, 4, %out; st.global.u32 [%out], %r2;""", 64, [sum(k * (k & 3) for k in range(1, 51) if k & 3 and k <= i) if True else 0 for i in range(64)])
    fn_case("irreducible", "", """	mov.u32 %r1, 0; mov.u32 %r2, %t; and.b32 %r3, %t, 1; setp.ne.u32 %p1, %r3, 0; @%p1 bra Y;
X:	add.u32 %r1, %r1, 1; 
Y:	add.u32 %r1, %r1, 10; sub.s32 %r2, %r2, 3; setp.gt.s32 %p2, %r2, 0; @%p2 bra X;
	mad.wide.u32 %out, %t, 4, %out; st.global.u32 [%out], %r1;""", 32, [(lambda i: (n := max(1, -(-i // 3))) * 10 + n - (i & 1))(i) for i in range(32)])
    fn_case("multi_exit", "", """	mad.wide.u32 %out, %t, 4, %out; rem.u32 %r1, %t, 4; setp.eq.u32 %p1, %r1, 0; @%p1 ret; st.global.u32 [%out], 1; setp.eq.u32 %p1, %r1, 1; @%p1 exit; st.global.u32 [%out], 2; setp.eq.u32 %p1, %r1, 2; @%p1 bra Z; st.global.u32 [%out], 3; exit;
Z: st.global.u32 [%out], 20;""", 64, [[0, 1, 20, 3][i % 4] for i in range(64)])
    fn_case("pred_logic", "", """	setp.lt.u32 %p1, %t, 10; setp.gt.u32 %p2, %t, 5; and.pred %p3, %p1, %p2; or.pred %p4, %p1, !%p2; xor.pred %p5, %p1, %p2; not.pred %p6, %p5; mov.pred %p7, %p6; selp.u32 %r1, 1, 0, %p3;
	@%p4 add.u32 %r1, %r1, 10; @%p5 add.u32 %r1, %r1, 100; @!%p7 add.u32 %r1, %r1, 1000; mad.wide.u32 %out, %t, 4, %out; st.global.u32 [%out], %r1;""".replace("!%p2; xor", "%p2; xor"), 32, [int(5 < i < 10) + 10 * (i < 10 or i > 5) + 1100 * ((i < 10) != (i > 5)) for i in range(32)])
    fn_case("debug_sections", "", """	.loc 1 3 0
	mov.u32 %r1, 4; // comment
	.loc 1 4 5, function_name info_string0, inlined_at 1 2 3
	.pragma "nounroll";
	/* multi
	   line */ mad.wide.u32 %out, %t, 4, %out;
	st.global.u32 [%out], %r1; $tmp0: """.replace(", function_name info_string0, inlined_at 1 2 3", ""), 32, [4] * 32, ver=70)
    add("entry_attrs", kern("	mov.u32 %r1, 3; mad.wide.u32 %out, %t, 4, %out; st.global.u32 [%out], %r1;", attrs=".maxntid 128, 1, 1\n.minnctapersm 2"), 128, [3] * 128, "u32")
    add("entry_reqntid", kern("	mov.u32 %r1, %ntid.x; mad.wide.u32 %out, %t, 4, %out; st.global.u32 [%out], %r1;", attrs=".reqntid 96"), 96, [96] * 96, "u32")
    add("entry_maxnreg", kern("	mov.u32 %r1, %ntid.x; mad.wide.u32 %out, %t, 4, %out; st.global.u32 [%out], %r1;", attrs=".maxnreg 32 .pragma \"nounroll\";".replace(' .pragma "nounroll";', "")), 96, [96] * 96, "u32")
    add("param_ptr_attr", """.version 7.5
.target sm_75
.address_size 64
	.file	1 "a.cu"
	// .globl k
.visible .entry k(
	.param .u64 .ptr .global .align 16 k_param_0,
	.param .u64 .ptr .align 4 k_param_1
)
{
	.reg .b32 	%r<4>;
	.reg .b64 	%rd<8>;
	.loc	1 2 1
	ld.param.u64 	%rd1, [k_param_0];
	ld.param.b64 	%rd2, [k_param_1];
	mov.u32 	%r1, %tid.x;
	mul.wide.u32 	%rd3, %r1, 4;
	add.s64 	%rd4, %rd2, %rd3;
	ld.global.nc.u32 	%r2, [%rd1];
	st.global.u32 	[%rd4], %r2;
	ret;

}
	.section	.debug_abbrev
	{
.b8 1
.b8 17,2
.b16 0
.b32 0x10
.b64 .debug_line
	}
	.section	.debug_macinfo	{	}
""".replace(".b64 .debug_line\n", ""), 32, [77] * 32, "u32", [77])
    add("no_address_size", """.version 6.0
.target sm_60
.address_size 64 .entry k ( .param .b64 i , .param .b64 o ) { .reg .b64 a ; .reg .u32 t ; ld.param.b64 a , [ o ] ; mov.u32 t , %tid.x ; mad.wide.u32 a , t , 4 , a ; st.u32 [ a ] , t ; }
""".replace("a ; st.u32 [ a ] , t ; }", "a ; st.u32 [ a ] , t ; ret ; }"), 32, list(range(32)), "u32")
    fn_case("global_alias_weak", """.weak .global .u32 cfg = 12;
.extern .func dummy;
.common .global .u32 com;""".replace(".extern .func dummy;\n.common .global .u32 com;", ""), "	ld.global.u32 %r1, [cfg]; mad.wide.u32 %out, %t, 4, %out; st.global.u32 [%out], %r1;", 4, [12] * 4)
    # loops over k with vectors and predicates, as a compiler unrolls them
    fw = [enc("f32", Q(R.randrange(-20, 20))) for _ in range(256)]
    add("dot_unrolled", kern("""	mov.f32 %f9, 0f00000000; mov.u32 %r1, 0; mul.wide.u32 %d1, %t, 32; add.s64 %d1, %in, %d1;
$L: ld.global.v4.f32 {%f1, %f2, %f3, %f4}, [%d1]; fma.rn.f32 %f9, %f1, %f1, %f9; fma.rn.f32 %f9, %f2, %f2, %f9; fma.rn.f32 %f9, %f3, %f3, %f9; fma.rn.f32 %f9, %f4, %f4, %f9;
	add.s32 %r1, %r1, 4; add.s64 %d1, %d1, 16; setp.ne.s32 %p1, %r1, 8; @%p1 bra $L; mad.wide.u32 %out, %t, 4, %out; st.global.f32 [%out], %f9;"""), 32, [enc("f32", sum((val("f32", v) ** 2 for v in fw[8 * i:8 * i + 8]), Q(0))) for i in range(32)], "f32", fw)
    add("inplace_no_input", kern("	mad.wide.u32 %in, %t, 4, %in; ld.global.u32 %r1, [%in]; add.u32 %r1, %r1, 3; mad.wide.u32 %out, %t, 4, %out; st.global.u32 [%out], %r1;"), 10, [3] * 10, "u32")


def run():
    memory(); more(); atomics(); warps(); barriers(); control()


def more():
    add("mask_init", kern("""	ld.global.u64 %d1, [parts]; mov.u64 %d2, foo; setp.eq.u64 %p1, %d1, %d2; selp.u32 %r1, 1, 0, %p1; ld.global.u8 %r2, [parts+8]; cvt.u32.u64 %r3, %d2; add.u32 %r3, %r3, 4; and.b32 %r3, %r3, 255; setp.eq.u32 %p2, %r2, %r3; selp.u32 %r4, 2, 0, %p2; add.u32 %r1, %r1, %r4; st.global.u32 [%out], %r1;""",
        globals_=".global .align 4 .u32 foo[4] = {5, 6, 7, 8};\n.global .align 8 .u8 parts[10] = {0xff(foo), 0xff00(foo), 0xff0000(foo), 0xff000000(foo), 0xff00000000(foo), 0xff0000000000(foo), 0xff000000000000(foo), 0xff00000000000000(foo), 0xFF(foo+4), 0xFF(generic(foo))};", ver=71), 1, [3], "u32")
    add("const_generic_and_own", kern("""	ld.const.u64 %d1, [own]; ld.const.u32 %r1, [%d1+4]; ld.const.u64 %d2, [gen]; ld.u32 %r2, [%d2]; mov.u64 %d3, tab; cvta.const.u64 %d4, %d3; cvta.to.const.u64 %d5, %d4; ld.const.u32 %r3, [%d5+8]; isspacep.const %p1, %d4; setp.eq.and.u64 %p2, %d3, %d5, %p1; selp.u32 %r4, 1, 0, %p2; st.global.v4.u32 [%out], {%r1, %r2, %r3, %r4};""",
        globals_=".const .u32 tab[4] = {1, 20, 300, 4000};\n.const .u64 own = tab;\n.const .u64 gen = generic(tab)+12;"), 1, [20, 4000, 300, 1], "u32")
