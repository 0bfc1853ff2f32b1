/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A polycrystal as a graph, grains and the faces between them, and estimates of its effective
   conductivity or stiffness with nothing fitted. doc/theory_graphs.md has all formulas.

   Tensors are [size][size]: conductivities, size 3, or stiffnesses, size 6, in Voigt's notation (xx
   yy zz yz xz xy, shear as angles). They are in any one unit, and so are lengths. */
#ifndef MLGRAIN_POLYCRYSTAL_GRAPH_H
#define MLGRAIN_POLYCRYSTAL_GRAPH_H

#include <stddef.h>
#include <stdint.h>

#include "mlgrain/error.h"

#ifdef __cplusplus
extern "C" {
#endif

struct mlgrain_graph {
  int size; /* 3 or 6 */
  size_t grains, faces;
  const double *volume;      /* [grains] >= 0 */
  const int64_t (*pair)[2];  /* [faces] grains on both sides; equal, where a grain meets itself
                                through the box: such a face has no boundary */
  const double (*span)[3];   /* [faces] from the center of the first to that of the second */
  const double (*normal)[3]; /* [faces] from the first to the second, length 1 */
  const double *area;        /* [faces] >= 0 */
  const double *tensor;   /* [grains][size][size] positive definite, in the frame of the sample */
  const double *boundary; /* [faces][size][size] */
  /* Where boundaries are mixtures on a scale much smaller than the grains: Voigt's and Reuss' means
     in them, [faces][size][size]; `boundary` then is what they are effectively. NULL: they aren't
   */
  const double *boundary_voigt, *boundary_reuss;
  double thickness; /* of boundaries, > 0: they have this times the areas as their volume, a part of
                       that of the grains */
  const double (*center)[3];    /* [faces] centroids, from the center of the first grain; NULL:
                                   halfway along the spans */
  const double *face_thickness; /* [faces] >= 0, in the place of `thickness`; NULL: all have that */
};

enum mlgrain_graph_estimate {
  MLGRAIN_GRAPH_VOIGT, /* means of Voigt and Reuss over grains and boundaries */
  MLGRAIN_GRAPH_REUSS,
  MLGRAIN_GRAPH_SELF_CONSISTENT, /* all as inclusions in the medium that is sought */
  MLGRAIN_GRAPH_COATED,          /* grains as inclusions in what boundaries are together */
  MLGRAIN_GRAPH_GRAINS,          /* self-consistent, of the grains alone */
  MLGRAIN_GRAPH_BOUNDARY_VOIGT,  /* means over the boundaries alone */
  MLGRAIN_GRAPH_BOUNDARY_REUSS,
  MLGRAIN_GRAPH_BOUNDARY, /* self-consistent, of the boundaries alone */
  MLGRAIN_GRAPH_LOCAL,    /* self-consistent, of grains that are each coated with their own
                             boundaries' self-consistent mean */
  MLGRAIN_GRAPH_SERIES,   /* conductivity only: resistors of half a grain, boundary, half a grain */
  MLGRAIN_GRAPH_NETWORK,  /* the same beside conduction along boundaries */
  MLGRAIN_GRAPH_COUPLED,  /* fields inside grains, across boundaries and along them */
  MLGRAIN_GRAPH_QUADRATIC, /* the least energy of potentials that are polynomials in each grain, of
                              degree 2 */
  MLGRAIN_GRAPH_CUBIC,     /* the same of degree 3 */
  MLGRAIN_GRAPH_ESTIMATES
};

enum { MLGRAIN_GRAPH_STIFFNESS_ESTIMATES = MLGRAIN_GRAPH_SERIES };

/* Their names in lower case, such as "self_consistent". */
MLGRAIN_EXPORT const char *mlgrain_graph_estimate_name(enum mlgrain_graph_estimate estimate);

/* Volume of the boundaries over that of the grains. */
MLGRAIN_EXPORT double mlgrain_graph_boundary_fraction(const struct mlgrain_graph *graph);

/* All estimates: [MLGRAIN_GRAPH_ESTIMATES][3][3], or [MLGRAIN_GRAPH_STIFFNESS_ESTIMATES][6][6],
   symmetric. MLGRAIN_OUT_OF_MEMORY; MLGRAIN_INVALID_ARGUMENT: no grain, no face between two, a
   grain that isn't there, a tensor that is not symmetric or not positive definite, boundaries with
   all of the volume, faces that don't connect the grains along all directions;
   MLGRAIN_NOT_CONVERGED. */
MLGRAIN_EXPORT enum mlgrain_status mlgrain_graph_estimates(const struct mlgrain_graph *graph,
                                                           double *estimates,
                                                           struct mlgrain_error *error);

/* The self-consistent estimate of a mixture of inclusions (D. A. G. Bruggeman; R. Hill; A. V.
   Hershey). Errors as above.
     fraction  [phases] >= 0, of any sum
     tensor    [phases][size][size]
     estimate  [size][size] */
MLGRAIN_EXPORT enum mlgrain_status mlgrain_self_consistent(int size, size_t phases,
                                                           const double *fraction,
                                                           const double *tensor, double *estimate,
                                                           struct mlgrain_error *error);

#ifdef __cplusplus
}
#endif
#endif
