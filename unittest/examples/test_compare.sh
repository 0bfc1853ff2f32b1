#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Cost against accuracy, part `compare` of examples/random-crystals, of copper and scaled down: potentials of
# two levels and those that LAMMPS ships and has styles for are on one table and one picture. Status 77,
# skipped, where its Python packages can't be had.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
STUDY_FOLDER=$folder STUDY_SIZE=test STUDY_PARTS=compare \
  "$MLGRAIN_SOURCE_DIR/examples/random-crystals/run.sh" copper
compared=$folder/copper/compare
cat "$compared/compare.md"
for name in 'level 6' 'level 8'; do
  # µs/atom/step, error of the perfect crystal
  grep -Eq "^\| $name \| [0-9.]+ \| [0-9.]+ " "$compared/compare.md"
done
if "${MLGRAIN_BUILD_DIR:-build}/lmp" -h | grep -qw snap; then
  grep -q '^| SNAP (DFT) ' "$compared/compare.md"
fi
test -s "$compared/pareto.png"
