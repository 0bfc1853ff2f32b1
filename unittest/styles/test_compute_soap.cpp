/* SPDX-License-Identifier: GPL-2.0-or-later */
/* computes soap/atom and soap/mean inside LAMMPS against the core applied to explicit periodic
   images: what the styles add is ghosts, groups, types, chunks, threads, ranks and errors. The
   core's own numbers are tested in unittest/core/test_soap.c. */
#include "lammps_session.h"

#include "mlgrain/soap.h"
#include "mlgrain/soap_projection.h"

#include <unistd.h>

#include <cstdint>
#include <cstring>

using namespace test;

namespace {

const char *const line = "soap/atom quippy 4.0 3 4 0.5";
const char *const no_interaction = "timestep 0.001\nthermo_modify lost ignore\n";

mlgrain_soap_parameters parameters()
{
  auto p = mlgrain_soap_default(MLGRAIN_SOAP_QUIPPY);
  p.cutoff = 4.0;
  p.n_max = 3;
  p.l_max = 4;
  p.sigma = 0.5;
  return p;
}

/* Random atoms of two types, mean density of copper. */
std::string random_atoms(const char *boundary = "p p p",
                         const char *region = "block 0 14 0 16 0 18", int count = 340)
{
  return std::string("units metal\nboundary ") + boundary + "\n" + "region box " + region +
      " units box\n" + "create_box 2 box\nmass * 63.5\n" + "create_atoms 1 random " +
      std::to_string(count) + " 4711 NULL\n" + "set group all type/fraction 2 0.4 5\n" +
      no_interaction;
}

struct Types {
  std::vector<double> weight;
  std::vector<int> channel;    // -1: invisible
};

std::vector<double> expected(const Session &session, const mlgrain_soap_parameters &p,
                             const Types &types = {})
{
  std::vector<int> origin;
  const double reach = mlgrain_soap_reach(&p);
  const auto points = with_images(session, reach, &origin);
  const size_t n = origin.size(), natoms = (size_t) session.natoms();
  const size_t components = mlgrain_soap_components(&p);
  const auto type = session.gather_int("type", 1);
  std::vector<unsigned char> chosen(n, 0);
  std::fill(chosen.begin(), chosen.begin() + (long) natoms, 1);
  std::vector<double> weight;
  std::vector<int32_t> channel;
  for (int i : origin) {
    if (!types.weight.empty()) weight.push_back(types.weight[type[i] - 1]);
    if (!types.channel.empty()) channel.push_back(types.channel[type[i] - 1]);
  }
  mlgrain_cells *cells;
  mlgrain_soap *soap;
  check(
      !mlgrain_cells_create(n, (const double(*)[3]) points.data(), reach, &cells, nullptr, nullptr),
      "cells");
  check(!mlgrain_soap_create(&p, mlgrain_simd_best(), &soap, nullptr), "soap");
  std::vector<double> all(n * components);
  const mlgrain_soap_points given = {cells, chosen.data(),
                                     channel.empty() ? nullptr : channel.data(),
                                     weight.empty() ? nullptr : weight.data()};
  check(!mlgrain_soap_compute(soap, &given, 0, mlgrain_cells_count(cells), all.data(), nullptr),
        "compute");
  mlgrain_soap_free(soap);
  mlgrain_cells_free(cells);
  all.resize(natoms * components);
  return all;
}

double largest(const std::vector<double> &values)
{
  double most = 0.0;
  for (double v : values) most = std::max(most, std::fabs(v));
  return most;
}

/* To parts of the largest number. */
void compare(const std::vector<double> &got, const std::vector<double> &wanted, double tolerance)
{
  if (!check(got.size() == wanted.size(), "%zu numbers, expected %zu", got.size(), wanted.size()))
    return;
  const double size = largest(wanted);
  check(size > 0.0, "nothing expected");
  for (size_t i = 0; i < wanted.size(); i++)
    if (!check(std::fabs(got[i] - wanted[i]) <= tolerance * size,
               "number %zu: %.15g, expected %.15g", i, got[i], wanted[i]))
      return;
}

/* The style's line of a session, with what makes LAMMPS evaluate it. */
std::string atoms_line(const std::string &style, const std::string &run = "run 0")
{
  return "compute s all " + style + "\ncompute r all reduce max c_s[1]\n" +
      "thermo_style custom step c_r\n" + run;
}

void compare_with_images(const std::string &setup, const std::string &style,
                         const mlgrain_soap_parameters &p, const Types &types = {},
                         double tolerance = 1e-12, const std::string &run = "run 0")
{
  Session session;
  session.run(setup + atoms_line(style, run));
  compare(session.gather("c_s", (int) mlgrain_soap_components(&p)), expected(session, p, types),
          tolerance);
}

void boxes()
{
  const auto p = parameters();
  compare_with_images(random_atoms(), line, p);
  compare_with_images(random_atoms("p p p", "prism 0 14 0 16 0 18 5 -4 7"), line, p);
  compare_with_images(random_atoms("p f s"), line, p);
  compare_with_images(random_atoms("p p p", "block 0 3 0 16 0 4", 17), line, p);
  compare_with_images(random_atoms() + "comm_style tiled\nbalance 1.0 rcb\n", line, p);
}

/* Some ranks own nothing: all atoms in one corner. */
void empty_ranks()
{
  compare_with_images("units metal\nboundary f f f\nregion box block 0 40 0 40 0 40 units box\n"
                      "create_box 2 box\nmass * 63.5\nregion corner block 0 9 0 9 0 9 units box\n"
                      "create_atoms 2 random 60 77 corner\n" +
                          std::string(no_interaction),
                      line, parameters());
}

/* Atoms move for many steps between two reneighborings. */
void moving_atoms()
{
  const std::string hot = "pair_style eam/alloy\npair_coeff * * " + potentials() +
      "/Cu_mishin1.eam.alloy Cu\nvelocity all create 2000 99\nfix 1 all nve\n"
      "neighbor 2.0 bin\nneigh_modify delay 0 every 1 check yes\n";
  compare_with_images("units metal\nlattice fcc 3.615\nregion box block 0 5 0 5 0 5\n"
                      "create_box 1 box\ncreate_atoms 1 box\nmass 1 63.5\n" +
                          hot,
                      line, parameters(), {}, 1e-12, "run 37");
}

void keywords()
{
  auto p = parameters();
  p.width = 1.5;
  p.central_weight = 0.25;
  p.normalise = 1;
  compare_with_images(random_atoms(), std::string(line) + " width 1.5 central 0.25 normalise yes",
                      p);
  p = parameters();
  compare_with_images(random_atoms(), std::string(line) + " weight 1.5 0.25", p, {{1.5, 0.25}, {}});
  compare_with_images(random_atoms(), std::string(line) + " species 0 1", p, {{}, {-1, 0}});
  p.precision = MLGRAIN_SOAP_SINGLE;
  compare_with_images(random_atoms(), std::string(line) + " precision single", p, {}, 3e-6);
  p = parameters();
  p.species = 2;
  compare_with_images(random_atoms(), std::string(line) + " species 2 1", p, {{}, {1, 0}});
  p.basis = MLGRAIN_SOAP_GTO;
  p.width = 0.0;
  compare_with_images(random_atoms(), "soap/atom gto 4.0 3 4 0.5 species 1 2", p, {{}, {0, 1}});
}

void other_atoms_get_zero()
{
  Session session;
  session.run(random_atoms() + "group two type 2\ncompute s two " + line +
              "\ncompute r all reduce max c_s[1]\nthermo_style custom step c_r\nrun 0");
  const auto p = parameters();
  const size_t components = mlgrain_soap_components(&p);
  auto wanted = expected(session, p);
  const auto type = session.gather_int("type", 1);
  for (size_t i = 0; i < wanted.size(); i++)
    if (type[i / components] != 2) wanted[i] = 0.0;
  compare(session.gather("c_s", (int) components), wanted, 1e-12);
}

void columns()
{
  Session session;
  session.run(random_atoms() + "compute a all " + line + " columns 7 1*3 30*\n" + "compute b all " +
              line + " columns l 2\ncompute c all " + line + " columns 12\n" +
              "compute r all reduce max c_a[1] c_b[1] c_c\nthermo_style custom step c_r[*]\nrun 0");
  const auto p = parameters();
  const size_t components = mlgrain_soap_components(&p);    // 31
  const auto all = expected(session, p);
  const double size = largest(all);
  const auto a = session.gather("c_a", 6), b = session.gather("c_b", 6),
             c = session.gather("c_c", 1);
  const int of_a[6] = {6, 0, 1, 2, 29, 30};
  for (size_t i = 0; i < c.size(); i++) {
    for (size_t k = 0; k < 6; k++) {
      check(std::fabs(a[6 * i + k] - all[components * i + of_a[k]]) <= 1e-12 * size, "list");
      check(std::fabs(b[6 * i + k] - all[components * i + 5 * k + 2]) <= 1e-12 * size, "l");
    }
    check(std::fabs(c[i] - all[components * i + 11]) <= 1e-12 * size, "single column");
  }
}

void threads()
{
  setenv("OMP_NUM_THREADS", "3", 1);
  compare_with_images(random_atoms(), line, parameters());
  setenv("OMP_NUM_THREADS", "1", 1);
}

/* ---- means ---------------------------------------------------------------------------------- */

std::vector<double> global_vector(const Session &session, const char *id, int count)
{
  std::vector<double> values;
  const auto *data = static_cast<const double *>(
      lammps_extract_compute(session.handle, id, LMP_STYLE_GLOBAL, LMP_TYPE_VECTOR));
  if (check(data != nullptr, "no vector")) values.assign(data, data + count);
  return values;
}

std::vector<double> global_array(const Session &session, const char *id, int rows, int columns)
{
  std::vector<double> values;
  auto *const *data = static_cast<double **>(
      lammps_extract_compute(session.handle, id, LMP_STYLE_GLOBAL, LMP_TYPE_ARRAY));
  if (!check(data != nullptr, "no array")) return values;
  for (int i = 0; i < rows; i++) values.insert(values.end(), data[i], data[i] + columns);
  return values;
}

/* Means (or sums) of the rows whose chunk, counted from 1, is k. */
std::vector<double> average(const std::vector<double> &all, const std::vector<int> &chunk,
                            int chunks, bool is_sum = false)
{
  const size_t columns = all.size() / chunk.size();
  std::vector<double> mean((size_t) chunks * columns, 0.0), count((size_t) chunks, 0.0);
  for (size_t i = 0; i < chunk.size(); i++) {
    if (chunk[i] < 1) continue;
    count[(size_t) chunk[i] - 1] += 1.0;
    for (size_t c = 0; c < columns; c++)
      mean[((size_t) chunk[i] - 1) * columns + c] += all[i * columns + c];
  }
  for (size_t k = 0; k < mean.size(); k++)
    if (!is_sum && count[k / columns] > 0.0) mean[k] /= count[k / columns];
  return mean;
}

void mean_of_a_group()
{
  for (bool is_sum : {false, true}) {
    Session session;
    session.run(random_atoms() +
                "group two type 2\ncompute m two soap/mean quippy 4.0 3 4 0.5 sum " +
                (is_sum ? "yes" : "no") + "\nthermo_style custom step c_m[3]\nrun 0");
    const auto p = parameters();
    const auto type = session.gather_int("type", 1);
    std::vector<int> chunk;
    for (int t : type) chunk.push_back(t == 2);
    compare(global_vector(session, "m", 31), average(expected(session, p), chunk, 1, is_sum),
            1e-12);
  }
}

void mean_of_chunks()
{
  setenv("OMP_NUM_THREADS", "2", 1);
  Session session;
  session.run(random_atoms() +
              "group some id 1:300\ncompute c all chunk/atom bin/1d z lower 5.0 units box\n"
              "compute m some soap/mean quippy 4.0 3 4 0.5 chunk c species 1 0\n"
              "fix a all ave/time 1 1 1 c_m[4] mode vector\nrun 0\n");
  setenv("OMP_NUM_THREADS", "1", 1);
  const auto x = session.gather("x", 3);
  std::vector<int> chunk;
  for (size_t i = 0; i < x.size() / 3; i++)
    chunk.push_back(i < 300 ? std::min(3, (int) (x[3 * i + 2] / 5.0)) + 1 : 0);
  compare(global_array(session, "m", 4, 31),
          average(expected(session, parameters(), {{}, {0, -1}}), chunk, 4), 1e-12);
}

/* A chunk without atoms has zeros. */
/* An input line that is refused in these words. */
void refuse(const std::string &style, const std::string &words)
{
  Session session;
  session.must_fail(random_atoms() + "compute s all " + style, words);
}

/* ---- projections ---------------------------------------------------------------------------- */

enum { COLUMNS = 3 };

double mean_of(size_t c)
{
  return 1e-3 * std::sin(2.0 * (double) c);
}

double matrix_of(size_t c, size_t k)
{
  return std::cos(1.0 + 5.0 * (double) c + 11.0 * (double) k);
}

/* A file for these parameters, written by the first rank. */
std::string projection_file(const mlgrain_soap_parameters &p, const std::string &name)
{
  int process = (int) getpid();
  MPI_Bcast(&process, 1, MPI_INT, 0, MPI_COMM_WORLD);
  const std::string path =
      "test_compute_soap_" + std::to_string(process) + "_" + name + ".safetensors";
  const size_t components = mlgrain_soap_components(&p);
  std::vector<double> mean, matrix;
  for (size_t c = 0; c < components; c++) {
    mean.push_back(mean_of(c));
    for (size_t k = 0; k < COLUMNS; k++) matrix.push_back(matrix_of(c, k));
  }
  mlgrain_soap_projection *projection;
  check(!mlgrain_soap_projection_create(&p, COLUMNS, mean.data(), matrix.data(), &projection,
                                        nullptr),
        "projection");
  if (rank() == 0) check(!mlgrain_soap_projection_write(projection, path.c_str(), nullptr), "file");
  mlgrain_soap_projection_free(projection);
  MPI_Barrier(MPI_COMM_WORLD);
  return path;
}

std::vector<double> projected(const std::vector<double> &rows, size_t components)
{
  std::vector<double> result;
  for (size_t i = 0; i < rows.size() / components; i++)
    for (size_t k = 0; k < COLUMNS; k++) {
      double sum = 0.0;
      for (size_t c = 0; c < components; c++)
        sum += (rows[i * components + c] - mean_of(c)) * matrix_of(c, k);
      result.push_back(sum);
    }
  return result;
}

void projections()
{
  const auto p = parameters();
  const size_t components = mlgrain_soap_components(&p);
  const auto path = projection_file(p, "projection");
  setenv("OMP_NUM_THREADS", "2", 1);
  {
    Session session;
    session.run(
        random_atoms() + "group two type 2\ncompute s all " + line + " project " + path +
        "\ncompute t two " + line + " project " + path +
        "\ncompute m two soap/mean quippy 4.0 3 4 0.5 project " + path +
        "\ncompute k all chunk/atom type\ncompute c two soap/mean quippy 4.0 3 4 0.5 chunk k "
        "project " +
        path + "\ncompute r all reduce max c_s[1] c_t[1]\n" +
        "thermo_style custom step c_r[*] c_m[1] c_c[1][1]\nrun 0");
    const auto all = expected(session, p);
    const auto type = session.gather_int("type", 1);
    const auto wanted = projected(all, components);
    compare(session.gather("c_s", COLUMNS), wanted, 1e-12);
    auto of_two = wanted;
    std::vector<int> chunk;
    for (size_t i = 0; i < type.size(); i++) {
      for (size_t k = 0; k < COLUMNS; k++)
        if (type[i] != 2) of_two[i * COLUMNS + k] = 0.0;
      chunk.push_back(type[i] == 2);
    }
    compare(session.gather("c_t", COLUMNS), of_two, 1e-12);
    const auto mean = average(wanted, chunk, 1);
    compare(global_vector(session, "m", COLUMNS), mean, 1e-12);
    auto chunks = std::vector<double>(COLUMNS, 0.0);    // no atom of type 1 is in the group
    chunks.insert(chunks.end(), mean.begin(), mean.end());
    compare(global_array(session, "c", 2, COLUMNS), chunks, 1e-12);
  }
  setenv("OMP_NUM_THREADS", "1", 1);
  auto other = p;
  other.sigma = 0.6;
  const auto wrong = projection_file(other, "wrong");
  refuse(std::string(line) + " project " + wrong, "was made for other parameters");
  refuse("soap/mean quippy 4.0 3 4 0.5 project " + wrong, "was made for other parameters");
  refuse("soap/mean quippy 4.0 3 4 0.5 sum yes project " + path, "for means, not for sums");
  refuse(std::string(line) + " project " + path + " columns 3", "'project' needs all columns");
  refuse(std::string(line) + " project /nowhere", "/nowhere");
  refuse(std::string(line) + " project", "'project' has no value");
  MPI_Barrier(MPI_COMM_WORLD);
  if (rank() == 0) {
    remove(path.c_str());
    remove(wrong.c_str());
  }
}

void empty_chunk()
{
  Session session;
  session.run(random_atoms() +
              "variable k atom (type==2)*2+(type==1)*3\ncompute c all chunk/atom v_k nchunk once "
              "limit 3 max\n"
              "compute m all soap/mean quippy 4.0 3 4 0.5 chunk c\n"
              "fix a all ave/time 1 1 1 c_m[4] mode vector\nrun 0\n");
  const auto all = global_array(session, "m", 3, 31);
  for (int k = 0; k < 31; k++) check(all[(size_t) k] == 0.0, "component %d of an empty chunk", k);
  check(all[31] > 0.0 && all[62] > 0.0, "chunks with atoms");
}

/* ---- errors --------------------------------------------------------------------------------- */

void bad_lines()
{
  refuse("soap/atom", "'basis' has no value");
  refuse("soap/atom poly 4 3 3 0.5", "unknown basis 'poly'");
  refuse("soap/atom quippy 4 3 3", "'sigma' has no value");
  refuse("soap/atom quippy 4 3 3 x", "x");
  refuse("soap/atom quippy 4 0 3 0.5", "nmax");
  refuse("soap/atom quippy 4 3 99 0.5", "lmax");
  refuse("soap/atom quippy -4 3 3 0.5", "cutoff");
  refuse("soap/atom quippy nan 3 3 0.5", "nan");
  refuse("soap/atom gto 0.9 3 3 0.5", "above 1");
  refuse("soap/atom gto 5 30 2 0.5", "depend on each other");
  refuse("soap/atom quippy 4 3 3 0.5 width 5", "width");
  refuse("soap/atom gto 4 3 3 0.5 width 0.5", "for basis quippy only");
  refuse("soap/atom quippy 4 3 3 0.5 weight 1", "'weight' has no value");
  refuse("soap/atom quippy 4 3 3 0.5 weight 1 -1", "negative");
  refuse("soap/atom quippy 4 3 3 0.5 species 1 3", "species 2");
  refuse("soap/atom quippy 4 3 3 0.5 species 1 17", "17");
  refuse("soap/atom quippy 4 3 3 0.5 precision half", "half");
  refuse("soap/atom quippy 4 3 3 0.5 normalise maybe", "maybe");
  refuse("soap/atom quippy 4 3 3 0.5 colour red", "unknown keyword 'colour'");
  refuse("soap/atom quippy 4 3 3 0.5 columns", "after 'columns'");
  refuse("soap/atom quippy 4 3 3 0.5 columns 26", "1 to 25");
  refuse("soap/atom quippy 4 3 3 0.5 columns 0", "1 to 25");
  refuse("soap/atom quippy 4 3 3 0.5 columns 4*2", "1 to 25");
  refuse("soap/atom quippy 4 3 3 0.5 columns 1*2*3", "1 to 25");
  refuse("soap/atom quippy 4 3 3 0.5 columns 99999999999999999999", "1 to 25");
  refuse("soap/atom quippy 4 3 3 0.5 columns l 4", "lmax, 3");
  refuse("soap/mean quippy 4 3 3 0.5 chunk nothing", "no compute chunk/atom with ID 'nothing'");
  refuse("soap/mean quippy 4 3 3 0.5 columns 3", "unknown keyword 'columns'");
}

void too_much_memory()
{
  Session session;
  session.must_fail(random_atoms() + "compute s all soap/atom quippy 4 18 18 0.5 memory 0.001\n" +
                        "compute r all reduce max c_s[1]\nthermo_style custom step c_r\nrun 0",
                    "3250 numbers for each of 340 atoms take 8.84 MB");
}

/* What the style can't change. */
void ghosts_by_type()
{
  Session session;
  session.must_fail(random_atoms() +
                        "neighbor 2.0 multi\ncomm_modify mode multi cutoff/multi * 3.0\n" +
                        atoms_line(line),
                    "comm_modify mode single");
}

void positions_that_are_not_finite()
{
  Session session({}, MPI_COMM_SELF);
  session.run(random_atoms() + atoms_line(line));
  auto **x = static_cast<double **>(lammps_extract_atom(session.handle, "x"));
  x[5][1] = NAN;
  session.must_fail("run 0 pre no", "is not finite");
}

}    // namespace

int main(int argc, char **argv)
{
  return run_tests(argc, argv,
                   {{"boxes", boxes},
                    {"empty ranks", empty_ranks},
                    {"moving atoms", moving_atoms},
                    {"keywords", keywords},
                    {"other atoms get zero", other_atoms_get_zero},
                    {"columns", columns},
                    {"threads", threads},
                    {"mean of a group", mean_of_a_group},
                    {"mean of chunks", mean_of_chunks},
                    {"empty chunk", empty_chunk},
                    {"projections", projections},
                    {"bad lines", bad_lines},
                    {"too much memory", too_much_memory},
                    {"ghosts by type", ghosts_by_type},
                    {"positions that are not finite", positions_that_are_not_finite}});
}
