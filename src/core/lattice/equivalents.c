/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lattice/equivalents.h"

#include "lattice/exact.h"
#include "lattice/rotation_private.h"

/* Entry (i, j) of left right, numbers known to be small enough. */
static inline int64_t entry(const int64_t left[3][3], const int64_t right[3][3], int i, int j)
{
  return left[i][0] * right[0][j] + left[i][1] * right[1][j] + left[i][2] * right[2][j];
}

/* left right against the best matrix so far: where it is larger it becomes the best. Entries are
   worked out only as far as they are needed, which is what makes this fast. */
static int compete(const int64_t left[3][3], const int64_t right[3][3], int64_t best[3][3])
{
  for (int k = 0; k < 9; k++) {
    const int64_t value = entry(left, right, k / 3, k % 3);
    if (value < best[k / 3][k % 3])
      return -1;
    if (value > best[k / 3][k % 3]) {
      best[k / 3][k % 3] = value;
      for (k++; k < 9; k++)
        best[k / 3][k % 3] = entry(left, right, k / 3, k % 3);
      return 1;
    }
  }
  return 0;
}

/* Planes of crystal 1 go with the inverse transposed rotation: S1^-T, and where crystals are
   exchanged first with R^T, and to the opposite one. */
static void add_map(struct equivalents *equivalents, const int64_t inverse[3][3],
                    const int64_t (*exchanged)[3], int sense, int *overflow)
{
  if (equivalents->count == MOST_MAPS)
    return;
  if (exchanged && sense != MLGRAIN_BOTH_SENSES)
    sense = MLGRAIN_BOTH_SENSES - sense;
  equivalents->sense[equivalents->count] = (unsigned char)sense;
  int64_t(*map)[3] = equivalents->map[equivalents->count++];
  whole_transpose(inverse, map);
  if (exchanged) {
    int64_t transposed[3][3];
    whole_transpose(exchanged, transposed);
    exact_multiply(map, transposed, map, overflow);
  }
}

/* All S1 R S2^-1 of one form against the best. inverse[s]: that of rotation s of the lattice. */
static void try_form(const struct mlgrain_lattice *lattice, const int64_t (*inverse)[3][3],
                     const int64_t form[3][3], const int64_t (*exchanged)[3],
                     struct equivalents *equivalents, int *overflow)
{
  int64_t(*best)[3] = equivalents->chosen.matrix;
  for (int a = 0; a < lattice->rotations; a++) {
    int64_t left[3][3];
    for (int k = 0; k < 9; k++)
      left[k / 3][k % 3] = entry(lattice->rotation[a], form, k / 3, k % 3);
    for (int b = 0; b < lattice->rotations; b++) {
      const int sense = lattice->sense[a] & lattice->sense[b];
      if (!sense) /* one crystal would become its mirror image */
        continue;
      const int result = compete(left, inverse[b], best);
      if (result > 0)
        equivalents->count = 0;
      if (result >= 0)
        add_map(equivalents, inverse[a], exchanged, sense, overflow);
    }
  }
}

/* Whether entries of two products with rotations of the lattice fit with room to spare. */
static int are_small(const struct mlgrain_lattice *lattice, const int64_t matrix[3][3])
{
  int64_t symmetry = 1, size = 0;
  for (int s = 0; s < lattice->rotations; s++)
    for (int k = 0; k < 9; k++) {
      const int64_t value = whole_absolute(lattice->rotation[s][k / 3][k % 3]);
      symmetry = value > symmetry ? value : symmetry;
    }
  for (int k = 0; k < 9; k++) {
    const int64_t value = whole_absolute(matrix[k / 3][k % 3]);
    size = value > size ? value : size;
  }
  return symmetry < 1000 && size < (INT64_C(1) << 58) / (9 * symmetry * symmetry);
}

enum mlgrain_status find_equivalents(const struct mlgrain_lattice *lattice,
                                     const struct mlgrain_rotation *rotation,
                                     struct equivalents *equivalents, struct mlgrain_error *error)
{
  struct mlgrain_rotation back;
  const enum mlgrain_status status = mlgrain_rotation_inverse(rotation, &back, error);
  if (status)
    return status;
  if (!are_small(lattice, rotation->matrix) || !are_small(lattice, back.matrix))
    return mlgrain_too_large(error);
  int overflow = 0;
  int64_t inverse[MLGRAIN_MOST_LATTICE_ROTATIONS][3][3];
  for (int s = 0; s < lattice->rotations; s++)
    exact_adjugate(lattice->rotation[s], inverse[s], &overflow);
  for (int k = 0; k < 9; k++)
    equivalents->chosen.matrix[k / 3][k % 3] = INT64_MIN;
  equivalents->count = 0;
  equivalents->chosen.divisor = rotation->divisor < back.divisor ? rotation->divisor : back.divisor;
  if (rotation->divisor == equivalents->chosen.divisor)
    try_form(lattice, inverse, rotation->matrix, NULL, equivalents, &overflow);
  if (back.divisor == equivalents->chosen.divisor)
    try_form(lattice, inverse, back.matrix, rotation->matrix, equivalents, &overflow);
  return overflow ? mlgrain_too_large(error) : MLGRAIN_SUCCESS;
}

void choose_plane(const struct equivalents *equivalents, const int64_t plane[3], int64_t chosen[3],
                  int *overflow)
{
  for (int k = 0; k < equivalents->count; k++) {
    int64_t image[3];
    exact_apply(equivalents->map[k], plane, image, overflow);
    whole_reduce(image, 3);
    int first = 0;
    while (first < 2 && !image[first])
      first++;
    const int sense = equivalents->sense[k];
    if (sense == MLGRAIN_IMPROPER || (sense == MLGRAIN_BOTH_SENSES && image[first] < 0))
      for (int d = 0; d < 3; d++)
        image[d] = -image[d];
    if (!k || compare_whole(image, chosen, 3) > 0)
      memcpy(chosen, image, sizeof image);
  }
}
