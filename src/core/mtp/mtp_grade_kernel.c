/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Gradients of site energies to the parameters, and extrapolation grades: the largest component
   of the gradient in the basis of the active set. Several blocks share one pass over its matrix. */
#include "mtp_matrix.h"
#include "mtp_pairs.h"
#include "mtp_scalars.h"

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

/* add_products for each pair of species in a tile. Where there is one alone, nothing needs
   choosing: the polynomials are 0 past the last neighbor. */
ALWAYS_INLINE void add_pairs(const int size, const struct mlgrain_mtp *mtp, const int *pairs,
                             const double *values, const vector *basis, double *out)
{
  const int functions = mtp->radial_count;
  const size_t per_pair = (size_t)functions * (size_t)size * WIDTH;
  int pair = mtp->species_count > 1 ? next_pair(pairs, -1) : 0;
  int next = mtp->species_count > 1 ? next_pair(pairs, pair) : NO_PAIR;
  vector factor[MTP_TILE];
  for (int row = 0; row < MTP_TILE; row++)
    factor[row] = vector_set(mtp->scaling);
  if (pair < NO_PAIR && next == NO_PAIR) {
    add_products(size, functions, values, basis, factor, out + (size_t)pair * per_pair);
    return;
  }
  for (; pair < NO_PAIR; pair = next, next = next_pair(pairs, pair)) {
    choose_lanes(mtp, pairs, pair, factor);
    add_products(size, functions, values, basis, factor, out + (size_t)pair * per_pair);
  }
}

/* gradients_of_rows for a number of polynomials that the compiler may know. */
ALWAYS_INLINE void gradients_of_tiles(const int size, const struct mtp_task *task,
                                      struct mtp_block *block, double *values, double *out)
{
  const struct mlgrain_mtp *mtp = task->mtp;
  const int *pairs = task->workspace->buffer[MTP_PAIR].memory;
  vector *basis = task->workspace->buffer[MTP_BASIS].memory;
  for (int t = 0; t < block->tiles; t++) {
    MLGRAIN_KERNEL(mtp_basic_backward)(task, block, t, values, NULL);
    chebyshev(size, mtp, mtp_tile(task, t), basis);
    add_pairs(size, mtp, pairs + t * MTP_TILE * WIDTH, values, basis, out);
  }
}

/* Those by the distances, and to the radial parameters: out[pair][mu][b] += sum over rows of
   P_mu T_b, scaled. */
static void gradients_of_rows(const struct mtp_task *task, struct mtp_block *block, double *values,
                              double *out)
{
  const int size = task->mtp->radial_size;
  MLGRAIN_KERNEL(mtp_basic_backward_begin)(task);
  if (size == 8) /* in most files */
    gradients_of_tiles(8, task, block, values, out);
  else
    gradients_of_tiles(size, task, block, values, out);
}

static inline void store_scalar(const void *context, size_t index, vector value)
{
  double *const *out = context;
  vector_store(*out + index * WIDTH, value);
}

void MLGRAIN_KERNEL(mtp_scalar_moments)(const struct mtp_task *task, double *out)
{
  for_scalars(&task->mtp->plan, task->workspace->buffer[MTP_MOMENTS].memory, store_scalar, &out);
}

static enum mlgrain_status reserve(const struct mtp_task *task)
{
  const struct mlgrain_mtp *mtp = task->mtp;
  struct mlgrain_mtp_workspace *workspace = task->workspace;
  const size_t vector_size = WIDTH * sizeof(double);
  const size_t functions = (size_t)mtp->radial_count;
  if (mtp_reserve(&workspace->buffer[MTP_VALUES], functions * MTP_TILE * vector_size) ||
      mtp_reserve(&workspace->buffer[MTP_PARAMETERS],
                  MTP_GRADE_BLOCKS * mtp_gradient_stride(task) * sizeof(double)) ||
      mtp_reserve(&workspace->buffer[MTP_BASIS], MTP_TILE * (size_t)mtp->radial_size * vector_size))
    return MLGRAIN_OUT_OF_MEMORY;
  return MLGRAIN_SUCCESS;
}

/* Gradients as they are, with zeros in the columns of the species (-1: several) that nothing adds
   to. */
static void exact_gradients(const struct mtp_task *task, struct mtp_block *block,
                            const struct mtp_waiting *waiting)
{
  const size_t n = task->mtp->parameter_count;
  const struct range linear = linear_range(task->mtp);
  const struct range radial =
      radial_range(task->mtp, task->result->gradient_sum ? -1 : waiting->group.species);
  double *out = (double *)task->workspace->buffer[MTP_PARAMETERS].memory +
                (size_t)waiting->group.blocks * mtp_gradient_stride(task);
  const size_t species = (size_t)task->mtp->species_count;
  memset(out + radial.first * WIDTH, 0, (radial.last - radial.first) * WIDTH * sizeof *out);
  memset(out + linear.first * WIDTH, 0, species * WIDTH * sizeof *out);
  for (int lane = 0; lane < WIDTH; lane++)
    out[(linear.first + (size_t)block->species[lane]) * WIDTH + (size_t)lane] = 1.0;
  MLGRAIN_KERNEL(mtp_scalar_moments)(task, out + (linear.first + species) * WIDTH);
  gradients_of_rows(task, block, task->workspace->buffer[MTP_VALUES].memory, out);
  for (size_t k = 0; k < n && task->result->gradient_sum; k++)
    for (int lane = 0; lane < block->lanes; lane++)
      task->result->gradient_sum[k] += out[k * WIDTH + (size_t)lane];
}

static void join(const struct mtp_block *block, struct mtp_group *group)
{
  const int k = group->blocks++;
  group->lanes[k] = block->lanes;
  for (int lane = 0; lane < WIDTH; lane++) {
    group->center[k][lane] = block->center[lane];
    group->each[k][lane] = block->species[lane];
    group->list[k][lane] = block->list[lane];
  }
}

enum mlgrain_status MLGRAIN_KERNEL(mtp_parameters)(const struct mtp_task *task,
                                                   struct mtp_block *block,
                                                   struct mtp_waiting *waiting)
{
  const int species = mtp_common_species(block);
  if (reserve(task))
    return MLGRAIN_OUT_OF_MEMORY;
  if (waiting->group.blocks && waiting->group.species != species)
    MLGRAIN_KERNEL(mtp_grades)(task, waiting);
  waiting->group.species = species;
  if (waiting->bounded)
    MLGRAIN_KERNEL(mtp_rounded_gradients)(task, block, waiting);
  else
    exact_gradients(task, block, waiting);
  if (!mtp_wants_grades(task))
    return MLGRAIN_SUCCESS;
  join(block, &waiting->group);
  if (waiting->group.blocks == MTP_GRADE_BLOCKS)
    MLGRAIN_KERNEL(mtp_grades)(task, waiting);
  return MLGRAIN_SUCCESS;
}

/* As many rows at a time as sums fit into the registers. The last rows may be done twice, which
   doesn't change the largest. */
ALWAYS_INLINE void direct_rows(const int blocks, const struct mlgrain_mtp *mtp,
                               const struct range ranges[2], const struct product *product)
{
  const size_t n = mtp->parameter_count;
  const int together = MATRIX_ROWS * MTP_GRADE_BLOCKS / blocks;
  const size_t step = (size_t)together;
  const double *matrix = mtp->active_inverse;
  for (size_t row = 0; row < n && n < step; row++)
    matrix_rows(1, blocks, 0, matrix + row * n, n, ranges, product);
  for (size_t row = 0; row < n && n >= step; row += step) {
    const size_t first = row + step <= n ? row : n - step;
    matrix_rows(together, blocks, 0, matrix + first * n, n, ranges, product);
  }
}

/* All rows of the inverse as it is. A function of its own, since gcc spills sums in larger ones. */
__attribute__((noinline)) static void direct_product(const struct mlgrain_mtp *mtp,
                                                     const struct range ranges[2],
                                                     const struct product *product)
{
  if (product->blocks == 1)
    direct_rows(1, mtp, ranges, product);
  else
    direct_rows(MTP_GRADE_BLOCKS, mtp, ranges, product);
}

ALWAYS_INLINE void packed_rows(const int blocks, const double *matrix, size_t rows,
                               const struct range ranges[2], struct product product)
{
  const size_t columns = ranges[0].last - ranges[0].first + ranges[1].last - ranges[1].first;
  for (size_t row = 0; row < rows; row += MATRIX_ROWS, matrix += columns * MATRIX_ROWS) {
    matrix_rows(MATRIX_ROWS, blocks, 1, matrix, 0, ranges, &product);
    if (product.out)
      product.out += MATRIX_ROWS * WIDTH;
  }
}

/* A packed matrix. */
__attribute__((noinline)) static void packed_product(const double *matrix, size_t rows,
                                                     struct range first, struct range second,
                                                     const struct product *product)
{
  const struct range ranges[2] = {first, second};
  if (product->blocks == 1)
    packed_rows(1, matrix, rows, ranges, *product);
  else
    packed_rows(MTP_GRADE_BLOCKS, matrix, rows, ranges, *product);
}

/* The factored inverse for centers of one species. Results of the skeleton rows follow the
   parameters. */
static void factored_product(const struct mlgrain_mtp *mtp, int species, struct product product)
{
  const struct mtp_factored *factored = mtp->factored;
  const size_t n = mtp->parameter_count;
  const struct range own = radial_range(mtp, species), none = {0, 0};
  const struct range linear = linear_range(mtp);
  packed_product(factored->memory + factored->skeleton[species], linear.last - linear.first, own,
                 linear, &product);
  product.out = NULL;
  for (int s = 0; s < mtp->species_count; s++) {
    const struct range skeleton = {n + factored->first[s], n + factored->first[s + 1]};
    const size_t matrix = s == species ? factored->own[s] : factored->foreign[s];
    packed_product(factored->memory + matrix, own.last - own.first, skeleton,
                   s == species ? own : none, &product);
  }
}

/* Whether any center has a species; `has` is 1 or 0. */
static int is_present(const struct product *product, const double *has)
{
  unsigned bits = 0;
  for (int c = 0; c < product->blocks; c++)
    bits |= vector_mask_bits(vector_load(has + (size_t)c * product->stride) > 0.5);
  return bits != 0;
}

/* The same for centers of any species, -1 if there are several: each with all centers, for those
   that have it. */
static void factored_products(const struct mlgrain_mtp *mtp, int species,
                              const struct product *product)
{
  const double *has = product->v + radial_range(mtp, -1).last * WIDTH; /* 1 or 0 for each species */
  for (int s = 0; s < mtp->species_count; s++, has += WIDTH) {
    vector largest[MTP_GRADE_BLOCKS];
    struct product own = *product;
    if (species >= 0 ? s != species : !is_present(product, has))
      continue;
    for (int c = 0; c < product->blocks; c++)
      largest[c] = vector_set(0.0);
    own.largest = largest;
    factored_product(mtp, s, own);
    for (int c = 0; c < product->blocks; c++)
      product->largest[c] = vector_select(vector_load(has + (size_t)c * product->stride) > 0.5,
                                          largest[c], product->largest[c]);
  }
}

/* Largest coefficients of `blocks` blocks, one or MTP_GRADE_BLOCKS. */
static void largest_coefficients(const struct mtp_task *task, int blocks, int species, double *v,
                                 vector *largest)
{
  const struct mlgrain_mtp *mtp = task->mtp;
  const struct range ranges[2] = {radial_range(mtp, species), linear_range(mtp)};
  struct product product = {blocks, v, mtp_gradient_stride(task), NULL, largest};
  for (int c = 0; c < blocks; c++)
    largest[c] = vector_set(0.0);
  if (!mtp->factored) {
    direct_product(mtp, ranges, &product);
    return;
  }
  product.out = v + mtp->parameter_count * WIDTH;
  factored_products(mtp, species, &product);
}

static void exact_grades(const struct mtp_task *task, const struct mtp_waiting *waiting, int first,
                         int blocks)
{
  double *v = task->workspace->buffer[MTP_PARAMETERS].memory;
  vector largest[MTP_GRADE_BLOCKS];
  largest_coefficients(task, blocks, waiting->group.species,
                       v + (size_t)first * mtp_gradient_stride(task), largest);
  for (int c = 0; c < blocks; c++)
    for (int lane = 0; lane < waiting->group.lanes[first + c]; lane++) {
      double *grade = &task->result->grade[waiting->group.center[first + c][lane]];
      *grade = largest[c][lane] * task->mtp->grade_weight;
      mtp_note_grade(*grade, &task->result->largest_grade);
    }
}

/* One coefficient in size, of one lane. */
static double coefficient(const struct mlgrain_mtp *mtp, const struct range ranges[2],
                          const double *v, size_t row)
{
  const double *matrix = mtp->active_inverse + row * mtp->parameter_count;
  double even = 0.0, odd = 0.0;
  for (int part = 0; part < 2; part++) {
    size_t k = ranges[part].first;
    for (; k + 1 < ranges[part].last; k += 2) {
      even += matrix[k] * v[k * WIDTH];
      odd += matrix[k + 1] * v[(k + 1) * WIDTH];
    }
    if (k < ranges[part].last)
      even += matrix[k] * v[k * WIDTH];
  }
  return __builtin_fabs(even + odd);
}

void MLGRAIN_KERNEL(mtp_grades_of_rows)(const struct mtp_task *task,
                                        const struct mtp_suspect *const suspects[LANES],
                                        struct mtp_waiting *waiting)
{
  const struct mtp_group *group = &waiting->group;
  const struct range ranges[2] = {radial_range(task->mtp, group->species), linear_range(task->mtp)};
  const double *v = task->workspace->buffer[MTP_PARAMETERS].memory;
  for (int lane = 0; lane < group->lanes[0]; lane++)
    if (suspects[lane]->rows == 0 || suspects[lane]->rows > MTP_SUSPECT_ROWS) {
      MLGRAIN_KERNEL(mtp_grades)(task, waiting);
      return;
    }
  for (int lane = 0; lane < group->lanes[0]; lane++) {
    double largest = 0.0;
    for (size_t k = 0; k < suspects[lane]->rows; k++) {
      const double size = coefficient(task->mtp, ranges, v + lane, suspects[lane]->row[k]);
      if (!(size <= largest)) /* so that NaN stays */
        largest = size;
    }
    const double grade = largest * task->mtp->grade_weight;
    task->result->grade[group->center[0][lane]] = grade;
    mtp_note_grade(grade, &task->result->largest_grade);
  }
}

void MLGRAIN_KERNEL(mtp_grades)(const struct mtp_task *task, struct mtp_waiting *waiting)
{
  const int together = waiting->group.blocks == MTP_GRADE_BLOCKS ? MTP_GRADE_BLOCKS : 1;
  if (waiting->bounded)
    MLGRAIN_KERNEL(mtp_bounded_grades)(task, waiting);
  else
    for (int first = 0; first < waiting->group.blocks; first += together)
      exact_grades(task, waiting, first, together);
  waiting->group.blocks = 0;
}
