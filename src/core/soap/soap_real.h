/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private: numbers of 113 bits, for the radial functions. Their bases are ill-conditioned (numbers
   of up to 1e14 cancel), so double precision would leave few digits. */
#ifndef MLGRAIN_SOAP_REAL_H
#define MLGRAIN_SOAP_REAL_H

#ifdef __SIZEOF_FLOAT128__
__extension__ typedef __float128 soap_real;
#else
typedef long double soap_real; /* the same format where there is no __float128 */
#endif

soap_real soap_pi(void);
soap_real soap_square_root(soap_real x); /* x >= 0 */
soap_real soap_exp(soap_real x);         /* |x| <= 1e4 */
soap_real soap_log(soap_real x);         /* x > 0 */
soap_real soap_erf(soap_real x);         /* x >= 0 */
soap_real soap_power(soap_real x, int n);

static inline soap_real soap_absolute(soap_real x)
{
  return x < 0 ? -x : x;
}

#endif
