#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# run.sh [pull] [melt] [large]: a copper boundary is pulled apart until it cracks, and a copper crystal
# heated until it melts, by a potential of perfect crystals that learns on the way (fix mtp/learn), from an
# embedded-atom potential as the truth: with cells around the atoms of largest predicted error, with
# as many around atoms of largest grade and at random, and with radial functions that stay as they
# are. large: what it costs in polycrystals of up to 10^6 atoms. Everything goes to
# $MLGRAIN_BUILD_DIR/learn-example (build/learn-example of this checkout by default).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
build=$(cd "${MLGRAIN_BUILD_DIR:-$top/build}" && pwd)
eam=$build/lammps-potentials/Cu_mishin1.eam.alloy
python=$("$top/cmake/make-venv.sh" "$build/venv")
mlgrain=$(dirname "$python")/mlgrain
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}
steps=${STEPS:-4000}

# lammps INPUT LOG WORDS...: one run, what it printed in LOG.
lammps() {
  local input=$1 log=$2
  shift 2
  if ! "$build/lmp" -in "$here/$input" -log none -nocite -var eam "$eam" "$@" > "$log"; then
    tail -n 20 "$log" >&2
    return 1
  fi
}

# one NAME WORDS...: one run of $task, and its true forces. A potential that hasn't learned enough may
# let atoms fall into each other, which ends the run.
one() {
  local name=$1
  shift
  if ! lammps "in.$task" "$name.txt" -var folder "$here" -var plugin "$build/mlgrainplugin.so" \
    -var name "$name" -var steps "$steps" "$@" -var start ../start 2> /dev/null; then
    echo "$name: $(grep ERROR "$name.txt") after $(tail -n 1 "$name.csv" | cut -d, -f1) ps"
  fi
  lammps in.truth "$name.true.txt" -var name "$name"
  echo "$name: $(tail -n 1 "$name.csv" | cut -d, -f3) labels"
}

mkdir -p "$build/learn-example"
cd "$build/learn-example"
rm -f ./crystal.* ./start.* ./empty.mtp ./train.txt ./*.checkpoint
begin=$(date +%s)

echo "== A potential of perfect crystals"
lammps in.crystal crystal.txt
"$mlgrain" mtp new --level "${LEVEL:-10}" --species Cu --cutoff 5.5 --min-dist 1.8 -o empty.mtp
"$mlgrain" mtp train empty.mtp crystal.dump --elements Cu --held-out 0.2 --starts 1 \
  --iteration-limit 40 -o start.almtp --keep-normal start.fit.safetensors \
  --error-bars start.error.safetensors > train.txt
tail -n 2 train.txt

# polycrystal CELLS: a row of the table of what learning costs; CPU time.
polycrystal() {
  rm -f "$1".cfg*
  lammps in.large "$1.txt" -var plugin "$build/mlgrainplugin.so" -var start ../start -var cells "$1"
  awk '/^Loop time/ { wall = $4; steps = $(NF - 4); atoms = $(NF - 1) }
    /CPU use with/ { time[n++] = wall * $1 / 100 / steps }
    /Maximum resident/ { memory[m++] = $(NF - 1) / 1024 }
    /^LEARNED/ { labels = $2 }
    END { printf "| %d | %.3f | %.3f | %d | %.2f | %.2f | %.2f |\n", atoms, time[1], time[2] - time[1],
      labels, (time[3] - time[2]) * steps, memory[0], memory[1] }' "$1.txt"
}

large() {
  echo "| atoms | a step (s) | a look at the errors (s) | labels | cut, labeled, learned (s) |" \
    "GB | GB, with fix mtp/learn |"
  echo "|--:|--:|--:|--:|--:|--:|--:|"
  for cells in 14 29 63; do
    polycrystal "$cells"
  done
}

if [ $# = 0 ]; then
  set -- pull melt
fi
for task in "$@"; do
  rm -rf "$task"
  mkdir "$task"
  cd "$task"
  if [ "$task" = large ]; then
    large | tee large.md
    cd ..
    continue
  fi
  echo "== $task: nothing learned; cells of largest predicted error"
  one nothing -var total 1 -var limit 1e9
  one error
  echo "== $task: the same, radial functions stay as they are"
  one linear -var refit never
  labels=$(tail -n 1 error.csv | cut -d, -f3)
  every=$((steps / labels))
  echo "== $task: as many cells, by grade and at random, one every $every steps"
  others=(-var limit 1e-6 -var every "$every" -var most 1 -var total "$labels")
  one grade -var score c_grade "${others[@]}"
  one random -var score v_random "${others[@]}"
  echo "== $task: the full fit afterwards, of perfect crystals and cells, and a run by it"
  "$mlgrain" mtp train error.mtp ../crystal.dump error.cfg --elements Cu --iteration-limit 20 \
    --held-out 0.2 -o full.almtp --keep-normal full.fit.safetensors \
    --error-bars full.error.safetensors > full.train.txt
  one full -var start full -var total 1 -var limit 1e9
  echo "== $task: errors of all atoms"
  "$python" "$here/plot.py" nothing linear random grade error full
  cd ..
done
echo "Done in $(($(date +%s) - begin)) s. Everything is in $build/learn-example: for each task errors.png," \
  "errors.csv, the labels error.cfg and the potential error.mtp."
