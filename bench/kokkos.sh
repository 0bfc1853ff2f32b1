#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kokkos.sh [LEVEL…]: nanoseconds per atom and step of pair style mtp/kk in bcc iron (untrained
# potentials of these levels, by default 8 12 16 20 24; cutoff 6.5 Angstrom), for systems from 10^3 to
# 10^7 atoms, beside the style for CPUs and beside peers. Needs a build with the styles for Kokkos. On
# CPUs both have the same kernels, unless MLGRAIN_KOKKOS_KERNELS=device (doc/kokkos.md).
#   MLGRAIN_KOKKOS_ARGUMENTS  how LAMMPS is started, e.g. "-k on g 1" for a GPU; by default "-k on t N"
#                             with all cores
#   MLGRAIN_PEER_COMMANDS     input lines of a peer's pair style; FILE stands for the potential file,
#                             e.g. $'pair_style mtp FILE\npair_coeff * *'
#   MLGRAIN_PEER_SMALL_COMMANDS  the same of its form for small systems, e.g. mtp/small
#   MLGRAIN_PEER_LMP          the peer's LAMMPS; the one of this build by default
#   MLGRAIN_PEAK              double-precision peak of the device in GFLOP/s (34000 for an H200, say):
#                             then also the fraction of it
#   MLGRAIN_KOKKOS_TEAM       another division of the work among the threads (src/kokkos/mtp_shape.h)
#   CELLS                     edges of the boxes in lattice constants ("8 16 37 79 171")
#   MOST                      atoms (10^7)
#   MLGRAIN_REPEATS           3; the least time of each counts, styles take turns
# The operations of an atom are counted from the potential: 2 K R for radial functions and slopes and
# 3 M for moments and gradients for each of 112 neighbors (R functions of K polynomials, M = sum of
# (rank + 1)^2 reduced moments), 4 for each product term; two floating-point operations each.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

[ $# -gt 0 ] || set -- 8 12 16 20 24
if [ ! -e "$build/mlgrainkkplugin.so" ]; then
  echo "kokkos.sh: this build has no styles for Kokkos: its LAMMPS lacks KOKKOS" >&2
  exit 0
fi
if [ -z "${MLGRAIN_PEER_COMMANDS:-}" ]; then
  echo "kokkos.sh: MLGRAIN_PEER_COMMANDS isn't set: without a peer" >&2
fi
python=$("$here/../cmake/find-python.sh" numpy)
export OMP_PROC_BIND=${OMP_PROC_BIND:-spread} OMP_PLACES=${OMP_PLACES:-threads}
read -r -a kokkos <<< "${MLGRAIN_KOKKOS_ARGUMENTS:--k on t $(getconf _NPROCESSORS_ONLN)}"
kokkos+=(-sf kk -pk kokkos newton on neigh half)
most=${MOST:-10100000}
repeats=${MLGRAIN_REPEATS:-3}
potentials=$build/bench/mtp_levels
mkdir -p "$potentials"
"$python" "$here/mtp_levels.py" "$potentials" 1 6.5 "$@"

# operations FILE: million floating-point operations per atom
operations() {
  "$python" - "$1" << 'PYTHON'
import re
import sys

text = open(sys.argv[1]).read()


def number(name):
    return int(re.search(name + r" = (\d+)", text)[1])


rank = {}
for mu, *powers in re.findall(r"\{(\d+), (\d+), (\d+), (\d+)\}",
                              re.search(r"alpha_index_basic = (.*)", text)[1]):
    rank[mu] = max(rank.get(mu, 0), sum(map(int, powers)))
moments = sum((r + 1) ** 2 for r in rank.values())
radial = 2 * number("radial_basis_size") * number("radial_funcs_count")
print(2e-6 * (112 * (radial + 3 * moments) + 4 * number("alpha_index_times_count")))
PYTHON
}

# measure LMP STYLE STEPS CELLS ARGUMENTS…: ns per atom and step of the last run
measure() {
  local lmp=$1 style=$2 steps=$3 cells=$4
  shift 4
  "$lmp" -in "$here/in.mtp" -log log.kokkos -screen none -nocite -var data "kokkos_$cells.data" \
    -var style "$style" -var steps "$steps" -var nx 1 -var ny 1 -var nz 1 "$@" || {
    tail -n 5 log.kokkos >&2
    return 1
  }
  awk '/^Loop time of/ { wall = $4; steps = $(NF - 4); atoms = $(NF - 1) }
    END { printf "%.6g\n", wall / steps / atoms * 1e9 }' log.kokkos
}

# style_file NAME COMMANDS FILE: untrained potentials push too little to matter, so nothing moves
style_file() { printf '%s\nvelocity all set 0 0 0\n' "${2//FILE/$3}" > "kokkos_$1.style"; }

# row LEVEL CELLS
row() {
  local level=$1 cells=$2 file=$potentials/$1.mtp atoms=$((2 * $2 * $2 * $2)) name steps best own=
  local names=(cpu kk)
  [ "$atoms" -le "$most" ] || return 0
  style_file cpu $'pair_style mtp\npair_coeff * * FILE' "$file"
  style_file kk $'pair_style mtp\npair_coeff * * FILE' "$file"
  if [ -n "${MLGRAIN_PEER_COMMANDS:-}" ]; then
    style_file peer "$MLGRAIN_PEER_COMMANDS" "$file"
    names+=(peer)
  fi
  if [ -n "${MLGRAIN_PEER_SMALL_COMMANDS:-}" ]; then
    style_file small "$MLGRAIN_PEER_SMALL_COMMANDS" "$file"
    names+=(small)
  fi
  rm -f kokkos_time_*
  steps=$((2000000 / atoms))
  steps=$((steps > 100 ? 100 : steps < 5 ? 5 : steps))
  for ((repeat = 0; repeat < repeats; repeat++)); do
    for name in "${names[@]}"; do
      case $name in
        cpu)
          [ "$atoms" -le "${MOST_CPU:-40000}" ] || continue
          measure "$build/lmp" kokkos_cpu.style "$steps" "$cells" >> kokkos_time_cpu
          ;;
        kk) measure "$build/lmp" kokkos_kk.style "$steps" "$cells" "${kokkos[@]}" >> kokkos_time_kk ;;
        *)
          measure "${MLGRAIN_PEER_LMP:-$build/lmp}" "kokkos_$name.style" "$steps" "$cells" \
            "${kokkos[@]}" >> "kokkos_time_$name"
          ;;
      esac
    done
  done
  printf '| %s | %d |' "$level" "$atoms"
  for name in kk cpu peer small; do
    best=
    [ ! -e "kokkos_time_$name" ] || best=$(sort -g "kokkos_time_$name" | head -n 1)
    [ $name != kk ] || own=$best
    printf ' %s |' "$best"
  done
  awk -v ns="$own" -v work="$(operations "$file")" -v peak="${MLGRAIN_PEAK:-0}" 'BEGIN {
    printf " %.4g |", 1e6 * work / ns
    if (peak > 0) printf " %.1f %%", 100 * 1e6 * work / ns / peak
    print " |" }'
}

{
  printf '%s, OMP_NUM_THREADS=%s, %s\n\n' "${kokkos[*]}" "$OMP_NUM_THREADS" "$(date +%F)"
  echo "| level | atoms | mtp/kk, ns/atom-step | mtp, one CPU process | peer | peer, small | GFLOP/s of mtp/kk | of the peak |"
  echo "|---|---|---|---|---|---|---|---|"
  for cells in ${CELLS:-8 16 37 79 171}; do
    [ $((2 * cells * cells * cells)) -le "$most" ] || continue
    run_lammps kokkos_start "$here/in.mtp_start" -var cells "$cells" -var data "kokkos_$cells.data" \
      -var types 1
    for level in "$@"; do row "$level" "$cells"; done
    rm -f "kokkos_$cells.data"
  done
} | tee kokkos.md
