/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Upper bounds of extrapolation grades, and exact ones where the bounds don't decide
   (mlgrain/mtp_bounds.h has the formulas). */
#include "base/vector_single.h"
#include "mtp_matrix.h"

enum {
  SINGLE_BLOCKS = MTP_GRADE_BLOCKS * WIDTH / SINGLES, /* vectors of floats for all that wait */
  ALL_LANES = MTP_GRADE_BLOCKS * WIDTH
};

/* Products with the rows of `bounds`, which follow the gradients. A function of its own, as in
   mtp_grade_kernel.c. */
ALWAYS_INLINE void bounding_rows(const int blocks, const struct mlgrain_mtp_grade_bounds *bounds,
                                 size_t n, const struct range ranges[2], struct product product)
{
  for (size_t row = 0; row < bounds->rows; row += MATRIX_ROWS) {
    matrix_rows(MATRIX_ROWS, blocks, 0, bounds->matrix + row * n, n, ranges, &product);
    product.out += MATRIX_ROWS * WIDTH;
  }
}

__attribute__((noinline)) static void
bounding_product(const struct mlgrain_mtp_grade_bounds *bounds, size_t n,
                 const struct range ranges[2], const struct product *product)
{
  if (product->blocks == 1)
    bounding_rows(1, bounds, n, ranges, *product);
  else
    bounding_rows(MTP_GRADE_BLOCKS, bounds, n, ranges, *product);
}

/* y of all lanes in single precision, [direction][lane]; the largest known coefficient; and rho:
   what bounds the remainder. */
static void split_rows(const struct mlgrain_mtp_grade_bounds *bounds, const struct product *product,
                       float *y, vector *known, vector *rho)
{
  const size_t sketch = bounds->directions + bounds->known_count;
  const double *out = product->out;
  memset(y, 0, bounds->directions * ALL_LANES * sizeof *y);
  for (int c = 0; c < product->blocks; c++, out += product->stride) {
    vector squares = vector_set(0.0);
    known[c] = vector_set(0.0);
    for (size_t k = 0; k < bounds->directions; k++)
      for (int lane = 0; lane < WIDTH; lane++)
        y[k * ALL_LANES + (size_t)(c * WIDTH + lane)] = (float)out[k * WIDTH + (size_t)lane];
    for (size_t k = bounds->directions; k < sketch; k++) {
      const vector size = vector_abs(vector_load(out + k * WIDTH));
      known[c] = vector_select(size <= known[c], known[c], size); /* NaN stays: all are */
    }
    for (size_t k = sketch; k < bounds->rows; k++) {
      const vector sketched = vector_load(out + k * WIDTH);
      squares += sketched * sketched;
    }
    for (int lane = 0; lane < WIDTH; lane++)
      rho[c][lane] = __builtin_sqrt(squares[lane]);
  }
}

static inline vector_single single_load(const float *p)
{
  vector_single v;
  memcpy(&v, p, sizeof v);
  return v;
}

static inline vector_single single_abs(vector_single v)
{
  return (vector_single)((vector_int32)v & INT32_MAX);
}

/* Bounds |W V y| + W rho of `rows` rows: `keep` them, [row][lane]; largest[] becomes the largest of
   itself and these. */
ALWAYS_INLINE void principal_rows(const int rows, const int keep, const float *v,
                                  const float *weight, size_t columns, const float *y,
                                  const float *rho, float *out, vector_single *largest)
{
  vector_single sum[MATRIX_ROWS][SINGLE_BLOCKS];
  for (int r = 0; r < rows; r++)
    for (int c = 0; c < SINGLE_BLOCKS; c++)
      sum[r][c] = single_set(0.0f);
  for (size_t k = 0; k < columns; k++, y += ALL_LANES)
    for (int r = 0; r < rows; r++)
      for (int c = 0; c < SINGLE_BLOCKS; c++)
        sum[r][c] += single_set(v[(size_t)r * columns + k]) * single_load(y + c * SINGLES);
  for (int r = 0; r < rows; r++)
    for (int c = 0; c < SINGLE_BLOCKS; c++) {
      const vector_single size =
          single_abs(sum[r][c]) + single_set(weight[r]) * single_load(rho + c * SINGLES);
      if (keep)
        memcpy(out + r * ALL_LANES + c * SINGLES, &size, sizeof size);
      largest[c] = (vector_single)(((vector_int32)largest[c] & (size <= largest[c])) |
                                   ((vector_int32)size & ~(size <= largest[c])));
    }
}

ALWAYS_INLINE void all_principal_rows(const int keep, const struct mlgrain_mtp_grade_bounds *bounds,
                                      const float *y, const float *rho, float *sizes,
                                      vector_single *found)
{
  const size_t n = bounds->parameters, directions = bounds->directions;
  const float *weight = bounds->basis + n * directions;
  size_t row = 0;
  for (; row + MATRIX_ROWS <= n; row += MATRIX_ROWS)
    principal_rows(MATRIX_ROWS, keep, bounds->basis + row * directions, weight + row, directions, y,
                   rho, sizes + row * ALL_LANES, found);
  for (; row < n; row++)
    principal_rows(1, keep, bounds->basis + row * directions, weight + row, directions, y, rho,
                   sizes + row * ALL_LANES, found);
}

/* The largest bound of each lane, NaN where y isn't finite; and all of them, [parameter][lane], if
   these are to be kept. Most often they aren't needed, and memory costs as much as the product. */
__attribute__((noinline)) static void principal_part(const struct mlgrain_mtp_grade_bounds *bounds,
                                                     const float *y, const float *rho, int keep,
                                                     float *sizes, float *largest)
{
  vector_single found[SINGLE_BLOCKS];
  for (int c = 0; c < SINGLE_BLOCKS; c++)
    found[c] = single_set(0.0f);
  if (keep)
    all_principal_rows(1, bounds, y, rho, sizes, found);
  else
    all_principal_rows(0, bounds, y, rho, sizes, found);
  memcpy(largest, found, sizeof found);
}

/* One lane of what waits. */
struct suspect {
  const struct range *ranges;
  double *v;         /* [parameter] */
  const float *size; /* bounds but for rounding, ALL_LANES apart */
  double known;      /* the largest of the known coefficients */
};

/* Its gradient in one piece. */
static void extract(const double *v, struct suspect *suspect)
{
  for (int part = 0; part < 2; part++)
    for (size_t k = suspect->ranges[part].first; k < suspect->ranges[part].last; k++)
      suspect->v[k] = v[k * WIDTH];
}

/* |row . v| */
static double coefficient(const double *row, const struct suspect *suspect)
{
  vector sum[2] = {vector_set(0.0), vector_set(0.0)};
  double rest = 0.0;
  for (int part = 0; part < 2; part++) {
    size_t k = suspect->ranges[part].first;
    const size_t last = suspect->ranges[part].last;
    for (; k + 2 * WIDTH <= last; k += 2 * WIDTH)
      for (int half = 0; half < 2; half++)
        sum[half] +=
            vector_load(row + k + half * WIDTH) * vector_load(suspect->v + k + half * WIDTH);
    for (; k < last; k++)
      rest += row[k] * suspect->v[k];
  }
  return __builtin_fabs(vector_sum(sum[0] + sum[1]) + rest);
}

static inline double larger(double a, double b)
{
  return a <= b ? b : a; /* NaN stays if it is a */
}

/* The largest coefficient if it is above `level`, else a number that is no larger than `level`.
   Rows that can't have the largest are left out. */
static double largest_of_rows(const struct mlgrain_mtp *mtp, const struct suspect *suspect,
                              double level, size_t *rows)
{
  const size_t n = mtp->parameter_count;
  double largest = suspect->known, enough = larger(largest, level) - MTP_BOUND_SLACK;
  for (size_t row = 0; row < n; row++) {
    if ((double)suspect->size[row * ALL_LANES] <= enough)
      continue;
    const double size = coefficient(mtp->active_inverse + row * n, suspect);
    ++*rows;
    if (size <= largest)
      continue;
    largest = size;
    if (!(largest <= level)) /* NaN stays, since all are */
      enough = largest - MTP_BOUND_SLACK;
  }
  return largest;
}

/* What bounds say of some blocks of centers: of each lane y [direction], rho, bounds of
   coefficients [parameter] but for rounding, the largest, and the largest of those that are known.
 */
struct bounded {
  float *y, *sizes;
  float rho[ALL_LANES];
  int kept; /* sizes */
  double largest[MTP_GRADE_BLOCKS][WIDTH], known[MTP_GRADE_BLOCKS][WIDTH];
};

static void find_bounds(const struct mtp_task *task, const struct range ranges[2], int blocks,
                        double *v, struct bounded *bounded)
{
  const struct mlgrain_mtp_grade_bounds *bounds = task->result->grade_bounds;
  const size_t n = task->mtp->parameter_count;
  vector unused[MTP_GRADE_BLOCKS], known[MTP_GRADE_BLOCKS], rho[MTP_GRADE_BLOCKS];
  float principal[ALL_LANES];
  for (int c = 0; c < blocks; c++)
    unused[c] = vector_set(0.0);
  memset(bounded->rho, 0, sizeof bounded->rho);
  const struct product product = {blocks, v, mtp_gradient_stride(task), v + n * WIDTH, unused};
  bounding_product(bounds, n, ranges, &product);
  split_rows(bounds, &product, bounded->y, known, rho);
  for (int c = 0; c < blocks; c++)
    for (int lane = 0; lane < WIDTH; lane++)
      bounded->rho[c * WIDTH + lane] = (float)rho[c][lane];
  principal_part(bounds, bounded->y, bounded->rho, bounded->kept, bounded->sizes, principal);
  for (int c = 0; c < blocks; c++)
    for (int lane = 0; lane < WIDTH; lane++) {
      bounded->known[c][lane] = known[c][lane];
      bounded->largest[c][lane] = (double)principal[c * WIDTH + lane] + MTP_BOUND_SLACK;
    }
}

/* Above which a coefficient is to be known: of an exact largest grade, that of the largest so far.
 */
static double level_of_interest(const struct mtp_task *task)
{
  const struct mlgrain_mtp_result *result = task->result;
  const int below = result->find_largest && result->largest_grade < result->grade_threshold;
  return (below ? result->largest_grade : result->grade_threshold) / task->mtp->grade_weight;
}

/* Whether rows of any lane may be above the level, and above those that are known. */
static int any_above(const struct bounded *bounded, int blocks, const int *lanes, double level)
{
  int any = 0;
  for (int c = 0; c < blocks; c++)
    for (int lane = 0; lane < lanes[c]; lane++)
      any |= !(bounded->largest[c][lane] <= larger(bounded->known[c][lane], level));
  return any;
}

/* How many of all lanes are. */
static size_t rows_above(const struct mlgrain_mtp_grade_bounds *bounds, struct bounded *bounded,
                         int blocks, const int *lanes, double level)
{
  const size_t n = bounds->parameters;
  size_t count = 0;
  if (!any_above(bounded, blocks, lanes, level))
    return 0;
  if (!bounded->kept) {
    float again[ALL_LANES];
    principal_part(bounds, bounded->y, bounded->rho, 1, bounded->sizes, again);
  }
  for (int c = 0; c < blocks; c++)
    for (int lane = 0; lane < lanes[c]; lane++) {
      const float *size = bounded->sizes + c * WIDTH + lane;
      const double above = larger(bounded->known[c][lane], level);
      const double enough = above - MTP_BOUND_SLACK;
      for (size_t row = 0; row < n && !(bounded->largest[c][lane] <= above); row++)
        count += !((double)size[row * ALL_LANES] <= enough);
    }
  return count;
}

/* A largest grade stays NaN. */
static void note_grade(double grade, double *largest)
{
  if (*largest == *largest && !(grade <= *largest))
    *largest = grade;
}

/* Exact grades of lanes that may be above the threshold, bounds of the others. */
static void grades_by_rows(const struct mtp_task *task, const struct mtp_waiting *waiting,
                           const struct range ranges[2], int first, int blocks,
                           const struct bounded *bounded)
{
  const struct mlgrain_mtp *mtp = task->mtp;
  struct mlgrain_mtp_result *result = task->result;
  const size_t stride = mtp_gradient_stride(task);
  const double *v = (double *)task->workspace->buffer[MTP_PARAMETERS].memory;
  for (int c = 0; c < blocks; c++)
    for (int lane = 0; lane < waiting->lanes[first + c]; lane++) {
      const double known = bounded->known[c][lane], level = level_of_interest(task);
      const double bound = larger(bounded->largest[c][lane], known);
      double *grade = &result->grade[waiting->center[first + c][lane]];
      *grade = bound * mtp->grade_weight < result->grade_threshold ? bound * mtp->grade_weight
                                                                   : result->grade_threshold;
      if (bound <= level)
        continue;
      struct suspect suspect = {ranges, task->workspace->buffer[MTP_SUSPECT].memory,
                                bounded->sizes + c * WIDTH + lane, known};
      double largest = known;
      if (!(bounded->largest[c][lane] <= larger(known, level))) {
        extract(v + (size_t)(first + c) * stride + lane, &suspect);
        largest = largest_of_rows(mtp, &suspect, level, &result->grade_rows);
      }
      const double exact = largest * mtp->grade_weight;
      if (!(exact <= result->grade_threshold))
        *grade = exact;
      note_grade(exact, &result->largest_grade);
    }
}

/* All grades of these blocks, exact. */
static void all_grades(const struct mtp_task *task, const struct mtp_waiting *waiting, int first,
                       int blocks)
{
  struct mlgrain_mtp_result *result = task->result;
  MLGRAIN_KERNEL(mtp_exact_grades)(task, waiting, first, blocks);
  for (int c = first; c < first + blocks; c++) {
    result->grade_rows += (size_t)waiting->lanes[c] * task->mtp->parameter_count;
    for (int lane = 0; lane < waiting->lanes[c]; lane++)
      note_grade(result->grade[waiting->center[c][lane]], &result->largest_grade);
  }
}

enum mlgrain_status MLGRAIN_KERNEL(mtp_reserve_bounds)(const struct mtp_task *task)
{
  const size_t n = task->mtp->parameter_count, directions = task->result->grade_bounds->directions;
  return mtp_reserve(&task->workspace->buffer[MTP_SUSPECT],
                     n * sizeof(double) + (n + directions) * ALL_LANES * sizeof(float));
}

void MLGRAIN_KERNEL(mtp_bounded_grades)(const struct mtp_task *task,
                                        const struct mtp_waiting *waiting, int first, int blocks)
{
  const struct range ranges[2] = {radial_range(task->mtp, waiting->species),
                                  {radial_range(task->mtp, -1).last, task->mtp->parameter_count}};
  const size_t n = task->mtp->parameter_count;
  double *v = (double *)task->workspace->buffer[MTP_PARAMETERS].memory +
              (size_t)first * mtp_gradient_stride(task);
  float *y = (void *)((double *)task->workspace->buffer[MTP_SUSPECT].memory + n);
  const struct mlgrain_mtp_grade_bounds *bounds = task->result->grade_bounds;
  struct bounded bounded = {
      .y = y, .sizes = y + bounds->directions * ALL_LANES, .kept = task->result->find_largest};
  find_bounds(task, ranges, blocks, v, &bounded);
  const size_t rows =
      rows_above(bounds, &bounded, blocks, waiting->lanes + first, level_of_interest(task));
  if (rows > (size_t)(blocks * WIDTH) * n / MTP_BOUND_FEW_ROWS)
    all_grades(task, waiting, first, blocks);
  else
    grades_by_rows(task, waiting, ranges, first, blocks, &bounded);
}
