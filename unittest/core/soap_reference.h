/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Power spectra in the plainest form, to test the fast ones against: complex harmonics and sums in
   long double, as the definitions read (doc/theory_soap.md). Shares nothing with the core but the
   definitions. For gto long double is enough up to n_max 4. */
#ifndef SOAP_REFERENCE_H
#define SOAP_REFERENCE_H

#include "mlgrain/soap.h"

/* The spectrum of point `center` among n points.
     species     [n] channels, or NULL for 0; points of no channel count nowhere
     weight      [n] factors on the Gaussians, or NULL for 1
     descriptor  [mlgrain_soap_components()] */
void soap_reference(const struct mlgrain_soap_parameters *parameters, size_t n,
                    const double (*x)[3], const int32_t *species, const double *weight,
                    size_t center, double *descriptor);

#endif
