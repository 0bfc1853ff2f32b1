/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <math.h>
#include <string.h>

#include "base/vector3.h"
#include "mlgrain/bicrystal.h"

/* Of whole numbers over a divisor on axes (rows). */
static void on_axes(const double axes[3][3], const int64_t whole[3], int64_t divisor, double x[3])
{
  double f[3];
  for (int k = 0; k < 3; k++)
    f[k] = (double)whole[k] / (double)divisor;
  combine3(axes, f, x);
}

/* Components of a vector of the plane in two of it, which are whole numbers. */
static void components(const double net[2][3], const double x[3], int64_t whole[2])
{
  const double area = net[0][0] * net[1][1] - net[0][1] * net[1][0];
  whole[0] = llround((x[0] * net[1][1] - x[1] * net[1][0]) / area);
  whole[1] = llround((net[0][0] * x[1] - net[0][1] * x[0]) / area);
}

/* Rows: unit vectors along the period's first vector, in the plane, and along the normal. */
static void set_frame(const double period[2][3], double frame[3][3])
{
  cross3(period[0], period[1], frame[2]);
  const double a = norm3(period[0]), area = norm3(frame[2]);
  for (int d = 0; d < 3; d++) {
    frame[0][d] = period[0][d] / a;
    frame[2][d] /= area;
  }
  cross3(frame[2], frame[0], frame[1]);
}

void mlgrain_bicrystal_geometry_find(const struct mlgrain_lattice *lattice,
                                     const struct mlgrain_rotation *rotation,
                                     const struct mlgrain_interface *interface,
                                     struct mlgrain_bicrystal_geometry *geometry)
{
  double columns[3][3], axes[3][3], period[2][3], frame[3][3], turn[3][3];
  mlgrain_lattice_frame(lattice, columns);
  for (int i = 0; i < 3; i++)
    for (int d = 0; d < 3; d++)
      axes[i][d] = columns[d][i];
  for (int k = 0; k < 2; k++)
    on_axes((const double(*)[3])axes, interface->period[k], lattice->divisor, period[k]);
  set_frame((const double(*)[3])period, frame);
  mlgrain_rotation_matrix(lattice, rotation, turn);
  for (int i = 0; i < 3; i++) {
    double turned[3];
    apply3((const double(*)[3])turn, axes[i], turned);
    apply3((const double(*)[3])frame, axes[i], geometry->axes[0][i]);
    apply3((const double(*)[3])frame, turned, geometry->axes[1][i]);
  }
  for (int k = 0; k < 2; k++) {
    const double(*box)[3] = (const double(*)[3])geometry->axes[0];
    apply3((const double(*)[3])frame, period[k], geometry->period[k]);
    on_axes(box, interface->shift[k], interface->shift_divisor, geometry->shift[k]);
    geometry->period[k][2] = geometry->shift[k][2] = 0.0; /* but for rounding */
  }
  geometry->period[0][1] = 0.0;
  for (int c = 0; c < 2; c++) {
    const double(*box)[3] = (const double(*)[3])geometry->axes[c];
    on_axes(box, interface->step[c], lattice->divisor, geometry->step[c]);
    for (int k = 0; k < 2; k++)
      on_axes(box, interface->net[c][k], lattice->divisor, geometry->net[c][k]);
    for (int k = 0; k < 2; k++)
      components((const double(*)[3])geometry->net[c], geometry->period[k], geometry->count[c][k]);
  }
}
