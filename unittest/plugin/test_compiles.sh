#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# test_compiles.sh LAMMPS_SRC CXX FLAGS…: every adaptor compiles with these LAMMPS headers.
set -eu
headers=$1
shift
status=0
for source in "$MLGRAIN_SOURCE_DIR"/src/lammps/*.cpp; do
  "$@" -isystem "$headers" -std=c++17 -DLAMMPS_SMALLBIG -fopenmp -Wall -Wextra -fsyntax-only \
    "$source" || { echo "failed: $source" >&2; status=1; }
done
exit $status
