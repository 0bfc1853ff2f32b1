/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fix grains: polycrystals whose grains are known, any number of ranks, numbers over time, bad
   input. The core's parts are tested in unittest/core/test_segmentation.c. */
#include "models.h"

#include "mlgrain/graph_model.h"
#include "mlgrain/homogenize_tensors.h"
#include "mlgrain/orientation.h"

#include <array>
#include <map>
#include <set>

using namespace test;

namespace {

enum { COLUMNS = 3 };

/* A table of the fix: values by the name of the column, line by line. */
class Table {
 public:
  explicit Table(const std::string &path)
  {
    MPI_Barrier(MPI_COMM_WORLD);
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) {
      std::istringstream words(line);
      std::string word;
      if (line[0] == '#') {
        names.clear();
        words >> word;
        for (int k = 0; words >> word; k++) names[word] = k;
      } else {
        lines.emplace_back();
        while (words >> word) lines.back().push_back(word);
      }
    }
  }

  size_t size() const { return lines.size(); }
  std::string text(size_t line, const char *name) const
  {
    const auto place = names.find(name);
    if (place == names.end() || line >= lines.size() ||
        (size_t) place->second >= lines[line].size())
      return "missing";
    return lines[line][(size_t) place->second];
  }
  double value(size_t line, const char *name) const
  {
    const auto word = text(line, name);
    return word == "missing" ? NAN : std::stod(word);
  }
  const std::vector<std::string> &words(size_t line) const { return lines[line]; }
  double sum(const char *name) const
  {
    double total = 0.0;
    for (size_t k = 0; k < size(); k++) total += value(k, name);
    return total;
  }

 private:
  std::map<std::string, int> names;
  std::vector<std::vector<std::string>> lines;
};

struct Files {
  std::string grains = scratch_file(".grains"), boundaries = scratch_file(".boundaries"),
              events = scratch_file(".events"), cells = scratch_file(".cells"),
              faces = scratch_file(".faces"), lines = scratch_file(".lines");
  ~Files()
  {
    for (const auto &path : {grains, boundaries, events, cells, faces, lines})
      remove_scratch_file(path);
  }
  std::string words() const
  {
    return " grains " + grains + " boundaries " + boundaries + " events " + events + " lines " +
        lines;
  }
};

std::string system_of(const std::string &lattice, const std::string &box,
                      const std::string &boundary = "p p p")
{
  return "units metal\nboundary " + boundary + "\nlattice " + lattice + "\nregion box " + box +
      " units box\ncreate_box 1 box\nmass 1 63.5\npair_style zero 5.5\npair_coeff * *\n"
      "comm_modify cutoff 9.0\n";
}

const char *const BOX = "block 0 52 0 46 0 44";

std::string polycrystal(const Files &files, const std::string &more = "")
{
  return "create_polycrystal 1 random 5 17 mindist 18.0 grains " + files.cells + " boundaries " +
      files.faces + ' ' + more + '\n';
}

/* How alike two partitions are: 1 if the same, 0 in the mean of random ones (L. Hubert, P. Arabie,
   J. Classif. 2 (1985) 193). */
double adjusted_rand_index(const std::vector<int> &a, const std::vector<int> &b)
{
  std::map<std::pair<int, int>, double> both;
  std::map<int, double> one, two;
  for (size_t i = 0; i < a.size(); i++) {
    both[{a[i], b[i]}] += 1.0;
    one[a[i]] += 1.0;
    two[b[i]] += 1.0;
  }
  const auto pairs = [](double n) { return 0.5 * n * (n - 1.0); };
  double joint = 0.0, left = 0.0, right = 0.0;
  for (const auto &each : both) joint += pairs(each.second);
  for (const auto &each : one) left += pairs(each.second);
  for (const auto &each : two) right += pairs(each.second);
  const double expected = left * right / pairs((double) a.size());
  return (joint - expected) / (0.5 * (left + right) - expected);
}

std::vector<int> column(const Session &session, int k, const char *name = "f_g")
{
  const auto all = session.gather(name, COLUMNS);
  std::vector<int> made;
  for (size_t i = (size_t) k; i < all.size(); i += COLUMNS) made.push_back((int) all[i]);
  return made;
}

double thermo(const Session &session, int n)
{
  auto *value = static_cast<double *>(
      lammps_extract_fix(session.handle, "g", LMP_STYLE_GLOBAL, LMP_TYPE_VECTOR, n, 0));
  const double found = *value;
  lammps_free(value);
  return found;
}

/* Grains of create_polycrystal, with its numbers and from nothing; in boxes of two shapes and
   lattices of all structures with room for grains. */
void known_grains_are_found()
{
  const Files files;
  const struct {
    const char *lattice, *structure, *box;
  } cases[] = {{"fcc 3.6", "fcc", BOX},
               {"fcc 3.6", "fcc", "prism 0 52 0 46 0 44 11 -8 6"},
               {"bcc 2.9", "bcc", BOX},
               {"hcp 2.6", "hcp", BOX}};
  for (const auto &one : cases) {
    Session session;
    session.run(system_of(one.lattice, one.box) + polycrystal(files) +
                "displace_atoms all random 0.05 0.05 0.05 9 units box\nfix g all grains 10 " +
                one.structure + files.words() + "\nfix n all grains 10 " + one.structure +
                " start none measure none\nrun 0 post no");
    const auto truth = session.gather_int("i_grain", 1);
    const auto number = column(session, 0), inner = column(session, 2);
    size_t wrong = 0, inner_count = 0, in_none = 0, wrong_inner = 0;
    for (size_t i = 0; i < truth.size(); i++) {
      inner_count += inner[i];
      wrong += number[i] != truth[i];
      wrong_inner += inner[i] && number[i] != truth[i];
      in_none += number[i] == 0;
    }
    check(wrong_inner == 0, "%s: %zu inner atoms are in another grain", one.lattice, wrong_inner);
    check((double) inner_count > 0.4 * (double) truth.size(), "%s: %zu inner atoms", one.lattice,
          inner_count);
    check(in_none == 0, "%s: %zu atoms are in no grain", one.lattice, in_none);
    check((double) wrong < 0.08 * (double) truth.size(), "%s: %zu of %zu atoms differ", one.lattice,
          wrong, truth.size());
    const double rand = adjusted_rand_index(truth, column(session, 0, "f_n"));
    check(rand > 0.83, "%s: adjusted Rand index %g", one.lattice, rand);

    const Table grains(files.grains), cells(files.cells), boundaries(files.boundaries),
        faces(files.faces);
    if (!check(grains.size() == 5 && cells.size() == 5, "%s: %zu grains", one.lattice,
               grains.size()))
      continue;
    check(thermo(session, 0) == 5.0 && thermo(session, 1) == (double) truth.size(), "thermo");
    const double box = grains.sum("volume");
    check(close_to(box, cells.sum("volume"), 1e-6), "%s: volume %g, not %g", one.lattice, box,
          cells.sum("volume"));
    const auto symmetry = std::string(one.structure) == "hcp" ? MLGRAIN_HEXAGONAL : MLGRAIN_CUBIC;
    for (size_t g = 0; g < 5; g++) {
      double a[4], b[4];
      const char *const name[] = {"qw", "qx", "qy", "qz"};
      for (int k = 0; k < 4; k++) {
        a[k] = grains.value(g, name[k]);
        b[k] = cells.value(g, name[k]);
      }
      const double angle = mlgrain_disorientation(symmetry, a, b).angle;
      check(angle < 0.2, "%s: orientation of grain %zu is %g degrees off", one.lattice, g + 1,
            angle);
      check(std::fabs(grains.value(g, "volume") / cells.value(g, "volume") - 1.0) < 0.16,
            "%s: volume of grain %zu is %g, not %g", one.lattice, g + 1, grains.value(g, "volume"),
            cells.value(g, "volume"));
      check(grains.text(g, "structure") == one.structure && grains.value(g, "grain") == g + 1.0,
            "structure and number");
    }
    /* all of it: where one boundary ends and the next begins is uncertain by an atom; a grain has
       none with its own image */
    double cell_area = 0.0;
    for (size_t k = 0; k < faces.size(); k++)
      if (faces.value(k, "grain1") != faces.value(k, "grain2")) cell_area += faces.value(k, "area");
    const double area = boundaries.sum("area");
    check(std::fabs(area / cell_area - 1.0) < 0.04, "%s: area %g, not %g", one.lattice, area,
          cell_area);
    check(boundaries.sum("facearea") > 1.1 * area, "%s: faces %g", one.lattice,
          boundaries.sum("facearea"));
  }
}

/* Tables and columns are the same on any number of ranks and for any order of atoms. */
void ranks_make_no_difference()
{
  const Files files;
  for (const std::string box : {BOX, "prism 0 52 0 46 0 44 11 -8 6"}) {
    std::vector<std::vector<std::vector<std::string>>> tables[2];
    std::vector<double> atoms[2];
    for (int alone = 0; alone < 2; alone++) {
      const std::string own = files.grains + (alone ? ".alone" + std::to_string(rank()) : "");
      Session session({}, alone ? MPI_COMM_SELF : MPI_COMM_WORLD);
      session.run((alone ? "atom_modify sort 0 0\n" : "atom_modify sort 1 3.0\n") +
                  system_of("fcc 3.6", box) +
                  "create_polycrystal 1 random 5 17 mindist 18.0 print no\n"
                  "displace_atoms all random 0.3 0.3 0.3 31 units box\n"
                  "variable e atom x/100+y*z/1e4\n"
                  "variable c atom floor(x/16)\n"
                  "fix g all grains 10 fcc start none size 30 energy v_e mean 2 "
                  "v_e v_e classes 2 v_c metal Cu grains " +
                  own + " boundaries " + own + ".b lines " + own + ".l\nrun 10 post no");
      atoms[alone] = session.gather("f_g", COLUMNS);
      for (const auto &path : {own, own + ".b", own + ".l"}) {
        const Table table(path);
        tables[alone].emplace_back();
        for (size_t k = 0; k < table.size(); k++) tables[alone].back().push_back(table.words(k));
        if (alone)
          std::remove(path.c_str());
        else
          remove_scratch_file(path);
      }
    }
    size_t different = 0, in_grains = 0;
    for (size_t i = 0; i < atoms[0].size(); i++) different += atoms[0][i] != atoms[1][i];
    for (size_t i = 0; i < atoms[0].size(); i += COLUMNS) in_grains += atoms[0][i] > 0.0;
    check(different == 0 && in_grains > 1000, "%zu numbers of atoms differ, %zu in grains",
          different, in_grains);
    for (size_t t = 0; t < 3; t++) {
      if (!check(tables[0][t].size() == tables[1][t].size() && tables[0][t].size() > 4,
                 "%zu and %zu lines", tables[0][t].size(), tables[1][t].size()))
        continue;
      for (size_t k = 0; k < tables[0][t].size(); k++)
        for (size_t w = 0; w < tables[0][t][k].size(); w++) {
          const std::string &one = tables[0][t][k][w], &two = tables[1][t][k][w];
          if (one == two) continue;
          check(std::fabs(std::stod(one) - std::stod(two)) <
                    1e-5 * std::max(1.0, std::fabs(std::stod(two))),
                "table %zu, line %zu, word %zu: %s, alone %s", t, k, w, one.c_str(), two.c_str());
        }
    }
  }
}

/* A Sigma5 (310)[001] boundary in the middle of the box, and the opposite one at its ends. */
std::string bicrystal(const std::string &boundary)
{
  return system_of("fcc 3.6 orient x 3 1 0 orient y -1 3 0 orient z 0 0 1",
                   "block 0 $(v_edge*6) 0 $(v_edge*3) 0 36", boundary) +
      "region left block INF $(v_edge*3-0.01) INF INF INF INF units box\n"
      "region right block $(v_edge*3-0.01) INF INF INF INF INF units box\n"
      "create_atoms 1 region left\n"
      "lattice fcc 3.6 orient x 3 -1 0 orient y 1 3 0 orient z 0 0 1\n"
      "create_atoms 1 region right\ndelete_atoms overlap 1.9 all all\n";
}

/* Areas, normals, disorientation, excess energy and volume. */
void flat_boundaries()
{
  const Files files;
  const double edge = 3.6 * std::sqrt(10.0), area = 3.0 * edge * 36.0;
  const std::string first = "variable edge equal 3.6*sqrt(10)\n";
  Session session;
  session.run(first + bicrystal("p p p") +
              "variable e atom -3.0+0.5*(abs(x-3*v_edge)<3)\n"
              "variable c atom 3*(x<v_edge)+2*(abs(x-3*v_edge)<3)\n"
              "fix g all grains 10 fcc energy v_e mean 1 v_e classes 2 v_c width 3" +
              files.words() + "\nrun 0 post no");
  const Table grains(files.grains), boundaries(files.boundaries);
  if (!check(grains.size() == 2 && boundaries.size() == 1, "%zu grains, %zu boundaries",
             grains.size(), boundaries.size()))
    return;
  check(std::fabs(boundaries.value(0, "area") / (2.0 * area) - 1.0) < 0.01, "area %g, not %g",
        boundaries.value(0, "area"), 2.0 * area);
  check(std::fabs(boundaries.value(0, "angle") - 36.869897645844) < 0.1, "angle %g",
        boundaries.value(0, "angle"));
  check(boundaries.value(0, "spread") > 60.0, "two boundaries of opposite normals, spread %g",
        boundaries.value(0, "spread"));
  const double volume = 6.0 * edge * area;
  check(close_to(grains.sum("volume"), volume, 1e-6), "volume");
  /* 0.5 eV for each atom within 3 of the boundary in the middle */
  const auto x = session.gather("x", 3);
  double energy = 0.0;
  for (size_t i = 0; i < x.size(); i += 3) energy += std::fabs(x[i] - 3.0 * edge) < 3.0 ? 0.5 : 0.0;
  const double measured = boundaries.value(0, "energy") * boundaries.value(0, "area");
  check(energy > 50.0 && close_to(measured, 16.02176634 * energy, 1e-6), "energy %g, not %g",
        measured / 16.02176634, energy);
  check(close_to(boundaries.value(0, "v_e"), -3.0 + energy / boundaries.value(0, "atoms"), 1e-6),
        "mean %g", boundaries.value(0, "v_e"));
  /* of those there, all are in class 2, and others are in none that counts */
  check(
      boundaries.value(0, "v_c:1") == 0.0 &&
          close_to(boundaries.value(0, "v_c:2"), energy / 0.5 / boundaries.value(0, "atoms"), 1e-5),
      "classes %g, %g", boundaries.value(0, "v_c:1"), boundaries.value(0, "v_c:2"));
  /* the perfect crystal's volume of an atom is known */
  const double excess = volume - 3.6 * 3.6 * 3.6 / 4.0 * (double) session.natoms();
  check(excess > 100.0 &&
            close_to(boundaries.value(0, "volume") * boundaries.value(0, "area"), excess, 1e-6),
        "excess volume %g, not %g", boundaries.value(0, "volume") * boundaries.value(0, "area"),
        excess);
  const auto partner = column(session, 1), number = column(session, 0);
  size_t at_boundary = 0;
  for (size_t i = 0; i < partner.size(); i++) {
    at_boundary += partner[i] != 0;
    if (partner[i])
      check(partner[i] == 3 - number[i], "atom %zu is in %d beside %d", i, number[i], partner[i]);
  }
  check(boundaries.value(0, "atoms") == (double) at_boundary &&
            at_boundary < 0.8 * (double) partner.size(),
        "%zu atoms at boundaries", at_boundary);

  /* free surfaces at both ends leave one boundary with a normal */
  Session open;
  open.run(first + bicrystal("s p p") + "fix g all grains 10 fcc" + files.words() +
           "\nrun 0 post no");
  const Table one(files.boundaries);
  if (!check(one.size() == 1, "%zu boundaries", one.size())) return;
  check(std::fabs(one.value(0, "area") / area - 1.0) < 0.01, "area %g", one.value(0, "area"));
  check(one.value(0, "spread") < 10.0, "spread %g", one.value(0, "spread"));
  check(std::fabs(one.value(0, "nx")) > 0.9999, "normal %g", one.value(0, "nx"));
  check(one.value(0, "sigma") == 5.0 && one.value(0, "kind") == 1.0 &&
            one.value(0, "planedeviation") < 1.0,
        "sigma %g, kind %g", one.value(0, "sigma"), one.value(0, "kind"));
  check(std::isnan(one.value(0, "energy")), "energy %s", one.text(0, "energy").c_str());
}

/* Six columns in a periodic box meet in twelve straight lines. */
void triple_lines()
{
  const Files files;
  const double height = 18.0;
  Session session;
  session.run(system_of("fcc 3.6", "block 0 68 0 64 0 18") +
              "create_polycrystal 1 random 6 5 mindist 16.0 columnar z print no\n"
              "displace_atoms all random 0.05 0.05 0.05 9 units box\n"
              "fix g all grains 10 fcc start none" +
              files.words() + "\nrun 0 post no");
  const Table lines(files.lines), grains(files.grains);
  double count = 0.0;
  for (size_t k = 0; k < lines.size(); k++) {
    const double length = lines.value(k, "length"), part = length / height;
    count += std::round(part);
    if (part < 0.1) continue;    // an edge or two where two lines are near each other
    check(lines.value(k, "grain1") < lines.value(k, "grain2") &&
              lines.value(k, "grain2") < lines.value(k, "grain3"),
          "grains of line %zu", k);
    check(std::round(part) > 0.0 && std::fabs(part - std::round(part)) < 0.05 * std::round(part),
          "line %zu is %g long", k, length);
    check(lines.value(k, "edgelength") > 1.1 * length, "edges of line %zu", k);
    /* that of two lines between the same grains goes up in one and down in the other */
    if (std::round(part) == 1.0)
      check(std::fabs(lines.value(k, "tz")) > 0.99 && lines.value(k, "spread") < 20.0,
            "line %zu goes along %g, spread %g", k, lines.value(k, "tz"), lines.value(k, "spread"));
  }
  check(grains.size() == 6 && count == 12.0, "%zu grains, %g lines", grains.size(), count);
  check(thermo(session, 9) == (double) lines.size() &&
            close_to(thermo(session, 10), lines.sum("length"), 1e-8) &&
            std::fabs(lines.sum("length") / (12.0 * height) - 1.0) < 0.03,
        "thermo: %g, %g", thermo(session, 9), thermo(session, 10));
}

/* One grain that goes through all faces of the box. */
void one_periodic_grain()
{
  const Files files;
  Session session;
  session.run(system_of("fcc 3.6", "block 0 36 0 36 0 36") +
              "create_atoms 1 box\nfix g all grains 10 fcc" + files.words() + "\nrun 0 post no");
  const auto number = column(session, 0);
  check((size_t) std::count(number.begin(), number.end(), 1) == number.size(), "numbers");
  const Table grains(files.grains), boundaries(files.boundaries);
  check(grains.size() == 1 && boundaries.size() == 0 && Table(files.lines).size() == 0,
        "%zu grains", grains.size());
  check(close_to(grains.value(0, "volume"), 36.0 * 36.0 * 36.0, 1e-9), "volume");
  check(std::isfinite(grains.value(0, "x")), "center");
}

/* A slab is taken out of a crystal with free surfaces, and put back: its parts are two grains, and
   then one again; once more, and one of them is taken out. */
void grains_split_and_merge()
{
  const Files files;
  Session session;
  const std::string out = "delete_atoms region slab compress no\nrun 0 post no\n";
  session.run(system_of("fcc 3.6", "block 0 72 0 29 0 29", "f p p") +
              "region all block 0 60 INF INF INF INF units box\n"
              "region slab block 35 46 INF INF INF INF units box\n"
              "region right block 46 INF INF INF INF INF units box\n"
              "create_atoms 1 region all\nfix g all grains 1 fcc" +
              files.words() + "\nrun 0 post no\n" + out +
              "create_atoms 1 region slab\nrun 0 post no\n" + out +
              "delete_atoms region right compress no\nrun 0 post no\nrun 0 post no");
  const Table events(files.events), grains(files.grains);
  const struct {
    const char *event, *grain, *other;
  } expected[] = {{"birth", "1", "0"},
                  {"split", "2", "1"},
                  {"merge", "2", "1"},
                  {"split", "3", "1"},
                  {"death", "3", "0"}};
  if (!check(events.size() == 5, "%zu events", events.size())) return;
  for (size_t k = 0; k < events.size(); k++)
    check(events.text(k, "event") == expected[k].event &&
              events.text(k, "grain") == expected[k].grain &&
              events.text(k, "other") == expected[k].other,
          "event %zu: %s %s %s", k, events.text(k, "event").c_str(),
          events.text(k, "grain").c_str(), events.text(k, "other").c_str());
  check(grains.value(1, "gained") < 0.0 && grains.value(1, "grain") == 1.0, "lost atoms");
  check(thermo(session, 0) == 1.0, "grains at the end");
}

/* Atoms keep their grains' numbers when they move to other ranks, through a restart, and when all
   grains are turned a little. */
void numbers_last()
{
  const Files files;
  const std::string restart = scratch_file(".restart"), word = " fcc start none";
  std::vector<int> before;
  {
    Session session;
    session.run(system_of("fcc 3.6", BOX) + polycrystal(files) + "fix g all grains 10" + word +
                files.words() +
                "\nvelocity all set 8.0 5.0 -6.0\nfix n all nve\ntimestep 0.004\n"
                "thermo 100\nrun 0 post no");
    before = column(session, 0);
    session.run("run 100 post no");
    check(before == column(session, 0), "numbers changed while all atoms moved together");
    const Table events(files.events), grains(files.grains);
    check(events.size() == 5 && grains.size() == 5 * 11, "%zu events, %zu lines", events.size(),
          grains.size());
    for (size_t k = 5; k < grains.size(); k++)
      check(grains.value(k, "gained") == 0.0 && grains.value(k, "rotation") < 1e-4, "change");
    session.run("write_restart " + restart);
  }
  Session again;
  again.run("read_restart " + restart +
            "\npair_style zero 5.5\npair_coeff * *\n"
            "comm_modify cutoff 9.0\nfix g all grains 5" +
            word + files.words() + "\nrun 0 post no");
  check(before == column(again, 0), "numbers changed through a restart");
  const Table events(files.events);
  check(events.size() == 0, "%zu events after a restart", events.size());
  remove_scratch_file(restart);
}

/* Nothing crystalline, atoms out of the group, no atoms at all. */
void nothing_to_find()
{
  const Files files;
  Session gas;
  gas.run(system_of("fcc 3.6", "block 0 40 0 40 0 40") +
          "create_atoms 1 random 900 8 NULL\nfix g all grains 10 fcc" + files.words() +
          "\nrun 10 post no");
  const auto number = column(gas, 0);
  check((size_t) std::count(number.begin(), number.end(), 0) == number.size(), "a gas has grains");
  check(thermo(gas, 0) == 0.0 && thermo(gas, 2) == 900.0, "thermo of a gas");

  Session some;
  some.run(system_of("fcc 3.6", "block 0 36 0 36 0 36") +
           "create_atoms 1 box\nregion half block INF 18 INF INF INF INF units box\n"
           "group half region half\nfix g half grains 10 fcc" +
           files.words() + "\nrun 0 post no");
  const auto part = column(some, 0);
  const auto x = some.gather("x", 3);
  for (size_t i = 0; i < part.size(); i++)
    check(part[i] == (x[3 * i] <= 18.0), "atom %zu of the group", i);

  Session empty;
  empty.run(system_of("fcc 3.6", "block 0 40 0 40 0 40") +
            "create_atoms 1 single 1 1 1 units box\n"
            "fix g all grains 10 fcc cutoff 6.0" +
            files.words() + "\nrun 0 post no");
  check(thermo(empty, 0) == 0.0, "thermo of an atom");
}

/* A grain of a few atoms is none, and its atoms are those of the grain around. */
void small_grains()
{
  Session session;
  session.run(system_of("fcc 3.6", "block 0 43.2 0 43.2 0 43.2") +
              "create_atoms 1 box\nregion ball sphere 21.6 21.6 21.6 8.0 units box\n"
              "delete_atoms region ball compress no\n"
              "lattice fcc 3.6 orient x 3 1 0 orient y -1 3 0 orient z 0 0 1\n"
              "create_atoms 1 region ball\ndelete_atoms overlap 1.9 all all\n"
              "fix g all grains 10 fcc size 500\nfix s all grains 10 fcc size 20\nrun 0 post no");
  const auto big = column(session, 0), small = column(session, 0, "f_s");
  check(*std::max_element(big.begin(), big.end()) == 1, "a small grain is one");
  check(*std::max_element(small.begin(), small.end()) == 2, "a small grain is not found");
  check(*std::min_element(big.begin(), big.end()) == 1, "atoms without a grain");
}

void bad_arguments()
{
  const std::pair<std::string, std::string> bad[] = {
      {"", "expected N and the structures"},
      {"10", "expected N and the structures"},
      {"0 fcc", "N must be positive, not 0"},
      {"10 fct", "expected, not 'fct'"},
      {"10 c_none", "no compute with the ID 'none'"},
      {"10 c_pe", "is not of style orientation/atom"},
      {"10 fcc fcc", "named twice"},
      {"10 fcc angel 3", "unknown keyword 'angel'"},
      {"10 fcc angle", "no value after 'angle'"},
      {"10 fcc angle 0", "angle 0 is not within"},
      {"10 fcc size 0", "size 0 is less than 1"},
      {"10 fcc share 1.5", "share 1.5 is not within 0 to 1"},
      {"10 fcc measure some", "measure is all, volumes or none"},
      {"10 fcc measure none boundaries b.txt", "are measured with 'measure all' only"},
      {"10 fcc energy c_none", "is not defined"},
      {"10 fcc energy 3", "is not c_ID"},
      {"10 fcc mean 2 v_one", "is not defined"},
      {"10 fcc classes 0 v_one", "classes 0 is less than 1"},
      {"10 fcc classes 10001 v_one", "10001 classes are more than"},
      {"10 fcc classes 2 v_one", "is not defined"},
      {"10 fcc measure volumes lines l.txt", "are measured with 'measure all' only"},
      {"10 fcc reference", "no value after 'reference'"},
      {"10 fcc start grain", "start is none or i_NAME"},
      {"10 fcc metal Fe", "metal is Al, Ni, Au or Cu"},
      {"10 fcc grains nowhere/g.txt", "cannot write the file nowhere/g.txt"},
      {"10 fcc start i_none\nrun 0", "there is no custom integer of atoms 'i_none'"}};
  for (const auto &one : bad) {
    Session session;
    session.must_fail(system_of("fcc 3.6", "block 0 36 0 36 0 36") +
                          "create_atoms 1 box\ncompute pe all pe/atom\nfix g all grains " +
                          one.first,
                      one.second);
  }
}

void position_not_finite()
{
  Session session({}, MPI_COMM_SELF);
  session.run(system_of("fcc 3.6", "block 0 36 0 36 0 36") +
              "create_atoms 1 box\nfix g all grains 10 fcc\nrun 0 post no");
  auto **x = static_cast<double **>(lammps_extract_atom(session.handle, "x"));
  const auto *id = static_cast<int *>(lammps_extract_atom(session.handle, "id"));
  x[4][1] = NAN;
  session.must_fail("run 10 pre no",
                    "position of atom " + std::to_string(id[4]) + " is not finite");
}

/* ---- effective tensors ------------------------------------------------------------------------
 */

/* A model that adds nothing to its reference, and expects an error of 0.05. */
std::string reference_model(int size, const std::string &name)
{
  const int count = mlgrain_graph_feature_count(size);
  const uint64_t parts = size == 3 ? 1 : 2, features = (uint64_t) count;
  const auto shapes = (uint64_t) mlgrain_graph_shape_count(size);
  std::string names;
  for (int f = 0; f < count; f++) {
    char word[MLGRAIN_GRAPH_NAME];
    mlgrain_graph_feature_name(size, f, word);
    names += (f ? ", \"" : "[\"") + std::string(word) + '"';
  }
  names += "]";
  const std::vector<double> zeros(shapes * (1 + features), 0.0), ones(parts * features, 1.0),
      amplitude(parts, 1e-6);
  std::vector<double> noise(parts * (1 + features), 0.0);
  for (uint64_t p = 0; p < parts; p++) noise[p * (1 + features)] = 2.0 * std::log(0.05);
  builder content = {};
  builder_metadata(&content, "format", "mlgrain");
  builder_metadata(&content, "version", "1");
  builder_metadata(&content, "kind", "polycrystal");
  builder_metadata(&content, "property", size == 3 ? "conductivity" : "stiffness");
  builder_metadata(&content, "features", names.c_str());
  builder_tensor(&content, "rows", "F64", 2, 1, features, 0, zeros.data());
  builder_tensor(&content, "length", "F64", 2, parts, features, 0, ones.data());
  builder_tensor(&content, "amplitude", "F64", 1, parts, 0, 0, amplitude.data());
  builder_tensor(&content, "noise", "F64", 2, parts, 1 + features, 0, noise.data());
  builder_tensor(&content, "constant", "F64", 1, parts, 0, 0, zeros.data());
  builder_tensor(&content, "weights", "F64", 2, parts, 1, 0, zeros.data());
  builder_tensor(&content, "factor", "F64", 3, parts, 1, 1, ones.data());
  builder_tensor(&content, "shapes", "F64", 2, shapes, 1 + features, 0, zeros.data());
  std::vector<double> shape_noise(2 + features, 0.0);
  shape_noise[0] = -60.0;
  builder_tensor(&content, "shape_noise", "F64", 1, 2 + features, 0, 0, shape_noise.data());
  const uint64_t terms = shapes * (1 + features);
  const std::vector<double> shape_factor(terms * terms, 0.0);
  builder_tensor(&content, "shape_factor", "F64", 2, terms, terms, 0, shape_factor.data());
  return write_model(content, name);
}

/* From a grain's center to the nearest image of another on the side of the normal, in BOX. */
std::array<double, 3> span_of(const Table &grains, size_t from, size_t to,
                              const std::array<double, 3> &normal)
{
  const double edge[3] = {52.0, 46.0, 44.0};
  const char *const axis[3] = {"x", "y", "z"};
  std::array<double, 3> nearest = {0.0, 0.0, 0.0};
  double least = INFINITY;
  for (int image = 0; image < 125; image++) {
    const int place[3] = {image % 5 - 2, image / 5 % 5 - 2, image / 25 - 2};
    std::array<double, 3> d = {0.0, 0.0, 0.0};
    double square = 0.0, along = 0.0;
    for (size_t k = 0; k < 3; k++) {
      d[k] = grains.value(to, axis[k]) - grains.value(from, axis[k]) + edge[k] * place[k];
      square += d[k] * d[k];
      along += d[k] * normal[k];
    }
    if (along > 0.0 && square < least) {
      least = square;
      nearest = d;
    }
  }
  return nearest;
}

/* The reference of what is in the tables, in Voigt's notation for conductivities and Mandel's for
   stiffnesses. */
std::vector<double> reference_of(const Table &grains, const Table &boundaries, int size,
                                 const std::vector<double> &crystal,
                                 const std::vector<double> &boundary, double thickness)
{
  const auto numbers = (size_t) (size * size);
  std::vector<double> volume, tensor, area, of_boundary;
  std::vector<std::array<int64_t, 2>> pair;
  std::vector<std::array<double, 3>> span, normal;
  for (size_t g = 0; g < grains.size(); g++) {
    volume.push_back(grains.value(g, "volume"));
    const double q[4] = {grains.value(g, "qw"), grains.value(g, "qx"), grains.value(g, "qy"),
                         grains.value(g, "qz")};
    double rotation[3][3], small[3][3], large[6][6];
    mlgrain_quaternion_matrix(q, rotation);
    std::copy(crystal.begin(), crystal.end(), size == 3 ? small[0] : large[0]);
    if (size == 3)
      mlgrain_turn_conductivity(rotation, small, small);
    else
      mlgrain_turn_stiffness(rotation, large, large);
    const double *turned = size == 3 ? small[0] : large[0];
    tensor.insert(tensor.end(), turned, turned + numbers);
  }
  for (size_t k = 0; k < boundaries.size(); k++) {
    pair.push_back(
        {(int64_t) boundaries.value(k, "grain1") - 1, (int64_t) boundaries.value(k, "grain2") - 1});
    area.push_back(boundaries.value(k, "area"));
    std::array<double, 3> n = {boundaries.value(k, "nx"), boundaries.value(k, "ny"),
                               boundaries.value(k, "nz")};
    const double length = std::sqrt(n[0] * n[0] + n[1] * n[1] + n[2] * n[2]);
    for (double &component : n) component /= length;
    normal.push_back(n);
    span.push_back(span_of(grains, (size_t) pair.back()[0], (size_t) pair.back()[1], n));
    of_boundary.insert(of_boundary.end(), boundary.begin(), boundary.end());
  }
  mlgrain_graph graph = {};
  graph.size = size;
  graph.grains = volume.size();
  graph.faces = area.size();
  graph.volume = volume.data();
  graph.pair = reinterpret_cast<const int64_t(*)[2]>(pair.data());
  graph.span = reinterpret_cast<const double(*)[3]>(span.data());
  graph.normal = reinterpret_cast<const double(*)[3]>(normal.data());
  graph.area = area.data();
  graph.tensor = tensor.data();
  graph.boundary = of_boundary.data();
  graph.thickness = thickness;
  mlgrain_graph_features features;
  mlgrain_error error;
  check(mlgrain_graph_describe(&graph, &features, &error) == MLGRAIN_SUCCESS, "%s", error.text);
  return std::vector<double>(features.reference, features.reference + numbers);
}

void effective_tensors_are_predicted()
{
  const Files files;
  const std::string conductivity = reference_model(3, "conductivity"),
                    stiffness = reference_model(6, "stiffness"),
                    first = scratch_file(".conductivity"), second = scratch_file(".stiffness");
  Session session;
  session.run(system_of("fcc 3.6", BOX) + polycrystal(files) + "fix g all grains 10 fcc" +
              files.words() + " predict " + conductivity + ' ' + first +
              " 2.0 1.0 1.5 4.0 0.1\nfix h all grains 10 fcc predict " + stiffness + ' ' + second +
              " 2.0 168.4 121.4 75.4 90.0 30.0\nrun 0 post no");
  const Table grains(files.grains), boundaries(files.boundaries), one(first), two(second);
  if (!check(one.size() == 1 && two.size() == 1, "%zu and %zu lines", one.size(), two.size()))
    return;
  const auto k = reference_of(grains, boundaries, 3, {1.0, 0, 0, 0, 1.5, 0, 0, 0, 4.0},
                              {0.1, 0, 0, 0, 0.1, 0, 0, 0, 0.1}, 2.0);
  const char *const name[6] = {"xx", "yy", "zz", "yz", "xz", "xy"};
  const size_t place[6] = {0, 4, 8, 5, 2, 1};
  for (size_t c = 0; c < 6; c++)
    check(std::fabs(one.value(0, name[c]) - k[place[c]]) < 1e-5 * k[0], "%s is %g, not %g", name[c],
          one.value(0, name[c]), k[place[c]]);
  check(close_to(one.value(0, "error"), 0.05, 1e-6), "error %g", one.value(0, "error"));
  std::vector<double> crystal(36, 0.0), boundary(36, 0.0);
  for (size_t i = 0; i < 3; i++) {
    for (size_t j = 0; j < 3; j++) {
      crystal[6 * i + j] = i == j ? 168.4 : 121.4;
      boundary[6 * i + j] = i == j ? 130.0 : 70.0;
    }
    crystal[7 * (3 + i)] = 75.4;
    boundary[7 * (3 + i)] = 30.0;
  }
  const auto c = reference_of(grains, boundaries, 6, crystal, boundary, 2.0);
  check(std::fabs(two.value(0, "C11") - c[0]) < 1e-5 * c[0], "C11 is %g, not %g",
        two.value(0, "C11"), c[0]);
  check(std::fabs(two.value(0, "C44") - 0.5 * c[21]) < 1e-5 * c[0], "C44 is %g, not %g",
        two.value(0, "C44"), 0.5 * c[21]);
  check(std::fabs(two.value(0, "C16") - std::sqrt(0.5) * c[5]) < 1e-5 * c[0], "C16");
  for (const auto &path : {first, second}) remove_scratch_file(path);
}

void bad_predictions()
{
  const std::string model = reference_model(3, "bad"), out = scratch_file(".bad");
  const auto fails = [&](const std::string &words, const char *text, const char *ends = "p p p") {
    Session session;
    session.must_fail(system_of("fcc 3.6", "block 0 36 0 36 0 36", ends) +
                          "fix g all grains 10 fcc predict " + words,
                      text);
  };
  fails(model + ' ' + out + " 1.0 1 1 1", "no value after 'predict'");
  fails(model + ' ' + out + " 1.0 1 1 1 -1", "positive definite");
  fails(model + ' ' + out + " 0.0 1 1 1 1", "thickness above 0");
  fails(model + ' ' + out + " 1.0 1 1 1 1 measure none", "measure all");
  fails(model + ' ' + out + " 1.0 1 1 1 1", "periodic", "p p f");
  fails("nothing.safetensors " + out + " 1.0 1 1 1 1", "nothing.safetensors");
  remove_scratch_file(out);
}

}    // namespace

int main(int argc, char **argv)
{
  return run_tests(argc, argv,
                   {{"known grains are found", known_grains_are_found},
                    {"ranks make no difference", ranks_make_no_difference},
                    {"flat boundaries", flat_boundaries},
                    {"triple lines", triple_lines},
                    {"one periodic grain", one_periodic_grain},
                    {"grains split and merge", grains_split_and_merge},
                    {"numbers last", numbers_last},
                    {"nothing to find", nothing_to_find},
                    {"small grains", small_grains},
                    {"bad arguments", bad_arguments},
                    {"effective tensors are predicted", effective_tensors_are_predicted},
                    {"bad predictions", bad_predictions},
                    {"position not finite", position_not_finite}});
}
