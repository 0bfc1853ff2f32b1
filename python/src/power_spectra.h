/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Power spectra of chosen atoms, a few at a time, in threads: what soap.cpp and environments.cpp
   share. */
#ifndef MLGRAIN_POWER_SPECTRA_H
#define MLGRAIN_POWER_SPECTRA_H

#include <algorithm>
#include <optional>

#include "mlgrain/soap.h"
#include "mlgrain/soap_projection.h"

#include "surroundings.h"
#include "threads.h"

namespace mlgrain
{

using Matrix = nb::ndarray<const double, nb::ndim<2>, nb::c_contig, nb::device::cpu>;

/* Atoms, and those whose vectors are wanted. */
struct SoapAtoms {
  const Vectors &positions;
  const Cell &cell;
  const Periodic &periodic;
  const std::optional<Integers> &species;
  const std::optional<Numbers> &weights;
  const Flags &centers;

  /* For each atom the row of its vector among those of the chosen ones. */
  std::vector<size_t> rows() const
  {
    std::vector<size_t> row(centers.shape(0), 0);
    size_t count = 0;
    for (size_t i = 0; i < row.size(); i++)
      row[i] = centers.data()[i] ? count++ : 0;
    return row;
  }

  size_t chosen() const
  {
    return static_cast<size_t>(std::count(centers.data(), centers.data() + centers.shape(0), true));
  }
};

/* Values of atoms, of images as well. */
template <class T, class Array>
std::vector<T> of_all(const std::optional<Array> &values, const Surroundings &surroundings)
{
  std::vector<T> all;
  for (size_t i = 0; values && i < surroundings.images->count; i++)
    all.push_back(static_cast<T>(values->data()[surroundings.images->owner[i]]));
  return all;
}

/* The core's object, whose tables take up to seconds to make. */
struct SoapTables {
  mlgrain_soap_parameters parameters;
  Owned<mlgrain_soap, mlgrain_soap_free> soap;

  explicit SoapTables(const mlgrain_soap_parameters &parameters) : parameters(parameters)
  {
    mlgrain_error error;
    mlgrain_soap *made = nullptr;
    check(mlgrain_soap_create(&parameters, mlgrain_simd_best(), &made, &error), error);
    soap.reset(made);
  }
};

/* Calls visitor(thread, count, atom, row) with the vectors of `count` of the chosen atoms, whose
   numbers are atom[0] ..; thread: 0 .. threads-1, those of one thread one after the other. Needs no
   lock of the interpreter. */
template <class Visitor>
void visit_soap(const mlgrain_soap *soap, const SoapAtoms &atoms, int threads,
                const Visitor &visitor)
{
  Surroundings surroundings(atoms.positions, atoms.cell, atoms.periodic,
                            mlgrain_soap_reach(mlgrain_soap_parameters_of(soap)));
  for (size_t i = 0; i < atoms.centers.shape(0); i++)
    surroundings.chosen[i] = atoms.centers.data()[i];
  const auto channel = of_all<int32_t>(atoms.species, surroundings);
  const auto weight = of_all<double>(atoms.weights, surroundings);
  const mlgrain_soap_points points = {surroundings.cells.get(), surroundings.chosen.data(),
                                      channel.empty() ? nullptr : channel.data(),
                                      weight.empty() ? nullptr : weight.data()};
  struct Call {
    const Visitor &visitor;
    int thread;
    std::exception_ptr failure; /* of the visitor: none may pass through the core */
    static void back(void *context, size_t count, const int32_t *atom, const double *row)
    {
      auto *call = static_cast<Call *>(context);
      if (call->failure)
        return;
      try {
        call->visitor(call->thread, count, atom, row);
      } catch (...) {
        call->failure = std::current_exception();
      }
    }
  };
  const size_t count = mlgrain_cells_count(surroundings.cells.get());
  in_threads(count, chunk_of(count, threads, 32, 4096), threads,
             [&](size_t first, size_t last, int thread) {
               mlgrain_error mine;
               Call call = {visitor, thread, nullptr};
               check(mlgrain_soap_visit(soap, &points, first, last, Call::back, &call, &mine),
                     mine);
               if (call.failure)
                 std::rethrow_exception(call.failure);
             });
}

} // namespace mlgrain

#endif
