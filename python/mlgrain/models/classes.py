# SPDX-License-Identifier: GPL-2.0-or-later
"""Gaussian mixtures of a table's columns, and how many classes to take."""

from __future__ import annotations

import numpy as np

from ..errors import MLGrainError
from .mixture import Mixture
from .modelfile import json_text, provenance

COVARIANCES = ("full", "tied", "diag", "spherical")


def scaling(features):
    """Mean and standard deviation of each column; columns that don't vary are left as they are."""
    shift, scale = features.mean(axis=0), features.std(axis=0)
    return shift, np.where(scale > 1e-12 * np.maximum(1.0, np.abs(shift)), scale, 1.0)


def make_mixture(classes, covariance="full", seed=0, starts=3, regularization=1e-6):
    from sklearn.mixture import GaussianMixture

    return GaussianMixture(classes, covariance_type=covariance, random_state=seed, n_init=starts,
                           reg_covar=regularization, max_iter=500)


def full_factors(fitted, features):
    """Cholesky factors of the precisions as [K, F, F], whatever the type of covariance."""
    factors, classes = fitted.precisions_cholesky_, fitted.n_components
    if fitted.covariance_type == "full":
        return factors
    if fitted.covariance_type == "tied":
        return np.repeat(factors[None], classes, axis=0)
    diagonal = factors if fitted.covariance_type == "diag" else \
        np.repeat(factors[:, None], features, axis=1)
    return np.stack([np.diag(row) for row in diagonal])


def export(fitted, names, features, shift, scale, metadata=None, classes=None):
    """A Mixture of a fitted GaussianMixture of (features - shift)/scale."""
    rounded = np.asarray(features, np.float32)
    estimator = " ".join(str(fitted).split())
    info = dict(metadata or {}, **provenance(fitted.random_state, estimator),
                training_rows=str(len(features)),
                errors=json_text({"train": {"mean_log_likelihood": float(fitted.lower_bound_)}}))
    return Mixture(list(names), fitted.weights_, fitted.means_,
                   full_factors(fitted, features.shape[1]), shift, scale,
                   np.stack([rounded.min(axis=0), rounded.max(axis=0)]), classes, info)


def finite_rows(features):
    rows = features[np.isfinite(features).all(axis=1)]
    if len(rows) < 10:
        raise MLGrainError(f"{len(rows)} rows have finite features; that is too few")
    return rows


def fit(features, names, classes, covariance="full", seed=0, starts=3, regularization=1e-6,
        metadata=None, class_names=None, order_by=0):
    """(Mixture, fitted estimator). The classes come in order of the mean of feature `order_by`."""
    features = finite_rows(np.asarray(features, np.float64))
    shift, scale = scaling(features)
    fitted = make_mixture(classes, covariance, seed, starts, regularization)
    fitted.fit((features - shift) / scale)
    reorder(fitted, np.argsort(fitted.means_[:, order_by], kind="stable"))
    return export(fitted, names, features, shift, scale, metadata, class_names), fitted


def reorder(fitted, order):
    """Renumbers the components, which otherwise come as chance has it."""
    fitted.weights_, fitted.means_ = fitted.weights_[order], fitted.means_[order]
    if fitted.covariance_type != "tied":
        for name in ("covariances_", "precisions_", "precisions_cholesky_"):
            setattr(fitted, name, getattr(fitted, name)[order])


def choose(features, counts, covariance="full", seed=0, starts=3, regularization=1e-6, rows=20000,
           tell=None):
    """One dict per number of classes: Davies-Bouldin (small is good), Calinski-Harabasz (large is
    good), and the Bayesian information criterion. On a sample of `rows` rows where there are more.

    tell: called with a text before each number."""
    features = finite_rows(np.asarray(features, np.float64))
    from sklearn.metrics import calinski_harabasz_score, davies_bouldin_score

    if len(features) > rows:
        features = features[np.random.default_rng(seed).choice(len(features), rows, replace=False)]
    shift, scale = scaling(features)
    scaled = (features - shift) / scale
    result = []
    for count in counts:
        if tell:
            tell(f"{count} classes, {len(scaled)} rows")
        fitted = make_mixture(count, covariance, seed, starts, regularization).fit(scaled)
        labels = fitted.predict(scaled)
        line = {"classes": count, "davies_bouldin": np.nan, "calinski_harabasz": np.nan,
                "bic": float(fitted.bic(scaled))}
        if len(np.unique(labels)) > 1:
            line["davies_bouldin"] = float(davies_bouldin_score(scaled, labels))
            line["calinski_harabasz"] = float(calinski_harabasz_score(scaled, labels))
        result.append(line)
    return result


def best(scores):
    """The number of classes of lowest rank sum in both indices; of several, the smallest number."""
    davies = np.argsort(np.argsort([line["davies_bouldin"] for line in scores]))
    calinski = np.argsort(np.argsort([-line["calinski_harabasz"] for line in scores]))
    return scores[int(np.argmin(davies + calinski))]["classes"]
