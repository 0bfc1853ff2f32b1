#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# eden.sh: microseconds of CPU time per atom and evaluation of compute eden/atom and of LAMMPS'
# compute voronoi/atom (which has no energies), on one core, in one process, alternating; median of
# the repeats, in a small system and a larger one. Small ones have more ghost atoms for each of
# theirs. MLGRAIN_SIMD=v3 or v2 measures with AVX2 or SSE.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# cpu_timings NAME: lines as of `timings`, from CPU times in cpu.NAME, one before and one after each
# measurement.
cpu_timings() {
  awk 'FNR == NR { at[NR] = $1; next }
    /^BENCH / { label = $2; count = $3; n++ }
    /^Loop time of/ && label {
      print label, (at[2 * n] - at[2 * n - 1]) / count / $(NF - 1) * 1e-3, $(NF - 1); label = ""
    }' "cpu.$1" "log.$1" | sort -k1,1 -k2,2g | awk '
    function flush() { if (n) printf "%s,%.6g,%d\n", last, t[int((n + 1) / 2)], atoms }
    $1 != last { flush(); n = 0; last = $1 }
    { t[++n] = $2; atoms = $3 }
    END { flush() }'
}

for cells in 10 20; do
  rm -f cpu.eden_$cells
  CPU_TIMES=cpu.eden_$cells run_lammps eden_$cells "$here/in.eden" -var cells $cells -var repeats 5
  cpu_timings eden_$cells > eden_$cells.csv
done
awk -F, '{ time[$1, $3] = $2; if (!seen[$3]++) size[++sizes] = $3 }
  function row(style, label, i) {
    printf "| %s |", style
    for (i = 1; i <= sizes; i++) printf " %.2f |", time[label, size[i]] - time["none", size[i]]
    printf "\n"
  }
  END {
    printf "| style |"
    for (i = 1; i <= sizes; i++) printf " us/atom, %d atoms |", size[i]
    printf "\n|---|---|---|\n"
    row("compute eden/atom", "eden")
    row("compute voronoi/atom", "voronoi")
    printf "| ratio |"
    for (i = 1; i <= sizes; i++)
      printf " %.1f |", (time["voronoi", size[i]] - time["none", size[i]]) / \
        (time["eden", size[i]] - time["none", size[i]])
    printf "\n\nCPU time on one core, median of 5 alternating repeats\n"
  }' eden_10.csv eden_20.csv | tee eden.md
