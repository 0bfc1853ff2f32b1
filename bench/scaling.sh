#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# scaling.sh: compute sfd/atom against atoms, threads and ranks, and the memory of a run of ten
# million atoms. MOST=1000000 leaves out larger runs.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# measure ATOMS NX NY NZ EVALUATIONS THREADS RANKS: one row. Wall time times cores per atom: flat
# columns mean perfect scaling.
measure() {
  local name=scaling-$1-$6-$7
  [ "$1" -le "${MOST:-10000000}" ] || return 0
  OMP_NUM_THREADS=$6 RANKS=$7 run_lammps "$name" "$here/in.scaling" \
    -var nx "$2" -var ny "$3" -var nz "$4" -var evaluations "$5"
  timings "$name" | awk -F, -v atoms="$1" -v threads="$6" -v ranks="$7" -v memory="$(
    awk '/Maximum resident/ { print $(NF - 1) }' "log.$name" | tail -n 1)" '
    { time[$1] = $2 }
    END {
      us = time["sfd"] - time["none"]
      printf "| %d | %d | %d | %.3f | %.3f | %.2f |\n", atoms, ranks, threads, us,
        us * threads * ranks, memory / 1024
    }'
}

cores=$(getconf _NPROCESSORS_ONLN)    # nproc would heed OMP_NUM_THREADS
{
  echo "| atoms | ranks | threads | us/atom | us/atom x cores | GB, first rank |"
  echo "|---|---|---|---|---|---|"
  measure 4000 10 10 10 50 1 1
  measure 32000 20 20 20 20 1 1
  measure 256000 40 40 40 5 1 1
  measure 2048000 80 80 80 2 1 1
  measure 10000000 100 125 200 1 1 1
  if [ "$cores" -gt 1 ]; then
    measure 256000 40 40 40 5 2 1
    measure 256000 40 40 40 5 1 2
    measure 10000000 100 125 200 1 1 2
  fi
} | tee scaling.md
