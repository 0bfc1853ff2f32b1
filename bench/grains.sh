#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# grains.sh: CPU time of fix grains in its steps, in microseconds per atom and evaluation, on one core, in
# a copper polycrystal at 300 K, median of the repeats; then OVITO's grain segmentation on the same
# frame, and how well both find the grains that it was made of, as adjusted Rand index. OVITO_PYTHON:
# a Python that has the package ovito; without it the second part is left out.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

run_lammps grains "$here/in.grains" -var edge "${EDGE:-106}" -var grains "${GRAINS:-12}" \
  -var repeats "${REPEATS:-3}"
cpu_timings grains | awk -F, '
  { time[$1] = $2; atoms = $3 }
  END {
    printf "| fix grains, %d atoms | us/atom |\n|---|--:|\n", atoms
    printf "| orientations | %.2f |\n", time["orientation"] - time["none"]
    printf "| grains | %.2f |\n", time["find"] - time["orientation"]
    printf "| volumes | %.2f |\n", time["volumes"] - time["find"]
    printf "| boundaries and triple lines | %.2f |\n", time["all"] - time["volumes"]
    printf "| all | %.2f |\n", time["all"] - time["none"]
  }' | tee grains.md
if [ -n "${OVITO_PYTHON:-}" ]; then
  "$OVITO_PYTHON" "$here/grains.py" grains.dump "${REPEATS:-3}" > grains.ovito
  awk '/^OVITO/ { time[$2] = $3 } /^INDEX/ { found[$2] = $4; score[$2] = $3 }
    END {
      printf "\n| OVITO | us/atom |\n|---|--:|\n| template matching | %.2f |\n", time["matching"]
      printf "| segmentation | %.2f |\n\n", time["segmentation"]
      printf "| | grains found | adjusted Rand index |\n|---|--:|--:|\n"
      printf "| fix grains | %d | %s |\n| OVITO | %d | %s |\n", found["fix"], score["fix"], found["ovito"], score["ovito"]
    }' grains.ovito | tee -a grains.md
fi
