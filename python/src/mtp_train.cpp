/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Training of moment tensor potentials. */
#include "mlgrain/mtp_train.h"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <optional>

#include "mlgrain/neighbors.h"
#include "surroundings.h"
#include "threads.h"

namespace mlgrain
{
namespace
{

using File = Owned<mlgrain_mtp_file, mlgrain_mtp_file_free>;
using Model = Owned<mlgrain_mtp_model, mlgrain_mtp_model_free>;
using Data = Owned<mlgrain_mtp_data, mlgrain_mtp_data_free>;
using Workspace = Owned<mlgrain_mtp_train_workspace, mlgrain_mtp_train_workspace_free>;
using Selection = Owned<mlgrain_mtp_selection, mlgrain_mtp_selection_free>;
using Matrix = nb::ndarray<const double, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using Cells = nb::ndarray<const double, nb::shape<-1, 3, 3>, nb::c_contig, nb::device::cpu>;
using Periodics = nb::ndarray<const bool, nb::shape<-1, 3>, nb::c_contig, nb::device::cpu>;
using Virials = nb::ndarray<const double, nb::shape<-1, 6>, nb::c_contig, nb::device::cpu>;

constexpr size_t BLOCK_ATOMS = 256;

/* Images and neighbor lists of one configuration. */
struct Lists {
  Owned<mlgrain_images, mlgrain_images_free> images;
  std::vector<int> neighbors;
  std::vector<size_t> first;
};

Lists find_lists(const double *positions, size_t atoms, const double *cell, const bool *periodic,
                 double cutoff)
{
  Surroundings around(positions, atoms, cell, {periodic[0], periodic[1], periodic[2]}, cutoff);
  mlgrain_neighbors found = {};
  mlgrain_error error;
  const mlgrain_status status =
      mlgrain_neighbors_find(around.cells.get(), cutoff, 0, mlgrain_cells_count(around.cells.get()),
                             around.chosen.data(), &found, &error);
  Lists lists;
  std::vector<size_t> place(atoms, 0);
  for (size_t k = 0; k < found.count && !status; k++)
    place[found.center[k]] = k;
  lists.first.assign(1, 0);
  for (size_t i = 0; i < atoms && !status; i++) {
    lists.neighbors.insert(lists.neighbors.end(), found.neighbor + found.start[place[i]],
                           found.neighbor + found.start[place[i] + 1]);
    lists.first.push_back(lists.neighbors.size());
  }
  mlgrain_neighbors_free(&found);
  check(status, error);
  lists.images = std::move(around.images);
  return lists;
}

nb::bytes format(const mlgrain_mtp_file &file, const std::string &name)
{
  mlgrain_error error;
  char *bytes = nullptr;
  size_t size = 0;
  check(mlgrain_mtp_file_format(&file, name.c_str(), &bytes, &size, &error), error);
  nb::bytes made(bytes, size);
  mlgrain_mtp_bytes_free(bytes);
  return made;
}

bool has_no_radial_coefficient(const mlgrain_mtp_file &file)
{
  const size_t species = static_cast<size_t>(file.species_count);
  const double *last = file.radial_coeffs + species * species *
                                                static_cast<size_t>(file.radial_count) *
                                                static_cast<size_t>(file.radial_size);
  return std::all_of(static_cast<const double *>(file.radial_coeffs), last,
                     [](double value) { return value == 0.0; });
}

nb::dict dict_of(const mlgrain_mtp_loss &loss)
{
  nb::dict made;
  made["energy"] = loss.energy;
  made["force"] = loss.force;
  made["virial"] = loss.virial;
  made["energy_squares"] = loss.energy_squares;
  made["force_squares"] = loss.force_squares;
  made["virial_squares"] = loss.virial_squares;
  made["energy_count"] = loss.energy_count;
  made["force_count"] = loss.force_count;
  made["virial_count"] = loss.virial_count;
  return made;
}

void add(const mlgrain_mtp_loss &one, mlgrain_mtp_loss &sum)
{
  sum.energy += one.energy;
  sum.force += one.force;
  sum.virial += one.virial;
  sum.energy_squares += one.energy_squares;
  sum.force_squares += one.force_squares;
  sum.virial_squares += one.virial_squares;
  sum.energy_count += one.energy_count;
  sum.force_count += one.force_count;
  sum.virial_count += one.virial_count;
}

/* What a thread adds to. */
struct Thread {
  Workspace workspace;
  mlgrain_mtp_loss loss = {};
  std::vector<double> vector, matrix, scores;
};

/* The class MTPTraining of the module: a potential and configurations. */
class MTPTraining
{
public:
  MTPTraining(const std::string &name, const nb::bytes &contents)
  {
    mlgrain_error error;
    mlgrain_mtp_file *read = nullptr;
    check(mlgrain_mtp_file_parse(name.c_str(), contents.c_str(), contents.size(), &read, &error),
          error);
    file.reset(read);
    mlgrain_mtp_model *made = nullptr;
    check(mlgrain_mtp_model_create(file.get(), mlgrain_simd_best(), &made, &error), error);
    model.reset(made);
  }

  size_t parameter_count() const { return file->parameter_count; }
  size_t linear_count() const
  {
    return static_cast<size_t>(file->species_count) + static_cast<size_t>(file->scalar_count);
  }
  int species_count() const { return file->species_count; }
  double cutoff() const { return file->max_dist; }
  bool is_of_atoms() const { return file->grade_mode == MLGRAIN_MTP_NEIGHBORHOOD; }
  double min_dist() const { return file->min_dist; }
  double scaling() const { return file->scaling; }
  bool is_repulsive() const { return file->basis == MLGRAIN_MTP_CHEBYSHEV_REPULS; }
  /* [species, species, radial functions, polynomials] */
  std::vector<int> radial_shape() const
  {
    return {file->species_count, file->species_count, file->radial_count, file->radial_size};
  }
  size_t atoms() const { return data ? mlgrain_mtp_data_atoms(data.get()) : 0; }
  size_t frames() const { return data ? mlgrain_mtp_data_frames(data.get()) : 0; }

  std::vector<int> labels() const
  {
    return std::vector<int>(file->label, file->label + file->species_count);
  }

  nb::object parameters() const
  {
    Result<double> all({file->parameter_count});
    mlgrain_mtp_file_parameters(file.get(), all.data());
    return all.numpy();
  }

  void set_parameters(const Numbers &all)
  {
    mlgrain_error error;
    if (all.shape(0) != file->parameter_count)
      throw CoreError(MLGRAIN_INVALID_ARGUMENT,
                      "the potential has " + std::to_string(file->parameter_count) +
                          " parameters, not " + std::to_string(all.shape(0)));
    mlgrain_mtp_file_set_parameters(file.get(), all.data());
    check(mlgrain_mtp_model_update(file.get(), model.get(), &error), error);
  }

  /* Parameters to start with. */
  void start(unsigned long long seed)
  {
    mlgrain_error error;
    mlgrain_mtp_file_start(file.get(), seed);
    check(mlgrain_mtp_model_update(file.get(), model.get(), &error), error);
  }

  nb::bytes contents(const std::string &name) const { return format(*file, name); }

  /* With an active set: A and its transposed inverse; of atoms, or of configurations with that
     weight scaling. */
  nb::bytes contents_with_active_set(const std::string &name, const Matrix &active,
                                     const Matrix &inverse, bool of_atoms, int weight_scaling)
  {
    const size_t n = file->parameter_count;
    if (active.shape(0) != n || active.shape(1) != n || inverse.shape(0) != n ||
        inverse.shape(1) != n)
      throw CoreError(MLGRAIN_INVALID_ARGUMENT, "an active set has a row for each parameter");
    mlgrain_mtp_file copy = *file; /* of its own are only the two pointers: nothing is freed */
    copy.active_set = const_cast<double *>(active.data());
    copy.active_inverse = const_cast<double *>(inverse.data());
    copy.energy_weight = of_atoms ? 0.0 : 1.0;
    copy.force_weight = copy.stress_weight = 0.0;
    copy.site_weight = of_atoms ? 1.0 : 0.0;
    copy.weight_scaling = weight_scaling;
    return format(copy, name);
  }

  nb::object active_set() const
  {
    const size_t n = file->parameter_count;
    if (!file->active_set)
      return nb::none();
    Result<double> active({n, n});
    std::copy_n(file->active_set, n * n, active.data());
    return active.numpy();
  }

  void set_data(const Integers &counts, const Vectors &positions, const Integers &species,
                const Cells &cells, const Periodics &periodic, const Numbers &energy,
                const Numbers &energy_weight, const Vectors &force, const Numbers &force_weight,
                const Virials &virial, const Numbers &virial_weight, int threads);
  nb::object loss(int threads) const;
  nb::object gradient(int threads) const;
  nb::object product(const Numbers &direction, int threads) const;
  nb::object normal(int threads, bool with_scores, bool linear_only) const;
  nb::object evaluate(int threads) const;
  nb::object rows(int threads, size_t first, std::optional<size_t> last) const;
  nb::object jacobian(size_t block) const;
  size_t blocks() const { return data ? mlgrain_mtp_data_blocks(data.get()) : 0; }
  size_t first_atom(size_t block) const
  {
    return data ? mlgrain_mtp_data_first_atom(data.get(), block) : 0;
  }

private:
  File file;
  Model model;
  Data data;

  template <class Work>
  std::vector<Thread> in_blocks(int threads, const Work &work, size_t begin = 0,
                                size_t end = SIZE_MAX) const;
};

/* Calls work(block, thread's own) for the blocks begin .. end - 1, or to the last. */
template <class Work>
std::vector<Thread> MTPTraining::in_blocks(int threads, const Work &work, size_t begin,
                                           size_t end) const
{
  std::vector<Thread> all(static_cast<size_t>(threads));
  if (!data)
    throw CoreError(MLGRAIN_INVALID_ARGUMENT, "there are no configurations to train on");
  in_threads(std::min(end, blocks()) - begin, 1, threads, [&](size_t first, size_t last, int t) {
    Thread &mine = all[static_cast<size_t>(t)];
    mlgrain_error error;
    if (!mine.workspace) {
      mlgrain_mtp_train_workspace *made = nullptr;
      check(mlgrain_mtp_train_workspace_create(&made, &error), error);
      mine.workspace.reset(made);
    }
    for (size_t block = first; block < last; block++)
      check(work(begin + block, mine, error), error);
  });
  return all;
}

void MTPTraining::set_data(const Integers &counts, const Vectors &positions,
                           const Integers &species, const Cells &cells, const Periodics &periodic,
                           const Numbers &energy, const Numbers &energy_weight,
                           const Vectors &force, const Numbers &force_weight, const Virials &virial,
                           const Numbers &virial_weight, int threads)
{
  const nb::gil_scoped_release unlocked;
  const size_t count = counts.shape(0);
  std::vector<Lists> lists(count);
  std::vector<mlgrain_mtp_frame> frames(count);
  std::vector<size_t> begin(count + 1, 0);
  for (size_t k = 0; k < count; k++)
    begin[k + 1] = begin[k] + static_cast<size_t>(counts.data()[k]);
  const size_t atoms = begin[count];
  if (positions.shape(0) != atoms || species.shape(0) != atoms || force.shape(0) != atoms ||
      force_weight.shape(0) != atoms || cells.shape(0) != count || periodic.shape(0) != count ||
      energy.shape(0) != count || energy_weight.shape(0) != count || virial.shape(0) != count ||
      virial_weight.shape(0) != count)
    throw CoreError(MLGRAIN_INVALID_ARGUMENT, "arrays of configurations differ in length");
  in_threads(count, 16, threads, [&](size_t first, size_t last, int) {
    for (size_t k = first; k < last; k++) {
      mlgrain_mtp_frame &frame = frames[k];
      try {
        lists[k] = find_lists(positions.data() + 3 * begin[k], begin[k + 1] - begin[k],
                              cells.data() + 9 * k, periodic.data() + 3 * k, file->max_dist);
      } catch (const CoreError &failure) {
        throw CoreError(failure.status,
                        "configuration " + std::to_string(k + 1) + ": " + failure.what());
      }
      frame.atoms = begin[k + 1] - begin[k];
      frame.total = lists[k].images->count;
      frame.x = lists[k].images->x;
      frame.owner = lists[k].images->owner;
      frame.species = species.data() + begin[k];
      frame.neighbors = lists[k].neighbors.data();
      frame.first = lists[k].first.data();
      frame.energy = energy.data()[k];
      frame.energy_weight = energy_weight.data()[k];
      frame.force = reinterpret_cast<const double(*)[3]>(force.data() + 3 * begin[k]);
      frame.force_weight = force_weight.data() + begin[k];
      std::copy_n(virial.data() + 6 * k, 6, frame.virial);
      frame.virial_weight = virial_weight.data()[k];
    }
  });
  mlgrain_error error;
  mlgrain_mtp_data *made = nullptr;
  check(mlgrain_mtp_data_create(model.get(), frames.data(), count, BLOCK_ATOMS, &made, &error),
        error);
  data.reset(made);
}

nb::object MTPTraining::loss(int threads) const
{
  mlgrain_mtp_loss sum = {};
  {
    const nb::gil_scoped_release unlocked;
    for (const Thread &one : in_blocks(threads, [&](size_t block, Thread &mine, mlgrain_error &e) {
           return mlgrain_mtp_data_loss(data.get(), model.get(), mine.workspace.get(), block,
                                        &mine.loss, nullptr, &e);
         }))
      add(one.loss, sum);
  }
  return dict_of(sum);
}

nb::object MTPTraining::gradient(int threads) const
{
  const size_t n = file->parameter_count;
  mlgrain_mtp_loss sum = {};
  Result<double> gradient({n});
  {
    const nb::gil_scoped_release unlocked;
    for (const Thread &one : in_blocks(threads, [&](size_t block, Thread &mine, mlgrain_error &e) {
           mine.vector.resize(n, 0.0);
           return mlgrain_mtp_data_loss(data.get(), model.get(), mine.workspace.get(), block,
                                        &mine.loss, mine.vector.data(), &e);
         })) {
      add(one.loss, sum);
      for (size_t k = 0; k < one.vector.size(); k++)
        gradient[k] += one.vector[k];
    }
  }
  return nb::make_tuple(dict_of(sum), gradient.numpy());
}

nb::object MTPTraining::product(const Numbers &direction, int threads) const
{
  const size_t n = file->parameter_count;
  if (direction.shape(0) != n)
    throw CoreError(MLGRAIN_INVALID_ARGUMENT, "a direction has one number per parameter");
  Result<double> product({n});
  {
    const nb::gil_scoped_release unlocked;
    for (const Thread &one : in_blocks(threads, [&](size_t block, Thread &mine, mlgrain_error &e) {
           mine.vector.resize(n, 0.0);
           return mlgrain_mtp_data_product(data.get(), model.get(), mine.workspace.get(), block,
                                           direction.data(), mine.vector.data(), &e);
         }))
      for (size_t k = 0; k < one.vector.size(); k++)
        product[k] += one.vector[k];
  }
  return product.numpy();
}

/* (loss, right, normal[, scores]) */
nb::object MTPTraining::normal(int threads, bool with_scores, bool linear_only) const
{
  const size_t n = linear_only ? linear_count() : file->parameter_count,
               scored = with_scores ? n : 0;
  mlgrain_mtp_loss sum = {};
  Result<double> right({n}), normal({n, n}), scores({scored, scored});
  {
    const nb::gil_scoped_release unlocked;
    for (const Thread &one : in_blocks(threads, [&](size_t block, Thread &mine, mlgrain_error &e) {
           mine.vector.resize(n, 0.0);
           mine.matrix.resize(n * n, 0.0);
           mine.scores.resize(scored * scored, 0.0);
           return mlgrain_mtp_data_normal(
               data.get(), model.get(), mine.workspace.get(), block,
               linear_only ? MLGRAIN_MTP_LINEAR : MLGRAIN_MTP_ALL, mine.matrix.data(),
               mine.vector.data(), with_scores ? mine.scores.data() : nullptr, &mine.loss, &e);
         })) {
      add(one.loss, sum);
      for (size_t k = 0; k < one.vector.size(); k++) {
        right[k] += one.vector[k];
        for (size_t l = 0; l <= k; l++)
          normal[k * n + l] += one.matrix[k * n + l];
        for (size_t l = 0; l <= k && with_scores; l++)
          scores[k * n + l] += one.scores[k * n + l];
      }
    }
    for (size_t k = 0; k < n; k++)
      for (size_t l = 0; l < k; l++) {
        normal[l * n + k] = normal[k * n + l];
        if (with_scores)
          scores[l * n + k] = scores[k * n + l];
      }
  }
  if (with_scores)
    return nb::make_tuple(dict_of(sum), right.numpy(), normal.numpy(), scores.numpy());
  return nb::make_tuple(dict_of(sum), right.numpy(), normal.numpy());
}

nb::object MTPTraining::evaluate(int threads) const
{
  Result<double> energy({frames()}), force({atoms(), 3}), virial({frames(), 6});
  {
    const nb::gil_scoped_release unlocked;
    in_blocks(threads, [&](size_t block, Thread &mine, mlgrain_error &e) {
      return mlgrain_mtp_data_evaluate(data.get(), model.get(), mine.workspace.get(), block,
                                       energy.data(), reinterpret_cast<double(*)[3]>(force.data()),
                                       reinterpret_cast<double(*)[6]>(virial.data()), &e);
    });
  }
  return nb::make_tuple(energy.numpy(), force.numpy(), virial.numpy());
}

nb::object MTPTraining::rows(int threads, size_t first, std::optional<size_t> last) const
{
  const size_t n = file->parameter_count, end = last.value_or(blocks());
  if (first > end || end > blocks())
    throw CoreError(MLGRAIN_INVALID_ARGUMENT, "there are no such blocks");
  const size_t atom = first_atom(first);
  Result<double> rows({first_atom(end) - atom, n});
  {
    const nb::gil_scoped_release unlocked;
    in_blocks(
        threads,
        [&](size_t block, Thread &mine, mlgrain_error &e) {
          return mlgrain_mtp_data_rows(data.get(), model.get(), mine.workspace.get(), block,
                                       rows.data() + (first_atom(block) - atom) * n, &e);
        },
        first, end);
  }
  return rows.numpy();
}

/* (weighted derivatives of a block's labels by what energies are linear in, weighted residuals) */
nb::object MTPTraining::jacobian(size_t block) const
{
  if (block >= blocks())
    throw CoreError(MLGRAIN_INVALID_ARGUMENT, "there is no such block");
  const size_t labels = mlgrain_mtp_data_labels(data.get(), block);
  Result<double> jacobian({labels, linear_count()}), residual({labels});
  {
    const nb::gil_scoped_release unlocked;
    in_blocks(
        1,
        [&](size_t one, Thread &mine, mlgrain_error &e) {
          return mlgrain_mtp_data_jacobian(data.get(), model.get(), mine.workspace.get(), one,
                                           MLGRAIN_MTP_LINEAR, jacobian.data(), residual.data(),
                                           &e);
        },
        block, block + 1);
  }
  return nb::make_tuple(jacobian.numpy(), residual.numpy());
}

/* The class MTPSelection. */
class MTPSelection
{
public:
  MTPSelection(size_t count, const std::optional<Matrix> &active) : count(count)
  {
    mlgrain_error error;
    mlgrain_mtp_selection *made = nullptr;
    if (active && (active->shape(0) != count || active->shape(1) != count))
      throw CoreError(MLGRAIN_INVALID_ARGUMENT, "an active set is a square matrix");
    check(mlgrain_mtp_selection_create(count, active ? active->data() : nullptr,
                                       mlgrain_simd_best(), &made, &error),
          error);
    selection.reset(made);
  }

  std::pair<size_t, double> offer(const Matrix &rows, size_t first, double threshold)
  {
    mlgrain_error error;
    size_t exchanges = 0;
    double largest = 0.0;
    if (rows.shape(1) != count)
      throw CoreError(MLGRAIN_INVALID_ARGUMENT, "a candidate has one number per parameter");
    {
      const nb::gil_scoped_release unlocked;
      check(mlgrain_mtp_selection_offer(selection.get(), rows.data(), first, rows.shape(0),
                                        threshold, &exchanges, &largest, &error),
            error);
    }
    return {exchanges, largest};
  }

  nb::object result() const
  {
    mlgrain_error error;
    Result<double> active({count, count}), inverse({count, count});
    Result<long long> number({count});
    check(mlgrain_mtp_selection_result(selection.get(), active.data(), inverse.data(),
                                       number.data(), &error),
          error);
    return nb::make_tuple(active.numpy(), inverse.numpy(), number.numpy());
  }

private:
  size_t count;
  Selection selection;
};

nb::bytes new_mtp(const std::string &name, int level, const std::vector<int> &labels,
                  bool repulsive, double min_dist, double max_dist, int radial_size,
                  unsigned long long seed)
{
  const mlgrain_mtp_form form = {
      level,         static_cast<int>(labels.size()),
      labels.data(), repulsive ? MLGRAIN_MTP_CHEBYSHEV_REPULS : MLGRAIN_MTP_CHEBYSHEV,
      min_dist,      max_dist,
      radial_size,   seed};
  mlgrain_error error;
  mlgrain_mtp_file *made = nullptr;
  check(mlgrain_mtp_file_new(&form, &made, &error), error);
  const File file(made);
  return format(*file, name);
}

/* The contents of a file with other species and, if it is above 0, another min_dist; untrained ones
   of MLIP, which have no coefficients, get some to start with. */
nb::bytes with_species(const std::string &name, const nb::bytes &contents,
                       const std::vector<int> &labels, unsigned long long seed, double min_dist)
{
  mlgrain_error error;
  mlgrain_mtp_file *read = nullptr;
  check(mlgrain_mtp_file_parse_untrained(name.c_str(), contents.c_str(), contents.size(), &read,
                                         &error),
        error);
  const File file(read);
  check(mlgrain_mtp_file_set_species(file.get(), labels.data(), static_cast<int>(labels.size()),
                                     &error),
        error);
  if (has_no_radial_coefficient(*file))
    mlgrain_mtp_file_start(file.get(), seed);
  if (min_dist > 0.0)
    file->min_dist = min_dist;
  return format(*file, name);
}

/* A potential with the moments of another; place: [functions] */
nb::bytes with_moments(const std::string &name, const nb::bytes &contents,
                       const nb::bytes &source_contents, const std::vector<size_t> &place)
{
  mlgrain_error error;
  mlgrain_mtp_file *read = nullptr;
  check(mlgrain_mtp_file_parse(name.c_str(), contents.c_str(), contents.size(), &read, &error),
        error);
  const File file(read);
  check(mlgrain_mtp_file_parse_untrained("new", source_contents.c_str(), source_contents.size(),
                                         &read, &error),
        error);
  const File source(read);
  if (place.size() != static_cast<size_t>(file->scalar_count))
    throw CoreError(MLGRAIN_INVALID_ARGUMENT, "a place for each function is needed");
  check(mlgrain_mtp_file_set_moments(file.get(), source.get(), place.data(), &error), error);
  return format(*file, name);
}

/* How many products of moments there are. */
int products_of_mtp(const std::string &name, const nb::bytes &contents)
{
  mlgrain_error error;
  mlgrain_mtp_file *read = nullptr;
  check(mlgrain_mtp_file_parse_untrained(name.c_str(), contents.c_str(), contents.size(), &read,
                                         &error),
        error);
  return File(read)->times_count;
}

/* (labels, whether the file has any coefficient) */
nb::object species_of_mtp(const std::string &name, const nb::bytes &contents)
{
  mlgrain_error error;
  mlgrain_mtp_file *read = nullptr;
  check(mlgrain_mtp_file_parse_untrained(name.c_str(), contents.c_str(), contents.size(), &read,
                                         &error),
        error);
  const File file(read);
  return nb::make_tuple(std::vector<int>(file->label, file->label + file->species_count),
                        !has_no_radial_coefficient(*file));
}

} // namespace

void bind_mtp_train(nb::module_ &module)
{
  nb::class_<MTPTraining>(module, "MTPTraining")
      .def(nb::init<const std::string &, const nb::bytes &>())
      .def_prop_ro("parameter_count", &MTPTraining::parameter_count)
      .def_prop_ro("linear_count", &MTPTraining::linear_count)
      .def_prop_ro("species_count", &MTPTraining::species_count)
      .def_prop_ro("cutoff", &MTPTraining::cutoff)
      .def_prop_ro("min_dist", &MTPTraining::min_dist)
      .def_prop_ro("scaling", &MTPTraining::scaling)
      .def_prop_ro("is_repulsive", &MTPTraining::is_repulsive)
      .def_prop_ro("radial_shape", &MTPTraining::radial_shape)
      .def_prop_ro("labels", &MTPTraining::labels)
      .def_prop_ro("atoms", &MTPTraining::atoms)
      .def_prop_ro("frames", &MTPTraining::frames)
      .def_prop_rw("parameters", &MTPTraining::parameters, &MTPTraining::set_parameters)
      .def("start", &MTPTraining::start)
      .def("contents", &MTPTraining::contents)
      .def("contents_with_active_set", &MTPTraining::contents_with_active_set)
      .def_prop_ro("active_set", &MTPTraining::active_set)
      .def_prop_ro("active_set_is_of_atoms",
                   [](const MTPTraining &self) { return self.is_of_atoms(); })
      .def("set_data", &MTPTraining::set_data)
      .def("loss", &MTPTraining::loss)
      .def("gradient", &MTPTraining::gradient)
      .def("product", &MTPTraining::product)
      .def("normal", &MTPTraining::normal, nb::arg("threads"), nb::arg("with_scores") = false,
           nb::arg("linear_only") = false)
      .def("evaluate", &MTPTraining::evaluate)
      .def("rows", &MTPTraining::rows, nb::arg("threads"), nb::arg("first") = 0,
           nb::arg("last").none() = nb::none())
      .def("jacobian", &MTPTraining::jacobian)
      .def_prop_ro("blocks", &MTPTraining::blocks)
      .def("first_atom", &MTPTraining::first_atom);
  nb::class_<MTPSelection>(module, "MTPSelection")
      .def(nb::init<size_t, const std::optional<Matrix> &>(), nb::arg("count"),
           nb::arg("active").none())
      .def("offer", &MTPSelection::offer)
      .def("result", &MTPSelection::result);
  module.def("new_mtp", &new_mtp);
  module.def("mtp_with_species", &with_species, nb::arg("name"), nb::arg("contents"),
             nb::arg("labels"), nb::arg("seed"), nb::arg("min_dist") = 0.0);
  module.def("species_of_mtp", &species_of_mtp);
  module.def("mtp_with_moments", &with_moments);
  module.def("products_of_mtp", &products_of_mtp);
}

} // namespace mlgrain
