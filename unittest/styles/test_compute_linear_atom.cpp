/* SPDX-License-Identifier: GPL-2.0-or-later */
/* compute linear/atom inside LAMMPS against the core, for the features that LAMMPS itself shows;
   the core's numbers are tested in unittest/core/test_linear.c. */
#include "models.h"

#include "mlgrain/forest.h"
#include "mlgrain/linear.h"

using namespace test;

namespace {

enum { FEATURES = 4, TERMS = 15, COLUMNS = 4, ELEMENTS = 7, DESCRIPTORS = MLGRAIN_SFD_COUNT };
const std::string inputs = "c_s[1*4]";
const std::string descriptors = "compute s all sfd/atom 0.909 5.904\n";

/* Of degree 2. Some random atoms are out of its range, and some are novel. */
struct Linear {
  std::vector<double> coefficient, factor, shift, scale, mean, precision;
  std::vector<float> range;
  double noise = 0.2, limit = 2.0;
  builder content = {};
  std::string names = sfd_names(FEATURES);

  Linear() :
      factor(TERMS * TERMS, 0.0), shift(FEATURES, 0.5), scale(FEATURES, 0.7), mean(FEATURES, 0.3),
      precision(FEATURES * FEATURES, 0.0), range(FEATURES, 0.0f)
  {
    for (int t = 0; t < TERMS; t++) {
      coefficient.push_back(0.3 * (t % 5) - 0.5);
      for (int s = t; s < TERMS; s++)
        factor[(size_t) (t * TERMS + s)] = s == t ? 0.1 : 0.01 * (s - t);
    }
    for (int f = 0; f < FEATURES; f++) {
      precision[(size_t) (f * FEATURES + f)] = 1.0;
      range.push_back(1.5f);    // after all the smallest ones
    }
    builder_tensor(&content, "coefficients", "F64", 1, TERMS, 0, 0, coefficient.data());
    builder_tensor(&content, "covariance_factor", "F64", 2, TERMS, TERMS, 0, factor.data());
    builder_tensor(&content, "noise", "F64", 1, 1, 0, 0, &noise);
    builder_tensor(&content, "feature_shift", "F64", 1, FEATURES, 0, 0, shift.data());
    builder_tensor(&content, "feature_scale", "F64", 1, FEATURES, 0, 0, scale.data());
    builder_tensor(&content, "novelty_mean", "F64", 1, FEATURES, 0, 0, mean.data());
    builder_tensor(&content, "novelty_cholesky", "F64", 2, FEATURES, FEATURES, 0, precision.data());
    builder_tensor(&content, "novelty_limit", "F64", 1, 1, 0, 0, &limit);
    builder_tensor(&content, "feature_range", "F32", 2, 2, FEATURES, 0, range.data());
    builder_metadata(&content, "format", "mlgrain");
    builder_metadata(&content, "version", "1");
    builder_metadata(&content, "kind", "linear");
    builder_metadata(&content, "degree", "2");
    builder_metadata(&content, "target", "energy");
    builder_metadata(&content, "features", names.c_str());
    builder_metadata(&content, "descriptor", sfd_descriptor);
  }
  Linear(const Linear &) = delete;
  Linear &operator=(const Linear &) = delete;

  std::string write() const { return write_model(content, "linear"); }
};

/* What the core says of rows: [n][COLUMNS]. */
std::vector<double> predict(const std::string &path, const std::vector<double> &x)
{
  const size_t n = x.size() / FEATURES;
  mlgrain_model *model;
  mlgrain_linear *linear;
  check(!mlgrain_model_open(path.c_str(), &model, nullptr), "model");
  check(!mlgrain_linear_create(model, mlgrain_simd_best(), &linear, nullptr), "linear model");
  std::vector<double> column(3 * n), rows;
  std::vector<unsigned char> flags(n);
  const mlgrain_linear_output output = {column.data(), &column[n], &column[2 * n], flags.data()};
  check(!mlgrain_linear_predict(linear, n, x.data(), FEATURES, &output, nullptr), "predict");
  mlgrain_linear_free(linear);
  mlgrain_model_free(model);
  for (size_t i = 0; i < n; i++) {
    for (size_t c = 0; c < 3; c++) rows.push_back(column[c * n + i]);
    rows.push_back(flags[i]);
  }
  return rows;
}

/* Compares the global output with sums over rows [n][COLUMNS] of atoms that count. */
void compare_global(const Session &session, const std::vector<double> &rows,
                    const std::vector<bool> &present)
{
  std::vector<double> wanted(ELEMENTS, 0.0);
  for (size_t i = 0; i < rows.size() / COLUMNS; i++) {
    if (!present.empty() && !present[i]) continue;
    const int flags = (int) rows[i * COLUMNS + 3];
    for (size_t c = 0; c < 3; c++) wanted[c] += rows[i * COLUMNS + c];
    wanted[flags & MLGRAIN_ROW_NOT_FINITE ? 4 : 3] += 1.0;
    wanted[5] += flags & MLGRAIN_ROW_OUT_OF_RANGE ? 1.0 : 0.0;
    wanted[6] += flags & MLGRAIN_ROW_NOVEL ? 1.0 : 0.0;
  }
  for (size_t c = 0; c < 3; c++) wanted[c] /= std::max(wanted[3], 1.0);
  const auto *got = static_cast<double *>(lammps_extract_compute(session.handle, "g", 0, 1));
  for (size_t k = 0; k < wanted.size(); k++)
    check(close_to(got[k], wanted[k], 1e-12), "c_g[%zu] is %.15g, expected %.15g", k + 1, got[k],
          wanted[k]);
}

/* Compares c_g; atoms that aren't present have zeros. */
void compare(const Session &session, const std::string &path, const std::vector<bool> &present = {})
{
  const auto all = session.gather("c_s", DESCRIPTORS), got = session.gather("c_g", COLUMNS);
  std::vector<double> x;
  for (size_t i = 0; i < all.size(); i++)
    if (i % DESCRIPTORS < FEATURES) x.push_back(all[i]);
  const auto rows = predict(path, x);
  double kinds[3] = {0.0, 0.0, 0.0};    // without flags, out of range, novel
  for (size_t i = 0; i < rows.size(); i++) {
    const double wanted = present.empty() || present[i / COLUMNS] ? rows[i] : 0.0;
    if (!check(close_to(got[i], wanted, 1e-12), "value %zu: %.15g, expected %.15g", i, got[i],
               wanted))
      return;
    if (i % COLUMNS == 3) {
      kinds[0] += rows[i] == 0.0 ? 1.0 : 0.0;
      kinds[1] += (int) rows[i] & MLGRAIN_ROW_OUT_OF_RANGE ? 1.0 : 0.0;
      kinds[2] += (int) rows[i] & MLGRAIN_ROW_NOVEL ? 1.0 : 0.0;
    }
  }
  for (int k = 0; k < 3; k++) check(kinds[k] > 0.0, "no atom of kind %d: the test says little", k);
  compare_global(session, rows, present);
}

const std::string show = "compute r all reduce max c_g[1]\nthermo_style custom step c_r c_g[1]\n";

void whole_box()
{
  Linear linear;
  const std::string path = linear.write();
  Session session;
  session.run(random_atoms() + descriptors + "compute g all linear/atom " + path + " " + inputs +
              "\n" + show + "run 3");
  compare(session, path);
}

void threads()
{
  setenv("OMP_NUM_THREADS", "3", 1);
  whole_box();
  setenv("OMP_NUM_THREADS", "1", 1);
}

void part_of_the_atoms()
{
  Linear linear;
  const std::string path = linear.write();
  Session session;
  session.run(random_atoms(2) + descriptors + "group two type 2\ncompute g two linear/atom " +
              path + " " + inputs + " mode atom\n" + show + "run 0");
  std::vector<bool> present;
  for (const int type : session.gather_int("type", 1)) present.push_back(type == 2);
  compare(session, path, present);
}

void global_mode()
{
  Linear linear;
  builder_metadata(&linear.content, "features", R"(["a", "b", "c", "d"])");
  builder_metadata(&linear.content, "descriptor", nullptr);
  const std::string path = linear.write();
  Session session;
  session.run(random_atoms() + descriptors +
              "compute mean all reduce ave c_s[1] c_s[6]\n"
              "variable c equal step/10\nvariable d vector [0.25,-0.5]\n"
              "compute g all linear/atom " +
              path +
              " c_mean[*] v_c v_d[2] mode global\n"
              "thermo 2\nthermo_style custom step c_mean[*] c_g[*]\nrun 4");
  auto *mean = static_cast<double *>(lammps_extract_compute(session.handle, "mean", 0, 1));
  compare_global(session, predict(path, {mean[0], mean[1], 0.4, -0.5}), {});
}

void not_finite()
{
  Linear linear;
  builder_metadata(&linear.content, "features", R"(["P0_I0", "P1_I0", "P2_I0", "odd"])");
  Session session;
  session.run(random_atoms() + descriptors +
              "variable odd atom exp(1000*(x>10))/3\ncompute g all linear/atom " + linear.write() +
              " c_s[1*3] v_odd\n" + show + "run 0");
  const auto got = session.gather("c_g", COLUMNS), x = session.gather("x", 3);
  double bad = 0.0;
  for (size_t i = 0; i < x.size() / 3; i++) {
    const bool out = x[3 * i] > 10.0;
    bad += out ? 1.0 : 0.0;
    check(out == ((int) got[i * COLUMNS + 3] == MLGRAIN_ROW_NOT_FINITE) &&
              out == (got[i * COLUMNS] == 0.0),
          "atom %zu", i);
  }
  const auto *total = static_cast<double *>(lammps_extract_compute(session.handle, "g", 0, 1));
  check(bad > 0.0 && total[4] == bad, "%g atoms counted, %g are not finite", total[4], bad);
}

void bad_input()
{
  Linear linear, of_lj;
  builder_metadata(&of_lj.content, "unit_style", "lj");
  plain_forest plain = plain_forest_make(FEATURES, 2, 10, 0, 1);
  builder forest = {};
  plain_forest_build(&plain, &forest);
  const std::string good = linear.write(), other = write_model(forest, "not_linear");
  const std::string lj = write_model(of_lj.content, "linear_lj");
  plain_forest_free(&plain);
  const std::string g = "compute g all linear/atom ";
  const std::pair<std::string, const char *> cases[] = {
      {g + good, "expected a model file and inputs"},
      {g + "nowhere c_s[*]", "nowhere cannot be opened"},
      {g + other + " " + inputs, "the model is not linear"},
      {g + lj + " " + inputs, "is for units lj, not metal"},
      {g + good + " c_s[*]", "the 19 inputs are not the model's features"},
      {g + good + " c_s[2] c_s[1] c_s[3*4]", "the inputs: P1_I0 P0_I0 P2_I0 P2_I1"},
      {g + good + " " + inputs + " mode", "'mode' can't be ''"},
      {g + good + " " + inputs + " mode all", "'mode' can't be 'all'"},
      {g + good + " " + inputs + " names yes", "'names' is neither an input nor a keyword"},
      {"variable one equal 1\n" + g + good + " v_one mode global",
       "the 1 inputs are not the model's features"},
      {g + good + " c_s[1] c_s[2] c_s[3] c_s[4] mode global", "'c_s[1]' is no global number"},
      {"compute big all sfd/atom 0.95 5.904\n" + g + good + " c_big[1*4]\nrun 0",
       "the compute: sigma 0.95, rcut 5.904"},
  };
  must_fail_each(cases, random_atoms() + descriptors);
}

/* Models of power spectra: of the parameters that the file has, and no others. */
void power_spectra()
{
  const std::string wanted = "quippy 4 2 1 0.5 width 0.7 central 1 normalise no",
                    common = "{\"style\": \"soap/atom\", \"basis\": \"quippy\", \"rcut\": 4.0, "
                             "\"nmax\": 2, \"lmax\": 1, \"sigma\": 0.5, \"width\": 0.7, "
                             "\"central\": 1, \"normalise\": false",
                    whole = common + ", \"species\": 1}",
                    part = common + "}";    // outlive the models
  Linear linear, lacks;
  for (auto *one : {&linear, &lacks})
    builder_metadata(&one->content, "features", "[\"soap_1\", \"soap_2\", \"soap_3\", \"soap_4\"]");
  builder_metadata(&linear.content, "descriptor", whole.c_str());
  builder_metadata(&lacks.content, "descriptor", part.c_str());
  const std::string good = linear.write(), bad = write_model(lacks.content, "linear_lacks");
  const auto input = [](const std::string &parameters, const std::string &model) {
    return "compute p all soap/atom " + parameters + " columns 1*4\ncompute g all linear/atom " +
        model + " c_p[*]\nthermo_style custom step c_g[4]\nrun 0";
  };
  {
    Session session;
    session.run(random_atoms() + input(wanted, good));
  }
  std::string other = wanted;
  other.replace(other.find("0.7"), 3, "0.6");
  const std::pair<std::string, const char *> cases[] = {
      {input(other, good), "the compute: quippy, rcut 4, nmax 2, lmax 1, sigma 0.5, width 0.6"},
      {input("gto 4 2 1 0.5", good), "not those the model was trained with"},
      {input(wanted + " normalise yes", good), "normalise yes"},
      {input(wanted, bad), "lacks a parameter"},
  };
  must_fail_each(cases, random_atoms());
}

}    // namespace

int main(int argc, char **argv)
{
  return run_tests(argc, argv,
                   {{"whole box", whole_box},
                    {"threads", threads},
                    {"part of the atoms", part_of_the_atoms},
                    {"global mode", global_mode},
                    {"features that are not finite", not_finite},
                    {"power spectra", power_spectra},
                    {"bad input", bad_input}});
}
