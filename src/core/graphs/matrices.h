/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Private: functions of symmetric matrices [size][size], size 3 or 6. Stiffnesses are in Mandel's
   notation here, rows and columns of shear times sqrt(2), in which a turned tensor is Q C Q^T with
   an orthogonal Q, so that functions of the matrix are tensors, too. */
#ifndef MLGRAIN_GRAPHS_MATRICES_H
#define MLGRAIN_GRAPHS_MATRICES_H

enum { MATRIX_MOST = 6, MATRIX_NUMBERS = MATRIX_MOST * MATRIX_MOST };

/* From and to Voigt's notation; nothing to do for conductivities. In place is fine. */
void matrix_to_mandel(int size, const double *voigt, double *mandel);
void matrix_to_voigt(int size, const double *mandel, double *voigt);

/* matrix = sum_k value[k] v_k v_k^T, v_k the columns of `vector`, ascending; Jacobi's rotations. */
void matrix_eigen(int size, const double *matrix, double *value, double *vector);

/* f(matrix) for f of its eigenvalues. */
void matrix_function(int size, const double *matrix, double (*f)(double), double *result);

/* a b a, for symmetric a and b. */
void matrix_between(int size, const double *a, const double *b, double *result);

/* A tensor's isotropic parts: tr/3 of conductivities; of stiffnesses those of bulk, (J:C), and
   shear, (K:C)/5, three times the bulk and twice the shear modulus. Returns how many. */
enum { MATRIX_ISOTROPIC_MOST = 2 };
int matrix_isotropic(int size, const double *matrix, double part[MATRIX_ISOTROPIC_MOST]);

/* matrix += factor times the isotropic tensor of parts. */
void matrix_add_isotropic(int size, const double *part, double factor, double *matrix);

/* Sum of the products of all elements. */
double matrix_product(int size, const double *a, const double *b);

#endif
