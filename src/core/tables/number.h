/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private: a word as a number. */
#ifndef MLGRAIN_NUMBER_H
#define MLGRAIN_NUMBER_H

#ifdef __cplusplus
extern "C" {
#endif

/* The double nearest to what the characters from begin up to end say; false if they are not a
   number. mlgrain/rows.h has the grammar. */
int number_from_word(const char *begin, const char *end, double *value);

#ifdef __cplusplus
}
#endif
#endif
