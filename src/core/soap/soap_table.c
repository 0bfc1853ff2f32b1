/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Radial functions as polynomials, interval by interval: interpolation at Chebyshev's nodes, with
   intervals short enough that the largest error is 1e-13 of the largest value, or 2e-8 if they are
   for single precision. */
#include <math.h>
#include <stdlib.h>

#include "base/error_text.h"
#include "soap_private.h"

enum { MOST_NODES = SOAP_DOUBLE_DEGREE + 1 };

/* Degree, and intervals of how many sigma are mostly short enough. Lower degrees need larger
   tables, which costs more time than they save. */
struct choice {
  int degree;
  double length;
  long double largest_error;
};
static const struct choice for_doubles = {SOAP_DOUBLE_DEGREE, 0.1, 1e-13L},
                           for_singles = {SOAP_SINGLE_DEGREE, 0.2, 2e-8L};

/* Takes values at the nodes to coefficients of powers of t. */
struct interpolation {
  int nodes;
  soap_real node[MOST_NODES];
  long double matrix[MOST_NODES][MOST_NODES];
};

static soap_real cosine(soap_real x)
{
  soap_real sum = 0, term = 1;
  for (int k = 1; soap_absolute(term) > 1e-36L; k++) {
    sum += term;
    term *= -x * x / ((2 * k - 1) * (2 * k));
  }
  return sum;
}

/* With T_k(t) = sum_i chebyshev[k][i] t^i, f(t) = sum_k c_k T_k(t) and, from the values at the
   nodes, c_k = (2 - delta_k0)/nodes sum_j f(t_j) T_k(t_j). */
static void fill_interpolation(struct interpolation *to, int nodes)
{
  soap_real chebyshev[MOST_NODES][MOST_NODES] = {{1}, {0, 1}};
  for (int k = 2; k < nodes; k++)
    for (int i = 0; i < nodes; i++)
      chebyshev[k][i] = (i ? 2 * chebyshev[k - 1][i - 1] : 0) - chebyshev[k - 2][i];
  to->nodes = nodes;
  for (int j = 0; j < nodes; j++) {
    const soap_real angle = soap_pi() / nodes * ((soap_real)j + 0.5L);
    to->node[j] = cosine(angle);
    for (int i = 0; i < nodes; i++) {
      soap_real sum = 0;
      for (int k = 0; k < nodes; k++)
        sum += (k ? 2 : 1) * cosine(k * angle) * chebyshev[k][i] / nodes;
      to->matrix[i][j] = (long double)sum;
    }
  }
}

static int filled_up(int functions, int vector)
{
  return (functions + vector - 1) / vector * vector;
}

/* Groups of nearly as many l each. */
static void divide_into_groups(struct soap_table *table,
                               const struct mlgrain_soap_parameters *parameters)
{
  const int n = parameters->n_max, count = parameters->l_max + 1;
  const int most = n < SOAP_FUNCTIONS ? SOAP_FUNCTIONS / n : 1;
  table->groups = (count + most - 1) / most;
  table->numbers = 0;
  for (int g = 0; g < table->groups; g++) {
    struct soap_group *group = &table->group[g];
    group->first_l = g * count / table->groups;
    group->last_l = (g + 1) * count / table->groups;
    group->functions = filled_up((group->last_l - group->first_l) * n, table->vector);
    group->start = table->numbers;
    table->numbers += (size_t)(group->functions * (table->degree + 1)) * (size_t)table->intervals;
  }
}

/* Where the coefficient of t^k stands. */
static size_t place_of(const struct soap_table *table, const struct soap_group *group, int interval,
                       int function, int k)
{
  const int vector = table->vector, degree = table->degree;
  const size_t row = (size_t)(function / vector) * (size_t)table->intervals + (size_t)interval;
  return group->start + row * (size_t)((degree + 1) * vector) +
         (size_t)((degree - k) * vector + function % vector);
}

static void store(const struct soap_table *table, const struct soap_group *group, int interval,
                  int function, const long double *coefficient)
{
  for (int k = 0; k <= table->degree; k++) {
    const size_t place = place_of(table, group, interval, function, k);
    if (table->doubles)
      table->doubles[place] = (double)coefficient[k];
    else
      table->singles[place] = (float)coefficient[k];
  }
}

double soap_table_coefficient(const struct soap_table *table, int n_max, int interval, int l, int n,
                              int k)
{
  const struct soap_group *group = table->group;
  while (l >= group->last_l)
    group++;
  const size_t place = place_of(table, group, interval, (l - group->first_l) * n_max + n, k);
  return table->doubles ? table->doubles[place] : (double)table->singles[place];
}

/* The functions of one interval from their values, [function] at the nodes and, last, at its end.
   Returns the largest error there. */
static long double fill_interval(const struct soap_table *table, const struct interpolation *nodes,
                                 int n, int interval, const long double *value, size_t functions)
{
  long double worst = 0.0L;
  for (int g = 0; g < table->groups; g++) {
    const struct soap_group *group = &table->group[g];
    const int first = group->first_l * n, last = group->last_l * n;
    for (int f = first; f < last; f++) {
      long double coefficient[MOST_NODES] = {0.0L};
      long double at_end = -value[(size_t)nodes->nodes * functions + (size_t)f];
      for (int k = 0; k < nodes->nodes; k++) {
        for (int j = 0; j < nodes->nodes; j++)
          coefficient[k] += nodes->matrix[k][j] * value[(size_t)j * functions + (size_t)f];
        at_end += coefficient[k];
      }
      store(table, group, interval, f - first, coefficient);
      worst = fmaxl(worst, fabsl(at_end));
    }
  }
  return worst;
}

/* Fills the table; returns the largest error over the largest value. Room for one set of functions
   more than nodes in value. */
static long double fill(struct soap_table *table, const struct soap_radial *radial, double range,
                        long double *value)
{
  const size_t functions = (size_t)(radial->n_max * (radial->l_max + 1));
  const soap_real length = (soap_real)range / table->intervals;
  struct interpolation nodes;
  long double largest = 0.0L, worst = 0.0L;
  fill_interpolation(&nodes, table->degree + 1);
  for (int i = 0; i < table->intervals; i++) {
    for (size_t j = 0; j <= (size_t)nodes.nodes; j++) {
      const soap_real t = j < (size_t)nodes.nodes ? nodes.node[j] : 1;
      soap_radial_evaluate(radial, ((soap_real)i + (1 + t) / 2) * length, value + j * functions);
      for (size_t f = 0; f < functions; f++)
        largest = fmaxl(largest, fabsl(value[j * functions + f]));
    }
    worst = fmaxl(worst, fill_interval(table, &nodes, radial->n_max, i, value, functions));
  }
  return worst / largest;
}

/* Memory for the table as it is divided; 0 if there is none. */
static int allocate(struct soap_table *table, enum mlgrain_soap_precision precision)
{
  const int is_double = precision == MLGRAIN_SOAP_DOUBLE;
  const size_t bytes = table->numbers * (is_double ? sizeof(double) : sizeof(float));
  soap_table_free(table);
  void *memory = aligned_alloc(64, (bytes + 63) / 64 * 64);
  if (!memory)
    return 0;
  if (is_double)
    table->doubles = memory;
  else
    table->singles = memory;
  for (size_t i = 0; i < table->numbers; i++)
    if (is_double)
      table->doubles[i] = 0.0;
    else
      table->singles[i] = 0.0f;
  return 1;
}

enum mlgrain_status soap_table_create(struct soap_table *table, const struct soap_radial *radial,
                                      const struct mlgrain_soap_parameters *parameters,
                                      struct mlgrain_error *error)
{
  const double range = mlgrain_soap_reach(parameters);
  const struct choice choice =
      parameters->precision == MLGRAIN_SOAP_DOUBLE ? for_doubles : for_singles;
  const size_t functions = (size_t)(radial->n_max * (radial->l_max + 1));
  long double *value = malloc((MOST_NODES + 1) * functions * sizeof *value);
  enum mlgrain_status status = MLGRAIN_SUCCESS;
  if (!value)
    status = mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for the radial functions");
  double intervals = ceil(range / (choice.length * parameters->sigma));
  while (!status) {
    if (intervals * (double)(functions * MOST_NODES * sizeof(double)) > SOAP_MOST_TABLE) {
      status = mlgrain_fail(error, MLGRAIN_UNSUPPORTED,
                            "sigma %g is too small for cutoff %g: the table of radial functions "
                            "would need more than %d MB",
                            parameters->sigma, parameters->cutoff, SOAP_MOST_TABLE >> 20);
      break;
    }
    table->degree = choice.degree;
    table->intervals = (int)intervals;
    table->inverse_length = table->intervals / range;
    divide_into_groups(table, parameters);
    if (!allocate(table, parameters->precision)) {
      status = mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for the radial functions");
      break;
    }
    if (fill(table, radial, range, value) < choice.largest_error)
      break;
    intervals *= 1.5;
  }
  free(value);
  return status;
}

void soap_table_free(struct soap_table *table)
{
  free(table->doubles);
  free(table->singles);
  table->doubles = NULL;
  table->singles = NULL;
}
