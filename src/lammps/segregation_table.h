/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What command segregation finds, site by site, as a text file that grows while it works. */
#ifndef MLGRAIN_SEGREGATION_TABLE_H
#define MLGRAIN_SEGREGATION_TABLE_H

#include "lmptype.h"

#include <string>
#include <vector>

namespace LAMMPS_NS {
class LAMMPS;
}

namespace MLGRAIN_NS {

/* What can be the matter with a site; bits. */
enum SiteFlag {
  NOT_CONVERGED = 1,
  LEFT_SITE = 2,
  REARRANGED = 4,
  FAILED = 8,
  HOST_CHANGED = 16,
  SOFT = 32
};

/* Numbers alone, so that ranks can send them as they are. */
struct SiteRow {
  double id, type, x[3];
  double energy;         // of segregation, NaN if FAILED
  double correction;     // part of it: what atoms farther away give
  double drift;          // how it differs from what smaller radii told
  double host_change;    // not part of it: of the host's energy, by another structure
  double coordination, shift, largest_shift, force, evaluations, flag;
};
static constexpr int SITE_COLUMNS = (int) (sizeof(SiteRow) / sizeof(double));

/* All functions are collective, and errors of LAMMPS, beginning with `owner`, if rank 0 can't read
   or write. */
class SegregationTable {
 public:
  std::string path;    // empty: not wanted

  SegregationTable(LAMMPS_NS::LAMMPS *lmp_, const std::string &owner_) : lmp(lmp_), owner(owner_) {}

  /* Rows of the file, if there is one, on all ranks. Its first line must say the same of how they
     were found. A last line that has no end is left out. */
  std::vector<SiteRow> read(const std::string &title) const;

  /* Begins the file with these rows. */
  void begin(const std::string &title, const std::vector<SiteRow> &rows);

  /* More of them, in the file when this returns. */
  void append(const std::vector<SiteRow> &rows);

  /* All rows in the order of IDs, in place of what was there. */
  void finish(const std::string &title, std::vector<SiteRow> rows);

 private:
  LAMMPS_NS::LAMMPS *lmp;
  std::string owner;

  void put(const std::string &file, const char *mode, const std::string &text) const;
  void require(bool good, const std::string &what) const;
};

}    // namespace MLGRAIN_NS

#endif
