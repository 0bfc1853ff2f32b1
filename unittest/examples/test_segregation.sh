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
# | solute | learned from | others | flagged | mean error | rmse | R2 | error/spread |
# | solute | whole | crystal | boundary | isotherm | ratio |
awk -F'|' '/^\| Ni \| [0-9]+ \| [0-9]+ \| [0-9]+ \|/ { r2 = $8; ratio = $9 }
  /^\| Ni \|/ && NF == 8 { content = $7 }
  END { exit !(r2 > 0.9 && ratio > 0.6 && ratio < 1.7 && content > 0.6 && content < 1.7) }' \
  "$folder/report.md"
run
if grep '\.\.\.$' "$folder/out"; then
  echo "computed again" >&2
  exit 1
fi
