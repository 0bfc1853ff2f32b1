/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private: the stages of mtp_kernel.c, each in a file of its own that is compiled once per SIMD
   level, and for those of mtp_single_kernel.c in single precision once more. They work on a block
   of up to LANES centers, one to a lane. */
#ifndef MLGRAIN_MTP_BLOCK_H
#define MLGRAIN_MTP_BLOCK_H

#include "base/lanes.h"
#include "mtp_private.h"

/* call(n) with n known to the compiler if it is below 8, else call(otherwise): the loops are short.
 */
#define FOR_SMALL(n, call, otherwise)                                                              \
  switch (n) {                                                                                     \
  case 1:                                                                                          \
    call(1);                                                                                       \
    break;                                                                                         \
  case 2:                                                                                          \
    call(2);                                                                                       \
    break;                                                                                         \
  case 3:                                                                                          \
    call(3);                                                                                       \
    break;                                                                                         \
  case 4:                                                                                          \
    call(4);                                                                                       \
    break;                                                                                         \
  case 5:                                                                                          \
    call(5);                                                                                       \
    break;                                                                                         \
  case 6:                                                                                          \
    call(6);                                                                                       \
    break;                                                                                         \
  case 7:                                                                                          \
    call(7);                                                                                       \
    break;                                                                                         \
  default:                                                                                         \
    call(otherwise);                                                                               \
  }

struct mtp_block {
  int lanes;          /* in use; the others have no neighbors */
  int center[LANES];  /* atoms */
  size_t list[LANES]; /* their short lists */
  int species[LANES];
  int count[LANES];                       /* neighbors */
  int rows, tiles;                        /* rows: the largest count */
  size_t room;                            /* from one lane's indices to the next's */
  vector x[HALVES], y[HALVES], z[HALVES]; /* positions */
  number xi[MTP_TILE * LANES]; /* [row][lane] argument of the Chebyshev polynomials in the tile that
                                  was filled last */
  vector nearest[HALVES];      /* the smallest distance so far, at most the cutoff */
  double energy[LANES];
};

/* Finds the neighbors of all lanes. */
enum mlgrain_status MLGRAIN_KERNEL(mtp_gather)(const struct mtp_task *task,
                                               struct mtp_block *block);

/* The next three take tile after tile, so that it stays in the fastest cache in between. */

/* Unit vectors and distances of tile t, with rows past the last neighbor at the cutoff, where
   everything vanishes; pairs of species. */
void MLGRAIN_KERNEL(mtp_fill_tile)(const struct mtp_task *task, struct mtp_block *block, int t);

/* Radial functions and their slopes. */
void MLGRAIN_KERNEL(mtp_radial)(const struct mtp_task *task, const struct mtp_block *block, int t);

/* Adds to the reduced basic moments. */
void MLGRAIN_KERNEL(mtp_basic_add)(const struct mtp_task *task, const struct mtp_block *block,
                                   int t);

/* Clears the reduced basic moments before the first tile, recovers the others after the last. */
void MLGRAIN_KERNEL(mtp_basic_clear)(const struct mtp_task *task);
void MLGRAIN_KERNEL(mtp_basic_recover)(const struct mtp_task *task);

/* Products, energies, and what these give to adjoints; then the adjoints of the basic moments. */
void MLGRAIN_KERNEL(mtp_products)(const struct mtp_task *task, struct mtp_block *block);
void MLGRAIN_KERNEL(mtp_products_backward)(const struct mtp_task *task);

/* dV/dd of every row from the adjoints, tile after tile, once these are those of the reduced
   moments; with `values`, also the sums over a radial function's basic moments of adjoint times
   monomial: [radial_count][MTP_TILE] vectors of the tile; with `rounded`, the same as floats. */
void MLGRAIN_KERNEL(mtp_basic_backward_begin)(const struct mtp_task *task);
void MLGRAIN_KERNEL(mtp_basic_backward)(const struct mtp_task *task, struct mtp_block *block, int t,
                                        number *values, float *rounded);

/* Adds the virial of all rows to the result. */
void MLGRAIN_KERNEL(mtp_virial)(const struct mtp_task *task, const struct mtp_block *block);

/* Adds energies, forces and virials by atom to the result. */
void MLGRAIN_KERNEL(mtp_scatter)(const struct mtp_task *task, const struct mtp_block *block);

/* Centers whose gradients to the parameters are side by side. */
struct mtp_group {
  int blocks;
  int species; /* of all their centers, -1 if these differ */
  int lanes[MTP_GRADE_BLOCKS];
  int center[MTP_GRADE_BLOCKS][LANES], each[MTP_GRADE_BLOCKS][LANES]; /* each: its species */
  size_t list[MTP_GRADE_BLOCKS][LANES];
};

/* Gradients to the parameters wait for their grades, or bounds of them, until there are
   MTP_GRADE_BLOCKS blocks. */
struct mtp_waiting {
  int bounded; /* bounds are wanted: gradients are rounded (mtp_rounded.h) */
  struct mtp_group group;
  struct mtp_group
      undecided; /* by bounds: they wait for their coefficients until they are as many */
  /* Of all that have been bounded: what the largest coefficient is at least, and how many centers
     are to be computed exactly (MTP_SUSPECTS). */
  double at_least;
  size_t suspects;
};

enum { MTP_SUSPECT_ROWS = 6 };

/* A center whose grade may be above what is asked for. */
struct mtp_suspect {
  double most; /* what its coefficients are at most */
  size_t list; /* its number in the task */
  /* Which coefficients may be the largest; any if these are more than there is room for. */
  size_t rows;
  uint32_t row[MTP_SUSPECT_ROWS];
};

/* mtp_basic_backward, and the gradients to the parameters, which join those that wait. */
enum mlgrain_status MLGRAIN_KERNEL(mtp_parameters)(const struct mtp_task *task,
                                                   struct mtp_block *block,
                                                   struct mtp_waiting *waiting);

/* Memory for bounds of a task; rounded gradients of a block; what bounds decide of all that wait;
   and what coefficients decide of those that bounds didn't. */
enum mlgrain_status MLGRAIN_KERNEL(mtp_reserve_bounds)(const struct mtp_task *task);
void MLGRAIN_KERNEL(mtp_rounded_gradients)(const struct mtp_task *task, struct mtp_block *block,
                                           const struct mtp_waiting *waiting);
void MLGRAIN_KERNEL(mtp_bounded_grades)(const struct mtp_task *task, struct mtp_waiting *waiting);
void MLGRAIN_KERNEL(mtp_undecided_grades)(const struct mtp_task *task, struct mtp_waiting *waiting);

/* Grades of all that wait; of a block that waits alone, from coefficients that may be the largest.
 */
void MLGRAIN_KERNEL(mtp_grades)(const struct mtp_task *task, struct mtp_waiting *waiting);
void MLGRAIN_KERNEL(mtp_grades_of_rows)(const struct mtp_task *task,
                                        const struct mtp_suspect *const suspects[LANES],
                                        struct mtp_waiting *waiting);

/* The moments that enter the energy: [scalar_count] vectors. */
void MLGRAIN_KERNEL(mtp_scalar_moments)(const struct mtp_task *task, double *out);

/* The stages of error bars, after mtp_products and as long as its moments are there: leverages and
   nearest distances; adds forces of members. */
enum mlgrain_status MLGRAIN_KERNEL(mtp_leverages)(const struct mtp_task *task,
                                                  const struct mtp_block *block);
enum mlgrain_status MLGRAIN_KERNEL(mtp_member_forces)(const struct mtp_task *task,
                                                      const struct mtp_block *block);

static inline int mtp_wants_grades(const struct mtp_task *task)
{
  return task->result->grade && task->mtp->active_inverse &&
         task->mtp->grade_mode == MLGRAIN_MTP_NEIGHBORHOOD;
}

/* Above which a coefficient is to be known: of an exact largest grade, that of the largest so far.
 */
static inline double mtp_level_of_interest(const struct mtp_task *task,
                                           const struct mtp_waiting *waiting)
{
  const struct mlgrain_mtp_result *result = task->result;
  const double weight = task->mtp->grade_weight, threshold = result->grade_threshold / weight;
  const double so_far = result->largest_grade / weight;
  const double least = waiting->at_least > so_far ? waiting->at_least : so_far;
  return result->find_largest && least < threshold ? least : threshold;
}

/* A largest grade stays NaN. */
static inline void mtp_note_grade(double grade, double *largest)
{
  if (*largest == *largest && !(grade <= *largest))
    *largest = grade;
}

/* The species of all centers of a block, -1 if they differ. */
static inline int mtp_common_species(const struct mtp_block *block)
{
  for (int lane = 1; lane < LANES; lane++)
    if (block->species[lane] != block->species[0])
      return -1;
  return block->species[0];
}

/* Vectors a tile takes. */
static inline size_t mtp_tile_vectors(const struct mlgrain_mtp *mtp)
{
  return (size_t)MTP_TILE * (TILE_RADIAL + 2 * (size_t)mtp->radial_count);
}

static inline number *mtp_tile(const struct mtp_task *task, int t)
{
  number *tiles = task->workspace->buffer[MTP_TILES].memory;
  return tiles + (size_t)t * mtp_tile_vectors(task->mtp) * LANES;
}

/* Quantity q of row `row` of a tile. */
static inline number *mtp_tile_row(number *tile, int q, int row)
{
  return tile + (size_t)(q * MTP_TILE + row) * LANES;
}

#endif
