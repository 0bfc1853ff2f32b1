/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "spectrum_projection.h"

#include "comm.h"
#include "error.h"
#include "lammps.h"

#include <mpi.h>

#include <algorithm>

using namespace LAMMPS_NS;
using namespace MLGRAIN_NS;

SpectrumProjection::SpectrumProjection(LAMMPS *lmp, const std::string &owner,
                                       const std::string &path) :
    lmp(lmp),
    owner(owner), path(path), projection(nullptr)
{
  mlgrain_error text;
  const int mine = mlgrain_soap_projection_read(path.c_str(), &projection, &text) ? 1 : 0;
  int any = 0;
  MPI_Allreduce(&mine, &any, 1, MPI_INT, MPI_MAX, lmp->world);
  if (any) {
    mlgrain_soap_projection_free(projection);
    const std::string reason = mine ? text.text : path + " fails on another rank";
    lmp->error->all(FLERR, owner + ": " + reason);
  }
}

SpectrumProjection::~SpectrumProjection()
{
  mlgrain_soap_projection_free(projection);
}

void SpectrumProjection::require(const mlgrain_soap_parameters &parameters) const
{
  if (!mlgrain_soap_is_same(mlgrain_soap_projection_parameters(projection), &parameters))
    lmp->error->all(FLERR,
                    owner + ": the projection " + path +
                        " was made for other parameters of the power spectra");
}

size_t SpectrumProjection::columns() const
{
  return mlgrain_soap_projection_columns(projection);
}

void SpectrumProjection::compute(PowerSpectra &spectra, int groupbit, double **rows) const
{
  std::vector<std::vector<double>> scratch((size_t) lmp->comm->nthreads);
  const size_t width = columns();
  spectra.visit(groupbit, [&](int thread, size_t count, const int32_t *atom, const double *row) {
    auto &projected = scratch[(size_t) thread];
    projected.resize(std::max(projected.size(), count * width));
    mlgrain_soap_project(projection, count, row, projected.data());
    for (size_t i = 0; i < count; i++)
      std::copy_n(projected.data() + i * width, width, rows[atom[i]]);
  });
}

std::vector<double> SpectrumProjection::of(size_t count, const std::vector<double> &vectors) const
{
  std::vector<double> projected(count * columns());
  mlgrain_soap_project(projection, count, vectors.data(), projected.data());
  return projected;
}

double SpectrumProjection::memory_usage() const
{
  return (double) mlgrain_soap_projection_memory(projection);
}
