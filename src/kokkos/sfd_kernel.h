/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Strain functional descriptors on a Kokkos device, a thread to an atom; the steps are those of the
   core's sfd_kernel.c (doc/theory_sfd.md). */
#ifndef MLGRAIN_SFD_KERNEL_H
#define MLGRAIN_SFD_KERNEL_H

#include "device_cells.h"

extern "C" {
#include "sfd/sfd_private.h"
}

namespace MLGRAIN_NS {

/* Invariants from moments; the tables are the core's. */
class SFDInvariants {
 public:
  KOKKOS_INLINE_FUNCTION explicit SFDInvariants(const mlgrain_sfd *sfd) : sfd(sfd) {}

  /* m: the sums of weighted monomials, destroyed */
  KOKKOS_INLINE_FUNCTION void compute(real m[SFD_MOMENTS], real out[MLGRAIN_SFD_COUNT]) const
  {
    for (int i = 0; i < MLGRAIN_SFD_COUNT; i++) out[i] = 0;
    if (!(m[0] > 0)) return;
    real s[3], q2m[10], t[SFD_MAX_COMPONENTS];
    out[0] = m[0];
    center(m, s);
    contract(m, q2m);
    const int xx = monomial(2, 0, 0), yy = monomial(0, 2, 0), zz = monomial(0, 0, 2);
    const real q2 = m[xx] + m[yy] + m[zz], q4 = q2m[xx] + q2m[yy] + q2m[zz];
    out[1] = root(2.0) * norm_of_vector(s);
    average(2, m, root(4.0 / 3.0), t);
    second_order(t, &out[2], &out[3]);
    out[4] = root(2.0 / 3.0) * (q2 - (real) 1.5);
    average(3, m, root(8.0 / 15.0), t);
    third_order(t, &out[5]);
    out[9] = root(4.0 / 5.0) * norm_of_vector(q2m + 1);
    average(4, m, root(16.0 / 105.0), t);
    fourth_order(t, &out[10]);
    for (int i = xx; i <= zz; i++) m[i] = q2m[i] - (real) 3.5 * m[i];
    average(2, m, root(8.0 / 21.0), t);
    second_order(t, &out[16], &out[17]);
    out[18] = root(2.0 / 15.0) * (q4 - 5 * q2 + (real) 3.75);
  }

 private:
  const mlgrain_sfd *sfd;
  static constexpr int MOST = SFD_MAX_COMPONENTS;
  /* Products that vanish by symmetry come out as rounding errors, 1e-13 is well above those of
     doubles. */
  static constexpr real NOISE = (real) (sizeof(real) == 8 ? 1.0e-13 : 5.0e-5);

  /* The core's sfd_monomial, which can't be called on a device. */
  KOKKOS_INLINE_FUNCTION static int monomial(int a, int b, int c)
  {
    const int n = a + b + c, k = b + c;
    return n * (n + 1) * (n + 2) / 6 + k * (k + 1) / 2 + c;
  }

  KOKKOS_INLINE_FUNCTION static real root(double value) { return (real) Kokkos::sqrt(value); }

  KOKKOS_INLINE_FUNCTION void center(real *m, real *s) const
  {
    real factor = 1 / m[0];
    int i = 1;
    for (int n = 1; n <= SFD_MAX_RANK; n++) {
      factor *= (real) (1.0 / sfd->sigma);
      for (; i < (n + 1) * (n + 2) * (n + 3) / 6; i++) m[i] *= factor;
    }
    for (int d = 0; d < 3; d++) s[d] = m[1 + d];
    m[0] = 1;
    for (int d = 0; d < 3; d++)
      for (int k = 0; k < SFD_MOMENTS; k++) {
        const sfd_shift_step &step = sfd->shift[d].step[k];
        m[step.target] -= s[d] * m[step.source];
      }
  }

  KOKKOS_INLINE_FUNCTION static void contract(const real *m, real *q2m)
  {
    for (int n = 1; n <= 2; n++)
      for (int a = 0; a <= n; a++)
        for (int b = 0; a + b <= n; b++) {
          const int c = n - a - b;
          q2m[monomial(a, b, c)] =
              m[monomial(a + 2, b, c)] + m[monomial(a, b + 2, c)] + m[monomial(a, b, c + 2)];
        }
  }

  KOKKOS_INLINE_FUNCTION static real norm_of_vector(const real *v)
  {
    return Kokkos::sqrt((v[0] * v[0] + v[1] * v[1] + v[2] * v[2]) / root(3.0));
  }

  KOKKOS_INLINE_FUNCTION void average(int rank, const real *m, real factor, real *t) const
  {
    const sfd_harmonic &harmonic = sfd->harmonic[rank];
    int k = 0;
    for (int i = 0; i < 2 * rank + 1; i++) {
      real sum = 0;
      for (; k < harmonic.end[i]; k++)
        sum += m[harmonic.term[k].monomial] * (real) harmonic.term[k].value;
      t[i] = sum * factor;
    }
  }

  /* (A x B)_L */
  KOKKOS_INLINE_FUNCTION void couple(int product, const real *a, const real *b, real *out) const
  {
    const sfd_coupling &coupling = sfd->coupling[product];
    int k = 0;
    for (int i = 0; i < 2 * coupling.rank + 1; i++) {
      real sum = 0;
      for (; k < coupling.end[i]; k++) {
        const sfd_coupling_term &term = coupling.term[k];
        sum += (a[term.left] * b[term.right] + a[term.right] * b[term.left]) * (real) term.value;
      }
      out[i] = sum;
    }
  }

  KOKKOS_INLINE_FUNCTION static real dot(int rank, const real *a, const real *b)
  {
    real sum = 0;
    for (int i = 0; i < 2 * rank + 1; i++) sum += a[i] * b[i];
    return sum / root(2 * rank + 1);
  }

  /* unit = A / ||A||; returns ||A||. Where ||A|| is no more than `noise`, both are zero. */
  KOKKOS_INLINE_FUNCTION static real normalize(int rank, const real *a, real noise, real *unit)
  {
    const real norm = Kokkos::sqrt(dot(rank, a, a));
    const bool good = norm > noise;
    const real inverse = good ? 1 / norm : 0;
    for (int i = 0; i < 2 * rank + 1; i++) unit[i] = a[i] * inverse;
    return good ? norm : 0;
  }

  KOKKOS_INLINE_FUNCTION void second_order(const real *t, real *norm, real *character) const
  {
    real unit[MOST], product[MOST];
    *norm = normalize(2, t, 0, unit);
    couple(SFD_222, unit, unit, product);
    *character = *norm * dot(2, unit, product);
  }

  KOKKOS_INLINE_FUNCTION void third_order(const real *p33, real *out) const
  {
    real u[MOST], product[MOST], a[MOST], b[MOST];
    const real norm = normalize(3, p33, 0, u);
    couple(SFD_332, u, u, product);
    const real norm_a = normalize(2, product, NOISE, a);
    couple(SFD_334, u, u, b);
    out[0] = norm;
    out[1] = norm * norm_a;
    couple(SFD_222, a, a, product);
    out[2] = norm * norm_a * dot(2, a, product);
    normalize(4, b, NOISE, a);
    couple(SFD_444, a, a, product);
    out[3] = norm * Kokkos::sqrt(dot(4, b, b)) * dot(4, a, product);
  }

  KOKKOS_INLINE_FUNCTION void fourth_order(const real *p44, real *out) const
  {
    real u[MOST], product[MOST], d[MOST], e[MOST];
    const real norm = normalize(4, p44, 0, u);
    out[0] = norm;
    couple(SFD_442, u, u, product);
    const real norm_d = normalize(2, product, NOISE, d);
    out[1] = norm * norm_d;
    couple(SFD_222, d, d, product);
    out[2] = norm * norm_d * dot(2, d, product);
    couple(SFD_224, d, d, product);
    out[4] = norm * Kokkos::sqrt(norm_d) * dot(4, u, product);
    couple(SFD_444, u, u, product);
    const real norm_e = normalize(4, product, NOISE, e);
    couple(SFD_444, e, e, product);
    out[3] = norm * norm_e * dot(4, e, product);
    couple(SFD_444, u, e, d);
    out[5] = norm * norm_e * dot(4, d, product);
  }
};

template <class DeviceType> struct SFDKernel {
  DeviceCells<DeviceType> cells;
  typename ArrayTypes<DeviceType>::t_int_1d type, mask;
  int locals, groupbit;
  double sigma, reach;
  int columns;
  Kokkos::View<mlgrain_sfd *, DeviceType> tables;
  Kokkos::View<double *, DeviceType> weight;    // by type, empty: all 1
  typename ArrayTypes<DeviceType>::t_kkfloat_2d out;

  KOKKOS_INLINE_FUNCTION void operator()(const int &k) const
  {
    const int i = cells.index(k);    // in the order of cells, so that neighbors are near in memory
    if (i >= locals) return;
    if (!(mask(i) & groupbit)) {
      for (int c = 0; c < columns; c++) out(i, c) = 0;
      return;
    }
    real m[SFD_MOMENTS], invariant[MLGRAIN_SFD_COUNT];
    sum_moments(i, m);
    SFDInvariants(tables.data()).compute(m, invariant);
    for (int c = 0; c < columns; c++) out(i, c) = invariant[tables(0).column[c]];
  }

  KOKKOS_INLINE_FUNCTION void sum_moments(int i, real *m) const
  {
    const double at[3] = {cells.x(i, 0), cells.x(i, 1), cells.x(i, 2)};
    int first[3], last[3];
    for (int d = 0; d < 3; d++) {
      const int c = cells.coordinate(at[d], d);
      first[d] = c > cells.reach ? c - cells.reach : 0;
      last[d] = c + cells.reach < cells.size[d] ? c + cells.reach : cells.size[d] - 1;
    }
    for (int n = 0; n < SFD_MOMENTS; n++) m[n] = 0;
    for (int cz = first[2]; cz <= last[2]; cz++)
      for (int cy = first[1]; cy <= last[1]; cy++) {
        const int row = (cz * cells.size[1] + cy) * cells.size[0];
        const int end = cells.start(row + last[0] + 1);
        for (int n = cells.start(row + first[0]); n < end; n++) add_point(at, cells.index(n), m);
      }
  }

  KOKKOS_INLINE_FUNCTION void add_point(const double *at, int j, real *m) const
  {
    const real x = (real) (cells.x(j, 0) - at[0]), y = (real) (cells.x(j, 1) - at[1]),
               z = (real) (cells.x(j, 2) - at[2]);
    const real square = x * x + y * y + z * z;
    if (!(square < (real) (reach * reach))) return;
    real w = Kokkos::exp(square * (real) (-0.5 / (sigma * sigma)));
    if (weight.extent(0)) w *= (real) weight(type(j) - 1);
    const real wx = w * x, wy = w * y, wz = w * z;
    m[0] += w;
    m[1] += wx;
    m[2] += wy;
    m[3] += wz;
    const real wxx = wx * x, wxy = wx * y, wxz = wx * z, wyy = wy * y, wyz = wy * z, wzz = wz * z;
    m[4] += wxx;
    m[5] += wxy;
    m[6] += wxz;
    m[7] += wyy;
    m[8] += wyz;
    m[9] += wzz;
    const real xx = x * x, yy = y * y, zz = z * z;
    m[10] += wxx * x;
    m[11] += wxx * y;
    m[12] += wxx * z;
    m[13] += wyy * x;
    m[14] += wxy * z;
    m[15] += wzz * x;
    m[16] += wyy * y;
    m[17] += wyy * z;
    m[18] += wzz * y;
    m[19] += wzz * z;
    m[20] += wxx * xx;
    m[21] += wxy * xx;
    m[22] += wxz * xx;
    m[23] += wxx * yy;
    m[24] += wyz * xx;
    m[25] += wxx * zz;
    m[26] += wxy * yy;
    m[27] += wxz * yy;
    m[28] += wxy * zz;
    m[29] += wxz * zz;
    m[30] += wyy * yy;
    m[31] += wyz * yy;
    m[32] += wyy * zz;
    m[33] += wyz * zz;
    m[34] += wzz * zz;
  }
};

}    // namespace MLGRAIN_NS

#endif
