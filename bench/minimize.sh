#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# minimize.sh [SYSTEM ...]: minimizers of LAMMPS and min style lbfgs, from the same start down to the same
# force (FORCE, 1e-3 eV/Angstrom, norm of all): evaluations of energy and forces, CPU time of one core,
# energy above the lowest that one of them found. SYSTEMs are boundary, crystal, of copper by the embedded-atom
# potential of Mishin et al. (2001); mtp, the boundary by Cu_eam_16; and, not by default as it takes long,
# polycrystal (EDGE, Angstrom, and GRAINS). Minimizers may end in different minima, where there are many.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
force=${FORCE:-1e-3}

# name, min_style, words of min_modify, time step (ps)
styles="cg cg line_quadratic 0.001
cg,-backtracking cg line_backtrack 0.001
fire fire norm_two 0.002
fire,-ABC fire abcfire_yes 0.002
hftn hftn norm_two 0.001
**lbfgs** lbfgs norm_two 0.001"

# run SYSTEM NAME STYLE WORDS STEP: a line of numbers.
run() {
  local options=(-var style "$3" -var words "${4//_/ }" -var step "$5" -var force "$force"
    -var edge "${EDGE:-40}" -var grains "${GRAINS:-4}")
  if [ "$1" = mtp ]; then
    options+=(-var system boundary -var pair mtp -var coeff "* * $here/../potentials/Cu_eam_16.almtp Cu")
  else
    options+=(-var system "$1" -var coeff "* * $build/lammps-potentials/Cu_mishin1.eam.alloy Cu")
  fi
  run_lammps minimize "$here/in.minimize" "${options[@]}"
  awk -v name="${2//,/ }" '/^Loop time of/ { wall = $4; atoms = $(NF - 1) }
    /CPU use with/ { sub("%", "", $1); cpu = wall * $1 / 100 }
    /Iterations, force evaluations/ { steps = $(NF - 1); evaluations = $NF }
    /^found/ { energy = $2 }
    END { printf "%s|%d|%d|%d|%.2f|%.6f\n", name, atoms, steps, evaluations, cpu, energy }' log.minimize
}

for system in "${@:-boundary crystal mtp}"; do
  for one in $system; do
    : > minimize.lines
    while read -r name style words step; do
      run "$one" "$name" "$style" "$words" "$step" >> minimize.lines
    done <<< "$styles"
    printf '\n%s, %d atoms\n\n' "$one" "$(cut -d'|' -f2 minimize.lines | head -n 1)"
    echo "| min_style | steps | evaluations | CPU s | above the lowest (eV) |"
    echo "|---|--:|--:|--:|--:|"
    awk -F'|' 'NR == FNR { if (FNR == 1 || $6 < low) low = $6; next }
      { printf "| %s | %d | %d | %.2f | %.4f |\n", $1, $3, $4, $5, $6 - low }' minimize.lines minimize.lines
  done
done
