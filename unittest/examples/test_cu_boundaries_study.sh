#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# test_cu_boundaries_study.sh: all stages of examples/cu-boundaries with two small boundaries for each
# axis, few trees, and a nanocrystal of 3 nm: what they write, that no boundary is on both sides of the
# test, that predictions of unseen boundaries tell something, and that nothing is done twice. Status
# 77, skipped, where no Python has what it needs.
set -eu
if [ ! -e "$MLGRAIN_LAMMPS_POTENTIALS/Cu_mishin1.eam.alloy" ]; then
  echo "no Cu_mishin1.eam.alloy in $MLGRAIN_LAMMPS_POTENTIALS"
  exit 77
fi
if [ -z "${PYTHON:-}" ] && [ -x "$MLGRAIN_BUILD_DIR/venv/bin/python" ]; then
  PYTHON=$MLGRAIN_BUILD_DIR/venv/bin/python
  export PYTHON
fi
python=$("$MLGRAIN_SOURCE_DIR/cmake/find-python.sh" numpy matplotlib sklearn) || exit 77
STUDY_FOLDER=$(mktemp -d)
export STUDY_FOLDER BOUNDARIES_PER_AXIS=2 LARGEST_CELL=1300 STARTS=1 JOBS=1 STUDY_SCALE=0.05 \
  NANOCRYSTALS=30:2:20
trap 'rm -rf "$STUDY_FOLDER"' EXIT

study() {
  "$MLGRAIN_SOURCE_DIR/examples/cu-boundaries/run.sh" > "$STUDY_FOLDER/out" 2>&1 ||
    { cat "$STUDY_FOLDER/out" >&2; exit 1; }
}

study
cd "$STUDY_FOLDER"
for file in Cu_gb2.safetensors Cu_gb6.safetensors Cu_gbe.safetensors Cu_eden.safetensors report.md \
  class-map-310.png parity-gbe-trees-nested.png gbe-curve.png Cu_gbe_linear.in Cu_gbe_linear.safetensors \
  parity-density-boundaries.png density-curve.png \
  slice-edge30_grains2.png; do
  test -s "$file" || { echo "no $file" >&2; exit 1; }
done
for section in 1 2 3 4; do
  grep -q "^## $section\\. " report.md || { cat report.md >&2; exit 1; }
done

"$python" -B - << 'END'
import csv
import json

with open("gbe.csv", newline="") as file:
    lines = list(csv.DictReader(file))
families = [{line["family"] for line in lines if line["unseen"] == side} for side in "01"]
assert len(lines) == 8 and families[0] and families[1] and not families[0] & families[1], families
with open("results.json") as file:
    found = json.load(file)
for setup in ("paper", "sums", "trees", "linear"):
    assert found["stage3"][setup]["nested"]["combined"]["rows"] == len(lines)
# almost linear in mean descriptors of slabs, so that few boundaries tell what others have
assert found["stage3"]["linear"]["nested"]["combined"]["r2"] > 0.7, found["stage3"]["linear"]["nested"]
compared = found["stage4"]["compared"]
assert len(compared) == 7, list(compared)
for name, values in compared.items():
    assert values["test"]["r2"] > 0.5, (name, values)  # of a mean it would be 0
    if name.startswith("boundaries"):  # atoms of the same boundaries may be easier than those drawn
        assert values["train"]["rmse"] < values["test"]["rmse"], (name, values)
(crystal,) = found["nanocrystals"]
assert abs(crystal["large_mean_percent"]) < 5 and abs(crystal["shipped_mean_percent"]) < 5, crystal
END

study
test "$(grep -c "done already" out)" -eq 3 || { cat out >&2; exit 1; }
grep -q "8 of them there already" out
if grep -q "relaxing" out; then
  cat out >&2
  exit 1
fi
