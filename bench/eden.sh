#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# eden.sh: microseconds per atom and evaluation of compute eden/atom and of LAMMPS' compute
# voronoi/atom (which has no energies), on one core, in one process, alternating; median of the
# repeats, in a small system and a larger one. Small ones have more ghost atoms for each of theirs.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

for cells in 10 20; do
  run_lammps eden_$cells "$here/in.eden" -var cells $cells -var repeats 5
  timings eden_$cells > eden_$cells.csv
done
awk -F, '{ time[$1, $3] = $2; if (!seen[$3]++) size[++sizes] = $3 }
  function row(style, label, i) {
    printf "| %s |", style
    for (i = 1; i <= sizes; i++) printf " %.2f |", time[label, size[i]] - time["none", size[i]]
    printf "\n"
  }
  END {
    printf "| style |"
    for (i = 1; i <= sizes; i++) printf " us/atom, %d atoms |", size[i]
    printf "\n|---|---|---|\n"
    row("compute eden/atom", "eden")
    row("compute voronoi/atom", "voronoi")
    printf "| ratio |"
    for (i = 1; i <= sizes; i++)
      printf " %.1f |", (time["voronoi", size[i]] - time["none", size[i]]) / \
        (time["eden", size[i]] - time["none", size[i]])
    printf "\n\none core, median of 5 alternating repeats\n"
  }' eden_10.csv eden_20.csv | tee eden.md
