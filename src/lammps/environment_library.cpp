/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "environment_library.h"

#include "comm.h"
#include "error.h"
#include "lammps.h"
#include "utils.h"

#include <mpi.h>

#include <cmath>

using namespace LAMMPS_NS;
using namespace MLGRAIN_NS;

mlgrain_environments *MLGRAIN_NS::open_library(LAMMPS *lmp, const std::string &owner,
                                               const std::string &path)
{
  mlgrain_environments *library = nullptr;
  mlgrain_error text;
  const int mine = mlgrain_environments_read(path.c_str(), &library, &text) ? 1 : 0;
  int any = 0;
  MPI_Allreduce(&mine, &any, 1, MPI_INT, MPI_MAX, lmp->world);
  if (any) {
    mlgrain_environments_free(library);
    const std::string reason = mine ? text.text : path + " fails on another rank";
    lmp->error->all(FLERR, owner + ": " + reason);
  }
  return library;
}

EnvironmentLibrary::EnvironmentLibrary(LAMMPS *lmp, const std::string &owner,
                                       const std::string &path) :
    lmp(lmp),
    owner(owner), library(open_library(lmp, owner, path)), vectors(lmp, owner), within(0.0)
{
  mlgrain_environments_forget_coreset(library);
  const auto *content = mlgrain_environments_content(library);
  vectors.set_parameters(content->parameters);
  const auto &p = content->parameters;
  if (lmp->comm->me == 0)
    utils::logmesg(lmp,
                   owner + ": " + std::to_string(content->unique.count) + " environments of " +
                       path + ", epsilon " + to_text(content->epsilon) + ", seed " + content->seed +
                       ", basis " + (p.basis == MLGRAIN_SOAP_GTO ? "gto " : "quippy ") +
                       to_text(p.cutoff) + " " + std::to_string(p.n_max) + " " +
                       std::to_string(p.l_max) + " " + to_text(p.sigma) + "\n");
}

EnvironmentLibrary::~EnvironmentLibrary()
{
  mlgrain_environments_free(library);
}

bool EnvironmentLibrary::parse_keyword(const std::string &keyword, int narg, char **arg, int &iarg)
{
  if (keyword == "within") {
    within = vectors.number(keyword, narg, arg, iarg);
    if (!(within > 0.0)) lmp->error->all(FLERR, owner + ": 'within' must be positive");
    return true;
  }
  if (keyword == "vectors") {
    vectors.parse_vectors(narg, arg, iarg);
    return true;
  }
  if (keyword != "weight" && keyword != "species" && keyword != "precision") return false;
  return vectors.parse_keyword(keyword, narg, arg, iarg);    // the library gives all else
}

void EnvironmentLibrary::create()
{
  const int wanted = mlgrain_environments_content(library)->parameters.species;
  const int have = vectors.parameters().species;
  if (have != wanted)
    lmp->error->all(FLERR,
                    owner + ": the library tells " + std::to_string(wanted) +
                        " species apart, the input line " + std::to_string(have) +
                        ": see keyword species");
  vectors.create({});
}

int EnvironmentLibrary::count() const
{
  return (int) mlgrain_environments_content(library)->unique.count;
}

const double *EnvironmentLibrary::environments() const
{
  return mlgrain_environments_content(library)->unique.vector;
}

double EnvironmentLibrary::largest_distance() const
{
  return within > 0.0 ? within * mlgrain_environments_content(library)->epsilon : HUGE_VAL;
}

int EnvironmentLibrary::class_of(const mlgrain_environment_match &match) const
{
  return match.distance > largest_distance() ? 0 : (int) match.nearest + 1;
}

void EnvironmentLibrary::visit(int groupbit, const Visitor &visitor)
{
  const size_t components = vectors.columns();
  vectors.visit(groupbit, [&](int thread, size_t count, const int32_t *atom, const double *row) {
    constexpr size_t most = 16;
    for (size_t first = 0; first < count; first += most) {
      const size_t some = count - first < most ? count - first : most;
      mlgrain_environment_match match[most];
      mlgrain_environments_nearest_each(library, some, row + first * components, match);
      for (size_t i = 0; i < some; i++) visitor(thread, atom[first + i], match[i]);
    }
  });
}

double EnvironmentLibrary::memory_usage() const
{
  return (double) mlgrain_environments_memory(library) + vectors.memory_usage();
}
