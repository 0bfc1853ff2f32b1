/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "create_polycrystal.h"

#include "file_bytes.h"
#include "grain_atoms.h"
#include "new_atoms.h"
#include "polycrystal_report.h"
#include "table_file.h"

#include "atom.h"
#include "atom_vec.h"
#include "comm.h"
#include "domain.h"
#include "error.h"
#include "lattice.h"
#include "modify.h"
#include "update.h"
#include "utils.h"

#include "mlgrain/grains.h"
#include "mlgrain/polycrystal.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <mpi.h>
#include <vector>

using namespace LAMMPS_NS;
using namespace MLGRAIN_NS;

namespace {

/* Begins every message. */
std::string name()
{
  return "Create_polycrystal";
}

/* Cutoff of overlaps over the distance of nearest neighbors, if none is given: of 0.60, 0.65 ...
   0.90 those above 0.75 give copper and iron their lowest energies after minimization (copper
   0.85). */
constexpr double DEFAULT_CUTOFF = 0.85;

/* Lists of more grains than this are not printed unless asked for. */
constexpr size_t FEW_GRAINS = 20;

}    // namespace

struct CreatePolycrystal::Settings {
  int type = 1;
  std::vector<int> basis_type;    // by site of the basis
  std::string file;               // of grains; empty: random ones
  size_t count = 0;               // of random grains
  mlgrain_grain_settings random = {};
  bool shaped = false;      // keywords that only random grains know are given
  bool textured = false;    // the texture is given
  double cutoff = -1.0;
  mlgrain_symmetry symmetry = MLGRAIN_NO_SYMMETRY;
  std::string property = "i_grain";
  TableFile grains, boundaries;
  std::string metal;
  int print = -1;    // -1: if they are few
};

struct CreatePolycrystal::Core {
  mlgrain_box box = {};
  mlgrain_crystal_cell lattice = {};
  std::vector<double> basis;
  std::vector<mlgrain_grain> grains;
  mlgrain_tessellation *cells = nullptr;
  mlgrain_polycrystal *crystals = nullptr;
  std::vector<bool> faulted;       // the crystal doesn't go on where its column meets its image
  std::vector<long long> atoms;    // of each grain, on all ranks
  bigint removed = 0;
  std::unique_ptr<BoundaryMeter> meter;

  Core() = default;
  Core(const Core &) = delete;
  Core &operator=(const Core &) = delete;
  ~Core()
  {
    mlgrain_polycrystal_free(crystals);
    mlgrain_tessellation_free(cells);
  }
};

CreatePolycrystal::CreatePolycrystal(LAMMPS *lmp) : Command(lmp) {}

CreatePolycrystal::~CreatePolycrystal() = default;

/* LAMMPS deletes a command only when it has succeeded. */
void CreatePolycrystal::command(int narg, char **arg)
{
  settings.reset(new Settings);
  core.reset(new Core);
  try {
    run(narg, arg);
  } catch (...) {
    settings.reset();
    core.reset();
    throw;
  }
}

void CreatePolycrystal::run(int narg, char **arg)
{
  check_system();
  read_lattice();
  parse_options(parse_source(narg, arg), narg, arg);
  check_options();
  settings->grains.open(lmp, name());
  settings->boundaries.open(lmp, name());
  MPI_Barrier(world);
  const double start = MPI_Wtime();
  make_grains();
  make_crystals();
  create_atoms();
  report(MPI_Wtime() - start);
}

void CreatePolycrystal::check_system()
{
  if (!domain->box_exist)
    error->all(FLERR, name() + " command before the simulation box is defined");
  if (domain->dimension != 3) error->all(FLERR, name() + " is for three-dimensional systems");
  if (modify->nfix_restart_peratom)
    error->all(FLERR,
               name() + " cannot be used while per-atom data of a restart file wait for fixes");
  for (int k = 0; k < 3; k++) {
    core->box.low[k] = domain->boxlo[k];
    core->box.bounded[k] = !domain->periodicity[k];
  }
  const double edge[3][3] = {{domain->xprd, 0.0, 0.0},
                             {domain->xy, domain->yprd, 0.0},
                             {domain->xz, domain->yz, domain->zprd}};
  for (int k = 0; k < 3; k++)
    for (int d = 0; d < 3; d++) core->box.edge[k][d] = edge[k][d];
}

/* The lattice in its standard orientation and at the origin: grains have their own. */
void CreatePolycrystal::read_lattice()
{
  auto *lattice = domain->lattice;
  if (!lattice || lattice->nbasis == 0)
    error->all(FLERR, name() + " needs a lattice: use the lattice command before");
  if (lattice->style == Lattice::SQ || lattice->style == Lattice::SQ2 ||
      lattice->style == Lattice::HEX)
    error->all(FLERR, name() + ": the lattice is two-dimensional");
  if (lattice->is_general_triclinic() || domain->triclinic_general)
    error->all(FLERR, name() + " does not support general triclinic boxes and lattices");
  double zero[3] = {0.0, 0.0, 0.0}, one[3] = {1.0, 0.0, 0.0};
  lattice->lattice2box(zero[0], zero[1], zero[2]);
  lattice->lattice2box(one[0], one[1], one[2]);
  const double *a1 = lattice->a1;
  const double length = std::hypot(one[0] - zero[0], one[1] - zero[1], one[2] - zero[2]);
  const double scale = length / std::hypot(a1[0], a1[1], a1[2]);
  for (int d = 0; d < 3; d++) {
    core->lattice.vector[0][d] = scale * lattice->a1[d];
    core->lattice.vector[1][d] = scale * lattice->a2[d];
    core->lattice.vector[2][d] = scale * lattice->a3[d];
  }
  for (int b = 0; b < lattice->nbasis; b++)
    core->basis.insert(core->basis.end(), lattice->basis[b], lattice->basis[b] + 3);
  core->lattice.basis_count = lattice->nbasis;
  core->lattice.basis = reinterpret_cast<const double(*)[3]>(core->basis.data());
  if (lattice->style == Lattice::HCP)
    settings->symmetry = MLGRAIN_HEXAGONAL;
  else if (lattice->style != Lattice::CUSTOM)
    settings->symmetry = MLGRAIN_CUBIC;
}

/* A number that must be finite and at least `least`. */
double CreatePolycrystal::number(const char *text, double least, const char *what)
{
  const double value = utils::numeric(FLERR, text, false, lmp);
  if (!std::isfinite(value) || value < least)
    error->all(FLERR, name() + ": " + what + " cannot be " + text);
  return value;
}

int CreatePolycrystal::integer(const char *text, int least, const char *what)
{
  const int value = utils::inumeric(FLERR, text, false, lmp);
  if (value < least) error->all(FLERR, name() + ": " + what + " cannot be " + text);
  return value;
}

int CreatePolycrystal::atom_type(const char *text)
{
  const int value = utils::expand_type_int(FLERR, text, Atom::ATOM, lmp);
  if (value < 1 || value > atom->ntypes)
    error->all(FLERR, name() + ": there is no atom type " + text);
  return value;
}

/* The words up to the keywords; returns where these begin. */
int CreatePolycrystal::parse_source(int narg, char **arg)
{
  if (narg < 2) error->all(FLERR, name() + ": an atom type and 'random' or 'file' are needed");
  settings->type = atom_type(arg[0]);
  settings->basis_type.assign(core->lattice.basis_count, settings->type);
  const std::string source = arg[1];
  if (source == "random") {
    if (narg < 4) error->all(FLERR, name() + " random: a number of grains and a seed are needed");
    settings->count = (size_t) integer(arg[2], 1, "the number of grains");
    settings->random.seed = (uint64_t) integer(arg[3], 1, "the seed");
    return 4;
  }
  if (source == "file") {
    if (narg < 3) error->all(FLERR, name() + " file: the name of a file is needed");
    settings->file = arg[2];
    return 3;
  }
  error->all(FLERR, name() + ": 'random' or 'file' expected, not '" + source + "'");
  return 0;
}

/* Returns how many words belong to the texture whose name is arg[iarg]. */
int CreatePolycrystal::parse_texture(int iarg, int narg, char **arg)
{
  const std::string kind = arg[iarg];
  const int count = kind == "random" ? 0 : kind == "component" ? 4 : kind == "fiber" ? 7 : -1;
  if (count < 0)
    error->all(FLERR,
               name() + ": texture 'random', 'component' or 'fiber' expected, not '" + kind + "'");
  if (iarg + count >= narg)
    error->all(FLERR,
               name() + ": " + std::to_string(count) + " numbers are needed after 'texture " +
                   kind + "'");
  auto &texture = settings->random.texture;
  double value[7] = {};
  for (int k = 0; k < count; k++)
    value[k] = number(arg[iarg + 1 + k], k == count - 1 ? 0.0 : -1e9, "a number of the texture");
  if (count > 0) texture.spread = value[count - 1];
  if (kind == "component") {
    texture.kind = MLGRAIN_TEXTURE_COMPONENT;
    mlgrain_quaternion_of_euler(value, texture.component);
  } else if (kind == "fiber") {
    texture.kind = MLGRAIN_TEXTURE_FIBER;
    for (int d = 0; d < 3; d++) {
      texture.crystal[d] = value[d];
      texture.sample[d] = value[d + 3];
    }
  }
  return 1 + count;
}

namespace {

mlgrain_symmetry symmetry_named(Error *error, const std::string &word)
{
  if (word == "none") return MLGRAIN_NO_SYMMETRY;
  if (word == "orthorhombic") return MLGRAIN_ORTHORHOMBIC;
  if (word == "tetragonal") return MLGRAIN_TETRAGONAL;
  if (word == "hexagonal") return MLGRAIN_HEXAGONAL;
  if (word != "cubic")
    error->all(FLERR,
               name() +
                   ": symmetry 'cubic', 'hexagonal', 'tetragonal', 'orthorhombic' or 'none' "
                   "expected, not '" +
                   word + "'");
  return MLGRAIN_CUBIC;
}

int columns_along(Error *error, const std::string &word)
{
  const int columns = word == "x" ? 1 : word == "y" ? 2 : word == "z" ? 3 : 0;
  if (!columns)
    error->all(FLERR, name() + ": columnar 'x', 'y' or 'z' expected, not '" + word + "'");
  return columns;
}

}    // namespace

void CreatePolycrystal::parse_options(int iarg, int narg, char **arg)
{
  auto &random = settings->random;
  while (iarg < narg) {
    const std::string keyword = arg[iarg++];
    const int needed = keyword == "basis" ? 2 : 1;
    if (iarg + needed > narg) error->all(FLERR, name() + ": too few words after '" + keyword + "'");
    const char *value = arg[iarg];
    int used = needed;
    if (keyword == "columnar") {
      core->box.columns = columns_along(error, value);
    } else if (keyword == "basis") {
      const int site = integer(value, 1, "a site of the basis");
      if (site > core->lattice.basis_count)
        error->all(FLERR, name() + ": the basis of the lattice has no site " + value);
      settings->basis_type[site - 1] = atom_type(arg[iarg + 1]);
    } else if (keyword == "cutoff") {
      settings->cutoff = number(value, 0.0, "the cutoff");
    } else if (keyword == "mindist") {
      random.min_distance = number(value, 0.0, "the minimum distance of seeds");
      settings->shaped = true;
    } else if (keyword == "lloyd") {
      random.lloyd = integer(value, 0, "the number of Lloyd iterations");
      settings->shaped = true;
    } else if (keyword == "sizes") {
      random.size_spread = number(value, 0.0, "the spread of sizes");
      if (random.size_spread > 1.0) error->all(FLERR, name() + ": the spread of sizes is above 1");
      settings->shaped = true;
    } else if (keyword == "texture") {
      used = parse_texture(iarg, narg, arg);
      settings->textured = true;
      settings->shaped = true;
    } else if (keyword == "symmetry") {
      settings->symmetry = symmetry_named(error, value);
    } else if (keyword == "property") {
      settings->property = value;
    } else if (keyword == "grains") {
      settings->grains.path = value;
    } else if (keyword == "boundaries") {
      settings->boundaries.path = value;
    } else if (keyword == "metal") {
      settings->metal = value;
    } else if (keyword == "print") {
      settings->print = utils::logical(FLERR, value, false, lmp);
    } else {
      error->all(FLERR, name() + ": unknown keyword '" + keyword + "'");
    }
    iarg += used;
  }
}

void CreatePolycrystal::check_options()
{
  if (settings->shaped && !settings->file.empty())
    error->all(FLERR,
               name() +
                   ": 'mindist', 'lloyd', 'sizes' and 'texture' are for random grains, not for "
                   "those of a file");
  const double nearest = mlgrain_lattice_nearest(&core->lattice);
  if (settings->cutoff < 0.0) settings->cutoff = DEFAULT_CUTOFF * nearest;
  make_meter();
  if (core->box.columns && !settings->textured) set_fiber_along_columns();
}

void CreatePolycrystal::make_meter()
{
  try {
    core->meter.reset(new BoundaryMeter(domain->lattice->style, settings->symmetry));
  } catch (const std::exception &problem) {
    error->all(FLERR, name() + ": " + problem.what());
  }
  if (settings->metal.empty()) return;
  if (settings->symmetry != MLGRAIN_CUBIC || !core->meter->set_metal(settings->metal))
    error->all(FLERR,
               name() + ": energies are known of the fcc metals Al, Ni, Au and Cu, not of '" +
                   settings->metal + "' here");
}

/* Columns have one axis in common unless a texture says otherwise: boundaries are tilt boundaries.
 */
void CreatePolycrystal::set_fiber_along_columns()
{
  auto &texture = settings->random.texture;
  const int along = core->box.columns - 1;
  texture.kind = MLGRAIN_TEXTURE_FIBER;
  texture.crystal[along] = 1.0;
  for (int d = 0; d < 3; d++) texture.sample[d] = core->box.edge[along][d];
}

void CreatePolycrystal::make_grains()
{
  mlgrain_error text;
  if (settings->file.empty()) {
    core->grains.resize(settings->count);
    if (mlgrain_grains_random(&core->box, settings->count, &settings->random, core->grains.data(),
                              &text))
      error->all(FLERR, name() + ": " + text.text);
    return;
  }
  const std::string bytes = read_on_all_ranks(lmp, name(), settings->file);
  mlgrain_grain *grains = nullptr;
  size_t count = 0;
  if (mlgrain_grains_read(settings->file.c_str(), bytes.data(), bytes.size(), &core->box, &grains,
                          &count, &text))
    error->all(FLERR, name() + ": " + text.text);
  core->grains.assign(grains, grains + count);
  free(grains);
}

void CreatePolycrystal::make_crystals()
{
  const std::string owner = name() + (settings->file.empty() ? "" : ", " + settings->file) + ": ";
  mlgrain_error text;
  if (mlgrain_tessellation_create(&core->box, core->grains.size(), core->grains.data(),
                                  &core->cells, &text))
    error->all(FLERR, owner + text.text);
  mlgrain_polycrystal_settings made = {&core->box, core->grains.data(), core->cells, &core->lattice,
                                       settings->cutoff};
  if (mlgrain_polycrystal_create(&made, &core->crystals, &text))
    error->all(FLERR, owner + text.text);
  find_faults();
}

/* Columns that meet their own images, in which the crystal doesn't go on. */
void CreatePolycrystal::find_faults()
{
  const int along = core->box.columns - 1;
  core->faulted.assign(core->grains.size(), false);
  if (along < 0 || core->box.bounded[along]) return;
  const auto *a1 = core->lattice.vector[0];
  const double tolerance = MLGRAIN_COLUMN_SHIFT * std::hypot(a1[0], a1[1], a1[2]);
  double largest = 0.0;
  size_t count = 0;
  for (size_t g = 0; g < core->grains.size(); g++) {
    if (core->cells->volume[g] == 0.0) continue;
    const double misfit =
        mlgrain_lattice_misfit(&core->lattice, settings->basis_type.data(),
                               core->grains[g].orientation, core->box.edge[along]);
    core->faulted[g] = misfit > tolerance;
    count += core->faulted[g] ? 1 : 0;
    largest = std::max(largest, misfit);
  }
  if (!count || comm->me) return;
  char line[256];
  snprintf(line, sizeof line,
           ": the box is no period of %zu of %zu crystals along their columns (misfit up to %.4g), "
           "each of which meets itself in a plane there, listed among the boundaries",
           count, core->grains.size(), largest);
  error->warning(FLERR, name() + line);
}

/* This rank's part of the box. The bounds that neighboring ranks share come out the same on both,
   the ends as 0 and 1. */
static mlgrain_part part_of_rank(const Domain *domain)
{
  mlgrain_part part;
  for (int d = 0; d < 3; d++) {
    const double low = domain->boxlo[d], edge = domain->prd[d];
    part.low[d] = domain->triclinic ? domain->sublo_lamda[d] : (domain->sublo[d] - low) / edge;
    part.high[d] = domain->triclinic ? domain->subhi_lamda[d] : (domain->subhi[d] - low) / edge;
  }
  return part;
}

/* Memory for as many atoms as the part would hold without boundaries, at once: growing it in steps
   takes time, and more of it. */
void CreatePolycrystal::reserve(const mlgrain_part &part)
{
  const auto *a = core->lattice.vector;
  const double cell = std::fabs(a[0][0] * (a[1][1] * a[2][2] - a[1][2] * a[2][1]) +
                                a[0][1] * (a[1][2] * a[2][0] - a[1][0] * a[2][2]) +
                                a[0][2] * (a[1][0] * a[2][1] - a[1][1] * a[2][0]));
  double volume = 1.0;
  for (int d = 0; d < 3; d++) volume *= (part.high[d] - part.low[d]) * domain->prd[d];
  const double room = atom->nlocal + volume / cell * core->lattice.basis_count;
  if (room > MAXSMALLINT) error->one(FLERR, name() + ": more than 2^31 atoms on one rank");
  if (room > atom->nmax) atom->avec->grow((int) room);
}

/* This rank's atoms of all grains. */
void CreatePolycrystal::create_atoms()
{
  const int property = grain_property(lmp, name(), settings->property);
  const int nlocal_before = atom->nlocal;
  const mlgrain_part part = part_of_rank(domain);
  forget_ghosts(lmp);
  reserve(part);

  const size_t grains = core->grains.size();
  GrainAtoms made(lmp, name(), grains, settings->basis_type, property);
  for (size_t g = 0; g < grains; g++) {
    mlgrain_error text;
    made.begin_grain(g, mlgrain_polycrystal_rows(core->crystals, g));
    if (mlgrain_polycrystal_fill(core->crystals, g, &part, GrainAtoms::take, &made, &text))
      error->one(FLERR, name() + ": " + text.text);
    if (made.failure) std::rethrow_exception(made.failure);
    made.end_grain(g + 1 == grains);
  }
  std::vector<bigint> sum(grains);
  MPI_Allreduce(made.count.data(), sum.data(), (int) sum.size(), MPI_LMP_BIGINT, MPI_SUM, world);
  core->atoms.assign(sum.begin(), sum.end());
  MPI_Allreduce(&made.removed, &core->removed, 1, MPI_LMP_BIGINT, MPI_SUM, world);
  add_to_system(lmp, nlocal_before);
}

void CreatePolycrystal::report(double seconds)
{
  std::vector<GrainBoundary> boundaries;
  std::string grains, faces;
  const bool print =
      settings->print == 1 || (settings->print < 0 && core->grains.size() <= FEW_GRAINS);
  if (comm->me == 0) {
    boundaries =
        grain_boundaries(core->box, core->grains, *core->cells, core->faulted, settings->symmetry);
    try {
      measure_boundaries(*core->meter, core->grains, boundaries);
    } catch (const std::exception &problem) {
      error->one(FLERR, name() + ": " + problem.what());
    }
  }
  if (comm->me == 0 && (print || !settings->grains.path.empty()))
    grains = grain_table(core->box, core->grains, *core->cells, core->atoms);
  if (comm->me == 0 && (print || !settings->boundaries.path.empty()))
    faces = boundary_table(boundaries, core->meter->has_metal());
  const std::string comment =
      std::string("# ") + update->unit_style + " units, angles in degrees\n";
  settings->grains.write(lmp, name(), comment + grains);
  settings->boundaries.write(lmp, name(), comment + faces);
  if (comm->me) return;
  long long atoms = 0;
  for (const auto count : core->atoms) atoms += count;
  char line[256];
  snprintf(line, sizeof line,
           "Created %lld atoms in %zu grains\n"
           "  %lld lattice sites left out, nearer than %g to those of another grain\n",
           atoms, core->grains.size(), (long long) core->removed, settings->cutoff);
  std::string text = line + grain_summary(core->box, *core->cells, boundaries) +
      boundary_summary(boundaries, core->meter->has_metal());
  if (print) text += grains + faces;
  snprintf(line, sizeof line, "  create_polycrystal CPU = %.3f seconds\n", seconds);
  utils::logmesg(lmp, text + line);
}
