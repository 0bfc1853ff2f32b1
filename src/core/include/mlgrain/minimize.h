/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Minima of functions of many variables whose gradient is known, by the L-BFGS method (Nocedal,
   Math. Comp. 35 (1980) 773): most iterations take one evaluation. */
#ifndef MLGRAIN_MINIMIZE_H
#define MLGRAIN_MINIMIZE_H

#include <stddef.h>

#include "mlgrain/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Sets *value and gradient[n] at x[n]. Any status other than MLGRAIN_SUCCESS ends the search, which
   returns it. */
typedef enum mlgrain_status mlgrain_function(void *context, const double *x, double *value,
                                             double *gradient);

struct mlgrain_minimize_settings {
  double tolerance;     /* the search ends when no component of the gradient is larger */
  double largest_step;  /* > 0: no variable changes by more in one step */
  double first_step;    /* > 0: the largest change of a variable in the first one */
  int most_evaluations; /* >= 1 */
};

struct mlgrain_minimum {
  double value;
  double largest_gradient; /* component, absolute */
  int evaluations;
};

/* Goes from x[n] to a minimum and leaves it in x. The last call of `function` is not always at x.
     minimum   receives what is there, also where the tolerance was not reached
   MLGRAIN_OUT_OF_MEMORY; MLGRAIN_INVALID_ARGUMENT: a setting out of range; MLGRAIN_NOT_FINITE: the
   value or gradient at the start; MLGRAIN_NOT_CONVERGED: after `most_evaluations`, or where no
   step down was found; x then is the lowest point. Values that are not finite later count as
   steps up. */
MLGRAIN_EXPORT enum mlgrain_status
mlgrain_minimize(const struct mlgrain_minimize_settings *settings, size_t n,
                 mlgrain_function *function, void *context, double *x,
                 struct mlgrain_minimum *minimum, struct mlgrain_error *error);

#ifdef __cplusplus
}
#endif
#endif
