# SPDX-License-Identifier: GPL-2.0-or-later
"""Gaussian mixtures as model files hold them, applied by the compiled core or, without it, NumPy."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Optional

import numpy as np

from ..compiled import core, is_compiled, thread_count
from ..errors import MLGrainError
from . import container
from .modelfile import FORMAT, Reader, check_features, json_text
from .scaled_features import ScaledFeatures


@dataclass
class Mixture(ScaledFeatures):
    """The tensors and metadata of doc/model_format.md under their own names; None: absent. Means are
    those of scaled features."""

    IN_WORDS = "mixture"

    features: list
    weights: np.ndarray
    means: np.ndarray
    precisions_cholesky: np.ndarray
    feature_shift: Optional[np.ndarray] = None
    feature_scale: Optional[np.ndarray] = None
    feature_range: Optional[np.ndarray] = None
    classes: Optional[list] = None
    metadata: dict = field(default_factory=dict)

    def __post_init__(self):
        self.features = check_features(self.features)

    def log_joint(self, features):
        """log(weight_k times density of component k) of each row: [rows, K]."""
        rows = self.scaled(features)
        result = np.empty((len(rows), len(self.weights)))
        for k, (mean, factor) in enumerate(zip(self.means, self.precisions_cholesky)):
            distance = np.sum(((rows - mean) @ factor) ** 2, axis=1)
            result[:, k] = (np.log(self.weights[k]) + np.log(np.diagonal(factor)).sum()
                            - 0.5 * (rows.shape[1] * np.log(2 * np.pi) + distance))
        return result

    def predict(self, features, threads=1):
        """(class from 0, log-likelihood, responsibilities) of each row: int [rows], float64 [rows],
        float64 [rows, classes].

        Rows with features that are not finite get class -1 and NaN.
        """
        features = np.ascontiguousarray(np.atleast_2d(features), np.float64)
        if not is_compiled():
            return self.predict_plainly(features)
        self.check_width(features)
        label, likelihood, responsibilities = core().gmm_predict(
            container.packed(*self._content()), features, thread_count(threads))
        broken = label < 0
        likelihood[broken], responsibilities[broken] = np.nan, np.nan
        return label, likelihood, responsibilities

    def predict_plainly(self, features):
        """The same with NumPy alone: the reference for other programs that read the format."""
        features = np.atleast_2d(features)
        with np.errstate(invalid="ignore", over="ignore"):
            joint = self.log_joint(features)
            largest = joint.max(axis=1)
            likelihood = largest + np.log(np.exp(joint - largest[:, None]).sum(axis=1))
            responsibilities = np.exp(joint - likelihood[:, None])
        broken = ~np.isfinite(features).all(axis=1)
        likelihood[broken], responsibilities[broken] = np.nan, np.nan
        return np.where(broken, -1, np.argmax(joint, axis=1)), likelihood, responsibilities

    def _content(self):
        """(tensors, metadata) that say how it is applied."""
        tensors = {name: np.asarray(getattr(self, name), np.float64)
                   for name in ("weights", "means", "precisions_cholesky")}
        for name in ("feature_shift", "feature_scale"):
            if getattr(self, name) is not None:
                tensors[name] = np.asarray(getattr(self, name), np.float64)
        return tensors, dict(FORMAT, kind="gaussian_mixture", features=json_text(self.features))

    def save(self, path):
        tensors, metadata = self._content()
        if self.feature_range is not None:
            tensors["feature_range"] = np.asarray(self.feature_range, np.float32)
        metadata = {**self.metadata, **metadata}
        if self.classes is not None:
            metadata["classes"] = json_text(self.classes)
        container.write(path, tensors, metadata)

    @classmethod
    def load(cls, path):
        reader = Reader(path)
        if reader.kind != "gaussian_mixture":
            raise MLGrainError(f"{path} is a {reader.kind}, not a Gaussian mixture")
        return cls.from_reader(reader)

    @classmethod
    def from_reader(cls, reader):
        count = len(reader.features)
        weights = reader.tensor("weights", "<f8", (None,))
        classes = len(weights)
        reader.check(classes > 0 and np.all(weights > 0) and abs(weights.sum() - 1) <= 1e-6,
                     "the weights are not positive numbers of sum 1")
        factors = reader.tensor("precisions_cholesky", "<f8", (classes, count, count))
        reader.triangle(factors, "precisions_cholesky", strict=True)
        scale = reader.tensor("feature_scale", "<f8", (count,), needed=False)
        reader.check(scale is None or np.all(scale > 0), "a feature's scale is not positive")
        names = reader.json("classes", list)
        reader.check(names is None or (len(names) == classes and
                                       all(isinstance(name, str) and name for name in names)),
                     f"metadata 'classes' does not name the {classes} classes")
        return cls(reader.features, weights, reader.tensor("means", "<f8", (classes, count)),
                   factors, reader.tensor("feature_shift", "<f8", (count,), needed=False), scale,
                   reader.feature_range(), names, reader.metadata)
