package tokenizer

// Matching a regular expression in one pass: a program of parallel threads in the order of a backtracking matcher's tries, made into a table
// ahead of time. What a thread wants to know of the next character, it learns one step later, so looking ahead by one costs nothing.

import (
	"fmt"
	"slices"
	"unicode"
	"unicode/utf8"
)

// instruction is a step of a program.
type instruction struct {
	op   opcode
	set  int  // the index of a set, for opSet and opLook
	end  bool // opLook: holds at the end of the text
	x, y int  // where to go on; opSplit tries x first
}

type opcode uint8

const (
	opSet opcode = iota
	opLook
	opSplit
	opMatch
)

// program is compiled code and the sets that it speaks of.
type program struct {
	code  []instruction
	sets  []runeSet
	limit int
	err   error
	steps int // that making the table took
}

// maxSets is the number of bits of a class's signature; published patterns have up to a dozen sets.
const maxSets = 64

// compileRegex compiles an expression, taking from the instructions that are left.
func compileRegex(expr string, left *int) (*dfa, error) {
	root, err := parseRegex(expr, left)
	if err != nil {
		return nil, err
	}
	p := &program{limit: *left}
	p.code = append(p.code, instruction{op: opMatch})
	start := p.emit(root, 0)
	if p.err != nil {
		return nil, p.err
	}
	d, err := p.table(start)
	*left -= len(p.code) + p.steps/tableSteps
	return d, err
}

func (p *program) add(i instruction) int {
	if len(p.code) >= p.limit && p.err == nil {
		p.err = fmt.Errorf("it takes more than the %d instructions that are left for all patterns of a section", p.limit)
	}
	if p.err != nil {
		return 0
	}
	p.code = append(p.code, i)
	return len(p.code) - 1
}

func (p *program) set(s runeSet) int {
	i := slices.IndexFunc(p.sets, func(old runeSet) bool { return slices.Equal(old, s) })
	if i < 0 {
		if len(p.sets) == maxSets && p.err == nil {
			p.err = fmt.Errorf("more than %d sets", maxSets)
		}
		i, p.sets = len(p.sets), append(p.sets, s)
	}
	return i
}

// emit adds the code of a node that goes on at next, and gives where it begins.
func (p *program) emit(n *node, next int) int {
	if p.err != nil {
		return 0
	}
	switch n.kind {
	case nodeSet:
		return p.add(instruction{op: opSet, set: p.set(n.set), x: next})
	case nodeLook:
		return p.add(instruction{op: opLook, set: p.set(n.set), end: n.end, x: next})
	case nodeCat:
		for _, part := range slices.Backward(n.parts) {
			next = p.emit(part, next)
		}
		return next
	case nodeAlt:
		at := p.emit(n.parts[len(n.parts)-1], next)
		for _, part := range slices.Backward(n.parts[:len(n.parts)-1]) {
			at = p.add(instruction{op: opSplit, x: p.emit(part, next), y: at})
		}
		return at
	default:
		return p.repeat(n, next)
	}
}

func (p *program) repeat(n *node, next int) int {
	split := func(more, done int) int {
		if n.lazy {
			more, done = done, more
		}
		return p.add(instruction{op: opSplit, x: more, y: done})
	}
	done := next
	if n.max < 0 { // a loop, entered at its split
		loop := split(0, 0)
		if p.err != nil {
			return 0
		}
		body := p.emit(n.parts[0], loop)
		more := &p.code[loop]
		more.x, more.y = body, done
		if n.lazy {
			more.x, more.y = done, body
		}
		next = loop
	} else {
		for range n.max - n.min {
			next = split(p.emit(n.parts[0], next), done)
		}
	}
	for range n.min {
		next = p.emit(n.parts[0], next)
	}
	return next
}

// dfa is the table of a pattern. A state is a list of threads before they see the next character; its row has for
// each class of characters, the last one for the end of the text, twice the index of the next row, plus one if a match ends before the character.
type dfa struct {
	ascii  [utf8.RuneSelf]uint8
	others runeTable
	end    int // the class of the end of the text
	states int
	rows   []uint32
}

// runeTable gives a class to every code point: pages of 256, uniform ones shared.
type runeTable struct {
	page [(unicode.MaxRune + 1) >> 8]uint16
	of   [][256]uint8
}

// The most states, entries and steps that a table may take, and how many steps count for an instruction. Where tried is needed, each byte of a
// text takes a bit and a step for each state. Published patterns
// have up to 33 states and 924 entries.
const maxStates, maxEntries, maxSteps, tableSteps = 1 << 7, 1 << 14, 1 << 20, 1 << 10

// maxClasses is how many a byte can number; published patterns have up to 14.
const maxClasses = 1 << 8

const dead = 0

// table follows all lists of threads that texts lead to.
func (p *program) table(start int) (*dfa, error) {
	d := &dfa{}
	members := d.classes(p.sets)
	if len(members) > maxClasses {
		return nil, fmt.Errorf("%d classes of characters; at most %d", len(members), maxClasses)
	}
	d.end = len(members)
	width := d.end + 1
	most := min(maxStates, maxEntries/width)
	d.rows = make([]uint32, width)
	lists := [][]int{nil, {start}}
	index := map[string]uint32{"": dead, fmt.Sprint(lists[1]): 1}
	seen := make([]int, len(p.code))
	mark := 0
	for i := 1; i < len(lists); i++ {
		if len(lists) > most || p.steps > maxSteps {
			return nil, fmt.Errorf("it takes too many states: more than %d for %d classes of characters, or more than %d steps to find them", most, len(members), maxSteps)
		}
		for class := range width {
			mark++
			next, match := p.step(lists[i], class, members, seen, mark)
			key := ""
			if len(next) > 0 {
				key = fmt.Sprint(next)
			}
			k, ok := index[key]
			if !ok {
				k = uint32(len(lists))
				index[key], lists = k, append(lists, next)
			}
			entry := k * uint32(width) << 1
			if match {
				entry |= 1
			}
			d.rows = append(d.rows, entry)
		}
	}
	d.states = len(lists)
	return d, nil
}

// step runs threads over a character of a class; members[class] has a bit for each set that the class is in.
func (p *program) step(threads []int, class int, members []uint64, seen []int, mark int) (next []int, match bool) {
	var follow func(at int) bool
	follow = func(at int) bool { // false: a match ends here, which outranks the threads that follow
		if seen[at] == mark {
			return true
		}
		seen[at] = mark
		p.steps++
		in := &p.code[at]
		atEnd := class == len(members)
		holds := !atEnd && members[class]>>in.set&1 != 0
		switch in.op {
		case opSet:
			if holds && !slices.Contains(next, in.x) {
				next = append(next, in.x)
			}
		case opLook:
			if holds || atEnd && in.end {
				return follow(in.x)
			}
		case opSplit:
			return follow(in.x) && follow(in.y)
		case opMatch:
			match = true
			return false
		}
		return true
	}
	for _, at := range threads {
		if !follow(at) {
			break
		}
	}
	return next, match
}

// classes divides the code points by the sets that they are in, and gives those of each class as bits.
func (d *dfa) classes(sets []runeSet) (members []uint64) {
	starts := []rune{0}
	for _, s := range sets {
		for i := 0; i < len(s); i += 2 {
			starts = append(starts, s[i], s[i+1]+1)
		}
	}
	slices.Sort(starts)
	starts = slices.Compact(starts)
	if starts[len(starts)-1] <= unicode.MaxRune {
		starts = append(starts, unicode.MaxRune+1)
	}
	class := make([]uint8, len(starts)-1)
	for i := range class {
		var in uint64
		for k, s := range sets {
			if inSet(s, starts[i]) {
				in |= 1 << k
			}
		}
		c := slices.Index(members, in)
		if c < 0 {
			c, members = len(members), append(members, in)
		}
		class[i] = uint8(c)
	}
	d.others.fill(starts, class)
	copy(d.ascii[:], d.others.of[d.others.page[0]][:])
	return members
}

// fill gives class[i] to the code points from starts[i] to before starts[i+1].
func (t *runeTable) fill(starts []rune, class []uint8) {
	uniform := map[uint8]uint16{}
	k := 0
	for p := range t.page {
		lo := rune(p) << 8
		for starts[k+1] <= lo {
			k++
		}
		same := starts[k+1] >= lo+256
		if n, ok := uniform[class[k]]; same && ok {
			t.page[p] = n
			continue
		}
		n := uint16(len(t.of))
		t.page[p], t.of = n, append(t.of, [256]uint8{})
		if same {
			uniform[class[k]] = n
		}
		for i, at := 0, k; i < 256; i++ {
			for starts[at+1] <= lo+rune(i) {
				at++
			}
			t.of[n][i] = class[at]
		}
	}
}

// match gives the end of the match that begins at a byte, -1 if there is none, and how far it looked.
func (d *dfa) match(text []byte, at int) (end, seen int) {
	end = -1
	row := uint32(d.end + 1)
	for i := at; ; {
		class, size := d.class(text, i)
		entry := d.rows[row+class]
		if entry&1 != 0 {
			end = i
		}
		if row = entry >> 1; row == dead {
			return end, i
		}
		i += size
	}
}

func (d *dfa) class(text []byte, i int) (class uint32, size int) {
	if i >= len(text) {
		return uint32(d.end), 0
	}
	if c := text[i]; c < utf8.RuneSelf {
		return uint32(d.ascii[c]), 1
	}
	r, size := utf8.DecodeRune(text[i:])
	return uint32(d.others.of[d.others.page[r>>8]][r&0xff]), size
}

// empty reports whether a match may be nothing at all.
func (d *dfa) empty() bool {
	width := d.end + 1
	return slices.ContainsFunc(d.rows[width:2*width], func(entry uint32) bool { return entry&1 != 0 })
}

// matches walks over the matches in a text, left to right, as Oniguruma's callers do: one of nothing at the end of the match before it is none.
type matches struct {
	d     *dfa
	text  []byte
	at    int // where to look on; beyond the text: there are no more
	last  int // the end of the match before
	work  int // bytes that were looked at
	tried *tried
}

// over begins to walk. A text of nothing has no matches.
func (d *dfa) over(text []byte) *matches {
	m := &matches{d: d, text: text, last: -1}
	if len(text) == 0 {
		m.at = 1
	}
	return m
}

// next gives the next match.
func (m *matches) next() (lo, hi int, ok bool) {
	for m.at <= len(m.text) {
		at, end := m.at, 0
		if m.tried == nil {
			var seen int
			end, seen = m.d.match(m.text, at)
			if m.work += seen - at; m.work > 16*len(m.text)+1024 {
				m.tried = newTried(m.d, len(m.text))
			}
		} else {
			end = m.tried.match(m.text, at)
		}
		if end > at {
			m.at, m.last = end, end
			return at, end, true
		}
		_, size := m.d.class(m.text, at)
		m.at += max(size, 1)
		if end == at && at != m.last {
			m.last = at
			return at, at, true
		}
	}
	return 0, 0, false
}

// tried keeps the states that, at a place of the text, lead to no match, so that no place is looked at twice in the same state: the tokens of a
// text in linear time whatever the pattern (Reps, “Maximal munch” tokenization in linear time, 1998). Published patterns do not need it.
type tried struct {
	d    *dfa
	seen []uint64 // a bit for each state at each place
}

func newTried(d *dfa, size int) *tried {
	return &tried{d, make([]uint64, ((size+1)*d.states+63)/64)}
}

func (t *tried) match(text []byte, at int) int {
	width := uint32(t.d.end + 1)
	end := -1
	row, after, from := width, width, at // after is the row at from, from where no match was seen
	for i := at; ; {
		if bit := i*t.d.states + int(row/width); t.seen[bit>>6]>>(bit&63)&1 != 0 {
			break
		}
		class, size := t.d.class(text, i)
		entry := t.d.rows[row+class]
		row = entry >> 1
		i += size
		if entry&1 != 0 {
			end, after, from = i-size, row, i
		}
		if row == dead {
			break
		}
	}
	for i := from; after != dead; {
		bit := i*t.d.states + int(after/width)
		if t.seen[bit>>6]>>(bit&63)&1 != 0 {
			break
		}
		t.seen[bit>>6] |= 1 << (bit & 63)
		class, size := t.d.class(text, i)
		after = t.d.rows[after+class] >> 1
		i += size
	}
	return end
}
