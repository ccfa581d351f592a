package ptx

// ISA 9.7.9.8 to 9.7.9.18: loads, stores and prefetches. That vectors stay within 128 bits, or 256 for some, is checked in code.
const memoryForms = `
ld{.weak@6.0/70}{.ldspace}{.ldcop}{.vec}.mtype {d~_}, [a]
ld{.weak@6.0/70}{.global}{.ldcop}.prefetch{.vec}.mtype {d~_}, [a]
ld{.weak@6.0/70}{.global}{.ldcop}{.prefetch}.hint{.vec}.mtype {d~_}, [a], c:u64
ld{.weak@6.0/70}{.global}.evict{.prefetch}{.vec}.mtype {d~_}, [a]
ld{.weak@6.0/70}{.global}.evict{.prefetch}.hint{.vec}.mtype {d~_}, [a], c:u64
ld.volatile{.gspace}{.vec}.mtype {d~_}, [a]
ld.volatile{.global}.prefetch{.vec}.mtype {d~_}, [a]
ld.relaxed|acquire.scope{.gspace}{.vec}.mtype {d~_}, [a] ; 6.0 70
ld.relaxed|acquire.scope{.global}{.evict}{.prefetch}{.vec}.mtype {d~_}, [a] ; 6.0 70
ld.relaxed|acquire.scope{.global}{.evict}{.prefetch}.hint{.vec}.mtype {d~_}, [a], c:u64 ; 6.0 70
ld.mmio.relaxed.sys{.global}.mtype d~, [a] ; 8.2 70
ld.global{.ca|cg|cs}.nc{.prefetch}{.vec}.mtype {d~_}, [a]
ld.global{.ca|cg|cs}.nc{.prefetch}.hint{.vec}.mtype {d~_}, [a], c:u64
ld.global.nc.evict{.prefetch}{.vec}.mtype {d~_}, [a]
ld.global.nc.evict{.prefetch}.hint{.vec}.mtype {d~_}, [a], c:u64
ld{.weak@6.0/70}{.global}{.evict}.L2::evict_first|L2::evict_last|L2::evict_normal{.prefetch}.v8.b32|u32|s32|f32 {d~_}, [a] ; 8.8 100
ld{.weak@6.0/70}{.global}{.evict}.L2::evict_first|L2::evict_last|L2::evict_normal{.prefetch}.v4.b64|u64|s64|f64 {d~_}, [a] ; 8.8 100
ldu{.global}{.vec}.mtype {d~_}, [a]
st{.weak@6.0/70}{.stspace}{.stcop}{.vec}.mtype [a], {b~}
st{.weak@6.0/70}{.global}{.stcop}.hint{.vec}.mtype [a], {b~}, c:u64
st{.weak@6.0/70}{.global}.evict{.vec}.mtype [a], {b~}
st{.weak@6.0/70}{.global}.evict.hint{.vec}.mtype [a], {b~}, c:u64
st.volatile{.gspace}{.vec}.mtype [a], {b~}
st.relaxed|release.scope{.gspace}{.vec}.mtype [a], {b~} ; 6.0 70
st.relaxed|release.scope{.global}{.evict}{.vec}.mtype [a], {b~} ; 6.0 70
st.relaxed|release.scope{.global}{.evict}.hint{.vec}.mtype [a], {b~}, c:u64 ; 6.0 70
st.mmio.relaxed.sys{.global}.mtype [a], b~ ; 8.2 70
st{.weak@6.0/70}{.global}{.evict}.L2::evict_first|L2::evict_last|L2::evict_normal.v8.b32|u32|s32|f32 [a], {b} ; 8.8 100
st{.weak@6.0/70}{.global}{.evict}.L2::evict_first|L2::evict_last|L2::evict_normal.v4.b64|u64|s64|f64 [a], {b} ; 8.8 100
prefetch{.global|local}.L1|L2 [a]
prefetch{.global}.L2::evict_last|L2::evict_normal [a] ; 7.4 80
prefetch{.const|param}.tensormap [a] ; 8.0 90
prefetchu.L1 [a:global]
applypriority{.global}.L2::evict_normal [a], b:u32#128..128 ; 7.4 80
discard{.global}.L2 [a], b:u32#128..128 ; 7.4 80
`

// ISA 9.7.13.13 and 9.7.13.14: atomics.
const atomicForms = `
atom{.sem}{.scope}{.gspace}.and|or|xor.b32|b64 d_, [a], b
atom{.sem}{.scope}{.gspace}.add.u32|s32|u64|f32|f64 d_, [a], b
atom{.sem}{.scope}{.gspace}.inc|dec.u32 d_, [a], b
atom{.sem}{.scope}{.gspace}.min|max.u32|s32|u64|s64 d_, [a], b
atom{.sem}{.scope}{.gspace}.exch.b32|b64 d_, [a], b
atom{.sem}{.scope}{.gspace}.cas.b32|b64 d_, [a], b, c
atom{.sem}{.scope}{.gspace}.cas.b16 d_, [a], b, c ; 6.3 70
atom{.sem}{.cta|cluster|gpu}{.gspace}.exch.b128 d_, [a], b ; 8.3 90
atom{.sem}.sys{.gspace}.exch.b128 d_, [a], b ; 8.4 90
atom{.sem}{.cta|cluster|gpu}{.gspace}.cas.b128 d_, [a], b, c ; 8.3 90
atom{.sem}.sys{.gspace}.cas.b128 d_, [a], b, c ; 8.4 90
atom{.sem}{.scope}{.gspace}.add.noftz.f16x2 d_, [a], b ; 6.2 60
atom{.sem}{.scope}{.gspace}.add.noftz.f16 d_, [a], b ; 6.3 70
atom{.sem}{.scope}{.gspace}.add.noftz.bf16|bf16x2 d_, [a], b ; 7.8 90
atom{.sem}{.scope}{.global}.and|or|xor.hint.b32|b64 d_, [a], b, c:u64
atom{.sem}{.scope}{.global}.add.hint.u32|s32|u64|f32|f64 d_, [a], b, c:u64
atom{.sem}{.scope}{.global}.inc|dec.hint.u32 d_, [a], b, c:u64
atom{.sem}{.scope}{.global}.min|max.hint.u32|s32|u64|s64 d_, [a], b, c:u64
atom{.sem}{.scope}{.global}.exch.hint.b32|b64 d_, [a], b, c:u64
atom{.sem}{.scope}{.global}.add.v2|v4.f32 {d_}, [a], {b} ; 8.1 90
atom{.sem}{.scope}{.global}.add.hint.v2|v4.f32 {d_}, [a], {b}, c:u64 ; 8.1 90
atom{.sem}{.scope}{.global}.add|min|max.noftz.v2|v4|v8.f16|bf16 {d_}, [a], {b} ; 8.1 90
atom{.sem}{.scope}{.global}.add|min|max.noftz.hint.v2|v4|v8.f16|bf16 {d_}, [a], {b}, c:u64 ; 8.1 90
atom{.sem}{.scope}{.global}.add|min|max.noftz.v2|v4.f16x2|bf16x2 {d_}, [a], {b} ; 8.1 90
atom{.sem}{.scope}{.global}.add|min|max.noftz.hint.v2|v4.f16x2|bf16x2 {d_}, [a], {b}, c:u64 ; 8.1 90
red{.relaxed@6.0/70|release@6.0/70}{.scope}{.gspace}.and|or|xor.b32|b64 [a], b
red{.relaxed@6.0/70|release@6.0/70}{.scope}{.gspace}.add.u32|s32|u64|f32|f64 [a], b
red{.relaxed@6.0/70|release@6.0/70}{.scope}{.gspace}.inc|dec.u32 [a], b
red{.relaxed@6.0/70|release@6.0/70}{.scope}{.gspace}.min|max.u32|s32|u64|s64 [a], b
red{.relaxed@6.0/70|release@6.0/70}{.scope}{.gspace}.add.noftz.f16x2 [a], b ; 6.2 60
red{.relaxed@6.0/70|release@6.0/70}{.scope}{.gspace}.add.noftz.f16 [a], b ; 6.3 70
red{.relaxed@6.0/70|release@6.0/70}{.scope}{.gspace}.add.noftz.bf16|bf16x2 [a], b ; 7.8 90
red{.relaxed@6.0/70|release@6.0/70}{.scope}{.global}.and|or|xor.hint.b32|b64 [a], b, c:u64
red{.relaxed@6.0/70|release@6.0/70}{.scope}{.global}.add.hint.u32|s32|u64|f32|f64 [a], b, c:u64
red{.relaxed@6.0/70|release@6.0/70}{.scope}{.global}.inc|dec.hint.u32 [a], b, c:u64
red{.relaxed@6.0/70|release@6.0/70}{.scope}{.global}.min|max.hint.u32|s32|u64|s64 [a], b, c:u64
red{.relaxed@6.0/70|release@6.0/70}{.scope}{.global}.add.v2|v4.f32 [a], {b} ; 8.1 90
red{.relaxed@6.0/70|release@6.0/70}{.scope}{.global}.add.hint.v2|v4.f32 [a], {b}, c:u64 ; 8.1 90
red{.relaxed@6.0/70|release@6.0/70}{.scope}{.global}.add|min|max.noftz.v2|v4|v8.f16|bf16 [a], {b} ; 8.1 90
red{.relaxed@6.0/70|release@6.0/70}{.scope}{.global}.add|min|max.noftz.hint.v2|v4|v8.f16|bf16 [a], {b}, c:u64 ; 8.1 90
red{.relaxed@6.0/70|release@6.0/70}{.scope}{.global}.add|min|max.noftz.v2|v4.f16x2|bf16x2 [a], {b} ; 8.1 90
red{.relaxed@6.0/70|release@6.0/70}{.scope}{.global}.add|min|max.noftz.hint.v2|v4.f16x2|bf16x2 [a], {b}, c:u64 ; 8.1 90
`
