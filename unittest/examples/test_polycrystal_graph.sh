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
# Four grains on 6 x 6 x 4 points, one of which wasn't indexed.
"$PYTHON" - << 'EOF'
import numpy as np

angles = np.random.default_rng(1).uniform(0, 1, (4, 3)) * [6.28, 3.14, 6.28]
x, y, z = np.indices((6, 6, 4))
grain = 2 * (x // 3) + y // 3
for level in range(4):
    rows = [[*angles[grain[i, j, level]], 0.5 * i, 0.5 * j, 100.0, -1.0 if (i, j, level) == (1, 1, 1) else 0.9, 0]
            for i in range(6) for j in range(6)]
    np.savetxt(f"slice{level}.ang", rows, header="Symmetry 43")
EOF
"$PYTHON" "$top/examples/polycrystal-graph/measured.py" varied.safetensors slice*.ang --smallest 9 --count 2 \
  > measured.txt
says measured.txt "^4 grains, 4 parts"
says measured.txt "^model"
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
