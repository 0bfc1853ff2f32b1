#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# test_package.sh VENV: runs the tests of the Python package installed in a virtual environment, which
# is made if it isn't there. Status 77, skipped, where that can't be done.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
python=$("$top/cmake/make-venv.sh" "$1")
"$(dirname "$python")/mlgrain" --version
cd "$top/python/tests"
exec "$python" -m pytest -q -p no:cacheprovider -c "$top/python/pyproject.toml" .
