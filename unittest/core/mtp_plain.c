/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp_plain.h"

#include "mtp_reference.h"

double mtp_plain_site(const struct mlgrain_mtp_file *file, int center, int count,
                      const double (*d)[3], const int *species, double (*gradient)[3],
                      double *parameter)
{
  struct reference_site site = {0.0, gradient, parameter};
  reference_compute(file, center, count, d, species, &site);
  return site.energy;
}

double mtp_plain_grade(const struct mlgrain_mtp_file *file, const double *v)
{
  return reference_grade(file, v);
}
