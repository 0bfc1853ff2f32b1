#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# sgcmc.sh: CPU time of a Monte Carlo trial of fix sgcmc with pair_style mtp, from energies of single atoms and from
# the whole system's. POTENTIAL: a file for two species, A: lattice constant of an fcc crystal; CELLS (10 17).
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

potential=${POTENTIAL:-$here/../unittest/force-styles/CuNi.mtp}
echo "| atoms | atomic/energy | ms a trial |"
echo "|--:|---|--:|"
for cells in ${CELLS:-10 17}; do
  for atomic in no yes; do
    [ "$atomic" = yes ] && trials=500 || trials=25
    "$build/lmp" -in "$here/in.sgcmc" -log "log.sgcmc_$atomic" -screen none -nocite -var a "${A:-3.58}" \
      -var cells "$cells" -var potential "$potential" -var atomic "$atomic" -var count "$trials"
    awk -v atomic="$atomic" '/^TRIALS/ { atoms = $3; trials = $4 } /^Loop time/ { seconds = $4 } /CPU use/ { seconds *= $1 / 100 }
      END { printf "| %d | %s | %.3f |\n", atoms, atomic, seconds * 1e3 / (2 * trials) }' "log.sgcmc_$atomic"
  done
done
