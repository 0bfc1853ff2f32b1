/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fuzz target: any bytes given to the reader of .mtp and .almtp files, trained or not; what it
   accepts must also survive preparation. */
#include <stdint.h>
#include <stdlib.h>

#include "mlgrain/mtp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct mlgrain_error error = {""};
  struct mlgrain_mtp_file *file;
  const enum mlgrain_status status =
      mlgrain_mtp_file_parse_untrained("fuzz", data, size, &file, &error);
  if ((status == MLGRAIN_SUCCESS) != (file != NULL) || (status && !error.text[0]))
    abort();
  struct mlgrain_mtp *mtp = NULL;
  if (!status && !mlgrain_mtp_create(file, MLGRAIN_SIMD_V2, &mtp, &error) && !mtp)
    abort();
  mlgrain_mtp_free(mtp);
  mlgrain_mtp_file_free(file);
  return 0;
}
