/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For tests of Kokkos styles: how LAMMPS is started for them, and with which kernels. */
#ifndef MLGRAIN_KOKKOS_KERNELS_H
#define MLGRAIN_KOKKOS_KERNELS_H

#include "lammps_session.h"

namespace test
{

/* Kokkos takes the number of threads from the first session. */
inline std::vector<std::string> with_kokkos()
{
  return {"-k", "on",    "t",   ranks() > 1 ? "2" : "4", "-sf", "kk", "-pk", "kokkos", "newton",
          "on", "neigh", "half"};
}

/* Sets a variable of the environment for as long as this object exists. */
struct Setting {
  std::string name, before;
  Setting(const char *variable, const std::string &value)
      : name(variable), before(environment(variable))
  {
    setenv(variable, value.c_str(), 1);
  }
  ~Setting()
  {
    if (before.empty())
      unsetenv(name.c_str());
    else
      setenv(name.c_str(), before.c_str(), 1);
  }
  Setting(const Setting &) = delete;
  Setting &operator=(const Setting &) = delete;
};

/* The kernels for GPUs instead of those for CPUs. */
struct ForGPUs : Setting {
  ForGPUs() : Setting("MLGRAIN_KOKKOS_KERNELS", "device") {}
};

} // namespace test

#endif
