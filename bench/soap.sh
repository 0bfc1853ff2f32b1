#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# soap.sh: microseconds per atom of power spectra, CPU time on one core, by this core and by the programs
# whose bases it has, quippy and DScribe, from the package index; they alternate. Net: less what quippy's
# call takes with nmax 1, lmax 0.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

python=$build/bench/soap-venv/bin/python
if ! [ -x "$python" ] || ! "$python" -c 'import quippy, dscribe' 2> /dev/null; then
  python3 -m venv "$build/bench/soap-venv"
  "$python" -m pip --quiet --disable-pip-version-check install quippy-ase==0.10.3 dscribe==2.1.2
fi
"$python" "$here/soap.py" "$build/bench/soap_core" | tee soap.md
