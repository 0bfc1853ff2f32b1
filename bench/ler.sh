#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# ler.sh: microseconds per atom of finding the nearest of 145 environments of 3250 numbers, beyond the
# vectors themselves, on one core, in one process, alternating; median of the repeats.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

run_lammps ler "$here/in.ler"
timings ler > ler.csv
awk -F, '{ time[$1] = $2; atoms = $3 }
  END {
    mean = time["mean"] - time["none"]; ler = time["ler"] - time["none"]
    printf "| style | us/atom |\n|---|--:|\n"
    printf "| compute soap/mean quippy 5.0 18 18 0.5 | %.1f |\n", mean
    printf "| compute ler/count, 145 environments | %.1f |\n", ler
    printf "| difference: the search | %.1f |\n", ler - mean
    printf "\n%d atoms, half of them disordered, one core, median of 5 alternating repeats\n", atoms
  }' ler.csv | tee ler.md
