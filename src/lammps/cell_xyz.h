/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cells and their labels in extended XYZ, as ASE writes and reads it. */
#ifndef MLGRAIN_CELL_XYZ_H
#define MLGRAIN_CELL_XYZ_H

#include "learn_cell.h"

#include <stdexcept>
#include <string>
#include <vector>

namespace MLGRAIN_NS {

class XYZFailure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/* names: [ntypes + 1] words for the atom types of the run */
std::string xyz_text(const LearnCell &, const std::vector<std::string> &names);

/* A cell that xyz_text wrote; without types. Throws XYZFailure. */
LearnCell read_xyz_cell(const std::string &text);

/* Takes energy, forces and stress or virial of a text for a cell, whose atoms must be the same at
   the same places. Throws XYZFailure. */
void take_xyz_label(const std::string &text, LearnCell &);

/* Contents of a file; "" and false if it can't be read. */
bool read_text(const std::string &path, std::string &text);

/* Never leaves half a file under its name. Throws XYZFailure. */
void write_text(const std::string &path, const std::string &text);

}    // namespace MLGRAIN_NS

#endif
