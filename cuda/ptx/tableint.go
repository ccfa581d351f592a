package ptx

// formSets are the names for groups of suffixes in the rows of the table.
var formSets = map[string]string{
	"rnd":      "rn rz rm rp",
	"itype":    "u16 u32 u64 s16 s32 s64",
	"btype":    "b16 b32 b64",
	"ival":     "u8 u16 u32 u64 s8 s16 s32 s64",
	"irnd":     "rni rzi rmi rpi",
	"icmp":     "eq ne lt le gt ge",
	"ucmp":     "lo ls hi hs",
	"fcmp":     "equ neu ltu leu gtu geu num nan",
	"bool":     "and or xor",
	"mtype":    "u8 u16 u32 u64 s8 s16 s32 s64 b8 b16 b32 b64 f32 f64 b128@8.3/70",
	"ldspace":  "global shared local const param shared::cta@7.8 shared::cluster@7.8/90 param::entry@8.3 param::func@8.3",
	"stspace":  "global shared local param shared::cta@7.8 shared::cluster@7.8/90 param::func@8.3",
	"gspace":   "global shared shared::cta@7.8 shared::cluster@7.8/90",
	"ldcop":    "ca cg cs lu cv",
	"stcop":    "wb cg cs wt",
	"vec":      "v2 v4 v8",
	"evict":    "L1::evict_normal@7.4/70 L1::evict_unchanged@7.4/70 L1::evict_first@7.4/70 L1::evict_last@7.4/70 L1::no_allocate@7.4/70",
	"prefetch": "L2::64B@7.4/75 L2::128B@7.4/75 L2::256B@7.4/80",
	"hint":     "L2::cache_hint@7.4/80",
	"sem":      "relaxed@6.0/70 acquire@6.0/70 release@6.0/70 acq_rel@6.0/70",
	"scope":    "cta cluster@7.8/90 gpu sys",
}

// formTexts are all rows of the table.
var formTexts = []string{integerForms, logicForms, floatForms, compareForms, convertForms, moveForms, memoryForms, atomicForms, warpForms, matrixForms, controlForms, mbarrierForms}

// ISA 9.7.1 and 9.7.2: integer arithmetic, with carry and without.
const integerForms = `
add.itype d, a, b
add.sat.s32 d, a, b
add.u16x2|s16x2 d, a!, b! ; 8.0 90
add.cc.u32|s32|u64|s64 d, a, b
addc{.cc}.u32|s32|u64|s64 d, a, b
sub.itype d, a, b
sub.sat.s32 d, a, b
sub.cc.u32|s32|u64|s64 d, a, b
subc{.cc}.u32|s32|u64|s64 d, a, b
mul.lo|hi.itype d, a, b
mul.wide.u16|s16|u32|s32 d:w, a, b
mad.lo|hi.itype d, a, b, c
mad.wide.u16|s16|u32|s32 d:w, a, b, c:w
mad.hi.sat.s32 d, a, b, c
mad.lo|hi.cc.u32|s32|u64|s64 d, a, b, c
madc.lo|hi{.cc}.u32|s32|u64|s64 d, a, b, c
mul24.lo|hi.u32|s32 d, a, b
mad24.lo|hi.u32|s32 d, a, b, c
mad24.hi.sat.s32 d, a, b, c
sad.itype d, a, b, c
div.itype d, a, b
rem.itype d, a, b
abs.s16|s32|s64 d, a
neg.s16|s32|s64 d, a
min.itype d, a, b
max.itype d, a, b
min.u16x2|s16x2 d, a!, b! ; 8.0 90
max.u16x2|s16x2 d, a!, b! ; 8.0 90
min.relu.s32|s16x2 d, a, b ; 8.0 90
max.relu.s32|s16x2 d, a, b ; 8.0 90
popc.b32|b64 d:u32, a
clz.b32|b64 d:u32, a
bfind{.shiftamt}.u32|u64|s32|s64 d:u32, a
brev.b32|b64 d, a
fns.b32 d:b32, a:b32, b:b32, c:b32
bfe.u32|u64|s32|s64 d, a, b:u32<0..255, c:u32<0..255
bfi.b32|b64 d, a, b, c:u32<0..255, e:u32<0..255
szext.clamp|wrap.u32|s32 d, a, b:u32 ; 7.6 70
bmsk.clamp|wrap.b32 d:u32, a:u32, b:u32 ; 7.6 70
dp4a.u32|s32.u32|s32 d:u32, a:u32, b:u32, c:u32 ; 5.0 61
dp2a.lo|hi.u32|s32.u32|s32 d:u32, a:u32, b:u32, c:u32 ; 5.0 61
`

// ISA 9.7.8: logic and shifts; 9.7.9.7: prmt.
const logicForms = `
and.pred d, a^, b^
or.pred d, a^, b^
xor.pred d, a^, b^
not.pred d, a^
and.btype d, a, b
or.btype d, a, b
xor.btype d, a, b
not.btype d, a
cnot.btype d, a
shl.btype d, a, b:u32
shr.btype d, a, b:u32
shr.itype d, a, b:u32
shf.l|r.clamp|wrap.b32 d, a, b, c:u32
lop3.b32 d, a, b, c, e:u32#
lop3.or|and.b32 d_|p_, a, b, c, e:u32#, g:pred^ ; 8.2 70
prmt.b32{.f4e|b4e|rc8|ecl|ecr|rc16} d, a, b, c
`

// ISA 9.7.3 to 9.7.5: floating point.
const floatForms = `
add{.rnd}{.ftz}{.sat}.f32 d, a, b
sub{.rnd}{.ftz}{.sat}.f32 d, a, b
mul{.rnd}{.ftz}{.sat}.f32 d, a, b
add{.rnd}.f64 d, a, b
sub{.rnd}.f64 d, a, b
mul{.rnd}.f64 d, a, b
add{.rn}{.ftz}{.sat}.f16|f16x2 d, a, b
sub{.rn}{.ftz}{.sat}.f16|f16x2 d, a, b
mul{.rn}{.ftz}{.sat}.f16|f16x2 d, a, b
add{.rn}.bf16|bf16x2 d, a, b ; 7.8 90
sub{.rn}.bf16|bf16x2 d, a, b ; 7.8 90
mul{.rn}.bf16|bf16x2 d, a, b ; 7.8 90
fma.rnd{.ftz}{.sat}.f32 d, a, b, c
fma.rnd.f64 d, a, b, c
fma.rn{.ftz}{.sat}.f16|f16x2 d, a, b, c
fma.rn{.ftz}.relu.f16|f16x2 d, a, b, c ; 7.0 80
fma.rn{.relu}.bf16|bf16x2 d, a, b, c ; 7.0 80
fma.rn.oob{.relu}.f16|f16x2|bf16|bf16x2 d, a, b, c ; 8.1 90
mad.rnd{.ftz}{.sat}.f32 d, a, b, c
mad.rnd.f64 d, a, b, c
div.approx|full{.ftz}.f32 d, a, b
div.rnd{.ftz}.f32 d, a, b
div.rnd.f64 d, a, b
rcp.approx{.ftz}.f32 d, a
rcp.rnd{.ftz}.f32 d, a
rcp.rnd.f64 d, a
rcp.approx.ftz.f64 d, a
sqrt.approx{.ftz}.f32 d, a
sqrt.rnd{.ftz}.f32 d, a
sqrt.rnd.f64 d, a
rsqrt.approx{.ftz}.f32 d, a
rsqrt.approx{.ftz}.f64 d, a
sin.approx{.ftz}.f32 d, a
cos.approx{.ftz}.f32 d, a
lg2.approx{.ftz}.f32 d, a
ex2.approx{.ftz}.f32 d, a
ex2.approx.f16|f16x2 d, a ; 7.0 75
ex2.approx.ftz.bf16|bf16x2 d, a ; 7.8 90
tanh.approx.f32 d, a ; 7.0 75
tanh.approx.f16|f16x2 d, a ; 7.0 75
tanh.approx.bf16|bf16x2 d, a ; 7.8 90
neg{.ftz}.f32 d, a
abs{.ftz}.f32 d, a
neg.f64 d, a
abs.f64 d, a
neg{.ftz}.f16|f16x2 d, a ; 6.0 53
abs{.ftz}.f16|f16x2 d, a ; 6.5 53
neg.bf16|bf16x2 d, a ; 7.0 80
abs.bf16|bf16x2 d, a ; 7.0 80
min{.ftz}{.NaN@7.0/80}.f32 d, a, b
max{.ftz}{.NaN@7.0/80}.f32 d, a, b
min{.ftz}{.NaN}.xorsign.abs.f32 d, a, b ; 7.2 86
max{.ftz}{.NaN}.xorsign.abs.f32 d, a, b ; 7.2 86
min{.ftz}{.NaN}{.abs}.f32 d, a, b, c ; 8.8 100
max{.ftz}{.NaN}{.abs}.f32 d, a, b, c ; 8.8 100
min.f64 d, a, b
max.f64 d, a, b
min{.ftz}{.NaN}.f16|f16x2 d, a, b ; 7.0 80
max{.ftz}{.NaN}.f16|f16x2 d, a, b ; 7.0 80
min{.ftz}{.NaN}.xorsign.abs.f16|f16x2 d, a, b ; 7.2 86
max{.ftz}{.NaN}.xorsign.abs.f16|f16x2 d, a, b ; 7.2 86
min{.NaN}.bf16|bf16x2 d, a, b ; 7.0 80
max{.NaN}.bf16|bf16x2 d, a, b ; 7.0 80
min{.NaN}.xorsign.abs.bf16|bf16x2 d, a, b ; 7.2 86
max{.NaN}.xorsign.abs.bf16|bf16x2 d, a, b ; 7.2 86
copysign.f32|f64 d, a, b
testp.finite|infinite|number|notanumber|normal|subnormal.f32|f64 p, a
add{.rnd}{.ftz}.f32x2 d, a, b ; 8.6 100
sub{.rnd}{.ftz}.f32x2 d, a, b ; 8.6 100
mul{.rnd}{.ftz}.f32x2 d, a, b ; 8.6 100
fma.rnd{.ftz}.f32x2 d, a, b, c ; 8.6 100
add{.rnd}{.sat}.f32.f16|bf16 d, a:1, c ; 8.6 100
sub{.rnd}{.sat}.f32.f16|bf16 d, a:1, c ; 8.6 100
fma.rnd{.sat}.f32.f16|bf16 d, a:1, b:1, c ; 8.6 100
`
