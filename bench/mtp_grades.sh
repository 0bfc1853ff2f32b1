#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# mtp_grades.sh [NAME=FILE,CRYSTAL,EDGE,MASS…]: what extrapolation grades at every step add to the time of
# pair style mtp: of all atoms, exact above 2 only, and that with an exact largest grade. One core, CPU
# time, alternating. Potentials with an active set and the crystal they are run in, by default the one
# that ships (Cu_eam_16=../potentials/Cu_eam_16.almtp,fcc,3.615,63.546). MLGRAIN_REPEATS (5),
# MLGRAIN_KELVIN ("300 1000"), MLGRAIN_MTP_CELLS (8): edge of the box in lattice constants; MLGRAIN_SIMD.
# Of times the least of the repeats counts. With MLGRAIN_PROFILE=yes profiles (perf) stand in for them: samples
# in the whole plugin per sample in the stages that grades leave as they are (neighbors, radial functions,
# basic moments, scatter), of which other programs and the processor's clock change little; medians.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
[ $# -gt 0 ] || set -- "Cu_eam_16=$here/../potentials/Cu_eam_16.almtp,fcc,3.615,63.546"
repeats=${MLGRAIN_REPEATS:-5}
cells=${MLGRAIN_MTP_CELLS:-8}
kinds="plain exact bound largest"
how=measure typical=least seconds=0 unit="us/atom-step"
if [ -n "${MLGRAIN_PROFILE:-}" ]; then
  how=profile typical=median seconds=8 unit="in units of these stages"
fi

# run KIND STEPS KELVIN: keeps log.mtp_grades; crystal, edge and mass are set
run() {
  run_lammps mtp_grades "$here/in.mtp_mixed" -var style "mtp_grades_$1.style" -var steps "$2" \
    -var cells "$cells" -var kelvin "$3" -var every 100000 -var warm 60 -var crystal "$crystal" \
    -var edge "$edge" -var mass "$mass"
}

# measure KIND STEPS KELVIN: us of CPU time per atom and step
measure() {
  run "$@"
  cpu_time mtp_grades
}

# profile KIND STEPS KELVIN: samples per sample in some stages, once the first steps are over
profile() {
  local stages='mtp_fill_tile|mtp_radial|functions_of_|mtp_basic_add|mtp_gather|mtp_scatter'
  profiler=(perf record -q -D "$delay" -F 5000 -e cpu-clock -o mtp_grades.perf)
  run "$@" > mtp_grades.perf.log 2>&1
  profiler=()
  perf report -i mtp_grades.perf -n --no-children --stdio 2> /dev/null |
    awk -v stages="$stages" '/^ *[0-9]/ && /mlgrainplugin/ {
      all += $2
      if ($NF ~ stages) some += $2
    } END { printf "%.4f\n", all / some }'
}

least() {
  sort -g "$1" | head -n 1
}

median() {
  median_and_range "$1" | awk '{ print $1 }'
}

# how_long KELVIN: steps of a run, and milliseconds until the first, slow ones are over in all runs
how_long() {
  local plain exact atoms
  plain=$(measure plain 5 "$1")
  exact=$(measure exact 5 "$1")
  atoms=$(awk '/^Loop time of/ { atoms = $(NF - 1) } END { print atoms }' log.mtp_grades)
  awk -v plain="$plain" -v exact="$exact" -v atoms="$atoms" -v seconds="$seconds" 'BEGIN {
    delay = 1.5 * 60 * exact * atoms / 1e6 + 0.5
    if (seconds)
      print int((delay + seconds) / plain / atoms * 1e6), int(1000 * delay)
    else
      print int(2e6 / exact / atoms) + 40, 0 }'
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
  read -r steps delay < <(how_long "$3")
  for ((repeat = 0; repeat < repeats; repeat++)); do
    for kind in $kinds; do "$how" "$kind" "$steps" "$3" >> "mtp_grades_$kind.time"; done
  done
  awk -v name="$1" -v kelvin="$3" -v plain="$("$typical" mtp_grades_plain.time)" \
    -v exact="$("$typical" mtp_grades_exact.time)" -v bound="$("$typical" mtp_grades_bound.time)" \
    -v largest="$("$typical" mtp_grades_largest.time)" 'BEGIN {
    printf "| %s | %s | %.2f | %+.0f %% | %+.0f %% | %+.0f %% |\n", name, kelvin, plain,
      100 * (exact / plain - 1), 100 * (bound / plain - 1), 100 * (largest / plain - 1) }'
}

{
  echo "| potential | K | without grades, $unit | all grades | exact above 2 | and the largest |"
  echo "|---|--:|--:|--:|--:|--:|"
  for potential in "$@"; do
    IFS=, read -r file crystal edge mass <<< "${potential#*=}"
    for kelvin in ${MLGRAIN_KELVIN:-300 1000}; do
      one_potential "${potential%%=*}" "$file" "$kelvin"
    done
  done
} | tee mtp_grades.md
