/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Command create_bicrystal: the same atoms with the same IDs for any number and any grid of ranks;
   two boundaries of one energy, of every kind and lattice; energies of known boundaries; groups,
   errors. What a cell is is tested in unittest/core. */
#include "lammps_session.h"

using namespace test;

namespace {

struct Atoms {
  std::vector<double> x;
  std::vector<int> type, grain;
};

Atoms atoms_of(const Session &session)
{
  return {session.gather("x", 3), session.gather_int("type", 1), session.gather_int("i_grain", 1)};
}

/* Lattice, the rest of the input line. */
struct Sample {
  const char *lattice, *words;
};

const Sample samples[] = {
    {"fcc 3.6", "\"Sigma5 (310)\" translation 0.3 0.7"},
    {"fcc 3.6", "\"[1 0 0] 36.87 (1 0 0)\" translation 0.2 0.4 repeat 2 3"},
    {"fcc 3.6", "\"Sigma3 (211)\" overlap 2.4 translation 0.1 0.2 gap -0.4"},
    {"fcc 3.6", "\"q 5 1 1 0 (1 2 3)\" translation 0.6 0.1 thickness 20"},
    {"bcc 2.9", "\"q 3 1 1 0 (2 1 0)\" translation 0.6 0.3"},
    {"bcc 2.9", "\"Sigma5 (310)\" basis 2 2 translation 0.6 0.3"},
    {"sc 2.5", "\"q 3 1 0 0 (2 1 2)\" translation 0.25 0.3"},
    {"fcc 3.6", "\"Sigma5 (210)\" basis 2 2 basis 3 2 basis 4 2 translation 0.2 0.9"},
    {"diamond 5.4", "\"Sigma9 (221)\" translation 0.5 0.1 terminations 1 1"},
    {"hcp 2.9", "\"q 3 0 0 1 (0 0 1)\" translation 0.5 0.1"},
    {"fcc 3.6",
     "\"0 0 1 / 1 0 0 / 0 1 0 | 0 0 1 / 1 1 0 / -1 1 0\" strain 0.02 translation 0.3 0.1 "
     "thickness 9"},
    {"hcp 2.9", "\"q 2 1 0 0 (1 0 -1 1)\" translation 0.5 0.1 repeat 2 1"},
    {"fcc 3.6", "\"[1 1 1] 20 (1 1 1)\" strain 0.03 period 40 translation 0.3 0.1 thickness 12"},
    {"hcp 2.9",
     "\"euler 0 0 0 17 0 0 (0 0 1)\" strain 0.05 period 30 translation 0.2 0.9 thickness 12"},
    {"custom 1.0 a1 4.5 0 0 a2 0 4.5 0 a3 0 0 3.0 basis 0 0 0 basis 0.5 0.5 0.5 basis 0.3 0.3 0 "
     "basis 0.7 0.7 0 basis 0.8 0.2 0.5 basis 0.2 0.8 0.5",
     "\"[0 0 1] 36.87 (2 1 0)\" basis 3 2 basis 4 2 basis 5 2 basis 6 2 translation 0.1 0.2"},
};

std::string input(const Sample &sample, const char *boundary = "p p p")
{
  return std::string("units metal\nboundary ") + boundary + "\nlattice " + sample.lattice +
      "\ncreate_bicrystal 1 " + sample.words + "\n";
}

void same_for_any_grid()
{
  for (const auto &sample : samples) {
    Session alone({}, MPI_COMM_SELF);
    alone.run(input(sample));
    const Atoms expected = atoms_of(alone);
    check(expected.type.size() > 20, "%s: no atoms", sample.words);
    for (const char *grid : {"* * *", "* 1 1", "1 * 1", "1 1 *"}) {
      Session session;
      session.run("processors " + std::string(grid) + "\n" + input(sample));
      const Atoms atoms = atoms_of(session);
      check(atoms.x == expected.x && atoms.type == expected.type && atoms.grain == expected.grain,
            "%s: other atoms on the grid %s", sample.words, grid);
    }
  }
}

/* Energies of the halves about either boundary; atoms half-way are half. */
void two_equal_boundaries()
{
  for (const auto &sample : samples) {
    Session session;
    session.run(input(sample) +
                "mass * 1.0\npair_style lj/cut 6.1\npair_coeff * * 0.1 2.3\n"
                "pair_coeff 1 1 0.13 2.2\ncompute e all pe/atom\nrun 0 post no\n");
    const auto x = session.gather("x", 3);
    const auto energy = session.gather("c_e", 1);
    double low[3], high[3], xy, yz, xz;
    int periodic[3], changes;
    lammps_extract_box(session.handle, low, high, &xy, &yz, &xz, periodic, &changes);
    // the box begins in the middle of the gap below grain 2; the other boundary is at 0
    const auto grain = session.gather_int("i_grain", 1);
    double top = -1e9, bottom = 1e9;
    for (size_t i = 0; i < grain.size(); i++)
      if (grain[i] == 1) {
        top = std::max(top, x[3 * i + 2]);
        bottom = std::min(bottom, x[3 * i + 2]);
      }
    const double middle = 0.5 * (top + bottom), height = high[2] - low[2];
    double sum[2] = {0.0, 0.0}, least = 1e9, most = -1e9;
    for (size_t i = 0; i < energy.size(); i++) {
      double z = x[3 * i + 2] - middle;
      z -= height * std::floor(z / height + 1e-7);
      const bool half = std::fabs(z) < 1e-5 || std::fabs(z - 0.5 * height) < 1e-5;
      sum[0] += energy[i] * (half ? 0.5 : z < 0.5 * height);
      sum[1] += energy[i] * (half ? 0.5 : z > 0.5 * height);
      least = std::min(least, energy[i]);
      most = std::max(most, energy[i]);
    }
    check(std::fabs(sum[0] - sum[1]) < 1e-7 * std::fabs(sum[0]), "%s: energies %.12g and %.12g",
          sample.words, sum[0], sum[1]);
    check(most - least > 1e-3, "%s: all atoms are alike", sample.words);
  }
}

/* Relaxed copper (Mishin et al.), mJ/m^2, for a translation that leads there. */
void known_energies()
{
  struct Known {
    const char *boundary, *words;
    double energy, tolerance;
  };
  const Known known[] = {
      {"Sigma5 (310)", "translation 0.3 0.2 overlap 1.5", 904.8, 0.1},
      {"Sigma3 (111)", "translation 0.3333333333333333 0.3333333333333333", 22.24, 0.05},
      {"[1 0 0] 36.87 (1 0 0)", "translation 0.1 0.2", 731.4, 0.2},
      {"q 4 1 0 0 (1 0 0)", "translation 0.1 0.2", 702.4, 0.2},
  };
  const std::string folder = potentials();
  for (const auto &each : known) {
    Session session;
    session.run("units metal\nlattice fcc 3.615\ncreate_bicrystal 1 \"" +
                std::string(each.boundary) + "\" thickness 28 " + each.words +
                "\nmass 1 63.546\npair_style eam/alloy\npair_coeff * * " + folder +
                "/Cu_mishin1.eam.alloy Cu\nfix 1 all box/relax z 0.0 xz 0.0 yz 0.0 fixedpoint 0 0 "
                "0 vmax 0.005\nminimize 0 1e-3 400 1500\nminimize 0 1e-3 400 1500\nminimize 0 1e-3 "
                "400 1500\nrun 0\n");
    const double energy = lammps_get_thermo(session.handle, "pe");
    double low[3], high[3], xy, yz, xz;
    int periodic[3], changes;
    lammps_extract_box(session.handle, low, high, &xy, &yz, &xz, periodic, &changes);
    const double area = (high[0] - low[0]) * (high[1] - low[1]);
    const double found = (energy + 3.5402183 * (double) session.natoms()) / (2 * area) * 16021.766;
    check(std::fabs(found - each.energy) < each.tolerance, "%s: %.4f mJ/m^2, not %g", each.boundary,
          found, each.energy);
  }
}

/* A twist of 37 degrees, whose coincidence has a large period, is Sigma5 (36.87 degrees) but for a
   little strain. */
void strain_for_a_small_period()
{
  Session near, exact;
  near.run("units metal\nlattice fcc 3.6\ncreate_bicrystal 1 \"[1 0 0] 37 (1 0 0)\" strain 3e-3 "
           "thickness 9\n");
  exact.run("units metal\nlattice fcc 3.6\ncreate_bicrystal 1 \"[1 0 0] 36.87 (1 0 0)\" "
            "thickness 9\n");
  check(near.natoms() == exact.natoms(), "%g atoms with strain, %g without", (double) near.natoms(),
        (double) exact.natoms());
  double edge[2][2];
  Session *sessions[] = {&near, &exact};
  for (int k = 0; k < 2; k++) {
    double low[3], high[3], xy, yz, xz;
    int periodic[3], changes;
    lammps_extract_box(sessions[k]->handle, low, high, &xy, &yz, &xz, periodic, &changes);
    for (int d = 0; d < 2; d++) edge[k][d] = high[d] - low[d];
  }
  for (int d = 0; d < 2; d++)
    check(std::fabs(edge[0][d] / edge[1][d] - 1.0) < 1.6e-3, "edge %d is %g, not %g", d, edge[0][d],
          edge[1][d]);
}

void surfaces_and_groups()
{
  Session session;
  session.run("units metal\nboundary p p f\nlattice fcc 3.6\n"
              "create_bicrystal 2 \"Sigma5 (310)\" surfaces yes groups low high hold 7 types 3\n"
              "variable n equal count(low)\nvariable m equal count(high)\n"
              "variable z equal bound(low,zmax)-bound(low,zmin)\n"
              "variable b equal bound(high,zmin)\n");
  auto value = [&](const char *name) {
    double *p = (double *) lammps_extract_variable(session.handle, name, nullptr);
    const double v = *p;
    lammps_free(p);
    return v;
  };
  check(value("n") > 5 && value("n") == value("m"), "the layers have %g and %g atoms", value("n"),
        value("m"));
  check(value("z") < 7.0 && value("z") > 5.0, "the layer is %g thick", value("z"));
  check(value("b") > 10.0, "the upper layer begins at %g", value("b"));
  check(*(int *) lammps_extract_global(session.handle, "ntypes") == 3, "types");
  check(session.gather_int("type", 1)[0] == 2, "the type");
}

void errors()
{
  const std::string start = "units metal\n", lattice = start + "lattice fcc 3.6\n";
  const std::string make = "create_bicrystal 1 \"Sigma5 (310)\" ";
  const std::pair<std::string, const char *> bad[] = {
      {start + make, "needs a lattice"},
      {start + "dimension 2\nlattice sq 1.0\n" + make, "three-dimensional"},
      {lattice + "create_bicrystal 1", "a boundary"},
      {lattice + "create_bicrystal 0 \"Sigma5 (310)\"", "types are from 1"},
      {lattice + "create_bicrystal 1 \"Sigma5 (111)\"", "no boundary is"},
      {lattice + "create_bicrystal 1 twin", "boundaries are as"},
      {lattice + make + "thick 3", "unknown keyword 'thick'"},
      {lattice + make + "repeat 3", "too few words"},
      {lattice + make + "repeat 0 3", "repeats at least 1"},
      {lattice + make + "thickness 0", "thickness"},
      {lattice + make + "thickness nan", "floating point"},
      {lattice + make + "overlap -1", "overlap"},
      {lattice + make + "terminations 2 1", "grain 1 are 1 to 1, not 2"},
      {lattice + make + "terminations 1 0", "grain 2 are 1 to 1, not 0"},
      {lattice + make + "gap -3", "in each other"},
      {start + "lattice custom 3.0 basis 0 0 0 basis 0 0 0.999\n" + make, "atoms 1 and 2"},
      {lattice + make + "basis 5 1", "no site 5"},
      {lattice + make + "groups a b", "'surfaces yes'"},
      {lattice + make + "surfaces yes", "must not be periodic"},
      {lattice + make + "strain -0.1", "'strain' must not be negative"},
      {lattice + make + "strain 0.5", "strain"},
      {lattice + make + "period 20", "'strain' brings to one"},
      {lattice + make + "strain 0.01 period 0", "'period' must be positive"},
      {lattice + make + "tolerance -1", "'tolerance' must not be negative"},
      {lattice + "create_bicrystal 1 \"[1 1 1] 20 (1 1 1)\" strain 1e-9 period 40",
       "no common period"},
      {start + "boundary p p f\nlattice fcc 3.6\n" + make, "periodic along z"},
      {start + "boundary p f p\nlattice fcc 3.6\n" + make, "periodic along x and y"},
      {lattice + make + "property grain", "custom integer"},
      {lattice + "region r block 0 1 0 1 0 1\ncreate_box 1 r\n" + make, "one already"},
      {start +
           "lattice diamond 5.6\ncreate_bicrystal 1 \"Sigma3 (111)\" basis 5 2 basis 6 2 "
           "basis 7 2 basis 8 2",
       "center of inversion"},
      {start + "boundary p p f\nlattice fcc 3.6\n" + make + "surfaces yes groups a b hold 99",
       "thicker than the grains"},
  };
  must_fail_each(bad);
}

}    // namespace

int main(int argc, char **argv)
{
  return run_tests(argc, argv,
                   {{"the same atoms for any grid", same_for_any_grid},
                    {"two equal boundaries", two_equal_boundaries},
                    {"known energies", known_energies},
                    {"strain for a small period", strain_for_a_small_period},
                    {"surfaces and groups", surfaces_and_groups},
                    {"errors", errors}});
}
