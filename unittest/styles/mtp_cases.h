/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tests of pair style mtp share: small potentials written as files, random atoms, what
   the plain formulas say about them, configurations in MLIP's format. */
#ifndef MLGRAIN_MTP_CASES_H
#define MLGRAIN_MTP_CASES_H

#include "lammps_session.h"

#include "mlgrain/mtp.h"
#include "mtp_plain.h"

#include <cfloat>
#include <cstring>
#include <fstream>
#include <memory>
#include <random>
#include <sstream>
#include <stdexcept>
#include <unistd.h>

namespace test {

inline const double min_dist = 1.8, max_dist = 4.0;    // of the potentials made here

/* The same on all ranks, which one process has started, and another in each test: ctest runs
   them side by side. */
inline std::string scratch(const std::string &name)
{
  return "mtp-" + std::to_string(getppid()) + "-" + name;
}

inline void write_file(const std::string &path, const std::string &bytes)
{
  if (rank() == 0) std::ofstream(path, std::ios::binary) << bytes;
  MPI_Barrier(MPI_COMM_WORLD);
}

inline std::string read_file(const std::string &path)
{
  MPI_Barrier(MPI_COMM_WORLD);
  std::ifstream stream(path, std::ios::binary);
  std::stringstream text;
  text << stream.rdbuf();
  return text.str();
}

inline void remove_file(const std::string &path)
{
  MPI_Barrier(MPI_COMM_WORLD);
  if (rank() == 0) remove(path.c_str());
  MPI_Barrier(MPI_COMM_WORLD);
}

/* Calls a test with each number of threads. */
template <class Test> void with_threads(Test check)
{
  for (const char *count : {"2", "3"}) {
    setenv("OMP_NUM_THREADS", count, 1);
    check();
  }
  setenv("OMP_NUM_THREADS", "1", 1);
}

/* Calls a test at each level of vector instructions. */
template <class Test> void at_simd_levels(Test check)
{
  const std::string before = environment("MLGRAIN_SIMD");
  for (const char *level : {"v4", "v3", "v2"}) {
    setenv("MLGRAIN_SIMD", level, 1);
    check();
  }
  if (before.empty())
    unsetenv("MLGRAIN_SIMD");
  else
    setenv("MLGRAIN_SIMD", before.c_str(), 1);
}

inline std::string number(double value)
{
  char text[40];
  snprintf(text, sizeof text, "%.17g", value);
  return text;
}

struct PotentialForm {
  int species = 3;
  bool repulsive = false;
  std::vector<int> labels = {};     // of pairs of species; empty: 0, 1, ...
  const char *weights = nullptr;    // lines of an active set, nullptr: none
  unsigned seed = 1;
};

inline std::string row(std::mt19937 &random, int count, double size)
{
  std::uniform_real_distribution<double> number(-size, size);
  std::string text = "{";
  char piece[40];
  for (int k = 0; k < count; k++) {
    snprintf(piece, sizeof piece, "%s%.15e", k ? ", " : "", number(random));
    text += piece;
  }
  return text + "}";
}

inline void append_matrix(std::string &text, std::mt19937 &random, size_t n)
{
  std::normal_distribution<double> number;
  for (size_t k = 0; k < n * n; k++) {
    const double value = number(random);
    char bytes[sizeof value];
    memcpy(bytes, &value, sizeof value);
    text.append(bytes, sizeof value);
  }
}

/* Two radial functions, tensors v and A of rank 1 and 2 of the first, and seven invariants:
   m0, m1, v.v, A:A, m0 m1, v.A.v, m0 (v.v). */
inline std::string potential_text(const PotentialForm &form)
{
  enum { BASIS = 5, SCALARS = 7 };
  std::mt19937 random(form.seed);
  std::string text = "MTP\nversion = 1.1.0\npotential_name = \nscaling = 0.05\nspecies_count = " +
      std::to_string(form.species) + "\npotential_tag = \nradial_basis_type = RBChebyshev" +
      (form.repulsive ? "_repuls" : "") +
      "\n\tmin_dist = 1.8\n\tmax_dist = 4.0\n\tradial_basis_size = 5\n\tradial_funcs_count = 2\n"
      "\tradial_coeffs\n";
  const auto label = [&](int s) {
    return std::to_string(form.labels.empty() ? s : form.labels[s]);
  };
  for (int i = 0; i < form.species; i++)
    for (int j = 0; j < form.species; j++) {
      text += "\t\t" + label(i) + "-" + label(j) + "\n";
      for (int mu = 0; mu < 2; mu++) text += "\t\t\t" + row(random, BASIS, 1.0) + "\n";
    }
  text += "alpha_moments_count = 19\nalpha_index_basic_count = 11\n"
          "alpha_index_basic = {{0, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}, {0, 0, 0, 1}, "
          "{0, 2, 0, 0}, {0, 1, 1, 0}, {0, 1, 0, 1}, {0, 0, 2, 0}, {0, 0, 1, 1}, {0, 0, 0, 2}, "
          "{1, 0, 0, 0}}\n"
          "alpha_index_times_count = 23\n"
          "alpha_index_times = {{1, 1, 1, 11}, {2, 2, 1, 11}, {3, 3, 1, 11}, {4, 4, 1, 12}, "
          "{5, 5, 2, 12}, {6, 6, 2, 12}, {7, 7, 1, 12}, {8, 8, 2, 12}, {9, 9, 1, 12}, "
          "{0, 10, 1, 13}, {4, 1, 1, 14}, {5, 2, 1, 14}, {6, 3, 1, 14}, {5, 1, 1, 15}, "
          "{7, 2, 1, 15}, {8, 3, 1, 15}, {6, 1, 1, 16}, {8, 2, 1, 16}, {9, 3, 1, 16}, "
          "{1, 14, 1, 17}, {2, 15, 1, 17}, {3, 16, 1, 17}, {0, 11, 1, 18}}\n"
          "alpha_scalar_moments = 7\nalpha_moment_mapping = {0, 10, 11, 12, 13, 17, 18}\n"
          "species_coeffs = " +
      row(random, form.species, 3.0) + "\nmoment_coeffs = " + row(random, SCALARS, 0.5) + "\n";
  if (!form.weights) return text;
  const size_t parameters =
      (size_t) (form.species * form.species * 2 * BASIS + form.species + SCALARS);
  text += std::string("#MVS_v1.1\n") + form.weights + "#";
  append_matrix(text, random, parameters);
  append_matrix(text, random, parameters);
  text += "\n#\n";
  for (size_t k = 0; k < parameters; k++) text += "0 " + std::to_string(k) + "\n";
  return text + "#\n";
}

inline const char *const by_neighborhood = "energy_weight 0\nforce_weight 0\nstress_weight 0\n"
                                           "site_en_weight 1\nweight_scaling 2\n";
inline const char *const by_configuration = "energy_weight 1\nforce_weight 0\nstress_weight 0\n"
                                            "site_en_weight 0\nweight_scaling 2\n";

using PotentialFile = std::shared_ptr<mlgrain_mtp_file>;

inline PotentialFile open_potential(const std::string &path)
{
  mlgrain_mtp_file *file = nullptr;
  mlgrain_error error = {""};
  if (mlgrain_mtp_file_read(path.c_str(), &file, &error)) throw std::runtime_error(error.text);
  return {file, mlgrain_mtp_file_free};
}

/* Writes a potential and reads it for the plain formulas. */
struct TestPotential {
  std::string path;
  PotentialFile file;
  TestPotential(const std::string &name, const PotentialForm &form) : path(scratch(name))
  {
    write_file(path, potential_text(form));
    file = open_potential(path);
  }
  ~TestPotential() { remove_file(path); }
};

/* What the plain formulas say, atoms in the order of their IDs. Tensors: xx yy zz xy xz yz and,
   where there are nine, yx zx zy. */
struct Expected {
  double energy = 0.0, smallest = DBL_MAX;
  double virial[6] = {};
  std::vector<double> site, force, half, centroid, grade, parameters;
  std::vector<double> nearest;                  // distance, the cutoff where there is none
  std::vector<std::vector<double>> gradient;    // of site energies by parameters
};

/* Adds -d_a g_b of one pair. */
inline void add_pair(Expected &out, int i, int j, const double d[3], const double g[3])
{
  static const int place[9][2] = {{0, 0}, {1, 1}, {2, 2}, {0, 1}, {0, 2},
                                  {1, 2}, {1, 0}, {2, 0}, {2, 1}};
  for (int c = 0; c < 3; c++) {
    out.force[3 * i + c] += g[c];
    out.force[3 * j + c] -= g[c];
  }
  for (int k = 0; k < 9; k++) {
    const int a = place[k][0], b = place[k][1];
    out.centroid[9 * j + k] -= d[a] * g[b];
    if (k >= 6) continue;
    const double w = -0.5 * (d[a] * g[b] + d[b] * g[a]);
    out.virial[k] += w;
    out.half[6 * i + k] += 0.5 * w;
    out.half[6 * j + k] += 0.5 * w;
  }
}

/* Whether neighbor exclusions keep two atoms, counted from 0, from interacting; the same atom
   twice: an atom and another just like it. */
using ExcludedPair = std::function<bool(long, long)>;

/* Atoms that interact with none there is, nor with one like themselves, are as if deleted. */
inline std::vector<char> excluded_atoms(long n, const ExcludedPair &excluded)
{
  std::vector<char> gone(n, excluded ? 1 : 0);
  for (long i = 0; i < n && excluded; i++)
    for (long j = 0; j < n; j++)
      if (!excluded(i, j)) gone[i] = 0;
  return gone;
}

/* species: of each atom type from 1 on, -1 for types the potential doesn't see. */
inline Expected expected(const Session &session, const PotentialFile &file,
                         const std::vector<int> &species, const ExcludedPair &excluded = nullptr)
{
  std::vector<int> origin;
  const auto x = with_images(session, file->max_dist, &origin);
  const auto type = session.gather_int("type", 1);
  const long n = session.natoms();
  const auto gone = excluded_atoms(n, excluded);
  Expected out;
  out.site.assign(n, 0.0);
  out.force.assign(3 * n, 0.0);
  out.half.assign(6 * n, 0.0);
  out.centroid.assign(9 * n, 0.0);
  out.grade.assign(n, 0.0);
  out.nearest.assign(n, file->max_dist);
  out.gradient.assign(n, {});
  out.parameters.assign(file->parameter_count, 0.0);
  std::vector<double> parameter(file->parameter_count);
  for (long i = 0; i < n; i++) {
    if (species[type[i] - 1] < 0 || gone[i]) continue;
    std::vector<double> d, gradient;
    std::vector<int> kind, from;
    for (size_t j = 0; j < origin.size(); j++) {
      const double dx = x[3 * j] - x[3 * i], dy = x[3 * j + 1] - x[3 * i + 1],
                   dz = x[3 * j + 2] - x[3 * i + 2];
      const double r2 = dx * dx + dy * dy + dz * dz;
      if ((long) j == i || r2 >= file->max_dist * file->max_dist ||
          species[type[origin[j]] - 1] < 0 || (excluded && excluded(i, origin[j])))
        continue;
      d.insert(d.end(), {dx, dy, dz});
      kind.push_back(species[type[origin[j]] - 1]);
      from.push_back(origin[j]);
      out.nearest[i] = std::min(out.nearest[i], std::sqrt(r2));
      out.smallest = std::min(out.smallest, std::sqrt(r2));
    }
    gradient.resize(d.size() + 3);
    out.site[i] = mtp_plain_site(file.get(), species[type[i] - 1], (int) kind.size(),
                                 reinterpret_cast<const double(*)[3]>(d.data()), kind.data(),
                                 reinterpret_cast<double(*)[3]>(gradient.data()), parameter.data());
    out.energy += out.site[i];
    for (size_t k = 0; k < parameter.size(); k++) out.parameters[k] += parameter[k];
    out.gradient[i] = parameter;
    if (file->grade_mode == MLGRAIN_MTP_NEIGHBORHOOD)
      out.grade[i] = file->site_weight * mtp_plain_grade(file.get(), parameter.data());
    for (size_t k = 0; k < kind.size(); k++)
      add_pair(out, (int) i, from[k], &d[3 * k], &gradient[3 * k]);
  }
  return out;
}

/* Random atoms of three types, no two closer than 1.9. `style` is the atom style. */
inline std::string random_atoms(const std::string &boundary = "p p p",
                                const std::string &region = "prism 0 9 0 10 0 9.5 2 -1.5 1",
                                int count = 50, const std::string &style = "atomic")
{
  return "units metal\natom_style " + style + "\natom_modify map array\nboundary " + boundary +
      "\nregion box " + region + " units box\ncreate_box 3 box\nmass 1 20\nmass 2 30\nmass 3 40\n" +
      "create_atoms 1 random " + std::to_string(count) + " 4711 NULL overlap 1.9 maxtry 1000\n" +
      "set group all type/fraction 2 0.4 5\nset group all type/fraction 3 0.3 6\n"
      "neighbor 1.0 bin\ntimestep 0.0005\nthermo_modify lost error\n";
}

/* Computes that compare() needs. */
inline const char *const watch =
    "compute site all pe/atom\ncompute half all stress/atom NULL virial\n"
    "compute centroid all centroid/stress/atom NULL virial\n"
    "compute virial all pressure NULL virial\n"
    "compute sum_half all reduce sum c_half[1] c_half[4]\n"
    "compute sum_centroid all reduce sum c_centroid[1] c_centroid[4]\n"
    "compute sum_site all reduce sum c_site\n"
    "thermo_style custom step pe c_virial[*] c_sum_half[*] c_sum_centroid[*] c_sum_site\n"
    "thermo_modify norm no\n";

inline void near_all(const char *what, const std::vector<double> &got,
                     const std::vector<double> &wanted, double factor, double tolerance)
{
  double size = 1e-3;
  for (double value : wanted) size = std::max(size, std::fabs(value));
  check(got.size() == wanted.size(), "%s: sizes differ", what);
  for (size_t i = 0; i < std::min(got.size(), wanted.size()); i++)
    if (!check(std::fabs(factor * got[i] - wanted[i]) <= tolerance * size,
               "%s, number %zu: %.15g, expected %.15g", what, i, factor * got[i], wanted[i]))
      return;
}

/* Global virial, eV. */
inline std::vector<double> global_virial(const Session &session)
{
  const double scale = lammps_get_thermo(session.handle, "vol") / session.global("nktv2p");
  const auto *pressure = static_cast<double *>(
      lammps_extract_compute(session.handle, "virial", LMP_STYLE_GLOBAL, LMP_TYPE_VECTOR));
  std::vector<double> virial(pressure, pressure + 6);
  for (double &value : virial) value *= scale;
  return virial;
}

/* The state of a session after a run, with `watch`, against the plain formulas. */
inline void compare(const Session &session, const PotentialFile &file,
                    const std::vector<int> &species, double tolerance = 1e-12,
                    const ExcludedPair &excluded = nullptr)
{
  const auto wanted = expected(session, file, species, excluded);
  const double bar = 1.0 / session.global("nktv2p");
  const double energy = lammps_get_thermo(session.handle, "pe");
  check(std::fabs(energy - wanted.energy) <= tolerance * std::max(1.0, std::fabs(wanted.energy)),
        "energy %.15g, expected %.15g", energy, wanted.energy);
  near_all("force", session.gather("f", 3), wanted.force, 1.0, tolerance);
  near_all("virial", global_virial(session), std::vector<double>(wanted.virial, wanted.virial + 6),
           1.0, 10 * tolerance);
  near_all("energy of an atom", session.gather("c_site", 1), wanted.site, 1.0, tolerance);
  near_all("virial of an atom", session.gather("c_half", 6), wanted.half, -bar, tolerance);
  near_all("centroid virial", session.gather("c_centroid", 9), wanted.centroid, -bar, tolerance);
}

/* A configuration in MLIP's format. */
struct Cfg {
  std::vector<double> cell;    // 9 numbers, or none
  std::vector<std::string> columns;
  std::vector<std::vector<double>> atoms;
  double energy = 0.0;
  std::vector<double> stress;    // PlusStress: xx yy zz yz xz xy
  std::vector<std::pair<std::string, std::string>> features;

  double value(size_t atom, const std::string &column) const
  {
    for (size_t k = 0; k < columns.size(); k++)
      if (columns[k] == column) return atoms[atom][k];
    throw std::runtime_error("no column " + column);
  }
};

inline std::vector<Cfg> read_cfgs(const std::string &path)
{
  std::istringstream stream(read_file(path));
  std::vector<Cfg> all;
  std::string line, word;
  size_t size = 0;
  while (std::getline(stream, line)) {
    std::istringstream words(line);
    if (!(words >> word)) continue;
    if (word == "BEGIN_CFG") {
      all.emplace_back();
    } else if (all.empty()) {
      throw std::runtime_error("no BEGIN_CFG in " + path);
    } else if (word == "Size") {
      stream >> size;
    } else if (word == "Supercell") {
      all.back().cell.resize(9);
      for (double &value : all.back().cell) stream >> value;
    } else if (word == "AtomData:") {
      while (words >> word) all.back().columns.push_back(word);
      all.back().atoms.assign(size, std::vector<double>(all.back().columns.size()));
      for (auto &atom : all.back().atoms)
        for (double &value : atom) stream >> value;
    } else if (word == "Energy") {
      stream >> all.back().energy;
    } else if (word == "PlusStress:") {
      all.back().stress.resize(6);
      for (double &value : all.back().stress) stream >> value;
    } else if (word == "Feature") {
      std::string name, value;
      words >> name >> value;
      all.back().features.emplace_back(name, value);
    }
    if (!stream) throw std::runtime_error("malformed: " + path);
  }
  return all;
}

}    // namespace test

#endif
