/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Styles whose neighborhoods are larger than the pair style's cutoff raise the reach of ghost atoms
   themselves: as much as needed, whatever runs and however the box is divided, without a change to
   what others calculate. That their own numbers are right is tested with the styles. */
#include "lammps_session.h"

using namespace test;

namespace {

enum { SFD_COLUMNS = 19 };
const char *const sfd = "compute s all sfd/atom 0.909 5.904\ncompute r all reduce max c_s[1]\n"
                        "thermo_style custom step pe c_r\n";

std::string eam()
{
  return "mass 1 63.5\npair_style eam/alloy\npair_coeff * * " + potentials() +
      "/Cu_mishin1.eam.alloy Cu\n";
}

/* The EAM reaches 5.507 and the skin 2 farther: 7.507, where sfd/atom needs 7.904. */
std::string copper(const std::string &region = "block 0 5 0 6 0 5")
{
  return "units metal\nboundary p p p\nlattice fcc 3.615\nregion box " + region +
      "\ncreate_box 1 box\ncreate_atoms 1 box\n" + eam() +
      "displace_atoms all random 0.2 0.2 0.2 8123\n";
}

/* Runs lines of input with a log; returns what it says about reach. */
std::vector<std::string> raises_of(Session &session, const std::string &lines)
{
  const std::string path = scratch_file(".log");
  session.run("log " + path + "\n" + lines + "\nlog none");
  const auto found = lines_with(path, "ghost atom cutoff raised");
  remove_scratch_file(path);
  return found;
}

void check_raises(const std::vector<std::string> &found, const std::vector<std::string> &wanted)
{
  bool same = found.size() == wanted.size();
  for (size_t i = 0; same && i < found.size(); i++) same = found[i] == wanted[i];
  std::string all;
  for (const auto &line : found) all += "\n  " + line;
  check(same, "%zu lines:%s", found.size(), all.c_str());
}

long sum_of_ranks(long mine)
{
  long sum = 0;
  MPI_Allreduce(&mine, &sum, 1, MPI_LONG, MPI_SUM, MPI_COMM_WORLD);
  return sum;
}

long ghosts(const Session &session)
{
  return sum_of_ranks(lammps_extract_setting(session.handle, "nghost"));
}

/* Pairs in the pair style's neighbor list. */
long listed_pairs(const Session &session)
{
  const int list = lammps_find_pair_neighlist(session.handle, "eam/alloy", 1, 0, 0);
  if (!check(list >= 0, "no neighbor list")) return 0;
  long pairs = 0;
  for (int i = 0; i < lammps_neighlist_num_elements(session.handle, list); i++) {
    int atom, count, *neighbors;
    lammps_neighlist_element_neighbors(session.handle, list, i, &atom, &count, &neighbors);
    pairs += count;
  }
  return sum_of_ranks(pairs);
}

void compare(const std::vector<double> &got, const std::vector<double> &wanted, double tolerance,
             const char *what)
{
  check(got.size() == wanted.size(), "sizes of %s differ", what);
  for (size_t i = 0; i < wanted.size(); i++)
    if (!check(close_to(got[i], wanted[i], tolerance), "%s %zu: %.15g, not %.15g", what, i, got[i],
               wanted[i]))
      return;
}

/* Descriptors with a reach that is raised against those with one that the input sets, which must
   also need as many ghosts. */
void as_if_set(const std::string &setup, const std::string &run = "run 0")
{
  Session raised, set;
  check_raises(
      raises_of(raised, setup + sfd + run),
      {"Compute s sfd/atom: ghost atom cutoff raised from 7.50679 to 7.904, cutoff 5.904 + "
       "skin 2"});
  check_raises(raises_of(set, setup + "comm_modify cutoff 7.904\n" + sfd + run), {});
  check(ghosts(raised) == ghosts(set), "%ld ghosts, not %ld", ghosts(raised), ghosts(set));
  compare(raised.gather("c_s", SFD_COLUMNS), set.gather("c_s", SFD_COLUMNS), 1e-12, "descriptor");
}

const char *const hot = "velocity all create 2000 99 loop geom\nfix 1 all nve\n"
                        "neigh_modify delay 0 every 1 check yes\n";

void every_kind_of_box()
{
  for (const char *region : {"block 0 5 0 6 0 5", "prism 0 6 0 6 0 6 2 -1 3", "block 0 2 0 8 0 2"})
    as_if_set(copper(region));
  as_if_set(copper() + "comm_style tiled\nbalance 1.0 rcb\n");
  as_if_set(copper() + "change_box all boundary p f s\n");
  as_if_set("newton off\n" + copper());
}

void every_kind_of_run()
{
  as_if_set(copper() + hot, "run 31");
  as_if_set(copper(), "minimize 0 0 5 50");
  as_if_set(copper() + hot + "run_style respa 2 2 pair 2\n", "run 7");
  as_if_set(copper() + hot, "run 10\nrun 10 pre no post no\nrun 10");
  as_if_set(copper() + hot + "fix d all deform 1 x scale 1.05\nrun 10\n", "run 10");
  const std::string dump = scratch_file(".dump");
  as_if_set(copper() + hot,
            "dump d all custom 5 " + dump +
                " id x y z\ndump_modify d sort id format float %.16g\nrun 10\nundump d\nunfix 1\n"
                "rerun " +
                dump + " first 0 dump x y z");
  remove_scratch_file(dump);
}

/* What is calculated by others, with the compute and without it. */
void others_do_not_change()
{
  const std::string peers = "compute pe all pe/atom\ncompute c all centro/atom fcc\n"
                            "compute n all coord/atom cutoff 3.2\ncompute v all voronoi/atom\n"
                            "compute rdf all rdf 50\ncompute a all cna/atom 3.1\n"
                            "compute r all reduce sum c_pe c_c c_n c_v[1] c_a\n"
                            "thermo_style custom step pe press c_r[*] c_rdf[9][2]\nthermo 5\n";
  for (const char *run : {"run 0", "run 25"}) {
    Session without, with;
    for (Session *session : {&without, &with}) {
      session->run(copper() + hot + peers);
      if (session == &with)
        session->run("compute s all sfd/atom 0.909 5.904\nfix s all ave/atom 1 5 5 c_s[1]\n");
      session->run(run);
    }
    check(ghosts(with) > ghosts(without), "nothing was raised");
    check(listed_pairs(with) == listed_pairs(without) && listed_pairs(with) > 0,
          "%ld pairs in the list, not %ld", listed_pairs(with), listed_pairs(without));
    for (const char *name : {"pe", "press"})
      check(close_to(lammps_get_thermo(with.handle, name), lammps_get_thermo(without.handle, name),
                     1e-11),
            "%s", name);
    const std::pair<const char *, int> all[] = {{"x", 3},   {"v", 3},   {"f", 3},   {"c_pe", 1},
                                                {"c_c", 1}, {"c_n", 1}, {"c_v", 2}, {"c_a", 1}};
    for (const auto &one : all)
      compare(with.gather(one.first, one.second), without.gather(one.first, one.second), 1e-10,
              one.first);
  }
}

/* A setting of the user's that is large enough stays as it is, a short one is raised. */
void settings_of_the_user()
{
  Session larger, alone, shorter;
  check_raises(raises_of(larger, copper() + "comm_modify cutoff 9.5\n" + sfd + "run 0"), {});
  alone.run(copper() + "comm_modify cutoff 9.5\nrun 0");
  check(ghosts(larger) == ghosts(alone), "%ld ghosts, not %ld", ghosts(larger), ghosts(alone));
  check_raises(raises_of(shorter, copper() + "comm_modify cutoff 7.7\n" + sfd + "run 0"),
               {"Compute s sfd/atom: ghost atom cutoff raised from 7.7 to 7.904, cutoff 5.904 + "
                "skin 2"});
}

/* Nothing to raise, and nothing to say: the pair style reaches farther. */
void pair_styles_that_reach_farther()
{
  Session with, without;
  const std::string far = copper() + "pair_style zero 7.0\npair_coeff * *\n";
  check_raises(raises_of(with, far + sfd + "run 0"), {});
  without.run(far + "run 0");
  check(ghosts(with) == ghosts(without), "%ld ghosts, not %ld", ghosts(with), ghosts(without));
}

void without_a_pair_style()
{
  Session session;
  check_raises(raises_of(session,
                         "units metal\nlattice fcc 3.615\nregion box block 0 5 0 5 0 5\n"
                         "create_box 1 box\ncreate_atoms 1 box\nmass 1 63.5\n" +
                             std::string(sfd) + "run 0"),
               {"Compute s sfd/atom: ghost atom cutoff raised from 0 to 7.904, cutoff 5.904 + "
                "skin 2"});
}

/* The largest need counts, in whichever order; a change of the pair style and of the skin too. It
   is said once, and stays when the compute is gone, until the input sets another. */
void several_styles_and_runs()
{
  Session session;
  const std::string eden = "compute e all eden/atom cutoff 7.0\n"
                           "compute re all reduce max c_e[3]\nthermo_style custom step c_r c_re\n";
  check_raises(
      raises_of(session, copper() + sfd + "run 0\nrun 0"),
      {"Compute s sfd/atom: ghost atom cutoff raised from 7.50679 to 7.904, cutoff 5.904 + "
       "skin 2"});
  check_raises(
      raises_of(session, eden + "run 0\nrun 0"),
      {"Compute e eden/atom: ghost atom cutoff raised from 7.904 to 9, cutoff 7 + skin 2"});
  const long raised = ghosts(session);
  check_raises(raises_of(session, "thermo_style one\nuncompute re\nuncompute e\nrun 0"), {});
  check(ghosts(session) == raised, "the reach changed with uncompute");
  check_raises(
      raises_of(session, "comm_modify cutoff 0\nrun 0"),
      {"Compute s sfd/atom: ghost atom cutoff raised from 7.50679 to 7.904, cutoff 5.904 + "
       "skin 2"});
  check_raises(
      raises_of(session, "neighbor 2.5 bin\nrun 0"),
      {"Compute s sfd/atom: ghost atom cutoff raised from 8.00679 to 8.404, cutoff 5.904 + "
       "skin 2.5"});
  check_raises(
      raises_of(session, "comm_modify cutoff 0\npair_style zero 4.0\npair_coeff * *\nrun 0"),
      {"Compute s sfd/atom: ghost atom cutoff raised from 6.5 to 8.404, cutoff 5.904 + "
       "skin 2.5"});
  Session both;
  check_raises(raises_of(both, copper() + "compute e all eden/atom cutoff 7.0\n" + sfd + "run 0"),
               {"Compute e eden/atom: ghost atom cutoff raised from 7.50679 to 9, cutoff 7 + "
                "skin 2"});
}

/* Where it can't be raised. */
void what_cannot_be_raised()
{
  {
    Session session;
    session.run(copper() + "neighbor 2.0 multi\ncomm_modify mode multi\n");
    session.must_fail(sfd + std::string("run 0"), "comm_modify mode single");
  }
  {
    Session session;
    session.run(copper("block 0 2.15 0 8 0 8") + "comm_style tiled\n");
    session.must_fail("compute s all sfd/atom 0.909 5.904\nrun 0",
                      "which comm_style tiled can't do in a periodic box 7.77225 wide");
  }
  {
    Session session;
    session.run(copper() + "fix 1 all nve\n" + sfd + "run 1\n");
    session.must_fail(
        "neighbor 2.5 bin\nrun 1 pre no",
        "exceeds the ghost atom cutoff 7.904: use 'comm_modify cutoff 8.404' or a run "
        "without 'pre no'");
  }
}

}    // namespace

int main(int argc, char **argv)
{
  return run_tests(argc, argv,
                   {{"every kind of box", every_kind_of_box},
                    {"every kind of run", every_kind_of_run},
                    {"others do not change", others_do_not_change},
                    {"settings of the user", settings_of_the_user},
                    {"pair styles that reach farther", pair_styles_that_reach_farther},
                    {"without a pair style", without_a_pair_style},
                    {"several styles and runs", several_styles_and_runs},
                    {"what cannot be raised", what_cannot_be_raised}});
}
