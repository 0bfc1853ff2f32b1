/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "soap_json.h"

#include <math.h>
#include <string.h>

#include "base/error_text.h"
#include "mlgrain/soap_projection.h"

/* So that squares of distances are finite. */
static const double largest_number = 1e100;

char *soap_json_write(const struct mlgrain_soap_parameters *p)
{
  json_t *all =
      json_pack("{s:s, s:f, s:i, s:i, s:f, s:f, s:f, s:b, s:i}", "basis",
                p->basis == MLGRAIN_SOAP_QUIPPY ? "quippy" : "gto", "cutoff", p->cutoff, "nmax",
                p->n_max, "lmax", p->l_max, "sigma", p->sigma, "width", p->width, "central",
                p->central_weight, "normalise", p->normalise != 0, "species", p->species);
  char *text = all ? json_dumps(all, JSON_COMPACT) : NULL;
  json_decref(all);
  return text;
}

/* Whether the text is an object with all parameters, the cutoff by the name given. */
static int parse(const char *text, const char *cutoff, struct mlgrain_soap_parameters *p)
{
  const char *basis;
  json_t *json = text ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL;
  int failed = 1;
  *p = mlgrain_soap_default(MLGRAIN_SOAP_QUIPPY);
  if (json)
    failed = json_unpack(json, "{s:s, s:F, s:i, s:i, s:F, s:F, s:F, s:b, s:i}", "basis", &basis,
                         cutoff, &p->cutoff, "nmax", &p->n_max, "lmax", &p->l_max, "sigma",
                         &p->sigma, "width", &p->width, "central", &p->central_weight, "normalise",
                         &p->normalise, "species", &p->species);
  if (!failed && strcmp(basis, "gto") == 0)
    p->basis = MLGRAIN_SOAP_GTO;
  else if (!failed)
    failed = strcmp(basis, "quippy") != 0;
  json_decref(json);
  return !failed && mlgrain_soap_components(p) != 0;
}

enum mlgrain_status soap_json_read(const struct safetensors *file,
                                   struct mlgrain_soap_parameters *p, struct mlgrain_error *error)
{
  if (!parse(safetensors_metadata(file, "soap"), "cutoff", p))
    return mlgrain_fail(error, MLGRAIN_FORMAT_ERROR,
                        "%s: metadata 'soap' does not describe power spectra", file->name);
  return MLGRAIN_SUCCESS;
}

int mlgrain_soap_of_descriptor(const char *json, struct mlgrain_soap_parameters *parameters)
{
  return parse(json, "rcut", parameters);
}

enum mlgrain_status soap_json_take(const struct safetensors *file, const char *name, int rank,
                                   uint64_t rows, uint64_t columns, double *to,
                                   struct mlgrain_error *error)
{
  const struct safetensors_tensor *tensor = safetensors_find(file, name);
  if (!tensor || strcmp(tensor->type, "F64") != 0 || tensor->rank != rank ||
      tensor->shape[0] != rows || (rank == 2 && tensor->shape[1] != columns))
    return mlgrain_fail(error, MLGRAIN_FORMAT_ERROR,
                        "%s: there is no tensor '%s' of type F64 with %llu rows of %llu",
                        file->name, name, (unsigned long long)rows, (unsigned long long)columns);
  const size_t count = rows * columns;
  if (count)
    memcpy(to, tensor->data, 8 * count);
  for (size_t i = 0; i < count; i++)
    if (!(fabs(to[i]) <= largest_number))
      return mlgrain_fail(error, MLGRAIN_NOT_FINITE,
                          "%s: tensor '%s' has a number that is not finite, or beyond 1e100",
                          file->name, name);
  return MLGRAIN_SUCCESS;
}
