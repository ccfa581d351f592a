package ptx

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// legalityFile holds verdicts of a ptxas about single instructions: a letter for each profile, 1 where it accepts.
type legalityFile struct {
	PTXAS    string      `json:"ptxas"`
	Profiles [][2]string `json:"profiles"`
	Prologue string      `json:"prologue"`
	Families map[string]struct {
		Rows [][2]string `json:"rows"`
	} `json:"families"`
}

func readLegality(t *testing.T, path string) *legalityFile {
	t.Helper()
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	var r io.Reader = f
	if strings.HasSuffix(path, ".gz") {
		r, err = gzip.NewReader(f)
		require.NoError(t, err)
	}
	var l legalityFile
	require.NoError(t, json.NewDecoder(r).Decode(&l), path)
	return &l
}

// judge holds rows against the tables of all profiles. The prologue is read once; rows are read into its innermost scope.
type judge struct {
	m      *Module
	c      *checker
	fn     *Func
	tables []*legality
}

// newJudge reads the prologue: a whole head, the start of a kernel, or declarations only.
func newJudge(t *testing.T, l *legalityFile) *judge {
	t.Helper()
	src := l.Prologue
	if !strings.Contains(src, ".entry") {
		src = ".visible .entry legality_probe()\n{\n" + src
	}
	if !strings.Contains(src, ".version") {
		src = ".version 8.8\n.target sm_120a\n.address_size 64\n" + src
	}
	src += strings.Repeat("\n}", strings.Count(src, "{")-strings.Count(src, "}"))
	m, err := Parse("prologue", []byte(src))
	require.NoError(t, err)
	m.Version, m.Target = maxVersion, Target{SM: 120, Suffix: 'a'}
	c := &checker{m: m, vars: map[string]*Var{}, funcs: map[string]*Func{}, legal: newLegality(m.Version, m.Target), namesOnly: true}
	c.globals()
	fn := m.Funcs[len(m.Funcs)-1]
	c.function(fn)
	for b := fn.Body; b != nil; { // again, to leave the scopes open in which the prologue ends
		c.open(b)
		last, _ := b.Stmts[len(b.Stmts)-1].(*Block)
		b = last
	}
	require.NoError(t, c.errs.err())
	j := &judge{m: m, c: c, fn: fn}
	for _, p := range l.Profiles {
		var v Version
		_, err := fmt.Sscanf(p[0], "%d.%d", &v.Major, &v.Minor)
		require.NoError(t, err)
		target, ok := ParseTarget(p[1])
		require.True(t, ok, p[1])
		table := newLegality(v, target)
		table.quiet = os.Getenv("RAPT_PTX_LEGALITY_SHOW") == ""
		j.tables = append(j.tables, table)
	}
	return j
}

// verdict is what this package says about a row for each profile.
type verdict struct {
	accepted    []bool
	unsupported bool
	reason      string
}

func (j *judge) row(text string) verdict {
	v := verdict{accepted: make([]bool, len(j.tables))}
	p := &parser{lexer: lexer{src: "{" + text + "\n}"}, m: j.m, fn: j.fn, mods: map[string][]Mod{}}
	p.advance()
	body, err := p.block()
	if err == nil && p.tok.kind != tokEOF {
		_ = p.want("the end of the row")
	}
	if p.errs != nil {
		v.refuse(p.errs)
		return v
	}
	j.c.errs = nil
	if j.c.block(body); j.c.errs != nil {
		v.refuse(j.c.errs)
		return v
	}
	for i, t := range j.tables {
		v.accepted[i] = true
		(&Func{Body: body}).Walk(func(s Stmt) {
			var e *Error
			switch s := s.(type) {
			case *Inst:
				e = t.check(s)
			case *RegDecl:
				if s.Type == B128 && !t.version.AtLeast(Version{8, 3}) {
					e = &Error{Kind: ErrVersion}
				}
			}
			if e != nil && v.accepted[i] {
				v.accepted[i], v.reason = false, e.Error()
				v.unsupported = v.unsupported || e.Kind == ErrUnsupported
			}
		})
	}
	return v
}

func (v *verdict) refuse(err ErrorList) {
	v.reason = err.Error()
	for _, e := range err {
		v.unsupported = v.unsupported || e.Kind == ErrUnsupported
	}
}

// TestLegality compares this package's verdicts with recorded ones of a real ptxas: those of RAPT_PTX_LEGALITY, or all of testdata.
func TestLegality(t *testing.T) {
	path := os.Getenv("RAPT_PTX_LEGALITY")
	if path != "" {
		if !filepath.IsAbs(path) {
			path = filepath.Join("..", "..", path)
		}
		compareLegality(t, path)
		return
	}
	paths, err := filepath.Glob(filepath.Join("testdata", "legality*.json.gz"))
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	for _, p := range paths {
		compareLegality(t, p)
	}
}

func compareLegality(t *testing.T, path string) {
	t.Helper()
	l := readLegality(t, path)
	require.NotEmpty(t, l.Profiles, path)
	j := newJudge(t, l)
	var all tally
	unclaimed := 0
	for _, name := range slices.Sorted(maps.Keys(l.Families)) {
		var f tally
		for _, r := range l.Families[name].Rows {
			require.Len(t, r[1], len(l.Profiles), "%s: one letter for each profile", r[0])
			if v := j.row(r[0]); v.unsupported {
				f.unsupported++
			} else {
				f.add(r, v)
			}
		}
		unclaimed += f.unsupported
		f.print(name)
		all.merge(&f)
	}
	require.NotZero(t, all.rows, "no rows in %s", path)
	fmt.Printf("not claimed: %d rows of %s\n", unclaimed, filepath.Base(path))
	fmt.Printf("legality: %d rows, agreement %.3f %%, false accepts %d, false refusals %d\n", all.rows, all.agreement(), all.falseAccepts, all.falseRefusals)
	require.GreaterOrEqual(t, all.agreement(), 99.0, path)
}

// tally counts verdicts: one for each row and profile.
type tally struct {
	rows, verdicts, falseAccepts, falseRefusals, unsupported int
	shown                                                    []string
}

func (c *tally) add(r [2]string, v verdict) {
	c.rows++
	mine := make([]byte, len(v.accepted))
	wrong := false
	for i, a := range v.accepted {
		mine[i] = '.'
		if a {
			mine[i] = '1'
		}
		c.verdicts++
		switch theirs := r[1][i] == '1'; {
		case a && !theirs:
			c.falseAccepts++
			wrong = true
		case !a && theirs:
			c.falseRefusals++
			wrong = true
		}
	}
	if wrong {
		c.shown = append(c.shown, fmt.Sprintf("  ptxas %s here %s  %s  %s", r[1], mine, r[0], v.reason))
	}
}

func (c *tally) agreement() float64 {
	return 100 * (1 - float64(c.falseAccepts+c.falseRefusals)/float64(max(c.verdicts, 1)))
}

func (c *tally) print(name string) {
	if c.rows == 0 {
		fmt.Printf("%s: not claimed, %d rows\n", name, c.unsupported)
		return
	}
	fmt.Printf("%s: %d rows, agreement %.3f %%, false accepts %d, false refusals %d, not claimed %d\n", name, c.rows, c.agreement(), c.falseAccepts, c.falseRefusals, c.unsupported)
	show := 5
	if n := os.Getenv("RAPT_PTX_LEGALITY_SHOW"); n != "" {
		_, _ = fmt.Sscan(n, &show)
	}
	for _, s := range c.shown[:min(len(c.shown), show)] {
		fmt.Println(s)
	}
}

func (c *tally) merge(o *tally) {
	c.rows += o.rows
	c.verdicts += o.verdicts
	c.falseAccepts += o.falseAccepts
	c.falseRefusals += o.falseRefusals
}
