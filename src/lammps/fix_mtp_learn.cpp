/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every so many steps, atoms whose predicted error is too large become centers of small cells. Rank
   0 predicts these with the potential as it is, has them labeled, writes labels to the disk, and
   learns them; all ranks go on with the parameters that come of it. */
#include "fix_mtp_learn.h"

#include "atom_source.h"
#include "cell_cutter.h"
#include "cell_labeler.h"
#include "child_lammps.h"
#include "compute_mtp_error_atom.h"
#include "elements.h"
#include "file_bytes.h"
#include "label_archive.h"
#include "learn_cell.h"
#include "learning_log.h"
#include "pair_mtp.h"
#include "saved_state.h"

#include "mlgrain/mtp_learn.h"
#include "mlgrain/mtp_train.h"

#include "atom.h"
#include "comm.h"
#include "error.h"
#include "force.h"
#include "group.h"
#include "input.h"
#include "memory.h"
#include "modify.h"
#include "update.h"
#include "utils.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>

using namespace LAMMPS_NS;
using namespace FixConst;
using namespace MLGRAIN_NS;

namespace {

enum {
  LABELS,
  LABELS_PER_TIME,
  COVERAGE,
  LARGEST,
  ABOVE,
  TRUE_ERROR,
  PREDICTED_ERROR,
  FAILURES,
  WAITING,
  SECONDS,
  RETURNS,
  REFITS,
  NUMBERS
};

constexpr int MOST_RETURNS = 10;    // to the same state

/* A fit of all parameters needs so many labels for each, or it would follow these and nothing else,
   and the error bars with it. */
constexpr size_t LABELS_PER_PARAMETER = 5;
/* Its iterations, and where it ends. */
constexpr size_t MOST_ITERATIONS = 10;
constexpr double REFIT_TOLERANCE = 0.02;

std::string to_text(double value, const char *format = "%g")
{
  char text[40];
  snprintf(text, sizeof text, format, value);
  return text;
}

/* A command with the values of variables, which LAMMPS leaves in place between quotes. */
std::string with_variables(LAMMPS *lmp, const std::string &line)
{
  int size = (int) line.size() + 1, more = size;
  auto *text = static_cast<char *>(lmp->memory->smalloc(size, "mtp/learn:text"));
  auto *work = static_cast<char *>(lmp->memory->smalloc(more, "mtp/learn:work"));
  memcpy(text, line.c_str(), size);
  lmp->input->substitute(text, work, size, more, 0);
  std::string result = text;
  lmp->memory->sfree(text);
  lmp->memory->sfree(work);
  return result;
}

/* Contents at an address that is a multiple of 8. */
struct Aligned {
  std::vector<double> words;
  size_t size = 0;

  explicit Aligned(const std::string &contents) :
      words(contents.size() / 8 + 1), size(contents.size())
  {
    memcpy(words.data(), contents.data(), size);
  }
};

mlgrain_mtp_cell as_cell(const LearnCell &cell)
{
  mlgrain_mtp_cell made = {};
  for (int k = 0; k < 9; k++) made.edge[k / 3][k % 3] = cell.edge[k];
  made.count = cell.atoms();
  made.x = reinterpret_cast<const double(*)[3]>(cell.x.data());
  made.species = cell.species.data();
  made.energy = cell.energy;
  made.force = reinterpret_cast<const double(*)[3]>(cell.force.data());
  made.force_weight = cell.weight.data();
  std::copy(cell.virial.begin(), cell.virial.end(), made.virial);
  return made;
}

}    // namespace

struct FixMTPLearn::Settings {
  std::string name;    // for messages
  double limit = 0.0;
  std::string fit, bars;
  enum { NOBODY, LAMMPS_COMMANDS, COMMAND, FOLDER } labeler = NOBODY;
  std::vector<std::string> commands;    // of the labeler; or its command, or the folder
  std::string save = "learned.cfg";
  std::string potential;    // file that is written after each step of learning, "": none
  std::string score;        // what chooses atoms, "": the predicted error
  int most = 4, total = 0, members = 4;
  int parallel = 1;      // commands
  double back = 0.0;     // errors of forces beyond which the run goes back; 0: never
  double refit = 1.5;    // so many times the labels of the last fit of all parameters; 0: never
  double weight = 10.0, confidence = 0.95, seconds = 3600.0;
  uint64_t seed = 0;
  bool renew = true;
  CellCutter cutter;
};

struct FixMTPLearn::Core {
  mlgrain_mtp_file *file = nullptr;          // the potential as it is, of all ranks
  mlgrain_mtp_learner *learner = nullptr;    // of rank 0, like all of the following but the last
  uint64_t fingerprint = 0;                  // of the potential that was read
  std::unique_ptr<CellLabeler> labeler;
  std::unique_ptr<LabelArchive> labels, failures;
  LearningLog log;
  size_t first_labels = 0;     // that were there at the beginning
  size_t fitted_labels = 0;    // at the last fit of all parameters
  double seconds = 0.0;
  std::unique_ptr<AtomSource> source;
  std::vector<double> score;
  std::vector<double> sketch, members;    // of the error bars
  size_t rows = 0;
  double base_factor = 0.0, factor = 0.0;    // of errors: of the file, and as it is
  double values[NUMBERS] = {0.0};
  std::unique_ptr<SavedState> state;    // of all ranks, to go back to
  int returns = 0;                      // to it
  bool going_back = false;

  Core() = default;
  Core(const Core &) = delete;
  Core &operator=(const Core &) = delete;
  ~Core()
  {
    mlgrain_mtp_file_free(file);
    mlgrain_mtp_learner_free(learner);
  }
};

/* What happens at one check. */
struct FixMTPLearn::Event {
  std::vector<LearnCell> cells;    // labeled, to be learned
  int failed = 0, asked = 0;
  double largest_predicted = 0.0, largest_error = 0.0;    // near the centers
  bool back = false;                                      // the run went back
  size_t iterations = 0;                                  // of a fit of all parameters
  std::string failure;                                    // that stops the run
  std::vector<std::string> warnings;
};

/* ---- the input line ------------------------------------------------------------------------- */

FixMTPLearn::FixMTPLearn(LAMMPS *lmp, int narg, char **arg) :
    Fix(lmp, narg, arg), settings(new Settings), core(new Core), pair(nullptr), errors(nullptr)
{
  settings->name = std::string("Fix ") + id + " mtp/learn";
  const std::string &name = settings->name;
  if (narg < 7)
    error->all(FLERR,
               name +
                   ": expected N, a limit, a fit (of 'mlgrain mtp train --keep-normal') and error "
                   "bars (of 'mlgrain mtp error-bars')");
  if (!atom->tag_enable) error->all(FLERR, name + " needs atom IDs");
  nevery = utils::inumeric(FLERR, arg[3], false, lmp);
  if (nevery <= 0) error->all(FLERR, name + ": N must be positive, not " + arg[3]);
  settings->limit = utils::numeric(FLERR, arg[4], false, lmp);
  if (!(settings->limit > 0.0) || !std::isfinite(settings->limit))
    error->all(FLERR, name + ": the limit must be positive, not " + arg[4]);
  settings->fit = arg[5];
  settings->bars = arg[6];
  parse_options(narg - 7, arg + 7);
  if (settings->labeler == Settings::NOBODY)
    error->all(FLERR, name + ": 'label lammps', 'label command' or 'label folder' is needed");

  vector_flag = 1;
  size_vector = NUMBERS;
  extvector = 0;
  global_freq = 1;    // of the last look at the errors
  std::fill_n(core->values, (int) NUMBERS, 0.0);
  core->values[COVERAGE] = core->values[TRUE_ERROR] = core->values[PREDICTED_ERROR] = -1.0;
}

/* Not before: these make fixes of their own, and LAMMPS makes one at a time. */
void FixMTPLearn::post_constructor()
{
  make_compute();
  if (settings->back > 0.0) {
    core->state.reset(new SavedState(lmp, std::string(id) + "_STATE"));
    create_attribute = 1;
  }
  const std::string word = settings->score.empty() ? "c_" + error_id + "[2]" : settings->score;
  core->source.reset(new AtomSource(lmp, settings->name, word));
}

FixMTPLearn::~FixMTPLearn()
{
  if (!error_id.empty() && modify->get_compute_by_id(error_id)) modify->delete_compute(error_id);
}

/* After 'label': who labels, and how. Commands of LAMMPS are words with blanks, or one file. */
int FixMTPLearn::parse_label(int narg, char **arg, int iarg)
{
  const std::string &name = settings->name;
  if (iarg + 1 >= narg)
    error->all(FLERR, name + ": 'label' needs lammps, command or folder, and what follows it");
  const std::string who = arg[iarg++];
  const auto has_blank = [](const char *word) { return strchr(word, ' ') != nullptr; };
  settings->commands.clear();
  if (who == "lammps") {
    settings->labeler = Settings::LAMMPS_COMMANDS;
    if (has_blank(arg[iarg]))
      while (iarg < narg && has_blank(arg[iarg]))
        settings->commands.push_back(with_variables(lmp, arg[iarg++]));
    else
      settings->commands.push_back(std::string("include ") + arg[iarg++]);
  } else if (who == "command" || who == "folder") {
    settings->labeler = who == "command" ? Settings::COMMAND : Settings::FOLDER;
    settings->commands.push_back(with_variables(lmp, arg[iarg++]));
  } else {
    error->all(FLERR, name + ": 'label " + who + "' is neither lammps, command nor folder");
  }
  return iarg;
}

void FixMTPLearn::parse_options(int narg, char **arg)
{
  int iarg = 0;
  while (iarg < narg) iarg = parse_option(narg, arg, iarg);
}

/* Takes one option from arg[iarg] on; returns where the next begins. */
int FixMTPLearn::parse_option(int narg, char **arg, int iarg)
{
  const std::string &name = settings->name;
  const std::string keyword = arg[iarg++];
  if (keyword == "label") return parse_label(narg, arg, iarg);
  if (iarg >= narg) error->all(FLERR, name + ": no value after '" + keyword + "'");
  const char *word = arg[iarg++];
  const auto number = [&](double low, double high) {
    const double value = utils::numeric(FLERR, word, false, lmp);
    if (!(value > low && value < high))
      error->all(FLERR,
                 name + ": " + keyword + " " + word + " is not between " + to_text(low) + " and " +
                     to_text(high));
    return value;
  };
  const auto whole = [&](int least, int largest) {
    const int value = utils::inumeric(FLERR, word, false, lmp);
    if (value < least || value > largest)
      error->all(FLERR,
                 name + ": " + keyword + " " + word + " is not within " + std::to_string(least) +
                     " to " + std::to_string(largest));
    return value;
  };
  auto &cutter = settings->cutter;
  if (keyword == "save")
    settings->save = word;
  else if (keyword == "potential")
    settings->potential = word;
  else if (keyword == "score")
    settings->score = word;
  else if (keyword == "most")
    settings->most = whole(1, 1000);
  else if (keyword == "total")
    settings->total = whole(0, MAXSMALLINT);
  else if (keyword == "members")
    settings->members = whole(2, 32);
  else if (keyword == "confidence")
    settings->confidence = number(0.0, 1.0);
  else if (keyword == "renew")
    settings->renew = utils::logical(FLERR, word, false, lmp) != 0;
  else if (keyword == "back")
    settings->back = number(0.0, HUGE_VAL);
  else if (keyword == "refit")
    settings->refit = strcmp(word, "never") == 0 ? 0.0 : number(1.0, HUGE_VAL);
  else if (keyword == "parallel")
    settings->parallel = whole(1, 1000);
  else if (keyword == "weight")
    settings->weight = number(0.0, HUGE_VAL);
  else if (keyword == "seconds")
    settings->seconds = number(0.0, 1e9);
  else if (keyword == "seed")
    settings->seed = (uint64_t) whole(0, MAXSMALLINT);
  else if (keyword == "apart")
    cutter.apart = number(0.0, HUGE_VAL);
  else if (keyword == "edge")
    cutter.rules.edge = number(0.0, 1000.0);
  else if (keyword == "boxes")
    cutter.rules.boxes = whole(1, 1000);
  else if (keyword == "closest")
    cutter.rules.closest = number(0.0, HUGE_VAL);
  else if (keyword == "trusted")
    cutter.rules.trusted = number(0.0, HUGE_VAL);
  else
    error->all(FLERR, name + ": unknown keyword '" + keyword + "'");
  return iarg;
}

void FixMTPLearn::make_compute()
{
  error_id = std::string(id) + "_error";
  const std::string line = error_id + " " + group->names[igroup] + " mtp/error/atom " +
      settings->bars + " every " + std::to_string(nevery) + " members " +
      std::to_string(settings->members) + " confidence " + to_text(settings->confidence, "%.17g") +
      " limit " + to_text(settings->limit, "%.17g");
  errors = dynamic_cast<ComputeMTPErrorAtom *>(modify->add_compute(line));
  if (!errors) error->all(FLERR, settings->name + ": compute mtp/error/atom can't be made");
}

int FixMTPLearn::setmask()
{
  return END_OF_STEP;
}

/* ---- making --------------------------------------------------------------------------------- */

void FixMTPLearn::find_pair()
{
  const std::string &name = settings->name;
  pair = dynamic_cast<PairMTP *>(force->pair_match("mtp", 1, 0));
  if (!pair) error->all(FLERR, name + " needs pair style mtp, once");
  if (!pair->gives_error_bars())
    error->all(FLERR, name + ": the accelerated forms of pair style mtp don't learn");
  errors = dynamic_cast<ComputeMTPErrorAtom *>(modify->get_compute_by_id(error_id));
  if (!errors) error->all(FLERR, name + ": compute " + error_id + " was deleted");
  if (core->file && core->fingerprint != pair->potential_fingerprint())
    error->all(FLERR, name + ": pair style mtp has another potential than before");
}

/* Stops on all ranks if rank 0 has failed. */
void FixMTPLearn::on_rank_0(const std::string &failure) const
{
  int length = (int) failure.size();
  MPI_Bcast(&length, 1, MPI_INT, 0, world);
  if (!length) return;
  std::string text = failure;
  text.resize(length);
  MPI_Bcast(&text[0], length, MPI_CHAR, 0, world);
  error->all(FLERR, settings->name + ": " + text);
}

void FixMTPLearn::make_learner()
{
  const std::string &name = settings->name;
  const std::string path = pair->potential_path();
  const std::string potential = read_on_all_ranks(lmp, name, path);
  const Aligned fit(read_on_all_ranks(lmp, name, settings->fit));
  const Aligned bars(read_on_all_ranks(lmp, name, settings->bars));
  mlgrain_error text;
  if (mlgrain_mtp_file_parse(path.c_str(), potential.data(), potential.size(), &core->file, &text))
    error->all(FLERR, name + ": " + text.text);
  core->fingerprint = mlgrain_mtp_fingerprint(core->file);
  if (core->fingerprint != pair->potential_fingerprint())
    error->all(FLERR, name + ": " + path + " was changed after it was read");
  std::string failure;
  if (comm->me == 0) {
    const Aligned bytes(potential);
    const mlgrain_mtp_lesson lesson = {path.c_str(),
                                       settings->fit.c_str(),
                                       settings->bars.c_str(),
                                       bytes.words.data(),
                                       fit.words.data(),
                                       bars.words.data(),
                                       bytes.size,
                                       fit.size,
                                       bars.size};
    if (mlgrain_mtp_learner_create(&lesson, &mlgrain_mtp_default_weights, settings->seed,
                                   &core->learner, &text))
      failure = text.text;
  }
  on_rank_0(failure);
}

void FixMTPLearn::make_labeler()
{
  std::string failure;
  if (comm->me == 0) {
    std::vector<std::string> names(atom->ntypes + 1, "X");
    const auto &species = pair->species_of_types();
    for (int type = 1; type <= atom->ntypes; type++)
      if (species[type] >= 0) {
        const int label = core->file->label[species[type]];
        const std::string symbol = element_symbol(label);
        names[type] = label > 0 && !symbol.empty() ? symbol : "X" + std::to_string(label);
      }
    const std::string first = settings->commands.empty() ? "" : settings->commands[0];
    try {
      if (settings->labeler == Settings::LAMMPS_COMMANDS)
        core->labeler = label_by_lammps(lmp, settings->commands);
      else if (settings->labeler == Settings::COMMAND)
        core->labeler =
            label_by_command(first, settings->seconds, settings->parallel, settings->save, names);
      else
        core->labeler = label_by_folder(first, names);
    } catch (const std::exception &problem) {
      failure = std::string("what labels cells can't be made: ") + problem.what();
    }
  }
  on_rank_0(failure);
}

void FixMTPLearn::make_archives()
{
  std::string failure;
  if (comm->me == 0) {
    const std::vector<int> label(core->file->label, core->file->label + core->file->species_count);
    try {
      core->labels.reset(new LabelArchive(settings->save, label));
      core->failures.reset(new LabelArchive(settings->save + ".failed", label));
      for (const auto *archive : {core->labels.get(), core->failures.get()})
        if (archive->was_torn())
          error->warning(FLERR,
                         settings->name + ": a cell at the end of " + settings->save +
                             " was cut off when a run was ended; it is taken out");
    } catch (const ArchiveFailure &problem) {
      failure = problem.what();
    }
  }
  on_rank_0(failure);
}

/* Labels of before. */
void FixMTPLearn::learn_archive()
{
  std::string failure;
  if (comm->me == 0) {
    std::vector<mlgrain_mtp_cell> cells;
    for (const auto &one : core->labels->cells()) {
      if (one.force.empty()) failure = settings->save + " has a cell without forces";
      cells.push_back(as_cell(one));
    }
    core->first_labels = cells.size();
    mlgrain_error text;
    if (failure.empty() &&
        mlgrain_mtp_learner_learn(core->learner, cells.data(), cells.size(), settings->weight,
                                  &text))
      failure = settings->save + ": " + text.text;
    Event event;
    if (failure.empty()) refit(event);
    for (const auto &warning : event.warnings)
      error->warning(FLERR, settings->name + ": " + warning);
    if (failure.empty() && !cells.empty())
      utils::logmesg(lmp,
                     settings->name + ": " + std::to_string(cells.size()) + " labels of " +
                         settings->save + " are learned\n");
  }
  on_rank_0(failure);
  core->values[LABELS] = (double) core->first_labels;
  MPI_Bcast(core->values, NUMBERS, MPI_DOUBLE, 0, world);
}

void FixMTPLearn::init()
{
  find_pair();
  core->source->check();
  if (!core->file) {
    make_learner();
    make_labeler();
    make_archives();
    learn_archive();
  }
  share();
}

/* The potential of rank 0 becomes that of all. */
void FixMTPLearn::share()
{
  const size_t linear = (size_t) core->file->species_count + core->file->scalar_count;
  std::vector<double> parameters(core->file->parameter_count);
  int sizes[2] = {0, 0};
  if (comm->me == 0) {
    mlgrain_mtp_file_parameters(mlgrain_mtp_learner_file(core->learner), parameters.data());
    sizes[0] = (int) mlgrain_mtp_learner_rows(core->learner);
    sizes[1] = (int) mlgrain_mtp_learner_members(core->learner);
  }
  MPI_Bcast(sizes, 2, MPI_INT, 0, world);
  core->rows = sizes[0];
  core->sketch.resize(sizes[0] * linear);
  core->members.resize(sizes[1] * linear);
  if (comm->me == 0) {
    std::copy_n(mlgrain_mtp_learner_sketch(core->learner), core->sketch.size(),
                core->sketch.begin());
    std::copy_n(mlgrain_mtp_learner_differences(core->learner), core->members.size(),
                core->members.begin());
  }
  for (auto *one : {&parameters, &core->sketch, &core->members})
    MPI_Bcast(one->data(), (int) one->size(), MPI_DOUBLE, 0, world);
  mlgrain_mtp_file_set_parameters(core->file, parameters.data());
  pair->replace_coefficients(core->file, settings->name);
}

/* After share(), once the compute has read its file. */
void FixMTPLearn::push_error_bars()
{
  if (core->base_factor == 0.0) core->base_factor = core->factor = errors->error_factor();
  const double found = settings->renew ? core->log.factor(settings->confidence) : 0.0;
  if (comm->me == 0) core->factor = found > 0.0 ? found : core->base_factor;
  MPI_Bcast(&core->factor, 1, MPI_DOUBLE, 0, world);
  errors->renew(core->file, core->sketch, core->rows, core->members,
                core->factor / errors->error_factor());
}

void FixMTPLearn::setup(int)
{
  push_error_bars();
  modify->addstep_compute_all((update->ntimestep / nevery + 1) * nevery);
  if (core->state && !core->going_back) save_state();
}

/* ---- going back ----------------------------------------------------------------------------- */

void FixMTPLearn::save_state()
{
  core->state->save();
  core->returns = 0;
}

/* Where forces were so wrong that the way here can't be believed, the run goes back to the last
   look that found nothing of the kind. Whether it did; the same on all ranks. */
bool FixMTPLearn::go_back(const Event &event)
{
  int back = event.largest_error > settings->back && core->returns < MOST_RETURNS;
  MPI_Bcast(&back, 1, MPI_INT, 0, world);
  if (!back) return false;
  core->returns++;
  core->values[RETURNS] += 1.0;
  core->going_back = true;
  core->state->restore();
  core->going_back = false;
  return true;
}

/* An atom that was just created. */
void FixMTPLearn::set_arrays(int i)
{
  if (core->state) core->state->forget(i);
}

/* ---- a check -------------------------------------------------------------------------------- */

void FixMTPLearn::look_at_scores()
{
  core->score.resize(atom->nlocal + 1);
  core->source->copy(igroup, core->score.data());
  errors->compute_vector();
  core->values[LARGEST] = errors->vector[1];
  core->values[ABOVE] = errors->vector[5];
}

/* Whether a cell has a label, has failed, or is asked for. Of rank 0. */
bool FixMTPLearn::is_known(const LearnCell &cell) const
{
  return core->labels->find(cell) || core->failures->find(cell) || core->labeler->waits_for(cell);
}

/* Has cells labeled, predicts each. Of rank 0. */
void FixMTPLearn::ask_for(std::vector<LearnCell> &cells, Event &event)
{
  const double begun = MPI_Wtime();
  core->labeler->label(cells,
                       [&](LearnCell &cell, CellLabeler::Answer answer, const std::string &why) {
                         event.asked++;
                         if (answer == CellLabeler::LATER) return;
                         const bool unsaid = answer == CellLabeler::FAILED && why.empty();
                         take(cell, unsaid ? "no reason is given" : why, event);
                       });
  core->seconds += MPI_Wtime() - begun;
}

/* A cell with its label, or why it has none: predicts it with the potential as it is, writes it
   down. */
void FixMTPLearn::take(LearnCell &cell, const std::string &failure, Event &event)
{
  const auto predicted_cell = as_cell(cell);
  std::vector<double> force(3 * cell.atoms()), spread(cell.atoms());
  mlgrain_mtp_prediction prediction = {};
  prediction.force = reinterpret_cast<double(*)[3]>(force.data());
  prediction.spread = spread.data();
  mlgrain_error text;
  std::string why = failure;
  if (why.empty() &&
      mlgrain_mtp_learner_predict(core->learner, &predicted_cell, &prediction, &text))
    why = text.text;
  if (why.empty()) why = why_no_label(cell, force);
  if (!why.empty()) {
    cell.force.clear();
    core->failures->append(cell, why);
    event.failed++;
    event.warnings.push_back("the cell around atom " + std::to_string(cell.center) + " of step " +
                             std::to_string(cell.step) + " has no label: " + why);
    return;
  }
  std::vector<double> error_near, spread_near;
  for (size_t i = 0; i < cell.atoms(); i++) {
    if (cell.weight[i] < 1.0) continue;
    double square = 0.0;
    for (int d = 0; d < 3; d++) {
      const double difference = cell.force[3 * i + d] - force[3 * i + d];
      square += difference * difference;
    }
    error_near.push_back(std::sqrt(square));
    spread_near.push_back(spread[i]);
    event.largest_error = std::max(event.largest_error, error_near.back());
    event.largest_predicted = std::max(event.largest_predicted, core->factor * spread[i]);
  }
  core->labels->append(cell);
  core->log.add_cell(error_near, spread_near, core->factor);
  event.cells.push_back(cell);
}

void FixMTPLearn::collect_arrivals(Event &event)
{
  for (auto &one : core->labeler->arrivals())
    if (!core->labels->find(one.cell) && !core->failures->find(one.cell))
      take(one.cell, one.why, event);
}

/* Cells around the worst atoms. */
void FixMTPLearn::ask(Event &event)
{
  int most = settings->most;
  if (comm->me == 0 && settings->total) {
    const int used =
        (int) (core->labels->cells().size() - core->first_labels + core->labeler->waiting());
    most = std::max(0, std::min(most, settings->total - used));
  }
  MPI_Bcast(&most, 1, MPI_INT, 0, world);
  const auto centers = settings->cutter.centers(lmp, groupbit, core->score, settings->limit, most);
  std::vector<LearnCell> cells;    // of rank 0
  for (const auto &center : centers) {
    LearnCell cell;
    const std::string why = settings->cutter.cut(lmp, center, pair->species_of_types(), cell);
    if (comm->me) continue;
    if (!why.empty())
      event.warnings.push_back("no cell around atom " + std::to_string(center.tag) + ": " + why);
    else if (!is_known(cell) && std::none_of(cells.begin(), cells.end(), [&](const LearnCell &one) {
               return same_cell(one, cell);
             }))
      cells.push_back(cell);
  }
  if (cells.empty() || !event.failure.empty()) return;
  try {
    ask_for(cells, event);
  } catch (const std::exception &problem) {
    event.failure = problem.what();
  }
}

/* Whether cells are enough, and enough more than at the last fit of all parameters. Of rank 0. */
bool FixMTPLearn::is_time_to_refit() const
{
  const auto &cells = core->labels->cells();
  if (settings->refit == 0.0 || cells.size() <= core->fitted_labels ||
      (double) cells.size() < settings->refit * (double) core->fitted_labels)
    return false;
  size_t numbers = 0;    // that count: energies, stresses, forces
  for (const auto &cell : cells)
    numbers +=
        7 + 3 * (size_t) std::count_if(cell.weight.begin(), cell.weight.end(), [](double weight) {
              return weight > 0.0;
            });
  return numbers >= LABELS_PER_PARAMETER * core->file->parameter_count;
}

/* Fits all parameters anew. Of rank 0. */
void FixMTPLearn::refit(Event &event)
{
  if (!is_time_to_refit()) return;
  mlgrain_error text;
  if (mlgrain_mtp_learner_refit(core->learner, MOST_ITERATIONS, REFIT_TOLERANCE, &event.iterations,
                                &text))
    event.warnings.push_back(std::string("parameters can't be fitted anew: ") + text.text);
  core->fitted_labels = core->labels->cells().size();
  core->values[REFITS] += 1.0;
}

/* Whether there was something to learn; the same on all ranks. */
bool FixMTPLearn::learn(Event &event)
{
  int learned = 0;
  if (comm->me == 0 && !event.cells.empty()) {
    std::vector<mlgrain_mtp_cell> cells;
    for (const auto &one : event.cells) cells.push_back(as_cell(one));
    mlgrain_error text;
    if (mlgrain_mtp_learner_learn(core->learner, cells.data(), cells.size(), settings->weight,
                                  &text))
      event.warnings.push_back(std::string("labels can't be learned: ") + text.text);
    else
      learned = 1;
    if (learned) refit(event);
  }
  MPI_Bcast(&learned, 1, MPI_INT, 0, world);
  return learned != 0;
}

void FixMTPLearn::end_of_step()
{
  Event event;
  modify->clearstep_compute();
  look_at_scores();
  modify->addstep_compute(update->ntimestep + nevery);
  if (comm->me == 0) {
    try {
      collect_arrivals(event);
    } catch (const std::exception &problem) {
      event.failure = problem.what();
    }
  }
  ask(event);
  on_rank_0(event.failure);
  const bool learned = learn(event);
  if (learned) {
    share();
    push_error_bars();
    if (comm->me == 0 && !settings->potential.empty()) write_potential();
  }
  if (core->state) {
    event.back = learned && go_back(event);
    if (!event.back) save_state();
  }
  if (comm->me == 0) report(event);
  MPI_Bcast(core->values, NUMBERS, MPI_DOUBLE, 0, world);
}

/* Statistics, and a line of the log where something has happened. */
void FixMTPLearn::report(const Event &event) const
{
  auto &values = core->values;
  core->log.add_check(update->atime + (double) (update->ntimestep - update->atimestep) * update->dt,
                      core->labels->cells().size());
  values[LABELS] = (double) core->labels->cells().size();
  values[LABELS_PER_TIME] = core->log.labels_per_time();
  values[COVERAGE] = core->log.coverage();
  values[TRUE_ERROR] = core->log.rms_error();
  values[PREDICTED_ERROR] = core->log.rms_predicted();
  values[FAILURES] = (double) core->failures->cells().size();
  values[WAITING] = (double) core->labeler->waiting();
  values[SECONDS] = core->seconds;
  for (const auto &text : event.warnings) error->warning(FLERR, settings->name + ": " + text);
  if (event.cells.empty()) return;
  utils::logmesg(
      lmp,
      settings->name + ": step " + std::to_string(update->ntimestep) + ": " +
          std::to_string(event.cells.size()) + " labels learned, " + to_text(values[LABELS]) +
          " in all, " + to_text(values[LABELS_PER_TIME], "%.3g") + " per time; largest error " +
          to_text(event.largest_error, "%.3g") + ", predicted " +
          to_text(event.largest_predicted, "%.3g") + "; coverage " +
          to_text(values[COVERAGE], "%.3f") +
          (event.iterations
               ? "; all parameters fitted, " + std::to_string(event.iterations) + " iterations"
               : std::string()) +
          (event.back ? "; back to the state of step " + std::to_string(core->state->step())
                      : std::string()) +
          "\n");
}

/* Never half of a file under its name. */
void FixMTPLearn::write_potential() const
{
  mlgrain_mtp_file file = *mlgrain_mtp_learner_file(core->learner);
  file.active_set = file.active_inverse = nullptr;    // that of before
  char *bytes = nullptr;
  size_t size = 0;
  const std::string part = settings->potential + ".part";
  bool good = !mlgrain_mtp_file_format(&file, "learned", &bytes, &size, nullptr);
  FILE *out = good ? fopen(part.c_str(), "wb") : nullptr;
  good = out && fwrite(bytes, 1, size, out) == size;
  if (out) good = fclose(out) == 0 && good;
  good = good && rename(part.c_str(), settings->potential.c_str()) == 0;
  mlgrain_mtp_bytes_free(bytes);
  if (!good)
    error->warning(FLERR, settings->name + ": " + settings->potential + " can't be written");
}

/* ---- output --------------------------------------------------------------------------------- */

double FixMTPLearn::compute_vector(int k)
{
  return core->values[k];
}

double FixMTPLearn::memory_usage()
{
  return sizeof(double) *
      (double) (core->score.capacity() + core->sketch.capacity() + core->members.capacity());
}
