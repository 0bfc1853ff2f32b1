# SPDX-License-Identifier: GPL-2.0-or-later
"""How far a forest can be trusted: out-of-bag calibration of its spread, and novelty of a row."""

from __future__ import annotations

import warnings

import numpy as np

from ..errors import MLGrainError
from .measures import measures

BINS = 20
ROWS_PER_BIN = 50
NOVELTY_ROWS = 20000  # the robust covariance needs no more, and takes a minute from 100000
NOVELTY_QUANTILE = 0.999
# Mishra-like data are mostly near-perfect crystal: the tightest half of the rows, minimum covariance
# determinant's default, would have hardly any spread. Nine tenths are taken instead.
SUPPORT = 0.9
SMALLEST_DEVIATION = 1e-3  # of a principal direction, relative to the plain standard deviations


def samples_of_trees(estimator, rows):
    """For each tree the numbers of the rows it was fitted to."""
    if hasattr(estimator, "estimators_samples_"):
        return estimator.estimators_samples_
    from sklearn.ensemble._forest import _generate_sample_indices, _get_n_samples_bootstrap

    drawn = _get_n_samples_bootstrap(rows, estimator.max_samples)
    return [_generate_sample_indices(tree.random_state, rows, drawn)
            for tree in estimator.estimators_]


def _out_of_bag_sums(estimator, features, target):
    """Per row: trees that haven't seen it, and sum and sum of squares of their errors."""
    count, total, squares = (np.zeros(len(features)) for _ in range(3))
    for tree, seen in zip(estimator.estimators_, samples_of_trees(estimator, len(features))):
        unseen = np.ones(len(features), bool)
        unseen[seen] = False
        error = tree.predict(features[unseen]) - target[unseen]
        count[unseen] += 1
        total[unseen] += error
        squares[unseen] += error ** 2
    return count, total, squares


def out_of_bag(estimator, features, target):
    """(spread, error) of the rows that two trees or more haven't seen.

    The spread is what the whole forest would show: a standard deviation with 1/T over the t trees at
    hand falls short of it by sqrt((1 - 1/t)/(1 - 1/T)) on average, which is put right.
    """
    count, total, squares = _out_of_bag_sums(estimator, features, target)
    rows = count >= 2
    if not rows.any():
        raise MLGrainError("too few trees: no row has two trees that haven't seen it")
    count, total, squares = count[rows], total[rows], squares[rows]
    mean = total / count
    variance = np.maximum(squares / count - mean ** 2, 0.0)
    factor = (1 - 1 / len(estimator.estimators_)) / (1 - 1 / count)
    return np.sqrt(variance * factor), mean


def out_of_bag_measures(estimator, features, target):

    count, total, _ = _out_of_bag_sums(estimator, features, target)
    rows = count > 0
    return measures(target[rows], target[rows] + total[rows] / count[rows])


def calibration(spread, error, bins=BINS):
    """(spreads, errors): rms of both in bins of equal numbers of rows; None if spreads don't differ."""
    bins = int(min(bins, max(2, len(spread) // ROWS_PER_BIN)))
    points = []
    for rows in np.array_split(np.argsort(spread, kind="stable"), bins):
        if len(rows):
            points.append([np.sqrt(np.mean(spread[rows] ** 2)), np.sqrt(np.mean(error[rows] ** 2))])
    points = np.array(points)
    keep = np.concatenate([[True], np.diff(points[:, 0]) > 0])
    points = points[keep]
    if len(points) < 2:
        return None
    return points[:, 0], points[:, 1]


def novelty(features, seed, support=SUPPORT, quantile=NOVELTY_QUANTILE):
    """(mean, U, limit): robust location, factor of the precision matrix U U^T, and a high quantile.

    Features that don't vary get no weight; other directions count with at least SMALLEST_DEVIATION of
    the features' standard deviations, so that one in which the training data happen to be flat doesn't
    make everything novel.
    """
    features = np.asarray(features, np.float64)
    plain = features.std(axis=0)
    varies = plain > 1e-12 * np.maximum(1.0, np.abs(features).max(axis=0))
    mean, factor = features.mean(axis=0), np.zeros((features.shape[1],) * 2)
    if varies.any():
        scaled = (features[:, varies] - mean[varies]) / plain[varies]
        generator = np.random.default_rng(seed)
        some = scaled if len(scaled) <= NOVELTY_ROWS else \
            scaled[generator.choice(len(scaled), NOVELTY_ROWS, replace=False)]
        location, covariance = _robust(some, seed, support)
        mean = mean.copy()
        mean[varies] += location * plain[varies]
        factor[np.ix_(varies, varies)] = precision_factor(covariance) / plain[varies][:, None]
    distance = np.linalg.norm((features - mean) @ factor, axis=1)
    limit = float(np.quantile(distance, quantile))
    return mean, factor, limit if limit > 0 else None


def _robust(rows, seed, support):
    from sklearn.covariance import MinCovDet

    if len(rows) <= 2 * rows.shape[1]:
        return rows.mean(axis=0), np.atleast_2d(np.cov(rows.T, bias=True))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of determinants of nearly singular covariances
        fit = MinCovDet(support_fraction=support, random_state=seed).fit(rows)
    return fit.location_, fit.covariance_


def precision_factor(covariance):
    """Upper triangular U, diagonal >= 0, with U U^T the inverse of a covariance of scaled features."""
    import scipy.linalg

    variance, directions = np.linalg.eigh(covariance)
    root = directions / np.sqrt(np.maximum(variance, SMALLEST_DEVIATION ** 2))
    upper = scipy.linalg.rq(root, mode="r")
    return np.triu(upper * np.where(np.diagonal(upper) < 0, -1.0, 1.0))
