#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# run.sh [TEMPERATURE]: energy, harmonic free energy and free energy by springs of a copper boundary, and
# its shear coupling at 500 K; some minutes. Files are in $MLGRAIN_BUILD_DIR/boundary-recipes.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$(cd "${MLGRAIN_BUILD_DIR:-$here/../../build}" && pwd)
python=$("$here/../../cmake/make-venv.sh" "${MLGRAIN_VENV:-$build/venv}")
export LAMMPS_PLUGIN_PATH=$build OMP_NUM_THREADS=1
temperature=${1:-300}
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

lammps log.energy in.energy -var translation "0.25 0" -var thickness 25
grep '^boundary' log.energy
lammps log.expansion in.expansion -var temperature "$temperature"
stretch=$(sed -n 's/^stretch //p' log.expansion)
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
