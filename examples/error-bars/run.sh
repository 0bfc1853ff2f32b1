#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# run.sh [CASE ...]: the study of README.md, of the case copper by default. For random and aluminium a
# potential is trained first; those of iron and iron-random are of the study examples/random-crystals,
# which must have been done. Everything goes to $MLGRAIN_BUILD_DIR/error-bars
# (build/error-bars of this checkout by default); parts that are there already are kept.
#   STUDY_FOLDER=FOLDER      another place
#   CRYSTALS_FOLDER=FOLDER   of the study of random crystals (build/random-crystals)
#   STUDY_SIZE=full          full, small or test: study.py says what they are
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
build=$(cd "${MLGRAIN_BUILD_DIR:-$top/build}" && pwd)
folder=${STUDY_FOLDER:-$build/error-bars}
python=$("$top/cmake/make-venv.sh" "${MLGRAIN_VENV:-$build/venv}")
export LAMMPS_PLUGIN_PATH=$build OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
mkdir -p "$folder"

for one in "${@:-copper}"; do
  "$python" "$here/study.py" "$one" --folder "$folder" --size "${STUDY_SIZE:-full}" \
    --crystals "${CRYSTALS_FOLDER:-$build/random-crystals}" \
    --eam "$build/lammps-potentials" --lmp "$build/lmp"
done
"$python" "$here/report.py" "$folder"
echo "Everything is in $folder: report.md, pictures (*.png)."
