#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# run.sh [SET ...]: the database of README.md. Everything goes to $MLGRAIN_BUILD_DIR/boundary-database
# (build/boundary-database of this checkout by default). What is there already is kept: an interrupted run
# goes on where it stopped, and its report is about what there is.
#
#   SETs                     copper-tilts copper-388 nickel-388 aluminium-388 iron-408 (default: the first
#                            two; "report" alone: no search)
#   MLGRAIN_REFERENCE_DIR=F  folder with ni388/ and bcc408/, for all but copper-tilts
#   STUDY_FOLDER=FOLDER      another place for everything
#   JOBS=N                   LAMMPS runs at a time (default: as many as processors)
#   ROUNDS=1                 rounds of each boundary; more add to what is there, by other seeds
#   FIRST_ROUND=1            rounds before this one are left as they are, whatever LIMIT is now
#   LIMIT=300                CPU seconds that a round is planned for; it has fewer trials if needed, and is
#                            ended after ten times as many
#   TRIALS_SCALE=0.5         half as many trials in each round
#   LARGEST=1000             only boundaries whose smallest cell has at most so many atoms
#   ONLY="S5_3_1_0 ..."      only these boundaries (those of the lists by number: 001 ...)
#   BOUNDARIES_PER_AXIS=26   symmetric tilts about each of four axes
#   SAMPLE=8                 every eighth of the 408 boundaries of bcc
#   CU_BOUNDARIES=FOLDER     folder of examples/cu-boundaries, to compare with (build/cu-boundaries)
#   TREES=300                of the models
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
build=${MLGRAIN_BUILD_DIR:-$top/build}
if [ -z "${PYTHON:-}" ]; then
  PYTHON=$("$top/cmake/make-venv.sh" "$build/venv")
fi
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 # there is one process for each boundary
export LAMMPS_PLUGIN_PATH=${LAMMPS_PLUGIN_PATH:-$build}
export CU_BOUNDARIES=${CU_BOUNDARIES:-$build/cu-boundaries}
potentials=${MLGRAIN_LAMMPS_POTENTIALS:-$build/lammps-potentials}
folder=${STUDY_FOLDER:-$build/boundary-database}
mkdir -p "$folder"
cd "$folder"

sets=("$@")
if [ $# -eq 0 ]; then
  sets=(copper-tilts copper-388)
fi
for set in "${sets[@]}"; do
  [ "$set" = report ] || "$PYTHON" "$here/search.py" "$set" "$build/lmp" "$potentials"
done
"$PYTHON" "$here/collect.py" copper-tilts copper-388 nickel-388 aluminium-388 iron-408
if [ -e copper-tilts/table.csv ] && [ -e copper-388/table.csv ]; then
  "$PYTHON" "$here/learn.py"
fi
"$PYTHON" "$here/report.py"
