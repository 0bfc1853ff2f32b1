/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Min style lbfgs: the minima of min_style cg in fewer steps, on any number of ranks, in units
   whose energies are by atom, from bad starts; when it ends; what it can't do. */
#include "lammps_session.h"

#include <map>

using namespace test;

namespace {

/* IDs depend on the number of ranks, places don't. */
const std::string VACANCIES =
    "region one sphere 1.0 1.0 1.0 0.1\nregion two sphere 3.5 4.0 2.5 0.1\n"
    "delete_atoms region one compress no\ndelete_atoms region two compress no\n";

/* Two vacancies; atoms are shaken, and lists short, so that atoms go to other ranks on the way. */
std::string copper()
{
  return "units metal\nlattice fcc 3.615\nregion box block 0 5 0 5 0 5\ncreate_box 1 box\n"
         "create_atoms 1 box\nmass 1 63.546\npair_style eam/alloy\npair_coeff * * " +
      potentials() + "/Cu_mishin1.eam.alloy Cu\n" + VACANCIES +
      "displace_atoms all random 0.15 0.15 0.15 7\nneighbor 0.2 bin\nthermo 10\n";
}

const std::string ARGON =
    "units lj\nlattice fcc 1.07\nregion box block 0 5 0 5 0 5\ncreate_box 1 box\n"
    "create_atoms 1 box\nmass 1 1.0\npair_style lj/cut 2.5\npair_coeff 1 1 1.0 1.0\n"
    "pair_modify shift yes\n" +
    VACANCIES + "displace_atoms all random 0.08 0.08 0.08 7\n";

struct Minimum {
  double energy, largest_force, steps;
};

Minimum minimum(const std::string &system, const std::string &style, const std::string &words,
                MPI_Comm communicator = MPI_COMM_WORLD)
{
  Session session({}, communicator);
  session.run(system + "min_style " + style + "\nminimize " + words);
  const auto thermo = [&](const char *name) { return lammps_get_thermo(session.handle, name); };
  return {thermo("pe"), thermo("fmax"), thermo("step")};
}

void the_minimum_of_cg()
{
  for (const auto &system : {copper(), ARGON}) {
    const Minimum cg = minimum(system, "cg", "0.0 1e-6 1000 10000");
    const Minimum ours = minimum(system, "lbfgs", "0.0 1e-6 1000 10000");
    check(close_to(ours.energy, cg.energy, 1e-11), "energy %.14g, by cg %.14g", ours.energy,
          cg.energy);
    check(ours.largest_force < 1e-6, "the largest force is %g", ours.largest_force);
    check(ours.steps > 10, "%g steps", ours.steps);
  }
}

/* One in nearly every step, where cg needs two. */
void few_evaluations()
{
  const double steps = minimum(copper(), "lbfgs", "0.0 1e-6 1000 10000").steps;
  const std::string few = "0.0 1e-6 1000 " + std::to_string((int) (1.15 * steps));
  const double force = minimum(copper(), "lbfgs", few).largest_force;
  check(force < 1e-6, "after %g evaluations the largest force is %g", 1.15 * steps, force);
  check(minimum(copper(), "cg", few).largest_force > 1e-5, "cg is as good");
}

void any_number_of_ranks()
{
  const char *const words = "0.0 1e-6 1000 10000";
  const Minimum together = minimum(copper(), "lbfgs", words);
  const Minimum alone = minimum(copper(), "lbfgs", words, MPI_COMM_SELF);
  check(close_to(together.energy, alone.energy, 1e-12), "energy %.14g, on one rank %.14g",
        together.energy, alone.energy);
  check(std::fabs(together.steps - alone.steps) <= 3, "%g steps, on one rank %g", together.steps,
        alone.steps);
}

/* A pair at a sixth of its distance: forces of 10^10 */
void bad_starts()
{
  const std::string system = ARGON +
      "create_atoms 1 single 2.5 2.5 2.5 units box\ncreate_atoms 1 single 2.5 2.68 2.5 units box\n";
  const Minimum found = minimum(system, "lbfgs", "0.0 1e-5 5000 50000");
  check(found.largest_force < 1e-5 && found.energy < -6.0, "energy %g, force %g", found.energy,
        found.largest_force);
}

void ends()
{
  check(minimum(copper(), "lbfgs", "0.0 1e-6 7 10000").steps == 7, "most steps");
  check(minimum(copper(), "lbfgs", "0.0 1e-6 1000 9").steps <= 9, "most evaluations");
  const double loose = minimum(copper(), "lbfgs", "1e-4 0.0 1000 10000").steps;
  check(loose > 3 && loose < 45, "tolerance of the energy: %g steps", loose);
  /* two: the root of the sum over 498 atoms */
  std::map<std::string, double> norm_of = {{"max", 8.0}, {"inf", 8.0}, {"two", 100.0}};
  for (const char *norm : {"max", "inf", "two"}) {
    const Minimum found =
        minimum(copper(), std::string("lbfgs\nmin_modify norm ") + norm, "0.0 1e-3 1000 10000");
    check(found.largest_force < 1e-3, "norm %s: force %g", norm, found.largest_force);
    check(found.largest_force > 1e-3 / norm_of[norm], "norm %s is as the others", norm);
  }
  /* no forces at all */
  const Minimum at_rest = minimum("units metal\nlattice fcc 4\nregion box block 0 3 0 3 0 3\n"
                                  "create_box 1 box\ncreate_atoms 1 box\nmass 1 60.0\n"
                                  "pair_style zero 4.0\npair_coeff * *\n",
                                  "lbfgs", "0.0 1e-6 1000 10000");
  check(at_rest.energy == 0.0 && at_rest.steps <= 1, "at rest: %g steps", at_rest.steps);
}

void no_atom_moves_by_more_than_dmax()
{
  Session session;
  session.run(copper() +
              "min_style lbfgs\nmin_modify dmax 0.01\ncompute d all displace/atom\n"
              "compute most all reduce max c_d[4]\nthermo_style custom step c_most\n"
              "minimize 0.0 1e-6 5 50");
  const double most =
      *(double *) lammps_extract_compute(session.handle, "most", LMP_STYLE_GLOBAL, LMP_TYPE_SCALAR);
  check(most > 0.02 && most <= 5 * 0.01 * std::sqrt(3.0), "an atom has moved by %g", most);
}

void bad_input()
{
  Session session;
  session.run(copper() + "min_style lbfgs\nfix press all box/relax iso 0.0");
  session.must_fail("minimize 0.0 1e-6 10 100", "needs min_style cg");
}

}    // namespace

int main(int argc, char **argv)
{
  return run_tests(argc, argv,
                   {{"the_minimum_of_cg", the_minimum_of_cg},
                    {"few_evaluations", few_evaluations},
                    {"any_number_of_ranks", any_number_of_ranks},
                    {"bad_starts", bad_starts},
                    {"ends", ends},
                    {"no_atom_moves_by_more_than_dmax", no_atom_moves_by_more_than_dmax},
                    {"bad_input", bad_input}});
}
