#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# forest.sh: microseconds per row of a 100-tree forest: libmlgrain beside scikit-learn, ONNX Runtime
# and Treelite, which are installed into a virtual environment in the build folder. Takes some
# minutes of molecular dynamics and of training the first time; both are kept in the build folder.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

if [ ! -x "$build/venv/bin/python" ]; then
  python3 -m venv "$build/venv"
fi
python=$build/venv/bin/python
if ! "$python" -c 'import joblib, onnx, onnxruntime, sklearn, treelite' 2> /dev/null; then
  "$build/venv/bin/pip" install --quiet scikit-learn onnx onnxruntime treelite >&2
fi
if [ ! -e rows.dump ]; then
  rm -f rows.partial
  run_lammps forest "$here/in.forest" -var file rows.partial
  mv rows.partial rows.dump
fi
MLGRAIN_BUILD_DIR=$build "$python" "$here/forest.py" rows.dump | tee forest.md
