package ptx

import "strings"

// targetOptions checks what follows the architecture in .target, ISA 11.1.2, as ptxas has it: debug demands a
// section, of whatever content, and map_f64_to_f32 went with sm_13.
func (c *checker) targetOptions() {
	if c.m.Target.Options == "" {
		return
	}
	texmode := ""
	for _, o := range strings.Split(c.m.Target.Options, ",") {
		_, arch := ParseTarget(o)
		switch {
		case o == "debug":
			if !c.hasSection() {
				c.fail(Pos{1, 1}, ErrIllegal, ".target debug in a file without a .section of debug information")
			}
		case o == "texmode_unified" || o == "texmode_independent":
			if texmode != "" && o != texmode {
				c.fail(Pos{1, 1}, ErrIllegal, ".target %s together with %s", o, texmode)
			}
			texmode = o
		case o == "map_f64_to_f32":
			c.fail(Pos{1, 1}, ErrTarget, ".target map_f64_to_f32 needs a target below sm_13, the file has %v", c.m.Target)
		case !arch:
			c.fail(Pos{1, 1}, ErrIllegal, ".target option %s is not known", clip(o))
		}
	}
}

func (c *checker) hasSection() bool {
	for _, it := range c.m.Items {
		if _, ok := it.(*Section); ok {
			return true
		}
	}
	return false
}
