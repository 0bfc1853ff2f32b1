#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# run.sh: the tutorial doc/tutorial_training.md, every command of it. Everything goes to
# $MLGRAIN_BUILD_DIR/training (build/training of this checkout by default).
#
#   FRAMES=90 LEVEL=12        configurations to train on, and the potential's level
#   EDGE=40 GRAINS=3          of the polycrystal (Angstrom)
#   STEPS=200 TEMPERATURE=300 of its molecular dynamics
#   CELLS=12                  cut out of it to be labeled, at most
#   OUTPUT=FOLDER             instead of build/training
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
build=$(cd "${MLGRAIN_BUILD_DIR:-$top/build}" && pwd)
output=${OUTPUT:-$build/training}
python=$("$top/cmake/make-venv.sh" "${MLGRAIN_VENV:-$build/venv}")
PATH=$(dirname "$python"):$PATH
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-$(getconf _NPROCESSORS_ONLN)} OPENBLAS_NUM_THREADS=1
threads=$OMP_NUM_THREADS

# polycrystal NAME POTENTIAL: a run of in.polycrystal
polycrystal() {
  rm -f "$1.cfg" "$1.dump"
  if ! "$build/lmp" -in "$here/in.polycrystal" -log "$1.log" -nocite \
    -var plugin "$build/mlgrainplugin.so" -var potential "$2" -var name "$1" \
    -var edge "${EDGE:-40}" -var grains "${GRAINS:-3}" -var steps "${STEPS:-200}" \
    -var temperature "${TEMPERATURE:-300}" > "$1.txt"; then
    tail -n 20 "$1.txt" >&2
    exit 1
  fi
  awk '$1 == "Step" { on = 1; next } /^Loop time/ { on = 0 } on && $4 > most { most = $4 }
    END { printf "largest grade in the polycrystal: %.2f\n", most }' "$1.log"
}

mkdir -p "$output"
cd "$output"

echo "== 1. Structures and their labels"
python "$here/frames.py" --seed 1 --count "${FRAMES:-90}" -o train.xyz
python "$here/frames.py" --seed 2 --count $((${FRAMES:-90} / 3)) -o test.xyz
mlgrain mtp mindist train.xyz

echo "== 2. A potential"
mlgrain mtp new --level "${LEVEL:-12}" --species Cu --cutoff 5.0 --min-dist 1.8 --repulsive \
  -o empty.mtp
rm -f Cu.almtp.checkpoint learned.almtp.checkpoint
mlgrain mtp train empty.mtp train.xyz -o Cu.almtp --threads "$threads"

echo "== 3. Its errors on configurations that it has not seen"
mlgrain mtp errors Cu.almtp test.xyz --parity parity --threads "$threads"

echo "== 4. A polycrystal, with grades"
polycrystal first Cu.almtp

echo "== 5. What to label: cells cut out around the highest grades"
python "$here/cut.py" Cu.almtp first.dump --most "${CELLS:-12}" -o cells.xyz
mlgrain mtp select-add Cu.almtp cells.xyz -o chosen.cfg --threads "$threads"
python "$here/reference.py" chosen.cfg -o labeled.xyz
mlgrain mtp errors Cu.almtp labeled.xyz

echo "== 6. Training goes on"
mlgrain mtp train Cu.almtp train.xyz labeled.xyz -o learned.almtp --threads "$threads"
mlgrain mtp errors learned.almtp test.xyz labeled.xyz --csv errors.csv

echo "== 7. The polycrystal again, and the truth of it"
polycrystal second learned.almtp
python "$here/reference.py" second.dump -o truth.xyz
mlgrain mtp errors Cu.almtp truth.xyz --threads "$threads"
mlgrain mtp errors learned.almtp truth.xyz --csv truth.csv --threads "$threads"
