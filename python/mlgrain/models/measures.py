# SPDX-License-Identifier: GPL-2.0-or-later
"""How far predictions are from the truth, and how many classes are right."""

from __future__ import annotations

import numpy as np


def measures(truth, prediction):
    """rmse, mean absolute error, R2 and the largest error."""
    error = prediction - truth
    variance = np.mean((truth - truth.mean()) ** 2)
    result = {"rmse": float(np.sqrt(np.mean(error ** 2))), "mae": float(np.mean(np.abs(error))),
              "largest": float(np.max(np.abs(error)))}
    if variance > 0:
        result["r2"] = float(1 - np.mean(error ** 2) / variance)
    return result


def class_measures(truth, label):
    """The share of rows whose class is right, and the mean of that share over the true classes."""
    right = truth == label
    shares = [right[truth == k].mean() for k in np.unique(truth)]
    return {"accuracy": float(right.mean()), "balanced_accuracy": float(np.mean(shares))}
