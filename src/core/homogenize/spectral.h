/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private: the Green operator of a homogeneous medium, applied by Fourier transforms (FFTW). Planes
   are transformed in x and y, then columns of wave vectors along z, there and back. */
#ifndef MLGRAIN_SPECTRAL_H
#define MLGRAIN_SPECTRAL_H

#include "homogenize_private.h"

struct spectral;

/* For fields of a medium whose reference has these Lame constants (elastic ones only).
   MLGRAIN_OUT_OF_MEMORY, MLGRAIN_UNSUPPORTED: compiled without FFTW. */
enum mlgrain_status spectral_create(const struct medium *medium, const double lame[2],
                                    green_kernel *green, struct spectral **spectral,
                                    struct mlgrain_error *error);
void spectral_free(struct spectral *spectral);

/* Numbers of work space that a part needs, aligned to 64 bytes. */
size_t spectral_work_size(const struct spectral *spectral);

/* Transforms a plane of a field in x and y, in place: row by row n[0]/2 + 1 complex numbers. */
void spectral_forward(const struct spectral *spectral, double *plane);
void spectral_backward(const struct spectral *spectral, double *plane);

/* For columns with ky = y: along z, times the operator, and back along z. */
void spectral_apply(const struct spectral *spectral, size_t y, double *fields, double *work);

#endif
