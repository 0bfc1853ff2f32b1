/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernels of one SIMD level by name. */
#include "mtp_train_block.h"

extern enum mlgrain_status
    MLGRAIN_KERNEL(train_combine)(const struct train_task *task,
                                  const struct train_combination *combination, double *gradient);
extern enum mlgrain_status MLGRAIN_KERNEL(train_change)(const struct train_task *task,
                                                        const double *change,
                                                        const struct train_result *result);
extern enum mlgrain_status MLGRAIN_KERNEL(train_columns)(const struct train_task *task,
                                                         const struct train_columns *columns);
extern enum mlgrain_status MLGRAIN_KERNEL(train_rows)(const struct train_task *task, double *rows);
extern void MLGRAIN_KERNEL(train_squares)(const double *values, size_t n, size_t stride,
                                          double *normal);
extern void MLGRAIN_KERNEL(train_products_of_rows)(const double *a, size_t rows, const double *b,
                                                   size_t columns, size_t stride, double *out,
                                                   size_t out_stride);
extern double MLGRAIN_KERNEL(train_exchange)(double *values, size_t rows, size_t stride,
                                             const double *change, size_t column,
                                             size_t *largest_row);

const struct train_kernels MLGRAIN_KERNEL(train_kernels) = {
    .combine = MLGRAIN_KERNEL(train_combine),
    .change = MLGRAIN_KERNEL(train_change),
    .columns = MLGRAIN_KERNEL(train_columns),
    .rows = MLGRAIN_KERNEL(train_rows),
    .squares = MLGRAIN_KERNEL(train_squares),
    .products_of_rows = MLGRAIN_KERNEL(train_products_of_rows),
    .exchange = MLGRAIN_KERNEL(train_exchange)};
