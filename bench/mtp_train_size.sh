#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# mtp_train_size.sh [PART]: a training of the size of Ito et al. (2024), 19950 configurations of iron,
# some 280000 atoms, level 24, or of a part of that (1): processor time, memory and errors, active set
# included, with one thread. MLGRAIN_TRAIN_OPTIONS are further options of mlgrain mtp train. Some 90
# minutes; a run that was interrupted goes on where it was, but for the parts that come first.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

part=${1:-1}
python=$("$here/../cmake/make-venv.sh" "$build/venv")
export OPENBLAS_NUM_THREADS=1
folder=mtp_train_size/$part
mkdir -p "$folder"
[ -e "$folder/train.cfg" ] || "$python" "$here/mtp_train_size.py" "$build/lmp" \
  "$build/lammps-potentials/Fe_mm.eam.fs" "$folder" --part "$part"
"$python" -m mlgrain mtp new --level 24 --species 0 --cutoff 6.5 -o "$folder/empty.mtp"
# shellcheck disable=SC2086 # options are words
"$python" - "$folder" ${MLGRAIN_TRAIN_OPTIONS:-} <<'END'
import resource
import sys

from mlgrain import cli

folder = sys.argv[1]
status = cli.main(["mtp", "train", f"{folder}/empty.mtp", f"{folder}/train.cfg", "-o",
                   f"{folder}/Fe.almtp", *sys.argv[2:]])
used = resource.getrusage(resource.RUSAGE_SELF)
print(f"{used.ru_utime + used.ru_stime:.0f} s of the processor, {used.ru_maxrss / 1e6:.2f} GB")
sys.exit(status)
END
