/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cell_xyz.h"

#include <cctype>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <sstream>

namespace MLGRAIN_NS {

namespace {

constexpr double SAME_PLACE = 1e-3;    // Angstrom
constexpr size_t MOST_ATOMS = 1000000;

template <class... Values> std::string text_of(const char *format, Values... values)
{
  char text[512];
  snprintf(text, sizeof text, format, values...);
  return text;
}

/* A file, taken apart. */
struct Frame {
  std::map<std::string, std::string> key;
  std::map<std::string, size_t> place, width;    // of columns
  std::vector<std::vector<std::string>> row;

  std::vector<double> numbers(const std::string &name, size_t count) const
  {
    const auto at = key.find(name);
    if (at == key.end()) throw XYZFailure("there is no " + name);
    std::istringstream words(at->second);
    std::vector<double> values;
    for (std::string word; words >> word;) values.push_back(real(word, name));
    if (values.size() != count)
      throw XYZFailure(name + " is not " + std::to_string(count) + " numbers");
    return values;
  }

  std::vector<double> column(const std::string &name, size_t count) const
  {
    const auto at = place.find(name);
    if (at == place.end() || width.at(name) != count)
      throw XYZFailure("there is no column " + name + " of " + std::to_string(count) + " numbers");
    std::vector<double> values;
    for (const auto &words : row)
      for (size_t k = 0; k < count; k++) values.push_back(real(words[at->second + k], name));
    return values;
  }

  static double real(const std::string &word, const std::string &name)
  {
    char *end = nullptr;
    const double value = strtod(word.c_str(), &end);
    if (*end || !std::isfinite(value))
      throw XYZFailure(name + ": '" + word + "' is not a finite number");
    return value;
  }
};

/* key=value and key="several words" */
std::map<std::string, std::string> split_keys(const std::string &line)
{
  std::map<std::string, std::string> found;
  size_t at = 0;
  while (at < line.size()) {
    while (at < line.size() && isspace((unsigned char) line[at])) at++;
    const size_t begin = at;
    while (at < line.size() && line[at] != '=' && !isspace((unsigned char) line[at])) at++;
    const std::string key = line.substr(begin, at - begin);
    if (at >= line.size() || line[at] != '=') continue;
    at++;
    const bool quoted = at < line.size() && line[at] == '"';
    if (quoted) at++;
    const size_t value = at;
    while (at < line.size() && (quoted ? line[at] != '"' : !isspace((unsigned char) line[at])))
      at++;
    found[key] = line.substr(value, at - value);
    if (quoted) at++;
  }
  return found;
}

void split_columns(Frame &frame)
{
  std::istringstream words(frame.key["Properties"]);
  size_t at = 0;
  std::string name, type, count;
  while (std::getline(words, name, ':') && std::getline(words, type, ':') &&
         std::getline(words, count, ':')) {
    const long width = strtol(count.c_str(), nullptr, 10);
    if (width < 1 || width > 100) throw XYZFailure("Properties can't be understood");
    frame.place[name] = at;
    frame.width[name] = (size_t) width;
    at += (size_t) width;
  }
  if (!at) throw XYZFailure("there are no Properties");
  for (const auto &row : frame.row)
    if (row.size() < at) throw XYZFailure("a line has fewer words than Properties says");
}

Frame read_frame(const std::string &text)
{
  Frame frame;
  std::istringstream in(text);
  std::string line;
  if (!std::getline(in, line)) throw XYZFailure("the file is empty");
  char *end = nullptr;
  const long long count = strtoll(line.c_str(), &end, 10);
  while (*end && isspace((unsigned char) *end)) end++;
  if (*end || count < 1 || count > (long long) MOST_ATOMS)
    throw XYZFailure("the first line is not a number of atoms");
  if (!std::getline(in, line)) throw XYZFailure("the file ends after one line");
  frame.key = split_keys(line);
  for (long long i = 0; i < count; i++) {
    if (!std::getline(in, line)) throw XYZFailure("the file ends before its last atom");
    std::istringstream words(line);
    frame.row.emplace_back();
    for (std::string word; words >> word;) frame.row.back().push_back(word);
  }
  split_columns(frame);
  return frame;
}

double volume_of(const LearnCell &cell)
{
  const double *a = cell.edge.data(), *b = a + 3, *c = a + 6;
  return std::fabs(a[0] * (b[1] * c[2] - b[2] * c[1]) + a[1] * (b[2] * c[0] - b[0] * c[2]) +
                   a[2] * (b[0] * c[1] - b[1] * c[0]));
}

/* xx yy zz xy xz yz of nine numbers */
std::array<double, 6> six_of(const std::vector<double> &m, double factor)
{
  return {factor * m[0],
          factor * m[4],
          factor * m[8],
          0.5 * factor * (m[1] + m[3]),
          0.5 * factor * (m[2] + m[6]),
          0.5 * factor * (m[5] + m[7])};
}

}    // namespace

std::string xyz_text(const LearnCell &cell, const std::vector<std::string> &names)
{
  std::string text = std::to_string(cell.atoms()) + "\nLattice=\"";
  for (int k = 0; k < 9; k++) text += text_of(k ? " %.16g" : "%.16g", cell.edge[k]);
  text += text_of("\" Properties=species:S:1:pos:R:3:weight:R:1:mtp_species:I:1 pbc=\"T T T\" "
                  "timestep=%lld center=%lld score=%.10g\n",
                  (long long) cell.step, (long long) cell.center, cell.score);
  for (size_t i = 0; i < cell.atoms(); i++)
    text += names[cell.type[i]] +
        text_of(" %.16g %.16g %.16g %.16g %d\n", cell.x[3 * i], cell.x[3 * i + 1],
                cell.x[3 * i + 2], cell.weight[i], cell.species[i]);
  return text;
}

LearnCell read_xyz_cell(const std::string &text)
{
  const Frame frame = read_frame(text);
  LearnCell cell;
  const auto edge = frame.numbers("Lattice", 9);
  for (int k = 0; k < 9; k++) cell.edge[k] = edge[k];
  cell.x = frame.column("pos", 3);
  cell.weight = frame.column("weight", 1);
  for (const double species : frame.column("mtp_species", 1)) cell.species.push_back((int) species);
  cell.step = (LAMMPS_NS::bigint) frame.numbers("timestep", 1)[0];
  cell.center = (LAMMPS_NS::tagint) frame.numbers("center", 1)[0];
  cell.score = frame.numbers("score", 1)[0];
  return cell;
}

void take_xyz_label(const std::string &text, LearnCell &cell)
{
  const Frame frame = read_frame(text);
  if (frame.row.size() != cell.atoms())
    throw XYZFailure(std::to_string(frame.row.size()) + " atoms instead of " +
                     std::to_string(cell.atoms()));
  const auto x = frame.column("pos", 3);
  for (size_t k = 0; k < x.size(); k++)
    if (!(std::fabs(x[k] - cell.x[k]) < SAME_PLACE))
      throw XYZFailure("atom " + std::to_string(k / 3 + 1) + " is at another place");
  const bool has_free = frame.key.count("free_energy") != 0;
  cell.energy = frame.numbers(has_free ? "free_energy" : "energy", 1)[0];
  if (frame.key.count("stress"))
    cell.virial = six_of(frame.numbers("stress", 9), -volume_of(cell));
  else
    cell.virial = six_of(frame.numbers("virial", 9), 1.0);
  cell.force = frame.column(frame.place.count("forces") ? "forces" : "force", 3);
}

bool read_text(const std::string &path, std::string &text)
{
  std::ifstream file(path, std::ios::binary);
  if (!file) return false;
  std::ostringstream all;
  all << file.rdbuf();
  text = all.str();
  return true;
}

void write_text(const std::string &path, const std::string &text)
{
  const std::string part = path + ".part";
  FILE *file = fopen(part.c_str(), "wb");
  bool good = file && fwrite(text.data(), 1, text.size(), file) == text.size();
  if (file) good = fclose(file) == 0 && good;
  if (!good || rename(part.c_str(), path.c_str()) != 0)
    throw XYZFailure(path + " can't be written: " + strerror(errno));
}

}    // namespace MLGRAIN_NS
