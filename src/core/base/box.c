/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <math.h>

#include "mlgrain/box.h"
#include "vector3.h"

static void fractions_of(const struct mlgrain_box *box, const double x[3], double fraction[3])
{
  double dual[3][3], from_low[3];
  dual3(box->edge, dual);
  for (int d = 0; d < 3; d++)
    from_low[d] = x[d] - box->low[d];
  apply3((const double(*)[3])dual, from_low, fraction);
}

void mlgrain_box_wrap(const struct mlgrain_box *box, double x[3])
{
  double fraction[3];
  fractions_of(box, x, fraction);
  for (int d = 0; d < 3; d++) {
    if (box->bounded[d])
      continue;
    fraction[d] -= floor(fraction[d]);
    if (fraction[d] >= 1.0)
      fraction[d] = 0.0;
  }
  combine3(box->edge, fraction, x);
  for (int d = 0; d < 3; d++)
    x[d] += box->low[d];
}

int mlgrain_box_holds(const struct mlgrain_box *box, const double x[3])
{
  const double rounding = 1e-9;
  double fraction[3];
  fractions_of(box, x, fraction);
  for (int d = 0; d < 3; d++)
    if (box->bounded[d] && !(fraction[d] >= -rounding && fraction[d] <= 1.0 + rounding))
      return 0;
  return 1;
}
