#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# install-as-package.sh [--remove] LAMMPS_DIR
# Puts ML-GRAIN into a LAMMPS source tree as the package ML-GRAIN, for those who can't or may not
# load plugins; then build LAMMPS with `cmake -D PKG_ML-GRAIN=on`. May be repeated, after an update
# of either. LAMMPS' older make-based build is not served.
set -eu

here=$(cd "$(dirname "$0")/.." && pwd)
remove=no
if [ "${1:-}" = --remove ]; then
  remove=yes
  shift
fi
lammps=${1:-}
lists=$lammps/cmake/CMakeLists.txt
package=$lammps/src/ML-GRAIN
module=$lammps/cmake/Modules/Packages/ML-GRAIN.cmake
if [ -z "$lammps" ] || [ ! -f "$lammps/src/version.h" ] || [ ! -f "$lists" ]; then
  echo "usage: install-as-package.sh [--remove] LAMMPS_DIR (the top folder of a source tree)" >&2
  exit 2
fi

# The name stands in two lists of LAMMPS' CMakeLists.txt: all packages, one a line, and those with a
# module of their own.
rm -rf "$package" "$module"
sed -i -e '/^  ML-GRAIN$/d' -e '/^foreach(PKG_WITH_INCL /s/ VORONOI ML-GRAIN/ VORONOI/' "$lists"
if [ $remove = yes ]; then
  echo "ML-GRAIN is removed from $lammps"
  exit
fi

sed -i -e 's/^  ML-HDNNP$/  ML-GRAIN\n&/' \
  -e '/^foreach(PKG_WITH_INCL /s/ VORONOI/& ML-GRAIN/' "$lists"
if [ "$(grep -c 'ML-GRAIN' "$lists")" != 2 ]; then
  echo "the lists of packages in $lists don't look as they did up to LAMMPS 4 Jul 2026: add" >&2
  echo "ML-GRAIN by hand to STANDARD_PACKAGES and to the PKG_WITH_INCL list with VORONOI" >&2
  exit 1
fi
mkdir -p "$package"
cp "$here"/src/lammps/*.h "$here"/src/lammps/*.cpp "$package"
rm "$package"/plugin*.cpp # LAMMPS registers the styles of a package itself
cp -R "$here/src/core" "$package/core"
mkdir "$package/kokkos"
cp "$here"/src/kokkos/*.h "$here"/src/kokkos/*.cpp "$package/kokkos"
rm "$package"/kokkos/plugin*.cpp
cp "$here/cmake/ML-GRAIN.cmake" "$module"
echo "ML-GRAIN is in $lammps: build LAMMPS with cmake -D PKG_ML-GRAIN=on"
