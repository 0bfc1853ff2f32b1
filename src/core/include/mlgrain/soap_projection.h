/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Projections of power spectra onto fewer numbers, y = (p - mean) matrix: principal components, or
   random directions. Vectors of thousands of numbers then need not be stored. The files are
   described in doc/projection_format.md. */
#ifndef MLGRAIN_SOAP_PROJECTION_H
#define MLGRAIN_SOAP_PROJECTION_H

#include <stddef.h>

#include "mlgrain/error.h"
#include "mlgrain/soap.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { MLGRAIN_SOAP_MOST_COLUMNS = 4096 };

struct mlgrain_soap_projection;

/* Makes a projection of spectra of these parameters.
     columns     1 .. MLGRAIN_SOAP_MOST_COLUMNS
     mean        [components]
     matrix      [components][columns]
     projection  receives a new object, to be freed with mlgrain_soap_projection_free
   MLGRAIN_OUT_OF_MEMORY; MLGRAIN_INVALID_ARGUMENT: a parameter or the number of columns is out of
   range; MLGRAIN_NOT_FINITE: a number is not finite, or beyond 1e100. */
MLGRAIN_EXPORT enum mlgrain_status mlgrain_soap_projection_create(
    const struct mlgrain_soap_parameters *parameters, size_t columns, const double *mean,
    const double *matrix, struct mlgrain_soap_projection **projection, struct mlgrain_error *error);

/* Reads a file. MLGRAIN_OUT_OF_MEMORY, MLGRAIN_FILE_ERROR, MLGRAIN_FORMAT_ERROR,
   MLGRAIN_NOT_FINITE, MLGRAIN_UNSUPPORTED. */
MLGRAIN_EXPORT enum mlgrain_status
mlgrain_soap_projection_read(const char *path, struct mlgrain_soap_projection **projection,
                             struct mlgrain_error *error);

/* The same for a file in memory, at an address that is a multiple of 8; name is for messages. */
MLGRAIN_EXPORT enum mlgrain_status
mlgrain_soap_projection_parse(const char *name, const void *bytes, size_t size,
                              struct mlgrain_soap_projection **projection,
                              struct mlgrain_error *error);

/* Writes a file; `path` never names half of one. MLGRAIN_OUT_OF_MEMORY, MLGRAIN_FILE_ERROR. */
MLGRAIN_EXPORT enum mlgrain_status
mlgrain_soap_projection_write(const struct mlgrain_soap_projection *projection, const char *path,
                              struct mlgrain_error *error);

/* Frees an object; NULL is allowed. */
MLGRAIN_EXPORT void mlgrain_soap_projection_free(struct mlgrain_soap_projection *projection);

/* What the spectra are to be made with; of their precision nothing is said. */
MLGRAIN_EXPORT const struct mlgrain_soap_parameters *
mlgrain_soap_projection_parameters(const struct mlgrain_soap_projection *projection);

MLGRAIN_EXPORT size_t
mlgrain_soap_projection_columns(const struct mlgrain_soap_projection *projection);

/* Copies of what it was made from: mean [components], matrix [components][columns]. */
MLGRAIN_EXPORT void
mlgrain_soap_projection_numbers(const struct mlgrain_soap_projection *projection, double *mean,
                                double *matrix);

/* Bytes the object holds. */
MLGRAIN_EXPORT size_t
mlgrain_soap_projection_memory(const struct mlgrain_soap_projection *projection);

/* Projects `count` vectors, row [count][components], to `to` [count][columns]. Any number of
   threads may call it at once. */
MLGRAIN_EXPORT void mlgrain_soap_project(const struct mlgrain_soap_projection *projection,
                                         size_t count, const double *row, double *to);

/* Whether spectra of both parameters have the same meaning: all are equal but the precision. */
MLGRAIN_EXPORT int mlgrain_soap_is_same(const struct mlgrain_soap_parameters *a,
                                        const struct mlgrain_soap_parameters *b);

/* The parameters that the metadata "descriptor" of a table or a model has for the style soap/atom:
   a JSON object with the members basis, rcut, nmax, lmax, sigma, width, central, normalise and
   species. Returns 0 if it is none, or one of them is missing or out of range. */
MLGRAIN_EXPORT int mlgrain_soap_of_descriptor(const char *json,
                                              struct mlgrain_soap_parameters *parameters);

#ifdef __cplusplus
}
#endif
#endif
