/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "error_text.h"

#include <stdarg.h>
#include <stdio.h>

const char *mlgrain_status_text(enum mlgrain_status status)
{
  switch (status) {
  case MLGRAIN_SUCCESS:
    return "success";
  case MLGRAIN_OUT_OF_MEMORY:
    return "out of memory";
  case MLGRAIN_INVALID_ARGUMENT:
    return "invalid argument";
  case MLGRAIN_NOT_FINITE:
    return "a number that is not finite";
  case MLGRAIN_FILE_ERROR:
    return "file cannot be read";
  case MLGRAIN_FORMAT_ERROR:
    return "malformed file";
  case MLGRAIN_UNSUPPORTED:
    return "not supported";
  case MLGRAIN_NOT_CONVERGED:
    return "not converged";
  }
  return "unknown status";
}

enum mlgrain_status mlgrain_fail(struct mlgrain_error *error, enum mlgrain_status status,
                                 const char *format, ...)
{
  if (error) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->text, sizeof error->text, format, arguments);
    va_end(arguments);
  }
  return status;
}
