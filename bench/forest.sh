#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# forest.sh: microseconds per row of a 100-tree forest: libmlgrain beside scikit-learn, ONNX Runtime
# and Treelite. The latter two are installed into the build folder's virtual environment, and left out
# where that can't be done. FULL=1: see forest_model.sh.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
source "$here/forest_model.sh"

if ! "$python" -c 'import onnx, onnxruntime, treelite' 2> /dev/null; then
  "$python" -m pip install --quiet onnx onnxruntime treelite >&2 || true
fi
MLGRAIN_BUILD_DIR=$build "$python" "$here/forest.py" compare rows.dump | tee forest.md
