/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rows of numbers in text. */
#include "mlgrain/rows.h"

#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <cstdint>

#include "binding.h"

namespace mlgrain
{
namespace
{

using Bytes = nb::ndarray<const std::uint8_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Rows = nb::ndarray<double, nb::ndim<2>, nb::c_contig, nb::device::cpu>;

/* (rows, bytes) that were read: as many whole lines as the text has, or as `values` has rows. */
nb::tuple read_rows(const std::string &file, size_t line, const std::vector<std::string> &names,
                    const Integers &columns, const Bytes &text, const Rows &values)
{
  if (columns.shape(0) != names.size())
    throw CoreError(MLGRAIN_INVALID_ARGUMENT, "not as many columns as names");
  std::vector<const char *> pointers;
  for (const std::string &name : names)
    pointers.push_back(name.c_str());
  const mlgrain_row_format format = {names.size(), pointers.data(), columns.data()};
  mlgrain_row_text place = {file.c_str(), reinterpret_cast<const char *>(text.data()),
                            text.shape(0), line, 0};
  mlgrain_error error;
  size_t read;
  mlgrain_status status;
  {
    nb::gil_scoped_release unlocked;
    status = mlgrain_rows_read(&format, &place, values.shape(0), values.shape(1), values.data(),
                               &read, &error);
  }
  check(status, error);
  return nb::make_tuple(read, place.used);
}

} // namespace

void bind_tables(nb::module_ &module)
{
  module.def("read_rows", &read_rows, nb::arg("file"), nb::arg("line"), nb::arg("names"),
             nb::arg("columns"), nb::arg("text"), nb::arg("values"));
}

} // namespace mlgrain
