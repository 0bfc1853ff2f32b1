/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The boxes that are tried. */
#include <math.h>
#include <string.h>

#include "base/vector3.h"
#include "cutout_private.h"
#include "mlgrain/random.h"

const struct mlgrain_cutout_rules mlgrain_default_cutout_rules = {
    .edge = 15.0,
    .variation = 0.07,
    .boxes = 24,
    .closest = 0.0,
    .trusted = 4.0,
    .fading = 1.0,
    .seam_reach = 5.0,
};

enum { MOST_BOXES = 1000, SEED = 15 };

/* Edges whose volume is less than this of a rectangular box's lie in a plane. */
static const double FLAT = 1e-10;

int cutout_rules_are_sound(const struct mlgrain_cutout_rules *rules)
{
  return rules->edge > 0.0 && isfinite(rules->edge) && rules->variation >= 0.0 &&
         rules->variation <= 0.5 && rules->boxes >= 1 && rules->boxes <= MOST_BOXES &&
         rules->closest >= 0.0 && isfinite(rules->closest) && rules->trusted > 0.0 &&
         isfinite(rules->trusted) && rules->fading > 0.0 && isfinite(rules->fading) &&
         rules->seam_reach > 0.0 && isfinite(rules->seam_reach);
}

int cutout_spans(const double edge[3][3])
{
  double dual[3];
  cross3(edge[1], edge[2], dual);
  const double volume = fabs(dot3(edge[0], dual));
  const double most = norm3(edge[0]) * norm3(edge[1]) * norm3(edge[2]);
  return isfinite(most) && volume > FLAT * most;
}

double cutout_half_diagonal(const double cell[3][3])
{
  double longest = 0.0;
  for (int signs = 0; signs < 4; signs++) {
    const double f[3] = {0.5, signs & 1 ? 0.5 : -0.5, signs & 2 ? 0.5 : -0.5};
    double corner[3];
    combine3(cell, f, corner);
    longest = fmax(longest, norm3(corner));
  }
  return longest;
}

/* Axes in rows: those of the coordinates for even numbers, turned at random for odd ones, by a unit
   quaternion that is uniform among all (K. Shoemake, Graphics Gems III (1992) 124). */
static void axes_of(int number, double axis[3][3])
{
  const double pi = 3.14159265358979323846;
  double q[4] = {1.0, 0.0, 0.0, 0.0};
  if (number % 2) {
    const double u = mlgrain_random(SEED, (uint64_t)number, 3);
    const double a = 2.0 * pi * mlgrain_random(SEED, (uint64_t)number, 4);
    const double b = 2.0 * pi * mlgrain_random(SEED, (uint64_t)number, 5);
    q[0] = sqrt(u) * cos(b);
    q[1] = sqrt(1.0 - u) * sin(a);
    q[2] = sqrt(1.0 - u) * cos(a);
    q[3] = sqrt(u) * sin(b);
  }
  const double w = q[0], x = q[1], y = q[2], z = q[3];
  const double turned[3][3] = {{1 - 2 * (y * y + z * z), 2 * (x * y + w * z), 2 * (x * z - w * y)},
                               {2 * (x * y - w * z), 1 - 2 * (x * x + z * z), 2 * (y * z + w * x)},
                               {2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x * x + y * y)}};
  memcpy(axis, turned, sizeof turned);
}

/* What is left of a vector normal to `count` unit vectors. */
static void take_off(const double unit[3][3], int count, const double from[3], double left[3])
{
  memcpy(left, from, 3 * sizeof(double));
  for (int k = 0; k < count; k++) {
    const double along = dot3(unit[k], left);
    for (int d = 0; d < 3; d++)
      left[d] -= along * unit[k][d];
  }
}

static void make_unit(double x[3])
{
  const double length = norm3(x);
  for (int d = 0; d < 3; d++)
    x[d] /= length;
}

/* The axis with the longest part normal to the unit vectors so far, as a unit vector. */
static void add_normal(const double axis[3][3], double unit[3][3], int count)
{
  double best = -1.0;
  for (int k = 0; k < 3; k++) {
    double left[3];
    take_off(unit, count, axis[k], left);
    if (norm3(left) > best + 1e-9) {
      best = norm3(left);
      memcpy(unit[count], left, sizeof left);
    }
  }
  make_unit(unit[count]);
}

/* Turns one of the edges that aren't kept around where that is needed. */
static void make_right_handed(const int kept[3], double cell[3][3])
{
  double normal[3];
  cross3(cell[1], cell[2], normal);
  if (dot3(cell[0], normal) > 0.0)
    return;
  for (int k = 0; k < 3; k++)
    if (!kept[k]) {
      for (int d = 0; d < 3; d++)
        cell[k][d] = -cell[k][d];
      return;
    }
}

void cutout_box(const struct mlgrain_cutout_rules *rules, const struct mlgrain_box *box, int number,
                double cell[3][3], int kept[3])
{
  double axis[3][3], unit[3][3] = {{0.0}};
  int count = 0;
  axes_of(number, axis);
  for (int k = 0; k < 3; k++) {
    kept[k] = !box->bounded[k] && norm3(box->edge[k]) <= rules->edge * (1.0 + rules->variation);
    if (!kept[k])
      continue;
    memcpy(cell[k], box->edge[k], sizeof cell[k]);
    take_off(unit, count, cell[k], unit[count]);
    make_unit(unit[count++]);
  }
  for (int k = 0; k < 3; k++) {
    if (kept[k])
      continue;
    add_normal(axis, unit, count);
    const double change =
        number ? rules->variation * (2.0 * mlgrain_random(SEED, (uint64_t)number, (uint64_t)k) - 1)
               : 0.0;
    for (int d = 0; d < 3; d++)
      cell[k][d] = rules->edge * (1.0 + change) * unit[count][d];
    count++;
  }
  make_right_handed(kept, cell);
}

double mlgrain_cutout_reach(const struct mlgrain_cutout_rules *rules, const struct mlgrain_box *box)
{
  double reach = 0.0;
  if (!cutout_rules_are_sound(rules))
    return 0.0;
  for (int number = 0; number < rules->boxes; number++) {
    double cell[3][3];
    int kept[3];
    cutout_box(rules, box, number, cell, kept);
    reach = fmax(reach, cutout_half_diagonal(cell));
  }
  return (reach + rules->seam_reach) * (1.0 + 1e-6);
}
