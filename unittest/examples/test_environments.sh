#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# test_environments.sh VENV: the study of examples/environments with twelve small, unrelaxed boundaries and
# small vectors: all tables, pictures and the report are there, and say what they should. Status 77, skipped,
# where no Python has what it needs.
set -eu
. "$(dirname "$0")/says.sh"
top=$MLGRAIN_SOURCE_DIR
PYTHON=$("$top/cmake/make-venv.sh" "$1")
"$PYTHON" -c 'import mlgrain._core' || exit 77
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$PYTHON" "$(dirname "$0")/make_boundaries.py" "$folder/boundaries"
STUDY_FOLDER=$folder DATABASE=$folder/boundaries SOAP="4.0 6 4 0.5" EPS=0.1 SPLITS=2 TREES=10 \
  PYTHON=$PYTHON "$top/examples/environments/run.sh" > "$folder/out" 2>&1 || {
  cat "$folder/out" >&2
  exit 1
}
cd "$folder"

says out "asr.npz: 12 rows of 106 numbers, from 12 frames of 12 files"
says report.md "^12 relaxed configurations"
says report.md "^| ASR | 105 | ridge, unscaled | "
says report.md "^| LER | [0-9]* | boosted trees | "
says show.txt "^cu.safetensors: [0-9]* environments, epsilon .* quippy 4 6 4 0.5"
says counts.csv "^epsilon,boundaries,environments,spread"
for picture in parity epsilon counts classes important; do
  test "$(wc -c < $picture.png)" -gt 5000
done
# Every boundary has the energy of its own line, though all files have the same name.
"$PYTHON" - << 'END'
import csv
from mlgrain.tables import Table
for path in ("asr.npz", "ler.npz", "sfd.npz"):
    table = Table.load(path)
    with open("boundaries/table.csv", newline="") as file:
        known = [float(line["energy"]) for line in csv.DictReader(file)]
    assert table.column("energy").tolist() == known, path
END
