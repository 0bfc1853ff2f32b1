/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How reduced moments change if atoms move. If a neighbor of the center, with all its images, moves
   by an infinitesimal vector along x, y or z, or the crystal is strained,

     m'_k = sum over its rows of (f'_mu - n f_mu/r) u_e M_k + (f_mu/r) dM_k/du_e,   n = a + b + c,

   since M_k = u_x^a u_y^b u_z^c is homogeneous. u_e M_k and dM_k/du_e are monomials as well: sums
   of f' and f/r times all monomials of one degree more are enough for three directions. An element
   of the Jacobian for a moment coefficient is the sum over k of dB/dm_k m'_k, that for a radial one

     d/dc_mu,b V' = sum_k dual_k m'_k + sum over its rows of phi'_b u_e P_mu + phi_b/r (1 - u u^T)
   dP_mu/du_e

   with the change dual_k of the adjoint of m_k. Here are the m'_k and the last sum, as columns of
   forces and virials: those of the neighbors with the opposite sign, and the center's, whose move
   is that of all neighbors the other way. */
#include "mtp_train_block.h"

enum { AXES = 3, STRAINS = 6 };

static const int strain_of[STRAINS][2] = {{0, 0}, {1, 1}, {2, 2}, {0, 1}, {0, 2}, {1, 2}};

/* The neighbors of the lanes by the atom whose images they are, in rising order; the center's own
   images are in no group. */
struct groups {
  int most;          /* of the lane that has most */
  int *owner;        /* [group][lane] atom, -1 for none */
  int *first;        /* [group + 1][lane] places of its rows in `row` */
  int *row;          /* [lane][rows] */
  int *place;        /* [atom of the block] group, -1 */
  int count[WIDTH];  /* of each lane */
  int before[WIDTH]; /* groups of atoms before the center */
};

/* Memory of one set of lanes: arrays of vectors, and then of the lanes' columns. */
struct moves {
  const struct train_lanes *lanes;
  const struct mtp_plan *plan;
  int functions, size, orders; /* orders: most of a radial function */
  size_t sums;                 /* moments of one degree more */
  size_t radial;               /* radial coefficients of centers of one species */
  struct groups groups;
  double *tile, *polynomials;         /* rows of a group, as in mtp_tile; [mu][POLYNOMIAL][row] */
  double *slope, *value;              /* [3][sums] */
  double *change, *center;            /* [3][reduced moment] of a group, and the sum of all */
  double *direct;                     /* [species or 1][9 or 3][mu][b] */
  double *direct_center;              /* [3][species][mu][b] sum of all groups */
  double *radial_rows;                /* [2][HALF] */
  size_t columns;                     /* of a lane */
  double *lane_changes, *lane_direct; /* as in struct train_moves */
};

static void clear(double *vectors, size_t count)
{
  memset(vectors, 0, count * WIDTH * sizeof *vectors);
}

/* Owners of a lane's neighbors get places in rising order; the center none. */
static void place_owners(const struct train_lanes *lanes, int lane, struct groups *groups)
{
  const struct train_block *block = lanes->task->block;
  const int32_t *index = lanes->mtp.workspace->buffer[MTP_INDEX].memory;
  const int32_t *own = index + (size_t)lane * lanes->block.room;
  const int count = lanes->block.count[lane], center = lanes->block.center[lane];
  int lowest = center, highest = center, found = 0;
  for (int k = 0; k < count; k++) {
    const int owner = block->owner[own[k]];
    groups->place[owner] = 0;
    lowest = owner < lowest ? owner : lowest;
    highest = owner > highest ? owner : highest;
  }
  groups->place[center] = -1;
  for (int owner = lowest; owner <= highest; owner++) {
    if (owner == center)
      groups->before[lane] = found;
    if (groups->place[owner] < 0)
      continue;
    groups->owner[found * WIDTH + lane] = owner;
    groups->place[owner] = found++;
  }
  groups->count[lane] = found;
  groups->most = found > groups->most ? found : groups->most;
}

/* Sorts the rows of a lane by group, and takes the places back. */
static void sort_rows(const struct train_lanes *lanes, int lane, struct groups *groups)
{
  const struct train_block *block = lanes->task->block;
  const int32_t *index = lanes->mtp.workspace->buffer[MTP_INDEX].memory;
  const int32_t *own = index + (size_t)lane * lanes->block.room;
  const int count = lanes->block.count[lane], found = groups->count[lane];
  int *first = groups->first + lane, *row = groups->row + (size_t)lane * (size_t)lanes->block.rows;
  for (int k = 0; k < count; k++)
    if (groups->place[block->owner[own[k]]] >= 0)
      first[(groups->place[block->owner[own[k]]] + 1) * WIDTH]++;
  for (int g = 0; g < lanes->block.rows; g++) /* counts to beginnings */
    first[(g + 1) * WIDTH] += first[g * WIDTH];
  for (int k = 0; k < count; k++) { /* beginnings become ends, one to the left */
    const int place = groups->place[block->owner[own[k]]];
    if (place >= 0)
      row[first[place * WIDTH]++] = k;
  }
  for (int g = found; g > 0; g--)
    first[g * WIDTH] = first[(g - 1) * WIDTH];
  first[0] = 0;
  for (int g = 0; g < found; g++)
    groups->place[groups->owner[g * WIDTH + lane]] = -1;
}

static enum mlgrain_status find_groups(const struct train_lanes *lanes, struct groups *groups)
{
  const size_t rows = (size_t)lanes->block.rows, atoms = lanes->task->block->count;
  struct mtp_buffer *buffer = &lanes->task->workspace->buffer[TRAIN_GROUPS];
  if (mtp_reserve(buffer, (WIDTH * (2 * (rows + 1) + rows) + atoms) * sizeof(int)))
    return MLGRAIN_OUT_OF_MEMORY;
  *groups = (struct groups){.owner = buffer->memory};
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
    place_owners(lanes, lane, groups);
    sort_rows(lanes, lane, groups);
  }
  return MLGRAIN_SUCCESS;
}

static size_t column_of_center(const struct groups *groups, int lane)
{
  return AXES * (size_t)groups->before[lane];
}

static size_t column_of_group(const struct groups *groups, int lane, int group)
{
  return AXES * (size_t)(group + (group >= groups->before[lane]));
}

static size_t column_of_virials(const struct groups *groups, int lane)
{
  return AXES * (size_t)(groups->count[lane] + 1);
}

static enum mlgrain_status prepare(const struct train_lanes *lanes, int radial, struct moves *moves)
{
  const struct mlgrain_mtp *mtp = lanes->task->model->mtp;
  struct mlgrain_mtp_train_workspace *workspace = lanes->task->workspace;
  const size_t species = (size_t)mtp->species_count;
  const size_t functions = (size_t)mtp->radial_count, size = (size_t)mtp->radial_size;
  const size_t reduced = mtp->plan.reduced_count;
  *moves = (struct moves){.lanes = lanes,
                          .plan = &mtp->plan,
                          .functions = mtp->radial_count,
                          .size = mtp->radial_size,
                          .orders = train_most_orders(mtp),
                          .radial = radial ? species * functions * size : 0};
  for (int mu = 0; mu < moves->functions; mu++) {
    const int orders = orders_of(moves->plan, mu);
    moves->sums += orders ? (size_t)moments_of_degree(orders) : 0;
  }
  if (find_groups(lanes, &moves->groups))
    return MLGRAIN_OUT_OF_MEMORY;
  const size_t columns = AXES * (size_t)(moves->groups.most + 1) + STRAINS;
  moves->columns = (columns + WIDTH - 1) / WIDTH * WIDTH;
  const size_t tile = mtp_tile_vectors(mtp), polynomials = functions * POLYNOMIAL * MTP_TILE;
  const size_t lane = (reduced + moves->radial) * moves->columns; /* of each lane: vectors of all */
  const size_t all = tile + polynomials + 6 * moves->sums + 2 * AXES * reduced +
                     9 * species * functions * size + AXES * moves->radial + 2 * HALF + lane;
  if (mtp_reserve(&workspace->buffer[TRAIN_MOVES], all * WIDTH * sizeof(double)))
    return MLGRAIN_OUT_OF_MEMORY;
  double *next = train_buffer(lanes->task, TRAIN_MOVES);
#define TAKE(name, count) (moves->name = next, next += (count)*WIDTH)
  TAKE(tile, tile);
  TAKE(polynomials, polynomials);
  TAKE(slope, 3 * moves->sums);
  TAKE(value, 3 * moves->sums);
  TAKE(change, AXES * reduced);
  TAKE(center, AXES * reduced);
  TAKE(direct, 9 * species * functions * size);
  TAKE(direct_center, AXES * moves->radial);
  TAKE(radial_rows, 2 * HALF);
  TAKE(lane_changes, reduced * moves->columns);
  TAKE(lane_direct, moves->radial * moves->columns);
#undef TAKE
  return MLGRAIN_SUCCESS;
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

/* Vectors [AXES][count] become the columns `column` .. column+2 of a lane's rows. */
static void store_columns(const double *vectors, size_t count, double sign, int lane, size_t column,
                          size_t columns, double *rows)
{
  for (size_t k = 0; k < count; k++)
    for (size_t e = 0; e < AXES; e++)
      rows[k * columns + column + e] = sign * vectors[(e * count + k) * WIDTH + (size_t)lane];
}

static void add_vectors(const double *vectors, size_t count, double *sums)
{
  for (size_t k = 0; k < count * WIDTH; k += WIDTH)
    vector_store(sums + k, vector_load(sums + k) + vector_load(vectors + k));
}

static double *lane_changes(const struct moves *moves, int lane)
{
  return moves->lane_changes + (size_t)lane * moves->plan->reduced_count * moves->columns;
}

static double *lane_direct(const struct moves *moves, int lane)
{
  return moves->lane_direct + (size_t)lane * moves->radial * moves->columns;
}

/* Forces on a group: as if the center moved the other way. */
static void move_group(const struct moves *moves, int group)
{
  const struct train_lanes *lanes = moves->lanes;
  const struct groups *groups = &moves->groups;
  const size_t per_pair = (size_t)(moves->functions * moves->size);
  const size_t reduced = moves->plan->reduced_count;
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
  clear(moves->direct, AXES * per_pair);
  for (int first = 0; first < rows; first += HALF) {
    copy_rows(moves, group, first);
    fill_x_powers(HALF, moves->orders, moves->tile, 0, &powers);
    fill_yz_powers(HALF, moves->orders, moves->tile, 0, &powers);
    add_row_sums(moves, moves->tile, 0, NULL, &powers, moves->slope, moves->value);
    if (moves->radial) {
      MLGRAIN_KERNEL(train_basis)(lanes, moves->tile, value, slope);
      add_direct(moves, moves->tile, 0, moves->polynomials, value, slope, NULL, moves->direct);
    }
  }
  for (int e = 0; e < AXES; e++)
    change_along(moves, e, moves->slope, moves->value, moves->change + (size_t)e * reduced * WIDTH);
  add_vectors(moves->change, AXES * reduced, moves->center);
  for (int lane = 0; lane < lanes->block.lanes; lane++) {
    const int owner = groups->owner[group * WIDTH + lane];
    if (owner < 0)
      continue;
    const size_t first = (size_t)lanes->task->block->type[owner] * per_pair;
    const size_t column = column_of_group(groups, lane, group);
    store_columns(moves->change, reduced, -1.0, lane, column, moves->columns,
                  lane_changes(moves, lane));
    if (!moves->radial)
      continue;
    store_columns(moves->direct, per_pair, -1.0, lane, column, moves->columns,
                  lane_direct(moves, lane) + first * moves->columns);
    for (size_t e = 0; e < AXES; e++)
      for (size_t k = 0; k < per_pair; k++)
        moves->direct_center[(e * moves->radial + first + k) * WIDTH + (size_t)lane] +=
            moves->direct[(e * per_pair + k) * WIDTH + (size_t)lane];
  }
}

static void move_center(const struct moves *moves)
{
  const struct groups *groups = &moves->groups;
  for (int lane = 0; lane < moves->lanes->block.lanes; lane++) {
    const size_t column = column_of_center(groups, lane);
    store_columns(moves->center, moves->plan->reduced_count, 1.0, lane, column, moves->columns,
                  lane_changes(moves, lane));
    store_columns(moves->direct_center, moves->radial, 1.0, lane, column, moves->columns,
                  lane_direct(moves, lane));
  }
}

/* Virials: the sums of all neighbors, moving along e by r u_d. */
static void find_strain_sums(const struct moves *moves)
{
  const struct train_lanes *lanes = moves->lanes;
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
        for (int species = 0; moves->radial && species < species_count; species++) {
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
}

/* The change of reduced moments if axes a and b of a strain grow by a half each. */
static void strain_moments(const struct moves *moves, const int axis[2], double *change,
                           double *other)
{
  const size_t sums = moves->sums * WIDTH, reduced = moves->plan->reduced_count * WIDTH;
  const size_t a = (size_t)axis[0], b = (size_t)axis[1];
  change_along(moves, axis[0], moves->slope + b * sums, moves->value + b * sums, change);
  change_along(moves, axis[1], moves->slope + a * sums, moves->value + a * sums, other);
  for (size_t i = 0; i < reduced; i += WIDTH)
    vector_store(change + i, 0.5 * (vector_load(change + i) + vector_load(other + i)));
}

/* What is direct of the same strain. */
static void strain_direct(const struct moves *moves, const int axis[2], double *sums)
{
  const size_t per_pair = (size_t)(moves->functions * moves->size);
  for (size_t i = 0; i < moves->radial; i++) {
    const double *direct = moves->direct + (i / per_pair * 9 * per_pair + i % per_pair) * WIDTH;
    const size_t ab = (size_t)(3 * axis[1] + axis[0]) * per_pair * WIDTH;
    const size_t ba = (size_t)(3 * axis[0] + axis[1]) * per_pair * WIDTH;
    vector_store(sums + i * WIDTH, 0.5 * (vector_load(direct + ab) + vector_load(direct + ba)));
  }
}

/* Virials, AXES at a time; the center's arrays are free for them. */
static void strain(const struct moves *moves)
{
  const size_t reduced = moves->plan->reduced_count;
  find_strain_sums(moves);
  for (int first = 0; first < STRAINS; first += AXES) {
    for (int e = 0; e < AXES; e++) {
      const int *axis = strain_of[first + e];
      strain_moments(moves, axis, moves->center + (size_t)e * reduced * WIDTH, moves->change);
      strain_direct(moves, axis, moves->direct_center + (size_t)e * moves->radial * WIDTH);
    }
    for (int lane = 0; lane < moves->lanes->block.lanes; lane++) {
      const size_t column = column_of_virials(&moves->groups, lane) + (size_t)first;
      store_columns(moves->center, reduced, -1.0, lane, column, moves->columns,
                    lane_changes(moves, lane));
      store_columns(moves->direct_center, moves->radial, -1.0, lane, column, moves->columns,
                    lane_direct(moves, lane));
    }
  }
}

/* Nothing in the columns of a lane from `first` on. */
static void clear_columns(const struct moves *moves, int lane, size_t first)
{
  for (size_t k = 0; k < moves->plan->reduced_count; k++)
    for (size_t column = first; column < moves->columns; column++)
      lane_changes(moves, lane)[k * moves->columns + column] = 0.0;
}

static size_t find_runs(const struct moves *moves, int lane, int virials, struct train_run *runs)
{
  const struct train_block *block = moves->lanes->task->block;
  const struct groups *groups = &moves->groups;
  size_t count = 0;
  for (int k = 0, group = 0; k <= groups->count[lane]; k++) {
    const int owner = k == groups->before[lane] ? moves->lanes->block.center[lane]
                                                : groups->owner[group++ * WIDTH + lane];
    const size_t row = block->frames + AXES * (size_t)owner;
    if (count && runs[count - 1].row + runs[count - 1].length == row)
      runs[count - 1].length += AXES;
    else
      runs[count++] = (struct train_run){AXES * (size_t)k, row, AXES};
  }
  if (virials) {
    const size_t frame = (size_t)moves->lanes->frame[lane];
    const size_t row = block->frames + AXES * block->count + STRAINS * frame;
    runs[count++] = (struct train_run){column_of_virials(groups, lane), row, STRAINS};
  }
  return count;
}

enum mlgrain_status MLGRAIN_KERNEL(train_find_moves)(const struct train_lanes *lanes, int virials,
                                                     int radial, struct train_moves *found)
{
  struct moves moves;
  if (prepare(lanes, radial, &moves))
    return MLGRAIN_OUT_OF_MEMORY;
  const struct groups *groups = &moves.groups;
  found->most_runs = (size_t)groups->most + 2;
  struct mtp_buffer *buffer = &lanes->task->workspace->buffer[TRAIN_RUNS];
  if (mtp_reserve(buffer, WIDTH * found->most_runs * sizeof *found->runs))
    return MLGRAIN_OUT_OF_MEMORY;
  struct train_run *runs = buffer->memory;
  found->runs = runs;
  found->columns = moves.columns;
  found->reduced = moves.plan->reduced_count;
  found->radial = moves.radial;
  found->changes = moves.lane_changes;
  found->direct = moves.lane_direct;
  clear(moves.center, AXES * found->reduced);
  clear(moves.direct_center, AXES * moves.radial);
  memset(moves.lane_direct, 0, WIDTH * moves.radial * moves.columns * sizeof *moves.lane_direct);
  for (int group = 0; group < groups->most; group++)
    move_group(&moves, group);
  move_center(&moves);
  if (virials)
    strain(&moves);
  for (int lane = 0; lane < lanes->block.lanes; lane++) {
    clear_columns(&moves, lane, column_of_virials(groups, lane) + (virials ? STRAINS : 0));
    found->run_count[lane] =
        find_runs(&moves, lane, virials, runs + (size_t)lane * found->most_runs);
  }
  return MLGRAIN_SUCCESS;
}
