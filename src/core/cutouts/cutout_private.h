/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private to cutouts. */
#ifndef MLGRAIN_CUTOUT_PRIVATE_H
#define MLGRAIN_CUTOUT_PRIVATE_H

#include "mlgrain/cutout.h"

/* Edges of cell `number`, right-handed unless all are kept; kept[k]: edge k is the system's own. */
void cutout_box(const struct mlgrain_cutout_rules *rules, const struct mlgrain_box *box, int number,
                double cell[3][3], int kept[3]);

/* Half of the longest diagonal. */
double cutout_half_diagonal(const double cell[3][3]);

int cutout_rules_are_sound(const struct mlgrain_cutout_rules *rules);

/* Whether three edges span a volume, and are finite. */
int cutout_spans(const double edge[3][3]);

#endif
