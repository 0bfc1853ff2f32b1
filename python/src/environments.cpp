/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Libraries of unique environments. */
#include "mlgrain/environments.h"

#include <nanobind/stl/array.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "power_spectra.h"

namespace mlgrain
{
namespace
{

using Sources = nb::ndarray<const int64_t, nb::shape<-1, 2>, nb::c_contig, nb::device::cpu>;
using Tags = nb::ndarray<const int64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Counts = nb::ndarray<const uint64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

static_assert(sizeof(mlgrain_environment_source) == 2 * sizeof(int64_t), "a row of Sources");

struct Library {
  Owned<mlgrain_environments, mlgrain_environments_free> environments;

  const mlgrain_environment_content &content() const
  {
    return *mlgrain_environments_content(environments.get());
  }
};

template <class T>
nb::object copy_of(const T *values, std::initializer_list<size_t> shape, size_t size)
{
  Result<T> result(shape);
  std::copy(values, values + size, result.data());
  return result.numpy();
}

/* (vectors, sources, atoms) */
nb::tuple arrays_of(const mlgrain_environment_set &set, size_t columns)
{
  const auto *source = reinterpret_cast<const int64_t *>(set.source);
  return nb::make_tuple(copy_of(set.vector, {set.count, columns}, set.count * columns),
                        copy_of(source, {set.count, 2}, 2 * set.count),
                        copy_of(set.atoms, {set.count}, set.count));
}

/* ---- making --------------------------------------------------------------------------------- */

/* Vectors of one thread that are unlike the seed. */
struct Part {
  std::vector<double> row;
  std::vector<mlgrain_environment_source> source;
  uint64_t like_seed = 0;
};

using Selection = Owned<mlgrain_selection, mlgrain_selection_free>;

Selection gather(std::vector<Part> &parts, size_t columns, const double *seed)
{
  mlgrain_error error;
  mlgrain_selection *made = nullptr;
  check(mlgrain_selection_create(columns, &made, &error), error);
  Selection selection(made);
  for (auto &part : parts) {
    check(mlgrain_selection_add(made, part.source.size(), part.row.data(), part.source.data(),
                                &error),
          error);
    part = Part(); /* its memory is no more needed */
  }
  check(mlgrain_selection_center(made, seed, &error), error);
  return selection;
}

/* Farthest-point sampling down to a radius; of vectors equally far within `margin` the first by
   atom. Numbers of the centers after the seed. */
std::vector<size_t> select(mlgrain_selection *selection, double radius, double margin)
{
  std::vector<size_t> chosen;
  for (;;) {
    const double largest = mlgrain_selection_largest(selection);
    if (!(largest >= radius))
      return chosen;
    chosen.push_back(mlgrain_selection_first(selection, largest - margin));
    const double *vector =
        mlgrain_selection_vector(selection, chosen.back(), nullptr, nullptr, nullptr);
    mlgrain_error error;
    check(mlgrain_selection_center(selection, vector, &error), error);
  }
}

/* To what vectors are reduced: no two nearer than radius, of those equally far within margin the
   first by atom. */
struct Reduction {
  const double *seed;
  size_t columns;
  double radius, margin;
  int64_t step;

  /* A vector goes to its thread's part, if it is unlike the seed. */
  void take(Part &part, const double *row, int64_t tag) const
  {
    if (mlgrain_distance(columns, row, seed) < radius) {
      part.like_seed++;
      return;
    }
    part.row.insert(part.row.end(), row, row + columns);
    part.source.push_back({tag, step});
  }
};

/* ((vectors, sources, atoms), how many atoms the seed stands for); collect(parts) takes vectors
   without the lock of the interpreter. */
template <class Collect>
nb::tuple reduce(const Reduction &reduction, size_t threads, const Collect &collect)
{
  const size_t columns = reduction.columns;
  std::vector<Part> parts(threads);
  std::vector<double> vector;
  std::vector<mlgrain_environment_source> source;
  std::vector<uint64_t> counts;
  {
    nb::gil_scoped_release unlocked;
    collect(parts);
    uint64_t like_seed = 0;
    for (const auto &part : parts)
      like_seed += part.like_seed;
    const auto selection = gather(parts, columns, reduction.seed);
    const auto chosen = select(selection.get(), reduction.radius, reduction.margin);
    counts.assign(chosen.size() + 1, 0);
    counts[0] = like_seed;
    for (size_t i = 0; i < mlgrain_selection_count(selection.get()); i++) {
      size_t center;
      mlgrain_selection_vector(selection.get(), i, nullptr, &center, nullptr);
      counts[center]++;
    }
    for (const size_t number : chosen) {
      source.emplace_back();
      const double *row =
          mlgrain_selection_vector(selection.get(), number, &source.back(), nullptr, nullptr);
      vector.insert(vector.end(), row, row + columns);
    }
  }
  const mlgrain_environment_set set = {source.size(), vector.data(), source.data(),
                                       counts.data() + 1};
  return nb::make_tuple(arrays_of(set, columns), counts[0]);
}

/* The coreset of some atoms; tags and step: where they come from. */
nb::tuple coreset(const Vectors &positions, const Cell &cell, const Periodic &periodic,
                  const SoapTables &tables, const std::optional<Integers> &species,
                  const std::optional<Numbers> &weights, const Flags &centers, int threads,
                  const Tags &tags, int64_t step, const Numbers &seed, double radius, double margin)
{
  const SoapAtoms atoms = {positions, cell, periodic, species, weights, centers};
  const Reduction reduction = {seed.data(), seed.shape(0), radius, margin, step};
  return reduce(reduction, static_cast<size_t>(threads), [&](std::vector<Part> &parts) {
    visit_soap(tables.soap.get(), atoms, threads,
               [&](int thread, size_t count, const int32_t *atom, const double *row) {
                 for (size_t i = 0; i < count; i++, row += reduction.columns)
                   reduction.take(parts[static_cast<size_t>(thread)], row, tags.data()[atom[i]]);
               });
  });
}

/* The coreset of vectors that are there. */
nb::tuple coreset_of_vectors(const Matrix &vectors, const Tags &tags, int64_t step,
                             const Numbers &seed, double radius, double margin)
{
  const Reduction reduction = {seed.data(), seed.shape(0), radius, margin, step};
  return reduce(reduction, 1, [&](std::vector<Part> &parts) {
    for (size_t i = 0; i < vectors.shape(0); i++)
      reduction.take(parts[0], vectors.data() + i * reduction.columns, tags.data()[i]);
  });
}

/* Leader clustering: which leader each vector falls to, in their order: the first that is nearer
   than epsilon, or the vector itself, which is a leader then, numbered after those there are. */
nb::object lead(const Matrix &leaders, const Matrix &vectors, double epsilon)
{
  const size_t columns = vectors.shape(1), count = vectors.shape(0), known = leaders.shape(0);
  Result<int64_t> found({count});
  std::vector<const double *> all;
  {
    nb::gil_scoped_release unlocked;
    for (size_t k = 0; k < known; k++)
      all.push_back(leaders.data() + k * columns);
    for (size_t i = 0; i < count; i++) {
      const double *vector = vectors.data() + i * columns;
      size_t k = 0;
      while (k < all.size() && !(mlgrain_distance(columns, vector, all[k]) < epsilon))
        k++;
      if (k == all.size())
        all.push_back(vector);
      found[i] = static_cast<int64_t>(k);
    }
  }
  return found.numpy();
}

Library *choose(const mlgrain_soap_parameters &p, double epsilon, size_t most,
                const std::string &seed_text, const Numbers &seed, const Matrix &vectors,
                const Sources &sources, const Counts &atoms)
{
  const mlgrain_environment_set set = {
      vectors.shape(0), vectors.data(),
      reinterpret_cast<const mlgrain_environment_source *>(sources.data()), atoms.data()};
  mlgrain_error error;
  mlgrain_environments *made = nullptr;
  mlgrain_status status;
  {
    nb::gil_scoped_release unlocked;
    status = mlgrain_environments_choose(&p, epsilon, most, seed_text.c_str(), seed.data(), &set,
                                         &made, &error);
  }
  check(status, error);
  return new Library{Owned<mlgrain_environments, mlgrain_environments_free>(made)};
}

Library *read(const std::string &path)
{
  mlgrain_error error;
  mlgrain_environments *made = nullptr;
  check(mlgrain_environments_read(path.c_str(), &made, &error), error);
  return new Library{Owned<mlgrain_environments, mlgrain_environments_free>(made)};
}

void write(const Library &library, const std::string &path)
{
  mlgrain_error error;
  check(mlgrain_environments_write(library.environments.get(), path.c_str(), &error), error);
}

/* ---- finding again -------------------------------------------------------------------------- */

/* Columns of what is found: the environment counted from 0, distances to it, to the second nearest
   (inf without one), to the seed. */
enum { NEAREST, DISTANCE, SECOND, SEED, COLUMNS };

/* place(i): where that of row i goes. Several rows at a time: the search is faster so. */
template <class Place>
void find_each(const Library &library, size_t count, const double *rows, size_t columns,
               const Place &place)
{
  constexpr size_t most = 16;
  for (size_t first = 0; first < count; first += most) {
    const size_t some = std::min(most, count - first);
    mlgrain_environment_match match[most];
    mlgrain_environments_nearest_each(library.environments.get(), some, rows + first * columns,
                                      match);
    for (size_t i = 0; i < some; i++) {
      double *found = place(first + i);
      found[NEAREST] = static_cast<double>(match[i].nearest);
      found[DISTANCE] = match[i].distance;
      found[SECOND] = match[i].second;
      found[SEED] = match[i].seed;
    }
  }
}

nb::object nearest(const Library &library, const Matrix &vectors)
{
  const size_t count = vectors.shape(0), columns = vectors.shape(1);
  Result<double> found({count, COLUMNS});
  {
    nb::gil_scoped_release unlocked;
    find_each(library, count, vectors.data(), columns,
              [&](size_t i) { return found.data() + i * COLUMNS; });
  }
  return found.numpy();
}

/* Of the chosen atoms in their order; their vectors are not stored. */
nb::object classify(const Library &library, const Vectors &positions, const Cell &cell,
                    const Periodic &periodic, const SoapTables &tables,
                    const std::optional<Integers> &species, const std::optional<Numbers> &weights,
                    const Flags &centers, int threads)
{
  const SoapAtoms atoms = {positions, cell, periodic, species, weights, centers};
  const size_t columns = mlgrain_soap_columns(tables.soap.get());
  const auto row_of = atoms.rows();
  Result<double> found({atoms.chosen(), COLUMNS});
  {
    nb::gil_scoped_release unlocked;
    visit_soap(tables.soap.get(), atoms, threads,
               [&](int, size_t count, const int32_t *atom, const double *row) {
                 find_each(library, count, row, columns, [&](size_t i) {
                   return found.data() + row_of[static_cast<size_t>(atom[i])] * COLUMNS;
                 });
               });
  }
  return found.numpy();
}

} // namespace

void bind_environments(nb::module_ &module)
{
  nb::class_<Library>(module, "Environments")
      .def_prop_ro("parameters", [](const Library &l) { return l.content().parameters; })
      .def_prop_ro("epsilon", [](const Library &l) { return l.content().epsilon; })
      .def_prop_ro("seed", [](const Library &l) { return l.content().seed; })
      .def_prop_ro("radius",
                   [](const Library &l) {
                     const size_t count = l.content().unique.count;
                     return copy_of(l.content().radius, {count}, count);
                   })
      .def_prop_ro("unique",
                   [](const Library &l) {
                     return arrays_of(l.content().unique,
                                      mlgrain_soap_components(&l.content().parameters));
                   })
      .def_prop_ro("coreset",
                   [](const Library &l) {
                     return arrays_of(l.content().coreset,
                                      mlgrain_soap_components(&l.content().parameters));
                   })
      .def("write", &write)
      .def("nearest", &nearest)
      .def("classify", &classify, nb::arg("positions"), nb::arg("cell"), nb::arg("periodic"),
           nb::arg("tables"), nb::arg("species").none(), nb::arg("weights").none(),
           nb::arg("centers"), nb::arg("threads"));
  module.def("environments_read", &read);
  module.def("environments_choose", &choose);
  module.def("environments_coreset", &coreset, nb::arg("positions"), nb::arg("cell"),
             nb::arg("periodic"), nb::arg("tables"), nb::arg("species").none(),
             nb::arg("weights").none(), nb::arg("centers"), nb::arg("threads"), nb::arg("tags"),
             nb::arg("step"), nb::arg("seed"), nb::arg("radius"), nb::arg("margin"));
  module.def("environments_coreset_of_vectors", &coreset_of_vectors);
  module.def("environments_lead", &lead);
}

} // namespace mlgrain
