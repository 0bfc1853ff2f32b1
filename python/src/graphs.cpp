/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Polycrystals as graphs: estimates and models of effective tensors. */
#include "mlgrain/graph_model.h"

#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <optional>

#include "binding.h"

namespace mlgrain
{
namespace
{

using Tensors = nb::ndarray<const double, nb::ndim<3>, nb::c_contig, nb::device::cpu>;
using Pairs = nb::ndarray<const int64_t, nb::shape<-1, 2>, nb::c_contig, nb::device::cpu>;
using MaybeTensors = std::optional<Tensors>;
using MaybeVectors = std::optional<Vectors>;

/* Arrays of a polycrystal, as python/mlgrain/graphs/polycrystal.py describes and checks them. */
struct GraphArrays {
  Numbers volumes;
  Pairs pairs;
  Vectors spans, normals;
  Numbers areas;
  MaybeVectors centers;
  Tensors tensors, boundaries;
  MaybeTensors voigt, reuss;
  Numbers thicknesses;

  mlgrain_graph graph() const
  {
    mlgrain_graph graph = {};
    graph.size = static_cast<int>(tensors.shape(1));
    graph.grains = volumes.shape(0);
    graph.faces = areas.shape(0);
    graph.volume = volumes.data();
    graph.pair = reinterpret_cast<const int64_t(*)[2]>(pairs.data());
    graph.span = reinterpret_cast<const double(*)[3]>(spans.data());
    graph.normal = reinterpret_cast<const double(*)[3]>(normals.data());
    graph.area = areas.data();
    graph.center = centers ? reinterpret_cast<const double(*)[3]>(centers->data()) : nullptr;
    graph.tensor = tensors.data();
    graph.boundary = boundaries.data();
    graph.boundary_voigt = voigt ? voigt->data() : nullptr;
    graph.boundary_reuss = reuss ? reuss->data() : nullptr;
    graph.face_thickness = thicknesses.data();
    return graph;
  }
};

/* {name: tensor} */
nb::dict estimates(const GraphArrays &arrays)
{
  const auto graph = arrays.graph();
  const auto size = static_cast<size_t>(graph.size);
  const size_t count =
      size == 3 ? size_t(MLGRAIN_GRAPH_ESTIMATES) : size_t(MLGRAIN_GRAPH_STIFFNESS_ESTIMATES);
  std::vector<double> found(MLGRAIN_GRAPH_ESTIMATES * size * size);
  mlgrain_error error;
  mlgrain_status status;
  {
    nb::gil_scoped_release unlocked;
    status = mlgrain_graph_estimates(&graph, found.data(), &error);
  }
  check(status, error);
  nb::dict result;
  for (size_t k = 0; k < count; k++) {
    Result<double> tensor({size, size});
    std::copy_n(found.data() + k * size * size, size * size, tensor.data());
    result[mlgrain_graph_estimate_name(static_cast<mlgrain_graph_estimate>(k))] = tensor.numpy();
  }
  return result;
}

nb::object self_consistent(const Numbers &fractions, const Tensors &tensors)
{
  const size_t size = tensors.shape(1);
  Result<double> result({size, size});
  mlgrain_error error;
  check(mlgrain_self_consistent(static_cast<int>(size), tensors.shape(0), fractions.data(),
                                tensors.data(), result.data(), &error),
        error);
  return result.numpy();
}

/* (features, shapes [shapes, n, n], reference [n, n], as matrices of Mandel's notation) */
nb::tuple features(const GraphArrays &arrays)
{
  const auto graph = arrays.graph();
  mlgrain_graph_features found;
  mlgrain_error error;
  mlgrain_status status;
  {
    nb::gil_scoped_release unlocked;
    status = mlgrain_graph_describe(&graph, &found, &error);
  }
  check(status, error);
  const auto size = static_cast<size_t>(found.size), count = static_cast<size_t>(found.shapes);
  const auto number = static_cast<size_t>(found.features);
  Result<double> feature({number}), shape({count, size, size}), reference({size, size});
  std::copy_n(found.feature, number, feature.data());
  for (size_t k = 0; k < count; k++)
    std::copy_n(found.shape[k], size * size, shape.data() + k * size * size);
  std::copy_n(found.reference, size * size, reference.data());
  return nb::make_tuple(feature.numpy(), shape.numpy(), reference.numpy());
}

std::vector<std::string> feature_names(int size)
{
  std::vector<std::string> names;
  for (int f = 0; f < mlgrain_graph_feature_count(size); f++) {
    char name[MLGRAIN_GRAPH_NAME];
    mlgrain_graph_feature_name(size, f, name);
    names.emplace_back(name);
  }
  return names;
}

/* A model file, opened. */
class GraphModel
{
public:
  explicit GraphModel(const std::string &path)
  {
    mlgrain_model *file = nullptr;
    mlgrain_graph_model *made = nullptr;
    mlgrain_error error;
    check(mlgrain_model_open(path.c_str(), &file, &error), error);
    const Owned<mlgrain_model, mlgrain_model_free> opened(file);
    check(mlgrain_graph_model_create(file, &made, &error), error);
    model.reset(made);
  }

  int size() const { return mlgrain_graph_model_size(model.get()); }

  /* (tensor, error, is outside) */
  nb::tuple predict(const GraphArrays &arrays) const
  {
    const auto graph = arrays.graph();
    mlgrain_graph_prediction found;
    mlgrain_error error;
    mlgrain_status status;
    {
      nb::gil_scoped_release unlocked;
      status = mlgrain_graph_model_predict(model.get(), &graph, &found, &error);
    }
    check(status, error);
    const auto n = static_cast<size_t>(graph.size);
    Result<double> tensor({n, n});
    std::copy_n(found.tensor, n * n, tensor.data());
    return nb::make_tuple(tensor.numpy(), found.error, found.is_outside != 0);
  }

private:
  Owned<mlgrain_graph_model, mlgrain_graph_model_free> model;
};

} // namespace

void bind_graphs(nb::module_ &module)
{
  nb::class_<GraphArrays>(module, "GraphArrays")
      .def(nb::init<Numbers, Pairs, Vectors, Vectors, Numbers, MaybeVectors, Tensors, Tensors,
                    MaybeTensors, MaybeTensors, Numbers>(),
           nb::arg("volumes"), nb::arg("pairs"), nb::arg("spans"), nb::arg("normals"),
           nb::arg("areas"), nb::arg("centers").none(), nb::arg("tensors"), nb::arg("boundaries"),
           nb::arg("voigt").none(), nb::arg("reuss").none(), nb::arg("thicknesses"));
  module.def("graph_estimates", &estimates, nb::arg("graph"));
  module.def("graph_features", &features, nb::arg("graph"));
  module.def("graph_feature_names", &feature_names, nb::arg("size"));
  nb::class_<GraphModel>(module, "GraphModel")
      .def(nb::init<const std::string &>(), nb::arg("path"))
      .def("size", &GraphModel::size)
      .def("predict", &GraphModel::predict, nb::arg("graph"));
  module.def("self_consistent", &self_consistent, nb::arg("fractions"), nb::arg("tensors"));
}

} // namespace mlgrain
