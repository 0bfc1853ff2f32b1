/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cluster_system.h"

#include "atom.h"
#include "atom_vec.h"
#include "comm.h"
#include "domain.h"
#include "force.h"
#include "group.h"
#include "input.h"
#include "label_map.h"
#include "lammps.h"
#include "modify.h"
#include "neighbor.h"
#include "pair.h"
#include "update.h"

#include "mlgrain/minimize.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <exception>
#include <mpi.h>

using namespace LAMMPS_NS;

namespace MLGRAIN_NS {

namespace {

/* Of the cutoff: the skin of neighbor lists, how far clusters reach beyond what mobile atoms act on
   where they are at first, and the longest and the first step of a minimization. */
constexpr double SKIN = 0.1, MARGIN = 0.05, LARGEST_STEP = 0.04, FIRST_STEP = 0.005;

/* Of the radius. */
constexpr double INNER = 0.8;

/* What may fail in it. */
template <class Work> void attempt(bool &is_broken, const Work &work)
{
  try {
    in_child(work);
  } catch (const ChildFailure &) {
    is_broken = true;
    throw;
  }
}

/* Of an atom type; versions of LAMMPS that don't tell have none here. */
template <class Map>
auto label_of(const Map *map, int type, int) -> decltype(std::string(map->find_label(type, 0)))
{
  return map->find_label(type, Atom::ATOM);
}
template <class Map> std::string label_of(const Map *, int, long)
{
  return "";
}

double distance(const double *a, const double *b)
{
  return std::hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
}

}    // namespace

double ClusterShape::inner(size_t stage) const
{
  return std::pow(INNER, (double) (STAGES - stage)) * radius;
}

double ClusterShape::whole() const
{
  return radius + (1.0 + MARGIN) * cutoff;
}

double ClusterShape::reach() const
{
  return radius + (2.0 + MARGIN) * cutoff;
}

ClusterSystem::ClusterSystem(LAMMPS *parent)
{
  attempt(is_broken, [&] {
    child = start_child();
    command(std::string("units ") + parent->update->unit_style);
    command("atom_style atomic");
    command("atom_modify map array sort 0 0.0");
    command("boundary f f f");
    command("region box block -1 1 -1 1 -1 1 units box");
    command("create_box " + std::to_string(parent->atom->ntypes) + " box");
    for (int type = 1; type <= parent->atom->ntypes; type++) {
      const auto *atom = parent->atom;
      const bool is_set = atom->mass && atom->mass_setflag[type];
      child->atom->set_mass(FLERR, type, is_set ? atom->mass[type] : 1.0);
      const std::string label = atom->labelmapflag ? label_of(atom->lmap, type, 0) : "";
      if (!label.empty()) command("labelmap atom " + std::to_string(type) + " \"" + label + "\"");
    }
  });
}

ClusterSystem::~ClusterSystem()
{
  if (is_broken) (void) child.release();
}

void ClusterSystem::command(const std::string &line)
{
  attempt(is_broken, [&] { child->input->one(line); });
}

double ClusterSystem::cutoff() const
{
  return child->force->pair->cutforce;
}

void ClusterSystem::init()
{
  attempt(is_broken, [&] {
    if (!child->force->pair) throw ChildFailure("there is no pair_style among the commands");
    if (child->force->kspace)
      throw ChildFailure("interactions must have a cutoff; there is a kspace_style");
    child->init();
    if (!(cutoff() > 0.0)) throw ChildFailure("the pair style has no cutoff");
    if (!child->modify->get_fix_list().empty())
      throw ChildFailure("the pair style needs fixes, so that its interactions may not be local");
  });
}

void ClusterSystem::make_room(double radius)
{
  attempt(is_broken, [&] {
    char line[256];
    const double edge = ClusterShape{radius, cutoff()}.reach() + cutoff();
    snprintf(line, sizeof line,
             "change_box all x final %.17g %.17g y final %.17g %.17g z final %.17g %.17g units box",
             -edge, edge, -edge, edge, -edge, edge);
    command(line);
    snprintf(line, sizeof line, "neighbor %.17g bin", SKIN * cutoff());
    command(line);
    command("group mlgrain_outer empty");
    command("neigh_modify every 1 delay 0 check yes exclude group mlgrain_outer mlgrain_outer");
    outer_bit = child->group->bitmask[child->group->find("mlgrain_outer")];
    child->init();
    child->domain->pbc();
    child->domain->reset_box();
    child->comm->setup();
    child->neighbor->setup_bins();
  });
}

/* In the order of the cluster. Pairs of atoms that nothing mobile acts on are left out. */
void ClusterSystem::load(const Cluster &cluster, int type)
{
  auto *atom = child->atom;
  if (atom->map_style != Atom::MAP_NONE) atom->map_clear();
  atom->nlocal = atom->nghost = 0;
  for (size_t i = 0; i < cluster.atoms(); i++) {
    double x[3] = {cluster.x[3 * i], cluster.x[3 * i + 1], cluster.x[3 * i + 2]};
    atom->avec->create_atom(i ? cluster.type[i] : type, x);
    atom->tag[i] = (tagint) i + 1;
    if (i >= cluster.whole) atom->mask[i] |= outer_bit;
  }
  atom->natoms = atom->nlocal;
  if (atom->map_style != Atom::MAP_NONE) atom->map_init();
  child->comm->borders();
  child->neighbor->build(1);
  child->force->setup();
}

struct ClusterSystem::Evaluation {
  LAMMPS *child;
  size_t moving = 0;
  bool is_first = true;
  double start_force = 0.0;

  enum mlgrain_status run(const double *x, double *value, double *gradient);

  /* No exception may pass through the core, which is C. */
  static enum mlgrain_status call(void *self, const double *x, double *value, double *gradient)
  {
    try {
      return static_cast<Evaluation *>(self)->run(x, value, gradient);
    } catch (...) {
      return MLGRAIN_UNSUPPORTED;
    }
  }
};

mlgrain_status ClusterSystem::Evaluation::run(const double *x, double *value, double *gradient)
{
  auto *atom = child->atom;
  std::copy(x, x + 3 * moving, atom->x[0]);
  child->update->ntimestep++;
  /* at first the list is new */
  if (!is_first && child->neighbor->decide()) child->neighbor->build(1);
  std::fill(atom->f[0], atom->f[0] + 3 * (size_t) atom->nlocal, 0.0);
  auto *pair = child->force->pair;
  pair->compute(1, 0);
  *value = pair->eng_vdwl + pair->eng_coul;
  for (size_t k = 0; k < 3 * moving; k++) gradient[k] = -atom->f[0][k];
  if (is_first)
    for (size_t k = 0; k < 3 * moving; k++)
      start_force = std::max(start_force, std::fabs(gradient[k]));
  is_first = false;
  return MLGRAIN_SUCCESS;
}

/* In stages, but for those in which all that is mobile would move already. */
Relaxed ClusterSystem::relax(const Cluster &cluster, int type)
{
  Relaxed result;
  attempt(is_broken, [&] { load(cluster, type); });
  Evaluation evaluation = {child.get()};
  result.x.assign(cluster.x.begin(), cluster.x.begin() + 3 * (std::ptrdiff_t) cluster.mobile);
  const mlgrain_minimize_settings settings = {tolerance, LARGEST_STEP * cutoff(),
                                              FIRST_STEP * cutoff(), most_evaluations};
  for (size_t stage = 0; stage <= STAGES; stage++) {
    const bool is_last = stage == STAGES;
    evaluation.moving = is_last ? cluster.mobile : cluster.inner[stage];
    if (!is_last && evaluation.moving == cluster.mobile) continue;
    mlgrain_minimum minimum;
    mlgrain_error text;
    const auto status = mlgrain_minimize(&settings, 3 * evaluation.moving, &Evaluation::call,
                                         &evaluation, result.x.data(), &minimum, &text);
    if (status == MLGRAIN_UNSUPPORTED) throw ChildFailure("the pair style has stopped");
    if (status == MLGRAIN_OUT_OF_MEMORY) throw ChildFailure(text.text);
    (is_last ? result.energy : result.inner_energy[stage]) = minimum.value;
    result.converged = status == MLGRAIN_SUCCESS;
    result.evaluations += minimum.evaluations;
    result.largest_force = minimum.largest_gradient;
  }
  result.start_force = evaluation.start_force;
  for (size_t i = 0; i < cluster.mobile; i++) {
    const double shift = distance(&result.x[3 * i], &cluster.x[3 * i]);
    double &largest = i ? result.largest_shift : result.shift;
    largest = std::max(largest, shift);
  }
  return result;
}

}    // namespace MLGRAIN_NS
