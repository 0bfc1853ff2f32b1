/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Smooth overlap of atomic positions (SOAP): the power spectrum of the density of a point's
   neighbors, as the programs quippy (GAP) and DScribe define it.

   Source: A. P. Bartok, R. Kondor, G. Csanyi, Phys. Rev. B 87 (2013) 184115. doc/theory_soap.md has
   every formula, and the conventions of both programs. */
#ifndef MLGRAIN_SOAP_H
#define MLGRAIN_SOAP_H

#include <stddef.h>
#include <stdint.h>

#include "mlgrain/cells.h"
#include "mlgrain/error.h"
#include "mlgrain/simd.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The radial basis, and with it factors, order of components, and what happens at the cutoff. */
enum mlgrain_soap_basis {
  MLGRAIN_SOAP_QUIPPY, /* equispaced Gaussians; neighbors fade out from cutoff - width to cutoff */
  MLGRAIN_SOAP_GTO     /* DScribe's Gaussian type orbitals; neighbors up to where their Gaussians
                          fall to 1e-3 at the cutoff */
};

enum mlgrain_soap_precision { MLGRAIN_SOAP_DOUBLE, MLGRAIN_SOAP_SINGLE };

enum { MLGRAIN_SOAP_MOST_N = 32, MLGRAIN_SOAP_MOST_L = 24, MLGRAIN_SOAP_MOST_SPECIES = 16 };

/* mlgrain_soap_default() gives all but cutoff, n_max, l_max and sigma. Lengths in any one unit;
   for MLGRAIN_SOAP_GTO it is Angstrom, since DScribe's orbitals begin at a radius of 1 Angstrom. */
struct mlgrain_soap_parameters {
  enum mlgrain_soap_basis basis;
  double cutoff;         /* > 0; gto: > 1 */
  int n_max;             /* radial functions, 1 .. MLGRAIN_SOAP_MOST_N */
  int l_max;             /* angular degree, 0 .. MLGRAIN_SOAP_MOST_L */
  double sigma;          /* width of the Gaussians, > 0 */
  double width;          /* quippy only: over which neighbors fade out, 0 .. cutoff; 0.5 */
  double central_weight; /* of the center itself, as a neighbor at distance 0; >= 0; 1 */
  int normalise;         /* nonzero: vectors of length 1 (quippy's default); 0 */
  int species;           /* 1 .. MLGRAIN_SOAP_MOST_SPECIES channels; 1 */
  enum mlgrain_soap_precision precision; /* of the arithmetic: MLGRAIN_SOAP_DOUBLE, or single, with
                                            4e-7 of the vector's length as error */
};

struct mlgrain_soap;

/* Parameters of a basis and its program's defaults; those without a default are 0. */
MLGRAIN_EXPORT struct mlgrain_soap_parameters mlgrain_soap_default(enum mlgrain_soap_basis basis);

/* Numbers of a power spectrum: with N = n_max * species, N (N + 1) / 2 * (l_max + 1), and for
   quippy one more at the end, always 0 (its covariance_sigma0). 0 if a parameter is out of range.
 */
MLGRAIN_EXPORT size_t mlgrain_soap_components(const struct mlgrain_soap_parameters *parameters);

/* How far neighbors count: the cutoff (quippy) or cutoff + 3.717 sigma (gto). */
MLGRAIN_EXPORT double mlgrain_soap_reach(const struct mlgrain_soap_parameters *parameters);

/* Prepares power spectra: radial functions are tabulated, 0.02 to 2 seconds.
     level    vector instructions to use: mlgrain_simd_best(), or a lower one
     soap     receives a new object, to be freed with mlgrain_soap_free
   The object is constant afterwards: any number of threads may use it at once.
   MLGRAIN_OUT_OF_MEMORY; MLGRAIN_INVALID_ARGUMENT: a parameter out of range; MLGRAIN_UNSUPPORTED: a
   basis whose functions are dependent within 113 bits, or a table of more than 256 MB. */
MLGRAIN_EXPORT enum mlgrain_status
mlgrain_soap_create(const struct mlgrain_soap_parameters *parameters, enum mlgrain_simd_level level,
                    struct mlgrain_soap **soap, struct mlgrain_error *error);

/* Frees an object; NULL is allowed. */
MLGRAIN_EXPORT void mlgrain_soap_free(struct mlgrain_soap *soap);

MLGRAIN_EXPORT const struct mlgrain_soap_parameters *
mlgrain_soap_parameters_of(const struct mlgrain_soap *soap);

/* Bytes the object holds. */
MLGRAIN_EXPORT size_t mlgrain_soap_memory(const struct mlgrain_soap *soap);

/* Chooses which components are computed, and in which order; without this call all are. To be
   called before other threads use the object. `normalise` refers to the whole vector all the same.
     count    >= 1
     column   [count] indices 0 .. components - 1
   MLGRAIN_OUT_OF_MEMORY; MLGRAIN_INVALID_ARGUMENT: count or an index out of range. */
MLGRAIN_EXPORT enum mlgrain_status mlgrain_soap_choose_columns(struct mlgrain_soap *soap,
                                                               size_t count, const size_t *column,
                                                               struct mlgrain_error *error);

/* How many numbers of a vector are computed. */
MLGRAIN_EXPORT size_t mlgrain_soap_columns(const struct mlgrain_soap *soap);

/* n, l and species of a component, counted from 0, n and species of both factors; the last of
   quippy has n = -1. 0 if index is out of range, else 1. */
struct mlgrain_soap_component {
  int n[2], species[2], l;
};
MLGRAIN_EXPORT int mlgrain_soap_describe(const struct mlgrain_soap_parameters *parameters,
                                         size_t index, struct mlgrain_soap_component *component);

/* Points as the functions below take them, in the order of the points of the cells. */
struct mlgrain_soap_points {
  const struct mlgrain_cells *cells; /* created with a cutoff >= mlgrain_soap_reach() */
  const unsigned char *chosen;       /* [n] nonzero for points whose vectors are wanted */
  const int32_t *species; /* [n] channel 0 .. species - 1; others are no neighbors, and as
                             centers have no weight of their own; NULL: all 0 */
  const double *weight;   /* [n] factor on a point's Gaussian, the center's own included;
                             NULL: all 1 */
};

/* Power spectra of the chosen points in cells first_cell .. last_cell - 1.
     descriptor   [n][columns], in the order of the points; other rows stay as they are
   A point without neighbors has the spectrum of its own Gaussian; one without any weight has zeros.
   Calls for disjoint ranges of cells may run at once in different threads; a range of some dozen
   cells or more keeps the fixed cost of a call small. A row does not depend on the range.
   MLGRAIN_OUT_OF_MEMORY; MLGRAIN_INVALID_ARGUMENT: cells made for a smaller cutoff, or a range that
   goes beyond the last cell. */
MLGRAIN_EXPORT enum mlgrain_status mlgrain_soap_compute(const struct mlgrain_soap *soap,
                                                        const struct mlgrain_soap_points *points,
                                                        size_t first_cell, size_t last_cell,
                                                        double *descriptor,
                                                        struct mlgrain_error *error);

/* Receives the vectors of `count` points: row [count][columns], valid during the call only. */
typedef void mlgrain_soap_visitor(void *context, size_t count, const int32_t *point,
                                  const double *row);

/* The same, for vectors that needn't be kept: each is shown to `visit` once, some at a time. */
MLGRAIN_EXPORT enum mlgrain_status mlgrain_soap_visit(const struct mlgrain_soap *soap,
                                                      const struct mlgrain_soap_points *points,
                                                      size_t first_cell, size_t last_cell,
                                                      mlgrain_soap_visitor *visit, void *context,
                                                      struct mlgrain_error *error);

/* ---- tables ---------------------------------------------------------------------------------- */

/* What power spectra are made of, for kernels that are not this library's, such as those of GPUs.
   With channels a = species * n_max + n, p_abl = sum_m c_alm c_blm, and c_n00 of a center's own
   species raised by central[n] times its weight, a component is factor * p_abl. */
struct mlgrain_soap_tables {
  int intervals, degree;
  double inverse_length; /* of an interval: in interval i = (int) (r * inverse_length), */
  double *radial;  /* [intervals][degree + 1][l_max + 1][n_max]: h_nl(r), before it fades out, is
                      sum_k radial[i][degree - k][l][n] t^k, t = 2 (r * inverse_length - i) - 1 */
  double *central; /* [n_max] */
  double *factor;  /* [components], of all, whichever are chosen */
};

/* To be freed with mlgrain_soap_tables_free. MLGRAIN_OUT_OF_MEMORY. */
MLGRAIN_EXPORT enum mlgrain_status mlgrain_soap_tables_create(const struct mlgrain_soap *soap,
                                                              struct mlgrain_soap_tables **tables,
                                                              struct mlgrain_error *error);
MLGRAIN_EXPORT void mlgrain_soap_tables_free(struct mlgrain_soap_tables *tables);

#ifdef __cplusplus
}
#endif
#endif
