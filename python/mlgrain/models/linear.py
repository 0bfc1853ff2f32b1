# SPDX-License-Identifier: GPL-2.0-or-later
"""Linear models as model files hold them: of the features, or of the features and their products."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Optional

import numpy as np

from ..errors import MLGrainError
from . import container
from .modelfile import FORMAT, Reader, check_features, json_text
from .scaled_features import ScaledFeatures
from .training_range import TrainingRange

ROWS_AT_A_TIME = 1 << 13
MOST_TERMS = 65535


def term_count(features, degree):
    """How many functions a model of so many features adds up, the constant included."""
    return 1 + features + (features * (features + 1) // 2 if degree == 2 else 0)


def terms(scaled, degree):
    """What a model adds up: 1, z_1 ... z_F and, of degree 2, z_i z_j for all i <= j, in the order of i
    and then j: [rows, terms]."""
    parts = [np.ones((len(scaled), 1)), scaled]
    if degree == 2:
        first, second = np.triu_indices(scaled.shape[1])
        parts.append(scaled[:, first] * scaled[:, second])
    return np.concatenate(parts, axis=1)


@dataclass
class Linear(ScaledFeatures, TrainingRange):
    """The tensors and metadata of doc/model_format.md under their own names; None: absent."""

    IN_WORDS = "linear model"

    features: list
    coefficients: np.ndarray
    degree: int = 1
    target: str = ""
    feature_shift: Optional[np.ndarray] = None
    feature_scale: Optional[np.ndarray] = None
    covariance_factor: Optional[np.ndarray] = None
    noise: Optional[float] = None
    feature_range: Optional[np.ndarray] = None
    novelty_mean: Optional[np.ndarray] = None
    novelty_cholesky: Optional[np.ndarray] = None
    novelty_limit: Optional[float] = None
    metadata: dict = field(default_factory=dict)

    def __post_init__(self):
        self.features = check_features(self.features)

    def predict(self, features):
        """(prediction, spread) of each row; NaN where one of them is not finite.

        The spread is the standard deviation of the posterior prediction: of the noise, and of what the
        training rows leave open of the coefficients. 0 where the file has neither.
        """
        features = np.atleast_2d(features)
        prediction, spread = np.empty(len(features)), np.empty(len(features))
        for begin in range(0, len(features), ROWS_AT_A_TIME):
            block = slice(begin, begin + ROWS_AT_A_TIME)
            prediction[block], spread[block] = self._predict_block(features[block])
        broken = ~(np.isfinite(features).all(axis=1) & np.isfinite(prediction) & np.isfinite(spread))
        prediction[broken], spread[broken] = np.nan, np.nan
        return prediction, spread

    def _predict_block(self, features):
        with np.errstate(invalid="ignore", over="ignore"):
            basis = terms(self.scaled(features), self.degree)
            variance = np.full(len(basis), (self.noise or 0.0) ** 2)
            if self.covariance_factor is not None:
                variance += np.sum((basis @ self.covariance_factor) ** 2, axis=1)
            return basis @ self.coefficients, np.sqrt(variance)

    def save(self, path):
        tensors = {"coefficients": np.asarray(self.coefficients, np.float64)}
        for name in ("feature_shift", "feature_scale", "covariance_factor", "novelty_mean",
                     "novelty_cholesky"):
            if getattr(self, name) is not None:
                tensors[name] = np.asarray(getattr(self, name), np.float64)
        for name in ("noise", "novelty_limit"):
            if getattr(self, name) is not None:
                tensors[name] = np.array([getattr(self, name)], np.float64)
        if self.feature_range is not None:
            tensors["feature_range"] = np.asarray(self.feature_range, np.float32)
        metadata = dict(self.metadata, kind="linear", features=json_text(self.features),
                        target=self.target, degree=str(self.degree), **FORMAT)
        container.write(path, tensors, metadata)

    @classmethod
    def load(cls, path):
        reader = Reader(path)
        if reader.kind != "linear":
            raise MLGrainError(f"{path} is a {reader.kind}, not a linear model")
        return cls.from_reader(reader)

    @classmethod
    def from_reader(cls, reader):
        reader.check("target" in reader.metadata, "the metadata name no target")
        degree = reader.metadata.get("degree", "1")
        reader.check(degree in ("1", "2"), f"metadata 'degree' is {degree!r}, neither 1 nor 2")
        count, degree = len(reader.features), int(degree)
        number = term_count(count, degree)
        reader.check(number <= MOST_TERMS, f"the model has {number} terms, more than {MOST_TERMS}")
        scale = reader.tensor("feature_scale", "<f8", (count,), needed=False)
        reader.check(scale is None or np.all(scale > 0), "a feature's scale is not positive")
        factor = reader.tensor("covariance_factor", "<f8", (number, number), needed=False)
        if factor is not None:
            reader.triangle(factor, "covariance_factor", strict=False)
        noise = reader.tensor("noise", "<f8", (1,), needed=False)
        reader.check(noise is None or noise[0] >= 0, "the noise is negative")
        return cls(reader.features, reader.tensor("coefficients", "<f8", (number,)), degree,
                   reader.metadata["target"],
                   reader.tensor("feature_shift", "<f8", (count,), needed=False), scale, factor,
                   None if noise is None else float(noise[0]), reader.feature_range(),
                   *reader.novelty(), reader.metadata)
