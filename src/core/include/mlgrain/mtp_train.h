/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Training of moment tensor potentials: new ones of any level, the loss and its derivatives by all
   parameters. doc/theory_training.md has every formula.

   Parameters are counted as in mtp.h: radial, species, moment coefficients. Units are those of
   the labels, normally eV and Angstrom. */
#ifndef MLGRAIN_MTP_TRAIN_H
#define MLGRAIN_MTP_TRAIN_H

#include <stdint.h>

#include "mlgrain/mtp.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a new potential shall be. */
struct mlgrain_mtp_form {
  int level;         /* 2 to 28: which basis functions take part, those of MLIP's stock levels */
  int species_count; /* at least 1 */
  const int *label;  /* [species_count] as in mlgrain_mtp_file, or NULL: 0, 1, ... */
  enum mlgrain_mtp_basis basis;
  double min_dist, max_dist;
  int radial_size; /* Chebyshev polynomials per radial function, 8 in MLIP's stock files */
  uint64_t seed;   /* of mlgrain_mtp_file_start */
};

/* Makes a potential that has not been trained. Its basis functions are all products of up to four
   moments M(mu, nu), contracted to scalars, whose levels 2 + 4 mu + nu sum to `level` at most, with
   mu <= 5 and nu <= 10 (A. V. Shapeev, Multiscale Model. Simul. 14 (2016) 1153): the functions of
   MLIP's stock files of that level, in another order.
     file     receives a new object, to be freed with mlgrain_mtp_file_free
   MLGRAIN_OUT_OF_MEMORY, MLGRAIN_INVALID_ARGUMENT. */
MLGRAIN_EXPORT enum mlgrain_status mlgrain_mtp_file_new(const struct mlgrain_mtp_form *form,
                                                        struct mlgrain_mtp_file **file,
                                                        struct mlgrain_error *error);

/* Sets parameters to start training with: radial function mu is the Chebyshev polynomial T_mu,
   disturbed by normal random numbers of 0.1, the same for the same seed everywhere; all other
   parameters are 0. */
MLGRAIN_EXPORT void mlgrain_mtp_file_start(struct mlgrain_mtp_file *file, uint64_t seed);

#ifdef __cplusplus
}
#endif
#endif
