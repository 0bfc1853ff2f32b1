/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Upper bounds of extrapolation grades from rounded gradients, and the centers whose grades may be
   above what is asked for (mlgrain/mtp_bounds.h has the formulas). */
#include "mtp_rounded.h"

/* Columns of centers of a species, -1 if these differ, in one range if that is possible. */
static void find_ranges(const struct mlgrain_mtp *mtp, int species, struct range ranges[2])
{
  ranges[0] = radial_range(mtp, species);
  ranges[1] = linear_range(mtp);
  if (ranges[0].last == ranges[1].first) {
    ranges[0].last = ranges[1].last;
    ranges[1].first = ranges[1].last;
  }
}

/* ---- products with matrices ------------------------------------------------------------------ */

/* The next `count` of a range of columns, or what is left. */
static inline struct range next_columns(struct range range, size_t first, size_t count)
{
  const size_t last = first + count;
  return (struct range){first, last < range.last ? last : range.last};
}

/* Adds columns of a group of rows [row][n] times the gradients to out [row][place]. */
ALWAYS_INLINE void add_columns(const float *matrix, size_t n, const float *gradient,
                               struct range columns, double *out)
{
  vector_single sum[MTP_BOUND_ROWS][ALL_SINGLES];
  for (int r = 0; r < MTP_BOUND_ROWS; r++)
    for (int c = 0; c < ALL_SINGLES; c++)
      sum[r][c] = single_set(0.0f);
  for (size_t k = columns.first; k < columns.last; k++)
    for (int r = 0; r < MTP_BOUND_ROWS; r++) {
      const vector_single a = single_set(matrix[(size_t)r * n + k]);
      for (int c = 0; c < ALL_SINGLES; c++)
        sum[r][c] += a * single_load(gradient + k * ALL_LANES + c * SINGLES);
    }
  for (int r = 0; r < MTP_BOUND_ROWS; r++)
    for (int c = 0; c < ALL_SINGLES; c++) {
      double *place = out + r * ALL_LANES + c * SINGLES;
      vector both[2] = {vector_load(place), vector_load(place + WIDTH)};
      single_add_to(both, sum[r][c]);
      vector_store(place, both[0]);
      vector_store(place + WIDTH, both[1]);
    }
}

__attribute__((noinline)) static void add_group(const struct mlgrain_mtp_grade_bounds *bounds,
                                                const float *matrix, const struct range ranges[2],
                                                const float *gradient, double *out)
{
  const size_t count = bounds->columns;
  for (int part = 0; part < 2; part++)
    for (size_t k = ranges[part].first; k < ranges[part].last; k += count)
      add_columns(matrix, bounds->parameters, gradient, next_columns(ranges[part], k, count), out);
}

/* out [row][place]: what `rows` rows give for the mean of each center's species, from a table
   [species][step] of them. */
static void begin_rows(const double *table, size_t step, size_t rows, const struct mtp_group *group,
                       double *out)
{
  if (group->species >= 0) {
    table += (size_t)group->species * step;
    for (size_t row = 0; row < rows; row++)
      for (int place = 0; place < ALL_LANES; place += WIDTH, out += WIDTH)
        vector_store(out, vector_set(table[row]));
    return;
  }
  for (int block = 0; block < MTP_GRADE_BLOCKS; block++, out += WIDTH)
    for (int lane = 0; lane < WIDTH; lane++) {
      const int species = group->each[block < group->blocks ? block : 0][lane];
      const double *mean = table + (size_t)species * step;
      for (size_t row = 0; row < rows; row++)
        out[row * ALL_LANES + (size_t)lane] = mean[row];
    }
}

static void multiply(const struct mlgrain_mtp_grade_bounds *bounds, const struct range ranges[2],
                     const struct mtp_group *group, const struct mtp_rounded *arrays)
{
  begin_rows(bounds->offset, bounds->rows, bounds->rows, group, arrays->product);
  for (size_t row = 0; row < bounds->rows; row += MTP_BOUND_ROWS)
    add_group(bounds, bounds->matrix + row * bounds->parameters, ranges, arrays->group.gradient,
              arrays->product + row * ALL_LANES);
}

/* Sizes of all coefficients of those that are undecided, and the largest of each place; NaN stays.
 */
static void multiply_all(const struct mlgrain_mtp_grade_bounds *bounds,
                         const struct range ranges[2], const struct mtp_group *group,
                         const struct mtp_rounded *arrays, double *largest)
{
  const size_t n = bounds->parameters;
  float *sizes = arrays->sizes;
  memset(largest, 0, ALL_LANES * sizeof *largest);
  for (size_t row = 0; row < n; row += MTP_BOUND_ROWS) {
    double out[MTP_BOUND_ROWS * ALL_LANES] = {0.0};
    begin_rows(bounds->origin + row, n, n - row < MTP_BOUND_ROWS ? n - row : MTP_BOUND_ROWS, group,
               out);
    add_group(bounds, bounds->inverse + row * n, ranges, arrays->undecided.gradient, out);
    for (int k = 0; k < MTP_BOUND_ROWS * ALL_LANES; k += WIDTH, sizes += WIDTH) {
      double *place = largest + k % ALL_LANES;
      const vector size = vector_abs(vector_load(out + k)), so_far = vector_load(place);
      vector_store(place, vector_select(size <= so_far, so_far, size));
      single_round(sizes, size);
    }
  }
}

/* ---- bounds ---------------------------------------------------------------------------------- */

enum { PRINCIPAL_VECTORS = 4 }; /* of rows at a time: two centers' sums stay in registers */

/* What is known of all places. */
struct bounded {
  float y[ALL_LANES];        /* |y| */
  float rho[ALL_LANES];      /* bounds the remainder */
  float rounding[ALL_LANES]; /* what rounding changes in a bound at most */
  float known[ALL_LANES];    /* the largest known coefficient */
  float largest[ALL_LANES];  /* bounds all others, but for rounding */
  float most[ALL_LANES];     /* what any coefficient is at most */
};

/* Rounding errors, as independent with mean 0, add up in squares (N. J. Higham, T. Mary, SIAM J.
   Sci. Comput. 41 (2019) A2815): those of entries of the gradient; and those of sums of
   `columns` terms, none larger than the sum of the terms' sizes, of which `error` times `factor`
   counts. */
__attribute__((noinline)) static void find_rounding(const struct mlgrain_mtp_grade_bounds *bounds,
                                                    const float *error, float factor,
                                                    const struct range ranges[2],
                                                    const struct mtp_rounded_gradients *gradients,
                                                    float *rounding)
{
  vector_single entries[ALL_SINGLES], products[ALL_SINGLES];
  for (int c = 0; c < ALL_SINGLES; c++) {
    entries[c] = single_load(gradients->of_sums + c * SINGLES);
    products[c] = single_set(0.0f);
  }
  for (int part = 0; part < 2; part++)
    for (size_t first = ranges[part].first; first < ranges[part].last; first += bounds->columns) {
      const struct range columns = next_columns(ranges[part], first, bounds->columns);
      vector_single sizes[ALL_SINGLES];
      for (int c = 0; c < ALL_SINGLES; c++)
        sizes[c] = single_set(0.0f);
      for (size_t k = columns.first; k < columns.last; k++)
        for (int c = 0; c < ALL_SINGLES; c++) {
          const vector_single v = single_load(gradients->gradient + k * ALL_LANES + c * SINGLES);
          const vector_single entry = v * single_set(bounds->entry_error[k]);
          entries[c] += entry * entry;
          sizes[c] += single_abs(v) * single_set(error[k]);
        }
      for (int c = 0; c < ALL_SINGLES; c++)
        products[c] += sizes[c] * sizes[c];
    }
  for (int c = 0; c < ALL_SINGLES; c++)
    single_store(rounding + c * SINGLES, (float)MTP_BOUND_SLACK + single_root(entries[c]) +
                                             factor * single_root(products[c]));
}

/* The product's rows: y, known coefficients, the remainder. */
static void split_rows(const struct mlgrain_mtp_grade_bounds *bounds,
                       const struct mtp_rounded *arrays, struct bounded *bounded)
{
  const size_t sketch = bounds->directions + bounds->known_count;
  const double *out = arrays->product;
  for (size_t k = 0; k < bounds->directions * ALL_LANES; k++)
    arrays->y[k] = (float)out[k];
  for (int c = 0; c < MTP_GRADE_BLOCKS; c++) {
    vector known = vector_set(0.0), squares = vector_set(0.0);
    for (size_t k = bounds->directions; k < sketch; k++) {
      const vector size = vector_abs(vector_load(out + k * ALL_LANES + c * WIDTH));
      known = vector_select(size <= known, known, size); /* NaN stays: all are */
    }
    for (size_t k = sketch; k < bounds->rows; k++) {
      const vector sketched = vector_load(out + k * ALL_LANES + c * WIDTH);
      squares += sketched * sketched;
    }
    single_round(bounded->known + c * WIDTH, known);
    single_round(bounded->rho + c * WIDTH, squares);
  }
  for (int c = 0; c < ALL_LANES; c += SINGLES)
    single_store(bounded->rho + c, single_root(single_load(bounded->rho + c)));
}

static inline double larger(double a, double b)
{
  return a <= b ? b : a; /* NaN stays if it is a */
}

/* What |y| and rho tell of some rows. */
static float bound_of_lengths(const struct mtp_lengths *lengths, const struct bounded *bounded,
                              int place)
{
  return lengths->reach * bounded->y[place] + lengths->weight * bounded->rho[place];
}

static void bound_by_lengths(const struct mlgrain_mtp_grade_bounds *bounds,
                             const struct mtp_rounded *arrays, struct bounded *bounded)
{
  for (int c = 0; c < ALL_LANES; c += SINGLES) {
    vector_single square = single_set(0.0f);
    for (size_t k = 0; k < bounds->directions; k++) {
      const vector_single y = single_load(arrays->y + k * ALL_LANES + c);
      square += y * y;
    }
    single_store(bounded->y + c, single_root(square));
    for (int lane = 0; lane < SINGLES; lane++)
      bounded->largest[c + lane] = bound_of_lengths(bounds->lengths, bounded, c + lane);
  }
}

/* Places of a group. */
struct places {
  int count;
  int place[ALL_LANES + 1]; /* one more, for work that is done in pairs */
};

static struct places places_of(unsigned bits)
{
  struct places places = {0};
  for (; bits; bits &= bits - 1u)
    places.place[places.count++] = __builtin_ctz(bits);
  return places;
}

/* A bit for each place that a center has. */
static unsigned used_bits(const struct mtp_group *group)
{
  unsigned bits = 0;
  for (int block = 0; block < group->blocks; block++)
    bits |= ((1u << group->lanes[block]) - 1u) << (block * WIDTH);
  return bits;
}

/* Sums up the bounds, and tells which of these aren't below the level. NaN isn't. */
static unsigned find_most(double level, struct bounded *bounded)
{
  const vector_single enough = single_set((float)(level * (1.0 - 0x1p-23)));
  unsigned bits = 0;
  for (int c = 0; c < ALL_LANES; c += SINGLES) {
    const vector_single known = single_load(bounded->known + c);
    const vector_single most = single_larger(known, single_load(bounded->largest + c)) +
                               single_load(bounded->rounding + c);
    single_store(bounded->most + c, most);
    bits |= single_not_greater_bits(enough, most) << c;
  }
  return bits;
}

/* Bounds |W V y| + W rho of some rows, for two centers at once; largest[] becomes the largest of
   itself and these. */
ALWAYS_INLINE void principal_rows(const float *v, size_t room, size_t directions, const float *y,
                                  const int place[2], const float *rho, vector_single largest[2])
{
  vector_single sum[2][PRINCIPAL_VECTORS];
  for (int r = 0; r < PRINCIPAL_VECTORS; r++)
    sum[0][r] = sum[1][r] = single_set(0.0f);
  for (size_t k = 0; k < directions; k++, v += room, y += ALL_LANES)
    for (int r = 0; r < PRINCIPAL_VECTORS; r++) {
      const vector_single entry = single_load(v + r * SINGLES);
      sum[0][r] += entry * single_set(y[place[0]]);
      sum[1][r] += entry * single_set(y[place[1]]);
    }
  for (int c = 0; c < 2; c++)
    for (int r = 0; r < PRINCIPAL_VECTORS; r++) {
      const vector_single size =
          single_abs(sum[c][r]) + single_load(v + r * SINGLES) * single_set(rho[place[c]]);
      largest[c] = (vector_single)(((vector_int32)largest[c] & (size <= largest[c])) |
                                   ((vector_int32)size & ~(size <= largest[c])));
    }
}

/* Closer bounds at some places, NaN where y isn't finite: rows one by one, until lengths tell that
   all others are below the level. The last place is done twice where they are an odd number. */
__attribute__((noinline)) static void principal_part(const struct mlgrain_mtp_grade_bounds *bounds,
                                                     const struct mtp_rounded *arrays, double level,
                                                     struct places *places, struct bounded *bounded)
{
  const size_t room = mtp_principal_room(bounds->parameters), step = PRINCIPAL_VECTORS * SINGLES;
  vector_single found[ALL_LANES + 1];
  float others[ALL_LANES + 1]; /* bounds of rows that are left out; -1 as long as none are */
  places->place[places->count] = places->place[places->count - 1];
  for (int k = 0; k <= places->count; k++) {
    found[k] = single_set(0.0f);
    others[k] = -1.0f;
  }
  for (size_t row = 0; row < room; row += step) {
    const struct mtp_lengths *lengths = &bounds->lengths[row / MTP_PRINCIPAL_ROWS];
    for (int k = 0; k < places->count; k += 2) {
      const int *place = places->place + k;
      const float a = bound_of_lengths(lengths, bounded, place[0]);
      const float b = bound_of_lengths(lengths, bounded, place[1]);
      if (others[k] >= 0.0f)
        continue;
      if ((double)(a + bounded->rounding[place[0]]) <= level &&
          (double)(b + bounded->rounding[place[1]]) <= level) {
        others[k] = a;
        others[k + 1] = b;
        continue;
      }
      principal_rows(bounds->basis + row, room, bounds->directions, arrays->y, place, bounded->rho,
                     found + k);
    }
  }
  for (int k = 0; k < places->count; k++) {
    double largest = (double)others[k];
    for (int lane = 0; lane < SINGLES; lane++)
      largest = larger((double)found[k][lane], largest);
    bounded->largest[places->place[k]] = (float)largest;
  }
}

/* ---- decisions ------------------------------------------------------------------------------- */

static void raise(double least, struct mtp_waiting *waiting)
{
  if (least > waiting->at_least)
    waiting->at_least = least;
}

/* A bound of the coefficients of a place as its grade. */
static void note_bound(const struct mtp_task *task, const struct mtp_group *group, int place,
                       double most)
{
  const double threshold = task->result->grade_threshold, grade = most * task->mtp->grade_weight;
  task->result->grade[group->center[place / WIDTH][place % WIDTH]] =
      grade < threshold ? grade : threshold;
}

/* Bounds as grades of all that wait. */
static void note_bounds(const struct mtp_task *task, const struct bounded *bounded,
                        struct mtp_waiting *waiting)
{
  for (unsigned bits = used_bits(&waiting->group); bits; bits &= bits - 1u) {
    const int place = __builtin_ctz(bits);
    note_bound(task, &waiting->group, place, (double)bounded->most[place]);
    raise((double)(bounded->known[place] - bounded->rounding[place]), waiting);
  }
}

/* ---- those that are undecided ---------------------------------------------------------------- */

/* Copies what a group knows of a place to the next place of another, which it returns. */
static int add_center(const struct mtp_group *from, int place, struct mtp_group *group)
{
  const int block = place / WIDTH, lane = place % WIDTH;
  if (!group->blocks || group->lanes[group->blocks - 1] == WIDTH)
    group->lanes[group->blocks++] = 0;
  const int last = group->blocks - 1, next = group->lanes[last]++;
  group->center[last][next] = from->center[block][lane];
  group->each[last][next] = from->each[block][lane];
  group->list[last][next] = from->list[block][lane];
  return last * WIDTH + next;
}

static void copy_gradient(const struct range ranges[2], const struct mtp_rounded_gradients *from,
                          int place, struct mtp_rounded_gradients *to, int next)
{
  to->of_sums[next] = from->of_sums[place];
  for (int part = 0; part < 2; part++)
    for (size_t k = ranges[part].first; k < ranges[part].last; k++)
      to->gradient[k * ALL_LANES + (size_t)next] = from->gradient[k * ALL_LANES + (size_t)place];
}

/* Places whose bounds are above the level join those that are undecided. */
static void keep_undecided(const struct mtp_task *task, const struct range ranges[2],
                           const struct places *places, struct mtp_rounded *arrays,
                           struct mtp_waiting *waiting)
{
  struct mtp_group *undecided = &waiting->undecided;
  for (int k = 0; k < places->count; k++) {
    const int place = places->place[k];
    if (undecided->blocks && undecided->species != waiting->group.species)
      MLGRAIN_KERNEL(mtp_undecided_grades)(task, waiting);
    undecided->species = waiting->group.species;
    const int next = add_center(&waiting->group, place, undecided);
    copy_gradient(ranges, &arrays->group, place, &arrays->undecided, next);
    if (next == ALL_LANES - 1)
      MLGRAIN_KERNEL(mtp_undecided_grades)(task, waiting);
  }
}

/* Rows that may have the largest coefficient of a place: those no smaller than `least`. */
static void find_rows(const struct mlgrain_mtp_grade_bounds *bounds, const float *sizes,
                      double least, struct mtp_suspect *suspect)
{
  suspect->rows = 0;
  for (size_t row = 0; row < bounds->parameters; row++)
    if (!((double)sizes[row * ALL_LANES] < least)) {
      if (suspect->rows < MTP_SUSPECT_ROWS)
        suspect->row[suspect->rows] = (uint32_t)row;
      suspect->rows++;
    }
}

/* Notes what coefficients are at most, largest[] and what rounding may change, and the centers that
   are to be computed exactly. */
static void add_suspects(const struct mtp_task *task, const double *largest, const float *rounding,
                         const float *sizes, struct mtp_waiting *waiting)
{
  const struct mlgrain_mtp_grade_bounds *bounds = task->result->grade_bounds;
  const struct mtp_group *undecided = &waiting->undecided;
  const struct places places = places_of(used_bits(undecided));
  struct mtp_suspect *suspects = task->workspace->buffer[MTP_SUSPECTS].memory;
  for (int k = 0; k < places.count; k++)
    raise(largest[places.place[k]] - (double)rounding[places.place[k]], waiting);
  for (int k = 0; k < places.count; k++) {
    const int place = places.place[k];
    const double most = largest[place] + (double)rounding[place];
    note_bound(task, undecided, place, most);
    if (most <= mtp_level_of_interest(task, waiting))
      continue;
    struct mtp_suspect *suspect = &suspects[waiting->suspects++];
    suspect->most = most == most ? most : __builtin_inf();
    suspect->list = undecided->list[place / WIDTH][place % WIDTH];
    find_rows(bounds, sizes + place, most - 3.0 * (double)rounding[place], suspect);
  }
  task->result->grade_rows += (size_t)places.count * bounds->parameters;
}

void MLGRAIN_KERNEL(mtp_undecided_grades)(const struct mtp_task *task, struct mtp_waiting *waiting)
{
  const struct mlgrain_mtp_grade_bounds *bounds = task->result->grade_bounds;
  const struct mtp_rounded arrays = mtp_rounded_arrays(task);
  struct range ranges[2];
  double largest[ALL_LANES];
  float rounding[ALL_LANES];
  find_ranges(task->mtp, waiting->undecided.species, ranges);
  multiply_all(bounds, ranges, &waiting->undecided, &arrays, largest);
  find_rounding(bounds, bounds->entry_error, __builtin_sqrtf((float)bounds->columns), ranges,
                &arrays.undecided, rounding);
  add_suspects(task, largest, rounding, arrays.sizes, waiting);
  waiting->undecided.blocks = 0;
}

/* ---- all that wait --------------------------------------------------------------------------- */

enum mlgrain_status MLGRAIN_KERNEL(mtp_reserve_bounds)(const struct mtp_task *task)
{
  const struct mlgrain_mtp *mtp = task->mtp;
  const struct mlgrain_mtp_grade_bounds *bounds = task->result->grade_bounds;
  struct mtp_buffer *buffer = task->workspace->buffer;
  const size_t sums = bounds->parameters + (size_t)mtp->radial_count;
  if (mtp_reserve(&buffer[MTP_SUMS], sums * SINGLES * sizeof(float)) ||
      mtp_reserve(&buffer[MTP_ROUNDED], mtp_rounded_size(bounds)) ||
      mtp_reserve(&buffer[MTP_SUSPECTS], (task->count + 1) * sizeof(struct mtp_suspect)))
    return MLGRAIN_OUT_OF_MEMORY;
  memset(buffer[MTP_ROUNDED].memory, 0, mtp_rounded_size(bounds));
  return MLGRAIN_SUCCESS;
}

void MLGRAIN_KERNEL(mtp_bounded_grades)(const struct mtp_task *task, struct mtp_waiting *waiting)
{
  const struct mlgrain_mtp_grade_bounds *bounds = task->result->grade_bounds;
  struct range ranges[2];
  struct mtp_rounded arrays = mtp_rounded_arrays(task);
  struct bounded bounded;
  find_ranges(task->mtp, waiting->group.species, ranges);
  multiply(bounds, ranges, &waiting->group, &arrays);
  find_rounding(bounds, bounds->product_error, 1.0f, ranges, &arrays.group, bounded.rounding);
  split_rows(bounds, &arrays, &bounded);
  bound_by_lengths(bounds, &arrays, &bounded);
  const unsigned used = used_bits(&waiting->group);
  const double level = mtp_level_of_interest(task, waiting);
  unsigned above = used & find_most(level, &bounded);
  if (above) {
    struct places places = places_of(above);
    principal_part(bounds, &arrays, level, &places, &bounded);
    find_most(level, &bounded);
  }
  note_bounds(task, &bounded, waiting);
  above &= find_most(mtp_level_of_interest(task, waiting), &bounded);
  if (above) {
    const struct places places = places_of(above);
    keep_undecided(task, ranges, &places, &arrays, waiting);
  }
}
