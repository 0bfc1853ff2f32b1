#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# make_levels.sh VENV FOLDER SPECIES CUTOFF LEVEL...: bench/mtp_levels.py in a virtual environment that
# has the Python package, made if it isn't there.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
python=$("$top/cmake/make-venv.sh" "$1")
shift
exec "$python" "$top/bench/mtp_levels.py" "$@"
