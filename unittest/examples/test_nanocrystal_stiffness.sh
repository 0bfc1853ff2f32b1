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
OUTPUT=$folder EDGES=28 GRAINS=2 SEED=1 TEMPERATURE=300 SIZE=30 EVERY=20 LOOKS=1 COUNT=12 LARGEST=17 FORCE=2e-3 ITERATIONS=150 \
  "$top/examples/nanocrystal-stiffness/run.sh" > "$folder/out" 2>&1 || {
  cat "$folder/out" >&2
  exit 1
}
cd "$folder"

# between KIND WORD COLUMN LOW HIGH: in lines of table.txt of this kind with this word, numbers are within. Kinds: stiffness,
# the word being the way; frames and predictions, the word being the folder.
between() {
  awk -v kind="$1" -v word="$2" -v column="$3" -v low="$4" -v high="$5" '
    /^folder/ { now = /way/ ? "stiffness" : /atoms/ ? "frames" : "predictions"; next }
    now == kind && $(kind == "stiffness" ? 2 : 1) == word {
      lines++
      if (!($column + 0 >= low + 0 && $column + 0 <= high + 0) || $column ~ /nan/) { print; wrong = 1 }
    }
    END {
      if (wrong || !lines) print kind, word, "column", column, "should be from", low, "to", high
      exit wrong || !lines
    }' table.txt >&2
}

says crystal.json '"C11": 169.[89]'
says learned.txt "^12 polycrystals"
# Of cubic crystals K is the crystal's; boundaries make it softer.
between stiffness grains_alone 3 138.3 138.4
between stiffness grains_alone 4 40 56
between stiffness atoms 3 110 138
between stiffness atoms 4 10 38
between frames 28 8 0 2 # part that isn't symmetric, %
between stiffness with_boundaries 7 0 11 # fitted to these atoms: difference, %
# fix grains beside the solver on the same frames, before, in and after the anneal: difference, %
between predictions 28 7 0 4
test "$(grep -c '^28 [0-9]' table.txt)" -ge 5
for picture in stiffness 28/growth; do
  test "$(wc -c < $picture.png)" -gt 5000
done
test -s 28/graphs.npz
