/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What training is compared with: energies, forces and virials of a configuration, from the
   formulas of doc/theory_mtp.md with complex parameters. All are polynomials of the parameters, so
   that the imaginary part for an imaginary step of 1e-30 is the derivative to rounding. */
#ifndef MTP_TRAIN_REFERENCE_H
#define MTP_TRAIN_REFERENCE_H

#include "mlgrain/mtp_train.h"

/* Rows: energy, forces [atoms][3], virial [6]. */
size_t train_reference_rows(const struct mlgrain_mtp_frame *frame);

/* values [rows]; columns [parameter_count][rows], or NULL. */
void train_reference(const struct mlgrain_mtp_file *file, const struct mlgrain_mtp_frame *frame,
                     double *values, double *columns);

/* Weights of the rows in the loss, and their labels. */
void train_reference_labels(const struct mlgrain_mtp_frame *frame, double *weights, double *labels);

#endif
