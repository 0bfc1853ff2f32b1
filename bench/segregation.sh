#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# segregation.sh: CPU time for a site, and how far energies are from those of a large radius, of silver at
# boundaries of a copper polycrystal. SITES (50), LARGE (16, Angstrom), STEPS (1000) of each of the two parts of
# the annealing of a box of EDGE (62) Angstrom, RADII, COPIES of the polycrystal along each direction.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

potentials=$build/lammps-potentials
printf 'pair_style eam\npair_coeff 1 1 %s\npair_coeff 2 2 %s\n' \
  "$potentials/Cu_u3.eam" "$potentials/Ag_u3.eam" > segregation.pair

# run_task NAME COPIES RADIUS WORDS
run_task() {
  run_lammps "$1" "$here/in.segregation" -var task sites -var pair segregation.pair -var steps 0 \
    -var sites "${SITES:-50}" -var copies "$2" -var radius "$3" -var words "$4"
}

if [ ! -f segregation.restart ]; then
  run_lammps segregation_make "$here/in.segregation" -var task make -var pair segregation.pair \
    -var steps "${STEPS:-1000}" -var edge "${EDGE:-62}"
fi
large=${LARGE:-16}
run_task "segregation_$large" 1 "$large" ""
echo "| radius | atoms | CPU s a site | with a flag | without one | rms | median | 90 % | rms without extrapolation | all sites | rms | median | 90 % |"
echo "|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|"
for copies in ${COPIES:-1 2}; do
  for radius in ${RADII:-6 8 10 12}; do
    name=segregation_${radius}_$copies
    run_task "$name" "$copies" "$radius" ""
    python3 "$here/segregation.py" "segregation.$large.1" "segregation.$radius.$copies" "log.$name"
  done
done
if [ -e "segregation.${DRIFT_RADIUS:-10}.1" ]; then
  echo
  echo "| drift of the radius of ${DRIFT_RADIUS:-10} A, at most, eV | sites with more | others | rms | median | 90 % | largest |"
  echo "|--:|--:|--:|--:|--:|--:|--:|"
  python3 "$here/segregation.py" "segregation.$large.1" "segregation.${DRIFT_RADIUS:-10}.1"
fi
