#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# test_shipped.sh LMP: the models of potentials/, applied by LAMMPS to the Sigma11 (113) boundary, give
# what their cards state (lines `| check | ... | VALUE |`), and the energy density and the energy that
# the boundary has. The files are of less than 5 MB.
set -eu
lmp=$1
here=$(cd "$(dirname "$0")" && pwd)
models=$MLGRAIN_SOURCE_DIR/potentials
potential=$MLGRAIN_LAMMPS_POTENTIALS/Cu_mishin1.eam.alloy
if [ ! -e "$potential" ]; then
  echo "no $potential"
  exit 77
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

"$lmp" -in "$here/in.shipped" -log none -nocite -var potential "$potential" -var models "$models" \
  -var data "$here/../examples/sigma11.data" > "$folder/out" ||
  { tail -n 20 "$folder/out" >&2; exit 1; }

result() {
  awk -v word="$1" '$1 == "RESULT" && $2 == word { print $3 }' "$folder/out"
}

# near WHAT VALUE EXPECTED BY: fails where they differ by more.
near() {
  awk -v x="$2" -v y="$3" -v by="$4" \
    'BEGIN { exit !(x != "" && y != "" && x - y <= by + 0 && y - x <= by + 0) }' ||
    { echo "$1: '$2'; '$3' within $4 expected" >&2; exit 1; }
}

# stated MODEL BY: what LAMMPS finds is what the card says.
stated() {
  card=$(awk -F'|' '$2 ~ /^ *check *$/ { gsub(/ /, "", $4); print $4 }' "$models/$1.md")
  near "$1 and its card" "$(result "$1")" "$card" "$2"
  size=$(wc -c < "$models/$1.safetensors")
  [ "$size" -lt 5000000 ] || { echo "$1.safetensors has $size bytes" >&2; exit 1; }
}

stated Cu_eden 2e-5
stated Cu_gb2 4
stated Cu_gb6 4
stated Cu_gbe 3
linear=$(awk -F'|' '$2 ~ /^ *check linear *$/ { gsub(/ /, "", $4); print $4 }' "$models/Cu_gbe.md")
near "Cu_gbe_linear and its card" "$(result Cu_gbe_linear)" "$linear" 1
near "Cu_gbe_linear as a file and as a variable" "$(result Cu_gbe_linear_file)" "$(result Cu_gbe_linear)" 0.01
near "flags of Cu_gbe_linear" "$(result Cu_gbe_linear_flags)" 0 0
near "energy of the boundary, linear" "$(result Cu_gbe_linear)" 309.8 20
near "mean energy density" "$(result Cu_eden)" "$(result true)" 3e-4
near "rmse of the energy density" "$(result rmse)" 0 1.5e-3
near "energy of the boundary" "$(result Cu_gbe)" 309.8 60
