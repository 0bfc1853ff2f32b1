/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The module mlgrain._core. */
#include "binding.h"

#include "mlgrain/simd.h"

static void raise_in_python(const std::exception_ptr &failure, void *)
{
  try {
    std::rethrow_exception(failure);
  } catch (const mlgrain::CoreError &error) {
    if (error.status == MLGRAIN_OUT_OF_MEMORY) {
      PyErr_SetString(PyExc_MemoryError, error.what());
      return;
    }
    const nb::object type = nb::module_::import_("mlgrain.errors").attr("MLGrainError");
    PyErr_SetString(type.ptr(), error.what());
  }
}

NB_MODULE(_core, module)
{
  nb::register_exception_translator(raise_in_python);
  module.def("simd", [] { return mlgrain_simd_name(mlgrain_simd_best()); });
  mlgrain::bind_descriptors(module);
  mlgrain::bind_mtp(module);
  mlgrain::bind_soap(module);
  mlgrain::bind_environments(module);
  mlgrain::bind_mtp_train(module);
  mlgrain::bind_voronoi(module);
  mlgrain::bind_tables(module);
  mlgrain::bind_models(module);
  mlgrain::bind_bicrystal(module);
  mlgrain::bind_boundary(module);
  mlgrain::bind_homogenize(module);
  mlgrain::bind_cutouts(module);
  mlgrain::bind_graphs(module);
}
