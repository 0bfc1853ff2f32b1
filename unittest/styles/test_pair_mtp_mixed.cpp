/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pair style mtp with precision mixed: against the plain formulas, and in copper against double
   precision what people compute with a potential, as doc/pair_mtp.md promises it. The kernels are
   tested in unittest/core/test_mtp_mixed.c. */
#include "mtp_cases.h"

using namespace test;

namespace {

const std::vector<int> all_species = {0, 1, 2};
constexpr double tolerance = 3e-6;    // of the largest force, the energy

std::string style(const std::string &path, const std::string &species = "0 1 2",
                  const std::string &options = "")
{
  return "pair_style mtp precision mixed " + options + "\npair_coeff * * " + path + " " + species +
      "\n";
}

/* ------------------------------------------------------------ against the plain formulas */

void compare_after(const std::string &setup, const std::string &run = "run 0",
                   const PotentialForm &form = {})
{
  const TestPotential potential("case.mtp", form);
  Session session;
  session.run(setup + style(potential.path) + watch + run);
  compare(session, potential.file, all_species, tolerance);
}

void boxes()
{
  compare_after(random_atoms());
  compare_after(random_atoms("p f s", "block 0 9 -3 7 1 11"));
  compare_after(random_atoms("f f f", "block 0 9 -3 7 1 11"));
}

void hard_wall()
{
  PotentialForm form;
  form.repulsive = true;
  compare_after(random_atoms() + "displace_atoms all random 0.4 0.4 0.4 99\n", "run 0", form);
}

void small_cells()
{
  compare_after("units metal\natom_modify map array\n"
                "region box prism 0 2.3 0 2.5 0 2.4 0.4 -0.3 0.2 units box\n"
                "create_box 3 box\nmass * 30\ncreate_atoms 2 single 0.1 0.2 0.1 units box\n"
                "create_atoms 1 single 1.4 1.5 1.3 units box\n");
}

void empty_ranks_and_lone_atoms()
{
  compare_after("units metal\natom_modify map array\nboundary f f f\n"
                "region box block 0 40 0 40 0 40 units box\ncreate_box 3 box\nmass * 30\n"
                "region corner block 0 9 0 9 0 9 units box\n"
                "create_atoms 2 random 30 77 corner overlap 1.9 maxtry 1000\n"
                "create_atoms 3 single 12.9 9 20 units box\n");
}

void threads()
{
  with_threads([] { compare_after(random_atoms(), "fix 1 all nve/limit 0.02\nrun 12"); });
}

void simd_levels()
{
  at_simd_levels([] { compare_after(random_atoms()); });
}

void moving_atoms()
{
  for (const char *modify : {"neigh_modify delay 0 every 1 check yes\n",
                             "neighbor 0.0 bin\nneigh_modify delay 0 every 1 check no\n"})
    compare_after(random_atoms() + modify, "fix 1 all nve/limit 0.04\nrun 40");
}

void hybrid_with_null()
{
  PotentialForm two;
  two.species = 2;
  const TestPotential potential("two.mtp", two);
  Session session;
  session.run(
      random_atoms() + "pair_style hybrid mtp precision mixed zero 4.0\npair_coeff * * mtp " +
      potential.path + " 1 NULL 0\npair_coeff * 2 zero\npair_coeff 2 3 zero\n" + watch + "run 0");
  compare(session, potential.file, {1, -1, 0}, tolerance);
}

/* One potential in each precision. */
void hybrid_of_two()
{
  PotentialForm two;
  two.species = 2;
  two.seed = 7;
  const TestPotential first("three.mtp", {}), second("two.mtp", two);
  Session session;
  session.run(random_atoms() +
              "pair_style hybrid/overlay mtp precision mixed mtp precision double\n"
              "pair_coeff * * mtp 1 " +
              first.path + " 2 1 0\npair_coeff * * mtp 2 " + second.path + " NULL 0 1\n" + watch +
              "run 0");
  auto force = expected(session, first.file, {2, 1, 0}).force;
  const auto other = expected(session, second.file, {-1, 0, 1}).force;
  for (size_t k = 0; k < force.size(); k++) force[k] += other[k];
  near_all("force", session.gather("f", 3), force, 1.0, tolerance);
}

void excluded_pairs()
{
  const TestPotential potential("case.mtp", {});
  Session session;
  session.run(random_atoms() + style(potential.path) + watch +
              "neigh_modify exclude type 1 1 exclude type 1 2 exclude type 1 3\nrun 0");
  near_all("force", session.gather("f", 3), expected(session, potential.file, {-1, 1, 2}).force,
           1.0, tolerance);
}

/* Without fdotr the style sums the virial itself. */
void virial_without_fdotr()
{
  const TestPotential potential("case.mtp", {});
  Session session;
  session.run(random_atoms() +
              "pair_style hybrid/overlay mtp precision mixed zero 4.0\npair_coeff * * mtp " +
              potential.path + " 0 1 2\npair_coeff * * zero\n" + watch + "run 0");
  compare(session, potential.file, all_species, tolerance);
}

/* Steps with grades are computed in double precision; grades are exact. */
void grades()
{
  PotentialForm form;
  form.weights = by_neighborhood;
  const TestPotential potential("case.almtp", form);
  {
    Session session;
    session.run(random_atoms() + style(potential.path, "0 1 2", "grade 2 threshold_break 1e9") +
                watch + "fix 1 all nve/limit 0.01\nrun 0");
    compare(session, potential.file, all_species, 1e-12);
    session.run("run 1");
    compare(session, potential.file, all_species, tolerance);
    session.run("run 1");
    compare(session, potential.file, all_species, 1e-12);
  }
  Session session;
  session.run(random_atoms() + style(potential.path) + watch +
              "compute g all mtp/grade/atom\nthermo_style custom step pe c_virial[*] "
              "c_sum_half[*] c_sum_centroid[*] c_sum_site c_g\nthermo_modify norm no\n"
              "fix 1 all nve/limit 0.01\nrun 3");
  compare(session, potential.file, all_species, tolerance);
  session.run("compute m all reduce max c_g\nthermo_style custom step c_m c_g\nrun 0");
  const auto wanted = expected(session, potential.file, all_species);
  near_all("grade", session.gather("c_g", 1), wanted.grade, 1.0, 1e-9);
}

void bad_input()
{
  const TestPotential potential("case.mtp", {});
  const std::pair<std::string, const char *> cases[] = {
      {random_atoms() + "pair_style mtp precision", "no value after 'precision'"},
      {random_atoms() + "pair_style mtp precision single",
       "precision single is neither double nor mixed"},
      {random_atoms() + "pair_style mtp\npair_coeff * * " + potential.path +
           " 0 1 2\nrun 0\npair_style mtp precision mixed\nrun 0",
       "pair_coeff"}};
  must_fail_each(cases);
}

/* ---------------------------------------------------------------------- what copper does */

std::string copper(const std::string &precision)
{
  return "pair_style mtp precision " + precision + "\npair_coeff * * " +
      environment("MLGRAIN_SOURCE_DIR") + "/potentials/Cu_eam_16.almtp Cu\n";
}

/* Atoms of a crystal, changed by these lines. */
std::string crystal(int cells, const std::string &changes = "")
{
  const std::string n = std::to_string(cells);
  return "units metal\natom_modify map array\nlattice fcc 3.615\nregion box block 0 " + n + " 0 " +
      n + " 0 " + n + "\ncreate_box 1 box\ncreate_atoms 1 box\nmass 1 63.546\n" + changes;
}

std::vector<double> forces_after(const std::string &setup)
{
  Session session;
  session.run(setup + "run 0");
  return session.gather("f", 3);
}

/* The goal is 2e-6 of the largest force in the mean; in a crystal, a hot and a compressed one. */
void errors_of_forces()
{
  for (const char *change : {"displace_atoms all random 0.15 0.15 0.15 4711 units box\n",
                             "displace_atoms all random 0.4 0.4 0.4 4711 units box\n",
                             "displace_atoms all random 0.1 0.1 0.1 4711 units box\n"
                             "change_box all x scale 0.9 y scale 0.9 z scale 0.9 remap\n"}) {
    const auto exact = forces_after(crystal(4, change) + copper("double"));
    const auto mixed = forces_after(crystal(4, change) + copper("mixed"));
    double largest = 0.0, square = 0.0, worst = 0.0;
    for (size_t k = 0; k < exact.size(); k++) {
      const double error = mixed[k] - exact[k];
      largest = std::max(largest, std::fabs(exact[k]));
      worst = std::max(worst, std::fabs(error));
      square += error * error;
    }
    const double mean = std::sqrt(square / (double) exact.size());
    check(mean > 0.0 && mean < 1e-6 * largest && worst < 5e-6 * largest,
          "forces are off by %g in the mean, by %g at most, of %g", mean, worst, largest);
  }
}

/* What takes long doesn't depend on ranks. */
void only_on_one_rank()
{
  if (ranks() > 1) throw Skip{"on one rank only"};
}

/* Deviation of the total energy per atom from what it was, averaged over the last part of a run. */
double drift(const std::string &style)
{
  Session session;
  session.run(crystal(3) + style +
              "velocity all create 1200 4711\nfix 1 all nve\ntimestep 0.002\n"
              "neigh_modify delay 0 every 1 check yes\nthermo 1000\nrun 200");
  const auto mean = [&]() {
    double sum = 0.0;
    for (int k = 0; k < 50; k++) {
      session.run("run 10 pre no post no");
      sum += lammps_get_thermo(session.handle, "etotal") / 50.0;
    }
    return sum;
  };
  const double begin = mean();
  session.run("run 4000 pre no post no");
  return std::fabs(mean() - begin) / (double) session.natoms();
}

void energy_does_not_drift()
{
  only_on_one_rank();
  const double mixed = drift(copper("mixed")), exact = drift(copper("double"));
  const double eam =
      drift("pair_style eam/alloy\npair_coeff * * " + potentials() + "/Cu_mishin1.eam.alloy Cu\n");
  check(mixed < 2.0 * std::max(eam, exact) + 2e-7,
        "energy drifts by %g eV/atom, in double precision by %g, with EAM by %g", mixed, exact,
        eam);
}

double largest_force(const Session &session)
{
  double largest = 0.0;
  for (double f : session.gather("f", 3)) largest = std::max(largest, std::fabs(f));
  return largest;
}

struct Minimum {
  double energy, force;
  size_t warnings;
};

/* Relaxes a vacancy in a shaken crystal. */
Minimum minimum(const std::string &precision, const std::string &minimizer)
{
  const std::string path = scratch("log");
  Minimum found;
  {
    Session session;
    session.run("log " + path + "\n" +
                crystal(4,
                        "group gone id 1\ndelete_atoms group gone compress yes\n"
                        "displace_atoms all random 0.1 0.1 0.1 4711 units box\n") +
                copper(precision) + "min_style " + minimizer +
                "\nmin_modify line quadratic norm max\nminimize 0 5e-5 2000 20000\nlog none");
    found.energy = lammps_get_thermo(session.handle, "pe");
    found.force = largest_force(session);
  }
  found.warnings = lines_with(path, "energies in mixed precision").size();
  remove_file(path);
  return found;
}

/* To 1e-4 eV/Angstrom, as relaxations want it, and to the same energy, with minimizers that go by
   forces; others end earlier, which a warning says. */
void minimization()
{
  only_on_one_rank();
  const auto exact = minimum("double", "fire");
  for (const char *minimizer : {"fire", "quickmin", "cg", "lbfgs"}) {
    const bool searches = strcmp(minimizer, "cg") == 0 || strcmp(minimizer, "lbfgs") == 0;
    const auto mixed = minimum("mixed", minimizer);
    check(mixed.force < (searches ? 5e-3 : 1e-4), "%s ends with forces of %g", minimizer,
          mixed.force);
    check(std::fabs(mixed.energy - exact.energy) < 2e-6 * 255, "%s ends at %.9g eV, double at %.9g",
          minimizer, mixed.energy, exact.energy);
    check(mixed.warnings == (searches ? 1 : 0), "%s: %zu warnings", minimizer, mixed.warnings);
  }
  check(exact.warnings == 0 && minimum("double", "cg").warnings == 0, "warning without a cause");
}

/* C11, C12 and C44 (bar) from stresses of crystals strained by half a percent. */
std::vector<double> elastic_constants(const std::string &style)
{
  const auto stress = [&](const std::string &change, const char *component) {
    Session session;
    session.run(crystal(3) + "change_box all triclinic " + change + " remap units box\n" + style +
                "run 0");
    return -lammps_get_thermo(session.handle, component);
  };
  const double edge = 3 * 3.615, strain = 0.005;
  const auto slope = [&](const std::string &name, double from, const char *component) {
    return (stress(name + " " + number(from + edge * strain), component) -
            stress(name + " " + number(from - edge * strain), component)) /
        (2 * strain);
  };
  return {slope("x final 0", edge, "pxx"), slope("x final 0", edge, "pyy"),
          slope("xy final", 0.0, "pxy")};
}

void elastic_constants_are_unchanged()
{
  only_on_one_rank();
  const auto exact = elastic_constants(copper("double")),
             mixed = elastic_constants(copper("mixed"));
  for (int k = 0; k < 3; k++) {
    check(exact[k] > 5e5, "constant %d is %g bar", k, exact[k]);
    check(std::fabs(mixed[k] / exact[k] - 1) < 1e-4, "constant %d: %.9g, in double %.9g", k,
          mixed[k], exact[k]);
  }
}

/* Relaxed energy of the cell of a boundary less that of as many atoms of the crystal. */
double boundary_energy(const std::string &style)
{
  Session bulk;
  bulk.run(crystal(3) + style + "run 0");
  const double atom = lammps_get_thermo(bulk.handle, "pe") / (double) bulk.natoms();
  Session session;
  session.run("units metal\natom_modify map array\nlattice fcc 3.615\n"
              "create_bicrystal 1 S5(310) thickness 20 translation 0.2 0.3 overlap 1.5\n"
              "mass 1 63.546\n" +
              style + "min_style fire\nminimize 0 1e-4 3000 30000");
  return lammps_get_thermo(session.handle, "pe") - (double) session.natoms() * atom;
}

void boundary_energies_are_unchanged()
{
  only_on_one_rank();
  const double exact = boundary_energy(copper("double")), mixed = boundary_energy(copper("mixed"));
  check(exact > 1.0, "energy %g eV", exact);
  check(std::fabs(mixed / exact - 1) < 1e-4, "energy %.9g eV, in double precision %.9g", mixed,
        exact);
}

}    // namespace

int main(int argc, char **argv)
{
  return run_tests(argc, argv,
                   {{"boxes", boxes},
                    {"hard wall", hard_wall},
                    {"small cells", small_cells},
                    {"empty ranks and lone atoms", empty_ranks_and_lone_atoms},
                    {"threads", threads},
                    {"SIMD levels", simd_levels},
                    {"moving atoms", moving_atoms},
                    {"hybrid with NULL", hybrid_with_null},
                    {"hybrid of two", hybrid_of_two},
                    {"excluded pairs", excluded_pairs},
                    {"virial without fdotr", virial_without_fdotr},
                    {"grades", grades},
                    {"bad input", bad_input},
                    {"errors of forces", errors_of_forces},
                    {"energy does not drift", energy_does_not_drift},
                    {"minimization", minimization},
                    {"elastic constants are unchanged", elastic_constants_are_unchanged},
                    {"boundary energies are unchanged", boundary_energies_are_unchanged}});
}
