#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# run.sh: makes, relaxes and anneals the nanocrystal of in.nanocrystal with the models of potentials/
# applied during the run, and draws it. Everything goes to $MLGRAIN_BUILD_DIR/demo/nanocrystal
# (build/demo/nanocrystal of this checkout by default); called by `make demo`.
#
#   EDGE=100 GRAINS=15 SEED=4        size (Angstrom), number of grains, random number seed
#   TEMPERATURE=600                  highest of the anneal (K)
#   EVERY=40 EVALUATIONS=2           steps between predictions; predictions in each of nine segments
#   ITERATIONS=30 QUENCH=20          of the minimizations before and after, and during the anneal
#   MODELS=FOLDER                    Cu_eden, Cu_gb2 and Cu_gb6 (.safetensors)
#   RANKS=N                          MPI ranks (default: as many as processors)
#   OUTPUT=FOLDER                    instead of build/demo/nanocrystal
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
build=$(cd "${MLGRAIN_BUILD_DIR:-$top/build}" && pwd)
models=$(cd "${MODELS:-$top/potentials}" && pwd)
output=${OUTPUT:-$build/demo/nanocrystal}
ranks=${RANKS:-$(getconf _NPROCESSORS_ONLN)}
python=$("$top/cmake/find-python.sh" numpy matplotlib)
export OMP_NUM_THREADS=1
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1

mkdir -p "$output"
cd "$output"
rm -f ./*.png ./*.csv ./*.txt ./*.dump
launcher=()
if [ "$ranks" -gt 1 ]; then
  launcher=(mpirun --oversubscribe -np "$ranks")
fi
start=$(date +%s)
echo "Annealing a nanocrystal of ${GRAINS:-15} grains; see $output/log.nanocrystal for how far it is ..."
if ! "${launcher[@]}" "$build/lmp" -in "$here/in.nanocrystal" -log log.nanocrystal -nocite \
  -var plugin "$build/mlgrainplugin.so" -var models "$models" \
  -var potential "$build/lammps-potentials/Cu_mishin1.eam.alloy" \
  -var edge "${EDGE:-100}" -var grains "${GRAINS:-15}" -var seed "${SEED:-4}" \
  -var temperature "${TEMPERATURE:-600.0}" -var every "${EVERY:-40}" \
  -var evaluations "${EVALUATIONS:-2}" -var iterations "${ITERATIONS:-30}" \
  -var quench "${QUENCH:-20}" > screen.txt; then
  tail -n 20 screen.txt >&2
  exit 1
fi
echo
grep -A 2 '^Created .* grains$' screen.txt
echo
"$python" "$here/plot.py"
echo
echo "Done in $(($(date +%s) - start)) s. Everything is in $output: pictures (*.png), tables (*.csv)," \
  "means over time (hot.txt, rest.txt), and every atom's values (start.dump, final.dump)."
