// Applies the function of cu/math.h that is the argument to the f32 of the standard input: the host's side of twins.cu.
#include <cstdio>
#include <cstring>

#include "math.h"

int main(int, char **argv) {
  float x;
  while (fread(&x, sizeof x, 1, stdin) == 1) {
    float y;
#define APPLY(f) if (!strcmp(argv[1], #f)) y = math::f(x); else
    MATH_FUNCTIONS(APPLY) return 2;
    fwrite(&y, sizeof y, 1, stdout);
  }
}
