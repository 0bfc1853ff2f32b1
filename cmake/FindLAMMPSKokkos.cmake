# SPDX-License-Identifier: GPL-2.0-or-later
# Whether the LAMMPS that FindLAMMPSTree found has KOKKOS, and how to compile for its Kokkos.
#
# Input:  MLGRAIN_KOKKOS  AUTO (default): build the Kokkos styles if that LAMMPS has KOKKOS; ON: stop
#                         if it hasn't; OFF
#         Kokkos_DIR      the Kokkos of that LAMMPS, where its build doesn't tell
# Output: MLGRAIN_HAVE_KOKKOS
#         mlgrain_kokkos_headers  target: include folders, definitions and options, not the library
#         MLGRAIN_KOKKOS_STANDARD the C++ standard that Kokkos needs

set(MLGRAIN_KOKKOS AUTO CACHE STRING "build the styles for Kokkos: AUTO, ON or OFF")
set_property(CACHE MLGRAIN_KOKKOS PROPERTY STRINGS AUTO ON OFF)
set(MLGRAIN_HAVE_KOKKOS OFF)

# Sets what the cache of LAMMPS' build says of a variable, or a default.
function(mlgrain_lammps_setting name default)
  set(value "${default}")
  if(EXISTS ${lammps_build}/CMakeCache.txt)
    file(STRINGS ${lammps_build}/CMakeCache.txt line REGEX "^${name}:[A-Z]+=" LIMIT_COUNT 1)
    if(line)
      string(REGEX REPLACE "^[^=]*=" "" value "${line}")
    endif()
  endif()
  set(lammps_${name} "${value}" PARENT_SCOPE)
endfunction()

# "" or why the Kokkos styles can't be built.
function(mlgrain_find_kokkos result)
  if(NOT "KOKKOS" IN_LIST built_packages)
    set(${result} "the LAMMPS in ${tree} was built without KOKKOS" PARENT_SCOPE)
    return()
  endif()
  if(MLGRAIN_LAMMPS_VERSION_NUMBER LESS 20250910)
    set(${result} "LAMMPS ${MLGRAIN_LAMMPS_VERSION} has older types in KOKKOS: 10 Sep 2025 or newer \
is needed" PARENT_SCOPE)
    return()
  endif()
  mlgrain_lammps_setting(Kokkos_DIR "")
  find_package(Kokkos CONFIG QUIET HINTS ${lammps_Kokkos_DIR} ${lammps_build}/lib/kokkos
    ${lammps_build}/lib/kokkos/cmake_packages/Kokkos ${lammps_build}/kokkos_build-prefix)
  if(NOT Kokkos_FOUND)
    set(${result} "the Kokkos of the LAMMPS in ${tree} was not found: name the folder of its \
KokkosConfig.cmake with -DKokkos_DIR=…" PARENT_SCOPE)
    return()
  endif()
  set(Kokkos_CXX_STANDARD ${Kokkos_CXX_STANDARD} PARENT_SCOPE)
  set(${result} "" PARENT_SCOPE)
endfunction()

function(mlgrain_make_kokkos_headers)
  mlgrain_lammps_setting(KOKKOS_PREC double)
  mlgrain_lammps_setting(KOKKOS_LAYOUT legacy)
  string(TOUPPER "${lammps_KOKKOS_PREC}" precision)
  string(TOUPPER "${lammps_KOKKOS_LAYOUT}" layout)
  set(precision_DOUBLE DOUBLE_DOUBLE)
  set(precision_MIXED SINGLE_DOUBLE)
  set(precision_SINGLE SINGLE_SINGLE)
  add_library(mlgrain_kokkos_headers INTERFACE)
  target_include_directories(mlgrain_kokkos_headers SYSTEM INTERFACE
    ${MLGRAIN_LAMMPS_HEADERS}/KOKKOS
    $<TARGET_PROPERTY:Kokkos::kokkos,INTERFACE_INCLUDE_DIRECTORIES>)
  target_compile_definitions(mlgrain_kokkos_headers INTERFACE LMP_KOKKOS
    LMP_KOKKOS_${precision_${precision}} LMP_KOKKOS_LAYOUT_${layout}
    $<TARGET_PROPERTY:Kokkos::kokkos,INTERFACE_COMPILE_DEFINITIONS>)
  target_compile_options(mlgrain_kokkos_headers INTERFACE
    $<TARGET_PROPERTY:Kokkos::kokkos,INTERFACE_COMPILE_OPTIONS>)
endfunction()

if(MLGRAIN_KOKKOS)
  get_filename_component(lammps_build "${MLGRAIN_LAMMPS_EXECUTABLE}" DIRECTORY)
  mlgrain_find_kokkos(reason)
  if(reason STREQUAL "")
    set(MLGRAIN_HAVE_KOKKOS ON)
    set(MLGRAIN_KOKKOS_STANDARD ${Kokkos_CXX_STANDARD})
    if(NOT MLGRAIN_KOKKOS_STANDARD)
      set(MLGRAIN_KOKKOS_STANDARD 20)
    endif()
    mlgrain_make_kokkos_headers()
    message(STATUS "Kokkos ${Kokkos_VERSION} (${Kokkos_DEVICES}): with the styles ending in /kk")
  elseif(NOT MLGRAIN_KOKKOS STREQUAL AUTO)
    message(FATAL_ERROR "MLGRAIN_KOKKOS=${MLGRAIN_KOKKOS}, but ${reason}")
  elseif("KOKKOS" IN_LIST built_packages)
    message(WARNING "The styles for Kokkos are left out: ${reason}")
  endif()
endif()
