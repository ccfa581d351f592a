package exec

import (
	"encoding/binary"
	"math/bits"
	"slices"

	"github.com/rapt-go/rapt/cuda/ptx"
)

// This file is a block's shared memory and the order of the accesses to it.
//
// Accesses are ordered by vector clocks (Flanagan and Freund, FastTrack, 2009) of warps: each warp
// counts its synchronisations, and knows up to which count of each other warp it is behind. Inside of
// a warp, lanes are ordered by the synchronisations of the warp; those of a part of it are kept apart
// in a matrix of lanes. Two accesses to a byte of which one writes, by threads that are not ordered,
// are a race; two atomic or volatile ones are none, nor is writing the value that is there already.

// shared is the shared memory of a block. For each cell of granule bytes it knows the last write and
// the reads since; a cell that was never written has none.
type shared struct {
	data    []byte
	write   []uint64 // see cell
	unset   []byte   // of cells with cellUnset: 1 for each such byte; nil before there is one
	read    []uint64 // the last read, see cell; manyLanes in the place of the lane where several read
	readers []uint64 // epoch<<32 | warps that have read since
	byWarp  []uint64 // precise: the last read by each warp, see cell
	shift   uint     // log2 of the granule
	used    bool
	layout  *sharedLayout
	precise bool
	warps   int
}

// A cell is who accessed bytes last: in bits from the lowest, the lane (6), warp (5), instruction
// (20), clock of the warp (28), strong, pending, one, gap, unset.
const (
	manyLanes = 32

	cellWarp    = 6
	cellInst    = 11
	cellClock   = 31
	cellStrong  = 1 << 59
	cellPending = 1 << 60 // the destination of a cp.async that has not landed
	cellSet     = 1 << 61
	cellGap     = 1 << 62 // bytes of no variable
	cellUnset   = 1 << 63 // some of what was written is a copy of bytes that nothing has written, see shared.unset
)

func makeCell(w *warp, in *inst, lane int, flags uint64) uint64 {
	return cellSet | flags | uint64(w.sync.clock)<<cellClock | uint64(in.id)<<cellInst | uint64(w.id)<<cellWarp | uint64(lane)
}

func cellLane(c uint64) int    { return int(c & 63) }
func cellOf(c uint64) int      { return int(c >> cellWarp & 31) }
func cellID(c uint64) int32    { return int32(c >> cellInst & (1<<20 - 1)) }
func cellTime(c uint64) uint32 { return uint32(c >> cellClock & (1<<28 - 1)) }

func (s *shared) init(l *Launch) {
	s.layout = &l.Kernel.shared
	n := s.layout.dynamic + l.Shared
	s.shift = uint(bits.TrailingZeros(uint(l.Kernel.sharedGranule)))
	s.precise = l.Kernel.precise
	s.warps = (l.Block[0]*l.Block[1]*l.Block[2] + 31) / 32
	s.data = make([]byte, (n+15)&^15)
	cells := len(s.data) >> s.shift
	s.write, s.read, s.readers = make([]uint64, cells), make([]uint64, cells), make([]uint64, cells)
	if s.precise {
		s.byWarp = make([]uint64, cells*s.warps)
	}
	s.data = s.data[:n]
	s.used = true
}

// reset forgets what the last block left.
func (s *shared) reset() {
	if !s.used {
		return
	}
	clear(s.write)
	clear(s.read)
	clear(s.readers)
	clear(s.byWarp)
	for i := range s.data {
		s.data[i] = 0xCD
	}
	at := 0
	gap := func(to int) {
		for ; at < to; at += 1 << s.shift {
			s.write[at>>s.shift] = cellGap
		}
	}
	for _, v := range s.layout.spans {
		at = (at + 1<<s.shift - 1) &^ (1<<s.shift - 1)
		gap(v.start)
		at = v.end
	}
	if s.layout.dynamic < len(s.data) || len(s.layout.spans) > 0 {
		at = (at + 1<<s.shift - 1) &^ (1<<s.shift - 1)
		gap(min(s.layout.dynamic, len(s.data)))
	}
}

// syncState is a warp's view of the order of accesses.
type syncState struct {
	clock     uint32       // synchronisations so far, from 1
	known     []uint32     // of each warp, the clock before which its accesses are ordered before what comes
	whole     uint32       // accesses of the warp's own lanes before this clock are ordered
	lanes     *[32]lanes32 // [lane][other]: the same after synchronisations of parts of the warp
	fenced    bool         // the warp has executed a fence since it last wrote to global memory
	fencedCTA bool         // the same, of any scope
}

func (s *syncState) reset() { *s = syncState{clock: 1, whole: 1, known: s.known} }

// tick starts a new interval for the whole warp.
func (s *syncState) tick() {
	s.clock++
	s.whole = s.clock
	s.lanes = nil
}

// syncLanes orders the accesses of the lanes m, bar.warp.sync.
func (w *warp) syncLanes(m uint32) {
	s := &w.sync
	if m == w.live {
		s.tick()
		return
	}
	s.clock++
	if s.lanes == nil {
		s.lanes = new([32]lanes32)
		for i := range s.lanes {
			for j := range s.lanes[i] {
				s.lanes[i][j] = s.whole
			}
		}
	}
	var all lanes32
	for i := range all {
		for l := m; l != 0; l &= l - 1 {
			all[i] = max(all[i], s.lanes[bits.TrailingZeros32(l)][i])
		}
		if m>>i&1 != 0 {
			all[i] = s.clock
		}
	}
	for l := m; l != 0; l &= l - 1 {
		s.lanes[bits.TrailingZeros32(l)] = all
	}
}

// follows reports whether what the lane does now is ordered behind the access of a cell.
func (w *warp) follows(c uint64, lane int) bool {
	v, t := cellOf(c), cellTime(c)
	if v != w.id {
		return t < w.sync.known[v]
	}
	if t < w.sync.whole || cellLane(c) == lane {
		return true
	}
	if w.sync.lanes == nil || lane >= manyLanes || cellLane(c) >= manyLanes {
		return false
	}
	return t < w.sync.lanes[lane][cellLane(c)]
}

// raceState is the order between the warps of a block.
type raceState struct {
	cta   *cta
	epoch uint32           // barriers of all threads
	syncs map[int][]uint32 // strong accesses that followed a fence, by address; shared or global, which differ
}

func (r *raceState) init(c *cta) { r.cta = c }

func (r *raceState) reset(warps int) {
	r.epoch, r.syncs = 1, nil
	for _, w := range r.cta.warps {
		if len(w.sync.known) != warps {
			w.sync.known = make([]uint32, warps)
		}
		clear(w.sync.known)
	}
}

// publish adds to clocks what a warp has done and knows.
func (w *warp) publish(clocks []uint32) {
	for i, t := range w.sync.known {
		clocks[i] = max(clocks[i], t)
	}
	clocks[w.id] = max(clocks[w.id], w.sync.clock+1)
	w.sync.tick()
}

// learn orders the warp behind what clocks stands for.
func (w *warp) learn(clocks []uint32) {
	for i, t := range clocks {
		w.sync.known[i] = max(w.sync.known[i], t)
	}
}

func (r *raceState) arrive(b *barrier, w *warp) {
	if b.clocks == nil {
		b.clocks = make([]uint32, len(r.cta.warps))
	}
	w.publish(b.clocks)
}

// open orders those that waited at a barrier behind all that arrived at it.
func (r *raceState) open(b *barrier, warps []*warp) {
	for _, w := range b.owners {
		w.learn(b.clocks)
	}
	if b.expected == 0 {
		r.epoch++
	}
	clear(b.clocks)
}

// sharedAt is the n bytes of shared memory at an offset, for a lane; it ends the launch where they do
// not exist. The caller asks for the order of the access.
func (w *warp) sharedAt(in *inst, lane int, off uint64, n int) []byte {
	s := &w.cta.shared
	if off&uint64(n-1) != 0 {
		w.misaligned(in, ptx.SharedSpace, lane, off, n)
	}
	if off >= uint64(len(s.data)) || uint64(len(s.data))-off < uint64(n) {
		w.sharedBounds(in, lane, off, n)
	}
	return s.data[off : off+uint64(n)]
}

func (w *warp) sharedBounds(in *inst, lane int, off uint64, n int) {
	s := &w.cta.shared
	w.fatalIssue(in, OutOfBounds, lane, &issue{space: ptx.SharedSpace, addr: off, bytes: n, otherID: -1,
		object: func() string { return s.layout.describe(int(min(off, 1<<40)), len(s.data)) }},
		"%d bytes at offset %d of shared memory", n, off)
}

// readShared is the bookkeeping of a read; strong ones are atomic or volatile.
func (w *warp) readShared(in *inst, lane int, off uint64, n int, strong bool) {
	s := &w.cta.shared
	mine := makeCell(w, in, lane, 0)
	if strong {
		mine |= cellStrong
	}
	first, last := off>>s.shift, (off+uint64(n)-1)>>s.shift
	write := s.write[first : last+1]
	for i, wr := range write {
		if wr&(cellSet|cellPending|cellUnset) != cellSet {
			w.readOdd(in, lane, off, first+uint64(i), n, wr)
		}
		if wr&(cellSet|cellPending) != cellSet {
			continue
		}
		if !w.follows(wr, lane) && !(strong && wr&cellStrong != 0) {
			w.sharedRace(in, lane, off, n, wr, "reads what", "wrote")
		}
	}
	w.noteRead(mine, first, last)
}

// noteRead remembers who has read cells.
func (w *warp) noteRead(mine, first, last uint64) {
	s := &w.cta.shared
	epoch, bit := uint64(w.cta.race.epoch)<<32, uint64(1)<<w.id
	read := s.read[first : last+1]
	readers := s.readers[first : last+1]
	for i, rd := range read {
		// Another lane of the warp in the same interval: several.
		if (rd^mine)&(1<<59-1-(1<<cellClock-1)|31<<cellWarp) == 0 && (rd^mine)&63 != 0 {
			read[i] = mine&^63 | manyLanes
		} else {
			read[i] = mine
		}
		readers[i] = addReader(readers[i], epoch, bit)
	}
	if s.precise {
		for c := first; c <= last; c++ {
			s.byWarp[int(c)*s.warps+w.id] = s.read[c]
		}
	}
}

// addReader adds a warp to the readers of a cell, which are none if they are of another epoch.
func addReader(readers, epoch, bit uint64) uint64 {
	if readers>>32 != epoch>>32 {
		return epoch | bit
	}
	return readers | bit
}

// settled reports whether the bytes of a cell were written, have landed, and are ordered before what any
// lane of the warp does now.
func (w *warp) settled(c uint64) bool {
	before := w.sync.whole
	if v := cellOf(c); v != w.id {
		before = w.sync.known[v]
	}
	return c&(cellSet|cellPending|cellUnset) == cellSet && cellTime(c) < before
}

// readTogether is readShared by all lanes as one.
func (w *warp) readTogether(in *inst, off uint64, n int) {
	s := &w.cta.shared
	first, last := off>>s.shift, (off+uint64(n)-1)>>s.shift
	for _, wr := range s.write[first : last+1] {
		if s.precise || !w.settled(wr) {
			w.readShared(in, manyLanes, off, n, false)
			return
		}
	}
	mine, epoch, bit := makeCell(w, in, manyLanes, 0), uint64(w.cta.race.epoch)<<32, uint64(1)<<w.id
	read, readers := s.read[first:last+1], s.readers[first:last+1]
	for i := range read {
		read[i] = mine
	}
	for i, r := range readers {
		readers[i] = addReader(r, epoch, bit)
	}
}

// loadWords is ld.shared of a word by each lane into a register: the same as the general way, lane by
// lane, for the form that most loads have.
func (w *warp) loadWords(in *inst, addr *lanes64, m uint32, d *lanes32) {
	s := &w.cta.shared
	known, whole, self := w.sync.known, w.sync.whole, w.id
	last, lastLane, all := ^uint64(0), 0, m
	for ; m != 0; m &= m - 1 {
		l := bits.TrailingZeros32(m) & 31
		off := addr[l]
		if off == last {
			d[l] = d[lastLane]
			s.read[off>>2] = s.read[off>>2]&^63 | manyLanes
			continue
		}
		last, lastLane = off, l
		b := w.sharedAt(in, l, off, 4)
		c := off >> 2
		wr := s.write[c]
		v, t := cellOf(wr), cellTime(wr)
		if wr&(cellSet|cellPending|cellUnset) != cellSet || v == self && t >= whole || v != self && t >= known[v] {
			w.readShared(in, l, off, 4, false)
		} else {
			w.noteRead(makeCell(w, in, l, 0), c, c)
		}
		d[l] = binary.LittleEndian.Uint32(b)
	}
	if w.unset.lanes != 0 {
		w.unset.sharedBytes(addr, all)
	}
}

// readOdd is a read of n bytes of which those of cell c were not written, are no variable's or are being copied to.
func (w *warp) readOdd(in *inst, lane int, start, c uint64, n int, cell uint64) {
	s := &w.cta.shared
	off := c << s.shift
	is := &issue{space: ptx.SharedSpace, addr: off, bytes: n, otherID: -1,
		object: func() string { return s.layout.describe(int(off), len(s.data)) }}
	switch {
	case cell&cellGap != 0:
		w.fatalIssue(in, OutOfBounds, lane, is, "a read of shared memory that no variable has")
	case cell&cellPending != 0:
		is.other, is.otherID = w.other(cell), cellID(cell)
		w.reportIssue(in, AsyncRead, lane, is, "a read of bytes that a cp.async writes, before it was waited for")
	default:
		if cell&cellUnset != 0 && in.lazy {
			w.unset.passed |= 1 << lane
		}
		w.foundUnset(in, lane, start, n, s.unsetIn(c)<<(off-start), unsetLoad{space: ptx.SharedSpace, what: "shared memory",
			object: func(_ int, addr uint64) string { return s.layout.describe(int(addr), len(s.data)) }})
	}
}

// other describes the access of a cell.
func (w *warp) other(cell uint64) *Access {
	a := w.cta.worker.run.place(cellID(cell))
	a.Block, a.Warp, a.Lane = w.cta.block, cellOf(cell), cellLane(cell)
	if a.Lane >= manyLanes {
		a.Lane = -1
	} else {
		a.Thread = w.cta.thread(32*a.Warp + a.Lane)
	}
	return a
}

func (w *warp) sharedRace(in *inst, lane int, off uint64, n int, cell uint64, what, other string) {
	if w.cta.launch.Off&CheckRaces != 0 {
		return
	}
	s := &w.cta.shared
	between := "no barrier"
	if cellOf(cell) == w.id {
		between = "no bar.warp.sync"
	}
	if lane >= manyLanes {
		lane = -1
	}
	w.reportIssue(in, SharedRace, lane, &issue{space: ptx.SharedSpace, addr: off, bytes: n, other: w.other(cell), otherID: cellID(cell),
		object: func() string { return s.layout.describe(int(off), len(s.data)) }},
		"it %s another thread %s, with %s between them", what, other, between)
}

// writeShared is the bookkeeping of a write of the bytes b, which are in place of old.
func (w *warp) writeShared(in *inst, lane int, off uint64, old, b []byte, flags uint64) {
	s := &w.cta.shared
	n := len(b)
	mine := makeCell(w, in, lane, flags)
	strong := flags&cellStrong != 0
	if !strong {
		w.sync.fencedCTA = false
	}
	first, last := off>>s.shift, (off+uint64(n)-1)>>s.shift
	for c := first; c <= last; c++ {
		wr := s.write[c]
		if (wr == 0 || w.settled(wr)) && w.unread(c) {
			s.write[c] = mine
			continue
		}
		if wr&(cellPending|cellGap) != 0 {
			w.writeOdd(in, lane, c<<s.shift, n, wr)
		} else if wr != 0 && !w.follows(wr, lane) && !(strong && wr&cellStrong != 0) && (flags&cellPending != 0 || !slices.Equal(old, b)) {
			w.sharedRace(in, lane, off, n, wr, "writes what", "wrote")
		}
		if rd := s.read[c]; rd != 0 && !(strong && rd&cellStrong != 0) {
			w.writeAfterRead(in, lane, off, n, c, rd, old, b, flags)
		}
		s.write[c] = mine
	}
}

// unread reports whether all reads of a cell are ordered before what any lane of the warp does now. It
// may miss some that are.
func (w *warp) unread(cell uint64) bool {
	s := &w.cta.shared
	if r := s.readers[cell]; uint32(r>>32) == w.cta.race.epoch && uint32(r)&^(1<<w.id) != 0 {
		return false
	}
	rd := s.read[cell]
	return rd == 0 || cellOf(rd) != w.id || cellTime(rd) < w.sync.whole
}

// writeAfterRead reports a write to bytes that others have read without order.
func (w *warp) writeAfterRead(in *inst, lane int, off uint64, n int, c, rd uint64, old, b []byte, flags uint64) {
	if flags&cellPending == 0 && slices.Equal(old, b) {
		return
	}
	if cellOf(rd) == w.id && !w.follows(rd, lane) {
		w.sharedRace(in, lane, off, n, rd, "writes what", "read")
		return
	}
	s := &w.cta.shared
	r := s.readers[c]
	if uint32(r>>32) != w.cta.race.epoch {
		return
	}
	for others := uint32(r) &^ (1 << w.id); others != 0; others &= others - 1 {
		v := bits.TrailingZeros32(others)
		switch {
		case s.precise:
			if rd = s.byWarp[int(c)*s.warps+v]; cellTime(rd) < w.sync.known[v] {
				continue
			}
		case cellOf(rd) != v && others&(others-1) == 0:
			// Not the last to read it, and which lane of the warp did is not kept.
			rd = rd&^(31<<cellWarp|63) | uint64(v)<<cellWarp | manyLanes
		case cellOf(rd) != v:
			continue
		}
		w.sharedRace(in, lane, off, n, rd, "writes what", "read")
		return
	}
}

func (w *warp) writeOdd(in *inst, lane int, off uint64, n int, cell uint64) {
	s := &w.cta.shared
	is := &issue{space: ptx.SharedSpace, addr: off, bytes: n, otherID: -1,
		object: func() string { return s.layout.describe(int(off), len(s.data)) }}
	if cell&cellGap != 0 {
		w.fatalIssue(in, OutOfBounds, lane, is, "a write to shared memory that no variable has")
	}
	is.other, is.otherID = w.other(cell), cellID(cell)
	w.reportIssue(in, AsyncOverwrite, lane, is, "a write to bytes that a cp.async writes, before it was waited for")
}
