/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Per-atom numbers of a helper class, told to the atoms' ghosts through the style that it works
   for. */
#ifndef MLGRAIN_GHOST_COPIES_H
#define MLGRAIN_GHOST_COPIES_H

#include <cstddef>
#include <vector>

namespace MLGRAIN_NS {

class GhostCopies {
 public:
  virtual ~GhostCopies() = default;

  /* values: [own atoms and ghosts][width], those of ghosts are written. All ranks call this at
     once. */
  virtual void copy_to_ghosts(double *values, int width) = 0;

  /* The same for other numbers, which a double must be able to hold. */
  template <class Number> void copy(std::vector<Number> &values, int width = 1)
  {
    std::vector<double> buffer(values.begin(), values.end());
    copy_to_ghosts(buffer.data(), width);
    for (size_t k = 0; k < values.size(); k++) values[k] = (Number) buffer[k];
  }
};

}    // namespace MLGRAIN_NS

#endif
