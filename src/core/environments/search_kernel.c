/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The nearest environments of vectors, compiled once per SIMD level. Distances are exact; most
   environments are ruled out before. With v and u, a vector and an environment less the seed, and
   directions q_k that are orthonormal,

     |v - u|^2 = |v|^2 + |u|^2 - 2 sum_k (v.q_k) (u.q_k) - 2 v'.u'  >=  ... - 2 |v'| |u'|

   where v' is what the directions leave of v, |v'|^2 = |v|^2 - sum_k (v.q_k)^2. The v.q_k of
   several vectors are computed at once, in single precision: how wrong they can be is subtracted
   from that bound. */
#include <math.h>

#include "base/vector_single.h"
#include "environments_private.h"

enum {
  CHUNK = 512,                              /* components at a time, which stay in the cache */
  DIRECTIONS_TOGETHER = WIDTH == 8 ? 4 : 2, /* whose sums fit in registers, for as many as */
  VECTORS_TOGETHER = 4,                     /* these */
  TILE = 1024                               /* environments whose bounds are kept at a time */
};

/* What is known of a few vectors, less the seed. */
struct sketch {
  vector_single sum[ENVIRONMENTS_BATCH][ENVIRONMENTS_DIRECTIONS];
  double square[ENVIRONMENTS_BATCH];
};

typedef float half_singles __attribute__((vector_size(4 * MLGRAIN_SIMD_WIDTH)));

static inline vector_single load_singles(const float *p)
{
  vector_single v;
  memcpy(&v, p, sizeof v);
  return v;
}

/* ---- projections ---------------------------------------------------------------------------- */

/* Up to CHUNK components of a vector minus the seed, in units of the library's size, filled up with
   zeros. Returns the square of their length, without that unit. */
static double subtract(const double *from, const double *seed, double inverse_size,
                       size_t components, float difference[CHUNK])
{
  vector sum[2] = {{0.0}, {0.0}};
  double square = 0.0;
  size_t i = 0;
  for (; i + SINGLES <= components; i += SINGLES) {
    for (size_t k = 0; k < 2; k++) {
      const size_t at = i + k * WIDTH;
      const vector d = vector_load(from + at) - vector_load(seed + at);
      const half_singles scaled = __builtin_convertvector(d * inverse_size, half_singles);
      memcpy(difference + at, &scaled, sizeof scaled);
      sum[k] += d * d;
    }
  }
  for (; i < components; i++) {
    const double d = from[i] - seed[i];
    square += d * d;
    difference[i] = (float)(d * inverse_size);
  }
  for (; i % SINGLES; i++)
    difference[i] = 0.0f;
  return square + vector_sum(sum[0] + sum[1]);
}

/* Adds to the projections of `vectors` vectors on DIRECTIONS_TOGETHER directions, the first of
   which is number `first`. */
static inline __attribute__((always_inline)) void
project(const size_t vectors, size_t components, const float (*difference)[CHUNK],
        const float *direction, size_t row, vector_single (*sum)[ENVIRONMENTS_DIRECTIONS],
        size_t first)
{
  vector_single part[VECTORS_TOGETHER][DIRECTIONS_TOGETHER] = {{{0}}};
  for (size_t i = 0; i < components; i += SINGLES) {
    vector_single right[DIRECTIONS_TOGETHER];
#pragma GCC unroll 8
    for (size_t k = 0; k < DIRECTIONS_TOGETHER; k++)
      right[k] = load_singles(direction + k * row + i);
#pragma GCC unroll 8
    for (size_t j = 0; j < vectors; j++) {
      const vector_single left = load_singles(difference[j] + i);
#pragma GCC unroll 8
      for (size_t k = 0; k < DIRECTIONS_TOGETHER; k++)
        part[j][k] += left * right[k];
    }
  }
#pragma GCC unroll 8
  for (size_t j = 0; j < vectors; j++)
#pragma GCC unroll 8
    for (size_t k = 0; k < DIRECTIONS_TOGETHER; k++)
      sum[j][first + k] += part[j][k];
}

static void project_all(const struct environments_map *map, size_t first, size_t components,
                        size_t count, const float (*difference)[CHUNK], struct sketch *sketch)
{
  for (size_t k = 0; k < ENVIRONMENTS_DIRECTIONS; k += DIRECTIONS_TOGETHER) {
    const float *direction = map->direction + k * map->row + first;
    size_t j = 0;
    for (; j + VECTORS_TOGETHER <= count; j += VECTORS_TOGETHER)
      project(VECTORS_TOGETHER, components, difference + j, direction, map->row, sketch->sum + j,
              k);
    for (; j < count; j++)
      project(1, components, difference + j, direction, map->row, sketch->sum + j, k);
  }
}

static void draw(const struct mlgrain_environments *library, size_t count, const double *vectors,
                 struct sketch *sketch)
{
  float difference[ENVIRONMENTS_BATCH][CHUNK];
  const size_t components = library->components;
  memset(sketch, 0, sizeof *sketch);
  for (size_t first = 0; first < components; first += CHUNK) {
    const size_t some = components - first < CHUNK ? components - first : CHUNK;
    for (size_t j = 0; j < count; j++)
      sketch->square[j] += subtract(vectors + j * components + first, library->vector + first,
                                    library->map.inverse_size, some, difference[j]);
    project_all(&library->map, first, some, count, (const float(*)[CHUNK])difference, sketch);
  }
}

/* What a sum of so many products of floats may be wrong by, relative to the lengths of the factors:
   half a unit in the last place, 2^-24, for each addition in which a term takes part and for each
   of its factors. */
static double largest_error(size_t components)
{
  const size_t additions = CHUNK / SINGLES + components / CHUNK + 1 + SINGLES;
  return (double)(additions + 4) * 0x1p-24;
}

/* ---- search --------------------------------------------------------------------------------- */

/* A search: the vector, and what is known of it. */
struct search {
  const struct mlgrain_environments *library;
  const double *vector;
  double shadow[ENVIRONMENTS_DIRECTIONS], square; /* in units of the library's size */
  double left, error; /* lengths of what is left, at most, and by which the shadow may be wrong */
  struct mlgrain_environment_match best;
};

static void start(const struct mlgrain_environments *library, const double *from,
                  const vector_single *sum, double square, struct search *search)
{
  const double scale = library->map.inverse_size, length = sqrt(square) * scale;
  *search = (struct search){.library = library, .vector = from};
  search->best = (struct mlgrain_environment_match){0, sqrt(square), HUGE_VAL, sqrt(square)};
  search->square = length * length;
  search->error =
      length * largest_error(library->components) * sqrt((double)ENVIRONMENTS_DIRECTIONS);
  double left = search->square;
  for (size_t k = 0; k < ENVIRONMENTS_DIRECTIONS; k++) {
    double shadow = 0.0;
    for (size_t lane = 0; lane < SINGLES; lane++)
      shadow += (double)sum[k][lane];
    search->shadow[k] = shadow;
    left -= shadow * shadow;
  }
  left += 3.0 * length * search->error + 1e-9 * search->square;
  search->left = left > 0.0 ? sqrt(left) : 0.0;
}

/* The least square of the distance to each of `count` environments from `first`, in units of the
   library's size; not known: 0. */
static void fill_bounds(const struct search *search, size_t first, size_t count, double *bound)
{
  const struct environments_map *map = &search->library->map;
  const double *shadow = map->shadow + first;
  const vector all_but_rounding = vector_set(1.0 - 1e-9), zero = vector_set(0.0);
  for (size_t i = 0; i < count; i += WIDTH) {
    vector product = search->left * vector_load(map->left + first + i) +
                     search->error * vector_load(map->length + first + i);
    for (size_t k = 0; k < ENVIRONMENTS_DIRECTIONS; k++)
      product += search->shadow[k] * vector_load(shadow + k * map->capacity + i);
    const vector length = vector_load(map->length + first + i);
    const vector least = (search->square + length * length) * all_but_rounding - 2.0 * product;
    vector_store(bound + i, vector_select(least > zero, least, zero));
  }
}

/* Of equally near ones the first counts. */
static void look(struct search *search, size_t k)
{
  const struct mlgrain_environments *library = search->library;
  const size_t row = library->components;
  struct mlgrain_environment_match *best = &search->best;
  const double distance = sqrt(library->square(row, library->vector + k * row, search->vector));
  if (distance < best->distance || (distance == best->distance && k < best->nearest)) {
    best->second = best->distance;
    best->distance = distance;
    best->nearest = k;
  } else if (distance < best->second) {
    best->second = distance;
  }
}

/* Of the smallest of `count` bounds. */
static size_t place_of_least(const double *bound, size_t count)
{
  vector least = vector_load(bound);
  for (size_t i = WIDTH; i < count; i += WIDTH) {
    const vector next = vector_load(bound + i);
    least = vector_select(next < least, next, least);
  }
  double smallest = least[0];
  for (size_t lane = 1; lane < WIDTH; lane++)
    smallest = least[lane] < smallest ? least[lane] : smallest;
  size_t place = 0;
  while (place + 1 < count && bound[place] > smallest)
    place++;
  return place;
}

/* Looks at environments in the order of their bounds, until no other can be nearest or second. */
static void find(struct search *search)
{
  const struct mlgrain_environments *library = search->library;
  const size_t count = library->content.unique.count;
  double bound[TILE + WIDTH];
  for (size_t first = 0; first < count; first += TILE) {
    const size_t some = count - first < TILE ? count - first : TILE;
    fill_bounds(search, first, some, bound);
    for (size_t k = some; k % WIDTH; k++)
      bound[k] = HUGE_VAL;
    if (first == 0)
      bound[0] = HUGE_VAL; /* the seed, whose distance is known */
    for (;;) {
      const size_t k = place_of_least(bound, some);
      const double second = search->best.second * library->map.inverse_size;
      if (!(bound[k] <= second * second) || bound[k] == HUGE_VAL)
        break;
      bound[k] = HUGE_VAL;
      look(search, first + k);
    }
  }
}

void MLGRAIN_KERNEL(environments_search)(const struct mlgrain_environments *library, size_t count,
                                         const double *vectors,
                                         struct mlgrain_environment_match *match)
{
  struct sketch sketch;
  draw(library, count, vectors, &sketch);
  for (size_t j = 0; j < count; j++) {
    struct search search;
    start(library, vectors + j * library->components, sketch.sum[j], sketch.square[j], &search);
    if (search.square < HUGE_VAL) /* not NaN */
      find(&search);
    match[j] = search.best;
  }
}
