#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# test_random_crystals.sh VENV LMP: those tests of random crystals that need LAMMPS. Status 77, skipped,
# where the virtual environment can't be made or spglib is missing.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
python=$("$top/cmake/make-venv.sh" "$1")
"$python" -c 'import spglib' 2> /dev/null || exit 77
cd "$top/python/tests"
MLGRAIN_LMP=$2 exec "$python" -m pytest -q -p no:cacheprovider -c "$top/python/pyproject.toml" \
  test_random_crystals.py -k "labels or stages or stops or fails_once or the_command or extended"
