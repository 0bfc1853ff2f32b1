/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fix forest/atom inside LAMMPS against plain walks down the trees, for the features that LAMMPS
   itself shows. */
#include "models.h"

#include <algorithm>

using namespace test;

namespace {

enum { COLUMNS = 4, FEATURES = MLGRAIN_SFD_COUNT, TREES = 6, CLASSES = 5 };
const std::string descriptors = "compute s all sfd/atom 0.909 5.904\n";

/* A random forest of the 19 descriptors; range and novelty of no particular data. */
struct Forest {
  plain_forest plain;
  builder content = {};
  std::string names;
  std::vector<float> range;
  std::vector<double> mean, factor;

  explicit Forest(int features = FEATURES, int classes = 0) :
      plain(plain_forest_make(features, TREES, 300, 0, 5)), names(sfd_names(features)),
      mean((size_t) features, 0.3), factor((size_t) (features * features), 0.0)
  {
    range.assign((size_t) features, -0.5f);
    range.insert(range.end(), (size_t) features, 3.2f);
    for (int i = 0; i < features; i++) factor[(size_t) (i * features + i)] = 1.0 + 0.1 * i;
    if (classes) plain_forest_classify(&plain, classes, 5);
    plain_forest_build(&plain, &content);
    builder_metadata(&content, "features", names.c_str());
    builder_metadata(&content, "descriptor", sfd_descriptor);
    const uint64_t n = (uint64_t) features;
    builder_tensor(&content, "feature_range", "F32", 2, 2, n, 0, range.data());
    builder_tensor(&content, "novelty_mean", "F64", 1, n, 0, 0, mean.data());
    builder_tensor(&content, "novelty_cholesky", "F64", 2, n, n, 0, factor.data());
  }
  ~Forest() { plain_forest_free(&plain); }
  Forest(const Forest &) = delete;
  Forest &operator=(const Forest &) = delete;

  std::string write(const std::string &name = "forest") const { return write_model(content, name); }

  int columns() const { return COLUMNS + plain.classes; }

  /* prediction, spread, novelty, flags; or class, uncertainty, novelty, flags, probabilities */
  std::vector<double> row(const double *x) const
  {
    double sum = 0.0, sum2 = 0.0, distance2 = 0.0;
    bool outside = false;
    for (int t = 0; t < plain.trees; t++) sum += plain_forest_leaf(&plain, t, x)->value / TREES;
    for (int t = 0; t < plain.trees; t++)
      sum2 += std::pow(plain_forest_leaf(&plain, t, x)->value - sum, 2) / TREES;
    std::vector<double> result = {sum, std::sqrt(sum2), 0.0, 0.0};
    if (plain.classes) {
      result.resize((size_t) columns());
      const int best = plain_forest_class(&plain, x, &result[COLUMNS]);
      result[0] = best + 1;
      result[1] = 1.0 - result[(size_t) (COLUMNS + best)];
    }
    for (size_t f = 0; f < mean.size(); f++) {
      distance2 += std::pow((x[f] - mean[f]) * factor[f * mean.size() + f], 2);
      outside = outside || (float) x[f] < range[f] || (float) x[f] > range[mean.size() + f];
    }
    result[2] = std::sqrt(distance2);
    result[3] = outside ? 2.0 : 0.0;
    return result;
  }
};

/* Adds a row to the sums that the global output is made of. */
void add_row(const std::vector<double> &row, int classes, std::vector<double> &global)
{
  for (size_t c = 0; c < 3; c++) global[c] += row[c];
  global[3] += 1.0;
  global[5] += row[3] > 0.0 ? 1.0 : 0.0;
  for (size_t k = 0; k < (size_t) classes; k++) global[7 + k] += row[COLUMNS + k];
  if (classes) global[(size_t) (7 + classes + (int) row[0] - 1)] += 1.0;
}

void compare_global(const Session &session, std::vector<double> wanted, int classes)
{
  for (size_t i = 0; i < wanted.size(); i++)
    if (i < 3 || (i >= 7 && i < (size_t) (7 + classes))) wanted[i] /= wanted[3];
  for (int i = 0; i < (int) wanted.size(); i++) {
    auto *value = static_cast<double *>(lammps_extract_fix(session.handle, "ed", 0, 1, i, 0));
    check(close_to(*value, wanted[(size_t) i], 1e-10), "f_ed[%d] is %.15g, expected %.15g", i + 1,
          *value, wanted[(size_t) i]);
    lammps_free(value);
  }
}

/* Compares f_ed with the reference for features [natoms][n]; absent atoms have zeros. */
void compare(const Session &session, const Forest &forest, const std::vector<double> &features,
             const std::vector<bool> &present = {})
{
  const size_t columns = (size_t) forest.columns();
  const auto got = session.gather("f_ed", forest.columns());
  const size_t n = forest.mean.size(), natoms = got.size() / columns;
  check(natoms > 0 && features.size() == natoms * n, "sizes differ");
  std::vector<double> global((size_t) (7 + 2 * forest.plain.classes), 0.0);
  for (size_t i = 0; i < natoms; i++) {
    const bool here = present.empty() || present[i];
    const auto wanted = here ? forest.row(&features[i * n]) : std::vector<double>(columns, 0.0);
    for (size_t c = 0; c < columns; c++)
      if (!check(close_to(got[i * columns + c], wanted[c], 1e-12),
                 "atom %zu, column %zu: %.15g, expected %.15g", i, c + 1, got[i * columns + c],
                 wanted[c]))
        return;
    if (here) add_row(wanted, forest.plain.classes, global);
  }
  compare_global(session, global, forest.plain.classes);
}

/* Features as the compute gives them for the positions at the end of the run. */
std::vector<double> current_descriptors(Session &session, int columns = FEATURES)
{
  session.run("compute now all sfd/atom 0.909 5.904\ncompute nowr all reduce max c_now[1]\n"
              "thermo_style custom step c_nowr\nrun 0");
  auto all = session.gather("c_now", FEATURES), some = all;
  some.clear();
  for (size_t i = 0; i < all.size(); i++)
    if ((int) (i % FEATURES) < columns) some.push_back(all[i]);
  return some;
}

void run_and_compare(const std::string &setup, const std::string &run, int classes = 0)
{
  Forest forest(FEATURES, classes);
  Session session;
  session.run(setup + descriptors + "fix ed all forest/atom 1 " + forest.write() + " c_s[*]\n" +
              run);
  const auto before = session.gather("f_ed", forest.columns());
  compare(session, forest, current_descriptors(session));
  const auto after = session.gather("f_ed", forest.columns());
  for (size_t i = 0; i < before.size(); i++)
    if (!check(close_to(before[i], after[i], 1e-9), "value %zu changes when nothing moves", i))
      return;
}

void at_rest()
{
  run_and_compare(random_atoms(), "run 0");
}

void moving_atoms()
{
  run_and_compare(random_atoms(), "thermo 5\nrun 12\nrun 3");
}

void threads()
{
  setenv("OMP_NUM_THREADS", "3", 1);
  run_and_compare(random_atoms(), "run 2");
  setenv("OMP_NUM_THREADS", "1", 1);
}

void classes()
{
  run_and_compare(random_atoms(), "run 0", 2);
  run_and_compare(random_atoms(), "thermo 5\nrun 12\nrun 3", CLASSES);
  setenv("OMP_NUM_THREADS", "3", 1);
  run_and_compare(random_atoms(), "run 2", CLASSES);
  setenv("OMP_NUM_THREADS", "1", 1);
}

/* f_ed of all atoms in the order of their IDs, also at steps where LAMMPS itself won't give it. */
std::vector<double> stored_values(const Session &session, int columns)
{
  std::vector<double> all((size_t) session.natoms() * (size_t) columns, 0.0);
  auto **local = static_cast<double **>(lammps_extract_fix(session.handle, "ed", 1, 2, 0, 0));
  const auto *id = static_cast<int *>(lammps_extract_atom(session.handle, "id"));
  const int nlocal = lammps_extract_setting(session.handle, "nlocal");
  for (int i = 0; i < nlocal; i++)
    std::copy(local[i], local[i] + columns, &all[(size_t) ((id[i] - 1) * columns)]);
  MPI_Allreduce(MPI_IN_PLACE, all.data(), (int) all.size(), MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
  return all;
}

/* Between the steps at which the fix works its values stay, also with atoms that change ranks. */
void every_few_steps_with(int classes)
{
  Forest forest(FEATURES, classes);
  Session session;
  session.run(random_atoms() + "velocity all create 3000000 5\nneigh_modify delay 0 every 1\n" +
              "atom_modify sort 2 3.0\n" + descriptors + "fix ed all forest/atom 5 " +
              forest.write() + " c_s[*]\nrun 10");
  const auto at_ten = stored_values(session, forest.columns());
  compare(session, forest, session.gather("c_s", FEATURES));
  session.run("run 3");
  const auto at_thirteen = stored_values(session, forest.columns());
  /* Step 10 was set up again, with atoms in another order. */
  for (size_t i = 0; i < at_ten.size(); i++)
    if (!check(close_to(at_thirteen[i], at_ten[i], 1e-12),
               "value %zu changes at steps that are no multiple of N", i))
      break;
  session.run("run 2");
  check(at_ten != stored_values(session, forest.columns()), "values don't change at step 15");
  session.must_fail("variable b equal f_ed[1]\nthermo_style custom step v_b\nthermo 1\nrun 2",
                    "not computed at a compatible time");
}

void every_few_steps()
{
  every_few_steps_with(0);
  every_few_steps_with(CLASSES);
}

void minimization()
{
  const std::string pair = "pair_style eam/alloy\npair_coeff * * " + potentials() +
      "/Cu_mishin1.eam.alloy Cu\nunfix nve\ndelete_atoms overlap 1.9 all all\n";
  /* stopped by the number of iterations, and by the tolerance, which needs a last evaluation */
  run_and_compare(random_atoms() + pair, "minimize 0 1.0e-8 7 1000");
  run_and_compare(random_atoms() + pair, "minimize 1.0e-3 0 1000 10000");
}

void rerun()
{
  Forest forest;
  Session session;
  const std::string dump = file_name("forest") + ".dump";
  session.run(random_atoms() + "dump 1 all custom 5 " + dump + " id x y z\n" +
              "dump_modify 1 format float %.17g\nrun 20\nundump 1\n" + descriptors +
              "compute r all reduce max c_s[1]\nthermo_style custom step c_r\n" +
              "fix ed all forest/atom 5 " + forest.write() + " c_s[*]\n" +
              "variable mean equal f_ed[1]\nfix p all print 5 \"${mean}\" file " +
              file_name("forest") + ".print screen no\n" + "rerun " + dump + " dump x y z box no");
  compare(session, forest, session.gather("c_s", FEATURES));
  compare(session, forest, current_descriptors(session));
  if (rank() == 0) remove(dump.c_str());
}

void restart()
{
  Forest forest;
  const std::string path = forest.write(), file = file_name("forest") + ".restart";
  const std::string fix = descriptors + "fix ed all forest/atom 2 " + path + " c_s[*]\n";
  std::vector<double> straight;
  {
    Session session;
    session.run(random_atoms() + fix + "run 4\nwrite_restart " + file + "\nrun 4");
    straight = session.gather("f_ed", COLUMNS);
  }
  Session session;
  session.run("read_restart " + file + "\ncomm_modify cutoff 8.0\nfix nve all nve\n" + fix +
              "run 4");
  const auto again = session.gather("f_ed", COLUMNS);
  compare(session, forest, session.gather("c_s", FEATURES));
  for (size_t i = 0; i < again.size(); i++)
    if (!check(close_to(again[i], straight[i], 1e-9), "value %zu differs after a restart", i))
      break;
  MPI_Barrier(MPI_COMM_WORLD);
  if (rank() == 0) remove(file.c_str());
}

void descriptor_auto()
{
  Forest forest;
  Session session;
  session.run(random_atoms() + "fix ed all forest/atom 1 " + forest.write() +
              " descriptor auto\nrun 3");
  check(lammps_has_id(session.handle, "compute", "ed_sfd"), "there is no compute ed_sfd");
  compare(session, forest, current_descriptors(session));
  session.run("unfix ed");
  check(!lammps_has_id(session.handle, "compute", "ed_sfd"), "compute ed_sfd is still there");
  session.run("fix ed all forest/atom 1 " + forest.write() + " descriptor auto\nrun 1");
}

/* Features in another order, one alone, weights by type. */
void descriptor_auto_variants()
{
  Forest forest(2);
  builder_metadata(&forest.content, "features", R"(["P4_I8", "P0_I0"])");
  Session session;
  session.run(random_atoms() + "fix ed all forest/atom 1 " + forest.write() +
              " descriptor auto\nrun 0");
  const auto all = current_descriptors(session);
  std::vector<double> two;
  for (size_t i = 0; i < all.size(); i += FEATURES) {
    two.push_back(all[i + 18]);
    two.push_back(all[i]);
  }
  compare(session, forest, two);

  Forest one(1);
  builder_metadata(
      &one.content, "descriptor",
      R"({"style": "sfd/atom", "sigma": 0.909, "rcut": 5.904, "weight": [1.5, 0.25]})");
  Session weighted;
  weighted.run(random_atoms(2) + "fix ed all forest/atom 1 " + one.write() +
               " descriptor auto\nrun 0\n"
               "compute w all sfd/atom 0.909 5.904 weight 1.5 0.25 invariants P0_I0\n"
               "compute r all reduce max c_w\nthermo_style custom step c_r\nrun 0");
  compare(weighted, one, weighted.gather("c_w", 1));
}

void part_of_the_atoms_with(int classes)
{
  Forest forest(FEATURES, classes);
  Session session;
  session.run(random_atoms(2) + descriptors + "group two type 2\nfix ed two forest/atom 1 " +
              forest.write() + " c_s[*]\nrun 2");
  const auto type = session.gather_int("type", 1);
  std::vector<bool> present;
  for (const int t : type) present.push_back(t == 2);
  compare(session, forest, current_descriptors(session), present);
}

void part_of_the_atoms()
{
  part_of_the_atoms_with(0);
  part_of_the_atoms_with(CLASSES);
}

void dynamic_group()
{
  Forest forest;
  Session session;
  session.run(random_atoms() + descriptors +
              "region left block 0 8 INF INF INF INF units box\n"
              "group left dynamic all region left every 1\nvelocity all set 50.0 0.0 0.0\n"
              "fix ed left forest/atom 1 " +
              forest.write() + " c_s[*]\nrun 10");
  const auto x = session.gather("x", 3);
  std::vector<bool> present;
  for (size_t i = 0; i < x.size(); i += 3) present.push_back(x[i] >= 0.0 && x[i] <= 8.0);
  compare(session, forest, session.gather("c_s", FEATURES), present);
}

/* Computes, variables and fixes side by side. */
void mixed_inputs()
{
  Forest forest(5);
  builder_metadata(&forest.content, "features", R"(["P0_I0", "x", "mean", "P3_I0", "P3_I1"])");
  Session session;
  session.run(random_atoms() + descriptors +
              "variable x atom x/16\n"
              "fix mean all ave/atom 1 2 2 c_s[5]\nfix ed all forest/atom 2 " +
              forest.write() + " c_s[1] v_x f_mean c_s[6*7]\nrun 6");
  const auto s = session.gather("c_s", FEATURES), x = session.gather("x", 3);
  const auto mean = session.gather("f_mean", 1);
  std::vector<double> features;
  for (size_t i = 0; i < mean.size(); i++) {
    features.push_back(s[i * FEATURES]);
    features.push_back(x[3 * i] / 16);
    features.push_back(mean[i]);
    features.push_back(s[i * FEATURES + 5]);
    features.push_back(s[i * FEATURES + 6]);
  }
  compare(session, forest, features);
}

void not_finite_with(int classes)
{
  Forest forest(2, classes);
  const size_t columns = (size_t) forest.columns();
  builder_metadata(&forest.content, "features", R"(["P0_I0", "odd"])");
  Session session;
  session.run(random_atoms() + descriptors +
              "variable odd atom exp(1000*(x>10))/3\n"
              "fix ed all forest/atom 1 " +
              forest.write() + " c_s[1] v_odd\nrun 0");
  const auto got = session.gather("f_ed", forest.columns()), x = session.gather("x", 3);
  double bad = 0.0;
  for (size_t i = 0; i < x.size() / 3; i++) {
    const bool is_bad = x[3 * i] > 10.0;
    bad += is_bad ? 1.0 : 0.0;
    const double *row = &got[columns * i];
    const bool zeros = std::count(row + COLUMNS, row + columns, 0.0) == classes;
    check((row[3] == 1.0) == is_bad, "flags of atom %zu: %g", i, row[3]);
    check((row[0] == 0.0) == is_bad, "prediction of atom %zu: %g", i, row[0]);
    check(zeros == (is_bad || classes == 0), "probabilities of atom %zu", i);
  }
  auto *count = static_cast<double *>(lammps_extract_fix(session.handle, "ed", 0, 1, 4, 0));
  check(bad > 0.0 && *count == bad, "%g atoms counted, %g are not finite", *count, bad);
  lammps_free(count);
}

void not_finite()
{
  not_finite_with(0);
  not_finite_with(CLASSES);
}

void global_mode_with(int classes)
{
  Forest forest(4, classes);
  builder_metadata(&forest.content, "features", R"(["a", "b", "c", "d"])");
  builder_metadata(&forest.content, "descriptor", nullptr);
  Session session;
  session.run(random_atoms() + descriptors +
              "compute mean all reduce ave c_s[1] c_s[6]\n"
              "variable c equal step/10\nvariable d vector [0.25,-0.5]\n"
              "fix ed all forest/atom 2 " +
              forest.write() +
              " c_mean[*] v_c v_d[2] mode global\n"
              "thermo 2\nthermo_style custom step c_mean[*] f_ed[*]\nrun 4");
  auto *mean = static_cast<double *>(lammps_extract_compute(session.handle, "mean", 0, 1));
  const double row[4] = {mean[0], mean[1], 0.4, -0.5};
  std::vector<double> wanted((size_t) (7 + 2 * classes), 0.0);
  add_row(forest.row(row), classes, wanted);
  compare_global(session, wanted, classes);
}

void global_mode()
{
  global_mode_with(0);
  global_mode_with(CLASSES);
}

/* The numbers after the IDs in the last frame of a dump that is sorted by ID. */
std::vector<double> last_frame(const std::string &path)
{
  std::vector<double> values;
  char line[1024];
  FILE *file = fopen(path.c_str(), "r");
  if (!check(file, "%s can't be opened", path.c_str())) return values;
  bool atoms = false;
  while (fgets(line, sizeof line, file)) {
    const bool item = strncmp(line, "ITEM:", 5) == 0;
    if (item) atoms = strncmp(line, "ITEM: ATOMS", 11) == 0;
    if (item && atoms) values.clear();
    if (item || !atoms) continue;
    char *word = line;
    strtod(word, &word);
    for (int c = 0; c < COLUMNS; c++) values.push_back(strtod(word, &word));
  }
  fclose(file);
  return values;
}

double f_ed(const Session &session, int element)
{
  auto *value = static_cast<double *>(lammps_extract_fix(session.handle, "ed", 0, 1, element, 0));
  const double result = *value;
  lammps_free(value);
  return result;
}

/* For other styles: dump, fix ave/atom, fix ave/time, compute reduce. */
void used_elsewhere()
{
  Forest forest;
  Session session;
  const std::string dump = file_name("forest") + ".used";
  session.run(random_atoms() + descriptors + "fix ed all forest/atom 2 " + forest.write() +
              " c_s[*]\nfix mean all ave/atom 2 3 6 f_ed[1]\ncompute r all reduce ave f_ed[1]\n"
              "fix time all ave/time 2 3 6 f_ed[1]\ndump 1 all custom 2 " +
              dump +
              " id f_ed[*]\ndump_modify 1 sort id format float %.17g\n"
              "thermo 2\nthermo_style custom step c_r f_ed[1]");
  std::vector<double> sum((size_t) session.natoms(), 0.0), values;
  double total = 0.0;
  for (int part = 0; part < 3; part++) {
    session.run("run 2");
    values = session.gather("f_ed", COLUMNS);
    for (size_t i = 0; i < sum.size(); i++) sum[i] += values[i * COLUMNS];
    total += f_ed(session, 0);
  }
  const auto *reduced = static_cast<double *>(lammps_extract_compute(session.handle, "r", 0, 0));
  check(close_to(*reduced, f_ed(session, 0), 1e-12), "compute reduce says %g, the fix %g", *reduced,
        f_ed(session, 0));
  auto *time = static_cast<double *>(lammps_extract_fix(session.handle, "time", 0, 0, 0, 0));
  check(close_to(*time, total / 3.0, 1e-12), "fix ave/time says %.15g, expected %.15g", *time,
        total / 3.0);
  lammps_free(time);
  const auto mean = session.gather("f_mean", 1);
  for (size_t i = 0; i < mean.size(); i++)
    if (!check(close_to(mean[i], sum[i] / 3.0, 1e-12), "fix ave/atom, atom %zu", i)) break;
  session.run("undump 1");
  if (rank() > 0) return;
  check(last_frame(dump) == values, "the dump differs from the fix");
  remove(dump.c_str());
}

void bad_input()
{
  Forest forest, other;
  builder_metadata(&other.content, "unit_style", "lj");
  const std::string good = forest.write(), lj = other.write("lj"), ed = "fix ed all forest/atom ";
  builder_metadata(&other.content, "unit_style", nullptr);
  builder_metadata(&other.content, "descriptor", nullptr);
  const std::string bare = other.write("bare");
  const std::pair<std::string, const char *> cases[] = {
      {ed + "10", "expected N, a model file and inputs"},
      {ed + "0 " + good + " c_s[*]", "N must be positive, not 0"},
      {ed + "x " + good + " c_s[*]", "x"},
      {ed + "1 nowhere.safetensors c_s[*]", "nowhere.safetensors cannot be opened"},
      {ed + "1 " + lj + " c_s[*]", "is for units lj, not metal"},
      {ed + "1 " + good + " c_s[1*18]", "the 18 inputs are not the model's features"},
      {ed + "1 " + good + " c_s[2] c_s[1] c_s[3*19]", "the inputs: P1_I0 P0_I0 P2_I0 P2_I1 P2_I2"},
      {ed + "1 " + good + " c_s[2] c_s[1] c_s[3*19]", "19 features: P0_I0 P1_I0 P2_I0 P2_I1 P2_I2"},
      {ed + "1 " + good + " c_t[*]", "'c_t[*]'"},
      {ed + "1 " + good + " c_s[20]", "'c_s[20]' needs an index from 1 to 19"},
      {ed + "1 " + good + " v_no", "'v_no' is not defined"},
      {ed + "1 " + good + " c_s[*] every 3", "'every' is neither an input nor a keyword"},
      {ed + "1 " + good + " c_s[*] spread", "'spread' can't be ''"},
      {ed + "1 " + good + " c_s[*] spread wide", "'spread' can't be 'wide'"},
      {ed + "1 " + good + " c_s[*] descriptor auto", "goes without other inputs"},
      {ed + "1 " + good + " mode global descriptor auto", "is for mode atom"},
      {ed + "1 " + bare + " descriptor auto", "can't make it"},
      {ed + "1 " + good + " c_s[1] mode global", "'c_s[1]' is no global number"},
      {"compute big all sfd/atom 0.95 5.904\n" + ed + "1 " + good + " c_big[*]\nrun 0",
       "the model: sigma 0.909, rcut 5.904, weights 1\n  the compute: sigma 0.95, rcut 5.904"},
      {"compute far all sfd/atom 0.909 auto\n" + ed + "1 " + good + " c_far[*]\nrun 0",
       "the compute: sigma 0.909, rcut 5.903955"},
      {"compute heavy all sfd/atom 0.909 5.904 weight 2\n" + ed + "1 " + good +
           " c_heavy[*]\nrun 0",
       "weights 2"},
      {"fix mean all ave/atom 1 1 3 c_s[*]\n" + ed + "2 " + good + " f_mean[*]\nrun 4",
       "'f_mean[1]' is not computed at step 2, only every 3"},
      {ed + "1 " + good + " c_s[*]\nuncompute s\nrun 0", "'c_s[1]' is not defined"},
  };
  must_fail_each(cases, random_atoms() + descriptors);
}

void malformed_model()
{
  Forest forest;
  forest.plain.node[0] ^= (uint64_t) 1 << 40;
  Session session;
  session.run(random_atoms() + descriptors);
  session.must_fail("fix ed all forest/atom 1 " + forest.write("bad") + " c_s[*]", "node ");
}

}    // namespace

int main(int argc, char **argv)
{
  return run_tests(argc, argv,
                   {{"at rest", at_rest},
                    {"moving atoms", moving_atoms},
                    {"threads", threads},
                    {"classes", classes},
                    {"every few steps", every_few_steps},
                    {"minimization", minimization},
                    {"rerun", rerun},
                    {"restart", restart},
                    {"descriptor auto", descriptor_auto},
                    {"descriptor auto, variants", descriptor_auto_variants},
                    {"part of the atoms", part_of_the_atoms},
                    {"dynamic group", dynamic_group},
                    {"mixed inputs", mixed_inputs},
                    {"features that are not finite", not_finite},
                    {"global mode", global_mode},
                    {"used elsewhere", used_elsewhere},
                    {"bad input", bad_input},
                    {"malformed model", malformed_model}});
}
