/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "label_archive.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <sstream>
#include <sys/stat.h>
#include <unistd.h>

namespace MLGRAIN_NS {

namespace {

constexpr size_t MOST_ATOMS = 1000000;

template <class... Values> std::string text_of(const char *format, Values... values)
{
  char text[512];
  snprintf(text, sizeof text, format, values...);
  return text;
}

/* ---- writing -------------------------------------------------------------------------------- */

std::string cfg_text(const LearnCell &cell, const std::vector<int> &label, const std::string &why)
{
  const bool labeled = !cell.force.empty();
  std::string text = "BEGIN_CFG\n Size\n    " + std::to_string(cell.atoms()) + "\n Supercell\n";
  for (int k = 0; k < 3; k++)
    text += text_of("    %.16g %.16g %.16g\n", cell.edge[3 * k], cell.edge[3 * k + 1],
                    cell.edge[3 * k + 2]);
  text += std::string(" AtomData:  id type cartes_x cartes_y cartes_z") +
      (labeled ? " fx fy fz" : "") + " weight\n";
  for (size_t i = 0; i < cell.atoms(); i++) {
    text += text_of("    %zu %d %.16g %.16g %.16g", i + 1, label[cell.species[i]], cell.x[3 * i],
                    cell.x[3 * i + 1], cell.x[3 * i + 2]);
    if (labeled)
      text += text_of(" %.16g %.16g %.16g", cell.force[3 * i], cell.force[3 * i + 1],
                      cell.force[3 * i + 2]);
    text += text_of(" %.16g\n", cell.weight[i]);
  }
  const auto &w = cell.virial;
  if (labeled)
    text += text_of(" Energy\n    %.16g\n PlusStress:  xx yy zz yz xz xy\n"
                    "    %.16g %.16g %.16g %.16g %.16g %.16g\n",
                    cell.energy, w[0], w[1], w[2], w[5], w[4], w[3]);
  else
    text += " Feature   failed " + why + "\n";
  return text +
      text_of(" Feature   timestep %lld\n Feature   center %lld\n Feature   score "
              "%.10g\nEND_CFG\n\n",
              (long long) cell.step, (long long) cell.center, cell.score);
}

/* ---- reading -------------------------------------------------------------------------------- */

/* The words of a file, line by line. */
class Reader {
 public:
  Reader(const std::string &path, const std::string &contents) : path(path), in(contents) {}

  bool next()
  {
    std::string line;
    if (!std::getline(in, line)) return false;
    number++;
    words.clear();
    std::istringstream split(line);
    for (std::string word; split >> word;) words.push_back(word);
    return true;
  }

  [[noreturn]] void fail(const std::string &text) const
  {
    throw ArchiveFailure(path + ", line " + std::to_string(number) + ": " + text);
  }

  void need()
  {
    if (!next()) fail("the file ends within a cell");
  }

  double real(size_t k) const
  {
    if (k >= words.size()) fail("a number is missing");
    char *end = nullptr;
    const double value = strtod(words[k].c_str(), &end);
    if (*end || !std::isfinite(value)) fail("'" + words[k] + "' is not a finite number");
    return value;
  }

  long long whole(size_t k) const
  {
    if (k >= words.size()) fail("a number is missing");
    char *end = nullptr;
    const long long value = strtoll(words[k].c_str(), &end, 10);
    if (*end) fail("'" + words[k] + "' is not a whole number");
    return value;
  }

  std::vector<std::string> words;
  size_t number = 0;

 private:
  std::string path;
  std::istringstream in;
};

int species_of(const Reader &reader, long long type, const std::vector<int> &label)
{
  const auto at = std::find(label.begin(), label.end(), type);
  if (at == label.end())
    reader.fail("type " + std::to_string(type) + " is not among the potential's species");
  return (int) (at - label.begin());
}

void read_atoms(Reader &reader, size_t size, const std::vector<int> &label, LearnCell &cell)
{
  const bool labeled = reader.words.size() == 10;
  const char *const expected[] = {"id", "type", "cartes_x", "cartes_y", "cartes_z",
                                  "fx", "fy",   "fz",       "weight"};
  size_t at = 1;
  for (size_t k = 0; k < 9; k++)
    if (labeled || k < 5 || k == 8)
      if (at >= reader.words.size() || reader.words[at++] != expected[k])
        reader.fail("columns are not those that fix mtp/learn writes: give it a file of its own");
  for (size_t i = 0; i < size; i++) {
    reader.need();
    cell.species.push_back(species_of(reader, reader.whole(1), label));
    for (int d = 0; d < 3; d++) cell.x.push_back(reader.real(2 + d));
    for (int d = 0; d < 3 && labeled; d++) cell.force.push_back(reader.real(5 + d));
    cell.weight.push_back(reader.real(labeled ? 8 : 5));
  }
}

/* After BEGIN_CFG. */
LearnCell read_cell(Reader &reader, const std::vector<int> &label)
{
  LearnCell cell;
  size_t size = 0;
  for (reader.need(); reader.words.empty() || reader.words[0] != "END_CFG"; reader.need()) {
    if (reader.words.empty()) continue;
    const std::string key = reader.words[0];
    if (key == "Size") {
      reader.need();
      const long long count = reader.whole(0);
      if (count < 1 || count > (long long) MOST_ATOMS) reader.fail("not a number of atoms");
      size = (size_t) count;
    } else if (key == "Supercell") {
      for (int k = 0; k < 3; k++) {
        reader.need();
        for (int d = 0; d < 3; d++) cell.edge[3 * k + d] = reader.real(d);
      }
    } else if (key == "AtomData:") {
      read_atoms(reader, size, label, cell);
    } else if (key == "Energy") {
      reader.need();
      cell.energy = reader.real(0);
    } else if (key == "PlusStress:") {
      reader.need();
      const int place[6] = {0, 1, 2, 5, 4, 3};
      for (int k = 0; k < 6; k++) cell.virial[place[k]] = reader.real(k);
    } else if (key != "Feature") {
      reader.fail("unknown key '" + key + "'");
    } else if (reader.words.size() > 2 && reader.words[1] == "timestep") {
      cell.step = (LAMMPS_NS::bigint) reader.whole(2);
    } else if (reader.words.size() > 2 && reader.words[1] == "center") {
      cell.center = (LAMMPS_NS::tagint) reader.whole(2);
    } else if (reader.words.size() > 2 && reader.words[1] == "score") {
      cell.score = reader.real(2);
    }
  }
  if (!cell.atoms()) reader.fail("a cell without atoms");
  return cell;
}

std::string contents_of(const std::string &path)
{
  std::ifstream file(path, std::ios::binary);
  std::ostringstream all;
  if (file) all << file.rdbuf();
  return all.str();
}

}    // namespace

LabelArchive::LabelArchive(const std::string &path, const std::vector<int> &label) :
    path(path), label(label)
{
  read();
}

void LabelArchive::read()
{
  const int file = open(path.c_str(), O_RDWR | O_CREAT, 0666);
  if (file < 0) throw ArchiveFailure(path + " can't be written: " + strerror(errno));
  std::string contents = contents_of(path);
  const std::string last = "END_CFG\n";
  const size_t end = contents.rfind(last);
  size_t whole = end == std::string::npos ? 0 : end + last.size();
  if (whole < contents.size() && contents[whole] == '\n') whole++;    // the empty line behind it
  const bool blank = contents.find_first_not_of(" \n", whole) == std::string::npos;
  /* only what may be the beginning of a cell of ours is cut off */
  const std::string rest = contents.substr(whole);
  const std::string trimmed = blank ? "" : rest.substr(rest.find_first_not_of(" \n"));
  const std::string first = "BEGIN_CFG";
  torn = !blank &&
      (trimmed.compare(0, first.size(), first) == 0 ||
       first.compare(0, trimmed.size(), trimmed) == 0);
  if (torn && ftruncate(file, (off_t) whole) != 0) {
    close(file);
    throw ArchiveFailure(path + " can't be shortened: " + strerror(errno));
  }
  close(file);
  if (torn) contents.resize(whole);
  Reader reader(path, contents);
  while (reader.next()) {
    if (reader.words.empty()) continue;
    if (reader.words[0] != "BEGIN_CFG") reader.fail("BEGIN_CFG expected");
    known.push_back(read_cell(reader, label));
  }
}

const LearnCell *LabelArchive::find(const LearnCell &cell) const
{
  for (const auto &one : known)
    if (same_cell(one, cell)) return &one;
  return nullptr;
}

void LabelArchive::append(const LearnCell &cell, const std::string &why)
{
  const std::string text = cfg_text(cell, label, why);
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0666);
  const off_t before = file >= 0 ? lseek(file, 0, SEEK_END) : 0;
  const bool good = file >= 0 && write(file, text.data(), text.size()) == (ssize_t) text.size() &&
      fsync(file) == 0;
  const int reason = errno ? errno : ENOSPC;
  if (file >= 0 && !good && ftruncate(file, before) != 0) torn = true;
  if (file >= 0) close(file);
  if (!good) throw ArchiveFailure(path + " can't be written: " + strerror(reason));
  known.push_back(cell);
}

}    // namespace MLGRAIN_NS
