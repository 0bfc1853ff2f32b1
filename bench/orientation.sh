#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# orientation.sh: CPU time in microseconds per atom and evaluation of compute orientation/atom and of LAMMPS'
# compute ptm/atom, both for fcc and hcp, on one core, in one process, alternating; median of the
# repeats, in a copper polycrystal. Then what vibrations do: the share of atoms that have a match, and
# their mean deviation, in warm crystals and in the liquid.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

run_lammps orientation "$here/in.orientation" -var edge "${EDGE:-106}" -var grains "${GRAINS:-12}" \
  -var repeats "${REPEATS:-5}"
cpu_timings orientation > orientation.csv
awk -F, -v repeats="${REPEATS:-5}" '{ time[$1] = $2; atoms = $3 }
  END {
    ours = time["orientation"] - time["none"]; theirs = time["ptm"] - time["none"]
    printf "| style | us/atom, %d atoms |\n|---|---|\n", atoms
    printf "| compute orientation/atom fcc hcp | %.2f |\n| compute ptm/atom fcc-hcp | %.2f |\n", ours, theirs
    printf "| ratio | %.1f |\n\none core, CPU time, median of %d alternating repeats\n", theirs / ours, repeats
  }' orientation.csv | tee orientation.md

printf '\n| copper | matched | mean deviation |\n|---|---|---|\n' | tee -a orientation.md
for state in "crystal 3.63 600 300" "crystal 3.70 2400 1200" "liquid 3.80 6000 1500"; do
  read -r phase lattice start temperature <<< "$state"
  run_lammps vibrations "$here/in.vibrations" -var lattice "$lattice" -var start "$start" \
    -var temperature "$temperature"
  awk -v phase="$phase" '/^VIBRATIONS/ {
    printf "| %s, %d K | %.2f %% | %.3f |\n", phase, $2, 100 * $3, $4 }' log.vibrations | tee -a orientation.md
done
