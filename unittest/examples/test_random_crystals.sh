#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The study of examples/random-crystals, iron only and scaled down, goes through, ends in tables and
# pictures, and is kept. Status 77, skipped, where its Python packages can't be had.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
run() { STUDY_FOLDER=$folder STUDY_SIZE=test "$MLGRAIN_SOURCE_DIR/examples/random-crystals/run.sh" iron; }
run
grep -q '^| both | 6 |' "$folder/report.md"
grep -q 'select-add takes' "$folder/report.md"
for picture in tilts forces curves; do
  test -s "$folder/iron_$picture.png"
done
# Everything is there: the second time nothing is computed.
if run | grep '\.\.\.$'; then
  echo "computed again" >&2
  exit 1
fi
