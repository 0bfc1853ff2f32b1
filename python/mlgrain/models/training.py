# SPDX-License-Identifier: GPL-2.0-or-later
"""Regressors and classifiers of a table's columns: training of forests, cross-validation, learning
curves."""

from __future__ import annotations

import numpy as np

from ..errors import MLGrainError
from . import uncertainty
from .classifier import classes_of
from .importers import describe, forest_from_ensemble, from_estimator
from .measures import class_measures, measures
from .modelfile import json_text, provenance

FORESTS = {"random": "RandomForest", "extra": "ExtraTrees"}
BOOSTED = "boosted"
RIDGE = ("ridge", "ridge-unscaled")
KINDS = sorted([*FORESTS, BOOSTED, *RIDGE])  # of which those of trees become model files
MOST_NOVELTY = 400  # features; more take minutes, and need as many thousands of rows


def make_estimator(kind="random", trees=100, max_depth=None, min_leaf=1, max_features=1.0,
                   bootstrap=True, seed=0, jobs=1, classify=False, rate=0.1):
    """An estimator of scikit-learn. max_depth: None for fully grown trees, 3 of boosted ones. rate: what
    each boosted tree counts with."""
    from sklearn import ensemble

    if kind in RIDGE:
        return make_ridge(kind == "ridge", classify)
    suffix = "Classifier" if classify else "Regressor"
    if kind == BOOSTED:
        return getattr(ensemble, "GradientBoosting" + suffix)(
            n_estimators=trees, max_depth=max_depth or 3, min_samples_leaf=min_leaf,
            max_features=max_features, learning_rate=rate, random_state=seed)
    return getattr(ensemble, FORESTS[kind] + suffix)(
        n_estimators=trees, max_depth=max_depth, min_samples_leaf=min_leaf,
        max_features=max_features, bootstrap=bootstrap, random_state=seed, n_jobs=jobs)


def make_ridge(standardised=True, classify=False):
    """Ridge regression of centered features, each divided by its standard deviation or, so that their
    relative sizes count, all by one number: the root of the sum of variances. Its penalty is that of
    least leave-one-out error among 10^-10 to 10^6, for which no row is fitted anew. classify: of the
    classes' indicators, 1 and -1."""
    from sklearn.linear_model import RidgeClassifierCV, RidgeCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    class Common(StandardScaler):
        def fit(self, features, target=None, sample_weight=None):
            super().fit(features, target, sample_weight)
            self.scale_ = np.full(features.shape[1], np.sqrt(self.var_.sum()) or 1.0)
            return self

    scaler = StandardScaler() if standardised else Common()
    return make_pipeline(scaler, (RidgeClassifierCV if classify else RidgeCV)(np.logspace(-10, 6, 65)))


def fit(estimator, features, target, balanced=False):
    """The estimator, fitted; balanced: classes weigh the same, however many rows they have."""
    if not balanced:
        return estimator.fit(features, target)
    from sklearn.utils.class_weight import compute_sample_weight

    weight = compute_sample_weight("balanced", target)
    if hasattr(estimator, "steps"):
        return estimator.fit(features, target, **{estimator.steps[-1][0] + "__sample_weight": weight})
    return estimator.fit(features, target, sample_weight=weight)


def precision(kind):
    """Of the features: trees compare those of single precision, in LAMMPS as well."""
    return np.float64 if kind in RIDGE else np.float32


def clean(features, target, dtype=np.float32):
    """Features and float64 targets of the rows where all are finite, and their numbers."""
    with np.errstate(over="ignore", invalid="ignore"):
        features = np.asarray(features, np.float64).astype(dtype)
    rows = np.flatnonzero(np.isfinite(features).all(axis=1) & np.isfinite(target))
    if len(rows) < 10:
        raise MLGrainError(f"{len(rows)} rows have finite features and targets; that is too few")
    return features[rows], np.asarray(target, np.float64)[rows], rows


def split(rows, fraction, seed, groups=None):
    """(train, test): row numbers. With groups, whole groups go to one side."""
    generator = np.random.default_rng(seed)
    if groups is None:
        order = generator.permutation(rows)
        count = int(round(fraction * rows))
        return np.sort(order[count:]), np.sort(order[:count])
    names = generator.permutation(np.unique(groups))
    count = max(1, int(round(fraction * len(names)))) if fraction > 0 else 0
    if count >= len(names):
        raise MLGrainError(f"{len(names)} groups can't be divided into training and test")
    test = np.isin(groups, names[:count])
    return np.flatnonzero(~test), np.flatnonzero(test)


def export(estimator, names, features, target, metadata, seed, novelty=True):
    """A Forest of a fitted estimator and the float32 features and targets it was fitted to."""
    forest = forest_from_ensemble(from_estimator(estimator), names)
    forest.feature_range = np.stack([features.min(axis=0), features.max(axis=0)])
    forest.importance = np.asarray(estimator.feature_importances_, np.float64)
    forest.metadata = dict(metadata, training_rows=str(len(features)))
    if getattr(estimator, "bootstrap", False) and not hasattr(estimator, "classes_"):
        spread, error = uncertainty.out_of_bag(estimator, features, target)
        points = uncertainty.calibration(spread, error)
        if points is not None:
            forest.calibration_spread, forest.calibration_error = points
            forest.metadata["calibration"] = (
                f"rms out-of-bag error in {len(points[0])} bins of out-of-bag spread, "
                f"{len(spread)} rows")
    if novelty:
        forest.novelty_mean, forest.novelty_cholesky, forest.novelty_limit = uncertainty.novelty(
            features, seed)
    return forest


def train(table, names, target, estimator, seed, test=0.0, group=None, metadata=None, novelty=True,
          balanced=False):
    """(Forest, fitted estimator, row numbers of the test set, errors by set)."""
    from sklearn.base import is_classifier

    features, truth, rows = clean(table.matrix(names), table.column(target))
    groups = None if group is None else table.column(group)[rows]
    train_rows, test_rows = split(len(rows), test, seed, groups)
    classify = is_classifier(estimator)
    if classify:
        check_classes(truth, target)
    fit(estimator, features[train_rows], truth[train_rows], balanced)
    forest = export(estimator, names, features[train_rows], truth[train_rows],
                    dict(metadata or {}, **provenance(seed, describe(estimator))), seed,
                    novelty)
    forest.target = target
    if classify:
        truth = classes_of(truth, forest.classes)
    judge = class_measures if classify else measures
    errors = {"train": judge(truth[train_rows], forest.predict(features[train_rows])[0])}
    if getattr(estimator, "bootstrap", False) and not classify:
        errors["out_of_bag"] = uncertainty.out_of_bag_measures(
            estimator, features[train_rows], truth[train_rows])
    if len(test_rows):
        errors["test"] = judge(truth[test_rows], forest.predict(features[test_rows])[0])
    forest.metadata["errors"] = json_text(errors)
    return forest, estimator, rows[test_rows], errors


def folds(rows, count, seed, groups=None, classes=None):
    """(train, test) row numbers of each fold; whole groups stay together, and classes [rows] have about
    the same share in each fold."""
    from sklearn.model_selection import GroupKFold, KFold, StratifiedKFold

    if groups is None and classes is not None:
        if count > np.unique(classes, return_counts=True)[1].max():
            raise MLGrainError(f"{count} folds: no class has as many rows")
        import warnings
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of classes with fewer rows than folds
            return list(StratifiedKFold(count, shuffle=True, random_state=seed).split(
                np.zeros(rows), classes))
    if groups is None:
        return list(KFold(count, shuffle=True, random_state=seed).split(np.zeros(rows)))
    names = len(np.unique(groups))
    if names < count:
        raise MLGrainError(f"{count} folds need as many groups; there are {names}")
    return list(GroupKFold(count).split(np.zeros(rows), groups=groups))


def check_classes(target, name):
    """A column of classes has two to a hundred whole numbers."""
    kinds = np.unique(target)
    if (kinds != np.floor(kinds)).any() or not 2 <= len(kinds) <= 100:
        raise MLGrainError(f"column {name} has {len(kinds)} different numbers, which don't look like "
                           "classes: 2 to 100 whole numbers")


def random_splits(rows, count, fraction, seed, groups=None):
    """(train, test) row numbers of so many independent divisions."""
    return [split(rows, fraction, [seed, k], groups) for k in range(count)]


def cross_validate(make, features, target, parts, tell=None, judge=measures, balanced=False):
    """Predictions of each row by the estimator that hasn't seen it (of several, by the last), and the
    measures of each fold.

    tell: called with a text before each fold. judge: class_measures for classes.
    """
    prediction, results = np.full(len(target), np.nan), []
    for number, (train_rows, test_rows) in enumerate(parts, 1):
        if tell:
            tell(f"fold {number} of {len(parts)}, {len(train_rows)} rows")
        estimator = fit(make(), features[train_rows], target[train_rows], balanced)
        prediction[test_rows] = estimator.predict(features[test_rows])
        results.append(judge(target[test_rows], prediction[test_rows]))
    return prediction, results


def learning_curve(make, features, target, parts, sizes, seed, tell=None):
    """One dict per size: mean and standard deviation over the folds of the rmse and R2, both sets.

    tell: called with a text before each size.
    """
    result = []
    for size in sizes:
        if tell:
            tell(f"{len(parts)} folds with {size} rows")
        runs = []
        for number, (train_rows, test_rows) in enumerate(parts):
            if size > len(train_rows):
                raise MLGrainError(f"a training set of {size} rows is more than the "
                                   f"{len(train_rows)} of a fold")
            some = np.random.default_rng([seed, size, number]).choice(train_rows, size, replace=False)
            estimator = make().fit(features[some], target[some])
            runs.append({f"{side}_{key}": value for side, rows in (("train", some), ("test", test_rows))
                         for key, value in measures(target[rows],
                                                    estimator.predict(features[rows])).items()})
        line = {"rows": size}
        for key in ("train_rmse", "test_rmse", "train_r2", "test_r2"):
            values = [run.get(key, np.nan) for run in runs]
            line[key], line[key + "_std"] = float(np.mean(values)), float(np.std(values))
        result.append(line)
    return result
