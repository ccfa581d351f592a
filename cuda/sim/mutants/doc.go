// Package mutants is kernels broken in one place, which the simulator must report.
//
// testdata has kernels as they are written for real and their PTX, each right under every order,
// model of the tensor cores and error of the approximate functions. The tests make one change to the
// text of the PTX, a dropped barrier or a bound that is off by one, and expect a finding of the kind
// and at the line that the list says; where a mistake breaks no rule, the result has to be wrong.
// A finding in a kernel that nobody has changed is a defect of the simulator as well.
package mutants
