#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# run.sh [POTENTIAL]: the example of README.md. Everything goes to $MLGRAIN_BUILD_DIR/iron (build/iron of
# this checkout by default); parts that are there already are kept.
#   GRAINS=6 EDGE=100 TEMPERATURE=800 STEPS=2000   the nanocrystal: Angstrom, K, steps of 2 fs
#   CRYSTALS=800                                   random crystals that grades are relative to
#   RANKS=N                                        MPI ranks (default: as many as processors)
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
build=$(cd "${MLGRAIN_BUILD_DIR:-$top/build}" && pwd)
potential=${1:-${MLGRAIN_REFERENCE_DIR:-$top/../shared/reference}/mtp/Fe_16.mtp}
if [ ! -f "$potential" ]; then
  echo "iron: there is no potential $potential: give the file of an MTP for iron (README.md says which)" >&2
  exit 77
fi
potential=$(cd "$(dirname "$potential")" && pwd)/$(basename "$potential")
if [ -z "${PYTHON:-}" ] && [ -x "$build/venv/bin/python" ]; then
  PYTHON=$build/venv/bin/python
fi
python=$(PYTHON=${PYTHON:-python3} "$top/cmake/find-python.sh" numpy matplotlib sklearn 2> /dev/null) ||
  python=$("$top/cmake/make-venv.sh" "$build/venv")
ranks=${RANKS:-$(getconf _NPROCESSORS_ONLN)}
export PYTHONPATH=$top/python LAMMPS_PLUGIN_PATH=$build OMP_NUM_THREADS=1
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
mkdir -p "$build/iron"
cd "$build/iron"

# lammps INPUT VARIABLES…: log.INPUT keeps the output.
lammps() {
  local input=$1
  shift
  if ! "${launcher[@]}" "$build/lmp" -in "$here/in.$input" -log "log.$input" -screen none -nocite \
    -var potential "$potential" "$@"; then
    tail -n 5 "log.$input" >&2
    exit 1
  fi
}

# value NAME FILE: of a line "NAME value"
value() { awk -v name="$1" '$1 == name { print $2 }' "$2"; }

launcher=()
if [ ! -s crystal.txt ]; then
  echo "Crystal ..."
  lammps crystal
fi
a=$(value lattice_constant crystal.txt)

if [ ! -s boundary.done ]; then
  echo "Sigma3 (111) boundary ..."
  rm -f boundary.txt
  "$python" -m mlgrain.cli bicrystal starts --lattice bcc --axis 110 --plane 1 -1 1 --a "$a" --grid 2 2 \
    --overlaps 1.0 1.5 2.0 -o starts > starts.txt
  for data in starts/*.data; do
    lammps boundary -var data "$data" -var recipe "$top/examples/cu-boundaries/in.excess" \
      -var crystal_energy "$(value energy crystal.txt)" -var crystal_volume "$(value volume crystal.txt)"
  done
  touch boundary.done
fi

if [ "$ranks" -gt 1 ]; then
  launcher=(mpirun --oversubscribe -np "$ranks")
fi
if [ ! -s polycrystal.txt ]; then
  echo "Nanocrystal: minutes to an hour, see $build/iron/log.polycrystal ..."
  lammps polycrystal -var lattice_constant "$a" -var edge "${EDGE:-100}" -var grains "${GRAINS:-6}" \
    -var temperature "${TEMPERATURE:-800}" -var steps "${STEPS:-2000}"
fi

# Grades: an active set needs structures only, which the potential itself relaxes.
if [ ! -s active.almtp ]; then
  echo "Active set ..."
  # Not the checkout's package, which isn't compiled.
  compiled=$("$top/cmake/make-venv.sh" "$build/venv") || compiled=$python
  if ! env -u PYTHONPATH "$compiled" -c 'import mlgrain._core, spglib' 2> /dev/null; then
    echo "iron: no row of grades: it needs the compiled package mlgrain, and spglib" >&2
  else
    mlgrain() { env -u PYTHONPATH "$compiled" -m mlgrain.cli "$@"; }
    mlgrain mtp random-crystals --species Fe --volume 11.35 --crystals "${CRYSTALS:-800}" \
      --crystal Fe bcc "$a" --pair-style mtp --pair-coeff "* * $potential 0" --lammps "$build/lmp" \
      --types-from-zero -o pool.cfg
    mlgrain mtp select "$potential" pool.cfg -o active.almtp
  fi
fi
if [ -s active.almtp ] && [ ! -s grades.done ]; then
  echo "Grades at 0, 300, 600 and 1000 K ..."
  lammps grades -var graded active.almtp -var steps "${STEPS:-2000}"
  touch grades.done
fi
"$python" "$here/compare.py"
echo "Everything is in $build/iron: the table table.csv, pictures (*.png), all atoms in polycrystal.dump."
