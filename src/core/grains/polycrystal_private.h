/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private: a crystal in its cell, as polycrystal.c prepares it and polycrystal_fill.c uses it. */
#ifndef MLGRAIN_POLYCRYSTAL_PRIVATE_H
#define MLGRAIN_POLYCRYSTAL_PRIVATE_H

#include "base/vector3.h"
#include "mlgrain/polycrystal.h"

/* A face in lattice coordinates u (position from the seed = sum_k u[k] vector[k]): inside is
   normal . u <= offset, and the difference is a distance. */
struct crystal_plane {
  double normal[3], offset;
  double row_length; /* 1 / normal[0]: along a row for each unit of distance */
};

struct crystal {
  double vector[3][3];  /* of the lattice, turned */
  double inverse[3][3]; /* u = inverse x */
  double origin[3];     /* of the seed, fraction of the box */
  double step[3][3];    /* step[k]: vector[k] in fractions of the box edges */
  double reach[3];      /* largest |u[k]| at the distance of the cutoff */
  int low[3], high[3];  /* n[k] of all sites inside are low .. high */
};

/* A cell so near that its sites may remove some of a grain's. */
struct near_cell {
  size_t grain;
  size_t face;  /* of its own, which the grain's cell is most outside of */
  double to[3]; /* from the grain's seed to its seed */
};

struct near_cells {
  struct near_cell *cell;
  struct crystal_plane *beyond; /* sites of the grain inside of it are too far from the cell */
  size_t count;
};

struct mlgrain_polycrystal {
  struct mlgrain_polycrystal_settings settings;
  size_t grains;
  int basis_count;
  double (*basis)[3];
  struct crystal *crystal;     /* [grains] */
  struct crystal_plane *plane; /* as the faces of settings.cells */
  struct near_cells *near;     /* [grains] */
};

/* fmin, fmax, ceil and floor of numbers, without the function calls that those are. */
static inline double smaller(double a, double b)
{
  return a < b ? a : b;
}

static inline double larger(double a, double b)
{
  return a > b ? a : b;
}

/* The first index that is not below a value, within 2^30. */
static inline int index_from(double value)
{
  const int n = (int)smaller(larger(value, -0x1p30), 0x1p30);
  return n < value ? n + 1 : n;
}

/* The last one that is not above. */
static inline int index_to(double value)
{
  const int n = (int)smaller(larger(value, -0x1p30), 0x1p30);
  return n > value ? n - 1 : n;
}

/* The plane normal . x = offset, x from the seed. */
static inline struct crystal_plane crystal_plane_of(const struct crystal *crystal,
                                                    const double normal[3], double offset)
{
  struct crystal_plane plane;
  apply3((const double(*)[3])crystal->vector, normal, plane.normal);
  plane.offset = offset;
  plane.row_length = 1.0 / plane.normal[0];
  return plane;
}

/* Whether a point in lattice coordinates is on the inner side of a face. */
static inline int is_inside_plane(const struct crystal_plane *plane, const double u[3])
{
  return dot3(plane->normal, u) <= plane->offset;
}

/* Whether it is inside the cell of a grain. */
static inline int crystal_contains(const struct mlgrain_polycrystal *p, size_t grain,
                                   const double u[3])
{
  const size_t *first = p->settings.cells->first_face;
  for (size_t f = first[grain]; f < first[grain + 1]; f++)
    if (!is_inside_plane(&p->plane[f], u))
      return 0;
  return 1;
}

/* Finds the cells that win at their boundary with a grain and come within the cutoff of its cell,
   as p->near[grain]. MLGRAIN_OUT_OF_MEMORY. */
enum mlgrain_status near_cells_find(struct mlgrain_polycrystal *p, size_t grain,
                                    struct mlgrain_error *error);

/* Whether a site of a grain, in lattice coordinates, is removed. */
int near_cells_remove(const struct mlgrain_polycrystal *p, size_t grain, const double u[3]);

#endif
