#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# test_clear.sh LMP: all styles of the plugin are there after `clear`, and after another, and do the
# same. LAMMPS warns of the commands alone, which it keeps through `clear` and then meets where it puts
# the plugin's styles; and not of these either when the commands are unloaded before.
set -eu
lmp=$1
potentials=$(cd "$(dirname "$0")/../../potentials" && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
unset LAMMPS_PLUGIN_PATH

cat > "$folder/in.system" <<INPUT
units metal
lattice fcc 3.615
region box block 0 6 0 6 0 6
create_box 1 box
mass * 63.546
create_polycrystal 1 random 3 4711 print no
pair_style mtp
pair_coeff * * $potentials/Cu_eam_16.almtp Cu
comm_modify cutoff 11.0
compute s all sfd/atom 0.909 5.904
compute e all eden/atom
compute c all gmm/atom $potentials/Cu_gb2.safetensors c_s[*]
fix f all forest/atom 1 $potentials/Cu_eden.safetensors c_s[*]
compute sum all reduce sum c_e[1] f_f[1] c_c[1]
thermo_style custom atoms pe c_sum[*]
run 0
INPUT

# $1: what comes before each clear; $2: after it
run() {
  {
    echo "plugin load $MLGRAIN_BUILD_DIR/mlgrainplugin.so"
    for _ in 1 2; do
      printf 'include %s\n%s\nclear\n%s\n' "$folder/in.system" "$1" "$2"
    done
    echo "include $folder/in.system"
  } > "$folder/in.clear"
  "$lmp" -in "$folder/in.clear" -log none > "$folder/out" || { cat "$folder/out"; exit 1; }
}

fail() {
  cat "$folder/out"
  echo "$1" >&2
  exit 1
}

# Atoms, energy and sums of the three systems are the same.
check_results() {
  results=$(grep -A 1 '^ *Atoms  *PotEng' "$folder/out" | grep -v '[A-Z-]\{2\}\|Atoms')
  [ "$(printf '%s\n' "$results" | wc -l)" = 3 ] || fail "three results expected, not: $results"
  [ "$(printf '%s\n' "$results" | sort -u | wc -l)" = 1 ] || fail "the results differ: $results"
}

run "" ""
check_results
if grep 'WARNING: Overriding' "$folder/out" |
  grep -v 'command style \(create_bicrystal\|create_polycrystal\|gb_search\|segregation\)'; then
  fail "LAMMPS overrides the styles above"
fi
unload=$(printf 'plugin unload command %s\n' create_bicrystal create_polycrystal gb_search segregation)
run "$unload" "plugin load $MLGRAIN_BUILD_DIR/mlgrainplugin.so"
check_results
if grep 'WARNING: Overriding' "$folder/out"; then
  fail "LAMMPS overrides the styles above"
fi
