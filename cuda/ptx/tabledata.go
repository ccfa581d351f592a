package ptx

// ISA 9.7.6 and 9.7.7: comparison and selection.
const compareForms = `
setp.eq|ne.btype p_/q_, a, b
setp.eq|ne.bool.btype p_/q_, a, b, c:pred^
setp.icmp|ucmp.u16|u32|u64 p_/q_, a, b
setp.icmp|ucmp.bool.u16|u32|u64 p_/q_, a, b, c:pred^
setp.icmp.s16|s32|s64 p_/q_, a, b
setp.icmp.bool.s16|s32|s64 p_/q_, a, b, c:pred^
setp.icmp|fcmp{.ftz}.f32 p_/q_, a, b
setp.icmp|fcmp.bool{.ftz}.f32 p_/q_, a, b, c:pred^
setp.icmp|fcmp.f64 p_/q_, a, b
setp.icmp|fcmp.bool.f64 p_/q_, a, b, c:pred^
setp.icmp|fcmp{.ftz}.f16 p_, a, b
setp.icmp|fcmp.bool{.ftz}.f16 p_, a, b, c:pred^
setp.icmp|fcmp{.ftz}.f16x2 p_/q_, a, b
setp.icmp|fcmp.bool{.ftz}.f16x2 p_/q_, a, b, c:pred^
setp.icmp|fcmp.bf16 p_, a, b ; 7.8 90
setp.icmp|fcmp.bool.bf16 p_, a, b, c:pred^ ; 7.8 90
setp.icmp|fcmp.bf16x2 p_/q_, a, b ; 7.8 90
setp.icmp|fcmp.bool.bf16x2 p_/q_, a, b, c:pred^ ; 7.8 90
set.eq|ne.u32|s32|f32|f16|bf16@7.8/90.btype d, a:1, b:1
set.eq|ne.bool.u32|s32|f32|f16|bf16@7.8/90.btype d, a:1, b:1, c:pred^
set.icmp|ucmp.u32|s32|f32|f16|bf16@7.8/90.u16|u32|u64 d, a:1, b:1
set.icmp|ucmp.bool.u32|s32|f32|f16|bf16@7.8/90.u16|u32|u64 d, a:1, b:1, c:pred^
set.icmp.u32|s32|f32|f16|bf16@7.8/90.s16|s32|s64 d, a:1, b:1
set.icmp.bool.u32|s32|f32|f16|bf16@7.8/90.s16|s32|s64 d, a:1, b:1, c:pred^
set.icmp|fcmp{.ftz}.u32|s32|f32|f16.f32 d, a:1, b:1
set.icmp|fcmp.bool{.ftz}.u32|s32|f32|f16.f32 d, a:1, b:1, c:pred^
set.icmp|fcmp.bf16.f32|f64|f16 d, a:1, b:1 ; 7.8 90
set.icmp|fcmp.bool.bf16.f32|f64|f16 d, a:1, b:1, c:pred^ ; 7.8 90
set.icmp|fcmp.u32|s32|f32|f16.f64 d, a:1, b:1
set.icmp|fcmp.bool.u32|s32|f32|f16.f64 d, a:1, b:1, c:pred^
set.icmp|fcmp{.ftz}.f16|u32@6.5|s32@6.5|u16@6.5|s16@6.5.f16 d, a:1, b:1
set.icmp|fcmp.bool{.ftz}.f16|u32@6.5|s32@6.5|u16@6.5|s16@6.5.f16 d, a:1, b:1, c:pred^
set.icmp|fcmp{.ftz}.f16x2|u32@6.5|s32@6.5.f16x2 d, a:1, b:1
set.icmp|fcmp.bool{.ftz}.f16x2|u32@6.5|s32@6.5.f16x2 d, a:1, b:1, c:pred^
set.icmp|fcmp.u32|s32|u16|s16|bf16.bf16 d, a:1, b:1 ; 7.8 90
set.icmp|fcmp.bool.u32|s32|u16|s16|bf16.bf16 d, a:1, b:1, c:pred^ ; 7.8 90
set.icmp|fcmp.u32|s32|bf16x2.bf16x2 d, a:1, b:1 ; 7.8 90
set.icmp|fcmp.bool.u32|s32|bf16x2.bf16x2 d, a:1, b:1, c:pred^ ; 7.8 90
selp.btype|itype|f32|f64 d, a, b, c:pred^
slct.btype|itype|f32|f64.s32 d, a, b, c:1
slct{.ftz}.btype|itype|f32|f64.f32 d, a, b, c:1
`

// ISA 9.7.9.21: cvt; 9.7.9.19 and 9.7.9.20: isspacep and cvta.
const convertForms = `
cvta.global|shared|local|const|shared::cta@7.8|shared::cluster@7.8/90.u32|u64 d, a&
cvta.param|param::entry@8.3.u32|u64 d, a& ; 7.7 70
cvta.to.global|shared|local|const|shared::cta@7.8|shared::cluster@7.8/90.u32|u64 d, a
cvta.to.param|param::entry@8.3.u32|u64 d, a ; 7.7 70
isspacep.global|shared|local|const|shared::cta@7.8|shared::cluster@7.8/90 p, a:u64
isspacep.global|shared|local|const|shared::cta@7.8|shared::cluster@7.8/90 p, a:u32
isspacep.param|param::entry@8.3 p, a:u64 ; 7.7 70
isspacep.param|param::entry@8.3 p, a:u32 ; 7.7 70
cvt.ival.ival d~, a:1~*
cvt.sat.u8.u16|u32|u64|s8|s16|s32|s64 d~, a:1~*
cvt.sat.u16.u32|u64|s8|s16|s32|s64 d~, a:1~*
cvt.sat.u32.u64|s8|s16|s32|s64 d~, a:1~*
cvt.sat.u64.s8|s16|s32|s64 d~, a:1~*
cvt.sat.s8.u8|u16|u32|u64|s16|s32|s64 d~, a:1~*
cvt.sat.s16.u16|u32|u64|s32|s64 d~, a:1~*
cvt.sat.s32.u32|u64|s64 d~, a:1~*
cvt.sat.s64.u64 d~, a:1~*
cvt.irnd{.sat}.ival.f16|f64 d~, a:1~
cvt.irnd{.ftz}{.sat}.ival.f32 d~, a:1~
cvt.rnd{.sat}.f16|f64.ival d~, a:1~
cvt.rnd{.ftz}{.sat}.f32.ival d~, a:1~
cvt.rnd{.sat}.f16.f64 d~, a:1~
cvt.rnd{.ftz}{.sat}.f16.f32 d~, a:1~
cvt.rnd{.ftz}{.sat}.f32.f64 d~, a:1~
cvt{.sat}.f64.f16 d~, a:1~
cvt{.ftz}{.sat}.f32.f16 d~, a:1~
cvt{.ftz}{.sat}.f64.f32 d~, a:1~
cvt{.irnd}{.sat}.f16.f16 d~, a:1~
cvt{.irnd}{.sat}.f64.f64 d~, a:1~
cvt{.irnd}{.ftz}{.sat}.f32.f32 d~, a:1~
cvt.irnd.itype.bf16 d, a:1 ; 7.8 90
cvt{.irnd}.bf16.bf16 d, a:1 ; 7.8 90
cvt.rnd.bf16.itype|f64 d, a:1 ; 7.8 90
cvt{.rnd}.f16|f64.bf16 d, a:1 ; 7.8 90
cvt{.rnd}.bf16.f16 d, a:1 ; 7.8 90
cvt{.rnd}{.ftz}.f32.bf16 d, a:1 ; 7.1 80
cvt.rn|rz{.relu}.f16.f32 d~, a:1~ ; 7.0 80
cvt.rnd{.ftz}.bf16.f32 d, a:1 ; 7.0 80
cvt.rn|rz.relu.bf16.f32 d, a:1 ; 7.0 80
cvt.rn|rz{.relu}.f16x2.f32 d~, a:f32~, b:f32~ ; 7.0 80
cvt.rn|rz{.relu}.bf16x2.f32 d, a:f32, b:f32 ; 7.0 80
cvt.rn|rz{.relu}.satfinite.f16.f32 d~, a:1~ ; 8.1 80
cvt.rn|rz{.relu}.satfinite.bf16.f32 d, a:1 ; 8.1 80
cvt.rn|rz{.relu}.satfinite.f16x2.f32 d~, a:f32~, b:f32~ ; 8.1 80
cvt.rn|rz{.relu}.satfinite.bf16x2.f32 d, a:f32, b:f32 ; 8.1 80
cvt.rna{.satfinite@8.1}.tf32.f32 d, a:f32 ; 7.0 80
cvt.rn|rz{.relu}.tf32.f32 d, a:f32 ; 7.8 90
cvt.rn|rz{.relu}.satfinite.tf32.f32 d, a:f32 ; 8.6 100
cvt.pack.sat.u16|s16.s32 d:u32~, a:1~, b:1~ ; 6.5 72
cvt.pack.sat.u8|s8.s32.b32 d:u32~, a:1~, b:1~, c:b32~ ; 6.5 72
cvt.pack.sat.u4|s4|u2|s2.s32.b32 d:u32~, a:1~, b:1~, c:b32~ ; 6.5 75
cvt.rn.satfinite{.relu}.e4m3x2|e5m2x2.f32 d, a:f32, b:f32 ; 8.1 89
cvt.rn.satfinite{.relu}.e4m3x2|e5m2x2.f32 d, a:f32, b:f32 ; 7.8 90
cvt.rn.satfinite{.relu}.e4m3x2|e5m2x2.f16x2 d, a:1 ; 8.1 89
cvt.rn.satfinite{.relu}.e4m3x2|e5m2x2.f16x2 d, a:1 ; 7.8 90
cvt.rn{.relu}.f16x2.e4m3x2|e5m2x2 d, a:1! ; 8.1 89
cvt.rn{.relu}.f16x2.e4m3x2|e5m2x2 d, a:1! ; 7.8 90
cvt.rn.satfinite{.relu}.e2m1x2|e2m3x2|e3m2x2.f32 d, a:f32, b:f32 ; 8.6 100f|120f
cvt.rn{.relu}.f16x2.e2m1x2|e2m3x2|e3m2x2 d:f16x2, a:1 ; 8.6 100f|120f
cvt.rz|rp{.satfinite}.ue8m0x2.f32 d, a:f32, b:f32 ; 8.6 100f|120f
cvt.rz|rp{.satfinite}.ue8m0x2.bf16x2 d, a:b32 ; 8.6 100f|120f
cvt.rn.bf16x2.ue8m0x2 d:b32, a:1 ; 8.6 100f|120f
`

// ISA 9.7.9.3 to 9.7.9.4: mov.
const moveForms = `
mov.pred d, a^*
mov.u16|s16|b16|u32|s32|b32|u64|s64|b64 d, a*&
mov.f32|f64 d, a
mov.b128 d, a ; 8.3 70
mov.b16|b32|b64 d, {a+}
mov.b16|b32|b64 {d_+}, a
mov.b128 d, {a+} ; 8.3 70
mov.b128 {d_+}, a ; 8.3 70
mov.v2|v4.u16|s16|b16|u32|s32|b32|u64|s64|b64|f32|f64 {d_}, {a}
`
