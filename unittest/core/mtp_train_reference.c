/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp_train_reference.h"

#include <complex.h>

#include "mtp_reference.h"

typedef double complex number;

/* A pair of atoms within the cutoff. */
struct neighbor {
  int atom; /* that it is an image of */
  int pair; /* of species */
  double d[3];
  struct reference_pair geometry;
};

size_t train_reference_rows(const struct mlgrain_mtp_frame *frame)
{
  return 7 + 3 * frame->atoms;
}

/* f_mu and its slope. */
static void radial(const struct mlgrain_mtp_file *file, const number *parameters,
                   const struct neighbor *neighbor, int mu, number *f, number *df)
{
  const number *c = parameters + (neighbor->pair * file->radial_count + mu) * file->radial_size;
  *f = *df = 0.0;
  for (int b = 0; b < file->radial_size; b++) {
    *f += file->scaling * c[b] * neighbor->geometry.basis[b];
    *df += file->scaling * c[b] * neighbor->geometry.slope[b];
  }
}

static double monomial(const int *basic, const double u[3])
{
  return reference_power(u[0], basic[1]) * reference_power(u[1], basic[2]) *
         reference_power(u[2], basic[3]);
}

/* d(f M)/dd_e = f' M u_e + f sum_c dM/du_c (delta_ce - u_c u_e)/r */
static void add_gradient(const int *basic, number adjoint, number f, number df,
                         const struct reference_pair *pair, number g[3])
{
  double slope[3];
  for (int c = 0; c < 3; c++) {
    int lower[4];
    memcpy(lower, basic, sizeof lower);
    lower[c + 1]--;
    slope[c] = basic[c + 1] ? basic[c + 1] * monomial(lower, pair->u) : 0.0;
  }
  for (int e = 0; e < 3; e++) {
    number sum = df * monomial(basic, pair->u) * pair->u[e];
    for (int c = 0; c < 3; c++)
      sum += f * slope[c] * ((c == e) - pair->u[c] * pair->u[e]) / pair->r;
    g[e] += adjoint * sum;
  }
}

/* Moments m and adjoints of one site. */
static void find_adjoints(const struct mlgrain_mtp_file *file, const number *xi, number *m,
                          number *adjoint)
{
  for (int t = 0; t < file->times_count; t++) {
    const int *a = file->times[t];
    m[a[3]] += a[2] * m[a[0]] * m[a[1]];
  }
  for (int s = 0; s < file->scalar_count; s++)
    adjoint[file->mapping[s]] += xi[s];
  for (int t = file->times_count - 1; t >= 0; t--) {
    const int *a = file->times[t];
    adjoint[a[0]] += adjoint[a[3]] * a[2] * m[a[1]];
    adjoint[a[1]] += adjoint[a[3]] * a[2] * m[a[0]];
  }
}

/* Adds a site's energy, forces and virial to the rows. */
static void add_site(const struct mlgrain_mtp_file *file, const number *parameters, size_t atoms,
                     size_t center, int species, const struct neighbor *neighbors, int count,
                     number *rows)
{
  static const int place[6][2] = {{0, 0}, {1, 1}, {2, 2}, {0, 1}, {0, 2}, {1, 2}};
  const number *xi = parameters + file->parameter_count - file->scalar_count;
  number *m = calloc(2 * (size_t)file->moment_count, sizeof *m), *adjoint = m + file->moment_count;
  for (int j = 0; j < count; j++)
    for (int k = 0; k < file->basic_count; k++) {
      number f, df;
      radial(file, parameters, &neighbors[j], file->basic[k][0], &f, &df);
      m[k] += f * monomial(file->basic[k], neighbors[j].geometry.u);
    }
  find_adjoints(file, xi, m, adjoint);
  rows[0] += xi[species - file->species_count];
  for (int s = 0; s < file->scalar_count; s++)
    rows[0] += xi[s] * m[file->mapping[s]];
  for (int j = 0; j < count; j++) {
    double(*wall)[3] = calloc(1, sizeof *wall);
    struct reference_site site = {0.0, wall, NULL};
    reference_wall(file, &neighbors[j].geometry, &site, 0);
    number g[3] = {wall[0][0], wall[0][1], wall[0][2]};
    rows[0] += site.energy;
    for (int k = 0; k < file->basic_count; k++) {
      number f, df;
      radial(file, parameters, &neighbors[j], file->basic[k][0], &f, &df);
      add_gradient(file->basic[k], adjoint[k], f, df, &neighbors[j].geometry, g);
    }
    for (int d = 0; d < 3; d++) {
      rows[1 + 3 * center + (size_t)d] += g[d];
      rows[1 + 3 * (size_t)neighbors[j].atom + (size_t)d] -= g[d];
    }
    for (int k = 0; k < 6; k++) {
      const int a = place[k][0], b = place[k][1];
      rows[1 + 3 * atoms + (size_t)k] -=
          0.5 * (neighbors[j].d[a] * g[b] + neighbors[j].d[b] * g[a]);
    }
    free(wall);
  }
  free(m);
}

static int find_neighbors(const struct mlgrain_mtp_file *file,
                          const struct mlgrain_mtp_frame *frame, size_t center,
                          struct neighbor *neighbors, double *basis)
{
  int count = 0;
  for (size_t j = 0; j < frame->total; j++) {
    struct neighbor *n = &neighbors[count];
    double r2 = 0.0;
    for (int d = 0; d < 3; d++) {
      n->d[d] = frame->x[j][d] - frame->x[center][d];
      r2 += n->d[d] * n->d[d];
    }
    if (j == center || r2 >= file->max_dist * file->max_dist)
      continue;
    n->atom = frame->owner[j];
    n->pair = frame->species[center] * file->species_count + frame->species[n->atom];
    n->geometry.r = sqrt(r2);
    for (int d = 0; d < 3; d++)
      n->geometry.u[d] = n->d[d] / n->geometry.r;
    n->geometry.basis = basis + 2 * count * file->radial_size;
    n->geometry.slope = n->geometry.basis + file->radial_size;
    reference_basis(file, n->geometry.r, n->geometry.basis, n->geometry.slope);
    count++;
  }
  return count;
}

static void add_rows(const struct mlgrain_mtp_file *file, const struct mlgrain_mtp_frame *frame,
                     const number *parameters, number *rows)
{
  struct neighbor *neighbors = malloc((frame->total + 1) * sizeof *neighbors);
  double *basis = malloc((frame->total + 1) * 2 * (size_t)file->radial_size * sizeof *basis);
  for (size_t i = 0; i < frame->atoms; i++) {
    const int count = find_neighbors(file, frame, i, neighbors, basis);
    add_site(file, parameters, frame->atoms, i, frame->species[i], neighbors, count, rows);
  }
  free(neighbors);
  free(basis);
}

void train_reference(const struct mlgrain_mtp_file *file, const struct mlgrain_mtp_frame *frame,
                     double *values, double *columns)
{
  const double step = 1e-30;
  const size_t n = file->parameter_count, count = train_reference_rows(frame);
  double *real = malloc(n * sizeof *real);
  number *parameters = malloc(n * sizeof *parameters), *rows = malloc(count * sizeof *rows);
  mlgrain_mtp_file_parameters(file, real);
  for (size_t k = 0; k < n; k++)
    parameters[k] = real[k];
  for (size_t k = 0; k < (columns ? n : 1); k++) {
    memset(rows, 0, count * sizeof *rows);
    parameters[k] += step * I;
    add_rows(file, frame, parameters, rows);
    parameters[k] = real[k];
    for (size_t row = 0; row < count; row++) {
      values[row] = creal(rows[row]);
      if (columns)
        columns[k * count + row] = cimag(rows[row]) / step;
    }
  }
  free(real);
  free(parameters);
  free(rows);
}

void train_reference_labels(const struct mlgrain_mtp_frame *frame, double *weights, double *labels)
{
  *weights++ = frame->energy_weight;
  *labels++ = frame->energy;
  for (size_t i = 0; i < frame->atoms; i++)
    for (int d = 0; d < 3; d++) {
      *weights++ = frame->force && frame->force_weight ? frame->force_weight[i] : 0.0;
      *labels++ = frame->force ? frame->force[i][d] : 0.0;
    }
  for (int k = 0; k < 6; k++) {
    *weights++ = (k < 3 ? 1.0 : 2.0) * frame->virial_weight;
    *labels++ = frame->virial[k];
  }
}
