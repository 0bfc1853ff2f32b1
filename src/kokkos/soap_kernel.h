/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Power spectra on a Kokkos device, a team of threads to a center; formulas are those of
   doc/theory_soap.md. For each band of degrees l and each batch of neighbors: unit vectors and
   weights, harmonics and radial functions of the batch, to the team's memory; sums over neighbors,
   c_nlm, of which a thread has some n of one l and m, so that their order doesn't depend on the
   threads; then the components of these l. */
#ifndef MLGRAIN_SOAP_KERNEL_H
#define MLGRAIN_SOAP_KERNEL_H

#include "device_cells.h"
#include "soap_shape.h"

#include "mlgrain/soap.h"

namespace MLGRAIN_NS {

/* The atoms whose spectra are wanted, and the neighbors of some of them. */
template <class DeviceType> struct SoapNeighborhoods {
  template <class T> using list = Kokkos::View<T *, DeviceType>;
  template <class T> using table = Kokkos::View<T **, Kokkos::LayoutRight, DeviceType>;
  struct FindCenters {};
  struct Count {};
  struct Fill {};

  DeviceCells<DeviceType> cells;
  typename ArrayTypes<DeviceType>::t_int_1d type, mask;
  int locals, groupbit, species;
  double reach;
  list<double> weight;    // by type
  list<int> channel;      // by type; -1: invisible
  list<int> center;       // in the order of cells, so that neighbors are near in memory
  table<int> start;       // [center][species + 1]: where neighbors of each species begin in near
  table<int> near;        // [row][neighbor], for centers from `first` on
  int first;

  KOKKOS_INLINE_FUNCTION void operator()(FindCenters, const int &k, int &count,
                                         const bool last) const
  {
    const int i = cells.index(k);
    if (i >= locals || !(mask(i) & groupbit)) return;
    if (last) center(count) = i;
    count++;
  }

  KOKKOS_INLINE_FUNCTION void operator()(Count, const int &k, int &most) const
  {
    int count[MLGRAIN_SOAP_MOST_SPECIES] = {0};
    for_each_neighbor(center(k), [&](int, int s) { count[s]++; });
    start(k, 0) = 0;
    for (int s = 0; s < species; s++) start(k, s + 1) = start(k, s) + count[s];
    if (start(k, species) > most) most = start(k, species);
  }

  KOKKOS_INLINE_FUNCTION void operator()(Fill, const int &row) const
  {
    int place[MLGRAIN_SOAP_MOST_SPECIES];
    for (int s = 0; s < species; s++) place[s] = start(first + row, s);
    for_each_neighbor(center(first + row), [&](int j, int s) { near(row, place[s]++) = j; });
  }

  KOKKOS_INLINE_FUNCTION double displacement(int i, int j, double *d) const
  {
    for (int k = 0; k < 3; k++) d[k] = (double) cells.x(j, k) - (double) cells.x(i, k);
    return d[0] * d[0] + d[1] * d[1] + d[2] * d[2];
  }

  template <class Visit>
  KOKKOS_INLINE_FUNCTION void for_each_neighbor(int i, const Visit &visit) const
  {
    int low[3], high[3];
    for (int d = 0; d < 3; d++) {
      const int c = cells.coordinate(cells.x(i, d), d);
      low[d] = c > cells.reach ? c - cells.reach : 0;
      high[d] = c + cells.reach < cells.size[d] ? c + cells.reach : cells.size[d] - 1;
    }
    for (int cz = low[2]; cz <= high[2]; cz++)
      for (int cy = low[1]; cy <= high[1]; cy++) {
        const int row = (cz * cells.size[1] + cy) * cells.size[0];
        const int end = cells.start(row + high[0] + 1);
        for (int n = cells.start(row + low[0]); n < end; n++) {
          const int j = cells.index(n), s = channel(type(j) - 1);
          double d[3];
          if (j != i && s >= 0 && displacement(i, j, d) < reach * reach) visit(j, s);
        }
      }
  }
};

/* Unit vector, weight, and where in the tables of radial functions a neighbor is. */
template <class Number> struct SoapNeighbor {
  Number x, y, z, weight, t;
  int interval;
};

/* factor * sum_m c_alm c_blm, for a place in the vector. */
struct SoapColumn {
  int place, a, b, l;
  double factor;
};

template <class DeviceType, class Number> struct SoapKernel {
  using Policy = Kokkos::TeamPolicy<DeviceType>;
  using Member = typename Policy::member_type;
  template <class T> using list = Kokkos::View<T *, DeviceType>;

  SoapShape shape;
  int n, l_max, species, intervals, degree;
  bool normalise;
  double inverse_length, fade_start, fade_rate;    // rate 0: nothing fades
  list<Number> radial, central;                    // of mlgrain_soap_tables
  list<Number> rise, fall, diagonal;            // [l_max + 1][l_max + 1], the last one [l_max + 1]
  list<SoapColumn> column;                      // by band
  int first_column[MLGRAIN_SOAP_MOST_L + 2];    // of each band, and the end
  SoapNeighborhoods<DeviceType> neighborhoods;
  typename SoapNeighborhoods<DeviceType>::template table<double> rows;    // [row][column]
  size_t team_bytes;

  KOKKOS_INLINE_FUNCTION void operator()(const Member &team) const;
};

/* What a team does for its center. */
template <class DeviceType, class Number> class SoapTeam {
  using Kernel = SoapKernel<DeviceType, Number>;
  using Member = typename Kernel::Member;
  static constexpr int TILE = 4;    // radial functions that a thread sums at once

 public:
  KOKKOS_INLINE_FUNCTION SoapTeam(const Kernel &kernel, const Member &team) :
      kernel(kernel), near(kernel.neighborhoods), team(team), row(team.league_rank()),
      center(near.first + row), total(near.start(center, kernel.species)),
      channels(kernel.n * kernel.species)
  {
    char *memory =
        (char *) team.team_scratch(kernel.shape.scratch).get_shmem_aligned(kernel.team_bytes, 8);
    neighbor = (SoapNeighbor<Number> *) memory;
    numbers = (Number *) (neighbor + kernel.shape.batch);
  }

  KOKKOS_INLINE_FUNCTION void run()
  {
    for (int b = 0; b < kernel.shape.bands; b++) {
      enter_band(b);
      for (int first = 0; first < total; first += kernel.shape.batch) add_batch(b, first);
      team.team_barrier();
      if (first_l == 0) add_center();
      team.team_barrier();
      write_columns(b);
      team.team_barrier();
    }
    if (kernel.normalise) normalise();
  }

 private:
  const Kernel &kernel;
  const SoapNeighborhoods<DeviceType> &near;
  const Member &team;
  const int row, center, total, channels;
  SoapNeighbor<Number> *neighbor;    // [batch]
  Number *numbers;
  /* of the band */
  int first_l = 0, last_l = 0;      // last excluded
  int first_pair = 0, pairs = 0;    // of l and m >= 0
  int functions = 0;
  Number *coefficient = nullptr;    // [pair][real, imaginary part][channel]
  Number *harmonic = nullptr;       // [neighbor][pair][real, imaginary part], weights included
  Number *radial = nullptr;         // [neighbor][l][n]

  template <class Work> KOKKOS_INLINE_FUNCTION void share(int count, const Work &work) const
  {
    Kokkos::parallel_for(Kokkos::TeamThreadRange(team, count), work);
  }

  KOKKOS_INLINE_FUNCTION void enter_band(int b)
  {
    first_l = kernel.shape.first_l[b];
    last_l = kernel.shape.first_l[b + 1];
    first_pair = first_l * (first_l + 1) / 2;
    pairs = last_l * (last_l + 1) / 2 - first_pair;
    functions = (last_l - first_l) * kernel.n;
    coefficient = numbers;
    harmonic = coefficient + 2 * pairs * channels;
    radial = harmonic + 2 * pairs * kernel.shape.batch;
    share(2 * pairs * channels, [&](int k) { coefficient[k] = 0; });
  }

  KOKKOS_INLINE_FUNCTION void add_batch(int b, int first)
  {
    const int left = total - first;
    const int count = left < kernel.shape.batch ? left : kernel.shape.batch;
    team.team_barrier();
    if (b == 0 || total > kernel.shape.batch) {
      share(count, [&](int j) { neighbor[j] = measure(near.near(row, first + j)); });
      team.team_barrier();
    }
    share(count * last_l, [&](int k) { fill_harmonics(k / last_l, k % last_l); });
    share(count * functions, [&](int k) { fill_radial(k / functions, k % functions); });
    team.team_barrier();
    const int of_species = (kernel.n + TILE - 1) / TILE, tiles = of_species * kernel.species;
    share(pairs * tiles, [&](int k) {
      const int s = k % tiles / of_species;
      add_tile(k / tiles, s, TILE * (k % of_species), first, count);
    });
  }

  KOKKOS_INLINE_FUNCTION SoapNeighbor<Number> measure(int j) const
  {
    double d[3];
    const double r = Kokkos::sqrt(near.displacement(near.center(center), j, d));
    const double inverse = r > 0.0 ? 1.0 / r : 0.0;
    double weight = near.weight(near.type(j) - 1);
    double u = (r - kernel.fade_start) * kernel.fade_rate;
    u = u < 0.0 ? 0.0 : u > 1.0 ? 1.0 : u;
    if (kernel.fade_rate > 0.0)
      weight *= 0.5 + 0.5 * Kokkos::cos(Kokkos::numbers::pi_v<double> * u);
    const double distance = r * kernel.inverse_length;
    const int at = (int) distance, interval = at < kernel.intervals ? at : kernel.intervals - 1;
    /* At the very place of the center the direction doesn't matter, but there has to be one. */
    const double z = r > 0.0 ? d[2] * inverse : 1.0;
    return {(Number) (d[0] * inverse),
            (Number) (d[1] * inverse),
            (Number) z,
            (Number) weight,
            (Number) (2.0 * (distance - interval) - 1.0),
            interval};
  }

  /* Y_lm of all l of the band for one m: Q_lm(z) (x + iy)^m, with Q_lm by recurrence in l. */
  KOKKOS_INLINE_FUNCTION void fill_harmonics(int j, int m) const
  {
    const SoapNeighbor<Number> &to = neighbor[j];
    const int step = kernel.l_max + 1;
    Number real = 1, imaginary = 0;
    for (int k = 1; k <= m; k++) {
      const Number before = real;
      real = kernel.diagonal(k) * (before * to.x - imaginary * to.y);
      imaginary = kernel.diagonal(k) * (before * to.y + imaginary * to.x);
    }
    Number q = (Number) 0.28209479177387814347 * to.weight, older = 0;    // 1 / sqrt(4 pi)
    Number *y = harmonic + 2 * pairs * j;
    for (int l = m; l < last_l; l++) {
      if (l > m) {
        const Number next =
            kernel.rise(l * step + m) * to.z * q - kernel.fall(l * step + m) * older;
        older = q;
        q = next;
      }
      if (l < first_l) continue;
      const int pair = l * (l + 1) / 2 + m - first_pair;
      y[2 * pair] = q * real;
      y[2 * pair + 1] = q * imaginary;
    }
  }

  KOKKOS_INLINE_FUNCTION void fill_radial(int j, int f) const
  {
    const int all = kernel.n * (kernel.l_max + 1);
    const Number t = neighbor[j].t;
    size_t at = (size_t) neighbor[j].interval * (size_t) (kernel.degree + 1) * (size_t) all +
        (size_t) (first_l * kernel.n + f);
    Number sum = kernel.radial(at);
    for (int k = 0; k < kernel.degree; k++) sum = sum * t + kernel.radial(at += (size_t) all);
    radial[j * functions + f] = sum;
  }

  /* l (l + 1) / 2 <= pair < (l + 1) (l + 2) / 2 */
  KOKKOS_INLINE_FUNCTION static int degree_of(int pair)
  {
    return (int) (0.5f * (Kokkos::sqrt((float) (8 * pair + 2)) - 1.0f));
  }

  /* TILE radial functions of a species from n0 on, for one l and m: adds the neighbors of the
     batch, those from `first` on. */
  KOKKOS_INLINE_FUNCTION void add_tile(int pair, int s, int n0, int first, int count) const
  {
    const int begin = near.start(center, s) - first, end = near.start(center, s + 1) - first;
    const int j0 = begin > 0 ? begin : 0, j1 = end < count ? end : count;
    const int left = kernel.n - n0, l = degree_of(first_pair + pair);
    const Number *y = harmonic + 2 * pair, *h = radial + (l - first_l) * kernel.n + n0;
    Number real[TILE] = {0}, imaginary[TILE] = {0};
    for (int j = j0; j < j1; j++)
      for (int k = 0; k < TILE; k++) {
        const Number value = h[j * functions + (k < left ? k : 0)];
        real[k] += value * y[2 * pairs * j];
        imaginary[k] += value * y[2 * pairs * j + 1];
      }
    Number *c = coefficient + 2 * pair * channels + s * kernel.n + n0;
    for (int k = 0; k < TILE; k++)
      if (k < left) {
        c[k] += real[k];
        c[channels + k] += imaginary[k];
      }
  }

  KOKKOS_INLINE_FUNCTION void add_center() const
  {
    const int type = near.type(near.center(center)) - 1, s = near.channel(type);
    if (s < 0) return;
    share(kernel.n, [&](int k) {
      coefficient[s * kernel.n + k] += kernel.central(k) * (Number) near.weight(type);
    });
  }

  KOKKOS_INLINE_FUNCTION void write_columns(int b) const
  {
    const int first = kernel.first_column[b];
    share(kernel.first_column[b + 1] - first, [&](int k) {
      const SoapColumn &column = kernel.column(first + k);
      const int pair = column.l * (column.l + 1) / 2 - first_pair;
      const Number *c = coefficient + 2 * pair * channels;
      Number sum = 0;
      for (int m = 0; m < 2 * (column.l + 1); m++, c += channels) sum += c[column.a] * c[column.b];
      kernel.rows(row, column.place) = column.factor * (double) sum;
    });
  }

  KOKKOS_INLINE_FUNCTION void normalise() const
  {
    const int count = (int) kernel.column.extent(0);
    double square = 0.0;
    Kokkos::parallel_reduce(
        Kokkos::TeamThreadRange(team, count),
        [&](int k, double &sum) { sum += kernel.rows(row, k) * kernel.rows(row, k); }, square);
    const double scale = square > 0.0 ? 1.0 / Kokkos::sqrt(square) : 0.0;
    share(count, [&](int k) { kernel.rows(row, k) *= scale; });
  }
};

template <class DeviceType, class Number>
KOKKOS_INLINE_FUNCTION void SoapKernel<DeviceType, Number>::operator()(const Member &team) const
{
  SoapTeam<DeviceType, Number>(*this, team).run();
}

}    // namespace MLGRAIN_NS

#endif
