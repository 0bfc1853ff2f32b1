/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fix mtp/learn: a potential learns another one of the same form exactly; cells and labels in
   files; runs that were ended; labels that fail; radial functions that change; wrong files and
   words. */
#include "mtp_cases.h"

#include "mlgrain/mtp_train.h"
#include "mtp_error_builder.h"

#include <sys/stat.h>

using namespace test;

namespace {

const std::vector<int> all_species = {0, 1, 2};

std::string bytes_of(const builder &made)
{
  size_t size;
  unsigned char *bytes = builder_finish(&made, &size);
  const std::string all(reinterpret_cast<char *>(bytes), size);
  free(bytes);
  return all;
}

/* A potential, its error bars, and a fit that says hardly anything. */
struct Lesson {
  TestPotential potential;
  error_content content;
  std::vector<double> parameters, normal, gradient;
  std::string bars, fit, truth;

  Lesson() :
      potential("learn.mtp", {}), bars(scratch("learn.error.safetensors")),
      fit(scratch("learn.fit.safetensors")), truth(scratch("truth.mtp"))
  {
    const auto *file = potential.file.get();
    const size_t n = file->parameter_count;
    error_content_make(file, 6, 7, &content);
    write_file(bars, bytes_of(content.builder));
    parameters.resize(n);
    mlgrain_mtp_file_parameters(file, parameters.data());
    normal.assign(n * n, 0.0);
    for (size_t k = 0; k < n; k++) normal[k * n + k] = 1e-9;
    gradient.assign(n, 0.0);
    write_fit();
    write_truth();
  }
  ~Lesson()
  {
    error_content_free(&content);
    for (const auto &path : {bars, fit, truth}) remove_file(path);
  }
  Lesson(const Lesson &) = delete;
  Lesson &operator=(const Lesson &) = delete;

  void write_fit() const
  {
    const size_t n = parameters.size();
    builder made = {};
    builder_metadata(&made, "format", "ml-grain-fit");
    builder_tensor(&made, "parameters", "F64", 1, n, 0, 0, parameters.data());
    builder_tensor(&made, "normal", "F64", 2, n, n, 0, normal.data());
    builder_tensor(&made, "gradient", "F64", 1, n, 0, 0, gradient.data());
    builder_tensor(&made, "sites", "F64", 2, n, n, 0, normal.data());
    write_file(fit, bytes_of(made));
  }

  /* The same radial functions, other coefficients. */
  void write_truth() const
  {
    std::string text = read_file(potential.path);
    text.resize(text.find("species_coeffs"));
    write_file(truth,
               text +
                   "species_coeffs = {1.0, -2.0, 0.5}\n"
                   "moment_coeffs = {0.3, -0.2, 0.4, 0.1, -0.3, 0.2, 0.15}\n");
  }

  void write_other_radial_functions() const
  {
    const auto other = open_potential(potential.path);
    std::vector<double> moved = parameters;
    for (size_t k = 0; k < moved.size(); k++) moved[k] *= 1.0 + 0.02 * std::sin(3.0 * (double) k);
    mlgrain_mtp_file_set_parameters(other.get(), moved.data());
    char *bytes = nullptr;
    size_t size = 0;
    mlgrain_mtp_file_format(other.get(), "truth", &bytes, &size, nullptr);
    write_file(truth, std::string(bytes, size));
    mlgrain_mtp_bytes_free(bytes);
  }

  std::string style() const
  {
    return "pair_style mtp\npair_coeff * * " + potential.path + " 0 1 2\n";
  }

  std::string fix(const std::string &more, const std::string &every_and_limit = "1 1e-9") const
  {
    return "variable style string mtp\nfix learn all mtp/learn " + every_and_limit + " " + fit +
        " " + bars + " " + more + "\n";
  }

  std::string by_truth(const std::string &save) const
  {
    return "label lammps \"pair_style ${style}\" \"pair_coeff * * " + truth + " 0 1 2\" save " +
        save;
  }
};

std::string large_system()
{
  return "units metal\nregion b block 0 40 0 36 0 44\ncreate_box 3 b\n"
         "lattice sc 2.6\ncreate_atoms 1 box\nmass * 20\nreset_atoms id sort yes\n"
         "set group all type/fraction 2 0.3 5\nset group all type/fraction 3 0.3 6\n"
         "displace_atoms all random 0.2 0.2 0.2 9\n";
}

double value(const Session &session, int place)
{
  double *found = static_cast<double *>(
      lammps_extract_fix(session.handle, "learn", LMP_STYLE_GLOBAL, LMP_TYPE_VECTOR, place - 1, 0));
  const double number = *found;
  lammps_free(found);
  return number;
}

/* What is in a file, for all ranks before any goes on. */
std::string contents(const std::string &path)
{
  const std::string text = read_file(path);
  MPI_Barrier(MPI_COMM_WORLD);
  return text;
}

size_t count(const std::string &text, const std::string &word)
{
  size_t found = 0;
  for (size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) found++;
  return found;
}

/* A file of labels and that of failures, not there at first and removed at the end. */
struct Labels {
  std::string path;
  explicit Labels(const std::string &name) : path(scratch(name)) { clear(); }
  ~Labels() { clear(); }
  void clear() const
  {
    for (const char *end : {"", ".failed", ".in.xyz", ".out.xyz"}) remove_file(path + end);
  }
  size_t cells() const { return count(contents(path), "END_CFG\n"); }
};

double largest_difference(const Session &session, const PotentialFile &truth)
{
  const auto got = session.gather("f", 3);
  const auto wanted = expected(session, truth, all_species);
  double largest = 0.0;
  for (size_t k = 0; k < got.size(); k++)
    largest = std::max(largest, std::fabs(got[k] - wanted.force[k]));
  return largest;
}

/* The truth is within reach: forces become those of the truth. */
void the_truth_is_learned()
{
  const Lesson lesson;
  const Labels labels("learned.cfg");
  const auto truth = open_potential(lesson.truth);
  for (const char *box : {"block 0 9 -3 7 1 11", "prism 0 9 0 8 0 10 1 -1 0.5"}) {
    labels.clear();
    Session session;
    session.run(random_atoms("p p p", box) + lesson.style() + "fix move all nve/limit 0.02\n");
    session.run("run 0");
    const double before = largest_difference(session, truth);
    session.run(lesson.fix(lesson.by_truth(labels.path) + " refit never weight 100 potential " +
                           labels.path + ".mtp") +
                "thermo_style custom step f_learn[1] f_learn[3]\nrun 4\nrun 0");
    const double after = largest_difference(session, truth);
    check(before > 0.1 && after < 1e-5 * before, "forces are off by %g, before %g", after, before);
    check(value(session, 1) >= 4.0 && value(session, 1) == (double) labels.cells(), "%g labels",
          value(session, 1));
    check(value(session, 3) >= 0.0 && value(session, 3) <= 1.0, "coverage %g", value(session, 3));
    check(value(session, 8) == 0.0, "%g failures", value(session, 8));
    /* the potential that was written is the one that was learned */
    const auto learned = open_potential(labels.path + ".mtp");
    check(largest_difference(session, learned) < 1e-9, "potential file");
    remove_file(labels.path + ".mtp");
  }
}

/* A truth with other radial functions, too: what is linear in the energy doesn't reach it, a fit of
   all parameters does. */
void radial_functions_are_learned()
{
  const Lesson lesson;
  const Labels labels("radial.cfg");
  lesson.write_other_radial_functions();
  const auto truth = open_potential(lesson.truth);
  double left[2] = {0.0, 0.0}, fits[2] = {-1.0, -1.0};
  for (int k = 0; k < 2; k++) {
    labels.clear();
    Session session;
    session.run(random_atoms() + lesson.style() + "fix move all nve/limit 0.02\n" +
                lesson.fix(lesson.by_truth(labels.path) + " weight 100 potential " + labels.path +
                           ".mtp refit " + (k ? "1.2" : "never")) +
                "run 12\nrun 0");
    left[k] = largest_difference(session, truth);
    fits[k] = value(session, 12);
    check(largest_difference(session, open_potential(labels.path + ".mtp")) < 1e-9,
          "potential file");
  }
  {    // labels of before
    Session session;
    session.run(random_atoms() + lesson.style() + lesson.fix(lesson.by_truth(labels.path)) +
                "run 0");
    check(value(session, 12) == 1.0, "%g fits of labels of before", value(session, 12));
    check(largest_difference(session, truth) < 0.1 * left[0], "forces are off by %g",
          largest_difference(session, truth));
  }
  check(left[1] < 1e-2 * left[0], "forces are off by %g, %g", left[1], left[0]);
  check(fits[0] == 0.0 && fits[1] >= 1.0, "%g and %g fits", fits[0], fits[1]);
  remove_file(labels.path + ".mtp");
}

/* Where nothing moves, cells are the same at each check. */
void nothing_is_labeled_twice()
{
  const Lesson lesson;
  const Labels labels("twice.cfg");
  const std::string input = random_atoms() + lesson.style() + "variable s atom id%7+0.01*id\n";
  const std::string fix = lesson.fix(lesson.by_truth(labels.path) + " score v_s");
  size_t first = 0;
  {
    Session session;
    session.run(input + fix + "run 1");
    first = labels.cells();
    check(first >= 1, "no labels");
    session.run("run 5");
    check(labels.cells() == first, "%zu labels, %zu at first", labels.cells(), first);
  }
  const std::string whole = contents(labels.path);
  {    // labels of before are learned at once
    Session session;
    session.run(input + fix + "run 3");
    check(contents(labels.path) == whole, "labels were made again");
    check(value(session, 1) == (double) first, "%g labels", value(session, 1));
    check(largest_difference(session, open_potential(lesson.truth)) < 1e-3, "they aren't learned");
  }
  {    // a kill in the middle of a cell
    write_file(labels.path, whole + whole.substr(0, whole.size() / 2 / first));
    Session session;
    session.run(input + fix + "run 2");
    check(contents(labels.path) == whole, "a torn cell is still there");
  }
  {    // what isn't ours is left alone
    write_file(labels.path, whole + "something else\n");
    Session session;
    session.must_fail(input + fix + "run 2", ": BEGIN_CFG expected");
    check(contents(labels.path) == whole + "something else\n", "another's file was changed");
  }
  write_file(labels.path, "BEGIN_CFG\n Size\n x\nEND_CFG\n");
  Session session;
  session.must_fail(input + fix + "run 2", "line 3: 'x' is not a whole number");
}

/* Forces of +-f in turn, for an even number of atoms; the last one has none otherwise. Variables of
   awk: f, the energy e, a force d for all. */
const char *const answer =
    "NR==1 {n = $1; print} NR==2 {print \"energy=\" e \" stress=\\\"0 0 0 0 0 0 0 0 0\\\" "
    "Properties=species:S:1:pos:R:3:forces:R:3\"} NR>2 {s = NR-2 > n - n%2 ? 0 : NR%2*2-1; "
    "print $1, $2, $3, $4, f*s+d, 0, 0}";

/* A command that answers. */
std::string by_awk(const std::string &script, const std::string &variables)
{
  return "awk -v f=0.1 -v e=-5.0 -v d=0 " + variables + " -f " + script;
}

/* Several commands run at once: each waits until there is another. */
void commands_run_together()
{
  const Lesson lesson;
  const Labels labels("together.cfg");
  const std::string script = scratch("answer.awk"), here = scratch("running");
  const auto clear = [&] {
    if (rank() == 0)
      check(system(("rm -rf '" + here + "' '" + labels.path + "'.*.xyz").c_str()) == 0, "rm");
    MPI_Barrier(MPI_COMM_WORLD);
  };
  clear();
  if (rank() == 0) mkdir(here.c_str(), 0777);
  write_file(script, answer);
  const std::string command = "sh -c ': > " + here + "/$$; until [ $(ls " + here +
      " | wc -l) -ge 2 ]; do sleep 0.1; done; " + by_awk(script, "") + " $0 > $1'";
  Session session;
  session.run(large_system() + lesson.style() +
              lesson.fix("label command \"" + command + "\" parallel 2 most 3 seconds 60 save " +
                         labels.path) +
              "run 1");
  check(value(session, 1) == 3.0 && value(session, 8) == 0.0, "%g labels, %g failures",
        value(session, 1), value(session, 8));
  check(labels.cells() == 3, "%zu labels in the file", labels.cells());
  clear();
  remove_file(script);
}

/* Where forces were wrong, the run is where it was before, with forces that are right. */
void the_run_goes_back()
{
  const Lesson lesson;
  const Labels labels("back.cfg");
  const auto truth = open_potential(lesson.truth);
  const std::pair<const char *, const char *> boxes[] = {{"p p p", "block 0 9 -3 7 1 11"},
                                                         {"p p p", "prism 0 9 0 8 0 10 1 -1 0.5"},
                                                         {"p s p", "block 0 9 0 8 0 10"}};
  for (const auto &box : boxes) {
    labels.clear();
    Session session;
    session.run(random_atoms(box.first, box.second) + lesson.style() +
                "velocity all create 3000 5\nfix move all nve/limit 0.02\nrun 0");
    const auto x = session.gather("x", 3), v = session.gather("v", 3);
    session.run(lesson.fix(lesson.by_truth(labels.path) + " weight 100 back 0.01") + "run 1");
    check(value(session, 11) == 1.0, "the run went back %g times", value(session, 11));
    const auto x1 = session.gather("x", 3), v1 = session.gather("v", 3);
    for (size_t k = 0; k < x.size(); k++)
      if (!check(std::fabs(x1[k] - x[k]) < 1e-10 && std::fabs(v1[k] - v[k]) < 1e-10,
                 "%s %s: coordinate %zu is %g, was %g; velocity %g, was %g", box.first, box.second,
                 k, x1[k], x[k], v1[k], v[k]))
        break;
    check(largest_difference(session, truth) < 1e-3, "forces are off by %g",
          largest_difference(session, truth));
    session.run("run 3");    // what is learned is right: on
    check(value(session, 11) == 1.0, "the run went back %g times", value(session, 11));
    const auto x4 = session.gather("x", 3);
    double moved = 0.0;
    for (size_t k = 0; k < x.size(); k++) moved = std::max(moved, std::fabs(x4[k] - x[k]));
    check(moved > 1e-3, "nothing moves any more");
  }
}

/* Cells of a large system are those that one rank cuts. Labeled by the potential itself, they say
   what it knows, however they are turned. */
void ranks_agree()
{
  const Lesson lesson;
  const Labels together("together.cfg");
  const std::string alone = scratch("alone" + std::to_string(rank()) + ".cfg");
  const std::string input = large_system();
  const std::string itself = "label lammps \"pair_style mtp\" \"pair_coeff * * " +
      lesson.potential.path + " 0 1 2\" most 3 save ";
  const std::string learned = together.path + ".mtp";
  remove(alone.c_str());
  Session session, own({}, MPI_COMM_SELF);
  session.run(input + lesson.style() +
              lesson.fix(itself + together.path + " potential " + learned) + "run 1");
  own.run(input + lesson.style() + lesson.fix(itself + alone) + "run 1");
  check(value(session, 6) >= 0.0 && value(session, 6) < 1e-6, "error %g of what is known",
        value(session, 6));
  const auto after = open_potential(learned);
  for (int k = 0; k < after->scalar_count; k++)
    check(close_to(after->moment_coeffs[k], lesson.potential.file->moment_coeffs[k], 1e-5),
          "coefficient %d: %g, before %g", k, after->moment_coeffs[k],
          lesson.potential.file->moment_coeffs[k]);
  remove_file(learned);
  std::ifstream stream(alone);
  std::stringstream text;
  text << stream.rdbuf();
  std::istringstream one(contents(together.path)), other(text.str());
  size_t words = 0;
  for (std::string a, b; one >> a; words++) {
    if (!check(static_cast<bool>(other >> b), "fewer words")) break;
    char *end = nullptr;
    const double x = strtod(a.c_str(), &end), y = strtod(b.c_str(), nullptr);
    if (!check(*end ? a == b : std::fabs(x - y) < 1e-7 * (1.0 + std::fabs(y)), "%s and %s",
               a.c_str(), b.c_str()))
      break;
  }
  check(words > 3 * 150 * 8, "%zu words", words);
  check(count(contents(together.path), "BEGIN_CFG") == 3, "three cells are expected");
  remove(alone.c_str());
  remove((alone + ".failed").c_str());
}

void commands_label()
{
  const Lesson lesson;
  const Labels labels("command.cfg");
  const std::string script = scratch("answer.awk");
  write_file(script, answer);
  const auto input = [&](const std::string &command, const std::string &more = "") {
    return random_atoms() + lesson.style() +
        lesson.fix("label command \"" + command + "\" save " + labels.path + " " + more) + "run 2";
  };
  {
    Session session;
    session.run(input("sh -c '" + by_awk(script, "") + " $0 > $1'"));
    check(value(session, 1) >= 1.0 && value(session, 8) == 0.0, "%g labels, %g failures",
          value(session, 1), value(session, 8));
    check(count(contents(labels.path), " 0.1 0 0 ") > 3, "forces");
  }
  const std::pair<std::string, std::string> failing[] = {
      {"false", "the command ended with status 1"},
      {"true", "the command wrote no"},
      {"sh -c 'head -n 3 $0 > $1'", "the file ends before its last atom"},
      {"sh -c '" + by_awk(script, "-v f=0") + " $0 > $1'", "all forces are 0"},
      {"sh -c '" + by_awk(script, "-v e=nan") + " $0 > $1'", "not a finite number"},
      {"sh -c '" + by_awk(script, "-v d=0.3") + " $0 > $1'", "forces add up to"},
      {"sh -c 'sleep 20'", "the command took more than 0 s"}};
  for (const auto &one : failing) {
    labels.clear();
    Session session;
    const double begun = MPI_Wtime();
    session.run(input(one.first, "seconds 0.9"));
    check(MPI_Wtime() - begun < 15.0, "a command was waited for");
    check(value(session, 1) == 0.0 && value(session, 8) >= 1.0, "%s: %g labels, %g failures",
          one.first.c_str(), value(session, 1), value(session, 8));
    const std::string failed = contents(labels.path + ".failed");
    check(count(failed, one.second) >= 1, "\"%s\" is not in the list of failures",
          one.second.c_str());
    check((double) count(failed, "END_CFG\n") == value(session, 8), "cells were tried twice");
  }
  remove_file(script);
}

void folders_label()
{
  const Lesson lesson;
  const Labels labels("folder.cfg");
  const std::string folder = scratch("queue"), script = scratch("answer.awk");
  const std::string in = folder + "/1.in.xyz", out = folder + "/1.out.xyz";
  const auto clear = [&] {
    for (int k = 1; k < 9; k++)
      for (const char *end : {".in.xyz", ".out.xyz", ".failed"})
        remove_file(folder + "/" + std::to_string(k) + end);
    if (rank() == 0) rmdir(folder.c_str());
    MPI_Barrier(MPI_COMM_WORLD);
  };
  clear();
  write_file(script, answer);
  const std::string input = random_atoms() + lesson.style() +
      lesson.fix("label folder " + folder + " total 1 save " + labels.path);
  {
    Session session;
    session.run(input + "run 3");
    check(value(session, 1) == 0.0 && value(session, 9) == 1.0, "%g labels, %g waiting",
          value(session, 1), value(session, 9));
  }
  check(!contents(in).empty(), "no cell in the folder");
  {    // a run after it waits for the same cell, and takes its label
    Session session;
    session.run(input + "run 2");
    check(value(session, 9) == 1.0, "%g waiting", value(session, 9));
    if (rank() == 0)
      check(system((by_awk(script, "") + " " + in + " > " + out).c_str()) == 0, "awk");
    MPI_Barrier(MPI_COMM_WORLD);
    session.run("run 2");
    check(value(session, 1) == 1.0 && value(session, 9) == 0.0, "%g labels, %g waiting",
          value(session, 1), value(session, 9));
  }
  {
    Session session;
    session.run(input + "run 2");
    check(value(session, 1) == 1.0 && labels.cells() == 1, "it was learned again");
  }
  clear();
  remove_file(script);
}

void wrong_words()
{
  const Lesson lesson;
  const Labels labels("wrong.cfg");
  const std::string input = random_atoms() + lesson.style() + "variable style string mtp\n";
  const std::string good = lesson.by_truth(labels.path);
  const std::pair<std::string, std::string> cases[] = {
      {lesson.fix(""), "'label lammps', 'label command' or 'label folder' is needed"},
      {lesson.fix("label nobody x"), "'label nobody' is neither"},
      {lesson.fix(good + " often yes"), "unknown keyword 'often'"},
      {lesson.fix(good + " most"), "no value after 'most'"},
      {lesson.fix(good + " most 0"), "most 0 is not within 1"},
      {lesson.fix(good + " parallel 0"), "parallel 0 is not within 1"},
      {lesson.fix(good + " refit 1"), "refit 1 is not between 1"},
      {lesson.fix(good + " back 0"), "back 0 is not between 0"},
      {lesson.fix(good, "0 0.1"), "N must be positive"},
      {lesson.fix(good, "1 -1"), "the limit must be positive"},
      {lesson.fix(good + " score c_none") + "run 1", "c_none"},
      {lesson.fix("label lammps \"pair_style none such\"") + "run 1",
       "what labels cells can't be made: "},
      {lesson.fix("label lammps \"pair_style eam/alloy\" \"pair_coeff * * nofile Cu Cu Cu\"") +
           "run 1",
       "what labels cells can't be made: "},
      {"fix learn all mtp/learn 1 0.1 " + lesson.bars + " " + lesson.bars + " " + good + "\nrun 1",
       "there is no tensor 'parameters'"},
      {"fix learn all mtp/learn 1 0.1 nofile " + lesson.bars + " " + good + "\nrun 1", "nofile"}};
  for (const auto &one : cases) {
    Session session;
    session.must_fail(input + one.first, one.second);
  }
  Lesson other;
  other.parameters[40] += 1e-6;
  other.write_fit();
  Session session;
  session.must_fail(input + other.fix(good) + "run 1", "is the fit of another potential");
}

}    // namespace

int main(int argc, char **argv)
{
  return run_tests(argc, argv,
                   {{"the truth is learned", the_truth_is_learned},
                    {"radial functions are learned", radial_functions_are_learned},
                    {"nothing is labeled twice", nothing_is_labeled_twice},
                    {"ranks agree", ranks_agree},
                    {"commands label", commands_label},
                    {"commands run together", commands_run_together},
                    {"the run goes back", the_run_goes_back},
                    {"folders label", folders_label},
                    {"wrong words", wrong_words}});
}
