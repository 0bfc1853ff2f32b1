/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mlgrain/elements.h"

#include <stddef.h>
#include <string.h>

static const char *const symbols[MLGRAIN_ELEMENTS] = {
    "H",  "He", "Li", "Be", "B",  "C",  "N",  "O",  "F",  "Ne", "Na", "Mg", "Al", "Si", "P",
    "S",  "Cl", "Ar", "K",  "Ca", "Sc", "Ti", "V",  "Cr", "Mn", "Fe", "Co", "Ni", "Cu", "Zn",
    "Ga", "Ge", "As", "Se", "Br", "Kr", "Rb", "Sr", "Y",  "Zr", "Nb", "Mo", "Tc", "Ru", "Rh",
    "Pd", "Ag", "Cd", "In", "Sn", "Sb", "Te", "I",  "Xe", "Cs", "Ba", "La", "Ce", "Pr", "Nd",
    "Pm", "Sm", "Eu", "Gd", "Tb", "Dy", "Ho", "Er", "Tm", "Yb", "Lu", "Hf", "Ta", "W",  "Re",
    "Os", "Ir", "Pt", "Au", "Hg", "Tl", "Pb", "Bi", "Po", "At", "Rn", "Fr", "Ra", "Ac", "Th",
    "Pa", "U",  "Np", "Pu", "Am", "Cm", "Bk", "Cf", "Es", "Fm", "Md", "No", "Lr", "Rf", "Db",
    "Sg", "Bh", "Hs", "Mt", "Ds", "Rg", "Cn", "Nh", "Fl", "Mc", "Lv", "Ts", "Og"};

int mlgrain_atomic_number(const char *symbol)
{
  for (int i = 0; i < MLGRAIN_ELEMENTS; i++)
    if (strcmp(symbol, symbols[i]) == 0)
      return i + 1;
  return 0;
}

const char *mlgrain_element_symbol(int atomic_number)
{
  return atomic_number >= 1 && atomic_number <= MLGRAIN_ELEMENTS ? symbols[atomic_number - 1]
                                                                 : NULL;
}
