/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "compute_mtp_error_atom.h"

#include "file_bytes.h"
#include "mtp_error_request.h"
#include "pair_mtp.h"

#include "atom.h"
#include "comm.h"
#include "error.h"
#include "fix_store_atom.h"
#include "force.h"
#include "group.h"
#include "memory.h"
#include "modify.h"
#include "update.h"
#include "utils.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

using namespace LAMMPS_NS;
using namespace MLGRAIN_NS;

namespace {

enum { LEVERAGE, ERROR, CLOSE, NOT_FINITE, GRADE };    // columns
enum {
  MOST_LEVERAGE,
  MOST_ERROR,
  CLOSE_COUNT,
  NOT_FINITE_COUNT,
  NOVEL_COUNT,
  UNSURE_COUNT,
  MOST_GRADE
};    // global values

constexpr double UNKNOWN = -1.0;    // error, where nothing is known of it

std::string to_text(double value)
{
  char text[32];
  snprintf(text, sizeof text, "%g", value);
  return text;
}

}    // namespace

struct ComputeMTPErrorAtom::Core {
  std::string path;
  std::vector<double> bytes;    // of the file
  size_t size = 0;
  std::shared_ptr<MTPErrorRequest> request = std::make_shared<MTPErrorRequest>();
  int every = 20, members = 4, instance = 0;
  double confidence = 0.95, limit = 0.1, novelty = 1.0, mindist = -1.0;
  bool with_grade = false;
  double factor = 0.0, edge = 0.0, shortest = 0.0;
  bigint error_step = -1;        // of the errors that are kept
  std::vector<double> mine;      // global values of this rank's atoms
  std::vector<double> global;    // of all
  std::vector<int> extensive;
};

ComputeMTPErrorAtom::ComputeMTPErrorAtom(LAMMPS *lmp, int narg, char **arg) :
    Compute(lmp, narg, arg), core(new Core), name(std::string("Compute ") + id + " mtp/error/atom"),
    pair(nullptr), store(nullptr), nmax(0), array(nullptr)
{
  if (narg < 4)
    error->all(FLERR, name + ": expected a file of error bars, made by 'mlgrain mtp error-bars'");
  parse_options(narg - 4, arg + 4);
  core->path = arg[3];
  const std::string contents = read_on_all_ranks(lmp, name, core->path);
  core->size = contents.size();
  core->bytes.resize(core->size / sizeof(double) + 1);    // at a multiple of 8
  if (core->size) memcpy(core->bytes.data(), contents.data(), core->size);

  peratom_flag = 1;
  size_peratom_cols = core->with_grade ? GRADE + 1 : GRADE;
  vector_flag = 1;
  size_vector = core->with_grade ? MOST_GRADE + 1 : MOST_GRADE;
  extvector = -1;
  core->extensive = {0, 0, 1, 1, 1, 1, 0};
  extlist = core->extensive.data();
  core->global.assign(MOST_GRADE + 1, 0.0);
  vector = core->global.data();
  timeflag = 1;    // to know in time when values will be wanted
  create_attribute = 1;

  store_id = std::string(id) + "_COMPUTE_STORE";
  store = dynamic_cast<FixStoreAtom *>(
      modify->add_fix(store_id + " " + group->names[igroup] + " STORE/ATOM 1 0 0 0"));
  std::fill_n(store->vstore, atom->nlocal, UNKNOWN);
  core->request->wanted = [this](bigint step) {
    const bool asked = matchstep(step) != 0;
    return MTPErrorRequest::Parts{asked, asked && is_due(step)};
  };
}

ComputeMTPErrorAtom::~ComputeMTPErrorAtom()
{
  if (modify->nfix && !store_id.empty() && modify->get_fix_by_id(store_id))
    modify->delete_fix(store_id);
  extlist = nullptr;    // the base class would free it
  memory->destroy(array);
}

void ComputeMTPErrorAtom::parse_options(int narg, char **arg)
{
  for (int k = 0; k < narg; k += 2) {
    const std::string keyword = arg[k];
    if (k + 1 >= narg) error->all(FLERR, name + ": no value after '" + keyword + "'");
    const char *word = arg[k + 1];
    const auto number = [&](double low, double high) {
      const double value = utils::numeric(FLERR, word, false, lmp);
      if (!(value > low && value < high))
        error->all(FLERR,
                   name + ": " + keyword + " " + word + " is not between " + to_text(low) +
                       " and " + to_text(high));
      return value;
    };
    const auto whole = [&](int least) {
      const int value = utils::inumeric(FLERR, word, false, lmp);
      if (value < least)
        error->all(FLERR,
                   name + ": " + keyword + " " + word + " is less than " + std::to_string(least));
      return value;
    };
    if (keyword == "every")
      core->every = whole(1);
    else if (keyword == "members")
      core->members = whole(2);
    else if (keyword == "confidence")
      core->confidence = number(0.0, 1.0);
    else if (keyword == "limit")
      core->limit = number(0.0, HUGE_VAL);
    else if (keyword == "novelty")
      core->novelty = number(0.0, HUGE_VAL);
    else if (keyword == "mindist")
      core->mindist = number(0.0, HUGE_VAL);
    else if (keyword == "grade")
      core->with_grade = utils::logical(FLERR, word, false, lmp) != 0;
    else if (keyword == "pair")
      core->instance = whole(1);
    else
      error->all(FLERR, name + ": unknown keyword '" + keyword + "'");
  }
}

void ComputeMTPErrorAtom::find_pair()
{
  const int instance = core->instance;
  pair = dynamic_cast<PairMTP *>(force->pair_match("mtp", 1, instance));
  if (!pair && !instance && force->pair_match("mtp", 1, 1))
    error->all(FLERR, name + ": several mtp pair styles are in use: say which with 'pair N'");
  if (!pair && force->pair_match("mtp/kk", 0, instance))
    error->all(FLERR, name + ": the accelerated forms of pair style mtp give no error bars");
  if (!pair) error->all(FLERR, name + " needs pair style mtp");
  if (!pair->gives_error_bars())
    error->all(FLERR, name + ": the accelerated forms of pair style mtp give no error bars");
}

/* Whether the file has what the options ask for. */
void ComputeMTPErrorAtom::check_file()
{
  const auto *bars = core->request->bars.get();
  const int known = mlgrain_mtp_error_members(bars);
  core->edge = mlgrain_mtp_leverage_edge(bars);
  core->shortest = core->mindist > 0.0 ? core->mindist : pair->shortest_distance();
  core->request->members = 0;
  if (!known) return;
  if (core->members % 2 || core->members > known)
    error->all(FLERR,
               name + ": members " + std::to_string(core->members) +
                   " is not an even number up to " + std::to_string(known) + ", those of " +
                   core->path);
  core->factor = mlgrain_mtp_error_factor(bars, core->members, core->confidence);
  if (!(core->factor > 0.0))
    error->all(FLERR,
               name + ": " + core->path + " isn't calibrated for confidence " +
                   to_text(core->confidence));
  core->request->members = core->members;
}

/* What the file says of itself. */
void ComputeMTPErrorAtom::report() const
{
  const auto *bars = core->request->bars.get();
  std::string text = name + ": ";
  const auto entry = [&](const char *key, const char *before) {
    const char *value = mlgrain_mtp_error_metadata(bars, key);
    if (value) text += before + std::string(value);
  };
  if (core->request->members)
    text += "error = " + to_text(core->factor) + " x spread of " + std::to_string(core->members) +
        " members, for " + to_text(100.0 * core->confidence) + " % of atoms";
  else
    text += "leverages only, the file knows no errors";
  entry("training_set", "; training set: ");
  entry("calibration_set", "; calibrated on: ");
  utils::logmesg(lmp, text + "\n");
}

void ComputeMTPErrorAtom::init()
{
  store = dynamic_cast<FixStoreAtom *>(modify->get_fix_by_id(store_id));
  if (!store) error->all(FLERR, name + ": fix " + store_id + " was deleted");
  const auto *before = core->request->bars.get();
  find_pair();
  pair->read_error_bars(name, core->path, core->bytes, core->size, core->request);
  check_file();
  if (core->request->bars.get() != before && comm->me == 0) report();
  comm_reverse = 3 * core->request->members;
  core->error_step = -1;
}

void ComputeMTPErrorAtom::renew(const mlgrain_mtp_file *file, const std::vector<double> &sketch,
                                size_t rows, const std::vector<double> &members, double factor)
{
  pair->renew_error_bars(*core->request, file, sketch, rows, members, factor, name);
  check_file();
  core->error_step = -1;
}

double ComputeMTPErrorAtom::error_factor() const
{
  return core->factor;
}

/* Errors are of the past if a multiple of `every` has passed since. */
bool ComputeMTPErrorAtom::is_due(bigint step) const
{
  if (!core->request->members) return false;
  return core->error_step < 0 || step < core->error_step ||
      step / core->every != core->error_step / core->every;
}

void ComputeMTPErrorAtom::refresh()
{
  auto &request = *core->request;
  const bigint step = update->ntimestep;
  const bool due = is_due(step);
  const bool leverages = request.leverage_step != step;
  const bool members = due && request.member_step != step;
  if (leverages || members) pair->evaluate_errors(request, leverages, members, name);
  if (due) update_errors();
}

/* From forces of members, after ghosts gave theirs. */
void ComputeMTPErrorAtom::update_errors()
{
  const auto &request = *core->request;
  const size_t row = 3 * (size_t) request.members;
  comm->reverse_comm(this);
  for (int i = 0; i < atom->nlocal; i++)
    store->vstore[i] = core->factor *
        mlgrain_mtp_force_spread(&request.member_force[(size_t) i * row], request.members);
  core->error_step = request.member_step;
}

int ComputeMTPErrorAtom::pack_reverse_comm(int n, int first, double *buffer)
{
  const size_t row = 3 * (size_t) core->request->members, begin = (size_t) first * row;
  const auto &force = core->request->member_force;
  for (size_t k = 0; k < (size_t) n * row; k++) buffer[k] = force[begin + k];
  return n * (int) row;
}

void ComputeMTPErrorAtom::unpack_reverse_comm(int n, int *list, double *buffer)
{
  const size_t row = 3 * (size_t) core->request->members;
  auto &force = core->request->member_force;
  for (int i = 0; i < n; i++)
    for (size_t k = 0; k < row; k++) force[(size_t) list[i] * row + k] += (float) *buffer++;
}

/* An atom that was just created. */
void ComputeMTPErrorAtom::set_arrays(int i)
{
  store->vstore[i] = UNKNOWN;
}

/* The columns of an atom of the group, which also count in the global values. */
void ComputeMTPErrorAtom::fill_row(int i, const double *grades, double *row)
{
  const auto &request = *core->request;
  auto &mine = core->mine;
  row[LEVERAGE] = std::sqrt(request.leverage[i]) / core->edge;
  row[ERROR] = core->request->members ? store->vstore[i] : UNKNOWN;
  row[CLOSE] = request.nearest[i] < core->shortest ? 1.0 : 0.0;
  row[NOT_FINITE] = std::isfinite(row[LEVERAGE]) && std::isfinite(row[ERROR]) ? 0.0 : 1.0;
  if (row[NOT_FINITE] > 0.0) row[LEVERAGE] = row[ERROR] = HUGE_VAL;    // above any threshold
  if (grades) row[GRADE] = grades[i];
  mine[MOST_LEVERAGE] = std::max(mine[MOST_LEVERAGE], row[LEVERAGE]);
  mine[MOST_ERROR] = std::max(mine[MOST_ERROR], row[ERROR]);
  mine[CLOSE_COUNT] += row[CLOSE];
  mine[NOT_FINITE_COUNT] += row[NOT_FINITE];
  mine[NOVEL_COUNT] += row[LEVERAGE] > core->novelty ? 1.0 : 0.0;
  mine[UNSURE_COUNT] += row[ERROR] > core->limit ? 1.0 : 0.0;
  if (grades && !(row[GRADE] <= mine[MOST_GRADE])) mine[MOST_GRADE] = row[GRADE];
}

void ComputeMTPErrorAtom::compute_peratom()
{
  if (!pair) error->all(FLERR, name + " was asked for before a run");
  invoked_peratom = update->ntimestep;
  if (atom->nmax > nmax) {
    memory->destroy(array);
    nmax = atom->nmax;
    memory->create(array, nmax, size_peratom_cols, "mtp/error/atom:array");
    array_atom = array;
  }
  refresh();
  const double *grades = core->with_grade ? pair->grades(name) : nullptr;
  core->mine.assign(MOST_GRADE + 1, 0.0);
  core->mine[MOST_ERROR] = UNKNOWN;
  for (int i = 0; i < atom->nlocal; i++)
    if (atom->mask[i] & groupbit)
      fill_row(i, grades, array[i]);
    else
      std::fill_n(array[i], size_peratom_cols, 0.0);
}

void ComputeMTPErrorAtom::compute_vector()
{
  invoked_vector = update->ntimestep;
  if (invoked_peratom != invoked_vector) compute_peratom();
  std::vector<double> most(core->mine), sum(core->mine);
  MPI_Allreduce(core->mine.data(), most.data(), (int) most.size(), MPI_DOUBLE, MPI_MAX, world);
  MPI_Allreduce(core->mine.data(), sum.data(), (int) sum.size(), MPI_DOUBLE, MPI_SUM, world);
  for (int k = 0; k <= MOST_GRADE; k++) core->global[k] = core->extensive[k] ? sum[k] : most[k];
}

double ComputeMTPErrorAtom::memory_usage()
{
  const auto &request = *core->request;
  return sizeof(double) *
      ((double) nmax * size_peratom_cols +
       (double) (request.leverage.capacity() + request.nearest.capacity())) +
      sizeof(float) * (double) request.member_force.capacity();
}
