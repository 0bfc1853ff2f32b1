#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# grains.sh: CPU time of fix grains in its steps, in microseconds per atom and evaluation, on one core, in
# a copper polycrystal at 300 K, median of the repeats; then OVITO's grain segmentation on the same
# frame, and how well both find the grains that it was made of, as adjusted Rand index. OVITO_PYTHON:
# a Python that has the package ovito; without it the second part is left out. EDGE, GRAINS: of the box;
# ITERATIONS=0 STEPS=0 leave atoms where they are created, so that large boxes take little time, and then
# SAME_ON=8 tells whether grains are the same on so many ranks.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

input=("$here/in.grains" -var edge "${EDGE:-106}" -var grains "${GRAINS:-12}"
  -var evaluations "${EVALUATIONS:-5}" -var iterations "${ITERATIONS:-100}" -var steps "${STEPS:-300}")
if [ -n "${SAME_ON:-}" ]; then
  RANKS=$SAME_ON run_lammps grains_ranks "${input[@]}" -var repeats 1
  mv grains.dump ranks.dump
fi
RANKS=1 run_lammps grains "${input[@]}" -var repeats "${REPEATS:-3}"
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
if [ -n "${SAME_ON:-}" ]; then
  paste -d ' ' grains.dump ranks.dump | awk -v ranks="$SAME_ON" '
    NF == 12 && $1 != "ITEM:" { atoms++; if ($1 != $7 || $6 != $12) different++ }
    END { printf "\nOf %d atoms on 1 and %d ranks %d are in another grain.\n", atoms, ranks, different }' |
    tee -a grains.md
fi
