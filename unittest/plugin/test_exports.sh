#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# test_exports.sh PLUGIN: the entry point and nothing else is visible; no symbol is unique (that
# would keep the file in memory after `plugin unload`); LAMMPS and MPI are not linked in.
set -eu
plugin=$1

exported=$(nm -D --defined-only "$plugin" | awk '{ print $NF }')
if [ "$exported" != lammpsplugin_init ]; then
  echo "exported symbols: $exported (lammpsplugin_init alone expected)" >&2
  exit 1
fi
if nm "$plugin" | awk '$2 == "u"' | grep .; then
  echo "the symbols above are unique" >&2
  exit 1
fi
if readelf -d "$plugin" | grep -E 'NEEDED.*\[lib(lammps|mpi|mpich)'; then
  echo "the plugin must use the host's LAMMPS and MPI" >&2
  exit 1
fi
