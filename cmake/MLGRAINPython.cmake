# SPDX-License-Identifier: GPL-2.0-or-later
# The Python package mlgrain, in a virtual environment of the build tree: `cmake --build … --target
# mlgrain_venv` makes BUILD/venv, with the command BUILD/venv/bin/mlgrain. It is not part of the
# default build, which needs nothing from outside the distribution.

include_guard(GLOBAL)
set(MLGRAIN_VENV ${PROJECT_BINARY_DIR}/venv CACHE PATH "virtual environment of the Python package")
add_custom_target(mlgrain_venv COMMAND ${PROJECT_SOURCE_DIR}/cmake/make-venv.sh ${MLGRAIN_VENV}
  USES_TERMINAL)
