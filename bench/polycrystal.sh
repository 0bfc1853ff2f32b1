#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# polycrystal.sh: time and memory of command create_polycrystal on one core, for grains of 10^5 atoms,
# and of create_atoms for a single crystal of the same box, each in a process of its own. Time is the
# command's; memory is the largest resident size of the process, less that of an empty box.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# peak NAME ARGUMENTS…: runs in.polycrystal, prints "atoms seconds bytes".
peak() {
  local name=$1
  shift
  local kilobytes
  kilobytes=$(/usr/bin/env python3 - "$build/lmp" -in "$here/in.polycrystal" -log "log.$name" \
    -screen none -nocite "$@" << 'PYTHON'
import resource
import subprocess
import sys

subprocess.run(sys.argv[1:], check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
PYTHON
  )
  awk -v kilobytes="$kilobytes" '/^Created [0-9]+ atoms/ { atoms = $2 }
    /^ *create_(polycrystal|atoms) CPU = / { seconds = $4 }
    END { printf "%d %.3f %.0f\n", atoms, seconds, 1024 * kilobytes }' "log.$name"
}

read -r _ _ empty <<< "$(peak polycrystal_empty -var style none -var cells 10)"
{
  echo "| style | atoms | seconds | million atoms/s | bytes per atom |"
  echo "|---|---|---|---|---|"
  for cells in 30 63 136; do # 1.1e5, 1.0e6 and 1.0e7 sites
    for style in polycrystal crystal; do
      read -r atoms seconds bytes <<< "$(peak "polycrystal_${style}_$cells" -var style $style \
        -var cells $cells)"
      awk -v style=$style -v atoms="$atoms" -v seconds="$seconds" -v bytes="$bytes" -v empty="$empty" \
        'BEGIN { printf "| %s | %d | %.2f | %.2f | %.0f |\n",
          style == "crystal" ? "create_atoms" : "create_polycrystal", atoms, seconds,
          atoms / seconds / 1e6, (bytes - empty) / atoms }'
    done
  done
} | tee polycrystal.md
