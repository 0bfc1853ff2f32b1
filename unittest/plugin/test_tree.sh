#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# test_tree.sh LMP HEADERS: trees that don't fit are refused with a message that says why. The trees
# are made of the real headers and a program that gives the real `lmp -h` with one thing changed.
set -eu
lmp=$1
headers=$2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

mkdir -p "$folder/tree/build"
ln -s "$headers" "$folder/tree/src"
"$lmp" -h > "$folder/help"
printf '#!/bin/sh\ncat "%s/tree/help"\n' "$folder" > "$folder/tree/build/lmp"
chmod +x "$folder/tree/build/lmp"

# refused WORDS SED-COMMAND [CMAKE-OPTION]
refused() {
  words=$1
  sed "$2" "$folder/help" > "$folder/tree/help"
  rm -rf "$folder/out"
  if cmake -S "$MLGRAIN_SOURCE_DIR" -B "$folder/out" -DLAMMPS_SOURCE_DIR="$folder/tree" \
    -DMLGRAIN_BUILD_TESTS=OFF ${3:+"$3"} > "$folder/log" 2>&1 && [ "$words" != "" ]; then
    configured=yes
  else
    configured=no
  fi
  # CMake breaks lines where it likes.
  if ! tr -s ' \n' ' ' < "$folder/log" | grep -qF "$words"; then
    cat "$folder/log"
    echo "the message lacks \"$words\" (configured: $configured)" >&2
    exit 1
  fi
}

refused 'lacks the PLUGIN package' '/^[A-Z-]* .*PLUGIN/s/PLUGIN//'
refused 'Another MPI' 's/^\(MPI v[0-9.]*\): .*/\1: MPICH Version: 1.2.3/'
refused 'Another integer size' 's/LAMMPS_SMALLBIG/LAMMPS_BIGBIG/' -DLAMMPS_SIZES=smallbig
refused 'Another compiler' 's/^Compiler: .*/Compiler: GNU C++ 4.8.5 with OpenMP not enabled/'
refused 'rebuild it, or give the LAMMPS_BUILD_DIR' 's/Simulator - .*/Simulator - 1 Jan 2020/'
refused 'holds no src/lammps.h' '' -DLAMMPS_SOURCE_DIR="$folder"
