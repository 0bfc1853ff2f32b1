/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Command gb_search: energies of known structures, found with a part of a plane taken out; the same
   list for any number of ranks; what is written; the crystal from other lattices; errors. */
#include "lammps_session.h"

#include <cstring>

using namespace test;

namespace {

struct Row {
  double energy, fraction, volume, stress[3];
  int cell[3], atoms, hits;
};

std::vector<Row> read_rows(const std::string &path)
{
  std::vector<Row> rows;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line[0] == '#') continue;
    std::istringstream words(line);
    Row row;
    double id, removed;
    words >> id >> row.energy >> row.fraction >> removed >> row.volume >> row.stress[0] >>
        row.stress[1] >> row.stress[2] >> row.cell[0] >> row.cell[1] >> row.cell[2] >> row.atoms >>
        row.hits;
    check((bool) words, "a line of the table: %s", line.c_str());
    rows.push_back(row);
  }
  return rows;
}

std::string copper(const std::string &boundary = "p p f", const std::string &a = "3.615")
{
  return "units metal\nboundary " + boundary + "\nlattice fcc " + a +
      "\nregion box block 0 1 0 1 0 1\ncreate_box 1 box\nmass 1 63.546\n"
      "pair_style eam/alloy\npair_coeff * * " +
      potentials() + "/Cu_mishin1.eam.alloy Cu\nmin_modify line quadratic\n";
}

/* In the cell of 2 x 2 periods: normal and filled kites, 951.1 and 942.1 mJ/m^2. */
const std::string search =
    "gb_search \"Sigma5 (2 1 0)\" 16 1 cells 2 2 only yes first 12 fraction 0 0.5 table ";

std::vector<Row> run_search(MPI_Comm communicator, const std::string &suffix, Session **kept)
{
  const std::string path = scratch_file(suffix);
  auto *session = new Session({}, communicator);
  session->run(copper() + search + path + " archive " + path + ".xyz elements Cu\n");
  MPI_Barrier(communicator);
  const auto rows = read_rows(path);
  MPI_Barrier(communicator);
  int me;
  MPI_Comm_rank(communicator, &me);
  if (me == 0) {
    std::remove(path.c_str());
    std::remove((path + ".xyz").c_str());
  }
  if (kept)
    *kept = session;
  else
    delete session;
  return rows;
}

void known_structures()
{
  Session *session = nullptr;
  const auto rows = run_search(MPI_COMM_WORLD, ".known", &session);
  if (check(rows.size() >= 3, "%zu structures", rows.size())) {
    check(std::fabs(rows[0].energy - 942.1) < 0.1 && rows[0].fraction == 0.5,
          "the lowest has %.4f at %g", rows[0].energy, rows[0].fraction);
    bool found = false;
    for (const auto &row : rows)
      if (std::fabs(row.energy - 951.12) < 0.05) {
        found = true;
        check(row.fraction == 0.0 && std::fabs(row.volume - 0.3197) < 0.002 && row.hits > 1 &&
                  row.cell[0] * row.cell[1] == 4,
              "normal kites: %g %g %d", row.fraction, row.volume, row.hits);
      }
    check(found, "no normal kites");
    for (size_t k = 1; k < rows.size(); k++)
      check(rows[k].energy >= rows[k - 1].energy, "the order");
    check(session->natoms() == rows[0].atoms, "the best structure is not in the box");
  }
  delete session;
}

/* On one rank, alone, and on all. */
void same_for_any_ranks()
{
  const auto together = run_search(MPI_COMM_WORLD, ".together", nullptr);
  const auto alone = run_search(MPI_COMM_SELF, ".alone" + std::to_string(rank()), nullptr);
  if (!check(alone.size() == together.size(), "%zu and %zu structures", alone.size(),
             together.size()))
    return;
  for (size_t k = 0; k < alone.size(); k++)
    check(std::fabs(alone[k].energy - together[k].energy) < 0.05 &&
              alone[k].fraction == together[k].fraction && alone[k].atoms == together[k].atoms,
          "structure %zu: %g and %g", k, alone[k].energy, together[k].energy);
}

/* Energy, excess volume and stress against those of a periodic cell with two boundaries. */
void agrees_with_two_boundaries()
{
  const std::string path = scratch_file(".twin");
  {
    Session session;
    session.run(copper("p p f", "3.6149") + "gb_search S5(210) 3 1 cells 1 1 thickness 30 table " +
                path);
  }
  MPI_Barrier(MPI_COMM_WORLD);
  const auto rows = read_rows(path);
  remove_scratch_file(path);
  if (!check(!rows.empty(), "no structure")) return;

  Session session;
  session.run("units metal\nlattice fcc 3.6149\n"
              "create_bicrystal 1 S5(210) thickness 28 translation 0.4 0.1 overlap 1.5\n"
              "mass 1 63.546\npair_style eam/alloy\npair_coeff * * " +
              potentials() +
              "/Cu_mishin1.eam.alloy Cu\nfix 1 all box/relax z 0.0 xz 0.0 yz 0.0 fixedpoint 0 0 0 "
              "vmax 0.005\nminimize 0 1e-3 400 1500\nminimize 0 1e-3 400 1500\n"
              "minimize 0 1e-4 400 1500\nunfix 1\nrun 0\n");
  double low[3], high[3], xy, yz, xz;
  int periodic[3], changes;
  lammps_extract_box(session.handle, low, high, &xy, &yz, &xz, periodic, &changes);
  const double area = 2 * (high[0] - low[0]) * (high[1] - low[1]);
  const double volume = 0.5 * area * (high[2] - low[2]), atoms = (double) session.natoms();
  const double energy = lammps_get_thermo(session.handle, "pe");
  check(std::fabs((energy + 3.54021831 * atoms) / area * 16021.766 - rows[0].energy) < 0.1,
        "energy %g of two boundaries, %g of one", (energy + 3.54021831 * atoms) / area * 16021.766,
        rows[0].energy);
  const double crystal = std::pow(3.6149, 3) / 4;
  check(std::fabs((volume - crystal * atoms) / area - rows[0].volume) < 0.004,
        "excess volumes %g and %g", (volume - crystal * atoms) / area, rows[0].volume);
  for (int c = 0; c < 2; c++) {
    const double pressure = lammps_get_thermo(session.handle, c ? "pyy" : "pxx");
    const double stress = -pressure * volume / area / 1.602176634e6 * 16021.766;
    check(std::fabs(stress - rows[0].stress[c]) < 15.0, "stresses %g and %g", stress,
          rows[0].stress[c]);
  }
}

/* Two atoms at a lattice point, two types. */
void other_crystals()
{
  const std::string path = scratch_file(".other");
  {
    Session session;
    session.run(
        "units lj\nboundary p p f\nlattice custom 1.0 a1 1.15 0 0 a2 0 1.15 0 a3 0 0 1.15 basis "
        "0 0 0 basis 0.5 0.5 0.5\nregion box block 0 1 0 1 0 1\ncreate_box 2 box\nmass * 1.0\n"
        "pair_style lj/cut 2.0\npair_coeff * * 1.0 0.8\npair_coeff 1 2 1.5 0.9\n"
        "gb_search \"Sigma5 (2 1 0)\" 4 1 basis 2 2 cells 1 1 table " +
        path);
  }
  MPI_Barrier(MPI_COMM_WORLD);
  const auto rows = read_rows(path);
  remove_scratch_file(path);
  check(!rows.empty() && rows[0].energy > 0.0, "B2: energy %g",
        rows.empty() ? 0.0 : rows[0].energy);
}

void errors()
{
  const std::string start = copper(), command = "gb_search \"Sigma5 (2 1 0)\" 5 1 ";
  const std::pair<std::string, const char *> bad[] = {
      {"units metal\nlattice fcc 3.6\n" + command, "before the simulation box"},
      {copper("p p p") + command, "not along z"},
      {copper("f p f") + command, "periodic along x and y"},
      {"units metal\nboundary p p f\nlattice fcc 3.6\nregion b block 0 1 0 1 0 1\ncreate_box 1 "
       "b\n" +
           command,
       "needs a pair style"},
      {start + "gb_search \"Sigma5 (2 1 0)\" 5", "a seed"},
      {start + "gb_search \"Sigma5 (2 1 0)\" 0 1", "at least 1"},
      {start + "gb_search \"Sigma5 (1 1 1)\" 5 1", "no boundary is"},
      {start + command + "cell 1 1", "unknown keyword 'cell'"},
      {start + command + "cells 1", "too few words"},
      {start + command + "cells 0 1", "at least 1"},
      {start + command + "hold 2.0", "less than the cutoff"},
      {start + command + "thickness 8.0", "'thickness' is less"},
      {start + command + "fraction 0.5 0.2", "from 0 to 1"},
      {start + command + "moves 0 1 1", "random starts"},
      {start + command + "type 2", "no atom type 2"},
      {start + command + "cells 1 1 table no/such/folder", "can't be written"},
      {start + "lattice none 1.0\n" + command, "needs a lattice"},
  };
  for (const auto &each : bad) {
    Session session;
    session.must_fail(each.first, each.second);
  }
}

}    // namespace

int main(int argc, char **argv)
{
  return run_tests(argc, argv,
                   {{"known structures", known_structures},
                    {"the same for any number of ranks", same_for_any_ranks},
                    {"as two boundaries", agrees_with_two_boundaries},
                    {"other crystals", other_crystals},
                    {"errors", errors}});
}
