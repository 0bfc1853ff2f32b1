#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# homogenize.sh: time and memory of effective properties, CPU time on one core, beside muGrid from the package
# index, in one run. LARGE=1: also of 256^3 voxels, with two threads, some core-minutes.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

python=$build/bench/homogenize-venv/bin/python
if ! [ -x "$python" ] || ! "$python" -c 'import muGrid' 2> /dev/null; then
  python3 -m venv "$build/bench/homogenize-venv"
  "$python" -m pip --quiet --disable-pip-version-check install numpy muGrid==1.6.1
fi
OPENBLAS_NUM_THREADS=1 "$python" "$here/homogenize.py" "$build/bench/homogenize_core" | tee homogenize.md
