/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private: the parameters of power spectra in files, as the metadata 'soap' of a container. */
#ifndef MLGRAIN_SOAP_JSON_H
#define MLGRAIN_SOAP_JSON_H

#include "base/safetensors.h"
#include "mlgrain/soap.h"

/* All but the precision, as text to be freed; NULL without memory. Reading gives the same numbers.
 */
char *soap_json_write(const struct mlgrain_soap_parameters *parameters);

/* MLGRAIN_FORMAT_ERROR. */
enum mlgrain_status soap_json_read(const struct safetensors *file,
                                   struct mlgrain_soap_parameters *parameters,
                                   struct mlgrain_error *error);

/* Copies a tensor of type F64 and that shape (rank 1: columns = 1). MLGRAIN_FORMAT_ERROR: there is
   none; MLGRAIN_NOT_FINITE: a number is not finite, or beyond 1e100. */
enum mlgrain_status soap_json_take(const struct safetensors *file, const char *name, int rank,
                                   uint64_t rows, uint64_t columns, double *to,
                                   struct mlgrain_error *error);

#endif
