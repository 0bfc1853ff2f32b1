/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmocka compares floating-point numbers in single precision; this doesn't. Include after cmocka.h.
 */
#ifndef NEAR_H
#define NEAR_H

#include <math.h>
#include <stddef.h>

#define assert_near(got, expected, tolerance)                                                      \
  do {                                                                                             \
    const double got_ = (got), expected_ = (expected);                                             \
    if (!(fabs(got_ - expected_) <= (tolerance)))                                                  \
      fail_msg("%s is %.17g, should be %.17g", #got, got_, expected_);                             \
  } while (0)

/* Differences count in parts of the largest number expected. */
static inline void assert_close(const char *what, const double *got, const double *expected,
                                size_t count, double tolerance)
{
  double size = 0.0;
  for (size_t k = 0; k < count; k++)
    size = fmax(size, fabs(expected[k]));
  for (size_t k = 0; k < count; k++)
    if (!(fabs(got[k] - expected[k]) <= tolerance * size))
      fail_msg("%s[%zu] is %.17g, should be %.17g; largest %g", what, k, got[k], expected[k], size);
}

#endif
