# SPDX-License-Identifier: GPL-2.0-or-later
# cmake --install: the library with its headers, CMake package and pkg-config file, and what is
# there of documentation, potentials and examples. (The plugin's rule is in src/lammps.)

include(CMakePackageConfigHelpers)

set(mlgrain_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/mlgrain)
install(TARGETS mlgrain EXPORT mlgrainTargets
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/src/core/include/mlgrain TYPE INCLUDE
  FILES_MATCHING PATTERN "*.h")
install(EXPORT mlgrainTargets NAMESPACE mlgrain:: DESTINATION ${mlgrain_package_dir})

configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/mlgrainConfig.cmake.in
  ${PROJECT_BINARY_DIR}/config/mlgrainConfig.cmake INSTALL_DESTINATION ${mlgrain_package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/config/mlgrainConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/config/mlgrainConfig.cmake
  ${PROJECT_BINARY_DIR}/config/mlgrainConfigVersion.cmake DESTINATION ${mlgrain_package_dir})

# The .pc file finds its prefix from where it lies, so that an installed tree can be moved.
file(RELATIVE_PATH mlgrain_pc_to_prefix
  ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
configure_file(${PROJECT_SOURCE_DIR}/cmake/mlgrain.pc.in
  ${PROJECT_BINARY_DIR}/config/mlgrain.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/config/mlgrain.pc
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

install(FILES ${PROJECT_SOURCE_DIR}/LICENSE TYPE DOC)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/doc/ TYPE DOC)
foreach(folder potentials examples)
  if(IS_DIRECTORY ${PROJECT_SOURCE_DIR}/${folder})
    install(DIRECTORY ${PROJECT_SOURCE_DIR}/${folder} DESTINATION ${CMAKE_INSTALL_DATADIR}/mlgrain)
  endif()
endforeach()
