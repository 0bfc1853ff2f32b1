#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# run.sh: the study of README.md. Everything goes to $MLGRAIN_BUILD_DIR/polycrystal-graph
# (build/polycrystal-graph of this checkout by default); solved samples are kept and not solved again.
#
#   STUDY_FOLDER=FOLDER  another place for everything
#   PROCESSES=1          that solve samples and look at them
#   KINDS="uniform varied stiffness"  what is learned
#   SIZE=full|half|small full: what the tasks were introduced with, 64^3 voxels and 10 to 399 grains, 5000 samples
#                        each (hours); half (default): 32^3 and 10 to 50, as in README.md; small: a minute
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
build=${MLGRAIN_BUILD_DIR:-$top/build}
if [ -z "${PYTHON:-}" ]; then
  PYTHON=$("$top/cmake/make-venv.sh" "$build/venv")
fi
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1} OPENBLAS_NUM_THREADS=${OPENBLAS_NUM_THREADS:-1}
folder=${STUDY_FOLDER:-$build/polycrystal-graph}
mkdir -p "$folder"
cd "$folder"
# Edges of boxes, numbers of grains from and to, and of samples to learn from and to test.
case ${SIZE:-half} in
  full)
    box=(64 10 399) uniform=(5000 500) varied=(5000 500) unlike=200
    exact_box=(64 10 399) exact=100
    larger_box=(96 10 1346) larger=100 stiff_box=(32 10 50) stiff=(600 300)
    ;;
  half)
    box=(32 10 50) uniform=(300 100) varied=(450 150) unlike=30
    exact_box=(64 10 399) exact=30
    larger_box=(48 10 168) larger=40 stiff_box=(16 10 20) stiff=(80 40)
    ;;
  small)
    box=(8 3 6) uniform=(12 4) varied=(16 6) unlike=3
    exact_box=(12 6 9) exact=2
    larger_box=(12 6 9) larger=2 stiff_box=(6 3 4) stiff=(12 3)
    ;;
  *)
    echo "SIZE is full, half or small, not '$SIZE'" >&2
    exit 1
    ;;
esac

graph() {
  echo "+ mlgrain graph $*" >&2
  "$PYTHON" -m mlgrain.cli graph "$@"
}

# samples KIND FILE COUNT EDGE FEWEST MOST
samples() {
  graph samples "$1" -o "$2" --count "$3" --edge "$4" --grains "$5" "$6" --seed "${seed:-1}" \
    --processes "${PROCESSES:-1}"
}

# study KIND LEARN TEST EDGE FEWEST MOST: one file, of which the first LEARN samples are learned from.
study() {
  samples "$1" "$1.jsonl" $(($2 + $3)) "$4" "$5" "$6"
  graph learn "$1.jsonl" --most "$2" --processes "${PROCESSES:-1}" -o "$1.safetensors" | tee "$1.learned.txt"
  graph test "$1.safetensors" "$1.jsonl" --skip "$2" --trained "$1.jsonl" --most "$2" -o "$1.npz" \
    | tee "$1.txt"
}

# Graph networks beside the models, where there is JAX.
network() {
  if "$PYTHON" -c 'import jax' 2> /dev/null; then
    echo "+ network.py $*" >&2
    "$PYTHON" "$here/network.py" "$@" | tee "${1%.jsonl}.network.txt"
  fi
}

# The model of varied ones, of what it hasn't been trained for: other cells, columns, more grains.
transfer() {
  for kind in laguerre columns; do
    samples "$kind" "$kind.jsonl" "$unlike" "${box[@]}"
    graph test varied.safetensors "$kind.jsonl" -o "$kind.npz" | tee "$kind.txt"
  done
  samples varied larger.jsonl "$larger" "${larger_box[@]}"
  graph test varied.safetensors larger.jsonl -o larger.npz | tee larger.txt
}

for kind in ${KINDS:-uniform varied stiffness}; do
  case $kind in
    uniform)
      study uniform "${uniform[@]}" "${box[@]}"
      network uniform.jsonl --learn "${uniform[0]}" --epochs 60
      samples uniform exact.jsonl "$exact" "${exact_box[@]}"
      graph test uniform.safetensors exact.jsonl -o exact.npz | tee exact.txt
      ;;
    varied)
      study varied "${varied[@]}" "${box[@]}"
      network varied.jsonl --learn "${varied[0]}" --epochs 200 --rate 4e-3
      "$PYTHON" "$here/solver.py" varied.jsonl --skip "${varied[0]}" --count "$unlike" \
        | tee varied.solver.txt
      transfer
      ;;
    stiffness)
      seed=0 study stiffness "${stiff[@]}" "${stiff_box[@]}"
      if [ -e uniform.jsonl ]; then
        network stiffness.jsonl --learn "${stiff[0]}" --start uniform.jsonl
      fi
      ;;
    *) echo "KINDS: $kind is none of uniform, varied, stiffness" >&2 && exit 1 ;;
  esac
done

"$PYTHON" "$here/plot.py"
