/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <math.h>

#include "mlgrain/box.h"
#include "vector3.h"

void mlgrain_box_wrap(const struct mlgrain_box *box, double x[3])
{
  double dual[3][3], from_low[3], fraction[3];
  dual3(box->edge, dual);
  for (int d = 0; d < 3; d++)
    from_low[d] = x[d] - box->low[d];
  apply3((const double(*)[3])dual, from_low, fraction);
  for (int d = 0; d < 3; d++) {
    fraction[d] -= floor(fraction[d]);
    if (fraction[d] >= 1.0)
      fraction[d] = 0.0;
  }
  combine3(box->edge, fraction, x);
  for (int d = 0; d < 3; d++)
    x[d] += box->low[d];
}
