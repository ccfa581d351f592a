package gpu

// Drop zeroes elements with probability Rate, in [0, 1), and scales the others by
// 1/(1−Rate). Nothing is stored: element e is kept or not by Keep, which every
// backend computes to the bit, and the gradient repeats the Key.
type Drop struct {
	Rate float32
	Key  uint64
}

// Keep is what element e ≥ 0 is multiplied by.
func (d Drop) Keep(e int) float32 {
	if d.Rate == 0 {
		return 1
	}
	if Hash(d.Key, uint64(e))>>8 < uint32(d.Rate*(1<<24)) {
		return 0
	}
	return 1 / (1 - d.Rate)
}

// Hash gives the 32 random bits of element e under key, from which Drop and
// Sample draw on every backend. It works on 32-bit words, because a GPU's 64-bit
// products are slow: two rounds of the lowbias32 mixer (C. Wellons, "Prospecting
// for hash functions"), the upper words folded in between.
func Hash(key, e uint64) uint32 {
	x := uint32(e) + uint32(key)
	for _, k := range [...]uint32{uint32(key >> 32), uint32(e >> 32)} {
		x = (x ^ x>>16 ^ k) * 0x7feb352d
		x = (x ^ x>>15) * 0x846ca68b
	}
	return x
}
