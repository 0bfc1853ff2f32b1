#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# peers.sh: what a step costs with other machine-learned potentials, microseconds of CPU time per atom on one
# core, beside LAMMPS' own eam/alloy and pair style mtp: those that the LAMMPS at hand has styles for, with potentials
# from its folder of potentials (SNAP and quadratic SNAP of Zuo et al. 2020 and an ACE for copper, a UF3 for
# niobium, a POD for tantalum), each in its own crystal at 300 K. Untrained moment tensor potentials
# have a cutoff of 5.5 A in copper; springs hold the atoms. MLGRAIN_REPEATS (5), MLGRAIN_MTP_CELLS (8): edge of
# the box in lattice constants, MLGRAIN_PEER_LEVELS ("8 16 20 24").
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
read -ra levels <<< "${MLGRAIN_PEER_LEVELS:-8 16 20 24}"
repeats=${MLGRAIN_REPEATS:-5}
cells=${MLGRAIN_MTP_CELLS:-8}
potentials=$build/lammps-potentials
work=$build/bench/peers
rm -rf "$work"
mkdir -p "$work"
"$("$here/../cmake/make-venv.sh" "$build/venv")" "$here/mtp_levels.py" "$work" 1 5.5 "${levels[@]}" >&2

names=()
declare -A what crystal
copper="-var crystal fcc -var edge 3.615 -var mass 63.546"

# add NAME DESCRIPTION CRYSTAL STYLE LINE…: if LAMMPS has the style; the lines are those of the input.
styles=$("$build/lmp" -h)
add() {
  local name=$1
  if [ "$4" != mtp ] && ! grep -qE "(^|[[:space:]])$4([[:space:]]|\$)" <<< "$styles"; then
    echo "peers.sh: no pair style $4 in this LAMMPS" >&2
    return
  fi
  names+=("$name")
  what[$name]=$2
  crystal[$name]=$3
  printf '%s\n' "${@:5}" > "$work/$name.style"
}

add eam "eam/alloy, Cu (Mishin 2001)" "$copper" eam/alloy \
  "pair_style eam/alloy" "pair_coeff * * $potentials/Cu_mishin1.eam.alloy Cu"
for level in "${levels[@]}"; do
  for precision in double mixed; do
    add "mtp_${level}_$precision" "mtp, level $level, $precision" "$copper" mtp \
      "pair_style mtp precision $precision" "pair_coeff * * $work/$level.mtp 0" \
      "fix springs all spring/self 5.0"
  done
done
zuo=$potentials/Cu_Zuo_JPCA2020
add snap "snap, Cu (Zuo 2020), twojmax 8" "$copper" snap \
  "pair_style snap" "pair_coeff * * $zuo.snapcoeff $zuo.snapparam Cu"
add quadratic "snap, quadratic, Cu (Zuo 2020), twojmax 6" "$copper" snap \
  "pair_style snap" "pair_coeff * * $zuo.quadratic.snapcoeff $zuo.quadratic.snapparam Cu"
add pace "pace, Cu (Lysogorskiy 2021)" "$copper" pace \
  "pair_style pace" "pair_coeff * * $potentials/Cu-PBE-core-rep.ace Cu"
add uf3 "uf3, Nb" "-var crystal bcc -var edge 3.3 -var mass 92.906" uf3 \
  "pair_style uf3 3" "pair_coeff * * $potentials/Nb.uf3 Nb"
add pod "pod, Ta" "-var crystal bcc -var edge 3.316 -var mass 180.95" pod \
  "pair_style pod" "pair_coeff * * $potentials/Ta_param.pod $potentials/Ta_coeff.pod Ta"

# measure NAME STEPS: us of CPU time per atom and step
measure() {
  local variables
  read -ra variables <<< "${crystal[$1]}"
  run_lammps peers "$here/in.mtp_mixed" -var style "$work/$1.style" -var steps "$2" -var cells "$cells" \
    -var kelvin 300 -var every 100000 -var warm "$2" "${variables[@]}"
  cpu_time peers
}

declare -A steps
for name in "${names[@]}"; do
  steps[$name]=$(measure "$name" 5 | awk -v atoms=$((4 * cells * cells * cells)) \
    '{ n = int(5e5 / $1 / atoms); print n < 5 ? 5 : n }')
done
for ((repeat = 0; repeat < repeats; repeat++)); do
  for name in "${names[@]}"; do
    measure "$name" "${steps[$name]}" >> "$work/$name.time"
  done
done

{
  echo "| potential | us/atom-step | range | times eam/alloy |"
  echo "|---|--:|---|--:|"
  read -r eam _ _ <<< "$(median_and_range "$work/eam.time")"
  for name in "${names[@]}"; do
    read -r time low high <<< "$(median_and_range "$work/$name.time")"
    awk -v what="${what[$name]}" -v time="$time" -v low="$low" -v high="$high" -v eam="$eam" \
      'BEGIN { printf "| %s | %s | %s - %s | %.2f |\n", what, time, low, high, time / eam }'
  done
  printf '\n%s\n' "edge of $cells lattice constants, 300 K, us/atom-step of CPU time, median of $repeats alternating repeats"
} | tee peers.md
