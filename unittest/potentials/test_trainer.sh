#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# test_trainer.sh LIBMLGRAIN: runs test_trainer.py with the virtual environment of the build tree,
# $PYTHON, or the system's Python. Skipped where none has NumPy.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
venv=$MLGRAIN_BUILD_DIR/venv/bin/python
if [ -x "$venv" ]; then
  PYTHON=${PYTHON:-$venv}
  export PYTHON
fi
python=$("$here/../../cmake/find-python.sh" numpy) || exit 77
export PYTHONPATH="$here/../../potentials/train"
exec "$python" -B "$here/test_trainer.py" "$1"
