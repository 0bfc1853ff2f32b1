#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# chain.sh: what descriptors, mixture and forest of all atoms every 100 steps add to molecular dynamics of a
# copper polycrystal with an EAM potential: LAMMPS' time in fixes with them less that without, in
# alternating runs of 100 steps, on one core. CELLS (edges of the boxes in lattice constants; "29", 10^5
# atoms; "29 63" for 10^6, ten minutes), EVERY (100), REPEATS (2), RANKS (1), MODELS (../potentials).
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
models=${MODELS:-$here/../potentials}
{
  echo "| atoms | EAM run, us/atom-step | the chain once, us/atom | every ${EVERY:-100} steps |"
  echo "|--:|--:|--:|--:|"
  for cells in ${CELLS:-29}; do
    run_lammps chain "$here/in.chain" -var cells "$cells" -var every "${EVERY:-100}" \
      -var repeats "${REPEATS:-2}" -var forest "$models/Cu_eden.safetensors" \
      -var mixture "$models/Cu_gb2.safetensors"
    # CPU time: the share of it in each run times LAMMPS' timers
    awk '/^BENCH / { label = $2 }
      /^Loop time of/ && label { wall = $4; steps = $9; atoms = $(NF - 1) }
      /CPU use with/ && label { sub("%", "", $1); share = $1 / 100; cpu[label] += wall * share
        all[label] += steps }
      /^Modify / && label { split($0, part, "|"); fixes[label] += part[3] * share; n[label]++
        label = "" }
      END {
        step = 1e6 * cpu["none"] / all["none"] / atoms
        each = 1e6 * (fixes["chain"] / n["chain"] - fixes["none"] / n["none"]) / atoms
        printf "| %d | %.3f | %.2f | %+.2f %% |\n", atoms, step, each,
          100 * each / (step * all["none"] / n["none"])
      }' log.chain
  done
} | tee chain.md
