#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# test_validation.sh VENV LMP: those tests of report cards that need LAMMPS. Status 77, skipped, where the
# virtual environment can't be made.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
python=$("$top/cmake/make-venv.sh" "$1")
cd "$top/python/tests"
MLGRAIN_LMP=$2 exec "$python" -m pytest -q -p no:cacheprovider -c "$top/python/pyproject.toml" \
  test_validation.py test_dislocations.py \
  -k "compared or published or itself or again or there or goes_on or others"
