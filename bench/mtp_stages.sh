#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# mtp_stages.sh [LEVEL…]: where the time of moment tensor potentials goes, stage by stage, us of an atom, with the
# time in brackets that the stage's multiply-adds alone would take here: untrained potentials of these
# levels (8 16 24), cutoff 5.5 A, in a bcc crystal, 58 neighbors, with AVX-512 and AVX2, in double and in mixed
# precision. MLGRAIN_REPEATS (20).
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
[ $# -gt 0 ] || set -- 8 16 24
work=$build/bench/mtp_stages_files
rm -rf "$work"
mkdir -p "$work"
"$("$here/../cmake/make-venv.sh" "$build/venv")" "$here/mtp_levels.py" "$work" 1 5.50679 "$@" >&2
files=()
for level in "$@"; do files+=("$work/$level.mtp"); done
"$build/bench/mtp_stages" -a 2.87 -r "${MLGRAIN_REPEATS:-20}" "${files[@]}" | tee mtp_stages.md
