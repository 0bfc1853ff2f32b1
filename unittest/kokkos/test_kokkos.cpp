/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Styles ending in /kk against those without, on the same atoms. */
#include "mtp_cases.h"

using namespace test;

namespace
{

std::string threads()
{
  const std::string given = environment("MLGRAIN_TEST_THREADS");
  return given.empty() ? "2" : given;
}

const std::vector<std::string> with_kokkos = {
    "-k", "on", "t", threads(), "-sf", "kk", "-pk", "kokkos", "newton", "on", "neigh", "half"};

std::string level_file(int species, int level)
{
  const std::string path =
      "levels" + std::to_string(species) + "/" + std::to_string(level) + ".mtp";
  if (!std::ifstream(path))
    throw Skip{"no " + path};
  return path;
}

std::string crystal(int species)
{
  const std::string cells = species > 1 ? "2 3 2" : "3 2 3";
  return "units metal\natom_modify map array\nlattice bcc 2.83\nregion box block 0 " +
         std::string(1, cells[0]) + " 0 " + cells[2] + " 0 " + cells[4] + "\ncreate_box " +
         std::to_string(species) +
         " box\ncreate_atoms 1 box\nmass * 55.8\ndisplace_atoms all random 0.2 0.2 0.2 7\n" +
         (species > 1 ? "set group all type/ratio 2 0.5 3\n" : "") + "neighbor 1.0 bin\n";
}

/* All that pair style mtp gives. */
struct Results {
  std::vector<double> energy, virial, force, site, half, centroid;

  Results(const std::string &setup, const std::vector<std::string> &arguments)
  {
    Session session(arguments);
    session.run(setup + watch + "run 0\nrun 2\n");
    energy = {lammps_get_thermo(session.handle, "pe")};
    virial = global_virial(session);
    force = session.gather("f", 3);
    site = session.gather("c_site", 1);
    half = session.gather("c_half", 6);
    centroid = session.gather("c_centroid", 9);
  }
};

/* Relative to the largest number of each kind, however small: the potentials' scaling is. */
void near_relative(const char *what, std::vector<double> got, std::vector<double> wanted,
                   double tolerance)
{
  double size = 0.0;
  for (const double value : wanted)
    size = std::max(size, std::fabs(value));
  check(size > 0.0, "%s: nothing but zeros", what);
  for (double &value : got)
    value /= size;
  for (double &value : wanted)
    value /= size;
  near_all(what, got, wanted, 1.0, tolerance);
}

void compare_with_host(const std::string &setup)
{
  const Results wanted(setup, {}), got(setup, with_kokkos);
  near_relative("energy", got.energy, wanted.energy, 1e-12);
  near_relative("virial", got.virial, wanted.virial, 1e-11);
  near_relative("force", got.force, wanted.force, 1e-12);
  near_relative("energy of an atom", got.site, wanted.site, 1e-12);
  near_relative("virial of an atom", got.half, wanted.half, 1e-12);
  near_relative("centroid virial", got.centroid, wanted.centroid, 1e-12);
}

std::string level_style(int species, int level)
{
  return "pair_style mtp\npair_coeff * * " + level_file(species, level) + "\n";
}

void levels()
{
  for (const int level : {8, 12, 16, 20, 24})
    compare_with_host(crystal(1) + level_style(1, level) + "fix nve all nve\n");
}

void two_species()
{
  for (const int level : {8, 16, 20})
    compare_with_host(crystal(2) + level_style(2, level) + "fix nve all nve\n");
}

/* Threads that share an atom, and tiles that don't hold a whole neighborhood. */
void teams()
{
  const std::string given = environment("MLGRAIN_KOKKOS_TEAM");
  for (const char *team : {"1,8", "2", "2,16"}) {
    setenv("MLGRAIN_KOKKOS_TEAM", given.empty() ? team : given.c_str(), 1);
    compare_with_host(crystal(1) + level_style(1, 20) + "fix nve all nve\n");
    compare_with_host(crystal(2) + level_style(2, 16) + "fix nve all nve\n");
  }
  if (given.empty())
    unsetenv("MLGRAIN_KOKKOS_TEAM");
  else
    setenv("MLGRAIN_KOKKOS_TEAM", given.c_str(), 1);
}

void hybrid()
{
  compare_with_host(crystal(2) + "pair_style hybrid/overlay mtp lj/cut 4.0\npair_coeff * * mtp " +
                    level_file(1, 8) +
                    " 0 NULL\npair_coeff * 2 lj/cut 1e-4 2.4\n"
                    "fix nve all nve\n");
}

/* The words after the style are the same; each is to be there under three names. */
void names()
{
  Session session(with_kokkos);
  for (const char *end : {"/kk", "/kk/device", "/kk/host"}) {
    const std::string tail = end;
    check(lammps_has_style(session.handle, "pair", ("mtp" + tail).c_str()), "no mtp%s", end);
    check(lammps_has_style(session.handle, "fix", ("forest/atom" + tail).c_str()),
          "no forest/atom%s", end);
    for (const char *name : {"sfd/atom", "gmm/atom", "mtp/grade/atom"})
      check(lammps_has_style(session.handle, "compute", (name + tail).c_str()), "no %s%s", name,
            end);
  }
  session.run(crystal(1) + "pair_style mtp/kk\n");
}

void bad_input()
{
  {
    Session session;
    session.must_fail(crystal(1) + "pair_style mtp/kk", "start LAMMPS with -k on");
    session.must_fail("compute s all sfd/atom/kk 0.9 5.0", "start LAMMPS with -k on");
  }
  {
    Session session(
        {"-k", "on", "t", "2", "-sf", "kk", "-pk", "kokkos", "newton", "off", "neigh", "full"});
    session.must_fail(crystal(1) + level_style(1, 8) + "run 0", "-pk kokkos newton on");
  }
  {
    Session session(with_kokkos);
    session.must_fail(crystal(1) + "suffix off\n" + level_style(1, 8) +
                          "suffix on\ncompute g all mtp/grade/atom\nrun 0",
                      "needs pair style mtp/kk");
  }
}

} // namespace

int main(int argc, char **argv)
{
  return run_tests(argc, argv,
                   {{"levels", levels},
                    {"two species", two_species},
                    {"teams", teams},
                    {"hybrid", hybrid},
                    {"names", names},
                    {"bad input", bad_input}});
}
