/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Trained models, applied to rows of features. */
#include "mlgrain/forest.h"
#include "mlgrain/gmm.h"

#include <cstring>

#include "binding.h"
#include "threads.h"

namespace mlgrain
{
namespace
{

using Matrix = nb::ndarray<const double, nb::ndim<2>, nb::c_contig, nb::device::cpu>;

/* A model of the content of a file, of which it keeps a copy. */
class Model
{
public:
  explicit Model(const nb::bytes &content) : words((content.size() + 7) / 8)
  {
    std::memcpy(words.data(), content.c_str(), content.size());
    mlgrain_error error;
    mlgrain_model *made = nullptr;
    check(mlgrain_model_from_bytes("the model", words.data(), content.size(), &made, &error),
          error);
    model.reset(made);
  }
  const mlgrain_model *get() const { return model.get(); }

  void check_rows(const Matrix &rows) const
  {
    if (rows.shape(1) != static_cast<size_t>(mlgrain_model_features(get())))
      throw CoreError(MLGRAIN_INVALID_ARGUMENT, "not as many columns as features");
  }

private:
  std::vector<std::uint64_t> words; /* aligned as the core wants it */
  Owned<mlgrain_model, mlgrain_model_free> model;
};

/* (class, log-likelihood, responsibilities) of each row; class -1 and zeros where a feature isn't
   finite. */
nb::tuple gmm_predict(const nb::bytes &content, const Matrix &rows, int threads)
{
  const Model model(content);
  model.check_rows(rows);
  mlgrain_error error;
  mlgrain_gmm *made = nullptr;
  check(mlgrain_gmm_create(model.get(), mlgrain_simd_best(), &made, &error), error);
  const Owned<mlgrain_gmm, mlgrain_gmm_free> mixture(made);
  const size_t count = rows.shape(0), width = rows.shape(1);
  const auto classes = static_cast<size_t>(mlgrain_gmm_classes(made));
  Result<int> label({count});
  Result<double> likelihood({count}), responsibility({count, classes});
  {
    nb::gil_scoped_release unlocked;
    in_threads(
        count, chunk_of(count, threads, 1024, 16384), threads, [&](size_t first, size_t last, int) {
          const mlgrain_gmm_output output = {label.data() + first, likelihood.data() + first,
                                             responsibility.data() + first * classes, nullptr};
          mlgrain_error mine;
          check(mlgrain_gmm_predict(made, last - first, rows.data() + first * width, width, &output,
                                    &mine),
                mine);
        });
  }
  return nb::make_tuple(label.numpy(), likelihood.numpy(), responsibility.numpy());
}

/* (prediction, spread, novelty, flags, probabilities) of each row, as mlgrain_forest_predict gives
   them; probabilities: [rows, classes], without columns if the forest isn't a classifier. */
nb::tuple forest_predict(const nb::bytes &content, const Matrix &rows, int threads)
{
  const Model model(content);
  model.check_rows(rows);
  mlgrain_error error;
  mlgrain_forest *made = nullptr;
  check(mlgrain_forest_create(model.get(), mlgrain_simd_best(), &made, &error), error);
  const Owned<mlgrain_forest, mlgrain_forest_free> forest(made);
  const size_t count = rows.shape(0), width = rows.shape(1);
  Result<double> prediction({count}), spread({count}), novelty({count});
  Result<unsigned char> flags({count});
  const auto classes = static_cast<size_t>(mlgrain_forest_info(made)->classes);
  Result<double> probability({count, classes});
  {
    nb::gil_scoped_release unlocked;
    /* The more rows in a call, the faster they are. */
    const auto chunk = std::clamp<size_t>(count / static_cast<size_t>(threads) + 1, 1024, 1 << 18);
    in_threads(count, chunk, threads, [&](size_t first, size_t last, int) {
      mlgrain_error mine;
      mlgrain_forest_workspace *memory = nullptr;
      check(mlgrain_forest_workspace_create(&memory, &mine), mine);
      const Owned<mlgrain_forest_workspace, mlgrain_forest_workspace_free> workspace(memory);
      const mlgrain_forest_output output = {prediction.data() + first,
                                            spread.data() + first,
                                            novelty.data() + first,
                                            flags.data() + first,
                                            0,
                                            probability.data() + first * classes};
      check(mlgrain_forest_predict(made, memory, last - first, rows.data() + first * width, width,
                                   &output, &mine),
            mine);
    });
  }
  return nb::make_tuple(prediction.numpy(), spread.numpy(), novelty.numpy(), flags.numpy(),
                        probability.numpy());
}

} // namespace

void bind_models(nb::module_ &module)
{
  module.def("forest_predict", &forest_predict, nb::arg("content"), nb::arg("rows"),
             nb::arg("threads"));
  module.def("gmm_predict", &gmm_predict, nb::arg("content"), nb::arg("rows"), nb::arg("threads"));
}

} // namespace mlgrain
