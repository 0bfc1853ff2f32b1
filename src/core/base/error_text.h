/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private: how core functions fill a struct mlgrain_error. */
#ifndef MLGRAIN_ERROR_TEXT_H
#define MLGRAIN_ERROR_TEXT_H

#include "mlgrain/error.h"

/* Writes a printf-formatted text into error (which may be NULL) and returns status, so that a
   failing function can end with `return mlgrain_fail(error, MLGRAIN_..., "...", ...);`. */
__attribute__((format(printf, 3, 4))) enum mlgrain_status
mlgrain_fail(struct mlgrain_error *error, enum mlgrain_status status, const char *format, ...);

#endif
