#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# run.sh: builds, relaxes and analyzes the grain boundary of in.demo and draws it. Everything goes
# to $MLGRAIN_BUILD_DIR/demo (build/demo of this checkout by default); called by `make demo`.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
build=${MLGRAIN_BUILD_DIR:-$top/build}
potential=$build/lammps-potentials/Cu_mishin1.eam.alloy
python=$("$top/cmake/find-python.sh" numpy matplotlib)

mkdir -p "$build/demo"
cd "$build/demo"
rm -f ./*.png ./*.csv ./*.txt ./*.dump ./*.data
start=$(date +%s)
echo "Relaxing 24 candidates of the Sigma5 (310)[001] boundary in copper ..."
if ! "$build/lmp" -in "$here/in.demo" -log log.demo -nocite \
  -var plugin "$build/mlgrainplugin.so" -var potential "$potential" > screen.txt; then
  tail -n 20 screen.txt >&2
  exit 1
fi
echo
cat summary.txt
echo
"$python" "$here/plot.py"
echo
echo "Done in $(($(date +%s) - start)) s. Everything is in $build/demo: pictures (*.png), the table" \
  "table.csv, the search search.csv, and every atom's values in sigma5.dump."
