#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# run.sh [TEMPERATURE]: energy, harmonic free energy and free energy by springs of a copper boundary, and
# its shear coupling at 500 K; some minutes. Files are in $MLGRAIN_BUILD_DIR/boundary-recipes.
# run.sh mobility [TEMPERATURE ...]: its mobility from its random walk, by default at 800 and 1000 K; SEEDS
# (default "1 2") are as many runs of STEPS (50000) steps of 2 fs each.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$(cd "${MLGRAIN_BUILD_DIR:-$here/../../build}" && pwd)
python=$("$here/../../cmake/make-venv.sh" "${MLGRAIN_VENV:-$build/venv}")
export LAMMPS_PLUGIN_PATH=$build OMP_NUM_THREADS=1
mkdir -p "$build/boundary-recipes"
cd "$build/boundary-recipes"

lammps() {
  local log=$1 input=$2
  shift 2
  if ! "$build/lmp" -in "$here/$input" -log "$log" -screen none -nocite \
    -var potential "$build/lammps-potentials/Cu_mishin1.eam.alloy" "$@"; then
    tail -n 5 "$log" >&2
    return 1
  fi
}

# How much longer the crystal is at a temperature than at rest.
stretch_at() {
  lammps log.expansion in.expansion -var temperature "$@"
  sed -n 's/^stretch //p' log.expansion
}

mobility() {
  local temperature stretch seed
  for temperature in "$@"; do
    stretch=$(stretch_at "$temperature" -var cells 4)
    local files=()
    for seed in ${SEEDS:-1 2}; do
      files+=("motion.$temperature.$seed.txt")
      lammps log.motion in.motion -var temperature "$temperature" -var stretch "$stretch" \
        -var steps "${STEPS:-50000}" -var seed "$seed" -var out "${files[-1]}"
    done
    "$python" "$here/motion.py" mobility "${files[@]}"
  done
}

if [[ ${1:-} == mobility ]]; then
  shift
  (($#)) || set -- 800 1000
  mobility "$@"
  exit
fi

temperature=${1:-300}
lammps log.energy in.energy -var translation "0.25 0" -var thickness 25
grep '^boundary' log.energy
stretch=$(stretch_at "$temperature")
for at in 1.0 "$stretch"; do
  lammps log.boundary."$at" in.harmonic -var stretch "$at"
  lammps log.crystal."$at" in.harmonic -var stretch "$at" -var data crystal.data -var repeats "1 1 1" \
    -var out crystal.dynmat
  echo "harmonic, cell stretched by $at:"
  "$python" "$here/free_energy.py" harmonic log.boundary."$at" boundary.dynmat log.crystal."$at" \
    crystal.dynmat 0 "$temperature"
done
lammps log.springs in.springs -var temperature "$temperature" -var stretch "$stretch"
lammps log.crystal in.springs -var temperature "$temperature" -var stretch "$stretch" \
  -var data crystal.data -var repeats "1 1 1" -var out crystal.springs
echo "springs:"
"$python" "$here/free_energy.py" springs log.springs boundary.springs log.crystal crystal.springs
lammps log.motion in.motion -var temperature 500 -var stretch 1.0085 -var speed 0.7 -var steps 12000
"$python" "$here/motion.py" coupling motion.txt
