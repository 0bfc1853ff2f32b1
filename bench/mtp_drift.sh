#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# mtp_drift.sh: how well copper at 300 and 900 K keeps its energy over STEPS (100000) steps of 2 fs, with
# LAMMPS' own eam/alloy and with pair style mtp in double and in mixed precision: the slope of the total energy,
# by a straight line through it, and what is left beside the line. MLGRAIN_MTP_CELLS (4).
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cells=${MLGRAIN_MTP_CELLS:-4}
steps=${STEPS:-100000}
printf 'pair_style eam/alloy\npair_coeff * * %s Cu\n' \
  "$build/lammps-potentials/Cu_mishin1.eam.alloy" > mtp_drift_eam.style
for precision in double mixed; do
  printf 'pair_style mtp precision %s\npair_coeff * * %s 0\n' "$precision" \
    "$here/../potentials/Cu_eam_16.almtp" > "mtp_drift_$precision.style"
done
{
  echo "| K | potential | drift (eV/atom/ns) | beside the line (eV/atom, rms) | K at the end |"
  echo "|---|---|--:|--:|--:|"
  for kelvin in 300 900; do
    for name in eam double mixed; do
      run_lammps mtp_drift "$here/in.mtp_mixed" -var style "mtp_drift_$name.style" -var steps "$steps" \
        -var cells "$cells" -var kelvin $kelvin -var every 50
      awk -v name=$name -v kelvin=$kelvin '
        /^ +Step +Time/ { n = sx = sy = sxx = sxy = syy = 0; reading = 1; next }
        /^Loop time/ { reading = 0 }
        reading && NF == 4 {
          if (n == 0) { x0 = $2; y0 = $3 }
          x = ($2 - x0) / 1000; y = $3 - y0; t = $4
          n++; sx += x; sy += y; sxx += x * x; sxy += x * y; syy += y * y }
        END {
          slope = (n * sxy - sx * sy) / (n * sxx - sx * sx)
          rest = (syy - sy * sy / n - slope * (sxy - sx * sy / n)) / n
          printf "| %s | %s | %.1e | %.1e | %.0f |\n", kelvin, name, slope, sqrt(rest > 0 ? rest : 0), t }' \
        log.mtp_drift
    done
  done
  printf '\n%s\n' "$((4 * cells * cells * cells)) atoms, $steps steps of 2 fs"
} | tee mtp_drift.md
