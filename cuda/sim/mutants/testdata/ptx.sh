#!/usr/bin/env bash
# Compiles the kernels of this folder for sm_80. The first line of a result has the sha256 of what it was made from, which
# a test compares. The mutants are changes to the text of the results: run the tests afterwards.
set -euo pipefail
export LC_ALL=C
cd "$(dirname "$0")"
for source in *.cu; do
	to=${source%.cu}.ptx
	sum=$(cat "$source" device.h ptx.sh | sha256sum | cut -d' ' -f1)
	{
		echo "// sources sha256:$sum"
		"${CLANG:-clang++-19}" -x cuda --cuda-device-only -nocudainc -nocudalib -O3 -std=c++17 -Wall -Wextra -Werror \
			-S --cuda-gpu-arch=sm_80 --cuda-feature=+ptx70 "$source" -o -
	} >"$to.new"
	mv "$to.new" "$to"
done
