#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# run.sh: the study of README.md. Everything goes to $MLGRAIN_BUILD_DIR/cu-boundaries
# (build/cu-boundaries of this checkout by default). What is there already is kept: an interrupted run
# goes on where it stopped.
#
#   STUDY_FOLDER=FOLDER      another place for everything
#   STAGES="1 2 3 4 5"       the stages to do (default: all)
#   DATABASE=FOLDER          stage 1 takes the structures of examples/boundary-database, its folder after
#                            run.sh copper-tilts, rather than relax some starts of its own
#   STRUCTURES=10            of each of these boundaries at most so many, the lowest (default: all)
#   BOUNDARIES_PER_AXIS=24   boundaries for each of four tilt axes
#   LARGEST_CELL=3000        atoms of the largest cell of a boundary that is taken
#   STARTS=8                 starts for each boundary: pairs of translation and overlap cutoff, up to 80
#   NANOCRYSTALS="100:10"    edge (Angstrom) and number of grains, and at will :iterations, of each
#   FULL=yes                 the nanocrystal of 25 nm, too (a quarter of an hour of one core)
#   STUDY_SCALE=0.1          a tenth of the training rows, of trees and of steps at 300 K, to try all of it
#   JOBS=N                   LAMMPS runs at a time, MPI ranks of the nanocrystals (default: as many as
#                            processors)
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
build=${MLGRAIN_BUILD_DIR:-$top/build}
potential=$build/lammps-potentials/Cu_mishin1.eam.alloy
# The Python of the tests' environment has scikit-learn where the system's hasn't.
if [ -z "${PYTHON:-}" ] && [ -x "$build/venv/bin/python" ]; then
  PYTHON=$build/venv/bin/python
fi
python=$(PYTHON=${PYTHON:-python3} "$top/cmake/find-python.sh" numpy matplotlib sklearn)
export PYTHONPATH=$top/python${PYTHONPATH:+:$PYTHONPATH} OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OPENBLAS_NUM_THREADS=${OPENBLAS_NUM_THREADS:-1} # JOBS is what there is of parallel work

folder=${STUDY_FOLDER:-$build/cu-boundaries}
lmp=("$build/lmp" "$build/mlgrainplugin.so" "$potential")
database=${DATABASE:+$(cd "$DATABASE" && pwd)}
mkdir -p "$folder"
cd "$folder"

# stage NUMBER TITLE: whether it is to be done.
stage() {
  case " ${STAGES:-1 2 3 4 5} " in
    *" $1 "*) echo "== $1. $2" ;;
    *) return 1 ;;
  esac
}

if stage 1 "Database of boundaries"; then
  if [ -n "$database" ]; then
    "$python" "$here/searched.py" "${lmp[@]}" "$database"
  else
    "$python" "$here/database.py" "${lmp[@]}"
  fi
  "$python" "$here/draw.py"
fi

mlgrain() {
  "$python" -m mlgrain.cli "$@"
}

# table_of OUTPUT COLUMNS DUMP...: a table of atoms, unless OUTPUT is one of these dumps already.
descriptors="P0_I0 P1_I0 P2_I0 P2_I1 P2_I2 P3_I0 P3_I1 P3_I2 P3_I3 P3_I4 P4_I0 P4_I1 P4_I2 P4_I3 P4_I4
  P4_I5 P4_I6 P4_I7 P4_I8"
table_of() {
  local output=$1 columns=$2
  shift 2
  local signature
  signature=$(cksum "$@" | cksum)
  if [ ! -e "$output" ] || [ "$signature" != "$(cat "$output.of" 2> /dev/null)" ]; then
    # shellcheck disable=SC2086 # one word per column
    mlgrain table "$@" -o "$output" --columns $columns energy_density energy volume $descriptors \
      --sfd 0.909 5.904 --unit-style metal --elements Cu --training-set \
      "relaxed symmetric tilt boundaries of Cu about <100>, <110>, <111>, <112>, EAM of Mishin et al. 2001"
    echo "$signature" > "$output.of"
  fi
}
# unless_done SCRIPT INPUT...: runs the script, if it or an input has changed since it was run last.
unless_done() {
  local script=$1 stamp=$1.done input
  shift
  for input in "$here/$script" "$here/study.py" "$@"; do
    if [ ! -e "$stamp" ] || [ "$input" -nt "$stamp" ]; then
      touch "$stamp.new"
      "$python" "$here/$script"
      mv "$stamp.new" "$stamp"
      return
    fi
  done
  echo "  done already"
}
if stage 2 "Classes of atoms"; then
  dumps=()
  while IFS=, read -r file _; do
    dumps+=("$file")
  done < <(tail -n +2 energies.csv)
  table_of atoms.npz "type x y z" "${dumps[@]}"
  unless_done classes.py atoms.npz
fi

if stage 3 "Energies of boundaries"; then
  unless_done energies.py "$here/gbe_models.py" atoms.npz Cu_gb6.safetensors
fi

if stage 4 "Energy density of atoms"; then
  "$python" "$here/thermal.py" "${lmp[@]}"
  table_of thermal.npz "" thermal/*.dump.gz
  unless_done density.py atoms.npz thermal.npz Cu_gb2.safetensors
  nanocrystals=${NANOCRYSTALS:-100:3 100:5 100:10 100:15 100:25}
  if [ "${FULL:-no}" = yes ]; then
    nanocrystals="$nanocrystals 250:10"
  fi
  # shellcheck disable=SC2086 # one word per nanocrystal
  "$python" "$here/nanocrystals.py" "${lmp[@]}" $nanocrystals
fi

if stage 5 "Report"; then
  "$python" "$here/report.py"
fi
