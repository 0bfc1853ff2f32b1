/* SPDX-License-Identifier: GPL-2.0-or-later */
/* compute sfd/atom inside LAMMPS against the core applied to explicit periodic images: what the
   style adds is ghosts, groups, types, threads, ranks and errors. The core's own numbers are tested
   in unittest/core/test_sfd.c. */
#include "lammps_session.h"

#include "mlgrain/sfd.h"

using namespace test;

namespace {

const double sigma = 0.909, cutoff = 5.904;
enum { COLUMNS = MLGRAIN_SFD_COUNT };

const char *const no_interaction = "comm_modify cutoff 8.0\n"
                                   "timestep 0.001\n"
                                   "thermo_modify lost ignore\n";

/* Random atoms of two types, mean density of copper. */
std::string random_atoms(const char *boundary, const char *region, int count)
{
  return std::string("units metal\nboundary ") + boundary + "\n" + "region box " + region +
      " units box\n" + "create_box 2 box\nmass * 63.5\n" + "create_atoms 1 random " +
      std::to_string(count) + " 4711 NULL\n" + "set group all type/fraction 2 0.4 5\n" +
      no_interaction;
}

std::vector<double> expected(const Session &session, const std::vector<double> &type_weight = {})
{
  std::vector<int> origin;
  const auto points = with_images(session, cutoff, &origin);
  const size_t n = origin.size();
  const size_t natoms = (size_t) session.natoms();
  std::vector<unsigned char> chosen(n, 0);
  std::fill(chosen.begin(), chosen.begin() + (long) natoms, 1);
  std::vector<double> weight;
  if (!type_weight.empty()) {
    const auto type = session.gather_int("type", 1);
    for (int i : origin) weight.push_back(type_weight[type[i] - 1]);
  }
  mlgrain_cells *cells;
  mlgrain_sfd *sfd;
  check(!mlgrain_cells_create(n, (const double(*)[3]) points.data(), cutoff, &cells, nullptr,
                              nullptr),
        "cells");
  check(!mlgrain_sfd_create(sigma, cutoff, mlgrain_simd_best(), &sfd, nullptr), "sfd");
  std::vector<double> all(n * COLUMNS);
  check(!mlgrain_sfd_compute(sfd, cells, 0, mlgrain_cells_count(cells), chosen.data(),
                             weight.empty() ? nullptr : weight.data(), all.data(), nullptr),
        "compute");
  mlgrain_sfd_free(sfd);
  mlgrain_cells_free(cells);
  all.resize(natoms * COLUMNS);
  return all;
}

void compare(const std::vector<double> &got, const std::vector<double> &wanted, double tolerance)
{
  check(got.size() == wanted.size(), "sizes differ");
  for (size_t i = 0; i < wanted.size(); i++)
    if (!check(close_to(got[i], wanted[i], tolerance), "atom %zu, %s: %.15g, expected %.15g",
               i / COLUMNS, mlgrain_sfd_name((int) (i % COLUMNS)), got[i], wanted[i]))
      return;
}

/* Descriptors from a `run 0` (or more steps) against those from explicit images. */
void compare_with_images(const std::string &setup, const std::string &run = "run 0")
{
  Session session;
  session.run(setup + "compute s all sfd/atom 0.909 5.904\n" + "compute r all reduce max c_s[1]\n" +
              "thermo_style custom step c_r\n" + run);
  compare(session.gather("c_s", COLUMNS), expected(session), 1e-12);
}

void periodic_box()
{
  compare_with_images(random_atoms("p p p", "block 0 18 0 20 0 22", 660));
}

void triclinic_box()
{
  compare_with_images(random_atoms("p p p", "prism 0 18 0 20 0 22 5 -4 7", 660));
}

void free_surfaces()
{
  compare_with_images(random_atoms("p f s", "block 0 18 0 20 0 22", 660));
}

void box_smaller_than_the_cutoff()
{
  compare_with_images(random_atoms("p p p", "block 0 4 0 20 0 5", 33));
}

void tiled_decomposition()
{
  compare_with_images(random_atoms("p p p", "block 0 18 0 20 0 22", 660) +
                      "comm_style tiled\nbalance 1.0 rcb\n");
}

void other_processor_grids()
{
  const std::string atoms = random_atoms("p p p", "block 0 18 0 20 0 22", 660);
  for (const char *grid : {"* 1 1", "1 * 1", "1 1 *"})
    compare_with_images(std::string("processors ") + grid + "\n" + atoms);
}

/* Some ranks own nothing: all atoms in one corner. */
void empty_ranks()
{
  compare_with_images("units metal\nboundary f f f\nregion box block 0 40 0 40 0 40 units box\n"
                      "create_box 2 box\nmass * 63.5\nregion corner block 0 9 0 9 0 9 units box\n"
                      "create_atoms 2 random 60 77 corner\n" +
                      std::string(no_interaction));
}

/* Atoms move for many steps between two reneighborings: ghosts must still reach far enough. */
void moving_atoms()
{
  const std::string hot = "pair_style eam/alloy\npair_coeff * * " + potentials() +
      "/Cu_mishin1.eam.alloy Cu\nvelocity all create 2000 99\nfix 1 all nve\n"
      "neighbor 2.0 bin\nneigh_modify delay 0 every 1 check yes\n";
  compare_with_images("units metal\nlattice fcc 3.615\nregion box block 0 6 0 6 0 6\n"
                      "create_box 1 box\ncreate_atoms 1 box\nmass 1 63.5\n" +
                          hot + "comm_modify cutoff 7.904\n",
                      "run 37");
}

void pairs_taken_from_neighbor_lists_still_count()
{
  compare_with_images(random_atoms("p p p", "block 0 18 0 20 0 22", 660) +
                      "neigh_modify exclude type 1 2\n");
}

void weights_by_type()
{
  Session session;
  session.run(random_atoms("p p p", "block 0 18 0 20 0 22", 660) +
              "compute s all sfd/atom 0.909 5.904 weight 1.5 0.25\n"
              "compute r all reduce max c_s[1]\nthermo_style custom step c_r\nrun 0");
  compare(session.gather("c_s", COLUMNS), expected(session, {1.5, 0.25}), 1e-12);
}

/* Type 2 is invisible; its atoms still have descriptors, of the type 1 around them. */
void weight_of_zero()
{
  Session session;
  session.run(random_atoms("p p p", "block 0 18 0 20 0 22", 660) +
              "compute s all sfd/atom 0.909 5.904 weight 1 0\n"
              "compute r all reduce max c_s[1]\nthermo_style custom step c_r\nrun 0");
  compare(session.gather("c_s", COLUMNS), expected(session, {1.0, 0.0}), 1e-12);
}

void other_atoms_get_zero()
{
  Session session;
  session.run(random_atoms("p p p", "block 0 18 0 20 0 22", 660) +
              "group two type 2\ncompute s two sfd/atom 0.909 5.904\n"
              "compute r all reduce max c_s[1]\nthermo_style custom step c_r\nrun 0");
  auto wanted = expected(session);
  const auto type = session.gather_int("type", 1);
  for (size_t i = 0; i < wanted.size(); i++)
    if (type[i / COLUMNS] != 2) wanted[i] = 0.0;
  compare(session.gather("c_s", COLUMNS), wanted, 1e-12);
}

void chosen_columns()
{
  Session session;
  session.run(random_atoms("p p p", "block 0 18 0 20 0 22", 660) +
              "compute s all sfd/atom 0.909 5.904 invariants P4_I8 P0_I0 P2_I1\n"
              "compute one all sfd/atom 0.909 5.904 invariants P3_I2\n"
              "compute r all reduce max c_s[1] c_one\nthermo_style custom step c_r[*]\nrun 0");
  const auto all = expected(session);
  const auto three = session.gather("c_s", 3);
  const auto one = session.gather("c_one", 1);
  for (size_t i = 0; i < one.size(); i++) {
    check(close_to(three[3 * i], all[19 * i + 18], 1e-12), "P4_I8 of atom %zu", i);
    check(close_to(three[3 * i + 1], all[19 * i], 1e-12), "P0_I0 of atom %zu", i);
    check(close_to(three[3 * i + 2], all[19 * i + 3], 1e-12), "P2_I1 of atom %zu", i);
    check(close_to(one[i], all[19 * i + 7], 1e-12), "P3_I2 of atom %zu", i);
  }
}

void automatic_width()
{
  Session session;
  session.run("units metal\nlattice fcc 3.615\nregion box block 0 5 0 5 0 5\ncreate_box 1 box\n"
              "create_atoms 1 box\nmass 1 63.5\ncomm_modify cutoff 9\n"
              "compute a all sfd/atom auto auto\n"
              "compute b all sfd/atom 0.90851416651 5.9007995115\n"
              "compute r all reduce max c_a[1] c_b[1]\nthermo_style custom step c_r[*]\nrun 0");
  compare(session.gather("c_a", COLUMNS), session.gather("c_b", COLUMNS), 1e-8);
}

void threads()
{
  setenv("OMP_NUM_THREADS", "3", 1);
  periodic_box();
  setenv("OMP_NUM_THREADS", "1", 1);
}

/* The density of a group that changes during the run. */
void dynamic_group()
{
  Session session;
  session.run(random_atoms("p p p", "block 0 18 0 20 0 22", 660) +
              "region left block 0 9 INF INF INF INF units box\n"
              "variable fast equal step\n"
              "group moving dynamic all region left every 1\nvelocity all set 4.0 0.0 0.0\n"
              "fix 1 all nve\ncompute s moving sfd/atom 0.909 5.904\n"
              "compute r all reduce max c_s[1]\nthermo_style custom step c_r\nthermo 1\nrun 20");
  const auto got = session.gather("c_s", COLUMNS);
  const auto x = session.gather("x", 3);
  auto wanted = expected(session);
  for (size_t i = 0; i < wanted.size(); i++)
    if (std::fabs(x[3 * (i / COLUMNS)] - 4.5) > 4.5) wanted[i] = 0.0;
  compare(got, wanted, 1e-12);
}

void bad_input()
{
  const std::string atoms = random_atoms("p p p", "block 0 18 0 20 0 22", 660);
  const std::pair<const char *, const char *> cases[] = {
      {"compute s all sfd/atom", "expected sigma and rcut"},
      {"compute s all sfd/atom -1 5", "sigma -1 must be positive"},
      {"compute s all sfd/atom 1 0", "rcut 0 must be positive"},
      {"compute s all sfd/atom one 5", "one"},
      {"compute s all sfd/atom nan 5", "nan"},
      {"compute s all sfd/atom 1 1e999", "1e999"},
      {"compute s all sfd/atom 1 5 weights 1 1", "unknown keyword 'weights'"},
      {"compute s all sfd/atom 1 5 weight 1", "one number for each of the 2 atom types"},
      {"compute s all sfd/atom 1 5 weight 1 -2", "weight -2 must not be negative"},
      {"compute s all sfd/atom 1 5 invariants P9_I9", "'invariants': P9_I9"},
      {"compute s all sfd/atom 1 5 invariants", "no descriptor's name after 'invariants'"},
      {"compute s all sfd/atom 1 5 colnames", "'colnames' needs yes or no"},
  };
  must_fail_each(cases, atoms);
}

void two_dimensions_are_refused()
{
  Session session;
  session.must_fail("dimension 2\nregion box block 0 9 0 9 -0.5 0.5\ncreate_box 1 box\n"
                    "compute s all sfd/atom 1 5",
                    "three-dimensional");
}

/* It is raised: test_ghost_reach.cpp has more. */
void short_ghost_cutoff()
{
  compare_with_images(random_atoms("p p p", "block 0 18 0 20 0 22", 660) +
                      "comm_modify cutoff 7.0\n");
}

void several_ghost_cutoffs()
{
  Session session;
  session.run(random_atoms("p p p", "block 0 18 0 20 0 22", 660) +
              "neighbor 2.0 multi\ncomm_modify mode multi\n");
  session.must_fail("compute s all sfd/atom 0.909 5.904\nrun 0", "comm_modify mode single");
}

/* On more ranks LAMMPS' own answer to such an error is to abort them all. */
void position_not_finite()
{
  if (ranks() > 1) throw Skip{"needs one rank"};
  Session session;
  session.run("units metal\nregion box block 0 9 0 9 0 9 units box\ncreate_box 1 box\nmass 1 1\n"
              "create_atoms 1 random 10 5 NULL\ncomm_modify cutoff 8.0\n"
              "compute s all sfd/atom 0.909 5.904\ncompute r all reduce max c_s[1]\n"
              "thermo_style custom step c_r\nrun 0");
  auto *x = static_cast<double **>(lammps_extract_atom(session.handle, "x"));
  auto *id = static_cast<int *>(lammps_extract_atom(session.handle, "id"));
  x[4][1] = NAN;
  session.must_fail("run 0 pre no", "position of atom " + std::to_string(id[4]) + " is not finite");
}

}    // namespace

int main(int argc, char **argv)
{
  return run_tests(
      argc, argv,
      {{"periodic box", periodic_box},
       {"triclinic box", triclinic_box},
       {"free surfaces", free_surfaces},
       {"box smaller than the cutoff", box_smaller_than_the_cutoff},
       {"tiled decomposition", tiled_decomposition},
       {"other processor grids", other_processor_grids},
       {"empty ranks", empty_ranks},
       {"moving atoms", moving_atoms},
       {"pairs excluded from neighbor lists", pairs_taken_from_neighbor_lists_still_count},
       {"weights by type", weights_by_type},
       {"weight of zero", weight_of_zero},
       {"other atoms get zero", other_atoms_get_zero},
       {"chosen columns", chosen_columns},
       {"automatic width", automatic_width},
       {"threads", threads},
       {"dynamic group", dynamic_group},
       {"bad input", bad_input},
       {"two dimensions are refused", two_dimensions_are_refused},
       {"short ghost cutoff", short_ghost_cutoff},
       {"several ghost cutoffs", several_ghost_cutoffs},
       {"position not finite", position_not_finite}});
}
