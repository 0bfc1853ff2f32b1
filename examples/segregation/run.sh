#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# run.sh [SOLUTE ...]: what README.md describes, of Ag, Au, Ni and Pt by default. Everything goes to
# $MLGRAIN_BUILD_DIR/segregation (build/segregation of this checkout by default); what is there already is
# kept.
#   STUDY_FOLDER=FOLDER      another place
#   EDGE=62 GRAINS=5         the polycrystal: edge (Angstrom) and grains
#   ANNEAL=2250              steps of 2 fs at 600 K, and as many while it cools
#   SITES=300 TEST=200       sites to learn from, and others to test with
#   MIXED="Ni"               solutes whose content is found by Monte Carlo, too
#   EXCHANGE=20000           steps of 2 fs for that
#   CONTENT=0.03 TEMPERATURE=600
#   RANKS=2                  of MPI
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
build=$(cd "${MLGRAIN_BUILD_DIR:-$top/build}" && pwd)
folder=${STUDY_FOLDER:-$build/segregation}
python=$("$top/cmake/make-venv.sh" "${MLGRAIN_VENV:-$build/venv}")
export LAMMPS_PLUGIN_PATH=$build OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
mkdir -p "$folder"
cd "$folder"
solutes=("$@")
[ $# -gt 0 ] || solutes=(Ag Au Ni Pt)
for solute in Cu "${solutes[@]}"; do
  if [ ! -e "$build/lammps-potentials/${solute}_u3.eam" ]; then
    echo "LAMMPS has no potential ${solute}_u3.eam" >&2
    exit 1
  fi
  ln -sf "$build/lammps-potentials/${solute}_u3.eam" .
done

lammps() { # NAME INPUT [ARGUMENT]...: the log is NAME.log; a file NAME.done says that all went well
  local name=$1 input=$2
  shift 2
  [ -e "$name.done" ] && return
  echo "$name ..."
  mpiexec --oversubscribe -np "${RANKS:-2}" "$build/lmp" -in "$here/$input" -log "$name.log" -nocite \
    -screen none "$@" || { tail -n 20 "$name.log" >&2; exit 1; }
  touch "$name.done"
}
mlgrain() { "$python" -m mlgrain "$@"; }

lammps polycrystal in.polycrystal -var edge "${EDGE:-62}" -var grains "${GRAINS:-5}" \
  -var steps "${ANNEAL:-2250}" -var mixture "$top/potentials/Cu_gb6.safetensors"
if [ ! -e test.in ]; then
  mlgrain table poly.dump -o poly.npz --sfd 0.909 5.904 --unit-style metal --elements Cu --quiet
  mlgrain segregation choose poly.npz -o chosen.in --sites "${SITES:-300}" --where site 1 1
  mlgrain segregation choose poly.npz -o test.in --sites "${TEST:-200}" --where site 1 1 --method random \
    --group test --seed 5
fi
for solute in "${solutes[@]}"; do
  printf 'pair_style eam\npair_coeff 1 1 Cu_u3.eam\npair_coeff 2 2 %s_u3.eam\n' "$solute" \
    > "$solute.pair"
  lammps "sites_$solute" in.sites -var solute "$solute"
  if [ ! -e "$solute.npz" ]; then
    mlgrain segregation learn "${solute}_chosen.txt" poly.npz -o "Cu_$solute.safetensors" \
      --solute "$solute"
    mlgrain predict "Cu_$solute.safetensors" poly.npz -o "$solute.npz"
  fi
  if [[ " ${MIXED-Ni} " == *" $solute "* ]]; then
    # Minus the energy of the exchange in the crystal and kT ln X/(1 - X): fix sgcmc adds deltamu to energies.
    deltamu=$(awk -v t="${TEMPERATURE:-600}" -v x="${CONTENT:-0.03}" \
      '/^# in the crystal/ { sub(",", "", $5); print -$5 - 8.617e-5 * t * log(x / (1 - x)); exit }' \
      "${solute}_chosen.txt")
    lammps "exchange_$solute" in.exchange -var solute "$solute" -var deltamu "$deltamu" \
      -var steps "${EXCHANGE:-20000}" -var content "${CONTENT:-0.03}" \
      -var temperature "${TEMPERATURE:-600}"
  fi
done
"$python" "$here/report.py" "${TEMPERATURE:-600}" "${solutes[@]}"
echo "Everything is in $folder: report.md, pictures (*.png), models (Cu_*.safetensors)."
