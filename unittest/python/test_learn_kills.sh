#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# test_learn_kills.sh VENV LMP: runs test_learn_kills.py. Status 77, skipped, where the virtual
# environment can't be made or the embedded-atom potential is missing.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
if [ ! -e "$MLGRAIN_LAMMPS_POTENTIALS/Cu_mishin1.eam.alloy" ]; then
  echo "no Cu_mishin1.eam.alloy in $MLGRAIN_LAMMPS_POTENTIALS"
  exit 77
fi
python=$("$here/../../cmake/make-venv.sh" "$1")
exec "$python" -B "$here/test_learn_kills.py" "$2"
