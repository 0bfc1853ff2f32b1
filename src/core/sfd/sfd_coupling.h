/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private: solid harmonics and their Clebsch-Gordan products, in a real basis.

   A tensor of rank l has 2l+1 complex components with T_{-m} = (-1)^m conj(T_m). Here it is kept
   as 2l+1 real numbers t[m+l], m = -l..l:
       t_0 = T_0     t_m = sqrt(2) (-1)^m Re T_m     t_{-m} = sqrt(2) (-1)^m Im T_m     (m > 0)
   so that sum_m |T_m|^2 = sum_m t_m^2. */
#ifndef MLGRAIN_SFD_COUPLING_H
#define MLGRAIN_SFD_COUPLING_H

enum {
  SFD_MAX_RANK = 4,
  SFD_MAX_COMPONENTS = 2 * SFD_MAX_RANK + 1,
  SFD_MOMENTS = 35, /* monomials x^a y^b z^c of degree 0 to 4 */
  SFD_MAX_COUPLING_TERMS = 160,
  SFD_MAX_HARMONIC_TERMS = 64
};

/* value * (a[left] * b[right] + a[right] * b[left]); where left = right, value is halved. */
struct sfd_coupling_term {
  int left, right;
  double value;
};

/* (A x B)_LM = sum <l m1 l m2|LM> A_m1 B_m2 in the real basis, for A and B of one rank l and L
   even: then it is symmetric in A and B (and an odd L would give i times a real-basis tensor). The
   terms of component i end before term[end[i]], where those of the next begin. */
struct sfd_coupling {
  int rank; /* L */
  int end[SFD_MAX_COMPONENTS];
  struct sfd_coupling_term term[SFD_MAX_COUPLING_TERMS];
};

/* value * moment[monomial] */
struct sfd_harmonic_term {
  int monomial;
  double value;
};

/* Racah-normalized solid harmonics |q|^l C_lm with the Condon-Shortley phase, as polynomials; the
   terms are divided among the components as in struct sfd_coupling. */
struct sfd_harmonic {
  int rank;
  int end[SFD_MAX_COMPONENTS];
  struct sfd_harmonic_term term[SFD_MAX_HARMONIC_TERMS];
};

/* Raising by one the power of (x - s) in <x^(a-k) (x-s)^k ..> subtracts s times the moment `source`
   from the moment `target`. */
struct sfd_shift_step {
  int source, target;
};

/* The steps, in order, that move the origin of all moments along one direction. */
struct sfd_shift {
  struct sfd_shift_step step[SFD_MOMENTS];
};

/* Place of x^a y^b z^c among the moments: by degree, then by falling a, then by falling b. */
static inline int sfd_monomial(int a, int b, int c)
{
  const int n = a + b + c, k = b + c;
  return n * (n + 1) * (n + 2) / 6 + k * (k + 1) / 2 + c;
}

/* Products of two tensors of rank `rank` that have rank `rank_target`. */
void sfd_coupling_fill(struct sfd_coupling *coupling, int rank, int rank_target);

/* Direction 0, 1, 2: x, y, z. */
void sfd_shift_fill(struct sfd_shift *shift, int direction);

void sfd_harmonic_fill(struct sfd_harmonic *harmonic, int rank);

#endif
