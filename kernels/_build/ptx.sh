#!/usr/bin/env bash
# Compiles every cu/*.cu to ptx/<stem>.sm_<target>.ptx, and the test's kernels, with Debian's clang-19 and no file of NVIDIA's.
# PTX 7.0 loads on every driver since CUDA 11.0. The first line of each file carries the sha256 of what it was made from,
# the file, the headers and this script, which a test compares.
#
# Lines of the source stay in the code (.loc), for findings and profiles of the simulator; a driver ignores them.
#
# sm_75 lacks bf16 and asynchronous copies: its files have fewer kernels. sm_80 files serve all later GPUs.
set -euo pipefail
export LC_ALL=C
cd "$(dirname "$0")/.."
CLANG=${CLANG:-clang++-19}

compile() { # source target output
	local sources=("$1" cu/*.h _build/ptx.sh) sum
	sum=$(cat "${sources[@]}" | sha256sum | cut -d' ' -f1)
	{
		echo "// sources sha256:$sum ${sources[*]}"
		"$CLANG" -x cuda --cuda-device-only -nocudainc -nocudalib -O3 -std=c++17 -ffp-contract=off -Wall -Wextra -Werror -I cu \
			-gline-directives-only "-ffile-prefix-map=$PWD=." -S "--cuda-gpu-arch=sm_$2" --cuda-feature=+ptx70 "$1" -o - |
			sed -E 's/^(\t\.loc\t[0-9 ]+[0-9]).*/\1/; /^\$L__(tmp|func_begin|func_end)[0-9]+:$/d'
	} >"$3.new"
	mv "$3.new" "$3"
}

for source in cu/*.cu; do
	stem=$(basename "$source" .cu)
	for target in 75 80; do
		compile "$source" "$target" "ptx/$stem.sm_$target.ptx"
	done
done
compile testdata/twins.cu 75 testdata/twins.sm_75.ptx
