# SPDX-License-Identifier: GPL-2.0-or-later
"""How far rows are from the training data, of the models whose files say where these are."""

from __future__ import annotations

import numpy as np


class TrainingRange:
    """For classes with feature_range [2, features] and novelty_mean, _cholesky, _limit, or None."""

    def novelty(self, features):
        """Mahalanobis distance of each row from the training data; zeros where the file has none."""
        features = np.atleast_2d(np.asarray(features, np.float64))
        if self.novelty_mean is None:
            return np.zeros(len(features))
        with np.errstate(invalid="ignore", over="ignore"):
            return np.linalg.norm((features - self.novelty_mean) @ self.novelty_cholesky, axis=1)

    def outside(self, features):
        """Which rows have a feature outside the training range."""
        with np.errstate(invalid="ignore", over="ignore"):
            rows = np.atleast_2d(features).astype(np.float32)
        if self.feature_range is None:
            return np.zeros(len(rows), bool)
        return ((rows < self.feature_range[0]) | (rows > self.feature_range[1])).any(axis=1)
