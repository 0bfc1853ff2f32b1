/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For tests: files of error bars for any potential, with numbers drawn at random. */
#ifndef MLGRAIN_MTP_ERROR_BUILDER_H
#define MLGRAIN_MTP_ERROR_BUILDER_H

#include "mlgrain/mtp_error.h"

#include "model_builder.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { ERROR_SKETCH_ROWS = 11, ERROR_MOST_MEMBERS = 8 };

struct error_content {
  size_t linear; /* species and moment coefficients */
  float *sketch; /* [ERROR_SKETCH_ROWS][linear] */
  float *member; /* [members][linear] differences to the potential's coefficients */
  double leverage[3], confidence[3], factor[ERROR_MOST_MEMBERS / 2][3];
  char fingerprint[17];
  struct builder builder; /* of the file; may be changed before it is made */
};

/* members: even, 0 for leverages alone */
void error_content_make(const struct mlgrain_mtp_file *file, int members, unsigned long seed,
                        struct error_content *content);
void error_content_free(struct error_content *content);

/* |S v|^2 for the derivatives of an atom's energy by all parameters, [parameter_count]. */
double error_plain_leverage(const struct error_content *content,
                            const struct mlgrain_mtp_file *file, const double *v);

/* Adds the differences of a member to the coefficients of the potential. Returns what these were,
   for error_restore, which takes it back. */
double *error_add_member(const struct error_content *content, int member,
                         struct mlgrain_mtp_file *file);
void error_restore(struct mlgrain_mtp_file *file, double *kept);

#ifdef __cplusplus
}
#endif
#endif
