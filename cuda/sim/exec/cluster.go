package exec

import (
	"math/bits"

	"github.com/rapt-go/rapt/cuda/ptx"
)

// This file is what belongs to clusters (§9.7.13.4, §9.7.9.22, .23). Launches have none, so that every
// cluster is one block.

// A clusterBarrier is barrier.cluster: arrivals and waits are two instructions.
type clusterBarrier struct {
	arrived []uint32 // lanes of each warp
	clocks  []uint32
	done    []uint32
	phase   int
}

// complete starts the next phase when all threads that are left have arrived.
func (c *cta) clusterComplete() {
	b := &c.cluster
	for i, w := range c.warps {
		if w.live&^b.arrived[i] != 0 {
			return
		}
	}
	b.phase++
	clear(b.arrived)
	copy(b.done, b.clocks)
}

func decodeCluster(d *decoder) {
	arrive := d.src.Op == ptx.OpBarrierClusterArrive
	d.k.precise = true
	d.inst.kind = kBlock
	d.inst.block = func(w *warp, in *inst, m uint32) bool {
		b := &w.cta.cluster
		if b.arrived == nil {
			n := len(w.cta.warps)
			b.arrived, b.clocks, b.done = make([]uint32, n), make([]uint32, n), make([]uint32, n)
		}
		if arrive {
			if again := b.arrived[w.id] & m; again != 0 {
				w.fatal(in, IllegalOperand, bits.TrailingZeros32(again), "a second arrival without a wait")
			}
			b.arrived[w.id] |= m
			w.clusterPhase = b.phase
			w.publish(b.clocks)
			w.cta.clusterComplete()
			w.cur.pc++
			return false
		}
		if w.cta.clusterComplete(); b.phase == w.clusterPhase {
			w.turn = 0
			return true
		}
		w.learn(b.done)
		w.cur.pc++
		return false
	}
}

func decodeMapa(d *decoder) {
	in, t := d.src, d.src.Type(0)
	a, rank := d.val(in.Args[1], t), d.val(in.Args[2], ptx.U32)
	dst := d.dst(in.Args[0], t)
	d.inst.run = func(w *warp, in *inst, m uint32) {
		for rest := m; rest != 0; rest &= rest - 1 {
			l := bits.TrailingZeros32(rest)
			if r := w.get(rank, l); r != 0 {
				w.fatal(in, IllegalOperand, l, "block %d of a cluster of one", r)
			}
		}
		w.write(dst, w.read(a, &w.buf[0]), m)
	}
}

func decodeGetctarank(d *decoder) {
	d.apply1(func(uint64) uint64 { return 0 }, ptx.U32, d.src.Type(0))
}
