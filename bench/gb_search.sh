#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# gb_search.sh [BOUNDARY ...]: CPU time of one core until command gb_search has found the lowest known
# structure of copper boundaries (Mishin et al. 2001), from an input that names only the boundary, or the
# cell, too. A search ends when its best energy is at the target, or after the trials in the list.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# boundary, target (mJ/m^2), trials, keywords
list="S5(210) 942.3 60 cells 2 2 only yes fraction 0.5 0.5 moves 1 0 0
S5(210) 936.3 150 cells 11 1 only yes fraction 0.4 0.6 moves 1 0 0
S5(210) 936.3 400 cells 11 2 area 400 first 40 moves 1 0 6
S5(310) 904.9 30 cells 2 2
S17(410) 903.0 150 cells 4 2
S13(510) 864.4 150 cells 4 2
S25(430) 666.0 150 cells 2 2"

echo "| boundary | keywords | target | found | trials | distinct | CPU s |"
echo "|---|---|--:|--:|--:|--:|--:|"
while read -r boundary target trials words; do
  [ $# -eq 0 ] || [[ " $* " == *" $boundary "* ]] || continue
  OMP_NUM_THREADS=1 "$build/lmp" -in "$here/../examples/gb-search/in.search" -log log.gb_search \
    -screen none -nocite -var boundary "$boundary" -var trials "$trials" -var seed 1 \
    -var potential "$build/lammps-potentials/Cu_mishin1.eam.alloy" -var out gb_search \
    -var words "$words stop $target print 1"
  awk -v boundary="$boundary" -v words="$words" -v target="$target" '
    /^ *[0-9]+ (random|hop|splice|anneal)/ { last = $1 + 1 }
    /lowest energy/ { found = $3 }
    /distinct structures/ { distinct = $2 }
    /gb_search wall/ { cpu = $(NF - 1) }
    END { printf "| %s | %s | %s | %.2f | %d | %d | %.1f |\n", boundary, words, target, found, last,
      distinct, cpu }' log.gb_search
done <<< "$list"
