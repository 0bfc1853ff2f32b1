/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mlgrain/graph_model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error_text.h"
#include "base/inner_product.h"
#include "matrices.h"
#include "models/model_private.h"

enum { MOST_ROWS = 65535 };

static const double LEAST_SQUARE = 1e-8; /* beside that of shapes, of which a logarithm is taken */

/* A Gaussian process for one isotropic part: kernel amplitude^2 exp(-sum_f ((x_f -
   y_f)/length_f)^2/2), and noise that depends on the features. */
struct process {
  double constant, amplitude;
  const double *length; /* [features] */
  const double *noise;  /* [1 + features] of the variance's logarithm */
  const double *weight; /* [rows] */
  const double *factor; /* [rows][rows] upper U, U U^T the inverse of kernel and noise */
};

struct mlgrain_graph_model {
  int size, parts, features, shapes;
  size_t rows;
  double *memory;             /* all arrays: copies, so that the file may be closed */
  double *shift, *scale;      /* [features] */
  float *range;               /* [2][features], or NULL */
  const double *row;          /* [rows][features], scaled */
  double *limit;              /* [2][features] least and greatest of the rows */
  const double *shape;        /* [shapes][1 + features] */
  const double *shape_noise;  /* [2 + features] of the logarithm of the rest's variance */
  const double *shape_factor; /* [terms][terms] upper U, U U^T the covariance of `shape` */
  struct process process[MATRIX_ISOTROPIC_MOST];
};

int mlgrain_graph_model_size(const struct mlgrain_graph_model *model)
{
  return model->size;
}

void mlgrain_graph_model_free(struct mlgrain_graph_model *model)
{
  if (!model)
    return;
  free(model->memory);
  free(model->shift); /* and scale */
  free(model->range);
  free(model);
}

/* ---- reading -----------------------------------------------------------------------------------
 */

static enum mlgrain_status read_property(struct mlgrain_graph_model *made,
                                         const struct mlgrain_model *file,
                                         struct mlgrain_error *error)
{
  const char *property = mlgrain_model_metadata(file, "property");
  if (!property || (strcmp(property, "conductivity") != 0 && strcmp(property, "stiffness") != 0))
    return mlgrain_fail(error, MLGRAIN_FORMAT_ERROR,
                        "%s: metadata 'property' is neither conductivity nor stiffness",
                        file->name);
  made->size = *property == 'c' ? 3 : 6;
  made->parts = made->size == 3 ? 1 : 2;
  made->features = mlgrain_graph_feature_count(made->size);
  made->shapes = mlgrain_graph_shape_count(made->size);
  int is_known = (size_t)made->features == file->features;
  for (int f = 0; is_known && f < made->features; f++) {
    char name[MLGRAIN_GRAPH_NAME];
    mlgrain_graph_feature_name(made->size, f, name);
    is_known = strcmp(name, mlgrain_model_feature(file, f)) == 0;
  }
  if (!is_known)
    return mlgrain_fail(error, MLGRAIN_FORMAT_ERROR,
                        "%s: its features are not those that this version makes of a polycrystal",
                        file->name);
  return MLGRAIN_SUCCESS;
}

/* Coefficients of shapes. */
static size_t terms_of(const struct mlgrain_graph_model *model)
{
  return (size_t)model->shapes * (size_t)(1 + model->features);
}

/* The tensors of a file, and where copies of them go. */
struct arrays {
  const double *row, *length, *amplitude, *noise, *constant, *weight, *factor, *shape, *shape_noise,
      *shape_factor;
};

static enum mlgrain_status read_arrays(struct mlgrain_graph_model *made,
                                       const struct mlgrain_model *file, struct arrays *arrays,
                                       struct mlgrain_error *error)
{
  const uint64_t features = (uint64_t)made->features, parts = (uint64_t)made->parts;
  const uint64_t terms = (uint64_t)terms_of(made);
  uint64_t of_rows[2] = {0, features};
  enum mlgrain_status status =
      model_doubles(file, "rows", MODEL_REQUIRED, 2, of_rows, &arrays->row, error);
  if (status)
    return status;
  if (of_rows[0] == 0 || of_rows[0] > MOST_ROWS)
    return mlgrain_fail(error, MLGRAIN_FORMAT_ERROR, "%s: no rows, or more than %d", file->name,
                        (int)MOST_ROWS);
  made->rows = of_rows[0];
  const uint64_t n = of_rows[0];
  const struct {
    const char *name;
    const double **data;
    int rank;
    uint64_t shape[3];
  } wanted[] = {
      {"length", &arrays->length, 2, {parts, features}},
      {"amplitude", &arrays->amplitude, 1, {parts}},
      {"noise", &arrays->noise, 2, {parts, 1 + features}},
      {"constant", &arrays->constant, 1, {parts}},
      {"weights", &arrays->weight, 2, {parts, n}},
      {"factor", &arrays->factor, 3, {parts, n, n}},
      {"shapes", &arrays->shape, 2, {(uint64_t)made->shapes, 1 + features}},
      {"shape_noise", &arrays->shape_noise, 1, {2 + features}},
      {"shape_factor", &arrays->shape_factor, 2, {terms, terms}},
  };
  for (size_t k = 0; !status && k < sizeof wanted / sizeof *wanted; k++) {
    uint64_t shape[3];
    memcpy(shape, wanted[k].shape, sizeof shape);
    status = model_doubles(file, wanted[k].name, MODEL_REQUIRED, wanted[k].rank, shape,
                           wanted[k].data, error);
  }
  return status;
}

static enum mlgrain_status check_arrays(const struct mlgrain_graph_model *made,
                                        const struct mlgrain_model *file,
                                        const struct arrays *arrays, struct mlgrain_error *error)
{
  int is_fine = 1;
  for (int p = 0; p < made->parts; p++)
    is_fine = is_fine && arrays->amplitude[p] > 0.0;
  for (int k = 0; k < made->parts * made->features; k++)
    is_fine = is_fine && arrays->length[k] > 0.0;
  if (!is_fine)
    return mlgrain_fail(error, MLGRAIN_FORMAT_ERROR, "%s: a length or amplitude is not positive",
                        file->name);
  enum mlgrain_status status = MLGRAIN_SUCCESS;
  for (int p = 0; !status && p < made->parts; p++)
    status = model_check_factor(file, "factor", made->rows,
                                arrays->factor + (size_t)p * made->rows * made->rows, 1, error);
  if (!status)
    status =
        model_check_factor(file, "shape_factor", terms_of(made), arrays->shape_factor, 0, error);
  return status;
}

static const double *copied(double **place, const double *from, size_t count)
{
  double *to = *place;
  memcpy(to, from, count * sizeof *to);
  *place += count;
  return to;
}

static void set_limits(struct mlgrain_graph_model *made)
{
  const size_t features = (size_t)made->features;
  for (size_t f = 0; f < features; f++) {
    double *least = &made->limit[f], *greatest = &made->limit[features + f];
    *least = *greatest = made->row[f];
    for (size_t r = 1; r < made->rows; r++) {
      *least = fmin(*least, made->row[r * features + f]);
      *greatest = fmax(*greatest, made->row[r * features + f]);
    }
  }
}

static int copy_arrays(struct mlgrain_graph_model *made, const struct arrays *arrays)
{
  const size_t features = (size_t)made->features, n = made->rows, parts = (size_t)made->parts,
               terms = terms_of(made);
  double *place = malloc((n * features + terms * (1 + terms) + 2 + 3 * features +
                          parts * (1 + 2 * features + n + n * n)) *
                         sizeof *place);
  made->memory = place;
  if (!place)
    return 0;
  made->row = copied(&place, arrays->row, n * features);
  made->shape = copied(&place, arrays->shape, terms);
  made->shape_noise = copied(&place, arrays->shape_noise, 2 + features);
  made->shape_factor = copied(&place, arrays->shape_factor, terms * terms);
  for (size_t p = 0; p < parts; p++) {
    struct process *process = &made->process[p];
    process->constant = arrays->constant[p];
    process->amplitude = arrays->amplitude[p];
    process->noise = copied(&place, arrays->noise + p * (1 + features), 1 + features);
    process->length = copied(&place, arrays->length + p * features, features);
    process->weight = copied(&place, arrays->weight + p * n, n);
    process->factor = copied(&place, arrays->factor + p * n * n, n * n);
  }
  made->limit = place;
  set_limits(made);
  return 1;
}

enum mlgrain_status mlgrain_graph_model_create(const struct mlgrain_model *file,
                                               struct mlgrain_graph_model **model,
                                               struct mlgrain_error *error)
{
  struct arrays arrays;
  *model = NULL;
  if (file->kind != MLGRAIN_MODEL_POLYCRYSTAL)
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "%s: the model is not one of polycrystals",
                        file->name);
  struct mlgrain_graph_model *made = calloc(1, sizeof *made);
  if (!made)
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "%s: out of memory", file->name);
  enum mlgrain_status status = read_property(made, file, error);
  if (!status)
    status = read_arrays(made, file, &arrays, error);
  if (!status)
    status = check_arrays(made, file, &arrays, error);
  if (!status)
    status = model_scaling(file, &made->shift, &made->scale, error);
  if (!status)
    status = model_range_copy(file, &made->range, error);
  if (!status && !copy_arrays(made, &arrays))
    status = mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "%s: out of memory", file->name);
  if (status)
    mlgrain_graph_model_free(made);
  else
    *model = made;
  return status;
}

/* ---- prediction --------------------------------------------------------------------------------
 */

/* kernel[rows]: with x, scaled. */
static void covariances(const struct mlgrain_graph_model *model, const struct process *process,
                        const double *x, double *kernel)
{
  const size_t features = (size_t)model->features;
  for (size_t r = 0; r < model->rows; r++) {
    double square = 0.0;
    for (size_t f = 0; f < features; f++) {
      const double distance = (x[f] - model->row[r * features + f]) / process->length[f];
      square += distance * distance;
    }
    kernel[r] = process->amplitude * process->amplitude * exp(-0.5 * square);
  }
}

/* noise_0 + sum_f noise_f x_f, x kept within what rows have. */
static double log_variance(const struct mlgrain_graph_model *model, const double *noise,
                           const double *x)
{
  double sum = noise[0];
  for (int f = 0; f < model->features; f++)
    sum += noise[1 + f] * fmin(fmax(x[f], model->limit[f]), model->limit[model->features + f]);
  return sum;
}

/* |x U|^2 of an upper triangular factor [n][n]; `projected` [n] for work. */
static double projected_square(size_t n, const double *factor, const double *x, double *projected)
{
  memset(projected, 0, n * sizeof *projected);
  for (size_t r = 0; r < n; r++)
    for (size_t c = r; c < n; c++)
      projected[c] += x[r] * factor[r * n + c];
  return inner_product(projected, projected, n);
}

static double predict_part(const struct mlgrain_graph_model *model, const struct process *process,
                           const double *x, double *kernel, double *variance)
{
  const size_t n = model->rows;
  double mean = process->constant;
  covariances(model, process, x, kernel);
  for (size_t r = 0; r < n; r++)
    mean += kernel[r] * process->weight[r];
  const double known = projected_square(n, process->factor, kernel, kernel + n);
  const double prior = process->amplitude * process->amplitude;
  *variance = fmax(prior - known, 0.0) + exp(log_variance(model, process->noise, x));
  return mean;
}

/* residual += sum_k (c_k0 + sum_f c_kf x_f) shape_k */
static void add_shapes(const struct mlgrain_graph_model *model,
                       const struct mlgrain_graph_features *of, const double *x, double *residual)
{
  for (int k = 0; k < model->shapes; k++) {
    const double *c = model->shape + k * (1 + model->features);
    double factor = c[0];
    for (int f = 0; f < model->features; f++)
      factor += c[1 + f] * x[f];
    for (int i = 0; i < model->size * model->size; i++)
      residual[i] += factor * of->shape[k][i];
  }
}

/* Sum over all elements of what isn't known of them; `memory` for two times all terms. */
static double unknown_square(const struct mlgrain_graph_model *model,
                             const struct mlgrain_graph_features *of, const double *x,
                             double *memory)
{
  const size_t terms = terms_of(model), features = (size_t)model->features;
  double *own = memory, sum = 0.0;
  for (int i = 0; i < model->size * model->size; i++) {
    for (size_t k = 0; k < (size_t)model->shapes; k++)
      for (size_t f = 0; f <= features; f++)
        own[k * (1 + features) + f] = of->shape[k][i] * (f ? x[f - 1] : 1.0);
    sum += projected_square(terms, model->shape_factor, own, memory + terms);
  }
  return sum;
}

/* The part of that which a diagonal element has, if all that are independent are alike: elements of
   a symmetric matrix without isotropic parts. */
static double part_of_diagonal(int size, int parts)
{
  const int independent = size * (size + 1) / 2 - parts;
  return (double)(size - parts) / (double)(size * independent);
}

/* What is to be expected of a diagonal element's square: also by the mean square of the shapes. */
static double rest_variance(const struct mlgrain_graph_model *model,
                            const struct mlgrain_graph_features *of, const double *x,
                            double *memory)
{
  double square = LEAST_SQUARE;
  for (int k = 0; k < of->shapes; k++)
    square += matrix_product(of->size, of->shape[k], of->shape[k]) / of->shapes;
  const double by_shapes = model->shape_noise[1 + model->features] * log(square);
  return exp(log_variance(model, model->shape_noise, x) + by_shapes) +
         part_of_diagonal(model->size, model->parts) * unknown_square(model, of, x, memory);
}

static int is_outside(const struct mlgrain_graph_model *model,
                      const struct mlgrain_graph_features *of)
{
  for (int f = 0; model->range && f < model->features; f++) {
    const float rounded = (float)of->feature[f];
    if (rounded < model->range[f] || rounded > model->range[model->features + f])
      return 1;
  }
  return 0;
}

enum mlgrain_status mlgrain_graph_model_predict(const struct mlgrain_graph_model *model,
                                                const struct mlgrain_graph *graph,
                                                struct mlgrain_graph_prediction *prediction,
                                                struct mlgrain_error *error)
{
  const int size = model->size;
  struct mlgrain_graph_features of;
  double x[MLGRAIN_GRAPH_MOST_FEATURES], part[MATRIX_ISOTROPIC_MOST] = {0.0};
  double residual[MATRIX_NUMBERS] = {0.0}, root[MATRIX_NUMBERS], variance = 0.0;
  if (graph->size != size)
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "the model is for %s",
                        size == 3 ? "conductivities" : "stiffnesses");
  enum mlgrain_status status = mlgrain_graph_describe(graph, &of, error);
  const size_t most = model->rows > terms_of(model) ? model->rows : terms_of(model);
  double *kernel = status ? NULL : malloc(2 * most * sizeof *kernel);
  if (status)
    return status;
  if (!kernel)
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for a prediction");
  for (int f = 0; f < model->features; f++)
    x[f] = (of.feature[f] - model->shift[f]) / model->scale[f];
  for (int p = 0; p < model->parts; p++) {
    double own;
    part[p] = predict_part(model, &model->process[p], x, kernel, &own);
    variance += own / model->parts;
  }
  variance += rest_variance(model, &of, x, kernel);
  free(kernel);
  add_shapes(model, &of, x, residual);
  matrix_add_isotropic(size, part, 1.0, residual);
  matrix_function(size, residual, exp, residual);
  matrix_function(size, of.reference, sqrt, root);
  matrix_between(size, root, residual, residual);
  matrix_to_voigt(size, residual, prediction->tensor);
  for (int i = 0; i < size * size; i++)
    if (!isfinite(prediction->tensor[i]))
      return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                          "the polycrystal is too unlike those that the model was trained on");
  prediction->error = sqrt(variance);
  prediction->is_outside = is_outside(model, &of);
  return MLGRAIN_SUCCESS;
}
