/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The plugin's only exported function: checks the LAMMPS that opens it, and registers the styles.
 */
#include "compute_eden_atom.h"
#include "compute_gmm_atom.h"
#include "compute_ler_atom.h"
#include "compute_ler_count.h"
#include "compute_linear_atom.h"
#include "compute_mtp_error_atom.h"
#include "compute_mtp_grade_atom.h"
#include "compute_orientation_atom.h"
#include "compute_sfd_atom.h"
#include "compute_soap_atom.h"
#include "compute_soap_mean.h"
#include "create_bicrystal.h"
#include "create_polycrystal.h"
#include "fix_forest_atom.h"
#include "fix_gb_motion.h"
#include "fix_grains.h"
#include "fix_ler_build.h"
#include "fix_mtp_learn.h"
#include "gb_search.h"
#include "min_lbfgs.h"
#include "pair_mtp.h"
#include "plugin_host.h"
#include "plugin_registrar.h"
#include "segregation.h"

#include "utils.h"

#include "mlgrain/export.h"

#include <string>

using namespace LAMMPS_NS;
using namespace MLGRAIN_NS;

namespace {

template <class Style> void *create_pair(void *lmp)
{
  return static_cast<Pair *>(new Style(static_cast<LAMMPS *>(lmp)));
}

template <class Style> void *create_command(void *lmp)
{
  return static_cast<Command *>(new Style(static_cast<LAMMPS *>(lmp)));
}

template <class Style> void *create_minimizer(void *lmp)
{
  return static_cast<Min *>(new Style(static_cast<LAMMPS *>(lmp)));
}

template <class Style> void *create_compute(void *lmp, int narg, char **arg)
{
  return static_cast<Compute *>(new Style(static_cast<LAMMPS *>(lmp), narg, arg));
}

template <class Style> void *create_fix(void *lmp, int narg, char **arg)
{
  return static_cast<Fix *>(new Style(static_cast<LAMMPS *>(lmp), narg, arg));
}

}    // namespace

extern "C" MLGRAIN_EXPORT void lammpsplugin_init(void *lmp, void *handle, void *regfunc)
{
  const std::string reason = host_mismatch(lmp);
  if (!reason.empty()) {
    utils::logmesg(static_cast<LAMMPS *>(lmp),
                   "ML-GRAIN plugin not loaded: it was compiled for " + reason + "\n");
    return;
  }
  const Registrar styles{lmp, handle, reinterpret_cast<lammpsplugin_regfunc>(regfunc)};
  styles.command("create_bicrystal", "command create_bicrystal", &create_command<CreateBicrystal>);
  styles.command("create_polycrystal", "command create_polycrystal",
                 &create_command<CreatePolycrystal>);
  styles.command("gb_search", "command gb_search", &create_command<GBSearch>);
  styles.compute("eden/atom", "compute eden/atom (energy density)",
                 &create_compute<ComputeEdenAtom>);
  styles.fix("forest/atom", "fix forest/atom (predictions of a trained forest)",
             &create_fix<FixForestAtom>);
  styles.fix("gb/motion", "fix gb/motion (how far a boundary and its crystals have moved)",
             &create_fix<FixGBMotion>);
  styles.fix("grains", "fix grains (grains of a polycrystal and their boundaries)",
             &create_fix<FixGrains>);
  styles.compute("gmm/atom", "compute gmm/atom (classes of a Gaussian mixture)",
                 &create_compute<ComputeGMMAtom>);
  styles.compute("ler/atom", "compute ler/atom (nearest unique environment)",
                 &create_compute<ComputeLerAtom>);
  styles.compute("ler/count", "compute ler/count (fractions of unique environments)",
                 &create_compute<ComputeLerCount>);
  styles.fix("ler/build", "fix ler/build (library of unique environments)",
             &create_fix<FixLerBuild>);
  styles.compute("linear/atom", "compute linear/atom (predictions of a linear model)",
                 &create_compute<ComputeLinearAtom>);
  styles.fix("mtp/learn", "fix mtp/learn (a potential that learns during a run)",
             &create_fix<FixMTPLearn>);
  styles.minimizer("lbfgs", "min style lbfgs", &create_minimizer<MinLBFGS>);
  styles.pair("mtp", "pair style mtp (moment tensor potentials)", &create_pair<PairMTP>);
  styles.compute("mtp/error/atom", "compute mtp/error/atom (error bars)",
                 &create_compute<ComputeMTPErrorAtom>);
  styles.compute("mtp/grade/atom", "compute mtp/grade/atom (extrapolation grades)",
                 &create_compute<ComputeMTPGradeAtom>);
  styles.compute("orientation/atom", "compute orientation/atom (crystal structure and orientation)",
                 &create_compute<ComputeOrientationAtom>);
  styles.command("segregation", "command segregation", &create_command<Segregation>);
  styles.compute("sfd/atom", "compute sfd/atom (strain functional descriptors)",
                 &create_compute<ComputeSFDAtom>);
  styles.compute("soap/atom", "compute soap/atom (power spectra of neighborhoods)",
                 &create_compute<ComputeSoapAtom>);
  styles.compute("soap/mean", "compute soap/mean (mean power spectra of groups or chunks)",
                 &create_compute<ComputeSoapMean>);
}
