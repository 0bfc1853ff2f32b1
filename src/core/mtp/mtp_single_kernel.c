/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The stages of mtp_kernel.c, but for grades, for floats, with twice as many centers to a block. */
#define MLGRAIN_FLOAT_LANES
// NOLINTBEGIN(bugprone-suspicious-include)
#include "mtp_basic_kernel.c"
#include "mtp_gather_kernel.c"
#include "mtp_kernel.c"
#include "mtp_products_kernel.c"
#include "mtp_radial_kernel.c"
#include "mtp_scatter_kernel.c"
// NOLINTEND(bugprone-suspicious-include)
