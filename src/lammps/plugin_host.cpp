/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plugin_host.h"

#include "library.h"

#include "mlgrain_build_config.h"

#include <dlfcn.h>

/* Name and version of the MPI library in this process; looked up, since a LAMMPS without MPI has
   no such function. */
static std::string mpi_of_host()
{
  using Function = int (*)(char *, int *);
  auto *function = reinterpret_cast<Function>(dlsym(RTLD_DEFAULT, "MPI_Get_library_version"));
  if (!function) return "no MPI library";
  char text[8192] = "";
  int length = 0;
  function(text, &length);
  return text;
}

std::string MLGRAIN_NS::host_mismatch(void *lmp)
{
  const int version = lammps_version(lmp);
  if (version != MLGRAIN_LAMMPS_VERSION_NUMBER)
    return "LAMMPS version " + std::to_string(MLGRAIN_LAMMPS_VERSION_NUMBER) + ", this is " +
        std::to_string(version);
  const int tagint = 8 * lammps_extract_setting(lmp, "tagint");
  const int bigint = 8 * lammps_extract_setting(lmp, "bigint");
  const int imageint = 8 * lammps_extract_setting(lmp, "imageint");
  if (tagint != 8 * MLGRAIN_LAMMPS_TAGINT_BYTES || bigint != 8 * MLGRAIN_LAMMPS_BIGINT_BYTES ||
      imageint != 8 * MLGRAIN_LAMMPS_IMAGEINT_BYTES)
    return "integer sizes " MLGRAIN_LAMMPS_SIZES ", this LAMMPS has " + std::to_string(tagint) +
        "-bit atom IDs, " + std::to_string(imageint) + "-bit image flags and " +
        std::to_string(bigint) + "-bit counts";
  const bool host_has_mpi = lammps_config_has_mpi_support() != 0;
  if (host_has_mpi != (MLGRAIN_LAMMPS_MPI != 0))
    return MLGRAIN_LAMMPS_MPI ? "a LAMMPS with MPI, this one has none"
                              : "a LAMMPS without MPI, this one has it";
  const std::string mpi = MLGRAIN_MPI_LIBRARY, host = mpi_of_host();
  if (MLGRAIN_LAMMPS_MPI && host.compare(0, mpi.size(), mpi) != 0)
    return mpi + ", this LAMMPS uses " + host.substr(0, host.find('\n'));
  return "";
}
