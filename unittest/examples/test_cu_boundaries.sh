#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# test_cu_boundaries.sh: the study of examples/cu-boundaries with one boundary for each axis and two
# starts each: known energies, no failure, nothing done twice, and more on request. Status 77, skipped,
# where no Python has what it needs.
set -eu
if [ ! -e "$MLGRAIN_LAMMPS_POTENTIALS/Cu_mishin1.eam.alloy" ]; then
  echo "no Cu_mishin1.eam.alloy in $MLGRAIN_LAMMPS_POTENTIALS"
  exit 77
fi
if [ -z "${PYTHON:-}" ] && [ -x "$MLGRAIN_BUILD_DIR/venv/bin/python" ]; then
  PYTHON=$MLGRAIN_BUILD_DIR/venv/bin/python
  export PYTHON
fi
"$MLGRAIN_SOURCE_DIR/cmake/find-python.sh" numpy matplotlib sklearn || exit 77
STUDY_FOLDER=$(mktemp -d)
export STUDY_FOLDER BOUNDARIES_PER_AXIS=1 LARGEST_CELL=1300 JOBS=1
trap 'rm -rf "$STUDY_FOLDER"' EXIT

study() {
  STARTS=$1 STAGES=1 "$MLGRAIN_SOURCE_DIR/examples/cu-boundaries/run.sh" > "$STUDY_FOLDER/out" 2>&1 ||
    { cat "$STUDY_FOLDER/out" >&2; exit 1; }
}

# says PATTERN: the study printed it, or the test fails.
says() {
  grep -q "$1" "$STUDY_FOLDER/out" || { cat "$STUDY_FOLDER/out" >&2; exit 1; }
}

study 1
says "4 starts, 0 of them there already"
study 2
says "8 starts, 4 of them there already"
study 2
says "8 starts, 8 of them there already"

# Lowest energies of (111), (112) and (310), as known.csv of the study has them beside known ones.
awk -F, 'NR > 1 { rows++; if ($4 > 2 || $4 < -2) { bad++; print "off by", $4, "%:", $0 } }
  END { exit !(rows == 3 && !bad) }' "$STUDY_FOLDER/known.csv" ||
  { cat "$STUDY_FOLDER/known.csv" >&2; exit 1; }

# Each line of the table that is ok has its dump, no other line has one.
tail -n +2 "$STUDY_FOLDER/table.csv" | while IFS=, read -r file status rest; do
  case $status in
    ok) gzip -dc "$STUDY_FOLDER/$file" | grep -q "P4_I8 *$" ;;
    duplicate) test ! -e "$STUDY_FOLDER/$file" ;;
    *) echo "$file,$status,$rest" >&2; exit 1 ;;
  esac
done
test -s "$STUDY_FOLDER/gbe.png"
