# SPDX-License-Identifier: GPL-2.0-or-later
# How tests are declared. Files named test_*.c in unittest/core and test_*.cpp in unittest/styles,
# and fuzz_*.c in unittest/fuzz, are found by themselves; call these functions only for more.
#
#   mlgrain_add_core_test(NAME [SOURCES…])             NAME.c: a cmocka program for the core
#   mlgrain_add_style_test(NAME [RANKS 1 2 …] [SOURCES…])  NAME.cpp: drives LAMMPS through library.h
#   mlgrain_add_fuzz_target(NAME)                      NAME.c with LLVMFuzzerTestOneInput, corpus in
#                                                      corpus/NAME/
# Other *.c files in unittest/core (plain reference formulas, say) become a library that core and
# style tests are linked with. Core tests run once as they are and once per lower SIMD level. Every
# test sees the variables of MLGRAIN_TEST_ENVIRONMENT.

set(MLGRAIN_TEST_LAUNCHER "" CACHE STRING "program to run core tests under, e.g. valgrind;-q")

# Where the reference data lies beside the source tree, if it is there; tests skip without it.
get_filename_component(mlgrain_reference_dir ${PROJECT_SOURCE_DIR}/../shared/reference ABSOLUTE)
if(NOT IS_DIRECTORY ${mlgrain_reference_dir})
  set(mlgrain_reference_dir "")
endif()
set(MLGRAIN_REFERENCE_DIR "${mlgrain_reference_dir}" CACHE PATH "reference data for the tests")

# Open MPI 4 and 5 refuse to run as root or with more ranks than cores, bind ranks to cores so that
# two tests at a time would share one, and wait by spinning. A LAMMPS without mpiexec, of which some
# tests start a hundred, would start a daemon first, which takes as long as all the rest of starting
# it; without the daemon all such processes make and remove the same folder, and one in thousands
# fails at that, so they make none. mpiexec needs it. Other MPIs ignore these variables.
set(MLGRAIN_MPI_ENVIRONMENT
  OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
  OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_hwloc_base_binding_policy=none
  PRTE_MCA_rmaps_default_mapping_policy=:oversubscribe PRTE_MCA_hwloc_default_binding_policy=none
  OMPI_MCA_mpi_yield_when_idle=1 OMPI_MCA_btl_vader_single_copy_mechanism=none
  OMPI_MCA_ess_singleton_isolated=1 OMPI_MCA_orte_create_session_dirs=0)
# More of it, for tests in which mpiexec starts LAMMPS.
set(MLGRAIN_MPIEXEC_ENVIRONMENT
  OMPI_MCA_ess_singleton_isolated=0 OMPI_MCA_orte_create_session_dirs=1)
set(MLGRAIN_TEST_ENVIRONMENT
  ${MLGRAIN_MPI_ENVIRONMENT}
  OMP_NUM_THREADS=1
  LAMMPS_PLUGIN_PATH=${PROJECT_BINARY_DIR}
  LAMMPS_POTENTIALS=${MLGRAIN_LAMMPS_POTENTIALS}
  MLGRAIN_LAMMPS_POTENTIALS=${MLGRAIN_LAMMPS_POTENTIALS}
  MLGRAIN_REFERENCE_DIR=${MLGRAIN_REFERENCE_DIR}
  MLGRAIN_SOURCE_DIR=${PROJECT_SOURCE_DIR}
  MLGRAIN_BUILD_DIR=${PROJECT_BINARY_DIR})

# Exit status 77 means "can't be tried here" (a missing file, say); ctest lists it as skipped.
function(mlgrain_set_test_properties test seconds)
  set_tests_properties(${test} PROPERTIES TIMEOUT ${seconds} SKIP_RETURN_CODE 77
    ENVIRONMENT "${MLGRAIN_TEST_ENVIRONMENT};${ARGN}")
endfunction()

function(mlgrain_add_core_test name)
  set(sources ${ARGN})
  if(NOT sources)
    set(sources ${name}.c)
  endif()
  add_executable(${name} ${sources})
  # The core's objects and definitions, not libmlgrain: a test may use what other programs can't see.
  target_link_libraries(${name} PRIVATE mlgrain_test_support mlgrain_core ${CMOCKA_LIBRARIES})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/src/core ${CMOCKA_INCLUDE_DIRS})
  target_compile_definitions(${name} PRIVATE
    $<TARGET_PROPERTY:mlgrain_core_common,COMPILE_DEFINITIONS>)
  target_compile_options(${name} PRIVATE -Wall -Wextra
    $<$<BOOL:${MLGRAIN_WARNINGS_AS_ERRORS}>:-Werror>)
  set(levels best v3 v2)
  if(name IN_LIST MLGRAIN_TESTS_WITHOUT_KERNELS)
    set(levels best)
  endif()
  foreach(level IN LISTS levels)
    set(test core/${name})
    set(environment)
    if(NOT level STREQUAL "best")
      set(test core/${name}/${level})
      set(environment MLGRAIN_SIMD=${level})
    endif()
    add_test(NAME ${test} COMMAND ${MLGRAIN_TEST_LAUNCHER} $<TARGET_FILE:${name}>)
    mlgrain_set_test_properties(${test} 300 ${environment})
    set_tests_properties(${test} PROPERTIES LABELS core)
  endforeach()
endfunction()

# A program whose ranks sleep while they wait for each other.
function(mlgrain_wait_patiently name)
  if(CMAKE_SYSTEM_NAME STREQUAL "Linux")
    target_sources(${name} PRIVATE ${PROJECT_SOURCE_DIR}/unittest/styles/patient_wait.c)
    set_target_properties(${name} PROPERTIES ENABLE_EXPORTS ON)
  endif()
endfunction()

function(mlgrain_add_style_test name)
  cmake_parse_arguments(arg "" "" "RANKS;SOURCES" ${ARGN})
  if(NOT arg_SOURCES)
    set(arg_SOURCES ${name}.cpp)
  endif()
  if(NOT arg_RANKS)
    set(arg_RANKS 1 3 4)
  endif()
  add_executable(${name} ${arg_SOURCES})
  mlgrain_wait_patiently(${name})
  target_link_libraries(${name} PRIVATE mlgrain_test_support mlgrain_core mlgrain_lammps)
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/unittest
    ${PROJECT_SOURCE_DIR}/unittest/core)
  target_compile_options(${name} PRIVATE -Wall -Wextra
    $<$<BOOL:${MLGRAIN_WARNINGS_AS_ERRORS}>:-Werror>)
  add_dependencies(${name} mlgrainplugin)
  foreach(ranks IN LISTS arg_RANKS)
    set(launcher)
    if(MLGRAIN_LAMMPS_MPI_01)
      set(launcher ${MPIEXEC_EXECUTABLE} ${MPIEXEC_NUMPROC_FLAG} ${ranks} ${MPIEXEC_PREFLAGS})
    elseif(ranks GREATER 1)
      continue()
    endif()
    set(test styles/${name}/${ranks})
    add_test(NAME ${test} COMMAND ${launcher} $<TARGET_FILE:${name}>)
    mlgrain_set_test_properties(${test} 300 ${MLGRAIN_MPIEXEC_ENVIRONMENT})
    # All ranks together are busy for about as long as one: the small systems of these tests make them
    # wait for each other, and then they sleep.
    set_tests_properties(${test} PROPERTIES LABELS styles PROCESSORS 1)
  endforeach()
endfunction()

# With clang and MLGRAIN_SANITIZE containing "fuzzer-no-link" the program is a libFuzzer one; else
# driver.c feeds it the files of the corpus, and that is a test.
function(mlgrain_add_fuzz_target name)
  add_executable(${name} ${name}.c)
  target_link_libraries(${name} PRIVATE mlgrain_core)
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/src/core)
  target_compile_options(${name} PRIVATE -Wall -Wextra)
  set(corpus ${CMAKE_CURRENT_SOURCE_DIR}/corpus/${name})
  if(MLGRAIN_SANITIZE MATCHES "fuzzer-no-link")
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    add_test(NAME fuzz/${name} COMMAND ${name} -runs=0 ${corpus})
  else()
    target_sources(${name} PRIVATE driver.c)
    add_test(NAME fuzz/${name} COMMAND ${name} ${corpus})
  endif()
  mlgrain_set_test_properties(fuzz/${name} 300)
  set_tests_properties(fuzz/${name} PROPERTIES LABELS fuzz)
endfunction()
