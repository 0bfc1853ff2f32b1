/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mlgrain/mtp.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error_text.h"
#include "base/simd_level.h"
#include "mtp_private.h"

enum {
  ALIGNMENT = 64,
  MOST_POWERS = 10 /* the powers of xi in T_9 add up to 1393 times what T_9 is: three digits */
};

enum mlgrain_status mtp_reserve(struct mtp_buffer *buffer, size_t size)
{
  if (size <= buffer->size && buffer->memory)
    return MLGRAIN_SUCCESS;
  const size_t larger = (size + size / 4 + ALIGNMENT) / ALIGNMENT * ALIGNMENT;
  void *memory = larger > size ? aligned_alloc(ALIGNMENT, larger) : NULL;
  if (!memory)
    return MLGRAIN_OUT_OF_MEMORY;
  free(buffer->memory);
  buffer->memory = memory;
  buffer->size = larger;
  return MLGRAIN_SUCCESS;
}

/* Returns the lanes of the kernels. */
static int choose_kernels(enum mlgrain_simd_level level, struct mlgrain_mtp *mtp)
{
  const int exact = mtp->precision == MLGRAIN_MTP_DOUBLE;
#ifdef MLGRAIN_X86_64_LEVELS
  level = mlgrain_simd_usable(level);
  if (level == MLGRAIN_SIMD_V4) {
    mtp->kernel = exact ? mtp_compute_v4 : mtp_compute_single_v4;
    mtp->list_kernel = mtp_shorten_v4;
    return exact ? 8 : 16;
  }
  if (level == MLGRAIN_SIMD_V3) {
    mtp->kernel = exact ? mtp_compute_v3 : mtp_compute_single_v3;
    mtp->list_kernel = mtp_shorten_v3;
    return exact ? 4 : 8;
  }
#else
  (void)level;
#endif
  mtp->kernel = exact ? mtp_compute_v2 : mtp_compute_single_v2;
  mtp->list_kernel = mtp_shorten_v2;
  return exact ? 2 : 4;
}

static void *copy(const void *source, size_t count, size_t size)
{
  void *made = calloc(count + 1, size);
  if (made && count)
    memcpy(made, source, count * size);
  return made;
}

/* Radial coefficients with the scaling in them, functions fastest. */
static double *scaled_radial(const struct mlgrain_mtp_file *file)
{
  const size_t pairs = (size_t)file->species_count * (size_t)file->species_count;
  const size_t functions = (size_t)file->radial_count, size = (size_t)file->radial_size;
  double *made = calloc(pairs * functions * size, sizeof *made);
  if (!made)
    return NULL;
  for (size_t pair = 0; pair < pairs; pair++)
    for (size_t mu = 0; mu < functions; mu++)
      for (size_t b = 0; b < size; b++)
        made[(pair * size + b) * functions + mu] =
            file->scaling * file->radial_coeffs[(pair * functions + mu) * size + b];
  return made;
}

/* sum of c_b T_b(xi) -> sum of c_b xi^b, in place, for coefficients [size][functions]; the powers
   in T_b come from T_b = 2 xi T_{b-1} - T_{b-2}. */
static void powers_of_chebyshev(double *coeffs, size_t size, size_t functions)
{
  for (size_t mu = 0; mu < functions; mu++) {
    double chebyshev[MOST_POWERS + 1] = {0}, before[MOST_POWERS + 1] = {0}; /* T_b, T_{b-1} */
    double sum[MOST_POWERS] = {0};
    for (size_t b = 0; b < size; b++) {
      double next[MOST_POWERS + 1] = {0};
      for (size_t k = 0; k <= b; k++) {
        const double shifted = k ? chebyshev[k - 1] : 0.0;
        next[k] = b == 0 ? 1.0 : b == 1 ? shifted : 2.0 * shifted - before[k];
        sum[k] += coeffs[b * functions + mu] * next[k];
      }
      memcpy(before, chebyshev, sizeof before);
      memcpy(chebyshev, next, sizeof next);
    }
    for (size_t b = 0; b < size; b++)
      coeffs[b * functions + mu] = sum[b];
  }
}

/* Makes radial_choices where a vector has a lane for each species. Lanes without one hold zeros. */
static enum mlgrain_status make_choices(int lanes, struct mlgrain_mtp *mtp)
{
  const size_t species = (size_t)mtp->species_count, width = (size_t)lanes;
  const size_t per_pair = (size_t)mtp->radial_size * (size_t)mtp->radial_count;
  if (species == 1 || species > width)
    return MLGRAIN_SUCCESS;
  mtp->radial_choices = calloc(species * per_pair * width, sizeof(double));
  if (!mtp->radial_choices)
    return MLGRAIN_OUT_OF_MEMORY;
  for (size_t i = 0; i < species; i++)
    for (size_t j = 0; j < species; j++)
      for (size_t k = 0; k < per_pair; k++)
        mtp->radial_choices[(i * per_pair + k) * width + j] =
            mtp->radial[(i * species + j) * per_pair + k];
  return MLGRAIN_SUCCESS;
}

static float *rounded(const double *from, size_t count)
{
  float *made = calloc(count, sizeof *made);
  for (size_t k = 0; k < count && made; k++)
    made[k] = (float)from[k];
  return made;
}

/* Coefficients of radial functions for kernels in single precision. */
static enum mlgrain_status round_radial(int lanes, struct mlgrain_mtp *mtp)
{
  const size_t species = (size_t)mtp->species_count;
  const size_t per_center = species * (size_t)mtp->radial_size * (size_t)mtp->radial_count;
  mtp->rounded_radial = rounded(mtp->radial, species * per_center);
  if (mtp->radial_choices)
    mtp->rounded_choices = rounded(mtp->radial_choices, per_center * (size_t)lanes);
  return mtp->rounded_radial && (mtp->rounded_choices || !mtp->radial_choices)
             ? MLGRAIN_SUCCESS
             : MLGRAIN_OUT_OF_MEMORY;
}

/* Copies what needs memory of its own. */
static enum mlgrain_status fill(const struct mlgrain_mtp_file *file, int lanes,
                                struct mlgrain_mtp *mtp)
{
  const size_t n = file->parameter_count;
  mtp->radial = scaled_radial(file);
  mtp->species_coeffs =
      copy(file->species_coeffs, (size_t)file->species_count, sizeof *mtp->species_coeffs);
  mtp->mapping = copy(file->mapping, (size_t)file->scalar_count, sizeof *mtp->mapping);
  if (!mtp->radial || !mtp->species_coeffs || !mtp->mapping)
    return MLGRAIN_OUT_OF_MEMORY;
  mtp->radial_powers = file->radial_size <= MOST_POWERS;
  const size_t pairs = (size_t)file->species_count * (size_t)file->species_count;
  const size_t size = (size_t)file->radial_size, functions = (size_t)file->radial_count;
  for (size_t pair = 0; pair < pairs && mtp->radial_powers; pair++)
    powers_of_chebyshev(mtp->radial + pair * size * functions, size, functions);
  if (make_choices(lanes, mtp))
    return MLGRAIN_OUT_OF_MEMORY;
  if (mtp->precision == MLGRAIN_MTP_MIXED)
    return round_radial(lanes, mtp) ? MLGRAIN_OUT_OF_MEMORY
                                    : mtp_plan_make(file, lanes, &mtp->plan);
  if (file->active_inverse) {
    mtp->active_inverse = copy(file->active_inverse, n * n, sizeof *mtp->active_inverse);
    if (!mtp->active_inverse)
      return MLGRAIN_OUT_OF_MEMORY;
  }
  if (mtp_factor_active_set(file, lanes, &mtp->factored))
    return MLGRAIN_OUT_OF_MEMORY;
  return mtp_plan_make(file, lanes, &mtp->plan);
}

static enum mlgrain_status create(const struct mlgrain_mtp_file *file,
                                  enum mlgrain_simd_level level,
                                  enum mlgrain_mtp_precision precision, struct mlgrain_mtp **mtp,
                                  struct mlgrain_error *error)
{
  *mtp = NULL;
  struct mlgrain_mtp *made = calloc(1, sizeof *made);
  if (!made)
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for a potential");
  made->precision = precision;
  made->species_count = file->species_count;
  made->radial_size = file->radial_size;
  made->radial_count = file->radial_count;
  made->basic_count = file->basic_count;
  made->moment_count = file->moment_count;
  made->scalar_count = file->scalar_count;
  made->repulsive = file->basis == MLGRAIN_MTP_CHEBYSHEV_REPULS;
  made->scaling = file->scaling;
  made->min_dist = file->min_dist;
  made->max_dist = file->max_dist;
  made->inverse_width = 1.0 / (file->max_dist - file->min_dist);
  made->grade_mode = file->grade_mode;
  made->grade_weight =
      file->grade_mode == MLGRAIN_MTP_NEIGHBORHOOD ? file->site_weight : file->energy_weight;
  made->weight_scaling = file->weight_scaling;
  made->parameter_count = file->parameter_count;
  made->lanes = choose_kernels(level, made);
  made->fingerprint = mlgrain_mtp_fingerprint(file);
  if (fill(file, made->lanes, made)) {
    mlgrain_mtp_free(made);
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for a potential");
  }
  *mtp = made;
  return MLGRAIN_SUCCESS;
}

enum mlgrain_status mlgrain_mtp_create(const struct mlgrain_mtp_file *file,
                                       enum mlgrain_simd_level level, struct mlgrain_mtp **mtp,
                                       struct mlgrain_error *error)
{
  return create(file, level, MLGRAIN_MTP_DOUBLE, mtp, error);
}

enum mlgrain_status mlgrain_mtp_create_mixed(const struct mlgrain_mtp_file *file,
                                             enum mlgrain_simd_level level,
                                             struct mlgrain_mtp **mtp, struct mlgrain_error *error)
{
  struct mlgrain_mtp_file rescaled;
  *mtp = NULL;
  if (mtp_rescale(file, &rescaled))
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for a potential");
  enum mlgrain_status status = create(&rescaled, level, MLGRAIN_MTP_MIXED, mtp, error);
  mtp_rescaled_free(&rescaled);
  if (!status && !mtp_plan_fits_floats(&(*mtp)->plan)) {
    mlgrain_mtp_free(*mtp);
    *mtp = NULL;
    status = mlgrain_fail(error, MLGRAIN_UNSUPPORTED,
                          "the potential's coefficients are too large for single precision");
  }
  return status;
}

void mlgrain_mtp_free(struct mlgrain_mtp *mtp)
{
  if (!mtp)
    return;
  mtp_plan_free(&mtp->plan);
  free(mtp->radial);
  free(mtp->radial_choices);
  free(mtp->rounded_radial);
  free(mtp->rounded_choices);
  free(mtp->species_coeffs);
  free(mtp->mapping);
  free(mtp->active_inverse);
  mtp_factored_free(mtp->factored);
  free(mtp);
}

enum mlgrain_status mlgrain_mtp_workspace_create(struct mlgrain_mtp_workspace **workspace,
                                                 struct mlgrain_error *error)
{
  *workspace = calloc(1, sizeof **workspace);
  if (!*workspace)
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for a workspace");
  return MLGRAIN_SUCCESS;
}

void mlgrain_mtp_workspace_free(struct mlgrain_mtp_workspace *workspace)
{
  if (!workspace)
    return;
  for (int k = 0; k < MTP_BUFFERS; k++)
    free(workspace->buffer[k].memory);
  free(workspace);
}

size_t mlgrain_mtp_workspace_memory(const struct mlgrain_mtp_workspace *workspace)
{
  size_t size = sizeof *workspace;
  for (int k = 0; k < MTP_BUFFERS; k++)
    size += workspace->buffer[k].size;
  return size;
}

double mlgrain_mtp_screen(const struct mlgrain_mtp_atoms *atoms, const double origin[3],
                          size_t first, size_t last, float (*screen)[4])
{
  double largest = 0.0;
  for (size_t i = first; i < last; i++) {
    for (int d = 0; d < 3; d++) {
      const double coordinate = atoms->x[i][d] - origin[d];
      screen[i][d] = (float)coordinate;
      largest = fabs(coordinate) > largest ? fabs(coordinate) : largest;
    }
    screen[i][3] = (float)atoms->species_of_type[atoms->type[i]];
  }
  return largest;
}

int mlgrain_mtp_lists_hold(const float (*then)[4], const float (*now)[4], size_t first, size_t last,
                           double margin)
{
  const float half = (float)(0.5 * margin * (1.0 - 1e-6)); /* less what squares are rounded by */
  int hold = 1;
  for (size_t i = first; i < last; i++) {
    float moved2 = 0.0f;
    for (int d = 0; d < 4; d++)
      moved2 += (now[i][d] - then[i][d]) * (now[i][d] - then[i][d]);
    hold &= moved2 <= half * half;
  }
  return hold;
}

static enum mlgrain_status out_of_memory(struct mlgrain_error *error)
{
  return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for neighborhoods");
}

enum mlgrain_status mlgrain_mtp_shorten(const struct mlgrain_mtp *mtp,
                                        struct mlgrain_mtp_workspace *workspace,
                                        const struct mlgrain_mtp_atoms *atoms, const int *center,
                                        size_t count, double margin, struct mlgrain_error *error)
{
  const struct mtp_task task = {mtp, workspace, atoms, center, count, NULL};
  return mtp->list_kernel(&task, margin) ? out_of_memory(error) : MLGRAIN_SUCCESS;
}

enum mlgrain_status mlgrain_mtp_compute(const struct mlgrain_mtp *mtp,
                                        struct mlgrain_mtp_workspace *workspace,
                                        const struct mlgrain_mtp_atoms *atoms, const int *center,
                                        size_t count, struct mlgrain_mtp_result *result,
                                        struct mlgrain_error *error)
{
  const struct mtp_task task = {mtp, workspace, atoms, center, count, result};
  if (mtp->precision == MLGRAIN_MTP_MIXED &&
      (result->grade || result->gradient_sum || result->error_bars))
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                        "grades, gradients to the parameters and error bars need double precision");
  if (atoms->neighbors && mtp->list_kernel(&task, 0.0))
    return out_of_memory(error);
  if (workspace->listed != count)
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT, "short lists of %zu centers, not of %zu",
                        workspace->listed, count);
  return mtp->kernel(&task) ? out_of_memory(error) : MLGRAIN_SUCCESS;
}

double mlgrain_mtp_grade_of_row(const struct mlgrain_mtp *mtp, const double *gradient, size_t row)
{
  const size_t n = mtp->parameter_count;
  double sum = 0.0;
  for (size_t l = 0; l < n; l++)
    sum += mtp->active_inverse[row * n + l] * gradient[l];
  return fabs(sum) * mtp->grade_weight;
}

size_t mlgrain_mtp_grade_row(const struct mlgrain_mtp *mtp, const double *gradient)
{
  size_t best = 0;
  double largest = 0.0;
  for (size_t k = 0; k < mtp->parameter_count; k++) {
    const double grade = mlgrain_mtp_grade_of_row(mtp, gradient, k);
    if (!(grade <= largest)) { /* so that NaN stays */
      largest = grade;
      best = k;
    }
  }
  return best;
}

double mlgrain_mtp_configuration_grade(const struct mlgrain_mtp *mtp, const double *gradient_sum,
                                       double atom_count)
{
  if (!mtp->active_inverse)
    return 0.0;
  const size_t row = mlgrain_mtp_grade_row(mtp, gradient_sum);
  return mlgrain_mtp_grade_of_row(mtp, gradient_sum, row) /
         pow(atom_count, 0.5 * mtp->weight_scaling);
}
