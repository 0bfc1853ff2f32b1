/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What fix grains writes: lines of text for grains, boundaries, triple lines and events. */
#ifndef MLGRAIN_GRAIN_TABLES_H
#define MLGRAIN_GRAIN_TABLES_H

#include "boundary_measures.h"
#include "grain_finder.h"
#include "grain_measures.h"

#include "mlgrain/grain_history.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace MLGRAIN_NS {

/* Since the call before: 0 where a grain is new. */
struct GrainChange {
  double gained = 0.0;      // atoms
  double rotation = 0.0;    // degrees
};

/* A call of the fix, as it goes into the tables; places count from 0. */
struct GrainFrame {
  long long step;
  const std::vector<FoundGrain> *found;
  const std::vector<int64_t> *number;    // ascending
  const std::vector<GrainSize> *size;
  const std::vector<GrainChange> *change;
  const std::vector<BoundarySize> *boundary;
  const std::vector<TripleLine> *line;
  double energy_unit;    // of excess energies over areas, to what is written
};

/* Names of the columns, a comment line. */
std::string grain_header();
std::string boundary_header(bool with_estimate, const std::vector<std::string> &means);
std::string line_header();
std::string event_header();

/* Kinds, coincidences and estimated energies of boundaries between grains of one structure. */
class BoundaryMeters {
 public:
  /* Al, Ni, Au, Cu; false: none of these. */
  bool set_metal(const std::string &symbol);
  bool has_metal() const { return !metal.empty(); }

  /* Throws std::runtime_error. */
  const BoundaryMeter &of(int structure);

 private:
  std::string metal;
  std::unique_ptr<BoundaryMeter> meter[MLGRAIN_STRUCTURES];
};

/* Lines, one for each. */
std::string grain_lines(const GrainFrame &frame);
std::string boundary_lines(const GrainFrame &frame, BoundaryMeters &meters);
std::string triple_lines(const GrainFrame &frame);
std::string event_lines(long long step, const std::vector<mlgrain_grain_event> &events);

}    // namespace MLGRAIN_NS

#endif
