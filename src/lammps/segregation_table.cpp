/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "segregation_table.h"

#include "file_bytes.h"

#include "comm.h"
#include "error.h"
#include "lammps.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mpi.h>
#include <sstream>

using namespace LAMMPS_NS;

namespace MLGRAIN_NS {

namespace {

const char *const COLUMNS =
    "# id type x y z energy correction drift host_change coordination shift largest_shift "
    "force evaluations flag\n";

std::string text_of(const std::vector<SiteRow> &rows)
{
  std::string text;
  char line[512];
  for (const auto &r : rows) {
    snprintf(line, sizeof line,
             "%.0f %.0f %.10g %.10g %.10g %.8f %.8f %.8f %.8f %.0f %.5f %.5f %.3g %.0f %.0f\n",
             r.id, r.type, r.x[0], r.x[1], r.x[2], r.energy, r.correction, r.drift, r.host_change,
             r.coordination, r.shift, r.largest_shift, r.force, r.evaluations, r.flag);
    text += line;
  }
  return text;
}

/* False unless the line is a row as text_of() writes it; strtod() reads NaN, too. */
bool parse(const std::string &line, SiteRow &row)
{
  double value[SITE_COLUMNS];
  const char *at = line.c_str();
  for (double &one : value) {
    char *end;
    one = std::strtod(at, &end);
    if (end == at) return false;
    at = end;
  }
  if (std::string(at).find_first_not_of(" \t\r") != std::string::npos) return false;
  memcpy(&row, value, sizeof row);
  const bool failed = row.flag == FAILED;    // without energies
  for (const double &one : value)
    if (!std::isfinite(one) && !failed) return false;
  return row.id >= 1.0 && row.id == std::floor(row.id);
}

}    // namespace

void SegregationTable::require(bool good, const std::string &what) const
{
  int done = good ? 1 : 0;
  MPI_Bcast(&done, 1, MPI_INT, 0, lmp->world);
  if (!done) lmp->error->all(FLERR, owner + ": cannot " + what);
}

void SegregationTable::put(const std::string &file, const char *mode, const std::string &text) const
{
  bool good = true;
  if (lmp->comm->me == 0) {
    FILE *stream = fopen(file.c_str(), mode);
    good = stream && fwrite(text.data(), 1, text.size(), stream) == text.size();
    if (stream) good = fclose(stream) == 0 && good;
  }
  require(good, "write the file " + file);
}

std::vector<SiteRow> SegregationTable::read(const std::string &title) const
{
  std::vector<SiteRow> rows;
  int exists = 0;
  if (lmp->comm->me == 0) {
    FILE *stream = fopen(path.c_str(), "r");
    exists = stream != nullptr;
    if (stream) fclose(stream);
  }
  MPI_Bcast(&exists, 1, MPI_INT, 0, lmp->world);
  if (!exists) return rows;
  std::string text = read_on_all_ranks(lmp, owner, path);
  text.resize(text.rfind('\n') == std::string::npos ? 0 : text.rfind('\n') + 1);
  if (text.empty()) return rows;
  const std::string first = text.substr(0, text.find('\n'));
  if (first != title)
    lmp->error->all(
        FLERR, owner + ": the file " + path + " is of '" + first + "', this is '" + title + "'");
  std::istringstream lines(text);
  std::string line;
  for (int number = 1; std::getline(lines, line); number++) {
    if (line.empty() || line[0] == '#') continue;
    SiteRow row = {};
    if (!parse(line, row))
      lmp->error->all(FLERR,
                      owner + ": line " + std::to_string(number) + " of the file " + path +
                          " is no row of " + std::to_string(SITE_COLUMNS) + " numbers");
    rows.push_back(row);
  }
  return rows;
}

void SegregationTable::begin(const std::string &title, const std::vector<SiteRow> &rows)
{
  if (!path.empty()) put(path, "w", title + "\n" + COLUMNS + text_of(rows));
}

void SegregationTable::append(const std::vector<SiteRow> &rows)
{
  if (!path.empty()) put(path, "a", text_of(rows));
}

void SegregationTable::finish(const std::string &title, std::vector<SiteRow> rows)
{
  if (path.empty()) return;
  std::sort(rows.begin(), rows.end(),
            [](const SiteRow &a, const SiteRow &b) { return a.id < b.id; });
  const std::string whole = path + ".new";
  put(whole, "w", title + "\n" + COLUMNS + text_of(rows));
  require(lmp->comm->me != 0 || rename(whole.c_str(), path.c_str()) == 0,
          "rename " + whole + " to " + path);
}

}    // namespace MLGRAIN_NS
