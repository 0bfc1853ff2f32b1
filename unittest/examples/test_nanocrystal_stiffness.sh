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
folder=/tmp/atoms5/t36; rm -rf $folder; mkdir $folder
#trap 'rm -rf "$folder"' EXIT
OUTPUT=$folder EDGES=28 GRAINS=2 EVERY=20 LOOKS=1 COUNT=12 LARGEST=18 FORCE=2e-3 ITERATIONS=300 \
  "$top/examples/nanocrystal-stiffness/run.sh" > "$folder/out" 2>&1 || {
  cat "$folder/out" >&2
  exit 1
}
cd "$folder"

# between WHAT FILE CONDITION VALUE LOW HIGH: in lines of a table for which the condition of awk holds, the value is
# within.
between() {
  awk "$3 { lines++; if (!($4 >= $5 && $4 <= $6)) { print \"$1: \" \$0; wrong = 1 } }
    END { if (!lines) print \"$1: no such line\"; exit wrong || !lines }" "$2" >&2
}

says crystal.json '"C11": 169.[89]'
says learned.txt "^12 polycrystals"
# Of one tensor for all grains: K is the crystal's. Boundaries make it softer.
between "grains alone, K" table.txt '$2 == "grains_alone"' '$3' 138 139
between "grains alone, G" table.txt '$2 == "grains_alone"' '$4' 40 56
between "atoms, K" table.txt '$2 == "atoms" && NF == 7' '$3' 110 145
between "atoms, G" table.txt '$2 == "atoms" && NF == 7' '$4' 10 40
between "symmetry in %" table.txt '$1 == 28 && NF == 9 && $2 > 1000' '$8' 0 5
between "fitted to these atoms, difference in %" table.txt '$2 == "with_boundaries"' '$7' 0 8
# fix grains beside the solver, of the same frames: before, in and after the anneal.
between "fix grains and solver, difference in %" table.txt 'NF == 9 && $2 <= 1000 && $2 ~ /^[0-9]+$/' '$7' 0 8
test "$(awk 'NF == 9 && $2 ~ /^[0-9]+$/ && $2 <= 1000' table.txt | wc -l)" -ge 4
test "$(wc -c < stiffness.png)" -gt 5000
