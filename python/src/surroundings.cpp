/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "surroundings.h"

#include <algorithm>

namespace mlgrain
{

Surroundings::Surroundings(const Vectors &positions, const Cell &cell, const Periodic &periodic,
                           double reach)
    : Surroundings(positions.data(), positions.shape(0), cell.data(), periodic, reach)
{
}

Surroundings::Surroundings(const double *positions, size_t atoms, const double *cell,
                           const Periodic &periodic, double reach)
    : atoms(atoms)
{
  mlgrain_error error;
  mlgrain_box box = {};
  std::copy_n(cell, 9, &box.edge[0][0]);
  for (int k = 0; k < 3; k++)
    box.bounded[k] = !periodic[k];
  const auto *x = reinterpret_cast<const double(*)[3]>(positions);
  mlgrain_images *made_images = nullptr;
  check(mlgrain_images_create(atoms, x, &box, reach, &made_images, nullptr, &error), error);
  images.reset(made_images);
  mlgrain_cells *made_cells = nullptr;
  check(mlgrain_cells_create(images->count, images->x, reach, &made_cells, nullptr, &error), error);
  cells.reset(made_cells);
  chosen.assign(images->count + 1, 0);
  std::fill_n(chosen.begin(), atoms, 1);
}

} // namespace mlgrain
