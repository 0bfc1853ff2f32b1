# SPDX-License-Identifier: GPL-2.0-or-later
# Finds the LAMMPS source tree to compile against and its build, and checks that they fit us.
#
# Input, as CMake variables or from the environment:
#   LAMMPS_SOURCE_DIR (or LAMMPS_HEADER_DIR)  a LAMMPS tree, or the src folder in it
#   LAMMPS_BUILD_DIR                          where lmp and liblammps were built (default: its build/)
# Output:
#   mlgrain_lammps_headers   target: what a style needs to compile
#   mlgrain_lammps           target: liblammps to link test programs with (only if it is shared)
#   MLGRAIN_LAMMPS_EXECUTABLE, MLGRAIN_LAMMPS_HEADERS, MLGRAIN_LAMMPS_POTENTIALS,
#   MLGRAIN_LAMMPS_VERSION, ..._VERSION_NUMBER,
#   MLGRAIN_LAMMPS_SIZES, MLGRAIN_LAMMPS_TAGINT_BYTES, MLGRAIN_LAMMPS_MPI_01, MLGRAIN_MPI_LIBRARY
#   lmp and lammps-potentials in the build folder: links to those of the tree, for the scripts

set(LAMMPS_SOURCE_DIR "" CACHE PATH "LAMMPS source tree (empty: get one from the distribution)")
set(LAMMPS_BUILD_DIR "" CACHE PATH "where that LAMMPS was built (empty: its build folder)")

# The first non-empty value among the named CMake and environment variables.
function(mlgrain_first_value result)
  foreach(name IN LISTS ARGN)
    foreach(value "${${name}}" "$ENV{${name}}")
      if(NOT value STREQUAL "")
        get_filename_component(value "${value}" ABSOLUTE BASE_DIR "${CMAKE_BINARY_DIR}")
        set(${result} "${value}" PARENT_SCOPE)
        return()
      endif()
    endforeach()
  endforeach()
  set(${result} "" PARENT_SCOPE)
endfunction()

# Sets `tree` and `headers`: the top folder and the folder with lammps.h.
function(mlgrain_locate_source)
  mlgrain_first_value(given LAMMPS_SOURCE_DIR LAMMPS_HEADER_DIR)
  # A build folder stays with the tree it got, whatever becomes newest later.
  if(NOT given AND EXISTS "${MLGRAIN_OBTAINED_LAMMPS}/build/lmp" AND
     NOT DEFINED ENV{MLGRAIN_UPDATE_LAMMPS})
    set(given ${MLGRAIN_OBTAINED_LAMMPS})
  elseif(NOT given)
    execute_process(COMMAND ${CMAKE_COMMAND} -E env CC=${CMAKE_C_COMPILER} CXX=${CMAKE_CXX_COMPILER}
      ${PROJECT_SOURCE_DIR}/cmake/get-lammps.sh
      OUTPUT_VARIABLE given OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE status)
    if(NOT status EQUAL 0)
      message(FATAL_ERROR "No LAMMPS to build against: see the messages above, or name your own "
        "tree with -DLAMMPS_SOURCE_DIR=/path/of/lammps")
    endif()
    set(MLGRAIN_OBTAINED_LAMMPS ${given} CACHE INTERNAL "the tree that get-lammps.sh gave")
  endif()
  if(EXISTS ${given}/src/lammps.h)
    set(headers ${given}/src)
  elseif(EXISTS ${given}/lammps.h)
    set(headers ${given})
  else()
    message(FATAL_ERROR "LAMMPS_SOURCE_DIR=${given} holds no src/lammps.h: it must be the top folder "
      "of a LAMMPS source tree (an installed LAMMPS lacks the headers that styles need)")
  endif()
  get_filename_component(tree ${headers} DIRECTORY)
  set(tree ${tree} PARENT_SCOPE)
  set(headers ${headers} PARENT_SCOPE)
endfunction()

# Sets MLGRAIN_LAMMPS_VERSION ("4 Jul 2026") and MLGRAIN_LAMMPS_VERSION_NUMBER (20260704).
function(mlgrain_read_version)
  file(STRINGS ${headers}/version.h line REGEX "define +LAMMPS_VERSION ")
  string(REGEX MATCH "\"([0-9]+) ([A-Z][a-z][a-z])[a-z]* ([0-9]+)" _ "${line}")
  set(day ${CMAKE_MATCH_1})
  set(year ${CMAKE_MATCH_3})
  set(months _ Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec)
  list(FIND months "${CMAKE_MATCH_2}" month)
  if(month LESS 1)
    message(FATAL_ERROR "Can't read the LAMMPS version in ${headers}/version.h")
  endif()
  math(EXPR number "${year} * 10000 + ${month} * 100 + ${day}")
  set(MLGRAIN_LAMMPS_VERSION "${day} ${CMAKE_MATCH_2} ${year}" PARENT_SCOPE)
  set(MLGRAIN_LAMMPS_VERSION_NUMBER ${number} PARENT_SCOPE)
endfunction()

# Sets MLGRAIN_LAMMPS_EXECUTABLE and `library`, as far as the build folder has them.
function(mlgrain_locate_build)
  mlgrain_first_value(given LAMMPS_BUILD_DIR)
  if(given AND NOT IS_DIRECTORY ${given})
    message(FATAL_ERROR "LAMMPS_BUILD_DIR=${given} is not a folder")
  endif()
  set(places ${given})
  if(NOT given)
    set(places ${tree}/build ${headers}) # with CMake, with LAMMPS' own makefiles
  endif()
  foreach(place IN LISTS places)
    file(GLOB executables ${place}/lmp ${place}/lmp_*)
    file(GLOB libraries ${place}/liblammps.so ${place}/liblammps_*.so ${place}/liblammps*.dylib)
    if(executables)
      list(GET executables 0 executable)
      list(APPEND libraries "")
      list(GET libraries 0 library)
      set(MLGRAIN_LAMMPS_EXECUTABLE ${executable} PARENT_SCOPE)
      set(library "${library}" PARENT_SCOPE)
      return()
    endif()
  endforeach()
  if(given)
    message(FATAL_ERROR "LAMMPS_BUILD_DIR=${given} holds no lmp: build LAMMPS there first")
  endif()
endfunction()

# What the executable says of itself (lmp -h). Sets `built_*`.
function(mlgrain_question_executable)
  execute_process(COMMAND ${CMAKE_COMMAND} -E env OMPI_ALLOW_RUN_AS_ROOT=1
    OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 ${MLGRAIN_LAMMPS_EXECUTABLE} -h
    OUTPUT_VARIABLE help ERROR_VARIABLE complaint RESULT_VARIABLE status)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${MLGRAIN_LAMMPS_EXECUTABLE} -h fails (${status}): ${complaint}")
  endif()
  string(REPLACE ";" "," help "${help}")
  string(REGEX MATCH "Massively Parallel Simulator - ([0-9]+ [A-Za-z]+ [0-9]+)" _ "${help}")
  set(built_version "${CMAKE_MATCH_1}" PARENT_SCOPE)
  string(REGEX MATCH "\nCompiler: ([^\n]*)" _ "${help}")
  set(built_compiler "${CMAKE_MATCH_1}" PARENT_SCOPE)
  string(REGEX MATCH "\nMPI v[0-9.]+: ([^\n]*)" _ "${help}")
  set(built_mpi "${CMAKE_MATCH_1}" PARENT_SCOPE)
  string(REGEX MATCH "-DLAMMPS_(SMALLBIG|BIGBIG|SMALLSMALL)" _ "${help}")
  set(built_sizes "${CMAKE_MATCH_1}" PARENT_SCOPE)
  string(REGEX MATCH "Installed packages:\n\n([^*]*)\n\n" _ "${help}")
  string(REGEX MATCHALL "[A-Z][A-Z0-9-]+" packages "${CMAKE_MATCH_1}")
  set(built_packages "${packages}" PARENT_SCOPE)
endfunction()

# Name and major version, enough to tell one MPI from another: "Open MPI v4", "MPICH Version: 4".
function(mlgrain_mpi_family result text)
  string(REGEX MATCH "^[^0-9]*[0-9]+" family "${text}")
  set(${result} "${family}" PARENT_SCOPE)
endfunction()

function(mlgrain_check_mpi)
  if(built_mpi MATCHES "LAMMPS MPI STUBS")
    return()
  endif()
  if(NOT MPI_CXX_FOUND)
    message(FATAL_ERROR "This LAMMPS uses MPI (${built_mpi}) and no MPI was found here: install its "
      "development files or give -DMPI_CXX_COMPILER=/path/of/mpicxx")
  endif()
  mlgrain_mpi_family(theirs "${built_mpi}")
  mlgrain_mpi_family(ours "${MPI_CXX_LIBRARY_VERSION_STRING}")
  if(NOT ours) # CMake couldn't run a program with it
    message(WARNING "Can't tell whether ${MPI_CXX_LIBRARIES} is the MPI of ${MLGRAIN_LAMMPS_EXECUTABLE} "
      "(${theirs})")
  elseif(NOT theirs STREQUAL ours)
    message(FATAL_ERROR "Another MPI: ${MLGRAIN_LAMMPS_EXECUTABLE} was built with \"${theirs}\", "
      "the one found here is \"${ours}\" (${MPI_CXX_COMPILER}). Give the same MPI with "
      "-DMPI_CXX_COMPILER=/path/of/its/mpicxx, or build LAMMPS with this one.")
  endif()
endfunction()

function(mlgrain_check_compiler)
  if(NOT built_compiler MATCHES "^(GNU|Clang|Intel)[^0-9]*([0-9]+)")
    return() # a compiler we can't name: nothing to compare
  endif()
  set(theirs "${CMAKE_MATCH_1} ${CMAKE_MATCH_2}")
  string(REGEX MATCH "^[0-9]+" major "${CMAKE_CXX_COMPILER_VERSION}")
  string(REGEX REPLACE "^(Apple|Intel)(Clang|LLVM)?$" "\\1" id "${CMAKE_CXX_COMPILER_ID}")
  if(NOT theirs STREQUAL "${id} ${major}")
    message(WARNING "Another compiler: ${MLGRAIN_LAMMPS_EXECUTABLE} was built with "
      "\"${built_compiler}\", the plugin will be with ${id} ${CMAKE_CXX_COMPILER_VERSION}. "
      "This works only if both share one C++ library; to be sure give the same with "
      "-DCMAKE_C_COMPILER=… -DCMAKE_CXX_COMPILER=…")
  endif()
endfunction()

function(mlgrain_check_build)
  if(NOT built_version STREQUAL MLGRAIN_LAMMPS_VERSION)
    message(FATAL_ERROR "${MLGRAIN_LAMMPS_EXECUTABLE} is LAMMPS ${built_version}, but the source in "
      "${tree} is ${MLGRAIN_LAMMPS_VERSION}: rebuild it, or give the LAMMPS_BUILD_DIR that belongs "
      "to the source")
  endif()
  if(NOT "PLUGIN" IN_LIST built_packages)
    message(FATAL_ERROR "${MLGRAIN_LAMMPS_EXECUTABLE} lacks the PLUGIN package, so it can't load "
      "plugins. Rebuild it with `cmake -D PKG_PLUGIN=on` (or `make yes-plugin`), or build ML-GRAIN "
      "into LAMMPS with cmake/install-as-package.sh")
  endif()
  if(LAMMPS_SIZES)
    string(TOUPPER "${LAMMPS_SIZES}" wanted)
    if(NOT wanted STREQUAL built_sizes)
      message(FATAL_ERROR "Another integer size: LAMMPS_SIZES=${wanted} was asked for, but "
        "${MLGRAIN_LAMMPS_EXECUTABLE} was built with ${built_sizes}")
    endif()
  endif()
  if(built_sizes STREQUAL "SMALLSMALL")
    message(FATAL_ERROR "${MLGRAIN_LAMMPS_EXECUTABLE} was built with 32-bit counters (SMALLSMALL), "
      "which LAMMPS has given up: rebuild it with -D LAMMPS_SIZES=smallbig or bigbig")
  endif()
  mlgrain_check_mpi()
  mlgrain_check_compiler()
endfunction()

mlgrain_locate_source()
mlgrain_read_version()
if(MLGRAIN_LAMMPS_VERSION_NUMBER LESS 20250204)
  message(FATAL_ERROR "LAMMPS ${MLGRAIN_LAMMPS_VERSION} in ${tree} is too old: 4 Feb 2025 or newer "
    "is needed")
endif()

set(MPI_CXX_SKIP_MPICXX TRUE)
set(MPI_DETERMINE_LIBRARY_VERSION TRUE)
find_package(MPI COMPONENTS CXX)

mlgrain_locate_build()
if(MLGRAIN_LAMMPS_EXECUTABLE)
  mlgrain_question_executable()
  mlgrain_check_build()
else()
  message(WARNING "LAMMPS ${MLGRAIN_LAMMPS_VERSION} in ${tree} is not built (looked for build/lmp; "
    "LAMMPS_BUILD_DIR names another place). The plugin will be compiled with what CMake finds here "
    "and nothing can be checked or tested.")
  string(TOUPPER "${LAMMPS_SIZES}" built_sizes)
  if(NOT built_sizes)
    set(built_sizes SMALLBIG)
  endif()
endif()

set(MLGRAIN_LAMMPS_SIZES ${built_sizes})
set(MLGRAIN_LAMMPS_TAGINT_BYTES 4)
if(built_sizes STREQUAL "BIGBIG")
  set(MLGRAIN_LAMMPS_TAGINT_BYTES 8)
endif()
set(MLGRAIN_LAMMPS_POTENTIALS ${tree}/potentials)

set(MLGRAIN_LAMMPS_HEADERS ${headers})

add_library(mlgrain_lammps_headers INTERFACE)
target_include_directories(mlgrain_lammps_headers SYSTEM INTERFACE ${headers})
target_compile_definitions(mlgrain_lammps_headers INTERFACE LAMMPS_${built_sizes})
if(MPI_CXX_FOUND AND NOT built_mpi MATCHES "LAMMPS MPI STUBS")
  set(MLGRAIN_LAMMPS_MPI_01 1)
  mlgrain_mpi_family(MLGRAIN_MPI_LIBRARY "${MPI_CXX_LIBRARY_VERSION_STRING}")
  # Headers and definitions only: the library itself is the host's.
  foreach(property INCLUDE_DIRECTORIES COMPILE_DEFINITIONS)
    set_property(TARGET mlgrain_lammps_headers APPEND PROPERTY INTERFACE_${property}
      $<TARGET_PROPERTY:MPI::MPI_CXX,INTERFACE_${property}>)
  endforeach()
else()
  set(MLGRAIN_LAMMPS_MPI_01 0)
  set(MLGRAIN_MPI_LIBRARY "LAMMPS MPI STUBS")
  target_include_directories(mlgrain_lammps_headers SYSTEM INTERFACE ${headers}/STUBS)
endif()

if(library)
  add_library(mlgrain_lammps SHARED IMPORTED)
  set_target_properties(mlgrain_lammps PROPERTIES IMPORTED_LOCATION ${library})
  target_link_libraries(mlgrain_lammps INTERFACE mlgrain_lammps_headers
    $<$<BOOL:${MLGRAIN_LAMMPS_MPI_01}>:MPI::MPI_CXX>)
endif()
if(MLGRAIN_LAMMPS_EXECUTABLE)
  file(CREATE_LINK ${MLGRAIN_LAMMPS_EXECUTABLE} ${PROJECT_BINARY_DIR}/lmp SYMBOLIC)
  file(CREATE_LINK ${MLGRAIN_LAMMPS_POTENTIALS} ${PROJECT_BINARY_DIR}/lammps-potentials SYMBOLIC)
endif()
message(STATUS "LAMMPS ${MLGRAIN_LAMMPS_VERSION}, ${built_sizes}, ${MLGRAIN_MPI_LIBRARY}: ${tree}")
