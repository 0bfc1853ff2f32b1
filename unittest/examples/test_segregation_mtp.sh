#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# examples/segregation/mtp, scaled down: a moment tensor potential of two elements has the energies of
# segregation of what labeled its training set; exchanges by single atoms are those by the whole, and a new run
# finds the energy that they ended with. Status 77, skipped, where the Python packages can't be had.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
STUDY_FOLDER=$folder LEVEL=6 FRAMES=1 EDGE=24 GRAINS=2 SITES=8 STEPS=40 RANKS=1 \
  "$MLGRAIN_SOURCE_DIR/examples/segregation/mtp/run.sh" > "$folder/out" 2>&1 ||
  { status=$?; cat "$folder/out" >&2; exit "$status"; }
cat "$folder/report.md"
test -s "$folder/sites.png"
awk -F'[|,]' '/^\| mean error, rmse/ { r2 = $7 }
  /^\| exchanges with/ { accepted = $4 }
  /^\| energy after/ { apart = $5 - $6 }
  /other atoms are solute/ { split($4, other, " ") }
  END { exit !(r2 > 0.9 && accepted > 0 && apart < 1e-6 && apart > -1e-6 && other[1] == 0 && other[3] > 900) }' \
  "$folder/report.md"
