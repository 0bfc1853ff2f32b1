/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Labels by a second LAMMPS in the process. Cells are put into its box one after the other; the
   pair style is read once. */
#include "cell_labeler.h"

#include "child_lammps.h"

#include "atom.h"
#include "atom_vec.h"
#include "comm.h"
#include "compute.h"
#include "domain.h"
#include "force.h"
#include "input.h"
#include "label_map.h"
#include "lammps.h"
#include "modify.h"
#include "pair.h"
#include "update.h"

#include <cmath>
#include <map>

using namespace LAMMPS_NS;

namespace MLGRAIN_NS {

namespace {

using Matrix = std::array<std::array<double, 3>, 3>;

double dot(const double *a, const double *b)
{
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

/* Axes in which the first edge is along x and the second in the xy plane: rows are unit vectors. */
Matrix axes_of(const double *edge)
{
  Matrix q;
  const double *a = edge, *b = edge + 3;
  const double length = std::sqrt(dot(a, a));
  for (int d = 0; d < 3; d++) q[0][d] = a[d] / length;
  const double along = dot(b, q[0].data());
  for (int d = 0; d < 3; d++) q[1][d] = b[d] - along * q[0][d];
  const double rest = std::sqrt(dot(q[1].data(), q[1].data()));
  for (int d = 0; d < 3; d++) q[1][d] /= rest;
  for (int d = 0; d < 3; d++)
    q[2][d] = q[0][(d + 1) % 3] * q[1][(d + 2) % 3] - q[0][(d + 2) % 3] * q[1][(d + 1) % 3];
  return q;
}

/* Components along the axes of what is seen in the run, and back. */
void turn(const Matrix &q, const double *x, double *turned)
{
  for (int d = 0; d < 3; d++) turned[d] = dot(q[d].data(), x);
}

void turn_back(const Matrix &q, const double *turned, double *x)
{
  for (int d = 0; d < 3; d++)
    x[d] = q[0][d] * turned[0] + q[1][d] * turned[1] + q[2][d] * turned[2];
}

/* A symmetric tensor xx yy zz xy xz yz, turned back. */
std::array<double, 6> tensor_back(const Matrix &q, const std::array<double, 6> &t)
{
  const double m[3][3] = {{t[0], t[3], t[4]}, {t[3], t[1], t[5]}, {t[4], t[5], t[2]}};
  const int place[6][2] = {{0, 0}, {1, 1}, {2, 2}, {0, 1}, {0, 2}, {1, 2}};
  std::array<double, 6> result = {};
  for (int k = 0; k < 6; k++)
    for (int a = 0; a < 3; a++)
      for (int b = 0; b < 3; b++) result[k] += q[a][place[k][0]] * m[a][b] * q[b][place[k][1]];
  return result;
}

class ReferenceLammps : public OneCellLabeler {
 public:
  ReferenceLammps(LAMMPS *parent, const std::vector<std::string> &commands) :
      parent(parent), commands(commands)
  {
    begin();
  }

  Answer label_one(LearnCell &cell, std::string &why) override
  {
    try {
      if (!child) begin();
      in_child([&] { work(cell); });
      return LABELED;
    } catch (const ChildFailure &failure) {
      child.reset();    // it may have stopped anywhere
      cell.force.clear();
      why = failure.what();
      return FAILED;
    }
  }

 private:
  LAMMPS *parent;
  std::vector<std::string> commands;
  ChildLammps child;

  void begin();
  void set_box(const double *edge, const Matrix &q);
  void work(LearnCell &cell);
  void read(const Matrix &q, LearnCell &cell);
};

/* As many atom types as the run has, with their masses and labels. */
void ReferenceLammps::begin()
{
  ChildLammps made = start_child();
  in_child([&] {
    const auto *atom = parent->atom;
    /* those of plugins, which a second LAMMPS doesn't register */
    made->force->pair_map->insert(parent->force->pair_map->begin(), parent->force->pair_map->end());
    const auto command = [&](const std::string &line) { made->input->one(line); };
    command(std::string("units ") + parent->update->unit_style);
    command("atom_style atomic");
    command("atom_modify map array sort 0 0.0");
    command("boundary p p p");
    command("box tilt large");
    command("region box prism 0 15 0 15 0 15 0 0 0 units box");
    command("create_box " + std::to_string(atom->ntypes) + " box");
    for (int type = 1; type <= atom->ntypes; type++) {
      const bool is_set = atom->mass && atom->mass_setflag[type];
      made->atom->set_mass(FLERR, type, is_set ? atom->mass[type] : 1.0);
      if (atom->labelmapflag && !atom->lmap->find_label(type, Atom::ATOM).empty())
        command("labelmap atom " + std::to_string(type) + " \"" +
                atom->lmap->find_label(type, Atom::ATOM) + "\"");
    }
    for (const auto &line : commands) command(line);
    if (!made->force->pair) throw ChildFailure("there is no pair_style among the commands");
    command("compute mlgrain_virial all pressure NULL virial");
    command("thermo_style one");
  });
  child = std::move(made);
}

/* As commands that read or make a box do. */
void ReferenceLammps::set_box(const double *edge, const Matrix &q)
{
  auto *domain = child->domain;
  for (int d = 0; d < 3; d++) {
    domain->boxlo[d] = 0.0;
    domain->boxhi[d] = dot(edge + 3 * d, q[d].data());
  }
  domain->triclinic = 1;
  domain->xy = dot(edge + 3, q[0].data());
  domain->xz = dot(edge + 6, q[0].data());
  domain->yz = dot(edge + 6, q[1].data());
  domain->set_initial_box();
  domain->set_global_box();
  child->comm->set_proc_grid(0);
  domain->set_local_box();
}

void ReferenceLammps::work(LearnCell &cell)
{
  auto *atom = child->atom;
  const Matrix q = axes_of(cell.edge.data());
  if (atom->map_style != Atom::MAP_NONE) atom->map_clear();
  atom->nlocal = atom->nghost = 0;
  set_box(cell.edge.data(), q);
  for (size_t i = 0; i < cell.atoms(); i++) {
    double x[3];
    turn(q, &cell.x[3 * i], x);
    child->domain->remap(x);
    atom->avec->create_atom(cell.type[i], x);
    atom->tag[i] = (tagint) i + 1;
    for (int d = 0; d < 3; d++) atom->v[i][d] = 0.0;
  }
  atom->natoms = atom->nlocal;
  if (atom->map_style != Atom::MAP_NONE) {
    atom->map_init();
    atom->map_set();
  }
  child->input->one("run 0 post no");
  read(q, cell);
}

void ReferenceLammps::read(const Matrix &q, LearnCell &cell)
{
  const auto *atom = child->atom;
  auto *pe = child->modify->get_compute_by_id("thermo_pe");
  auto *pressure = child->modify->get_compute_by_id("mlgrain_virial");
  if ((size_t) atom->nlocal != cell.atoms()) throw ChildFailure("atoms were lost");
  cell.energy = pe->compute_scalar();
  pressure->compute_vector();
  const auto *domain = child->domain;
  const double factor = domain->xprd * domain->yprd * domain->zprd / child->force->nktv2p;
  std::array<double, 6> virial;
  for (int k = 0; k < 6; k++) virial[k] = factor * pressure->vector[k];
  cell.virial = tensor_back(q, virial);
  cell.force.assign(3 * cell.atoms(), NAN);
  for (int i = 0; i < atom->nlocal; i++)
    turn_back(q, atom->f[i], &cell.force[3 * (size_t) (atom->tag[i] - 1)]);
}

}    // namespace

std::unique_ptr<CellLabeler> label_by_lammps(LAMMPS *parent,
                                             const std::vector<std::string> &commands)
{
  return std::unique_ptr<CellLabeler>(new ReferenceLammps(parent, commands));
}

}    // namespace MLGRAIN_NS
