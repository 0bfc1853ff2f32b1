#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# counts.sh: what ranks hold, counted and not timed, so that there may be more ranks than cores: atoms of
# a rank, ghost atoms to 8 Angstrom for each of these, and both of the fullest rank over the mean, for a
# polycrystal and for one with a void of a third of its volume, in LAMMPS' own bricks.
# RANKS ("1 8 32"), CELLS (24: edge of the box in lattice constants).
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
{
  echo "| ranks | void | atoms of a rank | fullest / mean | ghosts per atom | fullest / mean |"
  echo "|--:|---|--:|--:|--:|--:|"
  for ranks in ${RANKS:-1 8 32}; do
    for void in no yes; do
      RANKS=$ranks run_lammps counts "$here/in.counts" -var cells "${CELLS:-24}" -var void $void
      awk -v ranks="$ranks" -v void=$void '
        /^Nlocal:/ { local = $2; most = $4 }
        /^Nghost:/ { ghost = $2; most_ghost = $4 }
        END { printf "| %d | %s | %.0f | %.2f | %.2f | %.2f |\n", ranks, void, local, most / local,
          ghost / local, most_ghost / ghost }' log.counts
    done
  done
} | tee counts.md
