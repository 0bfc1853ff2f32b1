/* SPDX-License-Identifier: GPL-2.0-or-later */
/* compute gmm/atom inside LAMMPS against the core, for the features that LAMMPS itself shows; the
   core's numbers are tested in unittest/core/test_gmm.c. */
#include "models.h"

#include "mlgrain/gmm.h"

using namespace test;

namespace {

enum { CLASSES = 3, FEATURES = 4, DESCRIPTORS = MLGRAIN_SFD_COUNT };
const std::string inputs = "c_s[1*4]";
const std::string descriptors = "compute s all sfd/atom 0.909 5.904\n";

/* Three classes along the first descriptor, the density. */
struct Mixture {
  std::vector<double> weight = {0.5, 0.3, 0.2}, mean, factor, shift, scale;
  builder content = {};
  std::string names = sfd_names(FEATURES);

  Mixture() : factor(CLASSES * FEATURES * FEATURES, 0.0), shift(FEATURES, 0.1), scale(FEATURES, 0.7)
  {
    for (int k = 0; k < CLASSES; k++)
      for (int f = 0; f < FEATURES; f++) {
        mean.push_back(f == 0 ? 1.2 + 0.5 * k : 0.3);
        for (int g = f; g < FEATURES; g++)
          factor[(size_t) ((k * FEATURES + f) * FEATURES + g)] = f == g ? 3.0 - 0.5 * k : 0.2;
      }
    builder_tensor(&content, "weights", "F64", 1, CLASSES, 0, 0, weight.data());
    builder_tensor(&content, "means", "F64", 2, CLASSES, FEATURES, 0, mean.data());
    builder_tensor(&content, "precisions_cholesky", "F64", 3, CLASSES, FEATURES, FEATURES,
                   factor.data());
    builder_tensor(&content, "feature_shift", "F64", 1, FEATURES, 0, 0, shift.data());
    builder_tensor(&content, "feature_scale", "F64", 1, FEATURES, 0, 0, scale.data());
    builder_metadata(&content, "format", "mlgrain");
    builder_metadata(&content, "version", "1");
    builder_metadata(&content, "kind", "gaussian_mixture");
    builder_metadata(&content, "features", names.c_str());
    builder_metadata(&content, "descriptor", sfd_descriptor);
    builder_metadata(&content, "classes", R"(["thin", "medium", "dense"])");
  }
  Mixture(const Mixture &) = delete;
  Mixture &operator=(const Mixture &) = delete;

  std::string write(const std::string &name = "mixture") const
  {
    return write_model(content, name);
  }
};

/* The first FEATURES of each atom's descriptors. */
std::vector<double> features_of(const Session &session)
{
  const auto all = session.gather("c_s", DESCRIPTORS);
  std::vector<double> some;
  for (size_t i = 0; i < all.size(); i++)
    if (i % DESCRIPTORS < FEATURES) some.push_back(all[i]);
  return some;
}

/* Compares c_g; atoms that aren't present have zeros. columns: 2 or 2 + CLASSES. least: so many
   classes must have atoms. */
void compare(const Session &session, const std::string &path, size_t columns,
             const std::vector<bool> &present = {}, int least = CLASSES)
{
  const auto x = features_of(session), got = session.gather("c_g", (int) columns);
  const size_t n = x.size() / FEATURES;
  mlgrain_model *model;
  mlgrain_gmm *gmm;
  check(!mlgrain_model_open(path.c_str(), &model, nullptr), "model");
  check(!mlgrain_gmm_create(model, mlgrain_simd_best(), &gmm, nullptr), "mixture");
  std::vector<int> index(n);
  std::vector<double> likelihood(n), responsibility(n * CLASSES);
  const mlgrain_gmm_output output = {index.data(), likelihood.data(), responsibility.data(),
                                     nullptr};
  check(!mlgrain_gmm_predict(gmm, n, x.data(), FEATURES, &output, nullptr), "predict");
  mlgrain_gmm_free(gmm);
  mlgrain_model_free(model);

  std::vector<double> counts(CLASSES + 2, 0.0);
  for (size_t i = 0; i < n; i++) {
    std::vector<double> wanted(columns, 0.0);
    if (present.empty() || present[i]) {
      wanted[0] = index[i] + 1;
      wanted[1] = likelihood[i];
      for (size_t k = 0; k + 2 < columns; k++) wanted[k + 2] = responsibility[i * CLASSES + k];
      counts[(size_t) index[i]] += 1.0;
    }
    for (size_t c = 0; c < columns; c++)
      if (!check(close_to(got[i * columns + c], wanted[c], 1e-12),
                 "atom %zu, column %zu: %.15g, expected %.15g", i, c + 1, got[i * columns + c],
                 wanted[c]))
        return;
  }
  const auto *total = static_cast<double *>(lammps_extract_compute(session.handle, "g", 0, 1));
  for (size_t k = 0; k < counts.size(); k++)
    check(total[k] == counts[k], "c_g[%zu] is %g, expected %g", k + 1, total[k], counts[k]);
  const auto found = CLASSES - std::count(counts.begin(), counts.begin() + CLASSES, 0.0);
  check(found >= least, "%d classes have atoms, of %d: the test says little", (int) found, least);
}

const std::string show = "compute r all reduce max c_g[1]\nthermo_style custom step c_r c_g[1]\n";

void whole_box()
{
  Mixture mixture;
  const std::string path = mixture.write();
  Session session;
  session.run(random_atoms() + descriptors + "compute g all gmm/atom " + path + " " + inputs +
              "\n" + show + "run 3");
  compare(session, path, 2 + CLASSES);
}

void threads()
{
  setenv("OMP_NUM_THREADS", "3", 1);
  whole_box();
  setenv("OMP_NUM_THREADS", "1", 1);
}

void classes_alone()
{
  Mixture mixture;
  const std::string path = mixture.write();
  Session session;
  session.run(random_atoms() + descriptors + "compute g all gmm/atom " + path + " " + inputs +
              " responsibilities no\n" + show + "run 0");
  compare(session, path, 2);
}

void part_of_the_atoms()
{
  Mixture mixture;
  const std::string path = mixture.write();
  Session session;
  session.run(random_atoms(2) + descriptors + "group two type 2\ncompute g two gmm/atom " + path +
              " " + inputs + "\n" + show + "run 0");
  std::vector<bool> present;
  for (const int type : session.gather_int("type", 1)) present.push_back(type == 2);
  compare(session, path, 2 + CLASSES, present);
}

/* Atoms of one class as a group, for other styles. */
void group_of_a_class()
{
  Mixture mixture;
  Session session;
  session.run(random_atoms() + descriptors + "compute g all gmm/atom " + mixture.write() + " " +
              inputs +
              "\nvariable dense atom c_g[1]==3\n"
              "group dense dynamic all var dense every 1\nvariable n equal count(dense)\n"
              "thermo_style custom step v_n c_g[3]\nthermo 1\nrun 5");
  auto *value = static_cast<double *>(lammps_extract_variable(session.handle, "n", nullptr));
  const double n = *value;
  lammps_free(value);
  const auto *total = static_cast<double *>(lammps_extract_compute(session.handle, "g", 0, 1));
  check(n > 0.0 && n == total[2], "the group has %g atoms, the class %g", n, total[2]);
}

/* fix forest/atom for the atoms of one class, whose group follows the class. */
void forest_of_a_class()
{
  Mixture mixture;
  plain_forest plain = plain_forest_make(FEATURES, 3, 30, 0, 7);
  builder forest = {};
  plain_forest_build(&plain, &forest);
  builder_metadata(&forest, "features", mixture.names.c_str());
  const std::string path = write_model(forest, "of_a_class");
  plain_forest_free(&plain);
  Session session;
  session.run(random_atoms() + descriptors + "compute g all gmm/atom " + mixture.write() + " " +
              inputs +
              "\nvariable dense atom c_g[1]==3\n"
              "group dense dynamic all var dense every 1\nfix ed dense forest/atom 1 " +
              path + " " + inputs + "\nthermo_style custom step c_g[3] f_ed[4]\nthermo 1\nrun 5");
  const auto classes = session.gather("c_g", 2 + CLASSES), values = session.gather("f_ed", 4);
  size_t dense = 0;
  for (size_t i = 0; i < values.size() / 4; i++) {
    const bool inside = classes[i * (2 + CLASSES)] == 3.0;
    dense += inside ? 1 : 0;
    check((values[4 * i] != 0.0) == inside, "atom %zu of class %g: prediction %g", i,
          classes[i * (2 + CLASSES)], values[4 * i]);
  }
  check(dense > 0, "no atom is dense: the test says little");
}

/* Stopped by the number of iterations, and by the tolerance, after which there is one evaluation.
 */
void minimization()
{
  Mixture mixture;
  const std::string path = mixture.write();
  for (const char *minimize : {"minimize 0 1.0e-8 3 1000", "minimize 1.0e-1 0 1000 10000"}) {
    Session session;
    session.run(random_atoms() + "pair_style eam/alloy\npair_coeff * * " + potentials() +
                "/Cu_mishin1.eam.alloy Cu\nunfix nve\ndelete_atoms overlap 1.9 all all\n" +
                "reset_atoms id\n" + descriptors + "compute g all gmm/atom " + path + " " + inputs +
                "\n" + show + minimize);
    compare(session, path, 2 + CLASSES, {}, 1); /* relaxed atoms resemble each other */
  }
}

void rerun()
{
  Mixture mixture;
  const std::string path = mixture.write(), dump = file_name("mixture") + ".dump";
  Session session;
  session.run(random_atoms() + "dump 1 all custom 5 " + dump + " id x y z\n" +
              "dump_modify 1 format float %.17g\nrun 20\nundump 1\n" + descriptors +
              "compute g all gmm/atom " + path + " " + inputs + "\n" + show + "rerun " + dump +
              " dump x y z box no");
  compare(session, path, 2 + CLASSES);
  MPI_Barrier(MPI_COMM_WORLD);
  if (rank() == 0) remove(dump.c_str());
}

void restart()
{
  Mixture mixture;
  const std::string path = mixture.write(), file = file_name("mixture") + ".restart";
  const std::string compute =
      descriptors + "compute g all gmm/atom " + path + " " + inputs + "\n" + show;
  std::vector<double> straight;
  {
    Session session;
    session.run(random_atoms() + compute + "run 4\nwrite_restart " + file + "\nrun 4");
    straight = session.gather("c_g", 2 + CLASSES);
  }
  Session session;
  session.run("read_restart " + file + "\ncomm_modify cutoff 8.0\nfix nve all nve\n" + compute +
              "run 4");
  compare(session, path, 2 + CLASSES);
  const auto again = session.gather("c_g", 2 + CLASSES);
  for (size_t i = 0; i < again.size(); i++)
    if (!check(close_to(again[i], straight[i], 1e-9), "value %zu differs after a restart", i))
      break;
  MPI_Barrier(MPI_COMM_WORLD);
  if (rank() == 0) remove(file.c_str());
}

/* For other styles: fix ave/atom, fix ave/time, compute reduce. */
void used_elsewhere()
{
  Mixture mixture;
  Session session;
  session.run(random_atoms() + descriptors + "compute g all gmm/atom " + mixture.write() + " " +
              inputs +
              "\nfix mean all ave/atom 2 3 6 c_g[2]\ncompute r all reduce sum c_g[2] c_g[3]\n"
              "fix time all ave/time 2 3 6 c_g[1] c_r[1] mode scalar\n"
              "thermo 2\nthermo_style custom step c_r[1] c_r[2] c_g[1]");
  const size_t n = (size_t) session.natoms();
  std::vector<double> sum(n, 0.0);
  double total = 0.0, count = 0.0;
  for (int part = 0; part < 3; part++) {
    session.run("run 2");
    const auto values = session.gather("c_g", 2 + CLASSES);
    double reduced[2] = {0.0, 0.0};
    for (size_t i = 0; i < n; i++) {
      sum[i] += values[i * (2 + CLASSES) + 1];
      for (size_t c = 0; c < 2; c++) reduced[c] += values[i * (2 + CLASSES) + 1 + c];
    }
    const auto *found = static_cast<double *>(lammps_extract_compute(session.handle, "r", 0, 1));
    for (int c = 0; c < 2; c++)
      check(close_to(found[c], reduced[c], 1e-10), "compute reduce says %.15g, expected %.15g",
            found[c], reduced[c]);
    total += reduced[0] / 3.0;
    count += static_cast<double *>(lammps_extract_compute(session.handle, "g", 0, 1))[0] / 3.0;
  }
  const double wanted[] = {count, total};
  for (int k = 0; k < 2; k++) {
    auto *time = static_cast<double *>(lammps_extract_fix(session.handle, "time", 0, 1, k, 0));
    check(close_to(*time, wanted[k], 1e-10), "fix ave/time says %.15g, expected %.15g", *time,
          wanted[k]);
    lammps_free(time);
  }
  const auto mean = session.gather("f_mean", 1);
  for (size_t i = 0; i < n; i++)
    if (!check(close_to(mean[i], sum[i] / 3.0, 1e-10), "fix ave/atom, atom %zu", i)) break;
}

void not_finite()
{
  Mixture mixture;
  builder_metadata(&mixture.content, "features", R"(["P0_I0", "P1_I0", "P2_I0", "odd"])");
  Session session;
  session.run(random_atoms() + descriptors +
              "variable odd atom exp(1000*(x>10))/3\n"
              "compute g all gmm/atom " +
              mixture.write() + " c_s[1*3] v_odd\n" + show + "run 0");
  const auto got = session.gather("c_g", 2 + CLASSES), x = session.gather("x", 3);
  double bad = 0.0;
  for (size_t i = 0; i < x.size() / 3; i++) {
    bad += x[3 * i] > 10.0 ? 1.0 : 0.0;
    check((got[i * (2 + CLASSES)] == 0.0) == (x[3 * i] > 10.0), "class of atom %zu", i);
  }
  const auto *total = static_cast<double *>(lammps_extract_compute(session.handle, "g", 0, 1));
  check(bad > 0.0 && total[CLASSES] == bad, "%g atoms counted, %g are not finite", total[CLASSES],
        bad);
}

void bad_input()
{
  Mixture mixture;
  plain_forest plain = plain_forest_make(FEATURES, 2, 10, 0, 1);
  builder forest = {};
  plain_forest_build(&plain, &forest);
  const std::string good = mixture.write(), other = write_model(forest, "other");
  plain_forest_free(&plain);
  const std::string g = "compute g all gmm/atom ";
  const std::pair<std::string, const char *> cases[] = {
      {g + good, "expected a model file and inputs"},
      {g + "nowhere c_s[*]", "nowhere cannot be opened"},
      {g + other + " " + inputs, "the model is not a Gaussian mixture"},
      {g + good + " c_s[*]", "the 19 inputs are not the model's features"},
      {g + good + " c_s[2] c_s[1] c_s[3*4]", "the inputs: P1_I0 P0_I0 P2_I0 P2_I1"},
      {g + good + " " + inputs + " responsibilities", "'responsibilities' needs yes or no"},
      {g + good + " " + inputs + " names yes", "'names' is neither an input nor a keyword"},
      {"compute big all sfd/atom 0.95 5.904\n" + g + good + " c_big[1*4]\nrun 0",
       "the compute: sigma 0.95, rcut 5.904"},
  };
  must_fail_each(cases, random_atoms() + descriptors);
}

}    // namespace

int main(int argc, char **argv)
{
  return run_tests(argc, argv,
                   {{"whole box", whole_box},
                    {"threads", threads},
                    {"classes alone", classes_alone},
                    {"part of the atoms", part_of_the_atoms},
                    {"group of a class", group_of_a_class},
                    {"forest of a class", forest_of_a_class},
                    {"minimization", minimization},
                    {"rerun", rerun},
                    {"restart", restart},
                    {"used elsewhere", used_elsewhere},
                    {"features that are not finite", not_finite},
                    {"bad input", bad_input}});
}
