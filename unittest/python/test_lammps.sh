#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# test_lammps.sh VENV LMP: runs test_lammps.py with the Python package installed in a virtual
# environment, which is made if it isn't there. Status 77, skipped, where that can't be done.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
python=$("$here/../../cmake/make-venv.sh" "$1")
exec "$python" -B "$here/test_lammps.py" "$2"
