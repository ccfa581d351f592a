package arith

import "fmt"

// This file is which element of a matrix each thread of a warp holds, in which register and at which
// place in it: the fragments of mma (§9.7.14.5.1 to .13), and of ldmatrix, stmatrix and movmatrix
// (§9.7.14.5.15 to .17).

// An Operand is a matrix of D = A·B + C.
type Operand uint8

// A is M×K, B is K×N, C and D are M×N.
const (
	MatrixA Operand = iota
	MatrixB
	MatrixC
)

// A Layout is the distribution of a matrix over the 32 threads of a warp.
type Layout struct {
	Rows, Cols  int
	Registers   int // of a thread
	PerRegister int // elements in a register, the first in its lowest bits

	// Index has row·Cols + col of each element, in the order [lane][register][place].
	Index []uint16
}

// At is the row and the column of an element.
func (l *Layout) At(lane, register, place int) (row, col int) {
	i := int(l.Index[(lane*l.Registers+register)*l.PerRegister+place])
	return i / l.Cols, i % l.Cols
}

// MmaLayout is the fragment of an operand of mma.m⟨m⟩n⟨n⟩k⟨k⟩ with elements of the given type: that
// of A and B, or of C and D. The shapes are m16n8 with any k that the type has, m8n8k4 of F64, and
// m8n8k16, k32 and k128 of the integers. Registers are of 32 bits, of F64 of 64.
//
// With g = lane / 4, t = lane mod 4 and p elements in a register, all of these are one layout: place
// e of register r of A is at row g + 8·(r mod 2), column p·t + e + 4p·⌊r/2⌋; of B at row p·t + e + 4pr,
// column g. Where m is 8, A has only one register. Element e of a thread's C is at row g + 8·⌊e/2⌋,
// column 2t + (e mod 2).
func MmaLayout(m, n, k int, operand Operand, t Type) (*Layout, error) {
	p := perRegister(operand, t)
	refuse := func() (*Layout, error) {
		return nil, fmt.Errorf("%w: fragment of operand %d of mma.m%dn%dk%d.%v", ErrUnsupported, operand, m, n, k, t)
	}
	if p == 0 || n != 8 || m != 8 && m != 16 {
		return refuse()
	}
	l := &Layout{Rows: m, Cols: n, PerRegister: p}
	if operand == MatrixC {
		l.Registers = m * n / 32 / p
		l.build(func(g, t, r, e int) (row, col int) {
			i := r*p + e
			return g + 8*(i/2), 2*t + i%2
		})
		return l, nil
	}
	// k columns are 4p to a register, of which A has up to two (F64: four) and as many for the rows
	// below.
	chunks := k / (4 * p)
	if k%(4*p) != 0 || chunks < 1 || chunks > 2 && !(t == F64 && chunks == 4) ||
		m == 8 && (chunks != 1 || t.Bits() == 16 || t == TF32) {
		return refuse()
	}
	if operand == MatrixB {
		l.Rows, l.Registers = k, chunks
		l.build(func(g, t, r, e int) (row, col int) { return p*t + e + 4*p*r, g })
		return l, nil
	}
	l.Cols, l.Registers = k, chunks*m/8
	l.build(func(g, t, r, e int) (row, col int) {
		if m == 8 {
			return g, p*t + e
		}
		return g + 8*(r%2), p*t + e + 4*p*(r/2)
	})
	return l, nil
}

// perRegister is the elements in a register of a matrix of the type, or 0 if there is none.
func perRegister(operand Operand, t Type) int {
	switch t {
	case B1, U4, S4, U8, S8, E4M3, E5M2, BF16, TF32:
		if operand == MatrixC {
			return 0
		}
	case F32, S32:
		if operand != MatrixC {
			return 0
		}
	case F16:
	case F64:
		return 1 // of 64 bits
	default:
		return 0
	}
	if operand > MatrixC {
		return 0
	}
	return 32 / t.Bits()
}

func (l *Layout) build(at func(g, t, r, e int) (row, col int)) {
	l.Index = make([]uint16, 0, 32*l.Registers*l.PerRegister)
	for lane := range 32 {
		for r := range l.Registers {
			for e := range l.PerRegister {
				row, col := at(lane/4, lane%4, r, e)
				l.Index = append(l.Index, uint16(row*l.Cols+col))
			}
		}
	}
}

// MatrixElement is the element of an 8×8 matrix of 16-bit elements that a thread holds in one half
// of a register after ldmatrix, and gives to stmatrix and movmatrix: row lane / 4, column 2·(lane mod
// 4) + half. With .trans rows and columns change places; that is also where movmatrix.trans takes
// the element of its result from.
//
// The address of row r of matrix i of ldmatrix and stmatrix is that of lane 8i + r.
func MatrixElement(lane, half int, trans bool) (row, col int) {
	row, col = lane/4, 2*(lane%4)+half
	if trans {
		return col, row
	}
	return row, col
}
