package tokenizer

// Putting a Tokenizer together: the vocabulary, the tokens on top of it, and the plain files that need no more.

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// builder holds a Tokenizer that is not finished.
type builder struct {
	t       *Tokenizer
	unk     int32
	added   map[int32]addedToken
	order   []int32          // of added, as they came
	next    int64            // the id of the next added token that is not in the vocabulary
	words   map[string]int32 // the model's vocabulary
	special map[string]bool  // the contents of special tokens
}

func newBuilder() *builder {
	t := &Tokenizer{post: noTemplate(), maxID: -1, unknown: notSurface}
	t.pool.New = func() any { return new(scratch) }
	return &builder{t: t, unk: -1, added: map[int32]addedToken{}, special: map[string]bool{}}
}

// notSurface is no id: the unknown token, if there is one, has one text.
const notSurface = -2

// setVocab takes the vocabulary of the model. Two words must not share an id.
func (b *builder) setVocab(words map[string]int32) error {
	if len(words) > maxWords {
		return fmt.Errorf("%d words; at most %d", len(words), maxWords)
	}
	b.words, b.next = words, int64(len(words))
	b.t.ids = maps.Clone(words)
	b.t.tokens = make(map[int32]entry, len(words))
	size := 0
	for w, id := range words {
		if size += len(w); size > maxContents {
			return fmt.Errorf("the words have more than %d bytes together", maxContents)
		}
		if len(w) > maxWord {
			return fmt.Errorf("the token with the id %d has %d bytes; at most %d", id, len(w), maxWord)
		}
		if id < 0 {
			return fmt.Errorf("%q has the id %d", w, id)
		}
		if e, ok := b.t.tokens[id]; ok {
			first, second := min(w, e.text), max(w, e.text)
			return fmt.Errorf("%q and %q both have the id %d", first, second, id)
		}
		b.t.tokens[id] = entry{text: w, word: w}
		b.t.maxID = max(b.t.maxID, id)
	}
	return nil
}

// add takes an added token. Its id is that of its content in the vocabulary, else the next one after the number of words and all added tokens;
// what a file says the id is, is not used. A vocabulary with gaps may have given that id to a word, which is an error.
func (b *builder) add(a addedToken) error {
	if a.Content == "" {
		return nil
	}
	if len(a.Content) > maxWord {
		return fmt.Errorf("an added token has %d bytes; at most %d", len(a.Content), maxWord)
	}
	id, known := b.t.ids[a.Content]
	if !known {
		if b.next > math.MaxInt32 {
			return fmt.Errorf("the added token %q would get the id %d, more than an id may be", a.Content, b.next)
		}
		id = int32(b.next)
		if e, taken := b.t.tokens[id]; taken {
			return fmt.Errorf("the added token %q would get the id %d, which is that of %q", a.Content, id, e.text)
		}
	}
	b.t.ids[a.Content] = id
	b.t.maxID = max(b.t.maxID, id)
	b.next = max(b.next, int64(id)+1)
	if _, ok := b.added[id]; !ok {
		b.order = append(b.order, id)
	}
	b.added[id] = a
	if a.Special {
		b.special[a.Content] = true
	}
	return nil
}

// finish makes the added tokens findable and gives the special ones their roles.
func (b *builder) finish(c *config) (*Tokenizer, error) {
	t := b.t
	raw, normal := map[string]int32{}, map[string]int32{}
	size := 0
	for _, a := range b.added {
		size += len(a.Content)
	}
	if len(b.added) > maxAdded || size > maxContents {
		return nil, fmt.Errorf("added_tokens: %d of %d bytes together; at most %d and %d", len(b.added), size, maxAdded, maxContents)
	}
	limit := min(maxNormalized(size), maxContents)
	for _, id := range b.order {
		a := b.added[id]
		text, words := a.Content, raw
		if a.Normalized {
			words = normal
			if t.normalizer != nil {
				var n normalized
				n.reset([]byte(text), 0)
				n.limit = limit
				if err := t.normalizer.normalize(&n); err != nil {
					return nil, fmt.Errorf("added_tokens: %q: %w", text, err)
				}
				text = string(n.text)
				limit -= len(text)
			}
		}
		if _, ok := words[text]; !ok {
			words[text] = id
		}
		e := entry{text: text, word: text}
		if old, ok := t.tokens[id]; ok {
			e.word = old.word
		}
		t.tokens[id] = e
	}
	for id, e := range t.tokens {
		if b.special[e.text] {
			e.special = true
			t.tokens[id] = e
		}
	}
	t.raw, t.normal = newMatcher(raw, b.added), newMatcher(normal, b.added)
	t.markEdges()
	t.special = t.roles(c, b.unk)
	t.maxLength = c.maxLength()
	return t, nil
}

// plain reads the lines of a vocab.txt, which are words in the order of their ids, and builds a BERT tokenizer.
func (b *builder) plain(data []byte, c *config) error {
	class := trimClass(c.Class)
	if class != "" && class != mpnet && !slices.Contains(bertClasses, class) {
		return fmt.Errorf("the tokenizer_class %q of %s is %w", c.Class, configFile, ErrUnsupported)
	}
	c.nameRoles(class)
	words, err := readLineWords(data)
	if err != nil {
		return err
	}
	if err := b.setVocab(words); err != nil {
		return err
	}
	unk, ok := words[c.Unk.Content]
	if !ok {
		return fmt.Errorf("no line is the unknown token %q", c.Unk.Content)
	}
	b.unk = unk
	b.plainSteps(c)
	if err := b.addPlain(c); err != nil {
		return err
	}
	ids := [2]int32{}
	for i, name := range [2]string{c.CLS.Content, c.Sep.Content} {
		id, ok := b.t.ids[name]
		if !ok {
			return fmt.Errorf("no line is the special token %q", name)
		}
		ids[i] = id
	}
	b.t.post = bertTemplate(ids[0], ids[1])
	if class == mpnet {
		b.t.post = robertaTemplate(ids[0], ids[1], true, false)
	}
	return nil
}

// plainSteps sets the steps of a BERT tokenizer.
func (b *builder) plainSteps(c *config) {
	lower := c.Lower == nil || *c.Lower
	strip := lower
	if c.Strip != nil {
		strip = *c.Strip
	}
	t := b.t
	t.normalizer = newBertNormalizer(true, c.Ideographs == nil || *c.Ideographs, strip, lower)
	t.pre = bertPreTokenizer{runeClasses()}
	t.model = newWordPiece(b.words, b.unk, "##", defaultMaxRunes)
	t.decoder = wordPieceDecoder{prefix: "##", cleanUp: true}
}

// readLineWords gives the number of each line; of equal lines the last counts.
func readLineWords(data []byte) (map[string]int32, error) {
	if !utf8.Valid(data) {
		return nil, fmt.Errorf("not UTF-8")
	}
	if count := bytes.Count(data, []byte("\n")); count > maxWords {
		return nil, fmt.Errorf("%d lines; at most %d", count, maxWords)
	}
	words := map[string]int32{}
	id := int32(0)
	for line := range strings.Lines(string(data)) {
		words[strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")] = id
		id++
	}
	return words, nil
}

// nameRoles names the special tokens that the files leave open.
func (c *config) nameRoles(class string) {
	names := [...]string{"[UNK]", "[SEP]", "[PAD]", "[CLS]", "[MASK]"}
	if class == mpnet {
		names = [...]string{"[UNK]", "</s>", "<pad>", "<s>", "<mask>"}
	}
	for i, p := range c.roles() {
		if *p == nil {
			*p = &named{Content: names[i], LStrip: names[i] == "<mask>"}
		}
	}
}

// mpnet is the one class that reads a vocab.txt as BERT does but frames texts as RoBERTa.
const mpnet = "MPNet"

// bertClasses are the tokenizer classes that read a vocab.txt as BERT does.
var bertClasses = []string{
	"Bert", "DistilBert", "Electra", "MobileBert", "ConvBert", "LayoutLM", "SqueezeBert", "RetriBert", "Lxmert",
	"DPRContextEncoder", "DPRQuestionEncoder", "DPRReader", "PreTrained", "TokenizersBackend",
}

// defaultMaxRunes is the length of the longest word that WordPiece cuts, in code points, where no file says.
const defaultMaxRunes = 100

// addPlain adds the tokens that the plain files name: those with an id by their id, then those of added_tokens.json, then the special ones
// that the vocabulary has.
func (b *builder) addPlain(c *config) error {
	special := map[string]bool{}
	for _, p := range c.roles() {
		special[(*p).Content] = true
	}
	for _, n := range c.More.all {
		special[n.Content] = true
	}
	list, err := c.numbered(special)
	if err != nil {
		return err
	}
	done := map[string]bool{}
	for _, n := range list {
		done[n.Content] = true
	}
	more := c.More.all
	for _, p := range c.roles() {
		if _, ok := b.words[(*p).Content]; ok {
			more = append(more, **p)
		}
	}
	for _, n := range more {
		if !done[n.Content] {
			n.Special = true
			list = append(list, addedToken(n))
		}
	}
	for _, a := range list {
		if err := b.add(a); err != nil {
			return err
		}
	}
	return nil
}

// numbered are the added tokens that the files give ids, in their order; special holds the contents of those with a role.
func (c *config) numbered(special map[string]bool) ([]addedToken, error) {
	type numbered struct {
		id float64
		addedToken
	}
	var list []numbered
	for key, n := range c.ByID.all {
		id, err := strconv.ParseFloat(key, 64)
		if err != nil {
			return nil, fmt.Errorf("added_tokens_decoder of %s: %q is no id", configFile, key)
		}
		list = append(list, numbered{id, addedToken(n)})
	}
	if c.ByID.all == nil {
		for content, id := range c.AddedTokens.all {
			list = append(list, numbered{id, addedToken{Content: content, Normalized: !special[content], Special: special[content]}})
		}
	}
	slices.SortFunc(list, func(x, y numbered) int { return cmp.Or(cmp.Compare(x.id, y.id), cmp.Compare(x.Content, y.Content)) })
	out := make([]addedToken, len(list))
	for i, n := range list {
		out[i] = n.addedToken
	}
	return out, nil
}
