/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Command gb_search: energies of known structures, found with a part of a plane taken out; the same
   list for any number of ranks; what is written; the crystal from other lattices; errors. */
#include "lammps_session.h"

#include <cstring>
#include <iterator>

using namespace test;

namespace {

struct Row {
  double energy, fraction, volume, stress[3];
  int cell[3], atoms, hits, trial, walker;
  std::string origin;
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
        row.hits >> row.trial >> row.walker >> row.origin;
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
      potentials() + "/Cu_mishin1.eam.alloy Cu\nmin_style lbfgs\n";
}

/* More ranks than cores take minutes for such small boxes: four do only what differs for them. */
void by_few_ranks()
{
  if (ranks() > 2) throw Skip{"one and two ranks do it"};
}

/* In the cell of 2 x 2 periods: normal and filled kites, 951.1 and 942.1 mJ/m^2. */
const std::string search =
    "gb_search \"Sigma5 (2 1 0)\" 16 1 cells 2 2 only yes first 12 fraction 0 0.5 table ";

/* Its structures, and how many atoms are in the box when it is done. */
std::pair<std::vector<Row>, long> run_search(MPI_Comm communicator, const std::string &path)
{
  long atoms;
  {
    Session session({}, communicator);
    session.run(copper() + search + path + " archive " + path + ".xyz elements Cu\n");
    atoms = session.natoms();
  }
  MPI_Barrier(communicator);
  auto rows = read_rows(path);
  MPI_Barrier(communicator);
  int me;
  MPI_Comm_rank(communicator, &me);
  if (me == 0) {
    std::remove(path.c_str());
    std::remove((path + ".xyz").c_str());
  }
  return {std::move(rows), atoms};
}

/* The search of all ranks, done once for the tests that look at it. */
const std::pair<std::vector<Row>, long> &search_together()
{
  static const auto found = run_search(MPI_COMM_WORLD, scratch_file(".together"));
  return found;
}

void known_structures()
{
  const auto &[rows, atoms] = search_together();
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
    check(atoms == rows[0].atoms, "the best structure is not in the box");
  }
}

/* The first rank alone, and all. */
void same_for_any_ranks()
{
  const auto &together = search_together().first;
  const std::string path = scratch_file(".alone");
  if (rank() != 0) return;
  const auto alone = run_search(MPI_COMM_SELF, path).first;
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
  by_few_ranks();
  const std::string path = scratch_file(".twin");
  {
    Session session;
    session.run(copper("p p f", "3.6149") +
                "gb_search S5(210) 3 1 cells 1 1 thickness 30 force 1e-4 table " + path);
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
    check(std::fabs(stress - rows[0].stress[c]) < 25.0, "stresses %g and %g", stress,
          rows[0].stress[c]);
  }
}

/* Two atoms at a lattice point, two types. */
void other_crystals()
{
  by_few_ranks();
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

/* Rows of a search whose files are removed. */
std::vector<Row> rows_of(const std::string &suffix, const std::string &words,
                         const std::string &before = "", const std::string &boundary = "S5(210)")
{
  const std::string path = scratch_file(suffix);
  {
    Session session;
    session.run(copper() + before + "gb_search " + boundary + " " + words + " table " + path);
  }
  MPI_Barrier(MPI_COMM_WORLD);
  const auto rows = read_rows(path);
  MPI_Barrier(MPI_COMM_WORLD);
  remove_scratch_file(path);
  return rows;
}

/* Of crystals that are strained to one period: a coincidence whose angle is a little off, and one
   with 1.4 for the square root of 2, whose grains have 70 mJ/m^2 of elastic energy, part of which
   they lose where they yield along the normal. The boundary has what doesn't depend on their
   thickness. */
void strained_crystals()
{
  by_few_ranks();
  const auto tilt = rows_of(".tilt", "4 1 strain 1e-3 cells 1 1", "", "\"[0 0 1] 53.13 (2 1 0)\"");
  bool found = false;
  for (const auto &row : tilt)
    found |= std::fabs(row.energy - 951.12) < 0.1 && std::fabs(row.volume - 0.321) < 0.003;
  check(found, "normal kites are not among %zu structures, the lowest of %g", tilt.size(),
        tilt.empty() ? 0.0 : tilt[0].energy);

  std::vector<Row> rows[2];
  for (int k = 0; k < 2; k++)
    rows[k] = rows_of(".strained",
                      "2 1 strain 0.02 cells 1 1 fraction 0 0 force 1e-4 thickness " +
                          std::to_string(k ? 36.0 : 24.0),
                      "", "\"[0 0 1] 45 (1 0 0)\"");
  if (!check(!rows[0].empty() && !rows[1].empty(), "no structures")) return;
  const Row &thin = rows[0][0], &thick = rows[1][0];
  check(std::fabs(thin.energy - thick.energy) < 0.1, "energies %g and %g", thin.energy,
        thick.energy);
  check(std::fabs(thin.volume - thick.volume) < 0.001, "volumes %g and %g", thin.volume,
        thick.volume);
  for (int c = 0; c < 2; c++)
    check(std::fabs(thin.stress[c] - thick.stress[c]) < 5.0, "stresses %g and %g", thin.stress[c],
          thick.stress[c]);
}

/* By minimizers with and without a line search; the walltime limit of timer stays what it was.
   That ranks agree on it is the same for all of them: several ranks try one. */
void hopeless_trials_are_given_up()
{
  by_few_ranks();
  std::vector<const char *> styles = {"cg", "lbfgs", "fire"};
  if (ranks() > 1) styles.resize(1);
  for (const char *style : styles) {
    long given_up[2];
    for (const int k : {0, 1}) {
      const std::string log = scratch_file(".log");
      Session session;
      session.run(copper() + "timestep 0.002\nmin_style " + style +
                  "\ntimer timeout 1:00:00\nlog " + log +
                  "\ngb_search \"Sigma17 (4 1 0)\" 2 1 cells 2 1 moves 1 0 0 window " +
                  (k ? "1" : "3000") + "\nlog none\nrun 3");
      check(lammps_get_thermo(session.handle, "step") >= 3, "timer: the run has not ended");
      std::ifstream file(log);
      given_up[k] = -1;
      for (std::string line; std::getline(file, line);)
        sscanf(line.c_str(), "Gb_search: %*d distinct structures, %ld trials", &given_up[k]);
      MPI_Barrier(MPI_COMM_WORLD);
      if (rank() == 0) std::remove(log.c_str());
    }
    check(given_up[0] == 0 && given_up[1] >= 1, "%s: %ld and %ld trials given up", style,
          given_up[0], given_up[1]);
  }
}

/* With atoms taken out; the structures differ from those of minimization alone, and the temperature
   is that asked for. */
void annealing()
{
  by_few_ranks();
  const std::string words = "3 1 cells 3 1 only yes moves 1 0 0 fraction 0.3 0.7 window 2000 ";
  const std::string heat = scratch_file(".heat");
  const auto cold = rows_of(".cold", words);
  const auto hot = rows_of(".hot", words + "anneal 1.0 600.0 400",
                           "compute heat all ke\nfix heat all print 10 \"$(c_heat)\" file " + heat +
                               " screen no\n");
  if (!check(!cold.empty() && !hot.empty(), "no structures")) return;
  for (const auto &row : cold)
    check(row.origin == "random", "%s without annealing", row.origin.c_str());
  double most = 0.0;
  for (const auto &row : hot) {
    check(row.origin == "anneal", "%s with annealing", row.origin.c_str());
    double nearest = 1e300;
    for (const auto &other : cold)
      nearest = std::min(nearest, std::fabs(row.energy - other.energy));
    most = std::max(most, nearest);
  }
  check(most > 1.0, "annealing changes nothing: %g", most);

  std::ifstream file(heat);
  std::string line;
  std::getline(file, line);
  double sum = 0.0, count = 0.0;
  for (int k = 0; std::getline(file, line); k++)
    if (k % 40 >= 20) {    // the second half of a run
      sum += std::stod(line);
      count += 1.0;
    }
  MPI_Barrier(MPI_COMM_WORLD);
  remove_scratch_file(heat);
  // 3 x 1 periods of 60 atoms, of which those in 6.884 of either side's 23.4 Angstrom don't move
  const double mobile = 180.0 * (1.0 - 6.884 / 23.4),
               temperature = sum / count / 1.5 / 8.617333e-5 / mobile;
  check(count > 50 && std::fabs(temperature - 600.0) < 90.0, "%g temperatures, mean %g", count,
        temperature);
}

/* A potential that knows nothing of atoms on top of each other: without care energies are -10^12.
 */
void learned_potentials()
{
  by_few_ranks();
  const char *folder = getenv("MLGRAIN_REFERENCE_DIR");
  if (!folder || !*folder) throw Skip{"MLGRAIN_REFERENCE_DIR isn't set"};
  const std::string path = scratch_file(".iron");
  {
    Session session;
    session.run("units metal\nboundary p p f\nlattice bcc 2.83\nregion box block 0 1 0 1 0 1\n"
                "create_box 1 box\nmass 1 55.845\npair_style mtp\npair_coeff * * " +
                std::string(folder) +
                "/mtp/Fe_16.mtp 0\nmin_modify line quadratic\n"
                "gb_search S5(310) 4 1 cells 2 2 moves 1 0 0 table " +
                path);
  }
  MPI_Barrier(MPI_COMM_WORLD);
  const auto rows = read_rows(path);
  remove_scratch_file(path);
  check(!rows.empty() && rows[0].energy > 1300.0 && rows[0].energy < 1500.0, "iron: %g",
        rows.empty() ? 0.0 : rows[0].energy);
}

std::string text_of(const std::string &path)
{
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

/* A search that dies leaves what it has found; another one goes on from there. */
void goes_on()
{
  by_few_ranks();
  const std::string path = scratch_file(".on"), archive = path + ".xyz";
  const std::string words = " 1 cells 3 2 first 20 write 2 window 2000 fraction 0.3 0.7 table " +
      path + " archive " + archive;
  {
    Session session;
    session.must_fail(
        copper() +
            "variable steps equal step\nfix death all halt 10 v_steps > 2500 error hard\n"
            "gb_search S5(210) 400" +
            words,
        "halt condition");
  }
  MPI_Barrier(MPI_COMM_WORLD);
  const auto before = read_rows(path);
  const std::string left = text_of(archive);
  check(before.size() > 1, "%zu structures are left", before.size());
  const auto mark = left.find("trials_done=");
  if (!check(mark != std::string::npos, "no number of trials")) return;
  const int done = std::stoi(left.substr(mark + 12));
  MPI_Barrier(MPI_COMM_WORLD);
  {
    Session session;
    session.run(copper() + "gb_search S5(210) " + std::to_string(done) + words + " resume yes");
  }
  MPI_Barrier(MPI_COMM_WORLD);
  const auto same = read_rows(path);
  check(same.size() == before.size(), "%zu structures become %zu", before.size(), same.size());
  for (size_t k = 0; k < same.size() && k < before.size(); k++)
    check(same[k].energy == before[k].energy && same[k].hits == before[k].hits &&
              same[k].atoms == before[k].atoms && same[k].trial == before[k].trial &&
              std::fabs(same[k].volume - before[k].volume) < 1e-6 &&
              std::fabs(same[k].stress[0] - before[k].stress[0]) < 1e-5,
          "structure %zu is another", k);
  MPI_Barrier(MPI_COMM_WORLD);
  {
    Session session;
    session.run(copper() + "gb_search S5(210) " + std::to_string(done + 4) + words + " resume yes");
  }
  MPI_Barrier(MPI_COMM_WORLD);
  int hits = 0, last = 0;
  for (const auto &row : read_rows(path)) {
    hits += row.hits;
    last = std::max(last, row.trial);
  }
  for (const auto &row : before) hits -= row.hits;
  check(hits > 0 && hits <= 4 && last < done + 4, "%d more trials, the last %d", hits, last);

  const auto broken = [&](const std::string &from, const std::string &to, const char *message,
                          const std::string &more = "") {
    std::string text = left;
    const auto at = text.find(from);
    if (check(at != std::string::npos, "no %s", from.c_str())) text.replace(at, from.size(), to);
    if (rank() == 0) std::ofstream(archive) << text;
    MPI_Barrier(MPI_COMM_WORLD);
    Session session;
    session.must_fail(copper() + "gb_search S5(210) 400" + words + " resume yes" + more, message);
  };
  broken("boundary=\"Sigma5", "boundary=\"Sigma7", "line 2: the boundary is");
  broken("translation=", "transport=", "line 2: there is no translation");
  broken("hits=", "hits=-", "line 2: bad number of hits");
  broken("cell=\"", "cell=\"9999999 ", "line 2: ");
  const auto third = left.find('\n', left.find('\n') + 1);
  const std::string atom = left.substr(third, left.find('\n', third + 1) - third);
  std::istringstream parts(atom);
  std::string symbol, x, y, z;
  int grain, layer, site;
  parts >> symbol >> x >> y >> z >> grain >> layer >> site;
  const std::string place = "\n" + symbol + " " + x + " " + y + " " + z + " ";
  const auto other = [&](int grain, int layer, int site) {
    return place + std::to_string(grain) + " " + std::to_string(layer) + " " + std::to_string(site);
  };
  broken(atom, "\n1 1.0 2.0 3.0", "line 3: an atom needs seven words");
  broken(atom, other(3 - grain, layer, site), "line 3: the site is of another layer");
  broken(atom, other(grain, layer, 100000), "line 3: bad number of a site");
  broken("hits=", "hits=", "are 'thickness' and 'hold' the same?", " thickness 30.0");
  broken(left, left.substr(0, left.rfind('\n', left.size() - 2) + 1), "the file ends early");
  remove_scratch_file(path);
  remove_scratch_file(archive);
}

/* Two partitions have one archive in the end, and both the best structure. */
void partitions()
{
  if (ranks() != 4) throw Skip{"needs four ranks"};
  const std::string path = scratch_file(".parts");
  std::vector<Row> rows;
  long atoms = 0;
  {
    Session session({"-partition", "2x2", "-plog", "none", "-pscreen", "none", "-in", "/dev/null"});
    session.run(copper() +
                "gb_search S5(210) 12 1 cells 2 2 only yes write 4 fraction 0 0.5 table " + path);
    atoms = session.natoms();
  }
  MPI_Barrier(MPI_COMM_WORLD);
  rows = read_rows(path);
  MPI_Barrier(MPI_COMM_WORLD);
  remove_scratch_file(path);
  if (!check(rows.size() > 1, "%zu structures", rows.size())) return;
  bool by[2] = {false, false};
  int hits = 0;
  for (const auto &row : rows) {
    if (row.walker == 0 || row.walker == 1) by[row.walker] = true;
    check(row.trial % 2 == row.walker, "trial %d by %d", row.trial, row.walker);
    hits += row.hits;
  }
  check(by[0] && by[1] && hits <= 12, "structures of one partition only, or %d hits", hits);
  check(atoms == rows[0].atoms, "%ld atoms, not those of the best structure, %d", atoms,
        rows[0].atoms);
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
      {start + command + "write 0", "at least 1"},
      {start + command + "resume yes", "the file of 'archive'"},
      {start + command + "period 20", "'strain' brings to one"},
      {start + command + "strain 0.01 period 0", "'period' must be positive"},
      {start + command + "strain -1", "'strain' must not be negative"},
      {start + command + "tolerance -1", "'tolerance' must not be negative"},
      {start + command + "only yes", "'only' needs 'cells'"},
      {start + command + "table no/such/folder", "can't be written"},
      {start + command + "archive no/such/folder", "can't be written"},
      {start + "lattice none 1.0\n" + command, "needs a lattice"},
  };
  must_fail_each(bad);
}

}    // namespace

int main(int argc, char **argv)
{
  return run_tests(argc, argv,
                   {{"known structures", known_structures},
                    {"the same for any number of ranks", same_for_any_ranks},
                    {"as two boundaries", agrees_with_two_boundaries},
                    {"other crystals", other_crystals},
                    {"strained crystals", strained_crystals},
                    {"hopeless trials are given up", hopeless_trials_are_given_up},
                    {"annealing", annealing},
                    {"learned potentials", learned_potentials},
                    {"goes on", goes_on},
                    {"partitions", partitions},
                    {"errors", errors}});
}
