/* SPDX-License-Identifier: GPL-2.0-or-later */
/* compute eden/atom against LAMMPS' own compute pe/atom and compute voronoi/atom in the same run,
   for every kind of box, and what those two don't have: surfaces that are flagged, other energies,
   errors. The polyhedra are tested in unittest/core/test_voronoi.c. */
#include "lammps_session.h"

using namespace test;

namespace {

enum { DENSITY, ENERGY, VOLUME, FACES, BOUNDS, COLUMNS };
enum { CLOSED, WALL, OPEN };

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

/* Copper with atoms off their sites by as much as at room temperature, in every dimension. */
std::string copper(const std::string &region, const char *boundary = "p p p")
{
  return std::string("units metal\nboundary ") + boundary + "\nlattice fcc 3.615\n" +
      "region box " + region + "\ncreate_box 1 box\ncreate_atoms 1 box\n" + eam() +
      "displace_atoms all random 0.2 0.2 0.2 8123\n";
}

struct Result {
  std::vector<double> eden, pe, voronoi;
  size_t count[3];
};

/* Compares all atoms whose cells are not open; those have a flag, and a volume within bounds. */
Result compare(const Session &session)
{
  Result result = {session.gather("c_e", COLUMNS),
                   session.gather("c_pe", 1),
                   session.gather("c_v", 2),
                   {0, 0, 0}};
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
  for (const auto &bad : cases) {
    Session session;
    session.run(atoms);
    session.must_fail(bad.first, bad.second);
  }
}

void two_dimensions_are_refused()
{
  Session session;
  session.must_fail("dimension 2\nregion box block 0 9 0 9 -0.5 0.5\ncreate_box 1 box\n"
                    "compute e all eden/atom",
                    "three-dimensional");
}

void short_ghost_cutoff()
{
  Session session;
  session.run(copper("block 0 5 0 5 0 5"));
  session.must_fail("compute e all eden/atom cutoff 6.5\nrun 0", "use 'comm_modify cutoff 8.5'");
}

/* Without a pair style that reaches far enough, no neighbors are known but those in the skin. */
void no_ghosts()
{
  Session session;
  session.run("units metal\nlattice fcc 3.615\nregion box block 0 5 0 5 0 5\ncreate_box 1 box\n"
              "create_atoms 1 box\nmass 1 1\ncomm_modify cutoff 1.5\n"
              "variable one atom 1\ncompute e all eden/atom energy v_one\n");
  session.must_fail("run 0", "needs ghost atoms beyond the skin of 2");
}

/* A bulk crystal whose cells the ghost atoms don't close: an error and no flags. */
void open_for_want_of_ghosts()
{
  Session session;
  session.run("units metal\nlattice fcc 3.615\nregion box block 0 5 0 5 0 5\ncreate_box 1 box\n"
              "create_atoms 1 box\nmass 1 1\ncomm_modify cutoff 5.5\n"
              "variable one atom 1\ncompute e all eden/atom energy v_one\n"
              "compute r all reduce max c_e[1]\nthermo_style custom step c_r\n");
  session.must_fail("run 0", "use 'comm_modify cutoff 10.4' before the run");
  session.run("comm_modify cutoff 10.4\nrun 0");
  for (const double value : session.gather("c_e", COLUMNS))
    if (!check(value != OPEN, "open")) break;
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

/* Errors of a single rank: with several, LAMMPS aborts them all. */
void atoms_at_one_place()
{
  if (ranks() > 1) throw Skip{"needs one rank"};
  Session session;
  session.run("units metal\nregion box block 0 9 0 9 0 9 units box\ncreate_box 1 box\nmass 1 1\n"
              "create_atoms 1 random 10 5 NULL\ncreate_atoms 1 single 1 2 3 units box\n"
              "create_atoms 1 single 1 2 3 units box\ncomm_modify cutoff 8.0\n"
              "variable one atom 1\ncompute e all eden/atom energy v_one\n"
              "compute r all reduce max c_e[1]\nthermo_style custom step c_r\n");
  session.must_fail("run 0", "atoms 11 and 12 are at one place");
}

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
                    {"no ghosts", no_ghosts},
                    {"open for want of ghosts", open_for_want_of_ghosts},
                    {"energies not tallied", energies_not_tallied},
                    {"fix not current", fix_not_current},
                    {"atoms at one place", atoms_at_one_place},
                    {"position not finite", position_not_finite}});
}
