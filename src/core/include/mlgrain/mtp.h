/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Moment tensor potentials (MTP): the energy of an atom as a polynomial of tensor moments of its
   neighborhood, in the file formats of MLIP-2 (.mtp) and MLIP-3 (.almtp).

   Source: A. V. Shapeev, Multiscale Model. Simul. 14 (2016) 1153; I. S. Novikov, K. Gubaev, E. V.
   Podryabinkin, A. V. Shapeev, Mach. Learn.: Sci. Technol. 2 (2021) 025002. Extrapolation grade:
   E. V. Podryabinkin, A. V. Shapeev, Comput. Mater. Sci. 140 (2017) 171.
   doc/theory_mtp.md has every formula. Units are those of the file: normally eV and Angstrom. */
#ifndef MLGRAIN_MTP_H
#define MLGRAIN_MTP_H

#include <stddef.h>

#include "mlgrain/error.h"
#include "mlgrain/simd.h"

#ifdef __cplusplus
extern "C" {
#endif

enum mlgrain_mtp_basis {
  MLGRAIN_MTP_CHEBYSHEV,       /* RBChebyshev */
  MLGRAIN_MTP_CHEBYSHEV_REPULS /* RBChebyshev_repuls: a hard wall below min_dist */
};

/* What the kernels compute with. */
enum mlgrain_mtp_precision { MLGRAIN_MTP_DOUBLE, MLGRAIN_MTP_MIXED };

/* How the active set was selected, and so how grades are meant. */
enum mlgrain_mtp_grade_mode {
  MLGRAIN_MTP_NO_GRADE,     /* the file has no active set */
  MLGRAIN_MTP_NEIGHBORHOOD, /* a grade for each atom */
  MLGRAIN_MTP_CONFIGURATION /* one grade for all atoms together */
};

/* What a file holds, checked. Made and freed by the functions below; may be changed between by
   whoever trains or tests, as long as the indices stay valid.
   Parameters are counted in this order: radial, species, moment coefficients. */
struct mlgrain_mtp_file {
  int species_count;
  int *label; /* [species_count] as in the pair labels of the file: 0, 1, ... or
                 atomic numbers */
  enum mlgrain_mtp_basis basis;
  double scaling;            /* factor of all radial functions */
  double min_dist, max_dist; /* ends of the Chebyshev interval; max_dist is the cutoff */
  int radial_size;           /* Chebyshev polynomials per radial function */
  int radial_count;          /* radial functions per ordered pair of species */
  double *radial_coeffs;     /* [center species][neighbor species][radial_count][radial_size] */
  int moment_count;          /* basic moments and products together */
  int basic_count;
  int (*basic)[4]; /* [basic_count] mu, exponents of x, y, z */
  int times_count;
  int (*times)[4]; /* [times_count] a0, a1, factor, a3: m[a3] += factor m[a0] m[a1];
                      a0, a1 < a3, and m[a3] is not read before its last term */
  int scalar_count;
  int *mapping;           /* [scalar_count] the moments that enter the energy */
  double *species_coeffs; /* [species_count] */
  double *moment_coeffs;  /* [scalar_count] */
  /* The active set of an .almtp file */
  enum mlgrain_mtp_grade_mode grade_mode;
  double energy_weight, force_weight, stress_weight, site_weight;
  int weight_scaling; /* p: configuration mode multiplies by energy_weight / N^(p/2) */
  size_t parameter_count;
  double *active_set;     /* [parameter_count][parameter_count] A, or NULL */
  double *active_inverse; /* [parameter_count][parameter_count] transposed inverse of A: a
                             grade is max_k |active_inverse[k] . v| */
};

/* Reads a potential from memory.
     name    stands for the file in messages
     bytes   [size] contents of the file, only read during the call
     file    receives a new object, to be freed with mlgrain_mtp_file_free
   MLGRAIN_OUT_OF_MEMORY; MLGRAIN_FORMAT_ERROR: malformed, the text names the line;
   MLGRAIN_NOT_FINITE: NaN, infinity, or a number out of range; MLGRAIN_UNSUPPORTED: a magnetic
   potential, another radial basis, a moment of rank above 20. */
MLGRAIN_EXPORT enum mlgrain_status mlgrain_mtp_file_parse(const char *name, const void *bytes,
                                                          size_t size,
                                                          struct mlgrain_mtp_file **file,
                                                          struct mlgrain_error *error);

/* As mlgrain_mtp_file_parse, and reads MLIP's untrained files, too, which have no coefficients at
   all: these are 0 then, and the labels 0, 1, ... Such a potential gives no energies before
   mlgrain_mtp_file_start (mlgrain/mtp_train.h) and training. */
MLGRAIN_EXPORT enum mlgrain_status mlgrain_mtp_file_parse_untrained(const char *name,
                                                                    const void *bytes, size_t size,
                                                                    struct mlgrain_mtp_file **file,
                                                                    struct mlgrain_error *error);

/* Reads a potential from a file. As mlgrain_mtp_file_parse, and MLGRAIN_FILE_ERROR. */
MLGRAIN_EXPORT enum mlgrain_status mlgrain_mtp_file_read(const char *path,
                                                         struct mlgrain_mtp_file **file,
                                                         struct mlgrain_error *error);

/* Frees an object; NULL is allowed. */
MLGRAIN_EXPORT void mlgrain_mtp_file_free(struct mlgrain_mtp_file *file);

/* Writes a potential as the text of an .mtp file, all numbers with 17 digits; with active_set and
   active_inverse, as the contents of an .almtp file up to the matrices' end.
     name     potential_name, without line breaks
     bytes    receives [*size] the contents, and a zero behind them, to be freed with
              mlgrain_mtp_bytes_free
   MLGRAIN_OUT_OF_MEMORY. */
MLGRAIN_EXPORT enum mlgrain_status mlgrain_mtp_file_format(const struct mlgrain_mtp_file *file,
                                                           const char *name, char **bytes,
                                                           size_t *size,
                                                           struct mlgrain_error *error);

/* Frees what mlgrain_mtp_file_format made; NULL is allowed. */
MLGRAIN_EXPORT void mlgrain_mtp_bytes_free(char *bytes);

/* A potential made ready for one set of vector instructions. Constant once made: any number of
   threads may use it at once. */
struct mlgrain_mtp;

/* Prepares a potential.
     file     only read during the call
     level    vector instructions to use: mlgrain_simd_best(), or a lower one
     mtp      receives a new object, to be freed with mlgrain_mtp_free
   MLGRAIN_OUT_OF_MEMORY. */
MLGRAIN_EXPORT enum mlgrain_status mlgrain_mtp_create(const struct mlgrain_mtp_file *file,
                                                      enum mlgrain_simd_level level,
                                                      struct mlgrain_mtp **mtp,
                                                      struct mlgrain_error *error);

/* Prepares a potential for mixed precision: positions, distances and radial functions, and sums of
   energies, forces and virials are doubles; moments, their products and adjoints are floats, of
   which a vector holds twice as many. doc/theory_mtp.md says what that costs in accuracy. Grades
   and gradients to the parameters can't be had from such an object. As mlgrain_mtp_create, and
   MLGRAIN_UNSUPPORTED: coefficients out of the range of floats. */
MLGRAIN_EXPORT enum mlgrain_status mlgrain_mtp_create_mixed(const struct mlgrain_mtp_file *file,
                                                            enum mlgrain_simd_level level,
                                                            struct mlgrain_mtp **mtp,
                                                            struct mlgrain_error *error);

/* Frees an object; NULL is allowed. */
MLGRAIN_EXPORT void mlgrain_mtp_free(struct mlgrain_mtp *mtp);

/* Memory of one thread: scratch, and the short lists of mlgrain_mtp_shorten. */
struct mlgrain_mtp_workspace;

/* Makes a workspace, empty so far; it grows as calls need it. MLGRAIN_OUT_OF_MEMORY. */
MLGRAIN_EXPORT enum mlgrain_status
mlgrain_mtp_workspace_create(struct mlgrain_mtp_workspace **workspace, struct mlgrain_error *error);

/* Frees a workspace; NULL is allowed. */
MLGRAIN_EXPORT void mlgrain_mtp_workspace_free(struct mlgrain_mtp_workspace *workspace);

/* Bytes a workspace holds. */
MLGRAIN_EXPORT size_t mlgrain_mtp_workspace_memory(const struct mlgrain_mtp_workspace *workspace);

/* Atoms and their neighbor lists, as a molecular dynamics program has them. */
struct mlgrain_mtp_atoms {
  const double (*x)[3];       /* [atoms] positions; periodic images are atoms like others */
  const int *type;            /* [atoms] */
  const int *species_of_type; /* [type_count] species of a type, -1: the potential doesn't see it */
  int type_count;
  const int *const *neighbors; /* [atoms] lists, read for centers only; may hold atoms beyond the
                                  cutoff, but not the center itself, and all within it once.
                                  NULL: mlgrain_mtp_compute takes the short lists */
  const int *neighbor_count;   /* [atoms] */
  int neighbor_mask;           /* an entry is neighbors[i][k] & neighbor_mask; -1: the entry */
  const float (*screen)[4];    /* [atoms] from mlgrain_mtp_screen, like screen_extent */
  double screen_extent;
};

/* Fills the rows first .. last-1 of a table that neighbor lists are screened with: a list holds
   about twice as many atoms as are inside the cutoff, and most of the others are left out at half
   the cost with positions rounded to single precision.
     atoms    positions, types and species of types; nothing else is read
     origin   somewhere among the atoms, the same for the whole table
     screen   [atoms] receives x, y, z minus the origin, and the species
   Returns the largest coordinate there, sign dropped; screen_extent is the largest of all rows.
   Calls for different rows may run at once. */
MLGRAIN_EXPORT double mlgrain_mtp_screen(const struct mlgrain_mtp_atoms *atoms,
                                         const double origin[3], size_t first, size_t last,
                                         float (*screen)[4]);

/* Shortens neighbor lists: leaves in the workspace, for each of the centers, its neighbors up to
   `margin` beyond the cutoff, in order of species. They serve mlgrain_mtp_compute, in place of the
   long lists and at a fourth of the time of finding neighbors, while mlgrain_mtp_lists_hold.
     center   [count] as mlgrain_mtp_compute will get them
     margin   0 <= margin < 2
   Results don't depend on how often lists are shortened, beyond rounding.
   MLGRAIN_OUT_OF_MEMORY. */
MLGRAIN_EXPORT enum mlgrain_status mlgrain_mtp_shorten(const struct mlgrain_mtp *mtp,
                                                       struct mlgrain_mtp_workspace *workspace,
                                                       const struct mlgrain_mtp_atoms *atoms,
                                                       const int *center, size_t count,
                                                       double margin, struct mlgrain_error *error);

/* Whether short lists still hold every neighbor inside the cutoff: 1 if no atom of the rows first
   .. last-1 has moved by more than half the margin or become another species, else 0.
     then   [atoms] the table of mlgrain_mtp_screen that the lists were made with
     now    [atoms] one with the same origin */
MLGRAIN_EXPORT int mlgrain_mtp_lists_hold(const float (*then)[4], const float (*now)[4],
                                          size_t first, size_t last, double margin);

struct mlgrain_mtp_error_bars;
struct mlgrain_mtp_grade_bounds;

/* What mlgrain_mtp_compute adds to. Every pointer may be NULL. Arrays go by atom. With
   d = x_j - x_i and g = dV_i/dd: */
struct mlgrain_mtp_result {
  double *site_energy;          /* [i] += V_i */
  double (*force)[3];           /* [j] -= g, [i] += g */
  double (*virial_half)[6];     /* [i], [j] += half of -d_a g_b, symmetrized: xx yy zz xy xz yz */
  double (*virial_centroid)[9]; /* [j] += -d_a g_b: xx yy zz xy xz yz yx zx zy. The heat current
                                   needs this form (Z. Fan et al., Phys. Rev. B 92 (2015) 094301) */
  double *grade;                /* [i] = grade of the neighborhood, neighborhood mode only */
  /* With bounds (mlgrain/mtp_bounds.h) grades are those of the neighborhoods only if they are above
     grade_threshold; others are no less than these, and at most the threshold */
  const struct mlgrain_mtp_grade_bounds *grade_bounds;
  double grade_threshold;
  int find_largest;     /* with bounds: makes largest_grade exact at any value */
  double largest_grade; /* with bounds: = the largest of itself and the exact grades */
  size_t grade_rows;    /* with bounds: += coefficients of centers that bounds didn't decide */
  size_t
      grade_atoms; /* with bounds: += centers that were computed a second time, for exact grades */
  double *gradient_sum; /* [parameter_count] += dV_i/dparameter */
  double *virial;       /* [6] += -sum of d_a g_b, symmetrized, as above */
  /* Error bars, of mlgrain/mtp_error.h; the next four are for these alone */
  const struct mlgrain_mtp_error_bars *error_bars;
  double *leverage;    /* [i] = |S v|^2 */
  double *nearest;     /* [i] = the smallest |d|, the cutoff if there is none */
  int members;         /* even: members that member_force has room for, the first of the file */
  float *member_force; /* [atom][members/2][3][2], force by a member minus that by the potential:
                          [j] -= g, [i] += g; in single precision */
  double energy;       /* += sum of V_i */
  double smallest_distance; /* = the smallest |d| met, if smaller than before */
};

/* Energies, forces and so on of the given centers.
     center   [count] their atoms; those of a type that isn't seen get nothing
   Calls for different centers may run at once in different threads, with a workspace and a result
   for each.
   MLGRAIN_OUT_OF_MEMORY; MLGRAIN_INVALID_ARGUMENT: neither long lists nor short ones of as many
   centers, or grades or gradients to the parameters of a potential in mixed precision. Coordinates
   that are not finite give results that are not. */
MLGRAIN_EXPORT enum mlgrain_status
mlgrain_mtp_compute(const struct mlgrain_mtp *mtp, struct mlgrain_mtp_workspace *workspace,
                    const struct mlgrain_mtp_atoms *atoms, const int *center, size_t count,
                    struct mlgrain_mtp_result *result, struct mlgrain_error *error);

/* Which row of the active set's inverse an atom's grade comes from, and what one row gives, which
   is at most the grade; from the gradient of its energy (gradient_sum for this center alone).
   Neighborhood mode. */
MLGRAIN_EXPORT size_t mlgrain_mtp_grade_row(const struct mlgrain_mtp *mtp, const double *gradient);
MLGRAIN_EXPORT double mlgrain_mtp_grade_of_row(const struct mlgrain_mtp *mtp,
                                               const double *gradient, size_t row);

/* The grade that belongs to a sum of gradients over `atom_count` atoms (gradient_sum of all
   threads and processes together): max_k |active_inverse[k] . v| energy_weight / N^(p/2).
   Configuration mode; 0 without an active set. */
MLGRAIN_EXPORT double mlgrain_mtp_configuration_grade(const struct mlgrain_mtp *mtp,
                                                      const double *gradient_sum,
                                                      double atom_count);

#ifdef __cplusplus
}
#endif
#endif
