#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# test_ovito.sh VENV: the tests of the modifiers for OVITO, and the example that draws a picture, with the
# Python that MLGRAIN_OVITO_PYTHON names, or else the virtual environment's, if that has OVITO. The
# package is compiled for that Python and put into a folder of its own. Status 77, skipped, without OVITO.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
python=${MLGRAIN_OVITO_PYTHON:-$1/bin/python}
if ! "$python" -c 'import ovito' 2> /dev/null; then
  echo "ml-grain: no OVITO: MLGRAIN_OVITO_PYTHON=/path/of/python names one that has it" \
    "(pip install ovito)" >&2
  exit 77
fi
folder=$1-ovito
install() {
  "$python" -m pip --quiet --disable-pip-version-check --retries 1 --timeout 20 install "$@"
}
rm -rf "$folder"
install --target "$folder" --no-deps "$top/python" || exit 77
"$python" -c 'import pytest, ase, matplotlib' 2> /dev/null ||
  install --target "$folder" pytest ase matplotlib || exit 77
export PYTHONPATH="$folder" PYTHONDONTWRITEBYTECODE=1
cd "$top/python/tests"
"$python" -m pytest -q -p no:cacheprovider -c "$top/python/pyproject.toml" test_ovito.py
if [ -z "$(find /usr/share/vulkan /etc/vulkan -name '*icd*.json' 2> /dev/null)" ]; then
  echo "ml-grain: the picture was left out: OVITO wants a driver of Vulkan (mesa-vulkan-drivers)" >&2
  exit 0
fi
"$python" "$top/examples/ovito/render.py" -o "$folder/pictures" --size 200
exec "$python" "$top/unittest/python/check_picture.py" "$folder/pictures"
