#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# run_with_potential.sh SCRIPT VENV LMP: runs a script of this folder that needs LAMMPS and an embedded-atom
# potential. Status 77, skipped, where the virtual environment can't be made or the potential is missing.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
if [ ! -e "$MLGRAIN_LAMMPS_POTENTIALS/Cu_mishin1.eam.alloy" ]; then
  echo "no Cu_mishin1.eam.alloy in $MLGRAIN_LAMMPS_POTENTIALS"
  exit 77
fi
python=$("$here/../../cmake/make-venv.sh" "$2")
exec "$python" -B "$here/$1" "$3"
