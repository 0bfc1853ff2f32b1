/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The inverse of an active set in a form that takes fewer multiply-adds, for several species.

   Rows of A are gradients of site energies: those of centers of species s, n_s in number, have
   radial parts R_s [n_s][B] in the columns of s alone. With v = sum_k c_k A_k of a center of
   species t, the radial columns of s say
     sum over rows k of s of c_k R_s[k] = v_radial if s = t, else 0.
   So B "dependent" rows of s, those of an invertible part D of R_s, follow from the n_s - B others,
   the skeleton, with T = R_skeleton D^-1:
     c_dependent = W c_skeleton + (s = t) P v_radial,   W = -T^T,   P = D^-T.
   All species together have S + C skeleton rows (S scalar moments, C species), rows without radial
   part among them. D is chosen so that no element of T is much larger than one; an exchange of two
   rows would multiply its determinant by the element, as in MaxVol (S. A. Goreinov et al., in:
   Matrix Methods: Theory, Algorithms, Applications, World Scientific 2010, p. 247). Then W
   multiplies numbers of the size of grades by numbers about one and loses no digits. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "mtp_private.h"

/* How far coefficients may be from those of the inverse itself, for gradients no larger in any
   component than the active set's. */
static const double tolerance = 1e-5;

enum { MIXED = -2, UNASSIGNED = -1 };

/* What the steps share. */
struct factoring {
  const struct mlgrain_mtp_file *file;
  size_t species, block, radial, n; /* block: radial columns of a species; radial: of all */
  double *scale;                    /* [n] largest element of each column of A */
  int *owner;                       /* [n] species of the rows, `species` if without radial part */
  size_t *rows;                     /* [n] rows by owner */
  size_t *first;                    /* [species + 2] where an owner's begin in `rows` */
  double *t;                        /* [rows of a species][block] R_s, then T */
  int *column;                      /* [rows of a species] which column of T a dependent row has */
  size_t *skeleton;                 /* [skeleton count] rows, by owner */
  size_t *dependent;                /* [species][block] rows */
  double *w;                        /* per species [block][skeleton rows] */
};

/* The species whose radial columns a row of A has something in. */
static int owner_of_row(const struct factoring *f, size_t row)
{
  const double *a = f->file->active_set + row * f->n;
  int owner = (int)f->species;
  for (size_t l = 0; l < f->radial; l++) {
    if (a[l] == 0.0)
      continue;
    const int here = (int)(l / f->block);
    if (owner != (int)f->species && owner != here)
      return MIXED;
    owner = here;
  }
  return owner;
}

/* Sorts rows by owner. Whether the active set has the structure. */
static int sort_rows(struct factoring *f)
{
  size_t *place = f->rows;
  for (size_t k = 0; k < f->n; k++)
    if ((f->owner[k] = owner_of_row(f, k)) == MIXED)
      return 0;
  for (size_t s = 0; s <= f->species; s++) {
    f->first[s] = (size_t)(place - f->rows);
    for (size_t k = 0; k < f->n; k++)
      if (f->owner[k] == (int)s)
        *place++ = k;
  }
  f->first[f->species + 1] = f->n;
  for (size_t s = 0; s < f->species; s++)
    if (f->first[s + 1] - f->first[s] < f->block) /* A is singular */
      return 0;
  return 1;
}

static void find_scale(struct factoring *f)
{
  for (size_t k = 0; k < f->n; k++)
    for (size_t l = 0; l < f->n; l++)
      f->scale[l] = fmax(f->scale[l], fabs(f->file->active_set[k * f->n + l]));
}

/* Adds multiples of a column of t [rows][columns] to all others so that row `row` becomes a unit
   row: it is dependent then. */
static void make_unit_row(double *t, size_t rows, size_t columns, size_t row, size_t column)
{
  const double inverse = 1.0 / t[row * columns + column];
  for (size_t k = 0; k < rows; k++) {
    double *own = t + k * columns;
    if (k == row)
      continue;
    own[column] *= inverse;
    for (size_t l = 0; l < columns; l++)
      if (l != column)
        own[l] -= own[column] * t[row * columns + l];
  }
  memset(t + row * columns, 0, columns * sizeof *t);
  t[row * columns + column] = 1.0;
}

/* The largest element of t in rows that aren't dependent, in columns without a dependent row or, if
   there are none, in all. */
static double largest_element(const struct factoring *f, size_t rows, const int *taken, int all,
                              size_t *row, size_t *column)
{
  double largest = 0.0;
  for (size_t k = 0; k < rows; k++)
    for (size_t l = 0; l < f->block && f->column[k] == UNASSIGNED; l++)
      if ((all || taken[l] == UNASSIGNED) && fabs(f->t[k * f->block + l]) > largest) {
        largest = fabs(f->t[k * f->block + l]);
        *row = k;
        *column = l;
      }
  return largest;
}

/* Turns R_s into T: elimination with complete pivoting, then exchanges. 0 if R_s is singular. */
static int choose_dependent(struct factoring *f, size_t rows, int *taken)
{
  const double most = 1.5; /* an exchange multiplies the determinant by more */
  size_t row = 0, column = 0;
  for (size_t k = 0; k < rows; k++)
    f->column[k] = UNASSIGNED;
  for (size_t l = 0; l < f->block; l++)
    taken[l] = UNASSIGNED;
  for (size_t step = 0; step < f->block + rows; step++) {
    const int all = step >= f->block;
    const double largest = largest_element(f, rows, taken, all, &row, &column);
    if (all && largest <= most)
      break;
    if (!(largest > 0.0) || !isfinite(1.0 / largest))
      return 0;
    if (all)
      f->column[taken[column]] = UNASSIGNED;
    make_unit_row(f->t, rows, f->block, row, column);
    f->column[row] = (int)column;
    taken[column] = (int)row;
  }
  return 1;
}

/* The radial part of the rows of a species, in units of the columns. */
static void load_radial_part(struct factoring *f, size_t s)
{
  for (size_t k = f->first[s]; k < f->first[s + 1]; k++)
    for (size_t l = 0; l < f->block; l++) {
      const size_t column = s * f->block + l;
      f->t[(k - f->first[s]) * f->block + l] =
          f->scale[column] > 0.0
              ? f->file->active_set[f->rows[k] * f->n + column] / f->scale[column]
              : 0.0;
    }
}

/* Skeleton, dependent rows and W of a species; skeleton rows and W follow those of the species
   before. 0 if R_s is singular. */
static int factor_species(struct factoring *f, size_t s, size_t skeleton_first, double *w,
                          int *taken)
{
  const size_t rows = f->first[s + 1] - f->first[s], others = rows - f->block;
  load_radial_part(f, s);
  if (!choose_dependent(f, rows, taken))
    return 0;
  for (size_t l = 0; l < f->block; l++)
    f->dependent[s * f->block + l] = f->rows[f->first[s] + (size_t)taken[l]];
  size_t m = 0;
  for (size_t k = 0; k < rows; k++) {
    if (f->column[k] != UNASSIGNED)
      continue;
    f->skeleton[skeleton_first + m] = f->rows[f->first[s] + k];
    for (size_t l = 0; l < f->block; l++)
      w[l * others + m] = -f->t[k * f->block + l];
    m++;
  }
  return 1;
}

/* Row `row` of the inverse less the same from skeleton rows: what is left is P in the species' own
   columns and rounding in all others. */
static void residual(const struct factoring *f, size_t row, const size_t *skeleton, const double *w,
                     size_t count, double *left)
{
  const double *inverse = f->file->active_inverse;
  memcpy(left, inverse + row * f->n, f->n * sizeof *left);
  for (size_t k = 0; k < count; k++)
    for (size_t l = 0; l < f->n; l++)
      left[l] -= w[k] * inverse[skeleton[k] * f->n + l];
}

/* Whether that is so. */
static int reproduces(const struct factoring *f, size_t s, const double *left)
{
  double sum = 0.0;
  for (size_t l = 0; l < f->n; l++)
    if (l / f->block != s || l >= f->radial)
      sum += fabs(left[l]) * f->scale[l];
  return sum <= tolerance; /* not if it is NaN */
}

/* Puts values into a row of a packed matrix, from a column on. Rows of which `together` take part
   in a product at a time lie as they are used: [group of rows][column][row]. */
static void pack_row(double *packed, size_t together, size_t length, size_t row, size_t column,
                     const double *values, size_t count)
{
  double *place = packed + row / together * together * length + column * together + row % together;
  for (size_t l = 0; l < count; l++)
    place[l * together] = values[l];
}

static size_t padded(size_t rows, size_t together)
{
  return (rows + together - 1) / together * together;
}

/* The inverse's skeleton rows in the columns that centers of species s have. */
static void pack_skeleton(const struct factoring *f, size_t s, const struct mtp_factored *factored,
                          double *packed)
{
  const size_t together = factored->together, rest = f->n - f->radial;
  for (size_t k = 0; k < factored->first[f->species + 1]; k++) {
    const double *row = f->file->active_inverse + f->skeleton[k] * f->n;
    pack_row(packed, together, f->block + rest, k, 0, row + s * f->block, f->block);
    pack_row(packed, together, f->block + rest, k, f->block, row + f->radial, rest);
  }
}

/* W of a species, and W beside P. 0 if they don't reproduce the inverse. */
static int pack_dependent(const struct factoring *f, size_t s, const double *w,
                          const struct mtp_factored *factored, double *left)
{
  const size_t together = factored->together, first = factored->first[s];
  const size_t count = factored->first[s + 1] - first;
  double *foreign = factored->memory + factored->foreign[s];
  double *own = factored->memory + factored->own[s];
  for (size_t l = 0; l < f->block; l++, w += count) {
    residual(f, f->dependent[s * f->block + l], f->skeleton + first, w, count, left);
    if (!reproduces(f, s, left))
      return 0;
    pack_row(foreign, together, count, l, 0, w, count);
    pack_row(own, together, count + f->block, l, 0, w, count);
    pack_row(own, together, count + f->block, l, count, left + s * f->block, f->block);
  }
  return 1;
}

/* Places of all matrices; returns the size of memory. */
static size_t lay_out(const struct factoring *f, struct mtp_factored *factored)
{
  const size_t together = factored->together, rest = f->n - f->radial;
  const size_t dependent = padded(f->block, together);
  size_t size = 0;
  factored->first[0] = 0;
  for (size_t s = 0; s <= f->species; s++)
    factored->first[s + 1] =
        factored->first[s] + f->first[s + 1] - f->first[s] - (s < f->species ? f->block : 0);
  for (size_t s = 0; s < f->species; s++) {
    const size_t count = factored->first[s + 1] - factored->first[s];
    factored->skeleton[s] = size;
    size += padded(rest, together) * (f->block + rest);
    factored->own[s] = size;
    size += dependent * (count + f->block);
    factored->foreign[s] = size;
    size += dependent * count;
  }
  factored->room = padded(rest, together);
  return size;
}

/* Multiply-adds of a center: whether they are fewer in this form. */
static int pays(const struct factoring *f)
{
  const size_t rest = f->n - f->radial, direct = f->n * (f->block + rest);
  const size_t free_rows = f->n - f->first[f->species];
  return rest * (f->block + rest) + f->block * (rest - free_rows) + f->block * f->block <
         direct / 10 * 9;
}

static int factor(struct factoring *f, int *taken, double *left, struct mtp_factored *factored)
{
  size_t offset = 0;
  for (size_t s = 0; s < f->species; s++) {
    double *w = f->w + offset;
    if (!factor_species(f, s, factored->first[s], w, taken) ||
        !pack_dependent(f, s, w, factored, left))
      return 0;
    offset += f->block * (factored->first[s + 1] - factored->first[s]);
  }
  memcpy(f->skeleton + factored->first[f->species], f->rows + f->first[f->species],
         (f->n - f->first[f->species]) * sizeof *f->skeleton);
  for (size_t s = 0; s < f->species; s++)
    pack_skeleton(f, s, factored, factored->memory + factored->skeleton[s]);
  return 1;
}

static void factoring_free(struct factoring *f)
{
  free(f->scale);
  free(f->owner);
  free(f->rows);
  free(f->first);
  free(f->t);
  free(f->column);
  free(f->skeleton);
  free(f->dependent);
  free(f->w);
}

static enum mlgrain_status factoring_make(const struct mlgrain_mtp_file *file, struct factoring *f)
{
  memset(f, 0, sizeof *f);
  f->file = file;
  f->species = (size_t)file->species_count;
  f->block = f->species * (size_t)file->radial_count * (size_t)file->radial_size;
  f->radial = f->species * f->block;
  f->n = file->parameter_count;
  f->scale = calloc(f->n, sizeof *f->scale);
  f->owner = calloc(f->n, sizeof *f->owner);
  f->rows = calloc(f->n, sizeof *f->rows);
  f->first = calloc(f->species + 2, sizeof *f->first);
  f->t = calloc(f->n * f->block, sizeof *f->t);
  f->column = calloc(f->n, sizeof *f->column);
  f->skeleton = calloc(f->n, sizeof *f->skeleton);
  f->dependent = calloc(f->radial, sizeof *f->dependent);
  f->w = calloc(f->block * (f->n - f->radial), sizeof *f->w);
  return f->scale && f->owner && f->rows && f->first && f->t && f->column && f->skeleton &&
                 f->dependent && f->w
             ? MLGRAIN_SUCCESS
             : MLGRAIN_OUT_OF_MEMORY;
}

void mtp_factored_free(struct mtp_factored *factored)
{
  if (!factored)
    return;
  free(factored->first);
  free(factored->skeleton);
  free(factored->memory);
  free(factored);
}

/* An object with places for all matrices of a sorted active set. */
static struct mtp_factored *factored_make(const struct factoring *f, int lanes)
{
  struct mtp_factored *made = calloc(1, sizeof *made);
  if (!made)
    return NULL;
  made->together = MTP_MATRIX_ROWS((size_t)lanes);
  made->first = calloc(f->species + 2, sizeof *made->first);
  made->skeleton = calloc(3 * f->species, sizeof *made->skeleton);
  if (made->first && made->skeleton) {
    made->own = made->skeleton + f->species;
    made->foreign = made->own + f->species;
    made->memory = calloc(lay_out(f, made), sizeof *made->memory);
  }
  if (made->memory)
    return made;
  mtp_factored_free(made);
  return NULL;
}

/* mtp_factor_active_set for a file whose memory has been found. */
static enum mlgrain_status factor_sorted(struct factoring *f, int lanes,
                                         struct mtp_factored **factored)
{
  int *taken = malloc(f->block * sizeof *taken);
  double *left = malloc(f->n * sizeof *left);
  struct mtp_factored *made = taken && left ? factored_make(f, lanes) : NULL;
  const enum mlgrain_status status = made ? MLGRAIN_SUCCESS : MLGRAIN_OUT_OF_MEMORY;
  if (made && factor(f, taken, left, made))
    *factored = made;
  else
    mtp_factored_free(made);
  free(taken);
  free(left);
  return status;
}

enum mlgrain_status mtp_factor_active_set(const struct mlgrain_mtp_file *file, int lanes,
                                          struct mtp_factored **factored)
{
  struct factoring f;
  *factored = NULL;
  if (!file->active_set || !file->active_inverse || file->grade_mode != MLGRAIN_MTP_NEIGHBORHOOD)
    return MLGRAIN_SUCCESS;
  enum mlgrain_status status = factoring_make(file, &f);
  if (!status && sort_rows(&f) && pays(&f)) {
    find_scale(&f);
    status = factor_sorted(&f, lanes, factored);
  }
  factoring_free(&f);
  return status;
}
