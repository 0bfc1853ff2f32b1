/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MLGRAIN_LAMMPS_ELEMENTS_H
#define MLGRAIN_LAMMPS_ELEMENTS_H

#include <string>

namespace MLGRAIN_NS {

/* Atomic number of a chemical symbol ("Fe": 26), 0 if it is none. */
int atomic_number(const std::string &symbol);

/* Symbol of an atomic number, "" outside 1 to 118. */
std::string element_symbol(int atomic_number);

}    // namespace MLGRAIN_NS

#endif
