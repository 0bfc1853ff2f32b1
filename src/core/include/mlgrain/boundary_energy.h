/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The energy of any boundary in fcc metals: the function of V. V. Bulatov, B. W. Reed, M. Kumar,
   Acta Mater. 65 (2014) 161, "Grain boundary energy function for fcc metals", with their
   parameters. */
#ifndef MLGRAIN_BOUNDARY_ENERGY_H
#define MLGRAIN_BOUNDARY_ENERGY_H

#include "mlgrain/boundary_distance.h"

#ifdef __cplusplus
extern "C" {
#endif

enum mlgrain_fcc_metal { MLGRAIN_ALUMINIUM, MLGRAIN_NICKEL, MLGRAIN_GOLD, MLGRAIN_COPPER };

/* Energy in J/m^2 at 0 K. octonion: from mlgrain_boundary_octonion of a cubic lattice, or of
   measured crystals; it is not checked. */
MLGRAIN_EXPORT double mlgrain_boundary_energy(enum mlgrain_fcc_metal metal,
                                              const struct mlgrain_octonion *octonion);

#ifdef __cplusplus
}
#endif
#endif
