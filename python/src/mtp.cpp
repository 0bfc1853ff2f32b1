/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Moment tensor potentials. */
#include "mlgrain/mtp.h"

#include <nanobind/stl/array.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <cinttypes>
#include <cmath>
#include <cstdio>

#include "mlgrain/elements.h"
#include "mlgrain/mtp_error.h"
#include "mlgrain/neighbors.h"
#include "surroundings.h"
#include "threads.h"

namespace mlgrain
{
namespace
{

using File = Owned<mlgrain_mtp_file, mlgrain_mtp_file_free>;
using Potential = Owned<mlgrain_mtp, mlgrain_mtp_free>;

/* What an evaluation can give beyond energy, site energies, forces and virial. */
struct Extras {
  bool grades, gradients;
};

/* The arrays of one evaluation, of as many threads as it has. */
struct Sums {
  Result<double> energies, forces, virial, grades, gradients;
  double energy = 0.0, grade = 0.0, smallest_distance = HUGE_VAL;

  Sums(size_t atoms, size_t parameters, const Extras &extras)
      : energies({atoms}), forces({atoms, 3}), virial({6}), grades({extras.grades ? atoms : 0}),
        gradients({extras.gradients ? atoms : 0, parameters})
  {
  }
};

/* What a thread adds to: forces go to images, too. */
struct Thread {
  Owned<mlgrain_mtp_workspace, mlgrain_mtp_workspace_free> workspace;
  mlgrain_neighbors lists = {};
  mlgrain_mtp_result result = {};
  std::vector<double> force, gradient;
  double virial[6] = {};

  Thread() = default;
  Thread(const Thread &) = delete;
  ~Thread() { mlgrain_neighbors_free(&lists); }
};

class Evaluation
{
public:
  Evaluation(const mlgrain_mtp *mtp, const mlgrain_mtp_file &file, const Surroundings &around,
             const int *species, int threads, const Extras &extras, Sums &sums);
  void run();

private:
  const mlgrain_mtp *mtp;
  const mlgrain_mtp_file &file;
  const Surroundings &around;
  const Extras &extras;
  Sums &sums;
  std::vector<int> species, every_species, neighbor_count;
  std::vector<const int *> neighbors;
  std::vector<std::array<float, 4>> screen;
  mlgrain_mtp_atoms atoms = {};
  std::vector<Thread> thread;

  void begin(Thread &mine);
  void compute(size_t first, size_t last, Thread &mine);
  void reduce();
};

Evaluation::Evaluation(const mlgrain_mtp *mtp, const mlgrain_mtp_file &file,
                       const Surroundings &around, const int *species_of_atom, int threads,
                       const Extras &extras, Sums &sums)
    : mtp(mtp), file(file), around(around), extras(extras), sums(sums), thread(threads)
{
  const size_t count = around.images->count;
  species.resize(count + 1);
  for (size_t i = 0; i < count; i++)
    species[i] = species_of_atom[around.images->owner[i]];
  for (int s = 0; s < file.species_count; s++)
    every_species.push_back(s);
  neighbor_count.resize(count + 1);
  neighbors.resize(count + 1);
  screen.resize(count + 1);
  atoms.x = around.images->x;
  atoms.type = species.data();
  atoms.species_of_type = every_species.data();
  atoms.type_count = file.species_count;
  atoms.neighbors = neighbors.data();
  atoms.neighbor_count = neighbor_count.data();
  atoms.neighbor_mask = -1;
  auto *table = reinterpret_cast<float(*)[4]>(screen.data());
  if (count)
    atoms.screen_extent = mlgrain_mtp_screen(&atoms, atoms.x[0], 0, count, table);
  atoms.screen = table;
}

/* Called by the thread itself, when it has something to do. */
void Evaluation::begin(Thread &mine)
{
  mlgrain_error error;
  mlgrain_mtp_workspace *made = nullptr;
  check(mlgrain_mtp_workspace_create(&made, &error), error);
  mine.workspace.reset(made);
  mine.force.assign(3 * around.images->count, 0.0);
  mine.result.site_energy = sums.energies.data();
  mine.result.force = reinterpret_cast<double(*)[3]>(mine.force.data());
  mine.result.virial = mine.virial;
  mine.result.smallest_distance = HUGE_VAL;
  if (extras.grades && file.grade_mode == MLGRAIN_MTP_NEIGHBORHOOD)
    mine.result.grade = sums.grades.data();
  if (extras.grades && file.grade_mode == MLGRAIN_MTP_CONFIGURATION) {
    mine.gradient.assign(file.parameter_count, 0.0);
    mine.result.gradient_sum = mine.gradient.data();
  }
}

void Evaluation::compute(size_t first, size_t last, Thread &mine)
{
  mlgrain_error error;
  mlgrain_neighbors &lists = mine.lists;
  check(mlgrain_neighbors_find(around.cells.get(), file.max_dist, first, last, around.chosen.data(),
                               &lists, &error),
        error);
  for (size_t k = 0; k < lists.count; k++) {
    neighbors[lists.center[k]] = lists.neighbor + lists.start[k];
    neighbor_count[lists.center[k]] = static_cast<int>(lists.start[k + 1] - lists.start[k]);
  }
  if (lists.count)
    check(mlgrain_mtp_compute(mtp, mine.workspace.get(), &atoms, lists.center, lists.count,
                              &mine.result, &error),
          error);
  for (size_t k = 0; extras.gradients && k < lists.count; k++) {
    mlgrain_mtp_result one = {};
    const size_t center = static_cast<size_t>(lists.center[k]);
    one.gradient_sum = sums.gradients.data() + center * file.parameter_count;
    check(mlgrain_mtp_compute(mtp, mine.workspace.get(), &atoms, lists.center + k, 1, &one, &error),
          error);
  }
}

void Evaluation::run()
{
  const size_t count = mlgrain_cells_count(around.cells.get());
  const int threads = static_cast<int>(thread.size());
  in_threads(count, chunk_of(count, threads, 64, 1024), threads,
             [&](size_t first, size_t last, int t) {
               if (!thread[t].workspace)
                 begin(thread[t]);
               compute(first, last, thread[t]);
             });
  reduce();
}

/* Images give their forces to the atoms that they are images of. */
void Evaluation::reduce()
{
  std::vector<double> gradient(file.parameter_count, 0.0);
  for (auto &one : thread) {
    if (!one.workspace)
      continue;
    for (size_t i = 0; i < around.images->count; i++)
      for (int d = 0; d < 3; d++)
        sums.forces[3 * static_cast<size_t>(around.images->owner[i]) + d] += one.force[3 * i + d];
    for (int k = 0; k < 6; k++)
      sums.virial[k] += one.virial[k];
    sums.energy += one.result.energy;
    sums.smallest_distance = std::min(sums.smallest_distance, one.result.smallest_distance);
    for (size_t p = 0; p < one.gradient.size(); p++)
      gradient[p] += one.gradient[p];
  }
  if (!extras.grades || !around.atoms)
    return;
  double *grade = sums.grades.data();
  if (file.grade_mode == MLGRAIN_MTP_CONFIGURATION)
    std::fill_n(
        grade, around.atoms,
        mlgrain_mtp_configuration_grade(mtp, gradient.data(), static_cast<double>(around.atoms)));
  sums.grade = *std::max_element(grade, grade + around.atoms);
}

/* The class MTP of the module: a potential file, and what is made of it for this processor. */
class MTP
{
public:
  MTP(const std::string &name, const nb::bytes &contents)
  {
    mlgrain_error error;
    mlgrain_mtp_file *read = nullptr;
    check(mlgrain_mtp_file_parse(name.c_str(), contents.c_str(), contents.size(), &read, &error),
          error);
    file.reset(read);
    prepare();
  }

  const mlgrain_mtp_file &contents() const { return *file; }

  std::vector<int> labels() const
  {
    return std::vector<int>(file->label, file->label + file->species_count);
  }

  nb::object parameters()
  {
    Result<double> all({file->parameter_count});
    size_t next = 0;
    for (const auto &[part, size] : parts())
      next = static_cast<size_t>(std::copy_n(part, size, all.data() + next) - all.data());
    return all.numpy();
  }

  void set_parameters(const Numbers &all)
  {
    if (all.shape(0) != file->parameter_count)
      throw CoreError(MLGRAIN_INVALID_ARGUMENT,
                      "the potential has " + std::to_string(file->parameter_count) +
                          " parameters, not " + std::to_string(all.shape(0)));
    const double *next = all.data();
    for (const auto &[part, size] : parts()) {
      std::copy_n(next, size, part);
      next += size;
    }
    prepare();
  }

  nb::dict evaluate(const Vectors &positions, const Cell &cell, const Periodic &periodic,
                    const Integers &species, bool grades, bool gradients, int threads) const
  {
    const Extras extras = {grades, gradients};
    Sums sums(positions.shape(0), file->parameter_count, extras);
    {
      nb::gil_scoped_release unlocked;
      check_species(species, positions.shape(0));
      const Surroundings around(positions, cell, periodic, file->max_dist);
      Evaluation(mtp.get(), *file, around, species.data(), threads, extras, sums).run();
    }
    nb::dict result;
    result["energy"] = sums.energy;
    result["energies"] = sums.energies.numpy();
    result["forces"] = sums.forces.numpy();
    result["virial"] = sums.virial.numpy();
    result["smallest_distance"] = sums.smallest_distance;
    if (grades) {
      result["grades"] = sums.grades.numpy();
      result["grade"] = sums.grade;
    }
    if (gradients)
      result["gradients"] = sums.gradients.numpy();
    return result;
  }

private:
  File file;
  Potential mtp;

  void prepare()
  {
    mlgrain_error error;
    mlgrain_mtp *made = nullptr;
    check(mlgrain_mtp_create(file.get(), mlgrain_simd_best(), &made, &error), error);
    mtp.reset(made);
  }

  /* Where the parameters are, in their order, and how many. */
  std::array<std::pair<double *, size_t>, 3> parts() const
  {
    const size_t species = static_cast<size_t>(file->species_count);
    const size_t scalars = static_cast<size_t>(file->scalar_count);
    return {{{file->radial_coeffs, file->parameter_count - species - scalars},
             {file->species_coeffs, species},
             {file->moment_coeffs, scalars}}};
  }

  void check_species(const Integers &species, size_t atoms) const
  {
    if (species.shape(0) != atoms)
      throw CoreError(MLGRAIN_INVALID_ARGUMENT, "not as many species as atoms");
    for (size_t i = 0; i < atoms; i++)
      if (species.data()[i] < 0 || species.data()[i] >= file->species_count)
        throw CoreError(MLGRAIN_INVALID_ARGUMENT, "a species that the potential doesn't have");
  }
};

} // namespace

void bind_mtp(nb::module_ &module)
{
  nb::class_<MTP>(module, "MTP")
      .def(nb::init<const std::string &, const nb::bytes &>(), nb::arg("name"), nb::arg("contents"))
      .def_prop_ro("species_count", [](const MTP &self) { return self.contents().species_count; })
      .def_prop_ro("labels", &MTP::labels)
      .def_prop_ro("cutoff", [](const MTP &self) { return self.contents().max_dist; })
      .def_prop_ro("min_dist", [](const MTP &self) { return self.contents().min_dist; })
      .def_prop_ro("has_active_set",
                   [](const MTP &self) { return self.contents().active_inverse != nullptr; })
      .def_prop_ro(
          "grades_are_per_atom",
          [](const MTP &self) { return self.contents().grade_mode == MLGRAIN_MTP_NEIGHBORHOOD; })
      .def_prop_ro("fingerprint",
                   [](const MTP &self) {
                     char text[17];
                     snprintf(text, sizeof text, "%016" PRIx64,
                              mlgrain_mtp_fingerprint(&self.contents()));
                     return std::string(text);
                   })
      .def_prop_rw("parameters", &MTP::parameters, &MTP::set_parameters)
      .def("evaluate", &MTP::evaluate, nb::arg("positions"), nb::arg("cell"), nb::arg("periodic"),
           nb::arg("species"), nb::arg("grades"), nb::arg("gradients"), nb::arg("threads"));
  nb::list symbols;
  for (int number = 1; number <= MLGRAIN_ELEMENTS; number++)
    symbols.append(mlgrain_element_symbol(number));
  module.attr("SYMBOLS") = nb::tuple(symbols);
}

} // namespace mlgrain
