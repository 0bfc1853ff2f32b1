/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Error bars of moment tensor potentials: how far a neighborhood is from the training set, and how
   uncertain the force on an atom is.

   Leverage: h = v^T (sum over training atoms of v v^T)^-1 v, with v the derivatives of an atom's
   energy by the coefficients that it is linear in; estimated by a random sketch S, |S v|^2.
   Force: the spread of the force over sets of parameters ("members") that the training set allows
   as well, times a factor that errors on configurations outside the training set gave (conformal
   prediction).
   doc/theory_mtp.md has the formulas, doc/mtp.md what is in a file. */
#ifndef MLGRAIN_MTP_ERROR_H
#define MLGRAIN_MTP_ERROR_H

#include <stdint.h>

#include "mlgrain/mtp.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A number that tells potentials apart by what their energies depend on: form, species, cutoffs,
   parameters. An active set makes no difference. */
MLGRAIN_EXPORT uint64_t mlgrain_mtp_fingerprint(const struct mlgrain_mtp_file *file);

struct mlgrain_mtp_error_bars;

/* Reads error bars from the contents of a file.
     name    stands for the file in messages
     bytes   [size] contents, at an address that is a multiple of 8, only read during the call
     file    the potential they belong to, only read during the call
     mtp     the same, made ready; must have been made of this file
     bars    receives a new object, to be freed with mlgrain_mtp_error_bars_free; constant: any
             number of threads may use it at once
   MLGRAIN_OUT_OF_MEMORY; MLGRAIN_FORMAT_ERROR: malformed, or of another potential;
   MLGRAIN_NOT_FINITE; MLGRAIN_UNSUPPORTED: another version of the format;
   MLGRAIN_INVALID_ARGUMENT: misaligned bytes. */
MLGRAIN_EXPORT enum mlgrain_status
mlgrain_mtp_error_bars_parse(const char *name, const void *bytes, size_t size,
                             const struct mlgrain_mtp_file *file, const struct mlgrain_mtp *mtp,
                             struct mlgrain_mtp_error_bars **bars, struct mlgrain_error *error);

/* Makes error bars for a potential of the same form with other coefficients, that has learned.
     old      calibration, edge of the training set and metadata are taken from it
     file     the potential now, only read during the call
     mtp      the same, made ready
     sketch   [rows][linear] S, with linear = species and moment coefficients
     rows     1 to 64
     members  [mlgrain_mtp_error_members(old)][linear] differences to the coefficients
     factor   > 0: factors of errors are multiplied by it
     bars     receives a new object, to be freed with mlgrain_mtp_error_bars_free
   MLGRAIN_OUT_OF_MEMORY; MLGRAIN_INVALID_ARGUMENT: rows or factor out of range;
   MLGRAIN_UNSUPPORTED: coefficients of members cancel each other. */
MLGRAIN_EXPORT enum mlgrain_status mlgrain_mtp_error_bars_renew(
    const struct mlgrain_mtp_error_bars *old, const struct mlgrain_mtp_file *file,
    const struct mlgrain_mtp *mtp, const double *sketch, size_t rows, const double *members,
    double factor, struct mlgrain_mtp_error_bars **bars, struct mlgrain_error *error);

/* Frees an object; NULL is allowed. */
MLGRAIN_EXPORT void mlgrain_mtp_error_bars_free(struct mlgrain_mtp_error_bars *bars);

/* Number of members, even, at most 32; 0: the file knows no errors of forces, only leverages. */
MLGRAIN_EXPORT int mlgrain_mtp_error_members(const struct mlgrain_mtp_error_bars *bars);

/* What the spread over the first `members` members is multiplied by, so that a force's error is
   less with probability `confidence`: between those that the file has, interpolated. 0: there is
   none for so many members, or the confidence is outside of the file's. */
MLGRAIN_EXPORT double mlgrain_mtp_error_factor(const struct mlgrain_mtp_error_bars *bars,
                                               int members, double confidence);

/* The root of the leverage that one in a thousand training atoms exceeds. */
MLGRAIN_EXPORT double mlgrain_mtp_leverage_edge(const struct mlgrain_mtp_error_bars *bars);

/* A string from the metadata, such as "training_set"; NULL if the file has none of that key. Owned
   by the object. */
MLGRAIN_EXPORT const char *mlgrain_mtp_error_metadata(const struct mlgrain_mtp_error_bars *bars,
                                                      const char *key);

/* The error of a force before it is multiplied by the factor: the root mean square over members of
   how far their forces are from the potential's.
     force   [members/2][3][2] of one atom, as mlgrain_mtp_compute left them */
MLGRAIN_EXPORT double mlgrain_mtp_force_spread(const float *force, int members);

#ifdef __cplusplus
}
#endif
#endif
