#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# run.sh: how stiff copper nanocrystals are, by their atoms and as continua. Everything goes to
# $MLGRAIN_BUILD_DIR/nanocrystal-stiffness (build/nanocrystal-stiffness of this checkout by default). What a folder has
# already is not done again.
#
#   EDGES="60 48"        edges of the boxes (Angstrom). Constants of boundaries are fitted to the first
#   GRAINS=10 SEED=4711  in each, and seed of random numbers
#   TEMPERATURE=700      of the anneal (K)
#   EVERY=500 LOOKS=2    steps between two looks at the grains; looks while it is hot, and while it is cooled
#   SIZE=100             smallest number of atoms inside a grain
#   FORCE=1e-4 ITERATIONS=500  largest force of what is strained (eV/Angstrom), and iterations to get there
#   COUNT=100 LARGEST=40 polycrystals that the model learns from; edge of the largest of their boxes, in voxels
#   RANKS=1              MPI ranks
#   OUTPUT=FOLDER        another place for everything
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
build=$(cd "${MLGRAIN_BUILD_DIR:-$top/build}" && pwd)
output=${OUTPUT:-$build/nanocrystal-stiffness}
if [ -z "${PYTHON:-}" ]; then
  PYTHON=$("$top/cmake/make-venv.sh" "$build/venv")
fi
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
read -r -a edges <<< "${EDGES:-60 48}"
launcher=()
if [ "${RANKS:-1}" -gt 1 ]; then
  launcher=(mpirun --oversubscribe -np "$RANKS")
fi

# lammps NAME ARGUMENTS...: runs in.NAME here.
lammps() {
  local name=$1
  shift
  echo "+ in.$name in $PWD" >&2
  if ! "${launcher[@]}" "$build/lmp" -in "$here/in.$name" -log "log.$name" -nocite \
    -var potential "$build/lammps-potentials/Cu_mishin1.eam.alloy" "$@" > screen.txt; then
    tail -n 5 screen.txt >&2
    exit 1
  fi
}

study() {
  "$PYTHON" "$here/stiffness.py" "$@"
}

# fitted FILE NAME...: values of these names in it.
fitted() {
  "$PYTHON" -c 'import json, sys
print(*(json.load(open(sys.argv[1]))[name] for name in sys.argv[2:]))' "$@"
}

mkdir -p "$output"
cd "$output"
if [ ! -e crystal.json ]; then
  lammps crystal
  lammps strain -var data crystal.data -var output crystal.txt
  study crystal crystal.txt crystal.json
fi
for edge in "${edges[@]}"; do
  mkdir -p "$edge"
  cd "$edge"
  if [ ! -e atoms.data ]; then
    rm -f ./*.txt atoms.dump
    lammps anneal -var plugin "$build/mlgrainplugin.so" -var a "$(cat ../lattice.txt)" -var edge "$edge" \
      -var grains "${GRAINS:-10}" -var seed "${SEED:-4711}" -var temperature "${TEMPERATURE:-700.0}" \
      -var every "${EVERY:-500}" -var looks "${LOOKS:-2}" \
      -var size "${SIZE:-100}" -var force "${FORCE:-1e-4}" -var iterations "${ITERATIONS:-500}"
  fi
  if [ ! -e strained.txt ]; then
    lammps strain -var data atoms.data -var output strained.part -var force "${FORCE:-1e-4}" \
      -var iterations "$((4 * ${ITERATIONS:-500}))"
    mv strained.part strained.txt
  fi
  cd ..
done
# The graph of grains and boundaries over time, pictures, and the end on voxels.
for edge in "${edges[@]}"; do
  cd "$edge"
  "$PYTHON" -m mlgrain.cli grains grains.txt boundaries.txt --lines lines.txt --events events.txt --npz graphs.npz \
    --graphml last.graphml --dump atoms.dump --inner "c_g_orientation[7]" --voxels last.vti > grains.table
  "$PYTHON" -m mlgrain.cli plot grains grains.txt boundaries.txt -o growth
  cd ..
done
if [ ! -e fitted.json ]; then
  study fit crystal.json "${edges[0]}" fitted.json
fi
cat crystal.json fitted.json
if [ ! -e copper.safetensors ]; then
  study learn crystal.json copper.safetensors --count "${COUNT:-100}" --largest "${LARGEST:-40}" | tee learned.txt
fi
for edge in "${edges[@]}"; do
  cd "$edge"
  rm -f predicted.txt
  lammps predict -var plugin "$build/mlgrainplugin.so" -var every "${EVERY:-500}" -var size "${SIZE:-100}" \
    -var model ../copper.safetensors -var thickness "$(fitted ../fitted.json thickness)" \
    -var crystal "$(fitted ../crystal.json C11 C12 C44)" -var boundary "$(fitted ../fitted.json K G)"
  cd ..
done
study compare crystal.json fitted.json copper.safetensors "${edges[@]}" | tee table.txt
