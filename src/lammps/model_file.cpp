/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model_file.h"

#include "error.h"
#include "lammps.h"
#include "update.h"

#include <mpi.h>

using namespace LAMMPS_NS;
using namespace MLGRAIN_NS;

ModelFile::ModelFile(LAMMPS *lmp, const std::string &owner, const char *path,
                     mlgrain_model_kind kind) :
    file(nullptr),
    trees(nullptr), gaussians(nullptr), sum(nullptr)
{
  mlgrain_error text;
  const int mine = open(path, kind, &text) ? 1 : 0;
  int any = 0;
  MPI_Allreduce(&mine, &any, 1, MPI_INT, MPI_MAX, lmp->world);
  if (any) {
    free();
    const std::string reason = mine ? text.text : std::string(path) + " fails on another rank";
    lmp->error->all(FLERR, owner + ": " + reason);
  }
  const std::string units = metadata("unit_style");
  if (!units.empty() && units != lmp->update->unit_style) {
    free();
    lmp->error->all(FLERR,
                    owner + ": the model " + path + " is for units " + units + ", not " +
                        lmp->update->unit_style);
  }
}

ModelFile::~ModelFile()
{
  free();
}

void ModelFile::free()
{
  mlgrain_forest_free(trees);
  mlgrain_gmm_free(gaussians);
  mlgrain_linear_free(sum);
  mlgrain_graph_model_free(grains);
  mlgrain_model_free(file);
  trees = nullptr;
  gaussians = nullptr;
  sum = nullptr;
  grains = nullptr;
  file = nullptr;
}

mlgrain_status ModelFile::open(const char *path, mlgrain_model_kind kind, mlgrain_error *error)
{
  auto status = mlgrain_model_open(path, &file, error);
  if (!status && kind == MLGRAIN_MODEL_FOREST)
    status = mlgrain_forest_create(file, mlgrain_simd_best(), &trees, error);
  else if (!status && kind == MLGRAIN_MODEL_GAUSSIAN_MIXTURE)
    status = mlgrain_gmm_create(file, mlgrain_simd_best(), &gaussians, error);
  else if (!status && kind == MLGRAIN_MODEL_POLYCRYSTAL)
    status = mlgrain_graph_model_create(file, &grains, error);
  else if (!status)
    status = mlgrain_linear_create(file, mlgrain_simd_best(), &sum, error);
  return status;
}

std::string ModelFile::metadata(const char *key) const
{
  const char *value = mlgrain_model_metadata(file, key);
  return value ? value : "";
}
