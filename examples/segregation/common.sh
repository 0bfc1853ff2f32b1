#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the scripts here and in mtp/ have in common; to be sourced.
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=$(cd "${MLGRAIN_BUILD_DIR:-$top/build}" && pwd)
python=$("$top/cmake/make-venv.sh" "${MLGRAIN_VENV:-$build/venv}")
export LAMMPS_PLUGIN_PATH=$build OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1

work_in() { # FOLDER
  mkdir -p "$1"
  cd "$1"
}

potentials() { # ELEMENT ...: of Foiles, Baskes and Daw
  local element
  for element in "$@"; do
    if [ ! -e "$build/lammps-potentials/${element}_u3.eam" ]; then
      echo "LAMMPS has no potential ${element}_u3.eam" >&2
      exit 1
    fi
    ln -sf "$build/lammps-potentials/${element}_u3.eam" .
  done
}

lammps() { # NAME INPUT [ARGUMENT]...: the log is NAME.log; a file NAME.done says that all went well
  local name=$1 input=$2
  shift 2
  [ -e "$name.done" ] && return
  echo "$name ..."
  mpiexec --oversubscribe -np "${RANKS:-2}" "$build/lmp" -in "$input" -log "$name.log" -nocite \
    -screen none "$@" || { tail -n 20 "$name.log" >&2; exit 1; }
  touch "$name.done"
}

mlgrain() { "$python" -m mlgrain "$@"; }

# TABLE TEMPERATURE CONTENT: minus the energy of the exchange in the crystal and kT ln X/(1 - X), since fix sgcmc
# adds deltamu to energies.
deltamu() {
  awk -v t="$2" -v x="$3" \
    '/^# in the crystal/ { sub(",", "", $5); print -$5 - 8.617e-5 * t * log(x / (1 - x)); exit }' "$1"
}
