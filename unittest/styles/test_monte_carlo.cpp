/* SPDX-License-Identifier: GPL-2.0-or-later */
/* LAMMPS' Monte Carlo fixes (package MC) with pair style mtp. They compare energies of whole
   systems before and after a trial, so two things tell whether they work: at a temperature of
   almost zero the energy may only fall from step to step, by evaluations of its own, and atoms that
   don't interact are distributed as those of an ideal gas whose atoms have the energy of their
   species. */
#include "mtp_cases.h"

#include <map>

using namespace test;

namespace {

const std::vector<int> all_species = {0, 1, 2};
const char *const box = "block 0 9 -3 7 1 11";

std::string style(const std::string &path, const std::string &options = "")
{
  return "pair_style mtp " + options + "\npair_coeff * * " + path + " 0 1 2\n";
}

void require_fix(const char *name)
{
  Session probe;
  if (!lammps_has_style(probe.handle, "fix", name)) throw Skip{"no package MC"};
  if (lammps_extract_setting(probe.handle, "kokkos_active")) throw Skip{"not for Kokkos"};
}

/* Older versions don't tell pair styles that an evaluation is a trial, nor ask for the energies of
   single atoms. */
bool is_recent()
{
  return lammps_version(Session().handle) >= 20260704;
}

/* The file's coefficients of species, and no interactions. */
struct LonelyPotential {
  std::string path;
  LonelyPotential(const char *name, const std::string &species) : path(scratch(name))
  {
    std::string text = potential_text({});
    const size_t at = text.find("species_coeffs = ");
    write_file(path,
               text.substr(0, at) + "species_coeffs = {" + species +
                   "}\nmoment_coeffs = {0, 0, 0, 0, 0, 0, 0}\n");
  }
  ~LonelyPotential() { remove_file(path); }
};

double output(const Session &session, int column)
{
  auto *value = static_cast<double *>(
      lammps_extract_fix(session.handle, "mc", LMP_STYLE_GLOBAL, LMP_TYPE_VECTOR, column - 1, 0));
  const double copy = *value;
  lammps_free(value);
  return copy;
}

double energy(const Session &session)
{
  return lammps_get_thermo(session.handle, "pe");
}

/* Runs step by step and checks that the energy never rises; atoms don't move otherwise. Each step
   is followed by an evaluation of its own. successes   by column of the fix's output that counts
   some; increased by those of this run per_atom    energy that each atom has in the reservoir */
using Counts = std::map<int, double>;
void energy_falls(Session &session, int steps, Counts &successes, double per_atom = 0.0)
{
  const auto above_reservoir = [&] {
    session.run("run 0 post no");
    return energy(session) - per_atom * (double) session.natoms();
  };
  double before = above_reservoir();
  const Counts earlier = successes;
  for (int step = 0; step < steps; step++) {
    session.run("run 1 post no");
    for (auto &one : successes) one.second = earlier.at(one.first) + output(session, one.first);
    const double after = above_reservoir();
    if (!check(after <= before + 5e-6, "step %d: the energy rose from %.12g to %.12g", step, before,
               after))
      return;
    before = after;
  }
}

void check_successes(const Counts &successes)
{
  for (const auto &one : successes)
    check(one.second > 0.0, "no success is counted in column %d", one.first);
}

/* Not only the coefficient of a species, but neighborhoods, decide on the trials. */
void gcmc_of_atoms()
{
  require_fix("gcmc");
  const TestPotential potential("case.mtp", {});
  Counts successes = {{2, 0.0}, {4, 0.0}, {6, 0.0}};
  for (const char *type : {"1", "2", "3"}) {
    Session session;
    session.run(random_atoms("p p p", "block 0 14 0 14 0 14") + style(potential.path) +
                "thermo_modify norm no\nfix mc all gcmc 1 16 8 " + type +
                " 4711 0.001 0.0 0.3 pressure 1000 overlap_cutoff 1.9 full_energy\n");
    energy_falls(session, 8, successes);
    session.run("unfix mc\nreset_atoms id sort yes\n" + std::string(watch) + "run 0");
    compare(session, potential.file, all_species);
  }
  check_successes(successes);
}

/* N of an ideal gas in contact with a reservoir of atoms without energy: p V exp(-e/kT) / kT. */
double mean_number(const std::string &atoms, const std::string &fix, int per_molecule)
{
  Session session;
  session.run(atoms + "thermo_modify norm no\n" + fix + "\nrun 5 post no");
  double sum = 0.0;
  const int samples = 50;
  for (int k = 0; k < samples; k++) {
    session.run("run 1 pre no post no");
    sum += (double) session.natoms() / per_molecule;
  }
  check(output(session, 4) > 50 && output(session, 6) > 50, "few atoms came and went");
  return sum / samples;
}

const double temperature = 900.0, mean = 12.0, volume = 20.0 * 20.0 * 20.0;

/* The pressure, in bar, at which a gas whose particles have this energy has that mean number. */
std::string pressure_for(double particle)
{
  const double kT = 8.617343e-5 * temperature;
  return number(mean * std::exp(particle / kT) * kT / volume * 1.6021765e6);
}

std::string empty_box(const std::string &style)
{
  return "units metal\natom_style " + style +
      "\natom_modify map array\nregion box block 0 20 0 20 0 20 units box\ncreate_box 3 box\n"
      "mass * 30\nneighbor 1.0 bin\n";
}

void gcmc_of_an_ideal_gas()
{
  require_fix("gcmc");
  const LonelyPotential potential("gas.mtp", "-0.2, 0.15, 0.0");
  for (int type : {1, 2}) {
    const double particle = type == 1 ? -0.2 : 0.15;
    const std::string atoms = empty_box("atomic") + "create_atoms " + std::to_string(type) +
        " random 12 99 NULL overlap 1.9 maxtry 1000\n" + style(potential.path);
    const double got =
        mean_number(atoms,
                    "fix mc all gcmc 1 20 0 " + std::to_string(type) +
                        " 4711 900 0.0 0.0 pressure " + pressure_for(particle) + " full_energy",
                    1);
    check(std::fabs(got - mean) < 2.5, "type %d: %.2f atoms on average, expected %.0f", type, got,
          mean);
  }
}

const char *const dimer = "dimer\n\n2 atoms\n\nCoords\n\n1 0.0 0.0 0.0\n2 2.2 0.0 0.0\n\nTypes\n\n"
                          "1 1\n2 2\n\nMasses\n\n1 30\n2 30\n";

/* Their atoms must not interact with each other while the deletion of both is tried. */
void gcmc_of_molecules()
{
  require_fix("gcmc");
  Session probe;
  if (!lammps_has_style(probe.handle, "atom", "molecular")) throw Skip{"no package MOLECULE"};
  const std::string path = scratch("dimer.txt");
  write_file(path, dimer);
  const std::string fix = "molecule dimer " + path + "\nfix mc all gcmc 1 ";
  {
    const LonelyPotential potential("gas.mtp", "-0.3, 0.15, 0.0");
    const double got = mean_number(empty_box("molecular") + style(potential.path),
                                   fix + "20 0 0 4711 900 0.0 0.0 mol dimer pressure " +
                                       pressure_for(-0.3 + 0.15) + " full_energy",
                                   2);
    check(std::fabs(got - mean) < 2.5, "%.2f molecules on average, expected %.0f", got, mean);
  }
  const TestPotential potential("case.mtp", {});
  Session alone, session;
  alone.run(empty_box("molecular") + "create_atoms 1 single 5.0 5.0 5.0 units box\n" +
            "create_atoms 2 single 7.2 5.0 5.0 units box\n" + style(potential.path) +
            "thermo_modify norm no\nrun 0");
  const double reservoir = energy(alone) + 0.05;    // so that molecules come
  session.run(empty_box("molecular") + "molecule dimer " + path +
              "\ncreate_atoms 0 random 25 88 NULL mol dimer 99 overlap 1.9 maxtry 1000\n" +
              style(potential.path) +
              "thermo_modify norm no\nfix mc all gcmc 1 20 0 0 4711 0.001 0.0 0.3 mol dimer "
              "pressure 1000 overlap_cutoff 1.9 full_energy intra_energy " +
              number(reservoir) + "\n");
  Counts successes = {{4, 0.0}, {6, 0.0}};
  energy_falls(session, 8, successes, reservoir / 2);
  check_successes(successes);
  remove_file(path);
}

/* The excess chemical potential of atoms that don't interact is the energy of one; that of a fixed
   place, the difference of two energies. */
void widom()
{
  require_fix("widom");
  {
    const LonelyPotential potential("gas.mtp", "-0.2, 0.15, 0.0");
    Session session;
    session.run(random_atoms("p p p", box) + style(potential.path) +
                "fix mc all widom 1 5 2 4711 900 full_energy\nrun 2");
    check(close_to(output(session, 1), 0.15, 1e-10), "chemical potential %.12g, expected 0.15",
          output(session, 1));
  }
  const TestPotential potential("case.mtp", {});
  const std::string atoms = random_atoms("p p p", box) + style(potential.path) +
      "thermo_modify norm no\nregion place block 4 4.000001 2 2.000001 5 5.000001 units box\n";
  Session session, with_one_more;
  session.run(atoms + "fix mc all widom 1 5 2 4711 90000 region place full_energy\nrun 1");
  with_one_more.run(atoms + "create_atoms 2 single 4.0000005 2.0000005 5.0000005 units box\nrun 0");
  const double wanted = energy(with_one_more) - energy(session);
  check(std::fabs(output(session, 1) - wanted) < 1e-3 * std::max(1.0, std::fabs(wanted)),
        "chemical potential %.12g, expected %.12g", output(session, 1), wanted);
  session.run("unfix mc\n" + std::string(watch) + "run 0");
  compare(session, potential.file, all_species);
}

void atom_swap()
{
  require_fix("atom/swap");
  const TestPotential potential("case.mtp", {});
  for (const char *form : {"types 1 2", "types 2 3", "types 1 3 semi-grand yes mu 0.0 0.0"}) {
    Session session;
    session.run(random_atoms("p p p", box) + style(potential.path) +
                "thermo_modify norm no\nfix mc all atom/swap 1 10 4711 0.001 ke no " + form + "\n");
    Counts successes = {{2, 0.0}};
    energy_falls(session, 8, successes);
    check_successes(successes);
    session.run("unfix mc\n" + std::string(watch) + "run 0");
    compare(session, potential.file, all_species);
  }
}

/* A cell for each rank, as large as the fix asks for. */
std::string atoms_for_sgcmc(const std::string &path)
{
  const std::string n = std::to_string(ranks());
  return "processors " + n + " 1 1\n" +
      random_atoms("p p p", "block 0 " + std::to_string(17 * ranks()) + " 0 17 0 17",
                   200 * ranks()) +
      style(path) + "thermo_modify norm no\nfix mc all sgcmc 1 0.2 0.001 0.0 0.0 ";
}

/* Without energies of single atoms, on one rank only. */
void sgcmc()
{
  require_fix("sgcmc");
  const TestPotential potential("case.mtp", {});
  if (ranks() > 1) {
    Session session;
    session.must_fail(atoms_for_sgcmc(potential.path) + "\nrun 0", "naive total energy");
  }
  for (const char *form : {"", "atomic/energy yes", "atomic/energy yes window_moves 3"}) {
    if (form[0] ? !is_recent() : ranks() > 1) continue;
    Session session;
    session.run(atoms_for_sgcmc(potential.path) + form + "\n");
    Counts successes = {{1, 0.0}};
    energy_falls(session, 4, successes);
    check_successes(successes);
    session.run("unfix mc\n" + std::string(watch) + "run 0");
    compare(session, potential.file, all_species);
  }
}

void sgcmc_by_atoms_decides_as_by_totals()
{
  require_fix("sgcmc");
  if (ranks() > 1) throw Skip{"on one rank"};
  if (!is_recent()) throw Skip{"this LAMMPS is too old"};
  const TestPotential potential("case.mtp", {});
  std::vector<int> type[2];
  for (int by_atoms : {0, 1}) {
    Session session;
    std::string input = atoms_for_sgcmc(potential.path);
    input.replace(input.find(" 0.001 "), 7, " 20000 ");
    session.run(input + (by_atoms ? "atomic/energy yes" : "") + "\nrun 3");
    type[by_atoms] = session.gather_int("type", 1);
  }
  check(type[0] == type[1], "other atoms were swapped");
}

/* Trials are not configurations of the run: neither do their grades stop it, nor are they saved,
   nor do they warn of distances. */
void trials_have_no_grades()
{
  require_fix("gcmc");
  if (!is_recent()) throw Skip{"this LAMMPS is too old"};
  PotentialForm form;
  form.weights = by_neighborhood;
  form.repulsive = true;
  const TestPotential potential("case.almtp", form);
  const std::string saved = scratch("saved.cfg"), log = scratch("log"),
                    atoms = random_atoms("p p p", box),
                    watched = "compute g all mtp/grade/atom\n"
                              "thermo_style custom step c_g\n";
  double grade = 0.0;
  {
    Session session;
    session.run(atoms + style(potential.path) + watched + "run 0");
    grade = *static_cast<double *>(
        lammps_extract_compute(session.handle, "g", LMP_STYLE_GLOBAL, LMP_TYPE_SCALAR));
  }
  remove_file(saved);
  {
    Session session;
    /* insertions anywhere, next to others too, accepted never */
    session.run("log " + log + "\n" + atoms +
                style(potential.path,
                      "grade 1 threshold_save " + number(0.5 * grade) + " threshold_break " +
                          number(1.001 * grade) + " save " + saved) +
                watched + "fix mc all gcmc 1 20 0 1 4711 900 0.0 0.0 pressure 1e-290 min 1000 " +
                "full_energy\nrun 2\nlog none");
    check(output(session, 3) > 0.0 && output(session, 4) == 0.0, "insertions were to be refused");
  }
  for (const auto &cfg : read_cfgs(saved))
    check(cfg.atoms.size() == 50, "a trial of %zu atoms was saved", cfg.atoms.size());
  check(read_file(log).find("closer than min_dist") == std::string::npos, "a trial has warned");
  remove_file(saved);
  remove_file(log);
}

}    // namespace

int main(int argc, char **argv)
{
  return run_tests(argc, argv,
                   {{"gcmc of atoms", gcmc_of_atoms},
                    {"gcmc of an ideal gas", gcmc_of_an_ideal_gas},
                    {"gcmc of molecules", gcmc_of_molecules},
                    {"widom", widom},
                    {"atom/swap", atom_swap},
                    {"sgcmc", sgcmc},
                    {"sgcmc by atoms decides as by totals", sgcmc_by_atoms_decides_as_by_totals},
                    {"trials have no grades", trials_have_no_grades}});
}
