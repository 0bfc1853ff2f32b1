#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# run.sh: makes 64 relaxed copper tilt boundaries, trains forests for the energy density of atoms and
# for the energy of boundaries, and mixtures for the classes of atoms, and applies all of them inside
# LAMMPS to a boundary that they haven't seen. Everything goes to $MLGRAIN_BUILD_DIR/forest
# (build/forest of this checkout by default). Boundaries that are there already are kept: an
# interrupted run goes on where it stopped.
#
#   BOUNDARIES_PER_AXIS=16   boundaries for each of four tilt axes, 4 or more
#   UNSEEN=tilt100_1_m3_0    the boundary kept for the application: Sigma5 (310)[001]
#   JOBS=N                   LAMMPS runs at a time (default: as many as processors)
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
build=${MLGRAIN_BUILD_DIR:-$top/build}
unseen=${UNSEEN:-tilt100_1_m3_0}
plugin=$build/mlgrainplugin.so
potential=$build/lammps-potentials/Cu_mishin1.eam.alloy
# The Python of the tests' environment has scikit-learn where the system's hasn't.
if [ -z "${PYTHON:-}" ] && [ -x "$build/venv/bin/python" ]; then
  PYTHON=$build/venv/bin/python
fi
python=$(PYTHON=${PYTHON:-python3} "$top/cmake/find-python.sh" numpy matplotlib sklearn 2> /dev/null) ||
  python=$("$top/cmake/make-venv.sh" "$build/venv")
export PYTHONPATH=$top/python${PYTHONPATH:+:$PYTHONPATH} OMP_NUM_THREADS=${OMP_NUM_THREADS:-1}

mlgrain() {
  "$python" -m mlgrain.cli "$@"
}

mkdir -p "$build/forest/boundaries"
cd "$build/forest"
start=$(date +%s)

echo "== 1. Boundaries"
(cd boundaries && "$python" "$here/boundaries.py" "$build/lmp" "$plugin" "$potential")

echo
echo "== 2. Table and curated sample, without $unseen"
dumps=()
for dump in boundaries/tilt*.dump; do
  if [ "$dump" != "boundaries/$unseen.dump" ] && [ -e "${dump%.dump}.energy" ]; then
    dumps+=("$dump")
  fi
done
mlgrain table "${dumps[@]}" -o all.npz --sfd 0.909 5.904 --unit-style metal --elements Cu \
  --training-set "Cu symmetric tilts <100> <110> <111> <112>, relaxed and at 300 K, Mishin EAM"
rows=$("$python" -c 'from mlgrain.tables import Table; print(len(Table.load("all.npz")))')
high=$((rows / 20 < 2000 ? rows / 20 : 2000)) # 2000 of 20000, fewer where there are few boundaries
mlgrain sample all.npz -o train.npz --by energy_density --random $((9 * high)) --high $high --seed 1

echo
echo "== 3. Models"
mlgrain forest train.npz -o Cu_eden.safetensors --units eV/A^3 --test 0.2 --group source \
  --max-features 0.5 --seed 1 --estimator estimator.joblib
mlgrain cross-validate train.npz -o validated.npz --group source --folds 4 --trees 40 --max-features 0.5 \
  --seed 1
mlgrain choose train.npz -o choice.csv --from 2 --to 8 --rows 6000 --regularization 1e-3 --seed 1
mlgrain mixture train.npz -o Cu_gb2.safetensors --classes 2 --names bulk boundary --rows 20000 \
  --regularization 1e-3 --seed 1
mlgrain mixture train.npz -o Cu_gb6.safetensors --classes 6 --rows 20000 --regularization 1e-3 \
  --seed 1

echo
echo "== 4. Energies of whole boundaries"
mlgrain table "${dumps[@]}" -o relaxed.npz --first --quiet > relaxed.txt
mlgrain boundaries relaxed.npz -o gbs.npz --mixture Cu_gb6.safetensors --where y -8 8 \
  --energies boundaries/energies.csv
columns=$("$python" -c 'from mlgrain.tables import Table
print(*(n for n in Table.load("gbs.npz").columns if n not in ("energy", "source")))')
# The means alone are what LAMMPS can give to the model.
means=$(echo "$columns" | tr ' ' '\n' | grep '^mean_')
echo "all features:"
# shellcheck disable=SC2086 # one word per feature
mlgrain cross-validate gbs.npz --target energy --features $columns --kind extra --folds 8 --seed 1
echo "means of the descriptors:"
# shellcheck disable=SC2086
mlgrain cross-validate gbs.npz --target energy --features $means --kind extra --folds 8 --seed 1 -o gbe.npz
# shellcheck disable=SC2086
mlgrain forest gbs.npz -o Cu_gbe.safetensors --target energy --units mJ/m^2 --features $means \
  --kind extra --seed 1 --estimator gbe.joblib

echo
echo "== 5. $unseen in LAMMPS, with the models"
if ! "$build/lmp" -in "$here/in.apply" -log log.apply -nocite -var plugin "$plugin" \
  -var potential "$potential" -var data "boundaries/$unseen.data" -var forest Cu_eden.safetensors \
  -var classes Cu_gb6.safetensors -var region Cu_gb2.safetensors -var gbe Cu_gbe.safetensors \
  -var replicate "4 1 10" > screen.txt; then
  tail -n 20 screen.txt >&2
  exit 1
fi
cat apply.txt
echo
"$python" "$here/compare.py" "$unseen" | tee comparison.txt

echo
echo "== 6. Pictures"
mlgrain table apply.dump -o apply.npz --last --quiet > apply-table.txt
mlgrain plot parity apply.npz -o parity --units eV/A^3 \
  --title "Energy density at 300 K in a boundary that the forest hasn't seen"
mlgrain plot parity validated.npz -o parity-validated --units eV/A^3 \
  --title "Cross-validation: each boundary predicted by a forest that hasn't seen it"
mlgrain plot parity gbe.npz -o parity-gbe --target energy --units mJ/m^2 \
  --title "Energies of whole boundaries, cross-validated"
mlgrain plot importance Cu_eden.safetensors -o importance
mlgrain plot choice choice.csv -o choice --title "How many classes of atoms?"
mlgrain plot classes Cu_gb6.safetensors train.npz -o classes --title "Six classes of atoms"
mlgrain plot atoms apply.dump -o boundary --color energy_density prediction error:error \
  class:class --axes y x --where z 0 3.6 --one-scale --title "$unseen at 300 K"
echo
echo "Done in $(($(date +%s) - start)) s. Everything is in $build/forest."
