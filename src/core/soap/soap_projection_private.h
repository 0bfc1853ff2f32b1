/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private: the kernel of projections. */
#ifndef MLGRAIN_SOAP_PROJECTION_PRIVATE_H
#define MLGRAIN_SOAP_PROJECTION_PRIVATE_H

#include <stddef.h>

enum {
  PROJECTION_ROWS = 4,    /* vectors at a time */
  PROJECTION_COLUMNS = 16 /* rows of the matrix are filled up to a multiple of this with zeros */
};

/* to [PROJECTION_ROWS][stride] = (row[..][components] - mean) matrix [components][stride]. Sums go
   over components in their order, at every width of vectors. */
typedef void projection_kernel(size_t components, size_t stride, const double *mean,
                               const double *matrix, const double *const row[PROJECTION_ROWS],
                               double *to);
projection_kernel projection_v2, projection_v3, projection_v4;

#endif
