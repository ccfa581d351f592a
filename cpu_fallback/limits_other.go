//go:build !linux

package cpu

import "math"

// availableMemory is a guess: this system is not asked.
func availableMemory() int64 { return guessedMemory }

// processorQuota is that of a system without control groups: none.
func processorQuota() int { return math.MaxInt }
