/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lists of all coincidence rotations and of all boundaries up to given sizes. */
#include <math.h>
#include <stdlib.h>

#include "base/error_text.h"
#include "lattice/equivalents.h"
#include "lattice/exact.h"
#include "lattice/rotation_private.h"
#include "mlgrain/boundary.h"

/* An array that grows. */
struct growing {
  void *item;
  size_t count, room, size;
};

static void *grow(struct growing *array)
{
  if (array->count == array->room) {
    const size_t room = 2 * array->room + 64;
    void *item = realloc(array->item, room * array->size);
    if (!item)
      return NULL;
    array->item = item;
    array->room = room;
  }
  return (char *)array->item + array->size * array->count++;
}

static enum mlgrain_status out_of_memory(struct mlgrain_error *error)
{
  return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "not enough memory for a list of boundaries");
}

static enum mlgrain_status add_class(const struct mlgrain_lattice *lattice,
                                     const struct mlgrain_rotation *rotation,
                                     struct growing *classes, struct mlgrain_error *error)
{
  struct mlgrain_coincidence_class *next = grow(classes);
  if (!next)
    return out_of_memory(error);
  return mlgrain_coincidence_class_find(lattice, rotation, next, error);
}

/* Of the lattice's rotations one of each set that the crystal's proper ones bring to each other, by
   multiplication from the left, or their inverses from the right. */
static int find_cosets(const struct mlgrain_lattice *crystal, const struct mlgrain_lattice *all,
                       int coset[MLGRAIN_MOST_LATTICE_ROTATIONS])
{
  int count = 0, overflow = 0;
  for (int s = 0; s < all->rotations; s++) {
    int known = 0;
    for (int k = 0; k < count && !known; k++)
      for (int p = 0; p < crystal->rotations && !known; p++) {
        int64_t product[3][3];
        exact_multiply(crystal->rotation[p], all->rotation[coset[k]], product, &overflow);
        known = crystal->sense[p] & MLGRAIN_PROPER &&
                !memcmp(product, all->rotation[s], sizeof product);
      }
    if (!known)
      coset[count++] = s;
  }
  return count;
}

/* All rotations that are one by the lattice's symmetry, where the crystal has less of it: S1 R
   S2^-1 with the cosets of either. */
static enum mlgrain_status add_cosets(const struct mlgrain_lattice *lattice,
                                      const struct mlgrain_rotation *rotation,
                                      struct growing *classes, struct mlgrain_error *error)
{
  struct mlgrain_lattice all;
  int coset[MLGRAIN_MOST_LATTICE_ROTATIONS], overflow = 0;
  enum mlgrain_status status = mlgrain_lattice_of_gram(lattice->gram, lattice->unit, &all, error);
  const int count = status ? 0 : find_cosets(lattice, &all, coset);
  for (int a = 0; a < count && !status; a++)
    for (int b = 0; b < count && !status; b++) {
      struct mlgrain_rotation other = {.divisor = rotation->divisor};
      int64_t left[3][3], inverse[3][3];
      exact_multiply(all.rotation[coset[a]], rotation->matrix, left, &overflow);
      exact_adjugate(all.rotation[coset[b]], inverse, &overflow);
      exact_multiply(left, inverse, other.matrix, &overflow);
      status = overflow ? mlgrain_too_large(error) : add_class(lattice, &other, classes, error);
    }
  return status;
}

/* a >= b >= c >= d >= 0 with squares that sum up to sigma. */
static enum mlgrain_status add_quadruples(const struct mlgrain_lattice *lattice, int64_t sigma,
                                          struct growing *classes, struct mlgrain_error *error)
{
  for (int64_t a = whole_root(sigma); a * a * 4 >= sigma; a--)
    for (int64_t b = 0; b <= a && a * a + b * b <= sigma; b++)
      for (int64_t c = 0; c <= b && a * a + b * b + c * c <= sigma; c++) {
        const int64_t rest = sigma - a * a - b * b - c * c, d = whole_root(rest);
        if (d * d != rest || d > c || whole_gcd(whole_gcd(a, b), whole_gcd(c, d)) != 1)
          continue;
        const int64_t quadruple[4] = {a, b, c, d};
        struct mlgrain_rotation rotation;
        enum mlgrain_status status =
            mlgrain_rotation_of_quadruple(lattice, quadruple, &rotation, error);
        if (!status)
          status = add_cosets(lattice, &rotation, classes, error);
        if (status)
          return status;
      }
  return MLGRAIN_SUCCESS;
}

static enum mlgrain_status add_cubic(const struct mlgrain_lattice *lattice, int64_t most_sigma,
                                     struct growing *classes, struct mlgrain_error *error)
{
  for (int64_t sigma = 3; sigma <= most_sigma; sigma += 2) {
    const enum mlgrain_status status = add_quadruples(lattice, sigma, classes, error);
    if (status)
      return status;
  }
  return MLGRAIN_SUCCESS;
}

/* Adds z to the vectors (x, y, z) of one square, if it is a whole number: the roots of
   g_33 z^2 + 2 (g_13 x + g_23 y) z + (products of x and y) = square. */
static int add_third(const struct mlgrain_lattice *lattice, int64_t x, int64_t y, int64_t square,
                     struct growing *shell)
{
  const int64_t(*g)[3] = lattice->gram;
  const int64_t half = g[0][2] * x + g[1][2] * y;
  const int64_t rest = g[0][0] * x * x + 2 * g[0][1] * x * y + g[1][1] * y * y - square;
  const int64_t discriminant = half * half - g[2][2] * rest;
  if (discriminant < 0)
    return 1;
  const int64_t root = whole_root(discriminant);
  if (root * root != discriminant)
    return 1;
  for (int sign = -1; sign <= (root ? 1 : -1); sign += 2) {
    if ((-half + sign * root) % g[2][2])
      continue;
    int64_t *v = grow(shell);
    if (!v)
      return 0;
    v[0] = x;
    v[1] = y;
    v[2] = (-half + sign * root) / g[2][2];
  }
  return 1;
}

/* All vectors of one square. */
static int find_shell(const struct mlgrain_lattice *lattice, int64_t square, struct growing *shell)
{
  int overflow = 0;
  int64_t adjugate[3][3], most[2];
  const double volume = (double)exact_adjugate(lattice->gram, adjugate, &overflow);
  for (int k = 0; k < 2; k++)
    most[k] = (int64_t)(sqrt((double)square * (double)adjugate[k][k] / volume) + 1e-9);
  shell->count = 0;
  for (int64_t x = -most[0]; x <= most[0]; x++)
    for (int64_t y = -most[1]; y <= most[1]; y++)
      if (!add_third(lattice, x, y, square, shell))
        return 0;
  return 1;
}

/* Whether no image of v by the crystal's proper rotations comes after it. */
static int is_last_image(const struct mlgrain_lattice *lattice, const int64_t v[3])
{
  int overflow = 0;
  for (int s = 0; s < lattice->rotations; s++) {
    int64_t image[3];
    exact_apply(lattice->rotation[s], v, image, &overflow);
    if (lattice->sense[s] & MLGRAIN_PROPER && compare_whole(image, v, 3) > 0)
      return 0;
  }
  return 1;
}

/* The rotation that takes the axes to x / m, y / m, z / m, if it is a proper one of a Sigma up to
   most_sigma. */
static enum mlgrain_status try_images(const struct mlgrain_lattice *lattice, const int64_t x[3],
                                      const int64_t y[3], const int64_t z[3], int64_t m,
                                      int64_t most_sigma, struct growing *classes,
                                      struct mlgrain_error *error)
{
  const int64_t divisor = whole_gcd(
      m, whole_gcd(whole_gcd(whole_gcd(x[0], x[1]), whole_gcd(x[2], y[0])),
                   whole_gcd(whole_gcd(y[1], y[2]), whole_gcd(z[0], whole_gcd(z[1], z[2])))));
  if (divisor != 1) /* found with a smaller m */
    return MLGRAIN_SUCCESS;
  struct mlgrain_rotation rotation = {.divisor = m};
  for (int k = 0; k < 3; k++) {
    rotation.matrix[k][0] = x[k];
    rotation.matrix[k][1] = y[k];
    rotation.matrix[k][2] = z[k];
  }
  int64_t adjugate[3][3];
  int overflow = 0;
  if (exact_adjugate(rotation.matrix, adjugate, &overflow) < 0)
    return MLGRAIN_SUCCESS;
  struct mlgrain_coincidence coincidence;
  enum mlgrain_status status = mlgrain_coincidence_find(lattice, &rotation, &coincidence, error);
  if (!status && coincidence.sigma > 1 && coincidence.sigma <= most_sigma)
    status = add_class(lattice, &rotation, classes, error);
  return status;
}

/* Images of the axes of m times their lengths, with the products of the axes. */
static enum mlgrain_status add_images(const struct mlgrain_lattice *lattice, int64_t m,
                                      int64_t most_sigma, struct growing shell[3],
                                      struct growing *classes, struct mlgrain_error *error)
{
  const int64_t(*g)[3] = lattice->gram;
  for (int k = 0; k < 3; k++)
    if (!find_shell(lattice, m * m * g[k][k], &shell[k]))
      return out_of_memory(error);
  int overflow = 0;
  const int64_t(*x)[3] = shell[0].item, (*y)[3] = shell[1].item, (*z)[3] = shell[2].item;
  for (size_t a = 0; a < shell[0].count; a++) {
    if (!is_last_image(lattice, x[a]))
      continue;
    int64_t dual[2][3];
    exact_apply(g, x[a], dual[0], &overflow);
    for (size_t b = 0; b < shell[1].count; b++) {
      if (exact_dot(dual[0], y[b], &overflow) != m * m * g[0][1])
        continue;
      exact_apply(g, y[b], dual[1], &overflow);
      for (size_t c = 0; c < shell[2].count; c++) {
        if (exact_dot(dual[0], z[c], &overflow) != m * m * g[0][2] ||
            exact_dot(dual[1], z[c], &overflow) != m * m * g[1][2])
          continue;
        const enum mlgrain_status status =
            try_images(lattice, x[a], y[b], z[c], m, most_sigma, classes, error);
        if (status)
          return status;
      }
    }
  }
  return overflow ? mlgrain_too_large(error) : MLGRAIN_SUCCESS;
}

static enum mlgrain_status add_any(const struct mlgrain_lattice *lattice, int64_t most_sigma,
                                   struct growing *classes, struct mlgrain_error *error)
{
  struct growing shell[3];
  for (int k = 0; k < 3; k++)
    shell[k] = (struct growing){NULL, 0, 0, sizeof(int64_t[3])};
  enum mlgrain_status status = MLGRAIN_SUCCESS;
  for (int64_t m = 1; m <= most_sigma && !status; m++)
    status = add_images(lattice, m, most_sigma, shell, classes, error);
  for (int k = 0; k < 3; k++)
    free(shell[k].item);
  return status;
}

static int by_sigma(const void *a, const void *b)
{
  const struct mlgrain_coincidence_class *p = a, *q = b;
  if (p->sigma != q->sigma)
    return p->sigma < q->sigma ? -1 : 1;
  if (fabs(p->angle - q->angle) > 1e-9)
    return p->angle < q->angle ? -1 : 1;
  const int order = compare_whole(&p->rotation.divisor, &q->rotation.divisor, 1);
  return order ? order : compare_whole(q->rotation.matrix[0], p->rotation.matrix[0], 9);
}

static int is_cubic(const struct mlgrain_lattice *lattice)
{
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++)
      if (lattice->gram[i][j] != (i == j ? lattice->gram[0][0] : 0))
        return 0;
  return 1;
}

static enum mlgrain_status check_sigma(const struct mlgrain_lattice *lattice, int64_t most_sigma,
                                       struct mlgrain_error *error)
{
  enum { MOST_CUBIC = 10000, MOST = 200 };
  const int cubic = is_cubic(lattice), most = cubic ? MOST_CUBIC : MOST;
  if (most_sigma < 1 || most_sigma > most)
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                        "the largest Sigma is from 1 to %d, not %lld", most, (long long)most_sigma);
  if (!cubic && lattice->divisor != 1)
    return mlgrain_fail(error, MLGRAIN_UNSUPPORTED,
                        "a centered lattice that isn't cubic: take its primitive vectors as axes");
  for (int k = 0; k < 9; k++)
    if (whole_absolute(lattice->gram[k / 3][k % 3]) > 1000000)
      return mlgrain_too_large(error);
  return MLGRAIN_SUCCESS;
}

enum mlgrain_status mlgrain_coincidence_classes(const struct mlgrain_lattice *lattice,
                                                int64_t most_sigma,
                                                struct mlgrain_coincidence_class **list,
                                                size_t *count, struct mlgrain_error *error)
{
  struct growing classes = {NULL, 0, 0, sizeof **list};
  enum mlgrain_status status = check_sigma(lattice, most_sigma, error);
  if (!status)
    status = is_cubic(lattice) ? add_cubic(lattice, most_sigma, &classes, error)
                               : add_any(lattice, most_sigma, &classes, error);
  if (status) {
    free(classes.item);
    return status;
  }
  struct mlgrain_coincidence_class *found = classes.item;
  if (classes.count)
    qsort(found, classes.count, sizeof *found, by_sigma);
  *count = 0;
  for (size_t k = 0; k < classes.count; k++)
    if (!*count || by_sigma(&found[k], &found[*count - 1]))
      found[(*count)++] = found[k];
  *list = found;
  return MLGRAIN_SUCCESS;
}

static int by_plane(const void *a, const void *b)
{
  return compare_whole(((const struct mlgrain_boundary_entry *)b)->plane,
                       ((const struct mlgrain_boundary_entry *)a)->plane, 3);
}

static int by_area(const void *a, const void *b)
{
  const struct mlgrain_boundary_entry *p = a, *q = b;
  if (fabs(p->area - q->area) > 1e-9 * (p->area + q->area))
    return p->area < q->area ? -1 : 1;
  return by_plane(a, b);
}

/* Planes k . (CSL vectors) = whole numbers without common factor, |k_i| at most reach[i], with
   k^T adjugate k at most `most`: that is their area squared. */
struct plane_search {
  const struct mlgrain_lattice *lattice;
  struct equivalents equivalents;
  int64_t inverse[3][3]; /* planes on the axes from those on the CSL vectors, up to a factor */
  double adjugate[3][3], most, scale;
  int64_t reach[3];
};

static enum mlgrain_status prepare(const struct mlgrain_lattice *lattice,
                                   const struct mlgrain_coincidence_class *rotation_class,
                                   double most_area, struct plane_search *search,
                                   struct mlgrain_error *error)
{
  struct mlgrain_coincidence coincidence;
  enum mlgrain_status status =
      mlgrain_coincidence_find(lattice, &rotation_class->rotation, &coincidence, error);
  if (!status)
    status = find_equivalents(lattice, &rotation_class->rotation, &search->equivalents, error);
  if (status)
    return status;
  int overflow = 0;
  int64_t gram[3][3], adjugate[3][3];
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++)
      gram[i][j] = exact_inner(lattice->gram, coincidence.csl[i], coincidence.csl[j], &overflow);
  const double determinant = (double)exact_adjugate(gram, adjugate, &overflow);
  exact_adjugate(coincidence.csl, search->inverse, &overflow);
  const double unit = lattice->unit / (double)lattice->divisor;
  search->lattice = lattice;
  search->scale = unit * unit;
  search->most = most_area / search->scale * (1 + 1e-12);
  double planes = 1.0;
  for (int k = 0; k < 3; k++) {
    /* k_i = c_i . g with the vector g of the reciprocal CSL, g^2 = k^T adjugate k / determinant */
    const double reach = search->most * sqrt((double)gram[k][k] / determinant);
    planes *= 2 * reach + 1;
    search->reach[k] = reach < 1e9 ? (int64_t)reach : 0;
    for (int j = 0; j < 3; j++)
      search->adjugate[k][j] = (double)adjugate[k][j];
  }
  if (overflow)
    return mlgrain_too_large(error);
  if (planes > 1e8)
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                        "the largest area %g is too large: Sigma %lld alone has millions of planes",
                        most_area, (long long)rotation_class->sigma);
  return MLGRAIN_SUCCESS;
}

/* Adds the plane if it repeats soon enough. Returns 0 without memory. */
static int try_plane(const struct plane_search *search, size_t place, const int64_t k[3],
                     struct growing *planes, int *overflow)
{
  double square = 0.0;
  for (int i = 0; i < 3; i++)
    for (int j = 0; j < 3; j++)
      square += search->adjugate[i][j] * (double)k[i] * (double)k[j];
  if (square > search->most * search->most || whole_gcd(whole_gcd(k[0], k[1]), k[2]) != 1)
    return 1;
  int64_t plane[3];
  exact_apply(search->inverse, k, plane, overflow);
  whole_reduce(plane, 3);
  struct mlgrain_boundary_entry *entry = grow(planes);
  if (!entry)
    return 0;
  choose_plane(&search->equivalents, plane, entry->plane, overflow);
  entry->rotation_class = place;
  entry->area = sqrt(square) * search->scale;
  return 1;
}

/* One of each pair of opposite planes, which are the same boundary; in crystals without a center of
   inversion both. */
static enum mlgrain_status find_planes(const struct plane_search *search, size_t place,
                                       struct growing *planes, struct mlgrain_error *error)
{
  int overflow = 0;
  const int64_t *reach = search->reach;
  const int is_centered = search->lattice->sense[0] == MLGRAIN_BOTH_SENSES;
  for (int64_t x = 0; x <= reach[0]; x++)
    for (int64_t y = x ? -reach[1] : 0; y <= reach[1]; y++)
      for (int64_t z = x || y ? -reach[2] : 1; z <= reach[2]; z++)
        if (!try_plane(search, place, (const int64_t[3]){x, y, z}, planes, &overflow) ||
            (!is_centered &&
             !try_plane(search, place, (const int64_t[3]){-x, -y, -z}, planes, &overflow)))
          return out_of_memory(error);
  return overflow ? mlgrain_too_large(error) : MLGRAIN_SUCCESS;
}

/* Each plane once, with its kind, by area. */
static enum mlgrain_status finish_planes(const struct mlgrain_lattice *lattice,
                                         const struct mlgrain_rotation *rotation, size_t first,
                                         struct growing *planes, struct mlgrain_error *error)
{
  if (planes->count == first)
    return MLGRAIN_SUCCESS;
  struct mlgrain_boundary_entry *entry = (struct mlgrain_boundary_entry *)planes->item + first;
  const size_t found = planes->count - first;
  qsort(entry, found, sizeof *entry, by_plane);
  size_t count = 0;
  for (size_t k = 0; k < found; k++)
    if (!count || by_plane(&entry[k], &entry[count - 1]))
      entry[count++] = entry[k];
  planes->count = first + count;
  for (size_t k = 0; k < count; k++) {
    struct mlgrain_boundary boundary = {.rotation = *rotation};
    enum mlgrain_status status = mlgrain_set_plane(rotation, entry[k].plane, boundary.plane, error);
    if (!status)
      status = mlgrain_boundary_kind_find(lattice, &boundary, &entry[k].kind, error);
    if (status)
      return status;
  }
  qsort(entry, count, sizeof *entry, by_area);
  return MLGRAIN_SUCCESS;
}

enum mlgrain_status mlgrain_boundaries_list(const struct mlgrain_lattice *lattice,
                                            const struct mlgrain_coincidence_class *classes,
                                            size_t class_count, double most_area,
                                            struct mlgrain_boundary_entry **list, size_t *count,
                                            struct mlgrain_error *error)
{
  if (!(most_area > 0.0) || !isfinite(most_area))
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "the largest area %g is not positive",
                        most_area);
  struct growing planes = {NULL, 0, 0, sizeof **list};
  enum mlgrain_status status = MLGRAIN_SUCCESS;
  for (size_t k = 0; k < class_count && !status; k++) {
    struct plane_search search;
    const size_t first = planes.count;
    status = prepare(lattice, &classes[k], most_area, &search, error);
    if (!status)
      status = find_planes(&search, k, &planes, error);
    if (!status)
      status = finish_planes(lattice, &classes[k].rotation, first, &planes, error);
  }
  if (status) {
    free(planes.item);
    return status;
  }
  *list = planes.item;
  *count = planes.count;
  return MLGRAIN_SUCCESS;
}
