#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# make-venv.sh FOLDER: a virtual environment there with the Python package of this checkout and what
# it needs: from the package index that pip is set up for, else from the system's own packages. Prints
# the environment's python. Status 77 where neither has all of it.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
source=$here/../python
case $1 in
  /*) folder=$1 ;;
  *) folder=$PWD/$1 ;; # CMake is run from other folders
esac
python=$folder/bin/python
stamp=$folder/mlgrain-installed
modules="numpy sklearn matplotlib pytest"

# shellcheck disable=SC2086 # a list of words
importable() {
  "$python" -c 'import importlib, sys; [importlib.import_module(m) for m in sys.argv[1:]]' \
    $modules 2> /dev/null
}

# What was imported once is there still, unless Python has become another: that takes no two seconds.
# shellcheck disable=SC2086 # a list of words
findable() {
  "$python" -c 'import importlib.util, sys
sys.exit(not all(map(importlib.util.find_spec, sys.argv[1:])))' $modules mlgrain 2> /dev/null
}

if [ -e "$stamp" ] && [ -z "$(find "$source" "$source/../src/core" "$0" -newer "$stamp" -type f \
  -not -path '*/__pycache__*' -not -path '*/tests/*')" ] && findable; then
  echo "$python"
  exit 0
fi

install() {
  "$python" -m pip --quiet --disable-pip-version-check --retries 1 --timeout 20 "$@"
}

# The core as one archive, where the environment lies in the folder of a build of this checkout, whose
# objects serve here, too: to compile them again takes minutes.
archive() {
  build=$(dirname "$folder")
  if grep -qsxF "mlgrain_SOURCE_DIR:STATIC=$(dirname "$here")" "$build/CMakeCache.txt" &&
    grep -qx 'MLGRAIN_SANITIZE:STRING=' "$build/CMakeCache.txt" &&
    cmake --build "$build" --target mlgrain_core_archive >&2; then
    echo "$build/libmlgrain_core_archive.a"
  fi
}

# What is compiled is in a folder of its own beside the environment, where the next time finds what
# hasn't changed; nothing is written into the checkout. Not isolated, so that paths stay the same.
from_index() {
  "$base" -m venv "$folder" &&
    install install "scikit-build-core>=0.10" "nanobind>=2.0" &&
    rm -rf "$folder-wheel" &&
    install wheel --no-build-isolation --no-deps --config-settings "build-dir=$folder-core" \
      --config-settings "cmake.define.MLGRAIN_CORE_ARCHIVE=$(archive)" --wheel-dir "$folder-wheel" "$source" &&
    wheel=$(echo "$folder-wheel"/mlgrain-*.whl) &&
    install install --no-compile "${wheel}[test,onnx,zstd]" &&
    install install --force-reinstall --no-deps "$wheel"
}

# Without an index the package is copied to where Python looks. The .pth file is for a Python that is
# in a virtual environment itself, whose packages count as the system's.
from_system() {
  rm -rf "$folder"
  "$base" -m venv --system-site-packages --without-pip "$folder" || return 1
  purelib='import sysconfig; print(sysconfig.get_path("purelib"))'
  site=$("$python" -c "$purelib")
  "$base" -c "$purelib" > "$site/mlgrain-base.pth"
  importable || return 1
  cp -R "$source/mlgrain" "$site"
  compile_core || echo "ml-grain: without nanobind, the package has no compiled core" >&2
  printf '#!%s\nimport sys\nfrom mlgrain.cli import main\nsys.exit(main())\n' "$python" \
    > "$folder/bin/mlgrain"
  chmod +x "$folder/bin/mlgrain"
}

# The core, where nanobind is among the system's packages.
compile_core() {
  "$python" -c 'import nanobind' 2> /dev/null &&
    cmake -S "$source" -B "$folder-core" "-DPython_EXECUTABLE=$python" \
      "-DMLGRAIN_CORE_ARCHIVE=$(archive)" &&
    cmake --build "$folder-core" &&
    cmake --install "$folder-core" --prefix "$site"
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
