/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How the work on a power spectrum is divided. */
#ifndef MLGRAIN_SOAP_SHAPE_H
#define MLGRAIN_SOAP_SHAPE_H

#include "mlgrain/soap.h"

#include <cstddef>

namespace MLGRAIN_NS {

/* A team of threads computes one center: degrees l in bands, one band after the other, and
   neighbors in batches. */
struct SoapShape {
  int threads = 1;
  int batch = 1;      // neighbors at a time
  int scratch = 0;    // level of the team's memory: shared by a multiprocessor, or global
  int bands = 1;
  int first_l[MLGRAIN_SOAP_MOST_L + 2] = {0};    // of each band, and where the last one ends
};

/* What the choice depends on. */
struct SoapProblem {
  int n_max, l_max, species;
  size_t number_bytes, neighbor_bytes;    // of a number, and of a neighbor
};

/* Memory of a team. Harmonics and coefficients are complex, for m >= 0 only. */
size_t soap_team_bytes(const SoapProblem &problem, const SoapShape &shape);

/* GPU: as few bands as fit the shared memory of a team, else one for each l in global memory, and
   threads for all that can be done at once, up to four warps. CPU: a thread to a center.
   The environment variable MLGRAIN_KOKKOS_SOAP=THREADS[,BATCH[,BYTES[,BLOCK]]] gives the number of
   threads, that of neighbors in a batch, the shared memory to fit into and the number of centers at
   a time (0: as chosen), for tests and benchmarks. */
SoapShape choose_soap_shape(const SoapProblem &problem, bool gpu, size_t shared_bytes);

/* Centers whose vectors are there at the same time, of which each takes so many bytes. */
int choose_soap_block(double bytes_of_center);

}    // namespace MLGRAIN_NS

#endif
