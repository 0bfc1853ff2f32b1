#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# ase.sh [OPTION]…: microseconds per atom of mlgrain's calculator of ASE beside motep's, on one core, with
# an untrained potential of level 16 and a cutoff of 5 Angstrom, and with the published one for Fe where
# the reference data has it. motep, numba and jax are installed into the build folder's virtual
# environment, and left out where that can't be done. Options go to ase_calculators.py.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
python=$("$here/../cmake/make-venv.sh" "$build/venv")
reference=${MLGRAIN_REFERENCE_DIR:-$here/../../shared/reference}/mtp

if ! "$python" -c 'import ase, motep, numba, jax' 2> /dev/null; then
  "$python" -m pip install --quiet ase motep numba jax >&2 || true
fi
export OPENBLAS_NUM_THREADS=1 NUMBA_NUM_THREADS=1 JAX_PLATFORMS=cpu
export XLA_FLAGS="--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
mkdir -p ase
"$python" "$here/mtp_levels.py" ase 1 5.0 16
{
  printf 'Level 16, cutoff 5 Angstrom, '
  "$python" "$here/ase_calculators.py" ase/16.mtp "$@"
  if [ -f "$reference/Fe_16.mtp" ]; then
    printf '\nFe_16.mtp, level 16, cutoff 6.5 Angstrom, '
    "$python" "$here/ase_calculators.py" "$reference/Fe_16.mtp" "$@"
  fi
} | tee ase.md
