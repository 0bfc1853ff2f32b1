#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# test_trainer.sh VENV: runs test_trainer.py with the Python package installed in a virtual environment,
# which is made if it isn't there. Status 77, skipped, where that can't be done or has no compiled core.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
python=$("$here/../../cmake/make-venv.sh" "$1")
"$python" -c 'import mlgrain._core' || exit 77
export PYTHONPATH="$here/../../potentials/train"
exec "$python" -B "$here/test_trainer.py"
