/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private: the radial functions h_nl of a basis, in extended precision (doc/theory_soap.md). */
#ifndef MLGRAIN_SOAP_RADIAL_H
#define MLGRAIN_SOAP_RADIAL_H

#include "mlgrain/soap.h"
#include "soap_real.h"

struct soap_radial {
  enum mlgrain_soap_basis basis;
  int n_max, l_max;
  soap_real alpha;      /* 1 / (2 sigma^2) */
  soap_real *position;  /* quippy: [n] centers r_k; gto: [l][n] exponents alpha_kl */
  soap_real *transform; /* quippy: [k][n] T; gto: [l][n][k] beta */
  soap_real *scratch;   /* while the above are made */
  soap_real central;    /* quippy: coefficient of a Gaussian at the origin in the first function */
  soap_real *decay;     /* gto: [l][k] alpha_kl / (1 + alpha_kl / eta), and what is in front of */
  soap_real *front;     /* r^l exp(-decay r^2) */
  long double *short_position, *short_transform; /* quippy: where a long double is enough */
  long double *angular;
};

/* To be freed whether or not this succeeds. MLGRAIN_OUT_OF_MEMORY, MLGRAIN_UNSUPPORTED. */
enum mlgrain_status soap_radial_create(struct soap_radial *radial,
                                       const struct mlgrain_soap_parameters *parameters,
                                       struct mlgrain_error *error);
void soap_radial_free(struct soap_radial *radial);

/* h_nl(r) without the factor that fades it out: value [l_max + 1][n_max]. Not for two threads at
   once with the same object. */
void soap_radial_evaluate(const struct soap_radial *radial, soap_real r, long double *value);

/* What the center itself adds to c_n00, but for the factor 1/sqrt(4 pi): value [n_max]. */
void soap_radial_central(const struct soap_radial *radial, long double *value);

#endif
