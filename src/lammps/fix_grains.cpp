/* SPDX-License-Identifier: GPL-2.0-or-later */
/* GrainFinder finds the grains, GrainMeasures measures them; here is what lasts: their numbers,
   which travel with the atoms, and files. */
#include "fix_grains.h"

#include "atom_source.h"
#include "effective_predictor.h"
#include "ghost_copies.h"
#include "ghost_reach.h"
#include "grain_finder.h"
#include "grain_measures.h"
#include "grain_tables.h"
#include "rank_sums.h"
#include "step_file.h"

#include "atom.h"
#include "comm.h"
#include "compute.h"
#include "domain.h"
#include "error.h"
#include "group.h"
#include "modify.h"
#include "update.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <numeric>
#include <set>
#include <stdexcept>

using namespace LAMMPS_NS;
using namespace FixConst;
using namespace MLGRAIN_NS;

namespace {

/* Of each atom: its grain, the one across the boundary, whether it is an inner one. */
enum { GRAIN, PARTNER, INNER, COLUMNS };

/* The widest that helpers ask for. */
constexpr int GHOST_WIDTH = 15;

/* Enough for Voronoi cells in crystals and at vacancies, in cube roots of the volume of an atom: 3
   distances of nearest neighbors in fcc. */
constexpr double CUTOFF = 3.4;

enum {
  GRAINS,
  IN_GRAINS,
  IN_NONE,
  MEAN_VOLUME,
  BOUNDARIES,
  BOUNDARY_AREA,
  BOUNDARY_ENERGY,
  BIRTHS,
  DEATHS,
  LINES,
  LINE_LENGTH,
  NUMBERS
};

enum { ARRAY_COLUMNS = 11 };

/* Each has a column in the table of boundaries. */
constexpr int MOST_CLASSES = 10000;

/* From energy over area to J/m^2, where LAMMPS' units say what they are. */
double energy_unit(const std::string &units)
{
  if (units == "metal") return 16.02176634;
  return units == "real" ? 0.69476955 : 1.0;
}

}    // namespace

struct FixGrains::Settings {
  std::string name;       // for messages: "Fix g grains"
  std::string compute;    // ID
  bool own_compute = false;
  double cutoff = 0.0;    // 0: auto
  std::string start = "i_grain";
  bool must_start = false;
  std::unique_ptr<AtomSource> energy;
  std::vector<std::unique_ptr<AtomSource>> means;
  std::vector<std::string> mean_names, class_names;
  struct Classes {
    int count;
    std::unique_ptr<AtomSource> source;
  };
  std::vector<Classes> classes;
  StepFile grains, boundaries, lines, events;
  std::unique_ptr<EffectivePredictor> predictor;
  StepFile predicted;

  /* Of the columns of means and classes. */
  std::vector<std::string> names() const
  {
    auto all = mean_names;
    all.insert(all.end(), class_names.begin(), class_names.end());
    return all;
  }
};

/* Ghosts' numbers by LAMMPS' communication for fixes. */
class FixGrains::Copies : public GhostCopies {
 public:
  explicit Copies(FixGrains *fix) : fix(fix) {}
  void copy_to_ghosts(double *values, int width) override
  {
    fix->ghost_values = values;
    fix->ghost_width = width;
    fix->comm->forward_comm(fix, width);
  }

 private:
  FixGrains *fix;
};

struct FixGrains::Core {
  struct Known {
    double atoms;
    FoundGrain found;
  };
  Copies ghosts;
  GrainFinder finder;
  GrainMeasures measures;
  BoundaryMeters meters;
  bool has_history = false;
  int64_t next = 1;
  std::vector<int64_t> number;    // of each grain, ascending
  std::vector<GrainChange> change;
  std::map<int64_t, Known> known;             // grains of the call before, on all ranks
  std::vector<mlgrain_grain_event> events;    // rank 0
  double births = 0.0, deaths = 0.0;
  std::vector<double> summary = std::vector<double>(NUMBERS, 0.0);

  Core(LAMMPS *lmp, const std::string &name, FixGrains *fix) :
      ghosts(fix), finder(lmp, name, ghosts), measures(lmp, name, ghosts)
  {
  }
};

/* ---- the input line ------------------------------------------------------------------------- */

FixGrains::FixGrains(LAMMPS *lmp, int narg, char **arg) :
    FixColumns(lmp, narg, arg), settings(new Settings), last_step(-1), last_setup(-1),
    ghost_values(nullptr), ghost_width(0)
{
  settings->name = std::string("Fix ") + id + " grains";
  if (domain->dimension == 2)
    error->all(FLERR, settings->name + " is for three-dimensional systems");
  if (!atom->tag_enable) error->all(FLERR, settings->name + " needs atom IDs");
  core.reset(new Core(lmp, settings->name, this));
  comm_forward = GHOST_WIDTH;
  parse(narg, arg);
  peratom_flag = vector_flag = array_flag = 1;
  size_peratom_cols = COLUMNS;
  peratom_freq = global_freq = nevery;
  size_vector = NUMBERS;
  extvector = extarray = 0;
  size_array_rows = 0;
  size_array_rows_variable = 1;
  size_array_cols = ARRAY_COLUMNS;
  dynamic_group_allow = 1;
  restart_global = 1;
  add_columns(COLUMNS, true);
}

FixGrains::~FixGrains()
{
  if (settings->own_compute && modify->get_compute_by_id(settings->compute))
    modify->delete_compute(settings->compute);
}

const char *FixGrains::value(const std::string &keyword, int narg, char **arg, int &iarg)
{
  if (iarg >= narg) error->all(FLERR, settings->name + ": no value after '" + keyword + "'");
  return arg[iarg++];
}

double FixGrains::number(const std::string &keyword, int narg, char **arg, int &iarg, double low,
                         double high)
{
  const char *word = value(keyword, narg, arg, iarg);
  const double given = utils::numeric(FLERR, word, false, lmp);
  if (!(given >= low && given <= high))
    error->all(FLERR,
               settings->name + ": " + keyword + " " + word + " is not within " + to_text(low) +
                   " to " + to_text(high));
  return given;
}

int FixGrains::integer(const std::string &keyword, int narg, char **arg, int &iarg, int low)
{
  const char *word = value(keyword, narg, arg, iarg);
  const int given = utils::inumeric(FLERR, word, false, lmp);
  if (given < low)
    error->all(FLERR,
               settings->name + ": " + keyword + " " + word + " is less than " +
                   std::to_string(low));
  return given;
}

/* fcc ..., for a compute orientation/atom of the fix' own, or c_ID. */
void FixGrains::parse_orientation(int narg, char **arg, int &iarg)
{
  std::string structures;
  for (; iarg < narg && mlgrain_structure_named(arg[iarg]) != MLGRAIN_STRUCTURE_NONE; iarg++)
    structures += std::string(" ") + arg[iarg];
  if (!structures.empty()) {
    settings->compute = std::string(id) + "_orientation";
    settings->own_compute = true;
    modify->add_compute(settings->compute + " " + group->names[igroup] + " orientation/atom" +
                        structures);
    return;
  }
  const std::string word = iarg < narg ? arg[iarg++] : "";
  if (word.rfind("c_", 0) != 0)
    error->all(FLERR,
               settings->name +
                   ": structures (fcc, hcp, bcc, sc, diamond) or the c_ID of a compute "
                   "orientation/atom expected" +
                   (word.empty() ? word : ", not '" + word + "'"));
  settings->compute = word.substr(2);
  check_sources();
}

void FixGrains::parse(int narg, char **arg)
{
  if (narg < 5)
    error->all(FLERR, settings->name + ": expected N and the structures of the crystals");
  nevery = utils::inumeric(FLERR, arg[3], false, lmp);
  if (nevery <= 0) error->all(FLERR, settings->name + ": N must be positive, not " + arg[3]);
  int iarg = 4;
  parse_orientation(narg, arg, iarg);
  while (iarg < narg) {
    const std::string keyword = arg[iarg++];
    parse_keyword(keyword, narg, arg, iarg);
  }
  const auto &measure = core->measures.settings;
  if (!measure.boundaries &&
      (!settings->boundaries.path.empty() || !settings->lines.path.empty() || settings->energy ||
       !settings->means.empty() || !settings->classes.empty() || core->meters.has_metal() ||
       settings->predictor))
    error->all(FLERR, settings->name + ": boundaries are measured with 'measure all' only");
  settings->grains.open(lmp, settings->name, grain_header());
  settings->boundaries.open(lmp, settings->name,
                            boundary_header(core->meters.has_metal(), settings->names()));
  settings->lines.open(lmp, settings->name, line_header());
  settings->events.open(lmp, settings->name, event_header());
  if (settings->predictor)
    settings->predicted.open(lmp, settings->name, settings->predictor->header());
}

/* predict MODEL FILE thickness values */
void FixGrains::parse_predict(int narg, char **arg, int &iarg)
{
  if (!domain->xperiodic || !domain->yperiodic || !domain->zperiodic)
    error->all(FLERR,
               settings->name + ": predict is for boxes that are periodic in all directions");
  const char *model = value("predict", narg, arg, iarg);
  settings->predictor.reset(new EffectivePredictor(lmp, settings->name, model));
  settings->predicted.path = value("predict", narg, arg, iarg);
  const double thickness = number("predict", narg, arg, iarg, 0.0, 1e300);
  std::vector<double> values((size_t) settings->predictor->values());
  for (auto &one : values) one = number("predict", narg, arg, iarg, -1e300, 1e300);
  settings->predictor->set(thickness, values);
}

bool FixGrains::parse_file(const std::string &keyword, int narg, char **arg, int &iarg)
{
  auto *file = keyword == "grains" ? &settings->grains
      : keyword == "boundaries"    ? &settings->boundaries
      : keyword == "lines"         ? &settings->lines
      : keyword == "events"        ? &settings->events
                                   : nullptr;
  if (file) file->path = value(keyword, narg, arg, iarg);
  return file != nullptr;
}

void FixGrains::parse_keyword(const std::string &keyword, int narg, char **arg, int &iarg)
{
  auto &finder = core->finder.settings;
  auto &measure = core->measures.settings;
  if (keyword == "angle") {
    finder.angle = number(keyword, narg, arg, iarg, 1e-6, 60.0);
  } else if (keyword == "merge") {
    finder.merge = number(keyword, narg, arg, iarg, 0.0, 60.0);
  } else if (keyword == "share") {
    finder.share = number(keyword, narg, arg, iarg, 0.0, 1.0);
  } else if (keyword == "smooth") {
    finder.smooth = integer(keyword, narg, arg, iarg, 0);
  } else if (keyword == "size") {
    finder.size = integer(keyword, narg, arg, iarg, 1);
  } else if (keyword == "adopt") {
    finder.layers = integer(keyword, narg, arg, iarg, 0);
  } else if (keyword == "width") {
    measure.width = integer(keyword, narg, arg, iarg, 0);
  } else if (keyword == "cutoff") {
    settings->cutoff = number(keyword, narg, arg, iarg, 1e-6, 1e6);
  } else if (keyword == "measure") {
    const std::string what = value(keyword, narg, arg, iarg);
    if (what != "all" && what != "volumes" && what != "none")
      error->all(FLERR, settings->name + ": measure is all, volumes or none, not '" + what + "'");
    measure.boundaries = what == "all";
    measure.volumes = what != "none";
  } else if (keyword == "energy") {
    settings->energy.reset(new AtomSource(lmp, settings->name, value(keyword, narg, arg, iarg)));
    settings->energy->check();
  } else if (keyword == "reference") {
    for (int type = 1; type <= atom->ntypes; type++)
      measure.reference.push_back(number(keyword, narg, arg, iarg, -1e300, 1e300));
  } else if (keyword == "mean") {
    for (int left = integer(keyword, narg, arg, iarg, 1); left > 0; left--) {
      const std::string word = value(keyword, narg, arg, iarg);
      settings->mean_names.push_back(word);
      settings->means.emplace_back(new AtomSource(lmp, settings->name, word));
      settings->means.back()->check();
    }
  } else if (keyword == "classes") {
    const int count = integer(keyword, narg, arg, iarg, 1);
    if (count > MOST_CLASSES)
      error->all(FLERR,
                 settings->name + ": " + std::to_string(count) + " classes are more than " +
                     std::to_string(MOST_CLASSES));
    const std::string word = value(keyword, narg, arg, iarg);
    settings->classes.push_back(
        {count, std::unique_ptr<AtomSource>(new AtomSource(lmp, settings->name, word))});
    settings->classes.back().source->check();
    for (int k = 1; k <= count; k++)
      settings->class_names.push_back(word + ':' + std::to_string(k));
  } else if (keyword == "start") {
    settings->start = value(keyword, narg, arg, iarg);
    settings->must_start = settings->start != "none";
    if (settings->must_start && settings->start.rfind("i_", 0) != 0)
      error->all(FLERR,
                 settings->name + ": start is none or i_NAME, not '" + settings->start + "'");
  } else if (keyword == "predict") {
    parse_predict(narg, arg, iarg);
  } else if (keyword == "metal") {
    const std::string symbol = value(keyword, narg, arg, iarg);
    if (!core->meters.set_metal(symbol))
      error->all(FLERR, settings->name + ": metal is Al, Ni, Au or Cu, not '" + symbol + "'");
  } else if (!parse_file(keyword, narg, arg, iarg)) {
    error->all(FLERR, settings->name + ": unknown keyword '" + keyword + "'");
  }
}

/* ---- runs ----------------------------------------------------------------------------------- */

int FixGrains::setmask()
{
  return END_OF_STEP;
}

void FixGrains::check_sources()
{
  const auto *compute = modify->get_compute_by_id(settings->compute);
  if (!compute)
    error->all(FLERR,
               settings->name + ": there is no compute with the ID '" + settings->compute + "'");
  if (std::string(compute->style).rfind("orientation/atom", 0) != 0)
    error->all(FLERR,
               settings->name + ": the compute '" + settings->compute +
                   "' is not of style orientation/atom");
  if (settings->energy) settings->energy->check();
  for (const auto &source : settings->means) source->check();
  for (const auto &one : settings->classes) one.source->check();
}

double FixGrains::cutoff()
{
  if (settings->cutoff > 0.0) return settings->cutoff;
  const double volume = domain->xprd * domain->yprd * domain->zprd;
  return CUTOFF * std::cbrt(volume / (double) std::max((bigint) 1, atom->natoms));
}

/* The cutoff is chosen when a run begins; computes that tally must know the steps of it. */
void FixGrains::init()
{
  check_sources();
  core->measures.settings.cutoff = cutoff();
  raise_ghost_reach(lmp, settings->name, core->measures.settings.cutoff);
  const bigint behind = update->ntimestep % nevery;
  modify->addstep_compute_all(behind ? update->ntimestep + nevery - behind : update->ntimestep);
}

void FixGrains::setup(int)
{
  require_ghost_reach(lmp, settings->name, core->measures.settings.cutoff);
  if (update->ntimestep % nevery != 0) return;
  evaluate();
  last_setup = update->ntimestep;
}

void FixGrains::end_of_step()
{
  /* rerun calls setup and this for the same snapshot */
  if (last_setup != update->ntimestep) evaluate();
  last_setup = -1;
}

void FixGrains::evaluate()
{
  check_sources();
  modify->clearstep_compute();
  auto *compute = modify->get_compute_by_id(settings->compute);
  if (!(compute->invoked_flag & Compute::INVOKED_PERATOM)) {
    compute->compute_peratom();
    compute->invoked_flag |= Compute::INVOKED_PERATOM;
  }
  const AtomValues values = read_values();
  start_numbers();
  core->finder.find(groupbit, compute->array_atom, core->measures.settings.cutoff);
  follow();
  core->measures.measure(core->finder, values);
  write_columns();
  core->finder.release();
  sum_up();
  if (update->ntimestep != last_step || has_changed()) write();
  last_step = update->ntimestep;
  modify->addstep_compute(update->ntimestep + nevery);
}

AtomValues FixGrains::read_values()
{
  AtomValues values;
  const auto read = [this](const AtomSource &source) {
    std::vector<double> made((size_t) atom->nlocal);
    source.copy(igroup, made.data());
    return made;
  };
  if (settings->energy) values.energy = read(*settings->energy);
  for (const auto &source : settings->means) values.means.push_back(read(*source));
  for (const auto &one : settings->classes)
    values.classes.push_back({one.count, read(*one.source)});
  return values;
}

/* A run begins at the step where the last one ended, and what is known of it is not told twice. In
   between atoms may have been deleted, say. */
bool FixGrains::has_changed() const
{
  int changed = core->events.empty() ? 0 : 1;
  for (const auto &one : core->change)
    if (one.gained != 0.0) changed = 1;
  MPI_Bcast(&changed, 1, MPI_INT, 0, world);
  return changed != 0;
}

/* The first numbers, where atoms have some. */
void FixGrains::start_numbers()
{
  if (core->has_history) return;
  core->has_history = true;
  if (settings->start == "none") return;
  int is_double = 0, width = 0;
  const int index = atom->find_custom(settings->start.c_str() + 2, is_double, width);
  if (index < 0 || is_double || width) {
    if (settings->must_start)
      error->all(FLERR,
                 settings->name + ": there is no custom integer of atoms '" + settings->start +
                     "'");
    return;
  }
  int64_t mine = 0, largest = 0;
  for (int i = 0; i < atom->nlocal; i++) {
    const int given = atom->ivector[index][i];
    if (given <= 0 || !(atom->mask[i] & groupbit)) continue;
    columns[i][GRAIN] = given;
    mine = std::max(mine, (int64_t) given);
  }
  MPI_Allreduce(&mine, &largest, 1, MPI_INT64_T, MPI_MAX, world);
  core->next = largest + 1;
}

/* Those of the call before of which no atom is left, on rank 0. */
void FixGrains::add_lost_grains(size_t shares, const int64_t *key)
{
  std::set<int64_t> with_atoms;
  for (size_t k = 0; k < shares; k++) with_atoms.insert(key[3 * k]);
  for (const auto &one : core->known)
    if (!with_atoms.count(one.first))
      core->events.push_back({MLGRAIN_GRAIN_DEATH, one.first, 0, one.second.atoms, 0.0});
}

/* Gives the grains that were found the numbers of those before, and puts them in their order. */
void FixGrains::follow()
{
  auto &finder = core->finder;
  const size_t count = finder.grains.size();
  RankSums shares(lmp, settings->name, 1);
  for (int i = 0; i < atom->nlocal; i++) {
    const auto old = (int64_t) columns[i][GRAIN];
    const int32_t now = finder.grain[(size_t) i];
    if (old || now) *shares.at(old, now) += 1.0;
  }
  shares.gather();
  core->number.assign(count, 0);
  core->events.clear();
  if (comm->me == 0) {
    size_t events = 0;
    mlgrain_grain_event *event = nullptr;
    mlgrain_error text;
    if (mlgrain_grains_follow(count, shares.count(), mlgrain_keyed_sums_keys(shares.sums()),
                              mlgrain_keyed_sums_values(shares.sums()), &core->next,
                              core->number.data(), &events, &event, &text))
      error->one(FLERR, settings->name + ": " + text.text);
    core->events.assign(event, event + events);
    free(event);
    add_lost_grains(shares.count(), mlgrain_keyed_sums_keys(shares.sums()));
  }
  MPI_Bcast(&core->next, 1, MPI_INT64_T, 0, world);
  MPI_Bcast(core->number.data(), (int) count, MPI_INT64_T, 0, world);

  std::vector<int32_t> by_number(count), order(count);
  std::iota(by_number.begin(), by_number.end(), 0);
  std::sort(by_number.begin(), by_number.end(), [this](int32_t a, int32_t b) {
    return core->number[(size_t) a] < core->number[(size_t) b];
  });
  for (size_t k = 0; k < count; k++) order[(size_t) by_number[k]] = (int32_t) k;
  finder.reorder(order);
  std::sort(core->number.begin(), core->number.end());
}

void FixGrains::write_columns()
{
  const auto &finder = core->finder;
  const auto number_of = [this](int32_t place) {
    return place ? (double) core->number[(size_t) place - 1] : 0.0;
  };
  for (int i = 0; i < atom->nlocal; i++) {
    const int32_t place = finder.grain[(size_t) i];
    columns[i][GRAIN] = number_of(place);
    columns[i][PARTNER] = number_of(core->measures.partner[(size_t) i]);
    columns[i][INNER] = place && finder.inner[(size_t) i] ? 1.0 : 0.0;
  }
}

/* Changes since the call before, and the numbers for thermo output. */
void FixGrains::sum_up()
{
  const auto &grains = core->finder.grains;
  const auto &sizes = core->measures.grains;
  core->change.assign(grains.size(), GrainChange());
  std::map<int64_t, Core::Known> now;
  double in_grains = 0.0, volume = 0.0;
  for (size_t g = 0; g < grains.size(); g++) {
    in_grains += sizes[g].atoms;
    volume += sizes[g].volume;
    const auto before = core->known.find(core->number[g]);
    if (before != core->known.end() && before->second.found.structure == grains[g].structure) {
      core->change[g].gained = sizes[g].atoms - before->second.atoms;
      core->change[g].rotation =
          mlgrain_disorientation(
              mlgrain_structure_symmetry((mlgrain_structure) grains[g].structure),
              before->second.found.orientation, grains[g].orientation)
              .angle;
    }
    now[core->number[g]] = {sizes[g].atoms, grains[g]};
  }
  core->known.swap(now);
  size_array_rows = (int) grains.size();

  auto &sum = core->summary;
  std::fill(sum.begin(), sum.end(), 0.0);
  sum[GRAINS] = (double) grains.size();
  sum[IN_GRAINS] = in_grains;
  sum[IN_NONE] = (double) group->count(igroup) - in_grains;
  sum[MEAN_VOLUME] = grains.empty() ? 0.0 : volume / (double) grains.size();
  double energy = 0.0;
  for (const auto &b : core->measures.boundaries) {
    if (!(b.area > 0.0)) continue;
    sum[BOUNDARIES] += 1.0;
    sum[BOUNDARY_AREA] += b.area;
    energy += b.energy;
  }
  if (settings->energy && sum[BOUNDARY_AREA] > 0.0)
    sum[BOUNDARY_ENERGY] = energy_unit(update->unit_style) * energy / sum[BOUNDARY_AREA];
  for (const auto &line : core->measures.lines) {
    if (!(line.length > 0.0)) continue;
    sum[LINES] += 1.0;
    sum[LINE_LENGTH] += line.length;
  }
  for (const auto &event : core->events)
    sum[event.kind == MLGRAIN_GRAIN_BIRTH || event.kind == MLGRAIN_GRAIN_SPLIT ? BIRTHS : DEATHS] +=
        1.0;
  MPI_Bcast(sum.data(), NUMBERS, MPI_DOUBLE, 0, world);
}

void FixGrains::write()
{
  const auto step = (long long) update->ntimestep;
  const GrainFrame frame = {step,
                            &core->finder.grains,
                            &core->number,
                            &core->measures.grains,
                            &core->change,
                            &core->measures.boundaries,
                            &core->measures.lines,
                            energy_unit(update->unit_style)};
  std::string grains, boundaries, lines, events, predicted;
  if (comm->me == 0) {
    try {
      grains = grain_lines(frame);
      if (!settings->boundaries.path.empty()) boundaries = boundary_lines(frame, core->meters);
      lines = triple_lines(frame);
      events = event_lines(step, core->events);
      if (settings->predictor)
        predicted = settings->predictor->line(step, core->finder.grains, core->measures.grains,
                                              core->measures.boundaries);
    } catch (const std::runtime_error &problem) {
      error->one(FLERR, settings->name + ": " + problem.what());
    }
  }
  settings->grains.write(lmp, settings->name, step, grains);
  settings->boundaries.write(lmp, settings->name, step, boundaries);
  settings->lines.write(lmp, settings->name, step, lines);
  settings->events.write(lmp, settings->name, step, events);
  settings->predicted.write(lmp, settings->name, step, predicted);
}

/* ---- output --------------------------------------------------------------------------------- */

double FixGrains::compute_vector(int n)
{
  return core->summary[(size_t) n];
}

double FixGrains::compute_array(int row, int column)
{
  const auto g = (size_t) row;
  if (g >= core->number.size() || g >= core->measures.grains.size()) return 0.0;
  const auto &found = core->finder.grains[g];
  const auto &size = core->measures.grains[g];
  if (column == 0) return (double) core->number[g];
  if (column == 1) return size.atoms;
  if (column == 2) return size.volume;
  if (column < 6) return size.center[column - 3];
  return column < 10 ? found.orientation[column - 6] : found.spread;
}

double FixGrains::memory_usage()
{
  return FixColumns::memory_usage() + core->finder.memory_usage() + core->measures.memory_usage();
}

/* ---- restart -------------------------------------------------------------------------------- */

void FixGrains::write_restart(FILE *file)
{
  const double next = (double) core->next;
  const int size = sizeof next;
  if (comm->me != 0) return;
  fwrite(&size, sizeof size, 1, file);
  fwrite(&next, sizeof next, 1, file);
}

void FixGrains::restart(char *buffer)
{
  double next;
  std::copy(buffer, buffer + sizeof next, reinterpret_cast<char *>(&next));
  core->next = (int64_t) next;
  core->has_history = true;
}

int FixGrains::pack_forward_comm(int n, int *list, double *buffer, int, int *)
{
  for (int k = 0; k < n; k++) {
    const double *from = ghost_values + (size_t) list[k] * (size_t) ghost_width;
    std::copy(from, from + ghost_width, buffer + (size_t) k * (size_t) ghost_width);
  }
  return n * ghost_width;
}

void FixGrains::unpack_forward_comm(int n, int first, double *buffer)
{
  std::copy(buffer, buffer + (size_t) n * (size_t) ghost_width,
            ghost_values + (size_t) first * (size_t) ghost_width);
}
