/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lattice/span.h"

#include "lattice/exact.h"

static void swap(int64_t *a, int64_t *b)
{
  const int64_t kept = *a;
  *a = *b;
  *b = kept;
}

/* One step of Euclid between two vectors that are to keep one component between them: a gets what
   is left of it by b, and both change places. */
static void divide(int64_t a[3], int64_t b[3], int64_t quotient, int *overflow)
{
  for (int d = 0; d < 3; d++) {
    a[d] = exact_difference(a[d], exact_product(quotient, b[d], overflow), overflow);
    swap(&a[d], &b[d]);
  }
}

void span_basis(const int64_t vector[3][3], int64_t modulus, int64_t basis[3][3], int *overflow)
{
  int64_t all[6][3] = {{modulus, 0, 0}, {0, modulus, 0}, {0, 0, modulus}};
  memcpy(all + 3, vector, 3 * sizeof *vector);
  for (int axis = 0; axis < 3; axis++) {
    for (int k = axis + 1; k < 6; k++)
      while (all[k][axis] && !*overflow) {
        divide(all[axis], all[k], all[axis][axis] / all[k][axis], overflow);
        for (int d = axis + 1; d < 3; d++) { /* later components count up to the modulus only */
          all[k][d] %= modulus;
          all[axis][d] %= modulus;
        }
      }
    memcpy(basis[axis], all[axis], sizeof basis[axis]);
  }
}

/* Takes from v the multiple of b that leaves the component in which b is largest small. */
static void trim(int64_t v[3], const int64_t b[3], int *overflow)
{
  int largest = 0;
  for (int d = 1; d < 3; d++)
    if (whole_absolute(b[d]) > whole_absolute(b[largest]))
      largest = d;
  const int64_t quotient = v[largest] / b[largest];
  for (int d = 0; d < 3; d++)
    v[d] = exact_difference(v[d], exact_product(quotient, b[d], overflow), overflow);
}

/* Euclid, first for the first two components, then for what they leave and the third. The second
   vector of the net is known by then, and keeps the others short. */
void plane_basis(const int64_t plane[3], int64_t basis[3][3], int *overflow)
{
  static const int64_t unity[3][3] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
  int64_t value[3] = {plane[0], plane[1], plane[2]}; /* plane . basis[k] */
  memcpy(basis, unity, sizeof unity);
  for (int other = 1; other < 3; other++)
    while (value[other] && !*overflow) {
      const int64_t quotient = value[0] / value[other];
      value[0] = value[0] % value[other];
      swap(&value[0], &value[other]);
      divide(basis[0], basis[other], quotient, overflow);
      for (int k = 0; other == 2 && k < 3; k += 2)
        trim(basis[k], basis[1], overflow);
    }
  if (value[0] < 0)
    for (int d = 0; d < 3; d++)
      basis[0][d] = -basis[0][d];
}
