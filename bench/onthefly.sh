#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# onthefly.sh: what energy densities predicted every 100 steps, descriptors included, add to molecular
# dynamics with an EAM potential: the time in LAMMPS' fixes with fix forest/atom less that without,
# alternating in one run. Four grains of copper at 300 K, about 220 000 atoms, or with FULL=1 a million.
# The forest is that of forest.sh. RANKS sets the number of MPI ranks.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
source "$here/forest_model.sh"

replicate="2 2 1"
if [ "$size" = full ]; then
  replicate="3 3 2"
fi
run_lammps onthefly "$here/in.onthefly" -var data grains.data -var model forest.safetensors \
  -var replicate "$replicate" -var repeats "${REPEATS:-2}"
awk '/^BENCH / { label = $2 }
  /^Loop time of/ && label { loop[label] += $4; steps[label] += $9; atoms = $(NF - 1) }
  /^Modify / && label { split($0, part, "|"); modify[label] += part[3]; n[label]++; label = "" }
  END {
    step = 1e6 * loop["none"] / steps["none"] / atoms
    each = 1e6 * (modify["forest"] / n["forest"] - modify["none"] / n["none"]) / atoms
    printf "| atoms | EAM step, us/atom | one prediction, us/atom | every 100 steps |\n"
    printf "|---|---|---|---|\n| %d | %.3f | %.2f | +%.1f %% |\n", atoms, step, each, each / step
  }' log.onthefly | tee onthefly.md
