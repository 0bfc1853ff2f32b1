# SPDX-License-Identifier: GPL-2.0-or-later
"""Training of linear models by ridge regression, with the posterior of their coefficients; and which
rows to get targets for.

The scaled features, and their products of degree 2, are b(x); with a penalty lambda on all coefficients
but the constant, in units of the terms' standard deviations d,

    w = A^-1 B^T y,   A = B^T B + lambda n diag(0, d^2),   covariance of w = noise^2 A^-1

(C. M. Bishop, Pattern Recognition and Machine Learning, 2006, chapter 3.3, where the penalty is the prior).
"""

from __future__ import annotations

import warnings

import numpy as np

from ..errors import MLGrainError
from . import uncertainty
from .linear import MOST_TERMS, Linear, term_count, terms
from .measures import measures
from .modelfile import json_text, provenance
from .training import MOST_NOVELTY, clean

PENALTIES = np.logspace(-10, 2, 49)
METHODS = ("leverage", "kmeans", "random")
KMEANS_ROWS = 50000


def leave_one_out(basis, target, penalties=PENALTIES):
    """For each penalty the errors of all rows, each predicted without itself, and 1 - h, what is left of
    an error when the row itself is fitted, too: [penalties, rows] both.

    In closed form, from one singular value decomposition: error_i/(1 - h_i), h the leverage (D. M. Allen,
    Technometrics 16 (1974) 125).
    """
    rows = len(basis)
    columns = basis[:, 1:] - basis[:, 1:].mean(axis=0)
    deviation = columns.std(axis=0)
    columns = columns[:, deviation > 0] / deviation[deviation > 0]
    left, singular, _ = np.linalg.svd(columns, full_matrices=False)
    centered = target - target.mean()
    kept = singular ** 2 / (singular ** 2 + rows * np.asarray(penalties)[:, None])
    residual = centered - (kept * (left.T @ centered)) @ left.T
    rest = np.maximum(1 - 1 / rows - kept @ (left ** 2).T, 1e-12)
    return residual / rest, rest


def solve(basis, target, penalty):
    """(coefficients, U): the least penalized squares, and the upper triangular U, U U^T = A^-1."""
    deviation = np.concatenate([[0.0], basis[:, 1:].std(axis=0)])
    weight = np.sqrt(penalty * len(basis)) * np.where(deviation > 0, deviation, 1.0)
    weight[0] = 0.0
    triangle = np.linalg.qr(np.concatenate([basis, np.diag(weight)]), mode="r")
    triangle *= np.where(np.diagonal(triangle) < 0, -1.0, 1.0)[:, None]
    import scipy.linalg

    factor = scipy.linalg.solve_triangular(triangle, np.eye(len(triangle)))
    return factor @ (factor.T @ (basis.T @ target)), np.triu(factor)


def fit(features, target, names, degree=1, penalty=None, seed=0, metadata=None, name="energy",
        novelty=True):
    """(Linear, errors by set): a ridge regression of rows that are all finite.

    penalty: None for that of least leave-one-out error. The noise is such that the errors left out have the
    expected squares. novelty: False to leave it out, as with more than training.MOST_NOVELTY features.
    """
    features, target = np.asarray(features, np.float64), np.asarray(target, np.float64)
    number = term_count(features.shape[1], degree)
    if number > MOST_TERMS:
        raise MLGrainError(f"{features.shape[1]} features make {number} terms of degree {degree}; "
                           f"{MOST_TERMS} are allowed")
    scale = features.std(axis=0)
    scale[~(scale > 1e-12 * np.maximum(1.0, np.abs(features).max(axis=0)))] = 1.0
    model = Linear(names, np.zeros(number), degree, name, features.mean(axis=0), scale)
    basis = terms(model.scaled(features), degree)
    penalties = PENALTIES if penalty is None else [penalty]
    error, rest = leave_one_out(basis, target, penalties)
    best = int(np.argmin(np.mean(error ** 2, axis=1)))
    noise = float(np.sqrt(np.mean(error[best] ** 2 * rest[best])))
    model.coefficients, factor = solve(basis, target, penalties[best])
    model.noise, model.covariance_factor = noise, noise * factor
    model.feature_range = np.stack([features.min(axis=0), features.max(axis=0)]).astype(np.float32)
    if novelty and features.shape[1] <= MOST_NOVELTY:
        model.novelty_mean, model.novelty_cholesky, model.novelty_limit = uncertainty.novelty(features,
                                                                                              seed)
    errors = {"train": measures(target, model.predict(features)[0]),
              "leave_one_out": measures(target, target - error[best])}
    model.metadata = dict(metadata or {}, **provenance(seed, f"ridge(penalty={penalties[best]:.4g})"),
                          training_rows=str(len(features)), errors=json_text(errors))
    return model, errors


def fit_table(table, names, target, degree=1, penalty=None, seed=0, metadata=None, novelty=True):
    """The same for the rows of a table in which all numbers are finite."""
    features, truth, _ = clean(table.matrix(names), table.column(target), np.float64)
    return fit(features, truth, names, degree, penalty, seed, metadata, target, novelty)


def choose(features, count, method="leverage", degree=1, seed=0):
    """Numbers of the rows to get targets for, in the order of choice.

    leverage: each time the row whose prediction is least certain after those before it, which makes the
    determinant of A grow fastest (D-optimal, greedily). kmeans: the rows nearest to the centers of as many
    clusters. random.
    """
    features = np.asarray(features, np.float64)
    if not 1 <= count <= len(features):
        raise MLGrainError(f"{count} of {len(features)} rows can't be chosen")
    generator = np.random.default_rng(seed)
    if method == "random":
        return generator.choice(len(features), count, replace=False)
    scale = features.std(axis=0)
    scaled = (features - features.mean(axis=0)) / np.where(scale > 0, scale, 1.0)
    if method == "kmeans":
        return _nearest_to_centers(scaled, count, seed)
    return _most_leverage(terms(scaled, degree), count)


def _most_leverage(basis, count):
    """Greedy: after row r is taken, with v = A^-1 b_r, all leverages b A^-1 b fall by (b v)^2/(1 + h_r)."""
    deviation = basis.std(axis=0)
    basis = basis / np.where(deviation > 0, deviation, 1.0)
    covariance = np.eye(basis.shape[1]) / 1e-3
    leverage = np.sum((basis @ covariance) * basis, axis=1)
    chosen = []
    for _ in range(count):
        row = int(np.argmax(leverage))
        chosen.append(row)
        direction = covariance @ basis[row] / np.sqrt(1.0 + leverage[row])
        covariance -= np.outer(direction, direction)
        leverage = np.maximum(leverage - (basis @ direction) ** 2, 0.0)
        leverage[chosen] = -1.0
    return np.array(chosen)


def _nearest_to_centers(scaled, count, seed):
    from sklearn.cluster import KMeans
    from sklearn.metrics import pairwise_distances_argmin

    some = np.random.default_rng(seed).choice(len(scaled), min(len(scaled), KMEANS_ROWS), replace=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of rows that are alike
        centers = KMeans(count, n_init=1, max_iter=30, random_state=seed).fit(scaled[some]).cluster_centers_
    chosen = list(dict.fromkeys(pairwise_distances_argmin(centers, scaled).tolist()))
    if len(chosen) < count:  # two centers with the same nearest row
        rest = np.setdiff1d(np.arange(len(scaled)), chosen)
        chosen += np.random.default_rng(seed).choice(rest, count - len(chosen), replace=False).tolist()
    return np.array(chosen)
