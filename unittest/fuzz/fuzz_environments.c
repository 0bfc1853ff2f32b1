/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fuzz target: any bytes given to the reader of libraries of environments; what it accepts must
   also find the nearest one. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mlgrain/environments.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void search(const struct mlgrain_environments *library)
{
  const struct mlgrain_environment_content *content = mlgrain_environments_content(library);
  const size_t components = mlgrain_soap_components(&content->parameters);
  double *vector = calloc(components + 1, sizeof *vector);
  if (!vector || !components || !content->unique.count)
    abort();
  for (int i = 0; i < 3; i++, vector[0] += 1.0)
    if (mlgrain_environments_nearest(library, vector).nearest >= content->unique.count)
      abort();
  free(vector);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct mlgrain_environments *library;
  struct mlgrain_error error = {""};
  void *bytes = aligned_alloc(8, (size + 8) / 8 * 8); /* as a mapped file is */
  if (!bytes)
    abort();
  memcpy(bytes, data, size);
  const enum mlgrain_status status =
      mlgrain_environments_parse("fuzz", bytes, size, &library, &error);
  if ((status == MLGRAIN_SUCCESS) != (library != NULL) || (status && !error.text[0]))
    abort();
  if (library)
    search(library);
  mlgrain_environments_free(library);
  free(bytes);
  return 0;
}
