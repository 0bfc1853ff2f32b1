#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# run.sh: a moment tensor potential of copper and a solute, from cells that an embedded-atom potential labels;
# energies of segregation by both, and exchanges by fix sgcmc in parallel. Everything goes to
# $MLGRAIN_BUILD_DIR/segregation-mtp (build/segregation-mtp of this checkout by default); what is there already
# is kept.
#   STUDY_FOLDER=FOLDER      another place
#   SOLUTE=Ni                Ag, Au, Ni, Pd or Pt
#   LEVEL=10 FRAMES=5        of the potential; of each of the twelve cells to train on
#   EDGE=42 GRAINS=3         the polycrystal: edge (Angstrom) and grains; four cutoffs of 5 Angstrom a rank are needed
#   SITES=40                 that are compared
#   STEPS=200 RANKS=2        of the exchanges with molecular dynamics
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=../common.sh
source "$here/../common.sh"
work_in "${STUDY_FOLDER:-$build/segregation-mtp}"
solute=${SOLUTE:-Ni}
potentials Cu "$solute"

printf 'pair_style eam\npair_coeff 1 1 Cu_u3.eam\npair_coeff 2 2 %s_u3.eam\n' "$solute" > eam.pair
printf 'pair_style mtp\npair_coeff * * Cu%s.mtp Cu %s\n' "$solute" "$solute" > mtp.pair
cells=()
for name in crystal grains; do
  for content in 0.02 0.1 0.4; do
    for temperature in 300 900; do
      cells+=("${name}_${content}_$temperature.dump")
      RANKS=1 lammps "${name}_${content}_$temperature" "$here/in.cells" -var name "$name" -var content "$content" \
        -var temperature "$temperature" -var solute "$solute" -var frames "${FRAMES:-5}" \
        -var seed "$((${#cells[@]} * 11))"
    done
  done
done
if [ ! -e "Cu$solute.mtp" ]; then
  mlgrain mtp new --level "${LEVEL:-10}" --species Cu "$solute" --cutoff 5.0 -o empty.mtp
  mlgrain mtp train empty.mtp "${cells[@]}" --update-mindist --held-out 0.1 --threads 1 -o "Cu$solute.mtp"
fi
mlgrain mtp errors "Cu$solute.mtp" "${cells[@]}" --threads 1 | tee errors.txt

RANKS=1 lammps start "$here/in.start" -var edge "${EDGE:-42}" -var grains "${GRAINS:-3}" -var sites "${SITES:-40}" \
  -var solute "$solute"
exchange=(-var deltamu "$(deltamu sites_mtp.txt 600 0.03)")
lammps exchange "$here/in.exchange" "${exchange[@]}" -var steps "${STEPS:-200}"
for atomic in yes no; do
  RANKS=1 lammps "trials_$atomic" "$here/in.trials" "${exchange[@]}" -var atomic "$atomic"
done
"$python" "$here/report.py" "$solute"
