#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# mtp_error.sh: what compute mtp/error/atom costs beside pair style mtp alone: leverages at every step,
# and errors of forces every 20 and at every step, in the run of mtp.sh (bcc iron, 300 K, one core, CPU
# time, alternating). Potentials: MLGRAIN_MTP_FILES="name=path name=path", by default the published
# ones for Fe where the reference data has them. Their error bars are made here, of random numbers: the
# cost doesn't depend on them. MLGRAIN_REPEATS (7), MLGRAIN_MTP_CELLS (8): edge of the box in lattice
# constants; MLGRAIN_SIMD; MLGRAIN_VENV: an environment with the package mlgrain.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

mtp_files mtp_error.sh
repeats=${MLGRAIN_REPEATS:-7}
cells=${MLGRAIN_MTP_CELLS:-8}
atoms=$((2 * cells * cells * cells))
python=$("$here/../cmake/make-venv.sh" "${MLGRAIN_VENV:-$build/venv}")

run_lammps mtp_start "$here/in.mtp_start" -var cells "$cells" -var data mtp.data -var types 1

# measure STYLE STEPS: us of CPU time per atom and step
measure() {
  "$build/lmp" -in "$here/in.mtp" -log log.mtp_error -screen none -nocite -var data mtp.data \
    -var style "mtp_error_$1.style" -var steps "$2" -var nx 1 -var ny 1 -var nz 1 || {
    tail -n 5 log.mtp_error >&2
    return 1
  }
  awk '/^Loop time of/ { wall = $4; steps = $(NF - 4); atoms = $(NF - 1) }
    /CPU use with/ { sub("%", "", $1); cpu = wall * $1 / 100 * $5 }
    END { printf "%.4f\n", cpu / steps / atoms * 1e6 }' log.mtp_error
}

# Other load on the machine can only add to the time.
least() {
  sort -g "$1" | head -n 1
}

# one_file NAME FILE: values are asked for by fix ave/time, every step or every 20
one_file() {
  local kind steps
  "$python" "$here/mtp_error_bars.py" "$2" mtp_error.safetensors
  for kind in plain leverage error20 error1; do
    printf 'pair_style mtp\npair_coeff * * %s\n' "$2" > "mtp_error_$kind.style"
    rm -f "mtp_time_$kind"
  done
  printf 'compute e all mtp/error/atom mtp_error.safetensors every 100000000
fix e all ave/time 1 1 1 c_e[1]\n' >> mtp_error_leverage.style
  printf 'compute e all mtp/error/atom mtp_error.safetensors every 20
fix e all ave/time 20 1 20 c_e[2]\n' >> mtp_error_error20.style
  printf 'compute e all mtp/error/atom mtp_error.safetensors every 1
fix e all ave/time 1 1 1 c_e[2]\n' >> mtp_error_error1.style
  steps=$(measure plain 20 | awk -v atoms=$atoms '{ print int(1e6 / $1 / atoms / 20 + 1) * 20 }')
  for ((repeat = 0; repeat < repeats; repeat++)); do
    for kind in plain leverage error20 error1; do
      measure $kind "$steps" >> "mtp_time_$kind"
    done
  done
  awk -v name="$1" -v a="$(least mtp_time_plain)" -v b="$(least mtp_time_leverage)" \
    -v c="$(least mtp_time_error20)" -v d="$(least mtp_time_error1)" 'BEGIN {
    printf "| %s | %.2f | %+.1f %% | %+.1f %% | %+.0f %% |\n", name, a, 100 * (b / a - 1),
      100 * (c / a - 1), 100 * (d / a - 1) }'
}

{
  echo "| level | pair_style mtp alone, us/atom-step | leverages at every step | leverages and errors every 20 steps | at every step |"
  echo "|---|--:|--:|--:|--:|"
  for file in $files; do one_file "${file%%=*}" "${file#*=}"; done
  printf '\n%s\n' "$atoms atoms of bcc Fe at 300 K, one core, CPU time, least of $repeats alternating repeats"
} | tee mtp_error.md
