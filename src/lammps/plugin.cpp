/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The plugin's only exported function: compares the LAMMPS that opens it with the one it was
   compiled for, and registers the styles. LAMMPS itself checks nothing, and a plugin compiled for
   another version or integer size would misbehave silently. */
#include "compute_eden_atom.h"
#include "compute_gmm_atom.h"
#include "compute_mtp_grade_atom.h"
#include "compute_sfd_atom.h"
#include "create_polycrystal.h"
#include "fix_forest_atom.h"
#include "pair_mtp.h"

#include "lammpsplugin.h"
#include "library.h"
#include "utils.h"

#include "mlgrain/export.h"
#include "mlgrain_build_config.h"

#include <dlfcn.h>
#include <string>

using namespace LAMMPS_NS;

namespace {

template <class Style> void *create_pair(void *lmp)
{
  return static_cast<Pair *>(new Style(static_cast<LAMMPS *>(lmp)));
}

template <class Style> void *create_command(void *lmp)
{
  return static_cast<Command *>(new Style(static_cast<LAMMPS *>(lmp)));
}

template <class Style> void *create_compute(void *lmp, int narg, char **arg)
{
  return static_cast<Compute *>(new Style(static_cast<LAMMPS *>(lmp), narg, arg));
}

template <class Style> void *create_fix(void *lmp, int narg, char **arg)
{
  return static_cast<Fix *>(new Style(static_cast<LAMMPS *>(lmp), narg, arg));
}

struct Registrar {
  void *lmp, *handle;
  lammpsplugin_regfunc register_style;

  template <class Style> void pair(const char *name, const char *info) const
  {
    auto plugin = description("pair", name, info);
    plugin.creator.v1 = &create_pair<Style>;
    register_style(&plugin, lmp);
  }

  template <class Style> void command(const char *name, const char *info) const
  {
    auto plugin = description("command", name, info);
    plugin.creator.v1 = &create_command<Style>;
    register_style(&plugin, lmp);
  }

  template <class Style> void compute(const char *name, const char *info) const
  {
    auto plugin = description("compute", name, info);
    plugin.creator.v2 = &create_compute<Style>;
    register_style(&plugin, lmp);
  }

  template <class Style> void fix(const char *name, const char *info) const
  {
    auto plugin = description("fix", name, info);
    plugin.creator.v2 = &create_fix<Style>;
    register_style(&plugin, lmp);
  }

 private:
  lammpsplugin_t description(const char *style, const char *name, const char *info) const
  {
    lammpsplugin_t plugin;
    plugin.version = MLGRAIN_LAMMPS_VERSION;
    plugin.style = style;
    plugin.name = name;
    plugin.info = info;
    plugin.author = "the ML-GRAIN developers";
    plugin.handle = handle;
    return plugin;
  }
};

/* Name and version of the MPI library in this process; looked up, since a LAMMPS without MPI has
   no such function. */
std::string mpi_of_host()
{
  using Function = int (*)(char *, int *);
  auto *function = reinterpret_cast<Function>(dlsym(RTLD_DEFAULT, "MPI_Get_library_version"));
  if (!function) return "no MPI library";
  char text[8192] = "";
  int length = 0;
  function(text, &length);
  return text;
}

/* What keeps the plugin out of this host, "" if nothing does. */
std::string mismatch(void *lmp)
{
  const int version = lammps_version(lmp);
  if (version != MLGRAIN_LAMMPS_VERSION_NUMBER)
    return "LAMMPS version " + std::to_string(MLGRAIN_LAMMPS_VERSION_NUMBER) + ", this is " +
        std::to_string(version);
  const int tagint = 8 * lammps_extract_setting(lmp, "tagint");
  const int bigint = 8 * lammps_extract_setting(lmp, "bigint");
  const int imageint = 8 * lammps_extract_setting(lmp, "imageint");
  if (tagint != 8 * MLGRAIN_LAMMPS_TAGINT_BYTES || bigint != 8 * MLGRAIN_LAMMPS_BIGINT_BYTES ||
      imageint != 8 * MLGRAIN_LAMMPS_IMAGEINT_BYTES)
    return "integer sizes " MLGRAIN_LAMMPS_SIZES ", this LAMMPS has " + std::to_string(tagint) +
        "-bit atom IDs, " + std::to_string(imageint) + "-bit image flags and " +
        std::to_string(bigint) + "-bit counts";
  const bool host_has_mpi = lammps_config_has_mpi_support() != 0;
  if (host_has_mpi != (MLGRAIN_LAMMPS_MPI != 0))
    return MLGRAIN_LAMMPS_MPI ? "a LAMMPS with MPI, this one has none"
                              : "a LAMMPS without MPI, this one has it";
  const std::string mpi = MLGRAIN_MPI_LIBRARY, host = mpi_of_host();
  if (MLGRAIN_LAMMPS_MPI && host.compare(0, mpi.size(), mpi) != 0)
    return mpi + ", this LAMMPS uses " + host.substr(0, host.find('\n'));
  return "";
}

}    // namespace

extern "C" MLGRAIN_EXPORT void lammpsplugin_init(void *lmp, void *handle, void *regfunc)
{
  const std::string reason = mismatch(lmp);
  if (!reason.empty()) {
    utils::logmesg(static_cast<LAMMPS *>(lmp),
                   "ML-GRAIN plugin not loaded: it was compiled for " + reason + "\n");
    return;
  }
  const Registrar styles{lmp, handle, reinterpret_cast<lammpsplugin_regfunc>(regfunc)};
  styles.command<CreatePolycrystal>("create_polycrystal", "command create_polycrystal");
  styles.compute<ComputeEdenAtom>("eden/atom", "compute eden/atom (energy density)");
  styles.fix<FixForestAtom>("forest/atom", "fix forest/atom (predictions of a trained forest)");
  styles.compute<ComputeGMMAtom>("gmm/atom", "compute gmm/atom (classes of a Gaussian mixture)");
  styles.pair<PairMTP>("mtp", "pair style mtp (moment tensor potentials)");
  styles.compute<ComputeMTPGradeAtom>("mtp/grade/atom",
                                      "compute mtp/grade/atom (extrapolation grades)");
  styles.compute<ComputeSFDAtom>("sfd/atom", "compute sfd/atom (strain functional descriptors)");
}
