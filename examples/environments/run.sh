#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# run.sh: the study of README.md. Everything goes to $MLGRAIN_BUILD_DIR/environments (build/environments
# of this checkout by default).
#
#   STUDY_FOLDER=FOLDER      another place for everything
#   DATABASE=FOLDER          the boundaries: a folder of examples/cu-boundaries after its stage 1 (default
#                            build/cu-boundaries; where there is none, a small one is made: minutes)
#   EPS=0.06                 environments farther apart are different, in parts of the crystal's length
#   SOAP="5.0 18 18 0.5"     the large vectors (basis quippy)
#   SPLITS=20 TREES=300      of the comparison
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
build=${MLGRAIN_BUILD_DIR:-$top/build}
if [ -z "${PYTHON:-}" ]; then
  PYTHON=$("$top/cmake/make-venv.sh" "$build/venv")
fi
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1} OPENBLAS_NUM_THREADS=${OPENBLAS_NUM_THREADS:-1}
folder=${STUDY_FOLDER:-$build/environments}
database=${DATABASE:-$build/cu-boundaries}
if [ ! -e "$database/energies.csv" ]; then
  PYTHON=$PYTHON STAGES=1 STUDY_FOLDER=$database BOUNDARIES_PER_AXIS=${BOUNDARIES_PER_AXIS:-12} \
    STARTS=${STARTS:-2} "$top/examples/cu-boundaries/run.sh"
fi
if [ -e "$database/expansion.txt" ]; then
  echo "run.sh: $database has single boundaries that have been searched; this study takes cells with two of them" >&2
  exit 1
fi
mkdir -p "$folder"
database=$(cd "$database" && pwd)
cd "$folder"

mlgrain() {
  echo "+ mlgrain $1 ${2:-}" >&2
  "$PYTHON" -m mlgrain.cli "$@"
}

eps=${EPS:-0.06}
read -r -a large <<< "${SOAP:-5.0 18 18 0.5}"
a=$(awk '$1 == "lattice_constant" { print $2 }' "$database/crystal.txt")
files=()
while IFS=, read -r file _; do
  files+=("$database/$file")
done < <(tail -n +2 "$database/energies.csv")
# The boundary at y = 0 and 8 Angstrom of either grain; the cell's other boundary is the same.
about=(--where y -8 8 --normal y --properties "$database/table.csv")
library_of=(--where y -8 8 --seed fcc "$a")

# 1. Tables: excess of the averaged representation, large and small, and projected; environments.
timed() {
  local name=$1
  shift
  local TIMEFORMAT="$name,%U"
  { time "$@" 2>&3; } 3>&2 2>> seconds.csv
}
echo "table,seconds" > seconds.csv
timed asr "$PYTHON" -m mlgrain.cli soap mean "${files[@]}" -o asr.npz --soap quippy "${large[@]}" \
  --excess fcc "$a" "${about[@]}"
timed asr_small "$PYTHON" -m mlgrain.cli soap mean "${files[@]}" -o asr_small.npz \
  --soap quippy 5.0 8 6 0.5 --excess fcc "$a" "${about[@]}"
timed library "$PYTHON" -m mlgrain.cli ler build "${files[@]}" -o cu.safetensors \
  --soap quippy "${large[@]}" --eps "$eps" "${library_of[@]}"
timed ler "$PYTHON" -m mlgrain.cli ler count cu.safetensors "${files[@]}" -o ler.npz "${about[@]}"
timed sfd "$PYTHON" "$here/sfd_means.py" "$database" sfd.npz

# 2. Energies of unseen boundaries, by the same divisions for all features.
"$PYTHON" "$here/learn.py" "$database"

# 3. How many environments there are, and which of them matter.
"$PYTHON" "$here/counts.py" cu.safetensors
mlgrain ler plot epsilon cu.safetensors -o epsilon --title "Unique environments of copper tilt boundaries"
mlgrain ler plot classes ler.npz -o classes
mlgrain forest ler.npz -o Cu_ler.safetensors --target energy --units "mJ/m^2" --kind extra --no-novelty
mlgrain ler show cu.safetensors --model Cu_ler.safetensors --most 12 --csv environments.csv | tee show.txt
"$PYTHON" "$here/draw.py" "$database" "$a"

# 4. The report.
"$PYTHON" "$here/report.py"
