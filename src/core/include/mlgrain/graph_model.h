/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Effective tensors of polycrystals by models that correct an estimate: Gaussian processes of
   invariants (C. E. Rasmussen, C. K. I. Williams, Gaussian Processes for Machine Learning, 2006)
   for the isotropic part, a linear combination of tensors for the rest. doc/theory_graphs.md has
   the formulas, doc/model_format.md the files. */
#ifndef MLGRAIN_GRAPH_MODEL_H
#define MLGRAIN_GRAPH_MODEL_H

#include "mlgrain/model.h"
#include "mlgrain/polycrystal_graph.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
  MLGRAIN_GRAPH_MOST_FEATURES = 2 * MLGRAIN_GRAPH_ESTIMATES + 9,
  MLGRAIN_GRAPH_MOST_SHAPES = MLGRAIN_GRAPH_ESTIMATES + 1
};

/* What a model knows of a polycrystal. With R the reference, the estimate `coupled` of
   conductivities and `local` of stiffnesses, each other estimate E gives the tensor log(R^-1/2 E
   R^-1/2), whose isotropic parts are features and whose rest is a shape; of R itself the shape is
   that of log R. Matrices here are in Mandel's notation: stiffnesses with rows and columns of shear
   times sqrt(2). */
struct mlgrain_graph_features {
  int size;
  int parts; /* isotropic parts of a tensor: 1, or 2 */
  int features, shapes;
  double feature[MLGRAIN_GRAPH_MOST_FEATURES];    /* not changed by a rotation of the sample */
  double shape[MLGRAIN_GRAPH_MOST_SHAPES][6 * 6]; /* [size][size], turned with it */
  double reference[6 * 6];                        /* [size][size] */
};

/* Errors as mlgrain_graph_estimates. */
MLGRAIN_EXPORT enum mlgrain_status mlgrain_graph_describe(const struct mlgrain_graph *graph,
                                                          struct mlgrain_graph_features *features,
                                                          struct mlgrain_error *error);

/* How many features and shapes there are, and the name of a feature, such as "log_network" or
 * "log_voigt_shear". */
enum { MLGRAIN_GRAPH_NAME = 48 };
MLGRAIN_EXPORT int mlgrain_graph_feature_count(int size);
MLGRAIN_EXPORT int mlgrain_graph_shape_count(int size);
MLGRAIN_EXPORT void mlgrain_graph_feature_name(int size, int feature,
                                               char name[MLGRAIN_GRAPH_NAME]);

struct mlgrain_graph_model;

struct mlgrain_graph_prediction {
  double tensor[6 * 6]; /* [size][size], Voigt's notation, positive definite */
  double error;   /* standard deviation of the logarithm of a component, the expected one: that
                     of the isotropic part and that of the rest */
  int is_outside; /* a feature is beyond those of the training set */
};

/* Makes a model of an open file of kind MLGRAIN_MODEL_POLYCRYSTAL, to be freed with
   mlgrain_graph_model_free. It is constant. MLGRAIN_OUT_OF_MEMORY; MLGRAIN_INVALID_ARGUMENT:
   another kind of model; MLGRAIN_FORMAT_ERROR; MLGRAIN_NOT_FINITE. */
MLGRAIN_EXPORT enum mlgrain_status mlgrain_graph_model_create(const struct mlgrain_model *file,
                                                              struct mlgrain_graph_model **model,
                                                              struct mlgrain_error *error);
MLGRAIN_EXPORT void mlgrain_graph_model_free(struct mlgrain_graph_model *model);

/* 3: conductivities; 6: stiffnesses. */
MLGRAIN_EXPORT int mlgrain_graph_model_size(const struct mlgrain_graph_model *model);

/* Errors as mlgrain_graph_estimates; MLGRAIN_INVALID_ARGUMENT: tensors of another size, too, and
   what is so far from the training set that nothing finite comes out. */
MLGRAIN_EXPORT enum mlgrain_status mlgrain_graph_model_predict(
    const struct mlgrain_graph_model *model, const struct mlgrain_graph *graph,
    struct mlgrain_graph_prediction *prediction, struct mlgrain_error *error);

#ifdef __cplusplus
}
#endif
#endif
