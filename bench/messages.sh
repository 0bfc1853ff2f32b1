#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# messages.sh [NAME…]: messages and collective operations of a step, of each rank, traced by MPI's profiling
# interface (messages.c): the difference of two runs of 20 and 40 steps in which neighbor lists aren't made
# anew. Not timed, so that there may be more ranks than cores. Names are those of the table, by default all.
# RANKS (8), CELLS (10: edge of the box in lattice constants).
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
export RANKS=${RANKS:-8}
potentials=$here/../potentials
eam="pair_style eam/alloy
pair_coeff * * $build/lammps-potentials/Cu_mishin1.eam.alloy Cu"
mtp="pair_coeff * * $potentials/Cu_eam_16.almtp Cu"
grade="grade 1 threshold_save 1e9 threshold_break 1e9"
sfd="compute s all sfd/atom 0.909 5.904"
mpicc -O2 -shared -fPIC -o messages.so "$here/messages.c"

# lines NAME: what is evaluated
lines() {
  case $1 in
    "eam/alloy of LAMMPS") echo "$eam" ;;
    "... and fix ave/atom") printf '%s\nfix o all ave/atom 1 1 1 x\n' "$eam" ;;
    "pair_style mtp") printf 'pair_style mtp\n%s\n' "$mtp" ;;
    "... with grade") printf 'pair_style mtp %s\n%s\n' "$grade" "$mtp" ;;
    "... with grade_threshold") printf 'pair_style mtp %s grade_threshold 2\n%s\n' "$grade" "$mtp" ;;
    "compute sfd/atom") printf '%s\n%s\nfix o all ave/atom 1 1 1 c_s[1]\n' "$eam" "$sfd" ;;
    "compute gmm/atom of these")
      printf '%s\n%s\ncompute g all gmm/atom %s c_s[*]\nfix o all ave/atom 1 1 1 c_g[1]\n' \
        "$eam" "$sfd" "$potentials/Cu_gb2.safetensors"
      ;;
    "compute eden/atom") printf '%s\ncompute e all eden/atom\nfix o all ave/atom 1 1 1 c_e[1]\n' "$eam" ;;
    "fix forest/atom of descriptors")
      printf '%s\n%s\nfix f all forest/atom 1 %s c_s[*]\n' "$eam" "$sfd" \
        "$potentials/Cu_eden.safetensors"
      ;;
  esac
}

# traced NAME STEPS: messages, bytes, collective operations, their bytes, of a rank; then ghosts of a rank
traced() {
  lines "$1" > messages.lines
  rm -f messages.txt
  LD_PRELOAD=$build/bench/messages.so MLGRAIN_MESSAGES=$build/bench/messages.txt \
    run_lammps messages "$here/in.messages" -var lines messages.lines -var steps "$2" \
    -var cells "${CELLS:-10}"
  awk '/^Nghost:/ { ghosts = $2 } END { print ghosts }' log.messages |
    paste -d' ' <(tail -n 1 messages.txt) -
}

[ $# -gt 0 ] || set -- "eam/alloy of LAMMPS" "... and fix ave/atom" "pair_style mtp" "... with grade" \
  "... with grade_threshold" "compute sfd/atom" "compute gmm/atom of these" "compute eden/atom" \
  "fix forest/atom of descriptors"
{
  echo "| | messages | bytes for a ghost | collective operations | bytes |"
  echo "|---|--:|--:|--:|--:|"
  for name in "$@"; do
    short=$(traced "$name" 20)
    long=$(traced "$name" 40)
    echo "$short $long" | awk -v name="$name" '{
      printf "| %s | %g | %.0f | %g | %.0f |\n", name, ($6 - $1) / 20, ($7 - $2) / 20 / $10,
        ($8 - $3) / 20, ($9 - $4) / 20 }'
  done
} | tee messages.md
