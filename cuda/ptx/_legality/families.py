"""The probe lines of each family, after the ISA's list of instructions. See probes.py for the notation."""

FAMILIES = {
    "integer": """
add $sat,cc $all | T T T
sub $sat,cc $all | T T T
mul -,lo,hi,wide,sat $all | T T T; W T T
mad -,lo,hi,wide,sat -,sat,cc $all | T T T T; W T T W
mul24 -,lo,hi,wide $all | T T T; W T T
mad24 -,lo,hi -,sat $all | T T T T
sad $sat $all | T T T T
div $sat $int,$bits | T T T
rem $sat $all | T T T
abs $sat $int,$bits,$odd | T T
neg $sat $int,$bits,$odd | T T
min $relu $int,$bits,$odd | T T T
max $relu $int,$bits,$odd | T T T
popc -,cc $all | u32 T
clz -,shiftamt $all | u32 T
bfind -,shiftamt $all | u32 T
brev -,cc $all | T T
fns $all | b32 b32 b32 s32
bfe $all | T T u32 u32
bfi $all | T T T u32 u32
szext -,clamp,wrap $all | T T u32
bmsk -,clamp,wrap $all | T u32 u32
dp4a -,sat u32,s32,b32,u8,s8,- u32,s32,b32,u8,- | u32 u32 u32 u32
dp2a -,lo,hi u32,s32,b32,- u32,s32,b32,- | u32 u32 u32 u32
add cc,-,sat u32,s32,u64,s64,b32,u16,f32 | T T T
addc -,cc,sat u32,s32,u64,s64,b32,u16,s16,f32 | T T T
sub cc,- u32,s32,u64,s64 | T T T
subc -,cc,sat u32,s32,u64,s64,b32,u16,s16,f32 | T T T
mad -,lo,hi,wide -,cc u32,s32,u64,s64,b32,u16,s16,f32 | T T T T
madc -,lo,hi,wide -,cc,sat u32,s32,u64,s64,b32,u16,s16,f32 | T T T T
""",
    "logic": """
and -,cc $all | T T T
or -,sat $all | T T T
xor -,ftz $all | T T T
not -,cc $all | T T
cnot -,sat $all | T T
shl -,clamp,wrap $all | T T u32
shr -,clamp,wrap $all | T T u32
shf -,l,r -,clamp,wrap $all | T T T u32
lop3 -,and,or,xor $all | T T T T 128; p T T T T 128 %p1; %r0|%p0 T T T 128 %p1; _|%p0 T T T 128 %p1
prmt $all -,f4e,b4e,rc8,ecl,ecr,rc16,foo | T T T T
prmt b32 -,f4e,b4e,rc8,ecl,ecr,rc16,r | b32 b32 b32 u32
""",
    "float": """
#800 add $rnd $ftz $sat $flt,tf32,f32x2,s32 | T T T
#800 sub $rnd $ftz $sat $flt,tf32,f32x2,u32 | T T T
#800 mul $rnd $ftz $sat $flt,tf32,f32x2,b32 | T T T
#900 fma $rnd $ftz $sat $relu,oob $flt,s32,f32x2 | T T T T
#500 mad $rnd $ftz $sat $flt | T T T T
#500 div -,approx,full,rn,rz,rm,rp $ftz $sat $flt | T T T
rcp -,approx,rn,rz,rm,rp $ftz $flt,s32 | T T
sqrt -,approx,rn,rz,rm,rp $ftz $flt,s32 | T T
rsqrt -,approx,rn $ftz $flt,s32 | T T
sin -,approx,rn $ftz $flt | T T
cos -,approx,full $ftz $flt | T T
lg2 -,approx $ftz $flt | T T
ex2 -,approx,rn $ftz $sat $flt | T T
tanh -,approx $ftz $sat $flt | T T
neg $ftz $sat $flt,b16,b32 | T T
abs $ftz $sat $flt,b16,b32 | T T
min $ftz $nan -,xorsign.abs,xorsign,abs $flt,s16x2,u16x2 | T T T; T T T T
max $ftz $nan -,xorsign.abs,abs.xorsign $flt,s16x2,u16x2 | T T T; T T T T
min $relu s32,s16x2,u32,u16x2,f16,f32 | T T T
max $relu s32,s16x2,u32,u16x2,bf16,f16x2 | T T T
copysign $ftz $flt,b32 | T T T
testp -,finite,infinite,number,notanumber,normal,subnormal $flt,s32 | p0 T; %p0 T
add $rnd -,sat -,ftz f32 f16,bf16,f32 | f32 L f32
sub rn,-,rz -,sat f32 f16,bf16,f16x2 | f32 L f32
fma rn,-,rz,rp -,sat f32 f16,bf16,f16x2 | f32 L L f32
add u16x2,s16x2,f32x2 | T T T
""",
    "cvt": """
#1500 cvt -,rn,rz,rm,rp,rna,rs,rni,rzi,rmi,rpi $ftz $sat u8,u16,u32,u64,s8,s16,s32,s64,f16,bf16,f32,f64,b16,b32,f16x2 u8,u16,u32,u64,s8,s16,s32,s64,f16,bf16,f32,f64,b16,b32,f16x2 | T U
#600 cvt -,rn,rni,rz $sat u8,u16,u32,u64,s8,s16,s32,s64,f16,bf16,f32,f64 u8,u16,u32,u64,s8,s16,s32,s64,f16,bf16,f32,f64 | b32 U; f32 U; b64 U; T b64; f64 U; T f64
cvt -,rn,rz,rna,rm,rs -,relu -,satfinite,sat,ftz f16,bf16,tf32 f32,f64,f16 | T U
cvt -,rn,rz,rna,rs -,relu -,satfinite,sat f16x2,bf16x2 f32,f16,f64 | T f32 f32; T f32; T f32 f32 b32; T f32 f32 f32
cvt -,rn,rz,rna -,satfinite -,relu tf32,b32 f32 | b32 f32
#600 cvt -,rn,rz,rs -,satfinite,sat -,relu e4m3x2,e5m2x2,e2m1x2,e2m3x2,e3m2x2,ue8m0x2 f32,f16x2,bf16x2,f16 | T f32 f32; T U; b16 f32 f32
cvt -,rn,rz,rp -,relu -,satfinite f16x2,bf16x2,f32 e4m3x2,e5m2x2,e2m1x2,e2m3x2,e3m2x2,ue8m0x2 | T U; b32 b16
cvt.pack -,sat u16,s16,u8,s8,u4,s4,u2,s2 s32,u32 -,b32 | b32 s32 s32 b32; b32 s32 s32
cvta -,to -,global,shared,local,const,param,shared::cta,shared::cluster,param::entry,param::func $int,b32,b64 | T T
isspacep -,global,shared,local,const,param,shared::cta,shared::cluster,param::entry,param::func -,u32,u64 | %p0 u64; %p0 u32
""",
    "setp": """
#900 setp $cmp -,and,or,xor $ftz $all | %p0 T T; %p0|%p1 T T; %p0 T T %p2; %p0|%p1 T T !%p2
#600 setp eq,lt,ne,lo,num,nan $ftz f16,f16x2,bf16,bf16x2 -,and | %p0|%p1 T T; %p0 T T; %p0|%p1 T T %p2
#900 set $cmp -,and,or $ftz u32,s32,f32,b32,u16,f16,bf16,f16x2,u64 $all | T U U; T U U %p1
#500 set eq,lt,gt,num $ftz f16,bf16,f16x2,bf16x2,u16,s16,u32,s32 f16,f16x2,bf16,bf16x2 | T U U
selp $ftz $all | T T T %p1
slct $ftz $all s32,f32,u32,f64 | T T T U
""",
    "mov": """
mov -,v2,v4 $all | V V; T {%r0,%r1}; {%r0,%r1} T; {%h0,%h1} T; T {%h0,%h1}; {%h0,%h1,%h2,%h3} T; {%r0,%r1,%r2,%r3} T; {%b0,%b1} T; T {%b0,%b1,%b2,%b3}; {%d0,%d1} T
mov b16,b32,b64,b128,u32,f32 | T {%b0,%b1}; T {%f0,%f1}; {%f0,%f1} T; T {%h0,1}; T {1,%h1}; T {_,%h1}; {_,%r1} T; {%r0,_} T; {%r0,%r0} T; T {%r0,%r1,%r2}; T {%r0,%h1}; {%u0,%u1} T; {%hf0,%hf1} T; T {%hx0,%hx1}; T {%d0,%d1}; T {%fd0,%fd1}; T {%p0,%p1}; {%uh0,%uh1,%uh2,%uh3} T; T {%r0}; {%r0} T; T {1,2}; T {%tid.x,%r1}; T {%s0,%s1,%s2,%s3}; {%ud0,%ud1} T
mov u32,u64,b32,b64,s32,s64,f32,u16,b16,pred,f64,f16,b128 | T %tid.x; T %tid.y; T %ctaid.z; T %ntid.w; T %laneid; T %warpid; T %nwarpid; T %smid; T %nsmid; T %gridid; T %lanemask_eq; T %lanemask_ge; T %clock; T %clock_hi; T %clock64; T %globaltimer; T %globaltimer_lo; T %pm0; T %pm3_64; T %envreg3; T %dynamic_smem_size; T %total_smem_size; T %aggr_smem_size; T %clusterid.x; T %nclusterid.y; T %cluster_ctaid.x; T %cluster_ctarank; T %cluster_nctarank; T %is_explicit_cluster; T %current_graph_exec; T %reserved_smem_offset_begin; T WARP_SZ; T %tid; T %envreg40; T %pm9
mov u32,u64,b32,b64,s32,s64,f32,u16,b16,pred,f64,f16 | T sh; T gv; T lv; T cv; T p0; T p2; T sh+4; T gv+16; T k; T sh+-4; T gv[3]; T LBL; T p0+8; T gv-4; T nosuch; T %nosuch
mov u32,u64,b32,b64,s32,s64,f32,u16,s16,b16,pred,f64,f16,bf16,f16x2,u8 | T 0; T 1; T -1; T 70000; T 4294967296; T 1.0; T 0f3f800000; T 0d3ff0000000000000; T 1U; T !%p1; T -%r1; T 0x8000000000000000; T 18446744073709551615
""",
    "ld": """
#1800 ld $order $scope $space $ldcache $vec $mem | V [%d8]; V [%d1]
#500 ld -,volatile,relaxed,acquire,weak -,gpu,cta,sys,cluster -,global,shared,local,const,param -,v2,v4 b8,u8,s8,b16,u16,b32,u32,f32,b64,u64,f64,s64 | V [%d1]
#600 ld -,weak,relaxed.gpu $space $evict $pre $vec b32,f32,b64,u8,b16 | V [%d1]
#400 ld global -,ca,cg,cs nc $evict $pre $vec b32,f32,u64,b8,s16,b128 | V [%d1]
ld -,global,shared L2::cache_hint,L2::evict_last,L2::evict_first,L2::evict_normal $vec b32,f32,b64 | V [%d1]; V [%d1] b64
ld $anycache -,global b32 | T [%d1]
ld -,global $vec $mem | b64 [%d1]; b32 [%d1]; f32 [%d1]; f64 [%d1]; b16 [%d1]; b8 [%d1]; u32 [%d1]; s64 [%d1]; f16 [%d1]; pred [%d1]; u16 [%d1]; {%d0,%d1} [%d1]; {%f0,%f1} [%d1]; {%r0,%r1,%r2,%r3} [%d1]; {%r0,_,%r2,_} [%d1]; b128 [%d1]
ld global,shared,local,const,param,- b32,u8 | b32 [gv]; b32 [sh]; b32 [lv]; b32 [cv]; b32 [p0]; b32 [p1]; b32 [p2+4]; b32 [gv+4]; b32 [16]; b32 [%r1]; b32 [k]
ldu -,global,shared,const -,ca,volatile $vec $mem | V [%d1]
prefetch -,global,local,shared,const,param L1,L2,L1::evict_last,L2::evict_last,L2::evict_normal,- | [%d1]; [gv]; [lv]
prefetchu L1,L2,- -,global | [%d1]; [gv]
prefetch.tensormap | [%d1]
prefetch -,const,param,global tensormap,L3 | [%d1]
applypriority -,global L2::evict_normal,L2::evict_last | [%d1] 128; [gv] 128; [%d1] 64
discard -,global L2,L1 | [%d1] 128; [%d1] 64; [gv] 128
""",
    "st": """
#1500 st $order $scope $space $stcache $vec $mem | [%d1] V
#400 st -,volatile,relaxed,release,weak -,gpu,cta,sys,cluster -,global,shared,local -,v2,v4 b8,u8,s8,b16,u16,b32,u32,f32,b64,u64,f64,s64 | [%d1] V
#500 st -,weak,relaxed.gpu $space $evict $vec b32,f32,b64,u8,b16 | [%d1] V
st -,global,shared L2::cache_hint,L2::evict_last,L2::64B $vec b32,f32,b64 | [%d1] V; [%d1] V b64
st $anycache -,global b32 | [%d1] T
st -,global $vec $mem | [%d1] b64; [%d1] b32; [%d1] f32; [%d1] f64; [%d1] b16; [%d1] b8; [%d1] u32; [%d1] s64; [%d1] 1; [%d1] 1.0; [%d1] f16; [%d1] u16; [%d1] pred; [%d1] {%d0,%d1}; [%d1] {%f0,%f1}; [%d1] {1,2}; [%d1] {1.0,2.0}; [%d1] {%r0,1,%r2,3}; [%d1] {_,%r1}; [%d1] %tid.x; [%d1] sh; [%d1] 300; [%d1] 0x123456789abc; [%d1] b128
st global,shared,local,const,param,- b32,u8 | [gv] b32; [sh] b32; [lv] b32; [cv] b32; [p0] b32; [p2+4] b32; [gv+4] b32; [16] b32; [%r1] b32; [k] b32
""",
    "atom": """
#2500 atom -,relaxed,acquire,release,acq_rel,volatile,weak $scope -,global,shared,local,shared::cta,shared::cluster,const $atomop -,noftz $mem | T [%d1] T; T [%d1] T T
#700 red -,relaxed,acquire,release,acq_rel $scope -,global,shared,local,shared::cluster,shared::cta $atomop -,noftz $mem | [%d1] T
atom -,global,shared $atomop $mem | T [%d1] T; T [%d1] T T; _ [%d1] T
red -,global,shared $atomop $mem | [%d1] T
atom -,global $atomop -,noftz f16,f16x2,bf16,bf16x2,f32,f64 | T [%d1] T
#400 atom -,global,shared -,relaxed.gpu add,min,max,exch,and -,noftz -,v2,v4,v8 f32,f16,f16x2,bf16,bf16x2,b32,f64 | V [%d1] V
#400 red -,global,shared -,relaxed.gpu add,min,max,and -,noftz -,v2,v4,v8 f32,f16,f16x2,bf16,bf16x2,b32,f64 | [%d1] V
atom -,global,shared add,cas,exch,min L2::cache_hint -,v2 u32,b32,f32,b64,u64 | V [%d1] V b64; T [%d1] T T b64
red -,global,shared add,min,and L2::cache_hint -,v2 u32,b32,f32,b64,u64 | [%d1] V b64; [%d1] V
atom add,min global,shared -,gpu u32,f32 | T [gv] T; T [sh] T; T [cv] T; T [%r1] T; T [%d1+4] T; T [gv+4] T; T [%d1] 1; T [%d1] 1.0; _ [%d1] T
red add,min global,shared -,gpu u32,f32 | [gv] T; [sh] T; [cv] T; [%r1] T; [%d1+4] T; [%d1] 1; [%d1] 1.0
atom cas,exch -,global,shared -,cta,sys b16,b32,b64,b128,u32,f32 | T [%d1] T; T [%d1] T T; T [%d1] 1 2; T [%d1] T 1
""",
    "shfl": """
shfl -,sync up,down,bfly,idx,- b32,u32,s32,f32,b64,b16,pred,- | T T 1 31; T T 1 31 -1; %r0|%p0 T 1 31 -1; %r0|%p0 T 1 31; T T b32 b32 b32; T T b32 b32; %f0|%p0 T 1 31 -1; _ T 1 31 -1; %r0|_ T 1 31 -1
vote -,sync all,any,uni,ballot,- pred,b32,u32,- | %p0 %p1; %p0 %p1 -1; %p0 !%p1 -1; %r0 %p1; %r0 %p1 -1; %r0 !%p1 %r1; %p0 1 -1; %p0 %r1 -1; %p0 %p1 %r1; %d0 %p1 -1; %s0 %p1 -1; %f0 %p1 -1
match any,all,- sync,- b32,b64,u32,u64,f32,b16 | %r0 T -1; %r0|%p0 T -1; %r0 T %r1; %r0|%p0 T %r1; %d0 T -1; _|%p0 T -1; %r0|_ T -1; %r0 1 -1
redux -,sync add,min,max,and,or,xor,inc -,abs,NaN,abs.NaN u32,s32,b32,f32,u64,f16 | T T -1; T T %r1; T 1 -1; T T; %r0 T -1
activemask b32,u32,b64,- | %r0; %d0; %f0; %s0; %u0; %p0
elect -,sync | %r0|%p0 -1; %p0 -1; _|%p0 -1; %r0|%p0 %r1; %r0 -1; %r0|_ -1
""",
    "bar": """
bar -,warp,cta sync,arrive,red -,aligned,all,popc,and,or,xor -,u32,pred | 0; 0 32; %r0; %r0 %r1; ; %r0 0 %p1; %p0 0 %p1; %p0 0 32 !%p1; %r0 0 64 %p1; -1; %r1; 16; 15; 0 33; 0 0
barrier -,cta sync,arrive,red -,aligned,popc,and,or -,aligned -,u32,pred | 0; 0 32; %r0; %r0 %r1; ; %r0 0 %p1; %p0 0 %p1; %p0 0 32 !%p1; 16; 15; 0 33
barrier.cluster arrive,wait,- -,release,acquire,relaxed -,aligned | ; 0
barrier.cluster arrive,wait,- -,aligned -,release,acquire,relaxed | ;
bar.warp sync,arrive,- | -1; %r1; 0xffffffff; ; %p1; %h1; %d1; %f1; 1.0; %r1 %r2; %tid.x
membar cta,gl,sys,gpu,cluster,- -,proxy | ;
membar.proxy -,alias,async,async.global,async.shared::cta,tensormap | ;
fence -,sc,acq_rel,acquire,release,relaxed,volatile cta,cluster,gpu,sys,gl,- | ;
fence.proxy -,alias,async,async.global,async.shared::cta,async.shared::cluster,async.shared,tensormap,generic | ;
fence.mbarrier_init -,release -,cluster,gpu,cta | ;
griddepcontrol launch_dependents,wait,- | ; 0
setmaxnreg inc,dec,- sync,- aligned,- u32,s32,- | 64; 24; 240; 23; 25; 256; %r0; 0; 248; 16
""",
    "mma": """
#1200 mma -,sync -,aligned m16n8k8,m16n8k16,m8n8k4,m16n8k4,m16n8k32 row,col row,col f16,f32,s32,bf16,f64 f16,bf16,tf32 f16,bf16,tf32 f16,f32,bf16 | 4f32 4b32 2b32 4f32; 2b32 4b32 2b32 2b32; 4f32 2b32 1b32 4f32; 2b32 2b32 1b32 2b32; 8f32 2b32 2b32 8f32; 4b32 2b32 2b32 4b32
mma.sync.aligned m16n8k8,m16n8k16 row col f16,f32 f16 f16 f16,f32 | 4f32 4b32 2b32 4f32; 2b32 4b32 2b32 2b32; 4f32 2b32 1b32 4f32; 2b32 2b32 1b32 2b32; 4f32 4b32 2b32 2b32; 2b32 2b32 1b32 4f32; 2b32 4b32 2b32 4f32; 4f32 2b32 b32 4f32; 2b32 2b32 b32 2b32
mma.sync.aligned m8n8k4 row,col row,col f16,f32 f16 f16 f16,f32 | 8f32 2b32 2b32 8f32; 4b32 2b32 2b32 4b32; 8f32 2b32 2b32 4b32; 4b32 2b32 2b32 8f32
mma.sync.aligned m16n8k4,m16n8k8,m16n8k16,m8n8k4 row,col col,row f32 tf32,bf16,f16 tf32,bf16 f32 | 4f32 4b32 2b32 4f32; 4f32 2b32 1b32 4f32; 4f32 2b32 b32 4f32; 4b32 4b32 2b32 4b32; 4f32 4f32 2f32 4f32
mma.sync.aligned m8n8k4,m16n8k4,m16n8k8,m16n8k16 row,col col,row -,rn,rz,rm,rp f64,f32 f64 f64 f64 | 2f64 1f64 1f64 2f64; 4f64 2f64 1f64 4f64; 4f64 4f64 2f64 4f64; 4f64 8f64 4f64 4f64; 2f64 f64 f64 2f64
#1500 mma.sync.aligned m8n8k16,m8n8k32,m16n8k16,m16n8k32,m16n8k64,m8n8k128,m16n8k128,m16n8k256,m16n8k8 row col -,satfinite,sat s32,u32 s8,u8,s4,u4,b1 s8,u8,s4,u4,b1 s32,u32 | 2s32 b32 b32 2s32; 2s32 1b32 1b32 2s32; 4s32 2b32 1b32 4s32; 4s32 4b32 2b32 4s32; 4s32 2b32 b32 4s32
#600 mma.sync.aligned m8n8k128,m16n8k128,m16n8k256,m8n8k32 row col -,satfinite s32 b1,s4 b1 s32 -,xor.popc,and.popc,xor,popc | 2s32 1b32 1b32 2s32; 4s32 2b32 1b32 4s32; 4s32 4b32 2b32 4s32
mma.sync.aligned m16n8k32,m16n8k16 row col f32,f16 e4m3,e5m2,e2m1 e4m3,e5m2,e3m2 f32,f16 | 4f32 4b32 2b32 4f32; 4f32 2b32 1b32 4f32; 2b32 4b32 2b32 2b32
mma -,sync -,aligned m16n8k16,m16n8k8 row,- col,- f32 f16,bf16 f16,bf16 f32 -,satfinite | 4f32 4b32 2b32 4f32
""",
    "ldmatrix": """
#900 ldmatrix sync,- aligned,- m8n8,m8n16,m16n16,- x1,x2,x4,- -,trans -,shared,shared::cta,shared::cluster,global b16,b8,b32,b8x16.b4x16_p64 | X [%d1]; X [%r1]
ldmatrix.sync.aligned m8n8 x1,x2,x4 -,trans shared,- b16 | X [%r1]; X [sh]; %r0 [%r1]; {%r0,%r1} [%r1]; {%f0,%f1,%f2,%f3} [%r1]; {%h0,%h1,%h2,%h3} [%r1]; {%u0,%u1} [%r1+16]; {%d0} [%r1]; {%s0} [%r1]; X [gv]; {%hx0,%hx1} [sh+16]
#600 stmatrix sync,- aligned,- m8n8,m16n8,- x1,x2,x4,- -,trans -,shared,shared::cta,global b16,b8,b32 | [%d1] X; [%r1] X
stmatrix.sync.aligned m8n8 x1,x2,x4 -,trans shared,- b16 | [%r1] X; [sh] X; [%r1] %r0; [%r1] {%f0,%f1}; [%r1] {%h0}; [%r1] {1}; [%r1] {%u0}
movmatrix sync,- aligned,- m8n8,m16n8,- trans,- b16,b32,b8 | %r0 %r1; %f0 %f1; %d0 %d1; {%r0} {%r1}; %u0 %s1; %r0 1
""",
    "cpasync": """
#700 cp.async ca,cg,cs,- -,shared,shared::cta,shared::cluster,global global,shared,- -,L2::cache_hint $pre | [%r1] [%d1] 4; [%r1] [%d1] 8; [%r1] [%d1] 16; [%r1] [%d1] 2; [%r1] [%d1] 16 %r2; [%r1] [%d1] 16 %p1; [%r1] [%d1] 16 8 %d2
cp.async ca,cg shared,shared::cta global -,L2::128B,L2::64B,L2::256B,L2::cache_hint | [%r1] [%d1] 4; [%r1] [%d1] 8; [%r1] [%d1] 16; [%r1] [%d1] 16 %r2; [%r1] [%d1] 16 !%p1; [%r1] [%d1] 16 8; [%r1] [%d1] 4 %r2; [%r1] [%d1] 4 %p1; [%r1] [%d1] 16 %d2; [%r1] [%d1] 16 %r2 %d2; [sh] [gv] 16; [sh+16] [gv+16] 16; [gv] [sh] 16; [%r1] [%d1] 32; [%r1] [%d1] %r3; [%r1] [%d1]; [%r1] [%d1] 16 32; [%d2] [%d1] 16; [%r1] [%r2] 16; [%r1] [%d1] 16 -1; [%r1] [%d1] 16 %h1; [%r1] [%d1] 16 0; [%r1+32] [%d1+32] 16
cp.async.commit_group -,sync | ; 0
cp.async.wait_group -,read | 0; 1; 7; 100; ; -1; %r0; 1.0
cp.async.wait_all -,read | ; 0
cp.async.mbarrier.arrive -,noinc -,shared,shared::cta,global,shared::cluster b64,b32,- | [%r1]; [sh]; [%d1]
""",
    "mbarrier": """
mbarrier.init -,shared,shared::cta,shared::cluster,global b64,b32,- | [%r1] %r2; [%d1] 1; [sh] 32; [%r1]; [%r1] -1; [%r1] %d1
mbarrier.inval -,shared,shared::cta,shared::cluster,global b64,b32,- | [%r1]; [%d1]; [sh]
#500 mbarrier arrive,arrive_drop -,expect_tx,noComplete -,release,relaxed,acquire -,cta,cluster,gpu -,shared,shared::cta,shared::cluster b64 | %d0 [%r1]; %d0 [%r1] %r2; _ [%r1]; _ [%r1] 1; [%r1]; %r0 [%r1]
#500 mbarrier test_wait,try_wait -,parity -,acquire,relaxed,release -,cta,cluster,gpu -,shared,shared::cta,shared::cluster b64 | %p0 [%r1] %d1; %p0 [%r1] %r1; %p0 [%r1] %d1 %r2; %p0 [%r1] 1; %p0 [%r1] %r1 %r2; %r0 [%r1] %d1
mbarrier expect_tx,complete_tx -,relaxed -,cta,cluster,gpu -,shared,shared::cta,shared::cluster b64 | [%r1] %r2; [%r1] 16
mbarrier.pending_count b64,b32,u64 | %r0 %d1; %d0 %d1; %r0 1
""",
    "control": """
bra -,uni,sync | LBL; %r0; 0; k; nosuch; LBL LBL; gv
brx idx,- -,uni | %r0 LBL; %r0 TS; %d0 TS
call -,uni | (%r0),k; k; nosuch; LBL
ret -,uni,sync | ; 0; %r0
exit -,uni | ; 0; %r0
trap -,uni | ; 0
brkpt -,uni | ; 0
nanosleep u32,s32,b32,u64,- | 100; %r0; %d0; -1; 1.0; %h0; %f0; %s0
pmevent -,mask | 0; 3; 15; 16; 7; 65535; %r0; -1; 0x1ff
nop | ; 0
mapa -,shared::cluster,shared,global u32,u64,b32 | T T b32; %r0 sh %r1; %d0 sh %r1; %r0 sh+4 1; T T 0
getctarank -,shared::cluster,shared u32,u64,b32 | %r0 T; %r0 sh; %d0 T
createpolicy.fractional L2::evict_last,L2::evict_first,L2::evict_normal,L2::evict_unchanged -,L2::evict_unchanged,L2::evict_first b64 | %d0; %d0 1.0; %d0 0.5; %r0 1.0
stacksave u32,u64,b32 | %r0; %d0
stackrestore u32,u64,b32 | %r0; %d0
alloca u32,u64,b32 | T T; T T 8; T 16
""",
    "wmma": """
#300 wmma.load a,b,c,d sync,- aligned,- row,col m16n16k16,m8n32k16,m32n8k16,m8n8k4 -,global,shared f16,f32,bf16,s8,u8,tf32,f64 | 8b32 [%d1]; 8b32 [%d1] %r1; 4b32 [%d1] %r1; 8f32 [%d1] 16
#300 wmma.mma sync,- aligned,- row,col row,col m16n16k16,m8n32k16,m32n8k16 f16,f32,s32 f16,f32,s32,- -,f16 | 8b32 8b32 8b32 8b32; 8f32 8b32 8b32 8f32; 4b32 8b32 8b32 4b32
#300 wmma.store d sync,- aligned,- row,col m16n16k16,m8n32k16,m32n8k16 -,global,shared f16,f32,s32,bf16 | [%d1] 8f32; [%d1] 8f32 %r1; [%d1] 4b32 %r1
""",
}
