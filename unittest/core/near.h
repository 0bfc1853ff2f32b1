/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmocka compares floating-point numbers in single precision; this doesn't. Include after cmocka.h.
 */
#ifndef NEAR_H
#define NEAR_H

#include <math.h>

#define assert_near(got, expected, tolerance)                                                      \
  do {                                                                                             \
    const double got_ = (got), expected_ = (expected);                                             \
    if (!(fabs(got_ - expected_) <= (tolerance)))                                                  \
      fail_msg("%s is %.17g, should be %.17g", #got, got_, expected_);                             \
  } while (0)

#endif
