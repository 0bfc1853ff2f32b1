/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a polycrystal conducts, or how stiff it is, by a model of its graph (mlgrain/graph_model.h).
 */
#ifndef MLGRAIN_EFFECTIVE_PREDICTOR_H
#define MLGRAIN_EFFECTIVE_PREDICTOR_H

#include "grain_finder.h"
#include "grain_measures.h"
#include "model_file.h"

#include <string>
#include <vector>

namespace MLGRAIN_NS {

class EffectivePredictor {
 public:
  /* Opens the model on all ranks; errors as ModelFile. */
  EffectivePredictor(LAMMPS_NS::LAMMPS *lmp, const std::string &owner, const char *path);

  /* How many numbers say what crystal and boundaries are: three for the crystal's axes and one; or
     the crystal's C11 C12 C44 and the boundaries' K G. */
  int values() const { return size == 3 ? 4 : 5; }

  /* Stops with an error where they make no positive definite tensors. */
  void set(double thickness, const std::vector<double> &values);

  /* Names of the columns, then a line of the table; NaN, and one warning, where there is nothing
     to predict, as with one grain. On rank 0, in periodic boxes. */
  std::string header() const;
  std::string line(long long step, const std::vector<FoundGrain> &grains,
                   const std::vector<GrainSize> &sizes,
                   const std::vector<BoundarySize> &boundaries);

 private:
  LAMMPS_NS::LAMMPS *lmp;
  std::string owner;
  ModelFile file;
  int size;
  double thickness = 0.0;
  double crystal[36] = {0.0}, boundary[36] = {0.0};    // [size][size]
  bool has_warned = false, has_warned_outside = false;

  void span(const double *from, const double *to, const double *normal, double *found) const;
};

}    // namespace MLGRAIN_NS

#endif
