/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Gradients of site energies to the parameters, and extrapolation grades: the largest component
   of the gradient in the basis of the active set. Several blocks share one pass over its matrix. */
#include <limits.h>

#include "mtp_block.h"

enum { MATRIX_ROWS = WIDTH == 8 ? 6 : 3 }; /* times MTP_GRADE_BLOCKS sums, which fit in registers */

/* The lowest pair of species above `pair` in a tile, INT_MAX if there is none. Unsigned, those at
   or below it come last. */
static int next_pair(const int *pairs, int pair)
{
  unsigned least = UINT_MAX;
  for (int k = 0; k < MTP_TILE * WIDTH; k++) {
    const unsigned above = (unsigned)pairs[k] - (unsigned)pair - 1u;
    least = above < least ? above : least;
  }
  return least < INT_MAX ? pair + 1 + (int)least : INT_MAX;
}

/* The scaling in the lanes of a tile whose pair it is, 0 in others. */
static void choose_lanes(const struct mlgrain_mtp *mtp, const int *pairs, int pair, vector *factor)
{
  for (int row = 0; row < MTP_TILE; row++)
    factor[row] = vector_select(vector_equal(pairs + row * WIDTH, pair), vector_set(mtp->scaling),
                                vector_set(0.0));
}

/* Chebyshev polynomials times (r - max_dist)^2 of the rows of a tile: [row][size] */
ALWAYS_INLINE void chebyshev(const int size, const struct mlgrain_mtp *mtp, double *tile,
                             vector *basis)
{
  const double middle = mtp->min_dist + mtp->max_dist;
  for (int row = 0; row < MTP_TILE; row++, basis += size) {
    vector r = vector_load(mtp_tile_row(tile, TILE_R, row));
    if (mtp->repulsive)
      r = vector_select(r >= mtp->min_dist, r, vector_set(mtp->min_dist));
    const vector xi2 = (4.0 * r - 2.0 * middle) * mtp->inverse_width, gap = r - mtp->max_dist;
    vector p0 = gap * gap, p1 = 0.5 * xi2 * p0;
    for (int b = 0; b < size; b++) {
      basis[b] = p0;
      const vector p2 = xi2 * p1 - p0;
      p0 = p1;
      p1 = p2;
    }
  }
}

/* out[mu][b] += sum over the rows of a tile of factor P_mu T_b, basis [row][size] */
ALWAYS_INLINE void add_products(const int size, int functions, const double *values,
                                const vector *basis, const vector *factor, double *out)
{
  for (int mu = 0; mu < functions; mu++) {
    vector p[MTP_TILE];
    for (int row = 0; row < MTP_TILE; row++)
      p[row] = vector_load(values + (mu * MTP_TILE + row) * WIDTH) * factor[row];
    for (int b = 0; b < size; b++, out += WIDTH) {
      vector even = vector_load(out), odd = p[1] * basis[size + b];
      even += p[0] * basis[b];
      for (int row = 2; row < MTP_TILE; row += 2) {
        even += p[row] * basis[row * size + b];
        odd += p[row + 1] * basis[(row + 1) * size + b];
      }
      vector_store(out, even + odd);
    }
  }
}

/* radial_gradients for a number of polynomials that the compiler may know. */
ALWAYS_INLINE void gradients_of_tiles(const int size, const struct mtp_task *task, int tiles,
                                      const double *values, double *out)
{
  const struct mlgrain_mtp *mtp = task->mtp;
  const int functions = mtp->radial_count;
  const size_t per_pair = (size_t)functions * (size_t)size * WIDTH;
  double *tile = task->workspace->buffer[MTP_TILES].memory;
  const int *pairs = task->workspace->buffer[MTP_PAIR].memory;
  vector *basis = task->workspace->buffer[MTP_BASIS].memory;
  for (int t = 0; t < tiles; t++) {
    vector factor[MTP_TILE];
    for (int row = 0; row < MTP_TILE; row++)
      factor[row] = vector_set(mtp->scaling);
    chebyshev(size, mtp, tile, basis);
    if (mtp->species_count == 1)
      add_products(size, functions, values, basis, factor, out);
    else
      for (int pair = next_pair(pairs, -1); pair < INT_MAX; pair = next_pair(pairs, pair)) {
        choose_lanes(mtp, pairs, pair, factor);
        add_products(size, functions, values, basis, factor, out + (size_t)pair * per_pair);
      }
    tile += mtp_tile_vectors(mtp) * WIDTH;
    pairs += MTP_TILE * WIDTH;
    values += (size_t)functions * MTP_TILE * WIDTH;
  }
}

/* out[pair][mu][b] += sum over rows of P_mu T_b, scaled */
static void radial_gradients(const struct mtp_task *task, const struct mtp_block *block,
                             const double *values, double *out)
{
  const int size = task->mtp->radial_size;
  if (size == 8) /* in most files */
    gradients_of_tiles(8, task, block->tiles, values, out);
  else
    gradients_of_tiles(size, task, block->tiles, values, out);
}

/* The moments that enter the energy. */
static void scalar_moments(const struct mtp_task *task, double *out)
{
  const struct mtp_plan *plan = &task->mtp->plan;
  const double *m = task->workspace->buffer[MTP_MOMENTS].memory;
  for (int s = 0; s < task->mtp->scalar_count; s++, out += WIDTH) {
    const struct mtp_scalar *scalar = &plan->scalars[s];
    if (scalar->first_term == scalar->last_term) {
      vector_store(out, vector_load(m + scalar->slot));
      continue;
    }
    vector sum = vector_set(0.0);
    for (size_t k = scalar->first_term; k < scalar->last_term; k++) {
      const struct mtp_product *term = &plan->scalar_terms[k];
      sum += vector_load(m + term->left) * vector_load(m + term->right) * term->coefficient;
    }
    vector_store(out, sum);
  }
}

static enum mlgrain_status reserve(const struct mtp_task *task, const struct mtp_block *block)
{
  const struct mlgrain_mtp *mtp = task->mtp;
  struct mlgrain_mtp_workspace *workspace = task->workspace;
  const size_t vector_size = WIDTH * sizeof(double);
  const size_t functions = (size_t)mtp->radial_count;
  if (mtp_reserve(&workspace->buffer[MTP_VALUES],
                  (size_t)block->tiles * functions * MTP_TILE * vector_size) ||
      mtp_reserve(&workspace->buffer[MTP_PARAMETERS],
                  MTP_GRADE_BLOCKS * mtp->parameter_count * vector_size) ||
      mtp_reserve(&workspace->buffer[MTP_BASIS], MTP_TILE * (size_t)mtp->radial_size * vector_size))
    return MLGRAIN_OUT_OF_MEMORY;
  return MLGRAIN_SUCCESS;
}

enum mlgrain_status MLGRAIN_KERNEL(mtp_parameters)(const struct mtp_task *task,
                                                   struct mtp_block *block,
                                                   struct mtp_waiting *waiting)
{
  const struct mlgrain_mtp *mtp = task->mtp;
  const size_t n = mtp->parameter_count;
  const size_t linear = n - (size_t)mtp->scalar_count, radial = linear - (size_t)mtp->species_count;
  if (reserve(task, block))
    return MLGRAIN_OUT_OF_MEMORY;
  if (waiting->blocks && waiting->species != mtp_common_species(block))
    MLGRAIN_KERNEL(mtp_grades)(task, waiting);
  waiting->species = mtp_common_species(block);
  double *values = task->workspace->buffer[MTP_VALUES].memory;
  double *out = (double *)task->workspace->buffer[MTP_PARAMETERS].memory +
                (size_t)waiting->blocks * n * WIDTH;
  memset(out, 0, linear * WIDTH * sizeof *out);
  scalar_moments(task, out + linear * WIDTH);
  for (int lane = 0; lane < WIDTH; lane++)
    out[(radial + (size_t)block->species[lane]) * WIDTH + (size_t)lane] = 1.0;
  MLGRAIN_KERNEL(mtp_basic_backward)(task, block, values);
  radial_gradients(task, block, values, out);
  if (task->result->gradient_sum)
    for (size_t k = 0; k < n; k++)
      for (int lane = 0; lane < block->lanes; lane++)
        task->result->gradient_sum[k] += out[k * WIDTH + (size_t)lane];
  if (!mtp_wants_grades(task))
    return MLGRAIN_SUCCESS;
  waiting->lanes[waiting->blocks] = block->lanes;
  for (int lane = 0; lane < WIDTH; lane++)
    waiting->center[waiting->blocks][lane] = block->center[lane];
  if (++waiting->blocks == MTP_GRADE_BLOCKS)
    MLGRAIN_KERNEL(mtp_grades)(task, waiting);
  return MLGRAIN_SUCCESS;
}

static vector vector_abs(vector v)
{
  return (vector)((vector_int)v & INT64_MAX);
}

/* Parameters first .. last-1 of the gradients that aren't zero. */
struct range {
  size_t first, last;
};

/* largest[c] = max(largest[c], |row of the matrix . v of block c|) for `rows` rows */
ALWAYS_INLINE void matrix_rows(const int rows, const int blocks, const double *matrix, size_t n,
                               const struct range *ranges, const double *v, vector *largest)
{
  vector sum[MATRIX_ROWS][MTP_GRADE_BLOCKS];
  for (int r = 0; r < rows; r++)
    for (int c = 0; c < blocks; c++)
      sum[r][c] = vector_set(0.0);
  for (int part = 0; part < 2; part++)
    for (size_t l = ranges[part].first; l < ranges[part].last; l++)
      for (int r = 0; r < rows; r++) {
        const vector a = vector_set(matrix[(size_t)r * n + l]);
        for (int c = 0; c < blocks; c++)
          sum[r][c] += a * vector_load(v + ((size_t)c * n + l) * WIDTH);
      }
  for (int r = 0; r < rows; r++)
    for (int c = 0; c < blocks; c++) {
      const vector size = vector_abs(sum[r][c]);
      largest[c] = vector_select(size > largest[c], size, largest[c]);
    }
}

ALWAYS_INLINE void largest_components(const int blocks, const struct mlgrain_mtp *mtp,
                                      const struct range *ranges, const double *v, vector *largest)
{
  const size_t n = mtp->parameter_count;
  size_t row = 0;
  for (; row + MATRIX_ROWS <= n; row += MATRIX_ROWS)
    matrix_rows(MATRIX_ROWS, blocks, mtp->active_inverse + row * n, n, ranges, v, largest);
  for (; row < n; row++)
    matrix_rows(1, blocks, mtp->active_inverse + row * n, n, ranges, v, largest);
}

/* Radial parameters of one species of center, or all if species is -1; and all others. */
static void find_ranges(const struct mlgrain_mtp *mtp, int species, struct range ranges[2])
{
  const size_t per_species =
      (size_t)mtp->species_count * (size_t)mtp->radial_count * (size_t)mtp->radial_size;
  const size_t radial = per_species * (size_t)mtp->species_count;
  ranges[0] = (struct range){0, radial};
  if (species >= 0)
    ranges[0] = (struct range){per_species * (size_t)species, per_species * (size_t)(species + 1)};
  ranges[1] = (struct range){radial, mtp->parameter_count};
}

void MLGRAIN_KERNEL(mtp_grades)(const struct mtp_task *task, struct mtp_waiting *waiting)
{
  const size_t stride = task->mtp->parameter_count * WIDTH;
  const double *v = task->workspace->buffer[MTP_PARAMETERS].memory;
  vector largest[MTP_GRADE_BLOCKS];
  struct range ranges[2];
  find_ranges(task->mtp, waiting->species, ranges);
  for (int c = 0; c < MTP_GRADE_BLOCKS; c++)
    largest[c] = vector_set(0.0);
  if (waiting->blocks == MTP_GRADE_BLOCKS)
    largest_components(MTP_GRADE_BLOCKS, task->mtp, ranges, v, largest);
  else
    for (int c = 0; c < waiting->blocks; c++)
      largest_components(1, task->mtp, ranges, v + (size_t)c * stride, &largest[c]);
  for (int c = 0; c < waiting->blocks; c++)
    for (int lane = 0; lane < waiting->lanes[c]; lane++)
      task->result->grade[waiting->center[c][lane]] = largest[c][lane] * task->mtp->grade_weight;
  waiting->blocks = 0;
}
