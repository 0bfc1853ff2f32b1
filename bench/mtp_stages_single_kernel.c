/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mtp_stages_kernel.c for mixed precision. */
#define MLGRAIN_FLOAT_LANES
#include "mtp_stages_kernel.c" // NOLINT(bugprone-suspicious-include)
