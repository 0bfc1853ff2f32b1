#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Cost against accuracy, part `compare` of examples/random-crystals, of copper and scaled down: potentials of
# two levels, one of another kind that is trained on the same set, and those that LAMMPS ships and has styles
# for are on one table and one picture; what can't be trained is said. Status 77, skipped, where its Python
# packages can't be had.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
STUDY_FOLDER=$folder STUDY_SIZE=test STUDY_PARTS=compare \
  "$MLGRAIN_SOURCE_DIR/examples/random-crystals/run.sh" copper > "$folder/out"
cat "$folder/out"
grep -q 'without UF3' "$folder/out"
compared=$folder/copper/compare
cat "$compared/compare.md" "$compared/forces.md"
for name in 'level 6' 'level 8'; do
  # µs/atom/step, error of the perfect crystal
  grep -Eq "^\| $name \| [0-9.]+ \| [0-9.]+ " "$compared/compare.md"
done
if "${MLGRAIN_BUILD_DIR:-build}/lmp" -h | grep -qw snap; then
  grep -q '^| SNAP (DFT) ' "$compared/compare.md"
  # Its elastic constants and its forces say that what LAMMPS reads is what was trained.
  awk -F'|' '/^\| SNAP 4.1 / { found = $5 } END { exit !(found > 0 && found < 10) }' "$compared/compare.md"
  awk -F'|' '/^\| SNAP 4.1 / { found = $3 } END { exit !(found > 0 && found < 100) }' "$compared/forces.md"
fi
test -s "$compared/pareto.png"
