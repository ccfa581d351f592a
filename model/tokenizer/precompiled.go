package tokenizer

// The rules of a SentencePiece model, applied as the library tokenizers does.

import "unicode/utf8"

// precompiled rewrites by the rules of a SentencePiece model as the library does (its normalizers/precompiled.rs and the crate
// spm_precompiled), which is not as SentencePiece does: a grapheme cluster of less than 6 bytes becomes the text of the shortest rule that it
// begins with; where there is none, and in longer clusters, each code point becomes that of the shortest rule within it.
type precompiled struct {
	*charsmap
	table *graphemeTable
	ascii [utf8.RuneSelf]bool // a rule changes this byte alone
}

// maxCluster is the size from which clusters are rewritten by their code points.
const maxCluster = 6

func newPrecompiled(data []byte) (*precompiled, error) {
	c, err := newCharsmap(data)
	if err != nil {
		return nil, err
	}
	p := &precompiled{charsmap: c, table: graphemeClasses()}
	for b := range p.ascii {
		_, size := p.rule([]byte{byte(b)})
		p.ascii[b] = size > 0 || b == '\r' // which a line feed joins
	}
	return p, nil
}

// rule is the shortest one that a text begins with. A zero byte ends the text.
func (p *precompiled) rule(text []byte) (out []byte, size int) {
	if text[0] == 0 {
		return nil, 0
	}
	return p.find(text, true)
}

func (p *precompiled) normalize(n *normalized) error {
	at := p.plain(n.text, 0)
	if at == len(n.text) {
		return nil
	}
	changes := n.changes[:0]
	modified := false
	size := int64(0)
	for i := 0; i < len(n.text); {
		if i >= at {
			at = p.plain(n.text, i)
		}
		if i < at {
			changes = append(changes, change{r: rune(n.text[i])})
			i++
			continue
		}
		end := p.table.end(n.text, i)
		cluster := n.text[i:end]
		i = end
		if len(cluster) < maxCluster {
			if out, k := p.rule(cluster); k > 0 {
				modified = true
				changes = replaceRunes(changes, utf8.RuneCount(cluster), out)
				if size += int64(len(out)); size > int64(n.limit) {
					return n.fits(size)
				}
				continue
			}
		}
		for len(cluster) > 0 {
			r, k := utf8.DecodeRune(cluster)
			if out, found := p.rule(cluster[:k]); found > 0 {
				modified = true
				changes = replaceRunes(changes, 1, out)
				if size += int64(len(out)); size > int64(n.limit) {
					return n.fits(size)
				}
			} else {
				changes = append(changes, change{r: r})
			}
			cluster = cluster[k:]
		}
	}
	n.changes = changes
	if modified {
		n.transform(changes)
	}
	return nil
}

// plain is where ASCII that no rule changes ends: no cluster reaches into it, or out of it.
func (p *precompiled) plain(text []byte, at int) int {
	for ; at < len(text); at++ {
		if b := text[at]; b >= utf8.RuneSelf {
			// What follows may join the byte before it.
			return max(at-1, 0)
		} else if p.ascii[b] {
			return at
		}
	}
	return at
}

// replaceRunes appends what puts a text in the place of so many code points. Of a text that is shorter the last code point also stands for
// those that go, of one that is longer those at the end are inserted. Where nothing is put, what stands before stands for them.
func replaceRunes(changes []change, old int, text []byte) []change {
	count := 0
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		changes = append(changes, change{r: r})
		i += size
		count++
	}
	for i := range max(count-old, 0) {
		changes[len(changes)-1-i].n = 1
	}
	if count < old && len(changes) > 0 {
		changes[len(changes)-1].n -= int32(old - count)
	}
	return changes
}
