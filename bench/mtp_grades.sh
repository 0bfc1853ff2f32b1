#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# mtp_grades.sh [NAME=FILE,CRYSTAL,EDGE,MASS…]: what extrapolation grades at every step add to the time of
# pair style mtp: of all atoms, exact above 2 only, and that with an exact largest grade. One core, CPU
# time, alternating. Potentials with an active set and the crystal they are run in, by default the one
# that ships (Cu_eam_16=../potentials/Cu_eam_16.almtp,fcc,3.615,63.546). MLGRAIN_REPEATS (5),
# MLGRAIN_KELVIN ("300 1000"), MLGRAIN_MTP_CELLS (8): edge of the box in lattice constants; MLGRAIN_SIMD.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
[ $# -gt 0 ] || set -- "Cu_eam_16=$here/../potentials/Cu_eam_16.almtp,fcc,3.615,63.546"
repeats=${MLGRAIN_REPEATS:-5}
cells=${MLGRAIN_MTP_CELLS:-8}
kinds="plain exact bound largest"

# measure KIND STEPS KELVIN: us of CPU time per atom and step; crystal, edge and mass are set
measure() {
  run_lammps mtp_grades "$here/in.mtp_mixed" -var style "mtp_grades_$1.style" -var steps "$2" \
    -var cells "$cells" -var kelvin "$3" -var every 100000 -var warm 60 -var crystal "$crystal" \
    -var edge "$edge" -var mass "$mass"
  cpu_time mtp_grades
}

least() {
  sort -g "$1" | head -n 1
}

# one_potential NAME FILE KELVIN
one_potential() {
  local kind steps
  local -A words=([plain]="" [exact]="grade 1" [bound]="grade 1 grade_threshold 2"
    [largest]="grade 1 grade_threshold 2 grade_largest exact")
  for kind in $kinds; do
    printf 'pair_style mtp threshold_save 1e9 threshold_break 1e9 %s\npair_coeff * * %s 0\n' \
      "${words[$kind]}" "$2" > "mtp_grades_$kind.style"
    rm -f "mtp_grades_$kind.time"
  done
  steps=$(measure exact 5 "$3" | awk -v cells="$cells" '{ print int(5e5 / $1 / cells ^ 3) + 40 }')
  for ((repeat = 0; repeat < repeats; repeat++)); do
    for kind in $kinds; do measure "$kind" "$steps" "$3" >> "mtp_grades_$kind.time"; done
  done
  awk -v name="$1" -v kelvin="$3" -v plain="$(least mtp_grades_plain.time)" \
    -v exact="$(least mtp_grades_exact.time)" -v bound="$(least mtp_grades_bound.time)" \
    -v largest="$(least mtp_grades_largest.time)" 'BEGIN {
    printf "| %s | %s | %.2f | %+.0f %% | %+.0f %% | %+.0f %% |\n", name, kelvin, plain,
      100 * (exact / plain - 1), 100 * (bound / plain - 1), 100 * (largest / plain - 1) }'
}

{
  echo "| potential | K | without grades, us/atom-step | all grades | exact above 2 | and the largest |"
  echo "|---|--:|--:|--:|--:|--:|"
  for potential in "$@"; do
    IFS=, read -r file crystal edge mass <<< "${potential#*=}"
    for kelvin in ${MLGRAIN_KELVIN:-300 1000}; do
      one_potential "${potential%%=*}" "$file" "$kelvin"
    done
  done
} | tee mtp_grades.md
