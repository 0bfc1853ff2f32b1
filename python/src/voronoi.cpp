/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Voronoi cells. */
#include "mlgrain/voronoi.h"

#include <nanobind/stl/array.h>
#include <nanobind/stl/optional.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "surroundings.h"
#include "threads.h"

namespace mlgrain
{
namespace
{

/* The faces of the box along the edges that aren't periodic, as walls. The normals of each pair
   point out of the box, along which its edge has a positive part. */
void add_walls(const Cell &cell, const Periodic &periodic, mlgrain_voronoi_settings &settings)
{
  const double *edge = cell.data();
  for (int k = 0; k < 3; k++) {
    if (periodic[static_cast<size_t>(k)])
      continue;
    const double *a = edge + 3 * ((k + 1) % 3), *b = edge + 3 * ((k + 2) % 3), *own = edge + 3 * k;
    double normal[3] = {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2],
                        a[0] * b[1] - a[1] * b[0]};
    const double length = std::hypot(normal[0], normal[1], normal[2]);
    double height = (normal[0] * own[0] + normal[1] * own[1] + normal[2] * own[2]) / length;
    const double sign = height < 0.0 ? -1.0 : 1.0;
    auto &low = settings.wall[settings.wall_count++];
    auto &high = settings.wall[settings.wall_count++];
    for (int d = 0; d < 3; d++) {
      high.normal[d] = sign * normal[d] / length;
      low.normal[d] = -high.normal[d];
    }
    low.offset = 0.0;
    high.offset = sign * height;
  }
}

/* (volumes, faces, bounds, nearest) of the chosen atoms; zeros for the others. */
nb::tuple voronoi(const Vectors &positions, const Cell &cell, const Periodic &periodic,
                  double cutoff, bool walls, const std::optional<Flags> &chosen, int threads)
{
  const size_t atoms = positions.shape(0);
  Result<double> volume({atoms}), nearest({atoms});
  Result<int> faces({atoms}), bounds({atoms});
  {
    nb::gil_scoped_release unlocked;
    if (chosen && chosen->shape(0) != atoms)
      throw CoreError(MLGRAIN_INVALID_ARGUMENT, "not as many flags as atoms");
    mlgrain_voronoi_settings settings = {};
    settings.cutoff = cutoff;
    settings.level = mlgrain_simd_best();
    if (walls)
      add_walls(cell, periodic, settings);
    Surroundings surroundings(positions, cell, periodic, cutoff);
    if (chosen)
      std::copy_n(chosen->data(), atoms, surroundings.chosen.begin());
    std::vector<mlgrain_voronoi_cell> found(atoms);
    const auto *owner = surroundings.images->owner;
    const size_t count = mlgrain_cells_count(surroundings.cells.get());
    in_threads(
        count, chunk_of(count, threads, 32, 4096), threads, [&](size_t first, size_t last, int) {
          mlgrain_error mine;
          size_t same[2] = {0, 0};
          const auto status = mlgrain_voronoi_compute(&settings, surroundings.cells.get(), first,
                                                      last, surroundings.chosen.data(), nullptr,
                                                      found.data(), same, &mine);
          if (status && same[0] != same[1])
            throw CoreError(status, "atoms " + std::to_string(owner[same[0]]) + " and " +
                                        std::to_string(owner[same[1]]) + " are at one place");
          check(status, mine);
        });
    for (size_t i = 0; i < atoms; i++) {
      volume[i] = found[i].volume;
      nearest[i] = found[i].nearest;
      faces[i] = found[i].faces;
      bounds[i] = found[i].bounds;
    }
  }
  return nb::make_tuple(volume.numpy(), faces.numpy(), bounds.numpy(), nearest.numpy());
}

} // namespace

void bind_voronoi(nb::module_ &module)
{
  module.def("voronoi", &voronoi, nb::arg("positions"), nb::arg("cell"), nb::arg("periodic"),
             nb::arg("cutoff"), nb::arg("walls"), nb::arg("chosen").none(), nb::arg("threads"));
  module.attr("VORONOI_WALL") = static_cast<int>(MLGRAIN_VORONOI_WALL);
  module.attr("VORONOI_OPEN") = static_cast<int>(MLGRAIN_VORONOI_OPEN);
}

} // namespace mlgrain
