/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mlgrain/soap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error_text.h"
#include "base/simd_level.h"
#include "soap_private.h"

/* ---- parameters ----------------------------------------------------------------------------- */

struct mlgrain_soap_parameters mlgrain_soap_default(enum mlgrain_soap_basis basis)
{
  return (struct mlgrain_soap_parameters){.basis = basis,
                                          .width = basis == MLGRAIN_SOAP_QUIPPY ? 0.5 : 0.0,
                                          .central_weight = 1.0,
                                          .species = 1};
}

static int is_within(double value, double low, double high)
{
  return value >= low && value <= high;
}

/* NULL if the parameters are fine, else what is wrong. */
static const char *complaint(const struct mlgrain_soap_parameters *p)
{
  if (p->basis != MLGRAIN_SOAP_QUIPPY && p->basis != MLGRAIN_SOAP_GTO)
    return "there is no such basis";
  if (p->n_max < 1 || p->n_max > MLGRAIN_SOAP_MOST_N)
    return "nmax is not 1 to 32";
  if (p->l_max < 0 || p->l_max > MLGRAIN_SOAP_MOST_L)
    return "lmax is not 0 to 24";
  if (!is_within(p->cutoff, 1e-3, 1e4))
    return "the cutoff is not 0.001 to 10000";
  if (p->basis == MLGRAIN_SOAP_GTO && !(p->cutoff > 1.0))
    return "basis gto needs a cutoff above 1";
  if (!is_within(p->sigma, 1e-3, 1e4))
    return "sigma is not 0.001 to 10000";
  if (p->basis == MLGRAIN_SOAP_QUIPPY && !is_within(p->width, 0.0, p->cutoff))
    return "the transition width is not 0 to the cutoff";
  if (!is_within(p->central_weight, 0.0, 1e100))
    return "the central weight is negative or not finite";
  if (p->species < 1 || p->species > MLGRAIN_SOAP_MOST_SPECIES)
    return "the number of species is not 1 to 16";
  return NULL;
}

/* channels * (channels + 1) / 2 */
static size_t pairs_of(const struct mlgrain_soap_parameters *p)
{
  const size_t channels = (size_t)p->n_max * (size_t)p->species;
  return channels * (channels + 1) / 2;
}

size_t mlgrain_soap_components(const struct mlgrain_soap_parameters *parameters)
{
  if (complaint(parameters))
    return 0;
  return pairs_of(parameters) * (size_t)(parameters->l_max + 1) +
         (parameters->basis == MLGRAIN_SOAP_QUIPPY);
}

double mlgrain_soap_reach(const struct mlgrain_soap_parameters *parameters)
{
  const double cutoff = parameters->cutoff, sigma = parameters->sigma;
  return parameters->basis == MLGRAIN_SOAP_QUIPPY ? cutoff
                                                  : cutoff + sigma * sqrt(-2.0 * log(1e-3));
}

/* ---- order of components -------------------------------------------------------------------- */

/* quippy: pairs of channels a >= b, a outermost, l innermost. */
static void split_quippy(const struct mlgrain_soap_parameters *p, size_t index,
                         struct mlgrain_soap_component *component)
{
  const size_t count = (size_t)p->l_max + 1, pair = index / count;
  int a = 0;
  while ((size_t)(a + 1) * (size_t)(a + 2) / 2 <= pair)
    a++;
  const int b = (int)(pair - (size_t)a * (size_t)(a + 1) / 2);
  *component = (struct mlgrain_soap_component){
      {a % p->n_max, b % p->n_max}, {a / p->n_max, b / p->n_max}, (int)(index % count)};
}

/* DScribe: pairs of species s <= t outermost, then l, then n and n'; n' >= n where s = t. */
static void split_gto(const struct mlgrain_soap_parameters *p, size_t index,
                      struct mlgrain_soap_component *component)
{
  const size_t n = (size_t)p->n_max, count = (size_t)p->l_max + 1;
  for (int s = 0; s < p->species; s++)
    for (int t = s; t < p->species; t++) {
      const size_t of_l = s == t ? n * (n + 1) / 2 : n * n;
      if (index >= of_l * count) {
        index -= of_l * count;
        continue;
      }
      size_t rest = index % of_l, i = 0;
      for (; rest >= (s == t ? n - i : n); i++)
        rest -= s == t ? n - i : n;
      *component = (struct mlgrain_soap_component){
          {(int)i, (int)(rest + (s == t ? i : 0))}, {s, t}, (int)(index / of_l)};
      return;
    }
}

int mlgrain_soap_describe(const struct mlgrain_soap_parameters *parameters, size_t index,
                          struct mlgrain_soap_component *component)
{
  const size_t count = mlgrain_soap_components(parameters);
  if (index >= count)
    return 0;
  if (parameters->basis == MLGRAIN_SOAP_GTO)
    split_gto(parameters, index, component);
  else if (index + 1 < count)
    split_quippy(parameters, index, component);
  else
    *component = (struct mlgrain_soap_component){.n = {-1, -1}};
  return 1;
}

size_t soap_place_of(const struct mlgrain_soap *soap, size_t index)
{
  const int n = soap->parameters.n_max;
  struct mlgrain_soap_component at = {.l = 0};
  mlgrain_soap_describe(&soap->parameters, index, &at);
  if (at.n[0] < 0)
    return soap->products - 1;
  const size_t first = (size_t)(at.species[0] * n + at.n[0]);
  const size_t second = (size_t)(at.species[1] * n + at.n[1]);
  const size_t a = first > second ? first : second, b = first > second ? second : first;
  return (size_t)at.l * soap->l_step + (a * (a + 1) / 2 + b) * soap->pair_step;
}

/* ---- making --------------------------------------------------------------------------------- */

/* Lanes of the vectors of a level's kernel. */
static int lanes_of_level(enum mlgrain_simd_level level, enum mlgrain_soap_precision precision)
{
#ifdef MLGRAIN_X86_64_LEVELS
  const int doubles = 2 << (int)mlgrain_simd_usable(level);
#else
  const int doubles = 2;
  (void)level;
#endif
  return precision == MLGRAIN_SOAP_DOUBLE ? doubles : 2 * doubles;
}

static soap_kernel *kernel_of_level(enum mlgrain_simd_level level,
                                    enum mlgrain_soap_precision precision)
{
  const int is_double = precision == MLGRAIN_SOAP_DOUBLE;
#ifdef MLGRAIN_X86_64_LEVELS
  level = mlgrain_simd_usable(level);
  if (level == MLGRAIN_SIMD_V4)
    return is_double ? soap_compute_v4 : soap_compute_single_v4;
  if (level == MLGRAIN_SIMD_V3)
    return is_double ? soap_compute_v3 : soap_compute_single_v3;
#else
  (void)level;
#endif
  return is_double ? soap_compute_v2 : soap_compute_single_v2;
}

/* Factors of the products. quippy: sqrt(2 - delta_ab) / sqrt(2l + 1); gto: pi sqrt(8 / (2l+1)). */
static void fill_factors(struct mlgrain_soap *soap)
{
  const int is_quippy = soap->parameters.basis == MLGRAIN_SOAP_QUIPPY;
  for (int l = 0; l <= soap->parameters.l_max; l++) {
    double *factor = soap->factor + (size_t)l * soap->l_step;
    for (int a = 0; a < soap->channels; a++)
      for (int b = 0; b <= a; b++, factor += soap->pair_step)
        *factor = is_quippy ? sqrt((a == b ? 1.0 : 2.0) / (2 * l + 1))
                            : acos(-1.0) * sqrt(8.0 / (2 * l + 1));
  }
  soap->factor[soap->products - 1] = 0.0;
}

/* With norms, Y_lm = rise z Y_(l-1)m - rise (...) Y_(l-2)m for m < l. */
static void fill_harmonics(struct soap_harmonics *to, int l_max)
{
  to->norm[0][0] = 1.0;
  for (int l = 1; l <= l_max; l++) {
    const double l2 = l * l, k2 = (l - 1) * (l - 1);
    const double diagonal = l == 1 ? sqrt(3.0) : sqrt((2.0 * l + 1.0) / (2.0 * l));
    to->norm[l][l] = diagonal * to->norm[l - 1][l - 1];
    for (int m = 0; m < l; m++) {
      const double m2 = m * m;
      to->norm[l][m] = sqrt((4.0 * l2 - 1.0) / (l2 - m2)) * to->norm[l - 1][m];
      to->fall[l][m] = m == l - 1 ? 0.0 : (k2 - m2) / (4.0 * k2 - 1.0);
    }
  }
}

static void fill_central(struct mlgrain_soap *soap, const struct soap_radial *radial)
{
  long double value[MLGRAIN_SOAP_MOST_N];
  soap_radial_central(radial, value);
  for (int i = 0; i < soap->parameters.n_max; i++)
    soap->central[i] =
        soap->parameters.central_weight * (double)(value[i] / sqrtl(4.0L * acosl(-1.0L)));
}

static enum mlgrain_status fill(struct mlgrain_soap *soap, struct mlgrain_error *error)
{
  struct soap_radial radial;
  const size_t components = mlgrain_soap_components(&soap->parameters);
  soap->factor = malloc(soap->products * sizeof *soap->factor);
  soap->place = malloc(components * sizeof *soap->place);
  if (!soap->factor || !soap->place)
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for power spectra");
  fill_factors(soap);
  fill_harmonics(&soap->harmonics, soap->parameters.l_max > 0 ? soap->parameters.l_max : 1);
  soap->columns = components;
  for (size_t i = 0; i < components; i++)
    soap->place[i] = (uint32_t)soap_place_of(soap, i);
  enum mlgrain_status status = soap_radial_create(&radial, &soap->parameters, error);
  if (!status) {
    fill_central(soap, &radial);
    status = soap_table_create(&soap->table, &radial, &soap->parameters, error);
  }
  soap_radial_free(&radial);
  return status;
}

enum mlgrain_status mlgrain_soap_create(const struct mlgrain_soap_parameters *parameters,
                                        enum mlgrain_simd_level level, struct mlgrain_soap **soap,
                                        struct mlgrain_error *error)
{
  *soap = NULL;
  const char *wrong = complaint(parameters);
  if (wrong)
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "%s", wrong);
  struct mlgrain_soap *made = calloc(1, sizeof *made);
  if (!made)
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for power spectra");
  made->parameters = *parameters;
  made->reach = mlgrain_soap_reach(parameters);
  made->kernel = kernel_of_level(level, parameters->precision);
  made->table.vector = lanes_of_level(level, parameters->precision);
  made->channels = parameters->n_max * parameters->species;
  made->pairs = pairs_of(parameters);
  const int l_innermost = parameters->basis == MLGRAIN_SOAP_QUIPPY;
  made->pair_step = l_innermost ? (size_t)(parameters->l_max + 1) : 1;
  made->l_step = l_innermost ? 1 : made->pairs;
  made->products = made->pairs * (size_t)(parameters->l_max + 1) + 1;
  const enum mlgrain_status status = fill(made, error);
  if (status) {
    mlgrain_soap_free(made);
    return status;
  }
  *soap = made;
  return MLGRAIN_SUCCESS;
}

void mlgrain_soap_free(struct mlgrain_soap *soap)
{
  if (!soap)
    return;
  soap_table_free(&soap->table);
  free(soap->factor);
  free(soap->place);
  free(soap);
}

const struct mlgrain_soap_parameters *mlgrain_soap_parameters_of(const struct mlgrain_soap *soap)
{
  return &soap->parameters;
}

size_t mlgrain_soap_memory(const struct mlgrain_soap *soap)
{
  const size_t number = soap->table.doubles ? sizeof(double) : sizeof(float);
  return sizeof *soap + soap->table.numbers * number + soap->products * sizeof *soap->factor +
         soap->columns * sizeof *soap->place;
}

enum mlgrain_status mlgrain_soap_choose_columns(struct mlgrain_soap *soap, size_t count,
                                                const size_t *column, struct mlgrain_error *error)
{
  const size_t components = mlgrain_soap_components(&soap->parameters);
  if (count < 1)
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "no columns");
  for (size_t i = 0; i < count; i++)
    if (column[i] >= components)
      return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                          "there is no component number %zu of %zu (counted from 0)", column[i],
                          components);
  uint32_t *place = malloc(count * sizeof *place);
  if (!place)
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for %zu columns", count);
  for (size_t i = 0; i < count; i++)
    place[i] = (uint32_t)soap_place_of(soap, column[i]);
  free(soap->place);
  soap->place = place;
  soap->columns = count;
  return MLGRAIN_SUCCESS;
}

size_t mlgrain_soap_columns(const struct mlgrain_soap *soap)
{
  return soap->columns;
}

/* ---- computing ------------------------------------------------------------------------------ */

static enum mlgrain_status run(const struct soap_task *task, struct mlgrain_error *error)
{
  const struct mlgrain_cells *cells = task->points->cells;
  if (cells->cutoff < task->soap->reach)
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                        "cells made for cutoff %g cannot serve power spectra that reach %g",
                        cells->cutoff, task->soap->reach);
  if (task->last_cell > mlgrain_cells_count(cells))
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "cell %zu is not one of %zu cells",
                        task->last_cell - 1, mlgrain_cells_count(cells));
  if (task->soap->kernel(task))
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for a neighborhood");
  return MLGRAIN_SUCCESS;
}

enum mlgrain_status mlgrain_soap_compute(const struct mlgrain_soap *soap,
                                         const struct mlgrain_soap_points *points,
                                         size_t first_cell, size_t last_cell, double *descriptor,
                                         struct mlgrain_error *error)
{
  const struct soap_task task = {soap, points, first_cell, last_cell, descriptor, NULL, NULL};
  return run(&task, error);
}

enum mlgrain_status mlgrain_soap_visit(const struct mlgrain_soap *soap,
                                       const struct mlgrain_soap_points *points, size_t first_cell,
                                       size_t last_cell, mlgrain_soap_visitor *visit, void *context,
                                       struct mlgrain_error *error)
{
  const struct soap_task task = {soap, points, first_cell, last_cell, NULL, visit, context};
  return run(&task, error);
}
