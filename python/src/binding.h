/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the binding share. Each concept of the core has a file here with a function
   bind_CONCEPT, which module.cpp calls; checks that a user of the Python package could fail have
   their texts in the package, where the arguments have their names. */
#ifndef MLGRAIN_BINDING_H
#define MLGRAIN_BINDING_H

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <array>
#include <cstddef>
#include <initializer_list>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "mlgrain/error.h"

namespace nb = nanobind;

namespace mlgrain
{

void bind_descriptors(nb::module_ &module);
void bind_voronoi(nb::module_ &module);
void bind_models(nb::module_ &module);
void bind_mtp(nb::module_ &module);
void bind_soap(nb::module_ &module);
void bind_environments(nb::module_ &module);
void bind_mtp_train(nb::module_ &module);
void bind_tables(nb::module_ &module);
void bind_boundary(nb::module_ &module);
void bind_bicrystal(nb::module_ &module);
void bind_homogenize(nb::module_ &module);
void bind_cutouts(nb::module_ &module);
void bind_graphs(nb::module_ &module);

/* What the core returned other than MLGRAIN_SUCCESS: MemoryError or MLGrainError in Python. */
struct CoreError : std::runtime_error {
  mlgrain_status status;
  CoreError(mlgrain_status status, const std::string &text)
      : std::runtime_error(text), status(status)
  {
  }
};

inline void check(mlgrain_status status, const mlgrain_error &error)
{
  if (status)
    throw CoreError(status, error.text);
}

/* An object of the core and the function that frees it. */
template <class T, void (*release)(T *)> struct Release {
  void operator()(T *object) const { release(object); }
};
template <class T, void (*release)(T *)> using Owned = std::unique_ptr<T, Release<T, release>>;

/* Arguments: contiguous arrays of NumPy, which are not copied. */
using Vectors = nb::ndarray<const double, nb::shape<-1, 3>, nb::c_contig, nb::device::cpu>;
using Cell = nb::ndarray<const double, nb::shape<3, 3>, nb::c_contig, nb::device::cpu>;
using Numbers = nb::ndarray<const double, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Integers = nb::ndarray<const int, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Flags = nb::ndarray<const bool, nb::ndim<1>, nb::c_contig, nb::device::cpu>;

/* A result: an array that the core writes into and NumPy owns. */
template <class T> class Result
{
public:
  explicit Result(std::initializer_list<size_t> shape) : shape(shape)
  {
    size_t size = 1;
    for (size_t extent : shape)
      size *= extent;
    memory.reset(new T[size + 1]());
  }
  T *data() { return memory.get(); }
  T &operator[](size_t i) { return memory[i]; }

  nb::object numpy()
  {
    T *held = memory.release();
    nb::capsule owner(held, [](void *p) noexcept { delete[] static_cast<T *>(p); });
    return nb::cast(nb::ndarray<nb::numpy, T>(held, shape.size(), shape.data(), owner));
  }

private:
  std::vector<size_t> shape;
  std::unique_ptr<T[]> memory;
};

} // namespace mlgrain

#endif
