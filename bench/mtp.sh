#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# mtp.sh: microseconds of CPU time per atom and step of pair style mtp in bcc iron at 300 K, on one
# core, for each level of vector instructions; its scaling; its memory. Beside a peer, if given:
#   MLGRAIN_PEER_COMMANDS  input lines of its pair style; FILE stands for the potential file, e.g.
#                          $'pair_style mtp FILE\npair_coeff * *'
#   MLGRAIN_PEER_LMP       its LAMMPS; the one of this build by default
#   MLGRAIN_PEER_NAME      for the table
# Potentials: MLGRAIN_MTP_FILES="name=path name=path", by default the published ones for Fe where
# the reference data has them. MLGRAIN_MTP_TYPES (1): types of atoms, as many as they have species.
# MLGRAIN_MTP_CELLS (8): edge of the box in lattice constants. MLGRAIN_MTP_COMMANDS: input lines for
# all runs. MLGRAIN_REPEATS (5), MLGRAIN_SIMD_LEVELS ("v4 v3 v2"). MOST atoms for scaling; 0 leaves
# out grades too.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

mtp_files mtp.sh
levels=${MLGRAIN_SIMD_LEVELS:-v4 v3 v2}
repeats=${MLGRAIN_REPEATS:-5}
peer=${MLGRAIN_PEER_NAME:-peer}
cells=${MLGRAIN_MTP_CELLS:-8}
atoms=$((2 * cells * cells * cells))

# measure LMP STYLE STEPS NX NY NZ LOG: us of CPU time per atom and step of the last run
measure() {
  local launcher=()
  if [ "${RANKS:-1}" -gt 1 ]; then
    launcher=(mpirun --oversubscribe --bind-to none -np "$RANKS")
  fi
  "${launcher[@]}" "$1" -in "$here/in.mtp" -log "$7" -screen none -nocite -var data mtp.data \
    -var style "$2" -var steps "$3" -var nx "$4" -var ny "$5" -var nz "$6" || {
    tail -n 5 "$7" >&2
    return 1
  }
  awk '/^Loop time of/ { wall = $4; steps = $(NF - 4); atoms = $(NF - 1) }
    /CPU use with/ { sub("%", "", $1); cpu = wall * $1 / 100 * $5 }    # times the ranks
    END { printf "%.4f %.4f\n", cpu / steps / atoms * 1e6,
      wall / steps / atoms * 1e6 }' "$7"
}

# median, least and largest of the first column
summary() {
  sort -g "$1" | awk '{ t[NR] = $1 } END { printf "%.3g %.3g %.3g", t[int((NR + 1) / 2)], t[1], t[NR] }'
}

# Steps that take about as long as a measurement should.
steps_for() {
  awk -v us="$1" -v atoms=$atoms 'BEGIN { n = int(1e6 / us / atoms) + 1; print n < 4 ? 4 : n }'
}

run_lammps mtp_start "$here/in.mtp_start" -var cells "$cells" -var data mtp.data -var types "${MLGRAIN_MTP_TYPES:-1}"

one_core() {
  local name=$1 file=$2 level
  printf 'pair_style mtp\npair_coeff * * %s\n%s\n' "$file" "${MLGRAIN_MTP_COMMANDS:-}" \
    > "mtp_own_$name.style"
  rm -f mtp_time_"$name"_*
  if [ -n "${MLGRAIN_PEER_COMMANDS:-}" ]; then
    printf '%s\n' "${MLGRAIN_PEER_COMMANDS//FILE/$file}" "${MLGRAIN_MTP_COMMANDS:-}" \
      > "mtp_peer_$name.style"
    measure "${MLGRAIN_PEER_LMP:-$build/lmp}" "mtp_peer_$name.style" 4 1 1 1 log.mtp_peer > mtp_probe
    peer_steps=$(steps_for "$(cut -d' ' -f1 mtp_probe)")
  fi
  measure "$build/lmp" "mtp_own_$name.style" 10 1 1 1 log.mtp > mtp_probe
  own_steps=$(steps_for "$(cut -d' ' -f1 mtp_probe)")
  for ((repeat = 0; repeat < repeats; repeat++)); do
    if [ -n "${MLGRAIN_PEER_COMMANDS:-}" ]; then
      measure "${MLGRAIN_PEER_LMP:-$build/lmp}" "mtp_peer_$name.style" "$peer_steps" 1 1 1 \
        log.mtp_peer >> "mtp_time_${name}_peer"
    fi
    for level in $levels; do
      MLGRAIN_SIMD=$level measure "$build/lmp" "mtp_own_$name.style" "$own_steps" 1 1 1 log.mtp \
        >> "mtp_time_${name}_$level"
    done
  done
  local peer_time=
  if [ -n "${MLGRAIN_PEER_COMMANDS:-}" ]; then
    read -r peer_time low high <<< "$(summary "mtp_time_${name}_peer")"
    echo "| $name | $peer | $peer_time | $low - $high | 1 |"
  fi
  for level in $levels; do
    read -r time low high <<< "$(summary "mtp_time_${name}_$level")"
    echo "| $name | pair_style mtp, $level | $time | $low - $high |" \
      "$(awk -v a="$peer_time" -v b="$time" 'BEGIN { if (a) printf "%.1f", a / b }') |"
  done
}

# with_active_set FILE: the .almtp file beside an .mtp file; where there is none, the potential with an
# active set of zeros, which costs what any does for one species. Its size is C^2 K R + C + S for C
# species, R radial functions of K polynomials, S scalar moments.
with_active_set() {
  local n
  if [ -f "${1%.mtp}.almtp" ]; then
    cat "${1%.mtp}.almtp"
    return
  fi
  n=$(tr -d '\r' < "$1" | awk '/species_count/ { c = $NF } /radial_basis_size/ { k = $NF }
    /radial_funcs_count/ { r = $NF } /alpha_scalar_moments/ { s = $NF }
    END { print c * c * k * r + c + s }')
  cat "$1"
  printf '\n#MVS_v1.1\nenergy_weight 0\nforce_weight 0\nstress_weight 0\nsite_en_weight 1\n'
  printf 'weight_scaling 2\n#'
  head -c $((16 * n * n)) /dev/zero
  printf '\n#\n'
  seq 0 $((n - 1)) | sed 's/^/0 /'
  printf '#\n'
}

# grades_row NAME FILE: steps with grades beside steps without
grades_row() {
  with_active_set "$2" > mtp_grades.almtp
  printf 'pair_style mtp grade 1 threshold_break 1e9\npair_coeff * * mtp_grades.almtp\n%s\n' \
    "${MLGRAIN_MTP_COMMANDS:-}" > mtp_grades.style
  rm -f mtp_time_grades mtp_time_plain
  for ((repeat = 0; repeat < repeats; repeat++)); do
    measure "$build/lmp" mtp_grades.style 50 1 1 1 log.mtp >> mtp_time_grades
    measure "$build/lmp" "mtp_own_$1.style" 50 1 1 1 log.mtp >> mtp_time_plain
  done
  read -r grades _ _ <<< "$(summary mtp_time_grades)"
  read -r plain _ _ <<< "$(summary mtp_time_plain)"
  awk -v name="$1" -v a="$plain" -v b="$grades" \
    'BEGIN { printf "| %s | %s | %s | %+.0f %% |\n", name, a, b, 100 * (b / a - 1) }'
}

# scaling_row COPIES ATOMS THREADS RANKS STEPS
scaling_row() {
  [ "$2" -le "${MOST:-1100000}" ] || return 0
  read -r nx ny nz <<< "$1"
  read -r cpu wall <<< "$(OMP_NUM_THREADS=$3 RANKS=$4 measure "$build/lmp" "mtp_own_$first.style" "$5" \
    "$nx" "$ny" "$nz" log.mtp_scaling)"
  awk -v atoms="$2" -v threads="$3" -v ranks="$4" -v cpu="$cpu" -v wall="$wall" '
    /Maximum resident/ { memory = $(NF - 1) }
    END { printf "| %d | %d | %d | %.2f | %.2f | %.1f | %.2f |\n", atoms, ranks, threads, cpu, wall,
      memory, memory * ranks * 1024 / atoms }' log.mtp_scaling
}

{
  echo "| level | style | us/atom-step, one core | range | times the peer's speed |"
  echo "|---|---|---|---|---|"
  for file in $files; do one_core "${file%%=*}" "${file#*=}"; done
  printf '\n%s\n\n' "$atoms atoms of bcc Fe at 300 K, CPU time, median of $repeats alternating repeats"
  [ "${MOST:-1}" -gt 0 ] || exit 0
  echo "| level | without grades | grades at every step | |"
  echo "|---|---|---|---|"
  for file in $files; do grades_row "${file%%=*}" "${file#*=}"; done
  printf '\n'
  first=${files%%=*}
  echo "| atoms | ranks | threads | us/atom-step x cores, CPU time | us/atom-step, wall time | MB, first rank | kB/atom |"
  echo "|---|---|---|---|---|---|---|"
  scaling_row "1 1 1" 1024 1 1 200
  scaling_row "2 2 2" 8192 1 1 50
  scaling_row "4 4 4" 65536 1 1 10
  scaling_row "8 8 8" 524288 1 1 3
  scaling_row "10 10 10" 1024000 1 1 3
  if [ "$(getconf _NPROCESSORS_ONLN)" -gt 1 ]; then
    scaling_row "4 4 4" 65536 2 1 10
    scaling_row "4 4 4" 65536 1 2 10
  fi
  printf '\nlevel %s\n' "$first"
} | tee mtp.md
