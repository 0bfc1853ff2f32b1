/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "step_file.h"

#include "comm.h"
#include "error.h"
#include "lammps.h"

#include <mpi.h>

using namespace LAMMPS_NS;
using namespace MLGRAIN_NS;

static bool put(FILE *stream, const std::string &text)
{
  return fwrite(text.data(), 1, text.size(), stream) == text.size();
}

StepFile::~StepFile()
{
  if (stream) fclose(stream);
}

void StepFile::open(LAMMPS *lmp, const std::string &owner, const std::string &first_line)
{
  header = first_line;
  if (path.empty() || path.find('*') != std::string::npos) return;
  int done = 1;
  if (lmp->comm->me == 0) {
    stream = fopen(path.c_str(), "w");
    done = stream && put(stream, header) && fflush(stream) == 0 ? 1 : 0;
  }
  MPI_Bcast(&done, 1, MPI_INT, 0, lmp->world);
  if (!done) lmp->error->all(FLERR, owner + ": cannot write the file " + path);
}

/* Under another name first: what has its own is whole. */
bool StepFile::write_step(long long step, const std::string &lines) const
{
  std::string name = path;
  name.replace(name.find('*'), 1, std::to_string(step));
  const std::string draft = name + ".part";
  FILE *file = fopen(draft.c_str(), "w");
  if (!file) return false;
  const bool good = put(file, header) && put(file, lines);
  const bool closed = fclose(file) == 0;
  return good && closed && rename(draft.c_str(), name.c_str()) == 0;
}

void StepFile::write(LAMMPS *lmp, const std::string &owner, long long step,
                     const std::string &lines)
{
  if (path.empty() || lmp->comm->me != 0) return;
  const bool good = stream ? put(stream, lines) && fflush(stream) == 0 : write_step(step, lines);
  if (!good && !has_warned) lmp->error->warning(FLERR, owner + ": cannot write the file " + path);
  has_warned = has_warned || !good;
}
