#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# install-dependencies.sh [build|test|pictures|memcheck|fuzz|lint|format|kokkos]…
# Installs the Debian or Ubuntu packages that a task needs and that are missing, as root or through
# sudo. Elsewhere says what is needed.
set -eu

packages_of() {
  case $1 in
    # LAMMPS' own build asks for python3; the compiled core of the Python package for its headers.
    build) echo cmake ninja-build make gcc g++ pkg-config libopenmpi-dev openmpi-bin voro++-dev \
      libjansson-dev libfftw3-dev python3 python3-dev xz-utils ca-certificates ;;
    test) echo libcmocka-dev binutils ;;
    pictures) echo python3 python3-numpy python3-matplotlib ;;
    memcheck) echo valgrind ;;
    fuzz) echo clang ;;
    lint) echo clang-tidy cppcheck shellcheck ;;
    format) echo clang-format ;;
    kokkos) echo debootstrap util-linux ;;
    *)
      echo "ml-grain: no such task: $1" >&2
      exit 2
      ;;
  esac
}

explain() {
  cat >&2 <<TEXT
ml-grain: needed here, under the names that Debian gives them:
  $*
TEXT
}

needed=
for task in "$@"; do
  needed="$needed $(packages_of "$task")"
done

if ! command -v apt-get > /dev/null || ! command -v dpkg-query > /dev/null; then
  # No way to install them; go on if the programs that everything begins with are there.
  for program in cmake cc c++ mpirun pkg-config; do
    if ! command -v "$program" > /dev/null; then
      explain "$needed"
      echo "ml-grain: $program is missing" >&2
      exit 1
    fi
  done
  exit 0
fi

missing=
for package in $needed; do
  state=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2> /dev/null || true)
  if [ "$state" != installed ]; then
    missing="$missing $package"
  fi
done
if [ -z "$missing" ]; then
  exit 0
fi

as_root=
if [ "$(id -u)" != 0 ]; then
  as_root=sudo
  if ! command -v sudo > /dev/null; then
    echo "ml-grain: these packages are missing and there is no sudo; as root do" >&2
    echo "  apt-get install$missing" >&2
    exit 1
  fi
fi
echo "ml-grain: installing$missing" >&2
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get -q update >&2
# shellcheck disable=SC2086 # one word per package
$as_root env DEBIAN_FRONTEND=noninteractive apt-get -q install --yes --no-install-recommends \
  $missing >&2
