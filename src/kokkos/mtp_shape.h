/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Chooses how atoms are divided among the threads of a device. */
#ifndef MLGRAIN_MTP_SHAPE_H
#define MLGRAIN_MTP_SHAPE_H

#include "mtp_kernel.h"

namespace MLGRAIN_NS {

/* What the choice depends on. */
struct MTPProblem {
  int atoms;             // centers on this rank
  int most_near;         // neighbors inside the cutoff, of the atom that has most
  int list_length;       // entries of the longest neighbor list
  int numbers;           // of a lane without its tile
  int numbers_of_row;    // of a lane's row in a tile
};

/* GPU: where the moments fit the shared memory of a multiprocessor, as many atoms to a team as fit
   and still give every multiprocessor work, and threads to fill two warps or four; so a small
   potential has a thread to an atom and a large one a team. Where they don't, 32 atoms with several
   threads each in global memory, neighboring threads at neighboring addresses.
   CPU: an atom to a thread, all neighbors in one tile unless they are many.
   The environment variable MLGRAIN_KOKKOS_TEAM=WORKERS[,ROWS[,LANES[,SCRATCH]]] overrides members
   of the shape (0: as chosen), for tests and benchmarks. */
MTPShape choose_mtp_shape(const MTPProblem &problem, bool gpu, int processors, size_t shared_bytes);

}    // namespace MLGRAIN_NS

#endif
