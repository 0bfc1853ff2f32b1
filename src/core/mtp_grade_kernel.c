/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Gradients of site energies to the parameters, and extrapolation grades: the largest component
   of the gradient in the basis of the active set. Several blocks share one pass over its matrix. */
#include "mtp_block.h"

#define ALWAYS_INLINE static inline __attribute__((always_inline))

enum { MATRIX_ROWS = WIDTH == 8 ? 6 : 3 }; /* times MTP_GRADE_BLOCKS sums, which fit in registers */

/* True if all neighbors in a tile are of one pair of species, which *pair receives. */
static int tile_is_uniform(const int *pairs, int *pair)
{
  *pair = -1;
  for (int k = 0; k < MTP_TILE * WIDTH; k++) {
    if (pairs[k] < 0)
      continue;
    if (*pair >= 0 && pairs[k] != *pair)
      return 0;
    *pair = pairs[k];
  }
  return 1;
}

/* out[mu][b] += sum over the rows of a tile of P_mu T_b */
static void add_tile(const struct mlgrain_mtp *mtp, const double *values, const vector *basis,
                     double *out)
{
  for (int mu = 0; mu < mtp->radial_count; mu++) {
    vector p[MTP_TILE];
    for (int row = 0; row < MTP_TILE; row++)
      p[row] = vector_load(values + (mu * MTP_TILE + row) * WIDTH) * mtp->scaling;
    for (int b = 0; b < mtp->radial_size; b++, out += WIDTH) {
      vector even = vector_load(out), odd = p[1] * basis[mtp->radial_size + b];
      even += p[0] * basis[b];
      for (int row = 2; row < MTP_TILE; row += 2) {
        even += p[row] * basis[row * mtp->radial_size + b];
        odd += p[row + 1] * basis[(row + 1) * mtp->radial_size + b];
      }
      vector_store(out, even + odd);
    }
  }
}

/* The same for one row and the lanes whose pair it is. */
static void add_lanes(const struct mlgrain_mtp *mtp, const double *values, int row,
                      const vector *basis, const int *pairs, int pair, double *out)
{
  vector chosen;
  for (int lane = 0; lane < WIDTH; lane++)
    chosen[lane] = pairs[lane] == pair ? mtp->scaling : 0.0;
  for (int mu = 0; mu < mtp->radial_count; mu++) {
    const vector p = vector_load(values + (mu * MTP_TILE + row) * WIDTH) * chosen;
    for (int b = 0; b < mtp->radial_size; b++, out += WIDTH)
      vector_store(out, vector_load(out) + p * basis[b]);
  }
}

static void radial_gradients(const struct mtp_task *task, const struct mtp_block *block,
                             const double *values, double *out)
{
  const struct mlgrain_mtp *mtp = task->mtp;
  const size_t size = (size_t)mtp->radial_size, per_pair = (size_t)mtp->radial_count * size * WIDTH;
  double *tile = task->workspace->buffer[MTP_TILES].memory;
  const int *pairs = task->workspace->buffer[MTP_PAIR].memory;
  vector *basis = task->workspace->buffer[MTP_BASIS].memory;
  for (int t = 0; t < block->tiles; t++) {
    int pair = block->species[0] * mtp->species_count;
    for (int row = 0; row < MTP_TILE; row++)
      mtp_chebyshev(mtp, vector_load(mtp_tile_row(tile, TILE_R, row)), basis + (size_t)row * size,
                    NULL);
    if (mtp->species_count == 1 || tile_is_uniform(pairs, &pair)) {
      add_tile(mtp, values, basis, out + (size_t)pair * per_pair);
    } else {
      for (int row = 0; row < MTP_TILE; row++)
        for (int lane = 0; lane < WIDTH; lane++) {
          const int *of_row = pairs + row * WIDTH;
          int earlier = 0;
          while (of_row[earlier] != of_row[lane])
            earlier++;
          if (earlier == lane && of_row[lane] >= 0)
            add_lanes(mtp, values, row, basis + (size_t)row * size, of_row, of_row[lane],
                      out + (size_t)of_row[lane] * per_pair);
        }
    }
    tile += mtp_tile_vectors(mtp) * WIDTH;
    pairs += MTP_TILE * WIDTH;
    values += (size_t)mtp->radial_count * MTP_TILE * WIDTH;
  }
}

/* The moments that enter the energy; most of them have no slot. */
static void scalar_moments(const struct mtp_task *task, double *out)
{
  const struct mlgrain_mtp *mtp = task->mtp;
  const double *slots = task->workspace->buffer[MTP_MOMENTS].memory;
  double *m = task->workspace->buffer[MTP_SCALARS].memory;
  for (int k = 0; k < mtp->basic_count; k++)
    vector_store(m + k * WIDTH, vector_load(slots + mtp->plan.basic_slot[k]));
  memset(m + mtp->basic_count * WIDTH, 0,
         (size_t)(mtp->moment_count - mtp->basic_count) * WIDTH * sizeof *m);
  for (int t = 0; t < mtp->times_count;) {
    const int target = mtp->times[t][3]; /* terms of one target mostly follow each other */
    vector sum = vector_load(m + target * WIDTH);
    for (; t < mtp->times_count && mtp->times[t][3] == target; t++) {
      const int *a = mtp->times[t];
      sum += vector_load(m + a[0] * WIDTH) * vector_load(m + a[1] * WIDTH) * (double)a[2];
    }
    vector_store(m + target * WIDTH, sum);
  }
  for (int s = 0; s < mtp->scalar_count; s++)
    vector_store(out + s * WIDTH, vector_load(m + mtp->mapping[s] * WIDTH));
}

static enum mlgrain_status reserve(const struct mtp_task *task, const struct mtp_block *block)
{
  const struct mlgrain_mtp *mtp = task->mtp;
  struct mlgrain_mtp_workspace *workspace = task->workspace;
  const size_t vector_size = WIDTH * sizeof(double);
  const size_t functions = (size_t)mtp->radial_count;
  if (mtp_reserve(&workspace->buffer[MTP_VALUES],
                  (size_t)block->tiles * functions * MTP_TILE * vector_size) ||
      mtp_reserve(&workspace->buffer[MTP_SCALARS], (size_t)mtp->moment_count * vector_size) ||
      mtp_reserve(&workspace->buffer[MTP_PARAMETERS],
                  MTP_GRADE_BLOCKS * mtp->parameter_count * vector_size) ||
      mtp_reserve(&workspace->buffer[MTP_BASIS], MTP_TILE * (size_t)mtp->radial_size * vector_size))
    return MLGRAIN_OUT_OF_MEMORY;
  return MLGRAIN_SUCCESS;
}

/* The species of all centers of a block, -1 if they differ. */
static int common_species(const struct mtp_block *block)
{
  for (int lane = 1; lane < WIDTH; lane++)
    if (block->species[lane] != block->species[0])
      return -1;
  return block->species[0];
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
  if (waiting->blocks && waiting->species != common_species(block))
    MLGRAIN_KERNEL(mtp_grades)(task, waiting);
  waiting->species = common_species(block);
  double *values = task->workspace->buffer[MTP_VALUES].memory;
  double *out = (double *)task->workspace->buffer[MTP_PARAMETERS].memory +
                (size_t)waiting->blocks * n * WIDTH;
  memset(out, 0, n * WIDTH * sizeof *out);
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
