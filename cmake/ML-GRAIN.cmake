# SPDX-License-Identifier: GPL-2.0-or-later
# cmake/Modules/Packages/ML-GRAIN.cmake of a LAMMPS tree, put there by install-as-package.sh. LAMMPS
# itself compiles the styles in src/ML-GRAIN; this adds the core that lies beneath them.
enable_language(C)
add_subdirectory(${LAMMPS_SOURCE_DIR}/ML-GRAIN/core ${CMAKE_BINARY_DIR}/mlgrain EXCLUDE_FROM_ALL)
# Only while building: an installed LAMMPS has the core inside.
target_link_libraries(lammps PRIVATE $<BUILD_INTERFACE:mlgrain_core>)
