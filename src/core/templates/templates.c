/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error_text.h"
#include "base/simd_level.h"
#include "base/vector3.h"
#include "templates_private.h"

/* What is known of a structure. Lengths in units of the distance of nearest neighbors. */
static const struct {
  const char *name;
  enum mlgrain_symmetry symmetry;
  double volume;       /* per atom */
  double last, beyond; /* distances of the last neighbor of the template, and of the next one */
} known[MLGRAIN_STRUCTURES] = {
    [MLGRAIN_STRUCTURE_FCC] = {"fcc", MLGRAIN_CUBIC, 0.70710678118654752, 1.0, 1.4142135623730951},
    [MLGRAIN_STRUCTURE_HCP] = {"hcp", MLGRAIN_HEXAGONAL, 0.70710678118654752, 1.0,
                               1.4142135623730951},
    [MLGRAIN_STRUCTURE_BCC] = {"bcc", MLGRAIN_CUBIC, 0.76980035891950102, 1.1547005383792515,
                               1.6329931618554521},
    [MLGRAIN_STRUCTURE_SC] = {"sc", MLGRAIN_CUBIC, 1.0, 1.0, 1.4142135623730951},
    [MLGRAIN_STRUCTURE_DIAMOND] = {"diamond", MLGRAIN_CUBIC, 1.5396007178390020, 1.6329931618554521,
                                   1.9148542155126762},
};

const char *mlgrain_structure_name(int structure)
{
  return structure > MLGRAIN_STRUCTURE_NONE && structure < MLGRAIN_STRUCTURES
             ? known[structure].name
             : NULL;
}

enum mlgrain_structure mlgrain_structure_named(const char *name)
{
  for (int s = MLGRAIN_STRUCTURE_NONE + 1; s < MLGRAIN_STRUCTURES; s++)
    if (known[s].name && strcmp(name, known[s].name) == 0)
      return (enum mlgrain_structure)s;
  return MLGRAIN_STRUCTURE_NONE;
}

enum mlgrain_symmetry mlgrain_structure_symmetry(enum mlgrain_structure structure)
{
  return known[structure].symmetry;
}

double mlgrain_structure_cutoff(enum mlgrain_structure structure, double density)
{
  return cbrt(1.0 / (density * known[structure].volume)) * known[structure].beyond;
}

/* Points of a cubic lattice whose coordinates have these absolute values, in any order, and, of
   diamond's nearest neighbors, an even number of minus signs. */
static void add_cubic(struct template *made, const double size[3], int even)
{
  static const int order[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
  const int first = made->count;
  for (int p = 0; p < 6; p++)
    for (int signs = 0; signs < 8; signs++) {
      double v[3];
      for (int d = 0; d < 3; d++)
        v[d] = size[order[p][d]] * (signs >> d & 1 ? -1.0 : 1.0);
      int is_new = !(even && __builtin_popcount((unsigned)signs) % 2);
      for (int k = first; k < made->count; k++)
        if (v[0] == made->vector[k][0] && v[1] == made->vector[k][1] && v[2] == made->vector[k][2])
          is_new = 0;
      if (is_new)
        memcpy(made->vector[made->count++], v, sizeof v);
    }
}

/* Six in the plane z = 0, three above, and three below, their mirror images. */
static void add_hexagonal(struct template *made)
{
  for (int k = 0; k < 12; k++) {
    const double angle = (k < 6 ? 60.0 * k : 30.0 + 120.0 * (k % 3)) * 0.017453292519943295;
    const double radius = k < 6 ? 1.0 : sqrt(1.0 / 3.0), height = k < 6 ? 0.0 : sqrt(2.0 / 3.0);
    double *v = made->vector[made->count++];
    v[0] = radius * cos(angle);
    v[1] = radius * sin(angle);
    v[2] = k < 9 ? height : -height;
  }
}

static void add_vectors(struct template *made)
{
  static const double corner[3] = {1, 1, 1}, edge[3] = {1, 1, 0}, face[3] = {2, 0, 0},
                      far[3] = {2, 2, 0};
  switch (made->structure) {
  case MLGRAIN_STRUCTURE_FCC:
    add_cubic(made, edge, 0);
    break;
  case MLGRAIN_STRUCTURE_HCP:
    add_hexagonal(made);
    break;
  case MLGRAIN_STRUCTURE_BCC:
    add_cubic(made, corner, 0);
    add_cubic(made, face, 0);
    break;
  case MLGRAIN_STRUCTURE_SC:
    add_cubic(made, face, 0);
    break;
  default:
    add_cubic(made, corner, 1);
    made->inner = made->count;
    add_cubic(made, far, 0);
  }
}

static void scale_vectors(struct template *made)
{
  double sum = 0.0;
  for (int k = 0; k < made->count; k++)
    sum += norm3(made->vector[k]);
  const double scale = made->count / sum;
  made->nearest = HUGE_VAL;
  for (int k = 0; k < made->count; k++) {
    for (int d = 0; d < 3; d++)
      made->vector[k][d] *= scale;
    const double length = norm3(made->vector[k]);
    made->square += length * length;
    made->nearest = fmin(made->nearest, length);
    for (int d = 0; d < 3; d++)
      made->direction[k][d] = (float)(made->vector[k][d] / length);
  }
}

/* With a rotation R, scale s, center c and deviations r_k, a neighbor is at s d_k = R t_k + r_k -
   r_0, r_0 being that of the atom itself: at most sqrt(2 (n + 1)) rmsd from R t_k. The angle
   between them is less than half of that between any two template vectors of a shell, if the sine
   is. */
static void find_certain(struct template *made)
{
  double most = -1.0;
  for (int i = 0; i < made->count; i++)
    for (int j = 0; j < i; j++) {
      const double *a = made->vector[i], *b = made->vector[j];
      if ((i < made->inner) == (j < made->inner))
        most = fmax(most, dot3(a, b) / (norm3(a) * norm3(b)));
    }
  const double sine2 = 0.5 * (1.0 - most);
  made->certain = sine2 * made->nearest * made->nearest / (2.0 * (made->count + 1));
}

/* Place of the template vector at v, -1 if there is none. */
static int find_vector(const struct template *made, const double v[3])
{
  for (int k = 0; k < made->count; k++) {
    const double *t = made->vector[k];
    if (fabs(t[0] - v[0]) + fabs(t[1] - v[1]) + fabs(t[2] - v[2]) < 1e-6)
      return k;
  }
  return -1;
}

/* Where a rotation takes the template's vectors; 0 if it takes one to a place without any: the
   lattice has rotations that the neighbors of one of its sites don't have. */
static int permutation_of(const struct template *made, const double operation[4], int image[])
{
  double m[3][3], turned[3];
  mlgrain_quaternion_matrix(operation, m);
  for (int k = 0; k < made->count; k++) {
    apply3((const double(*)[3])m, made->vector[k], turned);
    image[k] = find_vector(made, turned);
    if (image[k] < 0)
      return 0;
  }
  return 1;
}

void mlgrain_pair_frame(const double a[3], const double b[3], double frame[3][3])
{
  double sum[3], difference[3], cross[3];
  for (int d = 0; d < 3; d++) {
    sum[d] = a[d] + b[d];
    difference[d] = a[d] - b[d];
  }
  cross3(sum, difference, cross);
  const double length[3] = {norm3(sum), norm3(difference), norm3(cross)};
  for (int d = 0; d < 3; d++) {
    frame[d][0] = sum[d] / length[0];
    frame[d][1] = difference[d] / length[1];
    frame[d][2] = cross[d] / length[2];
  }
}

static void add_pair(struct template *made, int i, int j)
{
  double a[3], b[3];
  for (int d = 0; d < 3; d++) {
    a[d] = made->vector[i][d] / norm3(made->vector[i]);
    b[d] = made->vector[j][d] / norm3(made->vector[j]);
  }
  struct template_pair *pair = &made->pair[made->pair_count++];
  pair->cosine = dot3(a, b);
  mlgrain_pair_frame(a, b, pair->frame);
}

/* One of each set of pairs that rotations take to each other, none of opposite vectors. */
static void find_pairs(struct template *made)
{
  int image[MLGRAIN_MOST_OPERATIONS][MOST_NEIGHBORS], rotations = 0;
  for (int s = 0; s < made->operations; s++)
    rotations += permutation_of(made, made->operation[s], image[rotations]);
  for (int i = 0; i < made->count; i++)
    for (int j = 0; j < made->count; j++) {
      const double *a = made->vector[i], *b = made->vector[j];
      if (i == j || dot3(a, b) < -0.99 * norm3(a) * norm3(b))
        continue;
      int is_first = 1;
      for (int s = 0; s < rotations; s++)
        if (image[s][i] < i || (image[s][i] == i && image[s][j] < j))
          is_first = 0;
      if (is_first)
        add_pair(made, i, j);
    }
}

static template_kernel *kernel_of_level(enum mlgrain_simd_level level)
{
#ifdef MLGRAIN_X86_64_LEVELS
  level = mlgrain_simd_usable(level);
  if (level == MLGRAIN_SIMD_V4)
    return template_match_v4;
  if (level == MLGRAIN_SIMD_V3)
    return template_match_v3;
#else
  (void)level;
#endif
  return template_match_v2;
}

static enum mlgrain_status check(int count, const enum mlgrain_structure *structure,
                                 double most_rmsd, double cutoff, struct mlgrain_error *error)
{
  if (count < 1)
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "no structure to match");
  for (int k = 0; k < count; k++) {
    if (!mlgrain_structure_name((int)structure[k]))
      return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "structure %d is not known",
                          (int)structure[k]);
    for (int i = 0; i < k; i++)
      if (structure[i] == structure[k])
        return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "structure %s is named twice",
                            known[structure[k]].name);
  }
  if (!(most_rmsd > 0.0))
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "rmsd %g is not positive", most_rmsd);
  if (!(cutoff >= MLGRAIN_SMALLEST_LENGTH && cutoff <= MLGRAIN_LARGEST_LENGTH))
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "cutoff %g is not within %g to %g", cutoff,
                        MLGRAIN_SMALLEST_LENGTH, MLGRAIN_LARGEST_LENGTH);
  return MLGRAIN_SUCCESS;
}

enum mlgrain_status mlgrain_templates_create(int count, const enum mlgrain_structure *structure,
                                             double most_rmsd, double cutoff,
                                             enum mlgrain_simd_level level,
                                             struct mlgrain_templates **templates,
                                             struct mlgrain_error *error)
{
  *templates = NULL;
  const enum mlgrain_status status = check(count, structure, most_rmsd, cutoff, error);
  if (status)
    return status;
  struct mlgrain_templates *made = calloc(1, sizeof *made);
  if (!made)
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for templates");
  made->count = count;
  made->most_rmsd = most_rmsd;
  made->cutoff = cutoff;
  made->kernel = kernel_of_level(level);
  for (int k = 0; k < count; k++) {
    struct template *one = &made->template[k];
    one->structure = structure[k];
    one->operations = mlgrain_symmetry_operations(known[structure[k]].symmetry, one->operation);
    add_vectors(one);
    scale_vectors(one);
    find_certain(one);
    find_pairs(one);
  }
  *templates = made;
  return MLGRAIN_SUCCESS;
}

void mlgrain_templates_free(struct mlgrain_templates *templates)
{
  free(templates);
}

enum mlgrain_status mlgrain_templates_match(const struct mlgrain_templates *templates,
                                            const struct mlgrain_cells *cells, size_t first_cell,
                                            size_t last_cell, const unsigned char *chosen,
                                            struct mlgrain_match *match,
                                            struct mlgrain_error *error)
{
  if (cells->cutoff < templates->cutoff)
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                        "the cells were made for cutoff %g, less than %g", cells->cutoff,
                        templates->cutoff);
  if (last_cell > mlgrain_cells_count(cells))
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "there are no cells up to %zu", last_cell);
  const struct template_task task = {templates, cells, first_cell, last_cell, chosen, match};
  if (templates->kernel(&task))
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for neighbors");
  return MLGRAIN_SUCCESS;
}
