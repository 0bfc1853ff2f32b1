#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# examples/segregation, scaled down, goes through and is kept: a linear model knows energies of sites that
# it hasn't seen, and boundaries hold what the isotherm says. Status 77, skipped, where the Python packages
# can't be had.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
run() {
  STUDY_FOLDER=$folder EDGE=25 GRAINS=2 ANNEAL=250 SITES=80 TEST=60 EXCHANGE=400 RANKS=1 \
    "$MLGRAIN_SOURCE_DIR/examples/segregation/run.sh" Ni > "$folder/out" 2>&1
}
run || { status=$?; cat "$folder/out" >&2; exit "$status"; }
cat "$folder/report.md"
for picture in parity spectrum class coordination isotherm occupation; do
  test -s "$folder/${picture}_Ni.png"
done
# | solute | descriptors | learned from | leave-one-out | others | flagged | mean error | rmse | R2 | error/spread |
# | solute | of | content | error | drift | isotherm | ratio |
awk -F'|' '/^\| Ni \| [0-9]+ (SOAP|SFD) / { models++; left[models] = $5; if (!($10 > 0.9 && $11 > 0.6 && $11 < 1.8)) exit 1 }
  /^\| Ni \| fcc near a boundary/ { near = $8 }
  END { exit !(models == 2 && left[1] < left[2] && near > 0.5 && near < 2) }' "$folder/report.md"

# The model that was learned from power spectra, in a run.
cat > "$folder/in.run" << 'end'
units metal
read_data poly.data
pair_style zero 5.0
pair_coeff * *
compute s all soap/atom gto 5.0 4 4 0.8
compute e all linear/atom Cu_Ni.safetensors c_s[*]
dump 1 all custom 1 run.dump id c_e[1] c_e[2]
dump_modify 1 format float %.15g
run 0
end
(cd "$folder" && LAMMPS_PLUGIN_PATH=$MLGRAIN_BUILD_DIR "$MLGRAIN_BUILD_DIR/lmp" -in in.run -log none -screen none)
"$("$MLGRAIN_SOURCE_DIR/cmake/make-venv.sh" "${MLGRAIN_VENV:-$MLGRAIN_BUILD_DIR/venv}")" - "$folder" << 'end'
import sys

import numpy as np

from mlgrain.tables import Table
from mlgrain.tables.dumps import read_frame

table = Table.load(sys.argv[1] + "/Ni.npz")
_, found = read_frame(sys.argv[1] + "/run.dump")
rows, place = np.argsort(table.column("id")), np.argsort(found["id"])
for name, column in (("prediction", "c_e[1]"), ("spread", "c_e[2]")):
    assert np.allclose(table.column(name)[rows], found[column][place], rtol=0, atol=1e-6), name
end
run
if grep '\.\.\.$' "$folder/out"; then
  echo "computed again" >&2
  exit 1
fi
