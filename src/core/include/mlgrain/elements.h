/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Chemical symbols. */
#ifndef MLGRAIN_ELEMENTS_H
#define MLGRAIN_ELEMENTS_H

#include "mlgrain/export.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { MLGRAIN_ELEMENTS = 118 };

/* Atomic number of a chemical symbol ("Fe": 26), 0 if it is none. */
MLGRAIN_EXPORT int mlgrain_atomic_number(const char *symbol);

/* Symbol of an atomic number, a static string; NULL outside 1 .. MLGRAIN_ELEMENTS. */
MLGRAIN_EXPORT const char *mlgrain_element_symbol(int atomic_number);

#ifdef __cplusplus
}
#endif
#endif
