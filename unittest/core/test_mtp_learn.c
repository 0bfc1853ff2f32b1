/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Learning cells one after the other against a fit of all at once; predictions against plain
   formulas; files that don't belong together. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mlgrain/mtp_learn.h"
#include "mtp_error_builder.h"
#include "mtp_random.h"
#include "mtp_train_reference.h"
#include "near.h"

enum { CELLS = 7, OLD = 4, ATOMS = 12, MEMBERS = 4 };

static const struct mlgrain_mtp_weights weights = {1.0, 0.3, 0.05, 1, 0, 0.0};

/* A potential as a file, cells with labels of their own, the normal equations of the old ones. */
struct world {
  struct mlgrain_mtp_file *file;
  char *potential;
  unsigned char *fit, *bars;
  size_t potential_size, fit_size, bars_size, n, linear;
  struct error_content content;
  struct mlgrain_mtp_cell cells[CELLS];
  double x[CELLS][ATOMS][3], force[CELLS][ATOMS][3], weight[CELLS][ATOMS];
  int species[CELLS][ATOMS];
  double *parameters, *normal, *gradient, *sites;
};

static void make_cell(struct world *world, int c, struct random_source *source)
{
  struct mlgrain_mtp_cell *cell = &world->cells[c];
  for (int k = 0; k < 3; k++)
    for (int d = 0; d < 3; d++)
      cell->edge[k][d] = k == d ? 6.0 + 0.3 * k : (k > d ? 0.5 * (k - d) : 0.0);
  cell->count = ATOMS;
  for (int i = 0; i < ATOMS; i++) {
    const int place[3] = {i % 2, i / 2 % 2, i / 4};
    const double step[3] = {0.5, 0.5, 1.0 / 3};
    for (int d = 0; d < 3; d++)
      world->x[c][i][d] = random_number(source, -0.35, 0.35);
    for (int k = 0; k < 3; k++)
      for (int d = 0; d < 3; d++)
        world->x[c][i][d] += place[k] * step[k] * cell->edge[k][d];
    world->species[c][i] = (i * (c + 2) + c) % 5 < 2 + c % 2;
    world->weight[c][i] = i % 4 == 1 ? 0.0 : random_number(source, 0.2, 1.5);
    for (int d = 0; d < 3; d++)
      world->force[c][i][d] = random_number(source, -1, 1);
  }
  cell->x = (const double(*)[3])world->x[c];
  cell->species = world->species[c];
  cell->force = (const double(*)[3])world->force[c];
  cell->force_weight = world->weight[c];
  cell->energy = random_number(source, -10, 10);
  for (int k = 0; k < 6; k++)
    cell->virial[k] = random_number(source, -2, 2);
}

/* The cell with images and neighbor lists, by brute force. */
static void open_cell(const struct world *world, int c, struct atoms *atoms)
{
  const struct mlgrain_mtp_cell *cell = &world->cells[c];
  memset(atoms, 0, sizeof *atoms);
  for (int i = 0; i < ATOMS; i++)
    atoms_add(atoms, cell->x[i], cell->species[i], i);
  atoms->local = ATOMS;
  atoms_add_images(atoms, cell->edge, world->file->max_dist);
  atoms_build_lists(atoms, world->file->max_dist);
}

/* Adds a cell's rows to normal equations of all parameters. */
static void add_cell(const struct world *world, int c, double factor, double *normal,
                     double *gradient, double *sites)
{
  const size_t n = world->n;
  const struct mlgrain_mtp_cell *cell = &world->cells[c];
  struct atoms atoms;
  open_cell(world, c, &atoms);
  size_t first[ATOMS + 1] = {0};
  for (int i = 0; i < ATOMS; i++)
    first[i + 1] = first[i] + (size_t)atoms.neighbor_count[i];
  int *neighbors = malloc((first[ATOMS] + 1) * sizeof *neighbors);
  for (int i = 0; i < ATOMS; i++)
    memcpy(neighbors + first[i], atoms.neighbors[i],
           (size_t)atoms.neighbor_count[i] * sizeof *neighbors);
  double force_weight[ATOMS];
  memcpy(force_weight, cell->force_weight, sizeof force_weight);
  struct mlgrain_mtp_frame frame = {.atoms = ATOMS,
                                    .total = (size_t)atoms.total,
                                    .x = (const double(*)[3])atoms.x,
                                    .species = cell->species,
                                    .owner = atoms.owner,
                                    .neighbors = neighbors,
                                    .first = first,
                                    .energy = cell->energy,
                                    .energy_weight = 1,
                                    .force = cell->force,
                                    .force_weight = force_weight,
                                    .virial_weight = 1};
  memcpy(frame.virial, cell->virial, sizeof frame.virial);
  mlgrain_mtp_weigh(&weights, &frame, force_weight);
  const size_t rows = train_reference_rows(&frame);
  double *values = calloc(rows, sizeof *values), *jacobian = calloc(rows * n, sizeof *jacobian);
  double *row_weight = calloc(rows, sizeof *row_weight), *label = calloc(rows, sizeof *label);
  train_reference(world->file, &frame, values, jacobian);
  train_reference_labels(&frame, row_weight, label);
  for (size_t r = 0; r < rows; r++)
    for (size_t i = 0; i < n; i++) {
      const double weighted = factor * row_weight[r] * jacobian[i * rows + r];
      gradient[i] += weighted * (values[r] - label[r]);
      for (size_t j = 0; j < n; j++)
        normal[i * n + j] += weighted * jacobian[j * rows + r];
    }
  if (sites) {
    struct reference_site site = {0.0, malloc(1000 * sizeof *site.gradient),
                                  malloc(n * sizeof(double))};
    for (int i = 0; i < ATOMS; i++) {
      double d[1000][3];
      int species[1000], count = 0;
      for (int k = 0; k < atoms.neighbor_count[i]; k++, count++) {
        const int j = atoms.neighbors[i][k];
        for (int e = 0; e < 3; e++)
          d[count][e] = atoms.x[j][e] - atoms.x[i][e];
        species[count] = atoms.species[j];
      }
      reference_compute(world->file, atoms.species[i], count, (const double(*)[3])d, species,
                        &site);
      for (size_t a = 0; a < n; a++)
        for (size_t b = 0; b < n; b++)
          sites[a * n + b] += site.parameter[a] * site.parameter[b];
    }
    free(site.gradient);
    free(site.parameter);
  }
  free(neighbors);
  free(values);
  free(jacobian);
  free(row_weight);
  free(label);
  atoms_free(&atoms);
}

static void write_fit(struct world *world)
{
  struct builder fit = {0};
  const size_t n = world->n;
  builder_metadata(&fit, "format", "ml-grain-fit");
  builder_tensor(&fit, "parameters", "F64", 1, n, 0, 0, world->parameters);
  builder_tensor(&fit, "normal", "F64", 2, n, n, 0, world->normal);
  builder_tensor(&fit, "gradient", "F64", 1, n, 0, 0, world->gradient);
  builder_tensor(&fit, "sites", "F64", 2, n, n, 0, world->sites);
  free(world->fit);
  world->fit = builder_finish(&fit, &world->fit_size);
}

static struct world *make_world(void)
{
  struct world *world = calloc(1, sizeof *world);
  struct random_source source = {77};
  const struct mlgrain_mtp_form form = {.level = 8,
                                        .species_count = 2,
                                        .min_dist = 1.2,
                                        .max_dist = 4.5,
                                        .radial_size = 4,
                                        .seed = 5};
  struct mlgrain_mtp_file *file = NULL;
  assert_int_equal(mlgrain_mtp_file_new(&form, &file, NULL), MLGRAIN_SUCCESS);
  mlgrain_mtp_file_start(file, 5);
  for (int s = 0; s < file->scalar_count; s++)
    file->moment_coeffs[s] = random_number(&source, -0.05, 0.05);
  for (int s = 0; s < 2; s++)
    file->species_coeffs[s] = random_number(&source, -2, 2);
  assert_int_equal(
      mlgrain_mtp_file_format(file, "test", &world->potential, &world->potential_size, NULL), 0);
  mlgrain_mtp_file_free(file);
  assert_int_equal(
      mlgrain_mtp_file_parse("test", world->potential, world->potential_size, &world->file, NULL),
      MLGRAIN_SUCCESS);
  const size_t n = world->n = world->file->parameter_count;
  world->linear = (size_t)(world->file->species_count + world->file->scalar_count);
  world->parameters = calloc(n, sizeof(double));
  world->normal = calloc(n * n, sizeof(double));
  world->gradient = calloc(n, sizeof(double));
  world->sites = calloc(n * n, sizeof(double));
  mlgrain_mtp_file_parameters(world->file, world->parameters);
  for (int c = 0; c < CELLS; c++)
    make_cell(world, c, &source);
  for (int c = 0; c < OLD; c++)
    add_cell(world, c, 1.0, world->normal, world->gradient, world->sites);
  for (size_t k = 0; k < n; k++)
    world->gradient[k] *= 2; /* the file has the gradient of the loss */
  error_content_make(world->file, MEMBERS, 3, &world->content);
  world->bars = builder_finish(&world->content.builder, &world->bars_size);
  write_fit(world);
  return world;
}

static void free_world(struct world *world)
{
  mlgrain_mtp_file_free(world->file);
  mlgrain_mtp_bytes_free(world->potential);
  error_content_free(&world->content);
  free(world->fit);
  free(world->bars);
  free(world->parameters);
  free(world->normal);
  free(world->gradient);
  free(world->sites);
  free(world);
}

static enum mlgrain_status make_learner(const struct world *world,
                                        struct mlgrain_mtp_learner **learner,
                                        struct mlgrain_error *error)
{
  const struct mlgrain_mtp_lesson lesson = {"test",
                                            "fit",
                                            "bars",
                                            world->potential,
                                            world->fit,
                                            world->bars,
                                            world->potential_size,
                                            world->fit_size,
                                            world->bars_size};
  return mlgrain_mtp_learner_create(&lesson, &weights, 11, learner, error);
}

/* x = matrix^-1 right by elimination, of the linear block, whose diagonal is a little larger, as it
   is in the library. */
static void solve_linear(const struct world *world, const double *normal, const double *right,
                         double *x)
{
  const size_t m = world->linear, before = world->n - m;
  long double *a = calloc(m * (m + 1), sizeof *a);
  for (size_t i = 0; i < m; i++) {
    for (size_t j = 0; j < m; j++)
      a[i * (m + 1) + j] =
          normal[(before + i) * world->n + before + j] * (i == j ? 1.0L + 1e-9L : 1.0L);
    a[i * (m + 1) + m] = right[before + i];
  }
  for (size_t k = 0; k < m; k++)
    for (size_t i = 0; i < m; i++) {
      if (i == k)
        continue;
      const long double factor = a[i * (m + 1) + k] / a[k * (m + 1) + k];
      for (size_t j = k; j <= m; j++)
        a[i * (m + 1) + j] -= factor * a[k * (m + 1) + j];
    }
  for (size_t k = 0; k < m; k++)
    x[k] = (double)(a[k * (m + 1) + m] / a[k * (m + 1) + k]);
  free(a);
}

/* Two steps of learning end where the loss of all cells is least. */
static void learning_is_a_fit_of_all(void **unused)
{
  (void)unused;
  struct world *world = make_world();
  struct mlgrain_mtp_learner *learner = NULL;
  const double weight = 2.5;
  const size_t n = world->n;
  assert_int_equal(make_learner(world, &learner, NULL), MLGRAIN_SUCCESS);
  assert_int_equal(mlgrain_mtp_learner_learn(learner, world->cells + OLD, 2, weight, NULL), 0);
  assert_int_equal(mlgrain_mtp_learner_learn(learner, world->cells + OLD + 2, 1, weight, NULL), 0);

  const size_t m = world->linear, before = n - m;
  double *gradient = calloc(n, sizeof *gradient), *change = calloc(m, sizeof *change);
  double first = 0, last = 0; /* largest gradients, in units in which H has a unit diagonal */
  for (size_t k = 0; k < n; k++)
    gradient[k] = world->gradient[k] / 2;
  for (int c = OLD; c < CELLS; c++)
    add_cell(world, c, weight, world->normal, gradient, NULL);
  const struct mlgrain_mtp_file *learned = mlgrain_mtp_learner_file(learner);
  for (int s = 0; s < 2; s++)
    change[s] = learned->species_coeffs[s] - world->file->species_coeffs[s];
  for (int s = 0; s < learned->scalar_count; s++)
    change[2 + s] = learned->moment_coeffs[s] - world->file->moment_coeffs[s];
  for (size_t i = 0; i < m; i++) {
    const double *row = world->normal + (before + i) * n + before;
    double left = gradient[before + i];
    first = fmax(first, fabs(left) / sqrt(row[i]));
    for (size_t j = 0; j < m; j++)
      left += row[j] * change[j];
    last = fmax(last, fabs(left) / sqrt(row[i]));
  }
  assert_true(first > 1.0);
  assert_near(last, 0.0, 1e-5 * first);
  free(gradient);
  free(change);
  mlgrain_mtp_learner_free(learner);
  free_world(world);
}

/* Labels that are predicted anyway change nothing but members, which shrink to H'^-1 H delta. */
static void what_is_known_changes_only_spreads(void **unused)
{
  (void)unused;
  struct world *world = make_world();
  struct mlgrain_mtp_learner *learner = NULL;
  const size_t n = world->n, m = world->linear, before = n - m;
  memset(world->gradient, 0, n * sizeof *world->gradient);
  write_fit(world);
  assert_int_equal(make_learner(world, &learner, NULL), MLGRAIN_SUCCESS);
  double force[ATOMS][3], spread[2][ATOMS];
  struct mlgrain_mtp_prediction prediction = {.force = force, .spread = spread[0]};
  struct mlgrain_mtp_cell cell = world->cells[OLD];
  assert_int_equal(mlgrain_mtp_learner_predict(learner, &cell, &prediction, NULL), 0);
  cell.energy = prediction.energy;
  cell.force = (const double(*)[3])force;
  memcpy(cell.virial, prediction.virial, sizeof cell.virial);
  assert_int_equal(mlgrain_mtp_learner_learn(learner, &cell, 1, 3.0, NULL), 0);
  const struct mlgrain_mtp_file *learned = mlgrain_mtp_learner_file(learner);
  for (int s = 0; s < learned->scalar_count; s++)
    assert_near(learned->moment_coeffs[s], world->file->moment_coeffs[s], 1e-8);

  double *right = calloc(n, sizeof *right), *expected = calloc(n, sizeof *expected);
  double *now = calloc(n * n, sizeof *now), *unused_right = calloc(n, sizeof *unused_right);
  memcpy(now, world->normal, n * n * sizeof *now);
  add_cell(world, OLD, 3.0, now, unused_right, NULL);
  for (size_t k = 0; k < MEMBERS; k++) {
    const float *old = world->content.member + k * m;
    for (size_t i = 0; i < m; i++) {
      right[before + i] = 0;
      for (size_t j = 0; j < m; j++)
        right[before + i] += world->normal[(before + i) * n + before + j] * (double)old[j];
    }
    solve_linear(world, now, right, expected);
    for (size_t i = 0; i < m; i++)
      assert_near(mlgrain_mtp_learner_differences(learner)[k * m + i], expected[i],
                  1e-5 * (1 + fabs(expected[i])));
  }
  prediction.spread = spread[1];
  assert_int_equal(mlgrain_mtp_learner_predict(learner, &cell, &prediction, NULL), 0);
  double sum[2] = {0, 0};
  for (int i = 0; i < ATOMS; i++)
    for (int k = 0; k < 2; k++)
      sum[k] += spread[k][i];
  assert_true(sum[1] < sum[0]);
  free(right);
  free(expected);
  free(now);
  free(unused_right);
  mlgrain_mtp_learner_free(learner);
  free_world(world);
}

static void predictions_are_those_of_plain_formulas(void **unused)
{
  (void)unused;
  struct world *world = make_world();
  struct mlgrain_mtp_learner *learner = NULL;
  double force[ATOMS][3], spread[ATOMS], leverage[ATOMS], squares[ATOMS] = {0};
  struct mlgrain_mtp_prediction prediction = {
      .force = force, .spread = spread, .leverage = leverage};
  struct atoms atoms;
  struct outcome own, other;
  assert_int_equal(make_learner(world, &learner, NULL), MLGRAIN_SUCCESS);
  assert_int_equal(mlgrain_mtp_learner_predict(learner, &world->cells[2], &prediction, NULL), 0);
  open_cell(world, 2, &atoms);
  compute_plain(world->file, &atoms, &own);
  assert_near(prediction.energy, own.energy, 1e-10 * (1 + fabs(own.energy)));
  assert_close("forces", force[0], own.force[0], 3 * ATOMS, 1e-11);
  assert_close("virial", prediction.virial, own.virial, 6, 1e-11);
  for (int k = 0; k < MEMBERS; k++) {
    double *kept = error_add_member(&world->content, k, world->file);
    compute_plain(world->file, &atoms, &other);
    error_restore(world->file, kept);
    for (int i = 0; i < ATOMS; i++)
      for (int d = 0; d < 3; d++)
        squares[i] += pow(other.force[i][d] - own.force[i][d], 2) / MEMBERS;
    outcome_free(&other);
  }
  for (int i = 0; i < ATOMS; i++)
    squares[i] = sqrt(squares[i]);
  assert_close("spreads", spread, squares, ATOMS, 1e-4);
  for (int i = 0; i < ATOMS; i++)
    assert_true(leverage[i] > 0);
  outcome_free(&own);
  atoms_free(&atoms);
  mlgrain_mtp_learner_free(learner);
  free_world(world);
}

/* Neighborhoods that were learned are less far from the training set; others hardly. */
static void leverages_fall(void **unused)
{
  (void)unused;
  struct world *world = make_world();
  struct mlgrain_mtp_learner *learner = NULL;
  double before[ATOMS], after[ATOMS], sum[2] = {0, 0};
  struct mlgrain_mtp_prediction prediction = {.leverage = before};
  struct mlgrain_mtp_cell many[20];
  /* a sketch of these sites, rather than of none */
  assert_int_equal(make_learner(world, &learner, NULL), MLGRAIN_SUCCESS);
  for (int k = 0; k < 20; k++)
    many[k] = world->cells[CELLS - 1];
  assert_int_equal(mlgrain_mtp_learner_predict(learner, many, &prediction, NULL), 0);
  assert_int_equal(mlgrain_mtp_learner_learn(learner, many, 20, 1.0, NULL), 0);
  prediction.leverage = after;
  assert_int_equal(mlgrain_mtp_learner_predict(learner, many, &prediction, NULL), 0);
  for (int i = 0; i < ATOMS; i++) {
    sum[0] += before[i];
    sum[1] += after[i];
  }
  assert_true(sum[1] < 0.8 * sum[0]);
  mlgrain_mtp_learner_free(learner);
  free_world(world);
}

/* Largest derivative of the loss by a parameter, in units in which H has a unit diagonal, where a
   learner's potential is now: of the old data, a quadratic function, and of the cells behind it. */
static double steepest(const struct world *world, const struct mlgrain_mtp_learner *learner,
                       double weight, size_t first)
{
  const size_t n = world->n;
  double *now = calloc(n, sizeof *now), *gradient = calloc(n, sizeof *gradient);
  double *normal = calloc(n * n, sizeof *normal), largest = 0;
  mlgrain_mtp_file_parameters(mlgrain_mtp_learner_file(learner), now);
  for (size_t i = 0; i < n; i++) {
    gradient[i] = world->gradient[i] / 2;
    for (size_t j = 0; j < n; j++)
      gradient[i] += world->normal[i * n + j] * (now[j] - world->parameters[j]);
  }
  memcpy(normal, world->normal, n * n * sizeof *normal);
  mlgrain_mtp_file_set_parameters(world->file, now);
  for (int c = OLD; c < CELLS; c++)
    add_cell(world, c, weight, normal, gradient, NULL);
  mlgrain_mtp_file_set_parameters(world->file, world->parameters);
  for (size_t k = first; k < n; k++)
    largest = fmax(largest, fabs(gradient[k]) / sqrt(normal[k * n + k]));
  free(now);
  free(gradient);
  free(normal);
  return largest;
}

/* Cells get the labels of another potential of the same form, near by in all parameters. */
static void label_by_another(struct world *world)
{
  struct random_source source = {12};
  double *moved = calloc(world->n, sizeof *moved);
  for (size_t k = 0; k < world->n; k++)
    moved[k] = world->parameters[k] * random_number(&source, 0.9, 1.1);
  mlgrain_mtp_file_set_parameters(world->file, moved);
  for (int c = OLD; c < CELLS; c++) {
    struct atoms atoms;
    struct outcome truth;
    open_cell(world, c, &atoms);
    compute_plain(world->file, &atoms, &truth);
    world->cells[c].energy = truth.energy;
    for (int i = 0; i < ATOMS; i++)
      memcpy(world->force[c][i], truth.force[i], sizeof world->force[c][i]);
    memcpy(world->cells[c].virial, truth.virial, sizeof world->cells[c].virial);
    outcome_free(&truth);
    atoms_free(&atoms);
  }
  mlgrain_mtp_file_set_parameters(world->file, world->parameters);
  free(moved);
}

/* A fit of all parameters ends where no parameter lowers the loss of old data and cells; what is
   learned then begins there. */
static void a_refit_is_a_fit_of_all_parameters(void **unused)
{
  (void)unused;
  struct world *world = make_world();
  struct mlgrain_mtp_learner *learner = NULL;
  const double weight = 2.5;
  const size_t radial = world->n - world->linear;
  size_t iterations = 99;
  label_by_another(world);
  assert_int_equal(make_learner(world, &learner, NULL), MLGRAIN_SUCCESS);
  assert_int_equal(mlgrain_mtp_learner_refit(learner, 9, 0.0, &iterations, NULL), MLGRAIN_SUCCESS);
  assert_int_equal(iterations, 0); /* nothing was learned */
  assert_int_equal(mlgrain_mtp_learner_learn(learner, world->cells + OLD, 3, weight, NULL), 0);
  const double before = steepest(world, learner, weight, 0);
  assert_int_equal(mlgrain_mtp_learner_refit(learner, 100, 0.0, &iterations, NULL), 0);
  const double after = steepest(world, learner, weight, 0);
  assert_true(iterations > 2);
  assert_true(after < 1e-3 * before);

  /* one cell more or less: the coefficients of the energy are the best for all, once more */
  struct mlgrain_mtp_learner *other = NULL;
  assert_int_equal(make_learner(world, &other, NULL), MLGRAIN_SUCCESS);
  assert_int_equal(mlgrain_mtp_learner_learn(other, world->cells + OLD, 2, weight, NULL), 0);
  assert_int_equal(mlgrain_mtp_learner_refit(other, 3, 0.0, &iterations, NULL), 0);
  assert_int_equal(mlgrain_mtp_learner_learn(other, world->cells + OLD + 2, 1, weight, NULL), 0);
  assert_true(steepest(world, other, weight, radial) < 1e-5 * before);
  assert_true(steepest(world, other, weight, 0) > after);
  mlgrain_mtp_learner_free(other);
  mlgrain_mtp_learner_free(learner);
  free_world(world);
}

/* Labels of another potential with other radial functions: without old data to obey, these are
   found. */
static void another_potential_is_found(void **unused)
{
  (void)unused;
  struct world *world = make_world();
  struct mlgrain_mtp_learner *learner = NULL;
  const size_t n = world->n;
  size_t iterations;
  label_by_another(world);
  for (size_t k = 0; k < n * n; k++)
    world->normal[k] *= 1e-12;
  memset(world->gradient, 0, n * sizeof *world->gradient);
  write_fit(world);
  assert_int_equal(make_learner(world, &learner, NULL), MLGRAIN_SUCCESS);
  assert_int_equal(mlgrain_mtp_learner_learn(learner, world->cells + OLD, 3, 1.0, NULL), 0);
  double force[ATOMS][3], largest[2] = {0, 0};
  for (int round = 0; round < 2; round++) {
    struct mlgrain_mtp_prediction prediction = {.force = force};
    assert_int_equal(mlgrain_mtp_learner_predict(learner, &world->cells[OLD], &prediction, NULL),
                     0);
    for (int i = 0; i < ATOMS; i++)
      for (int d = 0; d < 3 && world->weight[OLD][i] > 0; d++)
        largest[round] = fmax(largest[round], fabs(force[i][d] - world->force[OLD][i][d]));
    assert_int_equal(mlgrain_mtp_learner_refit(learner, 100, 0.0, &iterations, NULL), 0);
  }
  assert_true(largest[1] < 1e-3 * largest[0]);
  mlgrain_mtp_learner_free(learner);
  free_world(world);
}

static void what_is_wrong_is_refused(void **unused)
{
  (void)unused;
  struct world *world = make_world();
  struct mlgrain_mtp_learner *learner = NULL;
  struct mlgrain_error text;
  assert_int_equal(make_learner(world, &learner, NULL), MLGRAIN_SUCCESS);
  struct mlgrain_mtp_cell cell = world->cells[0];
  const double energy = mlgrain_mtp_learner_file(learner)->moment_coeffs[3];
  cell.energy = NAN;
  assert_int_equal(mlgrain_mtp_learner_learn(learner, &cell, 1, 1.0, &text), MLGRAIN_NOT_FINITE);
  assert_int_equal(mlgrain_mtp_learner_learn(learner, &cell, 1, 0.0, &text),
                   MLGRAIN_INVALID_ARGUMENT);
  world->species[0][3] = 2;
  assert_int_equal(mlgrain_mtp_learner_learn(learner, &cell, 1, 1.0, &text),
                   MLGRAIN_INVALID_ARGUMENT);
  assert_near(mlgrain_mtp_learner_file(learner)->moment_coeffs[3], energy, 0.0);
  mlgrain_mtp_learner_free(learner);

  world->parameters[3] *= 1.001;
  write_fit(world);
  assert_int_equal(make_learner(world, &learner, &text), MLGRAIN_FORMAT_ERROR);
  assert_null(learner);
  world->parameters[3] /= 1.001;
  world->normal[7] = NAN;
  write_fit(world);
  assert_int_equal(make_learner(world, &learner, &text), MLGRAIN_NOT_FINITE);
  world->normal[7] = 0;
  write_fit(world);
  world->fit_size -= 9;
  assert_int_equal(make_learner(world, &learner, &text), MLGRAIN_FORMAT_ERROR);
  free_world(world);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(learning_is_a_fit_of_all),
      cmocka_unit_test(what_is_known_changes_only_spreads),
      cmocka_unit_test(predictions_are_those_of_plain_formulas),
      cmocka_unit_test(leverages_fall),
      cmocka_unit_test(a_refit_is_a_fit_of_all_parameters),
      cmocka_unit_test(another_potential_is_found),
      cmocka_unit_test(what_is_wrong_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
