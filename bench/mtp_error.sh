#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# mtp_error.sh: what compute mtp/error/atom costs beside pair style mtp alone: leverages at every step,
# errors of forces every 20 steps, both, and errors at every step (bcc iron, 300 K, one core). All are
# timed in turn in one LAMMPS, some 20 steps each, and compared with the run just before without error
# bars: CPU time, the median of the ratios. Potentials: MLGRAIN_MTP_FILES="name=path name=path", by
# default the published ones for Fe where the reference data has them. Their error bars are made here,
# of random numbers: the cost doesn't depend on them. MLGRAIN_REPEATS (21), MLGRAIN_MTP_CELLS (8): edge
# of the box in lattice constants; MLGRAIN_STEPS (20): of one run; MLGRAIN_SIMD; MLGRAIN_VENV: an
# environment with the package mlgrain.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

mtp_files mtp_error.sh
repeats=${MLGRAIN_REPEATS:-21}
cells=${MLGRAIN_MTP_CELLS:-8}
atoms=$((2 * cells * cells * cells))
python=$("$here/../cmake/make-venv.sh" "${MLGRAIN_VENV:-$build/venv}")

run_lammps mtp_start "$here/in.mtp_start" -var cells "$cells" -var data mtp.data -var types 1

# one_file NAME FILE: a row of the table
one_file() {
  "$python" "$here/mtp_error_bars.py" "$2" mtp_error.safetensors
  run_lammps mtp_error "$here/in.mtp_error" -var data mtp.data -var mtp "$2" \
    -var bars mtp_error.safetensors -var repeats "$repeats" -var steps "${MLGRAIN_STEPS:-20}"
  awk -v name="$1" '
    function median(label, n, k, i, t) {
      for (n = 0; n < count[label]; n++) {
        t = label == "plain" ? time[label, n] : time[label, n] / time["plain", n]
        for (i = n; i > 0 && sorted[i - 1] > t; i--) sorted[i] = sorted[i - 1]
        sorted[i] = t
      }
      return sorted[int(n / 2)]
    }
    function more(label) { return sprintf("%+.1f %%", 100 * (median(label) - 1)) }
    /^BENCH / { label = $2 }
    /^Loop time of/ && label { wall = $4; steps = $(NF - 4); atoms = $(NF - 1) }
    /CPU use with/ && label {
      time[label, count[label]++] = wall * $1 / 100 / steps / atoms * 1e6
      label = ""
    }
    END { printf "| %s | %.2f | %s | %s | %s | %s |\n", name, median("plain"), more("leverage"),
      more("error20"), more("both"), more("error1") }' log.mtp_error
}

{
  echo "| level | pair_style mtp alone, us/atom-step | leverages at every step | errors every 20 steps | both | errors at every step |"
  echo "|---|--:|--:|--:|--:|--:|"
  for file in $files; do one_file "${file%%=*}" "${file#*=}"; done
  printf '\n%s\n' "$atoms atoms of bcc Fe at 300 K, one core, CPU time, medians of $repeats alternating runs"
} | tee mtp_error.md
