/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Gradients of site energies to the parameters for bounds of grades (mtp_rounded.h): those to
   radial parameters are summed in single precision, two neighbors of each center to a vector. */
#include "mtp_pairs.h"
#include "mtp_rounded.h"
#include "mtp_scalars.h"

/* ---- sums over neighbors --------------------------------------------------------------------- */

/* Chebyshev polynomials times (r - max_dist)^2 of the rows of a tile: [vector][size] */
ALWAYS_INLINE void chebyshev(const int size, const struct mlgrain_mtp *mtp, double *tile,
                             vector_single *basis)
{
  const double middle = mtp->min_dist + mtp->max_dist;
  const float scale = (float)(4.0 * mtp->inverse_width);
  const float offset = (float)(2.0 * middle * mtp->inverse_width);
  const vector_single least = single_set((float)mtp->min_dist);
  for (int k = 0; k < HALF_TILE; k++, basis += size) {
    vector_single r = single_join(vector_load(mtp_tile_row(tile, TILE_R, 2 * k)),
                                  vector_load(mtp_tile_row(tile, TILE_R, 2 * k + 1)));
    if (mtp->repulsive)
      r = single_larger(r, least);
    const vector_single xi2 = r * scale - offset, gap = r - (float)mtp->max_dist;
    vector_single p0 = gap * gap, p1 = 0.5f * xi2 * p0;
    for (int b = 0; b < size; b++) {
      basis[b] = p0;
      const vector_single p2 = xi2 * p1 - p0;
      p0 = p1;
      p1 = p2;
    }
  }
}

/* out[mu][b] += sum over the rows of a tile of P_mu T_b, basis [vector][size], and squares[mu] that
   of (P_mu T_0)^2; with `chosen`, of the rows whose bits are set. */
ALWAYS_INLINE void add_products(const int size, int functions, const float *values,
                                const vector_single *basis, const vector_int32 *chosen, float *out,
                                float *squares)
{
  for (int mu = 0; mu < functions; mu++, squares += SINGLES) {
    vector_single p[HALF_TILE], square = single_load(squares);
    for (int k = 0; k < HALF_TILE; k++) {
      p[k] = single_load(values + (mu * MTP_TILE + 2 * k) * WIDTH);
      if (chosen)
        p[k] = (vector_single)((vector_int32)p[k] & chosen[k]);
      square += p[k] * basis[k * size] * (p[k] * basis[k * size]);
    }
    single_store(squares, square);
    for (int b = 0; b < size; b++, out += SINGLES) {
      vector_single even = single_load(out), odd = p[1] * basis[size + b];
      even += p[0] * basis[b];
      for (int k = 2; k < HALF_TILE; k += 2) {
        even += p[k] * basis[k * size + b];
        odd += p[k + 1] * basis[(k + 1) * size + b];
      }
      single_store(out, even + odd);
    }
  }
}

/* add_products for each pair of species in a tile. out begins with pair `first`. */
ALWAYS_INLINE void add_pairs(const int size, const struct mlgrain_mtp *mtp, const int *pairs,
                             int first, const float *values, const vector_single *basis, float *out,
                             float *squares)
{
  const size_t per_pair = (size_t)mtp->radial_count * (size_t)size * SINGLES;
  if (mtp->species_count == 1) {
    add_products(size, mtp->radial_count, values, basis, NULL, out, squares);
    return;
  }
  int pair = next_pair(pairs, -1);
  const int alone = pair < NO_PAIR && next_pair(pairs, pair) == NO_PAIR;
  for (; pair < NO_PAIR; pair = next_pair(pairs, pair)) {
    vector_int32 chosen[HALF_TILE];
    for (int k = 0; k < HALF_TILE; k++)
      chosen[k] = int32_load(pairs + 2 * k * WIDTH) == pair;
    add_products(size, mtp->radial_count, values, basis, alone ? NULL : chosen,
                 out + (size_t)(pair - first) * per_pair, squares);
  }
}

ALWAYS_INLINE void sums_of_tiles(const int size, const struct mtp_task *task,
                                 struct mtp_block *block, int first, float *out, float *squares)
{
  const int *pairs = task->workspace->buffer[MTP_PAIR].memory;
  float *values = task->workspace->buffer[MTP_VALUES].memory;
  vector_single *basis = task->workspace->buffer[MTP_BASIS].memory;
  MLGRAIN_KERNEL(mtp_basic_backward_begin)(task);
  for (int t = 0; t < block->tiles; t++) {
    MLGRAIN_KERNEL(mtp_basic_backward)(task, block, t, NULL, values);
    chebyshev(size, task->mtp, mtp_tile(task, t), basis);
    add_pairs(size, task->mtp, pairs + t * MTP_TILE * WIDTH, first, values, basis, out, squares);
  }
}

/* ---- into place ------------------------------------------------------------------------------ */

static inline vector both_halves(const float *p)
{
  return single_widen(p) + single_widen(p + WIDTH);
}

/* One number of a table [species][step] for each lane; `species` is that of all, or -1. */
ALWAYS_INLINE vector of_species(const double *table, size_t step, const struct mtp_block *block,
                                int species)
{
  vector v = vector_set(0.0);
  if (species >= 0)
    return vector_set(table[(size_t)species * step]);
  for (int lane = 0; lane < WIDTH; lane++)
    v[lane] = table[(size_t)block->species[lane] * step];
  return v;
}

/* Where rounded gradients of a block go. */
struct rounding {
  const struct mtp_block *block;
  size_t parameters;
  const double *mean; /* [parameter] of those that are rounded; of several species [species][..] */
  float *out;         /* [parameter], ALL_LANES apart */
};

/* The radial gradients, and the square of what rounding in their sums may change. */
static void round_radial(const struct mtp_task *task, struct mtp_block *block, int species,
                         float *gradient, float *of_sums)
{
  const struct mlgrain_mtp *mtp = task->mtp;
  const struct mlgrain_mtp_grade_bounds *bounds = task->result->grade_bounds;
  const struct range radial = radial_range(mtp, species);
  const size_t count = radial.last - radial.first, functions = (size_t)mtp->radial_count;
  float *sums = task->workspace->buffer[MTP_SUMS].memory, *squares = sums + count * SINGLES;
  const int first = species < 0 ? 0 : species * mtp->species_count;
  vector changed = vector_set(0.0);
  memset(sums, 0, (count + functions) * SINGLES * sizeof *sums);
  if (mtp->radial_size == 8) /* in most files */
    sums_of_tiles(8, task, block, first, sums, squares);
  else
    sums_of_tiles(mtp->radial_size, task, block, first, sums, squares);
  const double *mean = bounds->mean + radial.first;
  gradient += radial.first * ALL_LANES;
  for (size_t k = 0; k < count && species >= 0; k++)
    single_round(gradient + k * ALL_LANES,
                 both_halves(sums + k * SINGLES) * mtp->scaling -
                     vector_set(mean[(size_t)species * bounds->parameters + k]));
  for (size_t k = 0; k < count && species < 0; k++)
    single_round(gradient + k * ALL_LANES, both_halves(sums + k * SINGLES) * mtp->scaling -
                                               of_species(mean + k, bounds->parameters, block, -1));
  for (size_t mu = 0; mu < functions; mu++)
    changed += both_halves(squares + mu * SINGLES) *
               of_species(bounds->sum_error + mu, functions, block, species);
  single_round(of_sums, changed);
}

static inline void round_scalar(const void *context, size_t index, vector value)
{
  const struct rounding *rounding = context;
  single_round(rounding->out + index * ALL_LANES, value - vector_set(rounding->mean[index]));
}

static inline void round_scalar_of_any(const void *context, size_t index, vector value)
{
  const struct rounding *rounding = context;
  const vector mean = of_species(rounding->mean + index, rounding->parameters, rounding->block, -1);
  single_round(rounding->out + index * ALL_LANES, value - mean);
}

/* Gradients to the energies of species are their means. */
void MLGRAIN_KERNEL(mtp_rounded_gradients)(const struct mtp_task *task, struct mtp_block *block,
                                           const struct mtp_waiting *waiting)
{
  const struct mtp_rounded arrays = mtp_rounded_arrays(task);
  const struct mlgrain_mtp_grade_bounds *bounds = task->result->grade_bounds;
  const size_t place = (size_t)waiting->group.blocks * WIDTH;
  const size_t scalars = bounds->parameters - (size_t)task->mtp->scalar_count;
  const double *m = task->workspace->buffer[MTP_MOMENTS].memory;
  const int species = waiting->group.species;
  const size_t of_species = species < 0 ? 0 : (size_t)species * bounds->parameters;
  const struct rounding rounding = {block, bounds->parameters, bounds->mean + of_species + scalars,
                                    arrays.group.gradient + scalars * ALL_LANES + place};
  if (species < 0)
    for_scalars(&task->mtp->plan, m, round_scalar_of_any, &rounding);
  else
    for_scalars(&task->mtp->plan, m, round_scalar, &rounding);
  round_radial(task, block, species, arrays.group.gradient + place, arrays.group.of_sums + place);
}
