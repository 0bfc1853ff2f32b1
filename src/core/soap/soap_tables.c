/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables in a form that doesn't depend on a kernel. */
#include <stdlib.h>

#include "base/error_text.h"
#include "soap_private.h"

static void fill(const struct mlgrain_soap *soap, size_t components, struct mlgrain_soap_tables *to)
{
  const int n_max = soap->parameters.n_max, degree = to->degree;
  double *radial = to->radial;
  for (int i = 0; i < to->intervals; i++)
    for (int k = degree; k >= 0; k--)
      for (int l = 0; l <= soap->parameters.l_max; l++)
        for (int n = 0; n < n_max; n++)
          *radial++ = soap_table_coefficient(&soap->table, n_max, i, l, n, k);
  for (int n = 0; n < n_max; n++)
    to->central[n] = soap->central[n];
  for (size_t index = 0; index < components; index++)
    to->factor[index] = soap->factor[soap_place_of(soap, index)];
}

enum mlgrain_status mlgrain_soap_tables_create(const struct mlgrain_soap *soap,
                                               struct mlgrain_soap_tables **tables,
                                               struct mlgrain_error *error)
{
  const struct soap_table *table = &soap->table;
  const size_t n_max = (size_t)soap->parameters.n_max;
  const size_t functions = n_max * (size_t)(soap->parameters.l_max + 1);
  const size_t numbers = (size_t)table->intervals * (size_t)(table->degree + 1) * functions;
  const size_t components = mlgrain_soap_components(&soap->parameters);
  struct mlgrain_soap_tables *made = calloc(1, sizeof *made);
  *tables = NULL;
  if (made) {
    made->radial = malloc(numbers * sizeof *made->radial);
    made->central = malloc(n_max * sizeof *made->central);
    made->factor = malloc(components * sizeof *made->factor);
  }
  if (!made || !made->radial || !made->central || !made->factor) {
    mlgrain_soap_tables_free(made);
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for tables of power spectra");
  }
  made->intervals = table->intervals;
  made->degree = table->degree;
  made->inverse_length = table->inverse_length;
  fill(soap, components, made);
  *tables = made;
  return MLGRAIN_SUCCESS;
}

void mlgrain_soap_tables_free(struct mlgrain_soap_tables *tables)
{
  if (!tables)
    return;
  free(tables->radial);
  free(tables->central);
  free(tables->factor);
  free(tables);
}
