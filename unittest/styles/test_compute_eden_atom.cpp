/* SPDX-License-Identifier: GPL-2.0-or-later */
/* compute eden/atom against LAMMPS' own compute pe/atom and compute voronoi/atom in the same run,
   for every kind of box, and what those two don't have: surfaces that are flagged, other energies,
   errors. The polyhedra are tested in unittest/core/test_voronoi.c. */
#include "lammps_session.h"

using namespace test;

namespace {

enum { DENSITY, ENERGY, VOLUME, FACES, BOUNDS, COLUMNS };
enum { CLOSED, WALL, OPEN, COINCIDENT, DOUBTFUL, FLAGS };

/* What is evaluated in the runs: everything at once, so that all computes are current. */
const char *const peers = "compute pe all pe/atom\n"
                          "compute v all voronoi/atom\n"
                          "compute r all reduce max c_e[1] c_v[1] c_pe\n"
                          "thermo_style custom step c_r[*]\n";

std::string eam()
{
  return "mass 1 63.5\npair_style eam/alloy\npair_coeff * * " + potentials() +
      "/Cu_mishin1.eam.alloy Cu\n";
}

/* Copper with atoms off their sites, by a fifth of the lattice constant in every dimension if not
   told otherwise. */
std::string copper(const std::string &region, const char *boundary = "p p p",
                   const std::string &most = "0.2")
{
  return std::string("units metal\nboundary ") + boundary + "\nlattice fcc 3.615\n" +
      "region box " + region + "\ncreate_box 1 box\ncreate_atoms 1 box\n" + eam() +
      "displace_atoms all random " + most + " " + most + " " + most + " 8123\n";
}

/* As at room temperature: what the EAM's ghosts show of it, 5.5, is too short to tell vacuum. */
std::string solid_copper(const std::string &region, const char *boundary = "p p p")
{
  return copper(region, boundary, "0.04");
}

struct Result {
  std::vector<double> eden, pe, voronoi;
  size_t count[FLAGS];
};

/* Compares all atoms whose cells are not open; those have a flag, and a volume within bounds. */
Result compare(const Session &session)
{
  Result result = {
      session.gather("c_e", COLUMNS), session.gather("c_pe", 1), session.gather("c_v", 2), {}};
  for (size_t i = 0; i < result.pe.size(); i++) {
    const double *e = &result.eden[COLUMNS * i], *v = &result.voronoi[2 * i];
    const double pe = result.pe[i];
    result.count[(int) e[BOUNDS]]++;
    bool good = check(close_to(e[ENERGY], pe, 1e-12), "energy of atom %zu", i + 1) &&
        check(close_to(e[DENSITY], e[ENERGY] / e[VOLUME], 1e-14), "density of atom %zu", i + 1);
    if (good && e[BOUNDS] != OPEN)
      good = check(close_to(e[VOLUME] / v[0], 1.0, 1e-10), "volume of atom %zu: %.15g, not %.15g",
                   i + 1, e[VOLUME], v[0]) &&
          check(e[FACES] == v[1], "faces of atom %zu: %g, not %g", i + 1, e[FACES], v[1]) &&
          check(close_to(e[DENSITY] / (pe / v[0]), 1.0, 1e-10), "density of atom %zu", i + 1);
    if (!good) break;
  }
  return result;
}

Result run_and_compare(const std::string &setup, const std::string &run = "run 0",
                       const std::string &options = "")
{
  Session session;
  session.run(setup + "compute e all eden/atom " + options + "\n" + peers + run);
  return compare(session);
}

void check_counts(const Result &result, size_t closed, size_t wall, size_t open)
{
  check(result.count[COINCIDENT] == 0 && result.count[DOUBTFUL] == 0, "other flags");
  check(result.count[CLOSED] == closed && result.count[WALL] == wall && result.count[OPEN] == open,
        "%zu closed cells, %zu at walls, %zu open; not %zu, %zu, %zu", result.count[CLOSED],
        result.count[WALL], result.count[OPEN], closed, wall, open);
}

double total_volume(const Result &result)
{
  double sum = 0.0;
  for (size_t i = VOLUME; i < result.eden.size(); i += COLUMNS) sum += result.eden[i];
  return sum;
}

void periodic_crystal()
{
  const auto result = run_and_compare(copper("block 0 5 0 6 0 5"));
  check_counts(result, 600, 0, 0);
  check(close_to(total_volume(result) / (150 * std::pow(3.615, 3)), 1.0, 1e-12), "total volume");
}

/* Between reneighborings, and after one. */
void dynamics()
{
  const std::string hot = "velocity all create 600 99 loop geom\nfix 1 all nve\n"
                          "neigh_modify delay 0 every 1 check yes\ncomm_modify cutoff 9.0\n";
  for (const char *steps : {"run 37", "run 23\nreset_timestep 0\nrun 50"})
    check_counts(run_and_compare(copper("block 0 5 0 5 0 5") + hot, steps), 500, 0, 0);
}

void perfect_crystal()
{
  Session session;
  session.run("units metal\nlattice fcc 3.615\nregion box block 0 5 0 5 0 5\ncreate_box 1 box\n"
              "create_atoms 1 box\n" +
              eam() + "compute e all eden/atom\n" + peers + "run 0");
  const auto eden = session.gather("c_e", COLUMNS);
  for (size_t i = 0; i < eden.size(); i += COLUMNS)
    if (!(check(close_to(eden[i + VOLUME], std::pow(3.615, 3) / 4, 1e-12), "volume") &&
          check(eden[i + FACES] == 12.0, "%g faces", eden[i + FACES]) &&
          check(close_to(eden[i + DENSITY], -3.54 * 4 / std::pow(3.615, 3), 1e-4), "density %g",
                eden[i + DENSITY])))
      break;
}

void triclinic_box()
{
  const auto result = run_and_compare(copper("prism 0 6 0 6 0 6 2 -1 3"));
  check_counts(result, 864, 0, 0);
  check(close_to(total_volume(result) / (216 * std::pow(3.615, 3)), 1.0, 1e-12), "total volume");
}

/* Inclined walls, unlike those of compute voronoi/atom. */
void triclinic_box_with_walls()
{
  Session session;
  session.run("units metal\nboundary f p p\nlattice fcc 3.615 origin 0.25 0.25 0.25\n"
              "region box prism 0 5 0 5 0 5 1 0 0\ncreate_box 1 box\ncreate_atoms 1 box\n" +
              eam() +
              "comm_modify cutoff 12.0\ncompute e all eden/atom\ncompute r all reduce max c_e[1]\n"
              "thermo_style custom step c_r\nrun 0");
  const auto eden = session.gather("c_e", COLUMNS);
  double sum = 0.0;
  size_t at_walls = 0;
  for (size_t i = 0; i < eden.size(); i += COLUMNS) {
    check(eden[i + BOUNDS] != OPEN, "open");
    sum += eden[i + VOLUME];
    at_walls += eden[i + BOUNDS] == WALL;
  }
  check(close_to(sum / (125 * std::pow(3.615, 3)), 1.0, 1e-12), "total volume");
  check(at_walls >= 100 && at_walls < 250, "%zu cells at walls", at_walls);
}

void small_box()
{
  run_and_compare(copper("block 0 2 0 8 0 2"));
}

void tiled_decomposition()
{
  run_and_compare(copper("block 0 5 0 6 0 5") + "comm_style tiled\nbalance 1.0 rcb\n");
}

void newton_off()
{
  run_and_compare("newton off\n" + copper("block 0 5 0 6 0 5"));
}

/* The box ends at the outermost atoms, and their cells with it. */
void shrink_wrapped_slab()
{
  const auto result =
      run_and_compare(copper("block 0 5 0 5 0 4", "p p s") + "comm_modify cutoff 10.0\n");
  check(result.count[OPEN] == 0 && result.count[WALL] >= 90 && result.count[WALL] < 200,
        "%zu cells at walls, %zu open", result.count[WALL], result.count[OPEN]);
}

/* Walls, near enough to bound all cells: 2.5 above the atoms. */
void slab_between_walls()
{
  const std::string slab = "units metal\nboundary p p f\nlattice fcc 3.615\n"
                           "region box block 0 5 0 5 -0.7 5.2\ncreate_box 1 box\n"
                           "region metal block INF INF INF INF -0.1 4.6\n"
                           "create_atoms 1 region metal\n" +
      eam() + "displace_atoms all random 0.2 0.2 0.2 8123\ncomm_modify cutoff 14.0\n";
  const auto result = run_and_compare(slab);
  check(result.count[OPEN] == 0 && result.count[WALL] >= 90 && result.count[WALL] < 200,
        "%zu cells at walls, %zu open", result.count[WALL], result.count[OPEN]);
  check(close_to(total_volume(result) / (5 * 5 * 5.9 * std::pow(3.615, 3)), 1.0, 1e-12), "volume");

  // without them: inside the same, outside open, or closed far out over a low-lying atom
  Session session;
  session.run(slab + "compute e all eden/atom walls no\n" + peers + "run 0");
  const auto eden = session.gather("c_e", COLUMNS);
  size_t open = 0;
  for (size_t i = 0; i < eden.size(); i += COLUMNS) {
    const double with = result.eden[i + VOLUME], bounds = result.eden[i + BOUNDS];
    open += eden[i + BOUNDS] == OPEN;
    check(eden[i + BOUNDS] != WALL, "there are no walls");
    if (!check(bounds == WALL ? eden[i + VOLUME] > with
                              : close_to(eden[i + VOLUME] / with, 1.0, 1e-12),
               "volume %g, with walls %g", eden[i + VOLUME], with))
      break;
  }
  check(open >= 30 && open <= result.count[WALL], "%zu cells open", open);
}

/* Slabs with much vacuum: periodic, or up to a far-off wall. The atoms of the outermost layers, and
   no others, have open cells, which end at half the cutoff. */
void slab_in_vacuum()
{
  for (const char *boundary : {"p p p", "p p f"}) {
    const std::string slab = std::string("units metal\nboundary ") + boundary +
        "\nlattice fcc 3.615\nregion box block 0 5 0 5 -10 15\ncreate_box 1 box\n"
        "region metal block INF INF INF INF -0.1 4.6\ncreate_atoms 1 region metal\n" +
        eam() + "displace_atoms all random 0.1 0.1 0.1 8123\n";
    Session session;
    session.run(slab + "comm_modify cutoff 10.0\ncompute e all eden/atom cutoff 7.5\n" + peers +
                "run 0");
    const auto result = compare(session);
    check_counts(result, 400, 0, 100);
    const auto x = session.gather("x", 3);
    for (size_t i = 0; i < result.pe.size(); i++) {
      const double *e = &result.eden[COLUMNS * i], z = x[3 * i + 2] / 3.615;
      const bool outermost = z < 0.25 || z > 4.25;
      const double plain = 3.615 * 3.615 * 3.615 / 4;
      if (!check((e[BOUNDS] == OPEN) == outermost, "atom at z = %g is flagged %g", z, e[BOUNDS]) ||
          (outermost &&
           !check(e[VOLUME] > plain && e[VOLUME] < 4 * plain, "volume %g at z = %g", e[VOLUME], z)))
        break;
    }
  }
}

/* Rows of coordinates and results in the order of coordinates: atom IDs depend on the grid. */
std::vector<std::vector<double>> sorted_rows(const Session &session)
{
  const auto x = session.gather("x", 3), eden = session.gather("c_e", COLUMNS);
  std::vector<std::vector<double>> rows;
  for (size_t i = 0; i < x.size() / 3; i++) {
    rows.emplace_back(x.begin() + (long) (3 * i), x.begin() + (long) (3 * i + 3));
    rows.back().insert(rows.back().end(), eden.begin() + (long) (COLUMNS * i),
                       eden.begin() + (long) (COLUMNS * (i + 1)));
  }
  std::sort(rows.begin(), rows.end());
  return rows;
}

void results_do_not_depend_on_ranks()
{
  std::vector<std::vector<double>> first;
  for (const char *grid : {"* 1 1", "1 * 1", "1 1 *"}) {
    Session session;
    session.run(std::string("processors ") + grid + "\n" + copper("block 0 5 0 5 0 6", "p p f") +
                "change_box all z final -20 50 boundary p p f units box\n"
                "comm_modify cutoff 10.0\ncompute e all eden/atom\n" +
                peers + "run 0");
    const auto rows = sorted_rows(session);
    if (first.empty()) first = rows;
    size_t open = 0;
    for (size_t i = 0; i < rows.size(); i++) {
      open += rows[i][3 + BOUNDS] == OPEN;
      for (size_t k = 0; k < rows[i].size(); k++)
        if (!check(close_to(rows[i][k], first[i][k], 1e-11),
                   "row %zu, number %zu: %.15g, not %.15g", i, k, rows[i][k], first[i][k]))
          return;
    }
    check(open > 50, "%zu cells open", open);
  }
}

void threads()
{
  setenv("OMP_NUM_THREADS", "3", 1);
  periodic_crystal();
  setenv("OMP_NUM_THREADS", "1", 1);
}

/* Bonds and angles have their shares, some of them with ghosts. */
void bonded_energies()
{
  run_and_compare("units metal\natom_style molecular\nnewton on on\nlattice fcc 3.615\n"
                  "region box block 0 5 0 5 0 5\n"
                  "create_box 1 box bond/types 1 angle/types 1 extra/bond/per/atom 12 "
                  "extra/angle/per/atom 4 extra/special/per/atom 300\n"
                  "create_atoms 1 box\n" +
                  eam() +
                  "special_bonds lj 0 1 1\nbond_style harmonic\nbond_coeff 1 0.3 2.5\n"
                  "angle_style harmonic\nangle_coeff 1 0.2 100.0\n"
                  "create_bonds many all all 1 2.4 2.7\n"
                  "create_bonds single/angle 1 1 2 3\ncreate_bonds single/angle 1 7 8 9\n"
                  "displace_atoms all random 0.2 0.2 0.2 8123\n");
}

/* Fixes may add to the energies of atoms. */
void energies_of_fixes()
{
  Session session;
  session.run(copper("block 0 4 0 4 0 4") + "compute e all eden/atom\n" + peers + "run 0");
  const auto before = compare(session);
  session.run("fix 1 all external pf/callback 1 1\nfix_modify 1 energy yes");
  const auto give = [](auto *handle, auto, auto nlocal, auto, auto, auto force) {
    std::vector<double> share((size_t) nlocal, 0.25);
    lammps_fix_external_set_energy_peratom(handle, "1", share.data());
    for (int i = 0; i < nlocal; i++) std::fill(force[i], force[i] + 3, 0.0);
  };
  lammps_set_fix_external_callback(session.handle, "1", give, session.handle);
  session.run("run 0");
  const auto after = compare(session);
  for (size_t i = ENERGY; i < after.eden.size(); i += COLUMNS)
    if (!check(close_to(after.eden[i], before.eden[i] + 0.25, 1e-12), "energy %.15g, was %.15g",
               after.eden[i], before.eden[i]))
      break;
}

void other_atoms_get_zero()
{
  Session session;
  session.run(copper("block 0 5 0 6 0 5") + "group odd id 1:599:2\ncompute e odd eden/atom\n" +
              peers + "run 0");
  const auto eden = session.gather("c_e", COLUMNS), voronoi = session.gather("c_v", 2);
  for (size_t i = 0; i < eden.size() / COLUMNS; i++)
    for (int column = 0; column < COLUMNS; column++)
      if (i % 2 == 1)
        check(eden[COLUMNS * i + column] == 0.0, "atom %zu is not 0", i + 1);
      else if (column == VOLUME)
        check(close_to(eden[COLUMNS * i + column], voronoi[2 * i], 1e-10), "atom %zu", i + 1);
}

/* As if other atoms weren't there: compute voronoi/atom has the same keyword. */
void only_group()
{
  Session session;
  session.run(
      copper("block 0 5 0 6 0 5") +
      "comm_modify cutoff 16.0\ngroup some id 1:599:2\n"
      "compute e some eden/atom only_group yes\ncompute pe some pe/atom\n"
      "compute v some voronoi/atom only_group\ncompute r all reduce max c_e[1] c_v[1] c_pe\n"
      "thermo_style custom step c_r[*]\nrun 0");
  const auto eden = session.gather("c_e", COLUMNS), voronoi = session.gather("c_v", 2);
  double sum = 0.0;
  for (size_t i = 0; i < eden.size() / COLUMNS; i++) {
    check(close_to(eden[COLUMNS * i + VOLUME], voronoi[2 * i], 1e-10), "volume of atom %zu", i + 1);
    check(eden[COLUMNS * i + FACES] == voronoi[2 * i + 1], "faces of atom %zu", i + 1);
    sum += eden[COLUMNS * i + VOLUME];
  }
  check(close_to(sum / (150 * std::pow(3.615, 3)), 1.0, 1e-12), "total volume");
}

/* Energies are tallied when nothing but this compute asks for them, at the steps it is used. */
void energies_are_asked_for()
{
  Session session;
  session.run(copper("block 0 4 0 4 0 4") +
              "fix 1 all nve\ncompute e all eden/atom\ncompute s all reduce sum c_e[2]\n"
              "thermo_style custom step pe c_s\nthermo_modify norm no\nthermo 3\nrun 6");
  const auto eden = session.gather("c_e", COLUMNS);
  double sum = 0.0;
  for (size_t i = ENERGY; i < eden.size(); i += COLUMNS) sum += eden[i];
  const double pe = lammps_get_thermo(session.handle, "pe");
  check(close_to(sum, pe, 1e-12), "sum of energies %.15g, not %.15g", sum, pe);
}

/* The same energies by other ways, and others. */
void named_energies()
{
  Session session;
  session.run(
      copper("block 0 4 0 4 0 4") +
      "velocity all create 300 7\n"
      "compute pe all pe/atom\ncompute ke all ke/atom\ncompute x all property/atom x y z\n"
      "variable sum atom c_pe+c_ke\nfix a all ave/atom 1 1 1 c_pe\n"
      "fix b all ave/atom 1 1 1 c_pe c_ke\n"
      "compute e all eden/atom\ncompute e1 all eden/atom energy c_pe\n"
      "compute e2 all eden/atom energy c_x[2]\ncompute e3 all eden/atom energy v_sum\n"
      "compute e4 all eden/atom energy f_a\ncompute e5 all eden/atom energy f_b[2]\n"
      "compute e6 all eden/atom energy v_sum energy pe\n"
      "compute r all reduce sum c_e[1] c_e1[1] c_e2[1] c_e3[1] c_e4[1] c_e5[1] c_e6[1] c_ke\n"
      "thermo_style custom step c_r[*]\nrun 0");
  const auto e = session.gather("c_e", COLUMNS), ke = session.gather("c_ke", 1);
  const auto x = session.gather("x", 3);
  std::vector<double> named[7];
  for (int k = 1; k < 7; k++)
    named[k] = session.gather(("c_e" + std::to_string(k)).c_str(), COLUMNS);
  for (size_t i = 0; i < ke.size(); i++) {
    const double pe = e[COLUMNS * i + ENERGY], volume = e[COLUMNS * i + VOLUME];
    const double wanted[7] = {0, pe, x[3 * i + 1], pe + ke[i], pe, ke[i], pe};
    for (int k = 1; k < 7; k++)
      if (!check(close_to(named[k][COLUMNS * i + ENERGY], wanted[k], 1e-12), "energy %d: %.15g", k,
                 named[k][COLUMNS * i + ENERGY]) ||
          !check(close_to(named[k][COLUMNS * i + DENSITY], wanted[k] / volume, 1e-12), "density %d",
                 k))
        return;
  }
}

/* Alone in a box, and with one neighbor: flagged, as large as the cutoff allows. */
void single_atoms()
{
  Session session;
  session.run("units metal\nboundary f f f\nregion box block 0 60 0 60 0 60 units box\n"
              "create_box 1 box\nmass 1 1\ncreate_atoms 1 single 10 10 10 units box\n"
              "create_atoms 1 single 40 40 40 units box\ncreate_atoms 1 single 42 40 40 units box\n"
              "pair_style zero 4.0\npair_coeff * *\ncomm_modify cutoff 10\n"
              "compute e all eden/atom\n" +
              std::string(peers) + "run 0");
  const auto eden = session.gather("c_e", COLUMNS);
  const double cube = 8.0 * 8.0 * 8.0, most = 8.0 * 8.0 * 5.0;
  const double wanted[3] = {cube, most, most};
  for (int i = 0; i < 3; i++) {
    check(close_to(eden[COLUMNS * i + VOLUME], wanted[i], 1e-12), "volume %g",
          eden[COLUMNS * i + VOLUME]);
    check(eden[COLUMNS * i + BOUNDS] == OPEN && eden[COLUMNS * i + FACES] == 6.0, "flag, faces");
    check(eden[COLUMNS * i + DENSITY] == 0.0, "density");
  }
}

/* Where most ranks own nothing. */
void empty_ranks()
{
  Session session;
  session.run("units metal\nboundary f f f\nregion box block 0 60 0 60 0 60 units box\n"
              "create_box 1 box\nregion corner block 0 9 0 9 0 9 units box\n"
              "create_atoms 1 random 60 77 corner overlap 1.0 maxtry 1000\n" +
              eam() + "comm_modify cutoff 9\ncompute e all eden/atom\n" + peers + "run 0");
  check(compare(session).count[OPEN] > 10, "too few open cells");
}

void bad_input()
{
  const std::string atoms = copper("block 0 4 0 4 0 4") +
      "compute pe all pe/atom\ncompute x all property/atom x y z\ncompute t all temp\n"
      "variable global equal 1.0\nfix n all nve\n";
  const std::pair<const char *, const char *> cases[] = {
      {"compute e all eden/atom volume", "unknown keyword 'volume'"},
      {"compute e all eden/atom cutoff", "no value after 'cutoff'"},
      {"compute e all eden/atom cutoff 0", "cutoff 0 must be positive"},
      {"compute e all eden/atom cutoff -3", "cutoff -3 must be positive"},
      {"compute e all eden/atom cutoff far", "far"},
      {"compute e all eden/atom cutoff inf", "inf"},
      {"compute e all eden/atom walls 7", "7"},
      {"compute e all eden/atom only_group maybe", "maybe"},
      {"compute e all eden/atom energy", "no value after 'energy'"},
      {"compute e all eden/atom energy mine", "'mine' is not c_ID"},
      {"compute e all eden/atom energy c_nothing", "'c_nothing' is not defined"},
      {"compute e all eden/atom energy f_nothing", "'f_nothing' is not defined"},
      {"compute e all eden/atom energy v_nothing", "'v_nothing' is not defined"},
      {"compute e all eden/atom energy c_t", "'c_t' holds no per-atom values"},
      {"compute e all eden/atom energy f_n", "'f_n' holds no per-atom values"},
      {"compute e all eden/atom energy v_global", "'v_global' is not an atom-style variable"},
      {"compute e all eden/atom energy c_pe[1]", "'c_pe[1]' holds a vector: leave out the index"},
      {"compute e all eden/atom energy c_x", "'c_x' needs an index from 1 to 3"},
      {"compute e all eden/atom energy c_x[4]", "'c_x[4]' needs an index from 1 to 3"},
      {"compute e all eden/atom energy c_x[1][2]", "'c_x[1][2]' is not c_ID"},
      {"compute e all eden/atom energy c_pe\nuncompute pe\nrun 0", "'c_pe' is not defined"},
  };
  must_fail_each(cases, atoms);
}

void two_dimensions_are_refused()
{
  Session session;
  session.must_fail("dimension 2\nregion box block 0 9 0 9 -0.5 0.5\ncreate_box 1 box\n"
                    "compute e all eden/atom",
                    "three-dimensional");
}

/* The reach of ghost atoms is raised for a cutoff, and where without one there would be none. */
void short_ghost_cutoff()
{
  check_counts(run_and_compare(copper("block 0 5 0 5 0 5"), "run 0", "cutoff 9.0"), 500, 0, 0);
  Session session;
  session.run("units metal\nlattice fcc 3.615\nregion box block 0 5 0 5 0 5\ncreate_box 1 box\n"
              "create_atoms 1 box\nmass 1 1\ncomm_modify cutoff 1.5\n"
              "variable one atom 1\ncompute e all eden/atom energy v_one\n"
              "compute r all reduce max c_e[1]\nthermo_style custom step c_r\nrun 0");
  const auto eden = session.gather("c_e", COLUMNS);
  for (size_t i = 0; i < eden.size(); i += COLUMNS)
    if (!(check(close_to(eden[i + VOLUME], std::pow(3.615, 3) / 4, 1e-12), "volume") &&
          check(eden[i + BOUNDS] == CLOSED, "flag %g", eden[i + BOUNDS])))
      break;
}

/* Mean distance of nearest neighbors, plainly. */
double mean_distance(const Session &session)
{
  const auto all = with_images(session, 5.0);
  const size_t n = (size_t) session.natoms();
  double low[3], high[3];
  for (int d = 0; d < 3; d++) low[d] = high[d] = all[d];
  for (size_t i = 0; i < 3 * n; i++) {
    low[i % 3] = std::min(low[i % 3], all[i]);
    high[i % 3] = std::max(high[i % 3], all[i]);
  }
  std::vector<double> points;    // those that can be near
  for (size_t j = 0; j < all.size() / 3; j++) {
    bool near = true;
    for (int d = 0; d < 3; d++)
      near = near && all[3 * j + d] > low[d] - 5.0 && all[3 * j + d] < high[d] + 5.0;
    if (near) points.insert(points.end(), &all[3 * j], &all[3 * j] + 3);
  }
  double sum = 0.0;
  for (long i = 0; i < session.natoms(); i++) {
    double nearest2 = HUGE_VAL;
    for (size_t j = 0; j < points.size() / 3; j++) {
      double r2 = 0.0;
      for (int d = 0; d < 3; d++) r2 += std::pow(points[3 * j + d] - points[3 * i + d], 2);
      if ((long) j != i) nearest2 = std::min(nearest2, r2);
    }
    sum += std::sqrt(nearest2);
  }
  return sum / (double) session.natoms();
}

/* The distance to which neighbors of open cells are fetched when ghosts reach less far. */
double fetched(const Session &session)
{
  return 3.3 * mean_distance(session);
}

/* Cells as they are against those with ghost atoms that reach as far as neighbors are fetched.
   Returns how many are open. */
size_t compare_with_longer_reach(Session &session, const std::string &options = "")
{
  const auto got = session.gather("c_e", COLUMNS);
  session.run("compute far all eden/atom " + options + " cutoff " +
              std::to_string(fetched(session)) +
              "\ncompute rf all reduce max c_far[1]\nthermo_style custom step c_rf\nrun 0");
  const auto wanted = session.gather("c_far", COLUMNS);
  size_t open = 0;
  for (size_t i = 0; i < got.size(); i++) {
    if (i % COLUMNS == BOUNDS) open += got[i] == OPEN;
    if (!check(close_to(got[i], wanted[i], 1e-6), "atom %zu, column %zu: %.15g, not %.15g",
               i / COLUMNS + 1, i % COLUMNS + 1, got[i], wanted[i]))
      break;
  }
  return open;
}

/* Surfaces where the ghosts of the pair style don't reach far enough to tell them. */
void fetched_neighbors()
{
  struct Case {
    std::string setup, options;
    size_t least;
  };
  const std::string surface = "change_box all z final -15 30 boundary p p p units box\n";
  const std::vector<Case> cases = {
      {solid_copper("block 0 5 0 5 0 4", "p p f") + surface, "", 80},
      {solid_copper("block 0 2 0 6 0 4", "p p f") + surface, "", 30},
      {solid_copper("prism 0 5 0 5 0 4 2 0 0", "p p f") + surface, "", 80},
      {solid_copper("block 0 5 0 5 0 4", "p p f") + surface + "comm_style tiled\nbalance 1.0 rcb\n",
       "", 80},
      {solid_copper("block 0 5 0 5 0 4", "p p f") + "change_box all z final -9 30 units box\n",
       "walls no", 80},
      {solid_copper("block 0 5 0 5 0 4", "p p f") + "change_box all z final -9 30 units box\n",
       "walls yes", 80},
      {solid_copper("block 0 4 0 4 0 4") +
           "comm_modify cutoff 4.5\npair_style zero 2.0\n"
           "pair_coeff * *\n",
       "", 0},
      {solid_copper("block 0 5 0 5 0 5") + "region r block 1 4 1 4 1 4\ndelete_atoms region r\n",
       "", 1}};
  for (const auto &one : cases) {
    Session session;
    session.run(one.setup + "compute e all eden/atom " + one.options +
                "\ncompute r all reduce max c_e[1]\nthermo_style custom step c_r\nrun 0");
    const size_t open = compare_with_longer_reach(session, one.options);
    check(open >= one.least, "%zu cells open", open);
  }
}

/* Of a group alone, whose atoms are far apart. */
void fetched_neighbors_of_a_group()
{
  Session session;
  session.run(solid_copper("block 0 5 0 6 0 5") +
              "group some id 1:599:2\ncompute e some eden/atom only_group yes\n"
              "compute pe some pe/atom\ncompute v some voronoi/atom only_group\n"
              "compute r all reduce max c_e[1] c_v[1]\nthermo_style custom step c_r[*]\nrun 0\n");
  const auto eden = session.gather("c_e", COLUMNS);
  session.run("comm_modify cutoff 30\nrun 0");
  const auto wanted = session.gather("c_e", COLUMNS), voronoi = session.gather("c_v", 2);
  double sum = 0.0;
  for (size_t i = 0; i < eden.size() / COLUMNS; i++) {
    const double *e = &eden[COLUMNS * i];
    sum += e[VOLUME];
    check(close_to(e[VOLUME], voronoi[2 * i], 1e-10), "volume of atom %zu", i + 1);
    for (int k = 0; k < COLUMNS; k++)
      check(close_to(e[k], wanted[COLUMNS * i + k], 1e-10), "atom %zu, column %d: %g, not %g",
            i + 1, k, e[k], wanted[COLUMNS * i + k]);
  }
  check(close_to(sum / (150 * std::pow(3.615, 3)), 1.0, 1e-12), "total volume %g", sum);
}

/* A crystal is pulled apart within a run; returns open cells and their volume at each output. The
   gap is between the upper face of the box and the lower: atoms stay while the box grows. */
const char *const tension =
    "displace_atoms all move 0 0 0.9 units box\n"
    "neigh_modify delay 0 every 5 check no\nfix h all nve\n"
    "fix d all deform 1 z delta -0.01 12.0 units box remap none\n"
    "variable open atom c_e[5]==2\nvariable v atom v_open*c_e[3]\n"
    "compute o all reduce sum v_open v_v\nfix o all vector 4 c_o[1] c_o[2]\n";

std::vector<double> history(const Session &session)
{
  std::vector<double> values;
  for (int row = 0; row < 11; row++)
    for (int column = 0; column < 2; column++) {
      auto *value = static_cast<double *>(
          lammps_extract_fix(session.handle, "o", LMP_STYLE_GLOBAL, LMP_TYPE_ARRAY, row, column));
      values.push_back(value ? *value : -1.0);
      lammps_free(value);
    }
  return values;
}

void void_that_opens()
{
  const std::string setup =
      solid_copper("block 0 4 0 5 0 4") + "timestep 0.0001\ncompute e all eden/atom\n" + tension;
  Session session, alone({}, MPI_COMM_SELF), farther;
  session.run(setup + "run 40");
  alone.run(setup + "run 40");
  const auto all = history(session), one = history(alone);
  check(all[0] == 0.0 && all[20] >= 75, "%g cells open at first, %g at last", all[0], all[20]);
  for (size_t i = 0; i < all.size(); i++)
    check(close_to(all[i], one[i], 1e-9), "output %zu: %.15g, on one rank %.15g", i / 2, all[i],
          one[i]);
  const auto e = sorted_rows(session), same = sorted_rows(alone);
  for (size_t i = 0; i < e.size(); i++)
    for (size_t k = 3; k < e[i].size(); k++)
      if (!check(close_to(e[i][k], same[i][k], 1e-9), "row %zu, number %zu: %.15g, not %.15g", i, k,
                 e[i][k], same[i][k]))
        return;
  // and as if neighbors as far away were known all the time
  farther.run(solid_copper("block 0 4 0 5 0 4") +
              "timestep 0.0001\ncompute e all eden/atom cutoff " +
              std::to_string(fetched(session)) + "\n" + tension + "run 40");
  const auto counts = history(farther);
  for (size_t i = 0; i < all.size(); i += 2)
    check(std::fabs(all[i] - counts[i]) <= 2, "output %zu: %g cells are open, not %g", i / 2,
          all[i], counts[i]);
  session.run("unfix o\nunfix h\nunfix d\nthermo_style one");
  check(compare_with_longer_reach(session) >= 75, "closed again");
}

/* A cutoff that the input sets is kept: what can't be told with it is flagged, and the run goes on.
   The remedy is said once. */
void short_cutoff_of_the_input()
{
  const std::string setup = solid_copper("block 0 4 0 5 0 4") +
      "timestep 0.0001\ncompute e all eden/atom cutoff 5.5\n" + tension;
  const std::string path = scratch_file(".log");
  Session session;
  session.run("log " + path + "\n" + setup + "run 40\nrun 4\nlog none");
  size_t doubtful = 0;
  const auto eden = session.gather("c_e", COLUMNS);
  for (size_t i = BOUNDS; i < eden.size(); i += COLUMNS) {
    check(eden[i] == CLOSED || eden[i] == DOUBTFUL, "flag %g", eden[i]);
    doubtful += eden[i] == DOUBTFUL;
  }
  check(doubtful >= 75, "%zu cells are flagged", doubtful);
  check(lines_with(path, "WARNING: Compute e eden/atom: the cells of ").size() == 1 &&
            lines_with(path, "Use 'cutoff 7.").size() == 1,
        "the warning");
  remove_scratch_file(path);
}

/* A bulk crystal whose cells the ghost atoms don't close. */
void open_for_want_of_ghosts()
{
  Session session;
  session.run("units metal\nlattice fcc 3.615\nregion box block 0 5 0 5 0 5\ncreate_box 1 box\n"
              "create_atoms 1 box\nmass 1 1\nvariable one atom 1\n"
              "compute e all eden/atom energy v_one\n"
              "compute r all reduce max c_e[1]\nthermo_style custom step c_r\n");
  for (const char *reach : {"2.1", "4.0", "4.7", "5.5"}) {
    session.run("comm_modify cutoff " + std::string(reach) + "\nrun 0");
    const auto eden = session.gather("c_e", COLUMNS);
    for (size_t i = 0; i < eden.size(); i += COLUMNS)
      if (!(check(close_to(eden[i + VOLUME], std::pow(3.615, 3) / 4, 1e-12), "volume %g",
                  eden[i + VOLUME]) &&
            check(eden[i + BOUNDS] == CLOSED, "reach %s, flag %g", reach, eden[i + BOUNDS])))
        break;
  }
}

void energies_not_tallied()
{
  Session session;
  session.run(copper("block 0 4 0 4 0 4") + "compute e all eden/atom\nrun 3\nreset_timestep 7");
  session.must_fail("write_dump all custom /dev/null id c_e[1]", "not tallied at step 7");
}

void fix_not_current()
{
  Session session;
  session.run(copper("block 0 4 0 4 0 4") +
              "compute pe all pe/atom\nfix a all ave/atom 1 5 5 c_pe\n"
              "compute e all eden/atom energy f_a\ncompute r all reduce max c_e[1]\n"
              "thermo_style custom step c_r\n");
  session.must_fail("thermo 3\nrun 3", "'f_a' is not computed at step 3, only every 5");
}

/* They have a flag and no volume, their neighbors have cells; said once. */
void atoms_at_one_place()
{
  const std::string atoms = copper("block 0 4 0 4 0 4") + "pair_style zero 5.5\npair_coeff * *\n",
                    path = scratch_file(".log");
  Session without, with;
  const std::string e = "variable one atom 1\ncompute e all eden/atom energy v_one\n"
                        "compute r all reduce max c_e[1]\nthermo_style custom step c_r\n"
                        "thermo 1\nfix 1 all nve\nrun 2\n";
  without.run(atoms + e);
  const auto x = without.gather("x", 3);
  char twin[128];
  snprintf(twin, sizeof twin, "create_atoms 1 single %.17g %.17g %.17g units box\n", x[30], x[31],
           x[32]);
  with.run("log " + path + "\n" + atoms + twin + e + "log none");
  const auto wanted = without.gather("c_e", COLUMNS), got = with.gather("c_e", COLUMNS);
  check(got.size() == wanted.size() + COLUMNS, "one atom more");
  for (size_t i = 0; i < got.size() / COLUMNS; i++)
    for (int k = 0; k < COLUMNS; k++) {
      const bool twins = i == 10 || i == got.size() / COLUMNS - 1;
      const double of_twins[COLUMNS] = {0.0, 1.0, 0.0, 0.0, COINCIDENT};
      const double expected = twins ? of_twins[k] : wanted[COLUMNS * i + k];
      if (!check(close_to(got[COLUMNS * i + k], expected, 1e-10),
                 "atom %zu, column %d: %.15g, not %.15g", i + 1, k + 1, got[COLUMNS * i + k],
                 expected))
        return;
    }
  check(lines_with(path, "WARNING: Compute e eden/atom: 2 atoms are at the place of another")
                .size() == 1,
        "the warning");
  remove_scratch_file(path);
}

/* An error of a single rank: with several, LAMMPS aborts them all. */
void position_not_finite()
{
  if (ranks() > 1) throw Skip{"needs one rank"};
  Session session;
  session.run("units metal\nregion box block 0 9 0 9 0 9 units box\ncreate_box 1 box\nmass 1 1\n"
              "create_atoms 1 random 10 5 NULL\ncomm_modify cutoff 9.0\n"
              "variable one atom 1\ncompute e all eden/atom energy v_one\n"
              "compute r all reduce max c_e[1]\nthermo_style custom step c_r\nrun 0");
  auto *x = static_cast<double **>(lammps_extract_atom(session.handle, "x"));
  auto *id = static_cast<int *>(lammps_extract_atom(session.handle, "id"));
  x[4][1] = INFINITY;
  session.must_fail("run 0 pre no", "position of atom " + std::to_string(id[4]) + " is not finite");
}

}    // namespace

int main(int argc, char **argv)
{
  return run_tests(argc, argv,
                   {{"periodic crystal", periodic_crystal},
                    {"dynamics", dynamics},
                    {"perfect crystal", perfect_crystal},
                    {"triclinic box", triclinic_box},
                    {"triclinic box with walls", triclinic_box_with_walls},
                    {"small box", small_box},
                    {"tiled decomposition", tiled_decomposition},
                    {"newton off", newton_off},
                    {"shrink-wrapped slab", shrink_wrapped_slab},
                    {"slab between walls", slab_between_walls},
                    {"slab in vacuum", slab_in_vacuum},
                    {"results do not depend on ranks", results_do_not_depend_on_ranks},
                    {"threads", threads},
                    {"bonded energies", bonded_energies},
                    {"energies of fixes", energies_of_fixes},
                    {"other atoms get zero", other_atoms_get_zero},
                    {"only_group", only_group},
                    {"energies are asked for", energies_are_asked_for},
                    {"named energies", named_energies},
                    {"single atoms", single_atoms},
                    {"empty ranks", empty_ranks},
                    {"bad input", bad_input},
                    {"two dimensions are refused", two_dimensions_are_refused},
                    {"short ghost cutoff", short_ghost_cutoff},
                    {"fetched neighbors", fetched_neighbors},
                    {"fetched neighbors of a group", fetched_neighbors_of_a_group},
                    {"void that opens", void_that_opens},
                    {"short cutoff of the input", short_cutoff_of_the_input},
                    {"open for want of ghosts", open_for_want_of_ghosts},
                    {"energies not tallied", energies_not_tallied},
                    {"fix not current", fix_not_current},
                    {"atoms at one place", atoms_at_one_place},
                    {"position not finite", position_not_finite}});
}
