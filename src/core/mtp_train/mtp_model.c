/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "base/error_text.h"
#include "base/simd_level.h"
#include "mtp_train_private.h"

const struct train_kernels *train_choose_kernels(enum mlgrain_simd_level level, int *lanes)
{
#ifdef MLGRAIN_X86_64_LEVELS
  level = mlgrain_simd_usable(level);
  *lanes = level == MLGRAIN_SIMD_V4 ? 8 : level == MLGRAIN_SIMD_V3 ? 4 : 2;
  if (level != MLGRAIN_SIMD_V2)
    return level == MLGRAIN_SIMD_V4 ? &train_kernels_v4 : &train_kernels_v3;
#else
  (void)level;
  *lanes = 2;
#endif
  return &train_kernels_v2;
}

static enum mlgrain_status out_of_memory(struct mlgrain_error *error)
{
  return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for a potential to train");
}

enum mlgrain_status mlgrain_mtp_model_update(const struct mlgrain_mtp_file *file,
                                             struct mlgrain_mtp_model *model,
                                             struct mlgrain_error *error)
{
  struct mlgrain_mtp *mtp;
  const enum mlgrain_status status = mlgrain_mtp_create(file, model->level, &mtp, error);
  if (status)
    return status;
  mlgrain_mtp_free(model->mtp);
  model->mtp = mtp;
  memcpy(model->moment_coeffs, file->moment_coeffs,
         (size_t)file->scalar_count * sizeof *model->moment_coeffs);
  return MLGRAIN_SUCCESS;
}

enum mlgrain_status mlgrain_mtp_model_create(const struct mlgrain_mtp_file *file,
                                             enum mlgrain_simd_level level,
                                             struct mlgrain_mtp_model **model,
                                             struct mlgrain_error *error)
{
  *model = NULL;
  struct mlgrain_mtp_model *made = calloc(1, sizeof *made);
  if (!made)
    return out_of_memory(error);
  made->level = level;
  made->kernels = train_choose_kernels(level, &made->lanes);
  made->parameter_count = file->parameter_count;
  made->moment_parameter = file->parameter_count - (size_t)file->scalar_count;
  made->species_parameter = made->moment_parameter - (size_t)file->species_count;
  made->radial_parameters = made->species_parameter;
  made->moment_coeffs = calloc((size_t)file->scalar_count + 1, sizeof *made->moment_coeffs);
  if (!made->moment_coeffs) {
    mlgrain_mtp_model_free(made);
    return out_of_memory(error);
  }
  enum mlgrain_status status = mlgrain_mtp_model_update(file, made, error);
  if (!status && train_plan_make(file, &made->mtp->plan, (uint32_t)made->lanes, &made->plan))
    status = out_of_memory(error);
  if (status)
    mlgrain_mtp_model_free(made);
  else
    *model = made;
  return status;
}

void mlgrain_mtp_model_free(struct mlgrain_mtp_model *model)
{
  if (!model)
    return;
  mlgrain_mtp_free(model->mtp);
  train_plan_free(&model->plan);
  free(model->moment_coeffs);
  free(model);
}

/* Copies the parameters of a file from or to an array. */
static void copy_parameters(const struct mlgrain_mtp_file *file, double *parameters, int to_file)
{
  const size_t count[3] = {file->parameter_count - (size_t)file->species_count -
                               (size_t)file->scalar_count,
                           (size_t)file->species_count, (size_t)file->scalar_count};
  double *const part[3] = {file->radial_coeffs, file->species_coeffs, file->moment_coeffs};
  for (int k = 0; k < 3; parameters += count[k++])
    if (to_file)
      memcpy(part[k], parameters, count[k] * sizeof *parameters);
    else
      memcpy(parameters, part[k], count[k] * sizeof *parameters);
}

void mlgrain_mtp_file_parameters(const struct mlgrain_mtp_file *file, double *parameters)
{
  copy_parameters(file, parameters, 0);
}

void mlgrain_mtp_file_set_parameters(struct mlgrain_mtp_file *file, const double *parameters)
{
  copy_parameters(file, (double *)parameters, 1);
}

enum mlgrain_status
mlgrain_mtp_train_workspace_create(struct mlgrain_mtp_train_workspace **workspace,
                                   struct mlgrain_error *error)
{
  *workspace = calloc(1, sizeof **workspace);
  if (!*workspace)
    return mlgrain_fail(error, MLGRAIN_OUT_OF_MEMORY, "out of memory for a workspace");
  const enum mlgrain_status status = mlgrain_mtp_workspace_create(&(*workspace)->mtp, error);
  if (status) {
    free(*workspace);
    *workspace = NULL;
  }
  return status;
}

void mlgrain_mtp_train_workspace_free(struct mlgrain_mtp_train_workspace *workspace)
{
  if (!workspace)
    return;
  mlgrain_mtp_workspace_free(workspace->mtp);
  for (int k = 0; k < TRAIN_BUFFERS; k++)
    free(workspace->buffer[k].memory);
  free(workspace);
}
