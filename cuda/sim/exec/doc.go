// Package exec executes kernels of checked PTX on the host, warp by warp, and reports what they do
// wrong: also what a GPU would let pass.
//
// [Compile] decodes every entry of a module once into dense instructions: a function, the slots of
// the operands, the guard, the place where diverged lanes meet again. [Program.Load] places the
// module's variables in a device's memory, [Image.Launch] runs a grid. Registers are slabs of 32
// lanes, predicates are masks. Blocks run on all cores; the warps of a block take turns, each up to
// its next barrier, in an order that a seed decides.
//
// What an instruction computes is package arith's matter, which instructions are legal package ptx's;
// what is legal and not executed here is refused by Compile by its name.
//
// Divergence is handled as hardware before Volta did it, by a stack of paths that meet at the
// immediate post-dominator of the branch, and opened up where the independent thread scheduling of
// Volta makes a difference: a path that waits for lanes of another one (bar.warp.sync, barrier.sync,
// a spin lock) is split off and scheduled by itself.
//
// Section numbers are those of the PTX ISA 8.8.
package exec
