#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# frame.sh: a frame of a million atoms from a dump to descriptors and classes, by LAMMPS and by the
# Python package, one core each. CELLS (63): edge of the box in lattice constants.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
python=$("$here/../cmake/make-venv.sh" "$build/venv")
model=$here/../potentials/Cu_gb2.safetensors
lammps=("$build/lmp" -in "$here/in.frame" -log log.frame -screen none -nocite
  -var cells "${CELLS:-63}" -var model "$model")

"${lammps[@]}" -var step make
"$python" "$here/frame.py" "$model" "${REPEATS:-3}" "${lammps[@]}" | tee frame.md
