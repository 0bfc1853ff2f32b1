#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# run.sh TEST.py [ARGUMENT]…: runs a test with a Python that has scikit-learn: the build tree's virtual
# environment, $PYTHON, or the system's. Skipped where there is none.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
venv=$MLGRAIN_BUILD_DIR/venv/bin/python
if [ -x "$venv" ]; then
  PYTHON=${PYTHON:-$venv}
  export PYTHON
fi
python=$("$here/../../cmake/find-python.sh" numpy sklearn) || exit 77
test=$1
shift
PYTHONPATH=$here/../../python
export PYTHONPATH
exec "$python" -B "$here/$test" "$@"
