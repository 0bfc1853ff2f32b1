#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# test_excess.sh LMP: the recipe examples/cu-boundaries/in.excess gives the known energy of the Sigma11
# (113) boundary in copper, 310 mJ/m^2, in a periodic box and between surfaces; its excess volume is
# that of the box.
set -eu
lmp=$1
here=$(cd "$(dirname "$0")" && pwd)
study=$MLGRAIN_SOURCE_DIR/examples/cu-boundaries
potential=$MLGRAIN_LAMMPS_POTENTIALS/Cu_mishin1.eam.alloy
if [ ! -e "$potential" ]; then
  echo "no $potential"
  exit 77
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# lammps INPUT [ARGUMENTS…]: what it prints goes to OUT.
lammps() {
  input=$1
  shift
  "$lmp" -in "$input" -log none -nocite -var potential "$potential" "$@" > "$folder/out" ||
    { tail -n 20 "$folder/out" >&2; exit 1; }
}

# result WORD NUMBER: that number of the line of results which starts with WORD.
result() {
  awk -v word="$1" -v k="$2" '$1 == word { print $(k + 1) }' "$folder/out"
}

# near WHAT VALUE EXPECTED BY: fails where they differ by more.
near() {
  if ! awk -v x="$2" -v y="$3" -v by="$4" \
    'BEGIN { exit !(x != "" && x - y <= by + 0 && y - x <= by + 0) }'; then
    echo "$1 is '$2'; $3 within $4 expected" >&2
    exit 1
  fi
}

lammps "$study/in.crystal" -var result "$folder/crystal.txt"
while read -r name value; do
  case $name in
    energy) energy=$value ;;
    volume) volume=$value ;;
  esac
done < "$folder/crystal.txt"

bicrystal() {
  lammps "$here/$1" -var excess "$study/in.excess" -var data "$here/sigma11.data" \
    -var crystal_energy "$energy" -var crystal_volume "$volume"
}

bicrystal in.excess_periodic
gbe=$(result RESULT 1)
gbv=$(result RESULT 2)
near "the energy" "$gbe" 310 1.0
near "the energy of the whole box" "$gbe" "$(result RESULT 3)" 1e-6
near "the excess volume of the whole box" "$gbv" "$(result RESULT 4)" 1e-6
near "the excess volume" "$gbv" 0.146 0.002
near "the number of open cells" "$(result RESULT 5)" 0 0
near "the energy of one of the two" "$(result ONE 1)" "$gbe" 0.5
near "the excess volume of one of the two" "$(result ONE 2)" "$gbv" 0.001

bicrystal in.excess_slab
near "the energy between surfaces" "$(result RESULT 1)" "$gbe" 1.0
near "the excess volume between surfaces" "$(result RESULT 2)" "$gbv" 0.005
near "the number of open cells" "$(result RESULT 3)" 0 0
if [ "$(result ALL 3)" = 0 ]; then
  echo "no cell of the surfaces counts as open" >&2
  exit 1
fi
