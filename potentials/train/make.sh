#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# make.sh FOLDER: makes Cu_eam_16.almtp in FOLDER from nothing: data (two minutes), fit and active set
# (two minutes on one core), validation (two minutes). Builds nothing:
# $MLGRAIN_BUILD_DIR (build/ of this checkout by default) must hold the package and LAMMPS.
# A data folder that is there already is used as it is.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
build=$(cd "${MLGRAIN_BUILD_DIR:-$top/build}" && pwd)
eam=${EAM:-$build/lammps-potentials/Cu_mishin1.eam.alloy}
python=$("$top/cmake/make-venv.sh" "$build/venv")
mlgrain=$(dirname "$python")/mlgrain
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1} LAMMPS_PLUGIN_PATH=$build

mkdir -p "${1:?give a folder to work in}"
cd "$1"
[ -d data ] || "$python" "$here/make_data.py" --lmp "$build/lmp" --eam "$eam" --out data
echo "== Weights"
"$python" "$here/weigh.py" data/train/*.dump -o train.cfg
echo "== Fit and active set"
"$mlgrain" mtp new --level 16 --species Cu --cutoff 5.5 --min-dist 1.9 --repulsive --seed 1 -o empty.mtp
"$mlgrain" mtp train empty.mtp train.cfg --energy-weight 1 --force-weight 1 --stress-weight 1 \
  --threshold 1.002 --threads "$OMP_NUM_THREADS" -o Cu_eam_16.almtp
echo "== Error bars"
"$python" "$here/weigh.py" data/test/*.dump -o test.cfg
"$mlgrain" mtp error-bars Cu_eam_16.almtp train.cfg --calibrate test.cfg --energy-weight 1 --force-weight 1 \
  --stress-weight 1 -o Cu_eam_16.error.safetensors \
  --training-set "831 frames of copper by Mishin's EAM: crystals, liquids, surfaces, faults, boundaries"
echo "== Validation"
"$here/validate.sh" Cu_eam_16.almtp .
