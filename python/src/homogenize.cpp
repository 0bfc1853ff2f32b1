/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Effective properties of voxels; grains on voxels. Arrays of voxels are [z, y, x] here. */
#include "mlgrain/homogenize.h"
#include "mlgrain/grains.h"
#include "mlgrain/homogenize_tensors.h"
#include "mlgrain/orientation.h"
#include "mlgrain/voxelize.h"

#include <nanobind/stl/array.h>
#include <nanobind/stl/string.h>

#include <cstdlib>
#include <cstring>
#include <optional>

#include "binding.h"
#include "team.h"
#include "threads.h"

namespace mlgrain
{
namespace
{

using Phases = nb::ndarray<const int32_t, nb::ndim<3>, nb::c_contig, nb::device::cpu>;
using Tensors = nb::ndarray<const double, nb::ndim<3>, nb::c_contig, nb::device::cpu>;
using Tensor = nb::ndarray<const double, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using Quaternions = nb::ndarray<const double, nb::shape<-1, 4>, nb::c_contig, nb::device::cpu>;
using Labels = nb::ndarray<const int32_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Spacing = std::array<double, 3>;
using Size = std::array<size_t, 3>;

template <class T> struct Free {
  void operator()(T *memory) const { std::free(memory); }
};
template <class T> using Allocated = std::unique_ptr<T, Free<T>>;

mlgrain_voxels voxels_of(const Phases &phases, const Spacing &spacing)
{
  mlgrain_voxels voxels = {};
  for (size_t d = 0; d < 3; d++) {
    voxels.n[d] = phases.shape(2 - d);
    voxels.spacing[d] = spacing[d];
  }
  voxels.phase = phases.data();
  return voxels;
}

/* ---- the solver ----------------------------------------------------------------------------- */

struct Run {
  Team team;
  nb::object watch; /* called as watch(load, iteration, error), or None */
};

void share(void *context, int threads, void (*work)(void *task, int part), void *task)
{
  static_cast<Run *>(context)->team.run(work, task, threads);
}

/* Ends the computation when Python has an exception: interrupted from the keyboard, say. */
int watch(void *context, int load, int iteration, double error)
{
  const nb::gil_scoped_acquire locked;
  if (PyErr_CheckSignals())
    return 1;
  const auto &call = static_cast<Run *>(context)->watch;
  if (call.is_none())
    return 0;
  PyObject *result = PyObject_CallFunction(call.ptr(), "iid", load, iteration, error);
  Py_XDECREF(result);
  return result == nullptr;
}

/* (effective, iterations, errors, bytes, gradient or None, flux or None) */
nb::tuple homogenize(const Phases &phases, const Spacing &spacing, const Tensors &tensors,
                     bool full, double tolerance, int iterations, int threads, bool fields,
                     const nb::object &call)
{
  const size_t size = tensors.shape(1), voxels = phases.size(), kept = fields ? voxels : 0;
  Result<double> effective({size, size}), errors({size});
  Result<int> counts({size});
  Result<double> gradient({size, kept, size}), flux({size, kept, size});
  mlgrain_homogenize_report report = {};
  mlgrain_error error;
  mlgrain_status status;
  Run run = {Team(threads), call};
  {
    nb::gil_scoped_release unlocked;
    auto settings = mlgrain_homogenize_default();
    settings.scheme = full ? MLGRAIN_FULL : MLGRAIN_ROTATED;
    settings.tolerance = tolerance;
    settings.iterations = iterations;
    settings.threads = threads;
    settings.share = share;
    settings.watch = watch;
    settings.context = &run;
    const mlgrain_fields wanted = {fields ? gradient.data() : nullptr,
                                   fields ? flux.data() : nullptr};
    const auto voxel = voxels_of(phases, spacing);
    double small[3][3], large[6][6];
    status = size == 3 ? mlgrain_conductivity(&voxel, tensors.shape(0), tensors.data(), &settings,
                                              small, &wanted, &report, &error)
                       : mlgrain_stiffness(&voxel, tensors.shape(0), tensors.data(), &settings,
                                           large, &wanted, &report, &error);
    if (!status)
      std::memcpy(effective.data(), size == 3 ? small[0] : large[0], size * size * sizeof(double));
  }
  if (PyErr_Occurred())
    throw nb::python_error();
  check(status, error);
  for (size_t load = 0; load < size; load++) {
    counts[load] = report.iterations[load];
    errors[load] = report.error[load];
  }
  return nb::make_tuple(effective.numpy(), counts.numpy(), errors.numpy(), report.bytes,
                        fields ? gradient.numpy() : nb::none(), fields ? flux.numpy() : nb::none());
}

/* (phases, spacing) */
nb::tuple resample(const Phases &phases, const Spacing &spacing, bool finer)
{
  const auto voxels = voxels_of(phases, spacing);
  mlgrain_voxels to = {};
  int32_t *made = nullptr;
  mlgrain_error error;
  check(finer ? mlgrain_voxels_finer(&voxels, &to, &made, &error)
              : mlgrain_voxels_coarser(&voxels, &to, &made, &error),
        error);
  const Allocated<int32_t> owned(made);
  Result<int32_t> result({to.n[2], to.n[1], to.n[0]});
  std::copy_n(made, to.n[0] * to.n[1] * to.n[2], result.data());
  return nb::make_tuple(result.numpy(), Spacing{to.spacing[0], to.spacing[1], to.spacing[2]});
}

/* ---- tensors -------------------------------------------------------------------------------- */

/* A crystal's tensor in each orientation. */
nb::object turn(const Tensor &tensor, const Quaternions &orientations)
{
  const size_t count = orientations.shape(0), size = tensor.shape(0);
  Result<double> result({count, size, size});
  double small[3][3], large[6][6], to_small[3][3], to_large[6][6];
  std::memcpy(size == 3 ? small[0] : large[0], tensor.data(), size * size * sizeof(double));
  for (size_t i = 0; i < count; i++) {
    double rotation[3][3];
    mlgrain_quaternion_matrix(orientations.data() + 4 * i, rotation);
    if (size == 3)
      mlgrain_turn_conductivity(rotation, small, to_small);
    else
      mlgrain_turn_stiffness(rotation, large, to_large);
    std::memcpy(result.data() + i * size * size, size == 3 ? to_small[0] : to_large[0],
                size * size * sizeof(double));
  }
  return result.numpy();
}

nb::object layer(const Tensor &first, double fraction, const Tensor &second, const Spacing &normal)
{
  Result<double> result({3, 3});
  double one[3][3], two[3][3], layered[3][3];
  std::memcpy(one, first.data(), sizeof one);
  std::memcpy(two, second.data(), sizeof two);
  mlgrain_error error;
  check(mlgrain_layer_conductivity(one, fraction, two, normal.data(), layered, &error), error);
  std::memcpy(result.data(), layered, sizeof layered);
  return result.numpy();
}

/* (lower, upper) */
nb::tuple mean_bounds(const Tensors &tensors, const Numbers &fractions)
{
  const size_t size = tensors.shape(1);
  Result<double> upper({size, size}), lower({size, size});
  mlgrain_error error;
  check(mlgrain_mean_bounds(static_cast<int>(size), tensors.shape(0), fractions.data(),
                            tensors.data(), upper.data(), lower.data(), &error),
        error);
  return nb::make_tuple(lower.numpy(), upper.numpy());
}

nb::tuple isotropic_bounds(const Numbers &conductivities, const Numbers &fractions)
{
  double bounds[2];
  mlgrain_error error;
  check(mlgrain_isotropic_bounds(conductivities.shape(0), fractions.data(), conductivities.data(),
                                 bounds, &error),
        error);
  return nb::make_tuple(bounds[0], bounds[1]);
}

/* ---- grains --------------------------------------------------------------------------------- */

/* columns: as in mlgrain_box. */
mlgrain_box box_of(const Spacing &low, const Spacing &edges, int columns = 0)
{
  mlgrain_box box = {};
  for (int d = 0; d < 3; d++) {
    box.low[d] = low[static_cast<size_t>(d)];
    box.edge[d][d] = edges[static_cast<size_t>(d)];
  }
  box.columns = columns;
  return box;
}

std::vector<mlgrain_grain> grains_of(const mlgrain_box &box, const Vectors &seeds,
                                     const Numbers &weights)
{
  std::vector<mlgrain_grain> grains(seeds.shape(0));
  for (size_t g = 0; g < grains.size(); g++) {
    std::copy_n(seeds.data() + 3 * g, 3, grains[g].seed);
    mlgrain_box_wrap(&box, grains[g].seed);
    grains[g].orientation[0] = 1.0;
    grains[g].weight = weights.data()[g];
  }
  return grains;
}

using OwnedCells = Owned<mlgrain_tessellation, mlgrain_tessellation_free>;

OwnedCells cells_of(const mlgrain_box &box, const std::vector<mlgrain_grain> &grains)
{
  mlgrain_tessellation *made = nullptr;
  mlgrain_error error;
  check(mlgrain_tessellation_create(&box, grains.size(), grains.data(), &made, &error), error);
  return OwnedCells(made);
}

/* (seeds, orientations, weights) */
nb::tuple arrays_of(const mlgrain_grain *grain, size_t count)
{
  Result<double> seeds({count, 3}), orientations({count, 4}), weights({count});
  for (size_t g = 0; g < count; g++) {
    std::copy_n(grain[g].seed, 3, seeds.data() + 3 * g);
    std::copy_n(grain[g].orientation, 4, orientations.data() + 4 * g);
    weights[g] = grain[g].weight;
  }
  return nb::make_tuple(seeds.numpy(), orientations.numpy(), weights.numpy());
}

nb::tuple read_grains(const std::string &name, const nb::bytes &text, const Spacing &low,
                      const Spacing &edges)
{
  const auto box = box_of(low, edges);
  mlgrain_grain *grain = nullptr;
  size_t count = 0;
  mlgrain_error error;
  check(mlgrain_grains_read(name.c_str(), text.c_str(), text.size(), &box, &grain, &count, &error),
        error);
  const Allocated<mlgrain_grain> owned(grain);
  return arrays_of(grain, count);
}

/* kind and component, crystal, sample, spread: as in mlgrain_texture. */
nb::tuple random_grains(size_t count, const Spacing &low, const Spacing &edges, int columns,
                        uint64_t seed, double min_distance, int lloyd, double size_spread, int kind,
                        const std::array<double, 4> &component, const Spacing &crystal,
                        const Spacing &sample, double spread)
{
  const auto box = box_of(low, edges, columns);
  mlgrain_grain_settings settings = {};
  settings.seed = seed;
  settings.min_distance = min_distance;
  settings.lloyd = lloyd;
  settings.size_spread = size_spread;
  settings.texture.kind = static_cast<mlgrain_texture_kind>(kind);
  std::copy_n(component.data(), 4, settings.texture.component);
  std::copy_n(crystal.data(), 3, settings.texture.crystal);
  std::copy_n(sample.data(), 3, settings.texture.sample);
  settings.texture.spread = spread;
  std::vector<mlgrain_grain> grains(count);
  mlgrain_error error;
  check(mlgrain_grains_random(&box, count, &settings, grains.data(), &error), error);
  return arrays_of(grains.data(), count);
}

/* (volumes, centroids from the seed, first faces [grains + 1], neighbors, to, normals, areas,
   centroids of faces from the seed) */
nb::tuple tessellate(const Vectors &seeds, const Numbers &weights, const Spacing &low,
                     const Spacing &edges, int columns)
{
  const auto box = box_of(low, edges, columns);
  const auto cells = cells_of(box, grains_of(box, seeds, weights));
  const size_t count = cells->grains, faces = cells->first_face[count];
  Result<double> volume({count}), centroid({count, 3}), to({faces, 3}), normal({faces, 3});
  Result<double> area({faces}), center({faces, 3});
  Result<int64_t> first({count + 1}), neighbor({faces});
  std::copy_n(cells->volume, count, volume.data());
  std::copy_n(cells->centroid[0], 3 * count, centroid.data());
  for (size_t g = 0; g <= count; g++)
    first[g] = static_cast<int64_t>(cells->first_face[g]);
  for (size_t f = 0; f < faces; f++) {
    const auto &face = cells->face[f];
    neighbor[f] = static_cast<int64_t>(face.neighbor);
    std::copy_n(face.to, 3, to.data() + 3 * f);
    std::copy_n(face.normal, 3, normal.data() + 3 * f);
    std::copy_n(face.center, 3, center.data() + 3 * f);
    area[f] = face.area;
  }
  return nb::make_tuple(volume.numpy(), centroid.numpy(), first.numpy(), neighbor.numpy(),
                        to.numpy(), normal.numpy(), area.numpy(), center.numpy());
}

/* (grain [z, y, x], neighbor, distance, normal [z, y, x, 3]) */
nb::tuple voxelize(const Vectors &seeds, const Numbers &weights, const Spacing &low,
                   const Spacing &edges, const Size &n, int threads, int columns)
{
  Result<int32_t> grain({n[2], n[1], n[0]}), neighbor({n[2], n[1], n[0]});
  Result<double> distance({n[2], n[1], n[0]}), normal({n[2], n[1], n[0], 3});
  {
    nb::gil_scoped_release unlocked;
    const auto box = box_of(low, edges, columns);
    const auto grains = grains_of(box, seeds, weights);
    const auto cells = cells_of(box, grains);
    const mlgrain_voxel_grains into = {grain.data(), neighbor.data(), distance.data(),
                                       reinterpret_cast<double(*)[3]>(normal.data())};
    in_threads(n[2], 1, threads, [&](size_t first, size_t last, int) {
      mlgrain_error mine;
      check(mlgrain_voxelize(&box, grains.data(), cells.get(), n.data(), first, last, &into, &mine),
            mine);
    });
  }
  return nb::make_tuple(grain.numpy(), neighbor.numpy(), distance.numpy(), normal.numpy());
}

/* (phases, tensors) */
nb::tuple boundary_voxels(const Labels &grain, const Labels &neighbor, const Numbers &distance,
                          const Vectors &normal, const Spacing &spacing, double thickness,
                          const Tensors &conductivity, const Tensor &boundary)
{
  mlgrain_boundary_voxels voxels = {};
  voxels.voxels = grain.shape(0);
  voxels.grains = conductivity.shape(0);
  std::copy_n(spacing.data(), 3, voxels.spacing);
  voxels.grain = grain.data();
  voxels.neighbor = neighbor.data();
  voxels.distance = distance.data();
  voxels.normal = normal.data();
  voxels.thickness = thickness;
  voxels.conductivity = conductivity.data();
  std::memcpy(voxels.boundary, boundary.data(), sizeof voxels.boundary);
  Result<int32_t> phase({voxels.voxels});
  double *tensor = nullptr;
  size_t phases = 0;
  mlgrain_error error;
  check(mlgrain_mix_boundary_voxels(&voxels, phase.data(), &tensor, &phases, &error), error);
  const Allocated<double> owned(tensor);
  Result<double> tensors({phases, 3, 3});
  std::copy_n(tensor, 9 * phases, tensors.data());
  return nb::make_tuple(phase.numpy(), tensors.numpy());
}

} // namespace

void bind_homogenize(nb::module_ &module)
{
  module.def("homogenize", &homogenize, nb::arg("phases"), nb::arg("spacing"), nb::arg("tensors"),
             nb::arg("full"), nb::arg("tolerance"), nb::arg("iterations"), nb::arg("threads"),
             nb::arg("fields"), nb::arg("watch").none());
  module.def("resample_voxels", &resample, nb::arg("phases"), nb::arg("spacing"), nb::arg("finer"));
  module.def("turn_tensor", &turn, nb::arg("tensor"), nb::arg("orientations"));
  module.def("layer_conductivity", &layer, nb::arg("first"), nb::arg("fraction"), nb::arg("second"),
             nb::arg("normal"));
  module.def("mean_bounds", &mean_bounds, nb::arg("tensors"), nb::arg("fractions"));
  module.def("isotropic_bounds", &isotropic_bounds, nb::arg("conductivities"),
             nb::arg("fractions"));
  module.def("read_grains", &read_grains, nb::arg("name"), nb::arg("text"), nb::arg("low"),
             nb::arg("edges"));
  module.def("voxelize", &voxelize, nb::arg("seeds"), nb::arg("weights"), nb::arg("low"),
             nb::arg("edges"), nb::arg("n"), nb::arg("threads"), nb::arg("columns") = 0);
  module.def("random_grains", &random_grains, nb::arg("count"), nb::arg("low"), nb::arg("edges"),
             nb::arg("columns"), nb::arg("seed"), nb::arg("min_distance"), nb::arg("lloyd"),
             nb::arg("size_spread"), nb::arg("kind"), nb::arg("component"), nb::arg("crystal"),
             nb::arg("sample"), nb::arg("spread"));
  module.def("tessellate", &tessellate, nb::arg("seeds"), nb::arg("weights"), nb::arg("low"),
             nb::arg("edges"), nb::arg("columns"));
  module.def("boundary_voxels", &boundary_voxels, nb::arg("grain"), nb::arg("neighbor"),
             nb::arg("distance"), nb::arg("normal"), nb::arg("spacing"), nb::arg("thickness"),
             nb::arg("conductivity"), nb::arg("boundary"));
}

} // namespace mlgrain
