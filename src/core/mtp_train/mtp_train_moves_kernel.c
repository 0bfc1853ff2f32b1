/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Jacobian of a block, a row of it at a time. If a neighbor of the center, with all its images,
   moves by an infinitesimal vector along x, y or z, or the crystal is strained, moments change by

     m'_k = sum over its rows of (f'_mu - n f_mu/r) u_e M_k + (f_mu/r) dM_k/du_e,   n = a + b + c,

   since M_k = u_x^a u_y^b u_z^c is homogeneous. u_e M_k and dM_k/du_e are monomials as well: sums
   of f' and f/r times all monomials of one degree more are enough for three directions. The change
   of products gives the forces of all basis functions at once; their way back gives the row's
   elements for the radial coefficients,

     d/dc_mu,b V' = sum_k dual_k C_b,k + sum over its rows of phi'_b u_e P_mu + phi_b/r (1 - u u^T)
   dP_mu/du_e, C_b,k = sum over all rows of phi_b M_k.

   Where few atoms are in a cell, there are far fewer directions than columns. */
#include "mtp_train_block.h"

enum { STRAINS = 6 };

_Static_assert(BATCH == 3, "a group moves along x, y and z");

static const int strain_of[STRAINS][2] = {{0, 0}, {1, 1}, {2, 2}, {0, 1}, {0, 2}, {1, 2}};

/* The neighbors of the lanes by the atom whose images they are; the center's own images are in no
   group. */
struct groups {
  int count;  /* of the lane that has most */
  int *owner; /* [group][lane] atom, -1 for none */
  int *first; /* [group + 1][lane] places of its rows in `row` */
  int *row;   /* [lane][rows] */
  int *place; /* [atom of the block] group, -1 */
};

/* Memory of one set of lanes: arrays of vectors. */
struct moves {
  const struct train_lanes *lanes;
  const struct mtp_plan *plan;
  int functions, size, orders; /* orders: most of a radial function */
  size_t sums, length;         /* of moments of one degree more, of a row of the Jacobian */
  size_t radial;               /* elements of that row for radial coefficients */
  struct groups groups;
  double *tile, *polynomials; /* rows of a group, as in mtp_tile; [mu][POLYNOMIAL][row] */
  double *slope, *value;      /* [3][sums] */
  double *change[BATCH];      /* [basic moment], then their duals */
  double *direct;          /* [species or 1][9 or 3][mu][b] second term for radial coefficients */
  double *basis;           /* [species][b][reduced moment of a function of all orders] C */
  double *radial_rows;     /* [2][HALF] */
  double *elements, *self; /* [BATCH][length] each */
  double *m, *adjoint, *dm, *dual; /* [slot]; the latter two [slot][BATCH] */
};

/* How many moments a radial function of that degree has. */
ALWAYS_INLINE int moments_of_degree(int degree)
{
  return (degree + 1) * (degree + 1);
}

/* Place of x^a y^b z^c among them. */
ALWAYS_INLINE int moment_place(int degree, int a, int b, int c)
{
  return c ? strip_start(degree, degree + 1) + strip_start(degree - 1, b) + a
           : strip_start(degree, b) + a;
}

static void clear(double *vectors, size_t count)
{
  memset(vectors, 0, count * WIDTH * sizeof *vectors);
}

static enum mlgrain_status find_groups(const struct train_lanes *lanes, struct groups *groups)
{
  const struct train_block *block = lanes->task->block;
  const int32_t *index = lanes->mtp.workspace->buffer[MTP_INDEX].memory;
  const size_t rows = (size_t)lanes->block.rows, atoms = block->count;
  struct mtp_buffer *buffer = &lanes->task->workspace->buffer[TRAIN_GROUPS];
  if (mtp_reserve(buffer, (WIDTH * (2 * (rows + 1) + rows) + atoms) * sizeof(int)))
    return MLGRAIN_OUT_OF_MEMORY;
  *groups = (struct groups){0, buffer->memory, NULL, NULL, NULL};
  groups->first = groups->owner + WIDTH * (rows + 1);
  groups->row = groups->first + WIDTH * (rows + 1);
  groups->place = groups->row + WIDTH * rows;
  for (size_t i = 0; i < atoms; i++)
    groups->place[i] = -1;
  for (size_t k = 0; k < WIDTH * (rows + 1); k++) {
    groups->owner[k] = -1;
    groups->first[k] = 0;
  }
  for (int lane = 0; lane < lanes->block.lanes; lane++) {
    const int32_t *own = index + (size_t)lane * lanes->block.room;
    const int count = lanes->block.count[lane];
    int found = 0;
    for (int k = 0; k < count; k++) {
      const int owner = block->owner[own[k]];
      if (owner == lanes->block.center[lane])
        continue;
      if (groups->place[owner] < 0) {
        groups->place[owner] = found;
        groups->owner[found++ * WIDTH + lane] = owner;
      }
      groups->first[(groups->place[owner] + 1) * WIDTH + lane]++;
    }
    for (int g = 0; g < found; g++) /* counts to beginnings */
      groups->first[(g + 1) * WIDTH + lane] += groups->first[g * WIDTH + lane];
    for (int g = found; g < (int)rows; g++)
      groups->first[(g + 1) * WIDTH + lane] = groups->first[g * WIDTH + lane];
    int *sorted = groups->row + (size_t)lane * rows;
    for (int k = 0; k < count; k++) { /* beginnings become ends, one to the left */
      const int owner = block->owner[own[k]];
      if (owner != lanes->block.center[lane])
        sorted[groups->first[groups->place[owner] * WIDTH + lane]++] = k;
    }
    for (int g = found; g > 0; g--)
      groups->first[g * WIDTH + lane] = groups->first[(g - 1) * WIDTH + lane];
    groups->first[lane] = 0;
    for (int g = 0; g < found; g++)
      groups->place[groups->owner[g * WIDTH + lane]] = -1;
    groups->count = found > groups->count ? found : groups->count;
  }
  return MLGRAIN_SUCCESS;
}

static enum mlgrain_status prepare(const struct train_lanes *lanes, struct moves *moves)
{
  const struct mlgrain_mtp_model *model = lanes->task->model;
  const struct mlgrain_mtp *mtp = model->mtp;
  struct mlgrain_mtp_train_workspace *workspace = lanes->task->workspace;
  const size_t species = (size_t)mtp->species_count;
  const size_t functions = (size_t)mtp->radial_count, size = (size_t)mtp->radial_size;
  *moves = (struct moves){.lanes = lanes,
                          .plan = &mtp->plan,
                          .functions = mtp->radial_count,
                          .size = mtp->radial_size,
                          .radial = species * functions * size,
                          .m = lanes->mtp.workspace->buffer[MTP_MOMENTS].memory,
                          .dm = train_buffer(lanes->task, TRAIN_MOMENTS),
                          .adjoint = train_buffer(lanes->task, TRAIN_ADJOINTS)};
  moves->length = moves->radial + (size_t)mtp->scalar_count;
  for (int mu = 0; mu < moves->functions; mu++) {
    const int orders = orders_of(moves->plan, mu);
    moves->orders = orders > moves->orders ? orders : moves->orders;
    moves->sums += orders ? (size_t)moments_of_degree(orders) : 0;
  }
  if (!moves->orders)
    moves->orders = 1; /* without any moments: what there is of them is 0 */
  const size_t tile = mtp_tile_vectors(mtp), polynomials = functions * POLYNOMIAL * MTP_TILE;
  const size_t direct = species * 9 * functions * size;
  const size_t basis = species * size * (size_t)(moves->orders * moves->orders);
  const size_t all =
      tile + polynomials + 6 * moves->sums + direct + basis + 2 * HALF + 2 * BATCH * moves->length;
  if (mtp_reserve(&workspace->buffer[TRAIN_MOVES], all * WIDTH * sizeof(double)))
    return MLGRAIN_OUT_OF_MEMORY;
  double *next = train_buffer(lanes->task, TRAIN_MOVES);
#define TAKE(name, count) (moves->name = next, next += (count)*WIDTH)
  TAKE(tile, tile);
  TAKE(polynomials, polynomials);
  TAKE(slope, 3 * moves->sums);
  TAKE(value, 3 * moves->sums);
  TAKE(direct, direct);
  TAKE(basis, basis);
  TAKE(radial_rows, 2 * HALF);
  TAKE(elements, BATCH * moves->length);
  TAKE(self, BATCH * moves->length);
#undef TAKE
  moves->dual = moves->adjoint + model->plan.slots;
  train_changes(lanes->task, moves->change);
  return find_groups(lanes, &moves->groups);
}

/* Rows first .. first + HALF - 1 of a group to the tile of its own; where a lane has fewer, at the
   cutoff. */
static void copy_rows(const struct moves *moves, int group, int first)
{
  const struct train_lanes *lanes = moves->lanes;
  const struct groups *groups = &moves->groups;
  const int quantities = TILE_RADIAL + 2 * moves->functions;
  const int polynomials = moves->functions * POLYNOMIAL;
  const double cutoff = lanes->mtp.mtp->max_dist;
  const double far[TILE_RADIAL] = {1.0, 0.0, 0.0, cutoff, 1.0 / cutoff};
  for (int row = 0; row < HALF; row++)
    for (int lane = 0; lane < WIDTH; lane++) {
      const int k = groups->first[group * WIDTH + lane] + first + row;
      double *to = moves->tile + row * WIDTH + lane;
      double *p = moves->polynomials + row * WIDTH + lane;
      if (k >= groups->first[(group + 1) * WIDTH + lane]) {
        for (int q = 0; q < quantities; q++)
          to[q * MTP_TILE * WIDTH] = q < TILE_RADIAL ? far[q] : 0.0;
        for (int q = 0; q < polynomials; q++)
          p[q * MTP_TILE * WIDTH] = 0.0;
        continue;
      }
      const int from = groups->row[(size_t)lane * (size_t)lanes->block.rows + (size_t)k];
      const int t = from / MTP_TILE, own = from % MTP_TILE;
      const double *tile = mtp_tile_row(mtp_tile(&lanes->mtp, t), 0, own) + lane;
      const double *polynomial = train_polynomial_row(lanes, t, 0, 0, own) + lane;
      for (int q = 0; q < quantities; q++)
        to[q * MTP_TILE * WIDTH] = tile[q * MTP_TILE * WIDTH];
      for (int q = 0; q < polynomials; q++)
        p[q * MTP_TILE * WIDTH] = polynomial[q * MTP_TILE * WIDTH];
    }
}

/* sums += f times all monomials up to `degree`, over HALF rows. */
static void add_monomials(int degree, const double *f, const struct powers *powers, double *sums)
{
#define ADD(n)                                                                                     \
  add_powers((n), f, powers, 0, sums);                                                             \
  add_powers((n)-1, f, powers, 1, sums + strip_start((n), (n) + 1) * WIDTH)
  if (degree)
    FOR_SMALL(degree, ADD, degree)
  else
    add_powers(0, f, powers, 0, sums);
#undef ADD
}

/* Adds rows first .. first + HALF - 1 of a tile, each moving by `step` [HALF] (NULL: 1), to the
   sums of f' and f/r. */
static void add_row_sums(const struct moves *moves, double *tile, int first, const vector *step,
                         const struct powers *powers, double *slope, double *value)
{
  double *f = moves->radial_rows, *df = f + HALF * WIDTH;
  for (int mu = 0; mu < moves->functions; mu++) {
    const int orders = orders_of(moves->plan, mu);
    if (!orders)
      continue;
    for (int row = 0; row < HALF; row++) {
      const vector inverse = vector_load(mtp_tile_row(tile, TILE_INVERSE, first + row));
      const vector one = step ? step[row] : vector_set(1.0);
      const double *own = mtp_tile_row(tile, TILE_RADIAL + mu, first + row);
      vector_store(f + row * WIDTH, one * inverse * vector_load(own));
      own = mtp_tile_row(tile, TILE_RADIAL + moves->functions + mu, first + row);
      vector_store(df + row * WIDTH, one * vector_load(own));
    }
    add_monomials(orders, df, powers, slope);
    add_monomials(orders, f, powers, value);
    slope += moments_of_degree(orders) * WIDTH;
    value += moments_of_degree(orders) * WIDTH;
  }
}

/* direct[e][mu][b] += phi'_b u_e P_mu + phi_b/r (dP_mu/du_e - u_e u . dP_mu/du) over HALF rows,
   times `step`. `polynomials` is that of the first of them. */
static void add_direct(const struct moves *moves, double *tile, int first,
                       const double *polynomials, const vector *value, const vector *slope,
                       const vector *step, double *direct)
{
  const int size = moves->size, functions = moves->functions;
  for (int mu = 0; mu < functions; mu++) {
    const double *p = polynomials + mu * POLYNOMIAL * MTP_TILE * WIDTH;
    vector along[3][HALF], across[3][HALF];
    for (int row = 0; row < HALF; row++) {
      const vector inverse = vector_load(mtp_tile_row(tile, TILE_INVERSE, first + row));
      const vector one = step ? step[row] : vector_set(1.0);
      vector u[3], g[3], radial = vector_set(0.0);
      for (int e = 0; e < 3; e++) {
        u[e] = vector_load(mtp_tile_row(tile, TILE_X + e, first + row));
        g[e] = vector_load(p + ((SLOPE_X + e) * MTP_TILE + row) * WIDTH);
        radial += u[e] * g[e];
      }
      for (int e = 0; e < 3; e++) {
        along[e][row] = one * u[e] * vector_load(p + (VALUE * MTP_TILE + row) * WIDTH);
        across[e][row] = one * inverse * (g[e] - u[e] * radial);
      }
    }
    for (int e = 0; e < 3; e++)
      for (int b = 0; b < size; b++) {
        double *place = direct + ((e * functions + mu) * size + b) * WIDTH;
        vector sum = vector_load(place);
        for (int row = 0; row < HALF; row++)
          sum += slope[(first + row) * size + b] * along[e][row] +
                 value[(first + row) * size + b] * across[e][row];
        vector_store(place, sum);
      }
  }
}

/* The change of reduced moments if what the sums are of moves along e. */
static void change_along(const struct moves *moves, int e, const double *slope, const double *value,
                         double *change)
{
  for (int mu = 0; mu < moves->functions; mu++) {
    const int orders = orders_of(moves->plan, mu), degree = orders - 1;
    if (!orders)
      continue;
    double *own = train_strips(moves->plan, mu, change);
    for (int c = 0; c <= 1 && c <= degree; c++)
      for (int b = 0; b <= degree - c; b++)
        for (int a = 0; a <= degree - c - b; a++) {
          const vector n = vector_set((double)(a + b + c));
          vector sum;
#define AT(sums, i, j, k) vector_load((sums) + moment_place(orders, i, j, k) * WIDTH)
#define ALONG(i, j, k) (AT(slope, i, j, k) - n * AT(value, i, j, k))
          if (e == 0) {
            sum = ALONG(a + 1, b, c);
            if (a)
              sum += (double)a * AT(value, a - 1, b, c);
          } else if (e == 1) {
            sum = ALONG(a, b + 1, c);
            if (b)
              sum += (double)b * AT(value, a, b - 1, c);
          } else if (c == 0)
            sum = ALONG(a, b, 1);
          else /* z^2 = 1 - x^2 - y^2 */
            sum = ALONG(a, b, 0) - ALONG(a + 2, b, 0) - ALONG(a, b + 2, 0) + AT(value, a, b, 0);
#undef ALONG
#undef AT
          vector_store(own + moment_place(degree, a, b, c) * WIDTH, sum);
        }
    slope += moments_of_degree(orders) * WIDTH;
    value += moments_of_degree(orders) * WIDTH;
  }
}

/* C of all neighbors. */
static void find_basis(const struct moves *moves)
{
  const struct train_lanes *lanes = moves->lanes;
  const int species_count = lanes->mtp.mtp->species_count, size = moves->size;
  const int degree = moves->orders - 1, count = moments_of_degree(degree);
  vector *value = train_buffer(lanes->task, TRAIN_BASIS), *slope = value + MTP_TILE * size;
  struct powers powers;
  clear(moves->basis, (size_t)(species_count * size * count));
  for (int t = 0; t < lanes->block.tiles; t++) {
    double *tile = mtp_tile(&lanes->mtp, t);
    MLGRAIN_KERNEL(train_basis)(lanes, tile, value, slope);
    for (int first = 0; first < MTP_TILE; first += HALF) {
      fill_x_powers(HALF, degree, tile, first, &powers);
      fill_yz_powers(HALF, degree, tile, first, &powers);
      for (int species = 0; species < species_count; species++) {
        vector mask[MTP_TILE];
        if (!MLGRAIN_KERNEL(train_species_mask)(lanes, t, species, mask))
          continue;
        for (int b = 0; b < size; b++) {
          for (int row = 0; row < HALF; row++)
            vector_store(moves->radial_rows + row * WIDTH,
                         mask[first + row] * value[(first + row) * size + b]);
          add_monomials(degree, moves->radial_rows, &powers,
                        moves->basis + (size_t)((species * size + b) * count) * WIDTH);
        }
      }
    }
  }
}

/* out[species][mu][b] = sum over reduced moments of adjoint times C */
static void combine_basis(const struct moves *moves, const double *adjoint, double *out)
{
  const int species_count = moves->lanes->mtp.mtp->species_count;
  const int most = moves->orders - 1, count = moments_of_degree(most);
  for (int species = 0; species < species_count; species++)
    for (int mu = 0; mu < moves->functions; mu++) {
      const int degree = orders_of(moves->plan, mu) - 1;
      const double *own = degree < 0 ? NULL : train_strips(moves->plan, mu, (double *)adjoint);
      for (int b = 0; b < moves->size; b++, out += WIDTH) {
        const double *basis = moves->basis + (species * moves->size + b) * count * WIDTH;
        vector sum = vector_set(0.0);
        for (int c = 0; c <= 1 && c <= degree; c++)
          for (int y = 0; y <= degree - c; y++) {
            const double *left = own + moment_place(degree, 0, y, c) * WIDTH;
            const double *right = basis + moment_place(most, 0, y, c) * WIDTH;
            for (int a = 0; a <= degree - c - y; a++)
              sum += vector_load(left + a * WIDTH) * vector_load(right + a * WIDTH);
          }
        vector_store(out, sum);
      }
    }
}

/* The elements of BATCH rows, from the changes of reduced moments: without the second term for
   radial coefficients. */
static void find_elements(const struct moves *moves)
{
  const struct mlgrain_mtp_model *model = moves->lanes->task->model;
  MLGRAIN_KERNEL(train_batch)
  (model, moves->m, moves->adjoint, moves->change, moves->dm, moves->dual);
  for (size_t d = 0; d < BATCH; d++) {
    double *elements = moves->elements + d * moves->length * WIDTH;
    double *linear = elements + moves->radial * WIDTH;
    for (int s = 0; s < model->mtp->scalar_count; s++)
      vector_store(linear + s * WIDTH,
                   vector_load(moves->dm + BATCH * model->plan.scalar_slot[s] + d * WIDTH));
    combine_basis(moves, moves->change[d], elements);
  }
}

/* row += factor times the elements of a lane. */
static void add_to_row(const struct moves *moves, int lane, double factor, const double *elements,
                       double *row)
{
  const struct mlgrain_mtp_model *model = moves->lanes->task->model;
  double *radial = row + (size_t)moves->lanes->species * moves->radial;
  double *linear = row + model->moment_parameter;
  for (size_t k = 0; k < moves->radial; k++)
    radial[k] += factor * elements[k * WIDTH + (size_t)lane];
  elements += moves->radial * WIDTH;
  for (size_t k = 0; k < moves->length - moves->radial; k++)
    linear[k] += factor * elements[k * WIDTH + (size_t)lane];
}

/* Forces: a group moves along x, y, z, which is as if the center moved the other way. */
static void move_group(const struct moves *moves, int group, double *jacobian)
{
  const struct train_lanes *lanes = moves->lanes;
  const struct train_block *block = lanes->task->block;
  const struct groups *groups = &moves->groups;
  const size_t per_pair = (size_t)(moves->functions * moves->size);
  vector *value = train_buffer(lanes->task, TRAIN_BASIS), *slope = value + MTP_TILE * moves->size;
  int rows = 0;
  struct powers powers;
  for (int lane = 0; lane < WIDTH; lane++) {
    const int count =
        groups->first[(group + 1) * WIDTH + lane] - groups->first[group * WIDTH + lane];
    rows = count > rows ? count : rows;
  }
  clear(moves->slope, moves->sums);
  clear(moves->value, moves->sums);
  clear(moves->direct, 3 * per_pair);
  for (int first = 0; first < rows; first += HALF) {
    copy_rows(moves, group, first);
    fill_x_powers(HALF, moves->orders, moves->tile, 0, &powers);
    fill_yz_powers(HALF, moves->orders, moves->tile, 0, &powers);
    add_row_sums(moves, moves->tile, 0, NULL, &powers, moves->slope, moves->value);
    MLGRAIN_KERNEL(train_basis)(lanes, moves->tile, value, slope);
    add_direct(moves, moves->tile, 0, moves->polynomials, value, slope, NULL, moves->direct);
  }
  for (int e = 0; e < 3; e++)
    change_along(moves, e, moves->slope, moves->value, moves->change[e]);
  find_elements(moves);
  for (int e = 0; e < 3; e++) {
    double *elements = moves->elements + (size_t)e * moves->length * WIDTH;
    for (int lane = 0; lane < lanes->block.lanes; lane++) {
      const int owner = groups->owner[group * WIDTH + lane];
      if (owner < 0)
        continue;
      const size_t first = (size_t)block->type[owner] * per_pair;
      const double *direct = moves->direct + (size_t)e * per_pair * WIDTH + lane;
      for (size_t k = 0; k < per_pair; k++)
        elements[(first + k) * WIDTH + (size_t)lane] += direct[k * WIDTH];
      add_to_row(moves, lane, -1.0, elements,
                 jacobian + (block->frames + 3 * (size_t)owner + (size_t)e) *
                                lanes->task->model->parameter_count);
    }
    double *self = moves->self + (size_t)e * moves->length * WIDTH;
    for (size_t k = 0; k < moves->length * WIDTH; k += WIDTH)
      vector_store(self + k, vector_load(self + k) + vector_load(elements + k));
  }
}

/* The change of reduced moments if axes a and b of a strain grow by a half each. */
static void strain_moments(const struct moves *moves, const int axis[2], double *change)
{
  const size_t sums = moves->sums * WIDTH, reduced = moves->plan->reduced_count * WIDTH;
  const size_t a = (size_t)axis[0], b = (size_t)axis[1];
  change_along(moves, axis[0], moves->slope + b * sums, moves->value + b * sums, change);
  change_along(moves, axis[1], moves->slope + a * sums, moves->value + a * sums, moves->dm);
  for (size_t i = 0; i < reduced; i += WIDTH)
    vector_store(change + i, 0.5 * (vector_load(change + i) + vector_load(moves->dm + i)));
}

/* The second term for radial coefficients of the same strain. */
static void add_strain(const struct moves *moves, const int axis[2], double *elements)
{
  const size_t per_pair = (size_t)(moves->functions * moves->size);
  for (size_t i = 0; i < moves->radial; i++) {
    const double *direct = moves->direct + (i / per_pair * 9 * per_pair + i % per_pair) * WIDTH;
    const size_t ab = (size_t)(3 * axis[1] + axis[0]) * per_pair * WIDTH;
    const size_t ba = (size_t)(3 * axis[0] + axis[1]) * per_pair * WIDTH;
    double *place = elements + i * WIDTH;
    vector_store(place,
                 vector_load(place) + 0.5 * (vector_load(direct + ab) + vector_load(direct + ba)));
  }
}

/* Virials: all neighbors move along e by r u_d. */
static void strain(const struct moves *moves, double *jacobian)
{
  const struct train_lanes *lanes = moves->lanes;
  const struct train_block *block = lanes->task->block;
  const int species_count = lanes->mtp.mtp->species_count;
  const size_t per_pair = (size_t)(moves->functions * moves->size), sums = moves->sums * WIDTH;
  vector *value = train_buffer(lanes->task, TRAIN_BASIS), *slope = value + MTP_TILE * moves->size;
  struct powers powers;
  clear(moves->slope, 3 * moves->sums);
  clear(moves->value, 3 * moves->sums);
  clear(moves->direct, 9 * (size_t)species_count * per_pair);
  for (int t = 0; t < lanes->block.tiles; t++) {
    double *tile = mtp_tile(&lanes->mtp, t);
    MLGRAIN_KERNEL(train_basis)(lanes, tile, value, slope);
    for (int first = 0; first < MTP_TILE; first += HALF) {
      fill_x_powers(HALF, moves->orders, tile, first, &powers);
      fill_yz_powers(HALF, moves->orders, tile, first, &powers);
      for (int d = 0; d < 3; d++) {
        vector step[HALF];
        for (int row = 0; row < HALF; row++)
          step[row] = vector_load(mtp_tile_row(tile, TILE_R, first + row)) *
                      vector_load(mtp_tile_row(tile, TILE_X + d, first + row));
        add_row_sums(moves, tile, first, step, &powers, moves->slope + (size_t)d * sums,
                     moves->value + (size_t)d * sums);
        for (int species = 0; species < species_count; species++) {
          vector mask[MTP_TILE], own[HALF];
          if (!MLGRAIN_KERNEL(train_species_mask)(lanes, t, species, mask))
            continue;
          for (int row = 0; row < HALF; row++)
            own[row] = mask[first + row] * step[row];
          add_direct(moves, tile, first, train_polynomial_row(lanes, t, 0, 0, first), value, slope,
                     own, moves->direct + (size_t)(species * 9 + 3 * d) * per_pair * WIDTH);
        }
      }
    }
  }
  for (int first = 0; first < STRAINS; first += BATCH) {
    for (int k = 0; k < BATCH; k++)
      strain_moments(moves, strain_of[first + k], moves->change[k]);
    find_elements(moves);
    for (int k = 0; k < BATCH; k++) {
      double *elements = moves->elements + (size_t)k * moves->length * WIDTH;
      add_strain(moves, strain_of[first + k], elements);
      for (int lane = 0; lane < lanes->block.lanes; lane++) {
        const size_t row = block->frames + 3 * block->count + 6 * (size_t)lanes->frame[lane];
        add_to_row(moves, lane, -1.0, elements,
                   jacobian + (row + (size_t)(first + k)) * lanes->task->model->parameter_count);
      }
    }
  }
}

/* Energies: the moments, and the first term with the adjoints of the energy. */
static void energies(const struct moves *moves, double *jacobian)
{
  const struct train_lanes *lanes = moves->lanes;
  const struct mlgrain_mtp_model *model = lanes->task->model;
  double *linear = moves->elements + moves->radial * WIDTH;
  combine_basis(moves, moves->adjoint, moves->elements);
  for (int s = 0; s < model->mtp->scalar_count; s++)
    vector_store(linear + s * WIDTH, vector_load(moves->m + model->plan.scalar_slot[s]));
  for (int lane = 0; lane < lanes->block.lanes; lane++) {
    double *row = jacobian + (size_t)lanes->frame[lane] * model->parameter_count;
    add_to_row(moves, lane, 1.0, moves->elements, row);
    row[model->species_parameter + (size_t)lanes->species] += 1.0;
  }
}

enum mlgrain_status MLGRAIN_KERNEL(train_count_moves)(const struct train_lanes *lanes,
                                                      size_t *count)
{
  struct groups groups;
  if (find_groups(lanes, &groups))
    return MLGRAIN_OUT_OF_MEMORY;
  *count = 3 * (size_t)groups.count;
  return MLGRAIN_SUCCESS;
}

enum mlgrain_status MLGRAIN_KERNEL(train_moves)(const struct train_lanes *lanes, int virials,
                                                double *jacobian)
{
  const struct train_block *block = lanes->task->block;
  struct moves moves;
  if (prepare(lanes, &moves))
    return MLGRAIN_OUT_OF_MEMORY;
  find_basis(&moves);
  energies(&moves, jacobian);
  clear(moves.self, BATCH * moves.length);
  for (int group = 0; group < moves.groups.count; group++)
    move_group(&moves, group, jacobian);
  for (int lane = 0; lane < lanes->block.lanes; lane++)
    for (int e = 0; e < 3; e++)
      add_to_row(&moves, lane, 1.0, moves.self + (size_t)e * moves.length * WIDTH,
                 jacobian + (block->frames + 3 * (size_t)lanes->block.center[lane] + (size_t)e) *
                                lanes->task->model->parameter_count);
  if (virials)
    strain(&moves, jacobian);
  return MLGRAIN_SUCCESS;
}
