# SPDX-License-Identifier: GPL-2.0-or-later
"""Pipelines of scalers and trees: the scaling folded into the trees' thresholds.

A scaler maps each feature monotonically, rounding included. A node thus sends the float32 numbers up to
some largest one to one side and those above to the other. That number is found by bisection over all
float32 numbers, with the scalers' own arithmetic; the inverse formula would be wrong in the last digit.
"""

from __future__ import annotations

import warnings

import numpy as np

from ..errors import MLGrainError
from .trees import LARGEST

ROWS_AT_A_TIME = 1 << 16


def take_apart(estimator):
    """(scalers, what comes after them) of a scikit-learn Pipeline; ([], estimator) of anything else."""
    from sklearn import preprocessing
    from sklearn.pipeline import Pipeline

    if not isinstance(estimator, Pipeline):
        return [], estimator
    known = (preprocessing.StandardScaler, preprocessing.MinMaxScaler, preprocessing.RobustScaler,
             preprocessing.MaxAbsScaler)
    *before, last = _steps(estimator)
    for step in before:
        if not isinstance(step, known):
            raise MLGrainError(f"a Pipeline with a {type(step).__name__} can't be stored; scalers known "
                               f"are {', '.join(kind.__name__ for kind in known)}")
        if not hasattr(step, "n_features_in_"):
            raise MLGrainError(f"the Pipeline's {type(step).__name__} is not fitted")
    return before, last


def _steps(pipeline):
    """What a Pipeline does, in order; Pipelines within it are resolved."""
    from sklearn.pipeline import Pipeline

    result = []
    for _, step in pipeline.steps:
        if isinstance(step, Pipeline):
            result += _steps(step)
        elif step is not None and not isinstance(step, str):  # 'passthrough'
            result.append(step)
    if not result:
        raise MLGrainError("the Pipeline has no estimator")
    return result


def fold(trees, scalers, features, single, dtype=np.float64):
    """Gives trees over scaled features the thresholds of the features as they are.

    trees: with float64 thresholds. single: the trees round what the scalers give to float32.
    dtype: in which the scalers get the features; scikit-learn scales float32 in float32.
    """
    count = {scaler.n_features_in_ for scaler in scalers} | {features}
    if len(count) > 1:
        raise MLGrainError("the Pipeline's steps take different numbers of features")
    inner = [np.flatnonzero(tree.left >= 0) for tree in trees]
    feature = np.concatenate([tree.feature[nodes] for tree, nodes in zip(trees, inner)])
    threshold = np.concatenate([tree.threshold[nodes] for tree, nodes in zip(trees, inner)])
    bound, swap = _bounds(feature, threshold, _Scaling(scalers, features, single, dtype))
    begin = 0
    for tree, nodes in zip(trees, inner):
        part = slice(begin, begin + len(nodes))
        tree.threshold = np.zeros(len(tree.left), np.float32)
        tree.threshold[nodes] = bound[part]
        other = nodes[swap[part]]
        tree.left[other], tree.right[other] = tree.right[other], tree.left[other]
        begin += len(nodes)


class _Scaling:
    """What the trees compare, as a function of the features."""

    def __init__(self, scalers, features, single, dtype):
        self.scalers, self.features, self.single, self.dtype = scalers, features, single, dtype
        ends = self(np.repeat(np.array([[-LARGEST], [LARGEST]], np.float32), features, axis=1))
        self.falls = ends[0] > ends[1]

    def __call__(self, rows):
        """[rows, features] of float32 to what is compared with thresholds, as float64."""
        rows = rows.astype(self.dtype)
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"), \
                warnings.catch_warnings():
            warnings.simplefilter("ignore")  # features without the names that the scaler knows
            for scaler in self.scalers:
                rows = np.asarray(scaler.transform(rows))
                if np.isnan(rows).any():
                    raise MLGrainError(f"the {type(scaler).__name__} makes NaN of numbers")
                # The next step would refuse infinity: which side these rows go to is our choice.
                most = np.finfo(rows.dtype).max
                rows = np.clip(rows, -most, most)
            return (rows.astype(np.float32) if self.single else rows).astype(np.float64)


def _bounds(feature, threshold, scaling):
    """For each node the largest float32 on one side, and whether that side is the right one."""
    bound, swap = np.empty(len(feature), np.float32), np.empty(len(feature), bool)
    order = np.lexsort((threshold, feature))
    starts = np.searchsorted(feature[order], np.arange(scaling.features + 1))
    deepest = np.diff(starts).max(initial=0)
    for first in range(0, deepest, ROWS_AT_A_TIME):  # as many thresholds of each feature at a time
        rows = np.arange(first, min(first + ROWS_AT_A_TIME, deepest))
        place = starts[:-1] + rows[:, None]
        there = place < starts[1:]
        nodes = order[np.where(there, place, 0)]
        found = _bisect(threshold[nodes], scaling)
        for result, part in zip((bound, swap), found):
            result[nodes[there]] = part[there]
    return bound, swap


def _bisect(threshold, scaling):
    """(bounds, sides) for thresholds [rows, features], all at a time."""
    low = np.full(threshold.shape, -_key(LARGEST) - 1)  # known to be on the first side, but for this
    high = -low
    while np.any(high - low > 1):
        middle = (low + high) // 2
        left = scaling(_number(middle)) <= threshold
        first = left != scaling.falls  # the side of the smallest numbers
        low, high = np.where(first, middle, low), np.where(first, high, middle)
    nobody = low < -_key(LARGEST)
    return np.where(nobody, LARGEST, _number(low)), np.where(nobody, ~scaling.falls, scaling.falls)


def _key(number):
    """Finite float32 numbers as whole numbers in the same order; 0 and -0 are one."""
    bits = np.asarray(number, np.float32).view(np.int32).astype(np.int64)
    return np.where(bits < 0, -(bits & 0x7FFFFFFF), bits)


def _number(key):
    key = np.clip(key, -_key(LARGEST), _key(LARGEST))
    bits = np.where(key < 0, -key | 0x80000000, key)
    return bits.astype(np.uint32).view(np.float32)
