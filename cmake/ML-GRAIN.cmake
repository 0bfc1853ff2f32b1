# SPDX-License-Identifier: GPL-2.0-or-later
# cmake/Modules/Packages/ML-GRAIN.cmake of a LAMMPS tree, put there by install-as-package.sh. LAMMPS
# itself compiles the styles in src/ML-GRAIN; this adds the core that lies beneath them.
enable_language(C)
add_subdirectory(${LAMMPS_SOURCE_DIR}/ML-GRAIN/core ${CMAKE_BINARY_DIR}/mlgrain EXCLUDE_FROM_ALL)
# Only while building: an installed LAMMPS has the core inside.
target_link_libraries(lammps PRIVATE $<BUILD_INTERFACE:mlgrain_core>)

# The styles for Kokkos, from a folder of their own: for those of other packages LAMMPS looks in
# src/KOKKOS only.
if(PKG_KOKKOS AND PROJECT_VERSION VERSION_LESS 2025.9.10)
  message(WARNING "ML-GRAIN without styles for Kokkos: LAMMPS ${PROJECT_VERSION} has older types in "
    "KOKKOS, 10 Sep 2025 or newer is needed")
elseif(PKG_KOKKOS)
  file(GLOB mlgrain_kokkos_sources CONFIGURE_DEPENDS ${LAMMPS_SOURCE_DIR}/ML-GRAIN/kokkos/*.cpp)
  include(StyleHeaderUtils)
  RegisterStyles(${LAMMPS_SOURCE_DIR}/ML-GRAIN/kokkos)
  target_sources(lammps PRIVATE ${mlgrain_kokkos_sources})
  target_include_directories(lammps PRIVATE ${LAMMPS_SOURCE_DIR}/ML-GRAIN/kokkos)
  set_source_files_properties(${mlgrain_kokkos_sources} PROPERTIES
    INCLUDE_DIRECTORIES ${LAMMPS_SOURCE_DIR}/ML-GRAIN/core)
endif()
