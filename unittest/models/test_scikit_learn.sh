#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs test_scikit_learn.py with a Python that has scikit-learn: the build tree's virtual
# environment, $PYTHON, or the system's. Skipped where there is none.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
venv=$MLGRAIN_BUILD_DIR/venv/bin/python
if [ -x "$venv" ]; then
  PYTHON=${PYTHON:-$venv}
  export PYTHON
fi
python=$("$here/../../cmake/find-python.sh" numpy sklearn) || exit 77
exec "$python" "$here/test_scikit_learn.py"
