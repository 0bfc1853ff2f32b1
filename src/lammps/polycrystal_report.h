/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What create_polycrystal tells about grains and their boundaries. */
#ifndef MLGRAIN_POLYCRYSTAL_REPORT_H
#define MLGRAIN_POLYCRYSTAL_REPORT_H

#include "boundary_measures.h"

#include "mlgrain/tessellation.h"

#include <string>
#include <vector>

namespace MLGRAIN_NS {

/* A face between two grains, or between a grain and its own periodic image. */
struct GrainBoundary {
  size_t grain1, grain2;    // counted from 0, grain1 <= grain2
  double area;
  mlgrain_misorientation misorientation;
  double normal[3];                   // from grain1 to grain2
  double crystal1[3], crystal2[3];    // the same in the frames of the two crystals
  double center[3];                   // of the face, in the box
  BoundaryMeasures measures;          // filled by measure_boundaries
};

/* Every boundary once, in the order of grain1; faces without area, as cells of a regular
   arrangement have where more than four meet, are left out. So are surfaces, and the ends of
   columns where these meet their own images, unless they are faulted: the crystal does not go on
   there. */
std::vector<GrainBoundary> grain_boundaries(const mlgrain_box &box,
                                            const std::vector<mlgrain_grain> &grains,
                                            const mlgrain_tessellation &cells,
                                            const std::vector<bool> &faulted,
                                            mlgrain_symmetry symmetry);

/* Fills what is left: kinds, coincidences, exact boundaries near, energies. */
void measure_boundaries(const BoundaryMeter &meter, const std::vector<mlgrain_grain> &grains,
                        std::vector<GrainBoundary> &boundaries);

/* Tables as text: a comment line with the names of the columns, then a line for each. */
std::string grain_table(const mlgrain_box &box, const std::vector<mlgrain_grain> &grains,
                        const mlgrain_tessellation &cells, const std::vector<long long> &atoms);
std::string boundary_table(const std::vector<GrainBoundary> &boundaries, bool with_energy);

/* A few lines of sums and means. */
std::string grain_summary(const mlgrain_box &box, const mlgrain_tessellation &cells,
                          const std::vector<GrainBoundary> &boundaries);

/* Kinds and coincidences of boundaries by area, of those that measure_boundaries filled. */
std::string boundary_summary(const std::vector<GrainBoundary> &boundaries, bool with_energy);

}    // namespace MLGRAIN_NS

#endif
