/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fix gb/motion: crystals that are moved by so much, boundaries that atoms have passed, with the
   numbers of create_bicrystal and with those of fix grains; restarts; bad input. */
#include "lammps_session.h"

#include <array>

using namespace test;

namespace {

using Vector = std::array<double, 7>;    // shift, displacement, atoms of both and of none

Vector motion(const Session &session)
{
  Vector result;
  for (int k = 0; k < 7; k++) {
    auto *value = (double *) lammps_extract_fix(session.handle, "m", 0, 1, k, 0);
    result[(size_t) k] = *value;
    lammps_free(value);
  }
  return result;
}

/* Crystal 1 is the group one. */
std::string bicrystal(const std::string &words = "", const std::string &boundary = "p p p")
{
  return "units metal\nboundary " + boundary +
      "\nlattice fcc 3.6\ncreate_bicrystal 1 S5(310) thickness 14 repeat 2 4 " + words +
      "\nmass * 60.0\npair_style zero 5.0\npair_coeff * *\ncompute p all property/atom i_grain\n"
      "variable one atom c_p==1\nrun 0 post no\ngroup one variable one\n";
}

void check_vector(const Vector &got, const Vector &expected, double tolerance, const char *what)
{
  for (size_t k = 0; k < got.size(); k++)
    check(std::fabs(got[k] - expected[k]) <= tolerance, "%s: number %zu is %.12g, not %.12g", what,
          k + 1, got[k], expected[k]);
}

/* Farther than the box is long, over its borders and those of ranks. */
void crystals_move()
{
  for (const bool is_open : {false, true}) {
    Session session;
    session.run(bicrystal(is_open ? "surfaces yes" : "", is_open ? "p p s" : "p p p") +
                "fix m all gb/motion 1 c_p all" + (is_open ? " volume 11.664" : "") +
                "\nrun 0 post no");
    const Vector first = motion(session);
    check(first[4] > 100 && first[5] > 100 && first[6] == 0, "%g and %g atoms", first[4], first[5]);
    for (int k = 0; k < 12; k++)
      session.run("displace_atoms one move 3.1 -1.9 0.02 units box\ndisplace_atoms all move -1.2 "
                  "0.4 0.0 units box\nrun 0 post no");
    check_vector(motion(session), {0.0, 37.2, -22.8, 0.24, first[4], first[5], 0.0}, 1e-9,
                 is_open ? "surfaces" : "periodic");
  }
}

/* Atoms that go over to crystal 2, or to none, are counted, and do not count as moved. */
void the_boundary_moves()
{
  struct Case {
    const char *words, *rest;
    int boundaries;
    double volume;    // of an atom; 0: the box' by atom
  };
  const Case cases[] = {{"", "", 2, 0.0},
                        {"", " boundaries 1 volume 10", 1, 10.0},
                        {"surfaces yes", " volume 11.664", 1, 11.664}};
  for (const auto &each : cases) {
    Session session;
    session.run(bicrystal(each.words, each.words[0] ? "p p s" : "p p p") +
                "variable grain atom i_grain\nfix m all gb/motion 1 v_grain all" + each.rest +
                "\nrun 0 post no");
    const Vector first = motion(session);
    session.run(
        "group two subtract all one\nvariable low atom z<2.9\ngroup low variable low\n"
        "group over intersect low one\nset group over i_grain 2\n"
        "variable lower atom z<-2.9\ngroup lower variable lower\ngroup middle subtract low "
        "lower\ngroup gone intersect middle two\nset group gone i_grain 0\n"
        "displace_atoms over move 0.3 0.1 0.2 units box\ngroup rest subtract all over gone\n"
        "displace_atoms gone move 0.1 0.1 0.1 units box\nrun 0 post no\n"
        "displace_atoms over move 0.2 0.0 0.0 units box\n"
        "variable over equal count(over)\nvariable gone equal count(gone)\n"
        "variable two equal count(two)\n");
    const Vector now = motion(session);
    const auto value = [&](const char *name) {
      auto *p = (double *) lammps_extract_variable(session.handle, name, nullptr);
      const double result = *p;
      lammps_free(p);
      return result;
    };
    const double over = value("over"), gone = value("gone"), two = value("two");
    check(over > 20 && gone > 20, "%g and %g atoms change", over, gone);
    double low[3], high[3], xy, yz, xz;
    int periodic[3], changes;
    lammps_extract_box(session.handle, low, high, &xy, &yz, &xz, periodic, &changes);
    const double area = (high[0] - low[0]) * (high[1] - low[1]);
    const double volume =
        each.volume > 0 ? each.volume : area * (high[2] - low[2]) / (double) session.natoms();
    check_vector(now,
                 {(over - 0.5 * gone) * volume / area / each.boundaries, 0.0, 0.0, 0.0,
                  first[4] - over, first[5] + over - gone, gone},
                 1e-9, each.rest);
    // those that have been in crystal 2 for two calls count
    session.run("run 0 post no");
    check_vector(motion(session),
                 {now[0], -0.2 * over / (two + over - gone), 0.0, 0.0, now[4], now[5], now[6]},
                 1e-9, "the call after");
  }
}

/* The numbers and inner atoms of fix grains; the same on one rank. */
void with_fix_grains()
{
  const auto run = [](MPI_Comm communicator) {
    Session session({}, communicator);
    session.run(
        bicrystal("thickness 20") +
        "comm_modify cutoff 9.0\nfix g all grains 2 fcc measure none\n"
        "fix m all gb/motion 2 f_g[1] f_g[3]\nfix n all nve\ntimestep 0.001\n"
        "velocity all set 0.0 0.0 0.0\nvelocity one set 4.0 -2.0 0.0 units box\nrun 30 post no");
    return motion(session);
  };
  const Vector all = run(MPI_COMM_WORLD), alone = run(MPI_COMM_SELF);
  check_vector(all, alone, 1e-9, "ranks");
  check(std::fabs(all[1] - 0.12) < 1e-9 && std::fabs(all[2] + 0.06) < 1e-9,
        "crystals have moved by %g %g", all[1], all[2]);
  check(std::fabs(all[0]) < 1.0 && all[4] > 200 && all[5] > 200, "the boundary is at %g", all[0]);
}

/* It goes on where it was. */
void restarts()
{
  const std::string file = scratch_file(".restart"),
                    fixes = "fix m all gb/motion 5 v_grain all\nfix n all nve\ntimestep 0.01\n"
                            "run_style verlet\n";
  Vector expected;
  {
    Session session;
    session.run(bicrystal() + "variable grain atom i_grain\n" + fixes +
                "velocity all set 1.0 0.0 0.0 units box\nvelocity one set 7.0 5.0 0.0 units "
                "box\nrun 12 post no\n"
                "write_restart " +
                file + "\nrun 28 post no");
    expected = motion(session);
    check(std::fabs(expected[1] - 2.4) < 1e-9 && std::fabs(expected[2] - 2.0) < 1e-9,
          "crystals have moved by %g %g", expected[1], expected[2]);
  }
  Session again;
  again.run("read_restart " + file +
            "\npair_style zero 5.0\npair_coeff * *\nfix i_grain all property/atom i_grain ghost "
            "yes\nvariable grain atom i_grain\n" +
            fixes + "run 28 post no");
  check_vector(motion(again), expected, 1e-9, "after a restart");
  remove_scratch_file(file);
}

/* No atom remains inside a crystal: a warning, and a run that goes on. */
void nothing_to_follow()
{
  Session session;
  session.run(bicrystal() +
              "variable none atom 0\nfix m all gb/motion 1 v_none all\nrun 3 post no");
  const Vector found = motion(session);
  check_vector(found, {0.0, 0.0, 0.0, 0.0, 0.0, 0.0, (double) session.natoms()}, 0.0, "none");
}

void errors()
{
  const std::string all = bicrystal() + "variable g atom i_grain\n";
  const std::string open = bicrystal("surfaces yes", "p p s") + "variable g atom i_grain\n";
  const std::pair<std::string, const char *> bad[] = {
      {all + "fix m all gb/motion 1 v_g", "expected N"},
      {all + "fix m all gb/motion 0 v_g all", "N must be positive"},
      {all + "fix m all gb/motion 1 grain all", "'grain' is not c_ID"},
      {all + "fix m all gb/motion 1 v_h all", "'v_h' is not defined"},
      {all + "fix m all gb/motion 1 v_g f_none[3]", "'f_none[3]' is not defined"},
      {all + "fix m all gb/motion 1 v_g all normal w", "normal is x, y or z"},
      {all + "fix m all gb/motion 1 v_g all normal", "too few words"},
      {all + "fix m all gb/motion 1 v_g all axis z", "unknown keyword 'axis'"},
      {all + "fix m all gb/motion 1 v_g all normal x", "in a triclinic box the normal is z"},
      {all + "fix m all gb/motion 1 v_g all boundaries 3", "1 or 2 boundaries"},
      {all + "fix m all gb/motion 1 v_g all volume 0", "must be positive"},
      {all + "fix m all gb/motion 1 v_g all volume inf", ""},
      {all + "fix m all gb/motion 1 v_g all crystals 1 1", "both crystals have the number 1"},
      {all + "fix m all gb/motion 1 v_g all crystals 0 1", "0 is the number"},
      {open + "fix m all gb/motion 1 v_g all", "'volume' must say"},
      {all + "fix g all grains 5 fcc measure none\nfix m all gb/motion 2 f_g[1] all\nrun 2",
       "is not computed at step"},
      {"region b block 0 1 0 1 0 1\ncreate_box 1 b\nvariable g atom 1\nchange_box all boundary s p "
       "p\n"
       "fix m all gb/motion 1 v_g all",
       "periodic across the normal"},
      {"dimension 2\nregion b block 0 1 0 1 -0.5 0.5\ncreate_box 1 b\nvariable g atom 1\n"
       "fix m all gb/motion 1 v_g all",
       "three-dimensional"},
  };
  must_fail_each(bad);
}

}    // namespace

int main(int argc, char **argv)
{
  return run_tests(argc, argv,
                   {{"crystals that move", crystals_move},
                    {"the boundary moves", the_boundary_moves},
                    {"with fix grains", with_fix_grains},
                    {"restarts", restarts},
                    {"nothing to follow", nothing_to_follow},
                    {"errors", errors}});
}
