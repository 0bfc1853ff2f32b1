/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For tests of styles: LAMMPS through its C library interface, on every rank of MPI_COMM_WORLD, and
   checks that count failures. Each test program is one main() of the form
       int main(int argc, char **argv) { return run_tests(argc, argv, {{"name", function}, …}); } */
#ifndef MLGRAIN_LAMMPS_SESSION_H
#define MLGRAIN_LAMMPS_SESSION_H

#define LAMMPS_LIB_MPI    // makes library.h declare lammps_open()
#include "library.h"

#include <mpi.h>

#include <algorithm>
#include <cmath>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

namespace test {

struct Skip {
  std::string reason;
};

inline int failures = 0;

inline int rank()
{
  int me;
  MPI_Comm_rank(MPI_COMM_WORLD, &me);
  return me;
}

inline int ranks()
{
  int n;
  MPI_Comm_size(MPI_COMM_WORLD, &n);
  return n;
}

/* Counts a failure and prints the message unless ok; returns ok. */
__attribute__((format(printf, 2, 3))) inline bool check(bool ok, const char *format, ...)
{
  if (ok) return true;
  failures++;
  va_list arguments;
  va_start(arguments, format);
  fprintf(stderr, "rank %d: ", rank());
  vfprintf(stderr, format, arguments);
  fprintf(stderr, "\n");
  va_end(arguments);
  return false;
}

/* |a - b| <= tolerance max(1, |b|); false for NaN. */
inline bool close_to(double a, double b, double tolerance)
{
  return std::fabs(a - b) <= tolerance * std::max(1.0, std::fabs(b));
}

class Session {
 public:
  /* communicator: MPI_COMM_SELF for a run of its own on each rank. The environment may have more
     arguments for all sessions, in MLGRAIN_TEST_ARGUMENTS. */
  explicit Session(std::vector<std::string> arguments = {}, MPI_Comm communicator = MPI_COMM_WORLD)
  {
    std::vector<std::string> all = {"test", "-screen", "none", "-log", "none", "-nocite"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    const char *more = getenv("MLGRAIN_TEST_ARGUMENTS");
    std::istringstream words(more ? more : "");
    for (std::string word; words >> word;) all.push_back(word);
    std::vector<char *> argv;
    for (auto &word : all) argv.push_back(word.data());
    argv.push_back(nullptr);
    handle = lammps_open((int) all.size(), argv.data(), communicator, nullptr);
  }
  ~Session() { lammps_close(handle); }
  Session(const Session &) = delete;
  Session &operator=(const Session &) = delete;

  /* Runs lines of input; an error fails the test. */
  void run(const std::string &lines)
  {
    const std::string message = error_of(lines);
    check(message.empty(), "LAMMPS: %s", message.c_str());
  }

  /* Runs lines of input, the last of which must fail with a message that has these words. */
  void must_fail(const std::string &lines, const std::string &words)
  {
    const std::string message = error_of(lines);
    check(message.find(words) != std::string::npos, "\"%s\" is not in the error \"%s\"",
          words.c_str(), message.c_str());
  }

  double global(const char *name) const
  {
    return *static_cast<double *>(lammps_extract_global(handle, name));
  }

  long natoms() const { return (long) lammps_get_natoms(handle); }

  /* A per-atom quantity ("x", "c_ID", "type") of all atoms in the order of their IDs, on every
     rank. */
  std::vector<double> gather(const char *name, int columns) const
  {
    std::vector<double> data(natoms() * columns);
    lammps_gather(handle, name, 1, columns, data.data());
    return data;
  }

  std::vector<int> gather_int(const char *name, int columns) const
  {
    std::vector<int> data(natoms() * columns);
    lammps_gather(handle, name, 0, columns, data.data());
    return data;
  }

  void *handle;

 private:
  /* "" if the lines succeed. */
  std::string error_of(const std::string &lines)
  {
    lammps_commands_string(handle, lines.c_str());
    char text[4096] = "";
    if (!lammps_has_error(handle)) return "";
    lammps_get_last_error_message(handle, text, sizeof text);
    return text[0] ? text : "unknown error";
  }
};

/* The box and its periodic images: points within `reach` of the box's atoms, the atoms themselves
   first. Plain and slow, for small systems. */
inline std::vector<double> with_images(const Session &session, double reach,
                                       std::vector<int> *origin = nullptr)
{
  double low[3], high[3], xy, yz, xz;
  int periodic[3], changes;
  lammps_extract_box(session.handle, low, high, &xy, &yz, &xz, periodic, &changes);
  const double a[3][3] = {
      {high[0] - low[0], 0.0, 0.0}, {xy, high[1] - low[1], 0.0}, {xz, yz, high[2] - low[2]}};
  /* distance between the faces of the box along each direction of the cell */
  const double volume = a[0][0] * a[1][1] * a[2][2];
  const double area[3] = {
      std::hypot(a[1][1] * a[2][2],
                 std::hypot(a[1][0] * a[2][2], a[1][0] * a[2][1] - a[1][1] * a[2][0])),
      std::hypot(a[0][0] * a[2][2], a[0][0] * a[2][1]), a[0][0] * a[1][1]};
  int most[3];
  for (int d = 0; d < 3; d++)
    most[d] = periodic[d] ? (int) std::ceil(reach * area[d] / volume) + 1 : 0;

  std::vector<double> points = session.gather("x", 3);
  const long n = session.natoms();
  if (origin) {
    origin->resize(n);
    for (long i = 0; i < n; i++) (*origin)[i] = (int) i;
  }
  for (int i = -most[0]; i <= most[0]; i++)
    for (int j = -most[1]; j <= most[1]; j++)
      for (int k = -most[2]; k <= most[2]; k++) {
        if (!i && !j && !k) continue;
        for (long p = 0; p < n; p++) {
          for (int d = 0; d < 3; d++)
            points.push_back(points[3 * p + d] + i * a[0][d] + j * a[1][d] + k * a[2][d]);
          if (origin) origin->push_back((int) p);
        }
      }
  return points;
}

inline std::string environment(const char *name)
{
  const char *value = getenv(name);
  return value ? value : "";
}

/* The folder of LAMMPS' potential files, or the test is skipped. */
inline std::string potentials()
{
  const std::string folder = environment("MLGRAIN_LAMMPS_POTENTIALS");
  if (folder.empty()) throw Skip{"no potentials folder of LAMMPS"};
  return folder;
}

/* A file in the working folder that no other program uses, the same on all ranks. */
inline std::string scratch_file(const std::string &suffix)
{
  int id = (int) getpid();
  MPI_Bcast(&id, 1, MPI_INT, 0, MPI_COMM_WORLD);
  return "style_test_" + std::to_string(id) + suffix;
}

/* Each of these inputs, {lines, words of the error}, must fail, after other lines that don't. */
template <class Inputs> void must_fail_each(const Inputs &inputs, const std::string &before = "")
{
  for (const auto &input : inputs) {
    Session session;
    if (!before.empty()) session.run(before);
    session.must_fail(input.first, input.second);
  }
}

/* For the same file on all ranks, when none of them needs it any more. */
inline void remove_scratch_file(const std::string &path)
{
  MPI_Barrier(MPI_COMM_WORLD);
  if (rank() == 0) std::remove(path.c_str());
}

/* The lines of a file that hold these words; a log is complete after the command "log none". */
inline std::vector<std::string> lines_with(const std::string &path, const std::string &words)
{
  MPI_Barrier(MPI_COMM_WORLD);
  std::vector<std::string> found;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);)
    if (line.find(words) != std::string::npos) found.push_back(line);
  return found;
}

using Test = std::pair<const char *, std::function<void()>>;

inline int run_tests(int argc, char **argv, const std::vector<Test> &tests)
{
  MPI_Init(&argc, &argv);
  int failed = 0, skipped = 0;
  for (const auto &test : tests) {
    failures = 0;
    std::string note;
    try {
      test.second();
    } catch (const Skip &skip) {
      note = " (skipped: " + skip.reason + ")";
      skipped++;
    }
    int total = 0;
    MPI_Allreduce(&failures, &total, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
    if (rank() == 0) printf("%s %s%s\n", total ? "FAILED" : "ok    ", test.first, note.c_str());
    fflush(stdout);
    failed += total ? 1 : 0;
  }
  if (rank() == 0)
    printf("%d passed, %d failed, %d skipped\n", (int) tests.size() - failed - skipped, failed,
           skipped);
  lammps_kokkos_finalize();    // does nothing where it wasn't started
  MPI_Finalize();
  return failed ? 1 : 0;
}

}    // namespace test

#endif
