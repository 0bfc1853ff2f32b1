#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# sfd.sh: microseconds per atom and evaluation of compute sfd/atom and of LAMMPS' compute sna/atom
# (twojmax 8), on one core, in one process, alternating; median of the repeats.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

run_lammps sfd "$here/in.sfd" -var cells 10 -var repeats 5
timings sfd > sfd.csv
awk -F, '{ time[$1] = $2; atoms = $3 }
  END {
    sfd = time["sfd"] - time["none"]; sna = time["sna"] - time["none"]
    printf "| style | us/atom | ratio |\n|---|---|---|\n"
    printf "| compute sfd/atom 0.909 5.904 | %.3f | 1 |\n", sfd
    printf "| compute sna/atom, twojmax 8 | %.1f | %.0f |\n", sna, sna / sfd
    printf "\n%d atoms, one core, median of 5 alternating repeats\n", atoms
  }' sfd.csv | tee sfd.md
