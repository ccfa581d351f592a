package ptx

// ISA 9.7.9.5 and 9.7.13: exchange and barriers among threads.
const warpForms = `
shfl.sync.up|down|bfly|idx.b32 d/p_, a, b:b32, c:b32, e:u32 ; 6.0
shfl.up|down|bfly|idx.b32 d/p_, a, b:b32, c:b32 ; -6.3
vote.sync.all|any|uni.pred d, a^, b:u32 ; 6.0
vote.sync.ballot.b32 d, a:pred^, b:u32 ; 6.0
vote.all|any|uni.pred d, a^ ; -6.3
vote.ballot.b32 d, a:pred^ ; -6.3
match.any.sync.b32|b64 d:u32, a, b:u32 ; 6.0 70
match.all.sync.b32|b64 d:u32_/p_, a, b:u32 ; 6.0 70
redux.sync.add|min|max.u32|s32 d, a, b:u32 ; 7.0 80
redux.sync.and|or|xor.b32 d:u32, a:u32, b:u32 ; 7.0 80
redux.sync.min|max{.abs}{.NaN}.f32 d, a, b:u32 ; 8.6 100f
activemask.b32 d ; 6.2
elect.sync d:b32_|p, a:u32 ; 8.0 90
bar{.cta@7.8}.sync a:u32<0..15, b:u32<0..2147483647%32?
bar{.cta@7.8}.arrive a:u32<0..15, b:u32<32..2147483647%32
bar{.cta@7.8}.red.popc.u32 d, a:u32<0..15, c:pred^
bar{.cta@7.8}.red.popc.u32 d, a:u32<0..15, b:u32<32..2147483647%32, c:pred^
bar{.cta@7.8}.red.and|or.pred d, a:u32<0..15, c^
bar{.cta@7.8}.red.and|or.pred d, a:u32<0..15, b:u32<32..2147483647%32, c^
barrier{.cta@7.8}.sync{.aligned} a:u32<0..15, b:u32<0..2147483647%32? ; 6.0
barrier{.cta@7.8}.arrive{.aligned} a:u32<0..15, b:u32<32..2147483647%32 ; 6.0
barrier{.cta@7.8}.red.popc{.aligned}.u32 d, a:u32<0..15, c:pred^ ; 6.0
barrier{.cta@7.8}.red.popc{.aligned}.u32 d, a:u32<0..15, b:u32<32..2147483647%32, c:pred^ ; 6.0
barrier{.cta@7.8}.red.and|or{.aligned}.pred d, a:u32<0..15, c^ ; 6.0
barrier{.cta@7.8}.red.and|or{.aligned}.pred d, a:u32<0..15, b:u32<32..2147483647%32, c^ ; 6.0
barrier.cluster.arrive{.release@8.0|relaxed@8.0}{.aligned} ; 7.8 90
barrier.cluster.wait{.acquire@8.0}{.aligned} ; 7.8 90
bar.warp.sync a:u32 ; 6.0
membar.cta|gl|sys
membar.proxy.alias ; 7.5 70
fence{.sc|acq_rel|acquire|release}.scope ; 6.0 70
fence.proxy.alias ; 7.5 70
fence.proxy.async{.global|shared::cta|shared::cluster} ; 8.0 90
fence.mbarrier_init.release.cluster ; 8.0 90
griddepcontrol.wait ; 7.8 90
griddepcontrol.launch_dependents ; 7.8 90
setmaxnreg.inc|dec.sync.aligned.u32 a:u32#24..256%8 ; 8.0 90a|100f|120f
`

// ISA 9.7.14: matrices.
const matrixForms = `
mma.sync.aligned.m8n8k4.row|col.row|col.f16.f16.f16.f16 {d*4:f16x2_}, {a*2:f16x2}, {b*2:f16x2}, {c*4:f16x2} ; 6.4 70
mma.sync.aligned.m8n8k4.row|col.row|col.f32.f16.f16.f32 {d*8:f32_}, {a*2:f16x2}, {b*2:f16x2}, {c*8:f32} ; 6.4 70
mma.sync.aligned.m8n8k4.row|col.row|col.f32.f16.f16.f16 {d*8:f32_}, {a*2:f16x2}, {b*2:f16x2}, {c*4:f16x2} ; 6.4 70
mma.sync.aligned.m16n8k8.row.col.f16.f16.f16.f16 {d*2:f16x2_}, {a*2:f16x2}, {b*1:f16x2!}, {c*2:f16x2} ; 6.5 75
mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 {d*4:f32_}, {a*2:f16x2}, {b*1:f16x2!}, {c*4:f32} ; 6.5 75
mma.sync.aligned.m16n8k16.row.col.f16.f16.f16.f16 {d*2:f16x2_}, {a*4:f16x2}, {b*2:f16x2}, {c*2:f16x2} ; 7.0 80
mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {d*4:f32_}, {a*4:f16x2}, {b*2:f16x2}, {c*4:f32} ; 7.0 80
mma.sync.aligned.m16n8k8.row.col.f32.bf16.bf16.f32 {d*4:f32_}, {a*2:bf16x2}, {b*1:bf16x2!}, {c*4:f32} ; 7.0 80
mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {d*4:f32_}, {a*4:bf16x2}, {b*2:bf16x2}, {c*4:f32} ; 7.0 80
mma.sync.aligned.m16n8k4.row.col.f32.tf32.tf32.f32 {d*4:f32_}, {a*2:tf32}, {b*1:tf32!}, {c*4:f32} ; 7.0 80
mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {d*4:f32_}, {a*4:tf32}, {b*2:tf32}, {c*4:f32} ; 7.0 80
mma.sync.aligned.m8n8k4.row.col{.rnd}.f64.f64.f64.f64 {d*2:f64_}, {a*1:f64!}, {b*1:f64!}, {c*2:f64} ; 7.0 80
mma.sync.aligned.m16n8k4.row.col{.rnd}.f64.f64.f64.f64 {d*4:f64_}, {a*2:f64}, {b*1:f64!}, {c*4:f64} ; 7.8 90
mma.sync.aligned.m16n8k8.row.col{.rnd}.f64.f64.f64.f64 {d*4:f64_}, {a*4:f64}, {b*2:f64}, {c*4:f64} ; 7.8 90
mma.sync.aligned.m16n8k16.row.col{.rnd}.f64.f64.f64.f64 {d*4:f64_}, {a*8:f64}, {b*4:f64}, {c*4:f64} ; 7.8 90
mma.sync.aligned.m8n8k16.row.col{.satfinite}.s32.s8|u8.s8|u8.s32 {d*2:s32_}, {a*1:b32!}, {b*1:b32!}, {c*2:s32} ; 6.5 75
mma.sync.aligned.m16n8k16.row.col{.satfinite}.s32.s8|u8.s8|u8.s32 {d*4:s32_}, {a*2:b32}, {b*1:b32!}, {c*4:s32} ; 7.0 80
mma.sync.aligned.m16n8k32.row.col{.satfinite}.s32.s8|u8.s8|u8.s32 {d*4:s32_}, {a*4:b32}, {b*2:b32}, {c*4:s32} ; 7.0 80
mma.sync.aligned.m8n8k32.row.col{.satfinite}.s32.s4|u4.s4|u4.s32 {d*2:s32_}, {a*1:b32!}, {b*1:b32!}, {c*2:s32} ; 6.5 75
mma.sync.aligned.m16n8k32.row.col{.satfinite}.s32.s4|u4.s4|u4.s32 {d*4:s32_}, {a*2:b32}, {b*1:b32!}, {c*4:s32} ; 7.0 80
mma.sync.aligned.m16n8k64.row.col{.satfinite}.s32.s4|u4.s4|u4.s32 {d*4:s32_}, {a*4:b32}, {b*2:b32}, {c*4:s32} ; 7.0 80
mma.sync.aligned.m8n8k128.row.col.s32.b1.b1.s32.xor|and@7.1/80.popc {d*2:s32_}, {a*1:b32!}, {b*1:b32!}, {c*2:s32} ; 7.0 75
mma.sync.aligned.m16n8k128.row.col.s32.b1.b1.s32.xor|and@7.1.popc {d*4:s32_}, {a*2:b32}, {b*1:b32!}, {c*4:s32} ; 7.0 80
mma.sync.aligned.m16n8k256.row.col.s32.b1.b1.s32.xor|and@7.1.popc {d*4:s32_}, {a*4:b32}, {b*2:b32}, {c*4:s32} ; 7.0 80
mma.sync.aligned.m16n8k32.row.col.f32.e4m3|e5m2.e4m3|e5m2.f32 {d*4:f32_}, {a*4:b32}, {b*2:b32}, {c*4:f32} ; 8.4 89
mma.sync.aligned.m16n8k32.row.col.f16.e4m3|e5m2.e4m3|e5m2.f16 {d*2:f16x2_}, {a*4:b32}, {b*2:b32}, {c*2:f16x2} ; 8.7 89
mma.sync.aligned.m16n8k16.row.col.f32.e4m3|e5m2.e4m3|e5m2.f32 {d*4:f32_}, {a*2:b32}, {b*1:b32!}, {c*4:f32} ; 8.7 89
mma.sync.aligned.m16n8k16.row.col.f16.e4m3|e5m2.e4m3|e5m2.f16 {d*2:f16x2_}, {a*2:b32}, {b*1:b32!}, {c*2:f16x2} ; 8.7 89
ldmatrix.sync.aligned.m8n8.x1{.trans}{.shared|shared::cta@7.8}.b16 {d*1:b32_}, [a] ; 6.5 75
ldmatrix.sync.aligned.m8n8.x2{.trans}{.shared|shared::cta@7.8}.b16 {d*2:b32_}, [a] ; 6.5 75
ldmatrix.sync.aligned.m8n8.x4{.trans}{.shared|shared::cta@7.8}.b16 {d*4:b32_}, [a] ; 6.5 75
ldmatrix.sync.aligned.m16n16.x1.trans{.shared|shared::cta}.b8 {d*2:b32_}, [a] ; 8.6 100f|120f
ldmatrix.sync.aligned.m16n16.x2.trans{.shared|shared::cta}.b8 {d*4:b32_}, [a] ; 8.6 100f|120f
stmatrix.sync.aligned.m8n8.x1{.trans}{.shared|shared::cta}.b16 [a], {b*1:b32!} ; 7.8 90
stmatrix.sync.aligned.m8n8.x2{.trans}{.shared|shared::cta}.b16 [a], {b*2:b32!} ; 7.8 90
stmatrix.sync.aligned.m8n8.x4{.trans}{.shared|shared::cta}.b16 [a], {b*4:b32!} ; 7.8 90
stmatrix.sync.aligned.m16n8.x1.trans{.shared|shared::cta}.b8 [a], {b*1:b32!} ; 8.6 100f|120f
stmatrix.sync.aligned.m16n8.x2.trans{.shared|shared::cta}.b8 [a], {b*2:b32!} ; 8.6 100f|120f
stmatrix.sync.aligned.m16n8.x4.trans{.shared|shared::cta}.b8 [a], {b*4:b32!} ; 8.6 100f|120f
movmatrix.sync.aligned.m8n8.trans.b16 d:b32, a:b32! ; 7.8 75
`

// ISA 9.7.12 and 9.7.19: control flow and the rest; 9.7.9.25: cp.async.
const controlForms = `
bra{.uni} label
brx.idx{.uni} a:u32!, targets ; 6.0
ret{.uni}
exit
trap
brkpt
nanosleep.u32 a:u32 ; 6.3 70
pmevent a:u32#0..15
pmevent.mask a:u32#0..65535
mapa{.shared::cluster}.u32|u64 d, a&, b:u32 ; 7.8 90
getctarank{.shared::cluster}.u32|u64 d:u32, a& ; 7.8 90
createpolicy.fractional.L2::evict_last|L2::evict_normal|L2::evict_first|L2::evict_unchanged{.L2::evict_first|L2::evict_unchanged}.b64 d:u64, a:f32? ; 7.4 80
cp.async.ca.shared|shared::cta.global{.prefetch} [a:shared], [b:global], c:u32#4..8%4, e:u32<0..8? ; 7.0 80
cp.async.ca.shared|shared::cta.global{.prefetch} [a:shared], [b:global], c:u32#4..8%4, e:pred!^ ; 7.5 80
cp.async.ca.shared|shared::cta.global.hint{.prefetch} [a:shared], [b:global], c:u32#4..8%4, f:u64 ; 7.4 80
cp.async.ca.shared|shared::cta.global.hint{.prefetch} [a:shared], [b:global], c:u32#4..8%4, e:u32<0..8, f:u64 ; 7.4 80
cp.async.ca.shared|shared::cta.global.hint{.prefetch} [a:shared], [b:global], c:u32#4..8%4, e:pred!^, f:u64 ; 7.5 80
cp.async.ca.shared|shared::cta.global{.prefetch} [a:shared], [b:global], c:u32#16..16, e:u32<0..16? ; 7.0 80
cp.async.ca.shared|shared::cta.global{.prefetch} [a:shared], [b:global], c:u32#16..16, e:pred!^ ; 7.5 80
cp.async.ca.shared|shared::cta.global.hint{.prefetch} [a:shared], [b:global], c:u32#16..16, f:u64 ; 7.4 80
cp.async.ca.shared|shared::cta.global.hint{.prefetch} [a:shared], [b:global], c:u32#16..16, e:u32<0..16, f:u64 ; 7.4 80
cp.async.ca.shared|shared::cta.global.hint{.prefetch} [a:shared], [b:global], c:u32#16..16, e:pred!^, f:u64 ; 7.5 80
cp.async.cg.shared|shared::cta.global{.prefetch} [a:shared], [b:global], c:u32#16..16, e:u32<0..16? ; 7.0 80
cp.async.cg.shared|shared::cta.global{.prefetch} [a:shared], [b:global], c:u32#16..16, e:pred!^ ; 7.5 80
cp.async.cg.shared|shared::cta.global.hint{.prefetch} [a:shared], [b:global], c:u32#16..16, f:u64 ; 7.4 80
cp.async.cg.shared|shared::cta.global.hint{.prefetch} [a:shared], [b:global], c:u32#16..16, e:u32<0..16, f:u64 ; 7.4 80
cp.async.cg.shared|shared::cta.global.hint{.prefetch} [a:shared], [b:global], c:u32#16..16, e:pred!^, f:u64 ; 7.5 80
cp.async.commit_group ; 7.0 80
cp.async.wait_group a:u32# ; 7.0 80
cp.async.wait_all ; 7.0 80
cp.async.mbarrier.arrive{.noinc}{.shared|shared::cta@7.8}.b64 [a] ; 7.0 80
`

// ISA 9.7.13.15: mbarrier.
const mbarrierForms = `
mbarrier.init{.shared|shared::cta@7.8}.b64 [a:shared], b:u32 ; 7.0 80
mbarrier.inval{.shared|shared::cta@7.8}.b64 [a:shared] ; 7.0 80
mbarrier.arrive{.shared|shared::cta@7.8}.b64 d, [a:shared] ; 7.0 80
mbarrier.arrive{.shared|shared::cta@7.8}.b64 _, [a:shared] ; 7.1 80
mbarrier.arrive{.shared|shared::cta@7.8}.b64 d_, [a:shared], b:u32<1..9223372036854775807 ; 7.8 90
mbarrier.arrive.noComplete{.shared|shared::cta@7.8}.b64 d_, [a:shared], b:u32<1..9223372036854775807 ; 7.0 80
mbarrier.arrive.noComplete.release.cta{.shared|shared::cta@7.8}.b64 d_, [a:shared], b:u32<1..9223372036854775807 ; 8.0 80
mbarrier.arrive.release.cta{.shared|shared::cta@7.8}.b64 d_, [a:shared] ; 8.0 80
mbarrier.arrive.release.cta{.shared|shared::cta@7.8}.b64 d_, [a:shared], b:u32<1..9223372036854775807 ; 8.0 90
mbarrier.arrive.release.cluster{.shared|shared::cta@7.8}.b64 d_, [a:shared], b:u32<1..9223372036854775807? ; 8.0 90
mbarrier.arrive.relaxed.cta|cluster{.shared|shared::cta@7.8}.b64 d_, [a:shared], b:u32<1..9223372036854775807? ; 8.6 90
mbarrier.arrive.shared::cluster.b64 _, [a:shared], b:u32<1..9223372036854775807? ; 8.0 90
mbarrier.arrive.release|relaxed@8.6.cta|cluster.shared::cluster.b64 _, [a:shared], b:u32<1..9223372036854775807? ; 8.0 90
mbarrier.arrive.expect_tx{.shared|shared::cta@7.8}.b64 d_, [a:shared], b:u32 ; 8.0 90
mbarrier.arrive.expect_tx.release|relaxed@8.6.cta|cluster{.shared|shared::cta@7.8}.b64 d_, [a:shared], b:u32 ; 8.0 90
mbarrier.arrive.expect_tx.shared::cluster.b64 _, [a:shared], b:u32 ; 8.0 90
mbarrier.arrive.expect_tx.release|relaxed@8.6.cta|cluster.shared::cluster.b64 _, [a:shared], b:u32 ; 8.0 90
mbarrier.arrive_drop{.shared|shared::cta@7.8}.b64 d, [a:shared] ; 7.0 80
mbarrier.arrive_drop{.shared|shared::cta@7.8}.b64 _, [a:shared] ; 7.1 80
mbarrier.arrive_drop{.shared|shared::cta@7.8}.b64 d_, [a:shared], b:u32<1..9223372036854775807 ; 7.8 90
mbarrier.arrive_drop.noComplete{.shared|shared::cta@7.8}.b64 d_, [a:shared], b:u32<1..9223372036854775807 ; 7.0 80
mbarrier.arrive_drop.noComplete.release.cta{.shared|shared::cta@7.8}.b64 d_, [a:shared], b:u32<1..9223372036854775807 ; 8.0 80
mbarrier.arrive_drop.release.cta{.shared|shared::cta@7.8}.b64 d_, [a:shared] ; 8.0 80
mbarrier.arrive_drop.release.cta{.shared|shared::cta@7.8}.b64 d_, [a:shared], b:u32<1..9223372036854775807 ; 8.0 90
mbarrier.arrive_drop.release.cluster{.shared|shared::cta@7.8}.b64 d_, [a:shared], b:u32<1..9223372036854775807? ; 8.0 90
mbarrier.arrive_drop.relaxed.cta|cluster{.shared|shared::cta@7.8}.b64 d_, [a:shared], b:u32<1..9223372036854775807? ; 8.6 90
mbarrier.arrive_drop.shared::cluster.b64 _, [a:shared], b:u32<1..9223372036854775807? ; 8.0 90
mbarrier.arrive_drop.release|relaxed@8.6.cta|cluster.shared::cluster.b64 _, [a:shared], b:u32<1..9223372036854775807? ; 8.0 90
mbarrier.arrive_drop.expect_tx{.shared|shared::cta@7.8}.b64 d_, [a:shared], b:u32 ; 8.0 90
mbarrier.arrive_drop.expect_tx.release|relaxed@8.6.cta|cluster{.shared|shared::cta@7.8}.b64 d_, [a:shared], b:u32 ; 8.0 90
mbarrier.arrive_drop.expect_tx.shared::cluster.b64 _, [a:shared], b:u32 ; 8.0 90
mbarrier.arrive_drop.expect_tx.release|relaxed@8.6.cta|cluster.shared::cluster.b64 _, [a:shared], b:u32 ; 8.0 90
mbarrier.test_wait{.shared|shared::cta@7.8}.b64 p, [a:shared], b:u64 ; 7.0 80
mbarrier.test_wait.acquire.cta{.shared|shared::cta@7.8}.b64 p, [a:shared], b:u64 ; 8.0 80
mbarrier.test_wait.acquire.cluster{.shared|shared::cta@7.8}.b64 p, [a:shared], b:u64 ; 8.0 90
mbarrier.test_wait.relaxed.cta|cluster{.shared|shared::cta@7.8}.b64 p, [a:shared], b:u64 ; 8.6 90
mbarrier.test_wait.parity{.shared|shared::cta@7.8}.b64 p, [a:shared], b:u32<0..1 ; 7.1 80
mbarrier.test_wait.parity.acquire.cta{.shared|shared::cta@7.8}.b64 p, [a:shared], b:u32<0..1 ; 8.0 80
mbarrier.test_wait.parity.acquire.cluster{.shared|shared::cta@7.8}.b64 p, [a:shared], b:u32<0..1 ; 8.0 90
mbarrier.test_wait.parity.relaxed.cta|cluster{.shared|shared::cta@7.8}.b64 p, [a:shared], b:u32<0..1 ; 8.6 90
mbarrier.try_wait{.shared|shared::cta@7.8}.b64 p, [a:shared], b:u64, c:u32? ; 7.8 90
mbarrier.try_wait.acquire.cta{.shared|shared::cta@7.8}.b64 p, [a:shared], b:u64, c:u32? ; 8.0 90
mbarrier.try_wait.acquire.cluster{.shared|shared::cta@7.8}.b64 p, [a:shared], b:u64, c:u32? ; 8.0 90
mbarrier.try_wait.relaxed.cta|cluster{.shared|shared::cta@7.8}.b64 p, [a:shared], b:u64, c:u32? ; 8.6 90
mbarrier.try_wait.parity{.shared|shared::cta@7.8}.b64 p, [a:shared], b:u32<0..1, c:u32? ; 7.8 90
mbarrier.try_wait.parity.acquire.cta{.shared|shared::cta@7.8}.b64 p, [a:shared], b:u32<0..1, c:u32? ; 8.0 90
mbarrier.try_wait.parity.acquire.cluster{.shared|shared::cta@7.8}.b64 p, [a:shared], b:u32<0..1, c:u32? ; 8.0 90
mbarrier.try_wait.parity.relaxed.cta|cluster{.shared|shared::cta@7.8}.b64 p, [a:shared], b:u32<0..1, c:u32? ; 8.6 90
mbarrier.expect_tx{.shared|shared::cta|shared::cluster}.b64 [a:shared], b:u32 ; 8.0 90
mbarrier.expect_tx.relaxed.cta|cluster{.shared|shared::cta|shared::cluster}.b64 [a:shared], b:u32 ; 8.0 90
mbarrier.complete_tx{.shared|shared::cta|shared::cluster}.b64 [a:shared], b:u32 ; 8.0 90
mbarrier.complete_tx.relaxed.cta|cluster{.shared|shared::cta|shared::cluster}.b64 [a:shared], b:u32 ; 8.0 90
mbarrier.pending_count.b64 d:u32, a:u64 ; 7.0 80
`
