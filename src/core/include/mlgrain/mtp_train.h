/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Training of moment tensor potentials: new ones of any level, the loss and its derivatives by all
   parameters. doc/theory_training.md has every formula.

   Parameters are counted as in mtp.h: radial, species, moment coefficients. Units are those of
   the labels, normally eV and Angstrom. */
#ifndef MLGRAIN_MTP_TRAIN_H
#define MLGRAIN_MTP_TRAIN_H

#include <stdint.h>

#include "mlgrain/mtp.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a new potential shall be. */
struct mlgrain_mtp_form {
  int level;         /* 2 to 28: which basis functions take part, those of MLIP's stock levels */
  int species_count; /* at least 1 */
  const int *label;  /* [species_count] as in mlgrain_mtp_file, or NULL: 0, 1, ... */
  enum mlgrain_mtp_basis basis;
  double min_dist, max_dist;
  int radial_size; /* Chebyshev polynomials per radial function, 8 in MLIP's stock files */
  uint64_t seed;   /* of mlgrain_mtp_file_start */
};

/* Makes a potential that has not been trained. Its basis functions are all products of up to four
   moments M(mu, nu), contracted to scalars, whose levels 2 + 4 mu + nu sum to `level` at most, with
   mu <= 5 and nu <= 10 (A. V. Shapeev, Multiscale Model. Simul. 14 (2016) 1153): the functions of
   MLIP's stock files of that level, in another order.
     file     receives a new object, to be freed with mlgrain_mtp_file_free
   MLGRAIN_OUT_OF_MEMORY, MLGRAIN_INVALID_ARGUMENT. */
MLGRAIN_EXPORT enum mlgrain_status mlgrain_mtp_file_new(const struct mlgrain_mtp_form *form,
                                                        struct mlgrain_mtp_file **file,
                                                        struct mlgrain_error *error);

/* Sets parameters to start training with: radial function mu is the Chebyshev polynomial T_mu,
   disturbed by normal random numbers of 0.1, the same for the same seed everywhere; all other
   parameters are 0. */
MLGRAIN_EXPORT void mlgrain_mtp_file_start(struct mlgrain_mtp_file *file, uint64_t seed);

/* Gives a potential the moments of another, which compute the same functions: products of moments
   can be chosen in many ways. Parameters, and an active set, stay as they are.
     place  [scalar_count] the number that each function has in `source`, each once
   MLGRAIN_OUT_OF_MEMORY, MLGRAIN_INVALID_ARGUMENT; the file is unchanged then. */
MLGRAIN_EXPORT enum mlgrain_status
mlgrain_mtp_file_set_moments(struct mlgrain_mtp_file *file, const struct mlgrain_mtp_file *source,
                             const size_t place[], struct mlgrain_error *error);

/* Gives a potential other species. Parameters of those that it had, by label, are kept; a species
   or pair that is new gets the mean of those that are kept, and all of them if none is. An active
   set is dropped.
     label  [count], each once, not negative; 1000 at most
   MLGRAIN_OUT_OF_MEMORY, MLGRAIN_INVALID_ARGUMENT; the file is unchanged then. */
MLGRAIN_EXPORT enum mlgrain_status mlgrain_mtp_file_set_species(struct mlgrain_mtp_file *file,
                                                                const int label[], int count,
                                                                struct mlgrain_error *error);

/* A potential made ready for training with one set of vector instructions. Any number of threads
   may use it at once, but for mlgrain_mtp_model_update. */
struct mlgrain_mtp_model;

/* Prepares a potential.
     file     only read during the call
     level    vector instructions to use: mlgrain_simd_best(), or a lower one
     model    receives a new object, to be freed with mlgrain_mtp_model_free
   MLGRAIN_OUT_OF_MEMORY. */
MLGRAIN_EXPORT enum mlgrain_status mlgrain_mtp_model_create(const struct mlgrain_mtp_file *file,
                                                            enum mlgrain_simd_level level,
                                                            struct mlgrain_mtp_model **model,
                                                            struct mlgrain_error *error);

/* Takes other parameters (and nothing else) from the same file. MLGRAIN_OUT_OF_MEMORY: the model is
   as before. */
MLGRAIN_EXPORT enum mlgrain_status mlgrain_mtp_model_update(const struct mlgrain_mtp_file *file,
                                                            struct mlgrain_mtp_model *model,
                                                            struct mlgrain_error *error);

/* Frees an object; NULL is allowed. */
MLGRAIN_EXPORT void mlgrain_mtp_model_free(struct mlgrain_mtp_model *model);

/* All parameters of a file in one array: [parameter_count]. */
MLGRAIN_EXPORT void mlgrain_mtp_file_parameters(const struct mlgrain_mtp_file *file,
                                                double *parameters);
MLGRAIN_EXPORT void mlgrain_mtp_file_set_parameters(struct mlgrain_mtp_file *file,
                                                    const double *parameters);

/* One configuration with its labels and what these weigh in the loss

     L = sum over configurations of  energy_weight (E - E0)^2
         + sum_i force_weight_i |F_i - F0_i|^2  +  virial_weight |W - W0|^2

   with nine components in the last term. A weight of 0 leaves a label out, whatever it is. */
struct mlgrain_mtp_frame {
  size_t atoms;         /* of the configuration */
  size_t total;         /* with the periodic images behind them, as many as neighbors need */
  const double (*x)[3]; /* [total] */
  const int *species;   /* [atoms] 0 ... species_count - 1 */
  const int *owner;     /* [total] atom that it is an image of; atoms are their own */
  const int *neighbors; /* those of atom i: neighbors[first[i]] .. neighbors[first[i + 1] - 1], all
                           within the cutoff once, perhaps more, not itself */
  const size_t *first;  /* [atoms + 1] */
  double energy, energy_weight;
  const double (*force)[3];   /* [atoms], or NULL: weights are 0 */
  const double *force_weight; /* [atoms], or NULL: weights are 0 */
  double virial[6];           /* xx yy zz xy xz yz, MLIP's PlusStress: minus stress times volume */
  double virial_weight;
};

/* Weights of MLIP-3 (the options of `mlp train`, with their defaults):
     energy_weight = energy/N^scaling,  force_weight = force/N^force_scaling,
     virial_weight = stress/N
   for N atoms; with scale_by_force c > 0, a force's weight is multiplied by c/(|F0|^2 + c). MLIP
   takes its own force in the place of F0 there. What it prints is L over the number of
   configurations. */
struct mlgrain_mtp_weights {
  double energy, force, stress; /* 1, 0.01, 0.001 */
  int scaling, force_scaling;   /* 1, 0 */
  double scale_by_force;        /* 0 */
};
MLGRAIN_EXPORT extern const struct mlgrain_mtp_weights mlgrain_mtp_default_weights;

/* Gives a frame the weights of its energy and virial, and of forces to `force_weight` [atoms]:
   labels whose weight is 0 before keep it, others are multiplied, so that with weights of 1 they
   are MLIP's. */
MLGRAIN_EXPORT void mlgrain_mtp_weigh(const struct mlgrain_mtp_weights *weights,
                                      struct mlgrain_mtp_frame *frame, double *force_weight);

/* Configurations made ready, in blocks that threads may work on at once. */
struct mlgrain_mtp_data;

/* Copies configurations.
     model        its cutoff and number of species; it may be updated later, or another one of the
                  same cutoff and number of species be used with the data
     frames       [count]
     block_atoms  a block gets configurations until it has so many atoms (256 is good)
     data         receives a new object, to be freed with mlgrain_mtp_data_free
   MLGRAIN_OUT_OF_MEMORY; MLGRAIN_INVALID_ARGUMENT, MLGRAIN_NOT_FINITE: the text names
   configuration and atom. */
MLGRAIN_EXPORT enum mlgrain_status mlgrain_mtp_data_create(const struct mlgrain_mtp_model *model,
                                                           const struct mlgrain_mtp_frame *frames,
                                                           size_t count, size_t block_atoms,
                                                           struct mlgrain_mtp_data **data,
                                                           struct mlgrain_error *error);

/* Frees an object; NULL is allowed. */
MLGRAIN_EXPORT void mlgrain_mtp_data_free(struct mlgrain_mtp_data *data);

/* How many blocks, configurations, atoms. */
MLGRAIN_EXPORT size_t mlgrain_mtp_data_blocks(const struct mlgrain_mtp_data *data);
MLGRAIN_EXPORT size_t mlgrain_mtp_data_frames(const struct mlgrain_mtp_data *data);
MLGRAIN_EXPORT size_t mlgrain_mtp_data_atoms(const struct mlgrain_mtp_data *data);

/* The first atom of a block among all, or, for the number of blocks, how many these are. */
MLGRAIN_EXPORT size_t mlgrain_mtp_data_first_atom(const struct mlgrain_mtp_data *data,
                                                  size_t block);

/* Memory of one thread. */
struct mlgrain_mtp_train_workspace;
MLGRAIN_EXPORT enum mlgrain_status
mlgrain_mtp_train_workspace_create(struct mlgrain_mtp_train_workspace **workspace,
                                   struct mlgrain_error *error);
MLGRAIN_EXPORT void mlgrain_mtp_train_workspace_free(struct mlgrain_mtp_train_workspace *workspace);

/* Parts of the loss, and sums of squares of errors of labels that have weight. */
struct mlgrain_mtp_loss {
  double energy, force, virial;                         /* weighted: L is their sum */
  double energy_squares, force_squares, virial_squares; /* (E - E0)^2/N^2, |F - F0|^2,
                                                           (W - W0)^2 of six components */
  double energy_count, force_count, virial_count;       /* frames, components, components */
};

/* Each of the following works on one block; calls for different blocks may run at once in different
   threads, with a workspace and results for each. All return MLGRAIN_OUT_OF_MEMORY if it is. */

/* Energies, forces, virials: arrays of the whole data, [frames], [atoms][3], [frames][6], of which
   the block's part is set; any may be NULL. */
MLGRAIN_EXPORT enum mlgrain_status mlgrain_mtp_data_evaluate(
    const struct mlgrain_mtp_data *data, const struct mlgrain_mtp_model *model,
    struct mlgrain_mtp_train_workspace *workspace, size_t block, double *energy, double (*force)[3],
    double (*virial)[6], struct mlgrain_error *error);

/* Adds to the loss and, unless it is NULL, to its gradient dL/dparameter [parameter_count]: at
   about four times the cost of energies and forces. */
MLGRAIN_EXPORT enum mlgrain_status
mlgrain_mtp_data_loss(const struct mlgrain_mtp_data *data, const struct mlgrain_mtp_model *model,
                      struct mlgrain_mtp_train_workspace *workspace, size_t block,
                      struct mlgrain_mtp_loss *loss, double *gradient, struct mlgrain_error *error);

/* Adds to the product of the Gauss-Newton matrix J^T w J (J: derivatives of energies, forces and
   virials by parameters, w: weights) with a direction [parameter_count]. 2 J^T w J is the Hessian
   of the loss where residuals are small. */
MLGRAIN_EXPORT enum mlgrain_status
mlgrain_mtp_data_product(const struct mlgrain_mtp_data *data, const struct mlgrain_mtp_model *model,
                         struct mlgrain_mtp_train_workspace *workspace, size_t block,
                         const double *direction, double *product, struct mlgrain_error *error);

/* Parameters that normal equations are for: all, or those that the energy is linear in, one for
   each species and moment, which are the last. */
enum mlgrain_mtp_unknowns { MLGRAIN_MTP_ALL, MLGRAIN_MTP_LINEAR };

/* Adds to the lower triangle of J^T w J, [n][n] for n unknowns, to J^T w (residuals) [n], half the
   gradient, to the loss, and to the lower triangle of sum over configurations of g g^T [n][n], g
   being their parts of the former, unless that is NULL: with it comes the covariance of parameters
   that doesn't take the residuals for independent noise. */
MLGRAIN_EXPORT enum mlgrain_status
mlgrain_mtp_data_normal(const struct mlgrain_mtp_data *data, const struct mlgrain_mtp_model *model,
                        struct mlgrain_mtp_train_workspace *workspace, size_t block,
                        enum mlgrain_mtp_unknowns unknowns, double *normal, double *right,
                        double *scores, struct mlgrain_mtp_loss *loss, struct mlgrain_error *error);

/* How many labels a block has, with those whose weight is 0: energies, forces, virials. */
MLGRAIN_EXPORT size_t mlgrain_mtp_data_labels(const struct mlgrain_mtp_data *data, size_t block);

/* Sets the rows of w^1/2 J, [labels][n] for n unknowns, and w^1/2 (residuals) [labels]: of the
   block's energies [frames], forces [atoms][3], virials [frames][6], each component that is off
   the diagonal with twice its weight. */
MLGRAIN_EXPORT enum mlgrain_status mlgrain_mtp_data_jacobian(
    const struct mlgrain_mtp_data *data, const struct mlgrain_mtp_model *model,
    struct mlgrain_mtp_train_workspace *workspace, size_t block, enum mlgrain_mtp_unknowns unknowns,
    double *jacobian, double *residual, struct mlgrain_error *error);

/* Sets dV_i/dparameter, [atoms of the block][parameter_count]: what active sets are selected from.
 */
MLGRAIN_EXPORT enum mlgrain_status
mlgrain_mtp_data_rows(const struct mlgrain_mtp_data *data, const struct mlgrain_mtp_model *model,
                      struct mlgrain_mtp_train_workspace *workspace, size_t block, double *rows,
                      struct mlgrain_error *error);

/* A step of the method of Levenberg and Marquardt: (H + damping diag(H)) step = - right, in
   unknowns scaled so that H has a unit diagonal.
     normal     [count][count] H, its lower triangle is read
     damping    [count] relative
     step       [count] parameters that don't matter (diagonal 0) get none
     condition  of the matrix solved, in the scaled unknowns, by power iteration; or NULL
   MLGRAIN_OUT_OF_MEMORY; MLGRAIN_INVALID_ARGUMENT: not positive definite, more damping is needed;
   MLGRAIN_NOT_FINITE. */
MLGRAIN_EXPORT enum mlgrain_status mlgrain_mtp_solve(const double *normal, const double *right,
                                                     const double *damping, size_t count,
                                                     double *step, double *condition,
                                                     struct mlgrain_error *error);

/* The same for several right sides at once, factored once.
     right  [rights][count]
     step   [rights][count] */
MLGRAIN_EXPORT enum mlgrain_status mlgrain_mtp_solve_several(const double *normal,
                                                             const double *right, size_t rights,
                                                             const double *damping, size_t count,
                                                             double *step, double *condition,
                                                             struct mlgrain_error *error);

/* The selection of an active set by MaxVol (S. A. Goreinov et al., in: Matrix Methods: Theory,
   Algorithms, Applications, World Scientific 2010, p. 247; for potentials: E. V. Podryabinkin, A.
   V. Shapeev, Comput. Mater. Sci. 140 (2017) 171): n rows of as many candidates as there are, so
   that no exchange of two makes the determinant of their matrix A grow by more than a given factor.
   A candidate v's grade is the largest element of v A^-1 in size. */
struct mlgrain_mtp_selection;

/* Begins a selection.
     count      n, parameters of a potential
     active     [n][n] rows to begin with, or NULL: 1e-6 times the unit matrix, which stands for
                directions in which no candidates differ (parameters are redundant)
     selection  receives a new object, to be freed with mlgrain_mtp_selection_free
   MLGRAIN_OUT_OF_MEMORY; MLGRAIN_INVALID_ARGUMENT: active is singular. */
MLGRAIN_EXPORT enum mlgrain_status
mlgrain_mtp_selection_create(size_t count, const double *active, enum mlgrain_simd_level level,
                             struct mlgrain_mtp_selection **selection, struct mlgrain_error *error);

/* Frees an object; NULL is allowed. */
MLGRAIN_EXPORT void mlgrain_mtp_selection_free(struct mlgrain_mtp_selection *selection);

/* Offers candidates: exchanges rows until none of these has a grade above the threshold. Of many
   candidates, offer some hundred after the other, and begin anew until a whole round makes no
   exchange: an exchange costs as many multiply-adds as rows and candidates offered have elements.
     rows       [count][n]
     first      number of the first of them
     threshold  above 1; 1.001 is what MLIP takes
     exchanges  += how many were made
     largest    the largest grade before them
   MLGRAIN_OUT_OF_MEMORY; MLGRAIN_INVALID_ARGUMENT: the threshold; MLGRAIN_NOT_FINITE: a row, the
   text has its number. */
MLGRAIN_EXPORT enum mlgrain_status
mlgrain_mtp_selection_offer(struct mlgrain_mtp_selection *selection, const double *rows,
                            size_t first, size_t count, double threshold, size_t *exchanges,
                            double *largest, struct mlgrain_error *error);

/* What is selected.
     active   [n][n] A
     inverse  [n][n] its transposed inverse, computed anew, as .almtp files have it
     number   [n] candidates, -1 for rows that were there at the beginning
   MLGRAIN_OUT_OF_MEMORY; MLGRAIN_INVALID_ARGUMENT: A is singular to working precision. */
MLGRAIN_EXPORT enum mlgrain_status
mlgrain_mtp_selection_result(const struct mlgrain_mtp_selection *selection, double *active,
                             double *inverse, long long *number, struct mlgrain_error *error);

#ifdef __cplusplus
}
#endif
#endif
