#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# make-venv.sh FOLDER: a virtual environment there with the Python package of this checkout and what
# it needs: from the package index that pip is set up for, else from the system's own packages. Prints
# the environment's python. Status 77 where neither has all of it.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
source=$here/../python
folder=$1
python=$folder/bin/python
stamp=$folder/mlgrain-installed
modules="numpy sklearn matplotlib pytest"

# shellcheck disable=SC2086 # a list of words
importable() {
  "$python" -c 'import importlib, sys; [importlib.import_module(m) for m in sys.argv[1:]]' \
    $modules "$@" 2> /dev/null
}

if [ -e "$stamp" ] && [ -z "$(find "$source/mlgrain" "$source/pyproject.toml" "$0" -newer "$stamp" \
  -not -path '*/__pycache__*')" ] && importable mlgrain; then
  echo "$python"
  exit 0
fi

# The package is installed from a copy, so that nothing is written into the checkout.
rm -rf "$folder-source"
mkdir -p "$folder-source"
cp -R "$source/pyproject.toml" "$source/README.md" "$source/mlgrain" "$folder-source"

from_index() {
  "$base" -m venv "$folder" &&
    "$python" -m pip --quiet --disable-pip-version-check --retries 1 --timeout 20 install \
      "$folder-source[test,onnx,zstd]" &&
    "$python" -m pip --quiet --disable-pip-version-check --retries 1 --timeout 20 install \
      --force-reinstall --no-deps "$folder-source"
}

# Without an index nothing can be built either: the package is copied to where Python looks. The .pth
# file is for a Python that is in a virtual environment itself, whose packages count as the system's.
from_system() {
  rm -rf "$folder"
  "$base" -m venv --system-site-packages --without-pip "$folder" || return 1
  purelib='import sysconfig; print(sysconfig.get_path("purelib"))'
  site=$("$python" -c "$purelib")
  "$base" -c "$purelib" > "$site/mlgrain-base.pth"
  importable || return 1
  cp -R "$folder-source/mlgrain" "$site"
  printf '#!%s\nimport sys\nfrom mlgrain.cli import main\nsys.exit(main())\n' "$python" \
    > "$folder/bin/mlgrain"
  chmod +x "$folder/bin/mlgrain"
}

base=${PYTHON:-python3}
if [ "${MLGRAIN_PYTHON_INDEX:-yes}" = no ] || ! from_index >&2; then
  echo "ml-grain: no package index can be used; trying the system's Python packages" >&2
  # shellcheck disable=SC2086 # a list of words
  base=$("$here/find-python.sh" $modules) || exit 77
  if ! from_system >&2; then
    echo "ml-grain: the Python package needs a package index, or the packages python3-sklearn," \
      "python3-matplotlib, python3-pytest and python3-venv of Debian" >&2
    exit 77
  fi
fi
touch "$stamp"
echo "$python"
