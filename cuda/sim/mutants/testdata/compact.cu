#include "device.h"

// Appends the elements of x[n] above limit to y, in any order; count (0 before) is their number. One atomic per warp.
// Block 64.
KERNEL(64) compact(int *y, int *count, const int *x, int n, int limit) {
  const int i = block() * 64 + tid(), lane = tid() % 32;
  const int value = i < n ? x[i] : 0;
  const bool keep = i < n && value > limit;
  const u32 ballot = __nvvm_vote_ballot_sync(0xffffffffu, keep);
  const int leader = __builtin_ctz(ballot | 0x80000000u);
  int at = 0;
  if (lane == leader) at = __nvvm_atom_add_gen_i(count, __builtin_popcount(ballot));
  at = __nvvm_shfl_sync_idx_i32(0xffffffffu, at, leader, 31);
  if (keep) y[at + __builtin_popcount(ballot & ((1u << lane) - 1))] = value;
}
