#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# make.sh FOLDER: makes Cu_eam_16.almtp in FOLDER from nothing: data (two minutes), fit (about a
# quarter of an hour on one core), active set (a minute), validation (two minutes). Builds nothing:
# $MLGRAIN_BUILD_DIR (build/ of this checkout by default) must hold the package and LAMMPS.
# A data folder that is there already is used as it is.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
build=$(cd "${MLGRAIN_BUILD_DIR:-$top/build}" && pwd)
eam=${EAM:-$build/lammps-potentials/Cu_mishin1.eam.alloy}
python=$("$top/cmake/make-venv.sh" "$build/venv")
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1} LAMMPS_PLUGIN_PATH=$build

mkdir -p "${1:?give a folder to work in}"
cd "$1"
[ -d data ] || "$python" "$here/make_data.py" --lmp "$build/lmp" --eam "$eam" --out data
echo "== Fit to every fifth frame, from radial functions that are Chebyshev polynomials"
"$python" -u "$here/train.py" --data data/train --every 5 --iterations 40 \
  --out first.mtp
"$python" -u "$here/train.py" --data data/train --every 5 --iterations 40 \
  --finish --start first.mtp --out second.mtp
echo "== Fit to all frames"
"$python" -u "$here/train.py" --data data/train --iterations 5 --finish \
  --start second.mtp --out Cu_eam_16.mtp
echo "== Active set"
"$python" "$here/active_set.py" --data data/train \
  --potential Cu_eam_16.mtp --out Cu_eam_16.almtp
echo "== Validation"
"$here/validate.sh" Cu_eam_16.almtp .
