#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The study of examples/error-bars, scaled down, goes through, ends in tables and a picture, and is kept;
# predicted errors find wrong forces where grades don't. Status 77, skipped, where its Python packages
# can't be had.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
run() { STUDY_FOLDER=$folder STUDY_SIZE=test "$MLGRAIN_SOURCE_DIR/examples/error-bars/run.sh" copper; }
run
test -s "$folder/copper.png"
for kind in boundary crack dislocation polycrystal particle liquid phase; do
  grep -q "^| $kind" "$folder/report.md"
done
# | score | rank correlation | AUC 50 meV/A | AUC 100 meV/A | ...
awk -F'|' '/^\| grade \| *-?[0-9.]+ \| [0-9.]+ \| [0-9.]+ \| [0-9.]+ \|/ && !grade { grade = $3 }
  /^\| predicted error, 4 members/ && !error { error = $3; area = $5 }
  END { print "rank correlations:", grade, error, "area:", area
    exit !(error > 0.4 && error > grade + 0.2 && area > 0.9) }' "$folder/report.md"
# Everything is there: the second time nothing is computed.
if run | grep '\.\.\.$'; then
  echo "computed again" >&2
  exit 1
fi
