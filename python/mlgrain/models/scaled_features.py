# SPDX-License-Identifier: GPL-2.0-or-later
"""Features in the units in which a model is given, of the models whose files have shift and scale."""

from __future__ import annotations

import numpy as np

from ..errors import MLGrainError


class ScaledFeatures:
    """For classes with features, feature_shift and feature_scale [features], or None."""

    IN_WORDS = "model"

    def check_width(self, rows):
        if rows.shape[1] != len(self.features):
            raise MLGrainError(f"rows of {rows.shape[1]} features for a {self.IN_WORDS} of "
                               f"{len(self.features)}")

    def scaled(self, features):
        """(x - shift)/scale, float64."""
        rows = np.atleast_2d(np.asarray(features, np.float64))
        self.check_width(rows)
        if self.feature_shift is not None:
            rows = rows - self.feature_shift
        return rows if self.feature_scale is None else rows / self.feature_scale
