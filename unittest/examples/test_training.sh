#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# test_training.sh: the tutorial on training (examples/training), scaled down: errors on other
# configurations are small, a polycrystal extrapolates, and doesn't any more when the potential has
# learned from cells cut out of it; then the reference agrees with the potential about every atom.
# Status 77, skipped, where the Python package or ASE can't be had.
set -eu
python=$("$MLGRAIN_SOURCE_DIR/cmake/make-venv.sh" "${MLGRAIN_VENV:-$MLGRAIN_BUILD_DIR/venv}")
"$python" -c 'import mlgrain._core, ase' || exit 77
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export FRAMES=48 LEVEL=8 EDGE=27 GRAINS=2 STEPS=60 CELLS=4 OMP_NUM_THREADS=1
OUTPUT=$folder "$MLGRAIN_SOURCE_DIR/examples/training/run.sh" > "$folder/out" 2>&1 ||
  { cat "$folder/out" >&2; exit 1; }

fail() {
  cat "$folder/out" >&2
  echo "$1" >&2
  exit 1
}

# below WHAT VALUE LIMIT
below() {
  awk -v x="$2" -v limit="$3" 'BEGIN { exit !(x != "" && x + 0 <= limit + 0) }' ||
    fail "$1 is '$2', expected below $3"
}

awk '/largest grade/ { print $NF }' "$folder/out" > "$folder/grades"
first=$(sed -n 1p "$folder/grades")
second=$(sed -n 2p "$folder/grades")
awk -v x="$first" 'BEGIN { exit !(x > 2) }' || fail "largest grade of the first potential: $first"
below "the largest grade after learning" "$second" 2
test "$(grep -c BEGIN_CFG "$folder/chosen.cfg")" -ge 1 || fail "nothing was chosen"
head -n 1 "$folder/errors.csv" | grep -q '^kind,configurations,energy,force,stress' ||
  fail "errors.csv begins otherwise"
below "the error of forces in the polycrystal (meV/A)" "$(tail -n 1 "$folder/truth.csv" | cut -d, -f4)" 40
below "the error of its energy (meV/atom)" "$(tail -n 1 "$folder/truth.csv" | cut -d, -f3)" 5
test -s "$folder/parity-force.png"
