/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The exported function of the plugin with the Kokkos styles: checks the LAMMPS that opens it, its
   Kokkos included, and registers the styles, each under the three names that -sf kk knows. */
#include "compute_gmm_atom_kokkos.h"
#include "compute_ler_atom_kokkos.h"
#include "compute_mtp_grade_atom_kokkos.h"
#include "compute_sfd_atom_kokkos.h"
#include "compute_soap_atom_kokkos.h"
#include "compute_soap_mean_kokkos.h"
#include "fix_forest_atom_kokkos.h"
#include "pair_mtp_kokkos.h"
#include "plugin_host.h"
#include "plugin_registrar.h"

#include "error.h"
#include "kokkos.h"
#include "library.h"
#include "utils.h"

#include "mlgrain/export.h"

#include <string>

using namespace LAMMPS_NS;
using namespace MLGRAIN_NS;

namespace {

/* Nothing of Kokkos may be touched before LAMMPS has started it. */
LAMMPS *with_kokkos(void *host)
{
  auto *lmp = static_cast<LAMMPS *>(host);
  if (!lmp->kokkos || !lmp->kokkos->kokkos_exists)
    lmp->error->all(
        FLERR,
        "Styles of ML-GRAIN ending in /kk need the KOKKOS package switched on: start "
        "LAMMPS with -k on and the number of GPUs or threads, e.g. lmp -k on g 1 -sf kk");
  return lmp;
}

template <class Style> void *create_pair(void *lmp)
{
  return static_cast<Pair *>(new Style(with_kokkos(lmp)));
}

template <class Style> void *create_compute(void *lmp, int narg, char **arg)
{
  return static_cast<Compute *>(new Style(with_kokkos(lmp), narg, arg));
}

template <class Style> void *create_fix(void *lmp, int narg, char **arg)
{
  return static_cast<Fix *>(new Style(with_kokkos(lmp), narg, arg));
}

bool host_has(const char *category, const char *setting)
{
  return lammps_config_accelerator("KOKKOS", category, setting) != 0;
}

#if defined(LMP_KOKKOS_SINGLE_SINGLE)
constexpr const char *precision = "single";
#elif defined(LMP_KOKKOS_SINGLE_DOUBLE)
constexpr const char *precision = "mixed";
#else
constexpr const char *precision = "double";
#endif

/* What keeps the Kokkos styles out of the host, "" if nothing does. */
std::string kokkos_mismatch()
{
  static const struct {
    const char *api;
    bool ours;
  } apis[] = {
#if defined(KOKKOS_ENABLE_CUDA)
    {"cuda", true},
#else
    {"cuda", false},
#endif
#if defined(KOKKOS_ENABLE_HIP)
    {"hip", true},
#else
    {"hip", false},
#endif
#if defined(KOKKOS_ENABLE_SYCL)
    {"sycl", true},
#else
    {"sycl", false},
#endif
#if defined(KOKKOS_ENABLE_OPENMP)
    {"openmp", true},
#else
    {"openmp", false},
#endif
  };
  if (!lammps_config_has_package("KOKKOS")) return "a LAMMPS with KOKKOS, this one has none";
  for (const auto &one : apis)
    if (host_has("api", one.api) != one.ours)
      return std::string("a LAMMPS whose Kokkos ") + (one.ours ? "has " : "lacks ") + one.api +
          ", this one " + (one.ours ? "lacks" : "has") + " it";
  for (const char *other : {"double", "mixed", "single"})
    if (host_has("precision", other) && std::string(other) != precision)
      return std::string("KOKKOS_PREC=") + precision + ", this LAMMPS has " + other;
  return "";
}

}    // namespace

extern "C" MLGRAIN_EXPORT void lammpsplugin_init(void *lmp, void *handle, void *regfunc)
{
  std::string reason = host_mismatch(lmp);
  if (reason.empty()) reason = kokkos_mismatch();
  if (!reason.empty()) {
    utils::logmesg(static_cast<LAMMPS *>(lmp),
                   "ML-GRAIN plugin with Kokkos styles not loaded: it was compiled for " + reason +
                       "\n");
    return;
  }
  const Registrar styles{lmp, handle, reinterpret_cast<lammpsplugin_regfunc>(regfunc)};
#define REGISTER(kind, name, text, Style)                                                          \
  styles.kind(name "/kk", text, &create_##kind<Style<LMPDeviceType>>);                             \
  styles.kind(name "/kk/device", text, &create_##kind<Style<LMPDeviceType>>);                      \
  styles.kind(name "/kk/host", text, &create_##kind<Style<LMPHostType>>);
  REGISTER(fix, "forest/atom", "fix forest/atom (predictions of a trained forest)",
           FixForestAtomKokkos)
  REGISTER(compute, "gmm/atom", "compute gmm/atom (classes of a Gaussian mixture)",
           ComputeGMMAtomKokkos)
  REGISTER(compute, "ler/atom", "compute ler/atom (nearest unique environments)",
           ComputeLerAtomKokkos)
  REGISTER(compute, "mtp/grade/atom", "compute mtp/grade/atom (extrapolation grades)",
           ComputeMTPGradeAtomKokkos)
  REGISTER(pair, "mtp", "pair style mtp (moment tensor potentials)", PairMTPKokkos)
  REGISTER(compute, "sfd/atom", "compute sfd/atom (strain functional descriptors)",
           ComputeSFDAtomKokkos)
  REGISTER(compute, "soap/atom", "compute soap/atom (SOAP power spectra)", ComputeSoapAtomKokkos)
  REGISTER(compute, "soap/mean", "compute soap/mean (mean SOAP power spectra)",
           ComputeSoapMeanKokkos)
}
