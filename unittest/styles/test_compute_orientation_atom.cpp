/* SPDX-License-Identifier: GPL-2.0-or-later */
/* compute orientation/atom: crystals whose orientations are known, and LAMMPS' own compute
   ptm/atom; the core's numbers are tested in unittest/core/test_template_match.c. */
#include "lammps_session.h"

#include "mlgrain/orientation.h"
#include "mlgrain/template_match.h"

using namespace test;

namespace {

enum { COLUMNS = 7 };

struct Match {
  double quaternion[4], rmsd, distance;
  int structure;
};

std::vector<Match> matches_of(const Session &session, const char *name = "c_o")
{
  const auto all = session.gather(name, COLUMNS);
  std::vector<Match> made;
  for (size_t i = 0; i < all.size(); i += COLUMNS) {
    const double *row = &all[i];
    made.push_back({{row[0], row[1], row[2], row[3]}, row[4], row[5], (int) row[6]});
  }
  return made;
}

double angle_between(mlgrain_structure structure, const double a[4], const double b[4])
{
  return mlgrain_disorientation(mlgrain_structure_symmetry(structure), a, b).angle;
}

std::string system_of(const std::string &lattice, const std::string &box = "block 0 36 0 30 0 28")
{
  return "units metal\nlattice " + lattice + "\nregion box " + box +
      " units box\ncreate_box 1 box\nmass 1 63.5\npair_style zero 5.5\npair_coeff * *\n";
}

const char *const TWO_GRAINS = "# xs ys zs phi1 Phi phi2\n0.25 0.5 0.5 11 24 36\n"
                               "0.75 0.5 0.5 72 5 17\n";
const double EULER[2][3] = {{11, 24, 36}, {72, 5, 17}};

std::string two_grains(const std::string &name)
{
  if (rank() == 0) {
    std::ofstream file(name);
    file << TWO_GRAINS;
  }
  MPI_Barrier(MPI_COMM_WORLD);
  return "create_polycrystal 1 file " + name + " cutoff 0.0\n";
}

/* Inside a grain every atom has the grain's orientation, in every lattice. */
void grains_are_oriented()
{
  const std::string grains = scratch_file(".grains");
  const struct {
    const char *lattice, *style;
    mlgrain_structure structure;
    double nearest;
  } known[] = {{"fcc 3.6", "fcc", MLGRAIN_STRUCTURE_FCC, 3.6 * std::sqrt(0.5)},
               {"hcp 2.6", "hcp", MLGRAIN_STRUCTURE_HCP, 2.6},
               {"bcc 2.9", "bcc", MLGRAIN_STRUCTURE_BCC, 2.9 * std::sqrt(0.75)},
               {"sc 2.4", "sc", MLGRAIN_STRUCTURE_SC, 2.4},
               {"diamond 5.4", "diamond", MLGRAIN_STRUCTURE_DIAMOND, 5.4 * std::sqrt(0.1875)}};
  for (const auto &one : known) {
    Session session;
    session.run(system_of(one.lattice) + two_grains(grains) + "compute o all orientation/atom " +
                one.style + "\nrun 0 post no");
    const auto number = session.gather_int("i_grain", 1);
    size_t good = 0, wrong = 0;
    const auto matches = matches_of(session);
    for (size_t i = 0; i < matches.size(); i++) {
      const auto &match = matches[i];
      if (match.structure == 0) {
        check(match.rmsd == 0.0 && match.quaternion[0] == 0.0 && match.distance == 0.0,
              "columns of an atom without a match");
        continue;
      }
      if (match.rmsd > 1e-5) continue;    // at the boundary
      double q[4];
      mlgrain_quaternion_of_euler(EULER[number[i] - 1], q);
      const bool fits = angle_between(one.structure, match.quaternion, q) < 1e-4 &&
          close_to(match.distance, one.nearest, 1e-6) && match.structure == one.structure;
      (fits ? good : wrong)++;
    }
    check(wrong == 0, "%s: %zu atoms are oriented otherwise", one.lattice, wrong);
    check((double) good > 0.3 * (double) matches.size(), "%s: %zu of %zu atoms", one.lattice, good,
          matches.size());
  }
  remove_scratch_file(grains);
}

/* The same for any number of ranks, box and order of atoms. */
void ranks_make_no_difference()
{
  const std::string grains = scratch_file(".grains");
  for (const std::string box : {"block 0 36 0 30 0 28", "prism 0 36 0 30 0 28 9 -7 5"}) {
    const std::string lines = system_of("fcc 3.6", box) + two_grains(grains) +
        "displace_atoms all random 0.12 0.12 0.12 31 units box\n"
        "compute o all orientation/atom fcc hcp\nrun 0 post no";
    Session all;
    all.run(lines);
    Session alone({}, MPI_COMM_SELF);
    alone.run(lines);
    const auto one = matches_of(all), two = matches_of(alone);
    size_t matched = 0;
    for (size_t i = 0; i < one.size(); i++) {
      matched += one[i].structure != 0;
      if (!check(one[i].structure == two[i].structure, "structure of atom %zu", i + 1)) break;
      check(close_to(one[i].rmsd, two[i].rmsd, 1e-9), "rmsd of atom %zu", i + 1);
      if (one[i].structure)
        check(angle_between(MLGRAIN_STRUCTURE_FCC, one[i].quaternion, two[i].quaternion) < 1e-5 ||
                  one[i].structure != MLGRAIN_STRUCTURE_FCC,
              "orientation of atom %zu", i + 1);
    }
    check(matched > one.size() / 2, "%zu of %zu atoms", matched, one.size());
  }
  remove_scratch_file(grains);
}

/* compute ptm/atom: ptm_type, rmsd, interatomic distance, qw qx qy qz. */
void like_ptm()
{
  Session session;
  session.run(system_of("fcc 3.6", "block 0 36 0 28.8 0 28.8") +
              "create_atoms 1 box\ndisplace_atoms all random 0.2 0.2 0.2 77 units box\n"
              "compute o all orientation/atom fcc rmsd 0.3 cutoff 3.6\n"
              "compute p all ptm/atom fcc 0.3 all\nrun 0 post no");
  if (!lammps_has_id(session.handle, "compute", "p")) throw Skip{"LAMMPS without package PTM"};
  const auto ours = matches_of(session);
  const auto theirs = session.gather("c_p", COLUMNS);
  size_t both = 0, alone = 0, same = 0;
  for (size_t i = 0; i < ours.size(); i++) {
    const double *row = &theirs[COLUMNS * i];
    const bool found = row[0] == 1.0;
    both += found && ours[i].structure == 1;
    alone += found != (ours[i].structure == 1);
    if (!found || ours[i].structure != 1) continue;
    same += std::fabs(ours[i].rmsd - row[1]) < 1e-6 &&
        angle_between(MLGRAIN_STRUCTURE_FCC, ours[i].quaternion, row + 3) < 1e-3;
  }
  check((double) both > 0.95 * (double) ours.size(), "both matched %zu of %zu atoms", both,
        ours.size());
  check((double) same > 0.99 * (double) both, "%zu of %zu are the same", same, both);
}

/* A group, and a run in which atoms move between ranks. */
void groups_and_runs()
{
  Session session;
  session.run(system_of("bcc 2.9", "block 0 29 0 29 0 29") +
              "create_atoms 1 box\ngroup some id 1:50\nvelocity all create 300 5\n"
              "compute o some orientation/atom bcc\ncompute m some reduce max c_o[7]\n"
              "thermo_style custom step c_m\nfix n all nve\nthermo 5\nrun 20 post no");
  const auto matches = matches_of(session);
  for (size_t i = 0; i < matches.size(); i++)
    check((matches[i].structure == MLGRAIN_STRUCTURE_BCC) == (i < 50), "structure of atom %zu",
          i + 1);
}

void bad_arguments()
{
  const std::pair<std::string, std::string> bad[] = {
      {"", "one or more of fcc, hcp, bcc, sc, diamond expected"},
      {"fct", "expected, not 'fct'"},
      {"fcc fcc", "fcc is named twice"},
      {"fcc cut 3", "unknown structure or keyword 'cut'"},
      {"fcc cutoff", "no value after 'cutoff'"},
      {"fcc cutoff -3", "cutoff -3 must be positive"},
      {"fcc rmsd 0", "rmsd 0 must be positive"},
      {"fcc rmsd x", "x"}};
  for (const auto &one : bad) {
    Session session;
    session.must_fail(system_of("fcc 3.6") + "create_atoms 1 box\ncompute o all orientation/atom " +
                          one.first,
                      one.second);
  }
  Session empty;
  empty.must_fail(system_of("fcc 3.6") + "compute o all orientation/atom fcc\nrun 0 post no",
                  "cutoff auto needs a box with atoms");
}

}    // namespace

int main(int argc, char **argv)
{
  return run_tests(argc, argv,
                   {{"grains are oriented", grains_are_oriented},
                    {"ranks make no difference", ranks_make_no_difference},
                    {"like compute ptm/atom", like_ptm},
                    {"groups and runs", groups_and_runs},
                    {"bad arguments", bad_arguments}});
}
