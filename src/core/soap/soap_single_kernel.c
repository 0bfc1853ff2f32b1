/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel of soap_kernel.c for floats, with twice as many centers to a block. */
#define MLGRAIN_FLOAT_LANES
#include "soap_kernel.c" // NOLINT(bugprone-suspicious-include)
