# SPDX-License-Identifier: GPL-2.0-or-later
"""Features of whole grain boundaries, from the descriptors of their atoms (Mishra et al.)."""

from __future__ import annotations

import numpy as np

from ..errors import MLGrainError

SIMILARITY_BINS = 10


def mean_and_kurtosis(features):
    """Mean and excess kurtosis (0 for a normal distribution, and where nothing varies) by column."""
    mean = features.mean(axis=0)
    offset = features - mean
    variance = np.mean(offset ** 2, axis=0)
    varies = variance > 1e-24 * np.maximum(1.0, mean ** 2)
    fourth = np.mean(offset ** 4, axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return mean, np.where(varies, fourth / variance ** 2 - 3.0, 0.0)


def cosine_similarity(scaled, reference):
    """Of each row with a vector; 0 where either has no length."""
    length = np.linalg.norm(scaled, axis=1) * np.linalg.norm(reference)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(length > 0, scaled @ reference / length, 0.0)


def reference_class(mixture, name=None):
    """The place of a class by its name or number from 1; by default the one of smallest P2_I0."""
    if name is None:
        place = mixture.features.index("P2_I0") if "P2_I0" in mixture.features else 0
        return int(np.argmin(mixture.means[:, place]))
    if mixture.classes is not None and name in mixture.classes:
        return mixture.classes.index(name)
    if name.isdigit() and 1 <= int(name) <= len(mixture.weights):
        return int(name) - 1
    raise MLGrainError(f"the mixture has no class {name!r}; it has {len(mixture.weights)} classes"
                       + (f": {', '.join(mixture.classes)}" if mixture.classes else ""))


def feature_names(mixture, bins=SIMILARITY_BINS):
    classes = len(mixture.weights)
    return ([f"mean_{name}" for name in mixture.features]
            + [f"kurtosis_{name}" for name in mixture.features]
            + [f"probability_{k + 1}" for k in range(classes)]
            + [f"frequency_{k + 1}" for k in range(classes)]
            + [f"similarity_{b + 1}" for b in range(bins)])


def boundary_features(mixture, features, reference, bins=SIMILARITY_BINS):
    """One boundary's features, in the order of feature_names, of the features of its atoms.

    Mean and excess kurtosis of each descriptor; mean responsibility and share of atoms of each class;
    the share of atoms in each bin, of equal width from -1 to 1, of the cosine similarity between an
    atom's scaled descriptors and the mean of the reference class.
    """
    features = features[np.isfinite(features).all(axis=1)]
    if not len(features):
        raise MLGrainError("a boundary without atoms (of finite features)")
    mean, kurtosis = mean_and_kurtosis(features)
    labels, _, responsibilities = mixture.predict(features)
    frequency = np.bincount(labels, minlength=len(mixture.weights)) / len(features)
    similarity = cosine_similarity(mixture.scaled(features), mixture.means[reference])
    histogram, _ = np.histogram(np.clip(similarity, -1, 1), bins, (-1, 1))
    return np.concatenate([mean, kurtosis, responsibilities.mean(axis=0), frequency,
                           histogram / len(features)])


def boundary_table(table, mixture, region=None, region_classes=None, group="source", reference=None,
                   bins=SIMILARITY_BINS):
    """(group values, features [boundaries, names]): one row per value of column `group`.

    region: a second mixture that tells boundary atoms from bulk: only atoms of its `region_classes`
    (places from 0) count.
    """
    groups = table.column(group)
    inside = np.ones(len(table), bool)
    if region is not None:
        inside = np.isin(region.predict(table.matrix(region.features))[0], region_classes)
    features, place = table.matrix(mixture.features), reference_class(mixture, reference)
    names, rows = np.unique(groups), []
    for value in names:
        try:
            rows.append(boundary_features(mixture, features[inside & (groups == value)], place, bins))
        except MLGrainError as error:
            raise MLGrainError(f"{group} {value:g}: {error}") from error
    return names, np.array(rows)
