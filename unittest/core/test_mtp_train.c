/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Training: loss, gradient, products and normal matrix of every SIMD level against plain formulas
   and finite differences. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mtp_random.h"
#include "mtp_train_reference.h"
#include "near.h"

enum { FRAMES = 4 };

/* Random configurations with random labels. */
struct sample {
  struct atoms atoms[FRAMES];
  int *neighbors[FRAMES];
  size_t *first[FRAMES];
  double (*force[FRAMES])[3], *force_weight[FRAMES];
  struct mlgrain_mtp_frame frames[FRAMES];
};

static void fill_lists(struct sample *sample, int k)
{
  const struct atoms *atoms = &sample->atoms[k];
  size_t count = 0;
  sample->first[k] = malloc(((size_t)atoms->local + 1) * sizeof(size_t));
  for (int i = 0; i < atoms->local; i++)
    count += (size_t)atoms->neighbor_count[i];
  sample->neighbors[k] = malloc((count + 1) * sizeof(int));
  count = 0;
  for (int i = 0; i < atoms->local; i++) {
    sample->first[k][i] = count;
    memcpy(sample->neighbors[k] + count, atoms->neighbors[i],
           (size_t)atoms->neighbor_count[i] * sizeof(int));
    count += (size_t)atoms->neighbor_count[i];
  }
  sample->first[k][atoms->local] = count;
}

/* The last frame has no forces, the one before no energy; the second no virial. Some atoms' forces
   have no weight. */
static void fill_labels(struct sample *sample, int k, struct random_source *source)
{
  const struct atoms *atoms = &sample->atoms[k];
  const size_t count = (size_t)atoms->local;
  struct mlgrain_mtp_frame *frame = &sample->frames[k];
  sample->force[k] = malloc(count * sizeof *sample->force[k]);
  sample->force_weight[k] = malloc(count * sizeof(double));
  for (size_t i = 0; i < count; i++) {
    sample->force_weight[k][i] = i % 5 == 1 ? 0.0 : random_number(source, 0.1, 2);
    for (int d = 0; d < 3; d++)
      sample->force[k][i][d] = i % 5 == 1 ? NAN : random_number(source, -3, 3);
  }
  *frame = (struct mlgrain_mtp_frame){.atoms = count,
                                      .total = (size_t)atoms->total,
                                      .x = (const double(*)[3])atoms->x,
                                      .species = atoms->species,
                                      .owner = atoms->owner,
                                      .neighbors = sample->neighbors[k],
                                      .first = sample->first[k],
                                      .energy = random_number(source, -20, 20),
                                      .energy_weight = k == FRAMES - 2 ? 0.0 : 1.3,
                                      .force = (const double(*)[3])sample->force[k],
                                      .force_weight = sample->force_weight[k],
                                      .virial_weight = k == 1 ? 0.0 : 0.2};
  if (k == FRAMES - 1)
    frame->force = NULL;
  for (int c = 0; c < 6; c++)
    frame->virial[c] = random_number(source, -5, 5);
}

static void sample_make(const struct mlgrain_mtp_file *file, double closest, unsigned long seed,
                        struct sample *sample)
{
  static const int sizes[FRAMES] = {13, 3, 6, 9};
  struct random_source source = {seed};
  for (int k = 0; k < FRAMES; k++) {
    random_atoms(sizes[k], file->species_count, closest, file->max_dist, seed + (unsigned)k,
                 &sample->atoms[k]);
    atoms_build_lists(&sample->atoms[k], file->max_dist + 0.5);
    fill_lists(sample, k);
    fill_labels(sample, k, &source);
  }
}

static void sample_free(struct sample *sample)
{
  for (int k = 0; k < FRAMES; k++) {
    atoms_free(&sample->atoms[k]);
    free(sample->neighbors[k]);
    free(sample->first[k]);
    free(sample->force[k]);
    free(sample->force_weight[k]);
  }
}

/* Everything that training computes, of all frames. */
struct results {
  double *energy, (*force)[3], (*virial)[6];
  struct mlgrain_mtp_loss loss, loss_of_normal, loss_of_linear;
  double *gradient, *right, *normal, *scores, *product, *rows;
  double *linear_right, *linear_normal; /* of the parameters that the energy is linear in */
  double *rows_right, *rows_normal;     /* the same, of the rows of the Jacobian */
};

static void results_make(size_t n, size_t atoms, struct results *results)
{
  memset(results, 0, sizeof *results);
  results->energy = calloc(FRAMES, sizeof(double));
  results->force = calloc(atoms, sizeof *results->force);
  results->virial = calloc(FRAMES, sizeof *results->virial);
  results->gradient = calloc(n, sizeof(double));
  results->right = calloc(n, sizeof(double));
  results->normal = calloc(n * n, sizeof(double));
  results->scores = calloc(n * n, sizeof(double));
  results->product = calloc(n, sizeof(double));
  results->linear_right = calloc(n, sizeof(double));
  results->linear_normal = calloc(n * n, sizeof(double));
  results->rows_right = calloc(n, sizeof(double));
  results->rows_normal = calloc(n * n, sizeof(double));
  results->rows = calloc(atoms * n, sizeof(double));
}

static void results_free(struct results *results)
{
  free(results->energy);
  free(results->force);
  free(results->virial);
  free(results->gradient);
  free(results->right);
  free(results->normal);
  free(results->scores);
  free(results->product);
  free(results->linear_right);
  free(results->linear_normal);
  free(results->rows_right);
  free(results->rows_normal);
  free(results->rows);
}

static size_t atoms_of(const struct sample *sample)
{
  size_t count = 0;
  for (int k = 0; k < FRAMES; k++)
    count += sample->frames[k].atoms;
  return count;
}

static double direction_of(size_t k)
{
  return sin(1.0 + 3.0 * (double)k);
}

static void add_reference_loss(const struct mlgrain_mtp_frame *frame, const double *weight,
                               const double *residual, struct mlgrain_mtp_loss *loss)
{
  const size_t count = train_reference_rows(frame);
  for (size_t row = 0; row < count; row++) {
    const double squares = residual[row] * residual[row], weighted = weight[row] * squares;
    if (!(weight[row] > 0.0))
      continue;
    if (row == 0) {
      loss->energy += weighted;
      loss->energy_squares += squares / pow((double)frame->atoms, 2);
      loss->energy_count++;
    } else if (row < count - 6) {
      loss->force += weighted;
      loss->force_squares += squares;
      loss->force_count++;
    } else {
      loss->virial += weighted;
      loss->virial_squares += squares;
      loss->virial_count++;
    }
  }
}

static size_t linear_count(const struct mlgrain_mtp_file *file)
{
  return (size_t)(file->species_count + file->scalar_count);
}

/* By the plain formulas: J, then sums over its rows. */
static void compute_reference(struct mlgrain_mtp_file *file, const struct sample *sample,
                              struct results *results)
{
  const size_t n = file->parameter_count;
  size_t atom = 0;
  for (int f = 0; f < FRAMES; f++) {
    const struct mlgrain_mtp_frame *frame = &sample->frames[f];
    const size_t count = train_reference_rows(frame);
    double *columns = malloc(n * count * sizeof *columns),
           *values = malloc(3 * count * sizeof(double));
    double *weight = values + count, *label = weight + count;
    train_reference(file, frame, values, columns);
    train_reference_labels(frame, weight, label);
    results->energy[f] = values[0];
    memcpy(results->force + atom, values + 1, frame->atoms * sizeof *results->force);
    memcpy(results->virial + f, values + count - 6, sizeof *results->virial);
    for (size_t row = 0; row < count; row++)
      values[row] = weight[row] > 0.0 ? values[row] - label[row] : 0.0;
    add_reference_loss(frame, weight, values, &results->loss);
    double *own = calloc(n, sizeof *own);
    for (size_t k = 0; k < n; k++)
      for (size_t row = 0; row < count; row++)
        own[k] += weight[row] * columns[k * count + row] * values[row];
    for (size_t k = 0; k < n; k++)
      for (size_t l = 0; l <= k; l++)
        results->scores[k * n + l] += own[k] * own[l];
    free(own);
    for (size_t row = 0; row < count; row++) {
      double along = 0.0;
      for (size_t k = 0; k < n; k++)
        along += columns[k * count + row] * direction_of(k);
      for (size_t k = 0; k < n; k++) {
        const double weighted = weight[row] * columns[k * count + row];
        results->right[k] += weighted * values[row];
        results->product[k] += weighted * along;
        for (size_t l = 0; l <= k; l++)
          results->normal[k * n + l] += weighted * columns[l * count + row];
      }
    }
    atom += frame->atoms;
    free(columns);
    free(values);
  }
  for (size_t k = 0; k < n; k++)
    results->gradient[k] = 2.0 * results->right[k];
  results->loss_of_normal = results->loss_of_linear = results->loss;
  const size_t linear = linear_count(file), first = n - linear;
  for (size_t k = 0; k < linear; k++) {
    results->linear_right[k] = results->rows_right[k] = results->right[first + k];
    for (size_t l = 0; l <= k; l++)
      results->linear_normal[k * linear + l] = results->rows_normal[k * linear + l] =
          results->normal[(first + k) * n + first + l];
  }
}

/* Gradients of atoms' energies by the plain formulas. */
static void reference_rows(const struct mlgrain_mtp_file *file, const struct sample *sample,
                           double *rows)
{
  for (int f = 0; f < FRAMES; f++) {
    struct outcome out;
    const struct atoms *atoms = &sample->atoms[f];
    for (int i = 0; i < atoms->local; i++, rows += file->parameter_count) {
      struct atoms one = *atoms;
      int *species = malloc((size_t)atoms->total * sizeof *species);
      /* the atom alone is a center: it comes first, and no other is local */
      memcpy(species, atoms->species, (size_t)atoms->total * sizeof *species);
      double(*x)[3] = malloc((size_t)atoms->total * sizeof *x);
      memcpy(x, atoms->x, (size_t)atoms->total * sizeof *x);
      memcpy(x[0], atoms->x[i], sizeof *x);
      memcpy(x[i], atoms->x[0], sizeof *x);
      species[0] = atoms->species[i];
      species[i] = atoms->species[0];
      one.x = x;
      one.species = species;
      one.local = 1;
      one.total = atoms->total;
      int *owner = calloc((size_t)atoms->total, sizeof *owner);
      one.owner = owner;
      compute_plain(file, &one, &out);
      memcpy(rows, out.gradient_sum, file->parameter_count * sizeof *rows);
      outcome_free(&out);
      free(species);
      free(owner);
      free(x);
    }
  }
}

/* What is there means nothing. */
static void clear_above_diagonal(double *matrix, size_t n)
{
  for (size_t k = 0; k < n; k++)
    for (size_t l = k + 1; l < n; l++)
      matrix[k * n + l] = 0.0;
}

/* Adds the products of a block's rows of the Jacobian with each other and with residuals. */
static void multiply_rows(const struct mlgrain_mtp_data *data,
                          const struct mlgrain_mtp_model *model,
                          struct mlgrain_mtp_train_workspace *workspace, size_t block,
                          size_t linear, struct results *results)
{
  struct mlgrain_error error = {""};
  const size_t labels = mlgrain_mtp_data_labels(data, block);
  double *rows = malloc(labels * linear * sizeof *rows);
  double *residual = malloc(labels * sizeof *residual);
  assert_int_equal(mlgrain_mtp_data_jacobian(data, model, workspace, block, MLGRAIN_MTP_LINEAR,
                                             rows, residual, &error),
                   0);
  for (size_t label = 0; label < labels; label++)
    for (size_t k = 0; k < linear; k++) {
      results->rows_right[k] += rows[label * linear + k] * residual[label];
      for (size_t l = 0; l <= k; l++)
        results->rows_normal[k * linear + l] += rows[label * linear + k] * rows[label * linear + l];
    }
  free(rows);
  free(residual);
}

static void compute_results(struct mlgrain_mtp_file *file, enum mlgrain_simd_level level,
                            const struct sample *sample, size_t block_atoms,
                            struct results *results)
{
  struct mlgrain_mtp_model *model;
  struct mlgrain_mtp_data *data;
  struct mlgrain_mtp_train_workspace *workspace;
  struct mlgrain_error error = {""};
  double *direction = malloc(file->parameter_count * sizeof *direction);
  for (size_t k = 0; k < file->parameter_count; k++)
    direction[k] = direction_of(k);
  assert_int_equal(mlgrain_mtp_model_create(file, level, &model, &error), 0);
  if (mlgrain_mtp_data_create(model, sample->frames, FRAMES, block_atoms, &data, &error))
    fail_msg("%s", error.text);
  assert_int_equal(mlgrain_mtp_data_atoms(data), atoms_of(sample));
  assert_int_equal(mlgrain_mtp_data_frames(data), FRAMES);
  assert_int_equal(mlgrain_mtp_train_workspace_create(&workspace, &error), 0);
  for (size_t block = 0; block < mlgrain_mtp_data_blocks(data); block++) {
    assert_int_equal(mlgrain_mtp_data_evaluate(data, model, workspace, block, results->energy,
                                               results->force, results->virial, &error),
                     0);
    assert_int_equal(mlgrain_mtp_data_loss(data, model, workspace, block, &results->loss,
                                           results->gradient, &error),
                     0);
    assert_int_equal(mlgrain_mtp_data_product(data, model, workspace, block, direction,
                                              results->product, &error),
                     0);
    assert_int_equal(mlgrain_mtp_data_normal(data, model, workspace, block, MLGRAIN_MTP_ALL,
                                             results->normal, results->right, results->scores,
                                             &results->loss_of_normal, &error),
                     0);
    assert_int_equal(mlgrain_mtp_data_normal(data, model, workspace, block, MLGRAIN_MTP_LINEAR,
                                             results->linear_normal, results->linear_right, NULL,
                                             &results->loss_of_linear, &error),
                     0);
    multiply_rows(data, model, workspace, block, linear_count(file), results);
    const size_t first = mlgrain_mtp_data_first_atom(data, block) * file->parameter_count;
    assert_int_equal(
        mlgrain_mtp_data_rows(data, model, workspace, block, results->rows + first, &error), 0);
  }
  assert_int_equal(mlgrain_mtp_data_first_atom(data, mlgrain_mtp_data_blocks(data)),
                   atoms_of(sample));
  clear_above_diagonal(results->normal, file->parameter_count);
  clear_above_diagonal(results->scores, file->parameter_count);
  clear_above_diagonal(results->linear_normal, linear_count(file));
  mlgrain_mtp_train_workspace_free(workspace);
  mlgrain_mtp_data_free(data);
  mlgrain_mtp_model_free(model);
  free(direction);
}

static void assert_results_agree(const struct results *got, const struct results *expected,
                                 size_t n, size_t atoms)
{
  const double tolerance = 3e-12;
  assert_close("energy", got->energy, expected->energy, FRAMES, tolerance);
  assert_close("force", got->force[0], expected->force[0], 3 * atoms, tolerance);
  assert_close("virial", got->virial[0], expected->virial[0], 6 * FRAMES, tolerance);
  assert_close("loss", &got->loss.energy, &expected->loss.energy, 9, tolerance);
  assert_close("loss with the normal matrix", &got->loss_of_normal.energy,
               &expected->loss_of_normal.energy, 9, tolerance);
  assert_close("gradient", got->gradient, expected->gradient, n, tolerance);
  assert_close("product", got->product, expected->product, n, tolerance);
  assert_close("right", got->right, expected->right, n, tolerance);
  assert_close("normal", got->normal, expected->normal, n * n, tolerance);
  assert_close("loss with the linear matrix", &got->loss_of_linear.energy,
               &expected->loss_of_linear.energy, 9, tolerance);
  assert_close("linear right", got->linear_right, expected->linear_right, n, tolerance);
  assert_close("linear normal", got->linear_normal, expected->linear_normal, n * n, tolerance);
  assert_close("right of rows", got->rows_right, expected->rows_right, n, tolerance);
  assert_close("normal of rows", got->rows_normal, expected->rows_normal, n * n, tolerance);
  assert_close("scores", got->scores, expected->scores, n * n, tolerance);
  assert_close("rows", got->rows, expected->rows, n * atoms, tolerance);
}

static void compare(struct mlgrain_mtp_file *file, double closest, unsigned long seed)
{
  static const size_t blocks[] = {1, 10, 1000};
  struct sample sample;
  struct results expected;
  sample_make(file, closest, seed, &sample);
  const size_t n = file->parameter_count, atoms = atoms_of(&sample);
  results_make(n, atoms, &expected);
  compute_reference(file, &sample, &expected);
  reference_rows(file, &sample, expected.rows);
  for (int level = 0; level <= (int)mlgrain_simd_best(); level++)
    for (int b = 0; b < 3; b++) {
      struct results got;
      results_make(n, atoms, &got);
      compute_results(file, (enum mlgrain_simd_level)level, &sample, blocks[b], &got);
      assert_results_agree(&got, &expected, n, atoms);
      results_free(&got);
    }
  results_free(&expected);
  sample_free(&sample);
}

/* Potentials without a meaning, of any shape. */
static void random_potentials(void **state)
{
  (void)state;
  static const struct random_form forms[] = {
      {1, 1, 0, 1, 0, 0},  {1, 1, 3, 8, 20, 0}, {2, 3, 3, 5, 30, 0}, {3, 2, 4, 8, 40, 1},
      {1, 1, 9, 3, 20, 0}, {9, 2, 2, 3, 20, 0}, {1, 6, 2, 12, 30, 1}};
  for (size_t f = 0; f < sizeof forms / sizeof *forms; f++) {
    struct mlgrain_mtp_file *file = random_file(&forms[f], 3 + f);
    compare(file, forms[f].repulsive ? 1.5 : 1.9, f + 1);
    mlgrain_mtp_file_free(file);
  }
}

/* Those that are trained. */
static struct mlgrain_mtp_file *new_file(int level, int species, int repulsive)
{
  const struct mlgrain_mtp_form form = {.level = level,
                                        .species_count = species,
                                        .basis = repulsive ? MLGRAIN_MTP_CHEBYSHEV_REPULS
                                                           : MLGRAIN_MTP_CHEBYSHEV,
                                        .min_dist = 1.8,
                                        .max_dist = 4.0,
                                        .radial_size = 6,
                                        .seed = 5};
  struct mlgrain_mtp_file *file;
  struct random_source source = {9};
  assert_int_equal(mlgrain_mtp_file_new(&form, &file, NULL), MLGRAIN_SUCCESS);
  for (int k = 0; k < file->scalar_count; k++)
    file->moment_coeffs[k] = random_number(&source, -1, 1);
  for (int k = 0; k < species; k++)
    file->species_coeffs[k] = random_number(&source, -1, 1);
  return file;
}

static void new_potentials(void **state)
{
  (void)state;
  static const int forms[][3] = {{2, 1, 0}, {8, 2, 1}, {12, 1, 0}, {10, 3, 0}};
  for (size_t f = 0; f < sizeof forms / sizeof *forms; f++) {
    struct mlgrain_mtp_file *file = new_file(forms[f][0], forms[f][1], forms[f][2]);
    compare(file, forms[f][2] ? 1.5 : 1.9, f + 20);
    mlgrain_mtp_file_free(file);
  }
}

static double loss_of(const struct mlgrain_mtp_file *file, const struct sample *sample,
                      struct mlgrain_mtp_model *model, const struct mlgrain_mtp_data *data,
                      struct mlgrain_mtp_train_workspace *workspace, double *gradient)
{
  struct mlgrain_mtp_loss loss = {0};
  (void)sample;
  assert_int_equal(mlgrain_mtp_model_update(file, model, NULL), 0);
  for (size_t block = 0; block < mlgrain_mtp_data_blocks(data); block++)
    assert_int_equal(mlgrain_mtp_data_loss(data, model, workspace, block, &loss, gradient, NULL),
                     0);
  return loss.energy + loss.force + loss.virial;
}

static void gradient_is_the_slope_of_the_loss(void **state)
{
  (void)state;
  struct mlgrain_mtp_file *file = new_file(10, 2, 1);
  struct mlgrain_mtp_model *model;
  struct mlgrain_mtp_data *data;
  struct mlgrain_mtp_train_workspace *workspace;
  struct sample sample;
  const size_t n = file->parameter_count;
  double *parameters = malloc(n * sizeof *parameters), *gradient = calloc(n, sizeof *gradient);
  double largest = 0.0;
  sample_make(file, 1.6, 77, &sample);
  assert_int_equal(mlgrain_mtp_model_create(file, mlgrain_simd_best(), &model, NULL), 0);
  assert_int_equal(mlgrain_mtp_data_create(model, sample.frames, FRAMES, 10, &data, NULL), 0);
  assert_int_equal(mlgrain_mtp_train_workspace_create(&workspace, NULL), 0);
  mlgrain_mtp_file_parameters(file, parameters);
  loss_of(file, &sample, model, data, workspace, gradient);
  for (size_t k = 0; k < n; k++)
    largest = fmax(largest, fabs(gradient[k]));
  for (size_t k = 0; k < n; k++) {
    const double here = parameters[k], step = 1e-5;
    double loss[2];
    for (int side = 0; side < 2; side++) {
      parameters[k] = here + (side ? step : -step);
      mlgrain_mtp_file_set_parameters(file, parameters);
      loss[side] = loss_of(file, &sample, model, data, workspace, NULL);
    }
    parameters[k] = here;
    assert_near((loss[1] - loss[0]) / (2.0 * step), gradient[k], 1e-7 * largest);
  }
  mlgrain_mtp_train_workspace_free(workspace);
  mlgrain_mtp_data_free(data);
  mlgrain_mtp_model_free(model);
  sample_free(&sample);
  free(parameters);
  free(gradient);
  mlgrain_mtp_file_free(file);
}

/* MLIP-3: energy/N^a, force/N^b, stress/N, and c/(f^2 + c). */
static void weights_of_mlip(void **state)
{
  (void)state;
  static const double force[2][3] = {{1, 2, 2}, {0, 0, 0}};
  static const double own[2] = {1.0, 0.5};
  struct mlgrain_mtp_weights weights = mlgrain_mtp_default_weights;
  struct mlgrain_mtp_frame frame = {
      .atoms = 2, .energy_weight = 1.0, .virial_weight = 1.0, .force = force, .force_weight = own};
  double got[2];
  mlgrain_mtp_weigh(&weights, &frame, got);
  assert_near(frame.energy_weight, 0.5, 1e-15);
  assert_near(frame.virial_weight, 0.0005, 1e-15);
  assert_near(got[0], 0.01, 1e-15);
  assert_near(got[1], 0.005, 1e-15);
  weights = (struct mlgrain_mtp_weights){2.0, 0.3, 0.1, 2, 1, 3.0};
  frame.energy_weight = 0.0;
  frame.virial_weight = 3.0;
  frame.force_weight = own;
  mlgrain_mtp_weigh(&weights, &frame, got);
  assert_near(frame.energy_weight, 0.0, 0.0);
  assert_near(frame.virial_weight, 0.15, 1e-15);
  assert_near(got[0], 0.15 * 3.0 / 12.0, 1e-15);
  assert_near(got[1], 0.075, 1e-15);
}

static void solution_of_normal_equations(void **state)
{
  (void)state;
  enum { N = 131 };
  struct random_source source = {4};
  double *a = malloc(N * N * sizeof *a), *normal = calloc(N * N, sizeof *normal);
  double right[N], damping[N], step[N], condition;
  for (int k = 0; k < N * N; k++)
    a[k] = random_number(&source, -1, 1);
  for (int i = 0; i < N; i++) {
    const double size = i % 3 ? 1e-6 : 1e5; /* unknowns of different size */
    right[i] = random_number(&source, -1, 1) * size;
    damping[i] = i % 2 ? 0.0 : 0.1;
    for (int j = 0; j < N; j++)
      for (int k = 0; k < N; k++)
        normal[i * N + j] +=
            (i == 7 || j == 7) ? 0.0 : a[i * N + k] * a[j * N + k] * size * (j % 3 ? 1e-6 : 1e5);
  }
  right[7] = 0.0;
  assert_int_equal(mlgrain_mtp_solve(normal, right, damping, N, step, &condition, NULL), 0);
  assert_true(step[7] == 0.0);
  for (int i = 0; i < N; i++) {
    double sum = damping[i] * normal[i * N + i] * step[i];
    for (int j = 0; j < N; j++)
      sum += normal[i * N + j] * step[j];
    assert_near(sum, -right[i], 1e-9 * (i % 3 ? 1e-6 : 1e5));
  }
  struct mlgrain_error error = {""};
  normal[0] = NAN;
  assert_int_equal(mlgrain_mtp_solve(normal, right, damping, N, step, NULL, &error),
                   MLGRAIN_NOT_FINITE);
  normal[0] = 1e-30;
  assert_int_equal(mlgrain_mtp_solve(normal, right, damping, N, step, NULL, &error),
                   MLGRAIN_INVALID_ARGUMENT);
  const double small[4] = {4.0, NAN, 1.0, 1.0}; /* scaled: 1, 1/2, 1, eigenvalues 1/2 and 3/2 */
  const double none[2] = {0.0, 0.0};
  assert_int_equal(mlgrain_mtp_solve(small, none, none, 2, step, &condition, NULL), 0);
  assert_near(condition, 3.0, 1e-9);
  free(a);
  free(normal);
}

static void assert_refused(const struct mlgrain_mtp_model *model, const struct sample *sample,
                           enum mlgrain_status status, const char *text)
{
  struct mlgrain_mtp_data *data;
  struct mlgrain_error error = {""};
  assert_int_equal(mlgrain_mtp_data_create(model, sample->frames, FRAMES, 10, &data, &error),
                   status);
  assert_null(data);
  if (!strstr(error.text, text))
    fail_msg("'%s' should name '%s'", error.text, text);
}

static void wrong_configurations(void **state)
{
  (void)state;
  struct mlgrain_mtp_file *file = new_file(6, 2, 0);
  struct mlgrain_mtp_model *model;
  struct sample sample;
  sample_make(file, 1.9, 3, &sample);
  assert_int_equal(mlgrain_mtp_model_create(file, mlgrain_simd_best(), &model, NULL), 0);
  struct mlgrain_mtp_frame *frame = &sample.frames[1];
#define REFUSED(place, value, status, text)                                                        \
  do {                                                                                             \
    const double before_ = (double)(place);                                                        \
    (place) = (value);                                                                             \
    assert_refused(model, &sample, status, text);                                                  \
    (place) = (__typeof__(place))before_;                                                          \
  } while (0)
  REFUSED(sample.atoms[1].species[2], 2, MLGRAIN_INVALID_ARGUMENT, "2, atom 3: species 2");
  REFUSED(sample.atoms[1].species[2], -1, MLGRAIN_INVALID_ARGUMENT, "2, atom 3: species -1");
  REFUSED(sample.atoms[1].x[1][2], NAN, MLGRAIN_NOT_FINITE, "2, atom 2");
  REFUSED(sample.force[1][2][0], INFINITY, MLGRAIN_NOT_FINITE, "2, atom 3");
  REFUSED(sample.force_weight[1][2], NAN, MLGRAIN_NOT_FINITE, "2, atom 3");
  REFUSED(sample.force_weight[1][2], -1.0, MLGRAIN_INVALID_ARGUMENT, "2: a weight is negative");
  REFUSED(frame->energy, NAN, MLGRAIN_NOT_FINITE, "configuration 2: energy");
  REFUSED(frame->energy_weight, NAN, MLGRAIN_NOT_FINITE, "configuration 2: energy");
  REFUSED(frame->energy_weight, -1.0, MLGRAIN_INVALID_ARGUMENT, "2: a weight is negative");
  REFUSED(sample.frames[2].virial[3], NAN, MLGRAIN_NOT_FINITE, "configuration 3: energy");
  REFUSED(frame->atoms, 0u, MLGRAIN_INVALID_ARGUMENT, "2: 0 atoms");
  REFUSED(frame->total, 2u, MLGRAIN_INVALID_ARGUMENT, "2: 3 atoms, 2");
  REFUSED(sample.atoms[1].owner[5], 3, MLGRAIN_INVALID_ARGUMENT, "2: atom 6 is an image of atom 4");
  REFUSED(sample.atoms[1].owner[1], 0, MLGRAIN_INVALID_ARGUMENT, "2: atom 2 is an image of atom 1");
  REFUSED(sample.neighbors[1][0], 0, MLGRAIN_INVALID_ARGUMENT, "2, atom 1: neighbor 0");
  REFUSED(sample.neighbors[1][0], sample.atoms[1].total, MLGRAIN_INVALID_ARGUMENT, "2, atom 1");
  mlgrain_mtp_model_free(model);
  sample_free(&sample);
  mlgrain_mtp_file_free(file);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(random_potentials),
      cmocka_unit_test(new_potentials),
      cmocka_unit_test(gradient_is_the_slope_of_the_loss),
      cmocka_unit_test(weights_of_mlip),
      cmocka_unit_test(solution_of_normal_equations),
      cmocka_unit_test(wrong_configurations),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
