/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Descriptors, classes and predictions on a device: what styles take from each other stays there.
 */
#include "models.h"

#include "compute.h"
#include "lammps.h"
#include "modify.h"

using namespace test;

namespace
{

enum { FEATURES = 4, TREES = 5 };

/* A random forest of features with these names, a JSON list. */
std::string write_forest(const std::string &name, int features, const std::string &names)
{
  plain_forest plain = plain_forest_make(features, TREES, 100, 0, 5);
  builder content = {};
  plain_forest_build(&plain, &content);
  builder_metadata(&content, "features", names.c_str());
  const std::string path = write_model(content, name);
  plain_forest_free(&plain);
  return path;
}

/* Two classes by the first descriptor, the density. */
std::string write_mixture()
{
  const double weight[2] = {0.5, 0.5}, mean[2] = {1.2, 1.8}, factor[2] = {3.0, 2.0};
  builder content = {};
  builder_tensor(&content, "weights", "F64", 1, 2, 0, 0, weight);
  builder_tensor(&content, "means", "F64", 2, 2, 1, 0, mean);
  builder_tensor(&content, "precisions_cholesky", "F64", 3, 2, 1, 1, factor);
  const double shift = 0.0, scale = 1.0;
  builder_tensor(&content, "feature_shift", "F64", 1, 1, 0, 0, &shift);
  builder_tensor(&content, "feature_scale", "F64", 1, 1, 0, 0, &scale);
  builder_metadata(&content, "format", "mlgrain");
  builder_metadata(&content, "version", "1");
  builder_metadata(&content, "kind", "gaussian_mixture");
  builder_metadata(&content, "features", R"(["P0_I0"])");
  return write_model(content, "chain_mixture");
}

int last_copied(const Session &session, const char *id)
{
  const auto *lmp = static_cast<LAMMPS_NS::LAMMPS *>(session.handle);
  return (int)lmp->modify->get_compute_by_id(id)->invoked_peratom;
}

/* The predictions of both forests after a run. */
std::vector<double> predictions(const std::vector<std::string> &arguments, bool on_device)
{
  const std::string mixture = write_mixture(),
                    forest = write_forest("chain_forest", FEATURES, sfd_names(FEATURES)),
                    other = write_forest("chain_other", 1, R"(["likelihood"])");
  Session session(arguments);
  session.run(random_atoms() +
              "compute s all sfd/atom 0.909 5.904 invariants P0_I0 P1_I0 P2_I0 P2_I1\n"
              "compute g all gmm/atom " +
              mixture + " c_s[1]\nfix e all forest/atom 1 " + forest +
              " c_s[*]\nfix o all forest/atom 1 " + other + " c_g[2]\nrun 10\n");
  for (const char *id : {"s", "g"})
    check((last_copied(session, id) < 0) == on_device, "compute %s: copied at step %d", id,
          last_copied(session, id));
  auto all = session.gather("f_e", 4);
  const auto more = session.gather("f_o", 4);
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

void no_copies()
{
  const auto wanted = predictions({}, false);
  setenv("MLGRAIN_KOKKOS_KERNELS", "device", 1);
  const auto got = predictions(
      {"-k", "on", "t", "2", "-sf", "kk", "-pk", "kokkos", "newton", "on", "neigh", "half"}, true);
  unsetenv("MLGRAIN_KOKKOS_KERNELS");
  check(got.size() == wanted.size() && !got.empty(), "sizes differ");
  for (size_t i = 0; i < std::min(got.size(), wanted.size()); i++)
    if (!check(close_to(got[i], wanted[i], 1e-12), "number %zu: %.15g, expected %.15g", i, got[i],
               wanted[i]))
      return;
}

} // namespace

int main(int argc, char **argv)
{
  return run_tests(argc, argv, {{"no copies", no_copies}});
}
