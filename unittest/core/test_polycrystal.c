/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sites of a polycrystal against all lattice points tried one by one, and what must hold for any:
   parts fit together, nothing is nearer than the cutoff, a crystal without misorientation is whole.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mlgrain/grains.h"
#include "mlgrain/polycrystal.h"
#include "near.h"

static const double fcc[4][3] = {{0, 0, 0}, {0, .5, .5}, {.5, 0, .5}, {.5, .5, 0}};
static const double hcp[4][3] = {{0, 0, 0}, {.5, .5, 0}, {.5, 5. / 6, .5}, {0, 1. / 3, .5}};
static const double origin[1][3] = {{0, 0, 0}};

static const struct mlgrain_crystal_cell cubic = {{{4, 0, 0}, {0, 4, 0}, {0, 0, 4}}, 4, fcc};
static const struct mlgrain_crystal_cell hexagonal = {
    {{3, 0, 0}, {0, 5.196152422706632, 0}, {0, 0, 4.898979485566356}}, 4, hcp};
static const struct mlgrain_crystal_cell oblique = {
    {{3, 0, 0}, {1, 2.9, 0}, {0.4, -0.7, 3.3}}, 1, origin};

#define CUBE .edge = {{32, 0, 0}, {0, 32, 0}, {0, 0, 32}}
#define SKEW .low = {3, -5, 1}, .edge = {{40, 0, 0}, {11, 28, 0}, {-9, 13, 30}}
#define SMALL .low = {-1, 2, 0}, .edge = {{15, 0, 0}, {3, 13, 0}, {-4, 5, 12}}

static const struct mlgrain_box cube = {CUBE};
static const struct mlgrain_box skew = {SKEW};

/* Periodic; a film, a wire, a pillar; columns, some of them between surfaces. */
static const struct mlgrain_box small_boxes[] = {
    {SMALL},
    {SMALL, .bounded = {0, 0, 1}},
    {SMALL, .bounded = {1, 1, 0}},
    {SMALL, .bounded = {1, 1, 1}},
    {SMALL, .columns = 3},
    {SMALL, .columns = 1, .bounded = {1, 0, 0}},
    {SMALL, .columns = 2, .bounded = {1, 0, 0}},
};
enum { SMALL_BOXES = sizeof small_boxes / sizeof *small_boxes };

static double volume_of(const struct mlgrain_box *box)
{
  return box->edge[0][0] * box->edge[1][1] * box->edge[2][2];
}

/* ---- a polycrystal, and all of its sites ----------------------------------------------------- */

enum { MOST_GRAINS = 60, MOST_SITES = 30000 };

struct sample {
  struct mlgrain_box box;
  size_t grains;
  struct mlgrain_grain grain[MOST_GRAINS];
  struct mlgrain_tessellation *cells;
  struct mlgrain_polycrystal *crystals;
};

static void make(struct sample *sample, const struct mlgrain_crystal_cell *lattice, double cutoff)
{
  struct mlgrain_error error = {""};
  const struct mlgrain_polycrystal_settings settings = {
      .box = &sample->box, .grain = sample->grain, .lattice = lattice, .cutoff = cutoff};
  struct mlgrain_polycrystal_settings all = settings;
  if (mlgrain_tessellation_create(&sample->box, sample->grains, sample->grain, &sample->cells,
                                  &error))
    fail_msg("%s", error.text);
  all.cells = sample->cells;
  if (mlgrain_polycrystal_create(&all, &sample->crystals, &error))
    fail_msg("%s", error.text);
}

static void make_random(struct sample *sample, const struct mlgrain_box *box, size_t n,
                        const struct mlgrain_crystal_cell *lattice, double cutoff, uint64_t seed)
{
  const struct mlgrain_grain_settings random = {.seed = seed, .size_spread = seed % 2 ? 0.3 : 0.0};
  sample->box = *box;
  sample->grains = n;
  assert_int_equal(mlgrain_grains_random(box, n, &random, sample->grain, NULL), MLGRAIN_SUCCESS);
  make(sample, lattice, cutoff);
}

static void release(struct sample *sample)
{
  mlgrain_polycrystal_free(sample->crystals);
  mlgrain_tessellation_free(sample->cells);
}

struct site {
  size_t grain, row;
  uint32_t place;
  int basis;
  double x[3];
};

struct site_list {
  size_t grain, count, removed;
  struct site site[MOST_SITES];
};

static int take(void *context, const struct mlgrain_sites *sites)
{
  struct site_list *list = context;
  list->removed += sites->removed;
  for (size_t k = 0; k < sites->count; k++) {
    assert_true(list->count < MOST_SITES);
    struct site *site = &list->site[list->count++];
    site->grain = list->grain;
    site->row = sites->row;
    site->place = sites->place[k];
    site->basis = sites->basis;
    memcpy(site->x, sites->x[k], sizeof site->x);
  }
  return 1;
}

static void fill(const struct sample *sample, const struct mlgrain_part *part,
                 struct site_list *list)
{
  for (size_t g = 0; g < sample->grains; g++) {
    list->grain = g;
    assert_int_equal(mlgrain_polycrystal_fill(sample->crystals, g, part, take, list, NULL),
                     MLGRAIN_SUCCESS);
  }
}

static const struct mlgrain_part whole = {{0, 0, 0}, {1, 1, 1}};
static struct site_list found, pieces;

static void fill_all(const struct sample *sample, struct site_list *list)
{
  list->count = list->removed = 0;
  fill(sample, &whole, list);
}

static int order(const void *a, const void *b)
{
  const struct site *s = a, *t = b;
  if (s->grain != t->grain)
    return s->grain < t->grain ? -1 : 1;
  if (s->row != t->row)
    return s->row < t->row ? -1 : 1;
  return (s->place > t->place) - (s->place < t->place);
}

/* ---- the plain reference ------------------------------------------------------------------- */

/* A candidate for the plain reference: in the cell of an image of its grain, not wrapped. */
struct candidate {
  size_t grain;
  double x[3]; /* from the grain's seed */
};

/* Square of a vector's length, of its part across the columns if there are any. */
static double square_across(const struct mlgrain_box *box, const double d[3])
{
  double square = d[0] * d[0] + d[1] * d[1] + d[2] * d[2];
  if (box->columns) {
    const double *c = box->edge[box->columns - 1];
    const double along = d[0] * c[0] + d[1] * c[1] + d[2] * c[2];
    square -= along * along / (c[0] * c[0] + c[1] * c[1] + c[2] * c[2]);
  }
  return square;
}

/* How many images along an edge have cells beside one another; columns only meet end to end. */
static int images_beside(const struct mlgrain_box *box, int k)
{
  return box->bounded[k] || box->columns == k + 1 ? 0 : 3;
}

/* |x - seed|^2 - weight of another grain in its nearest image, x from the seed of grain g. */
static double power_distance(const struct sample *sample, size_t g, size_t h, const double x[3],
                             int others_only)
{
  const struct mlgrain_box *box = &sample->box;
  const int most[3] = {images_beside(box, 0), images_beside(box, 1), images_beside(box, 2)};
  double least = INFINITY;
  for (int i = -most[0]; i <= most[0]; i++)
    for (int j = -most[1]; j <= most[1]; j++)
      for (int k = -most[2]; k <= most[2]; k++) {
        if (others_only && i == 0 && j == 0 && k == 0)
          continue;
        double to[3];
        for (int d = 0; d < 3; d++)
          to[d] = sample->grain[h].seed[d] - sample->grain[g].seed[d] + i * box->edge[0][d] +
                  j * box->edge[1][d] + k * box->edge[2][d] - x[d];
        least = fmin(least, square_across(box, to) - sample->grain[h].weight);
      }
  return least;
}

/* Coordinates of a point in fractions of a box, which must be lower triangular. */
static void fractions(const struct mlgrain_box *box, const double x[3], double f[3])
{
  f[2] = (x[2] - box->low[2]) / box->edge[2][2];
  f[1] = (x[1] - box->low[1] - f[2] * box->edge[2][1]) / box->edge[1][1];
  f[0] = (x[0] - box->low[0] - f[1] * box->edge[1][0] - f[2] * box->edge[2][0]) / box->edge[0][0];
}

/* Whether a point is between the faces of the box at which cells end; those of columns in periodic
   boxes are moved up. `length` is that of the first lattice vector. */
static int is_between_ends(const struct sample *sample, size_t g, const double x[3], double length)
{
  const struct mlgrain_box *box = &sample->box;
  double place[3], f[3];
  for (int d = 0; d < 3; d++)
    place[d] = sample->grain[g].seed[d] + x[d];
  fractions(box, place, f);
  for (int k = 0; k < 3; k++) {
    const double *a = box->edge[(k + 1) % 3], *b = box->edge[(k + 2) % 3];
    const double area = sqrt(pow(a[1] * b[2] - a[2] * b[1], 2) + pow(a[2] * b[0] - a[0] * b[2], 2) +
                             pow(a[0] * b[1] - a[1] * b[0], 2));
    const double moved =
        box->bounded[k] ? 0.0 : MLGRAIN_COLUMN_SHIFT * length * area / volume_of(box);
    if (images_beside(box, k) == 0 && !(f[k] >= moved && f[k] < 1.0 + moved))
      return 0;
  }
  return 1;
}

static int is_inside(const struct sample *sample, size_t g, const double x[3], double length)
{
  if (!is_between_ends(sample, g, x, length))
    return 0;
  const double own = square_across(&sample->box, x) - sample->grain[g].weight;
  for (size_t h = 0; h < sample->grains; h++)
    if (power_distance(sample, g, h, x, g == h) < own)
      return 0;
  return 1;
}

static void site_at(const struct sample *sample, size_t g,
                    const struct mlgrain_crystal_cell *lattice, int b, const int n[3], double x[3])
{
  double turn[3][3], flat[3];
  mlgrain_quaternion_matrix(sample->grain[g].orientation, turn);
  for (int d = 0; d < 3; d++) {
    flat[d] = 0.0;
    for (int k = 0; k < 3; k++)
      flat[d] += (n[k] + lattice->basis[b][k]) * lattice->vector[k][d];
  }
  for (int d = 0; d < 3; d++)
    x[d] = turn[d][0] * flat[0] + turn[d][1] * flat[1] + turn[d][2] * flat[2];
}

/* Every lattice point near the grain that is nearest to its seed. */
static size_t all_inside(const struct sample *sample, size_t g,
                         const struct mlgrain_crystal_cell *lattice, double reach,
                         struct candidate *to)
{
  size_t count = 0;
  const int most = (int)(reach / 2.5) + 2;
  const double *a = lattice->vector[0], length = sqrt(a[0] * a[0] + a[1] * a[1] + a[2] * a[2]);
  for (int b = 0; b < lattice->basis_count; b++)
    for (int i = -most; i <= most; i++)
      for (int j = -most; j <= most; j++)
        for (int k = -most; k <= most; k++) {
          const int n[3] = {i, j, k};
          struct candidate c = {.grain = g};
          site_at(sample, g, lattice, b, n, c.x);
          if (c.x[0] * c.x[0] + c.x[1] * c.x[1] + c.x[2] * c.x[2] > reach * reach ||
              !is_inside(sample, g, c.x, length))
            continue;
          assert_true(count < MOST_SITES);
          to[count++] = c;
        }
  return count;
}

static double radius_of(const struct sample *sample, size_t g)
{
  double square = 0.0;
  for (size_t v = sample->cells->first_vertex[g]; v < sample->cells->first_vertex[g + 1]; v++) {
    const double *x = sample->cells->vertex[v];
    square = fmax(square, x[0] * x[0] + x[1] * x[1] + x[2] * x[2]);
  }
  return sqrt(square) + 0.1;
}

/* Shortest distance of two places, over the periodic images; with `self`, of a place to its own
   images. */
static double separation(const struct mlgrain_box *box, const double a[3], const double b[3],
                         int self)
{
  int most[3];
  double least = INFINITY;
  for (int d = 0; d < 3; d++)
    most[d] = box->bounded[d] ? 0 : 2;
  for (int i = -most[0]; i <= most[0]; i++)
    for (int j = -most[1]; j <= most[1]; j++)
      for (int k = -most[2]; k <= most[2]; k++) {
        if (self && i == 0 && j == 0 && k == 0)
          continue;
        double square = 0.0;
        for (int d = 0; d < 3; d++) {
          const double to =
              b[d] - a[d] + i * box->edge[0][d] + j * box->edge[1][d] + k * box->edge[2][d];
          square += to * to;
        }
        least = fmin(least, square);
      }
  return sqrt(least);
}

static void check_grain(const struct sample *sample, size_t g,
                        const struct mlgrain_crystal_cell *lattice)
{
  static struct candidate expected[MOST_SITES];
  static char used[MOST_SITES];
  const size_t count = all_inside(sample, g, lattice, radius_of(sample, g), expected);
  size_t mine = 0;
  memset(used, 0, sizeof used);
  for (size_t s = 0; s < found.count; s++) {
    if (found.site[s].grain != g)
      continue;
    size_t match = 0;
    for (; match < count; match++) {
      double x[3];
      for (int d = 0; d < 3; d++)
        x[d] = sample->grain[g].seed[d] + expected[match].x[d];
      if (!used[match] && separation(&sample->box, x, found.site[s].x, 0) < 1e-9)
        break;
    }
    assert_true(match < count);
    used[match] = 1;
    mine++;
  }
  assert_int_equal(mine, count);
}

static int in_box(const struct mlgrain_box *box, const double x[3])
{
  double f[3];
  fractions(box, x, f);
  for (int d = 0; d < 3; d++)
    if (!(f[d] > -1e-12 && f[d] < 1.0 + 1e-12))
      return 0;
  return 1;
}

/* Without a cutoff, the sites of each grain are those of the lattice that are nearest to its seed.
 */
static void sites_by_brute_force(void **state)
{
  (void)state;
  const struct mlgrain_crystal_cell *const lattices[] = {&cubic, &hexagonal, &oblique};
  for (int b = 0; b < SMALL_BOXES; b++)
    for (int k = 0; k < 3; k++)
      for (size_t n = 1; n < 8; n += 3) {
        struct sample sample;
        make_random(&sample, &small_boxes[b], n, lattices[k], 0.0, n + (size_t)k);
        fill_all(&sample, &found);
        for (size_t g = 0; g < n; g++)
          check_grain(&sample, g, lattices[k]);
        for (size_t s = 0; s < found.count; s++)
          assert_true(in_box(&small_boxes[b], found.site[s].x));
        assert_int_equal(found.removed, 0);
        release(&sample);
      }
}

/* ---- removal ------------------------------------------------------------------------------- */

/* The sites left with a cutoff, which is below the distance of neighbors in the crystal, are a part
   of those without it, none are nearer to each other, and each one left out had one nearer among
   all. Returns how many could have stayed: those that are nearer to none that did. */
static size_t check_removal(const struct sample *sample, double cutoff)
{
  static char left[MOST_SITES];
  size_t removed = 0;
  memset(left, 0, sizeof left);
  for (size_t s = 0, t = 0; s < found.count; s++) {
    const struct site *all = &found.site[s];
    if (t < pieces.count && pieces.site[t].grain == all->grain &&
        memcmp(pieces.site[t].x, all->x, sizeof all->x) == 0) {
      left[s] = 1;
      t++;
    } else {
      removed++;
    }
    assert_true(s + 1 < found.count || t == pieces.count);
  }
  assert_int_equal(removed, pieces.removed);
  size_t in_vain = 0;
  for (size_t s = 0; s < found.count; s++) {
    int has_reason = 0, is_free = !left[s];
    for (size_t t = 0; t < found.count; t++) {
      if (separation(&sample->box, found.site[s].x, found.site[t].x, s == t) >= cutoff)
        continue;
      assert_false(left[s] && left[t]);
      has_reason = 1;
      is_free = is_free && !left[t];
    }
    assert_true(left[s] || has_reason);
    in_vain += (size_t)is_free;
  }
  return in_vain;
}

static void no_overlaps(void **state)
{
  (void)state;
#define MEDIUM .low = {-1, 2, 0}, .edge = { {19, 0, 0}, {3, 18, 0}, {-4, 5, 22} }
  static const struct mlgrain_box boxes[] = {
      {MEDIUM},
      {MEDIUM, .bounded = {0, 1, 0}},
      {MEDIUM, .columns = 3},
      {MEDIUM, .columns = 2, .bounded = {0, 1, 0}},
      /* no thicker than the longest cutoff */
      {.edge = {{35, 0, 0}, {0, 30, 0}, {0, 0, 2.9}}, .columns = 3}};
  /* 30: cells smaller than the cutoff, so that it reaches beyond the next one */
  static const size_t counts[] = {3, 8, 30};
  static const double cutoffs[] = {1.0, 2.2, 2.8};
  for (int b = 0; b < 5; b++) {
    size_t in_vain = 0, removed = 0;
    for (int c = 0; c < 3; c++)
      for (int k = 0; k < 3; k++) {
        struct sample sample;
        make_random(&sample, &boxes[b], counts[c], &cubic, 0.0, 20 + counts[c]);
        fill_all(&sample, &found);
        release(&sample);
        make_random(&sample, &boxes[b], counts[c], &cubic, cutoffs[k], 20 + counts[c]);
        fill_all(&sample, &pieces);
        /* in one order: rows are the same, places are not */
        in_vain += check_removal(&sample, cutoffs[k]);
        removed += pieces.removed;
        release(&sample);
      }
    assert_true(10 * in_vain < removed);
  }
}

/* A single turned grain meets its own images. */
static void own_image(void **state)
{
  (void)state;
  struct sample sample;
  make_random(&sample, &skew, 1, &cubic, 2.5, 4);
  fill_all(&sample, &found);
  assert_true(found.removed > 20);
  for (size_t s = 0; s < found.count; s++)
    for (size_t t = 0; t <= s; t++)
      assert_true(separation(&skew, found.site[s].x, found.site[t].x, s == t) >= 2.5);
  release(&sample);
}

/* The number of sites is that of the volume, less those in a layer at the boundaries. */
static void density(void **state)
{
  (void)state;
  struct sample sample;
  make_random(&sample, &cube, 40, &cubic, 0.0, 8);
  fill_all(&sample, &found);
  assert_near((double)found.count / (volume_of(&cube) / 16.0), 1.0, 0.03);
  release(&sample);
}

/* ---- parts --------------------------------------------------------------------------------- */

/* The box in nx x ny x nz parts, of unequal size. */
static void fill_parts(const struct sample *sample, const int count[3])
{
  pieces.count = pieces.removed = 0;
  for (int i = 0; i < count[0]; i++)
    for (int j = 0; j < count[1]; j++)
      for (int k = 0; k < count[2]; k++) {
        const int at[3] = {i, j, k};
        struct mlgrain_part part;
        for (int d = 0; d < 3; d++) {
          part.low[d] = pow((double)at[d] / count[d], 1.3);
          part.high[d] = at[d] + 1 == count[d] ? 1.0 : pow((double)(at[d] + 1) / count[d], 1.3);
        }
        fill(sample, &part, &pieces);
      }
}

static void check_parts(const struct sample *sample)
{
  static const int counts[][3] = {{2, 1, 1}, {1, 2, 3}, {4, 3, 2}, {1, 1, 9}};
  fill_all(sample, &found);
  qsort(found.site, found.count, sizeof *found.site, order);
  for (size_t s = 1; s < found.count; s++) { /* places are 0, 1, ... in each row */
    const struct site *a = &found.site[s - 1], *b = &found.site[s];
    assert_int_equal(b->place, a->grain == b->grain && a->row == b->row ? a->place + 1 : 0);
    assert_true(b->row < mlgrain_polycrystal_rows(sample->crystals, b->grain));
  }
  for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
    fill_parts(sample, counts[c]);
    qsort(pieces.site, pieces.count, sizeof *pieces.site, order);
    assert_int_equal(pieces.count, found.count);
    assert_int_equal(pieces.removed, found.removed);
    for (size_t s = 0; s < found.count; s++)
      if (order(&found.site[s], &pieces.site[s]) != 0 ||
          memcmp(found.site[s].x, pieces.site[s].x, sizeof found.site[s].x) != 0)
        fail_msg("site %zu differs", s);
  }
}

static void parts_fit_together(void **state)
{
  (void)state;
  static const struct mlgrain_box boxes[] = {
      {CUBE},
      {SKEW},
      {CUBE, .bounded = {1, 0, 1}},
      {SKEW, .bounded = {1, 0, 0}},
      {CUBE, .columns = 1},
      {SKEW, .columns = 3, .bounded = {0, 0, 1}},
  };
  for (int b = 0; b < 6; b++)
    for (size_t n = 1; n < 60; n *= 7) {
      struct sample sample;
      make_random(&sample, &boxes[b], n, n == 7 ? &hexagonal : &cubic, 2.0, 30 + n);
      check_parts(&sample);
      release(&sample);
    }
}

/* Grains of one orientation whose seeds are on one lattice make a perfect crystal: sites on the
   faces between them, on the faces of the box and of the parts come once. */
static void perfect_crystal(void **state)
{
  (void)state;
  struct sample sample = {.box = cube, .grains = 12};
  uint64_t random = 77;
  for (size_t g = 0; g < sample.grains; g++) {
    struct mlgrain_grain *grain = &sample.grain[g];
    memset(grain, 0, sizeof *grain);
    grain->orientation[0] = 1.0;
    for (int d = 0; d < 3; d++) {
      random = random * 2862933555777941757u + 3037000493u;
      grain->seed[d] = 4.0 * (double)(random >> 61);
    }
  }
  for (int k = 0; k < 2; k++) {
    make(&sample, &cubic, k ? 2.0 : 0.0);
    fill_all(&sample, &found);
    assert_int_equal(found.count, 4 * 8 * 8 * 8);
    for (size_t s = 0; s < found.count; s++)
      for (size_t t = 0; t < s; t++)
        assert_true(separation(&cube, found.site[s].x, found.site[t].x, 0) > 2.8);
    check_parts(&sample);
    release(&sample);
  }
}

/* The same between surfaces, where lattice planes are on the faces of the box: those at the low end
   are in it. */
static void perfect_film(void **state)
{
  (void)state;
  struct sample sample = {.box = {CUBE, .bounded = {1, 0, 1}}, .grains = 5};
  for (size_t g = 0; g < sample.grains; g++) {
    const struct mlgrain_grain grain = {.seed = {4.0 * (double)g, 8.0, 4.0 * (double)(g * g % 7)},
                                        .orientation = {1, 0, 0, 0}};
    sample.grain[g] = grain;
  }
  make(&sample, &cubic, 2.0);
  fill_all(&sample, &found);
  assert_int_equal(found.count, 4 * 8 * 8 * 8);
  for (size_t s = 0; s < found.count; s++)
    for (int d = 0; d < 3; d++)
      assert_true(found.site[s].x[d] >= 0.0 && found.site[s].x[d] < 31.0);
  check_parts(&sample);
  release(&sample);
}

/* Columns turned about one axis, in a box of whole periods to some digits: every crystal goes on
   into its own image, no plane is lost or doubled. */
static void whole_columns(void **state)
{
  (void)state;
  static const double errors[] = {0.0, 3e-3, -3e-3};
  static const double axes[2][3] = {{0, 0, 1}, {1, 1, 0}};
  for (int a = 0; a < 2; a++)
    for (int e = 0; e < 3; e++)
      for (int planes = 3; planes < 7; planes++) {
        const double period = a ? sqrt(8.0) : 4.0, height = planes * period + errors[e];
        const struct mlgrain_grain_settings settings = {
            .seed = 3,
            .texture = {.kind = MLGRAIN_TEXTURE_FIBER,
                        .crystal = {axes[a][0], axes[a][1], axes[a][2]},
                        .sample = {0, 0, 1}}};
        struct sample sample = {
            .box = {.edge = {{19, 0, 0}, {0, 18, 0}, {0, 0, height}}, .columns = 3}, .grains = 4};
        assert_int_equal(mlgrain_grains_random(&sample.box, 4, &settings, sample.grain, NULL),
                         MLGRAIN_SUCCESS);
        for (int g = 0; g < 4; g++)
          assert_near(
              mlgrain_lattice_misfit(&cubic, NULL, sample.grain[g].orientation, sample.box.edge[2]),
              fabs(errors[e]), 1e-12);
        make(&sample, &cubic, 0.0);
        fill_all(&sample, &found);
        /* sites one above the other in columns of `planes`: as many at each height of a period */
        size_t in_plane[8] = {0};
        for (size_t s = 0; s < found.count; s++) {
          const double z = found.site[s].x[2] - sample.grain[0].seed[2];
          const int plane = (int)floor(z / period + 0.25 + 8.0);
          in_plane[plane % planes]++;
        }
        for (int k = 1; k < planes; k++)
          assert_int_equal(in_plane[k], in_plane[0]);
        release(&sample);
        make(&sample, &cubic, 2.2);
        fill_all(&sample, &found);
        for (size_t s = 0; s < found.count; s++)
          for (size_t t = 0; t < s; t++)
            assert_true(separation(&sample.box, found.site[s].x, found.site[t].x, 0) > 2.199);
        release(&sample);
      }
}

/* Shifts that are translations of a crystal, or not. */
static void misfits(void **state)
{
  (void)state;
  const double none[4] = {1, 0, 0, 0}, turned[4] = {sqrt(0.5), 0, 0, sqrt(0.5)};
  const double face[3] = {2, 0, 2}, edge[3] = {0, 4, 0}, off[3] = {2.1, 0, 2}, one[3] = {0, -3, 0};
  const int ordered[4] = {1, 2, 2, 2};
  assert_near(mlgrain_lattice_misfit(&cubic, NULL, none, face), 0.0, 1e-14);
  assert_near(mlgrain_lattice_misfit(&cubic, NULL, turned, edge), 0.0, 1e-14);
  assert_near(mlgrain_lattice_misfit(&cubic, NULL, none, off), 0.1, 1e-14);
  assert_near(mlgrain_lattice_misfit(&cubic, ordered, none, edge), 0.0, 1e-14);
  assert_true(mlgrain_lattice_misfit(&cubic, ordered, none, face) > 1.9);
  assert_true(mlgrain_lattice_misfit(&oblique, NULL, none, one) > 0.5);
  assert_near(mlgrain_lattice_misfit(&oblique, NULL, turned, (const double[3]){0, 3, 0}), 0.0,
              1e-14);
  assert_true(mlgrain_lattice_misfit(&hexagonal, NULL, none, (const double[3]){0, 0, 2.449}) > 1);
}

/* ---- the rest ------------------------------------------------------------------------------ */

static void nearest_sites(void **state)
{
  (void)state;
  const double bcc[2][3] = {{0, 0, 0}, {.5, .5, .5}};
  const struct mlgrain_crystal_cell body = {{{4, 0, 0}, {0, 4, 0}, {0, 0, 4}}, 2, bcc};
  const struct mlgrain_crystal_cell sheared = {{{3, 0, 0}, {31, 1, 0}, {0, 0, 5}}, 1, origin};
  assert_near(mlgrain_lattice_nearest(&cubic), sqrt(8.0), 1e-14);
  assert_near(mlgrain_lattice_nearest(&hexagonal), 3.0, 1e-14);
  assert_near(mlgrain_lattice_nearest(&body), sqrt(12.0), 1e-14);
  assert_near(mlgrain_lattice_nearest(&sheared), sqrt(2.0), 1e-14);
}

static int stop_at_once(void *context, const struct mlgrain_sites *sites)
{
  (void)sites;
  return ++*(int *)context < 3;
}

static void visitor_ends_call(void **state)
{
  (void)state;
  struct sample sample;
  int calls = 0;
  make_random(&sample, &cube, 2, &cubic, 2.0, 1);
  assert_int_equal(mlgrain_polycrystal_fill(sample.crystals, 0, &whole, stop_at_once, &calls, NULL),
                   MLGRAIN_SUCCESS);
  assert_int_equal(calls, 3);
  release(&sample);
}

static void bad_polycrystals(void **state)
{
  (void)state;
  const double outside[1][3] = {{0, 1, 0}};
  const struct mlgrain_crystal_cell bad[] = {
      {{{3, 0, 0}, {6, 0, 0}, {0, 0, 1}}, 1, origin},
      {{{3, 0, 0}, {0, 3, 0}, {0, 0, 3}}, 0, origin},
      {{{3, 0, 0}, {0, 3, 0}, {0, 0, 3}}, 1, outside},
      {{{1e-9, 0, 0}, {0, 1e-9, 0}, {0, 0, 1e-9}}, 1, origin},
      {{{NAN, 0, 0}, {0, 3, 0}, {0, 0, 3}}, 1, origin},
  };
  struct sample sample;
  make_random(&sample, &cube, 2, &cubic, 2.0, 1);
  struct mlgrain_polycrystal_settings settings = {&sample.box, sample.grain, sample.cells, NULL,
                                                  1.0};
  struct mlgrain_polycrystal *made;
  for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
    settings.lattice = &bad[k];
    assert_int_not_equal(mlgrain_polycrystal_create(&settings, &made, NULL), MLGRAIN_SUCCESS);
    assert_null(made);
  }
  settings.lattice = &cubic;
  settings.cutoff = -1.0;
  assert_int_equal(mlgrain_polycrystal_create(&settings, &made, NULL), MLGRAIN_INVALID_ARGUMENT);
  release(&sample);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sites_by_brute_force),
      cmocka_unit_test(no_overlaps),
      cmocka_unit_test(own_image),
      cmocka_unit_test(density),
      cmocka_unit_test(parts_fit_together),
      cmocka_unit_test(perfect_crystal),
      cmocka_unit_test(perfect_film),
      cmocka_unit_test(whole_columns),
      cmocka_unit_test(misfits),
      cmocka_unit_test(nearest_sites),
      cmocka_unit_test(visitor_ends_call),
      cmocka_unit_test(bad_polycrystals),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
