/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pair style mtp inside LAMMPS against MLIP's own numbers, and against the plain formulas applied
   to explicit periodic images. The kernels themselves are tested in
   unittest/core/test_mtp_compute.c. Grades: test_compute_mtp_grade_atom.cpp. */
#include "mtp_cases.h"

using namespace test;

namespace {

const std::vector<int> all_species = {0, 1, 2};

std::string style(const std::string &path, const std::string &species = "0 1 2",
                  const std::string &options = "")
{
  return "pair_style mtp " + options + "\npair_coeff * * " + path + " " + species + "\n";
}

/* ------------------------------------------------------------------ MLIP's own numbers */

std::string reference_folder(const std::string &name)
{
  const std::string folder = environment("MLGRAIN_REFERENCE_DIR");
  if (folder.empty()) throw Skip{"MLGRAIN_REFERENCE_DIR isn't set"};
  const std::string path = folder + "/mtp/" + name;
  if (!std::ifstream(path + "/reference.cfg")) throw Skip{"no " + path};
  return path;
}

using Matrix = std::vector<double>;    // 3 x 3, by rows

double dot(const double *a, const double *b)
{
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

/* Rows: the axes into which LAMMPS wants a cell: a along x, b in the xy plane. A left-handed cell
   becomes a right-handed one by exchange of two vectors. */
Matrix axes_of(Matrix &cell)
{
  double *a = &cell[0], *b = &cell[3], *c = &cell[6];
  const auto normal = [&](int k) {
    return a[(k + 1) % 3] * b[(k + 2) % 3] - a[(k + 2) % 3] * b[(k + 1) % 3];
  };
  if (normal(0) * c[0] + normal(1) * c[1] + normal(2) * c[2] < 0.0) std::swap_ranges(a, a + 3, b);
  Matrix axes(9);
  const double along = dot(a, b) / dot(a, a);
  for (int k = 0; k < 3; k++) {
    axes[k] = a[k];
    axes[3 + k] = b[k] - along * a[k];
    axes[6 + k] = normal(k);
  }
  for (int r = 0; r < 3; r++) {
    const double length = std::sqrt(dot(&axes[3 * r], &axes[3 * r]));
    for (int k = 0; k < 3; k++) axes[3 * r + k] /= length;
  }
  return axes;
}

std::vector<double> rotated(const Matrix &axes, const double *v)
{
  return {dot(&axes[0], v), dot(&axes[3], v), dot(&axes[6], v)};
}

/* A box for the configuration; axes receives the rotation into it. */
std::string box_of(const Cfg &cfg, int species, Matrix &axes)
{
  const std::string create = "\ncreate_box " + std::to_string(species) + " box\nmass * 1\n";
  if (cfg.cell.empty()) {
    axes = {1, 0, 0, 0, 1, 0, 0, 0, 1};
    return "boundary f f f\nregion box block -30 30 -30 30 -30 30 units box" + create;
  }
  Matrix cell = cfg.cell;
  axes = axes_of(cell);
  const auto a = rotated(axes, &cell[0]), b = rotated(axes, &cell[3]), c = rotated(axes, &cell[6]);
  return "box tilt large\nregion box prism 0 " + number(a[0]) + " 0 " + number(b[1]) + " 0 " +
      number(c[2]) + " " + number(b[0]) + " " + number(c[0]) + " " + number(c[1]) + " units box" +
      create;
}

void check_stress(const Session &session, const Cfg &cfg, const Matrix &axes)
{
  static const int place[6][2] = {{0, 0}, {1, 1}, {2, 2}, {0, 1}, {0, 2}, {1, 2}};
  const double *s = cfg.stress.data();
  const double full[3][3] = {{s[0], s[5], s[4]}, {s[5], s[1], s[3]}, {s[4], s[3], s[2]}};
  const auto virial = global_virial(session);
  for (int k = 0; k < 6; k++) {
    double wanted = 0.0;
    for (int i = 0; i < 3; i++)
      for (int j = 0; j < 3; j++)
        wanted += axes[3 * place[k][0] + i] * axes[3 * place[k][1] + j] * full[i][j];
    check(std::fabs(virial[k] - wanted) < 1.6e-5, "virial %d: %.8g, MLIP has %.8g", k, virial[k],
          wanted);
  }
}

void check_configuration(const Cfg &cfg, const std::string &potential, int species)
{
  Session session;
  Matrix axes;
  session.run("units metal\natom_modify map array\n" + box_of(cfg, species, axes));
  const int n = (int) cfg.atoms.size();
  std::vector<int> id, type;
  std::vector<double> x, force;
  for (int i = 0; i < n; i++) {
    const double at[3] = {cfg.value(i, "cartes_x"), cfg.value(i, "cartes_y"),
                          cfg.value(i, "cartes_z")};
    const double f[3] = {cfg.value(i, "fx"), cfg.value(i, "fy"), cfg.value(i, "fz")};
    const auto position = rotated(axes, at), rotated_force = rotated(axes, f);
    id.push_back(i + 1);
    type.push_back((int) cfg.value(i, "type") + 1);
    x.insert(x.end(), position.begin(), position.end());
    force.insert(force.end(), rotated_force.begin(), rotated_force.end());
  }
  check(lammps_create_atoms(session.handle, n, id.data(), type.data(), x.data(), nullptr, nullptr,
                            0) == n,
        "atoms are missing");
  session.run("pair_style mtp\npair_coeff * * " + potential +
              "\ncompute virial all pressure NULL virial\n"
              "thermo_style custom step pe c_virial[*]\nthermo_modify norm no\nrun 0");
  const double energy = lammps_get_thermo(session.handle, "pe");
  check(std::fabs(energy - cfg.energy) < 2e-12 * std::max(1.0, std::fabs(cfg.energy)),
        "energy %.15g, MLIP has %.15g", energy, cfg.energy);
  const auto got = session.gather("f", 3);
  for (int k = 0; k < 3 * n; k++)
    if (!check(std::fabs(got[k] - force[k]) < 0.9e-6, "force %d: %.8g, MLIP has %.8g", k, got[k],
               force[k]))
      break;
  if (!cfg.cell.empty()) check_stress(session, cfg, axes);
}

void numbers_of_mlip()
{
  for (const char *name :
       {"crystals_cubic_02", "crystals_cubic_06", "crystals_cubic_10", "crystals_cubic_16",
        "crystals_multi_02", "crystals_multi_06", "crystals_multi_10", "crystals_noncubic_04",
        "crystals_noncubic_10", "molecules_762_06", "molecules_762_10"}) {
    const std::string folder = reference_folder(name);
    const int species = open_potential(folder + "/pot.mtp")->species_count;
    const auto cfgs = read_cfgs(folder + "/reference.cfg");
    check(cfgs.size() >= 2, "%s: few configurations", name);
    for (const auto &cfg : cfgs) check_configuration(cfg, folder + "/pot.mtp", species);
  }
}

/* -------------------------------------------------------------- against the plain formulas */

void compare_after(const std::string &setup, const std::string &run = "run 0",
                   const PotentialForm &form = {})
{
  const TestPotential potential("case.mtp", form);
  Session session;
  session.run(setup + style(potential.path) + watch + run);
  compare(session, potential.file, all_species);
}

void periodic_boxes()
{
  compare_after(random_atoms());
  compare_after(random_atoms("p p p", "block 0 9 -3 7 1 11"));
}

void other_boundaries()
{
  compare_after(random_atoms("p f s", "block 0 9 -3 7 1 11"));
  compare_after(random_atoms("f f f", "block 0 9 -3 7 1 11"));
  compare_after(random_atoms("f p p", "prism 0 9 0 10 0 9.5 2 -1.5 1"));
}

void hard_wall()
{
  PotentialForm form;
  form.repulsive = true;
  compare_after(random_atoms() + "displace_atoms all random 0.4 0.4 0.4 99\n", "run 0", form);
}

/* The cutoff reaches over several images. */
void small_cells()
{
  compare_after("units metal\natom_modify map array\n"
                "region box prism 0 2.3 0 2.5 0 2.4 0.4 -0.3 0.2 units box\n"
                "create_box 3 box\nmass * 30\ncreate_atoms 2 single 0.1 0.2 0.1 units box\n"
                "create_atoms 1 single 1.4 1.5 1.3 units box\n");
  compare_after("units metal\natom_modify map array\nregion box block 0 2.3 0 2.2 0 2.4 units box\n"
                "create_box 3 box\nmass * 30\ncreate_atoms 3 single 0.1 0.2 0.1 units box\n");
}

void general_triclinic()
{
  if (lammps_version(Session().handle) < 20240417) throw Skip{"this LAMMPS is too old"};
  compare_after("units metal\natom_modify map array\n"
                "lattice custom 1.0 a1 8 1 -1 a2 0.5 9 2 a3 -1 1.5 8.5 basis 0 0 0 "
                "triclinic/general\ncreate_box 3 NULL 0 1 0 1 0 1\nmass * 30\n"
                "create_atoms 1 random 40 4711 NULL overlap 1.9 maxtry 1000\n"
                "set group all type/fraction 2 0.4 5\nset group all type/fraction 3 0.3 6\n");
}

/* All atoms in one corner, and one atom that sees no other. */
void empty_ranks_and_lone_atoms()
{
  compare_after("units metal\natom_modify map array\nboundary f f f\n"
                "region box block 0 40 0 40 0 40 units box\ncreate_box 3 box\nmass * 30\n"
                "region corner block 0 9 0 9 0 9 units box\n"
                "create_atoms 2 random 30 77 corner overlap 1.9 maxtry 1000\n"
                "create_atoms 3 single 12.9 9 20 units box\n");
}

void no_atoms()
{
  const TestPotential potential("case.mtp", {});
  Session session;
  session.run("units metal\nregion box block 0 9 0 9 0 9 units box\ncreate_box 3 box\nmass * 30\n" +
              style(potential.path) + "run 0");
  check(lammps_get_thermo(session.handle, "pe") == 0.0, "energy of nothing");
}

void atom_styles()
{
  for (const char *one : {"charge", "molecular", "full"}) {
    Session probe;
    if (!lammps_has_style(probe.handle, "atom", one)) continue;
    compare_after(random_atoms("p p p", "block 0 9 -3 7 1 11", 50, one));
  }
}

/* Lists then mark bonded neighbors in the high bits of their indices. */
void bonded_atoms()
{
  Session probe;
  if (!lammps_has_style(probe.handle, "atom", "molecular")) throw Skip{"no package MOLECULE"};
  std::string setup = random_atoms("p p p", "block 0 9 -3 7 1 11", 50, "molecular");
  const std::string box = "create_box 3 box";
  setup.replace(setup.find(box), box.size(),
                box + " bond/types 1 extra/bond/per/atom 9 extra/special/per/atom 40");
  compare_after(setup +
                "pair_style zero 4.0\npair_coeff * *\nbond_style zero\nbond_coeff 1 2.0\n"
                "special_bonds lj/coul 0 1 1\ncreate_bonds many all all 1 1.9 2.2\n"
                "special_bonds lj/coul 0.5 0.5 0.5\n");
}

void decompositions()
{
  for (const char *grid : {"* 1 1", "1 * 1", "1 1 *"})
    compare_after(std::string("processors ") + grid + "\n" + random_atoms());
  compare_after(random_atoms() + "comm_style tiled\nbalance 1.0 rcb\n");
}

void threads()
{
  with_threads([] {
    compare_after(random_atoms());
    compare_after(random_atoms(), "fix 1 all nve/limit 0.02\nrun 12");
  });
}

void simd_levels()
{
  at_simd_levels([] { compare_after(random_atoms()); });
}

void moving_atoms()
{
  const std::string move = "fix 1 all nve/limit 0.04\nrun 40";
  for (const char *modify :
       {"neigh_modify delay 0 every 1 check yes\n", "neigh_modify delay 10 every 5 check no\n",
        "neighbor 0.0 bin\nneigh_modify delay 0 every 1 check no\n",
        "neigh_modify one 5000 page 100000 binsize 3.0\n"})
    compare_after(random_atoms() + modify, move);
  Session probe;
  if (lammps_extract_setting(probe.handle, "kokkos_active")) return;    // has no such lists
  compare_after(random_atoms() + "neighbor 2.0 nsq\n", move);
}

/* ------------------------------------------------------------------------ consistency */

double energy_now(Session &session)
{
  session.run("run 0 post no");
  return lammps_get_thermo(session.handle, "pe");
}

/* Derivative of f at 0 from values at +-h, +-2h: the error is of fourth order where f is smooth. At
   the cutoff its second derivative jumps, so that h must be small. */
template <class Function> double derivative(const Function &f, double h)
{
  return (8.0 * (f(h) - f(-h)) - (f(2.0 * h) - f(-2.0 * h))) / (12.0 * h);
}

void forces_are_differences()
{
  const TestPotential potential("case.mtp", {});
  Session session;
  session.run(random_atoms() + style(potential.path) + watch + "run 0");
  const auto x = session.gather("x", 3), force = session.gather("f", 3);
  double largest = 0.0;
  for (double f : force) largest = std::max(largest, std::fabs(f));
  for (size_t k = 0; k < x.size(); k += 11) {
    const double slope = derivative(
        [&](double step) {
          auto moved = x;
          moved[k] += step;
          lammps_scatter_atoms(session.handle, "x", 1, 3, moved.data());
          return energy_now(session);
        },
        2e-5);
    check(std::fabs(slope + force[k]) < 1e-7 * largest, "force %zu: %.12g, differences give %.12g",
          k, force[k], -slope);
  }
}

/* change_box with the cell of random_atoms() strained by F = 1 + step in the place (row, column);
   F is upper triangular, as LAMMPS' cells are lower triangular. */
std::string strained(int row, int column, double step)
{
  double cell[3][3] = {{9, 0, 0}, {2, 10, 0}, {-1.5, 1, 9.5}};    // rows a, b, c
  for (auto &vector : cell) vector[row] += step * vector[column];
  return "change_box all x final 0 " + number(cell[0][0]) + " y final 0 " + number(cell[1][1]) +
      " z final 0 " + number(cell[2][2]) + " xy final " + number(cell[1][0]) + " xz final " +
      number(cell[2][0]) + " yz final " + number(cell[2][1]) + " remap units box\n";
}

void virial_is_difference()
{
  static const int place[6][2] = {{0, 0}, {1, 1}, {2, 2}, {0, 1}, {0, 2}, {1, 2}};
  const TestPotential potential("case.mtp", {});
  Session start;
  start.run(random_atoms() + style(potential.path) + watch + "run 0");
  const auto virial = global_virial(start);
  double largest = 0.0;
  for (double w : virial) largest = std::max(largest, std::fabs(w));
  for (int k = 0; k < 6; k++) {
    const double slope = derivative(
        [&](double step) {
          Session session;
          session.run(random_atoms() + strained(place[k][0], place[k][1], step) +
                      style(potential.path) + "thermo_modify norm no\n");
          return energy_now(session);
        },
        1e-5);
    check(std::fabs(slope + virial[k]) < 1e-7 * largest, "virial %d: %.12g, differences give %.12g",
          k, virial[k], -slope);
  }
}

void sums_over_atoms()
{
  const TestPotential potential("case.mtp", {});
  Session session;
  session.run(random_atoms() + style(potential.path) + watch + "run 0");
  const auto virial = global_virial(session);
  const auto site = session.gather("c_site", 1), half = session.gather("c_half", 6),
             centroid = session.gather("c_centroid", 9);
  const double bar = -1.0 / session.global("nktv2p");
  double energy = 0.0;
  for (double e : site) energy += e;
  const double total = lammps_get_thermo(session.handle, "pe");
  check(close_to(energy, total, 1e-12), "energies: %.15g, total %.15g", energy, total);
  for (int k = 0; k < 6; k++) {
    double sum = 0.0, other = 0.0;
    for (size_t i = 0; i < site.size(); i++) {
      sum += bar * half[6 * i + k];
      other += bar * centroid[9 * i + k];
      if (k >= 3) other += bar * centroid[9 * i + k + 3];
    }
    if (k >= 3) other *= 0.5;
    check(close_to(sum, virial[k], 1e-11), "stress/atom %d: %.15g, total %.15g", k, sum, virial[k]);
    check(close_to(other, virial[k], 1e-11), "centroid/stress/atom %d: %.15g, total %.15g", k,
          other, virial[k]);
  }
}

/* The virial tallied by pairs instead of that from forces and positions. */
void virial_without_fdotr()
{
  const TestPotential potential("case.mtp", {});
  Session session;
  session.run(random_atoms() + style(potential.path) + "pair_modify nofdotr\n" + watch + "run 0");
  compare(session, potential.file, all_species);
}

/* In a cluster the current of energy is d/dt of sum_i r_i e_i, whatever the potential, if and only
   if the virial of each atom is the centroid one. */
void heat_current()
{
  const TestPotential potential("case.mtp", {});
  const double dt = 2e-6;
  const std::string setup = random_atoms("f f f", "block 0 9 -3 7 1 11") + style(potential.path) +
      "velocity all create 900 4711\ncompute ke all ke/atom\n"
      "compute pe all pe/atom pair\ncompute c all centroid/stress/atom NULL virial\n"
      "compute s all stress/atom NULL virial\ncompute J all heat/flux ke pe c\n"
      "compute K all heat/flux ke pe s\nvariable x atom x*(c_ke+c_pe)\n"
      "variable y atom y*(c_ke+c_pe)\nvariable z atom z*(c_ke+c_pe)\n"
      "compute R all reduce sum v_x v_y v_z\nfix 1 all nve\nthermo 1\n"
      "thermo_style custom step c_R[*] c_J[*] c_K[*]\n";
  Session session;
  session.run(setup + "timestep " + number(dt) + "\n");
  const auto vector = [&](const char *name) {
    const auto *v = static_cast<double *>(
        lammps_extract_compute(session.handle, name, LMP_STYLE_GLOBAL, LMP_TYPE_VECTOR));
    return std::vector<double>(v, v + 3);
  };
  std::vector<std::vector<double>> moment(5), flux(5), symmetric(5);
  for (int k = 0; k < 5; k++) {
    session.run(k ? "run 1" : "run 0");
    moment[k] = vector("R");
    flux[k] = vector("J");
    symmetric[k] = vector("K");
  }
  double error = 0.0, other_error = 0.0, size = 0.0;
  for (int d = 0; d < 3; d++) {
    const double rate =
        (8.0 * (moment[3][d] - moment[1][d]) - (moment[4][d] - moment[0][d])) / (12.0 * dt);
    error = std::max(error, std::fabs(rate - flux[2][d]));
    other_error = std::max(other_error, std::fabs(rate - symmetric[2][d]));
    size = std::max(size, std::fabs(rate));
  }
  check(error < 2e-7 * size, "centroid heat current off by %g of %g", error, size);
  check(other_error > 1e-2 * size, "the symmetric form can't be right: off by %g of %g",
        other_error, size);
}

/* Largest deviation of the total energy per atom, and what it began with. */
double drift(const std::string &setup)
{
  Session session;
  session.run("units metal\natom_modify map array\n" + setup +
              "velocity all create 600 4711\nfix 1 all nve\ntimestep 0.002\n"
              "neigh_modify delay 0 every 1 check yes\nrun 100");
  const auto total = [&]() { return lammps_get_thermo(session.handle, "etotal"); };
  const double begin = total();
  double sum = 0.0;
  for (int k = 0; k < 20; k++) {
    session.run("run 20 pre no post no");
    sum += std::pow(total() - begin, 2);
  }
  return std::sqrt(sum / 20.0) / (double) session.natoms();
}

void energy_is_conserved()
{
  const std::string reference = environment("MLGRAIN_REFERENCE_DIR") + "/mtp/Fe_16.mtp";
  if (!std::ifstream(reference)) throw Skip{"no " + reference};
  const double mtp = drift("lattice bcc 2.83\nregion box block 0 4 0 4 0 4\ncreate_box 1 box\n"
                           "create_atoms 1 box\nmass 1 55.845\npair_style mtp\npair_coeff * * " +
                           reference + "\n");
  const double eam = drift("lattice fcc 3.615\nregion box block 0 3 0 3 0 3\ncreate_box 1 box\n"
                           "create_atoms 1 box\nmass 1 63.546\npair_style eam/alloy\npair_coeff "
                           "* * " +
                           potentials() + "/Cu_mishin1.eam.alloy Cu\n");
  check(mtp < 3.0 * eam, "energy fluctuates by %g eV/atom, with EAM by %g", mtp, eam);
}

/* ----------------------------------------------------------------------------- mappings */

void species_by_name()
{
  PotentialForm labelled;
  labelled.labels = {13, 28, 29};
  const TestPotential numbers("labels.mtp", labelled), plain("case.mtp", {});
  const std::tuple<const TestPotential *, std::string, std::string, std::vector<int>> cases[] = {
      {&plain, "", "2 0 1", {2, 0, 1}},
      {&plain, "", "0 0 1", {0, 0, 1}},
      {&plain, "", "", {0, 1, 2}},
      {&plain, "species Ni Al Cu", "Cu Ni Al", {2, 0, 1}},
      {&plain, "species Ni Al Cu", "1 Ni 1", {1, 0, 1}},
      {&numbers, "", "Cu Al Ni", {2, 0, 1}},
      {&numbers, "", "0 Cu 1", {0, 2, 1}},
      {&numbers, "species Fe Ni Al", "Al Fe Fe", {2, 0, 0}}};
  for (const auto &one : cases) {
    Session session;
    session.run(random_atoms() + style(std::get<0>(one)->path, std::get<2>(one), std::get<1>(one)) +
                watch + "run 0");
    compare(session, std::get<0>(one)->file, std::get<3>(one));
  }
}

void file_in_pair_style()
{
  const TestPotential potential("case.mtp", {});
  Session session;
  session.run(random_atoms() + "pair_style mtp " + potential.path + "\npair_coeff * *\n" + watch +
              "run 0");
  compare(session, potential.file, all_species);
}

/* An untouched third type: style zero adds nothing. */
void hybrid_with_null()
{
  PotentialForm two;
  two.species = 2;
  const TestPotential potential("two.mtp", two);
  Session session;
  session.run(random_atoms() + "pair_style hybrid mtp zero 4.0\npair_coeff * * mtp " +
              potential.path + " 1 NULL 0\npair_coeff * 2 zero\npair_coeff 2 3 zero\n" + watch +
              "run 0");
  compare(session, potential.file, {1, -1, 0});
}

void add(std::vector<double> &to, const std::vector<double> &from)
{
  for (size_t k = 0; k < to.size(); k++) to[k] += from[k];
}

/* Two potentials of the style at once, and each in its own place. */
void hybrid_of_two()
{
  PotentialForm two;
  two.species = 2;
  two.seed = 7;
  const TestPotential first("three.mtp", {}), second("two.mtp", two);
  {
    Session session;
    session.run(random_atoms() + "pair_style hybrid/overlay mtp mtp\npair_coeff * * mtp 1 " +
                first.path + " 2 1 0\npair_coeff * * mtp 2 " + second.path + " NULL 0 1\n" + watch +
                "run 0");
    const auto one = expected(session, first.file, {2, 1, 0}),
               other = expected(session, second.file, {-1, 0, 1});
    auto force = one.force, site = one.site, centroid = one.centroid;
    add(force, other.force);
    add(site, other.site);
    add(centroid, other.centroid);
    near_all("force", session.gather("f", 3), force, 1.0, 1e-12);
    near_all("energy of an atom", session.gather("c_site", 1), site, 1.0, 1e-12);
    near_all("centroid virial", session.gather("c_centroid", 9), centroid,
             -1.0 / session.global("nktv2p"), 1e-12);
  }
  Session session;
  session.run(random_atoms() + "pair_style hybrid mtp mtp zero 4.0\npair_coeff * * mtp 1 " +
              first.path + " 2 NULL NULL\npair_coeff * * mtp 2 " + second.path +
              " NULL 0 1\npair_coeff 1 2*3 zero\n" + watch + "run 0");
  const auto one = expected(session, first.file, {2, -1, -1}),
             other = expected(session, second.file, {-1, 0, 1});
  auto force = one.force;
  add(force, other.force);
  near_all("force", session.gather("f", 3), force, 1.0, 1e-12);
}

/* Groups whose pairs are left out of the lists don't see each other. */
void excluded_pairs()
{
  const TestPotential potential("case.mtp", {});
  Session session;
  session.run(random_atoms() + style(potential.path) + watch +
              "neigh_modify exclude type 1 1 exclude type 1 2 exclude type 1 3\nrun 0");
  const auto wanted = expected(session, potential.file, {-1, 1, 2});
  near_all("force", session.gather("f", 3), wanted.force, 1.0, 1e-12);
}

/* ------------------------------------------------------------------------ LAMMPS commands */

void rerun()
{
  const TestPotential potential("case.mtp", {});
  const std::string path = scratch("rerun.dump");
  {
    Session session;
    session.run(random_atoms() + style(potential.path) + "fix 1 all nve/limit 0.02\ndump 1 all " +
                "custom 10 " + path + " id type x y z\ndump_modify 1 format float %.17g\nrun 20");
  }
  Session session;
  session.run(random_atoms() + style(potential.path) + watch + "rerun " + path +
              " first 20 dump x y z box yes");
  compare(session, potential.file, all_species);
  remove_file(path);
}

void minimize()
{
  PotentialForm form;
  form.repulsive = true;
  const TestPotential potential("case.mtp", form);
  for (const char *minimizer : {"cg", "fire"}) {
    Session session;
    session.run(random_atoms() + style(potential.path) + watch + "run 0");
    const double before = lammps_get_thermo(session.handle, "pe");
    session.run(std::string("min_style ") + minimizer + "\nminimize 0 1e-3 30 200");
    const double after = lammps_get_thermo(session.handle, "pe");
    check(after < before - 1.0, "minimize went from %g to %g", before, after);
    compare(session, potential.file, all_species, 1e-11);
  }
}

void restart()
{
  const TestPotential potential("case.mtp", {});
  const std::string path = scratch("case.restart");
  {
    Session session;
    session.run(random_atoms() + style(potential.path) +
                "fix 1 all nve/limit 0.02\nrun 10\nwrite_restart " + path);
  }
  {
    Session session;
    session.run("read_restart " + path + "\n" + style(potential.path) + watch + "run 5");
    compare(session, potential.file, all_species);
  }
  {
    Session session;
    session.run("read_restart " + path + "\n");
    session.must_fail("run 0", "air");    // no pair style: the file doesn't hold potentials
  }
  remove_file(path);
}

/* The energy of a run in two halves. */
void several_runs()
{
  const TestPotential potential("case.mtp", {});
  const std::string setup = random_atoms() + style(potential.path) + watch +
      "fix 1 all nve/limit 0.02\nneigh_modify delay 0 every 1 check yes\n";
  Session session;
  session.run(setup + "run 7\nrun 0\nrun 8 pre no\nrun 5");
  compare(session, potential.file, all_species);
  session.run("displace_atoms all random 0.1 0.1 0.1 5\nrun 0");
  compare(session, potential.file, all_species);
  session.run("set atom 1*20 type 3\nrun 0");
  compare(session, potential.file, all_species);
  session.run("delete_atoms group all\nrun 0");
  check(lammps_get_thermo(session.handle, "pe") == 0.0, "energy of nothing");
}

/* As Monte Carlo fixes do it: types change while the neighbor lists stay. */
void types_change_between_steps()
{
  const TestPotential potential("case.mtp", {});
  Session session;
  session.run(random_atoms() + style(potential.path) + watch +
              "fix 1 all nve/limit 0.001\nneigh_modify delay 1000 every 1000 check no\nrun 3");
  if (lammps_extract_setting(session.handle, "kokkos_active")) return;    // has types elsewhere too
  int *type = (int *) lammps_extract_atom(session.handle, "type");
  const int nall = lammps_extract_setting(session.handle, "nall");
  for (int i = 0; i < nall; i++) type[i] = 1 + type[i] % 3;
  session.run("run 1 pre no");
  compare(session, potential.file, all_species);
}

int count_of(const std::string &text, const std::string &words)
{
  int count = 0;
  for (size_t at = text.find(words); at != std::string::npos; at = text.find(words, at + 1))
    count++;
  return count;
}

void short_distances_warn_once()
{
  const std::string path = scratch("log"), words = "closer than min_dist";
  for (bool close : {true, false}) {
    const TestPotential potential("case.mtp", {});
    {
      Session session;
      session.run("log " + path + "\n" + random_atoms("f f f", "block 0 9 -3 7 1 11", 40) +
                  (close ? "create_atoms 1 single 4 4 4 units box\n"
                           "create_atoms 2 single 4.7 4 4 units box\n"
                           "create_atoms 2 single 4.0 4.9 4 units box\n"
                         : "") +
                  style(potential.path) +
                  "run 0\nfix 1 all nve/limit 0.0001\nneigh_modify delay 0 every 1 check no\n"
                  "run 5\nrun 2\nlog none");
    }
    const int count = count_of(read_file(path), words);
    check(count == (close ? 1 : 0), "%d warnings", count);
    remove_file(path);
  }
}

/* ------------------------------------------------------------------------------- errors */

void bad_input()
{
  const TestPotential potential("case.mtp", {});
  const std::string path = potential.path;
  const std::pair<std::string, const char *> cases[] = {
      {"newton off\n" + random_atoms() + style(path) + "run 0", "needs 'newton on'"},
      {random_atoms() + "pair_style mtp\npair_coeff 1 1 " + path + " 0", "* *"},
      {random_atoms() + "pair_style mtp\npair_coeff * *", "no potential file"},
      {random_atoms() + "pair_style mtp\npair_coeff * * missing.mtp", "missing.mtp"},
      {random_atoms() + style(path, "0 1"), "each of the 3 atom types, 2"},
      {random_atoms() + style(path, "0 1 3"), "species 3 is not among 0 to 2"},
      {random_atoms() + style(path, "0 1 -1"), "species -1 is not among 0 to 2"},
      {random_atoms() + style(path, "Ni Al Cu"), "doesn't name its species"},
      {random_atoms() + style(path, "Ni Al Xx", "species Ni Al Cu"),
       "'Xx' is not among the potential's species: Ni Al Cu"},
      {random_atoms() + style(path, "Ni Al Al", "species Ni Al"), "'species' names 2 elements"},
      {random_atoms() + style(path, "NULL NULL NULL"), "every atom type is NULL"},
      {random_atoms() + style(path, "0 1 NULL") + "run 0", "pair coeffs are not set"},
      {random_atoms() + "pair_style mtp a.mtp b.mtp", "unknown keyword 'b.mtp'"},
      {random_atoms() + "pair_style mtp species", "no chemical symbols"},
      {random_atoms() + "pair_style mtp grade", "no value after 'grade'"},
      {random_atoms() + "pair_style mtp grade -1", "'grade' needs a number of steps"},
      {random_atoms() + "pair_style mtp grade one", "one"},
      {random_atoms() + "pair_style mtp save x.cfg", "'save' needs 'grade N'"},
      {random_atoms() + "pair_style mtp grade 1 threshold_save -2", "must be positive"},
      {random_atoms() + "pair_style mtp grade 1 threshold_save 3 threshold_break 2",
       "threshold_break is less"},
      {random_atoms() + style(path, "0 1 2", "grade 1") + "run 0", "active set"},
      {"units real\npair_style mtp", "units real"},
  };
  must_fail_each(cases);
}

void more_types_than_species()
{
  PotentialForm two;
  two.species = 2;
  const TestPotential potential("two.mtp", two);
  Session session;
  session.must_fail(random_atoms() + style(potential.path, ""),
                    "3 atom types, but the potential file has 2 species");
}

std::string replaced(std::string text, const std::string &from, const std::string &to)
{
  return text.replace(text.find(from), from.size(), to);
}

void malformed_files()
{
  const std::string good = potential_text({}), path = scratch("bad.mtp");
  const std::pair<std::string, const char *> cases[] = {
      {"", "bad.mtp"},
      {"MTX\n", "line 1"},
      {good.substr(0, 700), "line "},
      {replaced(good, "species_count = 3", "species_count = 4"), "line "},
      {replaced(good, "species_count = 3", "species_count = 1000000000"),
       "more than the file can hold"},
      {replaced(good, "max_dist = 4.0", "max_dist = nan"), "line 9"},
      {replaced(good, "{0, 11, 1, 18}", "{0, 11, 1, 99}"), "line "},
      {replaced(good, "RBChebyshev", "RBJacobi"), "RBJacobi"},
      {replaced(good, "MTP\n", "MTP\nmagnetic_basis_type = x\n"), "agnetic"},
  };
  for (const auto &bad : cases) {
    write_file(path, bad.first);
    Session session;
    session.must_fail(random_atoms() + style(path), bad.second);
    remove_file(path);
  }
}

/* A file of another program's hand: CRLF, no newline at the end. */
void carriage_returns()
{
  std::string text;
  for (char c : potential_text({}))
    if (c == '\n')
      text += "\r\n";
    else
      text += c;
  const TestPotential plain("case.mtp", {});
  const std::string path = scratch("crlf.mtp");
  write_file(path, text.substr(0, text.size() - 2));
  Session session;
  session.run(random_atoms() + style(path) + watch + "run 0");
  compare(session, plain.file, all_species);
  remove_file(path);
}

}    // namespace

int main(int argc, char **argv)
{
  return run_tests(argc, argv,
                   {{"numbers of MLIP", numbers_of_mlip},
                    {"periodic boxes", periodic_boxes},
                    {"other boundaries", other_boundaries},
                    {"hard wall", hard_wall},
                    {"small cells", small_cells},
                    {"general triclinic", general_triclinic},
                    {"empty ranks and lone atoms", empty_ranks_and_lone_atoms},
                    {"no atoms", no_atoms},
                    {"atom styles", atom_styles},
                    {"bonded atoms", bonded_atoms},
                    {"decompositions", decompositions},
                    {"threads", threads},
                    {"SIMD levels", simd_levels},
                    {"moving atoms", moving_atoms},
                    {"forces are differences", forces_are_differences},
                    {"virial is a difference", virial_is_difference},
                    {"sums over atoms", sums_over_atoms},
                    {"virial without fdotr", virial_without_fdotr},
                    {"heat current", heat_current},
                    {"energy is conserved", energy_is_conserved},
                    {"species by name", species_by_name},
                    {"file in pair_style", file_in_pair_style},
                    {"hybrid with NULL", hybrid_with_null},
                    {"hybrid of two", hybrid_of_two},
                    {"excluded pairs", excluded_pairs},
                    {"rerun", rerun},
                    {"minimize", minimize},
                    {"restart", restart},
                    {"several runs", several_runs},
                    {"types change between steps", types_change_between_steps},
                    {"short distances warn once", short_distances_warn_once},
                    {"bad input", bad_input},
                    {"more types than species", more_types_than_species},
                    {"malformed files", malformed_files},
                    {"carriage returns", carriage_returns}});
}
