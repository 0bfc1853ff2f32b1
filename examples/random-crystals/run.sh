#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# run.sh [METAL ...]: the study of README.md, of iron and copper by default. Everything goes to
# $MLGRAIN_BUILD_DIR/random-crystals (build/random-crystals of this checkout by default); parts that are
# there already are kept.
#   STUDY_FOLDER=FOLDER      another place
#   STUDY_SIZE=full          full, small or test: study.py says what they are
#   STUDY_PARTS="PART ..."   these parts only, without the report: study.py says which there are
#   PUBLISHED=FILE.mtp       a published potential for iron, without an active set
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
build=$(cd "${MLGRAIN_BUILD_DIR:-$top/build}" && pwd)
folder=${STUDY_FOLDER:-$build/random-crystals}
published=${PUBLISHED:-${MLGRAIN_REFERENCE_DIR:-$top/../shared/reference}/mtp/Fe_16.mtp}
# The environment has the compiled core; spglib is among what its tests need.
python=$("$top/cmake/make-venv.sh" "${MLGRAIN_VENV:-$build/venv}")
if ! "$python" -c 'import spglib' 2> /dev/null; then
  echo "random-crystals: the Python package spglib is missing" >&2
  exit 77
fi
export LAMMPS_PLUGIN_PATH=$build OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
mkdir -p "$folder"

read -ra parts <<< "${STUDY_PARTS:-}"
study() {
  "$python" "$here/study.py" "$@" --folder "$folder" --size "${STUDY_SIZE:-full}" \
    --eam "$build/lammps-potentials" --lmp "$build/lmp"
}

for metal in "${@:-iron copper}"; do
  for one in $metal; do
    study "$one" "${parts[@]}"
    if [ ${#parts[@]} = 0 ] && [ "$one" = iron ] && [ -f "$published" ]; then
      study iron published --published "$published"
    fi
  done
done
if [ ${#parts[@]} != 0 ]; then
  exit
fi
"$python" "$here/report.py" "$folder"
echo "Everything is in $folder: report.md, pictures (*.png)."
