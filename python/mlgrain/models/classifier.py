# SPDX-License-Identifier: GPL-2.0-or-later
"""Forests that tell classes, as model files hold them, evaluated with NumPy alone."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .forest import Forest
from .modelfile import json_text

LARGEST_ERROR = 1e-6  # of the sum of a leaf's probabilities


def classes_of(numbers, names):
    """The class, from 0, that each number is the name of; NaN for others."""
    result = np.full(len(numbers), np.nan)
    for k, name in enumerate(names):
        try:
            result[numbers == float(name)] = k
        except ValueError:
            pass  # a word, which no number is
    return result


@dataclass
class ForestClassifier(Forest):
    """A Forest whose `values` are rows of probabilities, [V, K], one for each of `classes`."""

    KIND = "forest_classifier"

    classes: list = field(default_factory=list)  # names

    def probabilities(self, features):
        """The probability of each class, [rows, K]: the mean over the trees. NaN where a feature is
        not finite."""
        result = np.full((len(np.atleast_2d(features)), len(self.classes)), np.nan)
        for at, rows in self._blocks(features):
            total = np.zeros((len(rows), len(self.classes)))
            for value in self.leaf_values(rows):
                total += value
            result[at] = total / self.trees
        return result

    def predict(self, features):
        """(class from 0, uncertainty) of each row.

        The class is that of the largest probability, the first of equal ones, and the uncertainty is
        the probability that it is another one. Rows with features that are not finite get class -1
        and NaN.
        """
        return self.decide(self.probabilities(features))

    @staticmethod
    def decide(probabilities):
        """The same from what `probabilities` gives."""
        broken = np.isnan(probabilities).any(axis=1)
        label = np.argmax(probabilities, axis=1)
        return np.where(broken, -1, label), 1 - probabilities[np.arange(len(label)), label]

    def _predict_plainly(self, features):
        probabilities = self.probabilities(features)
        label, uncertainty = self.decide(probabilities)
        return np.where(label < 0, np.nan, label + 1.0), uncertainty, probabilities

    # ---- Files

    def _own_metadata(self):
        return {"classes": json_text(self.classes)}

    @staticmethod
    def _shape_of_values(reader):
        names = reader.json("classes", list)
        reader.check(names is not None and len(names) >= 2
                     and all(isinstance(name, str) and name for name in names),
                     "metadata 'classes' does not name two classes or more")
        return None, len(names)

    @classmethod
    def from_reader(cls, reader):
        result = super().from_reader(reader)
        result.classes = reader.json("classes", list)
        reader.check(result.aggregation == "mean", "a classifier's 'aggregation' is not 'mean'")
        reader.check(result.base == 0 and result.scale == 1,
                     "a classifier has neither a base nor a scale")
        reader.check(result.calibration_spread is None, "a classifier has no calibration")
        reader.check(np.all(result.values >= 0)
                     and np.all(np.abs(result.values.sum(axis=1) - 1) <= LARGEST_ERROR),
                     "tensor 'values' has rows that are not probabilities of sum 1")
        return result
