/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp_error_builder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static float draw(unsigned long *state, double size)
{
  *state = *state * 6364136223846793005ul + 1442695040888963407ul;
  return (float)(size * (2.0 * (double)(*state >> 11) / 9007199254740992.0 - 1.0));
}

void error_content_make(const struct mlgrain_mtp_file *file, int members, unsigned long seed,
                        struct error_content *content)
{
  unsigned long state = seed;
  memset(content, 0, sizeof *content);
  const size_t linear = content->linear = (size_t)(file->species_count + file->scalar_count);
  content->sketch = malloc(ERROR_SKETCH_ROWS * linear * sizeof(float));
  content->member = malloc(((size_t)members * linear + 1) * sizeof(float));
  for (size_t k = 0; k < ERROR_SKETCH_ROWS * linear; k++)
    content->sketch[k] = draw(&state, 1.0);
  for (size_t k = 0; k < (size_t)members * linear; k++)
    content->member[k] = k % 7 == 3 ? 0.0f : draw(&state, 0.05); /* some members lack some terms */
  for (int k = 0; k < 3; k++) {
    content->leverage[k] = 0.5 + 0.75 * k;
    content->confidence[k] = k == 2 ? 0.95 : 0.5 + 0.2 * k;
    for (int row = 0; row < ERROR_MOST_MEMBERS / 2; row++)
      content->factor[row][k] = 1.0 + k + 0.25 * row;
  }
  snprintf(content->fingerprint, sizeof content->fingerprint, "%016llx",
           (unsigned long long)mlgrain_mtp_fingerprint(file));
  struct builder *builder = &content->builder;
  builder_metadata(builder, "format", "ml-grain-mtp-error");
  builder_metadata(builder, "format_version", "1");
  builder_metadata(builder, "fingerprint", content->fingerprint);
  builder_metadata(builder, "training_set", "numbers drawn at random");
  builder_tensor(builder, "leverage", "F64", 1, 3, 0, 0, content->leverage);
  builder_tensor(builder, "sketch", "F32", 2, ERROR_SKETCH_ROWS, linear, 0, content->sketch);
  if (!members)
    return;
  builder_tensor(builder, "confidence", "F64", 1, 3, 0, 0, content->confidence);
  builder_tensor(builder, "force_factors", "F64", 2, (uint64_t)members / 2, 3, 0, content->factor);
  builder_tensor(builder, "members", "F32", 2, (uint64_t)members, linear, 0, content->member);
}

void error_content_free(struct error_content *content)
{
  free(content->sketch);
  free(content->member);
}

double error_plain_leverage(const struct error_content *content,
                            const struct mlgrain_mtp_file *file, const double *v)
{
  const double *own = v + (file->parameter_count - content->linear);
  double squares = 0.0;
  for (size_t row = 0; row < ERROR_SKETCH_ROWS; row++) {
    double sum = 0.0;
    for (size_t k = 0; k < content->linear; k++)
      sum += (double)content->sketch[row * content->linear + k] * own[k];
    squares += sum * sum;
  }
  return squares;
}

double *error_add_member(const struct error_content *content, int member,
                         struct mlgrain_mtp_file *file)
{
  const float *difference = content->member + (size_t)member * content->linear;
  const size_t species = (size_t)file->species_count, scalars = (size_t)file->scalar_count;
  double *kept = malloc(content->linear * sizeof *kept);
  memcpy(kept, file->species_coeffs, species * sizeof *kept);
  memcpy(kept + species, file->moment_coeffs, scalars * sizeof *kept);
  for (size_t k = 0; k < species; k++)
    file->species_coeffs[k] += (double)difference[k];
  for (size_t k = 0; k < scalars; k++)
    file->moment_coeffs[k] += (double)difference[species + k];
  return kept;
}

void error_restore(struct mlgrain_mtp_file *file, double *kept)
{
  const size_t species = (size_t)file->species_count, scalars = (size_t)file->scalar_count;
  memcpy(file->species_coeffs, kept, species * sizeof *kept);
  memcpy(file->moment_coeffs, kept + species, scalars * sizeof *kept);
  free(kept);
}
