#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# test_nanocrystal.sh: the nanocrystal of examples/nanocrystal, scaled down, on one rank and on two:
# predictions are near the truth at rest and at temperature, the boundaries are found, and nothing
# depends on the number of ranks. Status 77, skipped, where the potential, the models or the Python
# packages are missing.
set -eu
models=${MODELS:-$MLGRAIN_SOURCE_DIR/potentials}
for file in "$MLGRAIN_LAMMPS_POTENTIALS/Cu_mishin1.eam.alloy" "$models/Cu_eden.safetensors" \
  "$models/Cu_gb2.safetensors" "$models/Cu_gb6.safetensors"; do
  if [ ! -e "$file" ]; then
    echo "no $file"
    exit 77
  fi
done
if [ -z "${PYTHON:-}" ] && [ -x "$MLGRAIN_BUILD_DIR/venv/bin/python" ]; then
  PYTHON=$MLGRAIN_BUILD_DIR/venv/bin/python
  export PYTHON
fi
"$MLGRAIN_SOURCE_DIR/cmake/find-python.sh" numpy matplotlib || exit 77
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export EDGE=36 GRAINS=2 EVERY=5 EVALUATIONS=1 ITERATIONS=20 QUENCH=5

nanocrystal() {
  OUTPUT=$folder/$1 RANKS=$1 "$MLGRAIN_SOURCE_DIR/examples/nanocrystal/run.sh" > "$folder/out" 2>&1 ||
    { cat "$folder/out" >&2; exit 1; }
}

# value STATE COLUMN: from table.csv of one rank
value() {
  awk -F, -v state="$1" -v name="$2" 'NR == 1 { for (i = 1; i <= NF; i++) column[$i] = i }
    $1 == state { print $column[name] }' "$folder/1/table.csv"
}

# between WHAT VALUE LOW HIGH
between() {
  if ! awk -v x="$2" -v low="$3" -v high="$4" 'BEGIN { exit !(x != "" && x >= low + 0 && x <= high + 0) }'
  then
    echo "$1 is '$2', expected from $3 to $4" >&2
    exit 1
  fi
}

nanocrystal 1
for state in relaxed annealed; do
  between "$state: mean true energy density" "$(value $state true_mean)" -0.2995 -0.285
  between "$state: error of the mean" "$(value $state error_of_mean)" -0.002 0.002
  between "$state: rmse" "$(value $state rmse)" 0.0001 0.008
  between "$state: boundary atoms in percent" "$(value $state boundary_percent)" 30 95
  between "$state: energy of the boundaries" "$(value $state true_boundary_energy)" 0.5 1.3
done
for picture in nanocrystal grains classes prediction error time; do
  test -s "$folder/1/$picture.png"
done
# Nine predictions after the start at temperature, nine at rest.
test "$(grep -v '^#' "$folder/1/hot.txt" | cut -d ' ' -f 1 | sort -u | wc -l)" = 10
test "$(grep -vc '^#' "$folder/1/rest.txt")" = 10

# On two ranks: the same atoms, the same averages before the anneal, whose paths part by rounding; so it
# is short.
EVERY=1
QUENCH=1
nanocrystal 2
cmp "$folder/1/boundaries.txt" "$folder/2/boundaries.txt"
grep -v '^#' "$folder/1/rest.txt" | head -n 1 > "$folder/first"
grep -v '^#' "$folder/2/rest.txt" | head -n 1 | paste - "$folder/first" |
  awk '{ for (i = 3; i <= 5; i++) if (($i - $(i + NF / 2)) ^ 2 > 1e-10) { print; exit 1 } }' >&2
