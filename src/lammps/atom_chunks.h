/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Atoms by the chunks of a compute chunk/atom, for styles that sum over each chunk. */
#ifndef MLGRAIN_ATOM_CHUNKS_H
#define MLGRAIN_ATOM_CHUNKS_H

#include "lmptype.h"

#include <string>

namespace LAMMPS_NS {
class ComputeChunkAtom;
class Fix;
class LAMMPS;
}    // namespace LAMMPS_NS

namespace MLGRAIN_NS {

class AtomChunks {
 public:
  /* owner: how errors name the style; id: of a compute chunk/atom */
  AtomChunks(LAMMPS_NS::LAMMPS *lmp, const std::string &owner, const std::string &id);

  /* Finds the compute; call when a run is initialized. Stops with an error if there is none. */
  void init();

  /* How many chunks there are now. */
  int count();

  /* Chunk of each local atom, counted from 1; 0: of none. Valid until the next step; call count()
     first. */
  const int *of_atoms();

  /* What a Compute with chunks has to pass on, so that fix ave/time can keep their number. */
  void lock_enable();
  void lock_disable();
  void lock(LAMMPS_NS::Fix *, LAMMPS_NS::bigint first, LAMMPS_NS::bigint last);
  void unlock(LAMMPS_NS::Fix *);

 private:
  LAMMPS_NS::LAMMPS *lmp;
  std::string owner, id;
  LAMMPS_NS::ComputeChunkAtom *compute;
};

}    // namespace MLGRAIN_NS

#endif
