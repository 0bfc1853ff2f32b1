#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Prints the folder of a LAMMPS tree (sources, with lmp and liblammps in build/). The first time it
# gets the newest sources that the distribution serves and builds them, about six minutes on two
# cores; from then on every checkout of this user shares the result. All else goes to stderr.
#
#   XDG_CACHE_HOME         where it is kept: $XDG_CACHE_HOME/ml-grain (default ~/.cache/ml-grain)
#   CC, CXX                compilers
#   MLGRAIN_JOBS           compiler processes at a time (default: all cores)
#   MLGRAIN_UPDATE_LAMMPS  if set, look for a newer version than the one in the cache

set -euo pipefail
exec 3>&1 1>&2
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=distribution.sh
source "$here/distribution.sh"

cache=${XDG_CACHE_HOME:-$HOME/.cache}/ml-grain
cc=${CC:-cc}
cxx=${CXX:-c++}
options=(-DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=on -DBUILD_MPI=on -DBUILD_OMP=on
  -DLAMMPS_SIZES=smallbig -DDOWNLOAD_VORO=off -DWITH_JPEG=off -DWITH_PNG=off -DWITH_FFMPEG=off
  -DCMAKE_BUILD_RPATH_USE_ORIGIN=on) # the tree is moved when it is complete
# What the examples and tests use, and what people do with a potential besides: Monte Carlo, nudged
# elastic bands, phonons, rigid bodies, reference potentials.
packages=(EXTRA-COMPUTE EXTRA-DUMP EXTRA-FIX EXTRA-PAIR KSPACE MANYBODY MC MEAM MISC ML-SNAP MOLECULE PHONON
  PLUGIN PTM REPLICA RIGID VORONOI)
for package in "${packages[@]}"; do
  options+=("-DPKG_$package=on")
done

# What a build depends on besides the version, as eight hex digits in its folder's name.
options_key() {
  {
    printf '%s\n' "${options[@]}"
    "$cxx" --version | sed -n 1p
    mpirun --version 2>&1 | sed -n 1p
    uname -m
  } | sha256sum | cut -c 1-8
}

newest_in_cache() {
  find "$cache" -maxdepth 1 -type d -name "lammps-*-$key" | sort | tail -n 1
}

explain_without_apt() {
  local package switches=
  for package in "${packages[@]}"; do
    switches+=$' \\\n      '"-D PKG_$package=on"
  done
  cat << TEXT
ml-grain: there is no apt-get here to get the sources of LAMMPS with. Build LAMMPS (4 Feb 2025 or
newer) yourself, as a shared library, with the same compiler and MPI as ML-GRAIN and at least its
package PLUGIN; the examples and tests use the others:

    cmake -S lammps/cmake -B lammps/build -D BUILD_SHARED_LIBS=on -D BUILD_MPI=on$switches
    cmake --build lammps/build

and name it: LAMMPS_SOURCE_DIR=/path/of/lammps make
TEXT
  exit 1
}

# --- the build ----------------------------------------------------------------------------------

build() {
  local generator=()
  if command -v ninja > /dev/null; then
    generator=(-G Ninja)
  fi
  cmake -S "$stage/cmake" -B "$stage/build" "${generator[@]}" "${options[@]}" \
    -DCMAKE_C_COMPILER="$cc" -DCMAKE_CXX_COMPILER="$cxx" \
    -DCMAKE_PROJECT_lammps_INCLUDE="$here/lammps-headers.cmake" >> "$log" 2>&1 || show_failure
  cmake --build "$stage/build" -j "${MLGRAIN_JOBS:-$(nproc)}" 2>&1 | tee -a "$log" |
    show_progress || show_failure
  rm -rf "$stage/build/CMakeFiles" # object files
}

# --- main ---------------------------------------------------------------------------------------

for tool in cmake "$cc" "$cxx" mpirun; do
  command -v "$tool" > /dev/null || fail "$tool is missing: cmake/install-dependencies.sh installs it"
done
mkdir -p "$cache"
key=$(options_key)
tree=$(newest_in_cache)
if [ -n "$tree" ] && [ -z "${MLGRAIN_UPDATE_LAMMPS:-}" ]; then
  echo "$tree" >&3
  exit
fi
command -v apt-get > /dev/null || explain_without_apt

exec 9> "$cache/lock-$key"
if ! flock -n 9; then
  say "another make is building LAMMPS, waiting for it"
  flock 9
fi
found=$(newest_in_cache)
if [ "$found" != "$tree" ]; then # it came while we waited
  echo "$found" >&3
  exit
fi

apt=$cache/apt
downloads=$cache/downloads
stage=$cache/partial-$key
log=$cache/build-$key.log
rm -rf "$stage" # what an interrupted build left
mkdir -p "$downloads" "$stage"
: > "$log"

distribution
write_apt_configuration
find_source
version=${file#lammps_}
version=${version%%[!0-9]*}
tree=$cache/lammps-$version-$key
if [ ! -d "$tree" ]; then
  say "building LAMMPS $version for all checkouts, once: $tree"
  download
  unpack "$stage"
  build
  mv -T "$stage" "$tree"
  rm -rf "$downloads"
  mv "$log" "$tree/build.log"
fi
rm -rf "$apt" "$stage"
say "LAMMPS $version is ready"
echo "$tree" >&3
