/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "segregation.h"

#include "cluster_system.h"
#include "file_bytes.h"
#include "neighborhood.h"
#include "rank_sums.h"
#include "segregation_table.h"
#include "site_clusters.h"

#include "atom.h"
#include "comm.h"
#include "domain.h"
#include "error.h"
#include "group.h"
#include "input.h"
#include "lattice.h"
#include "memory.h"
#include "modify.h"
#include "update.h"
#include "utils.h"

#include "mlgrain/random.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <map>
#include <mpi.h>
#include <utility>
#include <vector>

using namespace LAMMPS_NS;
using namespace MLGRAIN_NS;

namespace {

/* Begins every message. */
std::string name()
{
  return "Segregation";
}

/* Of the cutoff: the radius within which atoms move. */
constexpr double RADIUS = 1.8;

/* Of the distance that divides first neighbors from others: an atom that goes farther has left its
   site, and one of its surroundings has rearranged. */
constexpr double LEAVES = 0.4, REARRANGES = 0.25;

/* Of that distance: where no atom goes farther, the host is taken to come back when the solute is
   gone; where it does, and none is farther away then, it has. */
constexpr double STAYS = 0.1;

/* Structures of the host that are tried for a site. */
constexpr int STRUCTURES = 4;

/* What is sent of a site before its atoms. */
enum Packed { ID, X, TYPE = X + 3, ATOMS, MOBILE, WHOLE, INNER, HEADER = INNER + STAGES };

size_t packed_size(const double *site)
{
  return HEADER + 4 * (size_t) site[ATOMS];
}

void pack(const Cluster &cluster, tagint id, const double *x, std::vector<double> &to)
{
  to.insert(to.end(),
            {(double) id, x[0], x[1], x[2], (double) cluster.type[0], (double) cluster.atoms(),
             (double) cluster.mobile, (double) cluster.whole});
  to.insert(to.end(), cluster.inner.begin(), cluster.inner.end());
  to.insert(to.end(), cluster.x.begin(), cluster.x.end());
  to.insert(to.end(), cluster.type.begin(), cluster.type.end());
}

Cluster unpack(const double *site)
{
  const auto n = (size_t) site[ATOMS];
  Cluster cluster;
  cluster.x.assign(site + HEADER, site + HEADER + 3 * n);
  cluster.type.assign(site + HEADER + 3 * n, site + HEADER + 4 * n);
  for (size_t stage = 0; stage < STAGES; stage++)
    cluster.inner[stage] = (size_t) site[INNER + stage];
  cluster.mobile = (size_t) site[MOBILE];
  cluster.whole = (size_t) site[WHOLE];
  return cluster;
}

/* Parts of a whole number in proportion to weights, none larger than its `most`. */
std::vector<long long> divide(long long number, const std::vector<double> &weight,
                              const std::vector<long long> &most)
{
  double total = 0.0;
  for (const double w : weight) total += w;
  std::vector<long long> part(weight.size(), 0);
  for (size_t p = 0; p < part.size(); p++)
    part[p] = std::min(most[p], (long long) ((double) number * weight[p] / total));
  for (const auto one : part) number -= one;
  while (number > 0) {    // one more for each, as far as it goes
    bool any = false;
    for (size_t p = 0; number > 0 && p < part.size(); p++)
      if (part[p] < most[p]) {
        part[p]++;
        number--;
        any = true;
      }
    if (!any) break;
  }
  return part;
}

struct InputLine {
  int number;    // of the first, where it goes on
  std::string text;
};

/* Lines of input but for empty ones, without comments; those that end with & go on. */
std::vector<InputLine> lines_of(const std::string &text)
{
  std::vector<InputLine> lines;
  bool goes_on = false;
  int number = 1;
  for (size_t from = 0; from < text.size(); number++) {
    const size_t to = std::min(text.find('\n', from), text.size());
    std::string line = text.substr(from, to - from);
    from = to + 1;
    line.resize(std::min(line.find('#'), line.size()));
    line.erase(line.find_last_not_of(" \t\r") + 1);
    const bool more = !line.empty() && line.back() == '&';
    if (more) line.back() = ' ';
    if (goes_on)
      lines.back().text += line;
    else if (!line.empty())
      lines.push_back({number, line});
    goes_on = more;
  }
  return lines;
}

/* What is lacking while atoms beyond a radius are held is elastic, and goes as one over the volume
   that is relaxed, or the number of atoms in it: what is won from some to more tells of the rest.
 */
double lacking(size_t few, double energy_of_few, size_t more, double energy_of_more)
{
  if (more <= few) return 0.0;
  return (energy_of_more - energy_of_few) * (double) few / (double) (more - few);
}

/* By how much the energy differs from what the stages before told of it. */
double drift_of(const Cluster &cluster, const Relaxed &solute, double lacking_now)
{
  const auto &n = cluster.inner;
  const auto &energy = solute.inner_energy;
  if (n[1] == cluster.mobile) return 0.0;    // without stages
  const double before = energy[1] + lacking(n[0], energy[0], n[1], energy[1]);
  return solute.energy + lacking_now - before;
}

/* The largest of the distances between atoms of two structures. */
double farthest(const std::vector<double> &a, const std::vector<double> &b)
{
  double most = 0.0;
  for (size_t k = 0; k + 2 < a.size(); k += 3)
    most = std::max(most, std::hypot(a[k] - b[k], a[k + 1] - b[k + 1], a[k + 2] - b[k + 2]));
  return most;
}

double process_seconds()
{
  return (double) std::clock() / CLOCKS_PER_SEC;
}

}    // namespace

struct Segregation::Settings {
  int group = 0, solute = 0;
  std::string file;        // of pair commands
  long long random = 0;    // number of sites; 0: all
  uint64_t seed = 0;
  double radius = 0.0;     // 0: from the cutoff
  tagint bulk_atom = 0;    // 0: the crystal of the lattice
  bool correct = true, resume = false;
  double force = 2e-3, drift = 0.02;
  int evaluations = 1000;
  long long check = 0;
  double check_radius = 0.0;
  int property = -1;
  int write = 16;    // sites of each rank
};

/* What a solute changes at one site. */
struct Segregation::Change {
  double energy = 0.0;         // as it is with atoms held beyond the radius
  double correction = 0.0;     // what these would give
  double drift = 0.0;          // of both, from a smaller radius to this one
  double host_change = 0.0;    // of the host's energy, by another structure that it went to
  bool host_changed = false;
  double shift = 0.0, largest_shift = 0.0, force = 0.0, start_force = 0.0;
  int evaluations = 0;
  bool converged = true;

  void count(const Relaxed &);
};

struct Segregation::Work {
  std::unique_ptr<ClusterSystem> system;
  std::unique_ptr<SiteClusters> clusters;
  SegregationTable table;
  ClusterShape shape;
  int host = 0;
  Change bulk;                        // in the crystal
  double shell = 0.0;                 // distance that divides first neighbors from others
  std::vector<int> site;              // local atoms that are left to do
  std::vector<SiteRow> rows;          // all ranks' on rank 0
  long long sites = 0;                // in this run, over all ranks
  double start_force = 0.0;           // largest at sites of the host
  double seconds = 0.0, cpu = 0.0;    // for sites, this rank
  long long measured = 0;             // sites, this rank

  explicit Work(LAMMPS *lmp) : table(lmp, name()) {}
};

Segregation::Segregation(LAMMPS *lmp) : Command(lmp) {}

Segregation::~Segregation() = default;

/* LAMMPS deletes a command only when it has succeeded. */
void Segregation::command(int narg, char **arg)
{
  settings.reset(new Settings);
  work.reset(new Work(lmp));
  try {
    run(narg, arg);
  } catch (...) {
    settings.reset();
    work.reset();
    throw;
  }
}

void Segregation::run(int narg, char **arg)
{
  check_system();
  parse(narg, arg);
  MPI_Barrier(world);
  const double wall = MPI_Wtime(), cpu = process_seconds();
  start_system();
  const double reach = std::max(work->shape.reach(),
                                ClusterShape{settings->check_radius, work->shape.cutoff}.reach());
  work->clusters.reset(new SiteClusters(lmp, name(), reach));
  select_sites();
  resume();
  work->bulk = measure_bulk(work->shape);
  work_on_sites();
  report(MPI_Wtime() - wall, process_seconds() - cpu);
  check_radius();
  set_property();
}

void Segregation::check_system()
{
  if (!domain->box_exist)
    error->all(FLERR, name() + " command before the simulation box is defined");
  if (domain->dimension != 3) error->all(FLERR, name() + " is for three-dimensional systems");
  if (!atom->tag_enable) error->all(FLERR, name() + " needs atom IDs");
  if (atom->natoms == 0) error->all(FLERR, name() + ": there are no atoms");
  if (lmp->kokkos) error->all(FLERR, name() + " does not run with the KOKKOS package");
  if (modify->nfix_restart_peratom)
    error->all(FLERR,
               name() + " cannot be used while per-atom data of a restart file wait for fixes");
}

/* --- the input line --- */

double Segregation::number(const char *text, double least, const std::string &what)
{
  const double value = utils::numeric(FLERR, text, false, lmp);
  if (!std::isfinite(value) || value < least || value <= 0.0)
    error->all(FLERR, name() + ": " + what + " cannot be " + text);
  return value;
}

int Segregation::integer(const char *text, int least, const std::string &what)
{
  const int value = utils::inumeric(FLERR, text, false, lmp);
  if (value < least) error->all(FLERR, name() + ": " + what + " cannot be " + text);
  return value;
}

void Segregation::parse(int narg, char **arg)
{
  if (narg < 3)
    error->all(FLERR,
               name() +
                   ": a group, the atom type of the solute and a file with the pair commands "
                   "are needed");
  settings->group = group->find(arg[0]);
  if (settings->group < 0) error->all(FLERR, name() + ": there is no group " + arg[0]);
  settings->solute = utils::expand_type_int(FLERR, arg[1], Atom::ATOM, lmp);
  if (settings->solute < 1 || settings->solute > atom->ntypes)
    error->all(FLERR, name() + ": there is no atom type " + arg[1]);
  settings->file = arg[2];
  for (int iarg = 3; iarg < narg;) iarg = parse_option(arg[iarg], iarg + 1, narg, arg);
  if (settings->resume && work->table.path.empty())
    error->all(FLERR, name() + ": 'resume' goes on from the file of 'table'");
}

/* The values of a keyword are arg[iarg ...]; returns where the next keyword is. */
int Segregation::parse_option(const std::string &keyword, int iarg, int narg, char **arg)
{
  const auto value = [&]() -> char * {
    if (iarg >= narg) error->all(FLERR, name() + ": too few words after '" + keyword + "'");
    return arg[iarg++];
  };
  if (keyword == "sites") {
    const std::string which = value();
    if (which == "random") {
      settings->random = integer(value(), 1, "a number of sites");
      settings->seed = (uint64_t) integer(value(), 1, "a seed");
    } else if (which != "all") {
      error->all(FLERR, name() + ": 'sites' are all or random, not " + which);
    }
  } else if (keyword == "radius") {
    settings->radius = number(value(), 0.0, "the radius");
  } else if (keyword == "bulk") {
    const std::string which = value();
    if (which == "atom")
      settings->bulk_atom = utils::tnumeric(FLERR, value(), false, lmp);
    else if (which != "lattice")
      error->all(FLERR, name() + ": 'bulk' is lattice or atom ID, not " + which);
    if (which == "atom" && settings->bulk_atom < 1)
      error->all(FLERR, name() + ": an atom ID cannot be " + std::string(arg[iarg - 1]));
  } else if (keyword == "correct") {
    settings->correct = utils::logical(FLERR, value(), false, lmp);
  } else if (keyword == "force") {
    settings->force = number(value(), 0.0, "the force");
  } else if (keyword == "drift") {
    settings->drift = number(value(), 0.0, "the drift");
  } else if (keyword == "evaluations") {
    settings->evaluations = integer(value(), 1, "the number of evaluations");
  } else if (keyword == "check") {
    settings->check = integer(value(), 1, "a number of sites");
    settings->check_radius = number(value(), 0.0, "the radius");
  } else if (keyword == "table") {
    work->table.path = value();
  } else if (keyword == "resume") {
    settings->resume = utils::logical(FLERR, value(), false, lmp);
  } else if (keyword == "write") {
    settings->write = integer(value(), 1, "a number of sites");
  } else if (keyword == "property") {
    const std::string which = value();
    int is_double = 0, columns = 0;
    if (which.compare(0, 2, "d_") == 0)
      settings->property = atom->find_custom(which.c_str() + 2, is_double, columns);
    if (settings->property < 0 || !is_double || columns)
      error->all(FLERR,
                 name() + ": " + which +
                     " is no vector of numbers that fix property/atom has made (d_NAME)");
  } else {
    error->all(FLERR, name() + ": unknown keyword '" + keyword + "'");
  }
  return iarg;
}

/* --- the LAMMPS of the clusters --- */

/* An error on all ranks if one of them has failed. */
void Segregation::agree(const std::string &failure, const std::string &where)
{
  int first = failure.empty() ? comm->nprocs : comm->me, root;
  MPI_Allreduce(&first, &root, 1, MPI_INT, MPI_MIN, world);
  if (root == comm->nprocs) return;
  int size = (int) failure.size();
  MPI_Bcast(&size, 1, MPI_INT, root, world);
  std::string text(failure);
  text.resize((size_t) size);
  MPI_Bcast(&text[0], size, MPI_CHAR, root, world);
  error->all(FLERR, name() + ": " + where + text);
}

void Segregation::attempt(const std::function<void()> &work_of_rank, const std::string &where)
{
  std::string failure;
  try {
    work_of_rank();
  } catch (const ChildFailure &error) {
    failure = error.what();
  }
  agree(failure, where);
}

/* With the variables of the run. */
std::string Segregation::substituted(const std::string &line)
{
  int most = (int) line.size() + 1, most_copy = most;
  auto *text = static_cast<char *>(memory->smalloc(most, "segregation:line"));
  auto *copy = static_cast<char *>(memory->smalloc(most_copy, "segregation:copy"));
  memcpy(text, line.c_str(), line.size() + 1);
  input->substitute(text, copy, most, most_copy, 0);
  std::string result = text;
  memory->sfree(text);
  memory->sfree(copy);
  return result;
}

void Segregation::start_system()
{
  const auto lines = lines_of(read_on_all_ranks(lmp, name(), settings->file));
  auto &system = work->system;
  attempt([&] { system.reset(new ClusterSystem(lmp)); }, "");
  for (const auto &line : lines) {
    const std::string command = substituted(line.text);
    attempt([&] { system->command(command); },
            "line " + std::to_string(line.number) + " of the file " + settings->file + ": ");
  }
  attempt([&] { system->init(); }, "the commands of the file " + settings->file + ": ");
  work->shape.cutoff = system->cutoff();
  work->shape.radius = settings->radius > 0.0 ? settings->radius : RADIUS * work->shape.cutoff;
  const double largest = std::max(work->shape.radius, settings->check_radius);
  attempt([&] { system->make_room(largest); }, "");
  system->tolerance = settings->force;
  system->most_evaluations = settings->evaluations;
}

/* --- sites --- */

/* The atom type that all sites have. */
int Segregation::host_type()
{
  int range[2] = {-atom->ntypes - 1, 0}, all[2];    // minus the least, the largest
  for (int i = 0; i < atom->nlocal; i++)
    if (atom->mask[i] & group->bitmask[settings->group]) {
      range[0] = std::max(range[0], -atom->type[i]);
      range[1] = std::max(range[1], atom->type[i]);
    }
  MPI_Allreduce(range, all, 2, MPI_INT, MPI_MAX, world);
  if (!all[1]) error->all(FLERR, name() + ": the group has no atoms");
  if (-all[0] != all[1])
    error->all(FLERR,
               name() + ": atoms of the group have types " + std::to_string(-all[0]) + " to " +
                   std::to_string(all[1]) + "; all sites must have one");
  if (all[1] == settings->solute)
    error->all(FLERR,
               name() + ": atoms of the group have the type of the solute, " +
                   std::to_string(settings->solute));
  return all[1];
}

/* Those with the lowest of random numbers that are functions of seed and ID. */
void Segregation::draw_sites(std::vector<int> &mine)
{
  using Draw = std::pair<double, double>;    // number, ID
  const auto draw = [&](int i) {
    return Draw(mlgrain_random(settings->seed, (uint64_t) atom->tag[i], 0), (double) atom->tag[i]);
  };
  std::vector<Draw> best;
  best.reserve(mine.size());
  for (const int i : mine) best.push_back(draw(i));
  std::sort(best.begin(), best.end());
  if ((long long) best.size() > settings->random) best.resize((size_t) settings->random);
  std::vector<double> numbers;
  for (const auto &one : best) numbers.insert(numbers.end(), {one.first, one.second});
  auto all = gather_doubles(numbers);
  best.clear();    // of all ranks, on rank 0
  for (size_t k = 0; k + 1 < all.size(); k += 2) best.emplace_back(all[k], all[k + 1]);
  std::sort(best.begin(), best.end());
  Draw last(2.0, 0.0);
  if (best.size() >= (size_t) settings->random) last = best[(size_t) settings->random - 1];
  double both[2] = {last.first, last.second};
  MPI_Bcast(both, 2, MPI_DOUBLE, 0, world);
  last = {both[0], both[1]};
  mine.erase(std::remove_if(mine.begin(), mine.end(), [&](int i) { return draw(i) > last; }),
             mine.end());
}

/* In the order of IDs. */
void Segregation::select_sites()
{
  work->host = host_type();
  auto &mine = work->site;
  for (int i = 0; i < atom->nlocal; i++)
    if (atom->mask[i] & group->bitmask[settings->group]) mine.push_back(i);
  if (settings->random) draw_sites(mine);
  std::sort(mine.begin(), mine.end(), [&](int a, int b) { return atom->tag[a] < atom->tag[b]; });
}

/* Numbers of all ranks on rank 0, one rank's after the other's. */
std::vector<double> Segregation::gather_doubles(const std::vector<double> &mine)
{
  const int count = (int) mine.size();
  std::vector<int> counts(comm->nprocs), starts(comm->nprocs + 1, 0);
  MPI_Gather(&count, 1, MPI_INT, counts.data(), 1, MPI_INT, 0, world);
  for (int p = 0; p < comm->nprocs; p++) starts[p + 1] = starts[p] + counts[p];
  std::vector<double> all(comm->me == 0 ? starts[comm->nprocs] : 0);
  MPI_Gatherv(const_cast<double *>(mine.data()), count, MPI_DOUBLE, all.data(), counts.data(),
              starts.data(), MPI_DOUBLE, 0, world);
  return all;
}

/* Sites that the table has are done. */
void Segregation::resume()
{
  if (settings->resume) {
    const auto rows = work->table.read(title());
    std::map<tagint, const SiteRow *> done;
    for (const auto &row : rows) done[(tagint) row.id] = &row;
    std::string failure;
    std::vector<int> left;
    for (const int i : work->site) {
      const auto known = done.find(atom->tag[i]);
      if (known == done.end()) {
        left.push_back(i);
        continue;
      }
      double x[3] = {known->second->x[0], known->second->x[1], known->second->x[2]};
      domain->remap_near(x, atom->x[i]);
      if (std::hypot(x[0] - atom->x[i][0], x[1] - atom->x[i][1], x[2] - atom->x[i][2]) >
              0.01 * work->shape.cutoff &&
          failure.empty())
        failure = "atom " + std::to_string(atom->tag[i]) + " has moved since the file " +
            work->table.path + " was written";
    }
    agree(failure, "");
    work->site = left;
    if (comm->me == 0) work->rows = rows;
  }
  long long mine = (long long) work->site.size();
  MPI_Allreduce(&mine, &work->sites, 1, MPI_LONG_LONG, MPI_SUM, world);
}

/* --- energies --- */

void Segregation::Change::count(const Relaxed &relaxed)
{
  force = std::max(force, relaxed.largest_force);
  evaluations += relaxed.evaluations;
  converged = converged && relaxed.converged;
}

/* Where the host doesn't come back to its structure when the solute is gone, the solute made it go
   to another, and the difference of their energies is none of segregation: the site is tried in the
   structure that the host has then. */
Segregation::Change Segregation::change(const Cluster &cluster)
{
  Change change;
  Cluster start = cluster;    // with the host as it is
  const auto relax = [&](const std::vector<double> &x, int type, bool in_stages) {
    Cluster from = start;
    std::copy(x.begin(), x.end(), from.x.begin());
    if (!in_stages) from.inner.fill(from.mobile);
    auto relaxed = work->system->relax(from, type);
    change.count(relaxed);
    return relaxed;
  };
  auto host = relax({}, start.type[0], false);
  change.start_force = host.start_force;
  change.largest_shift = std::max(host.shift, host.largest_shift);
  double solute_shift = 0.0;
  for (int structures = 1;; structures++) {
    std::copy(host.x.begin(), host.x.end(), start.x.begin());
    const auto solute = relax({}, settings->solute, settings->correct);
    const double largest = std::max(solute.shift, solute.largest_shift);
    change.energy = solute.energy - host.energy;
    if (settings->correct) {
      change.correction =
          lacking(start.inner[1], solute.inner_energy[1], start.mobile, solute.energy);
      change.drift = drift_of(start, solute, change.correction);
    }
    change.shift = solute.shift;
    solute_shift = solute.largest_shift;
    if (largest <= STAYS * work->shell) break;
    const auto again = relax(solute.x, start.type[0], false);
    if (farthest(again.x, host.x) <= STAYS * work->shell) break;
    change.host_changed = true;
    if (structures == STRUCTURES) {
      change.converged = false;
      break;
    }
    change.host_change += again.energy - host.energy;
    host = again;
  }
  change.largest_shift = std::max(change.largest_shift, solute_shift);
  return change;
}

/* In the crystal, or at the site of the atom; on one rank: that of the atom, or the first one. */
Segregation::Change Segregation::measure_bulk(const ClusterShape &shape)
{
  int atom_index = -1, owner = -1, root;
  for (int i = 0; settings->bulk_atom && i < atom->nlocal; i++)
    if (atom->tag[i] == settings->bulk_atom) atom_index = i;
  if (settings->bulk_atom ? atom_index >= 0 : comm->me == 0) owner = comm->me;
  MPI_Allreduce(&owner, &root, 1, MPI_INT, MPI_MAX, world);
  if (root < 0)
    error->all(FLERR, name() + ": there is no atom " + std::to_string(settings->bulk_atom));
  double result[4] = {0.0, 0.0, 0.0, 0.0};
  attempt(
      [&] {
        if (comm->me != root) return;
        const auto cluster = settings->bulk_atom ? work->clusters->around(atom_index, shape)
                                                 : crystal_cluster(lmp, work->host, shape);
        if (cluster.type[0] != work->host)
          throw ChildFailure("the atom of 'bulk' has type " + std::to_string(cluster.type[0]) +
                             ", sites have " + std::to_string(work->host));
        work->shell = first_shell(cluster);
        const auto change = this->change(cluster);
        if (!change.converged)
          throw ChildFailure("the minimization in the crystal did not converge to a force of " +
                             to_text(settings->force) + " in " +
                             std::to_string(settings->evaluations) + " evaluations");
        result[0] = work->shell;
        result[1] = change.energy;
        result[2] = change.correction;
        result[3] = change.drift;
      },
      "");
  MPI_Bcast(result, 4, MPI_DOUBLE, root, world);
  work->shell = result[0];
  Change bulk;
  bulk.energy = result[1];
  bulk.correction = result[2];
  bulk.drift = result[3];
  return bulk;
}

/* --- all sites --- */

/* All but which site it is. */
SiteRow Segregation::measure(const Cluster &cluster, const Change &bulk)
{
  SiteRow row = {};
  row.coordination = coordination(cluster, work->shell);
  try {
    const auto change = this->change(cluster);
    row.correction = change.correction - bulk.correction;
    row.drift = change.drift - bulk.drift;
    row.host_change = change.host_change;
    row.energy = change.energy - bulk.energy + row.correction;
    row.shift = change.shift;
    row.largest_shift = change.largest_shift;
    row.force = change.force;
    row.evaluations = change.evaluations;
    row.flag = (change.converged ? 0 : NOT_CONVERGED) +
        (change.shift > LEAVES * work->shell ? LEFT_SITE : 0) +
        (change.largest_shift > REARRANGES * work->shell ? REARRANGED : 0) +
        (change.host_changed ? HOST_CHANGED : 0) +
        (std::fabs(row.drift) > settings->drift ? SOFT : 0);
    work->start_force = std::max(work->start_force, change.start_force);
    if (!std::isfinite(row.energy)) throw ChildFailure("the energy is not finite");
  } catch (const ChildFailure &) {
    row.energy = row.correction = std::nan("");
    row.flag = FAILED;
  }
  return row;
}

/* Takes the next so many sites of each rank, and hands them out. */
std::vector<double> Segregation::hand_out(const std::vector<long long> &offered,
                                          const std::vector<long long> &quota)
{
  const int n = comm->nprocs, me = comm->me;
  /* what each keeps, then what is too much to the first that have too little */
  std::vector<long long> much(n), little(n), to(n, 0);
  for (int p = 0; p < n; p++) {
    much[p] = std::max(0LL, offered[p] - quota[p]);
    little[p] = std::max(0LL, quota[p] - offered[p]);
  }
  to[me] = offered[me] - much[me];
  for (int p = 0, t = 0; p < n; p++)
    while (much[p] > 0 && t < n) {
      const long long moved = std::min(much[p], little[t]);
      much[p] -= moved;
      little[t] -= moved;
      if (p == me) to[t] += moved;
      if (!little[t]) t++;
    }
  std::vector<double> sent, got;
  std::vector<int> send(n), receive(n), send_start(n + 1, 0), start(n + 1, 0);
  auto next = work->site.begin();
  for (int t = 0; t < n; t++) {
    for (long long k = 0; k < to[t]; k++, ++next)
      pack(work->clusters->around(*next, work->shape), atom->tag[*next], atom->x[*next], sent);
    send_start[t + 1] = (int) sent.size();
    send[t] = send_start[t + 1] - send_start[t];
  }
  work->site.erase(work->site.begin(), next);
  MPI_Alltoall(send.data(), 1, MPI_INT, receive.data(), 1, MPI_INT, world);
  for (int p = 0; p < n; p++) start[p + 1] = start[p] + receive[p];
  got.resize((size_t) start[n]);
  MPI_Alltoallv(sent.data(), send.data(), send_start.data(), MPI_DOUBLE, got.data(), receive.data(),
                start.data(), MPI_DOUBLE, world);
  return got;
}

/* In rounds, between which the table is written: each rank gets as many sites as it was fast. */
void Segregation::work_on_sites()
{
  work->table.begin(header(), work->rows);
  const int n = comm->nprocs;
  for (;;) {
    const long long mine = (long long) work->site.size();
    const double speed = work->measured ? (double) work->measured / work->seconds : 0.0;
    std::vector<long long> left(n);
    std::vector<double> speeds(n);
    MPI_Allgather(const_cast<long long *>(&mine), 1, MPI_LONG_LONG, left.data(), 1, MPI_LONG_LONG,
                  world);
    MPI_Allgather(const_cast<double *>(&speed), 1, MPI_DOUBLE, speeds.data(), 1, MPI_DOUBLE, world);
    long long total = 0;
    for (const auto one : left) total += one;
    if (!total) break;
    const long long round = std::min(total, (long long) settings->write * n);
    const double known = *std::max_element(speeds.begin(), speeds.end());
    for (auto &one : speeds)
      if (one <= 0.0) one = known > 0.0 ? known : 1.0;
    const auto offered = divide(round, std::vector<double>(left.begin(), left.end()), left);
    const auto quota = divide(round, speeds, std::vector<long long>(n, round));
    const auto sites = hand_out(offered, quota);
    std::vector<double> found;
    const double start = MPI_Wtime(), cpu = process_seconds();
    for (size_t at = 0; at < sites.size(); at += packed_size(&sites[at])) {
      auto row = measure(unpack(&sites[at]), work->bulk);
      row.id = sites[at + ID];
      row.type = sites[at + TYPE];
      std::copy(&sites[at + X], &sites[at + X] + 3, row.x);
      const auto *numbers = reinterpret_cast<const double *>(&row);
      found.insert(found.end(), numbers, numbers + SITE_COLUMNS);
      work->measured++;
    }
    work->seconds += MPI_Wtime() - start;
    work->cpu += process_seconds() - cpu;
    const auto all = gather_doubles(found);
    std::vector<SiteRow> rows(all.size() / SITE_COLUMNS);
    memcpy(static_cast<void *>(rows.data()), all.data(), all.size() * sizeof(double));
    work->table.append(rows);
    work->rows.insert(work->rows.end(), rows.begin(), rows.end());
  }
  work->table.finish(header(), work->rows);
}

/* Sites again with larger clusters, and how the energies differ. */
void Segregation::check_radius()
{
  if (!settings->check) return;
  /* of those of the table that have no flag, on the ranks that have the atoms */
  std::vector<const SiteRow *> good;
  std::sort(work->rows.begin(), work->rows.end(),
            [](const SiteRow &a, const SiteRow &b) { return a.id < b.id; });
  for (const auto &row : work->rows)
    if (row.flag == 0.0) good.push_back(&row);
  std::vector<double> wanted;
  const size_t count = std::min(good.size(), (size_t) settings->check);
  for (size_t k = 0; k < count; k++) {
    const auto &row = *good[k * good.size() / count];
    wanted.insert(wanted.end(), {row.id, row.energy, row.correction});
  }
  broadcast(world, MPI_DOUBLE, wanted);
  std::map<tagint, int> local;
  for (int i = 0; i < atom->nlocal; i++) local[atom->tag[i]] = i;
  const ClusterShape larger = {settings->check_radius, work->shape.cutoff};
  const Change bulk = measure_bulk(larger);
  double sum[6] = {}, all[6];    // sites, differences, their squares; those that can't be compared
  for (size_t k = 0; k < wanted.size(); k += 3) {
    const auto known = local.find((tagint) wanted[k]);
    if (known == local.end()) continue;
    const auto row = measure(work->clusters->around(known->second, larger), bulk);
    if (row.flag != 0.0) {
      sum[5] += 1.0;
      continue;
    }
    const double difference = wanted[k + 1] - row.energy, raw = difference - wanted[k + 2];
    sum[0] += 1.0;
    sum[1] += difference;
    sum[2] += difference * difference;
    sum[3] += raw;
    sum[4] += raw * raw;
  }
  MPI_Allreduce(sum, all, 6, MPI_DOUBLE, MPI_SUM, world);
  if (all[0] + all[5] < 1.0) return;
  char text[512];
  int length =
      snprintf(text, sizeof text, "  %.0f sites at radius %g:", all[0], settings->check_radius);
  if (all[0] > 0.0)
    length += snprintf(text + length, sizeof text - (size_t) length,
                       " this run's energies are off by %.5f (rms; mean %.5f), without correction "
                       "by %.5f (%.5f);",
                       std::sqrt(all[2] / all[0]), all[1] / all[0], std::sqrt(all[4] / all[0]),
                       all[3] / all[0]);
  snprintf(text + length, sizeof text - (size_t) length, " %.0f others have a flag there\n",
           all[5]);
  say(text);
}

/* --- results --- */

void Segregation::set_property()
{
  if (settings->property < 0) return;
  std::vector<double> energies;
  for (const auto &row : work->rows) energies.insert(energies.end(), {row.id, row.energy});
  broadcast(world, MPI_DOUBLE, energies);
  std::map<tagint, double> of;
  for (size_t k = 0; k < energies.size(); k += 2) of[(tagint) energies[k]] = energies[k + 1];
  for (int i = 0; i < atom->nlocal; i++) {
    const auto known = of.find(atom->tag[i]);
    if (known != of.end()) atom->dvector[settings->property][i] = known->second;
  }
}

std::string Segregation::title() const
{
  const std::string units = update->unit_style;
  const std::string energy = units == "metal" ? "eV"
      : units == "real"                       ? "kcal/mol"
                                              : "energy units";
  return "# segregation of type " + std::to_string(settings->solute) + " at sites of type " +
      std::to_string(work->host) + ", radius " + to_text(work->shape.radius) + ", force " +
      to_text(settings->force) + ", drift " + to_text(settings->drift) + ", bulk " +
      (settings->bulk_atom ? "atom " + std::to_string(settings->bulk_atom)
                           : std::string("lattice")) +
      (settings->correct ? ", corrected" : "") + "; energies in " + energy;
}

std::string Segregation::header() const
{
  return title() + "\n# in the crystal " + to_text(work->bulk.energy + work->bulk.correction) +
      ", first neighbors within " + to_text(work->shell);
}

void Segregation::say(const std::string &text)
{
  if (comm->me == 0) utils::logmesg(lmp, text);
}

void Segregation::report(double wall, double cpu)
{
  double most_force, mine[2] = {work->cpu, cpu}, all[2];
  MPI_Allreduce(&work->start_force, &most_force, 1, MPI_DOUBLE, MPI_MAX, world);
  MPI_Allreduce(mine, all, 2, MPI_DOUBLE, MPI_SUM, world);
  double sum = 0.0, squares = 0.0, low = HUGE_VAL, high = -HUGE_VAL, count = 0.0, flagged = 0.0;
  for (const auto &row : work->rows) {
    if (row.flag != 0.0) flagged += 1.0;
    if (row.flag != 0.0) continue;
    count += 1.0;
    sum += row.energy;
    squares += row.energy * row.energy;
    low = std::min(low, row.energy);
    high = std::max(high, row.energy);
  }
  char text[1024];
  const double mean = count > 0.0 ? sum / count : 0.0;
  snprintf(text, sizeof text,
           "Segregation of type %d: %.0f sites, %.0f with a flag\n"
           "  energy: mean %.5f, deviation %.5f, from %.5f to %.5f; in the crystal %.6f\n"
           "  forces on the host before, at most %.3g\n",
           settings->solute, count + flagged, flagged, mean,
           count > 0.0 ? std::sqrt(std::max(0.0, squares / count - mean * mean)) : 0.0, low, high,
           work->bulk.energy + work->bulk.correction, most_force);
  say(text);
  snprintf(text, sizeof text, "  CPU time %.4f s a site, %.2f s in all; wall time %.2f s\n",
           work->sites ? all[0] / (double) work->sites : 0.0, all[1], wall);
  say(text);
}
