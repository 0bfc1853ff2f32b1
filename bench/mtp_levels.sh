#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# mtp_levels.sh [LEVEL…]: mtp.sh for untrained potentials: of these levels (8 10 12 14), with one species
# and with three, and active sets selected from random crystals for the cost of grades; then, of level
# 16, with other cutoffs and in small cells. A peer is given as there. Last, the core alone with one
# species to twelve.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$(cd "${MLGRAIN_BUILD_DIR:-$here/../build}" && pwd)
python=$("$here/../cmake/make-venv.sh" "$build/venv")
[ $# -gt 0 ] || set -- 8 10 12 14
# The potentials do nothing; springs make atoms vibrate as in iron at 300 K.
motion=$'velocity all create 600 4711\nfix springs all spring/self 5.0'

# table SPECIES CUTOFF CELLS MOST LEVEL…
table() {
  local species=$1 cutoff=$2 cells=$3 most=$4 folder=$build/bench/mtp_levels files='' level grades=''
  shift 4
  mkdir -p "$folder"
  rm -f "$folder"/*.almtp
  [ "$most" = 0 ] || grades=--grades
  "$python" "$here/mtp_levels.py" ${grades:+"$grades"} "$folder" "$species" "$cutoff" "$@" >&2
  for level in "$@"; do files="$files $level=$folder/$level.mtp"; done
  printf '\nSpecies: %s, cutoff: %s Angstrom\n\n' "$species" "$cutoff"
  MLGRAIN_MTP_FILES=${files# } MLGRAIN_MTP_TYPES=$species MLGRAIN_MTP_CELLS=$cells MOST=$most \
    MLGRAIN_MTP_COMMANDS=$motion "$here/mtp.sh"
}

table 1 6.5 8 1 "$@"
table 3 6.5 8 1 "$@"
for cutoff in 4.0 5.0 8.0; do table 1 $cutoff 8 0 16; done
for cells in 2 3; do table 1 6.5 $cells 0 16; done

# The core alone with one species to twelve: more than lanes in a vector are another case.
printf '\nSpecies, level 10, cutoff 6.5 Angstrom, us/atom\n\n| species | AVX-512 | AVX2 | SSE |\n|---|---|---|---|\n'
for species in 1 2 3 4 5 8 9 12; do
  folder=$build/bench/mtp_levels
  "$python" "$here/mtp_levels.py" "$folder" "$species" 6.5 10 >&2
  "$build/bench/mtp_core" -r 15 "$folder/10.mtp" | awk -v species="$species" '
    /x86-64-v/ { time[substr($2, 8)] = $(NF - 2) }
    END { printf "| %d | %s | %s | %s |\n", species, time["v4"], time["v3"], time["v2"] }'
done
