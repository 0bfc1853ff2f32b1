/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Command create_polycrystal: the same atoms with the same IDs for any number and any grid of
   ranks, the tables it writes, the grain numbers in other commands and in restart files, errors.
   Cells and sites are tested in unittest/core. */
#include "lammps_session.h"

#include <fstream>
#include <map>
#include <sstream>
#include <unistd.h>

using namespace test;

namespace {

const std::string copper = "units metal\nlattice fcc 3.615\n";

std::string box(const std::string &region, int types = 1)
{
  return "region box " + region + "\ncreate_box " + std::to_string(types) + " box\nmass * 63.5\n";
}

const char *const cube = "block 0 14 0 14 0 14";
const char *const skew = "prism -3 12 1 14 0 13 4 -3 5";

/* A name for a file in the temporary folder, the same on all ranks. */
std::string file(const char *name)
{
  int id = (int) getpid();
  MPI_Bcast(&id, 1, MPI_INT, 0, MPI_COMM_WORLD);
  return "/tmp/mlgrain_polycrystal_" + std::to_string(id) + "_" + name;
}

/* Written by rank 0, for all. */
void write_file(const std::string &path, const std::string &text)
{
  if (rank() == 0) std::ofstream(path) << text;
  MPI_Barrier(MPI_COMM_WORLD);
}

void remove_file(const std::string &path)
{
  MPI_Barrier(MPI_COMM_WORLD);
  if (rank() == 0) std::remove(path.c_str());
}

/* The rows of a table by column. */
struct Table {
  std::map<std::string, std::vector<double>> column;
  size_t rows = 0;
};

Table read_table(const std::string &path)
{
  Table table;
  std::ifstream stream(path);
  std::string line;
  std::vector<std::string> names;
  while (std::getline(stream, line)) {
    std::istringstream words(line[0] == '#' ? line.substr(1) : line);
    if (line[0] == '#') {
      names.clear();
      for (std::string name; words >> name;) names.push_back(name);
      continue;
    }
    for (const auto &name : names) {
      double value;
      words >> value;
      check((bool) words, "a number is missing in %s: %s", path.c_str(), line.c_str());
      table.column[name].push_back(value);
    }
    table.rows++;
  }
  return table;
}

struct Atoms {
  std::vector<double> x;
  std::vector<int> type, grain;
};

Atoms atoms_of(const Session &session)
{
  return {session.gather("x", 3), session.gather_int("type", 1), session.gather_int("i_grain", 1)};
}

void compare(const Atoms &atoms, const Atoms &expected, double tolerance)
{
  if (!check(atoms.type.size() == expected.type.size() && !expected.type.empty(),
             "%zu atoms, not %zu", atoms.type.size(), expected.type.size()))
    return;
  for (size_t i = 0; i < atoms.type.size(); i++) {
    bool good = atoms.type[i] == expected.type[i] && atoms.grain[i] == expected.grain[i];
    for (size_t d = 3 * i; d < 3 * i + 3; d++)
      good = good && std::fabs(atoms.x[d] - expected.x[d]) <= tolerance;
    if (!check(good, "atom %zu differs", i + 1)) return;
  }
}

/* Each rank also makes the whole polycrystal by itself. */
void same_for_any_grid()
{
  const std::string commands[] = {"create_polycrystal 1 random 9 12 cutoff 2.0",
                                  "create_polycrystal 2 random 3 5 sizes 0.3 basis 1 1 basis 3 1",
                                  "create_polycrystal 1 random 1 7 cutoff 1.5"};
  for (const char *region : {cube, skew})
    for (const auto &command : commands) {
      Session alone({}, MPI_COMM_SELF);
      alone.run(copper + box(region, 2) + command);
      const Atoms expected = atoms_of(alone);
      for (const char *grid : {"* * *", "* 1 1", "1 * 1", "1 1 *"}) {
        Session session;
        session.run("processors " + std::string(grid) + "\n" + copper + box(region, 2) + command);
        compare(atoms_of(session), expected, 0.0);
      }
    }
}

/* Boxes with surfaces, and columns: lines before the lattice, the region, words of the command. */
struct Shape {
  const char *boundary, *region, *words;
};

const Shape shapes[] = {
    {"p p f", cube, ""},
    {"s p m", cube, "sizes 0.3"},
    {"fs ms f", cube, "mindist 12 lloyd 3"},
    {"f p p", skew, "texture fiber 1 1 1 0 0 1 3"},
    {"p p p", "block 0 16 0 14 0 3", "columnar z"},
    {"p p s", "block 0 16 0 14 0 6", "columnar z sizes 0.3 lloyd 2"},
    {"f p p", "block 0 2 0 14 0 16", "columnar x texture fiber 0 1 1 1 0 0 0"},
    {"f p p", skew, "columnar y mindist 5 texture random"},
};

void same_for_any_grid_elsewhere()
{
  for (const auto &shape : shapes) {
    const std::string input = std::string("boundary ") + shape.boundary + '\n' + copper +
        box(shape.region) + "create_polycrystal 1 random 7 12 " + shape.words;
    Session alone({}, MPI_COMM_SELF);
    alone.run(input);
    const Atoms expected = atoms_of(alone);
    for (const char *grid : {"* * *", "* 1 1", "1 * 1", "1 1 *"}) {
      Session session;
      session.run("processors " + std::string(grid) + '\n' + input);
      compare(atoms_of(session), expected, 0.0);
    }
  }
}

/* The box of a session; along: the edge of its columns, -1 without. */
struct Box {
  double edge[3][3] = {};
  int periodic[3] = {}, along = -1;

  Box(const Session &session, const std::string &words)
  {
    double low[3], high[3], xy, yz, xz;
    int changes;
    lammps_extract_box(session.handle, low, high, &xy, &yz, &xz, periodic, &changes);
    for (int k = 0; k < 3; k++) edge[k][k] = high[k] - low[k];
    edge[1][0] = xy;
    edge[2][0] = xz;
    edge[2][1] = yz;
    const size_t columnar = words.find("columnar ");
    if (columnar != std::string::npos) along = words[columnar + 9] - 'x';
  }

  double volume() const { return edge[0][0] * edge[1][1] * edge[2][2]; }

  /* Area of all surfaces. */
  double surface() const
  {
    double sum = 0.0;
    for (int k = 0; k < 3; k++) {
      const double *a = edge[(k + 1) % 3], *b = edge[(k + 2) % 3];
      const double cross[3] = {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2],
                               a[0] * b[1] - a[1] * b[0]};
      if (!periodic[k]) sum += 2.0 * std::hypot(cross[0], cross[1], cross[2]);
    }
    return sum;
  }

  /* |x - seed|^2 - weight in the nearest image, across the columns if there are any. */
  double power_distance(const double *x, const double seed[3], double weight) const
  {
    int most[3];
    for (int k = 0; k < 3; k++) most[k] = periodic[k] && k != along ? 2 : 0;
    double least = INFINITY;
    for (int a = -most[0]; a <= most[0]; a++)
      for (int b = -most[1]; b <= most[1]; b++)
        for (int c = -most[2]; c <= most[2]; c++) {
          double v[3];
          for (int d = 0; d < 3; d++)
            v[d] = x[d] - seed[d] - a * edge[0][d] - b * edge[1][d] - c * edge[2][d];
          least = std::min(least, square_across(v) - weight);
        }
    return least;
  }

 private:
  double square_across(const double v[3]) const
  {
    const double square = v[0] * v[0] + v[1] * v[1] + v[2] * v[2];
    if (along < 0) return square;
    const double *c = edge[along];
    const double part = v[0] * c[0] + v[1] * c[1] + v[2] * c[2];
    return square - part * part / (c[0] * c[0] + c[1] * c[1] + c[2] * c[2]);
  }
};

/* The cells fill the box and cover its surfaces, which are no boundaries. */
void check_tables(const Box &box, Table &grains, Table &boundaries)
{
  double volume = 0.0, surface = 0.0;
  for (size_t k = 0; k < grains.rows; k++) {
    volume += grains.column["volume"][k];
    if (grains.column.count("surface")) surface += grains.column["surface"][k];
  }
  check(close_to(volume / box.volume(), 1.0, 1e-8), "volume");
  check(close_to(surface, box.surface(), 1e-8), "surface %g, not %g", surface, box.surface());
  for (size_t k = 0; k < boundaries.rows; k++) {
    const double one = boundaries.column["grain1"][k], two = boundaries.column["grain2"][k];
    check(one >= 1.0 && one <= two && two <= (double) grains.rows,
          "boundary %zu of grains %g and %g", k + 1, one, two);
  }
}

/* No other seed is nearer to an atom than that of its grain, less the weights. */
void check_atoms(const Box &box, Table &grains, const Atoms &atoms)
{
  for (size_t i = 0; i < atoms.grain.size(); i++) {
    double own = INFINITY, nearest = INFINITY;
    for (size_t k = 0; k < grains.rows; k++) {
      const double seed[3] = {grains.column["x"][k], grains.column["y"][k], grains.column["z"][k]};
      const double distance = box.power_distance(&atoms.x[3 * i], seed, grains.column["weight"][k]);
      nearest = std::min(nearest, distance);
      if (atoms.grain[i] == (int) k + 1) own = distance;
    }
    if (!check(own <= nearest + 1e-6, "atom %zu of grain %d is in another's cell", i + 1,
               atoms.grain[i]))
      return;
  }
}

void atoms_are_in_their_cells()
{
  const std::string grains = file("cells"), boundaries = file("between");
  for (const auto &shape : shapes) {
    Session session;
    session.run(std::string("boundary ") + shape.boundary + '\n' + copper + box(shape.region) +
                "create_polycrystal 1 random 7 12 " + shape.words + " grains " + grains +
                " boundaries " + boundaries);
    const Box shape_box(session, shape.words);
    Table g = read_table(grains), b = read_table(boundaries);
    check_tables(shape_box, g, b);
    check_atoms(shape_box, g, atoms_of(session));
  }
  remove_file(grains);
  remove_file(boundaries);
}

/* All of them are kept when a run begins and shrink-wrapped boxes are set anew. */
void surfaces_in_runs()
{
  for (const auto &shape : shapes) {
    Session session;
    session.run(std::string("boundary ") + shape.boundary + '\n' + copper + box(shape.region) +
                "create_polycrystal 1 random 7 12 " + shape.words);
    const long before = session.natoms();
    session.run("pair_style zero 6.0\npair_coeff * *\nfix 1 all nve\nthermo_modify lost error\n"
                "run 2");
    check(session.natoms() == before && before > 0, "%ld atoms, not %ld", session.natoms(), before);
  }
}

/* Columns with one crystal axis in common have tilt boundaries alone: normals across it,
   disorientations about it. */
void tilt_boundaries()
{
  const std::string grains = file("columns"), boundaries = file("tilts");
  const struct {
    const char *lattice, *region, *words;
    int axis;
    double crystal[3], most;
  } tilts[] = {
      {"fcc 3.615", "block 0 20 0 18 0 2", "columnar z", 2, {1, 0, 0}, 45.0},
      {"fcc 3.615", "block 0 3 0 18 0 20", "columnar x", 0, {1, 0, 0}, 45.0},
      {"bcc 2.8665", "prism 0 18 0 2 0 20 0 4 0", "columnar y sizes 0.2", 1, {1, 0, 0}, 45.0},
      {"fcc 3.615",
       "block 0 20 0 18 0 3.4641016151377544",
       "columnar z texture fiber 1 1 1 0 0 1 0",
       2,
       {1, 1, 1},
       60.0},
  };
  for (const auto &tilt : tilts) {
    Session session;
    session.run("units metal\nlattice " + std::string(tilt.lattice) + '\n' + box(tilt.region) +
                "create_polycrystal 1 random 8 5 " + tilt.words + " grains " + grains +
                " boundaries " + boundaries);
    Table g = read_table(grains), b = read_table(boundaries);
    const char *const normal[] = {"nx", "ny", "nz"};
    const double length = std::hypot(tilt.crystal[0], tilt.crystal[1], tilt.crystal[2]);
    int tilted = 0;
    for (size_t k = 0; k < b.rows; k++) {
      check(std::fabs(b.column[normal[tilt.axis]][k]) < 1e-12, "normal of boundary %zu", k + 1);
      check(b.column["angle"][k] <= tilt.most + 1e-9, "angle %g", b.column["angle"][k]);
      if (b.column["grain1"][k] == b.column["grain2"][k]) continue;
      tilted++;
      check(close_to(b.column["ax"][k], tilt.crystal[0] / length, 1e-8) &&
                close_to(b.column["ay"][k], tilt.crystal[1] / length, 1e-8) &&
                close_to(b.column["az"][k], tilt.crystal[2] / length, 1e-8),
            "axis %g %g %g of boundary %zu", b.column["ax"][k], b.column["ay"][k],
            b.column["az"][k], k + 1);
    }
    check(tilted > 8, "%d boundaries between grains", tilted);

    /* what was written makes the same columns again */
    Session again;
    again.run("units metal\nlattice " + std::string(tilt.lattice) + '\n' + box(tilt.region) +
              "create_polycrystal 1 file " + grains + " columnar " + char('x' + tilt.axis));
    compare(atoms_of(again), atoms_of(session), 1e-9);
  }
  remove_file(grains);
  remove_file(boundaries);
}

/* Where the box is no period of a column's crystal, that meets itself: one more boundary each. */
void faulted_columns()
{
  const std::string boundaries = file("faults");
  const std::string command = "create_polycrystal 1 random 6 5 columnar z boundaries " + boundaries;
  const struct {
    const char *boundary, *region, *words;
    size_t faults;
  } cases[] = {
      {"p p p", "block 0 20 0 18 0 3", "", 0},
      {"p p p", "block 0 20 0 18 0 3.0001", "", 0},
      {"p p p", "block 0 20 0 18 0 3.1", "", 6},
      {"p p p", "block 0 20 0 18 0 3", " texture fiber 0 0 1 0 0 1 2", 6},
      {"p p f", "block 0 20 0 18 0 3.1", "", 0},
      {"p p p", "block 0 20 0 18 0 3", " basis 1 2", 0},
      {"p p p", "block 0 20 0 18 0 2.12132034", " texture fiber 1 1 0 0 0 1 0", 0},
      {"p p p", "block 0 20 0 18 0 2.12132034", " texture fiber 1 1 0 0 0 1 0 basis 1 2", 6}};
  for (const auto &one : cases) {
    Session session;
    session.run(std::string("boundary ") + one.boundary + '\n' + copper + box(one.region, 2) +
                command + one.words);
    Table b = read_table(boundaries);
    size_t faults = 0;
    for (size_t k = 0; k < b.rows; k++)
      if (std::fabs(std::fabs(b.column["nz"][k]) - 1.0) < 1e-12) {
        faults++;
        check(b.column["grain1"][k] == b.column["grain2"][k] && b.column["angle"][k] == 0.0,
              "a fault between two grains");
      }
    check(faults == one.faults, "%zu faults, not %zu, in %s%s", faults, one.faults, one.region,
          one.words);
  }
  remove_file(boundaries);
}

/* Sub-domains of any size: those that balance the atoms of a first creation. */
void tiled_communication()
{
  Session alone({}, MPI_COMM_SELF);
  const std::string command = "create_polycrystal 1 random 6 99\n";
  alone.run(copper + box(skew) + command);
  Session session;
  session.run(copper + box(skew) +
              "comm_style tiled\ncomm_modify cutoff 5.0\nregion corner block 2 20 0 20 0 20\n"
              "create_atoms 1 region corner\nbalance 1.0 rcb\ndelete_atoms group all\n" +
              command);
  compare(atoms_of(session), atoms_of(alone), 0.0);
}

/* LAMMPS agrees about who owns the atoms, and finds none closer than the cutoff. */
void valid_atoms()
{
  for (const char *region : {cube, skew}) {
    Session session;
    session.run(copper + box(region) +
                "create_polycrystal 1 random 7 3 cutoff 2.2\n"
                "pair_style zero 6.0\npair_coeff * *\ncomm_modify cutoff 8.0\n"
                "compute n all coord/atom cutoff 2.199\ncompute most all reduce max c_n\n"
                "thermo_style custom step atoms c_most\nrun 0");
    const auto *most = (double *) lammps_extract_compute(session.handle, "most", 0, 0);
    check(most && *most == 0.0, "an atom has %g neighbors", most ? *most : -1.0);
  }
}

/* Volumes, areas and numbers of the tables. */
void tables()
{
  const std::string grains = file("grains"), boundaries = file("boundaries");
  Session session;
  session.run(copper + box(skew) + "create_polycrystal 1 random 11 8 grains " + grains +
              " boundaries " + boundaries);
  Table g = read_table(grains), b = read_table(boundaries);
  check(g.rows == 11, "%zu grains", g.rows);
  double volume = 0.0, mean_area = 0.0, faces = 0.0;
  std::vector<double> surface(11, 0.0), expected(11, 0.0), count(11, 0.0);
  for (const int grain : session.gather_int("i_grain", 1)) count[grain - 1] += 1.0;
  for (size_t k = 0; k < g.rows; k++) {
    volume += g.column["volume"][k];
    faces += g.column["faces"][k];
    check(g.column["grain"][k] == (double) k + 1, "number of grain %zu", k);
    check(g.column["atoms"][k] == count[k], "atoms of grain %zu: %g, not %g", k + 1,
          g.column["atoms"][k], count[k]);
  }
  check(close_to(volume / (15.0 * 13.0 * 13.0 * std::pow(3.615, 3)), 1.0, 1e-8), "volume");
  check((double) b.rows == faces / 2, "%zu boundaries for %g faces", b.rows, faces);
  for (size_t k = 0; k < b.rows; k++) {
    const double one = b.column["grain1"][k], two = b.column["grain2"][k];
    check(one <= two && one >= 1 && two <= 11, "grains of boundary %zu", k + 1);
    check(b.column["angle"][k] >= (one == two ? 0.0 : 0.1) && b.column["angle"][k] < 62.8,
          "angle of boundary %zu: %g", k + 1, b.column["angle"][k]);
    for (const char *n : {"n", "n1", "n2"}) {
      double square = 0.0;
      for (const char *d : {"x", "y", "z"}) square += std::pow(b.column[std::string(n) + d][k], 2);
      check(close_to(square, 1.0, 1e-8), "normal %s of boundary %zu", n, k + 1);
    }
    mean_area += b.column["area"][k];
  }
  check(mean_area > 0.0, "area");

  /* what was written can be read: the same atoms, but for the digits of the file */
  Session again;
  again.run(copper + box(skew) + "create_polycrystal 1 file " + grains);
  compare(atoms_of(again), atoms_of(session), 1e-9);
  remove_file(grains);
  remove_file(boundaries);
}

/* Sigma 5 (310) twist-free bicrystal: two boundaries across x, misorientation 36.87 about [001]. */
void bicrystal()
{
  const std::string grains = file("in"), boundaries = file("out");
  write_file(grains,
             "# two halves\n# xs ys zs phi1 Phi phi2\n"
             "0.25 0.5 0.5 18.434948822922 0 0\n0.75 0.5 0.5 -18.434948822922 0 0\n");
  Session session;
  session.run(copper + box("block 0 20 0 6.324555320336759 0 4") + "create_polycrystal 1 file " +
              grains + " cutoff 1.8 metal Cu boundaries " + boundaries);
  Table b = read_table(boundaries);
  const double area = 6.324555320336759 * 4 * 3.615 * 3.615;
  int found = 0;
  for (size_t k = 0; k < b.rows; k++) {
    if (b.column["grain1"][k] == b.column["grain2"][k]) continue;
    found++;
    check(close_to(b.column["area"][k], area, 1e-8), "area %g", b.column["area"][k]);
    check(close_to(b.column["angle"][k], 36.869897645844, 1e-8), "angle %g", b.column["angle"][k]);
    check(close_to(b.column["ax"][k], 1.0, 1e-8), "axis");
    check(close_to(std::fabs(b.column["nx"][k]), 1.0, 1e-12), "normal");
    check(close_to(3 * std::fabs(b.column["n1y"][k]), std::fabs(b.column["n1x"][k]), 1e-8) &&
              close_to(3 * std::fabs(b.column["n2y"][k]), std::fabs(b.column["n2x"][k]), 1e-8),
          "the normal is not <310> in the crystals");
    const std::pair<const char *, double> exact[] = {{"inclination", 90.0},
                                                     {"twist", 0.0},
                                                     {"tilt", 36.869897645844},
                                                     {"kind", 1.0},
                                                     {"sigma", 5.0},
                                                     {"q0", 3.0},
                                                     {"q1", -1.0},
                                                     {"q2", 0.0},
                                                     {"q3", 0.0},
                                                     {"h", 0.0},
                                                     {"k", 3.0},
                                                     {"l", -1.0}};
    for (const auto &[column, value] : exact)
      check(std::fabs(b.column[column][k] - value) < 1e-4, "%s is %g, not %g", column,
            b.column[column][k], value);
    check(b.column["deviation"][k] < 1e-5 && b.column["planedeviation"][k] < 1e-5, "deviation");
    check(close_to(b.column["energy"][k], 0.866, 1e-3), "energy %g", b.column["energy"][k]);
  }
  check(found == 2, "%d boundaries between the grains", found);
  remove_file(grains);
  remove_file(boundaries);
}

/* Every lattice, with as many atoms as it has, less those at boundaries. */
void lattices()
{
  const std::pair<const char *, double> known[] = {
      {"sc 3.0", 27.0},
      {"bcc 3.0", 13.5},
      {"fcc 3.6", 11.664},
      {"diamond 5.4", 19.683},
      {"hcp 2.9", 17.2457},
      {"custom 3.0 a1 1 0 0 a2 0.2 1 0 a3 0 0 1.2 basis 0 0 0", 32.4},
      {"fcc 3.6 orient x 1 1 0 orient y -1 1 0 origin 0.2 0.3 0.4", 11.664}};
  for (const auto &lattice : known) {
    Session session;
    session.run("units metal\nregion box block 0 60 0 60 0 60 units box\nlattice " +
                std::string(lattice.first) +
                "\ncreate_box 1 box\nmass * 1\ncreate_polycrystal 1 random 4 77 cutoff 1.0");
    const double expected = 60.0 * 60.0 * 60.0 / lattice.second;
    check(std::fabs((double) session.natoms() / expected - 1.0) < 0.04, "%s: %ld atoms, not %g",
          lattice.first, session.natoms(), expected);
  }
}

/* The lattice command's orient and origin don't count: grains have their own. */
void orient_is_ignored()
{
  const std::string command =
      box("block 0 40 0 40 0 40 units box") + "create_polycrystal 1 random 4 77";
  Session one, two;
  one.run(copper + command);
  two.run("units metal\nlattice fcc 3.615 orient x 1 1 0 orient y -1 1 0 origin 0.2 0.3 0.4\n" +
          command);
  compare(two.natoms() == one.natoms() ? atoms_of(two) : Atoms(), atoms_of(one), 1e-9);
}

/* In dump, compute, variable and group. */
void grain_numbers_in_commands()
{
  const std::string dump = file("dump");
  Session session;
  session.run(copper + box(cube) +
              "create_polycrystal 1 random 5 21\n"
              "compute p all property/atom i_grain\ncompute most all reduce max c_p\n"
              "variable three atom i_grain==3\ngroup three variable three\n"
              "variable n equal count(three)\n"
              "pair_style zero 6.0\npair_coeff * *\nthermo_style custom step c_most\nrun 0\n"
              "write_dump all custom " +
              dump + " id i_grain modify sort id");
  const auto *most = (double *) lammps_extract_compute(session.handle, "most", 0, 0);
  check(most && *most == 5.0, "largest number of a grain");
  const auto grain = session.gather_int("i_grain", 1);
  const double threes = (double) std::count(grain.begin(), grain.end(), 3);
  auto *n = (double *) lammps_extract_variable(session.handle, "n", nullptr);
  check(n && *n == threes && threes > 0, "size of the group");
  lammps_free(n);
  std::ifstream stream(dump);
  std::string line;
  for (int k = 0; k < 9; k++) std::getline(stream, line);
  for (size_t i = 0; i < grain.size(); i++) {
    size_t id = 0;
    int number = 0;
    stream >> id >> number;
    if (!check(id == i + 1 && number == grain[i], "atom %zu in the dump", i + 1)) break;
  }
  remove_file(dump);
}

/* Positions in inclined boxes change by rounding. */
void restart()
{
  const std::string path = file("restart");
  Session session;
  session.run(copper + box(skew) + "create_polycrystal 1 random 5 21\nwrite_restart " + path);
  Session again;
  again.run("read_restart " + path + "\nfix i_grain all property/atom i_grain ghost yes");
  compare(atoms_of(again), atoms_of(session), 1e-12);
  remove_file(path);
}

/* In a custom property that is there already, and after other atoms. */
void second_polycrystal()
{
  Session session;
  session.run(copper + box(cube) +
              "fix own all property/atom d_a i_number ghost yes\n"
              "region corner block 0 2 0 2 0 2\ncreate_atoms 1 region corner\n");
  const long before = session.natoms();
  session.run("create_polycrystal 1 random 2 5 property i_number");
  const auto numbers = session.gather_int("i_number", 1);
  for (long i = 0; i < (long) numbers.size(); i++)
    if (!check(i < before ? numbers[i] == 0 : numbers[i] == 1 || numbers[i] == 2,
               "atom %ld is in grain %d", i + 1, numbers[i]))
      break;
  check(session.natoms() > before, "no atoms");
}

void without_ids()
{
  Session session;
  session.run("atom_modify id no\n" + copper + box(cube) + "create_polycrystal 1 random 5 21");
  Session with;
  with.run(copper + box(cube) + "create_polycrystal 1 random 5 21");
  check(session.natoms() == with.natoms(), "%ld atoms, not %ld", session.natoms(), with.natoms());
}

void bad_systems()
{
  const std::string command = "create_polycrystal 1 random 5 21";
  const std::pair<std::string, const char *> bad[] = {
      {copper, "before the simulation box is defined"},
      {"dimension 2\nlattice sq 1.0\nregion box block 0 5 0 5 -0.5 0.5\ncreate_box 1 box\n",
       "three-dimensional"},
      {"region box block 0 9 0 9 0 9\ncreate_box 1 box\n", "needs a lattice"},
      {copper + box(cube) + "fix i_grain all nve\n", "the ID i_grain is that of a fix"},
      {copper + box(cube) + "fix 1 all property/atom d_grain\n", "no vector of integers"}};
  for (const auto &system : bad) {
    Session session;
    session.must_fail(system.first + command, system.second);
  }
}

void bad_arguments()
{
  const std::string missing = file("nothing"), broken = file("broken"), far = file("twins");
  write_file(broken, "# x y z qw qx qy qz\n1 2 3 1 0 0 0\n1 2 4 1 0 0\n");
  write_file(far, "# x y z qw qx qy qz\n1 2 3 1 0 0 0\n1 2 3 0 1 0 0\n");
  const std::pair<std::string, std::string> bad[] = {
      {"", "an atom type and 'random' or 'file' are needed"},
      {"1", "an atom type and 'random' or 'file' are needed"},
      {"2 random 5 1", "there is no atom type 2"},
      {"x random 5 1", "x"},
      {"1 seeds 5 1", "'random' or 'file' expected, not 'seeds'"},
      {"1 random 5", "a number of grains and a seed are needed"},
      {"1 random 0 1", "the number of grains cannot be 0"},
      {"1 random 5 0", "the seed cannot be 0"},
      {"1 random five 1", "five"},
      {"1 random 5 1 cutoff", "too few words after 'cutoff'"},
      {"1 random 5 1 cutoff -1", "the cutoff cannot be -1"},
      {"1 random 5 1 cut 2.0", "unknown keyword 'cut'"},
      {"1 random 5 1 mindist 1e3", "no room for seed 2 of 5"},
      {"1 random 5 1 mindist nan", "nan"},
      {"1 random 5 1 lloyd -2", "the number of Lloyd iterations cannot be -2"},
      {"1 random 5 1 sizes 3", "the spread of sizes is above 1"},
      {"1 random 5 1 basis 5 1", "the basis of the lattice has no site 5"},
      {"1 random 5 1 basis 1 2", "there is no atom type 2"},
      {"1 random 5 1 texture cube 3", "texture 'random', 'component' or 'fiber' expected"},
      {"1 random 5 1 texture fiber 1 1 1 0 0 1", "7 numbers are needed after 'texture fiber'"},
      {"1 random 5 1 texture fiber 0 0 0 0 0 1 5", "a direction of a fiber has length 0"},
      {"1 random 5 1 texture component 0 0 0 -5", "a number of the texture cannot be -5"},
      {"1 random 5 1 symmetry trigonal", "'none' expected, not 'trigonal'"},
      {"1 random 5 1 metal Fe",
       "energies are known of the fcc metals Al, Ni, Au and Cu, not of 'Fe'"},
      {"1 random 5 1 symmetry none metal Cu", "not of 'Cu' here"},
      {"1 random 5 1 property grain", "'grain' is not the name of a custom integer"},
      {"1 random 5 1 grains /no/folder/grains", "cannot write the file /no/folder/grains"},
      {"1 random 5 1 boundaries /no/folder/b", "cannot write the file /no/folder/b"},
      {"1 file", "the name of a file is needed"},
      {"1 file " + missing, "cannot read the file " + missing},
      {"1 file " + broken, broken + ", line 3: 6 numbers for 7 columns"},
      {"1 file " + far, far + ": the seeds of grains 1 and 2 coincide"},
      {"1 file " + broken + " lloyd 3", "are for random grains, not for those of a file"},
      {"1 random 5 1 columnar", "too few words after 'columnar'"},
      {"1 random 5 1 columnar u", "columnar 'x', 'y' or 'z' expected, not 'u'"}};
  Session session;
  session.run(copper + box(cube));
  for (const auto &words : bad)
    session.must_fail("create_polycrystal " + words.first, words.second);
  check(session.natoms() == 0, "atoms were made");
  session.run("create_polycrystal 1 random 5 1");
  const std::string outside = file("outside");
  write_file(outside, "# x y z qw qx qy qz\n1 2 3 1 0 0 0\n1 2 3000 1 0 0 0\n");
  Session film;
  film.run("boundary p p f\n" + copper + box(cube));
  film.must_fail("create_polycrystal 1 file " + outside,
                 outside + ", line 3: the seed is outside the box, which is not periodic there");
  remove_file(outside);
  remove_file(broken);
  remove_file(far);
}

}    // namespace

int main(int argc, char **argv)
{
  return run_tests(argc, argv,
                   {{"the same atoms for any grid of ranks", same_for_any_grid},
                    {"the same between surfaces and in columns", same_for_any_grid_elsewhere},
                    {"atoms are in their cells", atoms_are_in_their_cells},
                    {"surfaces in runs", surfaces_in_runs},
                    {"tilt boundaries", tilt_boundaries},
                    {"faulted columns", faulted_columns},
                    {"tiled communication", tiled_communication},
                    {"no atoms too near", valid_atoms},
                    {"tables", tables},
                    {"a bicrystal from a file", bicrystal},
                    {"lattices", lattices},
                    {"orient is ignored", orient_is_ignored},
                    {"grain numbers in other commands", grain_numbers_in_commands},
                    {"restart", restart},
                    {"a second polycrystal", second_polycrystal},
                    {"without atom IDs", without_ids},
                    {"bad systems", bad_systems},
                    {"bad arguments", bad_arguments}});
}
