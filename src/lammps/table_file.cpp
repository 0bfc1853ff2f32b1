/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "table_file.h"

#include "comm.h"
#include "error.h"
#include "lammps.h"

#include <mpi.h>

using namespace LAMMPS_NS;
using namespace MLGRAIN_NS;

namespace {

/* An error on all ranks unless rank 0 is content. */
void require(LAMMPS *lmp, bool good, const std::string &owner, const std::string &path)
{
  int done = good ? 1 : 0;
  MPI_Bcast(&done, 1, MPI_INT, 0, lmp->world);
  if (done) return;
  std::string message = owner + ": cannot write the file ";
  message += path;
  lmp->error->all(FLERR, message);
}

}    // namespace

TableFile::~TableFile()
{
  if (stream) fclose(stream);
}

void TableFile::open(LAMMPS *lmp, const std::string &owner)
{
  if (path.empty()) return;
  if (lmp->comm->me == 0) stream = fopen(path.c_str(), "w");
  require(lmp, stream != nullptr, owner, path);
}

void TableFile::write(LAMMPS *lmp, const std::string &owner, const std::string &text)
{
  if (path.empty()) return;
  bool good = true;
  if (stream) {
    good = fwrite(text.data(), 1, text.size(), stream) == text.size();
    good = fclose(stream) == 0 && good;
    stream = nullptr;
  }
  require(lmp, good, owner, path);
}
