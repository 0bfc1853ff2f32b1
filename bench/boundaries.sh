#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# boundaries.sh: CPU time of one core for the list of all fcc boundaries up to Sigma 49 and 100 Angstrom^2, and
# for one key and one octonion distance of these, in C and in Python; beside keys by their definition.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
python=${PYTHON:-$("$here/../cmake/make-venv.sh" "$build/venv")}

echo "| | | list (ms) | a key (us) | a distance (us) |"
echo "|---|---|--:|--:|--:|"
./boundaries_core
"$python" "$here/boundaries.py"
