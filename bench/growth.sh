#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# growth.sh: grains of a copper nanocrystal followed by fix grains through 100 frames of an anneal, and
# through 20 while it is strained by 15 %: how many there are, what happens to them. OVITO_PYTHON: a
# Python that has the package ovito, whose grain segmentation then gets the same frames: how often a
# grain's number changes from frame to frame, and how well both agree, with each other and with the
# grains that atoms were created in. About three minutes of CPU time.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

rm -f growth.md
for case in anneal deform; do
  if [ -z "${KEEP:-}" ]; then
    run_lammps "$case" "$here/in.growth" -var case "$case" -var edge "${EDGE:-54}" \
      -var grains "${GRAINS:-6}"
  fi
  awk -v name="$case" '
    FNR == 1 { file++ }
    $1 == "#" { next }
    file == 1 { if (!($1 in frame)) { order[++frames] = $1 } frame[$1]++ }
    file == 2 && $1 > 0 { event[$2]++ }
    END {
      printf "%s: %d frames, %d grains in the first and %d in the last, in between", name, frames,
        frame[order[1]], frame[order[frames]]
      printf " %d births, %d splits, %d deaths, %d merges\n", event["birth"], event["split"],
        event["death"], event["merge"]
    }' "$case.grains" "$case.events" | tee -a growth.md
done
if [ -n "${OVITO_PYTHON:-}" ]; then
  "$OVITO_PYTHON" "$here/growth.py" anneal.dump deform.dump | tee -a growth.md
fi
