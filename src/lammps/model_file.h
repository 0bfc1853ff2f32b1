/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A trained model as a style uses it: the file, opened by all ranks. */
#ifndef MLGRAIN_MODEL_FILE_H
#define MLGRAIN_MODEL_FILE_H

#include "mlgrain/forest.h"
#include "mlgrain/gmm.h"
#include "mlgrain/graph_model.h"
#include "mlgrain/linear.h"
#include "mlgrain/model.h"

#include <string>

namespace LAMMPS_NS {
class LAMMPS;
}

namespace MLGRAIN_NS {

class ModelFile {
 public:
  /* Maps the file, whose memory the ranks of a node share, and checks all of it. Stops with an
     error if that fails on any rank, if the model is not of this kind, or is for other units.
     owner: how errors name the style, e.g. "Fix e forest/atom" */
  ModelFile(LAMMPS_NS::LAMMPS *lmp, const std::string &owner, const char *path,
            mlgrain_model_kind kind);
  ~ModelFile();
  ModelFile(const ModelFile &) = delete;
  ModelFile &operator=(const ModelFile &) = delete;

  /* A string from the metadata, "" if the file has none of that key. */
  std::string metadata(const char *key) const;

  const mlgrain_model *model() const { return file; }
  const mlgrain_forest *forest() const { return trees; }
  const mlgrain_gmm *mixture() const { return gaussians; }
  const mlgrain_linear *linear() const { return sum; }
  const mlgrain_graph_model *polycrystal() const { return grains; }

 private:
  mlgrain_model *file;
  mlgrain_forest *trees;                    // null unless the model is one
  mlgrain_gmm *gaussians;                   // the same
  mlgrain_linear *sum;                      // the same
  mlgrain_graph_model *grains = nullptr;    // the same

  mlgrain_status open(const char *path, mlgrain_model_kind kind, mlgrain_error *error);
  void free();
};

}    // namespace MLGRAIN_NS

#endif
