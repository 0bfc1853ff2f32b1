#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# validate.sh [POTENTIAL [FOLDER]]: prints the tables of Cu_eam_16.md for a potential (the shipped one
# by default): errors on frames that it wasn't trained on, properties beside the reference's. Takes
# about two minutes; the frames are made in FOLDER/data (default: build/potentials) unless there.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
build=$(cd "${MLGRAIN_BUILD_DIR:-$top/build}" && pwd)
eam=${EAM:-$build/lammps-potentials/Cu_mishin1.eam.alloy}
potential=${1:-$top/potentials/Cu_eam_16.almtp}
folder=${2:-$build/potentials}
python=$("$top/cmake/make-venv.sh" "$build/venv")
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1} LAMMPS_PLUGIN_PATH=$build

mkdir -p "$folder"
if ! [ -d "$folder/data/test" ] || ! [ -d "$folder/data/unseen" ]; then
  "$python" "$here/make_data.py" --lmp "$build/lmp" --eam "$eam" --out "$folder/data" \
    --parts test unseen > "$folder/make_data.txt"
fi
"$python" "$here/validate.py" --lmp "$build/lmp" --eam "$eam" \
  --potential "$potential" --data "$folder/data" --work "$folder" | tee "$folder/validation.md"
