#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# test_nanocrystal_stiffness.sh VENV: the study of examples/nanocrystal-stiffness with one small nanocrystal: its
# stiffness by its atoms is below that of the crystals, boundaries with fitted constants make a continuum as stiff, and
# what fix grains predicts is what the solver finds on the same frame. Status 77, skipped, where the potential, FFTW or
# Python packages are missing.
set -eu
. "$(dirname "$0")/says.sh"
top=$MLGRAIN_SOURCE_DIR
if [ ! -e "$MLGRAIN_LAMMPS_POTENTIALS/Cu_mishin1.eam.alloy" ]; then
  echo "no $MLGRAIN_LAMMPS_POTENTIALS/Cu_mishin1.eam.alloy"
  exit 77
fi
PYTHON=$("$top/cmake/make-venv.sh" "$1")
export PYTHON
"$PYTHON" -c 'import scipy, mlgrain._core, numpy; from mlgrain import homogenize
homogenize.conductivity(numpy.zeros((1, 1, 1), int), [1.0])' || exit 77
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
OUTPUT=$folder EDGES=36 GRAINS=3 EVERY=20 LOOKS=1 COUNT=15 FORCE=1e-2 ITERATIONS=40 \
  "$top/examples/nanocrystal-stiffness/run.sh" > "$folder/out" 2>&1 || {
  cat "$folder/out" >&2
  exit 1
}
cd "$folder"

# between WHAT FILE CONDITION VALUE LOW HIGH: of lines of a table for which the condition holds, all values are within.
between() {
  awk "$3 { lines++; if (!($4 >= $5 && $4 <= $6)) { print \"$1: \" \$0; wrong = 1 } }
    END { if (!lines) print \"$1: no such line\"; exit wrong || !lines }" "$2" >&2
}

says crystal.json '"C11": 169.[89]'
says learned.txt "15 polycrystals"
