/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Compute mtp/error/atom: leverages, errors of forces, flags and global values against the plain
   formulas; when errors are new and when they are kept; wrong files and words. */
#include "mtp_cases.h"

#include "mtp_error_builder.h"

using namespace test;

namespace {

enum { LEVERAGE, ERROR, CLOSE, NOT_FINITE, COLUMNS };

const std::vector<int> all_species = {0, 1, 2};

/* A file of error bars for a potential, removed at the end. */
struct ErrorFile {
  std::string path;
  error_content content;

  ErrorFile(const std::string &name, const PotentialFile &file, int members = 6) :
      path(scratch(name))
  {
    error_content_make(file.get(), members, 99, &content);
    write();
  }
  ~ErrorFile()
  {
    error_content_free(&content);
    remove_file(path);
  }
  ErrorFile(const ErrorFile &) = delete;
  ErrorFile &operator=(const ErrorFile &) = delete;

  void write() const { write_file(path, bytes()); }
  std::string bytes() const
  {
    size_t size;
    unsigned char *made = builder_finish(&content.builder, &size);
    const std::string all(reinterpret_cast<char *>(made), size);
    free(made);
    return all;
  }
};

std::string style(const TestPotential &potential)
{
  return "pair_style mtp\npair_coeff * * " + potential.path + " 0 1 2\n";
}

/* Columns as they should be for the atoms where they are. */
std::vector<double> plain_columns(const Session &session, const TestPotential &potential,
                                  const ErrorFile &bars, const std::vector<int> &species,
                                  int members, double factor, double mindist)
{
  const auto own = expected(session, potential.file, species);
  const size_t n = own.site.size();
  std::vector<double> squares(n, 0.0), out(COLUMNS * n, 0.0);
  for (int m = 0; m < members; m++) {
    double *kept = error_add_member(&bars.content, m, potential.file.get());
    const auto other = expected(session, potential.file, species);
    error_restore(potential.file.get(), kept);
    for (size_t k = 0; k < 3 * n; k++) squares[k / 3] += std::pow(other.force[k] - own.force[k], 2);
  }
  for (size_t i = 0; i < n; i++) {
    if (own.gradient[i].empty()) continue;    // not seen
    out[COLUMNS * i + LEVERAGE] =
        std::sqrt(
            error_plain_leverage(&bars.content, potential.file.get(), own.gradient[i].data())) /
        bars.content.leverage[1];
    out[COLUMNS * i + ERROR] = factor * std::sqrt(squares[i] / members);
    out[COLUMNS * i + CLOSE] = own.nearest[i] < mindist ? 1.0 : 0.0;
  }
  return out;
}

std::vector<double> column(const std::vector<double> &rows, int which)
{
  std::vector<double> out;
  for (size_t k = which; k < rows.size(); k += COLUMNS) out.push_back(rows[k]);
  return out;
}

void near_columns(const std::vector<double> &got, const std::vector<double> &wanted)
{
  near_all("leverage", column(got, LEVERAGE), column(wanted, LEVERAGE), 1.0, 1e-10);
  near_all("error", column(got, ERROR), column(wanted, ERROR), 1.0, 2e-5);
  near_all("flag of short distances", column(got, CLOSE), column(wanted, CLOSE), 1.0, 0.0);
  near_all("flag of what isn't finite", column(got, NOT_FINITE), column(wanted, NOT_FINITE), 1.0,
           0.0);
}

double global(const Session &session, const char *compute, int place)
{
  return static_cast<double *>(lammps_extract_compute(session.handle, compute, LMP_STYLE_GLOBAL,
                                                      LMP_TYPE_VECTOR))[place - 1];
}

/* After runs of any length, where values come from the pass of the forces. */
void columns_of_atoms()
{
  const TestPotential potential("error.mtp", {});
  const ErrorFile bars("error.safetensors", potential.file);
  const std::string watch = "compute e all mtp/error/atom " + bars.path +
      " every 1 confidence 0.6 mindist 2.1\ncompute m all reduce max c_e[1] c_e[2]\n"
      "thermo_style custom step c_e[1] c_m[2]\n";
  const std::pair<std::string, std::string> cases[] = {
      {random_atoms(), "run 0"},
      {random_atoms("p f s", "block 0 9 -3 7 1 11"), "run 0"},
      {random_atoms(), "fix 1 all nve/limit 0.02\nthermo 1\nrun 12"},
      {random_atoms(), "fix 1 all nve/limit 0.02\nthermo 5\nrun 12"},
      {random_atoms(), "thermo_modify line one\nmin_style cg\nminimize 0 1e-3 5 50"}};
  for (const auto &one : cases) {
    Session session;
    session.run(one.first + style(potential) + watch + one.second);
    const auto got = session.gather("c_e", COLUMNS);
    const auto wanted = plain_columns(session, potential, bars, all_species, 4, 1.75, 2.1);
    near_columns(got, wanted);
    const auto errors = column(wanted, ERROR), flags = column(wanted, CLOSE);
    check(close_to(global(session, "e", 2), *std::max_element(errors.begin(), errors.end()), 1e-4),
          "largest error");
    double sum = 0.0;
    for (double flag : flags) sum += flag;
    check(sum > 0.0 && sum < (double) flags.size(), "some short distances are expected");
    check(global(session, "e", 3) == sum, "atoms with short distances");
  }
}

void threads()
{
  setenv("OMP_NUM_THREADS", "3", 1);
  columns_of_atoms();
  setenv("OMP_NUM_THREADS", "1", 1);
}

/* Of two computes, one has to make a pass of its own. */
void two_computes()
{
  const TestPotential potential("error.mtp", {});
  const ErrorFile bars("error.safetensors", potential.file);
  Session session;
  session.run(random_atoms() + style(potential) + "compute e all mtp/error/atom " + bars.path +
              " every 1 members 2\ncompute h all mtp/error/atom " + bars.path +
              " every 1 members 6\nthermo_style custom step pe c_e[1] c_h[1]\nthermo 1\n"
              "fix 1 all nve/limit 0.02\nrun 3");
  near_columns(session.gather("c_e", COLUMNS),
               plain_columns(session, potential, bars, all_species, 2, 3.0, 0.0));
  near_columns(session.gather("c_h", COLUMNS),
               plain_columns(session, potential, bars, all_species, 6, 3.5, 0.0));
}

/* Errors are those of the last multiple of `every`, leverages new; atoms keep theirs as they change
   ranks and order. */
void kept_between_updates()
{
  const TestPotential potential("error.mtp", {});
  const ErrorFile bars("error.safetensors", potential.file);
  const std::string setup = random_atoms() + style(potential) + "compute e all mtp/error/atom " +
      bars.path +
      " every 10\nthermo_style custom step c_e[1]\nthermo 1\natom_modify sort 1 2.0\n"
      "velocity all create 3000 17 loop geom\nfix 1 all nve/limit 0.1\n"
      "neigh_modify every 1 delay 0 check no\n";
  std::vector<double> then;
  {
    Session session;
    session.run(setup + "run 10");
    then = session.gather("c_e", COLUMNS);
    near_columns(then, plain_columns(session, potential, bars, all_species, 4, 3.25, min_dist));
  }
  Session session;
  session.run(setup + "run 17");
  const auto now = session.gather("c_e", COLUMNS);
  const auto wanted = plain_columns(session, potential, bars, all_species, 4, 3.25, min_dist);
  near_all("error", column(now, ERROR), column(then, ERROR), 1.0, 1e-5);
  near_all("leverage", column(now, LEVERAGE), column(wanted, LEVERAGE), 1.0, 1e-10);
  double change = 0.0;
  for (size_t i = 0; i < now.size(); i += COLUMNS)
    change = std::max(change, std::fabs(now[i + ERROR] / wanted[i + ERROR] - 1.0));
  check(change > 0.01, "errors change little in seven steps: %g", change);
}

/* Nothing is known of the errors of atoms that come in between. */
void atoms_that_come_later()
{
  const TestPotential potential("error.mtp", {});
  const ErrorFile bars("error.safetensors", potential.file);
  Session session;
  session.run(random_atoms("p p p", "block 0 10 0 10 0 14", 30) + style(potential) +
              "compute e all mtp/error/atom " + bars.path +
              " every 1000\nthermo_style custom step c_e[2]\nthermo 1\n"
              "region top block 0 10 0 10 0 14\nfix 1 all nve/limit 0.001\n"
              "fix d all deposit 1 1 3 4711 region top near 2.0 attempt 1000\nrun 6");
  const auto errors = column(session.gather("c_e", COLUMNS), ERROR);
  check(errors.size() == 31 && errors[30] == -1.0 && errors[0] > 0.0, "%zu errors, the last %g",
        errors.size(), errors.empty() ? 0.0 : errors.back());
}

/* The middle of the numbers that aren't 0. */
double middle(std::vector<double> values)
{
  values.erase(std::remove(values.begin(), values.end(), 0.0), values.end());
  std::sort(values.begin(), values.end());
  const size_t half = values.size() / 2;
  return 0.5 * (values[half - 1] + values[half]);
}

void global_values()
{
  const TestPotential potential("error.mtp", {});
  const ErrorFile bars("error.safetensors", potential.file);
  Session session;
  const std::string compute = "compute e some mtp/error/atom " + bars.path + " every 1 mindist 2.1";
  session.run(random_atoms() + style(potential) + "group some id 1:20\n" + compute +
              "\nthermo_style custom step c_e[*]\nrun 0");
  auto wanted = plain_columns(session, potential, bars, all_species, 4, 3.25, 2.1);
  std::fill(wanted.begin() + 20 * COLUMNS, wanted.end(), 0.0);
  near_columns(session.gather("c_e", COLUMNS), wanted);
  const auto leverages = column(wanted, LEVERAGE), errors = column(wanted, ERROR),
             flags = column(wanted, CLOSE);
  session.run("thermo_style custom step\nuncompute e\n" + compute + " novelty " +
              number(middle(leverages)) + " limit " + number(middle(errors)) +
              "\nthermo_style custom step c_e[*]\nrun 0");
  check(close_to(global(session, "e", 1), *std::max_element(leverages.begin(), leverages.end()),
                 1e-10),
        "largest leverage");
  check(close_to(global(session, "e", 2), *std::max_element(errors.begin(), errors.end()), 1e-5),
        "largest error");
  double close = 0.0;
  for (double flag : flags) close += flag;
  const double counts[] = {close, 0.0, 10.0, 10.0};
  for (int k = 0; k < 4; k++)
    check(global(session, "e", 3 + k) == counts[k], "value %d is %g, not %g", 3 + k,
          global(session, "e", 3 + k), counts[k]);
}

/* What users do with it. */
void other_commands()
{
  const TestPotential potential("error.mtp", {});
  const ErrorFile bars("error.safetensors", potential.file);
  Session session;
  session.run(random_atoms() + style(potential) + "compute e all mtp/error/atom " + bars.path +
              " every 1 limit 0.2\nvariable unsure atom c_e[2]>0.2\n"
              "group unsure dynamic all var unsure every 1\nvariable n equal count(unsure)\n"
              "thermo_style custom step c_e[6] v_n\nfix 1 all nve/limit 0.001\n"
              "fix a all ave/atom 1 1 1 c_e[2]\nrun 5");
  const double unsure = global(session, "e", 6);
  auto *counted = static_cast<double *>(lammps_extract_variable(session.handle, "n", nullptr));
  check(unsure > 0 && counted && *counted == unsure, "a dynamic group of %g atoms, not %g",
        counted ? *counted : -1.0, unsure);
  lammps_free(counted);
  near_all("averaged error", session.gather("f_a", 1),
           column(session.gather("c_e", COLUMNS), ERROR), 1.0, 1e-12);
  session.run("variable e equal c_e[2]\nfix h all halt 5 v_e > 0.05 error soft message no\nrun 50");
  check((int) lammps_get_thermo(session.handle, "step") < 20, "fix halt did not halt");
}

void unseen_atoms_and_hybrids()
{
  PotentialForm other;
  other.seed = 5;
  const TestPotential first("one.mtp", {}), second("two.mtp", other);
  const ErrorFile of_first("one.safetensors", first.file),
      of_second("two.safetensors", second.file);
  {
    Session session;
    session.run(random_atoms() + "pair_style hybrid mtp zero 4.0\npair_coeff * * mtp " +
                first.path +
                " 2 NULL 0\npair_coeff * 2 zero\npair_coeff 2 3 zero\n"
                "compute e all mtp/error/atom " +
                of_first.path + " every 1\nthermo_style custom step c_e[1]\nrun 0");
    near_columns(session.gather("c_e", COLUMNS),
                 plain_columns(session, first, of_first, {2, -1, 0}, 4, 3.25, 0.0));
  }
  const std::string setup = random_atoms() + "pair_style hybrid/overlay mtp mtp\n" +
      "pair_coeff * * mtp 1 " + first.path + " 0 1 2\npair_coeff * * mtp 2 " + second.path +
      " 0 1 2\n";
  {
    Session session;
    session.run(setup + "compute e all mtp/error/atom " + of_first.path +
                " pair 1\ncompute h all mtp/error/atom " + of_second.path +
                " pair 2\nthermo_style custom step c_e[1] c_h[1]\nrun 0");
    near_columns(session.gather("c_e", COLUMNS),
                 plain_columns(session, first, of_first, all_species, 4, 3.25, 0.0));
    near_columns(session.gather("c_h", COLUMNS),
                 plain_columns(session, second, of_second, all_species, 4, 3.25, 0.0));
  }
  {
    Session session;
    session.must_fail(setup + "compute e all mtp/error/atom " + of_first.path + "\nrun 0",
                      "'pair N'");
  }
  Session session;
  session.must_fail(setup + "compute e all mtp/error/atom " + of_first.path + " pair 2\nrun 0",
                    "another potential");
}

void with_grades()
{
  PotentialForm form;
  form.weights = by_neighborhood;
  const TestPotential potential("error.almtp", form);
  const ErrorFile bars("error.safetensors", potential.file);
  Session session;
  session.run(random_atoms() + style(potential) +
              "compute g all mtp/grade/atom\n"
              "compute e all mtp/error/atom " +
              bars.path +
              " grade yes\n"
              "thermo_style custom step c_g c_e[7]\nrun 0");
  const auto rows = session.gather("c_e", COLUMNS + 1), grades = session.gather("c_g", 1);
  for (size_t i = 0; i < grades.size(); i++)
    check(rows[(COLUMNS + 1) * i + COLUMNS] == grades[i], "grade %zu", i);
  check(global(session, "e", 7) == *std::max_element(grades.begin(), grades.end()),
        "largest grade");
}

/* A file without members says nothing about errors. */
void leverages_only()
{
  const TestPotential potential("error.mtp", {});
  const ErrorFile bars("error.safetensors", potential.file, 0);
  Session session;
  session.run(random_atoms() + style(potential) + "compute e all mtp/error/atom " + bars.path +
              "\nthermo_style custom step c_e[2]\nfix 1 all nve/limit 0.01\nrun 3");
  const auto got = session.gather("c_e", COLUMNS);
  const auto wanted = plain_columns(session, potential, bars, all_species, 0, 1.0, 0.0);
  near_all("leverage", column(got, LEVERAGE), column(wanted, LEVERAGE), 1.0, 1e-10);
  for (double error : column(got, ERROR)) check(error == -1.0, "error %g", error);
  check(global(session, "e", 2) == -1.0 && global(session, "e", 6) == 0.0, "global values");
}

void wrong_words_and_files()
{
  const TestPotential potential("error.mtp", {});
  const ErrorFile bars("error.safetensors", potential.file), broken("broken", potential.file);
  write_file(broken.path, bars.bytes().substr(0, bars.bytes().size() - 9));
  const std::pair<std::string, std::string> cases[] = {
      {"", "expected a file"},
      {"nowhere.safetensors", "nowhere.safetensors"},
      {broken.path, "broken"},
      {potential.path, potential.path},
      {bars.path + " members 3", "members 3 is not an even number"},
      {bars.path + " members 8", "up to 6"},
      {bars.path + " confidence 0.99", "isn't calibrated for confidence 0.99"},
      {bars.path + " confidence 1.5", "confidence 1.5"},
      {bars.path + " every 0", "every 0"},
      {bars.path + " limit -1", "limit -1"},
      {bars.path + " limit", "no value after 'limit'"},
      {bars.path + " pair 0", "pair 0"},
      {bars.path + " colour 3", "unknown keyword 'colour'"},
      {bars.path + " grade yes", "active set"}};
  for (const auto &one : cases) {
    Session session;
    session.must_fail(random_atoms() + style(potential) + "compute e all mtp/error/atom " +
                          one.first + "\nthermo_style custom step c_e[1]\nrun 0",
                      one.second);
  }
  Session session;
  session.must_fail(random_atoms() +
                        "pair_style zero 4.0\npair_coeff * *\n"
                        "compute e all mtp/error/atom " +
                        bars.path + "\nrun 0",
                    "needs pair style mtp");
}

/* A run after the potential was replaced, and one after the compute was deleted. */
void changed_between_runs()
{
  PotentialForm other;
  other.seed = 5;
  const TestPotential first("one.mtp", {}), second("two.mtp", other);
  const ErrorFile bars("one.safetensors", first.file);
  Session session;
  const std::string compute = "compute e all mtp/error/atom " + bars.path + "\n";
  session.run(random_atoms() + style(first) + compute +
              "thermo_style custom step c_e[1]\nrun 1\nthermo_style custom step\nuncompute e\n"
              "run 1\nrun 1 pre no\n" +
              compute + style(first) + "thermo_style custom step c_e[1]\nrun 1");
  near_columns(session.gather("c_e", COLUMNS),
               plain_columns(session, first, bars, all_species, 4, 3.25, 0.0));
  session.must_fail(style(second) + "run 0", "another potential");
}

/* What ships: a warm crystal is known, one much too dense isn't. */
void potential_that_ships()
{
  const std::string folder = environment("MLGRAIN_SOURCE_DIR") + "/potentials/Cu_eam_16";
  if (!std::ifstream(folder + ".almtp")) throw Skip{"no " + folder + ".almtp"};
  const auto crystal = [&](const char *a) {
    return "units metal\natom_modify map array\nlattice fcc " + std::string(a) +
        "\nregion box block 0 3 0 3 0 3\ncreate_box 1 box\ncreate_atoms 1 box\nmass 1 63.5\n"
        "displace_atoms all random 0.08 0.08 0.08 5 units box\npair_style mtp\npair_coeff * * " +
        folder + ".almtp Cu\ncompute e all mtp/error/atom " + folder +
        ".error.safetensors\nthermo_style custom step c_e[*]\nrun 0";
  };
  {
    Session session;
    session.run(crystal("3.63"));
    const double leverage = global(session, "e", 1), error = global(session, "e", 2);
    check(leverage > 0.01 && leverage < 1.0, "leverage %g of a warm crystal", leverage);
    check(error > 0.005 && error < 0.1, "error %g of a warm crystal", error);
  }
  Session session;
  session.run(crystal("3.2"));
  check(global(session, "e", 1) > 5.0 && global(session, "e", 2) > 0.3,
        "leverage %g, error %g of a crystal that is too dense", global(session, "e", 1),
        global(session, "e", 2));
}

}    // namespace

int main(int argc, char **argv)
{
  return run_tests(argc, argv,
                   {{"columns of atoms", columns_of_atoms},
                    {"threads", threads},
                    {"two computes", two_computes},
                    {"errors are kept between updates", kept_between_updates},
                    {"atoms that come later", atoms_that_come_later},
                    {"global values", global_values},
                    {"other commands", other_commands},
                    {"unseen atoms and hybrids", unseen_atoms_and_hybrids},
                    {"with grades", with_grades},
                    {"leverages only", leverages_only},
                    {"wrong words and files", wrong_words_and_files},
                    {"changed between runs", changed_between_runs},
                    {"potential that ships", potential_that_ships}});
}
