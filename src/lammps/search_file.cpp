/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "search_file.h"

#include <cmath>
#include <cstdio>
#include <sstream>

namespace MLGRAIN_NS {

std::string SearchFile::table(const SearchArchive &archive) const
{
  std::string text = "# " + boundary + "; energies and stresses in " + unit_name +
      "\n# id energy fraction removed volume stress_xx stress_yy stress_xy cell_x "
      "cell_y shear atoms hits trial walker origin\n";
  char line[512];
  int id = 0;
  for (const int k : archive.order()) {
    const auto &e = archive.entries[k];
    const auto &s = e.structure;
    snprintf(line, sizeof line, "%d %.6f %.6f %zu %.6f %.6f %.6f %.6f %d %d %d %zu %d %ld %d %s\n",
             ++id, unit * e.energy, s.fraction(), s.removed(), e.volume, unit * e.stress[0],
             unit * e.stress[1], unit * e.stress[2], s.cell->periods.along[0],
             s.cell->periods.along[1], s.cell->periods.shear, s.atoms(), e.hits, e.trial, e.walker,
             ORIGIN_NAMES[e.origin]);
    text += line;
  }
  return text;
}

std::string SearchFile::structures(const SearchArchive &archive) const
{
  std::string text;
  char line[1024];
  int id = 0;
  for (const int k : archive.order()) {
    const auto &e = archive.entries[k];
    const auto &s = e.structure;
    const auto &c = *s.cell;
    snprintf(line, sizeof line,
             "%zu\nLattice=\"%.10g 0 0 %.10g %.10g 0 0 0 %.10g\" Origin=\"0 0 %.10g\" "
             "pbc=\"T T F\" Properties=species:S:1:pos:R:3:grain:I:1:layer:I:1:site:I:1 id=%d "
             "boundary_energy=%.6f fraction=%.6f excess_volume=%.8f excess_stress=\"%.6f %.6f "
             "%.6f\" cell=\"%d %d %d\" translation=\"%.8f %.8f %.8f\" hits=%d trial=%ld walker=%d "
             "origin=%s trials_done=%ld boundary=\"%s\"\n",
             s.atoms(), c.edge[0][0], c.edge[1][0], c.edge[1][1], c.high - c.low, c.low, ++id,
             unit * e.energy, s.fraction(), e.volume, unit * e.stress[0], unit * e.stress[1],
             unit * e.stress[2], c.periods.along[0], c.periods.along[1], c.periods.shear,
             s.translation[0], s.translation[1], s.translation[2], e.hits, e.trial, e.walker,
             ORIGIN_NAMES[e.origin], trials, boundary.c_str());
    text += line;
    for (size_t i = 0; i < s.atoms(); i++) {
      const auto &site = c.site[s.site[i]];
      const bool named = site.type <= (int) element.size();
      snprintf(line, sizeof line, "%s %.8f %.8f %.8f %d %d %d\n",
               named ? element[site.type - 1].c_str() : std::to_string(site.type).c_str(),
               s.x[3 * i], s.x[3 * i + 1], s.x[3 * i + 2], site.grain + 1, (int) site.layer,
               s.site[i] + 1);
      text += line;
    }
  }
  return text;
}

namespace {

/* Lines of a file, and what is wrong with them. */
class Lines {
 public:
  explicit Lines(const std::string &text) : stream(text) {}

  /* False at the end. */
  bool next()
  {
    number++;
    return (bool) std::getline(stream, line);
  }

  [[noreturn]] void fail(const std::string &why) const
  {
    throw SearchFailure("line " + std::to_string(number) + ": " + why);
  }

  /* The value of key=value, or key="value". */
  std::string word(const std::string &key) const
  {
    const auto at = line.find(" " + key + "=");
    if (at == std::string::npos) fail("there is no " + key);
    auto from = at + key.size() + 2;
    const bool quoted = from < line.size() && line[from] == '"';
    if (quoted) from++;
    const auto to = line.find(quoted ? '"' : ' ', from);
    if (quoted && to == std::string::npos) fail(key + " has no end");
    return line.substr(from, to == std::string::npos ? to : to - from);
  }

  void numbers(const std::string &key, double *value, int count) const
  {
    std::istringstream words(word(key));
    for (int k = 0; k < count; k++)
      if (!(words >> value[k]) || !std::isfinite(value[k])) fail("bad numbers of " + key);
    std::string rest;
    if (words >> rest) fail("too many numbers of " + key);
  }

  long integer(const std::string &key, long least, long most) const
  {
    double value;
    numbers(key, &value, 1);
    if (value != std::floor(value) || value < (double) least || value > (double) most)
      fail("bad number of " + key);
    return (long) value;
  }

  std::string line;

 private:
  std::istringstream stream;
  long number = 0;
};

/* Cells and counts in files are less than this. */
constexpr long MOST = 1000000;

void read_comment(const Lines &lines, const SearchFile &file, const CellMaker &make_cell,
                  SearchResult &e)
{
  if (lines.word("boundary") != file.boundary)
    lines.fail("the boundary is " + lines.word("boundary") + ", not " + file.boundary);
  double cell[3];
  lines.numbers("cell", cell, 3);
  for (int k = 0; k < 3; k++)
    if (cell[k] != std::floor(cell[k]) || cell[k] < (k < 2 ? 1.0 : 0.0) || cell[k] > MOST)
      lines.fail("bad numbers of cell");
  if (cell[0] * cell[1] > MOST || cell[2] >= cell[0]) lines.fail("bad numbers of cell");
  e.structure.cell = make_cell({{(int) cell[0], (int) cell[1]}, (int) cell[2]});
  lines.numbers("boundary_energy", &e.energy, 1);
  e.energy /= file.unit;
  lines.numbers("excess_volume", &e.volume, 1);
  lines.numbers("excess_stress", e.stress.data(), 3);
  for (auto &value : e.stress) value /= file.unit;
  lines.numbers("translation", e.structure.translation, 3);
  e.hits = (int) lines.integer("hits", 1, 1000 * MOST);
  e.trial = lines.integer("trial", 0, 1000 * MOST);
  e.walker = (int) lines.integer("walker", 0, MOST);
  e.origin = ORIGINS;
  for (int k = 0; k < ORIGINS; k++)
    if (lines.word("origin") == ORIGIN_NAMES[k]) e.origin = k;
  if (e.origin == ORIGINS) lines.fail("bad origin");
}

void read_atom(const Lines &lines, std::vector<bool> &is_there, SearchStructure &s)
{
  std::istringstream words(lines.line);
  std::string symbol;
  double x[3];
  int grain, layer, site;
  if (!(words >> symbol >> x[0] >> x[1] >> x[2] >> grain >> layer >> site))
    lines.fail("an atom needs seven words");
  if (site < 1 || site > (int) is_there.size() || is_there[site - 1])
    lines.fail("bad number of a site");
  const auto &expected = s.cell->site[site - 1];
  if (grain != expected.grain + 1 || layer != (int) expected.layer)
    lines.fail("the site is of another layer; are 'thickness' and 'hold' the same?");
  is_there[site - 1] = true;
  s.site.push_back(site - 1);
  s.x.insert(s.x.end(), x, x + 3);
}

}    // namespace

std::vector<SearchResult> SearchFile::read(const std::string &text, const CellMaker &make_cell,
                                           const SearchDescriptors &descriptors)
{
  std::vector<SearchResult> results;
  Lines lines(text);
  while (lines.next()) {
    long atoms = 0;
    std::istringstream count(lines.line);
    if (!(count >> atoms) || atoms < 1) lines.fail("a number of atoms is needed");
    if (!lines.next()) lines.fail("the file ends early");
    SearchResult e;
    read_comment(lines, *this, make_cell, e);
    trials = lines.integer("trials_done", 0, 1000 * MOST);
    double fraction;
    lines.numbers("fraction", &fraction, 1);
    std::vector<bool> is_there(e.structure.cell->site.size(), false);
    for (long k = 0; k < atoms; k++) {
      if (!lines.next()) lines.fail("the file ends early");
      read_atom(lines, is_there, e.structure);
    }
    if (std::fabs(e.structure.fraction() - fraction) > 1e-5)
      lines.fail("the structure has other atoms; are 'thickness' and 'hold' the same?");
    e.descriptor = descriptors.of(e.structure);
    results.push_back(e);
  }
  return results;
}

}    // namespace MLGRAIN_NS
