/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "file_bytes.h"

#include "comm.h"
#include "error.h"
#include "lammps.h"

#include <mpi.h>

#include <cstdio>

using namespace LAMMPS_NS;

namespace {

/* False if the file can't be read, or is no file. */
bool read(const std::string &path, std::string &bytes)
{
  FILE *stream = path.empty() ? nullptr : fopen(path.c_str(), "rb");
  if (!stream) return false;
  char buffer[65536];
  size_t count;
  while ((count = fread(buffer, 1, sizeof buffer, stream)) > 0) bytes.append(buffer, count);
  const bool good = !ferror(stream);
  fclose(stream);
  return good;
}

}    // namespace

std::string MLGRAIN_NS::read_on_all_ranks(LAMMPS *lmp, const std::string &owner,
                                          const std::string &path)
{
  const bigint most = 2000000000;
  std::string bytes;
  bigint size = -1;
  if (lmp->comm->me == 0 && read(path, bytes)) size = (bigint) bytes.size();
  MPI_Bcast(&size, 1, MPI_LMP_BIGINT, 0, lmp->world);
  if (size < 0) lmp->error->all(FLERR, owner + ": cannot read the file " + path);
  if (size > most) lmp->error->all(FLERR, owner + ": the file " + path + " is larger than 2 GB");
  bytes.resize((size_t) size);
  MPI_Bcast(&bytes[0], (int) size, MPI_CHAR, 0, lmp->world);
  return bytes;
}
