#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# polycrystal.sh: time and memory of command create_polycrystal on one core, for grains of 10^5 atoms,
# and of create_atoms for a single crystal of the same box, each in a process of its own. Time is the
# CPU time of the process, memory its largest resident size, less those of an empty box: the median
# of REPEATS (9) runs, in turns. CELLS ("63 136"): edges of the box in unit cells.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# measure NAME ARGUMENTS…: runs in.polycrystal, prints "atoms seconds bytes".
measure() {
  local name=$1
  shift
  local used
  used=$(/usr/bin/env python3 - "$build/lmp" -in "$here/in.polycrystal" -log "log.$name" \
    -screen none -nocite "$@" << 'PYTHON'
import resource
import subprocess
import sys

subprocess.run(sys.argv[1:], check=True)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_utime + used.ru_stime, 1024 * used.ru_maxrss)
PYTHON
  )
  awk -v used="$used" '/^Created [0-9]+ atoms/ { atoms = $2 }
    END { printf "%d %s\n", atoms, used }' "log.$name"
}

# median COLUMN FILE
median() {
  awk -v column="$1" '{ print $column }' "$2" | sort -g | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}

{
  echo "| style | atoms | seconds | million atoms/s | bytes per atom |"
  echo "|---|---|---|---|---|"
  for cells in ${CELLS:-63 136}; do # 1.0e6 and 1.0e7 sites
    rm -f polycrystal_{none,polycrystal,crystal}.txt
    for ((repeat = 0; repeat < ${REPEATS:-9}; repeat++)); do
      for style in none polycrystal crystal; do
        measure "polycrystal_$style" -var style $style -var cells "$cells" >> "polycrystal_$style.txt"
      done
    done
    for style in polycrystal crystal; do
      file=polycrystal_$style.txt
      awk -v style=$style -v atoms="$(median 1 "$file")" \
        -v seconds="$(median 2 "$file")" -v start="$(median 2 polycrystal_none.txt)" \
        -v bytes="$(median 3 "$file")" -v empty="$(median 3 polycrystal_none.txt)" \
        'BEGIN { printf "| %s | %d | %.3f | %.2f | %.0f |\n",
          style == "crystal" ? "create_atoms, a single crystal" : "create_polycrystal", atoms,
          seconds - start, atoms / (seconds - start) / 1e6, (bytes - empty) / atoms }'
    done
  done
} | tee polycrystal.md
