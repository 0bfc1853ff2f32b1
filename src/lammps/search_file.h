/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a search has found, as text: a table, and structures as extended XYZ, which can be read
   again. */
#ifndef MLGRAIN_SEARCH_FILE_H
#define MLGRAIN_SEARCH_FILE_H

#include "search_archive.h"

#include <string>
#include <vector>

namespace MLGRAIN_NS {

struct SearchFile {
  std::string boundary;                // its title
  std::string unit_name;               // of energies per area
  double unit = 1.0;                   // factor from those of the run
  std::vector<std::string> element;    // of types, as far as they have names
  long trials = 0;                     // that have been done

  std::string table(const SearchArchive &) const;
  std::string structures(const SearchArchive &) const;

  /* Of what `structures` has written for the same cells; sets `trials`. Throws SearchFailure that
     says which line is wrong. */
  std::vector<SearchResult> read(const std::string &text, const CellMaker &,
                                 const SearchDescriptors &);
};

}    // namespace MLGRAIN_NS

#endif
