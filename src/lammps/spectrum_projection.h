/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A projection of power spectra onto fewer numbers, opened by all ranks: keyword project of
   computes soap/atom and soap/mean. */
#ifndef MLGRAIN_SPECTRUM_PROJECTION_H
#define MLGRAIN_SPECTRUM_PROJECTION_H

#include "power_spectra.h"

#include "mlgrain/soap_projection.h"

#include <string>
#include <vector>

namespace MLGRAIN_NS {

class SpectrumProjection {
 public:
  /* owner: how errors name the style. Stops with an error where the file can't be read on a rank.
   */
  SpectrumProjection(LAMMPS_NS::LAMMPS *lmp, const std::string &owner, const std::string &path);
  ~SpectrumProjection();
  SpectrumProjection(const SpectrumProjection &) = delete;
  SpectrumProjection &operator=(const SpectrumProjection &) = delete;

  /* Stops with an error unless it was made for spectra of these parameters. */
  void require(const mlgrain_soap_parameters &parameters) const;

  size_t columns() const;

  /* Rows [local atom][columns] of the group's atoms; their spectra are not stored. */
  void compute(PowerSpectra &spectra, int groupbit, double **rows) const;

  /* Vectors [count][components] to [count][columns]. */
  std::vector<double> of(size_t count, const std::vector<double> &vectors) const;

  double memory_usage() const;

 private:
  LAMMPS_NS::LAMMPS *lmp;
  std::string owner, path;
  mlgrain_soap_projection *projection;
};

}    // namespace MLGRAIN_NS

#endif
