/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pair style mtp and LAMMPS' neighbor exclusions: what they take out of the system altogether is as
   if it were deleted, in energies, virials, grades and saved configurations; what still has
   something to interact with keeps the energy of its species. */
#include "mtp_cases.h"

using namespace test;

namespace {

const std::vector<int> all_species = {0, 1, 2};
const char *const box = "block 0 9 -3 7 1 11";

std::string style(const std::string &path, const std::string &options = "",
                  const std::string &species = "0 1 2")
{
  return "pair_style mtp " + options + "\npair_coeff * * " + path + " " + species + "\n";
}

bool in_x(long i)
{
  return i == 4 || i == 11 || i == 32;
}

const std::string groups =
    "group x id 5 12 33\ngroup rest subtract all x\ngroup one type 1\ngroup two type 2\n"
    "group three type 3\n";

/* Checks energies, forces and virials of random atoms with these exclusions against the plain
   formulas, and how many atoms are as if deleted.
     excluded   of two types and whether their atoms are in x */
using ByType = std::function<bool(int, bool, int, bool)>;
void check_case(const std::string &exclude, const ByType &excluded, long gone)
{
  const TestPotential potential("case.mtp", {});
  Session session;
  session.run(random_atoms("p p p", box) + groups + style(potential.path) + watch +
              "neigh_modify exclude " + exclude + "\nrun 0");
  const auto type = session.gather_int("type", 1);
  const ExcludedPair pair = [&](long i, long j) {
    return excluded(type[i], in_x(i), type[j], in_x(j));
  };
  const long of_three = std::count(type.begin(), type.end(), 3);
  const auto marks = excluded_atoms(session.natoms(), pair);
  check(std::count(marks.begin(), marks.end(), 1) == (gone < 0 ? of_three : gone),
        "%s: the test is wrong", exclude.c_str());
  const int before = failures;
  compare(session, potential.file, all_species, 1e-12, pair);
  check(failures == before, "... with exclude %s", exclude.c_str());
}

void groups_of_atoms()
{
  const auto x_all = [](int, bool a, int, bool b) { return a || b; };
  const auto across = [](int, bool a, int, bool b) { return a != b; };
  const auto within = [](int, bool a, int, bool b) { return a && b; };
  check_case("group x all", x_all, 3);
  check_case("group all x", x_all, 3);
  check_case("group x x exclude group x rest", x_all, 3);
  check_case("group rest x exclude group x x", x_all, 3);
  check_case("group x rest", across, 0);
  check_case("group x x", within, 0);
  check_case(
      "group all all", [](int, bool, int, bool) { return true; }, 50);
}

void types_of_atoms()
{
  const auto three = [](int a, bool, int b, bool) { return a == 3 || b == 3; };
  check_case("type 3 1 exclude type 2 3 exclude type 3 3", three, -1);
  check_case(
      "type 1 2", [](int a, bool, int b, bool) { return a + b == 3; }, 0);
  check_case(
      "type 3 3", [](int a, bool, int b, bool) { return a == 3 && b == 3; }, 0);
  check_case(
      "type 3 1 exclude type 3 2", [](int a, bool, int b, bool) { return (a == 3) != (b == 3); },
      0);
  check_case("type 3 3 exclude type 3 2 exclude group three one", three, -1);
}

/* Molecule of an atom counted from 0. */
using Molecules = std::function<int(long)>;
void check_molecules(const std::string &exclude, const Molecules &molecule,
                     const ExcludedPair &excluded, long gone)
{
  const TestPotential potential("case.mtp", {});
  Session session;
  if (!lammps_has_style(session.handle, "atom", "molecular")) throw Skip{"no package MOLECULE"};
  session.run(random_atoms("p p p", box, 50, "molecular") + groups);
  std::vector<int> all(session.natoms());
  for (size_t i = 0; i < all.size(); i++) all[i] = molecule((long) i);
  lammps_scatter_atoms(session.handle, "molecule", 0, 1, all.data());
  session.run(style(potential.path) + watch + "neigh_modify exclude " + exclude + "\nrun 0");
  const auto marks = excluded_atoms(session.natoms(), excluded);
  check(std::count(marks.begin(), marks.end(), 1) == gone, "%s: the test is wrong",
        exclude.c_str());
  const int before = failures;
  compare(session, potential.file, all_species, 1e-12, excluded);
  check(failures == before, "... with exclude %s", exclude.c_str());
}

void molecules()
{
  const Molecules pairs = [](long i) { return (int) (i / 2) + 1; };
  const Molecules one = [](long) { return 1; };
  const Molecules x_and_rest = [](long i) { return in_x(i) ? 7 : 3; };
  const Molecules x_and_another = [](long i) { return in_x(i) || i == 20 ? 7 : 3; };
  const auto same = [](const Molecules &of) {
    return [of](long i, long j) { return of(i) == of(j); };
  };
  const auto different = [](const Molecules &of) {
    return [of](long i, long j) { return of(i) != of(j); };
  };
  const ExcludedPair everything = [](long, long) { return true; };
  check_molecules("molecule/intra all", pairs, same(pairs), 0);
  check_molecules("molecule/inter all", pairs, different(pairs), 0);
  check_molecules("molecule/intra all", one, everything, 50);
  check_molecules("molecule/intra all exclude molecule/inter all", pairs, everything, 50);
  const ExcludedPair x_all = [](long i, long j) { return in_x(i) || in_x(j); };
  check_molecules("molecule/intra x exclude molecule/inter all", x_and_rest, x_all, 3);
  check_molecules("molecule/intra x exclude group x rest", x_and_rest, x_all, 3);
  check_molecules(
      "molecule/intra x exclude molecule/inter all", x_and_another,
      [&](long i, long j) { return (in_x(i) && in_x(j)) || x_and_another(i) != x_and_another(j); },
      0);
  check_molecules("molecule/intra x exclude molecule/inter x exclude group x rest", pairs, x_all,
                  3);
}

/* fix gcmc leaves a molecule whose deletion it tries in a group of its own, and not in group all.
 */
void outside_of_group_all()
{
  const TestPotential potential("case.mtp", {});
  Session session;
  session.run(random_atoms("p p p", box) + "group x empty\n" + style(potential.path) + watch +
              "neigh_modify exclude group x all\n");
  if (lammps_extract_setting(session.handle, "kokkos_active"))
    throw Skip{"Kokkos has masks elsewhere, too"};
  const int nlocal = lammps_extract_setting(session.handle, "nlocal");
  const auto *id = (int *) lammps_extract_atom(session.handle, "id");
  int *mask = (int *) lammps_extract_atom(session.handle, "mask");
  const auto gone = [](long i) { return i >= 10 && i < 20; };
  for (int i = 0; i < nlocal; i++)
    if (gone(id[i] - 1)) mask[i] = 2;
  session.run("run 0");
  /* the computes of `watch` are of group all and leave these atoms out; their sums are zero, too */
  const auto wanted = expected(session, potential.file, all_species,
                               [&](long i, long j) { return gone(i) || gone(j); });
  const double energy = lammps_get_thermo(session.handle, "pe");
  check(close_to(energy, wanted.energy, 1e-12), "energy %.15g, expected %.15g", energy,
        wanted.energy);
  near_all("force", session.gather("f", 3), wanted.force, 1.0, 1e-12);
  near_all("virial", global_virial(session), std::vector<double>(wanted.virial, wanted.virial + 6),
           1.0, 1e-11);
}

/* An atom and its own images. */
void small_cells()
{
  const TestPotential potential("case.mtp", {});
  const std::string atoms =
      "units metal\natom_modify map array\nregion box block 0 2.3 0 2.2 0 2.4 units box\n"
      "create_box 3 box\nmass * 30\ncreate_atoms 3 single 0.1 0.2 0.1 units box\n"
      "create_atoms 1 single 1.2 1.3 1.4 units box\ngroup x id 2\ngroup rest subtract all x\n";
  const auto second = [](long i, long j) { return i == 1 || j == 1; };
  for (const char *exclude : {"group x all", "type 1 1 exclude type 1 2 exclude type 1 3"}) {
    Session session;
    session.run(atoms + style(potential.path) + watch + "neigh_modify exclude " + exclude +
                "\nrun 0");
    compare(session, potential.file, all_species, 1e-12, second);
  }
  Session session;
  session.run(atoms + style(potential.path) + watch + "neigh_modify exclude group x rest\nrun 0");
  compare(session, potential.file, all_species, 1e-12, [](long i, long j) { return i != j; });
}

/* All atoms in one corner, so that some ranks have none; one atom is lonely without exclusions. */
void lonely_atoms_and_empty_ranks()
{
  const TestPotential potential("case.mtp", {});
  const std::string atoms = "units metal\natom_modify map array\nboundary f f f\n"
                            "region box block 0 40 0 40 0 40 units box\ncreate_box 3 box\n"
                            "mass * 30\nregion corner block 0 9 0 9 0 9 units box\n"
                            "create_atoms 2 random 30 77 corner overlap 1.9 maxtry 1000\n"
                            "create_atoms 3 single 12.9 9 20 units box\n";
  Session session;
  session.run(atoms + "group x id 3\n" + style(potential.path) + watch +
              "neigh_modify exclude group x all\nrun 0");
  compare(session, potential.file, all_species, 1e-12,
          [](long i, long j) { return i == 2 || j == 2; });
  /* the last of its type, with none but its own kind excluded */
  session.run("neigh_modify exclude none exclude type 3 3\nrun 0");
  compare(session, potential.file, all_species, 1e-12,
          [](long i, long j) { return i == 30 && j == 30; });
}

void no_atoms()
{
  const TestPotential potential("case.mtp", {});
  Session session;
  session.run("units metal\nregion box block 0 9 0 9 0 9 units box\ncreate_box 3 box\nmass * 30\n"
              "neigh_modify exclude type 1 1\n" +
              style(potential.path) + "run 0");
  check(lammps_get_thermo(session.handle, "pe") == 0.0, "energy of nothing");
}

void exclusions_come_and_go()
{
  const TestPotential potential("case.mtp", {});
  Session session;
  session.run(random_atoms("p p p", box) + groups + style(potential.path) + watch + "run 0");
  compare(session, potential.file, all_species);
  session.run("neigh_modify exclude group x all\nrun 0");
  compare(session, potential.file, all_species, 1e-12,
          [](long i, long j) { return in_x(i) || in_x(j); });
  session.run("group x clear\ngroup x id 7\nrun 0");
  compare(session, potential.file, all_species, 1e-12,
          [](long i, long j) { return i == 6 || j == 6; });
  session.run("neigh_modify exclude none\nrun 0");
  compare(session, potential.file, all_species);
}

/* Reneighboring, migration between ranks, short lists, threads. */
void moving_atoms()
{
  const TestPotential potential("case.mtp", {});
  for (const char *threads : {"1", "3"}) {
    setenv("OMP_NUM_THREADS", threads, 1);
    for (const char *check_lists : {"every 1 check yes", "every 3 check no"}) {
      Session session;
      session.run(random_atoms("p p p", box) + groups + style(potential.path) + watch +
                  "neigh_modify exclude group x all delay 0 " + check_lists +
                  "\nvelocity all create 2000 11\nfix 1 all nve/limit 0.04\nrun 40");
      compare(session, potential.file, all_species, 1e-12,
              [](long i, long j) { return in_x(i) || in_x(j); });
    }
  }
  setenv("OMP_NUM_THREADS", "1", 1);
}

void virial_without_fdotr()
{
  const TestPotential potential("case.mtp", {});
  Session session;
  session.run(random_atoms("p p p", box) + groups + style(potential.path) +
              "pair_modify nofdotr\nneigh_modify exclude group x all\n" + watch + "run 0");
  compare(session, potential.file, all_species, 1e-12,
          [](long i, long j) { return in_x(i) || in_x(j); });
}

/* What other pair styles do to an atom counts: type 3 interacts with nothing the potential sees,
   but with type 1, which it doesn't see. */
void hybrid()
{
  const TestPotential potential("case.mtp", {});
  Session session;
  session.run(random_atoms("p p p", box) + "pair_style hybrid mtp zero 4.0\npair_coeff * * mtp " +
              potential.path + " NULL 1 2\npair_coeff 1 * zero\n" + watch +
              "neigh_modify exclude type 3 3 exclude type 3 2\nrun 0");
  const auto type = session.gather_int("type", 1);
  const auto pair = [&](long i, long j) {
    return type[i] + type[j] >= 5 && type[i] * type[j] != 4;
  };
  compare(session, potential.file, {-1, 1, 2}, 1e-12, pair);
  session.run("neigh_modify exclude type 3 1\nrun 0");
  compare(session, potential.file, {-1, 1, 2}, 1e-12,
          [&](long i, long j) { return type[i] == 3 || type[j] == 3; });
}

/* ------------------------------------------------------------------------------ grades */

const ExcludedPair x_all = [](long i, long j) { return in_x(i) || in_x(j); };

PotentialForm with_grades(const char *weights)
{
  PotentialForm form;
  form.weights = weights;
  return form;
}

double scalar(const Session &session, const char *compute)
{
  return *static_cast<double *>(
      lammps_extract_compute(session.handle, compute, LMP_STYLE_GLOBAL, LMP_TYPE_SCALAR));
}

void grades_of_neighborhoods()
{
  const TestPotential potential("case.almtp", with_grades(by_neighborhood));
  Session session;
  session.run(random_atoms("p p p", box) + groups + style(potential.path) +
              "neigh_modify exclude group x all\ncompute g all mtp/grade/atom\n"
              "fix p all pair 1 mtp grade 1\ncompute m all reduce max c_g f_p\n"
              "thermo_style custom step pe c_g c_m[*]\nrun 0");
  const auto wanted = expected(session, potential.file, all_species, x_all);
  near_all("grade", session.gather("c_g", 1), wanted.grade, 1.0, 1e-9);
  near_all("grade by fix pair", session.gather("f_p", 1), wanted.grade, 1.0, 1e-9);
  const double largest = *std::max_element(wanted.grade.begin(), wanted.grade.end());
  check(close_to(scalar(session, "g"), largest, 1e-9), "largest grade %g, expected %g",
        scalar(session, "g"), largest);
  for (long i : {4, 11, 32}) check(wanted.grade[i] == 0.0, "the test is wrong");
}

void grade_of_the_configuration()
{
  const TestPotential potential("case.almtp", with_grades(by_configuration));
  double grades[2];
  for (bool deleted : {false, true}) {
    Session session;
    session.run(
        random_atoms("p p p", box) + groups + style(potential.path) +
        (deleted ? "delete_atoms group x compress yes\n" : "neigh_modify exclude group x all\n") +
        "compute g all mtp/grade/atom\nthermo_style custom step pe c_g\nrun 0");
    grades[deleted] = scalar(session, "g");
    if (deleted) continue;
    const auto all = session.gather("c_g", 1);
    for (long i = 0; i < session.natoms(); i++)
      check(in_x(i) ? all[i] == 0.0 : close_to(all[i], grades[0], 1e-12), "grade of atom %ld: %g",
            i + 1, all[i]);
  }
  check(grades[0] > 0.0 && close_to(grades[0], grades[1], 1e-10),
        "grade %.15g, without the atoms %.15g", grades[0], grades[1]);
}

std::vector<Cfg> saved(const std::string &options, const std::string &changes)
{
  const TestPotential potential("case.almtp", with_grades(by_neighborhood));
  const std::string path = scratch("saved.cfg");
  remove_file(path);
  {
    Session session;
    session.run(random_atoms("p p p", box) + groups + "comm_modify cutoff 8.0\n" +
                style(potential.path,
                      "grade 1 threshold_save 1e-6 threshold_break 1e99 save " + path + options) +
                changes + "run 0");
  }
  const auto cfgs = read_cfgs(path);
  remove_file(path);
  return cfgs;
}

void saved_configurations()
{
  const std::string exclude = "neigh_modify exclude group x all\n",
                    remove = "delete_atoms group x compress no\n";
  for (const char *options : {"", " save_radius 5"}) {
    auto got = saved(options, exclude), wanted = saved(options, remove);
    check(got.size() == wanted.size() && !wanted.empty(), "%zu configurations, not %zu", got.size(),
          wanted.size());
    std::vector<size_t> sizes, wanted_sizes;
    for (const auto &cfg : got) sizes.push_back(cfg.atoms.size());
    for (const auto &cfg : wanted) wanted_sizes.push_back(cfg.atoms.size());
    std::sort(sizes.begin(), sizes.end());
    std::sort(wanted_sizes.begin(), wanted_sizes.end());
    check(sizes == wanted_sizes, "the saved configurations hold other atoms");
  }
}

/* --------------------------------------------------------------------------------- copper */

/* The potential that comes with the package, and the one it was trained on. */
void copper()
{
  const std::string mtp = "pair_style mtp\npair_coeff * * " + environment("MLGRAIN_SOURCE_DIR") +
      "/potentials/Cu_eam_16.almtp Cu\n";
  const std::string eam =
      "pair_style eam/alloy\npair_coeff * * " + potentials() + "/Cu_mishin1.eam.alloy Cu\n";
  const std::string crystal = "units metal\nlattice fcc 3.615\nregion box block 0 4 0 4 0 4\n"
                              "create_box 1 box\ncreate_atoms 1 box\nmass 1 63.546\n"
                              "group x id 5\n";
  for (const auto &pair : {mtp, eam}) {
    double energy[2];
    for (bool deleted : {false, true}) {
      Session session;
      session.run(
          crystal + pair + "thermo_modify norm no\n" +
          (deleted ? "delete_atoms group x compress no" : "neigh_modify exclude group x all") +
          "\nrun 0");
      energy[deleted] = lammps_get_thermo(session.handle, "pe");
    }
    /* the table of the embedded-atom potential has 5e-6 eV for a lone atom */
    check(std::fabs(energy[0] - energy[1]) < (pair == eam ? 1e-5 : 1e-9),
          "excluded %.12g, deleted %.12g", energy[0], energy[1]);
  }
}

}    // namespace

int main(int argc, char **argv)
{
  return run_tests(argc, argv,
                   {{"groups", groups_of_atoms},
                    {"types", types_of_atoms},
                    {"molecules", molecules},
                    {"outside of group all", outside_of_group_all},
                    {"small cells", small_cells},
                    {"lonely atoms and empty ranks", lonely_atoms_and_empty_ranks},
                    {"no atoms", no_atoms},
                    {"exclusions come and go", exclusions_come_and_go},
                    {"moving atoms", moving_atoms},
                    {"virial without fdotr", virial_without_fdotr},
                    {"hybrid", hybrid},
                    {"grades of neighborhoods", grades_of_neighborhoods},
                    {"grade of the configuration", grade_of_the_configuration},
                    {"saved configurations", saved_configurations},
                    {"copper", copper}});
}
