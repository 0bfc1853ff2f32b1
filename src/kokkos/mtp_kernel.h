/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Moment tensor potentials on a Kokkos device; the steps are those of the core's kernels
   (doc/theory_mtp.md). A team of threads computes a few atoms, its lanes. Of each lane it keeps
   moments, adjoints and a tile of neighbors in scratch memory, where number k of a lane is k times
   the number of lanes after number 0, so that neighboring threads have neighboring addresses. The
   threads of a lane, its workers, divide the entries of each list among them; lists are cut into
   levels with a barrier between. With one worker no barrier and no atomic operation is left. */
#ifndef MLGRAIN_MTP_KERNEL_H
#define MLGRAIN_MTP_KERNEL_H

#include "mtp_tables.h"

#include <cfloat>
#include <cmath>

namespace MLGRAIN_NS {

/* How atoms are divided; mtp_shape.h chooses it. */
struct MTPShape {
  int lanes;      // atoms of a team
  int workers;    // threads of a team for each lane
  int rows;       // neighbors in a tile
  int chunk;      // atoms in a launch
  int scratch;    // level of Kokkos' scratch memory, -1: `workspace`
};

/* Sums over the atoms of a launch. */
struct MTPTally {
  double energy = 0.0, virial[6] = {0.0, 0.0, 0.0, 0.0, 0.0, 0.0};
  double smallest_distance = DBL_MAX, largest_grade = 0.0;

  KOKKOS_INLINE_FUNCTION void operator+=(const MTPTally &other)
  {
    energy += other.energy;
    for (int k = 0; k < 6; k++) virial[k] += other.virial[k];
    if (other.smallest_distance < smallest_distance) smallest_distance = other.smallest_distance;
    if (other.largest_grade > largest_grade) largest_grade = other.largest_grade;
  }
};

/* The quantities of a tile's rows, each `rows` numbers of every lane. */
enum { TILE_UX, TILE_UY, TILE_UZ, TILE_LENGTH, TILE_PER_LENGTH, TILE_FUNCTIONS };

/* Rows whose products are summed at a time. */
constexpr int ROW_BLOCK = 8;

template <class View>
using scatter_of =
    decltype(Kokkos::Experimental::create_scatter_view(std::declval<const View &>()));

template <class DeviceType> struct MTPKernel {
  using AT = ArrayTypes<DeviceType>;
  using Policy = Kokkos::TeamPolicy<DeviceType>;
  using Member = typename Policy::member_type;

  MTPTables<DeviceType> tables;
  MTPShape shape;
  /* LAMMPS' arrays */
  typename AT::t_kkfloat_1d_3_lr_randomread x;
  typename AT::t_int_1d_randomread type;
  typename AT::t_int_1d ilist;
  Kokkos::View<int *, DeviceType> species_of_type;
  /* of this launch: centers ilist(first) .. ilist(first + count - 1) and their near neighbors */
  int first, count;
  Kokkos::View<int **, DeviceType> near;
  Kokkos::View<int *, DeviceType> near_count;
  Kokkos::View<real *, DeviceType> workspace;
  /* results; the flags say which are wanted */
  bool forces, virials, site_energies, site_virials, centroid_virials, grades;
  scatter_of<typename AT::t_kkacc_1d_3> force;
  scatter_of<typename AT::t_kkacc_1d> site_energy;
  scatter_of<typename AT::t_kkacc_1d_6> site_virial;
  scatter_of<typename AT::t_kkacc_1d_9> centroid_virial;
  Kokkos::View<double *, DeviceType> grade;           // by atom, neighborhood mode
  Kokkos::View<double *, DeviceType> gradient_sum;    // [parameter_count], configuration mode

  /* Numbers of one lane in scratch memory. */
  KOKKOS_INLINE_FUNCTION int numbers_of_lane() const
  {
    const int quantities = TILE_FUNCTIONS + 2 * tables.radial_count + 3 * (tables.max_rank + 1) + 1;
    const int parameters = grades ? tables.moment_count + tables.parameter_count + 1 : 0;
    return 2 * tables.slots + quantities * shape.rows + parameters;
  }

  KOKKOS_INLINE_FUNCTION size_t team_numbers() const
  {
    return (size_t) numbers_of_lane() * (size_t) shape.lanes;
  }

  KOKKOS_INLINE_FUNCTION void operator()(const Member &team, MTPTally &tally) const;
};

/* What one thread does for its lane. */
template <class DeviceType> class MTPWorker {
  using Kernel = MTPKernel<DeviceType>;
  using Member = typename Kernel::Member;

 public:
  KOKKOS_INLINE_FUNCTION MTPWorker(const Kernel &kernel, const Member &team, MTPTally &tally) :
      kernel(kernel), t(kernel.tables), team(team), tally(tally)
  {
    stride = kernel.shape.lanes;
    worker = team.team_rank() / stride;
    workers = kernel.shape.workers;
    const int lane = team.team_rank() % stride;
    const size_t size = kernel.team_numbers();
    real *memory = kernel.shape.scratch < 0
        ? kernel.workspace.data() + size * (size_t) team.league_rank()
        : (real *) team.team_scratch(kernel.shape.scratch)
              .get_shmem_aligned(size * sizeof(real), 64);
    m = memory + lane;
    adjoint = m + (size_t) t.slots * stride;
    tile = adjoint + (size_t) t.slots * stride;
    const int functions = TILE_FUNCTIONS + 2 * t.radial_count;
    x_powers = tile + (size_t) functions * kernel.shape.rows * stride;
    yz_powers = x_powers + (size_t) (t.max_rank + 1) * kernel.shape.rows * stride;
    pair = yz_powers + (size_t) 2 * (t.max_rank + 1) * kernel.shape.rows * stride;
    moments = pair + (size_t) kernel.shape.rows * stride;
    parameters = moments + (size_t) t.moment_count * stride;
    largest = parameters + (size_t) t.parameter_count * stride;
    find_center(lane);
  }

  KOKKOS_INLINE_FUNCTION void run()
  {
    clear(m, t.reduced);
    clear(adjoint, t.slots);
    barrier();
    for (int row = 0; row < rows; row += kernel.shape.rows) {
      fill_tile(row);
      add_moments();
      barrier();
    }
    recover();
    products_forward();
    energy = 0;
    quadratic_forms();
    fused_panels();
    barrier();
    products_backward();
    recover_backward();
    if (kernel.grades) begin_parameters();
    for (int row = 0; row < rows; row += kernel.shape.rows) {
      if (row > 0 || rows > kernel.shape.rows) {
        barrier();
        fill_tile(row);
      }
      for (int r = worker; r < kernel.shape.rows; r += workers) gradient_of_row(row, r);
    }
    if (kernel.forces) give_center();
    if (kernel.grades) finish_grades();
  }

 private:
  const Kernel &kernel;
  const MTPTables<DeviceType> &t;
  const Member &team;
  MTPTally &tally;
  int worker, workers, stride;
  real *m, *adjoint, *tile, *x_powers, *yz_powers, *pair, *moments, *parameters, *largest;
  int rows;                            // of the team's longest neighborhood
  int index, center, species, near;    // index -1: no atom
  real energy;
  double center_force[3];

  KOKKOS_INLINE_FUNCTION void barrier() const
  {
    if (workers > 1) team.team_barrier();
  }

  KOKKOS_INLINE_FUNCTION real &number(real *array, int k) const
  {
    return array[(size_t) k * (size_t) stride];
  }
  KOKKOS_INLINE_FUNCTION real &quantity(int which, int row) const
  {
    return number(tile, which * kernel.shape.rows + row);
  }

  /* Adds to memory that the lane's other threads may add to at the same time. */
  KOKKOS_INLINE_FUNCTION void add(real &to, real value) const
  {
    if (workers > 1)
      Kokkos::atomic_add(&to, value);
    else
      to += value;
  }

  KOKKOS_INLINE_FUNCTION void clear(real *array, int count) const
  {
    for (int k = worker; k < count; k += workers) number(array, k) = 0;
  }

  KOKKOS_INLINE_FUNCTION void find_center(int lane)
  {
    const int first = team.league_rank() * kernel.shape.lanes, mine = first + lane;
    rows = 0;
    for (int k = first; k < first + kernel.shape.lanes && k < kernel.count; k++)
      if (kernel.near_count(k) > rows) rows = kernel.near_count(k);
    center = kernel.ilist(kernel.first + (mine < kernel.count ? mine : kernel.count - 1));
    species = kernel.species_of_type(kernel.type(center));
    index = mine < kernel.count && species >= 0 ? mine : -1;
    near = index < 0 ? 0 : kernel.near_count(mine);
    if (species < 0) species = 0;
    for (int d = 0; d < 3; d++) center_force[d] = 0.0;
  }

  /* --- neighbors ------------------------------------------------------------------------------ */

  KOKKOS_INLINE_FUNCTION void fill_tile(int first_row)
  {
    for (int r = worker; r < kernel.shape.rows; r += workers) {
      place_row(first_row + r, r);
      fill_powers(r);
    }
    barrier();
    const int tasks = kernel.shape.rows * t.radial_count;
    for (int k = worker; k < tasks; k += workers)
      radial_function(k / t.radial_count, k % t.radial_count);
    barrier();
  }

  /* Unit vectors and distances; rows past the last neighbor are at the cutoff, where all functions
     vanish. */
  KOKKOS_INLINE_FUNCTION void place_row(int n, int r)
  {
    real d[3] = {(real) t.max_dist, 0, 0};
    int species_pair = 0;
    if (n < near) {
      const int j = kernel.near(index, n);
      for (int k = 0; k < 3; k++) d[k] = kernel.x(j, k) - kernel.x(center, k);
      species_pair = species * t.species_count + kernel.species_of_type(kernel.type(j));
    }
    const real length = Kokkos::sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]), inverse = 1 / length;
    for (int k = 0; k < 3; k++) quantity(TILE_UX + k, r) = d[k] * inverse;
    quantity(TILE_LENGTH, r) = length;
    quantity(TILE_PER_LENGTH, r) = inverse;
    number(pair, r) = (real) species_pair;
    if (n < near && length < tally.smallest_distance) tally.smallest_distance = length;
  }

  KOKKOS_INLINE_FUNCTION void fill_powers(int r)
  {
    const real x = quantity(TILE_UX, r), y = quantity(TILE_UY, r);
    real xa = 1, yb = xa, yz = quantity(TILE_UZ, r);
    for (int a = 0; a <= t.max_rank; a++) {
      number(x_powers, a * kernel.shape.rows + r) = xa;
      number(yz_powers, a * kernel.shape.rows + r) = yb;
      number(yz_powers, (t.max_rank + 1 + a) * kernel.shape.rows + r) = yz;
      xa *= x;
      yb *= y;
      yz *= y;
    }
  }

  /* f_mu and f'_mu */
  KOKKOS_INLINE_FUNCTION void radial_function(int r, int mu)
  {
    real length = quantity(TILE_LENGTH, r), slope = 1, p, dp = 0;
    const int size = t.radial_size, stride_of_b = t.radial_count;
    const double *c = &t.radial((int) number(pair, r) * size * stride_of_b + mu);
    if (t.repulsive && length < (real) t.min_dist) {
      length = (real) t.min_dist;
      slope = 0;
    }
    const real xi = (2 * length - (real) (t.min_dist + t.max_dist)) * (real) t.inverse_width;
    if (t.radial_powers) {
      p = (real) c[(size - 1) * stride_of_b];
      for (int b = size - 2; b >= 0; b--) {
        dp = dp * xi + p;
        p = p * xi + (real) c[b * stride_of_b];
      }
    } else {
      real b1 = 0, b2 = 0, d1 = 0, d2 = 0;    // Clenshaw's recurrence and its derivative
      for (int b = size - 1; b > 0; b--) {
        const real d0 = 2 * (b1 + xi * d1) - d2;
        const real b0 = 2 * xi * b1 + ((real) c[b * stride_of_b] - b2);
        d2 = d1;
        d1 = d0;
        b2 = b1;
        b1 = b0;
      }
      p = xi * b1 + ((real) c[0] - b2);
      dp = b1 + xi * d1 - d2;
    }
    const real gap = length - (real) t.max_dist, gap_p = gap * p;
    quantity(TILE_FUNCTIONS + mu, r) = gap * gap_p;
    quantity(TILE_FUNCTIONS + t.radial_count + mu, r) =
        (2 * gap_p + gap * gap * ((real) (2.0 * t.inverse_width) * dp)) * slope;
  }

  /* --- basic moments -------------------------------------------------------------------------- */

  KOKKOS_INLINE_FUNCTION void add_moments()
  {
    const int strips = (int) t.strips.extent(0);
    for (int s = worker; s < strips; s += workers)
      for (int r = 0; r < kernel.shape.rows; r += ROW_BLOCK) add_strip(t.strips(s), r);
  }

  KOKKOS_INLINE_FUNCTION void add_strip(const MTPStrip &strip, int first)
  {
    real h[ROW_BLOCK];
    const real *yz =
        &number(yz_powers, ((t.max_rank + 1) * strip.c + strip.b) * kernel.shape.rows + first);
    const real *f = &quantity(TILE_FUNCTIONS + strip.mu, first);
    for (int r = 0; r < ROW_BLOCK; r++) h[r] = f[r * stride] * yz[r * stride];
    for (int a = 0; a < strip.length; a++) {
      const real *x = &number(x_powers, a * kernel.shape.rows + first);
      real even = number(m, strip.slot + a), odd = 0;
      for (int r = 0; r < ROW_BLOCK; r += 2) {
        even += h[r] * x[r * stride];
        odd += h[r + 1] * x[(r + 1) * stride];
      }
      number(m, strip.slot + a) = even + odd;
    }
  }

  KOKKOS_INLINE_FUNCTION void recover()
  {
    const int levels = (int) t.recovery_start.extent(0) - 1;
    for (int level = 0; level < levels; level++) {
      for (int k = t.recovery_start(level) + worker; k < t.recovery_start(level + 1);
           k += workers) {
        const MTPRecovery &one = t.recovery(k);
        number(m, one.target) =
            number(m, one.plus) - number(m, one.minus[0]) - number(m, one.minus[1]);
      }
      barrier();
    }
  }

  KOKKOS_INLINE_FUNCTION void recover_backward()
  {
    const int levels = (int) t.gather_start.extent(0) - 1;
    for (int level = 0; level < levels; level++) {
      for (int k = t.gather_start(level) + worker; k < t.gather_start(level + 1); k += workers) {
        const MTPGather &one = t.gather(k);
        real sum = number(adjoint, one.slot);
        for (int i = one.first; i < one.last; i++)
          sum += number(adjoint, t.gather_terms(i).target) * (real) t.gather_terms(i).sign;
        number(adjoint, one.slot) = sum;
      }
      barrier();
    }
  }

  /* --- products ------------------------------------------------------------------------------- */

  KOKKOS_INLINE_FUNCTION void products_forward()
  {
    const int levels = (int) t.stored_start.extent(0) - 1;
    for (int level = 0; level < levels; level++) {
      for (int k = t.stored_start(level) + worker; k < t.stored_start(level + 1); k += workers)
        panel_forward(t.stored(k));
      barrier();
    }
  }

  /* Of term g of product k. */
  KOKKOS_INLINE_FUNCTION real factor(const MTPPanel &panel, int g, int k) const
  {
    const int place = panel.own_factors ? g * panel.width + k : g;
    return (real) t.factors(panel.factor + place);
  }

  KOKKOS_INLINE_FUNCTION void panel_forward(const MTPPanel &panel)
  {
    real sum[MTP_PANEL];
    for (int k = 0; k < MTP_PANEL; k++) sum[k] = 0;
    const int *at = &t.indices(panel.index);
    for (int g = 0; g < panel.length; g++, at += panel.width + 1) {
      const real left = number(m, at[0]);
      for (int k = 0; k < MTP_PANEL; k++)
        if (k < panel.width) sum[k] += left * factor(panel, g, k) * number(m, at[1 + k]);
    }
    for (int k = 0; k < MTP_PANEL; k++)
      if (k < panel.width) number(m, panel.node[k]) = sum[k];
  }

  /* Spreads the adjoints `node` of a panel's products to their factors; `value` receives the
     products. */
  KOKKOS_INLINE_FUNCTION void panel_backward(const MTPPanel &panel, const real *node, real *value)
  {
    const int *at = &t.indices(panel.index);
    for (int g = 0; g < panel.length; g++, at += panel.width + 1) {
      const real left = number(m, at[0]);
      real sum = 0;
      for (int k = 0; k < MTP_PANEL; k++)
        if (k < panel.width) {
          const real own = factor(panel, g, k), right = own * number(m, at[1 + k]);
          value[k] += left * right;
          sum += node[k] * right;
          add(number(adjoint, at[1 + k]), node[k] * (own * left));
        }
      add(number(adjoint, at[0]), sum);
    }
  }

  KOKKOS_INLINE_FUNCTION void products_backward()
  {
    for (int level = (int) t.stored_start.extent(0) - 2; level >= 0; level--) {
      for (int i = t.stored_start(level) + worker; i < t.stored_start(level + 1); i += workers) {
        const MTPPanel &panel = t.stored(i);
        real node[MTP_PANEL], value[MTP_PANEL];
        for (int k = 0; k < MTP_PANEL; k++) {
          node[k] = k < panel.width ? number(adjoint, panel.node[k]) : 0;
          value[k] = 0;
        }
        panel_backward(panel, node, value);
      }
      barrier();
    }
  }

  /* Fused products and what they are multiplied with in the energy. */
  KOKKOS_INLINE_FUNCTION void fused_panels()
  {
    const int panels = (int) t.fused.extent(0);
    for (int i = worker; i < panels; i += workers) {
      const MTPPanel &panel = t.fused(i);
      real node[MTP_PANEL], value[MTP_PANEL];
      for (int k = 0; k < MTP_PANEL; k++) {
        node[k] = k < panel.width ? (real) panel.weight[k] : 0;
        value[k] = 0;
      }
      for (int p = 0; p < panel.partners; p++)
        for (int k = 0; k < MTP_PANEL; k++)
          if (k < panel.width) {
            const MTPTerm &term = t.partners(panel.partner + p * panel.width + k);
            node[k] += number(m, term.slot) * (real) term.coefficient;
          }
      panel_backward(panel, node, value);
      for (int p = 0; p < panel.partners; p++)
        for (int k = 0; k < MTP_PANEL; k++)
          if (k < panel.width) {
            const MTPTerm &term = t.partners(panel.partner + p * panel.width + k);
            add(number(adjoint, term.slot), value[k] * (real) term.coefficient);
          }
      for (int k = 0; k < MTP_PANEL; k++) energy += node[k] * value[k];
    }
  }

  KOKKOS_INLINE_FUNCTION void quadratic_forms()
  {
    const int forms = (int) t.quadratics.extent(0);
    for (int i = worker; i < forms; i += workers) {
      const MTPQuadratic &form = t.quadratics(i);
      const real own = number(m, form.slot);
      real sum = (real) form.weight;
      for (int k = form.first; k < form.last; k++) {
        const MTPTerm &term = t.terms(k);
        sum += number(m, term.slot) * (real) term.coefficient;
        add(number(adjoint, term.slot), own * (real) term.coefficient);
      }
      add(number(adjoint, form.slot), sum);
      energy += own * sum;
    }
  }

  /* --- gradients ------------------------------------------------------------------------------ */

  /* A polynomial of the unit vector and its derivatives. */
  struct Polynomial {
    real value = 0, x = 0, y = 0, z = 0;
  };

  /* The sum of adjoint times monomial of one radial function: Horner's rule in y, then z. */
  KOKKOS_INLINE_FUNCTION Polynomial polynomial(int mu, int r) const
  {
    const real y = quantity(TILE_UY, r), z = quantity(TILE_UZ, r);
    Polynomial part[2];
    for (int s = t.strip_start(mu + 1) - 1; s >= t.strip_start(mu); s--) {
      const MTPStrip &strip = t.strips(s);
      real p = number(adjoint, strip.slot), px = 0;
      for (int a = 1; a < strip.length; a++) {
        const real g = number(adjoint, strip.slot + a);
        p += g * number(x_powers, a * kernel.shape.rows + r);
        px += g * (real) a * number(x_powers, (a - 1) * kernel.shape.rows + r);
      }
      Polynomial &to = part[strip.c];
      to.y = to.y * y + to.value;
      to.x = to.x * y + px;
      to.value = to.value * y + p;
    }
    Polynomial sum;
    sum.value = part[1].value * z + part[0].value;
    sum.x = part[1].x * z + part[0].x;
    sum.y = part[1].y * z + part[0].y;
    sum.z = part[1].value;
    return sum;
  }

  /* dV/dd of a neighbor, and what follows from it. */
  KOKKOS_INLINE_FUNCTION void gradient_of_row(int first_row, int r)
  {
    const int n = first_row + r;
    if (n >= near) return;
    real along = 0, gx = 0, gy = 0, gz = 0;
    for (int mu = 0; mu < t.radial_count; mu++) {
      const Polynomial sum = polynomial(mu, r);
      const real f = quantity(TILE_FUNCTIONS + mu, r);
      along += quantity(TILE_FUNCTIONS + t.radial_count + mu, r) * sum.value;
      gx += f * sum.x;
      gy += f * sum.y;
      gz += f * sum.z;
      if (kernel.grades) add_radial_parameters(r, mu, sum.value);
    }
    if (!kernel.forces) return;
    const real x = quantity(TILE_UX, r), y = quantity(TILE_UY, r), z = quantity(TILE_UZ, r),
               inverse = quantity(TILE_PER_LENGTH, r), length = quantity(TILE_LENGTH, r);
    along -= (gx * x + gy * y + gz * z) * inverse;
    const real g[3] = {gx * inverse + along * x, gy * inverse + along * y,
                       gz * inverse + along * z};
    const double distance = length,
                 wall = t.repulsive && distance < t.min_dist ? add_wall(distance) : 0.0;
    const double gradient[3] = {g[0] + wall * x, g[1] + wall * y, g[2] + wall * z};
    const int j = kernel.near(index, n);
    auto force = kernel.force.access();
    for (int k = 0; k < 3; k++) {
      force(j, k) -= (KK_ACC_FLOAT) gradient[k];
      center_force[k] += gradient[k];
    }
    const double vector[3] = {distance * x, distance * y, distance * z};
    if (kernel.virials) add_virial(j, vector, gradient);
  }

  /* The wall of a repulsive potential: adds its energy, returns its slope. */
  KOKKOS_INLINE_FUNCTION double add_wall(double distance)
  {
    const double e = 1e4 * Kokkos::exp(-10.0 * (distance - 1.0));
    energy += (real) (e - 1e4 * Kokkos::exp(-10.0 * (t.min_dist - 1.0)));
    return -10.0 * e;
  }

  KOKKOS_INLINE_FUNCTION void add_virial(int j, const double *d, const double *g)
  {
    const double v[9] = {-d[0] * g[0], -d[1] * g[1], -d[2] * g[2], -d[0] * g[1], -d[0] * g[2],
                         -d[1] * g[2], -d[1] * g[0], -d[2] * g[0], -d[2] * g[1]};
    double symmetric[6];
    for (int k = 0; k < 6; k++) {
      symmetric[k] = k < 3 ? v[k] : 0.5 * (v[k] + v[k + 3]);
      tally.virial[k] += symmetric[k];
    }
    if (kernel.site_virials) {
      auto virial = kernel.site_virial.access();
      for (int k = 0; k < 6; k++) {
        virial(j, k) += (KK_ACC_FLOAT) (0.5 * symmetric[k]);
        virial(center, k) += (KK_ACC_FLOAT) (0.5 * symmetric[k]);
      }
    }
    if (kernel.centroid_virials) {
      auto virial = kernel.centroid_virial.access();
      for (int k = 0; k < 9; k++) virial(j, k) += (KK_ACC_FLOAT) v[k];
    }
  }

  KOKKOS_INLINE_FUNCTION void give_center()
  {
    if (index < 0) return;
    auto force = kernel.force.access();
    for (int k = 0; k < 3; k++) force(center, k) += (KK_ACC_FLOAT) center_force[k];
    const double e = energy + (worker == 0 ? t.species_coeffs(species) : 0.0);
    tally.energy += e;
    if (!kernel.site_energies) return;
    auto site_energy = kernel.site_energy.access();
    site_energy(center) += (KK_ACC_FLOAT) e;
  }

  /* --- grades --------------------------------------------------------------------------------- */

  /* dV/dparameter but the radial ones: species and scalar moments. */
  KOKKOS_INLINE_FUNCTION void begin_parameters()
  {
    clear(parameters, t.parameter_count);
    for (int k = worker; k < t.basic_count; k += workers)
      number(moments, k) = number(m, t.basic_slot(k));
    if (worker == 0) *largest = 0;
    barrier();
    const int levels = (int) t.product_start.extent(0) - 1;
    for (int level = 0; level < levels; level++) {
      for (int k = t.product_start(level) + worker; k < t.product_start(level + 1); k += workers) {
        const MTPProduct &product = t.products(k);
        real sum = 0;
        for (int i = product.first; i < product.last; i++) {
          const MTPProductTerm &term = t.product_terms(i);
          sum += number(moments, term.a) * number(moments, term.b) * (real) term.factor;
        }
        number(moments, product.target) = sum;
      }
      barrier();
    }
    const int linear = t.parameter_count - t.scalar_count;
    for (int s = worker; s < t.scalar_count; s += workers)
      number(parameters, linear + s) = number(moments, t.mapping(s));
    if (worker == 0) number(parameters, linear - t.species_count + species) = 1;
    barrier();
  }

  /* scaling (r - max_dist)^2 T_b(xi) times the sum of adjoint and monomial, to the place of the
     pair's coefficient */
  KOKKOS_INLINE_FUNCTION void add_radial_parameters(int r, int mu, real value)
  {
    real length = quantity(TILE_LENGTH, r);
    if (t.repulsive && length < (real) t.min_dist) length = (real) t.min_dist;
    const real gap = length - (real) t.max_dist;
    const real xi = (2 * length - (real) (t.min_dist + t.max_dist)) * (real) t.inverse_width;
    const real factor = (real) t.scaling * gap * gap * value;
    const int place = ((int) number(pair, r) * t.radial_count + mu) * t.radial_size;
    real now = 1, before = xi;    // T_b and T_{b-1}, T_{-1} = T_1
    for (int b = 0; b < t.radial_size; b++) {
      add(number(parameters, place + b), factor * now);
      const real next = 2 * xi * now - before;
      before = now;
      now = next;
    }
  }

  KOKKOS_INLINE_FUNCTION void finish_grades()
  {
    barrier();
    if (kernel.gradient_sum.data()) {
      for (int k = worker; k < t.parameter_count && index >= 0; k += workers)
        Kokkos::atomic_add(&kernel.gradient_sum(k), (double) number(parameters, k));
      return;
    }
    const size_t n = (size_t) t.parameter_count;
    real most = 0;
    for (int row = worker; row < t.parameter_count; row += workers) {
      const double *matrix = t.active_inverse.data() + n * (size_t) row;
      real sum = 0;
      for (int k = 0; k < t.parameter_count; k++) sum += (real) matrix[k] * number(parameters, k);
      const real size = Kokkos::fabs(sum);
      if (!(size <= most)) most = size == size ? size : (real) HUGE_VAL;    // infinity for NaN
    }
    Kokkos::atomic_max(largest, most);
    barrier();
    if (index < 0 || worker > 0) return;
    const double grade = t.grade_weight * *largest;
    kernel.grade(center) = grade;
    if (grade > tally.largest_grade) tally.largest_grade = grade;
  }
};

template <class DeviceType>
KOKKOS_INLINE_FUNCTION void MTPKernel<DeviceType>::operator()(const Member &team,
                                                              MTPTally &tally) const
{
  MTPWorker<DeviceType>(*this, team, tally).run();
}

/* Picks the neighbors inside the cutoff. */
template <class DeviceType> struct MTPNearKernel {
  MTPKernel<DeviceType> kernel;
  typename ArrayTypes<DeviceType>::t_neighbors_2d neighbors;
  typename ArrayTypes<DeviceType>::t_int_1d neighbor_count;

  KOKKOS_INLINE_FUNCTION void operator()(const int &k, int &most) const
  {
    const int i = kernel.ilist(kernel.first + k);
    const real cutoff = (real) (kernel.tables.max_dist * kernel.tables.max_dist);
    const real xi = kernel.x(i, 0), yi = kernel.x(i, 1), zi = kernel.x(i, 2);
    int n = 0;
    for (int jj = 0; jj < neighbor_count(i); jj++) {
      const int j = neighbors(i, jj) & NEIGHMASK;
      const real dx = kernel.x(j, 0) - xi, dy = kernel.x(j, 1) - yi, dz = kernel.x(j, 2) - zi;
      if (dx * dx + dy * dy + dz * dz < cutoff && kernel.species_of_type(kernel.type(j)) >= 0)
        kernel.near(k, n++) = j;
    }
    kernel.near_count(k) = n;
    if (n > most) most = n;
  }
};

}    // namespace MLGRAIN_NS

#endif
