/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Positions and velocities of a moment, to which a run can go back. They travel with the atoms. */
#ifndef MLGRAIN_SAVED_STATE_H
#define MLGRAIN_SAVED_STATE_H

#include "lmptype.h"

#include <string>

namespace LAMMPS_NS {
class FixStoreAtom;
class LAMMPS;
}    // namespace LAMMPS_NS

namespace MLGRAIN_NS {

class SavedState {
 public:
  /* id: of the fix of LAMMPS that keeps it */
  SavedState(LAMMPS_NS::LAMMPS *lmp, const std::string &id);
  ~SavedState();
  SavedState(const SavedState &) = delete;
  SavedState &operator=(const SavedState &) = delete;

  void save();

  /* At the end of a step of a run: what was saved becomes the state, with the forces of the
     potential as it is now. The box stays as it is; atoms are where they were in it, along edges
     that are periodic. Atoms that were not there are left where they are. On all ranks. */
  void restore();

  /* An atom that was just created. */
  void forget(int i);

  /* The step it was saved at, -1 before. */
  LAMMPS_NS::bigint step() const { return saved; }

 private:
  LAMMPS_NS::LAMMPS *lmp;
  std::string id;
  LAMMPS_NS::bigint saved = -1;

  LAMMPS_NS::FixStoreAtom *store() const;
  bool follows_box(int dimension) const;
};

}    // namespace MLGRAIN_NS

#endif
