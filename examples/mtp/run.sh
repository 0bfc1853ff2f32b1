#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# run.sh: pulls copper grain boundaries apart with potentials/Cu_eam_16.almtp, saves configurations
# where it extrapolates, and does one round of active learning with them: label, fit, new active set,
# the same run again. Everything goes to $MLGRAIN_BUILD_DIR/mtp-example (build/mtp-example of this
# checkout by default).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
build=$(cd "${MLGRAIN_BUILD_DIR:-$top/build}" && pwd)
train=$top/potentials/train
shipped=$top/potentials/Cu_eam_16.almtp
eam=$build/lammps-potentials/Cu_mishin1.eam.alloy
python=$("$top/cmake/make-venv.sh" "$build/venv")
mlgrain=$(dirname "$python")/mlgrain
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-$(nproc)}

# pull NAME STYLE POTENTIAL: one run of in.pull, what it printed in NAME.txt.
pull() {
  if ! "$build/lmp" -in "$here/in.pull" -log none -nocite -var plugin "$build/mlgrainplugin.so" \
    -var name "$1" -var style "$2" -var potential "$3" > "$1.txt"; then
    tail -n 20 "$1.txt" >&2
    exit 1
  fi
}

mkdir -p "$build/mtp-example"
cd "$build/mtp-example"
rm -f ./*.checkpoint ./*.cfg ./*.csv ./*.dump ./*.png ./*.txt ./*.mtp ./*.almtp
start=$(date +%s)

echo "== 1. Molecular dynamics with the reference and with the potential"
pull reference eam "$eam"
pull before mtp "$shipped"
echo "$(grep -c BEGIN_CFG before.cfg) configurations saved to before.cfg"

echo "== 2. Labels: energies, forces and stresses of the reference"
"$python" "$train/label.py" --lmp "$build/lmp" --eam "$eam" --cfg before.cfg --most 12 \
  --out labeled/1_pulled.dump

echo "== 3. Fit to these and to the configurations of the active set, and a new one"
"$python" "$train/weigh.py" labeled/1_pulled.dump "$shipped" -o data.cfg
"$mlgrain" mtp train "$shipped" data.cfg --energy-weight 1 --force-weight 1 --stress-weight 1 \
  --iteration-limit 4 --threads "$OMP_NUM_THREADS" -o learned.almtp

echo "== 4. The same run with the new potential"
pull after mtp learned.almtp
if [ -e after.cfg ]; then
  echo "$(grep -c BEGIN_CFG after.cfg) configurations saved to after.cfg"
else
  echo "No configuration is over the threshold any more"
fi

echo "== 5. Pictures"
"$python" "$here/plot.py"
echo
echo "Done in $(($(date +%s) - start)) s. Everything is in $build/mtp-example: grades.png," \
  "boundary.png, the new potential learned.almtp."
