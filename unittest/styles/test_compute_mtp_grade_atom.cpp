/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Extrapolation grades of pair style mtp: compute mtp/grade/atom, fix pair, and what the pair style
   itself does with grades (saving configurations, stopping), against MLIP's own numbers and the
   plain formulas applied to explicit periodic images. */
#include "mtp_cases.h"

using namespace test;

namespace {

const std::vector<int> all_species = {0, 1, 2};

PotentialForm with_grades(const char *weights = by_neighborhood)
{
  PotentialForm form;
  form.weights = weights;
  return form;
}

std::string style(const std::string &path, const std::string &options = "",
                  const std::string &species = "0 1 2")
{
  return "pair_style mtp " + options + "\npair_coeff * * " + path + " " + species + "\n";
}

const char *const grade = "compute g all mtp/grade/atom\ncompute m all reduce max c_g\n"
                          "thermo_style custom step pe c_g c_m\nthermo_modify norm no\n";

double largest(const std::vector<double> &values)
{
  return *std::max_element(values.begin(), values.end());
}

double scalar(const Session &session, const char *compute)
{
  return *static_cast<double *>(
      lammps_extract_compute(session.handle, compute, LMP_STYLE_GLOBAL, LMP_TYPE_SCALAR));
}

void numbers_of_mlip()
{
  const std::string folder = environment("MLGRAIN_REFERENCE_DIR") + "/mtp/grade_neighborhood/";
  if (!std::ifstream(folder + "reference.cfg")) throw Skip{"no " + folder};
  const auto cfgs = read_cfgs(folder + "reference.cfg");
  check(cfgs.size() >= 2, "few configurations");
  for (const auto &cfg : cfgs) {
    const auto &c = cfg.cell;
    check(c[1] == 0 && c[2] == 0 && c[3] == 0 && c[5] == 0 && c[6] == 0 && c[7] == 0,
          "an orthogonal cell is expected");
    Session session;
    session.run("units metal\natom_modify map array\nregion box block 0 " + std::to_string(c[0]) +
                " 0 " + std::to_string(c[4]) + " 0 " + std::to_string(c[8]) +
                " units box\ncreate_box 1 box\nmass 1 1\n");
    const int n = (int) cfg.atoms.size();
    std::vector<int> id, type(n, 1);
    std::vector<double> x;
    for (int i = 0; i < n; i++) {
      id.push_back(i + 1);
      for (const char *column : {"cartes_x", "cartes_y", "cartes_z"})
        x.push_back(cfg.value(i, column));
    }
    check(lammps_create_atoms(session.handle, n, id.data(), type.data(), x.data(), nullptr, nullptr,
                              0) == n,
          "atoms are missing");
    session.run(style(folder + "pot.almtp", "", "0") + grade + "run 0");
    const auto got = session.gather("c_g", 1);
    for (int i = 0; i < n; i++)
      check(std::fabs(got[i] - cfg.value(i, "nbh_grades")) < 0.51e-5,
            "grade %d: %.8g, MLIP has %.8g", i, got[i], cfg.value(i, "nbh_grades"));
    check(scalar(session, "g") == largest(got), "largest grade");
  }
}

/* After a run of any length, in any box. */
void grades_of_atoms()
{
  const TestPotential potential("grade.almtp", with_grades());
  const std::pair<std::string, std::string> cases[] = {
      {random_atoms(), "run 0"},
      {random_atoms("p f s", "block 0 9 -3 7 1 11"), "run 0"},
      {random_atoms(), "fix 1 all nve/limit 0.02\nthermo 1\nrun 12"},
      {random_atoms(), "fix 1 all nve/limit 0.02\nthermo 5\nrun 12"},
      {random_atoms(), "thermo_modify line one\nmin_style cg\nminimize 0 1e-3 5 50"}};
  for (const auto &one : cases) {
    Session session;
    session.run(one.first + style(potential.path) + grade + one.second);
    const auto wanted = expected(session, potential.file, all_species).grade;
    near_all("grade", session.gather("c_g", 1), wanted, 1.0, 1e-11);
    check(close_to(scalar(session, "g"), largest(wanted), 1e-11), "largest grade");
    check(close_to(scalar(session, "m"), largest(wanted), 1e-11), "reduced grade");
  }
}

void threads()
{
  setenv("OMP_NUM_THREADS", "3", 1);
  grades_of_atoms();
  setenv("OMP_NUM_THREADS", "1", 1);
}

/* Atoms moved by hand between two runs of the same step. */
void no_grade_is_left_over()
{
  const TestPotential potential("grade.almtp", with_grades());
  Session session;
  session.run(random_atoms() + style(potential.path) + grade +
              "run 0\ndisplace_atoms all random 0.1 0.1 0.1 5\nrun 0");
  near_all("grade", session.gather("c_g", 1), expected(session, potential.file, all_species).grade,
           1.0, 1e-11);
  session.run("uncompute m\nthermo_style custom step\nfix 1 all nve/limit 0.02\nrun 3\n"
              "thermo_style custom step c_g\nrun 0");
  near_all("grade", session.gather("c_g", 1), expected(session, potential.file, all_species).grade,
           1.0, 1e-11);
}

void groups_and_unseen_atoms()
{
  const TestPotential potential("grade.almtp", with_grades());
  Session session;
  session.run(random_atoms() + "pair_style hybrid mtp zero 4.0\npair_coeff * * mtp " +
              potential.path +
              " 2 NULL 0\npair_coeff * 2 zero\npair_coeff 2 3 zero\ngroup some id 1:20\n"
              "compute g some mtp/grade/atom\ncompute all all mtp/grade/atom\n"
              "thermo_style custom step c_g c_all\nrun 0");
  auto wanted = expected(session, potential.file, {2, -1, 0}).grade;
  near_all("grade", session.gather("c_all", 1), wanted, 1.0, 1e-11);
  check(close_to(scalar(session, "g"), largest(wanted), 1e-11), "largest grade");
  for (size_t i = 20; i < wanted.size(); i++) wanted[i] = 0.0;
  near_all("grade of a group", session.gather("c_g", 1), wanted, 1.0, 1e-11);
}

void one_of_two_styles()
{
  PotentialForm other = with_grades();
  other.seed = 5;
  const TestPotential first("one.almtp", with_grades()), second("two.almtp", other);
  const std::string setup = random_atoms() + "pair_style hybrid/overlay mtp mtp\n" +
      "pair_coeff * * mtp 1 " + first.path + " 0 1 2\npair_coeff * * mtp 2 " + second.path +
      " 0 1 2\n";
  {
    Session session;
    session.run(setup +
                "compute g all mtp/grade/atom pair 1\ncompute h all mtp/grade/atom pair 2\n"
                "thermo_style custom step c_g c_h\nrun 0");
    near_all("grade", session.gather("c_g", 1), expected(session, first.file, all_species).grade,
             1.0, 1e-11);
    near_all("grade", session.gather("c_h", 1), expected(session, second.file, all_species).grade,
             1.0, 1e-11);
  }
  Session session;
  session.must_fail(setup + "compute g all mtp/grade/atom\nrun 0", "'pair N'");
}

/* max_k |row k . sum of the gradients| energy_weight / N^(p/2) */
double configuration_grade(const Session &session, const PotentialFile &file)
{
  const auto wanted = expected(session, file, all_species);
  return mtp_plain_grade(file.get(), wanted.parameters.data()) * file->energy_weight /
      std::pow((double) session.natoms(), 0.5 * file->weight_scaling);
}

/* One grade for all atoms together. */
void configuration_mode()
{
  for (const char *threads : {"1", "3"}) {
    setenv("OMP_NUM_THREADS", threads, 1);
    const TestPotential potential("grade.almtp", with_grades(by_configuration));
    Session session;
    session.run(random_atoms() + style(potential.path) + grade + "fix 1 all nve/limit 0.02\nrun 3");
    const double wanted = configuration_grade(session, potential.file);
    check(close_to(scalar(session, "g"), wanted, 1e-11), "grade %.15g, expected %.15g",
          scalar(session, "g"), wanted);
    near_all("grade", session.gather("c_g", 1),
             std::vector<double>((size_t) session.natoms(), wanted), 1.0, 1e-11);
  }
  setenv("OMP_NUM_THREADS", "1", 1);
}

void fix_pair()
{
  const TestPotential potential("grade.almtp", with_grades());
  Session session;
  session.run(random_atoms() + style(potential.path) +
              "fix g all pair 10 mtp grade 1\nfix 1 all nve/limit 0.02\n"
              "compute m all reduce max f_g\nthermo_style custom step c_m\nrun 20");
  const auto wanted = expected(session, potential.file, all_species).grade;
  near_all("grade", session.gather("f_g", 1), wanted, 1.0, 1e-11);
  session.run("run 7");
  near_all("grade of the last time", session.gather("f_g", 1), wanted, 1.0, 1e-11);
}

void stops_by_fix_halt()
{
  const TestPotential potential("grade.almtp", with_grades());
  Session session;
  session.run(random_atoms() + style(potential.path) + grade + "run 0");
  const double limit = 0.5 * scalar(session, "g");
  session.run("fix 1 all nve/limit 0.001\nvariable g equal c_g\nfix h all halt 5 v_g > " +
              std::to_string(limit) + " error soft message no\nrun 50");
  const int step = (int) lammps_get_thermo(session.handle, "step");
  check(step > 0 && step < 50, "halted at step %d", step);
}

/* Exact above a threshold, else bounds; two atoms are so close that their grades are above all. */
void bounded_grades()
{
  const TestPotential potential("grade.almtp", with_grades());
  for (const char *threads : {"1", "3"}) {
    setenv("OMP_NUM_THREADS", threads, 1);
    Session session;
    session.run(random_atoms() + style(potential.path) + grade +
                "group one id 7\ndisplace_atoms one move 0.4 0.2 0\nrun 0");
    const auto exact = session.gather("c_g", 1);
    auto sorted = exact;
    std::sort(sorted.begin(), sorted.end());
    for (const double threshold : {0.5 * sorted[0], sorted[sorted.size() / 2],
                                   sorted[sorted.size() - 3], 2 * sorted.back()}) {
      const std::string above = std::to_string(threshold);
      const double limit = std::stod(above);
      session.run("compute b all mtp/grade/atom threshold " + above +
                  "\nthermo_style custom step c_b\nrun 0");
      const auto bounded = [&](const char *compute) {
        const auto got = session.gather(compute, 1);
        for (size_t i = 0; i < got.size(); i++)
          check(exact[i] > limit ? close_to(got[i], exact[i], 1e-9)
                                 : got[i] > exact[i] * (1 - 1e-9) && got[i] <= limit * (1 + 1e-9),
                "%s of atom %zu is %.12g, exact %.12g, threshold %g", compute, i + 1, got[i],
                exact[i], limit);
        return largest(got);
      };
      check(close_to(scalar(session, "b"), bounded("c_b"), 1e-11), "largest bound");
      session.run(style(potential.path,
                        "grade 1 threshold_save 1e9 threshold_break 1e9 grade_largest exact "
                        "grade_threshold " +
                            above) +
                  "thermo_style custom step c_b\nrun 0");
      bounded("c_b");
      check(close_to(scalar(session, "b"), sorted.back(), 1e-9), "largest grade");
      session.run("thermo_style custom step c_b c_g\nrun 0");
      near_all("exact beside bounds", session.gather("c_g", 1), exact, 1.0, 1e-9);
      session.run("uncompute b\nthermo_style custom step c_g\n" + style(potential.path));
    }
  }
  setenv("OMP_NUM_THREADS", "1", 1);
}

/* Bounds from atoms at rest that heat up: no grade is missed, whenever bounds are renewed, nor the
   largest, whichever atom has it. */
void bounds_of_a_run(const std::string &words)
{
  const TestPotential potential("grade.almtp", with_grades());
  Session session;
  session.run(random_atoms() +
              style(potential.path,
                    "grade 1 threshold_save 1e9 threshold_break 1e9 grade_threshold 0.5" + words) +
              "compute b all mtp/grade/atom threshold 0.5\ncompute g all mtp/grade/atom\n"
              "thermo_style custom step c_b\nfix 1 all nve/limit 0.02\n");
  for (int k = 0; k < 4; k++) {
    session.run("thermo_style custom step c_b\nrun 5");
    const auto bound = session.gather("c_b", 1);
    const double most = scalar(session, "b");
    session.run("thermo_style custom step c_g\nrun 0");
    const auto exact = session.gather("c_g", 1);
    for (size_t i = 0; i < exact.size(); i++)
      check(exact[i] > 0.5 ? close_to(bound[i], exact[i], 1e-9)
                           : bound[i] > exact[i] * (1 - 1e-9) && bound[i] <= 0.5,
            "atom %zu: %.12g, exact %.12g", i + 1, bound[i], exact[i]);
    if (!words.empty())
      check(close_to(most, largest(exact), 1e-9), "largest grade %.12g, exact %.12g", most,
            largest(exact));
  }
}

/* -------------------------------------------------------------------- saving, breaking */

void stops_above_the_threshold()
{
  const TestPotential potential("grade.almtp", with_grades());
  Session session;
  session.run(random_atoms() + style(potential.path) + grade + "run 0");
  const double now = scalar(session, "g");
  const std::string below = std::to_string(0.99 * now), above = std::to_string(1.01 * now);
  {
    Session stopped;
    stopped.must_fail(
        random_atoms() +
            style(potential.path, "grade 1 threshold_save 0.001 threshold_break " + below) +
            "run 0",
        "exceeds threshold_break " + std::string(below).substr(0, 4));
  }
  Session runs;
  runs.run(random_atoms() +
           style(potential.path, "grade 1 threshold_save 0.001 threshold_break " + above) +
           "run 0");
}

/* The grades that MLIP's file would be selected by are those of the atoms in it. */
void saves_the_system()
{
  const TestPotential potential("grade.almtp", with_grades());
  const std::string path = scratch("saved.cfg");
  for (const char *region : {"block 0 9 -3 7 1 11", "prism 0 9 0 10 0 9.5 2 -1.5 1"}) {
    remove_file(path);
    Session session;
    session.run(
        random_atoms("p p p", region) +
        style(potential.path, "grade 4 threshold_save 0.001 threshold_break 1e9 save " + path) +
        grade + "fix 1 all nve/limit 0.02\nrun 8");
    const auto cfgs = read_cfgs(path);
    if (!check(cfgs.size() == 3, "%zu configurations are saved", cfgs.size())) continue;
    const auto &last = cfgs.back();
    const auto x = session.gather("x", 3), grades = session.gather("c_g", 1);
    const auto type = session.gather_int("type", 1);
    double low[3], high[3], xy, yz, xz;
    lammps_extract_box(session.handle, low, high, &xy, &yz, &xz, nullptr, nullptr);
    near_all("cell", last.cell,
             {high[0] - low[0], 0, 0, xy, high[1] - low[1], 0, xz, yz, high[2] - low[2]}, 1.0,
             1e-14);
    check((long) last.atoms.size() == session.natoms(), "%zu atoms", last.atoms.size());
    for (size_t i = 0; i < last.atoms.size(); i++) {
      check(last.value(i, "id") == (double) (i + 1), "id");
      check(last.value(i, "type") == type[i] - 1, "species");
      const char *const columns[] = {"cartes_x", "cartes_y", "cartes_z"};
      for (int d = 0; d < 3; d++)
        check(close_to(last.value(i, columns[d]), x[3 * i + d] - low[d], 1e-14), "position");
      check(close_to(last.value(i, "nbh_grades"), grades[i], 1e-5), "grade");
    }
    bool found = false;
    for (const auto &feature : last.features)
      if (feature.first == "MV_grade")
        found = close_to(std::stod(feature.second), largest(grades), 1e-5);
    check(found, "MV_grade");
  }
  remove_file(path);
}

/* Its cell is as large as atoms and their images need not to see each other. */
void saves_open_systems()
{
  const TestPotential potential("grade.almtp", with_grades());
  const std::string path = scratch("open.cfg");
  for (const char *boundary : {"p f p", "f p p", "f f f"}) {
    remove_file(path);
    double energy;
    {
      Session session;
      session.run(
          random_atoms(boundary, "block 0 9 -3 7 1 11") +
          style(potential.path, "grade 1 threshold_save 0.001 threshold_break 1e9 save " + path) +
          "thermo_modify norm no\nrun 0");
      energy = lammps_get_thermo(session.handle, "pe");
    }
    const auto cfgs = read_cfgs(path);
    if (!check(cfgs.size() == 1, "%zu configurations are saved", cfgs.size())) continue;
    const auto &cell = cfgs[0].cell;
    const bool open = std::string(boundary) == "f f f";
    if (!check(cell.empty() == open, "cell of %s", boundary)) continue;
    Session session;
    session.run("units metal\n" +
                (open ? "boundary f f f\nregion box block -50 50 -50 50 -50 50 units box\n"
                      : "region box block 0 " + std::to_string(cell[0]) + " 0 " +
                         std::to_string(cell[4]) + " 0 " + std::to_string(cell[8]) +
                         " units box\n") +
                "create_box 3 box\nmass * 1\n");
    std::vector<int> id, type;
    std::vector<double> x;
    for (size_t i = 0; i < cfgs[0].atoms.size(); i++) {
      id.push_back((int) i + 1);
      type.push_back((int) cfgs[0].value(i, "type") + 1);
      for (const char *column : {"cartes_x", "cartes_y", "cartes_z"})
        x.push_back(cfgs[0].value(i, column));
    }
    lammps_create_atoms(session.handle, (int) id.size(), id.data(), type.data(), x.data(), nullptr,
                        nullptr, 0);
    session.run(style(potential.path) + "thermo_modify norm no\nrun 0");
    check(close_to(lammps_get_thermo(session.handle, "pe"), energy, 1e-5),
          "energy of the saved system %g, of the simulated one %g",
          lammps_get_thermo(session.handle, "pe"), energy);
  }
  remove_file(path);
}

/* Every atom above the threshold, once, with all atoms near it, which are more than the potential
   sees; whatever the number of ranks. */
void saves_neighborhoods()
{
  const TestPotential potential("grade.almtp", with_grades());
  const std::string path = scratch("near.cfg");
  const double radius = 4.4;
  remove_file(path);
  Session session;
  session.run(random_atoms() + style(potential.path) + grade + "run 0");
  auto sorted = session.gather("c_g", 1);
  std::sort(sorted.begin(), sorted.end());
  const double threshold = 0.5 * (sorted[sorted.size() - 11] + sorted[sorted.size() - 10]);
  const std::string log = scratch_file(".log");
  session.run("log " + log + "\n" +
              style(potential.path,
                    "grade 1 threshold_save " + std::to_string(threshold) +
                        " threshold_break 1e9 save " + path + " save_radius 4.4") +
              "run 0\nlog none");
  check(lines_with(log, "Pair style mtp: 'save_radius': ghost atom cutoff raised from ").size() ==
            1,
        "raised");
  remove_scratch_file(log);
  const auto cfgs = read_cfgs(path);
  check(cfgs.size() == 10, "%zu neighborhoods are saved", cfgs.size());
  std::vector<int> origin;
  const auto x = with_images(session, radius, &origin);
  const auto grades = session.gather("c_g", 1);
  std::vector<int> done(grades.size(), 0);
  for (const auto &cfg : cfgs) {
    size_t i = 0;
    while (i < grades.size() && !close_to(cfg.value(0, "nbh_grades"), grades[i], 1e-5)) i++;
    if (!check(i < grades.size() && !done[i]++, "a neighborhood of no atom, or twice")) continue;
    double sum = 0.0, wanted = 0.0;    // of distances
    size_t count = 0;
    for (size_t j = 0; j < origin.size(); j++) {
      const double r =
          std::hypot(x[3 * j] - x[3 * i],
                     std::hypot(x[3 * j + 1] - x[3 * i + 1], x[3 * j + 2] - x[3 * i + 2]));
      if (r > radius) continue;
      count++;
      wanted += r;
    }
    for (size_t k = 0; k < cfg.atoms.size(); k++)
      sum += std::hypot(cfg.value(k, "cartes_x"),
                        std::hypot(cfg.value(k, "cartes_y"), cfg.value(k, "cartes_z")));
    check(cfg.atoms.size() == count && close_to(sum, wanted, 1e-12), "%zu atoms, expected %zu",
          cfg.atoms.size(), count);
    check(cfg.cell.empty(), "a neighborhood has no cell");
  }
  remove_file(path);
}

/* The run goes on, and says so once. */
void disk_that_is_full()
{
  if (access("/dev/full", W_OK) != 0) throw Skip{"no /dev/full"};
  const TestPotential potential("grade.almtp", with_grades());
  const std::string log = scratch_file(".log");
  for (const char *how : {"", " save_radius 4.4"}) {
    Session session;
    session.run("log " + log + "\n" + random_atoms() +
                style(potential.path,
                      std::string("grade 1 threshold_save 0.001 threshold_break 1e9 "
                                  "save /dev/full") +
                          how) +
                "thermo 1\nrun 3\nlog none");
    check(lammps_get_thermo(session.handle, "step") == 3.0, "stopped");
    check(lines_with(log,
                     "WARNING: Pair style mtp: at step 0 cannot write configurations to "
                     "/dev/full")
                  .size() == 1,
          "the warning");
    remove_scratch_file(log);
  }
}

void thresholds_choose()
{
  const TestPotential potential("grade.almtp", with_grades());
  const std::string path = scratch("none.cfg");
  remove_file(path);
  Session session;
  session.run(random_atoms() +
              style(potential.path, "grade 1 threshold_save 1e8 threshold_break 1e9 save " + path) +
              "run 0");
  check(read_file(path).empty(), "saved below the threshold");
  session.run(
      style(potential.path, "grade 10 threshold_save 0.001 threshold_break 1e9 save " + path) +
      "min_style cg\nreset_timestep 10\nminimize 0 1e-8 5 100");
  check(read_cfgs(path).size() == 1, "%zu saved in steps 10 to 15", read_cfgs(path).size());
  remove_file(path);
}

void bad_input()
{
  const TestPotential without("plain.mtp", {}), with("grade.almtp", with_grades()),
      whole("whole.almtp", with_grades(by_configuration));
  const std::pair<std::string, const char *> cases[] = {
      {random_atoms() + style(with.path) + "compute g all mtp/grade/atom pair", "no value after"},
      {random_atoms() + style(with.path) + "compute g all mtp/grade/atom pair 0", "counts from 1"},
      {random_atoms() + style(with.path) + "compute g all mtp/grade/atom max", "unknown keyword"},
      {random_atoms() + style(with.path) + "compute g all mtp/grade/atom threshold 0",
       "must be positive"},
      {random_atoms() + style(with.path, "grade 1 grade_threshold 3"), "more than threshold_save"},
      {random_atoms() + style(with.path, "grade 1 grade_largest any"), "neither exact nor bound"},
      {random_atoms() + "pair_style zero 5.0\npair_coeff * *\n" + grade + "run 0",
       "needs pair style mtp"},
      {random_atoms() + style(without.path) + grade + "run 0", "plain.mtp has none"},
      {random_atoms() + style(without.path) + "fix g all pair 10 mtp grade 1\nrun 0", "active set"},
      {random_atoms() + "comm_style tiled\n" +
           style(with.path, "grade 1 save x.cfg save_radius 90") + "run 0",
       "'save_radius': ghost atoms must reach 9"},
      {random_atoms() + style(whole.path, "grade 1 save x.cfg save_radius 4") + "run 0",
       "grades of neighborhoods"},
      {random_atoms() +
           style(with.path, "grade 1 threshold_save 0.001 threshold_break 1e9 save no/such/x") +
           "run 0",
       "no/such/x"}};
  must_fail_each(cases);
}

}    // namespace

int main(int argc, char **argv)
{
  return run_tests(argc, argv,
                   {{"numbers of MLIP", numbers_of_mlip},
                    {"grades of atoms", grades_of_atoms},
                    {"threads", threads},
                    {"no grade is left over", no_grade_is_left_over},
                    {"groups and unseen atoms", groups_and_unseen_atoms},
                    {"one of two styles", one_of_two_styles},
                    {"configuration mode", configuration_mode},
                    {"fix pair", fix_pair},
                    {"stops by fix halt", stops_by_fix_halt},
                    {"bounded grades", bounded_grades},
                    {"bounds of a run", [] { bounds_of_a_run(""); }},
                    {"largest grade of a run", [] { bounds_of_a_run(" grade_largest exact"); }},
                    {"stops above the threshold", stops_above_the_threshold},
                    {"saves the system", saves_the_system},
                    {"saves open systems", saves_open_systems},
                    {"saves neighborhoods", saves_neighborhoods},
                    {"disk that is full", disk_that_is_full},
                    {"thresholds choose", thresholds_choose},
                    {"bad input", bad_input}});
}
