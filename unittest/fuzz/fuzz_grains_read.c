/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fuzz target: any bytes given to the reader of grains; what it accepts must also survive the
   tessellation, and its cells fill the box: periodic, with surfaces, or of columns. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "mlgrain/grains.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define EDGES .low = {-1, 0, 2}, .edge = {{9, 0, 0}, {4, 8, 0}, {-3, 2, 7}}
static const struct mlgrain_box boxes[] = {
    {EDGES}, {EDGES, .bounded = {0, 1, 1}}, {EDGES, .columns = 2}};

static void check_cells(const struct mlgrain_box *box, size_t count,
                        const struct mlgrain_grain *grain)
{
  struct mlgrain_error error = {""};
  struct mlgrain_tessellation *cells;
  const enum mlgrain_status status = mlgrain_tessellation_create(box, count, grain, &cells, &error);
  if ((status == MLGRAIN_SUCCESS) != (cells != NULL) || (status && !error.text[0]))
    abort();
  if (status)
    return;
  double volume = 0.0;
  for (size_t g = 0; g < count; g++)
    volume += cells->volume[g];
  if (!(fabs(volume / (9.0 * 8.0 * 7.0) - 1.0) < 1e-6))
    abort();
  mlgrain_tessellation_free(cells);
}

static void read_for(const struct mlgrain_box *box, const uint8_t *data, size_t size)
{
  struct mlgrain_error error = {""};
  struct mlgrain_grain *grain;
  size_t count;
  const enum mlgrain_status status =
      mlgrain_grains_read("fuzz", data, size, box, &grain, &count, &error);
  if ((status == MLGRAIN_SUCCESS) != (grain != NULL) || (status && !error.text[0]))
    abort();
  if (!status && count <= 50)
    check_cells(box, count, grain);
  free(grain);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  for (size_t b = 0; b < sizeof boxes / sizeof *boxes; b++)
    read_for(&boxes[b], data, size);
  return 0;
}
