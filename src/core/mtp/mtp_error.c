/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files of error bars: doc/mtp.md. */
#include "mlgrain/mtp_error.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error_text.h"
#include "base/safetensors.h"
#include "mtp_private.h"

enum { MOST_MEMBERS = 32, MOST_SKETCH_ROWS = 64, MOST_LEVELS = 64 };

static const char format_name[] = "ml-grain-mtp-error", format_version[] = "1";

/* ---- fingerprint ---------------------------------------------------------------------------- */

/* FNV-1a, eight bytes at a time, with a shift that lets high bits change low ones. */
static uint64_t hash_word(uint64_t hash, uint64_t word)
{
  hash = (hash ^ word) * 1099511628211u;
  return hash ^ hash >> 32;
}

static uint64_t hash_numbers(uint64_t hash, size_t count, const double *number)
{
  for (size_t k = 0; k < count; k++) {
    const double value = number[k] + 0.0; /* -0 is 0 */
    uint64_t word;
    memcpy(&word, &value, sizeof word);
    hash = hash_word(hash, word);
  }
  return hash;
}

static uint64_t hash_integers(uint64_t hash, size_t count, const int *number)
{
  for (size_t k = 0; k < count; k++)
    hash = hash_word(hash, (uint64_t)number[k]);
  return hash;
}

uint64_t mlgrain_mtp_fingerprint(const struct mlgrain_mtp_file *file)
{
  const int sizes[] = {file->species_count, (int)file->basis,  file->radial_size,
                       file->radial_count,  file->basic_count, file->times_count,
                       file->scalar_count};
  const double range[] = {file->scaling, file->min_dist, file->max_dist};
  const size_t species = (size_t)file->species_count, scalars = (size_t)file->scalar_count;
  uint64_t hash = hash_integers(14695981039346656037u, sizeof sizes / sizeof *sizes, sizes);
  hash = hash_numbers(hash, 3, range);
  hash = hash_integers(hash, 4 * (size_t)file->basic_count, file->basic[0]);
  if (file->times_count)
    hash = hash_integers(hash, 4 * (size_t)file->times_count, file->times[0]);
  hash = hash_integers(hash, scalars, file->mapping);
  hash =
      hash_numbers(hash, species * species * (size_t)file->radial_count * (size_t)file->radial_size,
                   file->radial_coeffs);
  hash = hash_numbers(hash, species, file->species_coeffs);
  return hash_numbers(hash, scalars, file->moment_coeffs);
}

/* ---- reading -------------------------------------------------------------------------------- */

static enum mlgrain_status out_of_memory(const char *name, struct mlgrain_error *error)
{
  return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "%s: out of memory", name);
}

static enum mlgrain_status check_metadata(const struct safetensors *file, uint64_t fingerprint,
                                          struct mlgrain_error *error)
{
  const char *format = safetensors_metadata(file, "format");
  const char *version = safetensors_metadata(file, "format_version");
  const char *owner = safetensors_metadata(file, "fingerprint");
  char expected[17];
  snprintf(expected, sizeof expected, "%016llx", (unsigned long long)fingerprint);
  if (!format || strcmp(format, format_name) != 0)
    return mlgrain_fail(error, MLGRAIN_FORMAT_ERROR,
                        "%s: holds no error bars (format '%s', not %s)", file->name,
                        format ? format : "", format_name);
  if (!version || strcmp(version, format_version) != 0)
    return mlgrain_fail(error, MLGRAIN_UNSUPPORTED, "%s: version '%s' of the format is unknown",
                        file->name, version ? version : "");
  if (!owner || strcmp(owner, expected) != 0)
    return mlgrain_fail(error, MLGRAIN_FORMAT_ERROR,
                        "%s: these error bars belong to another potential (fingerprint %s, not %s)",
                        file->name, owner ? owner : "missing", expected);
  return MLGRAIN_SUCCESS;
}

/* A tensor of finite numbers, [rows][columns] or [columns]. *count: its rows, or columns if it has
   only these; 1 to `most`. */
static enum mlgrain_status find_numbers(const struct safetensors *file, const char *name,
                                        const char *type, int rank, size_t columns, size_t most,
                                        size_t *count, const void **data,
                                        struct mlgrain_error *error)
{
  const struct safetensors_tensor *tensor = safetensors_find(file, name);
  if (!tensor || strcmp(tensor->type, type) != 0 || tensor->rank != rank ||
      (rank == 2 && tensor->shape[1] != columns) || tensor->shape[0] < 1 || tensor->shape[0] > most)
    return mlgrain_fail(error, MLGRAIN_FORMAT_ERROR,
                        "%s: there is no tensor '%s' of type %s with 1 to %zu rows of %zu numbers",
                        file->name, name, type, most, rank == 2 ? columns : 1);
  *count = (size_t)tensor->shape[0];
  *data = tensor->data;
  const size_t numbers = *count * (rank == 2 ? columns : 1);
  for (size_t k = 0; k < numbers; k++) {
    const double number =
        type[1] == '6' ? ((const double *)*data)[k] : (double)((const float *)*data)[k];
    if (!isfinite(number))
      return mlgrain_fail(error, MLGRAIN_NOT_FINITE,
                          "%s: tensor '%s' holds a number that is not finite", file->name, name);
  }
  return MLGRAIN_SUCCESS;
}

static enum mlgrain_status reserve_sketch(size_t rows, size_t linear,
                                          struct mlgrain_mtp_error_bars *bars)
{
  bars->sketch_parts = (rows + MTP_SKETCH_ROWS - 1) / MTP_SKETCH_ROWS;
  bars->sketch = calloc(bars->sketch_parts * MTP_SKETCH_ROWS * linear, sizeof *bars->sketch);
  return bars->sketch ? MLGRAIN_SUCCESS : MLGRAIN_OUT_OF_MEMORY;
}

/* Where number k of a row is kept. */
static double *sketch_place(const struct mlgrain_mtp_error_bars *bars, size_t linear, size_t row,
                            size_t k)
{
  return &bars->sketch[(row / MTP_SKETCH_ROWS * linear + k) * MTP_SKETCH_ROWS +
                       row % MTP_SKETCH_ROWS];
}

static enum mlgrain_status read_sketch(const struct safetensors *file, size_t linear,
                                       struct mlgrain_mtp_error_bars *bars,
                                       struct mlgrain_error *error)
{
  size_t rows = 0, quantiles = 0;
  const void *data = NULL, *leverage = NULL;
  enum mlgrain_status status =
      find_numbers(file, "sketch", "F32", 2, linear, MOST_SKETCH_ROWS, &rows, &data, error);
  if (!status)
    status = find_numbers(file, "leverage", "F64", 1, 0, 3, &quantiles, &leverage, error);
  if (status)
    return status;
  const double *quantile = leverage;
  if (quantiles != 3 || !(quantile[0] >= 0.0 && quantile[1] >= quantile[0] && quantile[1] > 0.0 &&
                          quantile[2] >= quantile[1]))
    return mlgrain_fail(error, MLGRAIN_FORMAT_ERROR,
                        "%s: tensor 'leverage' is not a median, a quantile and a largest leverage",
                        file->name);
  bars->leverage_edge = quantile[1];
  if (reserve_sketch(rows, linear, bars))
    return out_of_memory(file->name, error);
  for (size_t r = 0; r < rows; r++)
    for (size_t k = 0; k < linear; k++)
      *sketch_place(bars, linear, r, k) = (double)((const float *)data)[r * linear + k];
  return MLGRAIN_SUCCESS;
}

/* ---- members -------------------------------------------------------------------------------- */

/* Leaves out nothing: a coefficient of 0 would be missing from the plan of one member. */
static double never_zero(double value)
{
  return value == 0.0 ? 1e-300 : value;
}

static int plans_agree(const struct mtp_plan *a, const struct mtp_plan *b)
{
  if (a->quadratic_count != b->quadratic_count || a->term_count != b->term_count ||
      a->partner_count != b->partner_count || a->fused_count != b->fused_count ||
      a->value_slots != b->value_slots)
    return 0;
  for (size_t k = 0; k < a->term_count; k++)
    if (a->terms[k].slot != b->terms[k].slot)
      return 0;
  return 1;
}

/* Copies what a member's plan has as coefficients: number `member` of a pair. */
static void take_coefficients(const struct mtp_plan *from, int member,
                              struct mlgrain_mtp_error_bars *bars)
{
  const struct mtp_plan *plan = &bars->plan;
  const size_t pair = (size_t)member / 2, one = (size_t)member % 2;
  float *quadratic = bars->quadratic + 2 * pair * plan->quadratic_count + one;
  float *term = bars->term + 2 * pair * plan->term_count + one;
  float *partner = bars->partner + 2 * pair * plan->partner_count + one;
  float *fused = bars->fused + 2 * pair * MTP_PANEL_WIDTH * plan->fused_count + one;
  for (size_t k = 0; k < plan->quadratic_count; k++)
    quadratic[2 * k] = (float)from->quadratics[k].weight;
  for (size_t k = 0; k < plan->term_count; k++)
    term[2 * k] = (float)from->terms[k].coefficient;
  for (size_t k = 0; k < plan->partner_count; k++)
    partner[2 * k] = (float)from->partners[k].coefficient;
  for (size_t k = 0; k < plan->fused_count; k++)
    for (size_t w = 0; w < MTP_PANEL_WIDTH; w++)
      fused[2 * (MTP_PANEL_WIDTH * k + w)] =
          w < from->fused_panels[k].width ? (float)from->fused_panels[k].weight[w] : 0.0f;
}

static enum mlgrain_status reserve_coefficients(struct mlgrain_mtp_error_bars *bars)
{
  const struct mtp_plan *plan = &bars->plan;
  const size_t members = (size_t)bars->members;
  bars->quadratic = calloc(members * plan->quadratic_count + 1, sizeof(float));
  bars->term = calloc(members * plan->term_count + 1, sizeof(float));
  bars->partner = calloc(members * plan->partner_count + 1, sizeof(float));
  bars->fused = calloc(members * MTP_PANEL_WIDTH * plan->fused_count + 1, sizeof(float));
  const int good = bars->quadratic && bars->term && bars->partner && bars->fused;
  return good ? MLGRAIN_SUCCESS : MLGRAIN_OUT_OF_MEMORY;
}

/* difference: [scalar_count] of a member's moment coefficients */
static enum mlgrain_status add_member(const struct mlgrain_mtp_file *file, int lanes,
                                      const float *difference, double *coeffs, int member,
                                      struct mlgrain_mtp_error_bars *bars)
{
  struct mlgrain_mtp_file changed = *file;
  struct mtp_plan plan = {0};
  changed.moment_coeffs = coeffs;
  for (int s = 0; s < file->scalar_count; s++)
    coeffs[s] = never_zero((double)difference[s]);
  enum mlgrain_status status = mtp_plan_make(&changed, lanes, &plan);
  if (!status && member == 0) {
    bars->plan = plan;
    status = reserve_coefficients(bars);
    if (!status)
      take_coefficients(&plan, member, bars);
    return status; /* bars own the plan now */
  }
  if (!status && !plans_agree(&plan, &bars->plan))
    status = MLGRAIN_UNSUPPORTED;
  if (!status)
    take_coefficients(&plan, member, bars);
  mtp_plan_free(&plan);
  return status;
}

static enum mlgrain_status add_members(const struct mlgrain_mtp_file *file, int lanes,
                                       const float *differences,
                                       struct mlgrain_mtp_error_bars *bars,
                                       struct mlgrain_error *error)
{
  const size_t linear = (size_t)(file->species_count + file->scalar_count);
  double *coeffs = malloc(((size_t)file->scalar_count + 1) * sizeof *coeffs);
  enum mlgrain_status status = coeffs ? MLGRAIN_SUCCESS : MLGRAIN_OUT_OF_MEMORY;
  for (int k = 0; k < bars->members && !status; k++)
    status = add_member(file, lanes, differences + (size_t)k * linear + file->species_count, coeffs,
                        k, bars);
  free(coeffs);
  if (status == MLGRAIN_UNSUPPORTED)
    return mlgrain_fail(error, status, "%s: coefficients of members cancel each other", bars->name);
  return status ? out_of_memory(bars->name, error) : MLGRAIN_SUCCESS;
}

/* Growing confidences below 1, positive factors that grow with them. */
static int factors_are_sound(const struct mlgrain_mtp_error_bars *bars)
{
  const size_t rows = (size_t)bars->members / 2;
  for (size_t k = 0; k < bars->levels; k++)
    if (!(bars->level[k] > (k ? bars->level[k - 1] : 0.0) && bars->level[k] < 1.0))
      return 0;
  for (size_t k = 0; k < rows * bars->levels; k++)
    if (!(bars->factor[k] > 0.0 &&
          (k % bars->levels == 0 || bars->factor[k] >= bars->factor[k - 1])))
      return 0;
  return 1;
}

static enum mlgrain_status read_members(const struct safetensors *file,
                                        const struct mlgrain_mtp_file *potential, int lanes,
                                        struct mlgrain_mtp_error_bars *bars,
                                        struct mlgrain_error *error)
{
  const size_t linear = (size_t)(potential->species_count + potential->scalar_count);
  const void *differences = NULL, *level = NULL, *factor = NULL;
  size_t count = 0, rows = 0;
  if (!safetensors_find(file, "members"))
    return MLGRAIN_SUCCESS;
  enum mlgrain_status status =
      find_numbers(file, "members", "F32", 2, linear, MOST_MEMBERS, &count, &differences, error);
  if (!status)
    status =
        find_numbers(file, "confidence", "F64", 1, 0, MOST_LEVELS, &bars->levels, &level, error);
  if (!status)
    status = find_numbers(file, "force_factors", "F64", 2, bars->levels, MOST_MEMBERS / 2, &rows,
                          &factor, error);
  if (status)
    return status;
  if (!differences || !level || !factor || count % 2 || rows != count / 2)
    return mlgrain_fail(error, MLGRAIN_FORMAT_ERROR,
                        "%s: %zu members are not an even number, or there are not half as many "
                        "rows of 'force_factors'",
                        file->name, count);
  bars->members = (int)count;
  bars->level = malloc(bars->levels * sizeof *bars->level);
  bars->factor = malloc(rows * bars->levels * sizeof *bars->factor);
  if (!bars->level || !bars->factor)
    return out_of_memory(file->name, error);
  memcpy(bars->level, level, bars->levels * sizeof *bars->level);
  memcpy(bars->factor, factor, rows * bars->levels * sizeof *bars->factor);
  if (!factors_are_sound(bars))
    return mlgrain_fail(error, MLGRAIN_FORMAT_ERROR,
                        "%s: 'confidence' must grow from above 0 to below 1, 'force_factors' be "
                        "positive and not fall",
                        file->name);
  return add_members(potential, lanes, differences, bars, error);
}

static enum mlgrain_status read_all(const struct safetensors *file,
                                    const struct mlgrain_mtp_file *potential,
                                    const struct mlgrain_mtp *mtp,
                                    struct mlgrain_mtp_error_bars *bars,
                                    struct mlgrain_error *error)
{
  const size_t linear = (size_t)(potential->species_count + potential->scalar_count);
  enum mlgrain_status status = check_metadata(file, mlgrain_mtp_fingerprint(potential), error);
  if (!status)
    status = read_sketch(file, linear, bars, error);
  if (!status) /* vectors of single-precision numbers have twice as many lanes */
    status = read_members(file, potential, 2 * mtp->lanes, bars, error);
  if (!status)
    bars->metadata = json_incref((json_t *)file->metadata);
  return status;
}

enum mlgrain_status mlgrain_mtp_error_bars_parse(const char *name, const void *bytes, size_t size,
                                                 const struct mlgrain_mtp_file *file,
                                                 const struct mlgrain_mtp *mtp,
                                                 struct mlgrain_mtp_error_bars **bars,
                                                 struct mlgrain_error *error)
{
  *bars = NULL;
  if (mtp->fingerprint != mlgrain_mtp_fingerprint(file))
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                        "%s: the potential was not made of its file", name);
  struct mlgrain_mtp_error_bars *made = calloc(1, sizeof *made);
  if (!made)
    return out_of_memory(name, error);
  const size_t length = strlen(name) + 1;
  made->name = malloc(length);
  if (!made->name) {
    free(made);
    return out_of_memory(name, error);
  }
  memcpy(made->name, name, length);
  struct safetensors container;
  enum mlgrain_status status = safetensors_open(&container, made->name, bytes, size, error);
  if (!status)
    status = read_all(&container, file, mtp, made, error);
  safetensors_close(&container);
  if (status)
    mlgrain_mtp_error_bars_free(made);
  else
    *bars = made;
  return status;
}

/* ---- after learning ------------------------------------------------------------------------- */

static enum mlgrain_status copy_calibration(const struct mlgrain_mtp_error_bars *old, double factor,
                                            struct mlgrain_mtp_error_bars *bars)
{
  const size_t length = strlen(old->name) + 1, rows = (size_t)old->members / 2;
  bars->name = malloc(length);
  bars->level = malloc((old->levels + 1) * sizeof *bars->level);
  bars->factor = malloc((rows * old->levels + 1) * sizeof *bars->factor);
  if (!bars->name || !bars->level || !bars->factor)
    return MLGRAIN_OUT_OF_MEMORY;
  memcpy(bars->name, old->name, length);
  bars->metadata = json_incref(old->metadata);
  bars->leverage_edge = old->leverage_edge;
  bars->members = old->members;
  bars->levels = old->levels;
  for (size_t k = 0; k < old->levels; k++)
    bars->level[k] = old->level[k];
  for (size_t k = 0; k < rows * old->levels; k++)
    bars->factor[k] = factor * old->factor[k];
  return MLGRAIN_SUCCESS;
}

static enum mlgrain_status renew_members(const struct mlgrain_mtp_file *file, int lanes,
                                         size_t linear, const double *members,
                                         struct mlgrain_mtp_error_bars *bars,
                                         struct mlgrain_error *error)
{
  const size_t count = (size_t)bars->members * linear;
  float *differences = malloc((count + 1) * sizeof *differences);
  if (!differences)
    return out_of_memory(bars->name, error);
  for (size_t k = 0; k < count; k++)
    differences[k] = (float)members[k];
  const enum mlgrain_status status = add_members(file, lanes, differences, bars, error);
  free(differences);
  return status;
}

enum mlgrain_status mlgrain_mtp_error_bars_renew(
    const struct mlgrain_mtp_error_bars *old, const struct mlgrain_mtp_file *file,
    const struct mlgrain_mtp *mtp, const double *sketch, size_t rows, const double *members,
    double factor, struct mlgrain_mtp_error_bars **bars, struct mlgrain_error *error)
{
  const size_t linear = (size_t)(file->species_count + file->scalar_count);
  *bars = NULL;
  if (rows < 1 || rows > MOST_SKETCH_ROWS || !(factor > 0.0) || !isfinite(factor))
    return mlgrain_fail(error, MLGRAIN_INVALID_ARGUMENT,
                        "%s: %zu rows or a factor of %g are out of range", old->name, rows, factor);
  struct mlgrain_mtp_error_bars *made = calloc(1, sizeof *made);
  if (!made || copy_calibration(old, factor, made) || reserve_sketch(rows, linear, made)) {
    mlgrain_mtp_error_bars_free(made);
    return out_of_memory(old->name, error);
  }
  for (size_t r = 0; r < rows; r++)
    for (size_t k = 0; k < linear; k++)
      *sketch_place(made, linear, r, k) = sketch[r * linear + k];
  const enum mlgrain_status status =
      made->members ? renew_members(file, 2 * mtp->lanes, linear, members, made, error)
                    : MLGRAIN_SUCCESS;
  if (status)
    mlgrain_mtp_error_bars_free(made);
  else
    *bars = made;
  return status;
}

void mlgrain_mtp_error_bars_free(struct mlgrain_mtp_error_bars *bars)
{
  if (!bars)
    return;
  mtp_plan_free(&bars->plan);
  json_decref(bars->metadata);
  free(bars->name);
  free(bars->sketch);
  free(bars->level);
  free(bars->factor);
  free(bars->quadratic);
  free(bars->term);
  free(bars->partner);
  free(bars->fused);
  free(bars);
}

/* ---- use ------------------------------------------------------------------------------------ */

int mlgrain_mtp_error_members(const struct mlgrain_mtp_error_bars *bars)
{
  return bars->members;
}

double mlgrain_mtp_error_factor(const struct mlgrain_mtp_error_bars *bars, int members,
                                double confidence)
{
  if (members < 2 || members % 2 || members > bars->members ||
      !(confidence >= bars->level[0] && confidence <= bars->level[bars->levels - 1]))
    return 0.0;
  const double *factor = bars->factor + (size_t)(members / 2 - 1) * bars->levels;
  size_t k = 1;
  while (k + 1 < bars->levels && bars->level[k] < confidence)
    k++;
  if (bars->levels == 1)
    return factor[0];
  const double part = (confidence - bars->level[k - 1]) / (bars->level[k] - bars->level[k - 1]);
  return factor[k - 1] + part * (factor[k] - factor[k - 1]);
}

double mlgrain_mtp_leverage_edge(const struct mlgrain_mtp_error_bars *bars)
{
  return bars->leverage_edge;
}

const char *mlgrain_mtp_error_metadata(const struct mlgrain_mtp_error_bars *bars, const char *key)
{
  return json_string_value(json_object_get(bars->metadata, key));
}

double mlgrain_mtp_force_spread(const float *force, int members)
{
  double sum = 0.0;
  for (int k = 0; k < 3 * members; k++)
    sum += (double)force[k] * (double)force[k];
  return sqrt(sum / members);
}
