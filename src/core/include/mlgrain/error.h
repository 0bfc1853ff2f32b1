/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Status codes and error texts shared by every module of the core. */
#ifndef MLGRAIN_ERROR_H
#define MLGRAIN_ERROR_H

#include "mlgrain/export.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a core function returns. Each header lists the values a function can give. */
enum mlgrain_status {
  MLGRAIN_SUCCESS = 0,
  MLGRAIN_OUT_OF_MEMORY,
  MLGRAIN_INVALID_ARGUMENT, /* a value the function can't work with */
  MLGRAIN_NOT_FINITE,       /* a NaN or infinity among the input numbers */
  MLGRAIN_FILE_ERROR,       /* a file can't be opened or read */
  MLGRAIN_FORMAT_ERROR,     /* a file's content is malformed */
  MLGRAIN_UNSUPPORTED,      /* well-formed, but not implemented here */
  MLGRAIN_NOT_CONVERGED     /* an iteration was stopped before it reached its tolerance */
};

enum { MLGRAIN_ERROR_LENGTH = 512 };

/* Text that belongs to a status other than MLGRAIN_SUCCESS. Owned by the caller, who passes its
   address (or NULL if no text is wanted); functions write it only when they fail. */
struct mlgrain_error {
  char text[MLGRAIN_ERROR_LENGTH];
};

/* A fixed English phrase for a status, never NULL. */
MLGRAIN_EXPORT const char *mlgrain_status_text(enum mlgrain_status status);

#ifdef __cplusplus
}
#endif
#endif
