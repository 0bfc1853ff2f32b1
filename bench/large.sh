#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# large.sh: what descriptors, mixture, forest and dump cost per atom, beside a step of molecular dynamics
# with an EAM potential, from 10^4 to 10^7 atoms, all in one grain size; memory, ghost atoms.
#
#   MOST=1000000   leaves out larger systems (default; 10000000 needs a quarter of an hour and 13 GB)
#   MODELS=FOLDER  Cu_eden.safetensors and Cu_gb2.safetensors (default: potentials)
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
models=${MODELS:-$here/../potentials}
for model in Cu_eden Cu_gb2; do
  if [ ! -e "$models/$model.safetensors" ]; then
    echo "large: there is no $models/$model.safetensors" >&2
    exit 1
  fi
done

# polycrystal NAME CELLS STEPS RANKS REPEATS: runs in.large
polycrystal() {
  RANKS=$4 run_lammps "$1" "$here/in.large" -var cells "$2" -var steps "$3" -var repeats "$5" \
    -var forest "$models/Cu_eden.safetensors" -var mixture "$models/Cu_gb2.safetensors"
  rm -f large.dump
}

# memory NAME: largest resident size of the first rank, MB.
memory() { awk '/Maximum resident/ { m = $(NF - 1) } END { print m }' "log.$1"; }

# measure CELLS STEPS REPEATS RANKS: one row, times being those of all cores together.
measure() {
  local name=large-$1-$4
  [ $((4 * $1 * $1 * $1)) -le $((${MOST:-1000000} * 11 / 10)) ] || return 0
  polycrystal "$name" "$1" "$2" "$4" "$3"
  timings "$name" | awk -F, -v ranks="$4" -v memory="$(memory "$name")" -v empty="$empty" -v ghosts="$(
    awk '/^Nghost:/ { print $2; exit }' "log.$name")" '
    { time[$1] = $2 * ranks; atoms = $3 }
    END {
      printf "| %d | %d | %.2f | %.2f | %.2f | %.2f | %.2f | %.2f | %.0f | %.2f |\n", atoms, ranks,
        time["eam"], time["descriptors"] - time["eam"], time["mixture"] - time["descriptors"],
        time["forest"] - time["mixture"], time["dump"] - time["forest"], memory / 1024,
        (memory - empty) * 1048576 * ranks / atoms, ghosts * ranks / atoms
    }'
}

# Of next to no atoms: LAMMPS, libraries, models.
polycrystal large-empty 6 1 1 1
empty=$(memory large-empty)
cores=$(getconf _NPROCESSORS_ONLN)
{
  echo "core-us per atom: one step without neighbor lists, one evaluation of each"
  echo
  echo "| atoms | ranks | EAM step | descriptors | mixture | forest | dump | GB, first rank |" \
    "bytes per atom | ghosts per atom |"
  echo "|---|---|---|---|---|---|---|---|---|---|"
  for ranks in 1 2; do
    [ "$ranks" -le "$cores" ] || continue
    measure 14 40 9 "$ranks" # 1.1e4 sites
    measure 29 10 5 "$ranks" # 9.8e4
    measure 63 3 3 "$ranks"  # 1.0e6
    measure 136 1 2 "$ranks" # 1.0e7
  done
} | tee large.md
