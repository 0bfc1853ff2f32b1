/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each function exists once per SIMD level, with the suffix _v2, _v3 or _v4. Lengths n are
   multiples of 8; y holds 8 places more than n. */
#ifndef VECTOR_KERNEL_H
#define VECTOR_KERNEL_H

#include <stddef.h>

typedef void map_function(size_t n, const double *x, double *y);
typedef size_t filter_function(size_t n, const double *x, double limit, double *y);
typedef void clip_function(size_t n, const double *x, double limit, double *y);
typedef double sum_function(size_t n, const double *x);

map_function apply_exp_v2, apply_exp_v3, apply_exp_v4;
map_function apply_sqrt_v2, apply_sqrt_v3, apply_sqrt_v4;
filter_function keep_below_v2, keep_below_v3, keep_below_v4; /* the x < limit, in order */
clip_function clip_below_v2, clip_below_v3, clip_below_v4;   /* max(x, limit) */
sum_function sum_v2, sum_v3, sum_v4;

#endif
