/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mlgrain/measured_boundary.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error_text.h"
#include "base/vector3.h"
#include "lattice/exact.h"
#include "lattice/quaternions.h"
#include "lattice/rotation_private.h"
#include "mlgrain/orientation.h"

static const double DEGREE = 0.017453292519943295;

/* One of the rotations S1 R S2^-1 and S1 R^-1 S2^-1 that are equivalent to that of a class. */
struct description {
  double quaternion[4];
  size_t place; /* of the class */
  int s1, inverse;
};

struct mlgrain_coincidence_catalog {
  struct mlgrain_lattice lattice;
  int operations;
  double operation[MLGRAIN_MOST_LATTICE_ROTATIONS][4];
  struct mlgrain_coincidence_class *class;
  size_t class_count;
  struct description *description; /* by class */
  size_t description_count, room;
};

/* Between two rotations, degrees; q and -q are one. */
static double angle_between(const double a[4], const double b[4])
{
  double back[4], difference[4];
  conjugate(a, back);
  mlgrain_quaternion_product(back, b, difference);
  return 2.0 * atan2(norm3(difference + 1), fabs(difference[0])) / DEGREE;
}

/* Brandon's limit, degrees. */
static double limit_of(int64_t sigma)
{
  return 15.0 / sqrt((double)sigma);
}

/* No disorientation is larger, degrees (H. Grimmer, Scripta Metall. 14 (1980) 161). */
static double largest_disorientation(int operations)
{
  return operations == 24 ? 62.80 : operations == 12 ? 93.85 : 180.0;
}

/* Those of the class that is the last so far. */
static int is_known(const struct mlgrain_coincidence_catalog *catalog, const double q[4],
                    size_t first)
{
  for (size_t k = first; k < catalog->description_count; k++)
    if (fabs(dot4(catalog->description[k].quaternion, q)) > 1.0 - 1e-12)
      return 1;
  return 0;
}

static enum mlgrain_status add_description(struct mlgrain_coincidence_catalog *catalog,
                                           const struct description *made,
                                           struct mlgrain_error *error)
{
  if (catalog->description_count == catalog->room) {
    const size_t room = 2 * catalog->room + 256;
    struct description *grown = realloc(catalog->description, room * sizeof *grown);
    if (!grown)
      return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "no memory for coincidence rotations");
    catalog->description = grown;
    catalog->room = room;
  }
  catalog->description[catalog->description_count++] = *made;
  return MLGRAIN_SUCCESS;
}

/* Only those that can be near a disorientation. */
static enum mlgrain_status add_class(struct mlgrain_coincidence_catalog *catalog, size_t place,
                                     struct mlgrain_error *error)
{
  const struct mlgrain_coincidence_class *class = &catalog->class[place];
  const size_t first = catalog->description_count;
  const int n = catalog->operations;
  const double most = largest_disorientation(n) + limit_of(class->sigma) + 0.01;
  const double least_cosine = most < 180.0 ? cos(0.5 * most * DEGREE) : 0.0;
  double matrix[3][3], q[2][4];
  mlgrain_rotation_matrix(&catalog->lattice, &class->rotation, matrix);
  mlgrain_quaternion_of_matrix((const double(*)[3])matrix, q[0]);
  conjugate(q[0], q[1]);
  for (int k = 0; k < 2 * n * n; k++) {
    struct description made = {.place = place, .s1 = k % n, .inverse = k / n / n};
    double left[4], back[4];
    mlgrain_quaternion_product(catalog->operation[made.s1], q[made.inverse], left);
    conjugate(catalog->operation[k / n % n], back);
    mlgrain_quaternion_product(left, back, made.quaternion);
    if (fabs(made.quaternion[0]) < least_cosine || is_known(catalog, made.quaternion, first))
      continue;
    const enum mlgrain_status status = add_description(catalog, &made, error);
    if (status)
      return status;
  }
  return MLGRAIN_SUCCESS;
}

enum mlgrain_status mlgrain_coincidence_catalog_create(const struct mlgrain_lattice *lattice,
                                                       int64_t most_sigma,
                                                       struct mlgrain_coincidence_catalog **catalog,
                                                       struct mlgrain_error *error)
{
  struct mlgrain_coincidence_catalog *made = calloc(1, sizeof *made);
  if (!made)
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "no memory for coincidence rotations");
  made->lattice = *lattice;
  made->operations = mlgrain_lattice_quaternions(lattice, made->operation);
  enum mlgrain_status status =
      mlgrain_coincidence_classes(lattice, most_sigma, &made->class, &made->class_count, error);
  for (size_t c = 0; c < made->class_count && !status; c++)
    status = add_class(made, c, error);
  if (status) {
    mlgrain_coincidence_catalog_free(made);
    return status;
  }
  *catalog = made;
  return MLGRAIN_SUCCESS;
}

void mlgrain_coincidence_catalog_free(struct mlgrain_coincidence_catalog *catalog)
{
  if (!catalog)
    return;
  free(catalog->class);
  free(catalog->description);
  free(catalog);
}

/* What of an inclination is missing to a pure twist or tilt. */
static double mixture(double inclination)
{
  return fmin(inclination, 90.0 - inclination);
}

/* Angles of the description q, whose axis and normal are in the frame of crystal 1. */
static void set_angles(const double q[4], const double normal[3],
                       struct mlgrain_measured_boundary *measured)
{
  double aside[3];
  const double along = fabs(dot3(q + 1, normal)), w = fabs(q[0]);
  cross3(q + 1, normal, aside);
  measured->angle = 2.0 * atan2(norm3(q + 1), w) / DEGREE;
  measured->inclination = measured->angle > 1e-6 ? atan2(norm3(aside), along) / DEGREE : 0.0;
  measured->twist = 2.0 * atan2(along, w) / DEGREE;
  measured->tilt = 2.0 * atan2(norm3(aside), hypot(w, along)) / DEGREE;
}

/* All descriptions are q S^-1, up to a change of both crystals' axes alike. Sets that of the
   disorientation and the angles. */
static void find_disorientation(const struct mlgrain_coincidence_catalog *catalog,
                                const double rotation[4], const double normal[3],
                                double disorientation[4],
                                struct mlgrain_measured_boundary *measured)
{
  double most_along = 0.0;
  for (int s = 0; s < catalog->operations; s++) {
    double q[4], back[4];
    struct mlgrain_measured_boundary trial;
    conjugate(catalog->operation[s], back);
    mlgrain_quaternion_product(rotation, back, q);
    set_angles(q, normal, &trial);
    most_along = fmax(most_along, fabs(dot3(q + 1, normal)));
    const double gain = s ? measured->angle - trial.angle : 1.0;
    if (gain > 1e-6 ||
        (gain > -1e-6 && mixture(trial.inclination) < mixture(measured->inclination))) {
      measured->angle = trial.angle;
      measured->inclination = trial.inclination;
      measured->twist = trial.twist;
      measured->tilt = trial.tilt;
      memcpy(disorientation, q, sizeof q);
    }
  }
  measured->half_turn = 2.0 * acos(fmin(1.0, most_along)) / DEGREE;
}

/* The description nearest in parts of Brandon's limit, or NULL. */
static const struct description *find_coincidence(const struct mlgrain_coincidence_catalog *catalog,
                                                  const double disorientation[4],
                                                  struct mlgrain_measured_boundary *measured)
{
  const struct description *found = NULL;
  double least = 1.0, limit = 0.0, cosine = 2.0;
  size_t place = SIZE_MAX;
  if (measured->angle <= limit_of(1)) {
    measured->sigma = 1;
    measured->deviation = measured->angle;
    least = measured->angle / limit_of(1);
  }
  for (size_t k = 0; k < catalog->description_count; k++) {
    const struct description *d = &catalog->description[k];
    if (d->place != place) {
      place = d->place;
      limit = limit_of(catalog->class[place].sigma);
      cosine = cos(0.5 * limit * DEGREE) - 1e-12;
    }
    if (fabs(dot4(d->quaternion, disorientation)) < cosine)
      continue;
    const double deviation = angle_between(d->quaternion, disorientation);
    if (deviation / limit <= least) {
      least = deviation / limit;
      found = d;
      measured->sigma = catalog->class[place].sigma;
      measured->deviation = deviation;
    }
  }
  return found;
}

/* S1 R or S1 R^-1: how crystal 2 is described makes no difference to the boundary. */
static enum mlgrain_status exact_rotation(const struct mlgrain_coincidence_catalog *catalog,
                                          const struct description *description,
                                          struct mlgrain_rotation *rotation,
                                          struct mlgrain_error *error)
{
  *rotation = catalog->class[description->place].rotation;
  if (description->inverse) {
    const enum mlgrain_status status =
        mlgrain_rotation_inverse(&catalog->class[description->place].rotation, rotation, error);
    if (status)
      return status;
  }
  int overflow = 0;
  exact_multiply(catalog->lattice.rotation[description->s1], rotation->matrix, rotation->matrix,
                 &overflow);
  return overflow ? mlgrain_too_large(error) : MLGRAIN_SUCCESS;
}

/* Planes k = (g . c_0, g . c_1, g . c_2), whole numbers without common factor, of a CSL c repeat by
   an area V |g|. */
struct plane_search {
  double c[3][3], dual[3][3], length[3];
  double volume;
  double normal[3], limit; /* unit vector; degrees */
  double area, deviation;  /* of the best so far */
  int64_t k[3];
};

static void try_plane(struct plane_search *search, const int64_t k[3])
{
  if (whole_gcd(whole_gcd(k[0], k[1]), k[2]) != 1)
    return;
  const double f[3] = {(double)k[0], (double)k[1], (double)k[2]};
  double g[3], aside[3];
  combine3((const double(*)[3])search->dual, f, g);
  cross3(g, search->normal, aside);
  const double deviation = atan2(norm3(aside), dot3(g, search->normal)) / DEGREE;
  const double area = search->volume * norm3(g), rounding = 1e-9 * area;
  if (deviation > search->limit || area > search->area + rounding ||
      (area > search->area - rounding && deviation >= search->deviation))
    return;
  search->area = area;
  search->deviation = deviation;
  memcpy(search->k, k, sizeof search->k);
}

/* Planes whose largest number, along the CSL vector most along the normal, is t: those in the cone
   g = s (n + e) with e across n and |e| <= tan(limit). */
static void try_slice(struct plane_search *search, const double x[3], int along, int64_t t)
{
  const double slope = tan(search->limit * DEGREE);
  const double width = search->length[along] * slope;
  const double s[2] = {(double)t / (x[along] + width),
                       (double)t / fmax(x[along] - width, 0.05 * search->length[along])};
  const int p = (along + 1) % 3, q = (along + 2) % 3;
  int64_t low[3], high[3];
  for (int k = 0; k < 3; k++) {
    const double bound[2] = {x[k] - search->length[k] * slope, x[k] + search->length[k] * slope};
    low[k] = (int64_t)ceil(fmin(s[0] * bound[0], s[1] * bound[0]) - 1e-9);
    high[k] = (int64_t)floor(fmax(s[0] * bound[1], s[1] * bound[1]) + 1e-9);
  }
  int64_t trial[3];
  trial[along] = t;
  for (trial[p] = low[p]; trial[p] <= high[p]; trial[p]++)
    for (trial[q] = low[q]; trial[q] <= high[q]; trial[q]++)
      try_plane(search, trial);
}

/* |k_i| <= |c_i| |g|, so that slices from t on hold areas of V t / |c| at least. */
static void find_plane(struct plane_search *search)
{
  double x[3];
  int along = 0;
  for (int k = 0; k < 3; k++) {
    search->length[k] = norm3(search->c[k]);
    x[k] = dot3(search->c[k], search->normal);
    if (fabs(x[k]) / search->length[k] > fabs(x[along]) / search->length[along])
      along = k;
  }
  if (x[along] < 0.0)
    for (int k = 0; k < 3; k++) {
      x[k] = -x[k];
      search->normal[k] = -search->normal[k];
    }
  search->area = INFINITY;
  search->deviation = INFINITY;
  for (int64_t t = 1;
       search->volume * (double)t <= search->area * (1.0 + 1e-9) * search->length[along]; t++)
    try_slice(search, x, along, t);
}

/* The normal in crystal 1 that is halfway between what both crystals say. */
static void mean_normal(const double disorientation[4], const double exact[4],
                        const double normal[3], double mean[3])
{
  double back[4], turn[4], m[3][3], other[3];
  conjugate(disorientation, back);
  mlgrain_quaternion_product(exact, back, turn);
  mlgrain_quaternion_matrix(turn, m);
  apply3((const double(*)[3])m, normal, other);
  for (int d = 0; d < 3; d++)
    mean[d] = normal[d] + other[d];
  const double length = norm3(mean);
  for (int d = 0; d < 3; d++)
    mean[d] /= length;
}

static void set_lattice(const struct mlgrain_lattice *lattice, const int64_t csl[3][3],
                        struct plane_search *search)
{
  double frame[3][3];
  mlgrain_lattice_frame(lattice, frame);
  for (int i = 0; i < 3; i++)
    for (int d = 0; d < 3; d++) {
      search->c[i][d] = 0.0;
      for (int k = 0; k < 3; k++)
        search->c[i][d] += frame[d][k] * (double)csl[i][k] / (double)lattice->divisor;
    }
  search->volume = fabs(dual3((const double(*)[3])search->c, search->dual));
}

static enum mlgrain_status find_boundary(const struct mlgrain_coincidence_catalog *catalog,
                                         const struct description *description,
                                         const double disorientation[4], const double normal[3],
                                         struct mlgrain_measured_boundary *measured,
                                         struct mlgrain_error *error)
{
  struct mlgrain_rotation rotation;
  struct mlgrain_coincidence coincidence;
  struct plane_search search = {.limit = limit_of(measured->sigma)};
  enum mlgrain_status status = exact_rotation(catalog, description, &rotation, error);
  if (!status)
    status = mlgrain_coincidence_find(&catalog->lattice, &rotation, &coincidence, error);
  if (status)
    return status;
  set_lattice(&catalog->lattice, (const int64_t(*)[3])coincidence.csl, &search);
  mean_normal(disorientation, description->quaternion, normal, search.normal);
  find_plane(&search);
  int overflow = 0;
  int64_t adjugate[3][3], hkl[3];
  exact_adjugate(coincidence.csl, adjugate, &overflow); /* k_i = c_i . (h k l) */
  exact_apply(adjugate, search.k, hkl, &overflow);
  if (overflow)
    return mlgrain_too_large(error);
  whole_reduce(hkl, 3);
  measured->is_near = 1;
  measured->area = search.area;
  measured->plane_deviation = search.deviation;
  return mlgrain_boundary_create(&catalog->lattice, &rotation, hkl, &measured->boundary, error);
}

enum mlgrain_boundary_kind mlgrain_measured_kind(const struct mlgrain_measured_boundary *measured,
                                                 double tolerance)
{
  if (measured->half_turn <= tolerance)
    return MLGRAIN_SYMMETRIC_TILT;
  if (measured->inclination <= tolerance)
    return MLGRAIN_TWIST;
  return measured->inclination >= 90.0 - tolerance ? MLGRAIN_ASYMMETRIC_TILT : MLGRAIN_MIXED;
}

enum mlgrain_status mlgrain_boundary_measure(const struct mlgrain_coincidence_catalog *catalog,
                                             const struct mlgrain_octonion *octonion,
                                             struct mlgrain_measured_boundary *measured,
                                             struct mlgrain_error *error)
{
  double back[4], rotation[4], disorientation[4] = {1.0}, m[3][3];
  *measured = (struct mlgrain_measured_boundary){.angle = 0.0};
  conjugate(octonion->first, back);
  mlgrain_quaternion_product(back, octonion->second, rotation);
  mlgrain_quaternion_matrix(octonion->first, m);
  const double *normal = m[2]; /* z of the common frame in crystal 1 */
  find_disorientation(catalog, rotation, normal, disorientation, measured);
  const struct description *found = find_coincidence(catalog, disorientation, measured);
  return found ? find_boundary(catalog, found, disorientation, normal, measured, error)
               : MLGRAIN_SUCCESS;
}

int mlgrain_coincidence_nearest(const struct mlgrain_coincidence_catalog *catalog,
                                const double turn[3][3], struct mlgrain_coincidence_class *nearest,
                                double *deviation)
{
  double q[4], most = -1.0;
  mlgrain_quaternion_of_matrix(turn, q);
  for (int s = 0; s < catalog->operations; s++) {
    double back[4], trial[4];
    conjugate(catalog->operation[s], back);
    mlgrain_quaternion_product(q, back, trial);
    for (size_t k = 0; k < catalog->description_count; k++) {
      const double cosine = fabs(dot4(catalog->description[k].quaternion, trial));
      if (cosine <= most)
        continue;
      most = cosine;
      *deviation = angle_between(catalog->description[k].quaternion, trial);
      *nearest = catalog->class[catalog->description[k].place];
    }
  }
  return catalog->description_count > 0;
}
