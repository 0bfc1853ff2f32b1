# SPDX-License-Identifier: GPL-2.0-or-later
# Included by LAMMPS' own CMake files when cmake/get-lammps.sh builds it (CMAKE_PROJECT_lammps_INCLUDE):
# the headers that nearly all of its thousand sources read are compiled once, which halves the time that
# most of them take. A compiler for which that doesn't work reads them as before.
cmake_language(DEFER CALL target_precompile_headers lammps PRIVATE
  ${LAMMPS_SOURCE_DIR}/lmptype.h ${LAMMPS_SOURCE_DIR}/pointers.h ${LAMMPS_SOURCE_DIR}/utils.h
  ${LAMMPS_SOURCE_DIR}/fmt/format.h <algorithm> <cmath> <cstring> <map> <string> <vector>)
