/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Labeled cells in a file, in the .cfg format of MLIP as training reads it, with a column of
   weights. Of one rank. Each cell is written at once and is on the disk before the next one is
   asked for; a cell that a kill has cut off is taken out when the file is opened again. */
#ifndef MLGRAIN_LABEL_ARCHIVE_H
#define MLGRAIN_LABEL_ARCHIVE_H

#include "learn_cell.h"

#include <stdexcept>
#include <string>
#include <vector>

namespace MLGRAIN_NS {

/* Names file and line. */
class ArchiveFailure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class LabelArchive {
 public:
  /* Reads what is there; makes the file if there is none. Throws ArchiveFailure.
       label  [species] what the types in the file are, one for each species of the potential */
  LabelArchive(const std::string &path, const std::vector<int> &label);

  const std::vector<LearnCell> &cells() const { return known; }
  bool was_torn() const { return torn; }

  /* A cell that is the same, or NULL. */
  const LearnCell *find(const LearnCell &) const;

  /* why: of a cell without label. Throws ArchiveFailure. */
  void append(const LearnCell &, const std::string &why = "");

 private:
  std::string path;
  std::vector<int> label;
  std::vector<LearnCell> known;
  bool torn = false;

  void read();
};

}    // namespace MLGRAIN_NS

#endif
