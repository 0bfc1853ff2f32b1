/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "elements.h"

#include "mlgrain/elements.h"

int MLGRAIN_NS::atomic_number(const std::string &symbol)
{
  return mlgrain_atomic_number(symbol.c_str());
}

std::string MLGRAIN_NS::element_symbol(int atomic_number)
{
  const char *symbol = mlgrain_element_symbol(atomic_number);
  return symbol ? symbol : "";
}
