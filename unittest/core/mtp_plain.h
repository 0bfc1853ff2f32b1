/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The plain formulas of mtp_reference.h as functions, for tests in C++. */
#ifndef MTP_PLAIN_H
#define MTP_PLAIN_H

#include "mlgrain/mtp.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One neighborhood.
     center     species of its atom
     d          [count][3] displacements of the neighbors, all within the cutoff
     species    [count]
     gradient   [count][3] receives dV/dd
     parameter  [parameter_count] receives dV/dparameter
   Returns the energy V. */
double mtp_plain_site(const struct mlgrain_mtp_file *file, int center, int count,
                      const double (*d)[3], const int *species, double (*gradient)[3],
                      double *parameter);

/* max_k |active_inverse[k] . v|, without weights */
double mtp_plain_grade(const struct mlgrain_mtp_file *file, const double *v);

#ifdef __cplusplus
}
#endif
#endif
