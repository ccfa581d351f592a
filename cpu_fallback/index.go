package cpu

// Indices in memory, which gpu.Check cannot see: all of an operation's are checked before
// any of its output is written.

import (
	"fmt"

	"github.com/rapt-go/rapt/gpu"
)

// checkIDs checks that each id is below bound and at least low.
func checkIDs(name string, ids []int32, low, bound int) error {
	for i, id := range ids {
		if int(id) < low || int(id) >= bound {
			return indexError(name, i, id, bound)
		}
	}
	return nil
}

func indexError(name string, i int, id int32, bound int) error {
	return fmt.Errorf("%s[%d] is %d, of %d: %w", name, i, id, bound, gpu.ErrIndex)
}

// firstError is the first of the errors that is one.
func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// anyNegative is the low of indices of which negative ones are skipped.
const anyNegative = -1 << 31

// A sequences is an open gpu.Seqs.
type sequences struct {
	start, length, pages ints
	pageRows, n, max     int
	longest              int // length, once checked; max may be far above, in a step that is repeated
}

func openSeqs(s *gpu.Seqs, err *error) sequences {
	return sequences{
		start: open[int32](&s.Start, err), length: open[int32](&s.Len, err), pages: open[int32](&s.Pages, err),
		pageRows: s.PageRows, n: s.N, max: s.Max,
	}
}

// len is the number of rows of sequence i.
func (s *sequences) len(i int) int { return int(s.length.data[i]) }

// row is the row of the matrix that holds row r of sequence i.
func (s *sequences) row(i, r int) int {
	if s.pages.absent() {
		return int(s.start.data[i]) + r
	}
	return int(s.pages.data[i*s.pages.stride+r/s.pageRows])*s.pageRows + r%s.pageRows
}

// run is how many rows from r on, at most n, follow row(i, r) without a gap.
func (s *sequences) run(r, n int) int {
	if s.pages.absent() {
		return n
	}
	return min(n, s.pageRows-r%s.pageRows)
}

// check checks the lengths, and that every row of every sequence is one of rows.
func (s *sequences) check(name string, rows int) error {
	for i := range s.n {
		n := s.len(i)
		if n < 0 || n > s.max {
			return fmt.Errorf("%s.Len[%d] is %d, of at most %d: %w", name, i, n, s.max, gpu.ErrIndex)
		}
		s.longest = max(s.longest, n)
		for r := 0; r < n; r += s.run(r, n-r) {
			first, last := int64(0), int64(s.run(r, n-r)-1)
			what, at := "Start", i
			if s.pages.absent() {
				first = int64(s.start.data[i])
			} else {
				what, at = "Pages", i*s.pages.cols+r/s.pageRows
				first = int64(s.pages.data[i*s.pages.stride+r/s.pageRows]) * int64(s.pageRows)
			}
			if first < 0 || first+last >= int64(rows) {
				return fmt.Errorf("%s.%s[%d] has rows %d to %d, of %d: %w", name, what, at, first, first+last, rows, gpu.ErrIndex)
			}
		}
	}
	return nil
}
