#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# run.sh: the study of README.md. Everything goes to $MLGRAIN_BUILD_DIR/cu-boundaries
# (build/cu-boundaries of this checkout by default). What is there already is kept: an interrupted run
# goes on where it stopped.
#
#   STUDY_FOLDER=FOLDER      another place for everything
#   STAGES="1"               the stages to do (default: all)
#   BOUNDARIES_PER_AXIS=24   boundaries for each of four tilt axes
#   STARTS=8                 starts for each boundary: pairs of translation and overlap cutoff, up to 80
#   JOBS=N                   LAMMPS runs at a time (default: as many as processors)
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
export OPENBLAS_NUM_THREADS=${OPENBLAS_NUM_THREADS:-1} # JOBS is what there is of parallel work

folder=${STUDY_FOLDER:-$build/cu-boundaries}
mkdir -p "$folder"
cd "$folder"

# stage NUMBER TITLE: whether it is to be done.
stage() {
  case " ${STAGES:-1} " in
    *" $1 "*) echo "== $1. $2" ;;
    *) return 1 ;;
  esac
}

if stage 1 "Database of boundaries"; then
  "$python" "$here/database.py" "$build/lmp" "$build/mlgrainplugin.so" "$potential"
  "$python" "$here/draw.py"
fi
