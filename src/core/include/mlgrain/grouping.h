/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which points of crystals belong together: neighbors whose orientations differ by little are in
   one group. The points of a rank of a parallel program come first, copies of others' after them;
   groups get labels that are the same on all ranks. Nothing here depends on the order of points. */
#ifndef MLGRAIN_GROUPING_H
#define MLGRAIN_GROUPING_H

#include "mlgrain/contacts.h"
#include "mlgrain/keyed_sums.h"
#include "mlgrain/orientation.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Points of crystals, own ones first. */
struct mlgrain_crystal_points {
  size_t count;                          /* n */
  const double (*orientation)[4];        /* [n] unit quaternions */
  const int32_t *structure;              /* [n] 0: in no crystal */
  const enum mlgrain_symmetry *symmetry; /* by structure */
};

/* Mean orientations of points and their neighbors: vibrations turn neighbors to and fro by degrees,
   boundaries all of them alike.
     limit      degrees; neighbors of another structure, or that differ by more, don't count
     smoothed   [contacts->count] unit quaternions; where there is no structure, as they were */
MLGRAIN_EXPORT void mlgrain_orientations_smooth(const struct mlgrain_contacts *contacts,
                                                const struct mlgrain_crystal_points *points,
                                                double limit, double (*smoothed)[4]);

/* Sets `cosine` of every entry: that of half the disorientation of the two points, -1 if they
   aren't of one structure. */
MLGRAIN_EXPORT void mlgrain_contacts_compare(struct mlgrain_contacts *contacts,
                                             const struct mlgrain_crystal_points *points);

/* Sets `alike` of every entry: whether the disorientation is below `angle` degrees. */
MLGRAIN_EXPORT void mlgrain_contacts_limit(struct mlgrain_contacts *contacts, double angle);

/* inner[i], i < contacts->count: whether at least `share` of all neighbors are alike, one of them
   at least. */
MLGRAIN_EXPORT void mlgrain_find_inner(const struct mlgrain_contacts *contacts, double share,
                                       unsigned char *inner);

/* Groups of inner points that contacts between alike ones connect.
     inner  [n] of own points and copies
     root   [n] receives the lowest place of a point of the group; of other points their own */
MLGRAIN_EXPORT void mlgrain_group(const struct mlgrain_contacts *contacts, size_t n,
                                  const unsigned char *inner, int32_t *root);

/* label[i], i < count: the lowest tag of own points of the group, 0 for points that aren't inner.
     tag  [count] > 0
   MLGRAIN_OUT_OF_MEMORY. */
MLGRAIN_EXPORT enum mlgrain_status
mlgrain_group_labels(size_t count, size_t n, const unsigned char *inner, const int32_t *root,
                     const int64_t *tag, int64_t *label, struct mlgrain_error *error);

/* Adds the key (lower, higher, 0) for different labels, [n], that meet in a contact of alike inner
   points. `pairs` has width 0. MLGRAIN_OUT_OF_MEMORY. */
MLGRAIN_EXPORT enum mlgrain_status mlgrain_label_pairs(const struct mlgrain_contacts *contacts,
                                                       const unsigned char *inner,
                                                       const int64_t *label,
                                                       struct mlgrain_keyed_sums *pairs,
                                                       struct mlgrain_error *error);

/* What labels become when those of each pair are one: the lowest.
     key    [pairs][3] as mlgrain_label_pairs makes them; the third is not used
     count  receives how many labels there are
     label  [2 pairs] receives them, ascending
     united [2 pairs] what they become
   MLGRAIN_OUT_OF_MEMORY. */
MLGRAIN_EXPORT enum mlgrain_status mlgrain_labels_unite(size_t pairs, const int64_t *key,
                                                        size_t *count, int64_t *label,
                                                        int64_t *united,
                                                        struct mlgrain_error *error);

/* One step of spreading values to points without one (0): open[k] gets in next[k] the value that
   most of its neighbors have, the lowest of several; 0 if none has one.
     region      [n] or NULL: only neighbors of the same region count
     only_alike  nonzero: only neighbors that are alike
   Returns how many are no more 0. */
MLGRAIN_EXPORT size_t mlgrain_spread(const struct mlgrain_contacts *contacts, const int32_t *value,
                                     const int32_t *region, int only_alike, size_t open_count,
                                     const int32_t *open, int32_t *next);

/* touches[i], i < contacts->count: whether the point has a grain and a neighbor in another one
   (grain [n]; 0 is none). */
MLGRAIN_EXPORT void mlgrain_find_touching(const struct mlgrain_contacts *contacts,
                                          const int32_t *grain, unsigned char *touches);

/* wider[i], i < contacts->count: whether the point or a neighbor is marked ([n]). */
MLGRAIN_EXPORT void mlgrain_widen(const struct mlgrain_contacts *contacts,
                                  const unsigned char *marked, unsigned char *wider);

/* Adds the number of contacts between two grains to the key (lower, higher, 0), width 1: each is
   counted from both ends. MLGRAIN_OUT_OF_MEMORY. */
MLGRAIN_EXPORT enum mlgrain_status mlgrain_count_contacts(const struct mlgrain_contacts *contacts,
                                                          const int32_t *grain,
                                                          struct mlgrain_keyed_sums *sums,
                                                          struct mlgrain_error *error);

#ifdef __cplusplus
}
#endif
#endif
