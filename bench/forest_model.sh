# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154,SC2164 # for those that source it, which stop at the first error
# Sourced, after common.sh, by the benchmarks of trained forests: a random forest of 100 fully grown
# trees, trained with real atoms. FULL=1 makes it as large as those of production (200 000 training
# rows, 10^6 rows to predict: half an hour on two cores), else it takes some minutes (50 000 and
# 250 000). What is there already is kept, in $build/bench/forest-small or forest-full, which becomes
# the current folder: rows.dump, grains.data, forest and classifier, each as .joblib and .safetensors.
if [ "${FULL:-0}" = 1 ]; then
  size=full
  molecular_dynamics=(-var relax 1000 -var every 200 -var frames 24)
  export TRAINING_FRAMES=5 TRAINING_ROWS=200000 ROWS=1000000
else
  size=small
  molecular_dynamics=(-var relax 500 -var every 100 -var frames 7)
  export TRAINING_FRAMES=2 TRAINING_ROWS=50000 ROWS=250000
fi
mkdir -p "forest-$size"
cd "forest-$size"

python=$("$here/../cmake/make-venv.sh" "$build/venv") || {
  echo "forest: no Python with scikit-learn" >&2
  exit 1
}
if [ ! -e rows.dump ]; then
  echo "forest: molecular dynamics, for the rows" >&2
  rm -f rows.partial
  run_lammps rows "$here/in.forest" -var file rows.partial "${molecular_dynamics[@]}"
  mv rows.partial rows.dump
fi
MLGRAIN_BUILD_DIR=$build "$python" "$here/forest.py" train rows.dump >&2
