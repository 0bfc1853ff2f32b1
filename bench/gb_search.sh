#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# gb_search.sh [METAL:BOUNDARY ...]: CPU time of one core until command gb_search has found the lowest known
# structure of boundaries in copper (Mishin et al. 2001), tungsten (Zhou et al. 2004) and iron (Ito et al. 2024;
# MLGRAIN_REFERENCE_DIR names the folder that has mtp/Fe_16.mtp), from an input that names only the boundary, or
# the cell, too. A search ends when its best energy is at the target, or after the trials in the list. SEED (1).
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# metal, boundary, target (mJ/m^2), trials, keywords
list="Cu S5(210) 936.3 2000
Cu S5(210) 942.3 60 cells 2 2 only yes fraction 0.5 0.5 moves 1 0 0
Cu S5(210) 936.3 200 cells 15 1 only yes fraction 0.5 0.6 moves 1 0 0
Cu S5(310) 904.9 300
Cu S17(410) 902.9 600
Cu S13(510) 864.4 300
Cu S25(430) 665.9 300
W S27(552) 2445.7 40 cells 4 1 only yes fraction 0.5 0.5 window 600 anneal 1 1600.0 3000 moves 1 1 0.01
Fe S5(310) 0 25 cells 2 2"

of_metal() {
  lattice="fcc 3.615" style=eam/alloy potential=$build/lammps-potentials/Cu_mishin1.eam.alloy mass=63.546
  [ "$1" != W ] || { lattice="bcc 3.16485" potential=$build/lammps-potentials/W_zhou.eam.alloy mass=183.84; }
  [ "$1" != Fe ] || { lattice="bcc 2.83" style="mtp species Fe" potential=${MLGRAIN_REFERENCE_DIR:-}/mtp/Fe_16.mtp mass=55.845; }
}

echo "| boundary | keywords | target | found | cell | trials | distinct | CPU s |"
echo "|---|---|--:|--:|--:|--:|--:|--:|"
while read -r metal boundary target trials words; do
  [ $# -eq 0 ] || [[ " $* " == *" $metal:$boundary "* ]] || continue
  of_metal "$metal"
  [ -f "$potential" ] || { echo "$metal $boundary: no $potential" >&2; continue; }
  OMP_NUM_THREADS=1 "$build/lmp" -in "$here/../examples/gb-search/in.search" -log log.gb_search \
    -screen none -nocite -var boundary "$boundary" -var trials "$trials" -var seed "${SEED:-1}" \
    -var potential "$potential" -var style "$style" -var lattice "$lattice" -var mass "$mass" \
    -var element "$metal" -var out gb_search -var words "$words stop $target print 1"
  awk -v boundary="$metal $boundary" -v words="$words" -v target="$target" '
    /^ *[0-9]+ (random|hop|splice|stretch|anneal)/ { last = $1 + 1 }
    /lowest energy/ { found = $3; cell = $(NF - 4) " x " $(NF - 2) }
    /distinct structures/ { distinct = $2 }
    /gb_search wall/ { cpu = $(NF - 1) }
    END { sub(",", "", cell); printf "| %s | %s | %s | %.2f | %s | %d | %d | %.1f |\n", boundary, words, target,
      found, cell, last, distinct, cpu }' log.gb_search
done <<< "$list"
