/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fuzz target: any width, cutoff and positions given to the cell grid and the descriptors. What is
   accepted must give numbers, and the same from every SIMD level but for rounding. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mlgrain/cells.h"
#include "mlgrain/sfd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST_POINTS = 64 };

static void compute(double sigma, double cutoff, size_t n, const struct mlgrain_cells *cells,
                    enum mlgrain_simd_level level, double *descriptor)
{
  unsigned char chosen[MOST_POINTS];
  memset(chosen, 1, sizeof chosen);
  struct mlgrain_error error = {""};
  struct mlgrain_sfd *sfd;
  if (mlgrain_sfd_create(sigma, cutoff, level, &sfd, &error)) {
    if (!error.text[0])
      abort();
    memset(descriptor, 0, n * MLGRAIN_SFD_COUNT * sizeof *descriptor);
    return;
  }
  for (size_t i = 0; i < n * MLGRAIN_SFD_COUNT; i++)
    descriptor[i] = NAN;
  if (mlgrain_sfd_compute(sfd, cells, 0, mlgrain_cells_count(cells), chosen, NULL, descriptor,
                          &error))
    abort();
  for (size_t i = 0; i < n * MLGRAIN_SFD_COUNT; i++)
    if (!isfinite(descriptor[i]))
      abort();
  mlgrain_sfd_free(sfd);
}

/* sigma, cutoff, then positions, all as doubles in the machine's order. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  double length[2];
  static double x[MOST_POINTS][3];
  if (size < sizeof length)
    return 0;
  memcpy(length, data, sizeof length);
  size_t n = (size - sizeof length) / sizeof x[0];
  if (n > MOST_POINTS)
    n = MOST_POINTS;
  memcpy(x, data + sizeof length, n * sizeof x[0]);

  struct mlgrain_error error = {""};
  struct mlgrain_cells *cells;
  if (mlgrain_cells_create(n, x, length[1], &cells, NULL, &error)) {
    if (!error.text[0])
      abort();
    return 0;
  }
  static double best[MOST_POINTS * MLGRAIN_SFD_COUNT], plain[MOST_POINTS * MLGRAIN_SFD_COUNT];
  compute(length[0], length[1], n, cells, mlgrain_simd_best(), best);
  compute(length[0], length[1], n, cells, MLGRAIN_SIMD_V2, plain);
  for (size_t i = 0; i < n; i++) /* the sum of weights; ratios of tiny tensors may differ */
    if (fabs(best[i * MLGRAIN_SFD_COUNT] - plain[i * MLGRAIN_SFD_COUNT]) >
        1e-12 * fabs(plain[i * MLGRAIN_SFD_COUNT]))
      abort();
  mlgrain_cells_free(cells);
  return 0;
}
