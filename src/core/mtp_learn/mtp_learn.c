/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mlgrain/mtp_learn.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/counter_random.h"
#include "base/error_text.h"
#include "base/safetensors.h"
#include "learn_private.h"

/* Of matrices in units in which their diagonals are 1; that of the fit's own error bars. */
static const double RIDGE = 1e-9;

/* Parameters in the fit's file are those of the potential up to this. */
static const double SAME = 1e-12;

static enum mlgrain_status out_of_memory(struct mlgrain_error *error)
{
  return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for a potential that learns");
}

static double *numbers(size_t count)
{
  return calloc(count + 1, sizeof(double));
}

/* right: [rights][linear]; -matrix^-1 right */
static enum mlgrain_status solve(const double *matrix, const double *right, size_t rights,
                                 size_t linear, double *solution, struct mlgrain_error *error)
{
  double *damping = numbers(linear);
  if (!damping)
    return out_of_memory(error);
  for (size_t k = 0; k < linear; k++)
    damping[k] = RIDGE;
  const enum mlgrain_status status =
      mlgrain_mtp_solve_several(matrix, right, rights, damping, linear, solution, NULL, error);
  free(damping);
  return status;
}

/* y = matrix x, of which the lower triangle is there */
static void multiply(const double *matrix, const double *x, size_t n, double *y)
{
  memset(y, 0, n * sizeof *y);
  for (size_t i = 0; i < n; i++) {
    double sum = 0.0;
    for (size_t j = 0; j < i; j++) {
      sum += matrix[i * n + j] * x[j];
      y[j] += matrix[i * n + j] * x[i];
    }
    y[i] += sum + matrix[i * n + i] * x[i];
  }
}

/* ---- making --------------------------------------------------------------------------------- */

/* A tensor of finite numbers, [rows][columns], or [columns] if rows is 0. */
static enum mlgrain_status find(const struct safetensors *file, const char *name, const char *type,
                                size_t rows, size_t columns, const void **data,
                                struct mlgrain_error *error)
{
  const struct safetensors_tensor *tensor = safetensors_find(file, name);
  const int rank = rows ? 2 : 1;
  if (!tensor || strcmp(tensor->type, type) != 0 || tensor->rank != rank ||
      tensor->shape[rank - 1] != columns || (rows && tensor->shape[0] != rows))
    return mlgrain_fail(error, MLGRAIN_FORMAT_ERROR,
                        "%s: there is no tensor '%s' of type %s and shape %zu %zu", file->name,
                        name, type, rows ? rows : 1, columns);
  *data = tensor->data;
  for (size_t k = 0; k < (rows ? rows : 1) * columns; k++) {
    const double number =
        type[1] == '6' ? ((const double *)*data)[k] : (double)((const float *)*data)[k];
    if (!isfinite(number))
      return mlgrain_fail(error, MLGRAIN_NOT_FINITE,
                          "%s: tensor '%s' has a number that is not "
                          "finite",
                          file->name, name);
  }
  return MLGRAIN_SUCCESS;
}

/* The block of the linear coefficients, which are the last ones. */
static void take_block(const double *whole, size_t n, size_t linear, double *block)
{
  for (size_t i = 0; i < linear; i++)
    memcpy(block + i * linear, whole + (n - linear + i) * n + n - linear, linear * sizeof *block);
}

static enum mlgrain_status read_fit(const struct safetensors *file,
                                    struct mlgrain_mtp_learner *learner,
                                    struct mlgrain_error *error)
{
  const size_t n = learner->file->parameter_count, linear = learner->linear;
  const void *parameters = NULL, *normal = NULL, *gradient = NULL, *sites = NULL;
  enum mlgrain_status status = find(file, "parameters", "F64", 0, n, &parameters, error);
  if (!status)
    status = find(file, "normal", "F64", n, n, &normal, error);
  if (!status)
    status = find(file, "gradient", "F64", 0, n, &gradient, error);
  if (!status)
    status = find(file, "sites", "F64", n, n, &sites, error);
  if (status || !parameters || !normal || !gradient || !sites)
    return status;
  double *own = numbers(n);
  if (!own)
    return out_of_memory(error);
  mlgrain_mtp_file_parameters(learner->file, own);
  for (size_t k = 0; k < n && !status; k++)
    if (!(fabs(own[k] - ((const double *)parameters)[k]) <= SAME * fabs(own[k])))
      status = mlgrain_fail(error, MLGRAIN_FORMAT_ERROR, "%s is the fit of another potential",
                            file->name);
  free(own);
  take_block(normal, n, linear, learner->normal);
  take_block(sites, n, linear, learner->sites);
  for (size_t k = 0; k < linear; k++) /* the file has that of the loss */
    learner->gradient[k] = 0.5 * ((const double *)gradient)[n - linear + k];
  return status;
}

/* Sketch and members, and the sums that they are solutions of. */
static enum mlgrain_status read_bars(const struct safetensors *file,
                                     struct mlgrain_mtp_learner *learner,
                                     struct mlgrain_error *error)
{
  const size_t linear = learner->linear;
  const struct safetensors_tensor *tensor = safetensors_find(file, "sketch");
  const void *sketch = NULL, *members = NULL;
  learner->rows = tensor && tensor->rank == 2 ? (size_t)tensor->shape[0] : 0;
  learner->members = (size_t)mlgrain_mtp_error_members(learner->bars);
  if (!learner->members)
    return mlgrain_fail(error, MLGRAIN_FORMAT_ERROR,
                        "%s: these error bars know leverages only, no errors", file->name);
  enum mlgrain_status status = find(file, "sketch", "F32", learner->rows, linear, &sketch, error);
  if (!status)
    status = find(file, "members", "F32", learner->members, linear, &members, error);
  if (status || !sketch || !members)
    return status;
  learner->sketch = numbers(learner->rows * linear);
  learner->sums = numbers(learner->rows * linear);
  learner->member = numbers(learner->members * linear);
  learner->scores = numbers(learner->members * linear);
  if (!learner->sketch || !learner->sums || !learner->member || !learner->scores)
    return out_of_memory(error);
  for (size_t k = 0; k < learner->rows * linear; k++)
    learner->sketch[k] = (double)((const float *)sketch)[k];
  for (size_t k = 0; k < learner->members * linear; k++)
    learner->member[k] = (double)((const float *)members)[k];
  for (size_t k = 0; k < learner->rows; k++)
    multiply(learner->sites, learner->sketch + k * linear, linear, learner->sums + k * linear);
  for (size_t k = 0; k < learner->members; k++)
    multiply(learner->normal, learner->member + k * linear, linear, learner->scores + k * linear);
  return MLGRAIN_SUCCESS;
}

static enum mlgrain_status
read_tensors(const char *name, const void *bytes, size_t size,
             enum mlgrain_status (*take)(const struct safetensors *, struct mlgrain_mtp_learner *,
                                         struct mlgrain_error *),
             struct mlgrain_mtp_learner *learner, struct mlgrain_error *error)
{
  struct safetensors file;
  enum mlgrain_status status = safetensors_open(&file, name, bytes, size, error);
  if (!status)
    status = take(&file, learner, error);
  safetensors_close(&file);
  return status;
}

static enum mlgrain_status make(const struct mlgrain_mtp_lesson *lesson,
                                struct mlgrain_mtp_learner *learner, struct mlgrain_error *error)
{
  enum mlgrain_status status = mlgrain_mtp_file_parse(
      lesson->potential_name, lesson->potential, lesson->potential_size, &learner->file, error);
  if (!status)
    status = mlgrain_mtp_create(learner->file, mlgrain_simd_best(), &learner->mtp, error);
  if (!status)
    status = mlgrain_mtp_model_create(learner->file, mlgrain_simd_best(), &learner->model, error);
  if (!status)
    status = mlgrain_mtp_error_bars_parse(lesson->bars_name, lesson->bars, lesson->bars_size,
                                          learner->file, learner->mtp, &learner->bars, error);
  if (status)
    return status;
  learner->linear = (size_t)(learner->file->species_count + learner->file->scalar_count);
  learner->normal = numbers(learner->linear * learner->linear);
  learner->sites = numbers(learner->linear * learner->linear);
  learner->gradient = numbers(learner->linear);
  if (!learner->normal || !learner->sites || !learner->gradient)
    return out_of_memory(error);
  status = read_tensors(lesson->fit_name, lesson->fit, lesson->fit_size, read_fit, learner, error);
  if (!status)
    status =
        read_tensors(lesson->bars_name, lesson->bars, lesson->bars_size, read_bars, learner, error);
  return status;
}

enum mlgrain_status mlgrain_mtp_learner_create(const struct mlgrain_mtp_lesson *lesson,
                                               const struct mlgrain_mtp_weights *weights,
                                               uint64_t seed, struct mlgrain_mtp_learner **learner,
                                               struct mlgrain_error *error)
{
  *learner = NULL;
  struct mlgrain_mtp_learner *made = calloc(1, sizeof *made);
  if (!made)
    return out_of_memory(error);
  made->weights = *weights;
  made->seed = seed;
  const enum mlgrain_status status = make(lesson, made, error);
  if (status)
    mlgrain_mtp_learner_free(made);
  else
    *learner = made;
  return status;
}

void mlgrain_mtp_learner_free(struct mlgrain_mtp_learner *learner)
{
  if (!learner)
    return;
  mlgrain_mtp_file_free(learner->file);
  mlgrain_mtp_free(learner->mtp);
  mlgrain_mtp_model_free(learner->model);
  mlgrain_mtp_error_bars_free(learner->bars);
  free(learner->normal);
  free(learner->gradient);
  free(learner->sites);
  free(learner->sketch);
  free(learner->sums);
  free(learner->member);
  free(learner->scores);
  free(learner);
}

/* ---- learning ------------------------------------------------------------------------------- */

/* A learning step in work: what becomes of the learner if all succeeds. */
struct step {
  size_t count;
  struct learn_frame *frame;      /* [count] */
  struct mlgrain_mtp_data **data; /* [count] */
  double **weight;                /* [count] of forces */
  double *rows, *right;           /* [linear][linear], [linear]: what all cells add to H and g */
  double *whole;                  /* [parameters] a gradient */
  double *normal, *gradient, *sites, *sketch, *sums, *member, *scores, *change;
  struct mlgrain_mtp *mtp;
  struct mlgrain_mtp_error_bars *bars;
  struct mlgrain_mtp_train_workspace *workspace;
};

static void step_free(struct step *step)
{
  for (size_t k = 0; k < step->count; k++) {
    if (step->frame)
      learn_frame_free(&step->frame[k]);
    if (step->data)
      mlgrain_mtp_data_free(step->data[k]);
    if (step->weight)
      free(step->weight[k]);
  }
  free(step->frame);
  free(step->data);
  free(step->weight);
  free(step->rows);
  free(step->right);
  free(step->whole);
  free(step->normal);
  free(step->gradient);
  free(step->sites);
  free(step->sketch);
  free(step->sums);
  free(step->member);
  free(step->scores);
  free(step->change);
  mlgrain_mtp_free(step->mtp);
  mlgrain_mtp_error_bars_free(step->bars);
  mlgrain_mtp_train_workspace_free(step->workspace);
}

static double *copy(const double *from, size_t count)
{
  double *made = numbers(count);
  if (made)
    memcpy(made, from, count * sizeof *made);
  return made;
}

static enum mlgrain_status reserve(const struct mlgrain_mtp_learner *learner, size_t count,
                                   struct step *step)
{
  const size_t linear = learner->linear, n = learner->file->parameter_count;
  step->count = count;
  step->frame = calloc(count + 1, sizeof *step->frame);
  step->data = calloc(count + 1, sizeof(struct mlgrain_mtp_data *));
  step->weight = calloc(count + 1, sizeof(double *));
  step->rows = numbers(linear * linear);
  step->right = numbers(linear);
  step->whole = numbers(n);
  step->normal = copy(learner->normal, linear * linear);
  step->gradient = copy(learner->gradient, linear);
  step->sites = copy(learner->sites, linear * linear);
  step->sketch = numbers(learner->rows * linear);
  step->sums = copy(learner->sums, learner->rows * linear);
  step->member = numbers(learner->members * linear);
  step->scores = copy(learner->scores, learner->members * linear);
  step->change = numbers(linear);
  const int good = step->frame && step->data && step->weight && step->rows && step->right &&
                   step->whole && step->normal && step->gradient && step->sites && step->sketch &&
                   step->sums && step->member && step->scores && step->change;
  return good ? MLGRAIN_SUCCESS : MLGRAIN_OUT_OF_MEMORY;
}

/* Makes a cell ready for training; its labels must be finite. */
static enum mlgrain_status prepare(const struct mlgrain_mtp_learner *learner,
                                   const struct mlgrain_mtp_cell *cell, size_t k, struct step *step,
                                   struct mlgrain_error *error)
{
  struct learn_frame *made = &step->frame[k];
  enum mlgrain_status status =
      learn_frame_make(cell, learner->file->species_count, learner->file->max_dist, made, error);
  if (status)
    return status;
  step->weight[k] = copy(cell->force_weight, cell->count);
  if (!step->weight[k])
    return out_of_memory(error);
  struct mlgrain_mtp_frame frame = {.atoms = cell->count,
                                    .total = made->images->count,
                                    .x = (const double(*)[3])made->images->x,
                                    .species = made->species,
                                    .owner = made->images->owner,
                                    .neighbors = made->neighbors,
                                    .first = made->first,
                                    .energy = cell->energy,
                                    .energy_weight = 1.0,
                                    .force = cell->force,
                                    .force_weight = step->weight[k],
                                    .virial_weight = 1.0};
  memcpy(frame.virial, cell->virial, sizeof frame.virial);
  mlgrain_mtp_weigh(&learner->weights, &frame, step->weight[k]);
  return mlgrain_mtp_data_create(learner->model, &frame, 1, cell->count, &step->data[k], error);
}

static double normal_number(const struct mlgrain_mtp_learner *learner, uint64_t item, uint64_t draw)
{
  return random_normal(learner->seed, RANDOM_PUBLIC, item, draw);
}

/* Adds the rows of all cells to H and g. */
static enum mlgrain_status add_rows(const struct mlgrain_mtp_learner *learner, double weight,
                                    struct step *step, struct mlgrain_error *error)
{
  const size_t linear = learner->linear;
  for (size_t k = 0; k < step->count; k++) {
    struct mlgrain_mtp_loss loss = {0};
    for (size_t b = 0; b < mlgrain_mtp_data_blocks(step->data[k]); b++) {
      const enum mlgrain_status status =
          mlgrain_mtp_data_normal(step->data[k], learner->model, step->workspace, b,
                                  MLGRAIN_MTP_LINEAR, step->rows, step->right, NULL, &loss, error);
      if (status)
        return status;
    }
  }
  for (size_t i = 0; i < linear; i++) {
    step->gradient[i] += weight * step->right[i];
    for (size_t j = 0; j <= i; j++)
      step->normal[i * linear + j] += weight * step->rows[i * linear + j];
  }
  return MLGRAIN_SUCCESS;
}

/* theta -= H^-1 g; what is left of g is due to the ridge. */
static enum mlgrain_status change_coefficients(const struct mlgrain_mtp_learner *learner,
                                               struct step *step, struct mlgrain_error *error)
{
  const size_t linear = learner->linear;
  double *gone = numbers(linear);
  if (!gone)
    return out_of_memory(error);
  const enum mlgrain_status status =
      solve(step->normal, step->gradient, 1, linear, step->change, error);
  if (!status) {
    multiply(step->normal, step->change, linear, gone);
    for (size_t k = 0; k < linear; k++)
      step->gradient[k] += gone[k];
  }
  free(gone);
  return status;
}

static void apply(struct mlgrain_mtp_file *file, const double *change, double sign)
{
  for (int s = 0; s < file->species_count; s++)
    file->species_coeffs[s] += sign * change[s];
  for (int s = 0; s < file->scalar_count; s++)
    file->moment_coeffs[s] += sign * change[file->species_count + s];
}

/* Adds what cells that have been learned still say to members. */
static enum mlgrain_status renew_members(struct mlgrain_mtp_learner *learner, double weight,
                                         struct step *step, struct mlgrain_error *error)
{
  const size_t linear = learner->linear, before = learner->file->parameter_count - linear;
  double *gradient = step->whole;
  for (size_t k = 0; k < step->count; k++) {
    struct mlgrain_mtp_loss loss = {0};
    memset(gradient, 0, learner->file->parameter_count * sizeof *gradient);
    for (size_t b = 0; b < mlgrain_mtp_data_blocks(step->data[k]); b++) {
      const enum mlgrain_status status = mlgrain_mtp_data_loss(
          step->data[k], learner->model, step->workspace, b, &loss, gradient, error);
      if (status)
        return status;
    }
    const uint64_t item = learner->drawn++;
    for (size_t m = 0; m < learner->members; m++) {
      const double factor = 0.5 * weight * normal_number(learner, item, m);
      for (size_t i = 0; i < linear; i++)
        step->scores[m * linear + i] += factor * gradient[before + i];
    }
  }
  const enum mlgrain_status status =
      solve(step->normal, step->scores, learner->members, linear, step->member, error);
  for (size_t k = 0; k < learner->members * linear; k++)
    step->member[k] = -step->member[k];
  return status;
}

/* Adds the neighborhoods of a block's atoms. rows: [atoms][parameters] */
static void add_sites(struct mlgrain_mtp_learner *learner, const double *rows, size_t atoms,
                      struct step *step)
{
  const size_t linear = learner->linear, n = learner->file->parameter_count;
  const double size = 1.0 / sqrt((double)learner->rows);
  for (size_t a = 0; a < atoms; a++) {
    const double *v = rows + a * n + n - linear;
    const uint64_t item = learner->drawn++;
    for (size_t i = 0; i < linear; i++)
      for (size_t j = 0; j <= i; j++)
        step->sites[i * linear + j] += v[i] * v[j];
    for (size_t r = 0; r < learner->rows; r++) {
      const double factor = size * normal_number(learner, item, r);
      for (size_t i = 0; i < linear; i++)
        step->sums[r * linear + i] += factor * v[i];
    }
  }
}

static enum mlgrain_status renew_sketch(struct mlgrain_mtp_learner *learner, struct step *step,
                                        struct mlgrain_error *error)
{
  const size_t linear = learner->linear, n = learner->file->parameter_count;
  enum mlgrain_status status = MLGRAIN_SUCCESS;
  for (size_t k = 0; k < step->count && !status; k++)
    for (size_t b = 0; b < mlgrain_mtp_data_blocks(step->data[k]) && !status; b++) {
      const size_t atoms = mlgrain_mtp_data_first_atom(step->data[k], b + 1) -
                           mlgrain_mtp_data_first_atom(step->data[k], b);
      double *rows = numbers(atoms * n);
      status = rows ? mlgrain_mtp_data_rows(step->data[k], learner->model, step->workspace, b, rows,
                                            error)
                    : out_of_memory(error);
      if (!status)
        add_sites(learner, rows, atoms, step);
      free(rows);
    }
  if (!status)
    status = solve(step->sites, step->sums, learner->rows, linear, step->sketch, error);
  for (size_t k = 0; k < learner->rows * linear; k++)
    step->sketch[k] = -step->sketch[k];
  return status;
}

static void exchange(double **one, double **other)
{
  double *kept = *one;
  *one = *other;
  *other = kept;
}

/* What was worked out becomes the learner's; step_free frees what was. */
static void keep(struct mlgrain_mtp_learner *learner, struct step *step)
{
  struct mlgrain_mtp *mtp = learner->mtp;
  struct mlgrain_mtp_error_bars *bars = learner->bars;
  learner->mtp = step->mtp;
  learner->bars = step->bars;
  step->mtp = mtp;
  step->bars = bars;
  exchange(&learner->normal, &step->normal);
  exchange(&learner->gradient, &step->gradient);
  exchange(&learner->sites, &step->sites);
  exchange(&learner->sketch, &step->sketch);
  exchange(&learner->sums, &step->sums);
  exchange(&learner->member, &step->member);
  exchange(&learner->scores, &step->scores);
}

/* With the coefficients changed. */
static enum mlgrain_status renew(struct mlgrain_mtp_learner *learner, double weight,
                                 struct step *step, struct mlgrain_error *error)
{
  enum mlgrain_status status = mlgrain_mtp_model_update(learner->file, learner->model, error);
  if (!status)
    status = renew_members(learner, weight, step, error);
  if (!status)
    status = renew_sketch(learner, step, error);
  if (!status)
    status = mlgrain_mtp_create(learner->file, mlgrain_simd_best(), &step->mtp, error);
  if (!status)
    status = mlgrain_mtp_error_bars_renew(learner->bars, learner->file, step->mtp, step->sketch,
                                          learner->rows, step->member, 1.0, &step->bars, error);
  return status;
}

static enum mlgrain_status work_out(struct mlgrain_mtp_learner *learner,
                                    const struct mlgrain_mtp_cell *cells, double weight,
                                    struct step *step, struct mlgrain_error *error)
{
  enum mlgrain_status status = mlgrain_mtp_train_workspace_create(&step->workspace, error);
  for (size_t k = 0; k < step->count && !status; k++)
    status = prepare(learner, &cells[k], k, step, error);
  if (!status)
    status = add_rows(learner, weight, step, error);
  if (!status)
    status = change_coefficients(learner, step, error);
  if (status)
    return status;
  apply(learner->file, step->change, 1.0);
  status = renew(learner, weight, step, error);
  if (status) {
    apply(learner->file, step->change, -1.0);
    mlgrain_mtp_model_update(learner->file, learner->model, NULL);
  }
  return status;
}

enum mlgrain_status mlgrain_mtp_learner_learn(struct mlgrain_mtp_learner *learner,
                                              const struct mlgrain_mtp_cell *cells, size_t count,
                                              double weight, struct mlgrain_error *error)
{
  struct step step = {0};
  if (!count)
    return MLGRAIN_SUCCESS;
  if (!(weight > 0.0) || !isfinite(weight))
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "a weight of %g is not positive", weight);
  enum mlgrain_status status = reserve(learner, count, &step)
                                   ? out_of_memory(error)
                                   : work_out(learner, cells, weight, &step, error);
  if (!status)
    keep(learner, &step);
  step_free(&step);
  return status;
}

/* ---- what there is -------------------------------------------------------------------------- */

const struct mlgrain_mtp_file *mlgrain_mtp_learner_file(const struct mlgrain_mtp_learner *learner)
{
  return learner->file;
}

size_t mlgrain_mtp_learner_linear(const struct mlgrain_mtp_learner *learner)
{
  return learner->linear;
}

size_t mlgrain_mtp_learner_rows(const struct mlgrain_mtp_learner *learner)
{
  return learner->rows;
}

size_t mlgrain_mtp_learner_members(const struct mlgrain_mtp_learner *learner)
{
  return learner->members;
}

const double *mlgrain_mtp_learner_sketch(const struct mlgrain_mtp_learner *learner)
{
  return learner->sketch;
}

const double *mlgrain_mtp_learner_differences(const struct mlgrain_mtp_learner *learner)
{
  return learner->member;
}
