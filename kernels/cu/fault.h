// What kernels report of ids, rows and lengths in device memory that are out of range. Nothing is read or written there.
#pragma once
#include "device.h"

// Which operation met one. The launchers have the same numbers, cuda/fault.go.
enum Fault { kFaultEmbed = 1, kFaultPool, kFaultPut, kFaultTake, kFaultScatter, kFaultAttention, kFaultCrossEntropy };

// Sets the word that a queue looks at, of several the largest. It may be null.
DEVICE void report(int *fault, Fault code) {
  if (fault) asm volatile("red.global.max.s32 [%0], %1;" ::"l"(fault), "r"((int)code) : "memory");
}
