/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MLGRAIN_SURROUNDINGS_H
#define MLGRAIN_SURROUNDINGS_H

#include "binding.h"

#include "mlgrain/cells.h"
#include "mlgrain/images.h"

namespace mlgrain
{

using Periodic = std::array<bool, 3>;

/* Atoms and their periodic images, sorted into cells. Needs no lock of the interpreter. */
class Surroundings
{
public:
  Surroundings(const Vectors &positions, const Cell &cell, const Periodic &periodic, double reach);
  Surroundings(const double *positions, size_t atoms, const double *cell, const Periodic &periodic,
               double reach);

  size_t atoms; /* of the caller; images follow */
  Owned<mlgrain_images, mlgrain_images_free> images;
  Owned<mlgrain_cells, mlgrain_cells_free> cells;
  std::vector<unsigned char> chosen; /* 1 for atoms, 0 for images */
};

} // namespace mlgrain

#endif
