#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# test_polycrystal_graph.sh VENV: the study of examples/polycrystal-graph with a few small polycrystals: all
# tables, models and pictures are there, and a second run solves nothing again. Status 77, skipped, where no
# Python has what it needs.
set -eu
. "$(dirname "$0")/says.sh"
top=$MLGRAIN_SOURCE_DIR
PYTHON=$("$top/cmake/make-venv.sh" "$1")
"$PYTHON" -c 'import mlgrain._core, numpy; from mlgrain import homogenize
homogenize.conductivity(numpy.zeros((1, 1, 1), int), [1.0])' || exit 77
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
STUDY_FOLDER=$folder SIZE=small KINDS=varied PYTHON=$PYTHON "$top/examples/polycrystal-graph/run.sh" \
  > "$folder/out" 2>&1 || {
  cat "$folder/out" >&2
  exit 1
}
cd "$folder"

says varied.txt "^constant"
says varied.txt "numbers, no graph"
says varied.learned.txt "features by length scale"
says varied.solver.txt "^| all | 3 "
for set in varied laguerre columns larger; do
  says $set.txt "^network"
  says $set.txt "^model"
done
for picture in parity errors sample; do
  test "$(wc -c < $picture.png)" -gt 5000
done
if "$PYTHON" -c 'import jax' 2> /dev/null; then
  says varied.network.txt "^test"
fi
for file in *.jsonl; do
  cp "$file" "$file.before"
done
"$PYTHON" -m mlgrain.cli graph samples varied -o varied.jsonl --count 22 --edge 8 --grains 3 6 --seed 1
for file in *.jsonl; do
  cmp "$file" "$file.before"
done
