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
#   EXCHANGE=3000            steps of 2 fs for that
#   CONTENT=0.03 TEMPERATURE=600
#   RANKS=2                  of MPI
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=common.sh
source "$here/common.sh"
work_in "${STUDY_FOLDER:-$build/segregation}"
solutes=("$@")
[ $# -gt 0 ] || solutes=(Ag Au Ni Pt)
potentials Cu "${solutes[@]}"

lammps polycrystal "$here/in.polycrystal" -var edge "${EDGE:-62}" -var grains "${GRAINS:-5}" \
  -var steps "${ANNEAL:-2250}" -var mixture "$top/potentials/Cu_gb6.safetensors"
if [ ! -e test.in ]; then
  mlgrain table poly.dump -o poly.npz --sfd 0.909 5.904 --unit-style metal --elements Cu --quiet
  mlgrain soap atom poly.dump -o soap.npz --soap gto 5.0 4 4 0.8
  mlgrain segregation choose poly.npz -o chosen.in --sites "${SITES:-300}" --where site 1 1
  mlgrain segregation choose poly.npz -o test.in --sites "${TEST:-200}" --where site 1 1 --method random \
    --group test --seed 5
fi
for solute in "${solutes[@]}"; do
  printf 'pair_style eam\npair_coeff 1 1 Cu_u3.eam\npair_coeff 2 2 %s_u3.eam\n' "$solute" \
    > "$solute.pair"
  lammps "sites_$solute" "$here/in.sites" -var solute "$solute"
  if [ ! -e "$solute.npz" ]; then
    mlgrain segregation learn "${solute}_chosen.txt" poly.npz soap.npz -o "Cu_$solute.safetensors" \
      --solute "$solute"
    mlgrain segregation learn "${solute}_chosen.txt" poly.npz -o "Cu_${solute}_sfd.safetensors" \
      --solute "$solute"
    descriptors=poly.npz
    grep -q '"soap_1' "Cu_$solute.safetensors" && descriptors=soap.npz
    mlgrain predict "Cu_${solute}_sfd.safetensors" poly.npz -o "${solute}_sfd.npz"
    mlgrain predict "Cu_$solute.safetensors" "$descriptors" --join poly.npz -o "$solute.npz"
  fi
  if [[ " ${MIXED-Ni} " == *" $solute "* ]]; then
    lammps "exchange_$solute" "$here/in.exchange" -var solute "$solute" \
      -var deltamu "$(deltamu "${solute}_chosen.txt" "${TEMPERATURE:-600}" "${CONTENT:-0.03}")" \
      -var steps "${EXCHANGE:-3000}" -var content "${CONTENT:-0.03}" \
      -var temperature "${TEMPERATURE:-600}"
  fi
done
"$python" "$here/report.py" "${TEMPERATURE:-600}" "${solutes[@]}"
echo "Everything is in $PWD: report.md, pictures (*.png), models (Cu_*.safetensors)."
