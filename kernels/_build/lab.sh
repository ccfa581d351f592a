#!/usr/bin/env bash
# Compiles lab/*.cu to lab/ptx/<stem>.sm_80.ptx, as ptx.sh does what ships.
set -euo pipefail
export LC_ALL=C
cd "$(dirname "$0")/.."
CLANG=${CLANG:-clang++-19}
# shellcheck source=/dev/null
source <(sed -n '/^compile()/,/^}/p' _build/ptx.sh)

for source in lab/*.cu; do
	compile "$source" 80 "lab/ptx/$(basename "$source" .cu).sm_80.ptx"
done
