/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Styles ending in /kk against those without, on the same atoms. */
#include "kokkos_kernels.h"
#include "mtp_cases.h"

#include "mlgrain/mtp_train.h"

#include <random>

using namespace test;

namespace
{

/* A potential of a stock level with random parameters, such that radial functions are about 1; a
   file that is removed with this object. */
class LevelFile
{
public:
  const std::string path;

  LevelFile(int species, int level)
      : path(scratch_file("_" + std::to_string(species) + "_" + std::to_string(level) + ".mtp"))
  {
    const mlgrain_mtp_form form = {level, species, nullptr, MLGRAIN_MTP_CHEBYSHEV, 1.4, 6.5, 8, 5};
    mlgrain_mtp_file *file = nullptr;
    mlgrain_error error = {""};
    if (!check(!mlgrain_mtp_file_new(&form, &file, &error), "%s", error.text))
      return;
    std::mt19937_64 source((unsigned)level);
    const auto draw = [&](double size) {
      return size * ((double)(source() >> 11) * 0x1p-52 - 1.0);
    };
    const int radial = species * species * file->radial_count * file->radial_size;
    for (int k = 0; k < radial; k++)
      file->radial_coeffs[k] = draw(0.1);
    for (int k = 0; k < file->scalar_count; k++)
      file->moment_coeffs[k] = draw(1e-9);
    char *bytes = nullptr;
    size_t size = 0;
    check(!mlgrain_mtp_file_format(file, "random", &bytes, &size, &error), "%s", error.text);
    if (rank() == 0 && bytes)
      std::ofstream(path, std::ios::binary).write(bytes, (std::streamsize)size);
    MPI_Barrier(MPI_COMM_WORLD);
    mlgrain_mtp_bytes_free(bytes);
    mlgrain_mtp_file_free(file);
  }
  ~LevelFile() { remove_scratch_file(path); }
  LevelFile(const LevelFile &) = delete;
  LevelFile &operator=(const LevelFile &) = delete;
};

std::string crystal(int species)
{
  const std::string cells = species > 1 ? "2 3 2" : "2 2 3";
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
    session.run(setup + watch + "run 0\n");
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

void compare_with_host(const std::string &setup, const std::string &same = "")
{
  const Results wanted(same.empty() ? setup : same, {}), got(setup, with_kokkos());
  near_relative("energy", got.energy, wanted.energy, 1e-12);
  near_relative("virial", got.virial, wanted.virial, 1e-11);
  near_relative("force", got.force, wanted.force, 1e-12);
  near_relative("energy of an atom", got.site, wanted.site, 1e-12);
  near_relative("virial of an atom", got.half, wanted.half, 1e-12);
  near_relative("centroid virial", got.centroid, wanted.centroid, 1e-12);
}

std::string level_style(const LevelFile &file)
{
  return "pair_style mtp\npair_coeff * * " + file.path + "\n";
}

void compare_level(int species, int level)
{
  const LevelFile file(species, level);
  compare_with_host(crystal(species) + level_style(file));
}

void levels()
{
  const ForGPUs kernels;
  for (const int level : {8, 12, 16, 20})
    compare_level(1, level);
  for (const int level : {8, 16, 20})
    compare_level(2, level);
}

/* The extrapolation grades of all atoms. */
std::vector<double> grades(const TestPotential &potential,
                           const std::vector<std::string> &arguments)
{
  Session session(arguments);
  session.run(random_atoms("p p p", "block 0 7 0 7 0 7", 20) + "pair_style mtp\npair_coeff * * " +
              potential.path +
              " 0 1 2\ncompute g all mtp/grade/atom\ncompute most all reduce max c_g\n"
              "thermo_style custom step c_most\nrun 0\n");
  return session.gather("c_g", 1);
}

void compare_grades()
{
  PotentialForm form;
  for (const char *weights : {by_neighborhood, by_configuration}) {
    form.weights = weights;
    const TestPotential potential("grades.mtp", form);
    near_relative("grade", grades(potential, with_kokkos()), grades(potential, {}), 1e-11);
  }
}

/* Divisions of work that GPUs have: several threads to an atom, which then need barriers and atomic
   operations; several atoms to a team; tiles that don't hold a whole neighborhood; moments in
   global memory (-1) or that of the team. */
void shapes()
{
  const ForGPUs kernels;
  if (ranks() > 1)
    throw Skip{"needs more threads"};
  for (const char *team : {"1,8", "2", "2,16,1,-1", "2,8,2,-1", "1,8,4,-1", "1,32,4"}) {
    const Setting shape("MLGRAIN_KOKKOS_TEAM", team);
    compare_level(1, 16);
    compare_level(2, 12);
    compare_grades();
  }
}

void hybrid()
{
  const ForGPUs kernels;
  const LevelFile file(1, 8);
  compare_with_host(crystal(2) + "pair_style hybrid/overlay mtp lj/cut 4.0\npair_coeff * * mtp " +
                    file.path + " 0 NULL\npair_coeff * 2 lj/cut 1e-4 2.4\n");
}

/* Each style is there under three names, which mean the same where the device is the CPU. */
void names()
{
  const LevelFile file(1, 8);
  for (const std::string end : {"/kk", "/kk/device", "/kk/host"}) {
    {
      Session session(with_kokkos());
      check(lammps_has_style(session.handle, "fix", ("forest/atom" + end).c_str()),
            "no forest/atom%s", end.c_str());
      for (const std::string name :
           {"sfd/atom", "gmm/atom", "mtp/grade/atom", "soap/atom", "soap/mean", "ler/atom"})
        check(lammps_has_style(session.handle, "compute", (name + end).c_str()), "no %s%s",
              name.c_str(), end.c_str());
    }
    auto style = level_style(file);
    style.insert(style.find("mtp") + 3, end);
    compare_with_host(crystal(1) + style, crystal(1) + level_style(file));
  }
}

void bad_input()
{
  const LevelFile file(1, 8);
  {
    Session session;
    session.must_fail(crystal(1) + "pair_style mtp/kk", "start LAMMPS with -k on");
    session.must_fail("compute s all sfd/atom/kk 0.9 5.0", "start LAMMPS with -k on");
  }
  {
    Session session(
        {"-k", "on", "t", "2", "-sf", "kk", "-pk", "kokkos", "newton", "off", "neigh", "full"});
    session.must_fail(crystal(1) + level_style(file) + "run 0", "-pk kokkos newton on");
  }
  {
    const ForGPUs kernels;
    Session session(with_kokkos());
    session.must_fail(crystal(1) + "suffix off\n" + level_style(file) +
                          "suffix on\ncompute g all mtp/grade/atom\nrun 0",
                      "needs pair style mtp/kk");
  }
}

} // namespace

int main(int argc, char **argv)
{
  return run_tests(argc, argv,
                   {{"levels", levels},
                    {"shapes", shapes},
                    {"hybrid", hybrid},
                    {"names", names},
                    {"bad input", bad_input}});
}
