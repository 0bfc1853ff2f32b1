/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "child_lammps.h"

#include "lammps.h"

#include <cstring>
#include <mpi.h>
#include <vector>

using namespace LAMMPS_NS;

namespace MLGRAIN_NS {

/* LAMMPS' destructor may throw, which no destructor of ours can let pass. */
void DeleteChild::operator()(LAMMPS *child) const noexcept
{
  try {
    delete child;
  } catch (...) {
    return;
  }
}

ChildLammps start_child()
{
  std::vector<std::string> words = {"lammps", "-screen", "none", "-log", "none", "-nocite"};
  std::vector<char *> arguments;
  arguments.reserve(words.size() + 1);
  for (auto &word : words) arguments.push_back(&word[0]);
  arguments.push_back(nullptr);
  return in_child(
      [&] { return ChildLammps(new LAMMPS((int) words.size(), arguments.data(), MPI_COMM_SELF)); });
}

std::string plain_message(const std::exception &failure)
{
  const std::string whole = failure.what();
  std::string text = whole.substr(0, whole.find('\n'));
  for (const char *word : {"ERROR on proc 0: ", "ERROR: "})
    if (text.compare(0, strlen(word), word) == 0) text.erase(0, strlen(word));
  return text;
}

}    // namespace MLGRAIN_NS
