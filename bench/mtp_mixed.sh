#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# mtp_mixed.sh [LEVEL…]: what a step of copper at 300 K costs with LAMMPS' own eam/alloy and with pair style
# mtp in double and in mixed precision, microseconds of CPU time per atom on one core: the potential
# that ships, and untrained ones of these levels (8 16 24) with the cutoff of the EAM one, for whose
# cost alone springs hold the atoms. MLGRAIN_REPEATS (5), MLGRAIN_SIMD_LEVELS ("v4 v3"),
# MLGRAIN_MTP_CELLS (8): edge of the box in lattice constants.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
[ $# -gt 0 ] || set -- 8 16 24
levels=${MLGRAIN_SIMD_LEVELS:-v4 v3}
repeats=${MLGRAIN_REPEATS:-5}
cells=${MLGRAIN_MTP_CELLS:-8}
work=$build/bench/mtp_mixed
eam=$build/lammps-potentials/Cu_mishin1.eam.alloy
rm -rf "$work"
mkdir -p "$work"
"$("$here/../cmake/make-venv.sh" "$build/venv")" "$here/mtp_levels.py" "$work" 1 5.50679 "$@" >&2

printf 'pair_style eam/alloy\npair_coeff * * %s Cu\n' "$eam" > "$work/eam.style"
names="Cu_eam_16"
cp "$here/../potentials/Cu_eam_16.almtp" "$work/Cu_eam_16.mtp"
for level in "$@"; do names="$names $level"; done
for name in $names; do
  for precision in double mixed; do
    {
      printf 'pair_style mtp precision %s\npair_coeff * * %s 0\n' "$precision" "$work/$name.mtp"
      [ "$name" = Cu_eam_16 ] || echo 'fix springs all spring/self 5.0'
    } > "$work/$name.$precision.style"
  done
done

# measure STYLE STEPS: us of CPU time per atom and step
measure() {
  run_lammps mtp_mixed "$here/in.mtp_mixed" -var style "$work/$1.style" -var steps "$2" \
    -var cells "$cells" -var kelvin 300 -var every 100000
  cpu_time mtp_mixed
}

# Steps that take about as long as a measurement should.
steps_for() {
  awk -v us="$(measure "$1" 10)" -v atoms=$((4 * cells * cells * cells)) \
    'BEGIN { n = int(1e6 / us / atoms) + 1; print n < 20 ? 20 : n }'
}

declare -A steps
steps[eam]=$(steps_for eam)
for name in $names; do steps[$name]=$(steps_for "$name.double"); done
for ((repeat = 0; repeat < repeats; repeat++)); do
  measure eam "${steps[eam]}" >> "$work/eam.time"
  for name in $names; do
    for level in $levels; do
      for precision in double mixed; do
        MLGRAIN_SIMD=$level measure "$name.$precision" "${steps[$name]}" \
          >> "$work/$name.$precision.$level.time"
      done
    done
  done
done

{
  echo "| potential | instructions | double | mixed | range | times double's speed | price of eam/alloy |"
  echo "|---|---|--:|--:|---|--:|--:|"
  read -r eam_time low high <<< "$(median_and_range "$work/eam.time")"
  echo "| eam/alloy | | $eam_time | | $low - $high | | 1 |"
  for name in $names; do
    for level in $levels; do
      read -r double _ _ <<< "$(median_and_range "$work/$name.double.$level.time")"
      read -r mixed low high <<< "$(median_and_range "$work/$name.mixed.$level.time")"
      awk -v name="$name" -v level="$level" -v double="$double" -v mixed="$mixed" -v low="$low" \
        -v high="$high" -v eam="$eam_time" 'BEGIN {
        printf "| %s | %s | %s | %s | %s - %s | %.2f | %.2f |\n", name, level, double, mixed, low, high,
          double / mixed, mixed / eam }'
    done
  done
  printf '\n%s\n' "$((4 * cells * cells * cells)) atoms of Cu at 300 K, us/atom-step of CPU time, median of $repeats alternating repeats"
} | tee mtp_mixed.md
