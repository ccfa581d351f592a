package cpu

import "math/bits"

// guessedMemory is the memory of a system that does not say: 16 GiB, or what fits beside
// the program in 32 bits of addresses, 1 GiB.
const guessedMemory = 1 << (30 + 4*(bits.UintSize/64))
