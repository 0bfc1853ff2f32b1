#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# find-python.sh [MODULE]…: prints a python3 that has these modules. The first one in PATH is often
# somebody's own without them while the system's has them.
for python in "${PYTHON:-python3}" python3 /usr/bin/python3; do
  if "$python" -c 'import importlib, sys; [importlib.import_module(m) for m in sys.argv[1:]]' \
    "$@" 2> /dev/null; then
    echo "$python"
    exit 0
  fi
done
echo "ml-grain: no python3 has all of: $*" >&2
exit 1
