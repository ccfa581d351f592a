"""Narrow floats, 128-bit registers, clusters and rarely used syntax."""
from cases_lib import *
from cases_arith import *


def small_codes(e, f, bias, top):
    return [(Q(c & (1 << f) - 1) / (1 << f) + (c >> f > 0)) * Q(2) ** (max(c >> f, 1) - bias) for c in range(top + 1)]


def narrow():
    # FP6 and FP4 have no infinity or NaN; satfinite takes NaN to the largest positive, ISA 9.7.9.22
    for name, (e, f, bias) in {"e2m1": (2, 1, 1), "e2m3": (2, 3, 1), "e3m2": (3, 2, 3)}.items():
        top = (1 << e + f) - 1
        codes = small_codes(e, f, bias, top)

        def nar(b, relu=False):
            v, sg = val("f32", b), sign("f32", b)
            if v != v: return top
            if relu and sg: return 0
            a = abs(v)
            if a >= codes[-1]: return top | sg << e + f
            i = max(k for k in range(top + 1) if codes[k] <= a)
            d, d2 = a - codes[i], codes[i + 1] - a
            return (i + int(d > d2 or d == d2 and i & 1)) | sg << e + f
        rows = [tuple(enc("f32", Q(R.randrange(-9000, 9000), R.choice([1000, 3000, 64, 32 * 9000, 512]))) for _ in "ab") for _ in range(50)] + [(0x7F800000, 0xFF800000), (0x7FC00000, 0x3E800000), (0x80000000, 0x7F7FFFFF)]
        w = 4 if name == "e2m1" else 8
        for relu in ("", ".relu"):
            if name == "e2m1":
                lanes(f"cvt{relu.replace('.', '_')}_e2m1x2_f32", f".reg .b8 bb;\ncvt.rn.satfinite{relu}.e2m1x2.f32 bb, {{a}}, {{b}};\ncvt.u32.u8 {{o}}, bb;".replace("cvt.u32.u8 {o}, bb;", ".reg .b8 zz; mov.b16 {o}, {{bb, bb}};"), ["f32"] * 2, ["b16"], rows, lambda a, b: ((x := nar(a, relu) << 4 | nar(b, relu)), x << 8 | x)[1], target=("8.6", "sm_100a"))
            else:
                lanes(f"cvt{relu.replace('.', '_')}_{name}x2_f32", f"cvt.rn.satfinite{relu}.{name}x2.f32 {{o}}, {{a}}, {{b}};", ["f32"] * 2, ["b16"], rows, lambda a, b: nar(a, relu) << 8 | nar(b, relu), target=("8.6", "sm_100a"))
        wide = lambda c: enc("f16", codes[c & top] * (-1 if c >> e + f & 1 else 1), "rn", c >> e + f & 1)
        if name == "e2m1":
            lanes("cvt_f16x2_e2m1x2", ".reg .b8 b0, b1;\nmov.b16 {{b0, b1}}, {a};\ncvt.rn.f16x2.e2m1x2 {o}, b0;", ["b16"], ["b32"], [(R.getrandbits(16),) for _ in range(40)], lambda a: wide(a >> 4 & 15) << 16 | wide(a & 15), target=("8.6", "sm_100a"))
        else:
            lanes(f"cvt_f16x2_{name}x2", f"cvt.rn.f16x2.{name}x2 {{o}}, {{a}};", ["b16"], ["b32"], [(R.getrandbits(16) & 0x3F3F,) for _ in range(60)], lambda a: wide(a >> 8) << 16 | wide(a & 255), target=("8.6", "sm_100a"))
    def ue8(b, rnd):  # power of two: exponent code, 255 is NaN
        v = val("f32", b)
        if v != v: return 255
        a = abs(v)
        if a == INF: return 254
        codes = [Q(2) ** (k - 127) for k in range(255)]
        if a >= codes[254]: return 254
        if rnd == "rz":
            return max([k for k in range(255) if codes[k] <= a], default=0)
        return min(k for k in range(255) if codes[k] >= a)
    for rnd in ("rz", "rp"):
        lanes(f"cvt_{rnd}_ue8m0x2_f32", f"cvt.{rnd}.satfinite.ue8m0x2.f32 {{o}}, {{a}}, {{b}};", ["f32"] * 2, ["b16"], [(a & 0x7FFFFFFF, b & 0x7FFFFFFF) for a, b in fwords("f32", 40, 2, .3)], lambda a, b: ue8(a, rnd) << 8 | ue8(b, rnd), target=("8.6", "sm_100a"))
    lanes("cvt_bf16x2_ue8m0x2", "cvt.rn.bf16x2.ue8m0x2 {o}, {a};", ["b16"], ["b32"], [(R.getrandbits(16),) for _ in range(40)] + [(0x00FF,)], lambda a: sum((0x7FFF if c == 255 else enc("bf16", Q(2) ** (c - 127))) << k for c, k in ((a >> 8, 16), (a & 255, 0))), target=("8.6", "sm_100a"))
    conv = lambda dst, src, a, rnd: enc(dst, val(src, a), rnd, sign(src, a))
    for dst, src in (("bf16", "f16"), ("f16", "bf16"), ("bf16", "f64"), ("f64", "bf16")):
        for rnd in ("rn", "rz", "rm") if dst != "f64" else ("",):
            lanes(f"cvt_{rnd}_{dst}_{src}x", f"cvt{'.' + rnd if rnd else ''}.{dst}.{src} {{o}}, {{a}};", [src], [dst], [r for r in fwords(src, 40, 1, .4) if not isnan(src, r[0])], lambda a: conv(dst, src, a, rnd or "rn"), sm=90, ver=78)
    f2 = lambda f, rnd, ftz: lambda *v: sum((lambda r: flush("f32", r) if ftz else r)(f("f32", rnd, *[flush("f32", x >> k & M32) if ftz else x >> k & M32 for x in v])) << k for k in (0, 32))
    def tame(v, f, rnd, ftz):
        return not ftz or all(f("f32", rnd, *[flush("f32", x >> k & M32) for x in v]) & 0x7FFFFFFF != 0x800000 for k in (0, 32))
    for op, w, f in (("add", 2, f_add), ("mul", 2, f_mul), ("fma", 3, f_fma), ("sub", 2, f_sub)):
        for rnd, ftz in (("rn", 0), ("rz", 1), ("rm", 0), ("rp", 1)):
            rows = [tuple(a | b << 32 for a, b in zip(r[:w], r[w:])) for r in fwords("f32", 30, 2 * w, .2)]
            lanes(f"{op}_{rnd}{'_ftz' * ftz}_f32x2", f"{op}.{rnd}{'.ftz' * ftz}.f32x2 {{o}}, " + ", ".join("{%s}" % k for k in "abc"[:w]) + ";", ["b64"] * w, ["b64"], [r for r in rows if tame(r, f, rnd, ftz)], f2(f, rnd, ftz), target=("8.6", "sm_100"))
    for fmt in ("f16", "bf16"):
        rows = [(a | b << 16,) for a, b in fwords(fmt, 30, 2, .5) if not isnan(fmt, a) and not isnan(fmt, b)]
        lanes(f"abs_neg_{fmt}x2", f"abs.{fmt}x2 {{o}}, {{a}};\nneg.{fmt}x2 {{p}}, {{a}};", ["b32"], ["b32"] * 2, rows, lambda a: (a & 0x7FFF7FFF, a ^ 0x80008000), sm=80, ver=70)
    lanes("fma_oob", "fma.rn.oob.f16 {o}, {a}, {b}, {c};\nfma.rn.oob.relu.f16 {p}, {a}, {b}, {c};", ["f16"] * 3, ["f16"] * 2, [r for r in fwords("f16", 20, 3, 0)] + [(0xFFFF, 0x3C00, 0x4000), (0x3C00, 0xFFFF, 0xC000)],
          lambda a, b, c: ((y := f_fma("f16", "rn", a, b, c) if 0xFFFF not in (a, b) else 0), 0 if sign("f16", y) and not isnan("f16", y) else y), target=("8.1", "sm_90"), want="f16", refused=True)


def odd():
    w = [R.getrandbits(32) for _ in range(256)]
    K = lambda n, body, blk, out, inp=None, ot="u32", **kw: add(n, kern(body, **kw), blk, out, ot, inp)
    st = "	mad.wide.u32 %out, %t, 4, %out; st.global.u32 [%out], %r1;"
    K("sink_vec", "	mad.wide.u32 %in, %t, 16, %in; ld.global.v4.u32 {%r1, _, _, %r2}, [%in]; setp.lt.u32 _|%p2, %r1, %r2; setp.lt.u32 %p1|_, %r1, %r2; selp.u32 %r1, 1, 0, %p1; @%p2 add.u32 %r1, %r1, 2; atom.global.add.u32 _, [%out+128], 1;\n" + st, 16, [1 if w[4 * i] < w[4 * i + 3] else 2 for i in range(16)] + [0] * 16 + [16], w[:64])
    K("mov_v2", "	mov.v2.u32 {%r2, %r3}, {%t, 7}; mov.v4.b32 {%r4, %r5, %r6, %r1}, {%r2, %r3, %r3, %r2}; add.u32 %r1, %r1, %r5;\n" + st, 8, [i + 7 for i in range(8)])
    K("pred_const", "	mov.pred %p1, 1; mov.pred %p2, 0; setp.eq.or.u32 %p3, %t, 3, %p2; setp.ne.and.u32 %p4, %t, 3, 1; selp.u32 %r1, 1, 0, %p1; @%p3 add.u32 %r1, %r1, 10; @%p4 add.u32 %r1, %r1, 100;\n" + st, 8, [11 if i == 3 else 101 for i in range(8)])
    K("shift_types", "	mov.u32 %r2, 0x80000004; shr.b32 %r3, %r2, 1; shr.s32 %r4, %r2, 33; shl.b32 %r5, 3, %t; xor.b32 %r1, %r3, %r4; add.u32 %r1, %r1, %r5;\n" + st, 40, [((0x40000002 ^ M32) + (3 << i & M32 if i < 32 else 0)) & M32 for i in range(40)])
    K("goto_outer", "	mov.u32 %r1, 0;\nouter: add.u32 %r1, %r1, 1; { .reg .pred pz; setp.lt.u32 pz, %r1, %t; @pz bra outer; { setp.gt.u32 pz, %r1, 100; @pz bra done; } }\ndone:\n" + st, 8, [max(1, i) for i in range(8)])
    K("neg_pred_bra_uni", "	mov.u32 %r1, 1; setp.eq.u32 %p1, %r1, 2; @!%p1 bra.uni $x; mov.u32 %r1, 9;\n$x:\n" + st, 8, [1] * 8)
    K("loc_inlined", "	.loc 1 4 5\n	mov.u32 %r1, 4;\n	.loc 1 9 2, function_name $L__info_string0, inlined_at 1 4 5\n	add.u32 %r1, %r1, 1;\n" + st, 8, [5] * 8, ver=72)
    t = TESTS[-1]["ptx"]
    x = open(t).read().replace("\n.visible .entry", '\n.file 1 "/tmp/a b/x.cu"\n.file 2 "/usr/y.h", 1699999999, 1234\n.visible .entry') + """	.section	.debug_str
	{
$L__info_string0:
.b8 95,90,51,102
.b8 0

	}
"""
    open(t, "w").write(x)
    K("attrs_cluster", "	mov.u32 %r1, %cluster_ctarank; mov.u32 %r2, %cluster_nctarank; mov.u32 %r3, %nclusterid.x; mad.lo.u32 %r1, %r1, 100, %r2; barrier.cluster.arrive.release.aligned; barrier.cluster.wait.acquire.aligned; griddepcontrol.wait; griddepcontrol.launch_dependents; fence.proxy.async; fence.acq_rel.cluster;\n" + st, 32, [1] * 32, target=("8.0", "sm_90"))
    K("reqcluster", "	mov.u32 %r1, %cluster_nctaid.x;\n" + st, 32, [1] * 32, target=("8.0", "sm_90"), attrs=".reqnctapercluster 1, 1, 1") 
    K("cluster_space", "	.shared .align 8 .u32 v[32]; mov.u32 %r2, v; mad.lo.u32 %r2, %t, 4, %r2; st.shared::cta.u32 [%r2], %t; mov.u32 %r3, 0; mapa.shared::cluster.u32 %r4, %r2, %r3; atom.shared::cluster.add.u32 %r5, [%r4], 5; ld.shared::cluster.u32 %r1, [%r4]; getctarank.shared::cluster.u32 %r6, %r4; add.u32 %r1, %r1, %r6;\n" + st, 32, [i + 5 for i in range(32)], target=("8.0", "sm_90"))
    K("mbar_tx", "	.shared .align 8 .b64 mb; setp.eq.u32 %p1, %t, 0; @%p1 mbarrier.init.shared::cta.b64 [mb], 1; bar.sync 0; @!%p1 bra W; mbarrier.arrive.expect_tx.shared::cta.b64 _, [mb], 16; mbarrier.complete_tx.relaxed.cluster.shared::cta.b64 [mb], 16;\nW: mbarrier.try_wait.parity.shared::cta.b64 %p2, [mb], 0; @!%p2 bra W; mov.u32 %r1, 3;\n" + st, 64, [3] * 64, target=("8.0", "sm_90"))
    K("mbar_drop_pending", "	.shared .align 8 .b64 mb; setp.eq.u32 %p1, %t, 0; @%p1 mbarrier.init.shared.b64 [mb], 33; bar.sync 0; mbarrier.arrive.shared.b64 %d1, [mb]; mbarrier.pending_count.b64 %r3, %d1; setp.gt.u32 %p3, %r3, 33; selp.u32 %r1, 1, 0, %p3; @%p1 mbarrier.arrive_drop.shared.b64 %d1, [mb];\nW: mbarrier.test_wait.parity.shared.b64 %p2, [mb], 0; @!%p2 bra W; add.u32 %r1, %r1, 6;\n" + st, 32, [6] * 32, target=("7.1", "sm_80"))
    K("v8_f32", "	mad.wide.u32 %in, %t, 32, %in; mad.wide.u32 %out, %t, 32, %out; ld.global.v8.f32 {%f1,%f2,%f3,%f4,%f5,%f6,%f7,%f8}, [%in]; st.global.v8.f32 [%out], {%f8,%f7,%f6,%f5,%f4,%f3,%f2,%f1};", 32, [w[8 * i + 7 - j] for i in range(32) for j in range(8)], w, target=("8.8", "sm_100"))
    K("v4_b64", "	mad.wide.u32 %in, %t, 32, %in; mad.wide.u32 %out, %t, 32, %out; ld.global.v4.b64 {%d1,%d2,%d3,%d4}, [%in]; st.global.v4.b64 [%out], {%d3,%d4,%d1,%d2};", 32, [w[8 * i + (j + 4) % 8] for i in range(32) for j in range(8)], w, target=("8.8", "sm_100"))
    K("b128_move", "	.reg .b128 %q<3>; mad.wide.u32 %in, %t, 16, %in; mad.wide.u32 %out, %t, 16, %out; ld.global.v2.b64 {%d1,%d2}, [%in]; mov.b128 %q1, {%d2, %d1}; mov.b128 %q2, %q1; mov.b128 {%d3, %d4}, %q2; st.global.v2.b64 [%out], {%d3, %d4};", 32, [w[4 * i + (j + 2) % 4] for i in range(32) for j in range(4)], w[:128], target=("8.3", "sm_70"))
    K("b128_ld_st", "	.reg .b128 %q<3>; mad.wide.u32 %in, %t, 16, %in; mad.wide.u32 %out, %t, 16, %out; ld.global.b128 %q1, [%in]; st.global.b128 [%out], %q1;", 32, w[:128], w[:128], target=("8.3", "sm_70"))
    K("b128_atom", "	.reg .b128 %q<5>; mad.wide.u32 %in, %t, 16, %in; mad.wide.u32 %out, %t, 16, %out; ld.global.b128 %q1, [%in]; ld.global.b128 %q2, [%out]; atom.global.cas.b128 %q3, [%out], %q2, %q1; atom.global.exch.b128 %q4, [%out], %q1; st.global.b128 [%out], %q4;", 32, w[:128], w[:128], target=("8.4", "sm_90"))
    K("warp_sync_volatile_pascal", """	.shared .u32 s[64]; mov.u32 %r2, s; mad.lo.u32 %r2, %t, 4, %r2; st.volatile.shared.u32 [%r2], %t; setp.ge.u32 %p1, %t, 16; @%p1 bra end;
	ld.volatile.shared.u32 %r3, [%r2+64]; ld.volatile.shared.u32 %r4, [%r2]; add.u32 %r4, %r4, %r3; st.volatile.shared.u32 [%r2], %r4;
end:	mov.u32 %r1, 0; setp.ne.u32 %p2, %t, 0; @%p2 ret; ld.volatile.shared.u32 %r1, [%r2];
""" + st, 32, [16], target=("6.2", "sm_60"))
    K("atom_h2_vec", "	mad.wide.u32 %in, %t, 8, %in; mad.wide.u32 %out, %t, 8, %out; ld.global.v2.b32 {%r1, %r2}, [%in]; st.global.v2.b32 [%out], {0x3C003C00, 0xBC00C000}; red.global.v2.f16x2.add.noftz [%out], {%r1, %r2};", 8, [0x42003E00, 0x3C004000] * 8, [0x40003800, 0x40004400] * 8, target=("8.1", "sm_90"))
    K("cp_async_offsets", "	.shared .align 16 .b8 sb[1024]; mul.wide.u32 %d1, %t, 16; add.u64 %d2, %in, %d1; cvt.u32.u64 %r2, %d1; mov.u32 %r3, sb; add.u32 %r3, %r3, %r2; cp.async.cg.shared.global [%r3+16], [%d2+16], 16; cp.async.wait_all; ld.shared.u32 %r1, [%r3+20];\n" + st, 16, [w[4 * i + 5] for i in range(16)], w[:128], sm=80, ver=70)
    K("fn_calltargets", """	rem.u32 %r2, %t, 2; setp.eq.u32 %p1, %r2, 0; mov.u64 %d1, fa; @%p1 mov.u64 %d1, fb; { .param .u32 x; .param .u32 y; st.param.u32 [x], %t;
tl: .calltargets fa, fb;
	call (y), %d1, (x), tl; ld.param.u32 %r1, [y]; }
""" + st, 32, [i + 1 if i & 1 else i + 2 for i in range(32)], globals_=".func (.param .u32 r) fa(.param .u32 a) { .reg .u32 x; ld.param.u32 x, [a]; add.u32 x, x, 1; st.param.u32 [r], x; ret; }\n.func (.param .u32 r) fb(.param .u32 a) { .reg .u32 x; ld.param.u32 x, [a]; add.u32 x, x, 2; st.param.u32 [r], x; ret; }")
    K("fn_local_recursive", """	{ .param .u32 x; .param .u32 y; st.param.u32 [x], %t; call (y), deep, (x); ld.param.u32 %r1, [y]; }
""" + st, 32, [sum(range(i + 1)) * 3 for i in range(32)], globals_=""".func (.param .u32 r) deep(.param .u32 a) { .local .align 4 .b8 fr[16]; .reg .u32 x, y; .reg .pred p; .reg .u64 l; ld.param.u32 x, [a]; mov.u64 l, fr; cvta.local.u64 l, l; mul.lo.u32 y, x, 3; st.u32 [l+8], y; setp.eq.u32 p, x, 0; @p bra e; sub.u32 x, x, 1;
{ .param .u32 q; .param .u32 s; st.param.u32 [q], x; call (s), deep, (q); ld.param.u32 x, [s]; } ld.local.u32 y, [fr+8]; add.u32 y, y, x; e: st.param.u32 [r], y; ret; }""".replace(" e: st", "\ne: st"))
    K("fn_shared_static", """	call bump, (%t); bar.sync 0; ld.shared.u32 %r1, [tot];
""" + st, 32, [496] * 32, globals_=".shared .u32 tot;\n.func bump(.reg .u32 v) { .reg .pred p; setp.eq.u32 p, v, 0; @p st.shared.u32 [tot], 0; bar.warp.sync -1; red.shared.add.u32 [tot], v; ret; }")
    K("fn_in_branch_divergent_ret", """	call (%r1), cls, (%t);
""" + st, 64, [3 if i > 40 else 2 if i & 1 else 1 for i in range(64)], globals_=".func (.reg .u32 r) cls(.reg .u32 v) { .reg .pred p; .reg .u32 m; setp.gt.u32 p, v, 40; @!p bra a; mov.u32 r, 3; ret; \na: and.b32 m, v, 1; setp.ne.u32 p, m, 0; @p bra b; mov.u32 r, 1; ret;\nb: mov.u32 r, 2; ret; }")
    K("extern_shared_typed", "	mov.u32 %r2, a; mad.lo.u32 %r2, %t, 8, %r2; cvt.rn.f64.u32 %g1, %t; st.shared.f64 [%r2], %g1; bar.sync 0; mov.u32 %r3, b; mad.lo.u32 %r3, %t, 4, %r3; ld.shared.u32 %r1, [%r3+4];\n" + st, 32, [0 if False else struct.unpack("<64I", b"".join(struct.pack("<d", float(i)) for i in range(32)))[i + 1] for i in range(32)], globals_=".extern .shared .align 8 .f64 a[];\n.extern .shared .u32 b[];")
    TESTS[-1]["dynamic_shared"] = 256
    K("managed_attr", "	ld.global.u32 %r1, [mg+4];\n" + st, 8, [8] * 8, globals_=".global .attribute(.managed) .align 8 .u32 mg[2] = {7, 8};")
    K("multi_decl", "	.reg .u32 a, b<3>, c; .reg .u16 h9; .local .u32 l1, l2; .shared .u16 s1, s2; mov.u32 a, 1; mov.u32 b0, 2; mov.u32 b2, 3; mov.u32 c, 4; st.local.u32 [l1], c; st.local.u32 [l2], b2; ld.local.u32 %r2, [l1]; ld.local.u32 %r3, [l2]; mad.lo.u32 %r1, %r2, 10, %r3; add.u32 %r1, %r1, a; add.u32 %r1, %r1, b0;\n" + st, 8, [46] * 8)
    K("long_loop", "	mov.u32 %r1, 0; mov.u32 %r2, 0;\nL: add.u32 %r1, %r1, %t; add.u32 %r2, %r2, 1; setp.lt.u32 %p1, %r2, 100000; @%p1 bra L;\n" + st, 256, [100000 * i for i in range(256)])
    K("vote_loop", "	mov.u32 %r1, 0;\nL: add.u32 %r1, %r1, 1; setp.lt.u32 %p1, %r1, %t; vote.sync.any.pred %p2, %p1, -1; @%p2 bra L;\n" + st, 32, [31] * 32)
    K("activemask_loop_agg", """	.shared .u32 n; setp.eq.u32 %p1, %t, 0; @%p1 st.shared.u32 [n], 0; bar.sync 0; and.b32 %r2, %t, 3; setp.ne.u32 %p2, %r2, 0; @%p2 bra S;
	activemask.b32 %r3; popc.b32 %r4, %r3; mov.u32 %r5, %lanemask_lt; and.b32 %r5, %r5, %r3; popc.b32 %r5, %r5; setp.ne.u32 %p3, %r5, 0; @%p3 bra T; atom.shared.add.u32 %r6, [n], %r4;
T: brev.b32 %r7, %r3; bfind.shiftamt.u32 %r7, %r7; shfl.sync.idx.b32 %r6, %r6, %r7, 31, %r3; add.u32 %r8, %r6, %r5; mad.wide.u32 %out, %r8, 4, %out; mov.u32 %r9, 1; st.global.u32 [%out], %r9;
S:""", 64, [1] * 16)
    K("divergent_bar_warp", "	and.b32 %r2, %t, 1; setp.eq.u32 %p1, %r2, 0; mov.u32 %r1, 0; @%p1 bra E; bar.warp.sync 0xAAAAAAAA; shfl.sync.bfly.b32 %r1, %t, 2, 31, 0xAAAAAAAA; bra J;\nE: bar.warp.sync 0x55555555; shfl.sync.bfly.b32 %r1, %t, 4, 31, 0x55555555;\nJ: bar.warp.sync -1;\n" + st, 32, [i ^ 2 if i & 1 else i ^ 4 for i in range(32)])
    K("uniform_data_dep", "	setp.eq.u32 %p1, %t, 1000; @%p1 bra B; bar.sync 0; bra C;\nB: bar.sync 0;\nC: mov.u32 %r1, 1;\n" + st, 64, [1] * 64)
    K("redefinition_order", "	bra M;\nN: mov.u32 %r1, %r2; bra Z;\nM: mov.u32 %r2, 8; bra N;\nZ:\n" + st, 8, [8] * 8)


def run():
    narrow(); odd(); extra()


def extra():
    w = [R.getrandbits(32) for _ in range(256)]
    add("mov_v2_swap", kern("	add.u32 %r2, %t, 3; mov.u32 %r3, 7; mov.v2.u32 {%r2, %r3}, {%r3, %r2}; mov.u32 %r4, 1; mov.u32 %r5, 2; mov.v4.b32 {%r2, %r3, %r4, %r5}, {%r3, %r4, %r5, %r2}; mad.wide.u32 %out, %t, 16, %out; st.global.v4.u32 [%out], {%r2, %r3, %r4, %r5};"), 8, [y for i in range(8) for y in (i + 3, 1, 2, 7)], "u32")
    add("b128_cas_fail", kern("""	.reg .b128 %q<5>; mad.wide.u32 %in, %t, 16, %in; mad.wide.u32 %out, %t, 32, %out; ld.global.b128 %q1, [%in]; mov.b128 {%d1, %d2}, %q1; and.b32 %r1, %t, 3; xor.b32 %r2, %r1, 3; setp.eq.u32 %p1, %r1, 1; setp.eq.u32 %p2, %r1, 2; st.global.b128 [%out], %q1;
	@%p1 add.u64 %d1, %d1, 1; @%p2 add.u64 %d2, %d2, 1; mov.b128 %q2, {%d1, %d2}; mov.b64 %d3, 5; mov.b64 %d4, 6; mov.b128 %q3, {%d3, %d4}; atom.global.cas.b128 %q4, [%out], %q2, %q3; st.global.b128 [%out+16], %q4;""", target=("8.4", "sm_90")), 16,
        [y for i in range(16) for y in ((w[4 * i:4 * i + 4] if i & 3 in (1, 2) else [5, 0, 6, 0]) + w[4 * i:4 * i + 4])], "u32", w[:64])
